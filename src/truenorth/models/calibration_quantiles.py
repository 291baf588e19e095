"""Quantiles moved so that they hold on rows that no model was fitted on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from truenorth.models.contract import Floats, TaskSpec

FEWEST = 200
"""Rows below which the outer quantiles of the misses are too unsure to move anything by."""


@dataclass(frozen=True)
class QuantileShift:
    """Each level moved by the quantile of its misses; on a logarithmic scale for amounts."""

    shifts: tuple[float, ...]
    """What is added to each level, in the order of the levels."""
    is_log: bool
    """Whether it is added to log(1 + prediction)."""
    method = "quantiles"

    def apply(self, predictions: Floats) -> Floats:
        """Return moved quantiles that do not cross, shape (n, levels)."""
        moved = _scaled(predictions, is_log=self.is_log) + np.asarray(self.shifts)
        moved = np.sort(moved, axis=1)
        return np.asarray(np.maximum(np.expm1(moved), 0.0) if self.is_log else moved)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {"method": self.method, "shifts": list(self.shifts), "is_log": self.is_log}


def fit_quantiles(predictions: Floats, target: Floats, weight: Floats, task: TaskSpec) -> QuantileShift:
    """Return the shift of each level after which the share of targets below it is the level.

    Args:
        predictions: Quantiles, shape (n, levels).
        target: Numbers, shape (n,).
        weight: Shape (n,), > 0.
        task: Its levels; an amount is moved by a ratio, a number by a difference.

    References:
        Romano, Patterson, Candes (2019). Conformalized Quantile Regression. NeurIPS (each end by itself).
    """
    is_log = task.kind == "amount"
    if len(target) < FEWEST:
        return QuantileShift((0.0,) * predictions.shape[1], is_log)
    misses = _scaled(target, is_log=is_log)[:, None] - _scaled(predictions, is_log=is_log)
    shifts = tuple(
        float(np.quantile(misses[:, k], level, weights=weight, method="inverted_cdf"))
        for k, level in enumerate(task.levels)
    )
    return QuantileShift(shifts, is_log)


def _scaled(values: Floats, *, is_log: bool) -> Floats:
    return np.log1p(np.maximum(values, 0.0)) if is_log else values
