"""From a metric of the framing to a figure: value, interval, rows, clusters and how much had matured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from truenorth.evaluation.answers import Answer, Question
from truenorth.evaluation.contract import Figure, Judged
from truenorth.evaluation.families import binary, decided, numbers, ordered, survival, totals, uplift
from truenorth.evaluation.families.elsewhere import elsewhere
from truenorth.evaluation.money import priced_by
from truenorth.evaluation.reading import Reading
from truenorth.evaluation.reduction import reduced
from truenorth.evaluation.refusals import Misdeclared, NotAssessed
from truenorth.evaluation.timing import covered_microseconds
from truenorth.framing.expressions import Expression
from truenorth.framing.references import MetricReference
from truenorth.statistics.estimates import Estimate, Spread, spread
from truenorth.statistics.intervals import Interval, Scale, exact_binomial, interval

DRAWS = 400
Ask = Callable[[Question], Answer]
ASK: Mapping[str, Ask] = {
    "accuracy": decided.accuracy,
    "any": totals.happened,
    "auuc": uplift.auuc,
    "average_precision": binary.average_precision,
    "balanced_accuracy": decided.balanced_accuracy,
    "brier": binary.brier,
    "calibration_error": binary.calibration_error,
    "calibration_slope": binary.calibration_slope,
    "concordance": survival.concordance,
    "cost": decided.cost,
    "count": totals.count,
    "coverage": numbers.coverage,
    "distinct": totals.distinct,
    "f1": decided.f1,
    "false_negative_rate": decided.false_negative_rate,
    "false_positive_rate": decided.false_positive_rate,
    "gauc": ordered.gauc,
    "gini": totals.concentration,
    "hit_rate": ordered.hit_rate,
    "log_loss": binary.log_loss,
    "mae": numbers.mae,
    "mape": numbers.mape,
    "mase": numbers.mase,
    "max": totals.largest,
    "mean": totals.average,
    "mean_average_precision": ordered.mean_average_precision,
    "min": totals.smallest,
    "mrr": ordered.mrr,
    "ndcg": ordered.ndcg,
    "pinball": numbers.pinball,
    "policy_value": uplift.policy_value,
    "precision": ordered.precision,
    "qini": uplift.qini,
    "quantile": totals.quantile,
    "r2": numbers.r2,
    "recall": ordered.recall,
    "rmse": numbers.rmse,
    "roc_auc": binary.roc_auc,
    "share": totals.average,
    "smape": numbers.smape,
    "specificity": decided.specificity,
    "std": totals.deviation,
    "sum": totals.total,
    "true_positive_rate": decided.recall,
    "value": ordered.value,
    "width": numbers.width,
}
"""The metrics that rows answer, by name; `kpi`, `external` and `latency_*` are resolved before."""

_OWNS_BY = frozenset({
    "any", "gini", "gauc", "hit_rate", "mean_average_precision", "mrr", "ndcg", "precision", "recall",
    "value",
})  # fmt: skip
"""Metrics for which `by` without a reduction names lists or owners, not groups to average."""


@dataclass(frozen=True, eq=False)
class Measured:
    """An answer with its estimate on the figure's scale."""

    answer: Answer
    estimate: Estimate


def measure(
    reference: MetricReference, judged: Judged, *, level: float = 0.95, draws: int = DRAWS, seed: int = 0
) -> Figure:
    """Return a metric of the framing on judged rows.

    The standard error sums each row's influence on the value within clusters of `unit`; lists of one unit
    stay together. What cannot be known from the rows is a figure without a value, whose note says why.

    Args:
        reference: The metric as the framing writes it.
        judged: Decisions beside what happened.
        level: Confidence of the interval, in (0, 1).
        draws: Bootstrap draws, for metrics whose error has no formula.
        seed: Seed of the bootstrap.

    Raises:
        FramingError: METRIC001, if the metric asks for what does not exist.
        DataError: METRIC002, if predictions are not finite.
    """
    return figure(reference, Reading(judged), level=level, draws=draws, seed=seed)


def figure(
    reference: MetricReference,
    reading: Reading,
    *,
    level: float = 0.95,
    draws: int = DRAWS,
    seed: int = 0,
    ask: Ask | None = None,
    name: str | None = None,
) -> Figure:
    """Return a metric on rows that are read already.

    Args:
        reference: The metric, or what it is about where `ask` says how it is measured.
        reading: The judged rows.
        level: Confidence of the interval, in (0, 1).
        draws: Bootstrap draws.
        seed: Seed of the bootstrap.
        ask: What measures it; by default what the reference names.
        name: What the figure is called; by default the reference.
    """
    from_outside = elsewhere(reference, reading.judged)
    if from_outside is not None:
        return from_outside
    called = name or str(reference)
    blank = Figure(metric=called, value=None, level=level)
    try:
        found = measured(reference, reading, level=level, draws=draws, seed=seed, ask=ask)
    except NotAssessed as reason:
        return replace(blank, note=str(reason))
    value = found.estimate.value
    if not np.isfinite(value):
        return replace(blank, note="the value is not finite")
    answer = found.answer
    varies = spread_of(found, reading)
    ends, method, error = _interval(found, varies, reading, level)
    return Figure(
        metric=called, value=value, low=None if ends is None else ends.low,
        high=None if ends is None else ends.high, n=answer.n if answer.n is not None else
        int(answer.counted.sum()), n_units=reading.clusters_of(answer.counted),
        matured=_matured(reference, reading),
        level=level, method=method, note=answer.note, standard_error=error,
    )  # fmt: skip


