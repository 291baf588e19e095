"""What sections ask of each other beyond names: lists need a group, targets steps, windows a time."""

from __future__ import annotations

from collections.abc import Iterator

from truenorth.errors import Finding
from truenorth.framing.examples import ExampleTable
from truenorth.framing.labels import TIME_ANCHORS, Label
from truenorth.framing.scope import Scope, finding


def check_table_times(scope: Scope) -> Iterator[Finding]:
    """A table has the times that its source has, and a split by time has times to split by."""
    for name, table in scope.framing.examples.items():
        source = scope.framing.sources.get(table.source or "")
        if source is None or not scope.is_whole("sources", table.source or ""):
            continue
        if table.at == "time" and not source.is_dated:
            evidence = f"expected a source with a time, got {table.source!r}, which is undated."
            fix = f"write at: none, or add time: COLUMN to sources.{table.source}"
            yield finding("SPEC011", ("examples", name, "at"), evidence, fix)
    split = scope.framing.split
    if split is None or scope.framing.table.at != "none" or not scope.is_whole("examples"):
        return
    if split.form in ("periods", "lengths"):
        evidence = f"expected column or random beside undated examples, got {split.form}, which need times."
        yield finding("SPEC011", ("split",), evidence, "write split: {column: ..., train: ..., test: ...}")


def check_label_windows(scope: Scope) -> Iterator[Finding]:
    """A label's window starts at a time that there is."""
    framing = scope.framing
    if not scope.is_whole("examples"):
        return
    for name, label in framing.labels.items():
        table = framing.examples.get(label.on or "", framing.table)
        yield from _label_target(name, label, table)
        source = framing.sources.get(label.source or "")
        if source is None or not scope.is_whole("sources", label.source or ""):
            continue
        if table.at == "none" and source.is_dated:
            evidence = f"expected marks of an undated source, got events of {label.source!r}."
            fix = "give the examples a time, or the source none"
            yield finding("SPEC033", ("labels", name, "source"), evidence, fix)
        anchor = framing.labels.get(label.anchor) if label.anchor not in TIME_ANCHORS else None
        if anchor is not None and not _has_events(scope, anchor):
            evidence = f"expected a label over events, got {label.anchor!r}, whose events have no time."
            fix = f"write given: {label.anchor} and anchor: at, or anchor on a label over events"
            yield finding("SPEC011", ("labels", name, "anchor"), evidence, fix)


def _label_target(name: str, label: Label, table: ExampleTable) -> Iterator[Finding]:
    if label.anchor == "target" and table.ahead is None:
        evidence = "expected examples with steps ahead beside anchor: target, got none."
        fix = "add ahead: 48 x 1h to examples, or remove anchor"
        yield finding("SPEC011", ("labels", name, "anchor"), evidence, fix)


def _has_events(scope: Scope, label: Label) -> bool:
    source = scope.framing.sources.get(label.source or "")
    return label.source is not None and (source is None or source.is_dated)


def check_feature_forms(scope: Scope) -> Iterator[Finding]:
    """Features over a list have a list, those that trail a target have one, and no context is a feature."""
    table = scope.framing.table
    if not scope.is_whole("examples"):
        return
    for name, feature in scope.framing.features.items():
        path = ("features", name)
        if feature.over == "group" and not table.group:
            evidence = "expected group in examples beside over: group, got none."
            yield finding("SPEC011", (*path, "over"), evidence, "add group: COLUMN to examples")
        if feature.anchor == "target" and table.ahead is None:
            evidence = "expected examples with steps ahead beside anchor: target, got none."
            fix = "add ahead: 48 x 1h to examples, or remove anchor"
            yield finding("SPEC011", (*path, "anchor"), evidence, fix)
        if feature.closed == "both" and feature.source != table.source:
            own = f"the source of the examples, {table.source!r}" if table.source else "rows of a source"
            evidence = f"expected {own}, beside closed: both, got events of {feature.source!r}."
            fix = "remove closed: only the example's own row can be admitted"
            yield finding("SPEC011", (*path, "closed"), evidence, fix)
        read = next((one for one in (feature.column, name) if one in table.context), None)
        if read is not None:
            evidence = f"expected a column that is no context, got {read!r}."
            yield finding("SPEC034", (*path, "column") if feature.column == read else path, evidence)
