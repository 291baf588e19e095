"""Aggregates over earlier events: windows `[a - gap - last, a - gap)` of what was known before `at`.

Where events arrive after a constant delay, the delay moves the end of the window and one pass does it.
Where they carry their own known time, `late.py` completes what the window may not see.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlglot import exp

from truenorth.engine.aggregates import Function, Measure
from truenorth.engine.events import Arrival, arrival, event_column, known_time, rows_of, tie_break
from truenorth.engine.lowering import Tree, column, double, lower, number
from truenorth.engine.windows import Frame, Job
from truenorth.features.contract import FeatureContext
from truenorth.features.timing import anchor_column, bounds, columns_read
from truenorth.framing.durations import DAY, microseconds
from truenorth.framing.features import Feature

RAW = "r__"
"""Prefix of a feature's measure before it is finished."""

_FUNCTIONS: dict[str, Function] = {"rate": "mean", "since_last": "last_time"}


@dataclass(frozen=True)
class FeatureJob:
    """One job, the features that it serves, and what its form must respect."""

    job: Job
    names: tuple[str, ...]
    varies: bool = False
    """Whether events carry their own known time."""
    cut: str | None = None
    """Frame column before which events must lie and be known, where the anchor lies after it."""
    adds_own_row: bool = False
    """Whether the example's own row is added (`closed: both`)."""
    key: tuple[str, ...] = ()
    """Key of the source, which tells the own row from others."""


def feature_jobs(context: FeatureContext, frame: Frame) -> list[FeatureJob]:
    """Return the jobs that compute the aggregates, features that read alike together."""
    grouped: dict[tuple[object, ...], FeatureJob] = {}
    for name, feature in context.features.items():
        if feature.source is None:
            continue
        single = _feature_job(context, frame, name, feature)
        key = (
            single.job.anchor, single.job.keys, single.job.events.sql(),
            single.varies and single.job.known.sql(), single.cut, single.adds_own_row,
        )  # fmt: skip
        same = grouped.get(key)
        if same is None:
            grouped[key] = single
        else:
            job = replace(same.job, measures=same.job.measures + single.job.measures)
            grouped[key] = replace(same, job=job, names=(*same.names, name))
    return list(grouped.values())


def finished(feature: Feature, raw: Tree) -> Tree:
    """Return the feature from its finished measure: days since, and the default for none."""
    if feature.aggregate == "since_last":
        since = exp.paren(column(anchor_column(feature)) - raw)
        raw = exp.Div(this=double(since), expression=number(float(DAY)))
    return with_default(feature, raw)


def with_default(feature: Feature, value: Tree) -> Tree:
    """Return the value, or the declared default where there is none."""
    if feature.default is None:
        return value
    default = feature.default
    literal: Tree = exp.Literal.string(default) if isinstance(default, str) else (
        exp.convert(default) if isinstance(default, bool) else number(default)
    )  # fmt: skip
    return exp.Coalesce(this=value, expressions=[literal])


def _feature_job(context: FeatureContext, frame: Frame, name: str, feature: Feature) -> FeatureJob:
    assert feature.source is not None
    source = context.sources[feature.source]
    read = columns_read(feature) | frozenset(feature.by)
    comes = arrival(context.sources, feature.source, context.known_columns[feature.source], read)
    cut = _cut(context, feature, comes)
    measure = _measure(name, feature, comes, is_dated=source.is_dated)
    job = Job(
        frame=frame,
        anchor=anchor_column(feature),
        keys=tuple((f"c__{key}", key) for key in feature.by),
        events=rows_of(context.relations[feature.source]),
        measures=(measure,),
        known=known_time(context.known_columns[feature.source], read),
        tie_break=tie_break(source.key),
    )
    return FeatureJob(
        job,
        (name,),
        varies=comes.varies and source.is_dated,
        cut=cut,
        adds_own_row=feature.closed == "both",
        key=source.key,
    )


def _cut(context: FeatureContext, feature: Feature, comes: Arrival) -> str | None:
    """Return the cut at the prediction time where a window that trails a target could pass it."""
    ahead = context.table.ahead
    if feature.anchor != "target" or ahead is None:
        return None
    furthest = (ahead.steps - 1) * ahead.length.microseconds
    return "__at" if (microseconds(feature.gap) or 0) < furthest + comes.delay or comes.varies else None


def _measure(name: str, feature: Feature, comes: Arrival, *, is_dated: bool) -> Measure:
    aggregate = feature.aggregate
    assert aggregate is not None
    value = None if feature.aggregated is None else lower(feature.aggregated, event_column)
    if aggregate == "rate" and value is not None:
        value = double(exp.cast(exp.paren(value), "INT"))
    least, greatest = bounds(feature, 0 if comes.varies else comes.delay)
    return Measure(
        name=RAW + name,
        function=_FUNCTIONS.get(aggregate, aggregate),  # type: ignore[arg-type]
        value=value,
        where=None if feature.where is None else lower(feature.where, event_column),
        lower=least if is_dated else None,
        upper=greatest if is_dated else None,
    )
