"""The A/B test that a framing plans: what it compares, how much that varies, how many units come.

The variation is read from the labels of the log where there is one, else from the interval of a run, else
from the declared baseline where it is a share. In the last case every decision counts as another unit, which
is the most that can come: what is too few then is too few.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truenorth.audit.contract import Unknown
from truenorth.audit.evidence import DataEvidence
from truenorth.audit.measured.association import units_of
from truenorth.audit.measured.outcomes import outcome
from truenorth.audit.stated.sample_size import Figure, absolute, arm_share, of_proportion, units_per_arm
from truenorth.audit.stated.terms import labels_in
from truenorth.audit.subject import Subject
from truenorth.framing.durations import DAY
from truenorth.framing.experiment import Experiment
from truenorth.framing.framing import Framing
from truenorth.framing.percentages import Percentage
from truenorth.framing.references import MetricReference

Floats = NDArray[np.float64]

MEANS = ("mean", "share", "any")
"""Metrics that are the mean over units of something."""
FEWEST_UNITS = 30
"""Units below which a variance is no evidence."""


@dataclass(frozen=True)
class Trial:
    """A test that could be planned."""

    figure: Figure
    effect: float
    """Smallest effect worth finding, in the metric's own units."""
    declared: Percentage
    """The same as it is written."""
    share: float
    """Share of the traffic in each arm."""
    is_bound: bool
    """Whether fewer units may come than it counts with."""

    @property
    def units_needed(self) -> float:
        """Units that each arm needs."""
        return units_per_arm(self.figure.variances, self.effect)

    @property
    def units_per_day(self) -> float:
        """Units that come to each arm in a day."""
        return self.share * self.figure.units / self.figure.days

    @property
    def days_needed(self) -> float:
        """Days until each arm has them."""
        return self.units_needed / self.units_per_day


def planned(subject: Subject, days: float) -> Trial | Unknown:
    """Return the test that the framing plans, over so many days, or why its size is not known."""
    framing, experiment = subject.framing, subject.framing.experiment
    if experiment is None:
        return Unknown("no experiment is declared")
    declared = experiment.minimum_effect
    if declared is None or declared.fraction == 0:
        return Unknown(
            "experiment.minimum_effect is not stated: write the smallest effect that would be worth it"
        )
    metric = compared(framing, experiment)
    if metric is None:
        return Unknown("there is no KPI to compare the arms by")
    figure = _figure(subject, metric, declared, days)
    if isinstance(figure, Unknown):
        return figure
    effect = absolute(declared, figure.mean)
    if not (effect > 0 and figure.units > 0 and figure.variances > 0):
        return Unknown(f"{metric} is the same for every unit, or 0: no relative effect can be sized")
    is_bound = figure.origin == "baseline" and not _is_row_by_row(framing)
    return Trial(figure, effect, declared, arm_share(experiment), is_bound)


def compared(framing: Framing, experiment: Experiment) -> MetricReference | None:
    """Return the metric that decides the test."""
    kpi = framing.business.kpi
    if experiment.metric.name != "kpi":
        return experiment.metric
    return None if kpi is None else kpi.metric


def _figure(subject: Subject, metric: MetricReference, declared: Percentage, days: float) -> Figure | Unknown:
    is_total = metric.name not in MEANS
    if is_total and declared.unit != "relative":
        return Unknown(f"{metric} is a total, so that an effect of {declared} cannot be sized: write it in %")
    figure = _of_log(subject, metric, days) or _of_run(subject, metric, days)
    return figure or _of_baseline(subject, metric, declared, days)


def _of_log(subject: Subject, metric: MetricReference, days: float) -> Figure | None:
    """Return the figure of the last days of the log, per unit; None where the labels do not say."""
    data = subject.data
    if data is None or metric.argument is None or metric.name not in (*MEANS, "sum") or not len(data.at):
        return None
    if not labels_in(metric.argument.columns, subject.framing):
        return None
    values = outcome(metric.argument, data)
    wanted = outcome(metric.where, data) if metric.where is not None else None
    unit = _unit(subject, metric, data)
    if values is None or unit is None or (metric.where is not None and wanted is None):
        return None
    rows = ~np.isnan(values) if wanted is None else ~np.isnan(values) & (wanted == 1)
    if not rows.any():
        return None
    span = min(days, (int(data.at[rows].max()) - int(data.at[rows].min())) / DAY)
    rows &= data.at > data.at[rows].max() - span * DAY
    codes = units_of(unit[rows])
    if span <= 0 or int(codes.max()) + 1 < FEWEST_UNITS:
        return None
    mean, variance = _per_unit(metric, values[rows], codes, by_unit=metric.by is not None)
    units = (int(codes.max()) + 1) * days / span * _traffic(subject, _decisions(data, rows) / span)
    return Figure(mean, variance, units, days, "log")


