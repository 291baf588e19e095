"""How strongly coefficients are held back: the penalty that predicts validation rows best."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Any, Protocol, TypeVar

import numpy as np

from truenorth.engine.vectors import Vectors
from truenorth.models.contract import FitSettings, Floats, Rows, TaskSpec

LEAST, MOST = 1e-3, 1e3
ROWS_PER_COLUMN = 2_000
"""With more rows for each column no penalty matters."""
MIN_ROWS = 30
"""Validation rows below which nothing can be told."""
MOST_COEFFICIENTS = 1_000_000
"""With more, a second fit costs more than it gains."""


class _Predicts(Protocol):
    def predict(self, features: Vectors) -> Floats: ...


M = TypeVar("M", bound=_Predicts)


def choose_c(
    attempt: Callable[[float], M],
    task: TaskSpec,
    validation: Rows | None,
    settings: FitSettings,
    *,
    rows: int,
    columns: int,
    start: float = 1.0,
) -> tuple[M, dict[str, Any]]:
    """Return the model with the best penalty, and what was tried.

    From `start` the penalty is weakened tenfold, then strengthened, as long as the loss on validation rows
    falls.

    Args:
        attempt: Fits with one inverse strength of the penalty.
        task: What is learned; its loss is measured.
        validation: Rows to measure on; None keeps `start`.
        settings: Seconds that fitting may take.
        rows: Training rows.
        columns: Columns of the design.
        start: First inverse strength.
    """
    began = monotonic()
    model = attempt(start)
    can_tell = validation is not None and len(validation) >= MIN_ROWS and rows < ROWS_PER_COLUMN * columns
    can_tell = can_tell and columns * max(1, task.width) <= MOST_COEFFICIENTS
    measure = MEASURES.get(task.loss)
    if validation is None or not can_tell or measure is None:
        return model, {"c": start}
    losses = {start: measure(task, model.predict(validation.features), validation)}
    best = (losses[start], start, model)
    slowest = monotonic() - began
    for factor in (10.0, 0.1):
        c = start * factor
        while LEAST <= c <= MOST and _has_time(began, slowest, settings.seconds):
            started = monotonic()
            tried = attempt(c)
            slowest = max(slowest, monotonic() - started)
            losses[c] = measure(task, tried.predict(validation.features), validation)
            if not losses[c] < best[0]:
                break
            best, c = (losses[c], c, tried), c * factor
        if best[1] > start:
            break
    told = {f"{c:g}": loss for c, loss in sorted(losses.items())}
    return best[2], {"c": best[1], "validation_loss": told}


def _has_time(began: float, slowest: float, seconds: float | None) -> bool:
    return seconds is None or monotonic() - began + 1.5 * slowest < seconds


def _log_loss(task: TaskSpec, predicted: Floats, rows: Rows) -> float:
    clipped = np.clip(predicted, 1e-12, 1 - 1e-12)
    if clipped.ndim == 2:
        chance = clipped[np.arange(len(rows)), rows.target.astype(np.int64)]
    else:
        chance = np.where(rows.target > 0, clipped, 1 - clipped)
    return float(np.average(-np.log(chance), weights=rows.weight))


def _squared(task: TaskSpec, predicted: Floats, rows: Rows) -> float:
    return float(np.average((predicted - rows.target) ** 2, weights=rows.weight))


def _log_squared(task: TaskSpec, predicted: Floats, rows: Rows) -> float:
    """Return the error of logarithms: one huge amount must not decide."""
    miss = np.log1p(np.maximum(predicted, 0.0)) - np.log1p(np.maximum(rows.target, 0.0))
    return float(np.average(miss**2, weights=rows.weight))


def _absolute(task: TaskSpec, predicted: Floats, rows: Rows) -> float:
    return float(np.average(np.abs(predicted - rows.target), weights=rows.weight))


def _pinball(task: TaskSpec, predicted: Floats, rows: Rows) -> float:
    miss = rows.target[:, None] - predicted
    levels = np.asarray(task.levels)
    return float(np.average(np.maximum(levels * miss, (levels - 1) * miss).mean(axis=1), weights=rows.weight))


def _poisson(task: TaskSpec, predicted: Floats, rows: Rows) -> float:
    mean = np.maximum(predicted, 1e-12)
    return float(np.average(mean - rows.target * np.log(mean), weights=rows.weight))


MEASURES: dict[str, Callable[[TaskSpec, Floats, Rows], float]] = {
    "log": _log_loss, "focal": _log_loss, "cross_entropy": _log_loss, "squared": _squared, "huber": _absolute,
    "absolute": _absolute, "log_squared": _log_squared, "quantile": _pinball, "poisson": _poisson,
    "tweedie": _squared,
}  # fmt: skip
"""Loss by which the penalty is chosen; losses of lists, grades and hazards keep the default."""
