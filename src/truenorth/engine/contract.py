"""What every engine can do: hold relations, run query trees, write one Parquet file.

A query is a sqlglot tree; only an engine turns it into text. Time is BIGINT microseconds UTC.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from sqlglot import exp

if TYPE_CHECKING:
    import pyarrow as pa

EngineName = Literal["duckdb", "spark"]
Role = Literal["integer", "number", "text", "boolean", "time", "list", "other"]

ENGINES = {"duckdb": ("truenorth.engine.duckdb", "DuckDB"), "spark": ("truenorth.engine.spark", "Spark")}


@dataclass(frozen=True, kw_only=True)
class EngineSettings:
    """How much of the machine an engine may use, and whom it tells about its progress."""

    threads: int | None = None
    """Worker threads; all cores where absent."""
    memory: str | None = None
    """Most memory to use before spilling, for example `12GB`."""
    spill: Path | None = None
    """Folder for what does not fit in memory; a private folder inside it is removed at the end."""
    master: str = "local[2]"
    """Spark only: the cluster's address."""
    progress: Callable[[str, float | None], None] | None = None
    """Called while a query runs with what is being made and the share done, where it is known."""


class Engine(Protocol):
    """A place where relations live and queries run."""

    dialect: str
    """sqlglot's name of the SQL that the engine speaks."""

    def columns(self, relation: str) -> dict[str, str]:
        """Return each column's role: integer, number, text, boolean, time or list."""
        ...

    def types(self, relation: str) -> dict[str, exp.DataType]:
        """Return each column's type as the engine has it."""
        ...

    def create_view(self, name: str, query: exp.Query) -> None:
        """Give a query a name; it runs each time it is read."""
        ...

    def create_table(self, name: str, query: exp.Query) -> None:
        """Run a query once and keep its rows under a name."""
        ...

    def register(self, name: str, table: pa.Table | pa.RecordBatchReader) -> None:
        """Give an Arrow table a name; a reader is read to its end."""
        ...

    def fetch(self, query: exp.Query) -> pa.Table:
        """Run a query and return its rows."""
        ...

    def write_parquet(self, query: exp.Query, path: Path) -> int:
        """Write the rows to one file, whole or not at all, and return how many there are."""
        ...

    def sql(self, query: exp.Expr, *, pretty: bool = False) -> str:
        """Return the text that the engine would run."""
        ...

    def close(self) -> None:
        """Give back memory and temporary files."""
        ...


@contextmanager
def open_engine(name: EngineName, settings: EngineSettings | None = None) -> Iterator[Engine]:
    """Open an engine and close it at the end.

    Args:
        name: `duckdb`, or `spark` (extra `spark`).
        settings: Threads, memory, spill folder, cluster address, progress.

    Raises:
        EngineError: If the engine is not installed or cannot start.
    """
    module, maker = ENGINES[name]
    engine: Engine = getattr(importlib.import_module(module), maker)(settings or EngineSettings())
    try:
        yield engine
    finally:
        engine.close()


def role_of(data_type: exp.DataType) -> Role:
    """Return the role of a column by its type; `other` for what cannot be read, such as a struct.

    Examples:
        >>> role_of(exp.DataType.build("DECIMAL(10, 2)"))
        'number'
        >>> role_of(exp.DataType.build("INT[]", dialect="duckdb"))
        'list'
    """
    kind = data_type.this
    if kind in exp.DataType.INTEGER_TYPES:
        return "integer"
    if kind in exp.DataType.REAL_TYPES:
        return "number"
    if kind in exp.DataType.TEXT_TYPES or kind in (exp.DType.UUID, exp.DType.ENUM):
        return "text"
    if kind in _MOMENTS:
        return "time"
    if kind in (exp.DType.ARRAY, exp.DType.LIST):
        return "list"
    return "boolean" if kind == exp.DType.BOOLEAN else "other"


_MOMENTS = {
    exp.DType.DATE,
    exp.DType.TIMESTAMP, exp.DType.TIMESTAMPNTZ, exp.DType.TIMESTAMPTZ, exp.DType.TIMESTAMPLTZ,
    exp.DType.TIMESTAMP_S, exp.DType.TIMESTAMP_MS, exp.DType.TIMESTAMP_NS, exp.DType.DATETIME,
}  # fmt: skip
