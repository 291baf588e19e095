"""Keys that stand out of their own kind, and rows that are there twice under other ids."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from truenorth.audit.evidence import DataEvidence
from truenorth.engine.vectors import Vector

LEAST_KEYS = 100
"""Keys below which each is expected to hold a large share."""
STANDS_OUT = 5.0
"""How many times the count that the next keys let expect of it a key must have."""
_MOST_OUT = 5
_FITTED = 20

Ints = NDArray[np.int64]
_MOST_CELLS = 30_000_000
"""Keys times days up to which they are counted in a table."""
_MIXERS = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9))


@dataclass(frozen=True)
class Outstanding:
    """The largest keys, of which there are more rows than a long tail explains."""

    n_keys: int
    """How many stand out, 1 to 5."""
    count: int
    """Rows of the largest."""
    expected: float
    """Rows that it would have if it followed the keys after it."""
    share: float
    """Share of all rows that those keys hold."""


def outstanding(counts: Ints) -> Outstanding | None:
    """Return the largest keys if they break the curve of those after them; None for an ordinary long tail.

    Counts of people and things fall with rank along a line of logarithms. The line is drawn through the
    twenty keys after the first few and read at the few.

    Args:
        counts: Rows per key, in any order.

    Examples:
        >>> tail = np.asarray([1000 // rank for rank in range(1, 200)])
        >>> outstanding(tail) is None, outstanding(np.append(tail, 20_000)).n_keys
        (True, 1)
    """
    if len(counts) < LEAST_KEYS:
        return None
    top = np.sort(counts)[::-1][: _MOST_OUT + _FITTED].astype(np.float64)
    for n_keys in range(_MOST_OUT, 0, -1):
        rank = np.log(np.arange(n_keys + 1, n_keys + 1 + _FITTED) - n_keys)
        slope, level = np.polyfit(rank, np.log(top[n_keys : n_keys + _FITTED]), 1)
        expected = float(np.exp(level - min(slope, 0.0) * np.log(n_keys + 1.0)))
        if top[n_keys - 1] >= STANDS_OUT * expected:
            share = float(top[:n_keys].sum() / counts.sum())
            return Outstanding(n_keys, int(top[0]), expected, share)
    return None


def counts_of(keys: Vector) -> Ints:
    """Return the rows per key, missing ones left out."""
    counts = np.bincount(_codes(keys))
    return np.asarray(counts[counts > 0], dtype=np.int64)


def counts_per_day(keys: Vector, day: Ints) -> Ints:
    """Return the most rows that each key has on one day."""
    code, day = _codes(keys), day[~keys.is_null]
    if not len(code):
        return np.empty(0, dtype=np.int64)
    n_days = int(day.max() - day.min()) + 1
    pairs = code * n_days + (day - day.min())
    n_pairs = (int(code.max()) + 1) * n_days
    if n_pairs <= _MOST_CELLS:
        return np.asarray(np.bincount(pairs, minlength=n_pairs).reshape(-1, n_days).max(axis=1))
    found, counts = np.unique(pairs, return_counts=True)
    most = np.zeros(int(code.max()) + 1, dtype=np.int64)
    np.maximum.at(most, found // n_days, counts)
    return most


def _codes(keys: Vector) -> Ints:
    """Return a code from 0 for each key that is known."""
    known = keys.values[~keys.is_null]
    if keys.levels is not None:
        return known.astype(np.int64)
    if len(known) and known.dtype.kind == "f" and known.min() >= 0 and known.max() < 4 * len(known):
        whole = known.astype(np.int64)
        if (whole == known).all():
            return whole
    return np.unique(known, return_inverse=True)[1].astype(np.int64)


def repeated_rows(evidence: DataEvidence, keys: Iterable[str], values: Iterable[str]) -> int:
    """Return how many rows have the same keys and values as an earlier row.

    Rows whose keys are theirs alone are put aside first: mostly that leaves few to compare.
    """
    every = np.arange(evidence.dataset.n_rows)
    rows = _alike(_mixed(evidence, keys, every), every)
    mixed = _mixed(evidence, [*keys, *values], rows)
    return int(len(rows) - len(np.unique(mixed)))


def _alike(mixed: NDArray[np.uint64], rows: Ints) -> Ints:
    order = np.argsort(mixed, kind="stable")
    is_same = np.diff(mixed[order]) == 0
    return np.asarray(rows[np.sort(order[np.append(is_same, False) | np.append(False, is_same)])])


def _mixed(evidence: DataEvidence, names: Iterable[str], rows: Ints) -> NDArray[np.uint64]:
    """Return a hash of each row over some columns; lists are passed over."""
    mixed = np.zeros(len(rows), dtype=np.uint64)
    for name in names:
        column = evidence.column(name)
        if column is None or column.role == "list":
            continue
        values = column.values[rows]
        plain = values + 0.0 if values.dtype.kind == "f" else values.astype(np.int64)
        mixed = (mixed ^ (np.ascontiguousarray(plain).view(np.uint64) * _MIXERS[0])) * _MIXERS[1]
        mixed ^= mixed >> np.uint64(29)
    return mixed