def _per_unit(
    metric: MetricReference, values: Floats, unit: NDArray[np.int64], *, by_unit: bool
) -> tuple[float, float]:
    """Return mean and variance per unit; a mean over rows is a ratio of sums (delta method)."""
    counts, sums = np.bincount(unit).astype(float), np.bincount(unit, weights=values)
    if metric.name == "sum":
        return float(sums.mean()), float(sums.var(ddof=1))
    if metric.name == "any":
        happened = (sums > 0).astype(float)
        return float(happened.mean()), float(happened.var(ddof=1))
    if by_unit:
        return float((sums / counts).mean()), float((sums / counts).var(ddof=1))
    ratio = float(sums.sum() / counts.sum())
    return ratio, float((sums - ratio * counts).var(ddof=1)) / float(counts.mean()) ** 2


def _of_run(subject: Subject, metric: MetricReference, days: float) -> Figure | None:
    """Return the figure whose interval a run measured on its test rows; None where it did not."""
    run: Mapping[str, Any] = subject.run or {}
    asked = [one for one in run.get("metrics") or () if one.get("metric") == str(metric)]
    figure = asked[0].get("model") or {} if asked else {}
    value, error, units = (figure.get(key) for key in ("value", "standard_error", "n_units"))
    span = _test_days(run)
    if value is None or not error or not units or not span:
        return None
    come = units * days / span * _traffic(subject, (figure.get("n") or 0) / span)
    return Figure(float(value), float(error) ** 2 * units, come, days, "run")


def _of_baseline(
    subject: Subject, metric: MetricReference, declared: Percentage, days: float
) -> Figure | Unknown:
    framing = subject.framing
    kpi = framing.business.kpi
    volume = framing.business.scale.decisions_per_day
    baseline = kpi.baseline if kpi is not None and kpi.metric == metric else None
    if not is_share(metric, framing) or baseline is None or not 0 < baseline < 1:
        return Unknown(f"how much {metric} varies is not known: audit with --run, or --data if it is a label")
    if volume is None:
        return Unknown("business.scale.decisions_per_day is not stated, so that units per day are not known")
    return of_proportion(baseline, _signed(declared, baseline, framing), units=volume * days, days=days)


def _signed(declared: Percentage, baseline: float, framing: Framing) -> float:
    kpi = framing.business.kpi
    way = -1.0 if kpi is not None and kpi.direction == "down" else 1.0
    return way * absolute(declared, baseline)


def is_share(metric: MetricReference, framing: Framing) -> bool:
    """Return whether a metric is the mean of something that is 0 or 1."""
    if metric.name in ("share", "any"):
        return True
    column = metric.argument.column if metric.argument is not None else None
    label = framing.labels.get(column or "")
    return metric.name == "mean" and label is not None and label.kind == "binary"


def _is_row_by_row(framing: Framing) -> bool:
    """Return whether each decision is of another unit: the unit is the key of the examples."""
    source = framing.sources.get(framing.table.source or "")
    return framing.table.unit == "row" or (source is not None and source.key == (framing.table.unit,))


def _traffic(subject: Subject, logged_per_day: float) -> float:
    """Return how many times the log's traffic is declared; 1 where it is not, or where the log holds more."""
    declared = subject.framing.business.scale.decisions_per_day
    return max(declared / logged_per_day, 1.0) if declared is not None and logged_per_day > 0 else 1.0


def _decisions(data: DataEvidence, rows: NDArray[np.bool_]) -> int:
    """Return how many decisions the rows are: lists where they stand in lists."""
    group = data.column("group")
    if group is None or group.role == "list" or group.is_null.all():
        return int(rows.sum())
    return len(np.unique(group.values[rows]))


def _unit(subject: Subject, metric: MetricReference, data: DataEvidence) -> NDArray[np.generic] | None:
    """Return what the metric is measured by: its own `by`, the randomised column, or the examples' unit."""
    framing = subject.framing
    chosen = framing.experiment.unit if framing.experiment else None
    for name in (metric.by, chosen, "unit"):
        column = data.column(name) if name else None
        if column is not None and column.role != "list":
            return column.values
    return None


def _test_days(run: Mapping[str, Any]) -> float:
    parts = (run.get("examples") or {}).get("parts") or {}
    days = 0.0
    for name, part in parts.items():
        if str(name).partition(".")[0] == "test" and isinstance(part, Mapping):
            planned = part.get("planned") or {}
            ends = [planned.get("start") or part.get("first_at"), planned.get("end") or part.get("last_at")]
            if all(ends):
                first, last = (datetime.fromisoformat(str(one)) for one in ends)
                days += (last - first).total_seconds() / 86_400
    return days
