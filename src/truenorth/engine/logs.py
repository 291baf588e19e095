"""A log in files or frames: its columns renamed, in their roles, with the event time."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from truenorth.engine.contract import role_of
from truenorth.engine.draft import Draft
from truenorth.engine.duckdb import DuckDB
from truenorth.engine.failures import refused
from truenorth.engine.known import TIME
from truenorth.engine.lowering import Tree, column, number
from truenorth.engine.readers import FILE, read_raw
from truenorth.engine.readers.files import missing_column
from truenorth.engine.reading import Origin, Reading
from truenorth.engine.report import SourceReport
from truenorth.engine.roles import TypedColumn, typed_column
from truenorth.engine.spread import spread
from truenorth.engine.trees import alias, count, stored
from truenorth.engine.zones import read_zone
from truenorth.errors import DataError
from truenorth.framing.sources import Source, Time

_UTC = Time(column="time")
_HIDDEN = "__"


def read_log(reading: Reading, name: str, source: Source) -> Origin:
    """Return the rows of a source that has files or a frame of its own.

    Raises:
        DataError: If a column that the framing names is not there, or is no time where it must be.
    """
    engine = reading.engine
    as_text = {**{_in_file(source, one): True for one in source.types}, **_formatted(source)}
    raw = read_raw(engine, name, source, base=reading.base, given=reading.frames, as_text=as_text)
    if source.unnest:
        raw = spread(engine, name, raw, source.unnest)
    types = engine.types(raw)
    _check_renames(name, source, types)
    if source.time and source.time.zone != "UTC" and isinstance(engine, DuckDB):
        zone = read_zone(source.time.zone)
        engine.create_macro(zone.macro, "stamp", zone.to_utc(column("stamp")))
    columns = _columns(name, source, types, engine.dialect)
    return _origin(name, source, raw, columns)


def _origin(name: str, source: Source, raw: str, columns: Mapping[str, TypedColumn]) -> Origin:
    flags: dict[str, tuple[str, str]] = {}
    flag_trees: dict[str, Tree] = {}
    for index, (one, typed) in enumerate(columns.items()):
        for kind, tree in (("n_non_finite", typed.non_finite), ("n_unreadable", typed.unreadable)):
            if tree is not None:
                flags[f"__flag_{kind}_{index}"] = (kind, one)
                flag_trees[f"__flag_{kind}_{index}"] = tree
    time = _event_time(name, source, columns)

    def draft(report: SourceReport | None) -> Draft:
        wild = columns if report is None else report.n_non_finite
        items = {
            one: typed.tree if one in wild or typed.unguarded is None else typed.unguarded
            for one, typed in columns.items()
        }
        if time is not None:
            items[TIME] = time
        hidden = flag_trees if report is None else {}
        trees = [alias(tree.copy(), one) for one, tree in {**items, **hidden}.items()]
        query = exp.select(*trees).from_(stored(raw))
        roles = {one: typed.role for one, typed in columns.items()}
        return Draft(name, query, roles, time is not None, hidden=tuple(hidden))

    return Origin(
        draft,
        content=tuple(one for one in columns if not (one == FILE and not isinstance(source.path, dict))),
        flags=flags,
        is_computed=source.time is not None and source.time.column is not None,
        zone=source.time.zone if source.time and source.time.column else None,
        resolution=_resolution(source),
    )


def _columns(
    name: str, source: Source, types: Mapping[str, exp.DataType], dialect: str
) -> dict[str, TypedColumn]:
    """Return each column under its new name, those without a role left out."""
    old_names = {*source.rename.values()}
    names = {
        one: one for one in types if one not in old_names and not one.startswith(_HIDDEN)
    } | source.rename
    stamps = {_renamed(source, one) for one in _stamps(source)}
    found: dict[str, TypedColumn] = {}
    for new, old in names.items():
        declared = source.types.get(new) or source.types.get(old)
        time = source.time or _UTC
        if role_of(types[old]) not in ("text", "integer", "number"):
            time = time.model_copy(update={"format": None, "unit": None})
        try:
            typed = typed_column(
                column(old), types[old], "time" if new in stamps else declared, time, dialect
            )
        except ValueError:
            raise _no_unit(name, new, types[old]) from None
        if typed is not None:
            found[new] = typed
    return found


def _event_time(name: str, source: Source, columns: Mapping[str, TypedColumn]) -> Tree | None:
    if source.time is None:
        return None
    if source.time.column is None:
        stamp: Tree = number(source.time.constant.microseconds if source.time.constant else 0)
        stamp = exp.cast(stamp, "BIGINT")
    else:
        typed = columns.get(_renamed(source, source.time.column))
        if typed is None:
            raise missing_column(name, "time", source.time.column, columns)
        stamp = typed.tree
    late = _resolution(source)
    return exp.Paren(this=exp.Add(this=stamp.copy(), expression=number(late))) if late else stamp


def _resolution(source: Source) -> int:
    """Return what turns a coarse stamp into the last microsecond of its interval."""
    return max(source.time.resolution.microseconds - 1, 0) if source.time else 0


def _stamps(source: Source) -> list[str]:
    """Return the columns that the framing uses as times."""
    at = source.known_at
    known = [at] if isinstance(at, str) else list((at or {}).values())
    made = {*source.columns, *source.lookup}
    event = [source.time.column] if source.time and source.time.column else []
    return [*event, *(one for one in known if one not in made)]


def _formatted(source: Source) -> dict[str, bool]:
    """Return the stamps of a CSV file that a format reads from text."""
    return (
        {_in_file(source, one): True for one in _stamps(source)} if source.time and source.time.format else {}
    )


def _in_file(source: Source, name: str) -> str:
    return source.rename.get(name, name)


def _renamed(source: Source, name: str) -> str:
    """Return the new name of a column that is named as in the file."""
    if name in source.rename:
        return name
    return next((new for new, old in source.rename.items() if old == name), name)


def _check_renames(name: str, source: Source, types: Mapping[str, exp.DataType]) -> None:
    for new, old in source.rename.items():
        if old not in types:
            raise missing_column(name, f"rename.{new}", old, types)
    for one in source.types:
        if one not in source.rename and one not in types:
            raise missing_column(name, f"types.{one}", one, types)
    for one in _stamps(source):
        if one not in source.rename and one not in types:
            raise missing_column(
                name, "time" if source.time and one == source.time.column else "known_at", one, types
            )


def _no_unit(name: str, one: str, data_type: exp.DataType) -> DataError:
    return refused(
        "LOG006",
        where=f"sources.{name}.time",
        evidence=f"expected a time in column {one!r}, got {data_type.sql().lower()} and no unit or format.",
        fix=f"write time: {{column: {one}, unit: s}} (or ms, us), or a format such as '%Y%m%d'",
    )


def ambiguous_stamps(reading: Reading, draft: Draft, origin: Origin, report: SourceReport) -> int:
    """Count the rows whose local stamp stands twice; nothing is read where clocks did not go back."""
    if origin.zone in (None, "UTC") or report.first is None or report.last is None:
        return 0
    day = 86_400_000_000
    zone = read_zone(str(origin.zone))
    # an instant of an hour that stands twice: its stamp is read as the earlier, so the later never occurs
    doubled = [zone.utc_of(low, high) for low, high in zone.ambiguous(report.first - day, report.last + day)]
    if not doubled:
        return 0
    late = origin.resolution
    inside = [
        exp.Between(this=column(TIME), low=number(low + late), high=number(high + late - 1))
        for low, high in doubled
    ]
    # counted by a filter on the aggregate: a WHERE would work out the time once per interval
    condition = exp.Where(this=exp.or_(*inside))
    query = draft.over(alias(exp.Filter(this=count(), expression=condition), "n"))
    return int(reading.engine.fetch(query).column(0)[0].as_py())