def measured(
    reference: MetricReference,
    reading: Reading,
    *,
    level: float,
    draws: int,
    seed: int,
    ask: Ask | None = None,
) -> Measured:
    """Return the answer of a metric, scaled and signed as the reference says.

    Raises:
        NotAssessed: If the rows cannot tell.
    """
    if reference.name == "kpi":
        return _of_kpi(reference, reading, level=level, draws=draws, seed=seed)
    key = (str(reference), ask, level, draws, seed)
    if key not in reading.found:
        reading.found[key] = _measured(reference, reading, level=level, draws=draws, seed=seed, ask=ask)
    made: Measured = reading.found[key]
    return made


def _measured(
    reference: MetricReference, reading: Reading, *, level: float, draws: int, seed: int, ask: Ask | None
) -> Measured:
    if reading.n_rows == 0:
        raise NotAssessed("there are no rows")
    ask = ask or ASK.get(reference.name)
    if ask is None:
        raise Misdeclared(
            f"expected a metric that rows can answer, got {reference.name}", "see docs/metrics.md"
        )
    reading.check_names(reference.where)
    rows = reading.condition(reference.where)
    if not rows.any() and reference.name not in ("count", "sum", "cost"):
        raise NotAssessed("no row fulfils the condition")
    question = Question(reading, reference, rows, level, draws, seed)
    answer = reduced(question, ask) if _splits(reference) else ask(question)
    factor = -1.0 if reference.negated else 1.0
    if reference.per is not None and answer.is_total:
        factor *= reference.per.microseconds / covered_microseconds(reading)
    scaled = answer.estimate() * factor
    if answer.found is not None and factor != 1:
        ends = sorted((answer.found.low * factor, answer.found.high * factor))
        answer = replace(answer, found=Interval(*ends))
    return Measured(replace(answer, scale=_scale_under(factor, answer.scale)), scaled)


def _splits(reference: MetricReference) -> bool:
    """Return whether `by` measures values apart; some metrics take the column as lists or owners."""
    if reference.by is None:
        return False
    if reference.name == "any" and reference.reduction in (None, "mean"):
        return False
    return reference.reduction is not None or reference.name not in _OWNS_BY


def _of_kpi(reference: MetricReference, reading: Reading, *, level: float, draws: int, seed: int) -> Measured:
    kpi = reading.framing.business.kpi
    if kpi is None:
        raise Misdeclared(
            "expected business.kpi beside the metric kpi, got none", "write business: {kpi: {...}}"
        )
    if kpi.metric.name == "external":
        raise NotAssessed("the KPI is measured elsewhere")
    if kpi.metric.name == "kpi":
        raise Misdeclared("expected a metric in business.kpi, got kpi itself", "name what it measures")
    inner = replace(kpi.metric, negated=kpi.metric.negated != reference.negated)
    return measured(inner, reading, level=level, draws=draws, seed=seed)


def _scale_under(factor: float, scale: Scale) -> Scale:
    """A negated share or positive quantity is neither; a scaled total stays one."""
    return scale if factor > 0 or scale == "skewed" else "real"


def spread_of(found: Measured, reading: Reading) -> Spread | None:
    """Return how a value varies between clusters: a total over all of them, else over those counted.

    Where one class is rare the value is estimated from its clusters, and so is how it varies: the error is
    that of as many clusters, and has as many degrees of freedom, less one.
    """
    counted = None if found.answer.is_total else found.answer.counted
    varies = spread(found.estimate.influence, reading.cluster, counted=counted)
    if varies is None or found.answer.rare is None:
        return varies
    n = reading.clusters_of(found.answer.rare)
    error = varies.error * np.sqrt(n / max(n - 1, 1))
    return replace(varies, error=float(error), degrees=min(varies.degrees, max(n - 1.0, 1.0)))


def _interval(
    found: Measured, varies: Spread | None, reading: Reading, level: float
) -> tuple[Interval | None, str, float | None]:
    answer = found.answer
    if answer.found is not None:
        return answer.found, answer.method, None if varies is None else varies.error
    if not answer.has_interval:
        return None, "", None
    if varies is None:
        return None, f"none: one {reading.unit_name} only", None
    if _is_binomial(answer, varies):
        return (
            exact_binomial(found.estimate.value, varies.n_clusters, level=level),
            "exact binomial",
            varies.error,
        )
    ends = interval(found.estimate.value, varies, scale=answer.scale, level=level, n=answer.at_an_end)
    if answer.is_not_negative:
        ends = Interval(max(ends.low, 0.0), ends.high)
    return ends, answer.method or f"linearised, clustered by {reading.unit_name}", varies.error


def _is_binomial(answer: Answer, varies: Spread) -> bool:
    """Return whether a share is one of rows that are units and weigh the same."""
    if answer.scale != "share" or answer.weight is None or varies.n_clusters != int(answer.counted.sum()):
        return False
    return bool(np.ptp(answer.weight) <= 1e-12 * float(np.max(answer.weight)))


def _matured(reference: MetricReference, reading: Reading) -> float | None:
    """Return the share of rows whose labels were observed among those whose labels are due or still open."""
    if reference.name == "kpi" and reading.framing.business.kpi is not None:
        reference = reading.framing.business.kpi.metric
    names = reading.labels_in(*_read(reference, reading))
    if not names or reading.n_rows == 0:
        return None
    states = np.stack([reading.table.labels[name].state for name in sorted(names)])
    due = (states != 2).all(axis=0)
    if not reading.labels_in(reference.where):
        due &= reading.condition(reference.where)
    return float((states[:, due] == 0).all(axis=0).mean()) if due.any() else None


def _read(reference: MetricReference, reading: Reading) -> tuple[Expression | None, ...]:
    """Return the expressions whose labels a metric waits for."""
    if reference.name == "cost":
        return (*priced_by(reading.framing), reference.where)
    if reference.argument is None and reference.name not in ("count", "distinct"):
        return reading.framing.objective.score, reference.where
    return reference.argument, reference.where
