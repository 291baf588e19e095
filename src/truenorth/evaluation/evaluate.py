"""Everything that is measured on the test rows, beside the rule, with what could not be measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from truenorth.errors import Finding, TrueNorthError
from truenorth.evaluation.compare import difference
from truenorth.evaluation.constraints import outcome
from truenorth.evaluation.contract import Figure, Gate, Judged, Outcome
from truenorth.evaluation.families.catalogue import popularity
from truenorth.evaluation.gate import gate as gate_of
from truenorth.evaluation.measure import DRAWS, figure
from truenorth.evaluation.money import cost_curve, money_confusion, operating_point
from truenorth.evaluation.naive import naive_scale
from truenorth.evaluation.primary import primary_metric
from truenorth.evaluation.reading import Reading
from truenorth.evaluation.refusals import NotAssessed
from truenorth.evaluation.slices import BySlice, by_slice
from truenorth.evaluation.standard import Asked, declared, standard
from truenorth.evaluation.time import Moment, over_time
from truenorth.examples.dataset import Dataset
from truenorth.framing.framing import Framing
from truenorth.framing.references import MetricReference


@dataclass(frozen=True, kw_only=True)
class Row:
    """One metric of the model, of the rule, and the difference."""

    metric: str
    model: Figure
    rule: Figure | None = None
    difference: Figure | None = None
    """Model minus rule, paired."""

    def to_dict(self) -> dict[str, Any]:
        """Return the row as plain JSON values."""
        return {
            "metric": self.metric, "model": self.model.to_dict(),
            "rule": None if self.rule is None else self.rule.to_dict(),
            "difference": None if self.difference is None else self.difference.to_dict(),
        }  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What the test rows say."""

    primary: Figure
    rows: tuple[Row, ...]
    """The framing's metrics first, then the standard ones of each task."""
    slices: BySlice
    moments: tuple[Moment, ...]
    """Over the test period."""
    outcomes: tuple[Outcome, ...]
    """What became of the constraints."""
    gate: Gate
    savings: Figure | None = None
    """Cost of the rule less cost of the model, per the KPI's time."""
    curve: tuple[dict[str, Any], ...] = ()
    """Cost by share acted on."""
    point: dict[str, Any] | None = None
    """Where the policy and the rule stand on the curve."""
    confusion: tuple[dict[str, Any], ...] = ()
    """Rows and money by what was done and what was true."""
    findings: tuple[Finding, ...] = ()

    @property
    def not_assessed(self) -> tuple[dict[str, str], ...]:
        """What has no value, and why."""
        figures = [row.model for row in self.rows] + [one.figure for one in self.outcomes]
        return tuple(
            {"what": name, "why": why}
            for name, why in {one.metric: one.note for one in figures if one.value is None}.items()
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the evaluation as plain JSON values."""
        return {
            "primary": self.primary.to_dict(),
            "metrics": [row.to_dict() for row in self.rows],
            "slices": {
                name: {value: _plain(found) for value, found in values.items()}
                for name, values in self.slices.items()
            },
            "over_time": [one.to_dict() for one in self.moments],
            "constraints": [one.to_dict() for one in self.outcomes],
            "gate": self.gate,
            "savings": None if self.savings is None else self.savings.to_dict(),
            "cost_curve": list(self.curve),
            "chosen_point": self.point,
            "confusion": list(self.confusion),
            "not_assessed": list(self.not_assessed),
            "findings": [one.to_dict() for one in self.findings],
        }  # fmt: skip

    def __repr__(self) -> str:
        lines = [f"Evaluation: gate {self.gate}", *(_line(row) for row in self.rows)]
        lines += [f"  {one.constraint}: {one.status} ({one.note})" for one in self.outcomes]
        lines += [f"  not assessed: {one['what']} ({one['why']})" for one in self.not_assessed]
        return "\n".join(lines)


def _plain(figures: Mapping[str, Figure]) -> dict[str, Any]:
    return {metric: one.to_dict() for metric, one in figures.items()}


def evaluate(
    framing: Framing, judged: Judged, rule: Judged | None = None, *, today: date, train: Dataset | None =
    None, level: float = 0.95, draws: int = DRAWS, seed: int = 0, findings: Sequence[Finding] = (),
) -> Evaluation:  # fmt: skip
    """Measure what the framing names, and what every report shows, on test rows.

    Args:
        framing: What is wanted.
        judged: The chosen model's decisions beside what happened.
        rule: The rule's decisions on the same rows, in the same order.
        today: Day on which waivers must hold.
        train: Training rows, for errors relative to the naive forecast and for how known items are.
        level: Confidence of the intervals, in (0, 1).
        draws: Bootstrap draws, for metrics whose error has no formula.
        seed: Seed of the bootstrap.
        findings: What earlier stages found; it decides the gate with the constraints.
    """
    judged, rule = _with_training(judged, train), None if rule is None else _with_training(rule, train)
    reading, other = Reading(judged), None if rule is None else Reading(rule)
    options = {"level": level, "draws": draws, "seed": seed}
    wanted = declared(reading, primary_metric(framing))
    asked = {one.title: one for one in (*wanted, *standard(reading))}
    rows = tuple(_row(one, reading, other, options) for one in asked.values())
    outcomes = tuple(outcome(one, reading, **options) for one in framing.constraints)  # type: ignore[arg-type]
    found = (*_refused(rows, outcomes), *_small(reading))
    references = [one.reference for one in wanted]
    sliced, slice_findings = _sliced(references, judged, options)
    moments = over_time(references[:1] + _costs(rows), judged, **options)  # type: ignore[arg-type]
    return Evaluation(
        primary=rows[0].model, rows=rows, slices=sliced, moments=moments, outcomes=outcomes,
        gate=_with_primary(gate_of(outcomes, findings, framing.waivers, today=today), rows[0].model),
        savings=_savings(rows),
        curve=tuple(_or_empty(cost_curve, reading)), point=_point(reading, other),
        confusion=tuple(_or_empty(money_confusion, reading)), findings=(*found, *slice_findings),
    )  # fmt: skip


def _with_training(judged: Judged, train: Dataset | None) -> Judged:
    """Return the rows with what training rows say of them: the naive error of series, how known items are."""
    if train is None:
        return judged
    numbers = [name for name, one in judged.dataset.labels.items() if one.kind in ("number", "amount")]
    task = next((name for name in numbers if name in judged.batch.predictions), None)
    if judged.scale is None and task is not None:
        judged = replace(judged, scale=naive_scale(train, judged.dataset, task))
    if judged.popularity is None and "group" in judged.dataset.columns:
        judged = replace(judged, popularity=popularity(train, judged.dataset))
    return judged


def _with_primary(found: Gate, primary: Figure) -> Gate:
    """Return the gate; a run whose primary metric could not be measured passes nothing."""
    return "not assessed" if primary.value is None and found.startswith("pass") else found


def _row(asked: Asked, reading: Reading, other: Reading | None, options: dict[str, Any]) -> Row:
    model = _figure(asked, reading, options)
    if other is None:
        return Row(metric=asked.title, model=model)
    rule = _figure(asked, other, options)
    if model.value is None or rule.value is None:
        return Row(metric=asked.title, model=model, rule=rule)
    gap = difference(asked.reference, reading, other, ask=asked.ask, name=asked.title, **options)
    return Row(metric=asked.title, model=model, rule=rule, difference=gap)


def _figure(asked: Asked, reading: Reading, options: dict[str, Any]) -> Figure:
    try:
        return figure(asked.reference, reading, ask=asked.ask, name=asked.title, **options)
    except TrueNorthError as error:
        return Figure(metric=asked.title, value=None, note=error.findings[0].evidence, method="error")


def _refused(rows: Sequence[Row], outcomes: Sequence[Outcome]) -> Iterator[Finding]:
    """Yield a finding for each metric that the framing declares wrongly."""
    wrong = [(row.metric, row.model.note) for row in rows if row.model.method == "error"]
    wrong += [(str(one.constraint), one.figure.note) for one in outcomes if one.status == "error"]
    for name, evidence in dict(wrong).items():
        yield Finding(
            code="METRIC001", severity="warn", where=name, evidence=evidence, fix="mend the metric."
        )


def _small(reading: Reading) -> Iterator[Finding]:
    if reading.n_rows and reading.n_clusters < 30:
        yield Finding(
            code="METRIC003",
            severity="warn",
            where="evaluation",
            evidence=f"expected at least 30 clusters of {reading.unit_name}, got {reading.n_clusters}: "
            "intervals are wide and rest on few.",
            fix="test on a longer period, or on more units.",
        )


def _sliced(
    references: Sequence[MetricReference], judged: Judged, options: dict[str, Any]
) -> tuple[BySlice, tuple[Finding, ...]]:
    try:
        return by_slice(references, judged, **options), ()
    except TrueNorthError as error:
        return {}, tuple(replace(one, severity="warn", where="evaluation.slices") for one in error.findings)


def _costs(rows: Sequence[Row]) -> list[MetricReference]:
    """Return the cost, where it is known and not the primary metric."""
    named = [row.metric for row in rows if row.metric.startswith("cost") and row.model.value is not None]
    return [MetricReference.parse(named[0])] if named and named[0] != rows[0].metric else []


def _savings(rows: Sequence[Row]) -> Figure | None:
    """Return the rule's cost less the model's."""
    for row in rows:
        gap = row.difference
        if row.metric.startswith("cost") and gap is not None and gap.value is not None:
            low, high = (None if end is None else -end for end in (gap.high, gap.low))
            return replace(gap, metric=f"saved: {row.metric}", value=-gap.value, low=low, high=high)
    return None


def _or_empty(make: Any, reading: Reading) -> list[dict[str, Any]]:
    try:
        made: list[dict[str, Any]] = make(reading)
    except (NotAssessed, TrueNorthError):
        return []
    return made


def _point(reading: Reading, other: Reading | None) -> dict[str, Any] | None:
    try:
        point = operating_point(reading)
    except (NotAssessed, TrueNorthError):
        return None
    try:
        return point if other is None else {**point, "rule": operating_point(other)}
    except (NotAssessed, TrueNorthError):
        return point


def _line(row: Row) -> str:
    if row.model.value is None:
        return f"  {row.metric}: not assessed"
    ends = "" if row.model.low is None else f" [{row.model.low:.4g}, {row.model.high:.4g}]"
    beside = "" if row.rule is None or row.rule.value is None else f", rule {row.rule.value:.4g}"
    return f"  {row.metric}: {row.model.value:.4g}{ends}, n {row.model.n:,}{beside}"
