"""A table of a PostgreSQL database, streamed as Arrow through ADBC."""

from __future__ import annotations

import os
import re
from typing import Any

from sqlglot import exp

from truenorth.engine.failures import refused
from truenorth.engine.lowering import Tree
from truenorth.engine.readers.scans import Job
from truenorth.engine.trees import alias, stored
from truenorth.errors import DataError, missing_extra
from truenorth.framing.sources import Source

_AS_DOUBLE = ("numeric", "money")


def query(job: Job) -> exp.Query:
    """Copy the table into the engine and return the query that reads it.

    Raises:
        DataError: If the database cannot be reached or lacks the table.
        EngineError: If the driver is not installed.
    """
    try:
        from adbc_driver_manager import Error  # type: ignore[import-untyped,unused-ignore]
        from adbc_driver_postgresql import dbapi  # type: ignore[import-untyped]
    except ImportError:
        raise missing_extra("adbc-driver-postgresql", "postgres", "reading PostgreSQL") from None
    copied = f"postgres_{job.scratch}"
    try:
        with dbapi.connect(_expanded(job.part.files[0])) as connection, connection.cursor() as cursor:
            cursor.execute(_select(cursor, job.source.table or "").sql("postgres"))
            job.engine.register(copied, cursor.fetch_record_batch())
    except Error as error:
        raise _unreachable(job.name, job.source, error) from error
    return exp.select("*").from_(stored(copied))


def _select(cursor: Any, table: str) -> exp.Select:
    """Return SELECT with a cast for the types that Arrow has no form of."""
    schema, _, last = table.rpartition(".")
    place = exp.table_(last, db=schema or None, quoted=True)
    cursor.execute(exp.select("*").from_(place).limit(0).sql("postgres"))
    fields = cursor.fetch_arrow_table().schema
    return exp.select(*(_item(field) for field in fields)).from_(place)


def _item(field: Any) -> Tree:
    column = exp.column(field.name, quoted=True)
    opaque = re.search(r"type_name=([\w ]+)", str(field.type)) or re.search(
        r"ADBC:postgresql:typname['\": b]+(\w+)", str(field.metadata)
    )
    if opaque is None:
        return column
    to = "DOUBLE PRECISION" if opaque[1] in _AS_DOUBLE else "TEXT"
    return alias(exp.cast(column, exp.DataType.build(to, dialect="postgres")), field.name)


def _expanded(path: str) -> str:
    return os.path.expandvars(path)


def _unreachable(name: str, source: Source, error: Exception) -> DataError:
    text = " ".join(str(error).split())
    return refused(
        "LOG001",
        where=f"sources.{name}.path",
        evidence=f"expected table {source.table!r} of a PostgreSQL database that answers, got: {text[:300]}",
        fix="check the address, the table and the rights; secrets belong in the environment: postgresql://$PGUSER@...",
    )
