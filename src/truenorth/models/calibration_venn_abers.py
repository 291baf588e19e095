"""Venn-Abers: two probabilities from two isotonic fits, one as if the row were negative, one as if positive.

One of the two is calibrated whatever the scores are, without any assumption but exchangeable rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truenorth.models.contract import Floats


@dataclass(frozen=True)
class VennAbers:
    """Inductive Venn-Abers prediction as two step functions of the score."""

    low_from: tuple[float, ...]
    """Scores from which each lower probability holds, ascending."""
    low: tuple[float, ...]
    """Lower probabilities: of an isotonic fit to which the row was added as a negative."""
    high_to: tuple[float, ...]
    """Scores up to which each upper probability holds, ascending."""
    high: tuple[float, ...]
    """Upper probabilities: of an isotonic fit to which the row was added as a positive."""
    method = "venn_abers"

    def intervals(self, predictions: Floats) -> Floats:
        """Return lower and upper probability, shape (n, 2)."""
        below = np.searchsorted(self.low_from, predictions, side="right")
        above = np.searchsorted(self.high_to, predictions, side="left")
        low = np.append(0.0, self.low)[below]
        return np.column_stack([low, np.append(self.high, 1.0)[above]])

    def apply(self, predictions: Floats) -> Floats:
        """Return `p1 / (1 - p0 + p1)`, which loses least in log loss whichever of the two is right."""
        low, high = self.intervals(predictions).T
        return np.where(np.isnan(predictions), np.nan, high / (1 - low + high))

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "method": self.method, "low_from": list(self.low_from), "low": list(self.low),
            "high_to": list(self.high_to), "high": list(self.high),
        }  # fmt: skip


def fit_venn_abers(predictions: Floats, target: Floats, weight: Floats) -> VennAbers:
    """Return the exact inductive Venn-Abers predictor in O(n log n).

    Args:
        predictions: Scores of calibration rows, any range, shape (n,).
        target: 0 or 1, shape (n,).
        weight: Shape (n,), > 0; the row to predict weighs their mean.

    References:
        Vovk, Petej, Fedorova (2015). Large-scale probabilistic predictors with and without guarantees of
        validity. NIPS.
    """
    at, place = np.unique(predictions, return_inverse=True)
    heavy = np.bincount(place, weight) / weight.mean()
    positive = np.bincount(place, weight * (target > 0)) / weight.mean()
    high = added_positive(heavy, positive)
    # negatives of the mirrored problem are its positives
    low = 1 - added_positive(heavy[::-1], (heavy - positive)[::-1])[::-1]
    last_of_run = np.append(high[1:] != high[:-1], True)
    first_of_run = np.append(True, low[1:] != low[:-1])
    return VennAbers(
        tuple(at[first_of_run].tolist()), tuple(low[first_of_run].tolist()),
        tuple(at[last_of_run].tolist()), tuple(high[last_of_run].tolist()),
    )  # fmt: skip


def added_positive(weight: Floats, positive: Floats) -> NDArray[np.float64]:
    """Return the isotonic fit at each score after one positive of weight 1 was added there.

    In the diagram of summed weight against summed positives the fit at score i is the slope of the lower
    convex hull where it crosses from the points before i, moved by (-1, -1), to the points from i on. Moving
    from i to i + 1 only moves point i, so one stack of hull points serves every score.

    Args:
        weight: Of each distinct score, ascending scores, shape (k,).
        positive: Weight of the positives among it, shape (k,).
    """
    x = np.append(0.0, np.cumsum(weight)).tolist()
    y = np.append(0.0, np.cumsum(positive)).tolist()
    hull: list[tuple[float, float]] = []
    for point in zip(reversed(x[1:]), reversed(y[1:]), strict=True):
        _push(hull, point)
    bridge = [*hull]
    _push(bridge, (-1.0, -1.0))
    fits = np.empty(len(weight))
    for i in range(len(weight)):
        left, right = bridge[-1], bridge[-2]
        fits[i] = (right[1] - left[1]) / (right[0] - left[0])
        here = (x[i + 1], y[i + 1])
        moved = (here[0] - 1.0, here[1] - 1.0)
        if right == here:
            bridge.pop(-2)
        if len(bridge) < 2:
            break
        if _is_below(moved, bridge[-1], bridge[-2]):
            bridge.pop()
            _push(bridge, moved)
    return np.minimum(fits, 1.0)


def _push(hull: list[tuple[float, float]], point: tuple[float, float]) -> None:
    """Put a point before the others of a lower hull, dropping those that it hides."""
    while len(hull) > 1 and not _is_below(hull[-1], point, hull[-2]):
        hull.pop()
    hull.append(point)


def _is_below(point: tuple[float, float], left: tuple[float, float], right: tuple[float, float]) -> bool:
    """Return whether a point lies strictly below the line through two others."""
    rise = (right[1] - left[1]) * (point[0] - left[0])
    return (point[1] - left[1]) * (right[0] - left[0]) < rise
