"""Readers: one file per format, each from a source to a raw relation with the file's own columns.

DuckDB reads everything; Spark reads Parquet itself and takes the rest from DuckDB through a Parquet file,
so that one parser gives both engines the same values.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from sqlglot import exp

from truenorth.engine.contract import Engine, EngineSettings, role_of
from truenorth.engine.duckdb import DuckDB
from truenorth.engine.failures import refused
from truenorth.engine.lowering import Tree, column, text
from truenorth.engine.readers import csv, database, frames, json, parquet, postgres
from truenorth.engine.readers.files import Files, Part, find_files
from truenorth.engine.readers.scans import Job, base_name, file_column
from truenorth.engine.trees import alias, stored, try_cast
from truenorth.errors import DataError, suggest
from truenorth.framing.sources import Format, Source

Query = Callable[[Job], exp.Query]

FORMATS: dict[Format, Query] = {
    "parquet": parquet.query,
    "csv": csv.query,
    "json": json.query,
    "duckdb": database.query,
    "postgres": postgres.query,
}
PARSED: tuple[Format, ...] = ("csv", "json")
"""Formats that are slow to parse: they are read once and kept."""

FILE = "file"

_PORTABLE = {
    exp.DType.TIMESTAMP_NS: "TIMESTAMP",
    exp.DType.TIMESTAMP_MS: "TIMESTAMP",
    exp.DType.TIMESTAMP_S: "TIMESTAMP",
    exp.DType.UBIGINT: "BIGINT",
    exp.DType.UUID: "VARCHAR",
}


def read_raw(
    engine: Engine,
    name: str,
    source: Source,
    *,
    base: Path,
    given: Mapping[str, Any],
    as_text: Collection[str],
) -> str:
    """Make the relation `raw_<name>` with the columns of the file and return its name.

    Args:
        engine: Where the relation is made.
        name: Name of the source.
        source: Its part of the framing.
        base: Folder that paths start from.
        given: Frames by source.
        as_text: Columns of a CSV file that are to stay text.

    Raises:
        DataError: If there is nothing to read, or it cannot be read.
    """
    raw = f"raw_{name}"
    if source.path is None:
        if name not in given:
            raise _no_path(name, list(given))
        engine.register(raw, frames.to_arrow(name, given[name]))
        return raw
    files = find_files(name, source, base)
    if isinstance(engine, DuckDB):
        _on_duckdb(engine, raw, name, source, files, as_text)
    else:
        _on_spark(engine, raw, name, source, files, as_text)
    return raw


def _on_duckdb(
    engine: DuckDB, raw: str, name: str, source: Source, files: Files, as_text: Collection[str]
) -> None:
    read = FORMATS[files.format]
    queries = []
    for index, part in enumerate(files.parts):
        query = read(Job(engine, name, f"{name}_{index}", source, part, as_text))
        queries.append(_with_file(engine, f"{raw}_{index}", query, part, files))
    query = queries[0]
    for other in queries[1:]:
        query = exp.Union(this=query, expression=other, distinct=False, by_name=True)
    (engine.create_table if files.format in PARSED else engine.create_view)(raw, query)


def _with_file(engine: DuckDB, view: str, query: exp.Query, part: Part, files: Files) -> exp.Query:
    """Add the column `file`, unless the log has one, and take out the path of the file."""
    engine.create_view(view, query)
    columns = engine.types(view)
    items: list[Tree] = [
        exp.column(column, quoted=True) for column in columns if column != file_column().name
    ]
    if files.adds_file and FILE not in {column.lower() for column in columns}:
        label = text(part.label) if part.label is not None else base_name(file_column())
        items.append(alias(label, FILE))
    return exp.select(*items).from_(stored(view))


def _on_spark(
    engine: Any, raw: str, name: str, source: Source, files: Files, as_text: Collection[str]
) -> None:
    """Read Parquet in Spark; parse everything else once in DuckDB and hand it over as Parquet."""
    if files.format == "parquet" and engine.can_read(files):
        engine.read_files(raw, files, FILE)
        return
    staged = engine.spill / f"{raw}.parquet"
    reader = DuckDB(EngineSettings(memory=engine.settings.memory, spill=engine.spill))
    try:
        _on_duckdb(reader, raw, name, source, files, as_text)
        reader.write_parquet(_portable(reader, raw), staged)
    finally:
        reader.close()
    engine.read_files(raw, Files("parquet", (Part(None, (str(staged),)),), False), FILE)


def _portable(reader: DuckDB, raw: str) -> exp.Query:
    """Return the rows in types that Spark reads back as DuckDB has them."""
    items: list[Tree] = []
    for name, data_type in reader.types(raw).items():
        to = _PORTABLE.get(data_type.this)
        if role_of(data_type) != "other":
            items.append(alias(try_cast(column(name), to) if to else column(name), name))
    return exp.select(*items).from_(stored(raw))


def _no_path(name: str, given: list[str]) -> DataError:
    return refused(
        "LOG001",
        where=f"sources.{name}.path",
        evidence=f"expected a path or a frame of the name {name!r}, got neither.",
        fix=suggest(name, given, otherwise=f"write path:, or give the table as frames={{{name!r}: ...}}"),
    )
