"""The gate in words and in its colour, with the reasons that the run itself holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from truenorth.documents.blocks import Tone
from truenorth.documents.figures import is_assessed, sentence
from truenorth.documents.reading import items, mapping, text, values

TONES: dict[str, Tone] = {
    "pass": "good", "pass with waivers": "caution", "blocked": "bad", "not assessed": "unknown",
}  # fmt: skip
MEANINGS = {
    "pass": "Every declared constraint was measured and holds.",
    "pass with waivers": "It passes because people answer for what does not hold.",
    "blocked": "At least one declared constraint does not hold or could not be evaluated.",
    "not assessed": "At least one declared constraint could not be decided on this data.",
}
MOST_REASONS = 8
STATUS_TONES: dict[str, Tone] = {
    "met": "good", "violated": "bad", "error": "bad", "undecided": "caution", "not assessed": "unknown",
}  # fmt: skip


@dataclass(frozen=True)
class GateView:
    """What the top of a document says about the gate."""

    name: str
    tone: Tone
    meaning: str
    reasons: tuple[str, ...]


def gate_view(result: Mapping[str, Any]) -> GateView:
    """Return the gate of a run; a gate that is missing or unknown is `not assessed`, never a pass."""
    name = text(result, "gate") or text(result, "gate", "gate") or text(result, "gate", "verdict")
    reasons = list(_reasons(result))
    if len(reasons) > MOST_REASONS:
        reasons = [*reasons[:MOST_REASONS], f"And {len(reasons) - MOST_REASONS} more, in the sections below."]
    if name not in TONES:
        return GateView("not assessed", "unknown", "The run holds no verdict.", tuple(reasons))
    return GateView(name, TONES[name], MEANINGS[name], tuple(reasons))


def _reasons(result: Mapping[str, Any]) -> Iterator[str]:
    given = [
        str(reason)
        for reason in values(result, "gate_reasons") or values(result, "gate", "reasons")
        if reason
    ]
    if given:
        yield from given
        return
    for outcome in items(result, "evaluate", "constraints"):
        if text(outcome, "status") != "met":
            yield constraint_sentence(outcome)
    for finding in items(result, "findings"):
        if text(finding, "severity") == "error":
            yield f"{text(finding, 'code')} {text(finding, 'where')}: {text(finding, 'evidence')}"
    for waiver in items(result, "framing", "waivers"):
        yield f"{text(waiver, 'rule')} is waived by {text(waiver, 'owner')} until {text(waiver, 'expires')}."


def constraint_sentence(outcome: Mapping[str, Any]) -> str:
    """Return what became of a constraint in one line."""
    figure = mapping(outcome, "figure")
    parts = [text(outcome, "status") or "not assessed", sentence(figure) if is_assessed(figure) else ""]
    parts.append(text(outcome, "note") or text(figure, "note"))
    return f"{text(outcome, 'constraint')}: {', '.join(part.rstrip('.') for part in parts if part)}."
