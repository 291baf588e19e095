"""Whether two results hold the same: `check.py TASK REFERENCE.parquet RESULT.parquet [--subset]`.

Both files are brought to one shape, impression and values, whatever engine wrote them, and digested:
counts, sums, and a checksum that does not depend on the order of rows. Labels are compared where they are
mature; a result without states is mature where its window ended before the log does. The sum over no events
is NULL or 0 as the engine likes.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import duckdb

AS_OF = "epoch_us(TIMESTAMP '2026-03-02')"
HOUR, DAY, WEEK = 3_600_000_000, 86_400_000_000, 604_800_000_000
LABELS = {
    "L1": {"click": HOUR},
    "L4": {"click": HOUR, "long_dwell": HOUR, "actions_1d": DAY, "click_week": WEEK},
    "F6": {},
}
FEATURES = {
    "L1": (),
    "L4": (),
    "F6": ("clicks_7d", "clicks_30d", "dwell_seconds_7d", "dwell_seconds_30d", "acts_7d", "acts_30d"),
}


@dataclass(frozen=True)
class Result:
    """A result file and the types of its columns."""

    path: Path
    columns: dict[str, str]

    @property
    def key(self) -> str:
        """Expression of the impression."""
        name = "example_id" if "example_id" in self.columns else "impression"
        return f"CAST({name} AS BIGINT)"

    def microseconds(self, column: str) -> str:
        """Expression of a time column as int64 microseconds."""
        is_stamp = self.columns[column].startswith("TIMESTAMP")
        return f"epoch_us({column})" if is_stamp else f"CAST({column} AS BIGINT)"

    def is_mature(self, label: str, window: int) -> str:
        """Expression of whether a label is observed."""
        if f"{label}__state" in self.columns:
            return f"CAST({label}__state AS VARCHAR) = 'observed'"
        return f"{self.microseconds('shown_at')} + {window} < {AS_OF}"


def read_result(path: Path) -> Result:
    """Return the file with its column types."""
    rows = duckdb.execute(f"DESCRIBE SELECT * FROM '{path}'").fetchall()
    return Result(path, {name: kind for name, kind, *_ in rows})


def label_digests(result: Result, label: str, window: int) -> dict[str, str]:
    """Return the expressions that digest one label."""
    mature = result.is_mature(label, window)
    value = f"CAST({label} AS DOUBLE)"
    event_at = result.microseconds(f"{label}__event_at")
    return {
        f"{label}: observed": f"count(*) FILTER (WHERE {mature})",
        f"{label}: missing": f"count(*) FILTER (WHERE {mature} AND {label} IS NULL)",
        f"{label}: sum": f"sum({value}) FILTER (WHERE {mature})",
        f"{label}: checksum": f"bit_xor(hash({result.key}, {value}, {event_at})) FILTER (WHERE {mature})",
    }


def feature_digests(result: Result, feature: str) -> dict[str, str]:
    """Return the expressions that digest one feature."""
    value = f"coalesce(CAST({feature} AS DOUBLE), 0)"
    return {
        f"{feature}: sum": f"sum({value})",
        f"{feature}: checksum": f"bit_xor(hash({result.key}, {value}))",
    }


def digest(task: str, result: Result, only: Result | None = None) -> dict[str, object]:
    """Return the digests of a result, over the impressions of `only` where given."""
    expressions = {"rows": "count(*)", "impressions": f"bit_xor(hash({result.key}))"}
    for label, window in LABELS[task].items():
        expressions |= label_digests(result, label, window)
    for feature in FEATURES[task]:
        expressions |= feature_digests(result, feature)
    kept = f" WHERE {result.key} IN (SELECT {only.key} FROM '{only.path}')" if only else ""
    query = f"SELECT {', '.join(expressions.values())} FROM '{result.path}'{kept}"
    return dict(zip(expressions, duckdb.execute(query).fetchone() or (), strict=True))


def differences(task: str, reference: Path, path: Path, *, subset: bool) -> list[str]:
    """Return what differs between a result and the reference, one line each; none where they agree."""
    result = read_result(path)
    expected = digest(task, read_result(reference), result if subset else None)
    got = digest(task, result)
    return [
        f"{name}: expected {expected[name]}, got {got[name]}"
        for name in expected
        if expected[name] != got[name]
    ]


def main() -> None:
    """Print the differences as a JSON list."""
    parser = argparse.ArgumentParser(description="Compare two results of one task.")
    parser.add_argument("task", choices=sorted(LABELS))
    parser.add_argument("reference", type=Path)
    parser.add_argument("result", type=Path)
    parser.add_argument("--subset", action="store_true", help="the result holds some of the impressions only")
    arguments = parser.parse_args()
    try:
        found = differences(arguments.task, arguments.reference, arguments.result, subset=arguments.subset)
    except (duckdb.Error, KeyError) as error:
        found = [f"cannot be compared: {error}"]
    print(json.dumps(found))


if __name__ == "__main__":
    main()
