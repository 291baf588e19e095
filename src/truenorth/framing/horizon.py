"""When labels are due: delays, horizons, and which label waits for which."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from truenorth.framing.durations import DAY, WEEK, microseconds
from truenorth.framing.examples import ExampleTable
from truenorth.framing.known import effective_known
from truenorth.framing.labels import TIME_ANCHORS, Label
from truenorth.framing.sources import Source

NEVER = None


def dependencies(label: Label, labels: Mapping[str, Label], name: str) -> tuple[str, ...]:
    """Return the labels that this one reads: its anchor, its `given`, its parts, its weight."""
    read: set[str] = set()
    if label.anchor not in TIME_ANCHORS:
        read.add(label.anchor)
    for expression in (label.given, label.combine, label.weight):
        if expression is not None:
            read |= expression.columns & labels.keys()
    return tuple(sorted(read - {name}))


def with_dependencies(names: Iterable[str], labels: Mapping[str, Label]) -> tuple[str, ...]:
    """Return the labels and all that they depend on, in the order of the framing."""
    found: set[str] = set()
    stack = [name for name in names if name in labels]
    while stack:
        name = stack.pop()
        if name not in found:
            found.add(name)
            stack.extend(dependencies(labels[name], labels, name))
    return tuple(name for name in labels if name in found)


def delay(label: Label, sources: Mapping[str, Source], example_source: str | None) -> int:
    """Return the promised reporting delay of what the label reads, in microseconds."""
    return effective_known(sources, label.source or example_source or "").of(read_columns(label)).after


def read_columns(label: Label) -> frozenset[str]:
    """Return the columns of its source, or of the example's row, that the label's value reads."""
    expressions = [label.when, label.value, label.where, label.aggregated]
    found = frozenset().union(*(expression.columns for expression in expressions if expression is not None))
    return found | frozenset(label.columns) | (frozenset(label.by) if label.source else frozenset())


def horizon(
    name: str, labels: Mapping[str, Label], sources: Mapping[str, Source], table: ExampleTable
) -> int | None:
    """Return the longest time from `at` until the label is mature, microseconds; None where it never is."""
    label = labels[name]
    if label.combine is not None:
        parts = [horizon(part, labels, sources, table) for part in dependencies(label, labels, name)]
        return None if None in parts else max((part for part in parts if part is not None), default=0)
    start = _anchor_offset(label, labels, sources, table)
    window = 0 if label.source is None else microseconds(label.within)
    if label.source is not None and not sources[label.source].is_dated:
        return 0
    if start is None or window is None:
        return NEVER
    own = start + (microseconds(label.gap) or 0) + window + delay(label, sources, table.source)
    given = [horizon(part, labels, sources, table) for part in _given(label, labels, name)]
    return None if None in given else max([own, *(part for part in given if part is not None)])


def _given(label: Label, labels: Mapping[str, Label], name: str) -> tuple[str, ...]:
    return tuple(sorted((label.given.columns & labels.keys()) - {name})) if label.given else ()


def _anchor_offset(
    label: Label, labels: Mapping[str, Label], sources: Mapping[str, Source], table: ExampleTable
) -> int | None:
    if label.anchor == "at":
        return 0
    if label.anchor == "target":
        ahead = table.ahead
        return 0 if ahead is None else (ahead.steps - 1) * ahead.length.microseconds
    if label.anchor in ("week_end", "day_end"):
        return WEEK if label.anchor == "week_end" else DAY
    return horizon(label.anchor, labels, sources, table)
