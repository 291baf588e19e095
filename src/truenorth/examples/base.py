"""The first relation of an examples table: from the rows of a log, or by calendar."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from truenorth.engine.ingest import SourceTable
from truenorth.engine.lowering import column, number, when
from truenorth.engine.trees import alias, count, is_null, stored
from truenorth.errors import DataError, Finding
from truenorth.examples.calendar import calendar_base, register_steps, register_times
from truenorth.examples.inputs import Inputs
from truenorth.examples.needed import Static, locate, needed_columns
from truenorth.examples.rows import Base, rows_base
from truenorth.framing.features import Feature
from truenorth.framing.labels import Label


def first_relation(
    inputs: Inputs, labels: Mapping[str, Label], features: Mapping[str, Feature]
) -> tuple[Base, frozenset[str]]:
    """Return the first relation, and the columns of the log that stand on its rows."""
    framing = inputs.framing
    needed = needed_columns(framing, inputs.table, labels, features)
    if inputs.table.source is None:
        return _calendar(inputs, needed)
    source = inputs.sources[inputs.table.source]
    closed = [label.closed for label in labels.values()] + [one.closed for one in features.values()]
    if "both" in closed:
        needed |= dict.fromkeys(framing.sources[inputs.table.source].key, "labels")
    own, statics = locate(needed, source.columns, framing.sources, inputs.table.source)
    _check_statics(inputs, statics)
    known = [name for name in own if name in source.known_columns]
    key = framing.sources[inputs.table.source].key
    base = rows_base(
        inputs.table, source.relation, source.columns, key, own, known, statics,
        key_is_unique=_key_is_unique(inputs, source, key), dialect=inputs.dialect,
    )  # fmt: skip
    return base, frozenset(own)


def _key_is_unique(inputs: Inputs, source: SourceTable, key: tuple[str, ...]) -> bool:
    """Say whether the key tells rows apart: a rule has made sure, or the rows are counted."""
    if not key:
        return False
    spec = inputs.framing.sources[source.name]
    made = {*spec.columns, *spec.lookup, "session_id", "session_start", "session_end"}
    is_checked = spec.duplicates != "keep" and not spec.is_derived and not set(key) & made
    missing = exp.or_(*(is_null(column(name)) for name in key))
    counts = {"rows": count(), "missing": exp.Count(this=when(missing, number(1)))}
    if not is_checked:
        keys = exp.Tuple(expressions=[column(name) for name in key]) if len(key) > 1 else column(key[0])
        counts["distinct"] = exp.Count(this=exp.Distinct(expressions=[keys]))
    query = exp.select(*(alias(tree, name) for name, tree in counts.items())).from_(stored(source.relation))
    row = inputs.engine.fetch(query).to_pylist()[0]
    return bool(row["missing"] == 0 and row.get("distinct", row["rows"]) == row["rows"])


def _check_statics(inputs: Inputs, statics: Mapping[str, Static]) -> None:
    """Raise where a static attribute would not find one row."""
    for source, keys in sorted({(static.source, static.keys) for static in statics.values()}):
        if inputs.framing.sources[source].duplicates == "keep" and not _key_is_unique(
            inputs, inputs.sources[source], keys
        ):
            raise DataError(
                Finding(
                    code="LOG008",
                    where=f"sources.{source}",
                    path=("sources", source),
                    evidence=f"expected one row per {', '.join(keys)} to join, got keys that repeat.",
                    fix="write duplicates: drop, or mend the file.",
                )
            )


def _calendar(inputs: Inputs, needed: Mapping[str, str]) -> tuple[Base, frozenset[str]]:
    assert inputs.table.active is not None
    active = inputs.sources[inputs.table.active.source]
    register_times(inputs.engine, inputs.table, inputs.as_of, inputs.name)
    if inputs.table.ahead is not None:
        register_steps(inputs.engine, inputs.table.ahead, inputs.name)
    _, statics = locate(needed, inputs.table.entity, inputs.framing.sources, inputs.table.active.source)
    _check_statics(inputs, statics)
    base = calendar_base(inputs.table, inputs.name, active.relation, frozenset(active.known_columns), statics)
    return base, frozenset()
