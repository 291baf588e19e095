"""How wrong a lift may be where the logger saw something that the log does not hold.

With `c_y` the share of the outcome's unexplained variance that the unseen cause explains, and `c_d` that of
the weights,

    |bias| <= |rho| sqrt(c_y c_d / (1 - c_d)) sqrt(sigma^2 nu^2),

`sigma^2 = E (Y - q)^2`, `nu^2 = E (w - 1)^2`. Observed groups of features, left out on purpose, say how large
such shares are.

References:
    Chernozhukov, Cinelli, Newey, Sharma and Syrgkanis (2022). Long story short: omitted variable bias in
    causal machine learning. NBER 30302.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Benchmark:
    """What a group of observed features would explain if it had not been seen."""

    outcome_share: float
    """`c_y`."""
    weight_share: float
    """`c_d`."""


def bias_bound(scale: float, *, outcome_share: float, weight_share: float, rho: float = 1.0) -> float:
    """Return the largest bias that an unseen cause of this strength can bring.

    Args:
        scale: `sqrt(sigma^2 nu^2)`, see `bias_scale`.
        outcome_share: `c_y`, in [0, 1].
        weight_share: `c_d`, in [0, 1).
        rho: Correlation of what it does to both, in [-1, 1].

    Examples:
        >>> round(bias_bound(0.5, outcome_share=0.1, weight_share=0.1), 4)
        0.0527
    """
    return abs(rho) * math.sqrt(outcome_share * weight_share / (1.0 - weight_share)) * scale


def bias_scale(residual: Floats, weight: Floats) -> float:
    """Return `sqrt(sigma^2 nu^2)` of residual outcomes and importance weights, each of shape (n,)."""
    return math.sqrt(float(np.mean(residual**2)) * float(np.mean((weight - 1.0) ** 2)))


def robustness_value(lift: float, error: float, scale: float, *, level: float = 0.95) -> float:
    """Return the equal strength `c_y = c_d` at which the interval of the lift reaches 0.

    `c / sqrt(1 - c) = t` with `t` the end of the interval nearest to 0 over the scale.

    Returns:
        0 where the interval holds 0 already, below 1 else.

    Examples:
        >>> value = robustness_value(0.05, 0.01, 0.5)
        >>> round(value, 3)
        0.059
    """
    left = abs(lift) - float(stats.norm.ppf(0.5 + level / 2)) * error
    if left <= 0 or not scale > 0:
        return 0.0
    t = left / scale
    return (-(t**2) + t * math.sqrt(t**2 + 4.0)) / 2.0


def benchmark(*, full: tuple[Floats, Floats], without: tuple[Floats, Floats]) -> Benchmark:
    """Return what a group of features explains of outcome and weights.

    Args:
        full: Residual outcomes and importance weights with all features, each of shape (n,).
        without: The same with the group left out.
    """
    residual, weight = full
    short_residual, short_weight = without
    outcome_share = 1.0 - float(np.mean(residual**2)) / float(np.mean(short_residual**2))
    # 1 - R^2 of the weights on those without the group: what a projection would have lost.
    both = float(np.mean((weight - 1.0) * (short_weight - 1.0)))
    sizes = float(np.mean((weight - 1.0) ** 2)) * float(np.mean((short_weight - 1.0) ** 2))
    weight_share = 1.0 - both**2 / sizes if sizes > 0 else 0.0
    return Benchmark(float(np.clip(outcome_share, 0.0, 1.0)), float(np.clip(weight_share, 0.0, 0.999)))


def bounds_of(benchmarks: Mapping[str, Benchmark], scale: float) -> dict[str, tuple[float, float, float]]:
    """Return per group of features: `c_y`, `c_d` and the bias that a cause as strong would bring."""
    return {
        name: (
            one.outcome_share,
            one.weight_share,
            bias_bound(scale, outcome_share=one.outcome_share, weight_share=one.weight_share),
        )
        for name, one in benchmarks.items()
    }
