"""Periods on the UTC grid: which day or week a row falls in, and in which order its rows arrive."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from truenorth.engine.vectors import NULL_TIME, Vector, Vectors
from truenorth.framing.durations import Duration

Ints = NDArray[np.int64]


def times(columns: Mapping[str, Vector], n_rows: int) -> Ints:
    """Return the prediction times, microseconds UTC; undated rows share one time."""
    at = columns.get("at")
    if at is None or at.role != "time":
        return np.zeros(n_rows, dtype=np.int64)
    return np.where(at.values == NULL_TIME, 0, at.values).astype(np.int64)


def periods(columns: Mapping[str, Vector], n_rows: int, per: Duration) -> Ints:
    """Return the number of the period that each row falls in, counted from 1970-01-01 UTC."""
    return np.asarray(times(columns, n_rows) // per.microseconds, dtype=np.int64)


def span(numbers: Ints) -> int:
    """Return how many periods lie between the first and the last row, quiet ones included; at least 1."""
    return int(numbers.max() - numbers.min()) + 1 if len(numbers) else 1


def places(groups: Ints, order: Ints) -> Ints:
    """Return the place of each row in its group when rows are taken in `order`, from 0; shape (n,)."""
    by_group = order[np.argsort(groups[order], kind="stable")]
    sorted_groups = groups[by_group]
    starts, lengths = runs(sorted_groups)
    place = np.empty(len(order), dtype=np.int64)
    place[by_group] = np.arange(len(order)) - np.repeat(starts, lengths)
    return place


def filled(groups: Ints, order: Ints, weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weight of each row's group up to and with the row, rows taken in `order`; shape (n,)."""
    by_group = order[np.argsort(groups[order], kind="stable")]
    upto = np.cumsum(weight[by_group])
    starts, lengths = runs(groups[by_group])
    before = np.append(0.0, upto)[starts]
    result = np.empty(len(order))
    result[by_group] = upto - np.repeat(before, lengths)
    return result


def runs(values: Ints) -> tuple[Ints, Ints]:
    """Return where runs of equal values start, and how long they are."""
    changes = np.ones(len(values), dtype=bool)
    np.not_equal(values[1:], values[:-1], out=changes[1:])
    starts = np.flatnonzero(changes)
    return starts, np.diff(starts, append=len(values))


def keyed_order(columns: Vectors, *levels: NDArray[np.float64] | Ints) -> Ints:
    """Return the rows sorted by `levels`, the first counting most; ties by `example_id`, then as they stand.

    Only rows that tie are compared by their key, because comparing texts is slow.
    """
    order = np.lexsort(levels[::-1]) if levels else np.arange(columns.n_rows)
    key = columns.get("example_id")
    if key is None or len(order) < 2:
        return np.asarray(order, dtype=np.int64)
    same = np.ones(len(order) - 1, dtype=bool)
    for level in levels:
        same &= level[order][1:] == level[order][:-1]
    if not same.any():
        return np.asarray(order, dtype=np.int64)
    tied = np.flatnonzero(np.r_[same, False] | np.r_[False, same])
    run = np.cumsum(np.r_[True, ~same])[tied]
    rows = order[tied]
    text = key.take(rows)
    names = text.values if text.levels is None else text.texts().astype(str)
    order[tied] = rows[np.lexsort((names, run))]
    return np.asarray(order, dtype=np.int64)
