"""Whether probabilities hold on test rows: scores before and after calibration, and the CORP diagram."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truenorth.decision.contract import Batch, Prediction
from truenorth.evaluation.metrics import probability
from truenorth.examples.dataset import Dataset
from truenorth.models.rows import label_of, targets
from truenorth.statistics.calibration import brier_parts, reliability
from truenorth.statistics.estimates import Floats

POINTS = 60
"""Points of a diagram; more distinct probabilities are pooled into as many bins of equal mass."""


def calibration_table(
    dataset: Dataset,
    before: Batch,
    after: Batch,
    calibrators: Mapping[str, Mapping[str, Any]],
    *,
    seed: int = 0,
) -> dict[str, Any]:
    """Return calibration by task, as JSON values.

    Args:
        dataset: Test rows with their labels.
        before: The same rows with predictions as the models gave them.
        after: The same rows with calibrated predictions.
        calibrators: By task, what was fitted: its `method`, and `n` where it says on how many rows.
        seed: Seed of the band.

    Returns:
        By task that predicts a probability: `method`, `n`, scores `before` and `after`, Murphy's parts of the
        Brier score, and `reliability` before and after; of classes it is the chance that the likeliest is
        right.
    """
    found = {}
    for task, one in after.predictions.items():
        if one.task.kind not in ("binary", "class") or one.task.loss in ("pairwise", "listwise"):
            continue
        raw = before.predictions.get(task)
        written = calibrators.get(task, {})
        made = _of_task(dataset, task, raw, one, seed=seed)
        if made is not None:
            found[task] = {"method": written.get("method", "none"), "n": written.get("n"), **made}
    return found


def _of_task(
    dataset: Dataset, task: str, before: Prediction | None, after: Prediction, *, seed: int
) -> dict[str, Any] | None:
    label = dataset.labels.get(label_of(task))
    if label is None:
        return None
    target = targets(label, after.task)
    weight = dataset.columns["weight"].values if "weight" in dataset.columns else np.ones(len(target))
    rows = label.is_observed & np.isfinite(target) & (np.nan_to_num(weight) > 0)
    if not rows.any():
        return None
    sides = {"after": after} if before is None else {"before": before, "after": after}
    made: dict[str, Any] = {"reliability": {}}
    for side, one in sides.items():
        said, happened = _chance(one.values[rows], target[rows])
        made[side] = _scores(said, happened, weight[rows])
        made["reliability"][side] = _diagram(said, happened, weight[rows], seed=seed)
    return made


def _chance(values: Floats, target: Floats) -> tuple[Floats, Floats]:
    """Return probabilities and 0/1 outcomes: of classes, that the likeliest is right."""
    if values.ndim == 1:
        return values, target
    return values.max(axis=1), (np.argmax(values, axis=1) == target).astype(np.float64)


def _scores(said: Floats, happened: Floats, weight: Floats) -> dict[str, float | None]:
    parts = brier_parts(said, happened, weight=weight)
    slope = probability.calibration_slope(happened, said, weight).value
    return {
        "log_loss": probability.log_loss(happened, said, weight).value,
        "brier": probability.brier(happened, said, weight).value,
        "calibration_error": probability.calibration_error(happened, said, weight).value,
        "slope": float(slope) if np.isfinite(slope) else None,
        "reliability": parts.reliability, "resolution": parts.resolution, "uncertainty": parts.uncertainty,
    }  # fmt: skip


def _diagram(said: Floats, happened: Floats, weight: Floats, *, seed: int) -> list[dict[str, float]]:
    made = reliability(said, happened, weight=weight, points=POINTS, seed=seed)
    n: NDArray[np.float64] = made.weight * len(said)
    return [
        {
            "predicted": float(p),
            "observed": float(o),
            "low": float(low),
            "high": float(high),
            "n": float(round(m)),
        }
        for p, o, low, high, m in zip(made.probability, made.happened, made.low, made.high, n, strict=True)
    ]
