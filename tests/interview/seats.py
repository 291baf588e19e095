"""A screen whose lines are known beforehand, and a clock that goes on by itself."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

from truenorth.interview import Answers, load_answers
from truenorth.interview.answers import UNKNOWN_WORDS
from truenorth.interview.bank import BANK

ANSWERS = Path(__file__).parent / "answers" / "small-fraud.yaml"


class TypedScreen:
    """Types the given lines, then ends the input in the given way."""

    def __init__(self, lines: Iterable[str], end: type[BaseException] = EOFError) -> None:
        self.lines = iter(lines)
        self.end = end
        self.told: list[str] = []
        self.prompts: list[str] = []

    def ask(self, prompt: str) -> str:
        self.prompts.append(prompt)
        for line in self.lines:
            return line
        raise self.end

    def tell(self, text: str) -> None:
        self.told.append(text)

    @property
    def text(self) -> str:
        return "\n".join(self.told)


class Candidate(TypedScreen):
    """Answers every question that is asked by what is said to it, and stops after so many answers."""

    def __init__(self, said: Callable[[str], str], stops_after: int | None = None) -> None:
        super().__init__([])
        self.said = said
        self.left = stops_after

    def ask(self, prompt: str) -> str:
        self.prompts.append(prompt)
        if self.left == 0:
            raise KeyboardInterrupt
        self.left = None if self.left is None else self.left - 1
        return self.said(asked(self.told))


def asked(told: list[str]) -> str:
    """Return the question that was shown last."""
    shown = (line.strip() for line in reversed(told))
    return next(one.id for line in shown for one in BANK.values() if line.startswith(one.text))


@cache
def small_answers() -> Answers:
    return load_answers(ANSWERS)


def by_file(question: str) -> str:
    """Return what somebody types who knows what the file of answers knows, and nothing else."""
    import yaml

    answers = small_answers()
    if question not in answers.given:
        return UNKNOWN_WORDS[0]
    value = answers.given[question]
    if value is None:
        return "n/a"
    if isinstance(value, dict | list):
        return yaml.safe_dump(value, default_flow_style=True, width=10**6).strip()
    return str(value)


def ticking(step: float = 5.0) -> Callable[[], float]:
    ticks = itertools.count()
    return lambda: next(ticks) * step
