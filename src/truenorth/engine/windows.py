"""Aggregates of events around examples, in two forms that give the same rows.

*Window form*: examples and events of a key are laid in one line by time and every example sums a RANGE of it.
One sort, linear in the rows, indifferent to keys with many events.

*Join form*: each example meets the events in its range by an equality on the keys and a range on the time.
Faster where keys repeat little, quadratic where one repeats much; the planner decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from sqlglot import exp

from truenorth.engine.aggregates import (
    PARTS,
    Measure,
    aggregate,
    event_input,
    finished,
    from_window,
    windowed,
)
from truenorth.engine.lowering import Tree, both, column, number, when
from truenorth.engine.trees import alias, stored

ROW = "__row"
AS_OF = "__as_of"
_UNBOUNDED = "UNBOUNDED"


@dataclass(frozen=True)
class Frame:
    """A relation of examples: its name in the engine and its columns in order."""

    name: str
    columns: tuple[str, ...]

    def select(self, *extra: Tree, table: str | None = None, without: Iterable[str] = ()) -> exp.Select:
        """Return SELECT of the frame's columns and `extra` ones."""
        left_out = set(without)
        kept = [column(name, table) for name in self.columns if name not in left_out]
        source = stored(self.name)
        return exp.select(*kept, *extra).from_(source.as_(table) if table else source)


@dataclass(frozen=True)
class Cutoff:
    """Labels of some examples are read as they were known at `as_of`."""

    as_of: int
    """Only events known before it exist, microseconds."""
    first: int | None = None
    """Least event time that any of these examples can see; None for no bound."""
    last: int | None = None
    """Greatest event time that any of these examples can see; None for no bound."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """Measures over the events of one source, by one set of keys, around one anchor."""

    frame: Frame
    anchor: str
    """Frame column with the anchor, BIGINT microseconds."""
    keys: tuple[tuple[str, str], ...]
    """Pairs of frame column and event column."""
    events: exp.Query
    """Events with their columns."""
    measures: tuple[Measure, ...]
    probe: Frame | None = None
    """Join form only: an earlier relation of the same rows, cheap to read again; by default the frame."""
    time: Tree = field(default_factory=lambda: column("__time"))
    known: Tree = field(default_factory=lambda: column("__known"))
    tie_break: Tree | None = None
    """Last resort of `first` and `latest` among equal times."""
    cutoffs: tuple[Cutoff, ...] = ()
    """When events must be known: none for features, whose delay is in their bounds.

    Several need the frame column `__as_of`."""
    cancelled: Tree | None = None
    """Known time of what cancels an event; the event exists only for readings before it."""
    condition: Tree | None = None
    """Join form only: a further condition between the example `x` and the event `e`."""
    passed: tuple[str, ...] = ()
    """Join form only: event columns that the condition reads."""


def window_form(job: Job, dialect: str) -> exp.Select:
    """Return the frame's columns and the measures, by one sort over examples and events."""
    inputs = _inputs(job)
    by_cutoff = len(job.cutoffs) > 1
    keys = [f"__k{index}" for index in range(len(job.keys))] + (["__p"] if by_cutoff else [])
    line = _one_line(job, inputs, keys, by_cutoff=by_cutoff)
    over = {
        measure.name: alias(
            exp.Window(
                this=windowed(measure.function, column(inputs[measure]), dialect),
                partition_by=[column(key) for key in keys],
                order=exp.Order(expressions=[exp.Ordered(this=column("__t"), nulls_first=True)]),
                spec=_range(measure),
            ),
            measure.name,
        )
        for measure in job.measures
    }
    summed = exp.select(
        column("__probe"), *(column(name) for name in job.frame.columns), *over.values()
    ).from_(line.subquery("line"))
    values = [
        alias(from_window(measure, column(measure.name), dialect), measure.name) for measure in job.measures
    ]
    return (
        exp.select(*(column(name) for name in job.frame.columns), *values)
        .from_(summed.subquery("summed"))
        .where(column("__probe"))
    )


