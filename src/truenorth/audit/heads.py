"""The first rows of each source, for rules about columns that no example holds.

Of Parquet no more is read. A CSV or JSON file is parsed to its end all the same: the reader finds its types
by reading it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlglot import exp

from truenorth.engine.contract import open_engine
from truenorth.engine.readers import read_raw
from truenorth.engine.trees import stored
from truenorth.errors import TrueNorthError
from truenorth.framing.framing import Framing

ROWS = 2_000
"""Rows that are looked at, from the beginning of the file."""


def read_heads(
    framing: Framing, base: Path, frames: Mapping[str, Any] | None = None
) -> dict[str, dict[str, list[Any]]]:
    """Return the first rows of every source that is read from somewhere, by source and column.

    Columns have the names that they have in the file. A source that cannot be read is left out: reading the
    logs for the examples says why.
    """
    heads: dict[str, dict[str, list[Any]]] = {}
    with open_engine("duckdb") as engine:
        for name, source in framing.sources.items():
            if source.is_derived:
                continue
            try:
                raw = read_raw(engine, name, source, base=base, given=frames or {}, as_text=())
                heads[name] = engine.fetch(exp.select("*").from_(stored(raw)).limit(ROWS)).to_pydict()
            except TrueNorthError:
                continue
    return heads
