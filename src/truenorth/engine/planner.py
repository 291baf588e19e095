"""Which form an aggregate takes.

The window form always works. The join form is faster where keys repeat little, and meets every pair of an
example and an event of one key, so it is chosen only where the pairs are few, which is measured.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from truenorth.engine.contract import Engine
from truenorth.engine.lowering import bigint, column, number
from truenorth.engine.trees import alias, not_null
from truenorth.engine.windows import Job, join_form, window_form

FEW_REPEATS = 64
"""A key with at most this many events is light: it costs each of its examples at most this many meetings."""


@dataclass(frozen=True)
class Choice:
    """A query, and why it has its form."""

    query: exp.Select
    reason: str


@dataclass(frozen=True)
class Repeats:
    """How often keys repeat."""

    n_events: int
    """Events that count."""
    most: int
    """Events of the most frequent key."""
    heavy_pairs: int | None = None
    """Pairs of an example and an event over the keys that are not light; None where it was not counted."""
    n_examples: int | None = None
    """Examples, where the pairs were counted."""

    @property
    def is_safe(self) -> bool:
        """Whether the join adds at most linear work: no heavy key, or fewer of its pairs than rows."""
        if self.most <= FEW_REPEATS:
            return True
        if self.heavy_pairs is None or self.n_examples is None:
            return False
        return self.heavy_pairs <= self.n_events + self.n_examples

    def __str__(self) -> str:
        said = f"up to {self.most:,} events per key"
        if self.heavy_pairs is None:
            return f"{said} (light: {FEW_REPEATS})"
        rows = self.n_events + (self.n_examples or 0)
        return f"{said}, {self.heavy_pairs:,} pairs over keys with more than {FEW_REPEATS} (rows: {rows:,})"


def choose(
    engine: Engine,
    job: Job,
    dialect: str,
    *,
    examples: exp.Query | None = None,
    join_because: str | None = None,
) -> Choice:
    """Return the job's query in the form that is safe and, among the safe ones, faster.

    Args:
        engine: Where repeats are measured.
        job: What is computed.
        dialect: The SQL that is written.
        examples: Rows with the job's example keys, under their names in the source, to count pairs by.
        join_because: Why only the join form can do it, if so.
    """
    if join_because is not None:
        return Choice(join_form(job), f"range join: {join_because}")
    repeats = measure_repeats(engine, job, examples)
    if repeats.is_safe:
        return Choice(join_form(job), f"range join: {repeats}")
    return Choice(window_form(job, dialect), f"UNION ALL + RANGE window: {repeats}")


def measure_repeats(engine: Engine, job: Job, examples: exp.Query | None) -> Repeats:
    """Return how often keys repeat: one count of the events by key, and of the examples by heavy key."""
    counts = _counts(job)
    total = exp.Coalesce(this=exp.Sum(this=column("n")), expressions=[number(0)])
    most = exp.Coalesce(this=exp.Max(this=column("n")), expressions=[number(0)])
    query = exp.select(alias(bigint(total), "events"), alias(bigint(most), "most")).from_(
        counts.subquery("counted")
    )
    row = engine.fetch(query).to_pylist()[0]
    repeats = Repeats(int(row["events"]), int(row["most"]))
    if repeats.most <= FEW_REPEATS or examples is None:
        return repeats
    heavy = counts.having(exp.GT(this=exp.Count(this=exp.Star()), expression=number(FEW_REPEATS)))
    on = exp.and_(
        *(
            exp.EQ(this=column(example.removeprefix("c__"), "x"), expression=column(event, "h"))
            for example, event in job.keys
        )
    )
    pairs = exp.Coalesce(this=exp.Sum(this=column("n", "h")), expressions=[number(0)])
    met = (
        exp.select(alias(bigint(pairs), "pairs"))
        .from_(examples.copy().subquery("x"))
        .join(heavy.subquery("h"), on=on)
    )
    size = exp.select(alias(exp.Count(this=exp.Star()), "size")).from_(examples.copy().subquery("x"))
    return Repeats(
        repeats.n_events,
        repeats.most,
        int(engine.fetch(met).column(0)[0].as_py()),
        int(engine.fetch(size).column(0)[0].as_py()),
    )


def _counts(job: Job) -> exp.Select:
    """Return the number of counted events by key."""
    keys = [column(event) for _, event in job.keys]
    events = exp.select("*").from_(job.events.copy().subquery("source"))
    wheres = {measure.where.sql(): measure.where for measure in job.measures if measure.where is not None}
    if wheres and all(measure.where is not None for measure in job.measures):
        events = events.where(exp.or_(*(where.copy() for where in wheres.values())))
    for key in keys:
        events = events.where(not_null(key))
    return (
        exp.select(*keys, alias(exp.Count(this=exp.Star()), "n"))
        .from_(events.subquery("event"))
        .group_by(*keys)
    )
