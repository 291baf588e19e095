"""Which columns of its own row an example needs, and where each of them stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from truenorth.errors import Finding, FramingError, suggest
from truenorth.framing.examples import ExampleTable, Softmax
from truenorth.framing.features import Feature
from truenorth.framing.framing import Framing
from truenorth.framing.labels import Event, Label
from truenorth.framing.sources import Source

PSEUDO = frozenset({"at", "time", "target", "step"})
"""Names that every example's row has without the source having a column."""


@dataclass(frozen=True)
class Static:
    """An undated column that joins an example's row by key."""

    source: str
    keys: tuple[str, ...]
    column: str


def needed_columns(
    framing: Framing, table: ExampleTable, labels: Mapping[str, Label], features: Mapping[str, Feature]
) -> dict[str, str]:
    """Return the names that must stand on the example's row, each with the place that asks for it."""
    needed: dict[str, str] = {}

    def ask(where: str, names: Iterable[str], known: Iterable[str] = ()) -> None:
        for name in sorted(set(names) - set(known) - PSEUDO):
            needed.setdefault(name, where)

    _ask_table(ask, framing, table, features)
    for name, feature in features.items():
        _ask_feature(ask, name, feature, features)
    for name, label in labels.items():
        _ask_label(ask, name, label, labels)
    return {name: where for name, where in needed.items() if name != "row"}


def _ask_table(ask, framing: Framing, table: ExampleTable, features: Mapping[str, Feature]) -> None:  # type: ignore[no-untyped-def]
    for field in ("entity", "group", "decision", "context"):
        ask(f"examples.{field}", getattr(table, field))
    if table.unit:
        ask("examples.unit", [table.unit])
    for field in ("where", "shown", "position", "propensity", "explored", "sampled", "action"):
        value = getattr(table, field)
        expression = value.softmax if isinstance(value, Softmax) else value
        if expression is not None:
            ask(f"examples.{field}", expression.columns, features)
    split = framing.split
    if split is not None and split.column:
        ask("split.column", [split.column])
    if split is not None and split.together and split.together != "component":
        ask("split.together", [split.together])


def _ask_feature(ask, name: str, feature: Feature, features: Mapping[str, Feature]) -> None:  # type: ignore[no-untyped-def]
    where = f"features.{name}"
    others = features.keys() - {name}
    if feature.column:
        ask(f"{where}.column", [feature.column])
    if feature.sql is not None:
        ask(f"{where}.sql", feature.sql.columns, others)
    if feature.match:
        ask(f"{where}.match", feature.match, others)
    elif feature.source:
        ask(f"{where}.by", feature.by)
    if feature.over and feature.aggregated is not None:
        ask(where, feature.aggregated.columns, others)
    if feature.closed == "both":
        read = [expression for expression in (feature.where, feature.aggregated) if expression is not None]
        ask(where, frozenset().union(*(expression.columns for expression in read)))


def _ask_label(ask, name: str, label: Label, labels: Mapping[str, Label]) -> None:  # type: ignore[no-untyped-def]
    where = f"labels.{name}"
    others = labels.keys() - {name}
    for field in ("when", "value"):
        expression = getattr(label, field)
        if expression is not None:
            ask(f"{where}.{field}", expression.columns)
    for field in ("given", "weight", "combine"):
        expression = getattr(label, field)
        if expression is not None:
            ask(f"{where}.{field}", expression.columns, others)
    if label.source:
        ask(f"{where}.by", label.by)
        ask(f"{where}.until.by", label.until.by if label.until else ())


def locate(
    needed: Mapping[str, str], own: Iterable[str], sources: Mapping[str, Source], example_source: str
) -> tuple[tuple[str, ...], dict[str, Static]]:
    """Return the names that are columns of the example's source, and those that join as static attributes.

    Raises:
        FramingError: For every name that stands nowhere, with the near names.
    """
    available = tuple(own)
    statics = static_columns(sources)
    found: list[str] = []
    joined: dict[str, Static] = {}
    problems = []
    for name, where in needed.items():
        static = next((item for item in statics.get(name, ()) if set(item.keys) <= set(available)), None)
        if name in available:
            found.append(name)
        elif static is not None:
            joined[name] = static
            found += [key for key in static.keys if key not in needed]
        else:
            problems.append(unknown_column(where, name, example_source, available))
    if problems:
        raise FramingError(problems)
    return tuple(dict.fromkeys(found)), joined


def static_columns(sources: Mapping[str, Source]) -> dict[str, list[Static]]:
    """Return the static columns of undated sources by name."""
    found: dict[str, list[Static]] = {}
    for name, source in sources.items():
        if not source.is_dated and source.key:
            for column in source.static:
                found.setdefault(column, []).append(Static(name, source.key, column))
    return found


def unknown_column(where: str, name: str, source: str, available: Iterable[str]) -> Finding:
    """Return the finding for a column that does not exist."""
    names = sorted(available)
    shown = ", ".join(names[:6]) + (", ..." if len(names) > 6 else "")
    return Finding(
        code="SPEC021",
        where=where,
        path=tuple(where.split(".")),
        evidence=f"expected a column of {source!r} ({shown}), got {name!r}.",
        fix=suggest(name, names, otherwise=f"add the column to {source!r}, or name one that it has."),
    )


def _event_problems(
    where: str, event: Event | None, label: Label, columns: Mapping[str, Iterable[str]]
) -> list[Finding]:
    if event is None:
        return []
    available = columns[event.source]
    read = {"where": (event.where.columns if event.where else frozenset()) - {"time"}, "by": event.by}
    wrong = [
        (field, name) for field, names in read.items() for name in sorted(names) if name not in available
    ]
    found = [unknown_column(f"{where}.{field}", name, event.source, available) for field, name in wrong]
    if where.endswith("unless") and label.source:
        missing = [name for name in event.by if name not in columns[label.source]]
        found += [
            unknown_column(f"{where}.by", name, label.source, columns[label.source]) for name in missing
        ]
    return found


def check_event_columns(
    labels: Mapping[str, Label], features: Mapping[str, Feature], columns: Mapping[str, Iterable[str]]
) -> None:
    """Check that every column that a window reads stands in its source.

    Raises:
        FramingError: For every one that does not, with the near names.
    """
    problems = []
    for section, items in (("labels", labels), ("features", features)):
        for name, item in items.items():
            if item.source is None:
                continue
            read = {"where": item.where, item.aggregate or "": item.aggregated}
            for field, expression in read.items():
                pseudo = {"time", "days"} if section == "labels" else {"time"}
                for column in sorted(expression.columns if expression else ()):
                    if column not in pseudo and column not in columns[item.source]:
                        problems.append(
                            unknown_column(
                                f"{section}.{name}.{field}", column, item.source, columns[item.source]
                            )
                        )
            problems += [
                unknown_column(f"{section}.{name}.by", key, item.source, columns[item.source])
                for key in item.by
                if key not in columns[item.source]
            ]
    for name, label in labels.items():
        for field in ("until", "unless"):
            problems += _event_problems(f"labels.{name}.{field}", getattr(label, field), label, columns)
    if problems:
        raise FramingError(problems)
