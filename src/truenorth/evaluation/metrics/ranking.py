"""How good the order of lists is.

References:
    Järvelin, Kekäläinen (2002). Cumulated gain-based evaluation of IR techniques. ACM TOIS 20.
    Burges et al. (2005). Learning to rank using gradient descent. ICML (the exponential gain).
    Zhu et al. (2017). Optimized cost per click in Taobao display advertising. KDD (GAUC).
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from truenorth.evaluation.metrics.lists import Lists, lists_by
from truenorth.statistics.estimates import Codes, Estimate, Floats


def ndcg(
    gain: Floats,
    score: Floats,
    group: Codes,
    *,
    at: int | None = None,
    form: Literal["exponential", "linear"] = "exponential",
) -> Estimate:
    """Return the discounted gain of the first K relative to the best order; a list without gain counts 0.

    Args:
        gain: Grade of each row, at least 0, shape (n,).
        score: What orders, shape (n,); ties share their places.
        group: List of each row, shape (n,).
        at: Only the first K places.
        form: `exponential` counts `2^grade - 1`, `linear` the grade.

    Examples:
        >>> ndcg(np.array([1.0, 0.0]), np.array([0.2, 0.9]), np.array([0, 0])).value.__round__(4)
        0.6309
    """
    worth = np.exp2(gain) - 1 if form == "exponential" else gain
    lists, best = lists_by(score, group), lists_by(worth, group)
    reached = lists.sum(worth[lists.order] * lists.shared(_discount(lists, at)))
    possible = best.sum(worth[best.order] * _discount(best, at))
    return lists.mean(np.divide(reached, possible, out=np.zeros(lists.n_lists), where=possible > 0))


def _discount(lists: Lists, at: int | None) -> Floats:
    return np.where(lists.place <= (at or len(lists.order)), 1 / np.log2(lists.place + 1), 0.0)


def _among(lists: Lists, at: int | None) -> Floats:
    return (lists.place <= (at or len(lists.order))).astype(np.float64)


def mean_average_precision(hit: Floats, score: Floats, group: Codes, *, at: int | None = None) -> Estimate:
    """Return the mean over lists of the mean precision at their hits; lists without a hit are left out."""
    lists = lists_by(score, group)
    hits = hit[lists.order]
    so_far = np.cumsum(hits)
    before = np.append(0.0, so_far)[lists.starts][lists.list_of]
    precision = (so_far - before) / lists.place * hits * _among(lists, at)
    relevant = lists.sum(hits)
    values = np.divide(lists.sum(precision), relevant, out=np.zeros(lists.n_lists), where=relevant > 0)
    return lists.mean(values, relevant > 0)


def mean_reciprocal_rank(hit: Floats, score: Floats, group: Codes, *, at: int | None = None) -> Estimate:
    """Return the mean over lists of one over the place of the first hit, 0 where there is none."""
    lists = lists_by(score, group)
    is_hit = (hit[lists.order] > 0) & (_among(lists, at) > 0)
    values = np.zeros(lists.n_lists)
    np.maximum.at(values, lists.list_of[is_hit], 1 / lists.place[is_hit])
    return lists.mean(values)


def hit_rate(hit: Floats, score: Floats, group: Codes, *, at: int | None = None) -> Estimate:
    """Return the share of lists with a hit among the first K."""
    lists = lists_by(score, group)
    return lists.mean((lists.sum(hit[lists.order] * _among(lists, at)) > 0).astype(np.float64))


def recall_at(hit: Floats, score: Floats, group: Codes, *, at: int | None = None) -> Estimate:
    """Return the mean over lists of the share of hits among the first K; lists without a hit are left out."""
    lists = lists_by(score, group)
    found = lists.sum(hit[lists.order] * lists.shared(_among(lists, at)))
    relevant = lists.sum(hit[lists.order])
    values = np.divide(found, relevant, out=np.zeros(lists.n_lists), where=relevant > 0)
    return lists.mean(values, relevant > 0)


def precision_at(hit: Floats, score: Floats, group: Codes, *, at: int) -> Estimate:
    """Return the mean over lists of the share of hits in the first K, or in all where fewer."""
    lists = lists_by(score, group)
    among = lists.shared(_among(lists, at))
    return lists.mean(lists.sum(hit[lists.order] * among) / lists.sum(among))


def value_at(value: Floats, score: Floats, group: Codes, *, at: int | None = None) -> Estimate:
    """Return the mean over lists of the summed value of the first K."""
    lists = lists_by(score, group)
    return lists.mean(lists.sum(value[lists.order] * lists.shared(_among(lists, at))))


def gauc(hit: Floats, score: Floats, group: Codes, weight: Floats | None = None) -> Estimate:
    """Return the ROC area within each list, weighted by its rows; lists of one class are left out.

    Examples:
        >>> gauc(np.array([1.0, 0.0, 1.0]), np.array([0.9, 0.1, 0.4]), np.array([0, 0, 1])).value
        1.0
    """
    lists = lists_by(score, group)
    rows = np.ones(len(hit)) if weight is None else weight[lists.order]
    hits = hit[lists.order] * rows
    misses = rows - hits
    positive, negative = lists.sum(hits), lists.sum(misses)
    # Weight of misses placed above a tie, plus half of those within it.
    per_tie = np.bincount(lists.tie, weights=misses)
    above = (np.cumsum(per_tie) - per_tie / 2)[lists.tie] - (np.cumsum(negative) - negative)[lists.list_of]
    below = lists.sum(hits * (negative[lists.list_of] - above))
    both = (positive > 0) & (negative > 0)
    area = np.divide(below, positive * negative, out=np.zeros(lists.n_lists), where=both)
    return lists.mean(area, both, lists.sum(rows))


def first(score: Floats, group: Codes, at: int) -> NDArray[np.bool_]:
    """Return which rows are among the first K of their list, shape (n,)."""
    lists = lists_by(score, group)
    found = np.zeros(len(score), dtype=bool)
    found[lists.order[lists.place <= at]] = True
    return found
