"""No policy: rows are scored and nothing is decided, least of all at one half."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from truenorth.decision.contract import Batch, Decisions
from truenorth.decision.values import score
from truenorth.errors import Finding
from truenorth.framing.framing import Framing


@dataclass(frozen=True)
class ScorePolicy:
    """Scores rows."""

    framing: Framing = field(repr=False)
    findings: tuple[Finding, ...] = ()
    form: str = "score"

    def decide(self, batch: Batch, *, seed: int = 0) -> Decisions:
        """Return the score of every row."""
        return Decisions(score=score(batch, self.framing))

    def sentence(self) -> str:
        """Return the policy in one sentence."""
        return "Rows are scored; no policy says what to do with them."

    def to_dict(self) -> dict[str, Any]:
        """Return the form."""
        return {"form": self.form, "sentence": self.sentence()}
