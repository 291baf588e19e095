"""Re-ranking: which rows of each list are shown, and in which order, under rules.

Drops and caps always hold. Places go to pinned rows, then as many fresh ones as are asked for and caps allow,
then to the rest in the order of the score; a list that already holds enough fresh rows is left as it is. Rows
that are shown stand in the order of the score, pinned ones first; spreading moves equal neighbours apart.
All lists are walked at once, so that cost grows with rows and not with lists.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from truenorth.decision.periods import Ints, places, runs
from truenorth.engine.vectors import Vector

Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Cap:
    """At most so many rows of a list share a value."""

    most: int
    pair: Ints
    """Number of the (list, value) of each row, from 0; -1 where the value is NULL, which no cap counts."""


@dataclass(frozen=True, eq=False)
class Fresh:
    """At least so many rows of a list for which a condition holds."""

    least: int
    holds: Bools


@dataclass(frozen=True, eq=False)
class Rules:
    """What re-ranking keeps to, as arrays over the rows."""

    show: int | None
    """Most rows of a list."""
    dropped: Bools
    pinned: Bools
    first: Bools
    """At most one row of each list, drawn to take the first place."""
    caps: tuple[Cap, ...] = ()
    fresh: tuple[Fresh, ...] = ()
    spread: tuple[Ints, ...] = ()
    """Values that should differ between neighbours; NULL ones are negative and differ from each other."""

    def with_first(self, first: Bools) -> Rules:
        """Return the rules with other rows drawn for the first place."""
        return Rules(self.show, self.dropped, self.pinned, first, self.caps, self.fresh, self.spread)


def list_codes(group: Vector | None, n_rows: int) -> Ints:
    """Return the number of the list of each row, 0 to lists - 1; without a group all rows are one list."""
    if group is None:
        return np.zeros(n_rows, dtype=np.int64)
    values = value_codes(group)
    return np.asarray(np.unique(values, return_inverse=True)[1].ravel(), dtype=np.int64)


def value_codes(vector: Vector) -> Ints:
    """Return equal numbers for equal values, >= 0; each NULL has a negative number of its own."""
    if vector.role == "text":
        codes = vector.values.astype(np.int64)
    elif vector.role == "list":
        codes = np.unique([str(item) for item in vector.values], return_inverse=True)[1].astype(np.int64)
    else:
        codes = np.unique(vector.values, return_inverse=True)[1].ravel().astype(np.int64)
    return np.where(vector.is_null, -1 - np.arange(len(vector)), codes)


def pair_codes(lists: Ints, values: Ints) -> Ints:
    """Return the number of the (list, value) of each row, from 0; -1 where the value is NULL."""
    width = int(values.max(initial=0)) + 1
    pair = np.unique(lists * width + np.maximum(values, 0), return_inverse=True)[1].ravel()
    return np.where(values < 0, -1, pair).astype(np.int64)


def rerank(lists: Ints, order: Ints, rules: Rules) -> Ints:
    """Return the place of each row in its list, 1 is the top, 0 is not shown; shape (n,).

    Args:
        lists: Number of the list of each row, 0 to lists - 1.
        order: Rows from best to worst, lists in any mixture.
        rules: What to keep to.
    """
    n_lists = int(lists.max(initial=-1)) + 1
    shown = _chosen(lists, order, rules, n_lists, ~rules.dropped, with_fresh=False)
    short = _short_of_fresh(lists, shown, rules, n_lists)
    if short.any():
        again = short[lists]
        anew = _chosen(lists, order, rules, n_lists, ~rules.dropped & again, with_fresh=True)
        shown = np.where(again, anew, shown)
    kept = order[shown[order]]
    head = np.where(rules.first[kept], 0, np.where(rules.pinned[kept], 1, 2))
    kept = kept[np.lexsort((np.arange(len(kept)), head, lists[kept]))]
    fixed = rules.first | rules.pinned
    for values in rules.spread:
        kept = _spread(lists, kept, values, fixed)
    rank = np.zeros(len(lists), dtype=np.int64)
    if len(kept):
        rank[kept] = places(lists[kept], np.arange(len(kept))) + 1
    return rank


def _chosen(
    lists: Ints, order: Ints, rules: Rules, n_lists: int, eligible: Bools, *, with_fresh: bool
) -> Bools:
    """Return which rows are shown: drawn, pinned, fresh where asked for, then the rest."""
    show = len(lists) if rules.show is None else rules.show
    chosen = np.zeros(len(lists), dtype=bool)
    room = np.full(n_lists, show, dtype=np.int64)
    ordered = order[eligible[order]]

    def take(wanted: Bools, most: Ints) -> None:
        left = ordered[wanted[ordered] & ~chosen[ordered]]
        taken = _walk(lists, left, np.minimum(most, room), rules.caps, chosen)
        chosen[taken] = True
        np.subtract.at(room, lists[taken], 1)

    if rules.first.any():
        take(rules.first, room)
    if rules.pinned.any():
        take(rules.pinned, room)
    for one in rules.fresh if with_fresh else ():
        have = np.bincount(lists[chosen & one.holds], minlength=n_lists)
        take(one.holds, np.maximum(one.least - have, 0))
    take(np.ones(len(lists), dtype=bool), room)
    return chosen


def _walk(lists: Ints, rows: Ints, most: Ints, caps: Sequence[Cap], chosen: Bools) -> Ints:
    """Return the rows that are taken when each list is walked down, at most `most` of a list, under caps."""
    if not len(rows):
        return rows
    counts = [np.bincount(cap.pair[chosen & (cap.pair >= 0)], minlength=_width(cap)) for cap in caps]
    if len(caps) == 1:  # the place among equals says it at once
        cap, count = caps[0], counts[0]
        pair = np.where(cap.pair[rows] < 0, _width(cap) + np.arange(len(rows)), cap.pair[rows])
        before = places(pair, np.arange(len(rows)))
        taken = np.where(cap.pair[rows] < 0, 0, count[cap.pair[rows]])
        rows = rows[before + taken < cap.most]
    if len(caps) <= 1:
        return rows[places(lists[rows], np.arange(len(rows))) < most[lists[rows]]] if len(rows) else rows
    return _step(lists, rows, most, caps, counts)


def _step(
    lists: Ints, rows: Ints, most: Ints, caps: Sequence[Cap], counts: Sequence[NDArray[np.intp]]
) -> Ints:
    """Walk all lists down one place at a time: a row that one cap refuses does not count for another."""
    depth = places(lists[rows], np.arange(len(rows)))
    by_depth = rows[np.argsort(depth, kind="stable")]
    ends = np.cumsum(np.bincount(depth))
    left = most.copy()
    taken = []
    start = 0
    for end in ends:
        here = by_depth[start:end]
        start = end
        fits = left[lists[here]] > 0
        if not fits.any():
            continue
        for cap, count in zip(caps, counts, strict=True):
            pair = cap.pair[here]
            fits &= (pair < 0) | (count[np.maximum(pair, 0)] < cap.most)
        here = here[fits]
        taken.append(here)
        left[lists[here]] -= 1  # a list stands at one row of a depth
        for cap, count in zip(caps, counts, strict=True):
            pair = cap.pair[here]
            count[pair[pair >= 0]] += 1
    return np.concatenate(taken) if taken else rows[:0]


def _width(cap: Cap) -> int:
    return int(cap.pair.max(initial=0)) + 1


def _short_of_fresh(lists: Ints, shown: Bools, rules: Rules, n_lists: int) -> Bools:
    """Return the lists that show fewer fresh rows than asked for, although there are more."""
    short = np.zeros(n_lists, dtype=bool)
    for one in rules.fresh:
        have = np.bincount(lists[shown & one.holds], minlength=n_lists)
        there = np.bincount(lists[~rules.dropped & one.holds], minlength=n_lists)
        short |= (have < one.least) & (there > have)
    return short


def _spread(lists: Ints, kept: Ints, values: Ints, fixed: Bools) -> Ints:
    """Return the shown rows, list by list, with as few equal neighbours as can be.

    Each place takes the best row that differs from the one before; a value that fills more than half of what
    is left goes first, because otherwise its rows would end up side by side.
    """
    starts, lengths = runs(lists[kept])
    result = kept.copy()
    size = np.frexp(np.maximum(lengths - 1, 0))[1]  # lists of like length are padded to one width
    for one in np.unique(size[lengths > 2]):
        chosen = np.flatnonzero((size == one) & (lengths > 2))
        width = int(lengths[chosen].max())
        column = np.arange(width)
        real = column < lengths[chosen, None]
        at = np.where(real, starts[chosen, None] + column, 0)
        rows = kept[at]
        held = (fixed[rows] & real).sum(axis=1)
        moved = _apart(values[rows], real, held)
        result[(starts[chosen, None] + column)[real]] = np.take_along_axis(rows, moved, axis=1)[real]
    return result


def _apart(values: Ints, real: Bools, held: NDArray[np.intp]) -> Ints:
    """Return the order of the columns of each list, shape (lists, width), the first `held` unmoved."""
    n_lists, width = values.shape
    left = real.copy()
    alike = np.array([((values == values[:, [j]]) & real).sum(axis=1) for j in range(width)]).T
    order = np.zeros((n_lists, width), dtype=np.int64)
    before = np.full(n_lists, np.iinfo(np.int64).min)
    each = np.arange(n_lists)
    for place in range(width):
        n_left = left.sum(axis=1, keepdims=True)
        other = left & (values != before[:, None])
        pressing = other & (2 * alike > n_left)
        best = np.where(
            pressing.any(axis=1),
            pressing.argmax(axis=1),
            np.where(other.any(axis=1), other.argmax(axis=1), left.argmax(axis=1)),
        )
        best = np.where(place < held, place, best)
        order[:, place] = best
        before = values[each, best]
        left[each, best] = False
        alike -= (values == before[:, None]).astype(alike.dtype)
    return order
