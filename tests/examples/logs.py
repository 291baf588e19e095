"""Small logs for the example framings: framings without files, frames from rows, rows of what was built."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml

import truenorth

FRAMINGS = Path(__file__).parents[2] / "examples" / "framings"
TIME = pa.timestamp("us", tz="UTC")
TYPES = {
    "text": pa.string(),
    "int": pa.int64(),
    "number": pa.float64(),
    "flag": pa.bool_(),
    "time": TIME,
    "naive": pa.timestamp("us"),
    "words": pa.list_(pa.string()),
}
MICROSECOND = timedelta(microseconds=1)
MONDAY = datetime(2026, 1, 5, tzinfo=UTC)

EVERY_TABLE = {
    "example_id": pa.string(), "at": TIME, "group": pa.string(), "decision": pa.string(),
    "position": pa.float64(), "shown": pa.bool_(), "action": pa.string(), "propensity": pa.float64(),
    "explored": pa.bool_(), "split": pa.string(), "weight": pa.float64(),
}  # fmt: skip
"""Columns that each examples table has, beside entities, unit, labels, context and features."""


def t(days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0) -> datetime:
    """A time counted from Monday 2026-01-05 00:00 UTC."""
    return MONDAY + timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def covers(start: float, end: float) -> str:
    """A period of whole days, counted like `t`."""
    return f"{t(start):%Y-%m-%d}..{t(end):%Y-%m-%d}"


def frame(columns: str, rows: Iterable[tuple[Any, ...]] = ()) -> pa.Table:
    """An Arrow table from `name type, name type` and its rows."""
    fields = [tuple(one.split()) for one in columns.split(",")]
    schema = pa.schema([(name, TYPES[kind]) for name, kind in fields])
    names = [name for name, _ in fields]
    return pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows], schema=schema)


def framing(name: str, sources: dict[str, dict[str, Any]] | None = None, **changes: Any) -> dict[str, Any]:
    """One of the example framings, its files taken away; `sources` are merged, other sections replaced."""
    read = yaml.safe_load((FRAMINGS / f"{name}.yaml").read_text(encoding="utf-8"))
    for source, spec in read["sources"].items():
        for key in ("path", "format", "options"):
            spec.pop(key, None)
        spec.update((sources or {}).get(source, {}))
    return {**read, **changes}


def build(framing: dict[str, Any], frames: dict[str, pa.Table], **options: Any) -> truenorth.Built:
    """Build from frames; classes and keywords stand beside the example framings."""
    return truenorth.build(framing, frames=frames, base=FRAMINGS, **options)


def rows(built: truenorth.Built | pa.Table, *key: str) -> dict[Any, dict[str, Any]]:
    """The rows of the examples table by `example_id`, or by other columns."""
    table = built if isinstance(built, pa.Table) else built.examples
    found = table.to_pylist()
    names = key or ("example_id",)
    by_key = {tuple(row[name] for name in names) if len(names) > 1 else row[names[0]]: row for row in found}
    assert len(by_key) == len(found), f"{names} does not identify a row"
    return by_key


def column(built: truenorth.Built, name: str, *key: str) -> dict[Any, Any]:
    """One column of the examples table by key."""
    return {place: row[name] for place, row in rows(built, *key).items()}


def removed(built: truenorth.Built) -> dict[str, int]:
    """How many rows each step of the attrition removed, where it removed any."""
    return {step: n_removed for step, n_removed, _ in built.attrition if n_removed}


def schema(built: truenorth.Built) -> dict[str, pa.DataType]:
    """Type of each column of the examples table."""
    return {field.name: field.type for field in built.examples.schema}


def label_types(value: pa.DataType, *names: str) -> dict[str, pa.DataType]:
    """The columns of labels, whose values are of one type."""
    found = {}
    for name in names:
        found |= {name: value, f"{name}__state": pa.string(), f"{name}__weight": pa.float64()}
        found |= {f"{name}__{moment}": TIME for moment in ("mature_at", "event_at", "event_known_at")}
    return found


def missing_types(built: truenorth.Built, wanted: dict[str, pa.DataType]) -> dict[str, Any]:
    """What is wanted of the schema and not there: name, and what stands in its place."""
    got = schema(built)
    return {name: got.get(name) for name, kind in wanted.items() if got.get(name) != kind}
