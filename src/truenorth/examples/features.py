"""The features of an example table, step by step: aggregates, then what reads rows, features and lists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sqlglot import exp

from truenorth.engine.aggregates import Measure
from truenorth.engine.lowering import Tree, column
from truenorth.engine.pipeline import Pipeline
from truenorth.engine.planner import choose
from truenorth.engine.trees import alias
from truenorth.engine.windows import ROW, Frame, parts_of, window_form
from truenorth.examples.matching import add_match
from truenorth.features.contract import FeatureContext, feature_column
from truenorth.features.late import (
    LATE,
    OLD,
    OWN,
    join_everything,
    joins_of_the_late,
    merged,
    own_parts,
    reaching,
    window_of_the_old,
)  # fmt: skip
from truenorth.features.lists import list_feature
from truenorth.features.own import Row, own_feature, reads
from truenorth.features.timing import refresh_columns
from truenorth.features.trailing import RAW, FeatureJob, feature_jobs, finished


def add_features(
    pipeline: Pipeline, frame: Frame, context: FeatureContext, row: Row, group: list[Tree]
) -> Frame:
    """Return the frame with a column per feature."""
    runs = refresh_columns(context)
    if runs:
        frame = pipeline.add(frame, runs, reason="the last run of each refreshed feature that was ready")
    probe = frame
    for job in feature_jobs(context, frame):
        frame = _add_job(pipeline, replace(job, job=replace(job.job, frame=frame, probe=probe)), context)
    raw = {
        feature_column(name): finished(feature, column(RAW + name))
        for name, feature in context.features.items()
        if feature.source is not None
    }
    if raw:
        kept = tuple(name for name in frame.columns if not name.startswith(RAW))
        query = frame.select(*_named(raw), without=set(frame.columns) - set(kept))
        frame = pipeline.then(query, (*kept, *raw), reason="days since, and the defaults of empty windows")
    return _add_dependent(pipeline, frame, context, row, group)


def _add_job(pipeline: Pipeline, single: FeatureJob, context: FeatureContext) -> Frame:
    """Add one job's measures in the form that its events allow."""
    job, dialect = single.job, pipeline.dialect
    names = [measure.name for measure in job.measures]
    columns = (*job.frame.columns, *names)
    reads_distinct = [measure for measure in job.measures if measure.function == "distinct"]
    source = context.features[single.names[0]].source
    assert source is not None
    if not context.sources[source].is_dated:
        choice = choose(pipeline.engine, job, dialect, join_because="the source is undated")
        return pipeline.then(choice.query, columns, reason=_why(single, choice.reason))
    if single.cut is not None:
        reason = "range join: the window trails a target and is cut at the prediction time"
        return pipeline.then(join_everything(single), columns, reason=_why(single, reason))
    if not (single.varies or single.adds_own_row):
        reason = "UNION ALL + RANGE window: one sort, linear, whatever the keys"
        return pipeline.then(window_form(job, dialect), columns, reason=_why(single, reason))
    if reads_distinct:
        rest = tuple(measure for measure in job.measures if measure.function != "distinct")
        frame = job.frame
        for measure in reads_distinct:
            alone = replace(single, job=replace(job, frame=frame, measures=(measure,)))
            reason = "range join: distinct values of events with known times of their own do not merge"
            columns = (*frame.columns, measure.name)
            frame = pipeline.then(join_everything(alone), columns, reason=_why(alone, reason))
        if not rest:
            return frame
        return _add_merged(
            pipeline, replace(single, job=replace(job, frame=frame, measures=rest)), context, source
        )
    return _add_merged(pipeline, single, context, source)


def _add_merged(pipeline: Pipeline, single: FeatureJob, context: FeatureContext, source: str) -> Frame:
    """Sum what must be known by a window, add the late band and the own row, and merge."""
    job, dialect = single.job, pipeline.dialect
    before, frame = job.frame, job.frame
    lateness = context.lateness.get(source, 0)
    prefixes: dict[str, list[str]] = {measure.name: [] for measure in job.measures}

    def remember(measures: tuple[Measure, ...], prefix: str) -> tuple[str, ...]:
        for measure in measures:
            prefixes[measure.name].append(prefix)
        return (*frame.columns, *(part.name for part in parts_of(measures, prefix)))

    if single.varies:
        reach = reaching(single, lateness)
        if reach:
            reason = (
                f"late arrivals: a window sums events at most {lateness / 1e6:g} s late that lie further back"
            )
            query = window_of_the_old(single, lateness, dialect)
            frame = pipeline.then(query, remember(reach, OLD), reason=_why(single, reason))
        late = joins_of_the_late(replace(single, job=replace(job, frame=frame)), lateness)
        parts = [part.name for part in parts_of(job.measures, LATE)]
        query = frame.select(*(column(part, "late") for part in parts), table="f").join(
            late.subquery("late"),
            on=exp.EQ(this=column(ROW, "f"), expression=column(ROW, "late")),
            join_type="LEFT",
        )
        reason = (
            "late arrivals: the band that the window may not sum, met through time buckets, and the very late"
        )
        frame = pipeline.then(query, remember(job.measures, LATE), reason=_why(single, reason))
    else:
        reason = "UNION ALL + RANGE window, in parts that merge with the example's own row"
        query = window_form(replace(job, measures=parts_of(job.measures, OLD)), dialect)
        frame = pipeline.then(query, remember(job.measures, OLD), reason=_why(single, reason))
    if single.adds_own_row:
        frame = pipeline.add(
            frame, own_parts(job), reason=_why(single, "the example's own row (closed: both)")
        )
        remember(job.measures, OWN)
    done = {measure.name: merged(measure, prefixes[measure.name]) for measure in job.measures}
    query = frame.select(*_named(done), without=set(frame.columns) - set(before.columns))
    return pipeline.then(query, (*before.columns, *done), reason=_why(single, "the parts merged"))


def _add_dependent(
    pipeline: Pipeline, frame: Frame, context: FeatureContext, row: Row, group: list[Tree]
) -> Frame:
    """Add features that read the row, other features or the list, each after what it reads."""
    features = context.features
    waiting = {name: feature for name, feature in features.items() if feature.source is None}
    while waiting:
        ready = [
            name for name, feature in waiting.items() if not reads(name, feature, features) & waiting.keys()
        ]
        columns = {
            feature_column(name): list_feature(name, waiting[name], features, row, [*group, column("__at")])
            if waiting[name].over
            else own_feature(name, waiting[name], features, row)
            for name in ready
            if not waiting[name].match
        }
        if columns:
            frame = pipeline.add(frame, columns, reason="own-row features: " + ", ".join(ready))
        for name in ready:
            if waiting[name].match:
                frame = add_match(pipeline, frame, name, features, row, has_split=context.has_split)
        waiting = {name: feature for name, feature in waiting.items() if name not in ready}
    return frame


def _named(columns: Mapping[str, Tree]) -> list[Tree]:
    return [alias(tree, name) for name, tree in columns.items()]


def _why(single: FeatureJob, reason: str) -> str:
    return f"features {', '.join(single.names)}\n{reason}"
