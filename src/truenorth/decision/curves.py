"""Costs by score: what each action costs where rows are ordered by a score that predicts no task.

A rule may order rows without saying how likely anything is. What an action costs at each score is then
learned from what happened: the realised cost, made monotone in the score (pool adjacent violators).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import isotonic_regression

from truenorth.decision.contract import Batch, Floats
from truenorth.decision.realised import realised
from truenorth.decision.values import spelled_out
from truenorth.errors import DataError, Finding
from truenorth.examples.dataset import Dataset
from truenorth.framing.framing import Framing
from truenorth.framing.names import tasks

_POINTS = 200
_LEAST_ROWS = 20


@dataclass(frozen=True, eq=False)
class Curve:
    """A monotone curve through points, level outside of them."""

    x: Floats
    """Scores, ascending, shape (points,)."""
    y: Floats
    """Costs, money, shape (points,)."""

    def at(self, scores: Floats) -> Floats:
        """Return the cost at each score; NaN where the score is not known."""
        return np.where(np.isnan(scores), np.nan, np.interp(np.nan_to_num(scores), self.x, self.y))

    def to_dict(self) -> dict[str, list[float]]:
        """Return the points as JSON values."""
        return {"x": self.x.tolist(), "y": self.y.tolist()}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Curve:
        """Return the curve that `to_dict` wrote."""
        return cls(np.asarray(plain["x"], float), np.asarray(plain["y"], float))


def cost_curves(framing: Framing, batch: Batch, dataset: Dataset | None) -> dict[str, Curve]:
    """Return the cost of each action by the score; empty where the costs read predictions that are there.

    Raises:
        DataError: If too few rows are labelled to learn what an action costs.
    """
    assert framing.policy is not None
    spelled = {action: spelled_out(cost, framing) for action, cost in framing.policy.actions.items()}
    wanted = set(tasks(framing)).intersection(*[frozenset().union(*(c.columns for c in spelled.values()))])
    if batch.score is None or wanted <= set(batch.predictions):
        return {}
    if dataset is None:
        raise DataError(_too_few(0))
    curves = {}
    for action, cost in spelled.items():
        truth = realised(cost, dataset)
        known = truth.known & np.isfinite(truth.values) & np.isfinite(batch.score)
        if known.sum() < _LEAST_ROWS:
            raise DataError(_too_few(int(known.sum())))
        curves[action] = _curve(batch.score[known], truth.values[known])
    return curves


def _curve(scores: Floats, costs: Floats) -> Curve:
    order = np.argsort(scores, kind="stable")
    x, start, count = np.unique(scores[order], return_index=True, return_counts=True)
    mean = np.add.reduceat(costs[order], start) / count
    fits = [isotonic_regression(mean, weights=count, increasing=up).x for up in (True, False)]
    errors = [float(np.sum(count * (fit - mean) ** 2)) for fit in fits]
    y = fits[int(np.argmin(errors))]
    kept = np.unique(np.linspace(0, len(x) - 1, min(len(x), _POINTS)).astype(int))
    return Curve(x[kept], np.asarray(y, float)[kept])


def _too_few(n: int) -> Finding:
    return Finding(
        code="POLICY036",
        where="policy.actions",
        evidence=f"expected at least {_LEAST_ROWS} labelled rows to learn what actions cost, got {n:,}.",
        fix="give the rule a task of its own, or validate on a longer period.",
    )
