"""`pairs`: each row with the earlier rows that share a block with it, once."""

from __future__ import annotations

from collections.abc import Collection

from sqlglot import exp

from truenorth.engine.draft import Draft
from truenorth.engine.events import latest_of
from truenorth.engine.known import KNOWN, TIME, KnownTime, known_name
from truenorth.engine.lowering import Tree, both, call, column, number
from truenorth.engine.readers.files import missing_column
from truenorth.engine.reading import Origin, Reading, SourceTable
from truenorth.engine.trees import alias, not_null, stored
from truenorth.framing.sources import Known, Pairs, Source

_ROW = "__row"
OLD, NEW = "a", "b"


def pair_rows(reading: Reading, name: str, source: Source) -> Origin:
    """Return the pairs (a, b): a lies before b, was known at b's time, and agrees with it on a block.

    Rows of the same microsecond are ordered by the key. Columns are `a_*` and `b_*`, with `a_time` and
    `b_time`; the pair happens and is known when b does and is. NULL agrees with nothing.
    """
    assert source.pairs is not None
    other = reading.done[source.pairs.source]
    for block in source.pairs.block:
        for one in block:
            if one not in other.columns:
                raise missing_column(name, "pairs.block", one, other.columns)
    key = reading.sources[other.name].key or tuple(other.columns)
    numbered = f"numbered_{name}"
    reading.engine.create_table(numbered, _numbered(other, key))
    matched = f"matched_{name}"
    reading.engine.create_table(matched, _matched(numbered, source.pairs, other.known_columns))
    query, roles = _joined(numbered, matched, other)
    reading.engine.create_table(f"pairs_{name}", query)
    entries = {f"{side}_{one}": known for side in (OLD, NEW) for one, known in other.known_columns.items()}
    hidden = (KNOWN, *(known_name(one) for one in entries))
    rows = exp.select(*(column(one) for one in (*roles, TIME, *hidden))).from_(stored(f"pairs_{name}"))
    draft = Draft(
        name,
        rows,
        roles,
        True,
        row_known=KnownTime(0, (column(KNOWN),)),
        entries={one: _promise(one, known) for one, known in entries.items()},
        moments={one: KnownTime(0, (column(known_name(one)),)) for one in entries},
        hidden=hidden,
    )
    return Origin(lambda report: draft, covers=other.report.covers)


def _promise(name: str, known: Known) -> Known:
    """Return the entry of a pair's column; `at` names a column of the pair."""
    side = name.split("_", 1)[0]
    return Known(None if known.at is None else f"{side}_{known.at}", known.after)


def _numbered(other: SourceTable, key: tuple[str, ...]) -> exp.Select:
    """Number the rows by time and key, so that a pair has an order and is found once."""
    order = [exp.Ordered(this=column(one), nulls_first=True) for one in (TIME, *key)]
    row = exp.Window(this=exp.RowNumber(), order=exp.Order(expressions=order))
    names = [*other.columns, TIME, KNOWN, *(known_name(one) for one in other.known_columns)]
    return exp.select(*(column(one) for one in names), alias(row, _ROW)).from_(stored(other.relation))


def _matched(numbered: str, pairs: Pairs, late: Collection[str]) -> exp.Query:
    """Return the numbers of the rows that agree on a block, once, and when the first agreement is known."""
    found: exp.Query | None = None
    last = pairs.last
    for block in pairs.block:
        conditions: list[Tree] = [exp.EQ(this=column(one, OLD), expression=column(one, NEW)) for one in block]
        conditions.append(exp.LT(this=column(_ROW, OLD), expression=column(_ROW, NEW)))
        conditions.append(exp.LTE(this=column(KNOWN, OLD), expression=column(TIME, NEW)))
        if last:
            since = exp.Paren(this=exp.Sub(this=column(TIME, NEW), expression=number(last.microseconds)))
            conditions.append(exp.GTE(this=column(TIME, OLD), expression=since))
        query = (
            exp.select(alias(column(_ROW, OLD), OLD), alias(column(_ROW, NEW), NEW))
            .select(alias(_agreed(block, late), KNOWN))
            .from_(stored(numbered, OLD))
            .join(stored(numbered, NEW), on=both(*conditions))
        )
        found = query if found is None else exp.Union(this=found, expression=query, distinct=True)
    assert found is not None
    first = alias(exp.Min(this=column(KNOWN)), KNOWN)
    return exp.select(column(OLD), column(NEW), first).from_(found.subquery("agreed")).group_by(OLD, NEW)


def _agreed(block: tuple[str, ...], late: Collection[str]) -> Tree:
    """Return when it is known that two rows agree: with the newer row, or when the last of the block is."""
    read = [column(known_name(one), side) for one in block if one in late for side in (OLD, NEW)]
    return latest_of([column(KNOWN, NEW), *read])


def _joined(numbered: str, matched: str, other: SourceTable) -> tuple[exp.Select, dict[str, str]]:
    """Return the pairs with all columns of both rows, and their roles."""
    roles: dict[str, str] = {}
    items: list[Tree] = []
    for side in (OLD, NEW):
        for one, role in other.columns.items():
            roles[f"{side}_{one}"] = role
            items.append(alias(column(one, side), f"{side}_{one}"))
        roles[f"{side}_time"] = "time"
        if "time" not in other.columns:
            items.append(alias(column(TIME, side), f"{side}_time"))
        for one in other.known_columns:
            # a pair's column is known no earlier than the pair
            later = call("greatest", column(known_name(one), side), column(KNOWN, NEW))
            there = not_null(column(known_name(one), side))
            items.append(alias(exp.Case(ifs=[exp.If(this=there, true=later)]), known_name(f"{side}_{one}")))
    items += [alias(column(TIME, NEW), TIME), alias(column(KNOWN, "found"), KNOWN)]
    query = exp.select(*items).from_(stored(matched, "found"))
    for side in (OLD, NEW):
        on = exp.EQ(this=column(_ROW, side), expression=column(side, "found"))
        query = query.join(stored(numbered, side), on=on)
    return query, roles
