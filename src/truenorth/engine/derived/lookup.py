"""`lookup`: a column taken from another source by key, as it was known strictly before the row's time."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from truenorth.engine.draft import Draft
from truenorth.engine.failures import refused
from truenorth.engine.known import KNOWN, TIME, KnownTime, known_name
from truenorth.engine.lowering import Tree, both, column, number
from truenorth.engine.readers.files import missing_column
from truenorth.engine.reading import Reading, SourceTable
from truenorth.engine.trees import alias, not_null, several, stored
from truenorth.framing.sources import Lookup

_ROW, _FOUND, _RANK = "__lookup_row", "__lookup_found", "__lookup_rank"


def take_column(reading: Reading, draft: Draft, name: str, lookup: Lookup) -> Draft:
    """Return the draft with the column `name`; NULL where the key is not found."""
    other = reading.done[lookup.source]
    for one in lookup.by:
        if one not in draft.columns:
            raise missing_column(draft.name, f"lookup.{name}.by", one, draft.columns)
    for one in (*lookup.by, lookup.column):
        if one not in other.columns:
            raise missing_column(lookup.source, f"lookup.{name}", one, other.columns)
    late = dict.fromkeys(one for one in (lookup.column, *lookup.by) if one in other.known_columns)
    late = late if other.is_dated and draft.is_dated else {}
    moments = {one: f"__looked_up_{name}_{index}" for index, one in enumerate(late)}
    taken = {name: lookup.column, **{moment: known_name(one) for one, moment in moments.items()}}
    if other.is_dated and draft.is_dated:
        query = _as_known(reading, draft, name, lookup, other, taken)
    else:
        query = _by_key(reading, draft, name, lookup, other, taken)
    hidden = (*draft.hidden, *moments.values())
    made = replace(
        draft, query=query, columns={**draft.columns, name: other.columns[lookup.column]}, hidden=hidden
    )
    # the looked-up row was known before this one; its column, and what it was found by, may come later still
    for one, moment in moments.items():
        made = made.with_entry(name, other.known_columns[one], KnownTime(0, (column(moment),)))
    inherited = draft.inherited(frozenset(lookup.by))
    return made.with_entry(name, *inherited) if inherited else made


def _by_key(
    reading: Reading, draft: Draft, name: str, lookup: Lookup, other: SourceTable, taken: dict[str, str]
) -> exp.Select:
    """Join an undated source, whose key must be unique."""
    _check_unique(reading, draft, name, lookup, other)
    on = both(*(exp.EQ(this=column(one, "rows"), expression=column(one, "other")) for one in lookup.by))
    items = [*_kept(draft, taken), *(alias(column(old, "other"), new) for new, old in taken.items())]
    return (
        exp.select(*items).from_(draft.table()).join(stored(other.relation, "other"), on=on, join_type="left")
    )


def _as_known(
    reading: Reading, draft: Draft, name: str, lookup: Lookup, other: SourceTable, taken: dict[str, str]
) -> exp.Select:
    """Join the latest row of a dated source among those known strictly before this row's time.

    The rows are numbered first, so that equal rows of the log stay apart.
    """
    numbered = f"lookup_{draft.name}_{name}"
    row = alias(exp.Window(this=exp.RowNumber()), _ROW)
    if reading.engine.dialect == "spark":
        row = alias(exp.Anonymous(this="monotonically_increasing_id"), _ROW)
    reading.engine.create_table(numbered, draft.over(*draft.kept(), row))
    before = [
        exp.LT(this=column(KNOWN, "other"), expression=column(TIME, "rows")),
        exp.LT(this=column(TIME, "other"), expression=column(TIME, "rows")),
    ]
    on = both(
        *(exp.EQ(this=column(one, "rows"), expression=column(one, "other")) for one in lookup.by), *before
    )
    ties = [TIME, KNOWN, *(reading.sources[other.name].key), lookup.column]
    order = [exp.Ordered(this=column(one, "other"), desc=True, nulls_first=False) for one in ties]
    rank = exp.Window(
        this=exp.RowNumber(), partition_by=[column(_ROW, "rows")], order=exp.Order(expressions=order)
    )
    matches = (
        exp.select(column(_ROW, "rows"), *(alias(column(old, "other"), new) for new, old in taken.items()),
                   alias(rank, _RANK))
        .from_(stored(numbered, "rows"))
        .join(stored(other.relation, "other"), on=on)
    )  # fmt: skip
    newest = exp.select(column(_ROW), *(column(new) for new in taken)).from_(matches.subquery("matches"))
    newest = newest.where(exp.EQ(this=column(_RANK), expression=number(1)))
    table = f"{numbered}_found"
    reading.engine.create_table(table, newest)
    same = exp.EQ(this=column(_ROW, "rows"), expression=column(_ROW, "found"))
    items = [*_kept(draft, taken), *(column(new, "found") for new in taken)]
    rows = stored(numbered, "rows")
    return exp.select(*items).from_(rows).join(stored(table, "found"), on=same, join_type="left")


def _kept(draft: Draft, taken: dict[str, str]) -> list[Tree]:
    return [column(one.name, "rows") for one in draft.kept() if one.name not in taken]


def _check_unique(reading: Reading, draft: Draft, name: str, lookup: Lookup, other: SourceTable) -> None:
    by = [column(one) for one in lookup.by]
    there = both(*(not_null(one) for one in by))
    query = (
        exp.select(*by).from_(stored(other.relation)).where(there).group_by(*by).having(several()).limit(1)
    )
    rows = reading.engine.fetch(query).to_pylist()
    if rows:
        shown = ", ".join(f"{key} = {value!r}" for key, value in rows[0].items())
        raise refused(
            "LOG008",
            where=f"sources.{draft.name}.lookup.{name}",
            evidence=f"expected one row of {lookup.source!r} per {', '.join(lookup.by)}, "
            f"got several, for example for {shown}.",
            fix=f"give {lookup.source!r} a time, so that its latest row counts, or look up by its key",
        )
