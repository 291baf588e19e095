"""Weights of the score, proposed from a run's own decisions without training anything again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from truenorth.counterfactual.sentences import interval_text
from truenorth.counterfactual.study import Study
from truenorth.counterfactual.weights import WeightOptions, WeightsReport, choose_weights
from truenorth.errors import DataError, Finding
from truenorth.workflow.proxies import LESS, THE_SCORE
from truenorth.workflow.result import Run
from truenorth.workflow.studies import STUDY, load_study


@dataclass(frozen=True, eq=False)
class Proposal:
    """Weights for `objective.score`, and what they are worth."""

    today: str
    """The score as the framing writes it."""
    score: str
    """The score that is proposed; empty where the log proposes none."""
    kpi: str
    unit: str
    """Of a change of the KPI."""
    report: WeightsReport

    def to_dict(self) -> dict[str, Any]:
        """Return the proposal as plain JSON values."""
        said = {"score": self.score, "today": self.today, "kpi": self.kpi, "unit": self.unit}
        return {**said, **self.report.to_dict()}

    def __repr__(self) -> str:
        report = self.report
        lines = [f"today     {self.today}", f"proposed  {self.score or 'none: the log does not tell'}"]
        gains = {"today's score": report.gain_over_today, "equal weights": report.gain}
        lines += [
            f"{self.kpi} {interval_text(gain, self.unit)} beside {other}"
            for other, gain in gains.items()
            if gain is not None
        ]
        lines.append(
            f"lifts at depth {report.depth:g}, on {report.n_judged_on:,} decisions that did not choose:"
        )
        lines += [
            f"  {name:<16} {interval_text(one.kpi_lift, self.unit)}"
            for name, one in report.alternatives.items()
        ]
        return "\n".join([*lines, *(f"  {finding}" for finding in report.findings)])


def propose_weights(run: Run, *, depth: float = 0.75, seed: int = 0) -> Proposal:
    """Return the weights of the labels that raise the KPI most, judged on units that did not choose them.

    Today's score is judged on the same units at the same depth.

    Args:
        run: A run whose stress test was not refused.
        depth: Pressure at which weights are compared, square root of nats.
        seed: Seed of the split, the folds and the draws.

    Raises:
        DataError: If the run holds no decisions, or fewer than two labels to weigh.
    """
    study, signs = load_study(run.folder / STUDY)
    labels = {name: one for name, one in study.scores.items() if name != THE_SCORE}
    if len(labels) < 2:
        raise DataError(_nothing_to_weigh(labels))
    today, told = str(run.result["framing"]["objective"]["score"]), study.provenance
    # A score that is a label is tested under its name.
    weighting = WeightOptions(depth=depth, today=study.scores.get(THE_SCORE, labels.get(today)))
    report = choose_weights(_of_labels(study, labels), weighting=weighting, seed=seed)
    return Proposal(today, written(report.weights, signs), told.kpi_name, told.kpi_unit, report)


def _of_labels(study: Study, labels: Mapping[str, Any]) -> Study:
    return replace(study, scores=labels, realised={k: v for k, v in study.realised.items() if k in labels})


def written(weights: Mapping[str, float], signs: Mapping[str, int]) -> str:
    """Return weights as a score, the largest of them 1.

    Examples:
        >>> written({"liked": 0.5, "less hide": 2.0, "click": -0.1}, {"less hide": -1})
        '0.25*liked - 0.05*click - 1*hide'
    """
    largest = max((abs(one) for one in weights.values()), default=0.0)
    if not largest > 0:
        return ""
    terms = {name.removeprefix(LESS): signs.get(name, 1) * one / largest for name, one in weights.items()}
    listed = sorted(terms.items(), key=lambda term: -term[1])
    said = " ".join(f"{'-' if one < 0 else '+'} {abs(one):.3g}*{name}" for name, one in listed if one)
    return said.removeprefix("+ ")


def _nothing_to_weigh(labels: Mapping[str, Any]) -> Finding:
    return Finding(
        code="STRESS069", where="objective.score",
        evidence=f"expected several labels to weigh, got {', '.join(labels) or 'none'}.",
        fix="declare the labels that could enter the score under proxies, and run again.",
    )  # fmt: skip
