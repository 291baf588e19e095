"""What a feature rests on of the example's own row, and which of those columns carry no date.

A window is proved to end before the decision; what stands on the row is only said to have been there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from truenorth.framing.features import Feature
from truenorth.framing.framing import Framing

CLOCK = frozenset({"at", "time", "target", "step"})
"""What a row has by its time alone."""


@dataclass(frozen=True)
class Undated:
    """An attribute that carries no date of its own."""

    source: str
    """The undated source that holds it."""
    column: str
    """Its name there."""
    key: tuple[str, ...]
    """Columns by which it joins."""


def own_reads(feature: Feature) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield what a feature reads on the example's row, by the key of the feature that says so."""
    if feature.column is not None:
        yield "column", frozenset({feature.column})
    if feature.sql is not None:
        yield "sql", feature.sql.columns
    if feature.over is not None and feature.aggregate and feature.aggregated is not None:
        yield feature.aggregate, feature.aggregated.columns
    if feature.match:
        yield "match", frozenset(feature.match)


def row_columns(framing: Framing, name: str, _open: frozenset[str] = frozenset()) -> frozenset[str]:
    """Return the columns of the example's row that a feature rests on, through the features that it reads."""
    found: set[str] = set()
    for _, read in own_reads(framing.features[name]):
        for column in read:
            if column in framing.features and column != name and column not in _open:
                found |= row_columns(framing, column, _open | {name})
            else:
                found.add(column)
    return frozenset(found - CLOCK)


def is_proved(framing: Framing, name: str) -> bool:
    """Return whether a feature reads trailing windows and clocks alone, so that its past is proved."""
    feature = framing.features[name]
    return not row_columns(framing, name) and not feature.over and feature.closed == "start"


def outcome_columns(framing: Framing) -> Mapping[str, frozenset[str]]:
    """Return the columns of the example's row that each label is read off, by label."""
    found: dict[str, frozenset[str]] = {}
    for name, label in framing.labels.items():
        read = set(label.columns)
        for expression in (label.when, label.value):
            read |= set() if expression is None or label.source is not None else set(expression.columns)
        found[name] = frozenset(read - CLOCK)
    return found


def undated(framing: Framing) -> Mapping[str, Undated]:
    """Return the columns of an example's row that come from undated sources, by their name on the row."""
    found: dict[str, Undated] = {}
    for name, source in framing.sources.items():
        if not source.is_dated and name != framing.table.source:
            found |= {column: Undated(name, column, source.key) for column in source.static}
    own = framing.sources.get(framing.table.source or "")
    for column, lookup in (own.lookup if own else {}).items():
        other = framing.sources.get(lookup.source)
        if other is not None and not other.is_dated:
            found[column] = Undated(lookup.source, lookup.column, lookup.by)
    return found


def undated_reads(framing: Framing, name: str) -> Mapping[str, Undated]:
    """Return the undated attributes that a feature reads on the row, by their name there."""
    known = undated(framing) if framing.table.at != "none" else {}
    return {column: known[column] for column in sorted(row_columns(framing, name)) if column in known}


def windowed_attributes(framing: Framing) -> Mapping[str, Mapping[str, str]]:
    """Return, by undated source and column, a feature whose window reads that column through a lookup.

    Such a window is dated by its events and its attribute is not: every event carries today's value.
    Windows over the example's own source are left out where the row reads the same column; that is found
    from the row.
    """
    found: dict[str, dict[str, str]] = {}
    for name, feature in framing.features.items():
        source = framing.sources.get(feature.source or "")
        if source is None or feature.source == framing.table.source:
            continue
        read = set(feature.by)
        for expression in (feature.where, feature.aggregated):
            read |= set() if expression is None else set(expression.columns)
        for column in sorted(read & source.lookup.keys()):
            origin = framing.sources.get(source.lookup[column].source)
            if origin is not None and not origin.is_dated:
                found.setdefault(source.lookup[column].source, {}).setdefault(column, name)
    return found


def written_name(framing_names: Collection[str], member: str) -> str:
    """Return the name under which the file writes a feature: its own, or that of its family.

    Examples:
        >>> written_name(["spend", "amount"], "spend_7d")
        'spend'
    """
    prefixes = [one for one in framing_names if member.startswith(f"{one}_")]
    return member if member in framing_names or not prefixes else max(prefixes, key=len)