def join_form(job: Job) -> exp.Select:
    """Return the frame's columns and the measures, by joining each example with the events in its range."""
    matched = (
        exp.select(column(ROW, "x"), *(_matched_measure(job, measure) for measure in job.measures))
        .from_(stored((job.probe or job.frame).name, "x"))
        .join(_events(job, _inputs(job)).subquery("e"), on=_join_condition(job))
        .group_by(column(ROW, "x"))
    )
    values = [alias(finished(measure, column(measure.name, "m")), measure.name) for measure in job.measures]
    return job.frame.select(*values, table="f").join(
        matched.subquery("m"), on=exp.EQ(this=column(ROW, "f"), expression=column(ROW, "m")), join_type="LEFT"
    )


def probed_columns(job: Job) -> set[str]:
    """Return the frame columns that the join form reads to find the events of an example."""
    read = {ROW, job.anchor, *(example for example, _ in job.keys)}
    if len(job.cutoffs) > 1:
        read.add(AS_OF)
    if job.condition is not None:
        read |= {item.name for item in job.condition.find_all(exp.Column) if item.table == "x"}
    return read


def parts_of(measures: Sequence[Measure], prefix: str) -> tuple[Measure, ...]:
    """Return the measures that compute the parts of `measures`, named `prefix` + measure + part number."""
    return tuple(
        replace(measure, name=f"{prefix}{measure.name}_{index}", function=function, is_part=True)  # type: ignore[arg-type]
        for measure in measures
        for index, function in enumerate(PARTS[measure.function].functions)
    )


def part_columns(measure: Measure, prefix: str) -> list[Tree]:
    """Return the columns that `parts_of` names for one measure."""
    return [
        column(f"{prefix}{measure.name}_{index}") for index in range(len(PARTS[measure.function].functions))
    ]


def _inputs(job: Job) -> dict[Measure, str]:
    """Name one input column per distinct input, so that measures share what they read."""
    names: dict[str, str] = {}
    chosen = {}
    for measure in job.measures:
        text = event_input(measure, job.time, job.known, job.tie_break).sql()
        chosen[measure] = names.setdefault(text, f"__m{len(names)}")
    return chosen


def _events(job: Job, inputs: dict[Measure, str]) -> exp.Select:
    """Return the events that some measure counts: keys, time, known time and inputs."""
    columns = [alias(column(event), f"__k{index}") for index, (_, event) in enumerate(job.keys)]
    distinct = {name: measure for measure, name in inputs.items()}
    columns += [alias(job.time.copy(), "__t"), alias(job.known.copy(), "__n")]
    columns += [alias(column(name), name) for name in job.passed]
    if job.cancelled is not None:
        columns.append(alias(job.cancelled.copy(), "__x"))
    columns += [
        alias(event_input(measure, job.time, job.known, job.tie_break), name)
        for name, measure in distinct.items()
    ]
    events = exp.select(*columns).from_(job.events.copy().subquery("source"))
    wheres = [measure.where for measure in job.measures]
    if all(where is not None for where in wheres):
        unique = {where.sql(): where for where in wheres if where is not None}
        events = events.where(exp.or_(*(where.copy() for where in unique.values())))
    for _, event in job.keys:
        events = events.where(column(event).is_(exp.null()).not_())
    if len(job.cutoffs) == 1:
        events = events.where(_is_read(job.known.copy(), job.cancelled, number(job.cutoffs[0].as_of)))
    return events


def _is_read(known: Tree, cancelled: Tree | None, as_of: Tree) -> Tree:
    """Whether an event is known, and not yet cancelled, when labels are read."""
    read: Tree = exp.LT(this=known, expression=as_of)
    if cancelled is None:
        return read
    stands = exp.or_(
        cancelled.copy().is_(exp.null()), exp.GTE(this=cancelled.copy(), expression=as_of.copy())
    )
    return exp.and_(read, stands)


def _one_line(job: Job, inputs: dict[Measure, str], keys: list[str], *, by_cutoff: bool) -> exp.Union:
    """Return examples and events in one relation, told apart by `__probe`."""
    frame = job.frame
    names = list(dict.fromkeys(inputs.values()))
    probe_keys = [alias(column(example), f"__k{index}") for index, (example, _) in enumerate(job.keys)]
    if by_cutoff:
        probe_keys.append(alias(column(AS_OF), "__p"))
    nothing = [alias(exp.null(), name) for name in names]
    probes = frame.select(
        *probe_keys, alias(column(job.anchor), "__t"), *nothing, alias(exp.true(), "__probe")
    )
    events = _events(job, inputs)
    rows = exp.select(
        *(alias(exp.null(), name) for name in frame.columns),
        *(column(key) for key in keys),
        column("__t"),
        *(column(name) for name in names),
        alias(exp.false(), "__probe"),
    ).from_(events.subquery("event"))
    if by_cutoff:
        rows = rows.join(_cutoff_table(job.cutoffs).subquery("cutoff"), on=_within_cutoff(job))
    return exp.union(probes, rows, distinct=False)


