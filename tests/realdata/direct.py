"""The other side of each comparison: windows over a log in numpy, without a line of the code under test."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"
FRAMINGS = ROOT / "examples" / "real"

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_SPAN = 10**14
"""More than three years in microseconds; every log here is shorter."""


def needs(folder: str) -> list[pytest.MarkDecorator]:
    """Marks of a module that reads a folder of the real logs beside the repository."""
    absent = not (DATA / folder).is_dir()
    return [
        pytest.mark.realdata,
        pytest.mark.skipif(absent, reason=f"{folder} is not in {DATA}; real logs are not shipped"),
        pytest.mark.xdist_group(f"realdata-{folder}"),
    ]


def values(table: pa.Table, name: str) -> np.ndarray:
    """A column as numpy; times as int microseconds, NULL numbers as nan."""
    column = table[name].combine_chunks()
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us", column.type.tz)).cast(pa.int64())
    return column.to_numpy(zero_copy_only=False)


def day(text: str) -> int:
    """Microseconds of a day or moment in UTC."""
    return int(np.datetime64(text, "us").astype(np.int64))


class History:
    """Events by key in time order: a window is a slice, its sum a difference of running sums."""

    def __init__(self, keys: np.ndarray, times: np.ndarray) -> None:
        self._names, codes = np.unique(keys, return_inverse=True)
        self._base = int(times.min())
        assert times.max() - self._base < _SPAN and len(self._names) * _SPAN < 2**63
        packed = codes * _SPAN + (times - self._base)
        self.order = np.argsort(packed, kind="stable")
        self._packed = packed[self.order]
        self.times = times[self.order]

    def window(self, keys: np.ndarray, start: Any, end: Any) -> tuple[np.ndarray, np.ndarray]:
        """Slices of the events of each key with start <= time < end."""
        codes = np.minimum(np.searchsorted(self._names, keys), len(self._names) - 1)
        known = self._names[codes] == keys
        first = np.searchsorted(self._packed, codes * _SPAN + np.clip(start - self._base, 0, _SPAN - 1))
        last = np.searchsorted(self._packed, codes * _SPAN + np.clip(end - self._base, 0, _SPAN - 1))
        return np.where(known, first, 0), np.where(known, np.maximum(first, last), 0)

    def total(self, amounts: np.ndarray, window: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        """Sum of the amounts in each slice; integers stay exact."""
        kind = np.int64 if amounts.dtype.kind in "bi" else np.longdouble
        running = np.concatenate([[kind(0)], np.cumsum(amounts[self.order], dtype=kind)])
        return running[window[1]] - running[window[0]]


def count(window: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Number of events in each slice."""
    return window[1] - window[0]


def ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """Quotient, nan where the denominator is 0."""
    return np.where(denominator > 0, numerator / np.maximum(denominator, 1), np.nan).astype(float)


def assert_equal(got: np.ndarray, wanted: np.ndarray) -> None:
    """Every row the same: integers exactly, others within 1e-9, nan (NULL) only where wanted."""
    if wanted.dtype.kind in "biu":
        wrong = got.astype(float) != wanted
    else:
        wrong = ~np.isclose(got.astype(float), wanted.astype(float), rtol=1e-9, atol=1e-9, equal_nan=True)
    rows = np.flatnonzero(wrong)
    assert not len(rows), f"{len(rows)} of {len(got)} rows, first {rows[0]}: {got[rows[0]]} {wanted[rows[0]]}"
