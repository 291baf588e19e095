"""What lists do to a catalogue: coverage, diversity, novelty, concentration.

References:
    Castells, Hurley, Vargas (2015). Novelty and diversity in recommender systems. Recommender Systems
    Handbook. Fleder, Hosanagar (2009). Blockbuster culture's next rise or fall. Management Science 55
    (Gini).
"""

from __future__ import annotations

import numpy as np

from truenorth.evaluation.metrics.lists import lists_by
from truenorth.statistics.estimates import Codes, Estimate, Floats, codes_of


def catalogue_coverage(item: Codes, score: Floats, group: Codes, *, at: int | None = None) -> float:
    """Return the share of the items among the rows that stand among the first K of some list."""
    lists = lists_by(score, group)
    shown = lists.order[lists.place <= (at or len(item))]
    return len(np.unique(item[shown])) / max(len(np.unique(item)), 1)


def intra_list_diversity(kind: Codes, score: Floats, group: Codes, *, at: int | None = None) -> Estimate:
    """Return the mean over lists of the share of pairs among the first K that differ in kind.

    Lists of one row are left out.
    """
    lists = lists_by(score, group)
    among = lists.place <= (at or len(kind))
    size = lists.sum(among.astype(np.float64))
    pair = codes_of(lists.list_of * (int(kind.max(initial=0)) + 1) + kind[lists.order])
    alike = np.bincount(pair, weights=among)
    list_of_pair = np.zeros(len(alike), dtype=np.int64)
    list_of_pair[pair] = lists.list_of
    same = np.bincount(list_of_pair, weights=alike * (alike - 1), minlength=lists.n_lists)
    pairs = size * (size - 1)
    return lists.mean(1 - np.divide(same, pairs, out=np.zeros(lists.n_lists), where=pairs > 0), pairs > 0)


def novelty(popularity: Floats, score: Floats, group: Codes, *, at: int | None = None) -> Estimate:
    """Return the mean over lists of the mean `-log2` popularity of the first K, bits.

    Args:
        popularity: Share of past exposure that each row's item had, in (0, 1].
        score: What orders, shape (n,).
        group: List of each row, shape (n,).
        at: Only the first K places.
    """
    lists = lists_by(score, group)
    among = (lists.place <= (at or len(score))).astype(np.float64)
    return lists.mean(lists.sum(-np.log2(popularity[lists.order]) * among) / lists.sum(among))


def gini(values: Floats, owner: Codes, weight: Floats | None = None) -> Estimate:
    """Return how concentrated a total is over its owners: 0 even, towards 1 with one of them. NaN at total 0.

    Examples:
        >>> gini(np.array([1.0, 1.0, 4.0]), np.array([0, 1, 2])).value.__round__(4)
        0.3333
    """
    weighted = values if weight is None else values * weight
    owner = codes_of(owner)
    totals = np.bincount(owner, weights=weighted)
    whole, m = totals.sum(), len(totals)
    if not whole > 0:
        return Estimate(np.nan, np.zeros(len(values)))
    rank = np.empty(m)
    rank[np.argsort(totals, kind="stable")] = np.arange(1, m + 1)
    lean = (2 * rank - m - 1) / m
    value = float(np.sum(lean * totals) / whole)
    return Estimate(value, weighted * ((lean - value) / whole)[owner])
