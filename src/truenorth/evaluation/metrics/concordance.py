"""Concordance of predicted and observed times to an event, under censoring."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from truenorth.statistics.estimates import Estimate, Floats


def concordance(
    days: Floats, event: NDArray[np.bool_], risk: Floats, weight: Floats | None = None
) -> Estimate:
    """Return the share of comparable pairs in which the earlier event had the higher risk; a tie counts half.

    A pair is comparable if the earlier of the two times is an event; at equal times an event is earlier than
    a censoring, and two events are not compared. NaN without a comparable pair.

    Args:
        days: Time to the event or to censoring, shape (n,).
        event: Whether the event happened, shape (n,).
        risk: Higher means sooner, shape (n,).
        weight: Shape (n,); a pair weighs the product.

    Examples:
        >>> days, event = np.array([1.0, 2.0, 3.0]), np.array([True, True, False])
        >>> round(concordance(days, event, np.array([3.0, 1.0, 2.0])).value, 4)
        0.6667

    References:
        Harrell et al. (1982). Evaluating the yield of medical tests. JAMA 247.
    """
    weight = np.ones(len(days)) if weight is None else weight
    rank = np.unique(risk, return_inverse=True)[1].reshape(-1)
    time = np.unique(days, return_inverse=True)[1].reshape(-1) * 2 + ~event  # censored just after events
    later = _later(time, rank, weight, event, by_event=True)
    earlier = _later(time, rank, weight, event, by_event=False)
    agreed, compared = later[0] + earlier[0], later[1] + earlier[1]
    all_compared = float(np.sum(weight * later[1]))
    if not all_compared > 0:
        return Estimate(np.nan, np.zeros(len(days)))
    value = float(np.sum(weight * later[0]) / all_compared)
    return Estimate(value, weight * (agreed - value * compared) / all_compared)


def _later(
    time: NDArray[np.int64],
    rank: NDArray[np.int64],
    weight: Floats,
    event: NDArray[np.bool_],
    *,
    by_event: bool,
) -> tuple[Floats, Floats]:
    """Return, per row, the weight of partners that agree and of all partners.

    `by_event`: partners that come later than the row's own event; else events that come before the row.
    """
    sign = 1 if by_event else -1
    asks = event if by_event else np.ones(len(time), dtype=bool)
    given = weight if by_event else np.where(event, weight, 0.0)
    # A partner agrees if it is later and less at risk, or earlier and more at risk.
    agreed = _dominated(sign * time, sign * rank, given)
    order = np.argsort(sign * time, kind="stable")
    upto = np.cumsum(given[order])
    ends = np.searchsorted((sign * time)[order], sign * time, side="right") - 1
    every = upto[-1] - upto[ends] if len(time) else upto
    return np.where(asks, agreed, 0.0), np.where(asks, every, 0.0)


def _dominated(time: NDArray[np.int64], rank: NDArray[np.int64], weight: Floats) -> Floats:
    """Return, per row, the weight of later rows whose rank is lower, and half of those of equal rank.

    Rows are merged in blocks of twice the size each round, as in merge sort, so that it costs n log^2 n. Rows
    of one time are sorted by rising rank, so that only equal ranks among them are counted, and taken off
    again.
    """
    n = len(time)
    order = np.lexsort((rank, time))
    times, ranks, weights = time[order], rank[order] - rank.min(initial=0), weight[order]
    found, wide = np.zeros(n), int(ranks.max(initial=0)) + 1
    position, size = np.arange(n), 1
    while size < n:
        block, is_right = position // (2 * size), (position // size) % 2 == 1
        right, left = np.flatnonzero(is_right), np.flatnonzero(~is_right)
        keys = block[right] * wide + ranks[right]
        by_rank = np.argsort(keys, kind="stable")
        keys, cumulated = keys[by_rank], np.append(0.0, np.cumsum(weights[right][by_rank]))
        own = block[left] * wide
        starts, below, upto = (
            cumulated[np.searchsorted(keys, at, side=side)]  # type: ignore[call-overload]
            for at, side in ((own, "left"), (own + ranks[left], "left"), (own + ranks[left], "right"))
        )
        found[left] += (below + upto) / 2 - starts
        size *= 2
    # Of one time, those behind have no lower rank: only equal ranks were counted, by half.
    result = np.empty(n)
    result[order] = found - _equal_behind(times, ranks, weights) / 2
    return result


def _equal_behind(times: NDArray[np.int64], ranks: NDArray[np.int64], weights: Floats) -> Floats:
    """Return, per row, the weight of rows behind it of the same time and rank; rows are sorted by both."""
    is_last = np.append((times[1:] != times[:-1]) | (ranks[1:] != ranks[:-1]), True)[: len(times)]
    upto = np.cumsum(weights)
    ends = np.flatnonzero(is_last)
    return np.asarray(upto[ends[np.searchsorted(ends, np.arange(len(times)))]] - upto)
