"""Columns as arrays: what models, decisions and metrics compute on, once the rows have left the engine.

A `Vector` is one column, NULL included; `Vectors` is a table of them. Text is dictionary-encoded, so that
comparing, grouping and counting it costs what the same on integers costs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa

Role = Literal["number", "boolean", "text", "time", "list"]

NULL_TIME = np.iinfo(np.int64).min
"""The time that stands for NULL."""


@dataclass(frozen=True, eq=False)
class Vector:
    """One column.

    `number`: float64, NaN is NULL. `boolean`: float64 0 and 1, NaN is NULL. `text`: int32 codes into
    `levels`, which differ, -1 is NULL. `time`: int64 microseconds UTC, `NULL_TIME` is NULL. `list`: objects,
    None is NULL.
    """

    role: Role
    values: NDArray[Any]
    """Shape (n,); never changed after it was made."""
    levels: NDArray[np.object_] | None = None
    """Texts that the codes stand for, in no promised order; only for `text`."""

    def __len__(self) -> int:
        return len(self.values)

    @cached_property
    def is_null(self) -> NDArray[np.bool_]:
        """Which values are NULL, shape (n,)."""
        if self.role in ("number", "boolean"):
            return np.asarray(np.isnan(self.values))
        if self.role == "text":
            return np.asarray(self.values < 0)
        if self.role == "time":
            return np.asarray(self.values == NULL_TIME)
        return np.fromiter((value is None for value in self.values), dtype=bool, count=len(self.values))

    def take(self, rows: NDArray[Any] | slice) -> Vector:
        """Return the rows of a mask, an index or a slice."""
        values = self.values[rows]
        if self.levels is not None and len(self.levels) > 2 * len(values) + 16:
            return _without_unused(values, self.levels)
        return Vector(self.role, values, self.levels)

    def texts(self) -> NDArray[np.object_]:
        """Return the values of a text vector as objects, None where NULL."""
        if self.levels is None:
            raise TypeError(f"expected a text vector, got {self.role}")
        padded = np.empty(len(self.levels) + 1, dtype=object)
        padded[:-1] = self.levels
        return np.asarray(padded[self.values])

    @classmethod
    def numbers(cls, values: Any) -> Vector:
        """Return a number vector; None and NaN are NULL."""
        return cls("number", np.asarray(values, dtype=np.float64))

    @classmethod
    def booleans(cls, values: Any) -> Vector:
        """Return a boolean vector; None and NaN are NULL."""
        return cls("boolean", np.asarray(values, dtype=np.float64))

    @classmethod
    def text(cls, values: Any) -> Vector:
        """Return a text vector of an iterable of texts; None is NULL."""
        codes: dict[Any, int] = {None: -1}
        encoded = [codes.setdefault(value, len(codes) - 1) for value in values]
        levels = np.empty(len(codes) - 1, dtype=object)
        levels[:] = list(codes)[1:]
        return cls("text", np.asarray(encoded, dtype=np.int32), levels)

    @classmethod
    def times(cls, microseconds: Any) -> Vector:
        """Return a time vector of int64 microseconds UTC."""
        return cls("time", np.asarray(microseconds, dtype=np.int64))


def _without_unused(codes: NDArray[np.int32], levels: NDArray[np.object_]) -> Vector:
    """Return a text vector of the levels that it uses alone: work on levels is then work on its rows."""
    used = np.unique(codes[codes >= 0])
    place = np.searchsorted(used, codes).astype(np.int32)
    return Vector("text", np.where(codes < 0, np.int32(-1), place), levels[used])


@dataclass(frozen=True, eq=False)
class Vectors(Mapping[str, Vector]):
    """A table: vectors of one length by name, in order."""

    columns: Mapping[str, Vector]
    n_rows: int

    def __getitem__(self, name: str) -> Vector:
        return self.columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)

    def __repr__(self) -> str:
        return f"Vectors({self.n_rows:,} rows: {', '.join(self.columns)})"

    def take(self, rows: NDArray[Any] | slice) -> Vectors:
        """Return the rows of a mask, an index or a slice, in its order."""
        taken = {name: vector.take(rows) for name, vector in self.columns.items()}
        return Vectors(taken, len(np.arange(self.n_rows)[rows]))

    def select(self, names: tuple[str, ...]) -> Vectors:
        """Return these columns, in this order."""
        return Vectors({name: self.columns[name] for name in names}, self.n_rows)

    def with_columns(self, columns: Mapping[str, Vector]) -> Vectors:
        """Return the table with columns added or replaced."""
        return Vectors({**self.columns, **columns}, self.n_rows)


def from_arrow(table: pa.Table) -> Vectors:
    """Return an Arrow table as vectors: dates and timestamps as times, every text dictionary-encoded."""
    columns = {name: _vector(table.column(name)) for name in table.column_names}
    return Vectors(columns, table.num_rows)


def _vector(column: pa.ChunkedArray) -> Vector:
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if pa.types.is_boolean(kind):
        return Vector("boolean", _floats(column))
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return Vector("number", _floats(column))
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        stamps = pc.cast(pc.cast(column, pa.timestamp("us", tz=getattr(kind, "tz", None))), pa.int64())
        return Vector("time", pc.fill_null(stamps, int(NULL_TIME)).to_numpy())
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        values = np.empty(len(column), dtype=object)
        values[:] = column.to_pylist()
        return Vector("list", values)
    encoded = column if pa.types.is_dictionary(kind) else pc.dictionary_encode(pc.cast(column, pa.string()))
    whole = encoded.combine_chunks()
    whole = whole.chunk(0) if isinstance(whole, pa.ChunkedArray) and whole.num_chunks else whole
    if len(whole) == 0:
        return Vector("text", np.empty(0, dtype=np.int32), np.empty(0, dtype=object))
    codes = pc.fill_null(pc.cast(whole.indices, pa.int32()), -1).to_numpy(zero_copy_only=False)
    levels = np.empty(len(whole.dictionary), dtype=object)
    levels[:] = whole.dictionary.to_pylist()
    return Vector("text", codes, levels)


def _floats(column: pa.ChunkedArray) -> NDArray[np.float64]:
    import pyarrow as pa
    import pyarrow.compute as pc

    cast = pc.cast(column, pa.float64(), safe=False)
    return np.asarray(pc.fill_null(cast, float("nan")).to_numpy(), dtype=np.float64)
