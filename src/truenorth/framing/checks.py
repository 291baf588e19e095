"""What the sections owe each other: every name that one section uses, another must define.

A check is a function from a scope to findings; `CHECKS` is the order. Columns of a log are known only when
it is read: here a name is refused where nothing it could mean exists, or where it is likely misspelt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from truenorth.errors import Finding, near_names
from truenorth.framing.combinations import check_feature_forms, check_label_windows, check_table_times
from truenorth.framing.document import Path
from truenorth.framing.expressions import Expression
from truenorth.framing.known import effective_known
from truenorth.framing.labels import TIME_ANCHORS, ClassFile, Label
from truenorth.framing.models import Keywords
from truenorth.framing.scope import Scope, finding
from truenorth.framing.sources import Lookup, Source
from truenorth.framing.usage import check_metrics, check_objective, check_policy, check_retrieval

Check = Callable[[Scope], Iterator[Finding]]


def check_framing(scope: Scope) -> tuple[Finding, ...]:
    """Return what is wrong between the sections of a framing."""
    return tuple(found for check in CHECKS for found in check(scope))


def check_sources(scope: Scope) -> Iterator[Finding]:
    """Sources name only sources that exist, and not each other in a circle."""
    for name, source in scope.framing.sources.items():
        for key, other in _sources_below(source):
            yield from scope.unknown(other, scope.sources, "SPEC020", ("sources", name, *key), "a source")
        for column, lookup in source.lookup.items():
            yield from _check_lookup(scope, name, column, lookup)
        made = {
            new: sorted(made.columns & source.columns.keys() - {new}) for new, made in source.columns.items()
        }
        yield from _circles(made, "sources", name, "columns")
    graph = {
        name: [other for _, other in _sources_below(source)] for name, source in scope.framing.sources.items()
    }
    yield from _circles(graph, "sources")


def _sources_below(source: Source) -> Iterator[tuple[Path, str]]:
    for column, lookup in source.lookup.items():
        yield ("lookup", column, "source"), lookup.source
    if source.pairs:
        yield ("pairs", "source"), source.pairs.source
    if source.silence:
        yield ("silence", "source"), source.silence.source
    for index, other in enumerate(source.union):
        yield ("union", index), other


def _check_lookup(scope: Scope, name: str, column: str, lookup: Lookup) -> Iterator[Finding]:
    other = scope.framing.sources.get(lookup.source)
    if other is None or not scope.is_whole("sources", lookup.source):
        return
    path = ("sources", name, "lookup", column)
    if not other.is_dated and other.key and set(other.key) != set(lookup.by):
        evidence = (
            f"expected the key of {lookup.source!r} ({', '.join(other.key)}), got {', '.join(lookup.by)!r}."
        )
        yield finding("SPEC028", (*path, "by"), evidence)
    if not other.is_dated:
        what = f"a static column of the undated source {lookup.source!r}"
        yield from scope.unknown(lookup.column, other.static, "SPEC021", (*path, "column"), what)


def check_examples(scope: Scope) -> Iterator[Finding]:
    """Example tables read sources that exist."""
    for name, table in scope.framing.examples.items():
        path = ("examples", name)
        if table.source is not None:
            yield from scope.unknown(table.source, scope.sources, "SPEC020", (*path, "source"), "a source")
        if table.active is not None:
            source = table.active.source
            yield from scope.unknown(
                source, scope.sources, "SPEC020", (*path, "active", "source"), "a source"
            )


def check_labels(scope: Scope) -> Iterator[Finding]:
    """Labels name sources, tables and labels that exist, and not each other in a circle."""
    tables = tuple(scope.framing.examples)
    for name, label in scope.framing.labels.items():
        path = ("labels", name)
        table = scope.framing.examples.get(label.on or "", scope.framing.table)
        if label.on:
            yield from scope.unknown(label.on, tables, "SPEC024", (*path, "on"), "a table of examples")
        if label.source:
            yield from scope.unknown(label.source, scope.sources, "SPEC020", (*path, "source"), "a source")
        for key in ("until", "unless"):
            event = getattr(label, key)
            if event:
                yield from scope.unknown(
                    event.source, scope.sources, "SPEC020", (*path, key, "source"), "a source"
                )
        if label.anchor not in TIME_ANCHORS:
            known = (*TIME_ANCHORS, *scope.framing.labels)
            yield from scope.unknown(
                label.anchor, known, "SPEC022", (*path, "anchor"), "a label or one of the times"
            )
        for key in ("given", "combine", "weight"):
            expression = getattr(label, key)
            if expression is not None:
                yield from scope.misspelt(expression.columns, (*path, key), table, known=scope.labels)
    yield from _circles(_label_graph(scope), "labels")


def _label_graph(scope: Scope) -> dict[str, list[str]]:
    """Which labels each label needs; a `given` that names the label's own column is no circle."""
    graph = {}
    for name, label in scope.framing.labels.items():
        parts = [label.given, label.combine]
        read = {column for part in parts if part is not None for column in part.columns} | {label.anchor}
        own = {name} if label.combine is None and label.anchor != name else set()
        graph[name] = sorted((read - own) & scope.framing.labels.keys())
    return graph


