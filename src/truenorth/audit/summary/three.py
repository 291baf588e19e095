"""The rule of three: how it is evaluated offline, how online, and how it is watched; each answered or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from truenorth.evaluation.primary import primary_metric
from truenorth.framing.framing import Framing
from truenorth.framing.names import tasks

if TYPE_CHECKING:
    from truenorth.audit.result import Audit


@dataclass(frozen=True)
class Question:
    """One of the three questions."""

    name: str
    is_answered: bool
    answer: str
    """What the framing says, or what is missing."""


def rule_of_three(audit: Audit) -> tuple[Question, ...]:
    """Return the three questions with what the framing answers."""
    framing = audit.subject.framing
    return (_offline(framing), _online(framing), _watched(framing))


def _offline(framing: Framing) -> Question:
    split, named = framing.split, tasks(framing)
    metric = primary_metric(framing) if len(named) == 1 else framing.objective.metric
    missing = [name for name, value in (("objective.metric", metric), ("split", split)) if value is None]
    if missing:
        return Question("offline", False, f"no {' and no '.join(missing)}")
    form = "random shares" if split is not None and split.form == "random" else "later rows"
    return Question("offline", True, f"{metric} on {form} that nothing was fitted on")


def _online(framing: Framing) -> Question:
    test = framing.experiment
    if test is None:
        return Question("online", False, "no experiment")
    metric = framing.business.kpi.name if test.metric.name == "kpi" and framing.business.kpi else test.metric
    guardrails = f", {len(test.guardrails)} guardrails" if test.guardrails else ", no guardrail"
    return Question("online", True, f"{metric} by {test.unit}{guardrails}")


def _watched(framing: Framing) -> Question:
    watched = framing.monitoring
    if not watched.track:
        return Question("in production", False, "nothing is tracked")
    retrain = watched.retrain
    again = "no retraining" if retrain.every is None else f"retrained every {retrain.every}"
    if retrain.or_when is not None:
        again += f" or when {retrain.or_when}"
    return Question("in production", True, f"{', '.join(map(str, watched.track[:4]))}; {again}")
