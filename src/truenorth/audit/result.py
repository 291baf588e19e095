"""What an audit says: one answer per rule, the findings that stand, and the verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from truenorth.audit.contract import Answer
from truenorth.audit.subject import Subject
from truenorth.errors import Finding

Verdict = Literal["pass", "pass with waivers", "blocked"]
_ORDER = {"error": 0, "warn": 1, "info": 2}


@dataclass(frozen=True, eq=False)
class Audit:
    """The answers of every rule that was asked."""

    name: str
    """Name of the framing."""
    answers: tuple[Answer, ...]
    beside: tuple[Finding, ...] = ()
    """What is wrong beside the rules: with the waivers themselves, or with what was audited."""
    subject: Subject = field(kw_only=True, repr=False)

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What stands: findings that no waiver covers, those that block first, then as the file is read."""
        standing = [one for answer in self.answers if answer.state != "waived" for one in answer.findings]
        line = self.subject.document.line if self.subject.document else (lambda path: 0)
        return tuple(
            sorted(
                (*self.beside, *standing),
                key=lambda one: (_ORDER[one.severity], line(one.path), one.code),
            )
        )

    @cached_property
    def waived(self) -> tuple[Answer, ...]:
        """Answers that a waiver covers."""
        return tuple(answer for answer in self.answers if answer.state == "waived")

    @cached_property
    def not_assessed(self) -> tuple[Answer, ...]:
        """Answers that nothing could be said about."""
        return tuple(answer for answer in self.answers if answer.state == "not assessed")

    @property
    def gate(self) -> Verdict:
        """`blocked` by any finding of severity error that stands; it speaks of the rules that were asked."""
        if any(finding.severity == "error" for finding in self.findings):
            return "blocked"
        return "pass with waivers" if self.waived else "pass"

    @cached_property
    def by_code(self) -> Mapping[str, Answer]:
        """The answers by code."""
        return {answer.rule.code: answer for answer in self.answers}

    def counts(self) -> dict[str, int]:
        """Return how many findings of each severity stand, and how many rules were waived or not assessed."""
        found = Counter(finding.severity for finding in self.findings)
        return {
            "error": found["error"], "warn": found["warn"], "info": found["info"],
            "waived": len(self.waived), "not assessed": len(self.not_assessed), "rules": len(self.answers),
        }  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON values."""
        from truenorth.audit.summary import summary

        return {
            "name": self.name,
            "gate": self.gate,
            "counts": self.counts(),
            "findings": [finding.to_dict() for finding in self.findings],
            "answers": [answer.to_dict() for answer in self.answers],
            "summary": summary(self).to_dict(),
        }

    def __repr__(self) -> str:
        counts = self.counts()
        said = [f"{counts[key]} {key}" for key in ("error", "warn", "info", "waived", "not assessed")]
        return f"{self.name}: {self.gate} ({', '.join(said)} of {counts['rules']} rules)"
