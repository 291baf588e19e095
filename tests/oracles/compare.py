"""Compares a built examples table with what the oracles expect, cell by cell."""

import math
from typing import Any

import pyarrow as pa

from tests.oracles.expressions import ANY
from tests.oracles.log import TIME
from tests.oracles.scenario import Expected

STATES = {"observed", "immature", "undefined"}


def rows_by_key(examples: pa.Table, key: tuple[str, ...]) -> dict[Any, dict[str, Any]]:
    """Rows of a table by some of its columns, times as int microseconds."""
    plain = examples
    for index, field in enumerate(examples.schema):
        if pa.types.is_timestamp(field.type):
            plain = plain.set_column(index, field.name, plain.column(index).cast(TIME).cast(pa.int64()))
    rows = plain.to_pylist()
    by_key = {tuple(row[column] for column in key): row for row in rows}
    assert len(by_key) == len(rows), f"expected one row per {key}, got {len(rows)} rows of {len(by_key)}"
    return by_key


def is_same(wanted: Any, got: Any) -> bool:
    """Floats within 1e-9, everything else exactly; what the specification leaves open is not compared."""
    if wanted is ANY:
        return True
    if wanted is None or got is None:
        return wanted is None and got is None
    if isinstance(wanted, float) or isinstance(got, float):
        return math.isclose(wanted, got, rel_tol=1e-9, abs_tol=1e-9)
    return bool(wanted == got)


def differences(wanted: Expected, examples: pa.Table) -> list[str]:
    """What differs, one line each: missing and surplus rows, missing columns, cells, types of times."""
    got = rows_by_key(examples, wanted.key)
    found = [f"row {key} is missing" for key in wanted.rows if key not in got]
    found += [f"row {key} is not expected" for key in got if key not in wanted.rows]
    for label in wanted.labels:
        for column in (f"{label}__mature_at", f"{label}__event_at", f"{label}__event_known_at"):
            if column in examples.column_names and examples.schema.field(column).type != TIME:
                found.append(f"{column} is {examples.schema.field(column).type}, expected {TIME}")
    for key, cells in wanted.rows.items():
        if key not in got:
            continue
        for column, value in cells.items():
            if column not in got[key]:
                if value is not ANY and not (column == "split" and value is None):
                    found.append(f"column {column} is missing")
            elif not is_same(value, got[key][column]):
                found.append(f"row {key} {column}: expected {value!r}, got {got[key][column]!r}")
    return sorted(set(found))
