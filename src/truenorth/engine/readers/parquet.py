"""Parquet: files, folders, globs and hive partitions."""

from __future__ import annotations

from sqlglot import exp

from truenorth.engine.lowering import Tree
from truenorth.engine.readers.scans import Job, scan


def query(job: Job) -> exp.Query:
    """Return the query that reads the files; only the columns that are used leave the disk."""
    options: dict[str, Tree] = {"hive_partitioning": exp.Boolean(this=bool(job.part.hive_columns))}
    if job.part.hive_columns:
        options["hive_types_autocast"] = exp.false()
    return scan("read_parquet", job.part.files, options)
