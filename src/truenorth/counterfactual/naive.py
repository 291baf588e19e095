"""The curve that an analyst gets who weights rows by the proxy: shown beside the proper one, as a warning.

Rows with more clicks also have the users who come back anyway. Weighting rows by `exp(b S)` of the realised
proxy, or by `exp(b s)` without a normaliser per context, takes more of those users; no policy can.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from truenorth.counterfactual.contract import Depth, Lift, Naive, Per
from truenorth.counterfactual.log import Log
from truenorth.counterfactual.policies import tilt_to

Floats = NDArray[np.float64]


def naive_curve(
    grid: tuple[Depth, ...], log: Log, *, score: Floats, realised: Floats | None, kpi: Floats, per: Per
) -> Naive:
    """Return the KPI's lift under row weights of the same divergence as each depth.

    Args:
        grid: The proper curve.
        log: The decisions.
        score: Of each candidate, shape (n, k).
        realised: Realised proxy, shape (n,).
        kpi: Shape (n,).
        per: With `unit`, units are weighted by the sums of their decisions; weighting them once is no match
            in size for a policy on all of their decisions, so that only another direction misleads.
    """
    taken = np.asarray(log.of_chosen(score))
    # The KPI as its own proxy would select the rows by what they are judged by.
    rows = [taken] if realised is None or np.array_equal(realised, kpi) else [taken, realised]
    if per == "unit":
        first = np.unique(log.units, return_index=True)[1]
        rows, kpi = [np.bincount(log.units, weights=one) for one in rows], kpi[first]
    depths = tuple(one.depth for one in grid)
    curves = [tuple(_lift(one, kpi, depth) for depth in depths) for one in rows]
    ends = [one[-1] for one in curves if np.isfinite(one[-1])]
    misleads = any(_misleads(end, grid[-1].kpi_lift, per) for end in ends)
    by_realised = curves[1] if len(curves) > 1 else ()
    return Naive(depths=depths, by_realised=by_realised, by_score=curves[0], misleads=misleads)


def _misleads(end: float, lift: Lift, per: Per) -> bool:
    is_outside = not lift.band_low <= end <= lift.band_high
    same_direction = (lift.band_low > 0 and end > 0) or (lift.band_high < 0 and end < 0)
    return is_outside and not (per == "unit" and same_direction)


def _lift(proxy: Floats, kpi: Floats, depth: float) -> float:
    """Return the lift of the one 'context' that holds all rows: what a missing normaliser comes to."""
    rows = np.full((1, len(proxy)), 1.0 / len(proxy))
    found = tilt_to(rows, proxy[None, :], depth) if proxy.std() > 0 else None
    return float("nan") if found is None else float(found.probability[0] @ kpi - kpi.mean())
