"""Trailing aggregates of events that arrive late, each with a known time of its own.

A window over event times cannot ask of every event whether it was already known. So the window sums only
what must be known: events at most L late that lie further back than L. Two joins add the rest: the band of
the last L microseconds, met through time buckets of that width so that long histories cost nothing, and the
few events later than L. The parts are disjoint and merge exactly.
"""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from truenorth.engine.aggregates import PARTS, Measure, aggregate, event_input
from truenorth.engine.lowering import Tree, bigint, both, column, floor_modulo, number, when
from truenorth.engine.trees import alias, stored
from truenorth.engine.windows import ROW, Job, join_form, part_columns, parts_of, window_form
from truenorth.errors import Finding, FramingError
from truenorth.features.trailing import FeatureJob

OLD, LATE, OWN = "old__", "late__", "own__"
"""Prefixes of the parts of a measure: of the window, of the joins, and of the example's own row."""


def join_everything(single: FeatureJob) -> exp.Select:
    """Return the aggregates by the join form, each event checked against the prediction time."""
    limit = column(single.cut or single.job.anchor, "x")
    known = exp.LT(this=column("__n", "e"), expression=limit.copy())
    before = exp.LT(this=column("__t", "e"), expression=limit)
    past = exp.and_(known, before)
    if single.adds_own_row and not single.key:
        raise FramingError(_keyless(single))
    if not single.adds_own_row:
        return join_form(replace(single.job, condition=past))
    (measure,) = single.job.measures
    until = column(single.job.anchor, "x") + number(measure.upper or 0)
    past = exp.and_(past, exp.LTE(this=column("__t", "e"), expression=until))
    measures = (replace(measure, upper=0),)
    own = exp.and_(
        *(exp.EQ(this=column(key, "e"), expression=column(f"c__{key}", "x")) for key in single.key)
    )
    job = replace(single.job, measures=measures, condition=exp.or_(past, own), passed=single.key)
    return join_form(job)


def _keyless(single: FeatureJob) -> Finding:
    name = single.names[0]
    return Finding(
        code="SPEC011",
        where=f"features.{name}.closed",
        path=("features", name, "closed"),
        evidence="expected a source with a key, by which the own row can be told from others, got none.",
        fix="declare the source's key, or leave closed: both out.",
    )


def reaching(single: FeatureJob, lateness: int) -> tuple[Measure, ...]:
    """Return the measures whose window reaches back to where every event in time must be known."""
    return tuple(
        measure
        for measure in single.job.measures
        if measure.lower is None or measure.lower <= (_old(measure, lateness).upper or 0)
    )


def window_of_the_old(single: FeatureJob, lateness: int, dialect: str) -> exp.Select:
    """Return the parts of the measures that reach back far enough, over events that must be known."""
    measures = [_old(measure, lateness) for measure in reaching(single, lateness)]
    in_time = exp.LTE(this=_lateness(single.job), expression=number(lateness))
    events = single.job.events.copy().where(in_time)
    return window_form(replace(single.job, events=events, measures=parts_of(measures, OLD)), dialect)


def joins_of_the_late(single: FeatureJob, lateness: int) -> exp.Select:
    """Return, per example, the parts of every measure over the band and over the very late events."""
    inputs = {
        part.name: event_input(part, single.job.time, single.job.known, single.job.tie_break)
        for part in parts_of(single.job.measures, LATE)
    }
    pairs = exp.union(
        _pairs(single, _recent(single, inputs, lateness), is_late=False, lateness=lateness),
        _pairs(single, _very_late(single, inputs, lateness), is_late=True, lateness=lateness),
        distinct=False,
    )
    found: list[Tree] = [column(ROW)]
    for measure in single.job.measures:
        inside = _inside(measure, lateness)
        for part in parts_of((measure,), LATE):
            value = aggregate(part.function, when(inside.copy(), column(part.name)))
            found.append(alias(value, part.name))
    return exp.select(*found).from_(pairs.subquery("pair")).group_by(column(ROW))


def merged(measure: Measure, prefixes: list[str]) -> Tree:
    """Return a measure's value from its parts of several disjoint sets of events."""
    parts = PARTS[measure.function]
    columns = part_columns(measure, prefixes[0])
    for prefix in prefixes[1:]:
        columns = parts.merge(columns, part_columns(measure, prefix))
    return parts.finish(columns)


def own_parts(job: Job) -> dict[str, Tree]:
    """Return the parts of every measure over the example's own row alone; a NULL key matches nothing."""
    own: dict[str, Tree] = {}
    has_key = exp.and_(*(column(example).is_(exp.null()).not_() for example, _ in job.keys))
    tie_break = None if job.tie_break is None else job.tie_break.copy().transform(_own_column)
    for measure in job.measures:
        on_row = _on_own_row(measure)
        value = when(has_key.copy(), event_input(on_row, column("__at"), column("__at"), tie_break))
        for index, function in enumerate(PARTS[measure.function].functions):
            own[f"{OWN}{measure.name}_{index}"] = _single(function, value)
    return own


