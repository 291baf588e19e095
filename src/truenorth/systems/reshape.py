"""From a publisher's shape to one that a framing can read: no row is left out and nothing is labelled."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

HOUR = 3_600_000_000
"""Microseconds."""


def clinc150_queries(folder: Path, out: Path) -> None:
    """Write one row per question of CLINC150: id, text, intent (`oos`: out of scope), the publisher's part.

    The file has six lists: train, val and test, and for each of them what is out of scope.
    """
    published = json.loads((folder / "data_full.json").read_text(encoding="utf-8"))
    rows = [
        (name.removeprefix("oos_"), text, intent)
        for name, pairs in published.items()
        for text, intent in pairs
    ]
    part, text, intent = zip(*rows, strict=True)
    table = pa.table(
        {"id": pa.array(range(len(rows)), pa.int64()), "text": text, "intent": intent, "part": part}
    )
    pq.write_table(table, out, compression="zstd")


def m4_hourly_sales(folder: Path, out: Path) -> None:
    """Write one row per series and hour of the M4 competition: series, hour, value.

    The series have no dates, only an order. All are made to end at the same hour, the longest beginning at
    1970-01-01 00:00 UTC; training values and the 48 test values of a series follow each other.
    """
    series: dict[str, list[float]] = {}
    for part in ("train", "test"):
        with (folder / f"Hourly-{part}.csv").open(encoding="utf-8", newline="") as file:
            for name, *cells in list(csv.reader(file))[1:]:
                series.setdefault(name, []).extend(float(cell) for cell in cells if cell)
    longest = max(len(values) for values in series.values())
    hours = np.concatenate([np.arange(longest - len(values), longest) for values in series.values()])
    lengths = [len(values) for values in series.values()]
    table = pa.table(
        {
            "series": pa.array(np.repeat(np.array(list(series)), lengths)),
            "hour": pa.array(hours.astype(np.int64) * HOUR, pa.timestamp("us", tz="UTC")),
            "value": np.concatenate([np.array(values) for values in series.values()]),
        }
    )
    pq.write_table(table, out, compression="zstd")
