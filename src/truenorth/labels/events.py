"""Labels over later events, as jobs for the engine.

Labels that share source, keys, anchor and reading are computed in one pass.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from sqlglot import exp

from truenorth.engine.aggregates import Function, Measure
from truenorth.engine.events import arrival, event_column, known_time, rows_of, tie_break
from truenorth.engine.lowering import Tree, both, column, lower, number
from truenorth.engine.windows import Frame, Job
from truenorth.errors import Finding, FramingError
from truenorth.framing.durations import microseconds
from truenorth.framing.expressions import Expression
from truenorth.framing.labels import Event, Label
from truenorth.labels.contract import AT, LabelContext, event_known_of, event_of, value_of

CANCELLED = "__cancelled_at"
"""Known time of the event that cancels a label's event; NULL where nothing does."""
_END_OF_TIME = 9_000_000_000_000_000_000


def until_of(name: str) -> str:
    """Frame column with the time at which another event ends a label's window."""
    return f"u__{name}"


def anchor_column(label: Label) -> str:
    """Frame column with the time at which a label's window starts."""
    return {"at": AT, "target": "__target", "week_end": "__week_end", "day_end": "__day_end"}.get(
        label.anchor, event_of(label.anchor)
    )


@dataclass(frozen=True)
class LabelJob:
    """One job, the labels that it serves, and why only the join form can do it (or None)."""

    job: Job
    names: tuple[str, ...]
    join_because: str | None = None


def until_jobs(context: LabelContext, frame: Frame, names: Iterable[str]) -> list[LabelJob]:
    """Return the jobs that find where another event ends a window."""
    jobs = []
    for name in names:
        label = context.labels[name]
        if label.until is None:
            continue
        start = microseconds(label.gap) or 0
        until = label.until
        measure = Measure(
            name=until_of(name), function="first_time", where=_condition(until.where), lower=start + 1,
            upper=_end(label, start),
        )  # fmt: skip
        jobs.append(
            LabelJob(
                _job(
                    context,
                    frame,
                    name,
                    until.source,
                    until.by or label.by,
                    (measure,),
                    read=_columns_of(until) | frozenset(until.by or label.by),
                ),
                (name,),
            )
        )
    return jobs


def event_jobs(context: LabelContext, frame: Frame, names: Iterable[str]) -> list[LabelJob]:
    """Return the jobs that compute the labels' measures, labels that read alike together."""
    grouped: dict[str, LabelJob] = {}
    for name in names:
        single = _label_job(context, frame, name)
        key = "|".join(
            (
                single.job.anchor, repr(single.job.keys), single.job.events.sql(), single.job.known.sql(),
                repr(single.job.cutoffs), single.job.condition.sql() if single.job.condition else "",
                str(single.join_because),
            )
        )  # fmt: skip
        same = grouped.get(key)
        if same is None:
            grouped[key] = single
        else:
            job = replace(same.job, measures=same.job.measures + single.job.measures)
            grouped[key] = LabelJob(job, (*same.names, name), same.join_because)
    return list(grouped.values())


def cancelling_job(context: LabelContext, name: str, columns: Iterable[str]) -> Job | None:
    """Return the job that finds, for each event of a label, the known time of an event that cancels it."""
    label = context.labels[name]
    if label.unless is None or label.source is None:
        return None
    keys = label.unless.by or label.by
    last = microseconds(label.unless.last)
    earliest = Measure(
        name=CANCELLED, function="min",
        value=known_time(
            context.known_columns[label.unless.source], _columns_of(label.unless) | frozenset(keys)
        ),
        where=_condition(label.unless.where), lower=None if last is None else -last, upper=-1,
    )  # fmt: skip
    return Job(
        frame=Frame(context.relations[label.source], tuple(columns)),
        anchor="__time",
        keys=tuple((key, key) for key in keys),
        events=rows_of(context.relations[label.unless.source]),
        measures=(earliest,),
    )


def cancelled_relation(name: str) -> str:
    """Engine relation with a label's events and what cancels them."""
    return f"events_of_{name}"


def has_constant_delay(context: LabelContext, source: str, read: Iterable[str]) -> bool:
    """Whether an event's known time is its event time plus a constant."""
    return not arrival(context.sources, source, context.known_columns[source], read).varies