def check_known_times(scope: Scope) -> Iterator[Finding]:
    """In a dated framing a label's own-row column says when it becomes known."""
    for name, label in scope.framing.labels.items():
        table = scope.framing.examples.get(label.on or "")
        source = scope.framing.sources.get(table.source or "") if table else None
        if table is None or table.at == "none" or source is None or not source.is_dated:
            continue
        if not scope.is_whole("sources", table.source or ""):
            continue
        known = effective_known(scope.framing.sources, table.source or "").columns
        for key, read in _own_reads(scope, label):
            for column in sorted(read - {"time", "at"}):
                if column not in known:
                    evidence = (
                        f"expected when {column!r} of {table.source!r} becomes known, got no entry for it."
                    )
                    near = near_names(column, [*source.column_known, *source.columns])
                    meant = f"did you mean {near[0]!r}? Else " if near else ""
                    fix = (
                        f"{meant}add known_after: {{{column}: 7d}} to sources.{table.source}; "
                        "even 0s must be said; "
                        "a column that a feature reads too is read by the label through columns: {NAME: ...}"
                    )
                    yield finding("SPEC026", ("labels", name, key), evidence, fix)


def _own_reads(scope: Scope, label: Label) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield the columns of the example's own row that a label's value reads."""
    for key in ("when", "value", "combine"):
        expression: Expression | None = getattr(label, key)
        if expression is not None:
            yield key, expression.columns - (set(scope.labels) if key == "combine" else set())
    yield "columns", frozenset(label.columns)


def check_undated(scope: Scope) -> Iterator[Finding]:
    """Undated examples have judged labels and features of their own row; calendars have no row."""
    framing = scope.framing
    for name, label in framing.labels.items():
        table = framing.examples.get(label.on or "", framing.table)
        own_row = next((form for form in ("when", "value", "columns") if getattr(label, form)), None)
        if table.every is not None and own_row:
            evidence = (
                f"expected events of a source on a calendar, got {own_row}, which reads a row of a log."
            )
            yield finding("SPEC011", ("labels", name, own_row), evidence, "write source and within")
        if table.at == "none" and label.judged is None and label.combine is None:
            evidence = "expected judged beside an undated label, got none."
            yield finding("SPEC033", ("labels", name), evidence)
    for name, feature in framing.features.items():
        if framing.table.at == "none" and feature.source:
            evidence = f"expected a column of the undated row, got events of {feature.source!r}."
            yield finding(
                "SPEC033", ("features", name, "source"), evidence, "read a column, or give examples a time"
            )


def check_features(scope: Scope) -> Iterator[Finding]:
    """Features name sources and features that exist, no label has their name, and none needs itself."""
    framing = scope.framing
    for name, feature in framing.features.items():
        path = ("features", name)
        if name in framing.labels:
            yield finding("SPEC025", path, f"expected a name that no label has, got {name!r}.")
        if feature.source:
            yield from scope.unknown(feature.source, scope.sources, "SPEC020", (*path, "source"), "a source")
        if feature.sql is not None:
            yield from scope.misspelt(
                feature.sql.columns, (*path, "sql"), framing.table, known=scope.features
            )
    graph = {
        name: sorted(feature.sql.columns & framing.features.keys()) if feature.sql is not None else []
        for name, feature in framing.features.items()
    }
    yield from _circles(graph, "features")


def check_statics(scope: Scope) -> Iterator[Finding]:
    """A name that only an undated source declares is likely meant to be looked up."""
    framing = scope.framing
    table = framing.table
    statics = {
        column: name
        for name, source in framing.sources.items()
        if not source.is_dated and name != table.source
        for column in source.static
    }
    declared = scope.declared(table)
    for place, read in _own_row_reads(scope):
        for column in sorted(read & statics.keys() - declared):
            if scope.knows(column) and place[-1] != "column":
                continue
            source = statics[column]
            by = ", ".join(framing.sources[source].key)
            lookup = f"{{{column}: {{source: {source}, by: {by}, column: {column}}}}}"
            fix = f"add lookup: {lookup} to sources.{table.source}"
            yield finding(
                "SPEC032",
                place,
                f"expected a column of the example's row, got {column!r} of {source!r}.",
                fix,
            )


def _own_row_reads(scope: Scope) -> Iterator[tuple[Path, frozenset[str]]]:
    for name, feature in scope.framing.features.items():
        if feature.sql is not None:
            yield ("features", name, "sql"), feature.sql.columns
        elif feature.column is not None:
            yield ("features", name, "column"), frozenset({feature.column})
    for name, expression in scope.framing.evaluation.slices.items():
        yield ("evaluation", "slices", name), expression.columns


def check_files(scope: Scope) -> Iterator[Finding]:
    """The files beside the framing are there."""
    for path, name in _files(scope):
        if scope.folder is not None and not (scope.folder / name).is_file():
            evidence = f"expected a file beside the framing, got {name!r}, which is missing."
            yield finding("SPEC027", path, evidence)


def _files(scope: Scope) -> Iterator[tuple[Path, str]]:
    for name, label in scope.framing.labels.items():
        if isinstance(label.classes, ClassFile):
            yield ("labels", name, "classes", "file"), label.classes.file
    rule = scope.framing.models.rule
    if isinstance(rule, Keywords):
        yield ("models", "rule", "keywords"), rule.keywords


def _circles(graph: dict[str, list[str]], *section: str) -> Iterator[Finding]:
    """Yield one finding per definition that needs itself."""
    for name in graph:
        below, todo = set(), list(graph[name])
        while todo:
            other = todo.pop()
            if other not in below:
                below.add(other)
                todo.extend(graph.get(other, []))
        if name in below:
            evidence = f"expected definitions without a circle, got {name!r}, which needs itself."
            yield finding("SPEC029", (*section, name), evidence)


CHECKS: tuple[Check, ...] = (
    check_sources, check_examples, check_labels, check_known_times, check_undated, check_features,
    check_statics, check_table_times, check_label_windows, check_feature_forms, check_objective,
    check_policy, check_retrieval, check_metrics, check_files,
)  # fmt: skip
