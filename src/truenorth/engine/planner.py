"""Which form an aggregate takes: the window always works, the join is faster where keys repeat little."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from truenorth.engine.contract import Engine
from truenorth.engine.lowering import column
from truenorth.engine.trees import alias
from truenorth.engine.windows import Job, join_form, window_form

MOST_REPEATS = 64
"""Most events of one key for which the join form is chosen; an example then meets at most this many."""


@dataclass(frozen=True)
class Choice:
    """A query, and why it has its form."""

    query: exp.Select
    reason: str


def choose(engine: Engine, job: Job, dialect: str, *, join_because: str | None = None) -> Choice:
    """Return the job's query in the form that is safe and, among the safe ones, faster.

    Args:
        engine: Where the events are measured.
        job: What is computed.
        dialect: The SQL that is written.
        join_because: Why only the join form can do it, if so.
    """
    if join_because is not None:
        return Choice(join_form(job), f"range join: {join_because}")
    repeats = most_repeats(engine, job)
    if repeats <= MOST_REPEATS:
        return Choice(join_form(job), f"range join: at most {repeats} events per key (limit {MOST_REPEATS})")
    return Choice(
        window_form(job, dialect),
        f"UNION ALL + RANGE window: up to {repeats:,} events per key (a join is safe up to {MOST_REPEATS})",
    )


def most_repeats(engine: Engine, job: Job) -> int:
    """Return the number of counted events of the most frequent key."""
    events = job.events.copy()
    wheres = {measure.where.sql(): measure.where for measure in job.measures if measure.where is not None}
    if wheres and all(measure.where is not None for measure in job.measures):
        events = events.where(exp.or_(*(where.copy() for where in wheres.values())))
    keys = [column(event) for _, event in job.keys]
    for key in keys:
        events = events.where(key.copy().is_(exp.null()).not_())
    count = alias(exp.Count(this=exp.Star()), "n")
    counts = exp.select(count).from_(events.subquery("event")).group_by(*keys)
    most = exp.select(alias(exp.Max(this=column("n")), "most")).from_(counts.subquery("counted"))
    return int(engine.fetch(most).column(0)[0].as_py() or 0)
