"""Scripts: the questions in 6, 7 or 8 steps with their minutes; each topic stands in one step of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from truenorth.errors import Finding, FramingError
from truenorth.interview.answers import Answers
from truenorth.interview.bank import questions_for
from truenorth.interview.question import Family, Question, Topic
from truenorth.interview.ready import Ready, ready_framing

STANDARD_MINUTES = 45
"""What the minutes of the scripts add up to."""


@dataclass(frozen=True)
class Step:
    """One step of a script."""

    title: str
    """What it is called."""
    minutes: float
    """Its share of 45 minutes."""
    topics: tuple[Topic, ...]
    """What is asked in it, in framing order."""


SCRIPTS: Mapping[int, tuple[Step, ...]] = {
    6: (
        Step("Goal and constraints", 9, ("goal", "product", "decision")),
        Step("Label and objective", 8, ("label",)),
        Step("Data", 6, ("data",)),
        Step("Features", 5, ("feature",)),
        Step("Model and policy", 9, ("model", "policy", "offline")),
        Step("Serving, test and monitoring", 8, ("online", "monitoring")),
    ),
    7: (
        Step("Goal and constraints", 9, ("goal", "product", "decision")),
        Step("Label and objective", 7, ("label",)),
        Step("Data and features", 9, ("data", "feature")),
        Step("Model", 5, ("model",)),
        Step("Policy and offline evaluation", 6, ("policy", "offline")),
        Step("Serving and online test", 5, ("online",)),
        Step("Monitoring", 4, ("monitoring",)),
    ),
    8: (
        Step("Goal and constraints", 9, ("goal", "product", "decision")),
        Step("Label and objective", 7, ("label",)),
        Step("Data", 5, ("data",)),
        Step("Features", 5, ("feature",)),
        Step("Model and policy", 6, ("model", "policy")),
        Step("Offline evaluation", 4, ("offline",)),
        Step("Online test and serving", 5, ("online",)),
        Step("Monitoring", 4, ("monitoring",)),
    ),
}
"""Every script by its number of steps; in each the first two steps frame the problem."""


@dataclass(frozen=True)
class PlannedStep:
    """A step with the questions and the time of one interview."""

    number: int
    """Its place, from 1."""
    title: str
    """What it is called."""
    seconds: float
    """Time for it."""
    questions: tuple[Question, ...]
    """What is asked, in order."""

    def left(self, answers: Answers) -> float:
        """Return the seconds that are left in this step; negative where it took longer."""
        return self.seconds - sum(answers.seconds.get(question.id, 0.0) for question in self.questions)


@dataclass(frozen=True)
class Plan:
    """What one interview asks, and in which time."""

    steps: tuple[PlannedStep, ...]
    """Its steps, in order."""
    ready: Ready | None = None
    """The ready framing whose values are shown as examples; they are never filled in."""
    about: Mapping[str, Any] | None = None
    """What it was planned for: system, minutes, steps."""

    @property
    def questions(self) -> tuple[Question, ...]:
        """Every question, in order."""
        return tuple(question for step in self.steps for question in step.questions)

    def example(self, question: Question) -> Any:
        """Return an answer to show: the ready framing's where there is one, else the bank's."""
        said = self.ready.answers.given if self.ready else {}
        return said.get(question.id, question.example)


def plan(*, system: str | None = None, minutes: float = STANDARD_MINUTES, steps: int = 8) -> Plan:
    """Return the questions of an interview, step by step, with the time for each.

    Args:
        system: A ready system; its family chooses the questions, and its framing gives the examples.
        minutes: Time for the whole, > 0.
        steps: 6, 7 or 8.

    Raises:
        FramingError: If there is no such system or script, or no time.

    Examples:
        >>> [step.seconds for step in plan(minutes=90).steps][:2]
        [1080.0, 840.0]
    """
    if not (_is_number(steps) and _is_number(minutes) and steps in SCRIPTS and 0 < minutes < float("inf")):
        raise FramingError(_no_script(minutes, steps))
    ready = ready_framing(system) if system else None
    family = ready.family if ready else None
    scale = 60 * minutes / STANDARD_MINUTES
    planned = tuple(
        PlannedStep(number, step.title, step.minutes * scale, _asked(step, family))
        for number, step in enumerate(SCRIPTS[steps], start=1)
    )
    return Plan(planned, ready, {"system": system, "minutes": minutes, "steps": steps})


def _is_number(value: object) -> bool:
    return isinstance(value, int | float)  # a file of answers may say anything


def _asked(step: Step, family: Family | None) -> tuple[Question, ...]:
    return tuple(question for question in questions_for(family) if question.topic in step.topics)


def _no_script(minutes: float, steps: int) -> Finding:
    evidence = f"expected 6, 7 or 8 steps in more than 0 minutes, got {steps} steps in {minutes} minutes."
    fix = "write for example --steps 8 --minutes 45."
    return Finding(code="INTERVIEW006", where="interview", evidence=evidence, fix=fix)
