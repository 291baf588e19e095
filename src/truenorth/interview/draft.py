"""The draft: the framing as far as the answers go, with what is open and what stands in its way."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from truenorth.errors import Finding
from truenorth.framing.document import dotted
from truenorth.interview.answers import Answers
from truenorth.interview.assembling import assemble
from truenorth.interview.bank import BANK, BY_PATH
from truenorth.interview.check import gaps, mistakes, wrong_kinds
from truenorth.interview.paths import ABSENT, drop_at, is_within, value_at
from truenorth.interview.question import Question

NEEDED = ("", "business", "objective")
"""Sections that no framing can be without, the root among them."""


@dataclass(frozen=True)
class Note:
    """What stands as a comment beside a key of the framing."""

    place: str
    """The key."""
    text: str
    """The comment."""
    is_open: bool = False
    """Whether it is a question that nobody could answer."""


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A framing as far as the answers go."""

    data: dict[str, Any]
    """The values, in the keys of the language."""
    notes: tuple[Note, ...] = ()
    """Answers that no key holds, and open questions, each beside its place."""
    missing: tuple[Finding, ...] = ()
    """Answers without which there is no framing."""
    mistakes: tuple[Finding, ...] = ()
    """What the framing's parsers refuse."""
    incomplete: tuple[Finding, ...] = ()
    """Sections that were left out, because a part of them is open; what was said stands as a note."""

    @property
    def is_valid(self) -> bool:
        """Whether the framing loads."""
        return not (self.missing or self.mistakes)

    @property
    def open_questions(self) -> tuple[str, ...]:
        """What nobody could answer."""
        return tuple(self.data.get("open_questions", ()))

    def to_dict(self) -> dict[str, Any]:
        """Return what was reached as plain JSON values."""
        return {
            "valid": self.is_valid,
            "open_questions": list(self.open_questions),
            "missing": [found.to_dict() for found in self.missing],
            "mistakes": [found.to_dict() for found in self.mistakes],
            "incomplete": [found.to_dict() for found in self.incomplete],
        }


def make_draft(answers: Answers, *, base: Mapping[str, Any] | None = None) -> Draft:
    """Return the framing that the answers make; what nobody knows is open, never a default.

    Args:
        answers: What was answered.
        base: Values of a framing that hold the answers and more; by default the answers alone.

    Examples:
        >>> draft = make_draft(Answers(given={"goal": "Sell more"}, unknown=("owner",)))
        >>> draft.is_valid, draft.open_questions
        (False, ('Who answers for the result? (business.owner)',))
    """
    data = assemble(answers) if base is None else copy.deepcopy(dict(base))
    incomplete = tuple(_leave_out_incomplete(data))
    asked = [_entry(BANK[name]) for name in BANK if name in answers.unknown]
    if asked:
        data["open_questions"] = [*data.get("open_questions", ()), *asked]
    return Draft(
        data=data,
        notes=tuple(_notes(answers, data)),
        missing=tuple(_missing(found) for found in gaps(data)),
        mistakes=(*wrong_kinds(answers), *mistakes(data).values()),
        incomplete=incomplete,
    )


def _leave_out_incomplete(data: dict[str, Any]) -> Iterator[Finding]:
    """Take out sections that lack a part which a question asks for, unless the framing cannot be without."""
    for found in gaps(data):
        question = BY_PATH.get(dotted(found.path))
        parent = dotted(found.path[:-1])
        if question is None or parent in NEEDED:
            continue
        if value_at(data, parent) is ABSENT:
            continue
        drop_at(data, parent)
        evidence = f"expected an answer to {question.id!r} beside the others of {parent}, got none."
        fix = f"answer it, and {parent} is written; until then what was said stands as a comment."
        yield Finding(code="INTERVIEW004", severity="warn", where=parent, evidence=evidence, fix=fix)


def _notes(answers: Answers, data: dict[str, Any]) -> Iterator[Note]:
    for question in BANK.values():
        if question.id in answers.unknown:
            yield Note(question.place, question.text, is_open=True)
        elif question.id in answers.given and not _is_written(question, data):
            value = answers.given[question.id]
            yield Note(question.place, f"{question.id}: {'does not apply' if value is None else value}")


def _is_written(question: Question, data: dict[str, Any]) -> bool:
    return bool(question.path) and value_at(data, question.path) is not ABSENT


def _entry(question: Question) -> str:
    return f"{question.text} ({question.path or question.place})"


def _missing(found: Finding) -> Finding:
    """Return a missing key as the question that was not answered."""
    path = dotted(found.path)
    asked = [question.id for question in BANK.values() if question.path and is_within(question.path, path)]
    if not asked:
        return found
    evidence = f"expected an answer to {asked[0]!r}, got none; without it there is no framing."
    fix = f"answer it: {BANK[asked[0]].text}"
    return replace(found, code="INTERVIEW005", where=path, evidence=evidence, fix=fix)
