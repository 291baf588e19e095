"""Networks among the candidates: how many rows they would learn from, and whether a run showed their gain."""

from __future__ import annotations

from truenorth.audit.evidence import DataEvidence
from truenorth.audit.measured.figures import behind, ladder, number, rung
from truenorth.audit.subject import Subject

DEEP = ("multitask", "two_tower")
"""Candidates that are networks."""
DEEP_NEEDS = 100_000
"""Training rows below which trees are rarely beaten by a network. A rule of thumb."""
DEEP_EXPECTED = 100_000_000
"""Training rows above which a network is the usual choice, and trees must show why not. A rule of thumb."""


def networks(subject: Subject) -> list[str]:
    """Return the candidates that are networks."""
    return [str(one) for one in subject.framing.models.candidates if one in DEEP]


def training_rows(data: DataEvidence) -> int:
    """Return the rows that learn; all of them where no part is called train."""
    parts = data.profile.get("parts", {})
    counted = [int(part.get("rows") or 0) for name, part in parts.items() if name == "train"]
    return sum(counted) or int(data.profile.get("rows") or data.dataset.n_rows)


def is_shown(subject: Subject, name: str) -> bool:
    """Whether a rung is ahead of every simpler one by more than the standard error of the gap."""
    found = rung(subject.run, name)
    if found is None:
        return False
    rungs = ladder(subject.run)
    below = rungs[: rungs.index(found)]
    gaps = [(behind(one, found), number(one.get("gap_standard_error"))) for one in below]
    return bool(gaps) and all(gap is not None and error is not None and gap > error for gap, error in gaps)
