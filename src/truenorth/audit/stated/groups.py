"""Where like cases must be treated alike, and which expressions that decide read a protected attribute."""

from __future__ import annotations

from collections.abc import Iterator

from truenorth.audit.stated.decided import Path, decided_by
from truenorth.audit.stated.lexicon import PROTECTED, domains_in
from truenorth.audit.subject import Subject
from truenorth.framing.expressions import Expression

STRICT_DOMAINS = ("lending", "hiring", "housing")
"""Domains in which like cases must be treated alike, case by case."""
STRICT_LAWS = ("ecoa", "fha")
"""Laws that forbid treating groups apart: Equal Credit Opportunity Act, Fair Housing Act."""


def alike_because(subject: Subject) -> str | None:
    """Return the law or the words by which like cases must be treated alike."""
    laws = [law for law in subject.framing.business.regulation if law in STRICT_LAWS]
    if laws:
        return f"regulation {', '.join(laws)}"
    found = domains_in(subject.words)
    named = [f"{domain}: {', '.join(found[domain])}" for domain in STRICT_DOMAINS if domain in found]
    return named[0] if named else None


def decided_by_group(subject: Subject) -> Iterator[tuple[Path, list[str]]]:
    """Yield each expression that decides and reads a protected attribute, itself or through a feature."""
    framing = subject.framing
    places = [*decided_by(framing)]
    if isinstance(framing.models.rule, Expression):
        places.append((("models", "rule"), framing.models.rule))
    for path, expression in places:
        read = sorted(name for name in expression.columns if _is_protected(subject, name))
        if read:
            yield path, read


def _is_protected(subject: Subject, name: str) -> bool:
    feature = subject.framing.features.get(name)
    columns = {name, feature.column} if feature is not None and feature.column else {name}
    if columns & {*subject.framing.governance.protected}:
        return True
    return any(column.lower().replace("_", " ") in PROTECTED for column in columns)
