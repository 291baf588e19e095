"""Quantity: the number of things that is cheapest on average when too many and too few cost differently.

The cheapest number is the quantile at `under / (under + over)` of what will be asked for (the newsvendor's
rule). It is read from predicted quantiles, or put together from an expected value and the errors that were
made on rows with labels.

References:
    Arrow, Harris and Marschak (1951). Optimal Inventory Policy. Econometrica 19.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from truenorth.decision.contract import Batch, Decisions, Floats, Prediction
from truenorth.decision.plain import plain_findings, read_findings
from truenorth.decision.predictions import quantile_at
from truenorth.decision.values import score
from truenorth.errors import DataError, Finding
from truenorth.examples.dataset import Dataset
from truenorth.framing.framing import Framing
from truenorth.framing.policy import Quantity
from truenorth.models.rows import QUANTILE
from truenorth.statistics.binomial import clopper_pearson

_LEAST_ROWS = 50
"""Errors of a step are used on their own from so many rows on."""


@dataclass(frozen=True)
class QuantityPolicy:
    """Orders a quantile."""

    framing: Framing = field(repr=False)
    level: float
    """The quantile that is ordered, in (0, 1)."""
    relative: bool = False
    """Whether errors are shares of the prediction, as for amounts with a heavy tail."""
    floor: float | None = None
    """Least quantity: 0 where no label is below 0."""
    error: float | None = None
    """What is added to the prediction (relative: what multiplies it); None for predicted quantiles."""
    by_step: Mapping[int, float] = field(default_factory=dict)
    """The same per step ahead."""
    reached: float | None = None
    """Share of the rows it was set on that the quantity covers."""
    findings: tuple[Finding, ...] = ()
    form: str = "quantity"

    def decide(self, batch: Batch, *, seed: int = 0) -> Decisions:
        """Return the quantity of each row; NaN where the prediction is not known."""
        declared = _declared(self.framing)
        quantity = self._quantity(batch, _prediction(batch, declared.task))
        return Decisions(score=score(batch, self.framing), quantity=quantity)

    def _quantity(self, batch: Batch, one: Prediction) -> Floats:
        if self.error is None and one.values.ndim == 2:
            found = quantile_at(one, self.level)
        else:
            error = _per_row(batch, self.error or 0.0, self.by_step)
            point = np.asarray(one.values, dtype=np.float64)
            found = point * error if self.relative else point + error
        found = np.where(np.isfinite(found), found, np.nan)
        return found if self.floor is None else np.maximum(found, self.floor)

    def sentence(self) -> str:
        """Return the policy in one sentence."""
        one = _declared(self.framing)
        return (
            f"{one.name[0].upper()}{one.name[1:]} the {self.level:.3g} quantile of {one.task}: "
            f"one too few costs {one.under:g}, one too many {one.over:g}."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return level and errors as JSON values."""
        return {
            "form": self.form,
            "level": self.level,
            "relative": self.relative,
            "floor": self.floor,
            "error": self.error,
            "by_step": {str(step): error for step, error in self.by_step.items()},
            "reached": self.reached,
            "findings": plain_findings(self.findings),
            "sentence": self.sentence(),
        }


def fit_quantity(
    framing: Framing, batch: Batch, dataset: Dataset | None, *, seed: int = 0, share: float = 1.0
) -> QuantityPolicy:
    """Set what is added to a prediction so that the quantile is reached.

    Raises:
        DataError: If the task predicts no quantile and no labelled row says how far it errs.
    """
    declared = _declared(framing)
    one = _prediction(batch, declared.task)
    truth = np.full(batch.n_rows, np.nan)
    if dataset is not None:
        label = dataset.labels[declared.task]
        truth = np.where(label.is_observed, label.values.values, np.nan)
    point = one.values if one.values.ndim == 1 else quantile_at(one, declared.level)
    known = np.isfinite(truth) & np.isfinite(point)
    floor = 0.0 if known.any() and truth[known].min() >= 0 else None
    level = float(f"{declared.level:.12g}")
    if one.task.loss == "quantile":
        fitted = QuantityPolicy(framing, level, floor=floor)
    elif not known.any():
        raise DataError(_no_errors(declared.task))
    else:
        relative = one.task.loss == "log_squared" and bool((point[known] > 0).all())
        error = truth / np.where(point > 0, point, 1.0) if relative else truth - point
        whole, by_step = _errors(error, known, batch, level)
        fitted = QuantityPolicy(framing, level, relative, floor, whole, by_step)
    return _checked(fitted, batch, one, truth, known)


