"""The eight things that kill a system in production: present, absent or unknown, each with its evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from truenorth.audit.result import Audit

KILLERS: Mapping[str, tuple[str, ...]] = {
    "label scarcity": ("NEED001", "NEED008", "LABEL005", "LABEL006", "LABEL007"),
    "feature not available at serving": (
        "FEAT001", "FEAT002", "FEAT009", "LEAK001", "LEAK002", "LEAK009", "SERVE005",
    ),
    "latency or load mismatch": ("GOAL007", "SERVE001", "SERVE002", "SERVE008", "MODEL003"),
    "cost of errors underestimated": ("GOAL006", "GOAL009", "POLICY002", "POLICY003"),
    "distribution shift": ("NEED007", "FEAT003", "FEAT007", "MON003", "MON004"),
    "adversaries": ("MON007", "MON009", "PROXY004", "PROXY008"),
    "compliance": (
        "GOAL008", "GOV001", "GOV002", "GOV003", "GOV004", "GOV005", "GOV006", "GOV008", "GOV012", "GOV013",
    ),
    "organisational readiness": ("GOAL005", "MON001", "MON002", "GOV015"),
}  # fmt: skip
"""Each killer, and the rules that look for it."""


@dataclass(frozen=True)
class Killer:
    """One of the eight."""

    name: str
    state: Literal["present", "absent", "unknown"]
    """`absent` only where every rule that looks for it was assessed and is silent."""
    evidence: str
    codes: tuple[str, ...]
    """Rules that found it, or that could not be assessed."""


def killers(audit: Audit) -> tuple[Killer, ...]:
    """Return the eight killers as far as the rules saw them; what was not looked at is unknown."""
    return tuple(_killer(name, codes, audit) for name, codes in KILLERS.items())


def _killer(name: str, codes: tuple[str, ...], audit: Audit) -> Killer:
    answers = [audit.by_code[code] for code in codes if code in audit.by_code]
    found = [one for one in answers if one.findings and one.state in ("fired", "waived")]
    if found:
        first = found[0].findings[0]
        return Killer(name, "present", first.evidence, tuple(one.rule.code for one in found))
    missing = tuple(one.rule.code for one in answers if one.state == "not assessed")
    if missing or not answers:
        return Killer(name, "unknown", f"{len(missing)} of {len(codes)} rules not assessed", missing)
    return Killer(name, "absent", f"{len(answers)} rules looked for it", ())
