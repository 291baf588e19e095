"""The curve that an analyst gets who weights rows by the proxy: shown beside the proper one, as a warning.

Rows with more clicks also have the users who come back anyway. Weighting rows by `exp(b S)` of the realised
proxy, or by `exp(b s)` without a normaliser per context, takes more of those users; no policy can.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from truenorth.counterfactual.contract import Depth, Naive
from truenorth.counterfactual.policies import tilt_to

Floats = NDArray[np.float64]


def naive_curve(grid: tuple[Depth, ...], *, taken: Floats, realised: Floats | None, kpi: Floats) -> Naive:
    """Return the KPI's lift under row weights of the same divergence as each depth.

    Args:
        grid: The proper curve.
        taken: Score of the candidate that was taken, shape (n,).
        realised: Realised proxy, shape (n,).
        kpi: Shape (n,).
    """
    depths = tuple(one.depth for one in grid)
    by_score = _selected(taken, kpi, depths)
    by_realised = () if realised is None else _selected(realised, kpi, depths)
    last = grid[-1].kpi_lift
    ends = [*by_score[-1:], *by_realised[-1:]]
    misleads = any(not last.band_low <= end <= last.band_high for end in ends if np.isfinite(end))
    return Naive(depths=depths, by_realised=by_realised, by_score=by_score, misleads=misleads)


def _selected(proxy: Floats, kpi: Floats, depths: tuple[float, ...]) -> tuple[float, ...]:
    """Return the weighted mean less the mean, for row weights of each depth; NaN where none has it."""
    return tuple(_lift(proxy, kpi, depth) for depth in depths)


def _lift(proxy: Floats, kpi: Floats, depth: float) -> float:
    """Return the lift of the one 'context' that holds all rows: what a missing normaliser comes to."""
    rows = np.full((1, len(proxy)), 1.0 / len(proxy))
    found = tilt_to(rows, proxy[None, :], depth) if proxy.std() > 0 else None
    return float("nan") if found is None else float(found.probability[0] @ kpi - kpi.mean())
