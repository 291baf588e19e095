"""Random numbers and tables that do not depend on how much is in memory.

A world is made of units: some thousand rows of one day, in time order. Every unit has its own generator,
spawned from the seed by its day and number, so that its content depends on neither the units before it nor
on where a file or a row group ends. Each unit becomes one row group.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from truenorth.worlds.world import START

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Columns = Mapping[str, Any]
"""Arrays of one length by column name: NumPy arrays, masked arrays (masked = NULL) or Arrow arrays."""

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
"""Times are int64 microseconds UTC until they are written."""

START_US = int(START.timestamp()) * SECOND
STAMP = pa.timestamp("us", tz="UTC")

DAILY_RHYTHM = np.array(
    [9, 6, 4, 3, 3, 5, 10, 20, 30, 36, 40, 44, 50, 48, 44, 44, 46, 52, 58, 62, 60, 48, 30, 16],
    dtype=np.float64,
)
"""Relative number of events in each hour of the day, UTC."""


def generator(seed: int, *key: int) -> np.random.Generator:
    """Return the generator of one unit: the child of `seed` at the spawn key `key`.

    Examples:
        >>> bool(generator(1, 2, 3).random() == generator(1, 2, 3).random())
        True
    """
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


def day_start(day: int) -> int:
    """Return the first microsecond of a day of the world, counted from 0."""
    return START_US + day * DAY


def day_name(day: int) -> str:
    """Return the date of a day, as files are named.

    Examples:
        >>> day_name(27)
        '2026-02-01'
    """
    return str(np.datetime64(day_start(day), "us").astype("datetime64[D]"))


def times_of_day(rng: np.random.Generator, n: int, rhythm: Floats = DAILY_RHYTHM) -> Ints:
    """Return sorted times within a day, microseconds after midnight, hours in proportion to `rhythm`."""
    ends = np.cumsum(rhythm) / rhythm.sum()
    hours = np.searchsorted(ends, rng.random(n), side="right")
    return np.sort(hours * HOUR + rng.integers(0, HOUR, n))


def units(n: int, size: int) -> Iterator[tuple[int, slice]]:
    """Yield the number and the rows of each unit of at most `size` rows.

    Examples:
        >>> list(units(5, 2))
        [(0, slice(0, 2, None)), (1, slice(2, 4, None)), (2, slice(4, 5, None))]
    """
    for number, first in enumerate(range(0, n, size)):
        yield number, slice(first, min(first + size, n))


def microseconds(seconds: Floats) -> Ints:
    """Return durations in whole microseconds."""
    return np.rint(seconds * SECOND).astype(np.int64)


def where_known(values: npt.NDArray[Any], known: Bools) -> Any:
    """Return `values` with NULL where not `known`."""
    return np.ma.masked_array(values, mask=~known)


def names_of(codes: npt.NDArray[Any], names: tuple[str, ...]) -> Any:
    """Return the Arrow text column `names[codes]`."""
    return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), pa.array(names)).cast(pa.string())


def logistic(x: Floats) -> Floats:
    """Return 1 / (1 + exp(-x)).

    Examples:
        >>> float(logistic(np.zeros(1))[0])
        0.5
    """
    return np.asarray(1 / (1 + np.exp(-x)), dtype=np.float64)


@contextmanager
def parquet_file(path: Path, schema: Any) -> Iterator[Callable[[Columns], int]]:
    """Open a Parquet file and yield a function that appends columns as a row group and returns their rows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    texts = [field.name for field in schema if field.type == pa.string()]
    with pq.ParquetWriter(
        path, schema, compression="zstd", compression_level=1, use_dictionary=texts
    ) as writer:

        def append(columns: Columns) -> int:
            table = pa.table([_column(columns[field.name], field.type) for field in schema], schema=schema)
            if table.num_rows:
                writer.write_table(table, row_group_size=table.num_rows)
            return int(table.num_rows)

        yield append


def write_parquet(path: Path, schema: Any, columns: Columns) -> int:
    """Write one small table as a file of its own and return its rows."""
    with parquet_file(path, schema) as append:
        return append(columns)


def _column(values: Any, kind: Any) -> Any:
    if isinstance(values, (pa.Array, pa.ChunkedArray)):
        return values
    if isinstance(values, np.ma.MaskedArray):
        return pa.array(values.data, mask=np.ma.getmaskarray(values)).cast(kind)
    return pa.array(values).cast(kind)


def write_days(folder: Path, schema: Any, columns: Columns, days: int) -> int:
    """Write a table that fits in memory as one file per day, and return its rows.

    Args:
        folder: Folder of the table.
        schema: Its first field is the time that files are named after.
        columns: Rows in any order, all within the world; they are sorted by time, ties as they stand.
        days: Length of the world.
    """
    time = np.asarray(columns[schema[0].name])
    order = np.argsort(time, kind="stable")
    ends = np.searchsorted(time[order], [day_start(day) for day in range(days + 1)])
    for day in range(days):
        rows = order[ends[day] : ends[day + 1]]
        write_parquet(
            folder / f"{day_name(day)}.parquet", schema, {n: _rows(columns[n], rows) for n in schema.names}
        )
    return int(ends[-1] - ends[0])


def _rows(values: Any, rows: Ints) -> Any:
    is_arrow = isinstance(values, (pa.Array, pa.ChunkedArray))
    return values.take(pa.array(rows)) if is_arrow else values[rows]
