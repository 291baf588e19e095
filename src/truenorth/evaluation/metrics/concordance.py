"""Concordance of predicted and observed times to an event, under censoring."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from truenorth.statistics.estimates import Estimate, Floats


def concordance(days: Floats, event: NDArray[np.bool_], risk: Floats, weight: Floats | None = None) -> Estimate:
    """Return the share of comparable pairs in which the earlier event had the higher risk; a tie counts half.

    A pair is comparable if the earlier of the two times is an event; at equal times an event is earlier than a
    censoring, and two events are not compared. NaN without a comparable pair.

    Args:
        days: Time to the event or to censoring, shape (n,).
        event: Whether the event happened, shape (n,).
        risk: Higher means sooner, shape (n,).
        weight: Shape (n,); a pair weighs the product.

    Examples:
        >>> concordance(np.array([1.0, 2.0, 3.0]), np.array([True, True, False]), np.array([3.0, 1.0, 2.0])).value
        0.6666666666666666

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
    time: NDArray[np.int64], rank: NDArray[np.int64], weight: Floats, event: NDArray[np.bool_], *, by_event: bool
) -> tuple[Floats, Floats]:
    """Return, per row, the weight of partners that agree and of all partners.

    `by_event`: partners that come later than the row's own event; else events that come before the row.
    """
    sign = 1 if by_event else -1
    asks = event if by_event else np.ones(len(time), dtype=bool)
    gives = np.ones(len(time), dtype=bool) if by_event else event
    # A partner agrees if it is later and less at risk, or earlier and more at risk.
    below = _dominated(sign * time, sign * rank, np.where(gives, weight, 0.0), strict=True)
    upto = _dominated(sign * time, sign * rank, np.where(gives, weight, 0.0), strict=False)
    every = _dominated(sign * time, np.zeros_like(rank), np.where(gives, weight, 0.0), strict=False)
    return np.where(asks, (below + upto) / 2, 0.0), np.where(asks, every, 0.0)


def _dominated(time: NDArray[np.int64], rank: NDArray[np.int64], weight: Floats, *, strict: bool) -> Floats:
    """Return, per row, the weight of rows of a later time whose rank is lower (or equal, if not strict).

    Rows are merged in blocks of twice the size each round, as in merge sort, so that it costs n log^2 n.
    """
    n = len(time)
    order = np.argsort(time, kind="stable")
    times, ranks, weights = time[order], rank[order] - rank.min(initial=0), weight[order]
    found, wide = np.zeros(n), int(ranks.max(initial=0)) + 1
    position, size = np.arange(n), 1
    while size < n:
        block, is_right = position // (2 * size), (position // size) % 2 == 1
        right = np.flatnonzero(is_right)
        by_rank = right[np.lexsort((ranks[right], block[right]))]
        keys, cumulated = block[by_rank] * wide + ranks[by_rank], np.append(0.0, np.cumsum(weights[by_rank]))
        left = np.flatnonzero(~is_right)
        ends = np.searchsorted(keys, block[left] * wide + ranks[left], side="left" if strict else "right")
        found[left] += cumulated[ends] - cumulated[np.searchsorted(keys, block[left] * wide)]
        size *= 2
    found -= _same_time(times, ranks, weights, strict=strict)
    result = np.empty(n)
    result[order] = found
    return result


def _same_time(times: NDArray[np.int64], ranks: NDArray[np.int64], weights: Floats, *, strict: bool) -> Floats:
    """Return the weight that the merge counted of rows behind in the order but of the same time."""
    n, found = len(times), np.zeros(len(times))
    starts = np.flatnonzero(np.append(True, times[1:] != times[:-1]))
    for start, end in zip(starts, np.append(starts[1:], n), strict=True):
        if end - start > 1:
            found[start:end] = _behind(ranks[start:end], weights[start:end], strict=strict)
    return found


def _behind(ranks: NDArray[np.int64], weights: Floats, *, strict: bool) -> Floats:
    """Return, per row, the weight of rows behind it whose rank is lower (or equal)."""
    index = np.arange(len(ranks))
    return _dominated(index, ranks, weights, strict=strict)
