"""`union`: the rows of several sources under each other, with the column `source`."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from truenorth.engine.draft import Draft
from truenorth.engine.failures import refused
from truenorth.engine.known import KNOWN, TIME, KnownTime, known_name, latest
from truenorth.engine.lowering import Tree, column, text
from truenorth.engine.reading import Origin, Reading, SourceTable
from truenorth.engine.trees import alias, stored
from truenorth.errors import DataError
from truenorth.framing.sources import Source

ORIGIN = "source"
_CASTS = {"integer": "BIGINT", "number": "DOUBLE", "text": "VARCHAR", "boolean": "BOOLEAN", "time": "BIGINT"}


def stack_sources(reading: Reading, name: str, source: Source) -> Origin:
    """Return every row of the sources, each with its own times; a column that one lacks is NULL there."""
    tables = [reading.done[one] for one in source.union]
    dated = {table.is_dated for table in tables}
    if len(dated) > 1:
        raise _refused(
            name,
            "expected sources that are all dated or all undated, got both.",
            "leave out the undated ones",
        )
    roles = _roles(name, tables)
    is_dated = dated.pop()
    entries = {}
    for one in roles:
        known = [table.known_columns[one] for table in tables if one in table.known_columns]
        if known:
            entries[one] = latest(known)
    hidden = [TIME, KNOWN, *(known_name(one) for one in entries)] if is_dated else []
    query: exp.Query | None = None
    for table in tables:
        rows = _rows(table, roles, hidden)
        query = rows if query is None else exp.Union(this=query, expression=rows, distinct=False)
    assert query is not None
    names = [*roles, ORIGIN, *hidden]
    rows = exp.select(*(column(one) for one in names)).from_(query.subquery("stacked"))
    draft = Draft(
        name,
        rows,
        {**roles, ORIGIN: "text"},
        is_dated,
        row_known=KnownTime(0, (column(KNOWN),)),
        entries=entries,
        moments={one: KnownTime(0, (column(known_name(one)),)) for one in entries},
        hidden=tuple(hidden[1:]),
    )
    return Origin(lambda report: replace(draft), covers=_covers(reading, tables))


def _rows(table: SourceTable, roles: dict[str, str], hidden: list[str]) -> exp.Select:
    items: list[Tree] = []
    for name, role in roles.items():
        value: Tree = column(name) if name in table.columns else exp.null()
        if role in _CASTS:
            value = exp.cast(value, _CASTS[role])
        items.append(alias(value, name))
    items.append(alias(text(table.name), ORIGIN))
    for name in hidden:
        own = name in (TIME, KNOWN) or name.removeprefix(known_name("")) in table.known_columns
        items.append(alias(column(name if own else KNOWN), name))
    return exp.select(*items).from_(stored(table.relation))


def _roles(name: str, tables: list[SourceTable]) -> dict[str, str]:
    """Return the columns of all sources; integers beside numbers are numbers."""
    roles: dict[str, str] = {}
    for table in tables:
        for one, role in table.columns.items():
            if one == ORIGIN:
                continue
            before = roles.setdefault(one, role)
            if {before, role} == {"integer", "number"}:
                roles[one] = "number"
            elif before != role:
                evidence = f"expected {one!r} to be {before} in every source, got {role} in {table.name!r}."
                raise _refused(name, evidence, f"say types: {{{one}: {before}}} there, or rename it")
    return roles


def _covers(reading: Reading, tables: list[SourceTable]) -> tuple[int, int] | None:
    """Return the period that all declared ones share; None, what was observed, where none is declared."""
    declared = [
        table.report.covers for table in tables if reading.sources[table.name].covers and table.report.covers
    ]
    if not declared:
        return None
    return max(start for start, _ in declared), min(end for _, end in declared)


def _refused(name: str, evidence: str, fix: str) -> DataError:
    return refused("LOG004", where=f"sources.{name}.union", evidence=evidence, fix=fix)
