"""From the curve to a verdict: one family of claims of harm, tested together, and one of gain.

Claims of harm are `-lift(d)`, `lift(d1) - lift(d2)` for `d1 < d2`, and `-slope(d)`. They share one critical
value, so that a log without a trap is called one in at most 5 of 100 cases however many depths are looked at.
Where a policy has next to nothing left to choose, its slope is about ties among the best candidates: it moves
the KPI by nothing worth a word, may have either sign on a curve that only levels off, and claims no harm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from truenorth.counterfactual.bands import Joint, OneSided, one_sided
from truenorth.counterfactual.contract import Verdict

Floats = NDArray[np.float64]

POWER = 0.8
LEAST_SPREAD = 0.05
"""Share of the score's within-context variance that a policy must leave for its slope to claim harm."""


@dataclass(frozen=True, eq=False)
class Family:
    """Claims of harm of one curve."""

    claims: OneSided
    harms: NDArray[np.bool_]
    """Per depth: whether the lift is below 0."""
    turns: bool
    """Whether some lift is below one of a smaller depth."""
    falls: NDArray[np.bool_]
    """Per depth: whether the slope is below 0 and claims harm."""


def claims_of_harm(curve: Joint, spread: Sequence[float], *, level: float, draws: int, seed: int) -> Family:
    """Return which claims of harm hold.

    Args:
        curve: Lifts at each depth and then slopes at each depth, 2 b estimates.
        spread: Share of the score's within-context variance that the policy of each depth leaves, b numbers.
        level: Confidence of the family.
        draws: Draws for the critical value.
        seed: Seed of the draws.
    """
    b = len(curve.value) // 2
    first, second = np.triu_indices(b, 1)
    unit = np.eye(2 * b)
    chooses = np.asarray(spread) >= LEAST_SPREAD
    rows = np.concatenate([-unit[:b], unit[first] - unit[second], -unit[b:][chooses]])
    claims = one_sided(curve.combine(rows), level=level, draws=draws, seed=seed)
    harms, turns, slopes = np.split(claims.holds, [b, b + len(first)])
    falls = np.zeros(b, dtype=np.bool_)
    falls[chooses] = slopes
    return Family(claims, harms, bool(turns.any()), falls)


def verdict_of(family: Family, *, gains: bool, adjusted_p: float, level: float) -> Verdict:
    """Return the verdict of a supported curve.

    Args:
        family: Claims of harm.
        gains: Whether some lift is above 0 with its simultaneous band.
        adjusted_p: p-value of the family, adjusted for the number of proxies.
        level: Confidence.
    """
    harmed = bool(family.claims.holds.any())
    if harmed and adjusted_p > 1 - level:
        return "INCONCLUSIVE"
    if harmed:
        return "HARMFUL" if not gains and family.harms.any() else "TRAP"
    return "ALIGNED" if gains else "INCONCLUSIVE"


def safe_depth(depths: Sequence[float], slope_low: Floats) -> float:
    """Return the deepest depth up to which every lower bound of the slope is above 0, 0 where none is.

    Examples:
        >>> safe_depth([0.15, 0.35, 0.55], np.array([0.2, 0.1, -0.1]))
        0.35
    """
    good = np.logical_and.accumulate(slope_low > 0)
    return float(depths[int(good.sum()) - 1]) if good.any() else 0.0


def smallest_visible_fall(curve: Joint, critical: float) -> float:
    """Return the fall from the peak to the deepest depth that would be found with power 0.8.

    Where the deepest depth is the peak, the fall from the first depth is meant.
    """
    b = len(curve.value) // 2
    if b < 2:
        return float((critical + stats.norm.ppf(POWER)) * curve.error[0])
    peak = int(np.argmax(curve.value[: b - 1]))
    start = peak if curve.value[peak] > curve.value[b - 1] else 0
    row = np.zeros((1, 2 * b))
    row[0, start], row[0, b - 1] = 1.0, -1.0
    return float((critical + stats.norm.ppf(POWER)) * curve.combine(row).error[0])


def benjamini_hochberg(p_values: Sequence[float]) -> Floats:
    """Return p-values adjusted so that the share of false discoveries is kept.

    Examples:
        >>> benjamini_hochberg([0.01, 0.04, 0.03]).round(3).tolist()
        [0.03, 0.04, 0.04]

    References:
        Benjamini and Hochberg (1995). Controlling the false discovery rate. JRSS B 57.
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p)[::-1]
    scaled = p[order] * len(p) / np.arange(len(p), 0, -1)
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.minimum.accumulate(scaled), 1.0)
    return adjusted
