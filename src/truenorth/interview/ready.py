"""Ready framings as answers: examples for an interview, and what a practice is compared with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from string import Template
from typing import Any

from truenorth.framing.document import read_document
from truenorth.interview.answers import Answers
from truenorth.interview.assembling import answers_from
from truenorth.interview.paths import ABSENT, value_at
from truenorth.interview.question import Family
from truenorth.systems import SYSTEMS
from truenorth.systems.system import system_named

PLACEHOLDERS = {"start": "2026-01-01", "end": "2027-01-01", "covers": "2026-01-01..2027-01-01"}
"""Days that stand for those of a simulated world; its other figures read 100."""

FORMS: tuple[tuple[str, Family], ...] = (
    ("policy.rank", "ranking"),
    ("policy.quantity", "amount"),
    ("policy.bid", "amount"),
    ("policy.each", "classes"),
)
"""Forms of a policy that tell a family of systems; the first that stands decides."""

ALSO_CALLED: Mapping[str, str] = {
    "card-fraud": "payment transaction chargeback stripe paypal",
    "video-feed": "news post social recommend recommendation youtube netflix facebook linkedin ranking",
    "churn": "retention cancel outreach leave subscriber",
    "spam": "email phishing inbox junk",
    "intent-routing": "ticket support desk chatbot classify question",
    "arrival-time": "eta ride delivery uber lyft taxi trip",
    "demand": "forecast inventory stock supply sales",
}
"""Further words by which people ask for a system."""

_COMMON = frozenset(
    "a an and or of for to the on in by with which how what it is are be first one who".split()
)


@dataclass(frozen=True)
class Ready:
    """A ready framing, read as answers."""

    system: str
    """Its name."""
    title: str
    """What it is called."""
    data: Mapping[str, Any]
    """Its values as they are written; a world's figures stand as placeholders."""
    answers: Answers
    """What it answers of the bank."""
    family: Family
    """What kind of system it is."""


@cache
def ready_framing(name: str) -> Ready:
    """Return the ready framing of a system.

    Raises:
        FramingError: If there is no such system.
    """
    system = system_named(name)
    text = Template(system.text("world")).safe_substitute(_Figures())
    data = read_document(text, path=f"{name}.yaml").data
    return Ready(name, system.title, data, answers_from(data), family_of(data))


class _Figures(dict[str, str]):
    """The days of `PLACEHOLDERS`, and 100 for every other figure."""

    def __missing__(self, key: str) -> str:
        return PLACEHOLDERS.get(key, "100")


def family_of(data: Mapping[str, Any]) -> Family:
    """Return the family of a framing, by the form of its policy and the kind of its labels.

    Examples:
        >>> family_of({"policy": {"rank": {"by": "score"}}}), family_of({"policy": {"actions": {}}})
        ('ranking', 'flagging')
    """
    for path, family in FORMS:
        if value_at(data, path) is not ABSENT:
            return family
    labels = data.get("labels")
    kinds = {label.get("kind") for label in labels.values()} if isinstance(labels, dict) else set()
    return "classes" if "class" in kinds else "flagging"


def matched_system(prompt: str) -> str | None:
    """Return the ready system that a prompt asks for: by its name, or by the words that they share.

    Examples:
        >>> matched_system("design the news feed ranking"), matched_system("design a wardrobe")
        ('video-feed', None)
    """
    words = _words(prompt)
    shared = {name: len(words & _names(name)) for name in SYSTEMS}
    best = max(shared, key=lambda name: (name in prompt, shared[name]))
    return best if shared[best] or best in prompt else None


def _names(name: str) -> frozenset[str]:
    system = SYSTEMS[name]
    return _words(f"{name} {system.title} {ALSO_CALLED.get(name, '')}")


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z]{3,}", text.lower())) - _COMMON
