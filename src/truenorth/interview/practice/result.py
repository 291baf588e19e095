"""Judging a practice: scorecard, red flags and comparison as one frozen value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from truenorth.interview.practice.comparison import Comparison, compare
from truenorth.interview.practice.coverage import perform
from truenorth.interview.practice.flags import Flag, raise_flags
from truenorth.interview.practice.signals import Signal, score_signals
from truenorth.interview.practice.transcript import Transcript
from truenorth.interview.question import Topic
from truenorth.interview.ready import matched_system, ready_framing


@dataclass(frozen=True)
class PracticeResult:
    """What a practice was worth."""

    prompt: str
    """What was asked for."""
    signals: tuple[Signal, ...]
    """The five signals."""
    flags: tuple[Flag, ...]
    """Every red flag with its verdict."""
    comparison: Comparison | None
    """Beside the ready framing; None where there is none like it."""
    seconds: Mapping[Topic, float]
    """Time by section."""

    @property
    def score(self) -> float:
        """Mean of the five signals, 0 to 100."""
        return sum(signal.score for signal in self.signals) / len(self.signals)

    @property
    def raised(self) -> tuple[Flag, ...]:
        """The red flags that are raised."""
        return tuple(flag for flag in self.flags if flag.raised)

    def __repr__(self) -> str:
        signals = ", ".join(f"{signal.name} {signal.score}" for signal in self.signals)
        flags = ", ".join(flag.name for flag in self.raised) or "none"
        return f"{self.prompt or 'practice'}: {self.score:.0f} of 100 ({signals}); red flags: {flags}"

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain JSON values."""
        return {
            "prompt": self.prompt,
            "score": round(self.score, 1),
            "signals": [signal.to_dict() for signal in self.signals],
            "flags": [flag.to_dict() for flag in self.flags],
            "comparison": self.comparison.to_dict() if self.comparison else None,
            "seconds": dict(self.seconds),
        }


def judge(transcript: Transcript, *, system: str | None = None) -> PracticeResult:
    """Judge a practice by what was said, and compare it with the ready framing of its system.

    Args:
        transcript: What was said, in its order.
        system: The ready system to compare with; by default the one that the prompt asks for.

    Raises:
        FramingError: If there is no such system.

    Examples:
        >>> result = judge(Transcript("design the news feed ranking"))
        >>> result.score, result.comparison.system
        (0.0, 'video-feed')
    """
    performance = perform(transcript)
    name = system or matched_system(transcript.prompt)
    return PracticeResult(
        prompt=transcript.prompt,
        signals=score_signals(performance),
        flags=raise_flags(performance),
        comparison=compare(performance, ready_framing(name)) if name else None,
        seconds=transcript.seconds,
    )