def _label_job(context: LabelContext, frame: Frame, name: str) -> LabelJob:
    label = context.labels[name]
    assert label.source is not None
    read = _columns_of(label) | (label.aggregated.columns if label.aggregated else frozenset())
    read |= frozenset(label.by)
    is_dated = context.sources[label.source].is_dated
    measures = _measures(context, name, read, is_dated)
    job = _job(context, frame, name, label.source, label.by, measures, read=read, can_be_cancelled=True)
    because = None if is_dated else "the source is undated, so there is no line of time"
    if label.closed == "both" and label.source == context.table.source:
        _check_key(context, name, label.source)
        job = replace(
            job, condition=_is_another_row(context, label.source), passed=context.sources[label.source].key
        )
        because = "the window starts at the example's own row, which must be left out"
    if label.until is not None and label.aggregate not in (None, "absent", "first"):
        end = exp.Coalesce(this=column(until_of(name), "x"), expressions=[number(_END_OF_TIME)])
        job = replace(job, condition=both(job.condition, exp.LTE(this=column("__t", "e"), expression=end)))
        because = "another event ends each window at a time of its own"
    return LabelJob(job, (name,), because)


def _check_key(context: LabelContext, name: str, source: str) -> None:
    if not context.sources[source].key:
        raise FramingError(
            Finding(
                code="SPEC011",
                where=f"labels.{name}.closed",
                path=("labels", name, "closed"),
                evidence=f"expected a key of {source!r} that tells the own row from others, got none.",
                fix="declare the source's key, or leave closed: both out.",
            )
        )


def _is_another_row(context: LabelContext, source: str) -> Tree:
    """Whether an event is not the example's own row, by the source's key."""
    keys = context.sources[source].key
    return exp.Not(
        this=exp.paren(
            exp.and_(*(exp.EQ(this=column(key, "e"), expression=column(f"c__{key}", "x")) for key in keys))
        )
    )


def _job(
    context: LabelContext,
    frame: Frame,
    name: str,
    source: str,
    by: Iterable[str],
    measures: tuple[Measure, ...],
    read: frozenset[str] = frozenset(),
    *,
    can_be_cancelled: bool = False,
) -> Job:
    label = context.labels[name]
    events = cancelled_relation(name) if label.unless is not None and can_be_cancelled else None
    is_dated = context.sources[source].is_dated
    return Job(
        frame=frame,
        anchor=anchor_column(label),
        keys=tuple((f"c__{key}", key) for key in by),
        events=rows_of(events or context.relations[source]),
        measures=measures,
        known=known_time(context.known_columns[source], read if is_dated else ()),
        tie_break=tie_break(context.sources[source].key),
        cutoffs=context.reading(name).cutoffs if is_dated else (),
        cancelled=column(CANCELLED) if events else None,
    )


def _columns_of(event: Event | Label) -> frozenset[str]:
    return event.where.columns if event.where else frozenset()


def _condition(where: Expression | None) -> Tree | None:
    return None if where is None else lower(where, event_column)


def _end(label: Label, start: int) -> int | None:
    within = microseconds(label.within)
    return None if within is None else start + within


def _measures(context: LabelContext, name: str, read: frozenset[str], is_dated: bool) -> tuple[Measure, ...]:
    label = context.labels[name]
    assert label.source is not None
    start = microseconds(label.gap) or 0
    lower_bound = start if label.closed == "both" else start + 1
    bounds = (
        {"lower": lower_bound, "upper": _end(label, start)} if is_dated else {"lower": None, "upper": None}
    )
    condition = _condition(label.where)

    def measure(measure_name: str, function: Function, value: Tree | None = None) -> Measure:
        return Measure(name=measure_name, function=function, value=value, where=condition, **bounds)

    found = [measure(event_of(name), "first_time")] if is_dated else [measure(event_of(name), "count")]
    if is_dated and not has_constant_delay(context, label.source, read):
        found.append(measure(event_known_of(name), "first_known"))
    function, value = _aggregate(label)
    if function is not None:
        found.append(measure(value_of(name), function, value))
    return tuple(found)


def _aggregate(label: Label) -> tuple[Function | None, Tree | None]:
    """Return the aggregate beyond the first event's time, which already says whether it happened."""
    name = label.aggregate
    if name in (None, "absent") or (name == "first" and is_duration(label)):
        return None, None
    value = None if label.aggregated is None else lower(label.aggregated, event_column)
    if name in ("mean", "sum", "std") and value is not None:
        value = exp.cast(value, "DOUBLE")
    return name, value  # type: ignore[return-value]


def is_duration(label: Label) -> bool:
    """Whether the label is the time to its first event: `first: days`."""
    return label.first is not None and label.first.column == "days"
