"""Answers: what was said, what nobody knows, and how long each took; a frozen value with a file format.

A file is a map `answers: {question: answer}`; `-` or `dunno` is a question that nobody can answer, `n/a` one
that does not apply. `seconds: {question: 12.5}`, `system`, `minutes` and `steps` may stand beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from truenorth.documents.files import write_whole
from truenorth.errors import Finding, FramingError, suggest
from truenorth.framing.document import Document, read_document
from truenorth.framing.scalars import typed
from truenorth.interview.bank import BANK

UNKNOWN_WORDS = ("-", "dunno")
"""What is typed for: nobody knows."""
NOT_APPLICABLE = "n/a"
"""What is typed for: this does not apply here."""


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What was answered so far."""

    given: Mapping[str, Any] = field(default_factory=dict)
    """Answers by question; None where the question does not apply."""
    unknown: tuple[str, ...] = ()
    """Questions that nobody could answer: they stay open."""
    seconds: Mapping[str, float] = field(default_factory=dict)
    """Time that each question took."""
    about: Mapping[str, Any] = field(default_factory=dict)
    """System, minutes and steps of the interview, where a file says so."""

    def __contains__(self, question: str) -> bool:
        return question in self.given or question in self.unknown

    def with_answer(self, question: str, value: Any, *, seconds: float = 0.0) -> Answers:
        """Return these answers and one more; None says that the question does not apply."""
        unknown = tuple(other for other in self.unknown if other != question)
        given = {**self.given, question: value}
        return replace(self, given=given, unknown=unknown, seconds=self._taken(question, seconds))

    def with_unknown(self, question: str, *, seconds: float = 0.0) -> Answers:
        """Return these answers and one more question that nobody can answer."""
        given = {other: value for other, value in self.given.items() if other != question}
        unknown = (*(other for other in self.unknown if other != question), question)
        return replace(self, given=given, unknown=unknown, seconds=self._taken(question, seconds))

    def _taken(self, question: str, seconds: float) -> dict[str, float]:
        return {**self.seconds, question: round(self.seconds.get(question, 0.0) + seconds, 1)}

    def to_dict(self) -> dict[str, Any]:
        """Return the answers as plain values, in framing order, as the file holds them."""
        said = {question: self._written(question) for question in BANK if question in self}
        return {**self.about, "answers": said, "seconds": dict(self.seconds)}

    def _written(self, question: str) -> Any:
        if question in self.unknown:
            return UNKNOWN_WORDS[0]
        value = self.given[question]
        return NOT_APPLICABLE if value is None else value


def load_answers(path: Path) -> Answers:
    """Read a file of answers.

    Raises:
        FramingError: If it cannot be read, or names a question that is not in the bank.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise FramingError(_unreadable(str(path), f"expected a file of answers, got: {reason}.")) from None
    document = read_document(text, path=str(path))
    if document.problems:
        raise FramingError(document.problems)
    return _answers(document)


def dump_answers(answers: Answers, path: Path) -> Path:
    """Write a file of answers, whole or not at all."""
    text = yaml.dump(answers.to_dict(), Dumper=PlainDumper, sort_keys=False, allow_unicode=True, width=110)
    return write_whole(path, text)


class PlainDumper(yaml.SafeDumper):
    """Writes what the framing's reader reads back: texts that it would type are quoted."""

    def ignore_aliases(self, data: Any) -> bool:
        """Spell everything out."""
        return True


def _quoted(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = None if isinstance(typed(text), str) else "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


PlainDumper.add_representer(str, _quoted)


def _answers(document: Document) -> Answers:
    nested = "answers" in document.data
    said = document.data["answers"] if nested else document.data
    if not isinstance(said, dict):
        evidence = f"expected a map from question to answer, got {type(said).__name__}."
        raise FramingError(_unreadable(document.where(("answers",)), evidence))
    unknown_ids = [name for name in said if name not in BANK]
    if unknown_ids:
        at = ("answers",) if nested else ()
        raise FramingError(_no_question(name, document.where((*at, name))) for name in unknown_ids)
    seconds = document.data.get("seconds") if nested else None
    about: dict[str, Any] = {
        key: document.data[key] for key in ("system", "minutes", "steps") if nested and key in document.data
    }
    return Answers(
        given={name: _value(value) for name, value in said.items() if not _is_unknown(value)},
        unknown=tuple(name for name, value in said.items() if _is_unknown(value)),
        seconds=_seconds(seconds),
        about=about,
    )


def _seconds(written: Any) -> dict[str, float]:
    taken = written if isinstance(written, dict) else {}
    return {name: float(value) for name, value in taken.items() if isinstance(value, int | float)}


def _is_unknown(value: Any) -> bool:
    return value is None or (isinstance(value, str) and value.strip().lower() in UNKNOWN_WORDS)


def _value(value: Any) -> Any:
    is_word = isinstance(value, str) and value.strip().lower() == NOT_APPLICABLE
    return None if is_word else value


def _no_question(name: str, where: str) -> Finding:
    fix = suggest(name, tuple(BANK), otherwise="take the names from truenorth interview --list.")
    return Finding(code="INTERVIEW001", where=where, evidence=f"expected a question, got {name!r}.", fix=fix)


def _unreadable(where: str, evidence: str) -> Finding:
    fix = "write answers: {goal: ..., label: ...}, one line per question."
    return Finding(code="INTERVIEW002", where=where, evidence=evidence, fix=fix)
