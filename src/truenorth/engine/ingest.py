"""Sources to relations: `src_<name>` with the user's columns, `__time`, `__known` and `__known_<column>`.

Times are BIGINT microseconds UTC from here on. A source is a view over its files wherever nothing has to be
computed first, so that only the columns that are read leave the disk.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlglot import exp

from truenorth.engine.contract import Engine
from truenorth.engine.derived import derive
from truenorth.engine.derived.lookup import take_column
from truenorth.engine.derived.session import COLUMNS, cut_sessions
from truenorth.engine.draft import Draft
from truenorth.engine.duplicates import settle_duplicates
from truenorth.engine.failures import refused
from truenorth.engine.known import KNOWN, TIME, known_name
from truenorth.engine.logs import ambiguous_stamps, read_log
from truenorth.engine.lowering import Tree, column
from truenorth.engine.made import add_columns, add_entries, late_columns
from truenorth.engine.readers.files import missing_column
from truenorth.engine.reading import Origin, Reading, SourceTable
from truenorth.engine.report import Checks, SourceReport, keep_condition, measure, without
from truenorth.engine.trees import alias, count
from truenorth.errors import DataError, Finding, suggest
from truenorth.framing.known import renamed
from truenorth.framing.sources import Source


def read_sources(
    engine: Engine,
    sources: Mapping[str, Source],
    *,
    base: Path,
    frames: Mapping[str, Any] | None = None,
    names: Collection[str] | None = None,
    allow_empty: bool = False,
) -> dict[str, SourceTable]:
    """Make the relation `src_<name>` of each source, those it depends on first.

    Args:
        engine: Where the relations are made.
        sources: The framing's sources.
        base: Folder that paths start from.
        frames: Arrow, pandas or polars frames by source, for sources without a path.
        names: Sources to read, with those they depend on; all where absent.
        allow_empty: Whether a log without a single row is read as an empty relation.

    Raises:
        DataError: If a log is missing, unreadable, empty, or breaks a rule; all sources are looked at first.
    """
    done: dict[str, SourceTable] = {}
    failed: set[str] = set()
    findings: list[Finding] = []
    for name in _order(sources, names):
        if failed.intersection(depends_on(sources[name])):
            failed.add(name)
            continue
        try:
            table = _read(Reading(engine, base, frames or {}, sources, done), name)
            _check_rows(table, sources[name], allow_empty=allow_empty)
            done[name] = table
        except DataError as error:
            findings.extend(error.findings)
            failed.add(name)
    if findings:
        raise DataError(findings)
    return done


def depends_on(source: Source) -> list[str]:
    """Return the sources that a source takes rows or columns from."""
    taken = [part.source for part in (source.pairs, source.silence) if part]
    return [*taken, *source.union, *(one.source for one in source.lookup.values())]


def _order(sources: Mapping[str, Source], names: Collection[str] | None) -> list[str]:
    """Return the sources so that each comes after those it depends on."""
    order: list[str] = []

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            circle = " -> ".join((*path[path.index(name) :], name))
            raise _refused(
                "LOG007",
                name,
                f"expected sources that do not need themselves, got {circle}.",
                "cut the circle",
            )
        if name not in sources:
            fix = suggest(name, list(sources), otherwise="declare it under sources")
            raise _refused(
                "LOG004", path[-1] if path else name, f"expected a source of the framing, got {name!r}.", fix
            )
        if name in order:
            return
        for other in depends_on(sources[name]):
            visit(other, (*path, name))
        order.append(name)

    for name in names if names is not None else sources:
        visit(name, ())
    return order


def _read(reading: Reading, name: str) -> SourceTable:
    """Walk one source through its steps, in the order of the docs."""
    engine, source = reading.engine, reading.sources[name]
    origin = (derive if source.is_derived else read_log)(reading, name, source)
    late = late_columns(source)
    early = [one for one in source.columns if one not in late]

    def started(report: SourceReport | None) -> Draft:
        return add_columns(add_entries(origin.draft(report), source), source, early)

    draft = started(None)
    _check_names(draft)
    is_late = source.where is not None and bool(source.where.columns & late)
    checks = _checks(draft, source, origin, is_late=is_late)
    report = measure(engine, draft, checks)
    draft = started(report).filtered(keep_condition(checks, report.removed))
    if source.where is not None and not is_late:
        draft = draft.known_with(source.where.columns)
    if not source.is_derived:
        key = _key(draft, source)
        draft, n_copies = settle_duplicates(
            engine, draft, rule=source.duplicates, key=key, content=origin.content
        )
        report = without(report, "duplicate", n_copies)
    report = replace(report, n_ambiguous=ambiguous_stamps(reading, draft, origin, report))
    draft, report = _add_late(reading, draft, report, late, is_late=is_late)
    if origin.covers and not source.covers:
        report = replace(report, covers=origin.covers)
    return _finished(engine, draft, source, report)


def _add_late(
    reading: Reading, draft: Draft, report: SourceReport, late: frozenset[str], *, is_late: bool
) -> tuple[Draft, SourceReport]:
    """Add sessions and looked-up columns, and what is made from them."""
    engine, source = reading.engine, reading.sources[draft.name]
    if source.session:
        draft = cut_sessions(engine, draft, source.session)
    for name, lookup in source.lookup.items():
        draft = take_column(reading, draft, name, lookup)
    draft = add_columns(add_entries(draft, source), source, [one for one in source.columns if one in late])
    if is_late and source.where is not None:
        draft = draft.filtered(draft.lowered(source.where, "where")).known_with(source.where.columns)
        left = engine.fetch(exp.select(count()).from_(draft.table())).column(0)[0].as_py()
        report = without(report, "where", report.n_kept - left)
    return draft, report


def _checks(draft: Draft, source: Source, origin: Origin, *, is_late: bool) -> Checks:
    where = draft.lowered(source.where, "where") if source.where is not None and not is_late else None
    known = {renamed(source, name): entry for name, entry in source.column_known.items()}
    entries = [source.row_known, *known.values()] if draft.is_dated else []
    resolved = [replace(entry, at=renamed(source, entry.at)) for entry in entries if entry.at is not None]
    return Checks(
        where=where,
        flags=origin.flags,
        entries=tuple(dict.fromkeys(entry for entry in resolved if entry.at in draft.columns)),
        row_at=renamed(source, source.row_known.at) if draft.is_dated and source.row_known.at else None,
        is_computed=origin.is_computed,
        covers=source.covers if draft.is_dated else None,
        coarseness=max(source.time.resolution.microseconds - 1, 0) if source.time else 0,
        held=_held(source),
    )


def _held(source: Source) -> int:
    """Return how long after its time a snapshot was taken: it holds what was promised until then."""
    if source.time is None or source.time.constant is None:
        return 0
    promised = [source.row_known, *source.column_known.values()]
    return max(known.after.microseconds for known in promised)


def _key(draft: Draft, source: Source) -> tuple[str, ...]:
    names = tuple(renamed(source, one) for one in source.key)
    made = {*source.lookup, *(COLUMNS if source.session else ())}
    for name in names:
        if name not in draft.columns and name not in made:
            raise missing_column(draft.name, "key", name, draft.columns)
    return () if made.intersection(names) else names


def _finished(engine: Engine, draft: Draft, source: Source, report: SourceReport) -> SourceTable:
    """Make the relation with the known times beside the columns."""
    _check_entries(draft, source)
    row = draft.row_known
    nothing = exp.cast(exp.null(), "BIGINT")
    items: list[Tree] = [column(name) for name in draft.columns]
    items.append(alias(column(TIME) if draft.is_dated else nothing.copy(), TIME))
    items.append(alias(row.tree if draft.is_dated else nothing.copy(), KNOWN))
    items += [alias(row.later_of(moment).tree, known_name(name)) for name, moment in draft.moments.items()]
    relation = f"src_{draft.name}"
    engine.create_view(relation, draft.over(*items))
    found = engine.columns(relation)
    roles = {name: "time" if role == "time" else found[name] for name, role in draft.columns.items()}
    return SourceTable(draft.name, relation, roles, draft.is_dated, dict(draft.entries), report)


def _check_entries(draft: Draft, source: Source) -> None:
    for name, entry in (("", source.row_known), *source.column_known.items()):
        place = "known_at" if entry.at else "known_after"
        if draft.is_dated and name and renamed(source, name) not in draft.columns:
            raise missing_column(draft.name, place, name, draft.columns)
        if draft.is_dated and entry.at and renamed(source, entry.at) not in draft.columns:
            raise missing_column(draft.name, "known_at", entry.at, draft.columns)


def _check_names(draft: Draft) -> None:
    """Refuse names that an engine would take for the same."""
    seen: dict[str, str] = {}
    for name in draft.columns:
        twin = seen.setdefault(name.lower(), name)
        if twin != name:
            evidence = (
                f"expected columns that differ by more than upper and lower case, got {twin!r} and {name!r}."
            )
            raise _refused(
                "LOG004", draft.name, evidence, f"rename one: rename: {{{name.lower()}_2: {name}}}"
            )


def _check_rows(table: SourceTable, source: Source, *, allow_empty: bool) -> None:
    if table.report.n_kept or allow_empty or source.is_derived:
        return
    removed = ", ".join(f"{count:,} removed ({reason})" for reason, count in table.report.removed.items())
    got = f"{table.report.n_read:,} rows: {removed}" if table.report.n_read else "none"
    raise _refused(
        "LOG010",
        table.name,
        f"expected rows, got {got}.",
        "check the path, the time column and its format, and where",
    )


def _refused(code: str, name: str, evidence: str, fix: str) -> DataError:
    return refused(code, where=f"sources.{name}", evidence=evidence, fix=fix)


__all__ = ["SourceTable", "depends_on", "read_sources"]
