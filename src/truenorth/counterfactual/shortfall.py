"""Why the KPI gained less than the score promised: three parts that add up exactly.

    b_pool dP - dY = (b_pool - b_within) dS       causal: users and contexts, not choices
                   + b_pool (dP - dS)             regressional: the winner's curse of the score
                   + (b_within dS - dY)           extremal: another slope far out

`dP` is the rise of the score, `dS` of the realised proxy, `dY` of the KPI. The slopes are ratios of
covariances with the score, so that noise of the proxy does not bend them: `b_pool` is what a dashboard
shows, `b_within` uses the randomisation inside contexts alone.

References:
    Manheim and Garrabrant (2018). Categorizing variants of Goodhart's law. arXiv 1803.04585.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from truenorth.counterfactual.bands import clustered_error
from truenorth.counterfactual.contract import Part, Shortfall
from truenorth.counterfactual.log import Log
from truenorth.statistics.estimates import Estimate, total

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Slopes:
    """KPI per unit of proxy, across contexts and inside them."""

    pooled: Estimate
    within: Estimate


def slopes_of(log: Log, score: Floats, proxy: Floats, kpi: Floats, *, per_unit: bool) -> Slopes:
    """Return both slopes of the KPI on the proxy, with the score as instrument.

    Args:
        log: The decisions, with propensities.
        score: Of each candidate, shape (n, k).
        proxy: Realised, shape (n,).
        kpi: Realised, shape (n,); with `per_unit` the unit's own on each of its decisions.
        per_unit: Whether one KPI stands for all decisions of a unit: scores and proxies are then summed.
    """
    taken = np.asarray(log.of_chosen(score))
    centred = taken - np.einsum("nk,nk->n", log.base, score)
    within = total(kpi * centred) / total(proxy * centred)
    if not per_unit:
        return Slopes(_instrumented(taken, proxy, kpi), within)
    first = np.unique(log.units, return_index=True)[1]
    scores = np.bincount(log.units, weights=taken).astype(np.float64)
    proxies = np.bincount(log.units, weights=proxy).astype(np.float64)
    return Slopes(_instrumented(scores, proxies, kpi[first]).spread(first, log.n), within)


def _instrumented(instrument: Floats, proxy: Floats, kpi: Floats) -> Estimate:
    z = instrument - instrument.mean()
    return total(z * (kpi - kpi.mean())) / total(z * (proxy - proxy.mean()))


def split_shortfall(
    depth: float, slopes: Slopes, promised: Estimate, delivered: Estimate, kpi: Estimate, log: Log
) -> Shortfall:
    """Return the parts of the shortfall at a depth.

    Args:
        depth: Where the curve is looked at.
        slopes: KPI per unit of proxy.
        promised: Rise of the score.
        delivered: Rise of the realised proxy.
        kpi: Rise of the KPI.
        log: The decisions, for errors clustered by unit.
    """
    parts = {
        "causal": (slopes.pooled - slopes.within) * delivered,
        "regressional": slopes.pooled * (promised - delivered),
        "extremal": slopes.within * delivered - kpi,
    }
    shown = {
        name: Part(value=part.value, error=clustered_error(part.influence, log.clusters))
        for name, part in parts.items()
    }
    return Shortfall(
        depth=depth, promised=(slopes.pooled * promised).value, delivered=kpi.value, causal=shown["causal"],
        regressional=shown["regressional"], extremal=shown["extremal"],
    )  # fmt: skip
