"""Beside a ready framing: what it decides that yours does not, and the other way round."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from truenorth.interview.bank import BANK
from truenorth.interview.practice.coverage import Performance
from truenorth.interview.ready import Ready

Decided = tuple[tuple[str, str], ...]
"""Questions of the bank, each with what was decided."""


@dataclass(frozen=True)
class Comparison:
    """Two framings of one system, question by question."""

    system: str
    """The ready system."""
    only_ready: Decided
    """What the ready framing decides and yours does not."""
    only_yours: Decided
    """What yours decides and the ready framing does not."""
    both: tuple[str, ...]
    """Questions that both decide."""

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison as plain JSON values."""
        return {
            "system": self.system,
            "only_ready": [{"question": name, "decided": said} for name, said in self.only_ready],
            "only_yours": [{"question": name, "decided": said} for name, said in self.only_yours],
            "both": list(self.both),
        }


def compare(performance: Performance, ready: Ready) -> Comparison:
    """Return what each of the two decides alone, in framing order; a name is no decision."""
    theirs = {name: _short(value) for name, value in ready.answers.given.items() if name != "name"}
    yours = {name: found for name, found in performance.covered.items() if name != "name"}
    return Comparison(
        system=ready.system,
        only_ready=tuple((name, theirs[name]) for name in BANK if name in theirs and name not in yours),
        only_yours=tuple((name, yours[name]) for name in BANK if name in yours and name not in theirs),
        both=tuple(name for name in BANK if name in yours and name in theirs),
    )


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(map(str, value))
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "none"
    return str(value)
