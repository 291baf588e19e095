"""The one shape of DuckDB's file readers: a table function with a list of files and options."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from truenorth.engine.duckdb import DuckDB
from truenorth.engine.lowering import Tree, column, text
from truenorth.engine.readers.files import Part
from truenorth.framing.sources import Source


@dataclass(frozen=True)
class Job:
    """One part of a source to be read by a format's reader."""

    engine: DuckDB
    name: str
    """Name of the source, for messages."""
    scratch: str
    """Name that no other part has, for relations that the reader makes."""
    source: Source
    part: Part
    as_text: Collection[str]
    """Columns of a CSV file that are to stay text."""


FILE_COLUMN = "__file"
"""Column of a scan that holds the path of the row's file."""


def scan(function: str, files: Sequence[str], options: Mapping[str, Tree]) -> exp.Select:
    """Return SELECT * FROM function([files], option => value, ...), with the column `__file`."""
    settings: dict[str, Tree] = {"filename": text(FILE_COLUMN), **options}
    if len(files) > 1:
        settings["union_by_name"] = exp.true()
    arguments: list[Tree] = [exp.Array(expressions=[text(_literal(file)) for file in files])]
    arguments += [exp.Kwarg(this=exp.var(key), expression=value) for key, value in settings.items()]
    call = exp.Anonymous(this=function, expressions=arguments)
    return exp.select("*").from_(exp.Table(this=call))


def literal(value: Any) -> Tree:
    """Return an option's value as a tree."""
    if isinstance(value, bool):
        return exp.Boolean(this=value)
    if isinstance(value, int):
        return exp.Literal.number(value)
    if isinstance(value, (list, tuple)):
        return exp.Array(expressions=[literal(item) for item in value])
    return text(str(value))


def base_name(path: exp.Expr) -> Tree:
    """Return the last part of a path."""
    return exp.Anonymous(this="parse_filename", expressions=[path])


def file_column() -> exp.Column:
    """Return the column `__file`."""
    return column(FILE_COLUMN)


def _literal(file: str) -> str:
    """Return a path that DuckDB takes as it is, not as a glob."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in file)
