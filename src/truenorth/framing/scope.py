"""What a check may look up: the names that a framing defines, also those whose own definition is wrong."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path as FilePath
from typing import Any

from truenorth.errors import Finding, near_names, suggest
from truenorth.framing.codes import CODES
from truenorth.framing.document import Path, dotted
from truenorth.framing.examples import ExampleTable
from truenorth.framing.expressions import Expression
from truenorth.framing.framing import Framing
from truenorth.framing.names import label_columns
from truenorth.framing.sources import Source

ROW_COLUMNS = frozenset(
    """at time target step action position propensity shown explored week_end day_end score class row
    file""".split()
)
"""Names that a row always may have; no check doubts them."""
_NEAR = 0.75


@dataclass(frozen=True)
class Scope:
    """An expanded framing and what surrounds it."""

    framing: Framing
    """The framing, expanded, without the parts that could not be read."""
    data: dict[str, Any]
    """The file's values, as written."""
    removed: tuple[Path, ...] = ()
    """Parts that could not be read."""
    folder: FilePath | None = None
    """Folder of the file, for the files beside it."""

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """Names of the labels, with the columns that tags make."""
        names = dict.fromkeys(self._written("labels"))
        for name, label in self.framing.labels.items():
            names |= dict.fromkeys((name, *label_columns(name, label)))
        return tuple(names)

    @cached_property
    def features(self) -> tuple[str, ...]:
        """Names of the features."""
        return tuple(dict.fromkeys((*self.framing.features, *self._written("features"))))

    @cached_property
    def sources(self) -> tuple[str, ...]:
        """Names of the sources."""
        return tuple(dict.fromkeys((*self.framing.sources, *self._written("sources"))))

    def knows(self, name: str) -> bool:
        """Return whether a label or feature has this name, or belongs to a family that could not be read."""
        if name in self.labels or name in self.features:
            return True
        return any(len(path) >= 2 and name.startswith(f"{path[1]}_") for path in self.removed)

    def is_whole(self, *path: str | int) -> bool:
        """Return whether nothing was left out of a part."""
        return not any(
            removed[: len(path)] == path or path[: len(removed)] == removed for removed in self.removed
        )

    def declared(self, table: ExampleTable) -> set[str]:
        """Return the columns of a table's row that the framing itself names."""
        names = {*table.entity, *table.group, *table.decision, *table.context, *ROW_COLUMNS}
        if table.unit:
            names.add(table.unit)
        if table.source in self.framing.sources:
            names |= self.columns(table.source)
        return names

    def columns(self, name: str, _open: frozenset[str] = frozenset()) -> set[str]:
        """Return the columns of a source that the framing itself names."""
        source = self.framing.sources.get(name)
        if source is None or name in _open:
            return set()
        names = _named(source)
        for other in source.union:
            names |= self.columns(other, _open | {name})
        if source.pairs:
            below = self.columns(source.pairs.source, _open | {name})
            names |= {column for set_ in source.pairs.block for column in set_}
            names = {f"{side}_{column}" for side in "ab" for column in (names | below | {"time"})} | names
        if source.session:
            names |= {"session_id", "session_start", "session_end"}
        if source.silence:
            names |= {"days", *source.silence.by}
        return names

    def unknown(
        self, name: str, known: Collection[str], code: str, path: Path, what: str
    ) -> Iterator[Finding]:
        """Yield a finding where `name` is not among `known`."""
        if name in known:
            return
        listed = ", ".join(list(known)[:8]) + (", ..." if len(known) > 8 else "")
        fix = suggest(name, list(known), otherwise=f"use one of {listed}" if known else CODES[code].fix)
        yield finding(code, path, f"expected {what}, got {name!r}.", fix)

    def unknown_value(
        self, expression: Expression, path: Path, *, also: Iterable[str] = ()
    ) -> Iterator[Finding]:
        """Yield a finding for each name that is no label, feature or other known name."""
        allowed = {*also, *ROW_COLUMNS}
        for name in sorted(expression.columns - allowed):
            if not self.knows(name):
                known = (*self.labels, *self.features, *sorted(allowed - ROW_COLUMNS))
                yield from self.unknown(name, known, "SPEC022", path, "a label or feature")

    def misspelt(
        self, names: Iterable[str], path: Path, table: ExampleTable, *, known: Collection[str] | None = None
    ) -> Iterator[Finding]:
        """Yield a finding for each name that is likely a misspelt one; it may also be a column of the log.

        The columns of a log are known only when it is read, so that a name far from all others passes here.
        """
        known = (*self.labels, *self.features) if known is None else known
        declared = self.declared(table)
        for name in sorted(set(names) - declared):
            if self.knows(name):
                continue
            near = [other for other in near_names(name, known) if _is_slip(name, other)]
            if near:
                fix = f"did you mean {near[0]!r}? If {name!r} is a column of the log, declare it under types"
                yield finding(
                    "SPEC022", path, f"expected a label, feature or column of the row, got {name!r}.", fix
                )

    def _written(self, section: str) -> list[str]:
        items = self.data.get(section)
        whole = items if isinstance(items, dict) else {}
        families = {path[1] for path in self.removed if len(path) == 2 and path[0] == section}
        expanded = getattr(self.framing, section)
        return [name for name in whole if name in expanded or name in families or section == "sources"]


def finding(code: str, path: Path, evidence: str, fix: str = "") -> Finding:
    """Return a finding of the table of codes at a path."""
    fix = fix or CODES[code].fix
    return Finding(
        code=code,
        severity=CODES[code].severity,
        where=dotted(path),
        evidence=evidence,
        fix=fix if fix.endswith((".", "?")) else fix + ".",
        path=path,
    )


def _named(source: Source) -> set[str]:
    names = {*source.types, *source.columns, *source.rename, *source.lookup, *source.key, *source.static}
    names |= set(source.column_known)
    for column in (source.row_known.at, source.time and source.time.column, source.unnest):
        if column:
            names.add(column)
    if source.session:
        names |= set(source.session.by)
    for known in source.column_known.values():
        if known.at:
            names.add(known.at)
    return names


def _is_slip(name: str, other: str) -> bool:
    """Whether one name is likely the other, mistyped: nearly the same letters, and the same digits."""
    same_digits = [*filter(str.isdigit, name)] == [*filter(str.isdigit, other)]
    ratio = difflib.SequenceMatcher(None, name.lower(), other.lower()).ratio()
    return same_digits and abs(len(name) - len(other)) <= 2 and ratio >= _NEAR
