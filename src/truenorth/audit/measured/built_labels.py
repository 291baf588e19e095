"""Trained labels as the build left them: their columns, and what the build found about them."""

from __future__ import annotations

from collections.abc import Iterator

from truenorth.audit.contract import Hit
from truenorth.audit.subject import Subject
from truenorth.errors import Severity


def trained_columns(subject: Subject) -> Iterator[tuple[str, str]]:
    """Yield each trained label with each of its columns that is in the table; tags have several."""
    assert subject.data is not None
    for name in subject.trained:
        for column in subject.data.dataset.families.get(name, ()):
            if column in subject.data.dataset.labels:
                yield name, column


def found_by_build(subject: Subject, code: str, severity: Severity) -> Iterator[Hit]:
    """Yield what the build found under a code, as hits of the rule of that code."""
    assert subject.data is not None
    for one in subject.data.found:
        if one.code == code:
            yield Hit(
                path=one.path, evidence=one.evidence, fix=one.fix, numbers=one.numbers, severity=severity
            )
