"""Who gains and who loses: exposure by group of candidates, KPI lift by segment of contexts."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from truenorth.counterfactual.bands import clustered_error
from truenorth.counterfactual.contract import Mover, Segment
from truenorth.counterfactual.effects import Effect, Seen
from truenorth.counterfactual.log import Log
from truenorth.statistics.estimates import total

Floats = NDArray[np.float64]

MOST = 20
"""Groups that are listed: those whose share changes most."""


def movers(
    log: Log, groups: NDArray[Any], probability: Floats, kpi: Floats, *, most: int = MOST
) -> tuple[Mover, ...]:
    """Return the groups of candidates whose exposure changes most, largest gain first.

    Args:
        log: The decisions, with propensities.
        groups: Item, creator or another group of each candidate, shape (n, k).
        probability: The policy, shape (n, k).
        kpi: Of each decision, shape (n,).
        most: Number of groups that are listed.
    """
    names, codes = np.unique(groups, return_inverse=True)
    codes = codes.reshape(groups.shape)
    taken, count = log.of_chosen(codes), len(names)
    before = np.bincount(codes.ravel(), weights=log.base.ravel(), minlength=count) / log.n
    after = np.bincount(codes.ravel(), weights=probability.ravel(), minlength=count) / log.n
    n = np.bincount(taken, minlength=count)
    kpis = np.bincount(taken, weights=kpi, minlength=count)
    listed = np.argsort(-np.abs(after - before), kind="stable")[:most]
    listed = listed[np.argsort(-(after - before)[listed], kind="stable")]
    return tuple(
        Mover(
            group=str(names[one]), share_before=float(before[one]), share_after=float(after[one]),
            kpi=float(kpis[one] / n[one]) if n[one] else float("nan"), n=int(n[one]),
        )
        for one in listed
    )  # fmt: skip


def segments(log: Log, segment: NDArray[Any], effect: Effect, seen: Seen) -> tuple[Segment, ...]:
    """Return the KPI's lift in each segment of contexts, largest first.

    Args:
        log: The decisions.
        segment: Of each decision, shape (n,).
        effect: What the policy does to the KPI.
        seen: The policy.
    """
    gained, share = effect.contributions(seen)
    found = []
    for name in np.unique(segment):
        inside = (segment == name).astype(np.float64)
        lift = total(gained * inside) / total(share * inside)
        error = clustered_error(lift.influence, log.clusters)
        found.append(Segment(segment=str(name), lift=lift.value, error=error, n=int(inside.sum())))
    return tuple(sorted(found, key=lambda one: -one.lift))
