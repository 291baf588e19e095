"""The five signals by which a design is judged, each scored by the rules that speak of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from truenorth.audit.contract import Answer

if TYPE_CHECKING:
    from truenorth.audit.result import Audit

SIGNALS: Mapping[str, tuple[str, ...]] = {
    "problem framing": ("GOAL", "NEED", "PROXY"),
    "data judgment": ("LABEL", "LEAK", "FEAT", "DATA"),
    "metric selection": ("EVAL", "EXP"),
    "architecture": ("MODEL", "POLICY", "SERVE", "GEN"),
    "operational maturity": ("MON", "GOV"),
}
"""Each signal, and the sections whose rules speak of it."""
WEIGHTS = {"error": 5.0, "warn": 2.0, "info": 0.5}
"""What a rule counts, by severity."""
_BAR = 20


@dataclass(frozen=True)
class Signal:
    """One of the five signals."""

    name: str
    score: float | None
    """0 to 100: the share, by weight, of the rules that were assessed and hold; None where none was."""
    broken: tuple[str, ...]
    """Codes that cost something, the heaviest first."""
    assessed: int
    not_assessed: int


@dataclass(frozen=True)
class Scorecard:
    """The five signals together."""

    signals: tuple[Signal, ...]

    @property
    def score(self) -> float | None:
        """Mean of the signals that have a score, 0 to 100."""
        scores = [one.score for one in self.signals if one.score is not None]
        return sum(scores) / len(scores) if scores else None

    def lines(self) -> Iterator[str]:
        """Yield one line per signal, with a bar."""
        for one in self.signals:
            if one.score is None:
                yield f"{one.name:<21} not assessed"
                continue
            bar = "#" * round(one.score / 100 * _BAR)
            broken = f"  {', '.join(one.broken[:6])}" if one.broken else ""
            yield f"{one.name:<21} {one.score:3.0f} {bar:<{_BAR}}{broken}"

    def to_dict(self) -> dict[str, Any]:
        """Return the scorecard as plain JSON values."""
        return {"score": self.score, "signals": [asdict(one) for one in self.signals]}


def scorecard(audit: Audit) -> Scorecard:
    """Score each signal by the rules that were assessed; a waived rule counts as broken, since it is."""
    return Scorecard(tuple(_signal(name, audit) for name in SIGNALS))


def _signal(name: str, audit: Audit) -> Signal:
    answers = [one for one in audit.answers if one.rule.section in SIGNALS[name]]
    assessed = [one for one in answers if one.state != "not assessed"]
    broken = sorted((one for one in assessed if one.state != "silent"), key=_weight, reverse=True)
    whole = sum(_weight(one) for one in assessed)
    score = 100 * (1 - sum(_weight(one) for one in broken) / whole) if whole else None
    codes = tuple(one.rule.code for one in broken)
    return Signal(name, score, codes, len(assessed), len(answers) - len(assessed))


def _weight(answer: Answer) -> float:
    """Return what a rule counts: by the gravest of its findings, else by its own severity."""
    grave = [WEIGHTS[one.severity] for one in answer.findings]
    return max(grave) if grave else WEIGHTS[answer.rule.severity]
