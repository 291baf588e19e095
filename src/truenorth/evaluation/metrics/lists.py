"""Lists in the order of a score, and what every list metric computes on them.

Rows of equal score share their places: a metric that is linear in the places takes its expectation over their
orders, the others take one order drawn by a fixed seed. The order of the log never decides, because it is the
order of the policy that is to be replaced.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from truenorth.statistics.estimates import Codes, Estimate, Floats, codes_of

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Lists:
    """Rows sorted by list, then from the highest score down."""

    order: Ints
    """Row at each place of the table, shape (n,)."""
    list_of: Codes
    """List of each sorted row, rising, shape (n,)."""
    starts: Ints
    """Where each list starts, shape (lists,)."""
    place: Ints
    """Place in the list, 1 is the top, shape (n,)."""
    tie: Codes
    """Tied rows of one list share a number, rising, shape (n,)."""

    @property
    def n_lists(self) -> int:
        """Number of lists."""
        return len(self.starts)

    def sum(self, values: Floats) -> Floats:
        """Return the sum over each list of values in sorted order, shape (lists,)."""
        return np.asarray(np.bincount(self.list_of, values, self.n_lists), dtype=np.float64)

    def shared(self, values: Floats) -> Floats:
        """Return values of places as their mean over the rows that are tied there, in sorted order."""
        count = np.bincount(self.tie)
        return np.asarray((np.bincount(self.tie, weights=values) / count)[self.tie])

    def mean(
        self, values: Floats, counts: NDArray[np.bool_] | None = None, weight: Floats | None = None
    ) -> Estimate:
        """Return the mean over lists; each list's influence lies on its first row.

        Args:
            values: One value per list.
            counts: Lists that count; all by default.
            weight: Weight of each list; 1 by default.
        """
        kept = np.ones(self.n_lists) if weight is None else weight.copy()
        kept = kept if counts is None else kept * counts
        influence = np.zeros(len(self.order))
        if not kept.sum() > 0:
            return Estimate(np.nan, influence)
        value = float(np.sum(kept * np.where(kept > 0, values, 0.0)) / kept.sum())
        moved = np.where(kept > 0, kept * (values - value) / kept.sum(), 0.0)
        influence[self.order[self.starts]] = moved
        return Estimate(value, influence)


def lists_by(score: Floats, group: Codes) -> Lists:
    """Return the rows as lists.

    Args:
        score: What orders, higher first, shape (n,).
        group: List of each row, any integers, shape (n,).
    """
    group = codes_of(group)
    shuffled = np.random.default_rng(0).permutation(len(score))
    order = shuffled[np.lexsort((-score[shuffled], group[shuffled]))]
    list_of, ordered = group[order], score[order]
    is_first = np.append(np.ones(min(len(order), 1), dtype=bool), list_of[1:] != list_of[:-1])
    starts = np.flatnonzero(is_first)
    place = np.arange(len(order)) - starts[list_of] + 1 if len(order) else np.empty(0, dtype=np.int64)
    is_new = is_first | np.append(np.ones(min(len(order), 1), dtype=bool), ordered[1:] != ordered[:-1])
    return Lists(order, list_of, starts, place, np.cumsum(is_new) - 1)
