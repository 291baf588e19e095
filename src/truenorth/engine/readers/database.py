"""A table of a DuckDB file, opened for reading only."""

from __future__ import annotations

from pathlib import Path

from sqlglot import exp

from truenorth.engine.failures import refused
from truenorth.engine.readers.scans import Job
from truenorth.errors import DataError, suggest


def query(job: Job) -> exp.Query:
    """Return the query that reads the table.

    Raises:
        DataError: If no table is named, or the file has none of that name.
    """
    database = f"db_{job.scratch}"
    job.engine.attach(Path(job.part.files[0]), database)
    schema, _, table = (job.source.table or "").rpartition(".")
    place = exp.table_(table, db=schema or "main", catalog=database, quoted=True)
    tables = job.engine.tables(database)
    if (schema or "main", table) not in tables:
        raise missing_table(
            job.name,
            job.source.table,
            [one if schema == "main" else f"{schema}.{one}" for schema, one in tables],
        )
    return exp.select("*").from_(place)


def missing_table(name: str, table: str | None, known: list[str]) -> DataError:
    """Return the error for a table that is not there."""
    return refused(
        "LOG003",
        where=f"sources.{name}.table",
        evidence=f"expected a table of the database ({', '.join(known[:8])}), got {table!r}.",
        fix=suggest(table or "", known, otherwise="write table: with the name of the table"),
    )
