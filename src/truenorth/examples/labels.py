"""The labels of an example table, step by step: events, then states and values, each after what it reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sqlglot import exp

from truenorth.engine.aggregates import Measure
from truenorth.engine.events import rows_of
from truenorth.engine.lowering import Tree, column, double, number, text, when
from truenorth.engine.pipeline import Pipeline
from truenorth.engine.planner import choose
from truenorth.engine.trees import alias, stored
from truenorth.engine.windows import Frame, Job, probed_columns, window_form
from truenorth.examples.parts import SPLIT
from truenorth.framing.durations import microseconds
from truenorth.framing.horizon import delay, dependencies
from truenorth.framing.labels import TIME_ANCHORS, Label
from truenorth.labels.columns import Row, declared_weight, label_columns, label_state, label_weight
from truenorth.labels.contract import LabelContext, event_of, state_of, weight_of
from truenorth.labels.events import (
    CANCELLED,
    LabelJob,
    anchor_column,
    cancelled_relation,
    cancelling_job,
    event_jobs,
    until_jobs,
)  # fmt: skip


def add_labels(
    pipeline: Pipeline,
    frame: Frame,
    probe: Frame,
    context: LabelContext,
    row: Row,
    columns: Mapping[str, tuple[str, ...]],
) -> Frame:
    """Return the frame with the columns of every label.

    Args:
        pipeline: Where the steps are added.
        frame: The examples so far.
        probe: The examples before their features, cheap to read again.
        context: What the labels are compiled from.
        row: How a name is read on the example's own row.
        columns: All columns of each source's relation.
    """
    labels = context.labels
    for name, label in labels.items():
        if label.unless is not None and label.source is not None:
            _find_cancelled(pipeline, context, name, columns[label.source])
    measured: set[str] = {name for name, label in labels.items() if label.source is None}
    done: set[str] = set()
    while len(done) < len(labels):
        due = [name for name in labels if name not in measured and _anchor_is_ready(labels[name], done)]
        frame = _measure(pipeline, frame, probe, context, due)
        measured |= set(due)
        ready = [
            name
            for name in labels
            if name in measured - done and set(dependencies(labels[name], labels, name)) <= done
        ]
        frame = _decide(pipeline, frame, context, row, ready)
        done |= set(ready)
    return _weigh(pipeline, frame, context, row)


def _anchor_is_ready(label: Label, done: set[str]) -> bool:
    return label.anchor in TIME_ANCHORS or label.anchor in done


def _find_cancelled(pipeline: Pipeline, context: LabelContext, name: str, columns: tuple[str, ...]) -> None:
    job = cancelling_job(context, name, columns)
    assert job is not None
    reason = f"label {name}: when each of its events was cancelled (unless)"
    pipeline.then(
        window_form(job, pipeline.dialect),
        (*columns, CANCELLED),
        reason=reason,
        name=cancelled_relation(name),
    )


def _measure(
    pipeline: Pipeline, frame: Frame, probe: Frame, context: LabelContext, names: list[str]
) -> Frame:
    for single in until_jobs(context, frame, names):
        frame = _add_job(pipeline, context, single, frame, probe, "when another event ends the window")
    for single in event_jobs(context, frame, names):
        frame = _add_job(pipeline, context, single, frame, probe, "")
    return frame


def _example_rows(context: LabelContext, job: Job) -> exp.Query | None:
    """Return the rows of the example's log, where its keys stand, to count pairs by."""
    source = context.table.source
    if source is None or not all(example.removeprefix("c__") in context.own for example, _ in job.keys):
        return None
    return rows_of(context.relations[source])


def _add_job(
    pipeline: Pipeline, context: LabelContext, single: LabelJob, frame: Frame, probe: Frame, what: str
) -> Frame:
    """Add a job's measures; what a join must read twice is computed once."""
    if not probed_columns(single.job) <= set(probe.columns):
        frame = probe = pipeline.then(
            frame.select(), frame.columns, reason="kept, to be read again", is_table=True
        )
    job = replace(single.job, frame=frame, probe=probe)
    choice = choose(
        pipeline.engine,
        job,
        pipeline.dialect,
        examples=_example_rows(context, job),
        join_because=single.join_because,
    )
    columns = (*frame.columns, *(measure.name for measure in job.measures))
    reason = f"labels {', '.join(single.names)} {what}".rstrip() + f"\n{choice.reason}"
    return pipeline.then(choice.query, columns, reason=reason)


