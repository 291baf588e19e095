"""Rows of the test that training has seen already: the same features, or nearly, by more than chance.

A row counts only where chance would not repeat it: the frequencies of its values, multiplied, leave less
than one expected twin in a hundred. Two payments of 10 euro by new customers are no twins; two that agree
in twelve measured numbers are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from truenorth.audit.evidence import SAMPLE, DataEvidence
from truenorth.engine.vectors import Vector

Keys = NDArray[np.uint64]
Mask = NDArray[np.bool_]

EXPECTED = 0.01
"""Most twins that chance may be expected to make of a row that counts."""
DIGITS = 3
"""Significant digits in which near twins agree."""
MOST = 300_000
"""Most training rows that are looked at, the latest."""
EARLIER = 0.8
"""Share of the training rows, by time, that the rest of them is compared with as a reference."""
RAREST = 0.0005
"""Share below which a value of a number counts as no rarer: one column alone proves nothing."""
_WORD_SURPRISE = np.log(100.0)
"""How much less likely each word makes a text that somebody else wrote."""


@dataclass(frozen=True)
class Twins:
    """Which rows repeat an earlier one."""

    exact: Mask
    """Test rows that agree with a training row in every feature, shape (tests,)."""
    near: Mask
    """Test rows that agree after rounding, and after case, digits and signs of a text are levelled."""
    same_entity: Mask
    """Exact twins that have the same entity as well."""
    reference: float
    """Share of the later training rows that have a near twin among the earlier ones."""
    rows: NDArray[np.int64]
    """Rows of the table that were looked at, shape (tests,)."""

    @property
    def share(self) -> float:
        """Share of the test rows with a near twin."""
        return float(self.near.mean()) if len(self.near) else 0.0


def twins(data: DataEvidence, *, is_text: frozenset[str]) -> Twins | None:
    """Return the test rows that training holds already; None where a part or the features are missing."""
    train, test = np.flatnonzero(data.train), np.flatnonzero(data.test)
    names = [name for name in data.feature_names if data.dataset.columns[name].role != "list"]
    if not len(train) or not len(test) or not names:
        return None
    test, train = _thinned(test), train[-MOST:]
    cut = int(len(train) * EARLIER)
    of_all = np.concatenate([train, test])
    table = data.dataset.columns.select(tuple({*names, *_entities(data)})).take(of_all)
    train, test = np.arange(len(train)), np.arange(len(train), len(of_all))
    later = _thinned(train[cut:])
    columns = {name: table[name] for name in names}
    exact, near = _keys(columns, near=False), _keys(columns, near=True)
    whom = {name: table[name] for name in _entities(data)}
    both = exact ^ _keys(whom, near=False) if whom else exact
    looked = np.concatenate([test, later])
    tells = _surprise(columns, is_text, train, looked) > np.log(len(train) / EXPECTED)
    of_test = tells[: len(test)]
    return Twins(
        exact=np.isin(exact[test], exact[train]) & of_test,
        near=np.isin(near[test], near[train]) & of_test,
        same_entity=np.isin(both[test], both[train]) & of_test & bool(whom),
        reference=_share(near[later], near[train[:cut]], tells[len(test) :]),
        rows=of_all[test],
    )


def _thinned(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    return rows[:: max(1, -(-len(rows) // SAMPLE))]


def _entities(data: DataEvidence) -> list[str]:
    found = {name: data.column(name) for name in data.dataset.framing.table.entity}
    return [name for name, column in found.items() if column is not None and column.role != "list"]


def _share(keys: Keys, earlier: Keys, tells: Mask) -> float:
    return float((np.isin(keys, earlier) & tells).mean()) if len(keys) else 0.0


def _keys(columns: dict[str, Vector], *, near: bool) -> Keys:
    """Return one number per row that equal rows share."""
    size = len(next(iter(columns.values()))) if columns else 0
    key = np.zeros(size, dtype=np.uint64)
    for column in columns.values():
        key = _mixed(key * np.uint64(0x9E3779B97F4A7C15) + _bits(column, near=near))
    return key


def _mixed(key: Keys) -> Keys:
    """Scatter bits, so that sums of unlike columns do not meet (the finaliser of SplitMix64)."""
    key = (key ^ (key >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    key = (key ^ (key >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return key ^ (key >> np.uint64(31))


def _bits(column: Vector, *, near: bool) -> Keys:
    if column.role == "text":
        codes = _levelled(column) if near else column.values.astype(np.int64)
        return np.asarray(codes).astype(np.uint64)
    if column.role == "time":
        return column.values.astype(np.uint64)
    values = np.where(np.isfinite(column.values), column.values, np.nan)
    return np.asarray((rounded(values) if near else values) + 0.0).view(np.uint64)


def rounded(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return numbers with three significant digits."""
    with np.errstate(divide="ignore", invalid="ignore"):
        size = np.floor(np.log10(np.abs(values)))
    scale = 10.0 ** (DIGITS - 1 - np.where(np.isfinite(size), size, 0.0))
    return np.asarray(np.round(values * scale) / scale)


def _levelled(column: Vector) -> NDArray[np.int64]:
    """Return codes under which texts that differ in case, digits and signs alone are one."""
    levels = [] if column.levels is None else [levelled(str(one)) for one in column.levels]
    codes = np.unique(np.asarray([*levels, ""], dtype=object).astype(str), return_inverse=True)[1]
    return np.asarray(np.where(column.values < 0, -1, codes[column.values]), dtype=np.int64)


def levelled(text: str) -> str:
    """Return a text in lower case, every number a 0, words with single spaces.

    Examples:
        >>> levelled("WIN 500 now!!  Call 0800-123")
        'win 0 now call 0 0'
    """
    return " ".join(re.findall(r"[^\W_]+", re.sub(r"\d+", "0", text.lower())))


def _surprise(
    columns: dict[str, Vector], is_text: frozenset[str], train: NDArray[np.int64], rows: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return minus the logarithm of how often chance makes each row, as if columns were independent."""
    total = np.zeros(len(rows))
    for name, column in columns.items():
        total += _words(column, rows) if name in is_text else _rarity(column, _thinned(train), rows)
    return total


def _words(column: Vector, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    if column.role != "text" or column.levels is None:
        return np.zeros(len(rows))
    counts = np.asarray([*(len(levelled(str(one)).split()) for one in column.levels), 0], dtype=np.float64)
    return np.asarray(_WORD_SURPRISE * counts[column.values[rows]])


def _rarity(column: Vector, sample: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return how rare each value is among training rows; none counts as rarer than one in 2,000."""
    wanted = _bits(column.take(rows), near=True) if column.role != "text" else column.values[rows]
    given = _bits(column.take(sample), near=True) if column.role != "text" else column.values[sample]
    values, counts = np.unique(given, return_counts=True)
    place = np.minimum(np.searchsorted(values, wanted), len(values) - 1)
    seen = np.where(values[place] == wanted, counts[place], 0)
    return np.asarray(-np.log(np.clip((seen + 1) / (len(given) + 1), RAREST, 1.0)))