def _single(function: str, value: Tree) -> Tree:
    """Return a part over one event."""
    present = value.copy().is_(exp.null()).not_()
    if function == "count":
        return exp.cast(present, "INT")
    return when(present, number(0.0)) if function == "variance" else value.copy()


def _on_own_row(measure: Measure) -> Measure:
    def own(tree: Tree | None) -> Tree | None:
        return None if tree is None else tree.copy().transform(_own_column)

    return replace(measure, value=own(measure.value), where=own(measure.where))


def _own_column(node: Tree) -> Tree:
    if not isinstance(node, exp.Column):
        return node
    return column("__at") if node.name == "__time" else column(f"c__{node.name}")


def _old(measure: Measure, lateness: int) -> Measure:
    assert measure.upper is not None
    return replace(measure, upper=min(measure.upper, -lateness - 1))


def _lateness(job: Job) -> Tree:
    return exp.paren(job.known.copy() - job.time.copy())


def _inside(measure: Measure, lateness: int) -> Tree:
    """Whether a pair's event lies in the measure's window and the window form has not summed it."""
    assert measure.upper is not None
    distance, is_late = column("__d"), column("__late")
    within: Tree = exp.LTE(this=distance, expression=number(measure.upper))
    if measure.lower is not None:
        within = exp.and_(within, exp.GTE(this=distance.copy(), expression=number(measure.lower)))
    summed = min(measure.upper, -lateness - 1)
    return exp.and_(within, exp.or_(is_late, exp.GT(this=distance.copy(), expression=number(summed))))


def _band(single: FeatureJob, lateness: int) -> int:
    """Width of the band: the furthest that an event may lie back without being in the window form's part."""
    return max(max(-(measure.upper or 0) - 1, lateness) for measure in single.job.measures) + 1


def _selected(single: FeatureJob, inputs: dict[str, Tree], *extra: Tree) -> exp.Select:
    job = single.job
    columns = [alias(column(event), f"__k{index}") for index, (_, event) in enumerate(job.keys)]
    columns += [
        alias(job.time.copy(), "__t"),
        alias(job.known.copy(), "__n"),
    ]
    columns += [alias(tree.copy(), name) for name, tree in inputs.items()]
    events = exp.select(*columns, *extra).from_(job.events.copy().subquery("source"))
    for _, event in job.keys:
        events = events.where(column(event).is_(exp.null()).not_())
    wheres = [measure.where for measure in job.measures]
    if all(where is not None for where in wheres):
        events = events.where(exp.or_(*(where.copy() for where in wheres if where is not None)))
    return events


def _recent(single: FeatureJob, inputs: dict[str, Tree], lateness: int) -> exp.Query:
    """Return the events at most L late, each in the bucket of its time and in the next one."""
    width = _band(single, lateness)
    in_time = exp.LTE(this=_lateness(single.job), expression=number(lateness))
    start = bucket_start(single.job.time.copy(), width)
    here = _selected(single, inputs, alias(start, "__b")).where(in_time)
    after = _selected(single, inputs, alias(start.copy() + number(width), "__b")).where(in_time.copy())
    return exp.union(here, after, distinct=False)


def _very_late(single: FeatureJob, inputs: dict[str, Tree], lateness: int) -> exp.Query:
    later = exp.GT(this=_lateness(single.job), expression=number(lateness))
    return _selected(single, inputs, alias(bigint(exp.null()), "__b")).where(later)


def _pairs(single: FeatureJob, events: exp.Query, *, is_late: bool, lateness: int) -> exp.Select:
    job = single.job
    anchor, time = column(job.anchor, "x"), column("__t", "e")
    keys = [
        exp.EQ(this=column(example, "x"), expression=column(f"__k{index}", "e"))
        for index, (example, _) in enumerate(job.keys)
    ]
    known = exp.LT(this=column("__n", "e"), expression=anchor.copy())
    lowers = [measure.lower for measure in job.measures]
    reach = None
    if None not in lowers:
        furthest = min(lower for lower in lowers if lower is not None)
        reach = exp.GTE(this=time.copy(), expression=anchor.copy() + number(furthest))
    same_bucket = None
    if not is_late:
        bucket = bucket_start(anchor.copy(), _band(single, lateness))
        same_bucket = exp.EQ(this=column("__b", "e"), expression=bucket)
    condition = both(*keys, same_bucket, known, exp.LT(this=time.copy(), expression=anchor.copy()), reach)
    names = [part.name for part in parts_of(job.measures, LATE)]
    return (
        exp.select(
            column(ROW, "x"),
            alias(time.copy() - anchor.copy(), "__d"),
            alias(exp.convert(is_late), "__late"),
            *(column(name, "e") for name in names),
        )
        .from_(stored((job.probe or job.frame).name, "x"))
        .join(events.subquery("e"), on=condition)
    )


def bucket_start(time: Tree, width: int) -> Tree:
    """Return the start of the bucket of `width` microseconds that holds a time."""
    return exp.paren(time - floor_modulo(time.copy(), width))
