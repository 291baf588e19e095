"""When the values of a source become known, with all that it inherits from other sources.

One walk for leaks, horizons and the engine: through renames, `columns`, `lookup`, `session`, `where`,
`pairs`, `silence` and `union` (docs/semantics.md, "Known time").
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from truenorth.framing.durations import Duration
from truenorth.framing.sources import Known, Source


@dataclass(frozen=True)
class Wait:
    """How long after the event something is known."""

    after: int = 0
    """The delay, or the promised bound where it varies, microseconds."""
    is_constant: bool = True
    """Whether it is known exactly `after` later, for every row."""
    path: str = ""
    """How that comes, for messages."""

    @property
    def is_later(self) -> bool:
        """Whether it may be known after the event."""
        return self.after > 0 or not self.is_constant


NOW = Wait()


@dataclass(frozen=True)
class Waits:
    """When the rows of a source are known, and the columns that have an entry or inherit one."""

    row: Wait = NOW
    columns: Mapping[str, Wait] = field(default_factory=dict)

    def of(self, read: Iterable[str]) -> Wait:
        """Return when a row is known as far as some columns are read from it."""
        return latest([self.row, *(self.columns[name] for name in sorted(set(read)) if name in self.columns)])


def latest(waits: Iterable[Wait]) -> Wait:
    """Return the later of several; constant only where all are."""
    found = list(waits)
    if not found:
        return NOW
    top = max(found, key=lambda wait: (not wait.is_constant, wait.after))
    return Wait(max(wait.after for wait in found), all(wait.is_constant for wait in found), top.path)


def effective_known(sources: Mapping[str, Source], name: str, _open: frozenset[str] = frozenset()) -> Waits:
    """Return when the rows and the columns of a source become known, inherited delays included."""
    source = sources.get(name)
    if source is None or name in _open:
        return Waits()
    return _with_own(sources, name, source, _origin(sources, name, source, _open | {name}), _open | {name})


def inherited_known(sources: Mapping[str, Source], name: str, column: str) -> Wait | None:
    """Return when a made column would be known without its own entry; None where it inherits nothing."""
    source = sources[name]
    entries = {
        one: known for one, known in _entries(source) if one != column and renamed(source, one) != column
    }
    renames = [known for one, known in _entries(source) if one != column and renamed(source, one) == column]
    bare = source.model_copy(
        update={
            "known_at": {one: known.at for one, known in entries.items() if known.at},
            "known_after": {one: known.after for one, known in entries.items()},
        }
    )
    found = effective_known({**sources, name: bare}, name).columns.get(column)
    waits = [*([found] if found else []), *(_wait(name, column, known) for known in renames)]
    return latest(waits) if waits else None


def renamed(source: Source, name: str) -> str:
    """Return the new name of a column that may be named as in the file."""
    if name in source.rename:
        return name
    return next((new for new, old in source.rename.items() if old == name), name)


def _origin(sources: Mapping[str, Source], name: str, source: Source, opened: frozenset[str]) -> Waits:
    """Return what the rows bring along from the sources that they are made of."""
    if source.pairs:
        return _of_pairs(name, source, effective_known(sources, source.pairs.source, opened))
    if source.silence:
        other = effective_known(sources, source.silence.source, opened)
        wait = other.of(source.silence.by)
        return Waits(_through(name, replace(wait, is_constant=True)) if wait.is_later else NOW)
    if source.union:
        return _of_union(name, [effective_known(sources, one, opened) for one in source.union])
    return Waits()


def _of_pairs(name: str, source: Source, other: Waits) -> Waits:
    """A pair is known when its newer row is, and when what both had to agree on is."""
    assert source.pairs is not None
    row = other.of(one for block in source.pairs.block for one in block)
    columns = {}
    for one, wait in other.columns.items():
        # the earlier row's value may have become known before the pair: a bound, not a constant
        columns[f"a_{one}"] = _through(f"{name}.a_{one}", replace(wait, is_constant=False))
        columns[f"b_{one}"] = _through(f"{name}.b_{one}", wait)
    return Waits(_through(name, row) if row.is_later else NOW, columns)


def _of_union(name: str, members: list[Waits]) -> Waits:
    row = _of_any([one.row for one in members])
    columns = {}
    for column in dict.fromkeys(column for one in members for column in one.columns):
        wait = _of_any([one.columns.get(column, one.row) for one in members])
        columns[column] = _through(f"{name}.{column}", wait)
    return Waits(_through(name, row) if row.is_later else NOW, columns)


def _of_any(waits: list[Wait]) -> Wait:
    """Return the wait of a row that may come from any of several."""
    wait = latest(waits)
    longest = max(waits, key=lambda one: (one.after, bool(one.path)))
    return replace(
        wait,
        is_constant=wait.is_constant and len({one.after for one in waits}) == 1,
        path=wait.path or longest.path,
    )


def _with_own(
    sources: Mapping[str, Source], name: str, source: Source, origin: Waits, opened: frozenset[str]
) -> Waits:
    """Add what a source says itself, in the order in which the engine makes its columns."""
    row = latest([_row_wait(name, source.row_known), origin.row])
    columns = dict(origin.columns)

    def add(column: str, wait: Wait) -> None:
        columns[column] = latest([wait, columns[column]] if column in columns else [wait])

    made = {*source.columns, *source.lookup}
    for entry, known in _entries(source):
        if entry not in made:
            add(renamed(source, entry), _wait(name, renamed(source, entry), known))
    if source.session is not None:
        path = f"{name}.session_end (known a gap after the session's last event)"
        add("session_end", Wait(source.session.gap.microseconds, is_constant=False, path=path))
        for key in (one for one in source.session.by if one in columns):
            for column in ("session_id", "session_start", "session_end"):
                add(column, _through(f"{name}.{column}", columns[key]))
    for column, lookup in source.lookup.items():
        other = effective_known(sources, lookup.source, opened)
        # the row that was looked up is older than this one: its wait is a bound
        late = [other.columns[one] for one in (lookup.column, *lookup.by) if one in other.columns]
        waits = [replace(wait, is_constant=False) for wait in late]
        waits += [columns[key] for key in lookup.by if key in columns]
        if waits:
            add(column, _through(f"{name}.{column}", latest(waits)))
    for entry, known in _entries(source):
        if entry in source.lookup:
            add(entry, _wait(name, entry, known))
    for _ in source.columns:
        before = dict(columns)
        for column, expression in source.columns.items():
            reads = [columns[one] for one in sorted(expression.columns - {column}) if one in columns]
            own = [_wait(name, column, known) for entry, known in _entries(source) if entry == column]
            if reads or own:
                chain = [_through(f"{name}.{column}", latest(reads))] if reads else []
                columns[column] = latest([*chain, *own])
        if columns == before:
            break
    if source.where is not None:
        kept = [columns[one] for one in sorted(source.where.columns) if one in columns]
        late = [wait for wait in kept if wait.is_later]
        if late:
            row = latest([row, _through(f"{name}.where", latest(late))])
    every = {column: replace(latest([wait, row]), path=wait.path) for column, wait in columns.items()}
    return Waits(row, every)


def _entries(source: Source) -> list[tuple[str, Known]]:
    """Return the entries of a source; a column that says when others are known is known at itself."""
    clocks = [source.row_known, *source.column_known.values()]
    found = list(source.column_known.items())
    return found + [(str(one.at), one) for one in dict.fromkeys(clocks) if one.at is not None]


def clock_entries(source: Source) -> dict[str, Known]:
    """Return an entry for every column that says when others are known: it is known at itself."""
    clocks = [source.row_known, *source.column_known.values()]
    return {one.at: Known(one.at, one.after) for one in clocks if one.at is not None}


def _wait(name: str, column: str, known: Known) -> Wait:
    return Wait(known.after.microseconds, known.at is None, f"{name}.{column} ({_text(known)})")


def _row_wait(name: str, known: Known) -> Wait:
    if known.at is None and not known.after:
        return NOW
    path = f"every column of {name} ({_text(known)})"
    return Wait(known.after.microseconds, known.at is None, path)


def _text(known: Known) -> str:
    return f"known at {known.at}" if known.at else f"known {known.after} after the event"


def _through(place: str, wait: Wait) -> Wait:
    return replace(wait, path=f"{place} <- {wait.path}" if wait.path else place)


def duration(wait: Wait) -> Duration:
    """Return the bound as it is written."""
    return Duration(wait.after)
