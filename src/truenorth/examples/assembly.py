"""One examples table, step by step: first relation, filters, parts of the split, features, labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from truenorth.engine.lowering import Tree, lower
from truenorth.engine.pipeline import Pipeline, Step
from truenorth.engine.windows import Frame
from truenorth.examples.attrition import Removal, started
from truenorth.examples.features import add_features
from truenorth.examples.labels import add_labels
from truenorth.examples.members import members
from truenorth.examples.needed import check_event_columns
from truenorth.examples.parts import Parts, resolve
from truenorth.examples.rows import time_columns
from truenorth.examples.splitting import add_parts
from truenorth.examples.table import Shape, with_propensity, written
from truenorth.features.contract import FeatureContext
from truenorth.features.own import Row
from truenorth.framing.features import Feature
from truenorth.framing.horizon import horizon
from truenorth.framing.labels import Label
from truenorth.labels.contract import SHOWN, LabelContext, Reading

if TYPE_CHECKING:
    pass


from truenorth.examples.base import first_relation
from truenorth.examples.filters import filtered, filtered_by_features
from truenorth.examples.inputs import Inputs, read_own


@dataclass(frozen=True)
class PlannedTable:
    """The query that writes an examples table, and what led to it."""

    query: exp.Query
    shape: Shape
    parts: Parts
    attrition: tuple[Removal, ...]
    steps: tuple[Step, ...]


def assemble(inputs: Inputs) -> PlannedTable:
    """Add the steps of one examples table and return the query that writes it."""
    framing = inputs.framing
    labels = members(
        {name: one for name, one in framing.labels.items() if one.on == inputs.name}, inputs.classes
    )
    features = dict(framing.features)
    check_event_columns(labels, features, {name: tuple(one.columns) for name, one in inputs.sources.items()})
    pipeline = Pipeline(inputs.engine, inputs.dialect, inputs.name, inputs.is_dry)
    base, own = first_relation(inputs, labels, features)
    frame = pipeline.then(base.query, base.columns, reason=base.reason, is_table=base.is_table)
    row = read_own(base.columns)
    features_read = FeatureContext(
        features=features, sources=framing.sources, table=inputs.table, relations=inputs.relations(),
        known_columns=inputs.known(), lateness=inputs.lateness(), has_split=framing.split is not None,
        is_dated=inputs.is_dated,
        dialect=inputs.dialect,
    )  # fmt: skip
    frame = pipeline.add(
        frame, _moments(inputs, labels, row), reason="what was shown, and where windows start"
    )
    frame = with_propensity(pipeline, frame, inputs.table, row)
    removals = _started(inputs)
    frame, more = filtered(inputs, pipeline, frame, features_read, row)
    removals += more
    parts = _parts(inputs)
    frame, more = add_parts(
        pipeline, frame, parts, inputs.table, inputs.group, inputs.engine, is_dry=inputs.is_dry
    )
    removals += more
    probe = frame = _kept(inputs, pipeline, frame, labels, features)
    frame = add_features(pipeline, frame, features_read, row, inputs.group)
    frame, more = filtered_by_features(inputs, pipeline, frame, features, row)
    removals += more
    context = _label_context(inputs, labels, parts, own)
    columns = {name: inputs.relation_columns(name) for name in inputs.sources}
    frame = add_labels(pipeline, frame, probe, context, row, columns)
    shape = Shape(
        table=inputs.table,
        labels=labels,
        features=features,
        row=row,
        is_time=_times(inputs, own),
        dialect=inputs.dialect,
    )
    query, _ = written(frame, shape)
    return PlannedTable(query, shape, parts, tuple(removals), tuple(pipeline.steps))


def _moments(inputs: Inputs, labels: Mapping[str, Label], row: Row) -> dict[str, Tree]:
    moments = time_columns(inputs.table, [label.anchor for label in labels.values()])
    if inputs.table.shown is not None:
        moments[SHOWN] = exp.cast(lower(inputs.table.shown, row), "BOOLEAN")
    return moments


def _started(inputs: Inputs) -> list[Removal]:
    if inputs.table.source is None:
        return []
    report = inputs.sources[inputs.table.source].report
    return started(report.n_read, report.removed)


def _kept(
    inputs: Inputs,
    pipeline: Pipeline,
    frame: Frame,
    labels: Mapping[str, Label],
    features: Mapping[str, Feature],
) -> Frame:
    """Compute the examples once where several joins read them; one file is cheaper to scan again."""
    sources = [(label.source, label.by, label.anchor) for label in labels.values() if label.source]
    sources += [(label.until.source, label.until.by, "until") for label in labels.values() if label.until]
    late = {
        feature.source
        for feature in features.values()
        if feature.source and inputs.lateness()[feature.source]
    }
    if len(set(sources)) + len(late) <= 1:
        return frame
    return pipeline.then(
        frame.select(), frame.columns, reason="kept, because several joins read it", is_table=True
    )


def _parts(inputs: Inputs) -> Parts:
    framing = inputs.framing
    split = framing.split if inputs.is_dated or (framing.split and framing.split.form != "lengths") else None
    return resolve(split, as_of=inputs.as_of, horizon=inputs.horizon, fold=inputs.fold)


def _label_context(
    inputs: Inputs, labels: Mapping[str, Label], parts: Parts, own: frozenset[str]
) -> LabelContext:
    framing = inputs.framing
    reach = [
        horizon(name, labels, framing.sources, inputs.table) for name in labels if name in inputs.trained
    ]
    furthest = None if None in reach else max((length for length in reach if length is not None), default=0)
    return LabelContext(
        labels=labels, sources=framing.sources, table=inputs.table, relations=inputs.relations(),
        known_columns=inputs.known(),
        covers_end={
            name: one.report.covers[1] for name, one in inputs.sources.items() if one.report.covers
        },
        trained=inputs.trained,
        parts=Reading(cutoffs=parts.cutoffs(None if inputs.table.group else furthest)),
        whole=Reading(cutoffs=parts.cutoffs(furthest)[-1:]),
        classes={name: listed for name, listed in inputs.classes.items() if name in labels},
        own=own, is_dated=inputs.is_dated, has_shown=inputs.table.shown is not None, dialect=inputs.dialect,
    )  # fmt: skip


def _times(inputs: Inputs, own: frozenset[str]) -> frozenset[str]:
    times = (
        {name for name in own if inputs.sources[inputs.table.source or ""].columns.get(name) == "time"}
        if own
        else set()
    )
    return frozenset(times | {"target", "at", "time"})
