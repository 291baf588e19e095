"""Runs one hand-written query: `execute.py QUERY.sql DATA OUT.parquet [--threads 2] [--memory 12GB]`."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from string import Template

import duckdb


def main() -> None:
    """Run the query with the given settings; it writes its result itself."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("query", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--memory", default="12GB")
    arguments = parser.parse_args()
    query = Template(arguments.query.read_text()).substitute(data=arguments.data, out=arguments.out)
    with tempfile.TemporaryDirectory(prefix="bench-spill-") as spill:
        settings = {
            "threads": arguments.threads,
            "memory_limit": arguments.memory,
            "temp_directory": spill,
            "preserve_insertion_order": False,
        }
        with duckdb.connect(config=settings) as connection:
            connection.execute("SET enable_progress_bar = false")
            connection.execute(query)


if __name__ == "__main__":
    main()