def _cutoff_table(cutoffs: Sequence[Cutoff]) -> exp.Query:
    def row(cutoff: Cutoff) -> exp.Select:
        bounds = {"__p": cutoff.as_of, "__first": cutoff.first, "__last": cutoff.last}
        return exp.select(
            *(
                alias(exp.cast(exp.null() if value is None else number(value), "BIGINT"), name)
                for name, value in bounds.items()
            )
        )

    first, *others = [row(cutoff) for cutoff in cutoffs]
    table: exp.Query = first
    for other in others:
        table = exp.union(table, other, distinct=False)
    return table


def _within_cutoff(job: Job) -> Tree:
    cutoffs = job.cutoffs
    conditions = [_is_read(column("__n"), _cancelled(job), column("__p"))]
    if any(cutoff.first is not None for cutoff in cutoffs):
        conditions.append(exp.or_(column("__first").is_(exp.null()), column("__t") >= column("__first")))
    if any(cutoff.last is not None for cutoff in cutoffs):
        conditions.append(exp.or_(column("__last").is_(exp.null()), column("__t") <= column("__last")))
    return exp.and_(*conditions)


def _cancelled(job: Job, table: str | None = None) -> Tree | None:
    return None if job.cancelled is None else column("__x", table)


def _range(measure: Measure) -> exp.WindowSpec:
    start, start_side = _bound(measure.lower, "PRECEDING")
    end, end_side = _bound(measure.upper, "FOLLOWING")
    return exp.WindowSpec(kind="RANGE", start=start, start_side=start_side, end=end, end_side=end_side)


def _bound(offset: int | None, open_side: str) -> tuple[Tree | str, str | None]:
    if offset is None:
        return _UNBOUNDED, open_side
    if offset == 0:
        return "CURRENT ROW", None
    return exp.Literal.number(abs(offset)), "FOLLOWING" if offset > 0 else "PRECEDING"


def _join_condition(job: Job) -> Tree:
    conditions: list[Tree] = [
        exp.EQ(this=column(example, "x"), expression=column(f"__k{index}", "e"))
        for index, (example, _) in enumerate(job.keys)
    ]
    anchor, time = column(job.anchor, "x"), column("__t", "e")
    lowers = [measure.lower for measure in job.measures]
    uppers = [measure.upper for measure in job.measures]
    if None not in lowers:
        conditions.append(
            exp.GTE(
                this=time.copy(), expression=anchor.copy() + number(min(x for x in lowers if x is not None))
            )
        )
    if None not in uppers:
        conditions.append(
            exp.LTE(
                this=time.copy(), expression=anchor.copy() + number(max(x for x in uppers if x is not None))
            )
        )
    if len(job.cutoffs) > 1:
        conditions.append(_is_read(column("__n", "e"), _cancelled(job, "e"), column(AS_OF, "x")))
    if job.condition is not None:
        conditions.append(job.condition.copy())
    return exp.and_(*conditions)


def _matched_measure(job: Job, measure: Measure) -> Tree:
    """Aggregate the measure's input over the events in its own range, where the join's range is wider."""
    value: Tree = column(_inputs(job)[measure], "e")
    narrower: list[Tree] = []
    anchor, time = column(job.anchor, "x"), column("__t", "e")
    if measure.lower is not None and any(
        other.lower is None or other.lower < measure.lower for other in job.measures
    ):
        narrower.append(exp.GTE(this=time.copy(), expression=anchor.copy() + number(measure.lower)))
    if measure.upper is not None and any(
        other.upper is None or other.upper > measure.upper for other in job.measures
    ):
        narrower.append(exp.LTE(this=time.copy(), expression=anchor.copy() + number(measure.upper)))
    condition = both(*narrower)
    return alias(
        aggregate(measure.function, value if condition is None else when(condition, value)),
        measure.name,
    )