def _decide(pipeline: Pipeline, frame: Frame, context: LabelContext, row: Row, names: list[str]) -> Frame:
    """Add states first, then the values and times that stand beside them."""
    states = {state_of(name): label_state(context, name, row) for name in names}
    frame = pipeline.add(frame, states, reason="states of " + ", ".join(names))
    values: dict[str, Tree] = {}
    for name in names:
        values |= label_columns(context, name, row)
    return pipeline.add(frame, values, reason="values and times of " + ", ".join(names))


def _weigh(pipeline: Pipeline, frame: Frame, context: LabelContext, row: Row) -> Frame:
    weights = {weight_of(name): label_weight(context, name, row) for name in context.labels}
    frame = pipeline.add(frame, weights, reason="training weights")
    for name, label in context.labels.items():
        if label.maturity == "ipcw" and label.source is not None:
            frame = _weigh_by_censoring(pipeline, frame, context, name, declared_weight(context, name, row))
    return frame


def _weigh_by_censoring(
    pipeline: Pipeline, frame: Frame, context: LabelContext, name: str, declared: Tree
) -> Frame:
    """Weigh determined rows by the inverse chance of having been followed that long.

    A row is determined at T: when its event happened, or when its window closed. Rows are followed for
    C = reading - start - delay, which is known for every row, so the chance is the plain share of rows with
    C >= T among the rows of the same part (Robins and Rotnitzky, 1992, with administrative censoring): a part
    is what is trained on or judged, and older parts were followed for longer.
    """
    label = context.labels[name]
    start = column(anchor_column(label)) + number(microseconds(label.gap) or 0)
    followed = (
        exp.paren(context.limit(name, label.source))
        - exp.paren(start)
        - number(delay(label, context.sources, None) + 1)  # what is known at the reading itself is too late
    )
    lasted = exp.Coalesce(
        this=column(event_of(name)) - exp.paren(start.copy()),
        expressions=[number(microseconds(label.within) or 0)],
    )
    defined = exp.GT(this=column(state_of(name)), expression=number(0))
    part = exp.Coalesce(this=column(SPLIT), expressions=[text("")])
    frame = pipeline.add(
        frame,
        {
            "__followed": when(defined, followed),
            "__lasted": lasted,
            "__part": exp.cast(part, "VARCHAR"),
        },
        reason=f"label {name}: how long each row was followed, and when it was determined",
        is_table=True,
    )
    rows = (
        exp.select(
            column("__followed"),
            column("__part"),
            alias(column("__followed"), "__known"),
        )
        .from_(stored(frame.name))
        .where(column("__followed").copy().is_(exp.null()).not_())
    )
    job = Job(
        frame=frame, anchor="__lasted", keys=(("__part", "__part"),), events=rows,
        time=column("__followed"),
        measures=(
            Measure(name="__n_at_risk", function="count", lower=0, upper=None),
            Measure(name="__n_rows", function="count", lower=None, upper=None),
        ),
    )  # fmt: skip
    counted = pipeline.then(
        window_form(job, pipeline.dialect), (*frame.columns, "__n_at_risk", "__n_rows"),
        reason=f"label {name}: how many rows were followed at least that long",
    )  # fmt: skip
    determined = exp.or_(
        exp.EQ(this=column(state_of(name)), expression=number(2)),
        exp.and_(
            column(event_of(name)).is_(exp.null()).not_(),
            exp.GTE(this=column("__followed"), expression=column("__lasted")),
        ),
    )
    chance = double(column("__n_at_risk")) / exp.Nullif(this=double(column("__n_rows")), expression=number(0))
    weight = when(
        determined,
        exp.Div(
            this=exp.paren(declared), expression=exp.Nullif(this=exp.paren(chance), expression=number(0))
        ),
        number(0.0),
    )
    left_out = {weight_of(name), "__followed", "__lasted", "__part", "__n_at_risk", "__n_rows"}
    kept = [other for other in counted.columns if other not in left_out]
    query = counted.select(alias(weight, weight_of(name)), without=left_out)
    return pipeline.then(query, (*kept, weight_of(name)), reason=f"label {name}: weights (ipcw)")
