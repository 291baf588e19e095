"""Two ways of deciding on the same rows: the paired difference of a metric."""

from __future__ import annotations

from dataclasses import replace

from truenorth.evaluation.answers import Answer
from truenorth.evaluation.contract import Figure, Judged
from truenorth.evaluation.families.elsewhere import elsewhere
from truenorth.evaluation.measure import DRAWS, Ask, Measured, measured, spread_of
from truenorth.evaluation.reading import Reading
from truenorth.evaluation.refusals import NotAssessed
from truenorth.framing.references import MetricReference
from truenorth.statistics.intervals import Scale, interval


def compare(
    reference: MetricReference,
    judged: Judged,
    other: Judged,
    *,
    level: float = 0.95,
    draws: int = DRAWS,
    seed: int = 0,
) -> Figure:
    """Return a metric of `judged` less that of `other`, row by row on the same rows.

    Rows move both values together, so that the difference is surer than either.

    Args:
        reference: The metric as the framing writes it.
        judged: What is compared.
        other: What it is compared with, on the same rows in the same order.
        level: Confidence of the interval, in (0, 1).
        draws: Bootstrap draws, for metrics whose error has no formula.
        seed: Seed of the bootstrap.
    """
    return difference(reference, Reading(judged), Reading(other), level=level, draws=draws, seed=seed)


def difference(
    reference: MetricReference, reading: Reading, other: Reading, *, level: float = 0.95, draws: int = DRAWS,
    seed: int = 0, ask: Ask | None = None, name: str | None = None,
) -> Figure:  # fmt: skip
    """Return the paired difference on rows that are read already; arguments as in `measure.figure`."""
    called = name or str(reference)
    blank = Figure(metric=called, value=None, level=level)
    if elsewhere(reference, reading.judged) is not None:
        return replace(blank, note="no row holds it, so that rows cannot be compared")
    if reading.n_rows != other.n_rows:
        return replace(blank, note=f"expected the same rows, got {reading.n_rows:,} and {other.n_rows:,}")
    try:
        one = measured(reference, reading, level=level, draws=draws, seed=seed, ask=ask)
        two = measured(reference, other, level=level, draws=draws, seed=seed, ask=ask)
    except NotAssessed as reason:
        return replace(blank, note=str(reason))
    found = one.estimate - two.estimate
    counted = one.answer.counted | two.answer.counted
    if not one.answer.has_interval or not two.answer.has_interval or _is_bootstrapped(one.answer):
        return replace(blank, value=found.value, n=int(counted.sum()), note="the difference has no interval")
    joined = Measured(Answer(counted=counted, is_total=one.answer.is_total), found)
    varies = spread_of(joined, reading)
    scale: Scale = "skewed" if one.answer.scale == "skewed" else "real"
    ends = None if varies is None else interval(found.value, varies, scale=scale, level=level)
    return Figure(
        metric=called, value=found.value, low=None if ends is None else ends.low,
        high=None if ends is None else ends.high, n=one.answer.n or int(counted.sum()),
        n_units=reading.clusters_of(counted), level=level,
        method=f"paired, linearised, clustered by {reading.unit_name}", note=one.answer.note,
        standard_error=None if varies is None else varies.error,
    )  # fmt: skip


def _is_bootstrapped(answer: Answer) -> bool:
    return answer.method.startswith("bootstrap")
