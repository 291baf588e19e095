"""From a framing and its logs to the tables that are to be written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from truenorth.engine.contract import Engine
from truenorth.engine.ingest import SourceTable, read_sources
from truenorth.examples.context import Inferred, inferred_context
from truenorth.examples.members import members, read_classes
from truenorth.framing.document import Document
from truenorth.framing.framing import Framing
from truenorth.framing.horizon import horizon, with_dependencies
from truenorth.framing.labels import Label
from truenorth.framing.names import tasks

if TYPE_CHECKING:
    pass


from truenorth.errors import Finding, FramingError
from truenorth.examples.assembly import PlannedTable, assemble
from truenorth.examples.inputs import Inputs


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a build is asked for."""

    framing: Framing
    base: Path
    """Folder that the framing's paths start from."""
    as_of: int | None = None
    """When everything is read, microseconds UTC; by default the latest end of what the sources cover."""
    fold: int = 0
    """Rolling fold; 0 is the latest."""
    findings: tuple[Finding, ...] = ()
    """What reading the framing found worth telling: waived refusals, warnings."""
    document: Document | None = None
    """The file as it was written, for the audit's lines; None for a framing that is no file."""
    frames: Mapping[str, Any] = field(default_factory=dict)
    """Arrow, pandas or polars frames by source name."""


@dataclass(frozen=True)
class Plan:
    """The sources as they were read, and every examples table."""

    as_of: int
    sources: Mapping[str, SourceTable]
    tables: Mapping[str, PlannedTable]
    trained: frozenset[str]
    findings: tuple[Finding, ...] = ()
    """What the framing names and the logs do not have, where nothing but a metric needs it."""


def make_plan(engine: Engine, request: Request, *, dialect: str, is_dry: bool) -> Plan:
    """Read the sources and plan every table; a dry plan measures the logs and computes nothing."""
    framing = request.framing
    _check_fold(framing, request.fold)
    sources = read_sources(
        engine,
        framing.sources,
        base=request.base,
        frames=request.frames,
        names=_used(framing),
        allow_empty=True,
    )
    classes = read_classes(framing.labels, request.base)
    as_of = request.as_of if request.as_of is not None else _latest_end(sources)
    named = set(tasks(framing))
    spelled = members(framing.labels, classes)
    trained = frozenset(
        with_dependencies(
            [
                one
                for name, label in framing.labels.items()
                if name in named
                for one in members({name: label}, classes)
            ],
            spelled,
        )
    )
    longest = _longest_horizon(framing, spelled, trained)
    tables = {}
    inferred = _inferred(framing, spelled, sources)
    for name, table in framing.examples.items():
        if table is framing.table:
            table = table.model_copy(update={"context": (*table.context, *inferred.context)})
        inputs = Inputs(
            engine,
            framing,
            request.fold,
            sources,
            classes,
            as_of,
            trained,
            longest,
            name,
            table,
            dialect,
            is_dry,
        )
        tables[name] = assemble(inputs)
    return Plan(as_of, sources, tables, trained, inferred.findings)


def _inferred(framing: Framing, labels: Mapping[str, Label], sources: Mapping[str, SourceTable]) -> Inferred:
    table = framing.table
    available = table.entity if table.source is None else tuple(sources[table.source].columns)
    return inferred_context(framing, table, labels, available, framing.sources)


def _longest_horizon(framing: Framing, labels: Mapping[str, Label], trained: frozenset[str]) -> int:
    """Return the longest time until a trained label that waits is mature; all tables share their parts."""
    lengths = [
        horizon(
            name, labels, framing.sources, framing.examples[labels[name].on or next(iter(framing.examples))]
        )
        for name in trained
        if labels[name].maturity == "wait" and labels[name].kind != "time_to_event"
    ]
    return max((length for length in lengths if length is not None), default=0)


def _check_fold(framing: Framing, fold: int) -> None:
    folds = framing.split.folds if framing.split else None
    count = folds.count if folds else 1
    if fold >= count:
        raise FramingError(
            Finding(
                code="SPEC009",
                where="split.folds",
                path=("split", "folds"),
                evidence=f"expected a fold from 0 to {count - 1}, got {fold}.",
                fix="write split.folds: {count: 4, every: 7d}, or ask for a fold that it has.",
            )
        )


def _used(framing: Framing) -> list[str]:
    """Return the sources that the tables, labels and features read."""
    used = {table.source for table in framing.examples.values()}
    used |= {table.active.source for table in framing.examples.values() if table.active}
    used |= {feature.source for feature in framing.features.values()}
    for label in framing.labels.values():
        used |= {label.source, *(event.source for event in (label.until, label.unless) if event is not None)}
    used |= {name for name, source in framing.sources.items() if not source.is_dated and source.static}
    return [name for name in framing.sources if name in used]


def _latest_end(sources: Mapping[str, SourceTable]) -> int:
    ends = [table.report.covers[1] for table in sources.values() if table.report.covers is not None]
    return max(ends, default=0)
