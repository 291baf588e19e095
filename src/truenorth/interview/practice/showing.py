"""A practice result as text: the scorecard, the red flags, and the comparison."""

from __future__ import annotations

from collections.abc import Iterator

from truenorth.interview.bank import BANK
from truenorth.interview.practice.comparison import Comparison, Decided
from truenorth.interview.practice.flags import Flag
from truenorth.interview.practice.result import PracticeResult
from truenorth.interview.practice.signals import Signal
from truenorth.interview.question import TOPICS

BAR = 20
"""Characters of a full bar."""


def result_text(result: PracticeResult) -> str:
    """Return a practice result as lines of text."""
    lines = [f"Practice: {result.prompt}", f"Score     {result.score:.0f} of 100", ""]
    for signal in result.signals:
        lines += _signal(signal)
    lines += ["", "Red flags", *_flags(result.flags), *_times(result)]
    if result.comparison is None:
        lines += ["", "No ready system is like this prompt, so there is nothing to compare with."]
    else:
        lines += _comparison(result.comparison)
    return "\n".join(lines) + "\n"


def _signal(signal: Signal) -> Iterator[str]:
    bar = "#" * round(signal.score / 100 * BAR)
    yield f"{signal.name:<22}{signal.score:>4}  {bar}"
    for what, points, evidence in signal.earned:
        yield f"    +{points:<3} {what} ({evidence})"
    for what, points in signal.missed:
        yield f"    missed {points:<3} {what}"


def _flags(flags: tuple[Flag, ...]) -> Iterator[str]:
    marks = {True: "RAISED", False: "ok", None: "not assessed"}
    for flag in flags:
        yield f"  {marks[flag.raised]:<13}{flag.title} ({flag.evidence})"


def _times(result: PracticeResult) -> Iterator[str]:
    if result.seconds:
        yield ""
        yield "Time by section"
        for topic, title in TOPICS.items():
            if topic in result.seconds:
                yield f"  {title:<26}{result.seconds[topic] / 60:>6.1f} min"


def _comparison(comparison: Comparison) -> Iterator[str]:
    yield ""
    yield f"Beside the ready framing of {comparison.system}: {len(comparison.both)} questions decided by both"
    yield from _decided("It decides, yours does not", comparison.only_ready)
    yield from _decided("Yours decides, it does not", comparison.only_yours)


def _decided(title: str, decided: Decided) -> Iterator[str]:
    yield f"{title}:" if decided else f"{title}: nothing"
    for name, said in decided:
        yield f"  {BANK[name].path or BANK[name].text}: {said}"
