"""The scorecard: five signals, each a table of checks whose points add up to 100."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from truenorth.interview.practice.coverage import Performance


@dataclass(frozen=True)
class Check:
    """One thing that earns points."""

    title: str
    """What is wanted."""
    points: int
    """What it earns."""
    questions: tuple[str, ...]
    """Questions of the bank of which one has to be answered."""


def _check(title: str, points: int, questions: str) -> Check:
    return Check(title, points, tuple(questions.split()))


SIGNALS: Mapping[str, tuple[Check, ...]] = {
    "problem framing": (
        _check("the goal in a sentence", 15, "goal"),
        _check("one business figure, and how it is computed", 15, "kpi_name kpi_metric"),
        _check("where it stands, how far it shall go, by when", 10, "kpi_baseline kpi_target kpi_timeframe"),
        _check("whom it concerns", 10, "users"),
        _check("the decision and its choices", 20, "decision"),
        _check("what is predicted or maximised", 15, "objective output"),
        _check("scale, time and law", 15, "latency decisions_per_day peak_per_second n_users regulation"),
    ),
    "data judgment": (
        _check("the label", 20, "label"),
        _check("its window and its delay", 15, "window label_delay"),
        _check(
            "where labels come from and whom they leave out", 15,
            "label_source label_bias reliability negative",
        ),
        _check("the logs behind it", 15, "sources volume"),
        _check("the features", 15, "features"),
        _check("what would leak", 20, "leakage known_late"),
    ),
    "metric selection": (
        _check("one primary metric offline", 25, "primary_metric"),
        _check("what decides online", 20, "online_metric"),
        _check("limits and guardrails", 20, "guardrails constraints"),
        _check("how far the label stands for the goal, and what pushing it does", 15, "proxies if_pushed"),
        _check("groups that are measured apart", 10, "slices"),
        _check("calibration, and further metrics", 10, "calibration further_metrics precision_recall"),
    ),
    "architecture": (
        _check("a rule to beat", 20, "rule"),
        _check("a model, the simplest first, with a reason", 15, "candidates_models why_model"),
        _check("from score to action", 20, "actions threshold select rank quantity bid capacity"),
        _check("batch or online", 15, "mode"),
        _check("a time within which to answer", 10, "latency timeout batch_every"),
        _check("what is done when the model does not answer", 20, "fallback"),
    ),
    "operational maturity": (
        _check("what is watched", 25, "track input_drift concept_drift"),
        _check("when it is trained again", 20, "retrain_every retrain_when"),
        _check("release in steps, and the way back", 20, "stages rollback"),
        _check("who answers for it, day and night", 15, "owner on_call"),
        _check("what may go wrong, and who gains by it", 10, "known_risks abuse adaptation failures"),
        _check(
            "people: fairness, explanation, law", 10,
            "protected reason_codes explainability regulation human_path",
        ),
    ),
}  # fmt: skip
"""What each signal consists of."""


@dataclass(frozen=True)
class Signal:
    """One signal of the scorecard."""

    name: str
    """Which of the five."""
    score: int
    """0 to 100."""
    earned: tuple[tuple[str, int, str], ...]
    """Checks that were met: title, points, evidence."""
    missed: tuple[tuple[str, int], ...]
    """Checks that were not: title, points."""

    def to_dict(self) -> dict[str, Any]:
        """Return the signal as plain JSON values."""
        earned = [{"what": what, "points": points, "evidence": found} for what, points, found in self.earned]
        missed = [{"what": what, "points": points} for what, points in self.missed]
        return {"name": self.name, "score": self.score, "earned": earned, "missed": missed}


def score_signals(performance: Performance) -> tuple[Signal, ...]:
    """Return the scorecard of a performance: the points of the checks that it meets."""
    return tuple(_signal(name, checks, performance) for name, checks in SIGNALS.items())


def _signal(name: str, checks: tuple[Check, ...], performance: Performance) -> Signal:
    found = {check: _met(check, performance) for check in checks}
    earned = tuple((check.title, check.points, evidence) for check, evidence in found.items() if evidence)
    missed = tuple((check.title, check.points) for check, evidence in found.items() if not evidence)
    return Signal(name, sum(points for _, points, _ in earned), earned, missed)


def _met(check: Check, performance: Performance) -> str:
    return next((performance.covered[name] for name in check.questions if name in performance.covered), "")