def load_quantity(plain: Mapping[str, Any], framing: Framing) -> QuantityPolicy:
    """Return the policy that `to_dict` wrote."""
    return QuantityPolicy(
        framing,
        plain["level"],
        plain["relative"],
        plain["floor"],
        plain["error"],
        {int(step): error for step, error in plain["by_step"].items()},
        plain["reached"],
        read_findings(plain["findings"]),
    )


def conformal_quantile(errors: Floats, level: float) -> float:
    """Return the error that a new one stays below with chance `level` at least: rank `ceil((n + 1) level)`.

    Examples:
        >>> conformal_quantile(np.arange(1.0, 101.0), 0.9)
        91.0
    """
    rank = min(math.ceil((len(errors) + 1) * level - 1e-9), len(errors))
    return float(np.partition(errors, rank - 1)[rank - 1])


def _errors(error: Floats, known: Any, batch: Batch, level: float) -> tuple[float, dict[int, float]]:
    whole = conformal_quantile(error[known], level)
    step = batch.columns.get("step")
    if step is None or step.role != "number":
        return whole, {}
    found = {}
    for one in np.unique(step.values[known & np.isfinite(step.values)]):
        rows = known & (step.values == one)
        if rows.sum() >= _LEAST_ROWS:
            found[int(one)] = conformal_quantile(error[rows], level)
    return whole, found


def _per_row(batch: Batch, whole: float, by_step: Mapping[int, float]) -> Floats:
    result = np.full(batch.n_rows, whole)
    step = batch.columns.get("step")
    if step is not None and step.role == "number":
        for one, error in by_step.items():
            result[step.values == one] = error
    return result


def _checked(
    fitted: QuantityPolicy, batch: Batch, one: Prediction, truth: Floats, known: Any
) -> QuantityPolicy:
    """Say so where the quantity covers another share of the labelled rows than it should."""
    if not known.any():
        return fitted
    covered = int((truth[known] <= fitted._quantity(batch, one)[known]).sum())
    n = int(known.sum())
    low, high = clopper_pearson(covered, n, confidence=0.99)
    name = _declared(fitted.framing).name
    off = Finding(
        code="POLICY015",
        severity="warn",
        where="policy.quantity",
        evidence=f"expected {name} to cover {fitted.level:.3g} of {n:,} outcomes, got {covered / n:.3g}.",
        fix="add features, or a quantile loss, so that the predicted quantile is reached.",
        path=("policy", "quantity"),
    )
    findings = () if low <= fitted.level <= high else (off,)
    return QuantityPolicy(
        fitted.framing, fitted.level, fitted.relative, fitted.floor, fitted.error, fitted.by_step,
        covered / n, findings,
    )  # fmt: skip


def _prediction(batch: Batch, task: str) -> Prediction:
    """Return the predicted quantiles where they stand beside the task, else the task's own prediction."""
    beside = batch.predictions.get(task + QUANTILE)
    return batch.predictions[task] if beside is None else beside


def _declared(framing: Framing) -> Quantity:
    assert framing.policy is not None and framing.policy.quantity is not None
    return framing.policy.quantity


def _no_errors(task: str) -> Finding:
    return Finding(
        code="POLICY016",
        where="policy.quantity",
        evidence=f"expected labelled rows that say how far {task!r} errs, got none.",
        fix="give validation rows with labels, or models: {tasks: {" + task + ": {loss: quantile}}}.",
        path=("policy", "quantity"),
    )
