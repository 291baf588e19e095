"""True North's half: what reading, building and auditing each framing says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import truenorth
from truenorth.audit import audit_file
from truenorth.errors import Finding

TODAY = date(2026, 5, 11)
"""The day on which the log ends; waivers, of which there are none, would have to hold then."""
_COUNTED = ("error", "warn")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What was said of one framing."""

    name: str
    findings: tuple[Finding, ...]
    refused: str = ""
    """When it is refused whatever the audit says: `when loaded`, `when built`; empty where it is not."""
    gate: str = ""

    @property
    def codes(self) -> tuple[str, ...]:
        """Codes of severity error or warn, in order, each once."""
        return tuple(dict.fromkeys(one.code for one in self.findings if one.severity in _COUNTED))

    def beside(self, clean: Answer) -> tuple[str, ...]:
        """Return the codes that the clean framing does not have."""
        return tuple(code for code in self.codes if code not in clean.codes)

    def naming(self, codes: frozenset[str]) -> list[Finding]:
        """Return the findings of severity error or warn under one of the codes."""
        return [one for one in self.findings if one.code in codes and one.severity in _COUNTED]


def ask(name: str, path: Path) -> Answer:
    """Load, build and audit a framing with its data."""
    refusals = _refusals(path)
    when = "when loaded" if refusals else ""
    try:
        audit = audit_file(path, data=True, today=TODAY)
    except truenorth.DataError as error:
        static = audit_file(path, today=TODAY)
        findings = (*refusals, *error.findings, *static.findings)
        return Answer(name=name, findings=findings, refused=when or "when built", gate="blocked")
    return Answer(name=name, findings=(*refusals, *audit.findings), refused=when, gate=audit.gate)


def _refusals(path: Path) -> tuple[Finding, ...]:
    """Return why a framing cannot be loaded."""
    try:
        truenorth.load(path)
    except truenorth.FramingError as error:
        return tuple(error.findings)
    return ()
