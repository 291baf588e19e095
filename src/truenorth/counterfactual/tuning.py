"""How far to shrink weights: the least error that the data do not contradict (SLOPE)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from truenorth.statistics.estimates import Estimate

LIMITS = (np.inf, 10_000.0, 3_000.0, 1_000.0, 300.0, 100.0, 30.0, 10.0, 3.0, 1.0)
"""Limits on importance weights that are tried, least bias first."""


def slope_rule(
    estimate: Callable[[float], Estimate], error: Callable[[NDArray[np.float64]], float],
    *, limits: Sequence[float] = LIMITS, quantile: float = 1.96,
) -> tuple[float, Estimate]:  # fmt: skip
    """Return the limit, and its estimate, that has the least error without a bias that shows.

    From the least biased limit on, a limit is accepted while for every earlier one
    `|V_i - V_j| <= CI_i + (sqrt(6) - 1) CI_j`, with the half widths CI; the last accepted one is taken.

    Args:
        estimate: Value and influence at a limit.
        error: Standard error of an influence, shape (n,).
        limits: Least bias first.
        quantile: Half width of an interval in standard errors.

    References:
        Su, Srinath and Krishnamurthy (2020). Adaptive estimator selection for off-policy evaluation. ICML.
    """
    kept: list[tuple[float, Estimate, float]] = []
    narrowest = np.inf
    for limit in limits:
        found = estimate(limit)
        # The rule needs widths that fall with the limit; noise in the error may not widen them again.
        narrowest = min(narrowest, quantile * error(found.influence))
        agrees = all(
            abs(found.value - other.value) <= narrowest + (np.sqrt(6.0) - 1.0) * width
            for _, other, width in kept
        )
        if not agrees:
            break
        kept.append((limit, found, narrowest))
    return kept[-1][0], kept[-1][1]
