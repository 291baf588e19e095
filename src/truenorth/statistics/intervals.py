"""Intervals around an estimate, on the scale where it is closest to normal.

A mean or total is corrected for its skewness, a positive quantity is taken on the log scale, a quantity
between 0 and 1 on the log-odds scale, and a share has the exact binomial interval at its effective sample
size.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

from truenorth.statistics.binomial import clopper_pearson
from truenorth.statistics.estimates import Spread

Scale = Literal["real", "skewed", "positive", "unit", "share"]


@dataclass(frozen=True)
class Interval:
    """Where the truth is likely to be."""

    low: float
    high: float


def interval(
    value: float, spread: Spread, *, scale: Scale, level: float = 0.95, n: float | None = None
) -> Interval:
    """Return the interval of an estimate.

    Args:
        value: The estimate.
        spread: How it varies between clusters.
        scale: `real` is symmetric, `skewed` corrects a mean or total for skewness, `positive` is a log scale,
            `unit` is log-odds, `share` is an exact binomial interval at the effective sample size.
        level: Confidence, in (0, 1).
        n: Cases behind a value at an end of [0, 1], where the spread says nothing; by default the clusters.

    Examples:
        >>> spread = Spread(error=0.02, degrees=200.0, skewness=0.0, n_clusters=201)
        >>> found = interval(0.9, spread, scale="unit")
        >>> round(found.low, 3), round(found.high, 3)
        (0.853, 0.933)
    """
    at_an_end = scale in ("unit", "share") and (value <= 0 or value >= 1 or spread.error == 0)
    if at_an_end:
        return exact_binomial(value, n or spread.n_clusters, level=level)
    if spread.error == 0:
        return Interval(value, value)
    quantile = float(stats.t.ppf(0.5 + level / 2, spread.degrees))
    if scale == "share":
        return _effective_binomial(value, spread, quantile, level)
    if scale == "unit":
        return _log_odds(value, spread.error * quantile)
    if scale == "positive" and value > 0:
        factor = float(np.exp(min(spread.error / value * quantile, 700.0)))
        return Interval(value / factor, value * factor)
    if scale == "skewed":
        return _skewness_corrected(value, spread, quantile)
    return Interval(value - quantile * spread.error, value + quantile * spread.error)


def exact_binomial(share: float, n: float, *, level: float = 0.95) -> Interval:
    """Return the exact interval of a binomial share; `n` need not be whole.

    Examples:
        >>> exact_binomial(0.0, 100).high.__round__(4)
        0.0362
    """
    low, high = clopper_pearson(share * n, n, confidence=level)
    return Interval(float(low), float(high))


def _effective_binomial(value: float, spread: Spread, quantile: float, level: float) -> Interval:
    """Korn and Graubard: the exact interval at the number of independent rows that would vary as much."""
    n = value * (1 - value) / spread.error**2
    normal = float(stats.norm.ppf(0.5 + level / 2))
    return exact_binomial(value, n * (normal / quantile) ** 2, level=level)


def _log_odds(value: float, half: float) -> Interval:
    middle, width = np.log(value / (1 - value)), half / (value * (1 - value))
    ends = 1 / (1 + np.exp(-np.clip(np.array([middle - width, middle + width]), -700, 700)))
    return Interval(float(ends[0]), float(ends[1]))


def _skewness_corrected(value: float, spread: Spread, quantile: float) -> Interval:
    """Hall's transformation of the t statistic removes the skewness of a mean monotonically.

    References:
        Hall (1992). On the removal of skewness by transformation. JRSS B 54.
    """
    skew = spread.skewness
    if abs(skew) < 1e-6:
        return Interval(value - quantile * spread.error, value + quantile * spread.error)

    def inverse(at: float) -> float:
        return float(3 / skew * (np.cbrt(1 + skew * (at - skew / 6)) - 1))

    return Interval(value - spread.error * inverse(quantile), value - spread.error * inverse(-quantile))
