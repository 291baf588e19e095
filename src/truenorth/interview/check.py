"""Judging one answer at once: by its kind, then by the framing's own parsers beside what was said before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from truenorth.errors import Finding, FramingError, suggest
from truenorth.framing.document import dotted
from truenorth.framing.load import load_text_with_findings
from truenorth.interview.answers import Answers, PlainDumper
from truenorth.interview.assembling import assemble
from truenorth.interview.bank import BANK, BY_PATH
from truenorth.interview.kinds import KINDS
from truenorth.interview.paths import is_within
from truenorth.interview.question import Question

Key = tuple[str, tuple[str | int, ...], str]


@dataclass(frozen=True)
class Checked:
    """What the framing's parsers say to one answer."""

    wrong: tuple[Finding, ...] = ()
    """What is wrong with the answer itself; it is not taken."""
    elsewhere: tuple[Finding, ...] = ()
    """Earlier answers that no longer fit beside it."""


def read_answer(question: Question, typed_in: str) -> Any:
    """Return the value of an answer as it was typed.

    Raises:
        FramingError: If it is not of the question's kind.

    Examples:
        >>> read_answer(BANK["further_metrics"], "brier(fraud), coverage(units, 0.95)")
        ['brier(fraud)', 'coverage(units, 0.95)']
        >>> read_answer(BANK["peak_per_second"], "1,200")
        1200
    """
    try:
        value = KINDS[question.kind].read(typed_in.strip())
    except ValueError:
        raise FramingError(_wrong_kind(question, typed_in)) from None
    if question.choices and str(value).lower() not in question.choices:
        raise FramingError(_wrong_kind(question, value))
    return str(value).lower() == "true" if question.choices == ("true", "false") else value


def check(question: Question, value: Any, answers: Answers) -> Checked:
    """Return what an answer gets wrong, itself and beside what was said before.

    Examples:
        >>> found = check(BANK["kpi_timeframe"], "90 dayz", Answers()).wrong[0]
        >>> found.code, found.evidence
        ('SPEC012', "expected a duration such as '7d', got '90 dayz'.")
    """
    if not is_of_kind(question, value):
        return Checked(wrong=(_wrong_kind(question, value),))
    if not question.path:
        return Checked()
    before = mistakes(assemble(answers))
    after = mistakes(assemble(answers.with_answer(question.id, value)))
    new = [found for key, found in after.items() if key not in before]
    own = [found for found in new if _touches(found.path, tuple(question.path.split(".")))]
    return Checked(tuple(own), tuple(found for found in new if found not in own))


def wrong_kinds(answers: Answers) -> Iterator[Finding]:
    """Yield the answers of a file that are not of their question's kind."""
    for name, value in answers.given.items():
        if value is not None and not is_of_kind(BANK[name], value):
            yield _wrong_kind(BANK[name], value)


def mistakes(data: Mapping[str, Any]) -> dict[Key, Finding]:
    """Return every mistake of a framing's values but for what is still to be asked."""
    return {key: found for key, found in _errors(data).items() if not _is_gap(found)}


def gaps(data: Mapping[str, Any]) -> tuple[Finding, ...]:
    """Return the keys that a framing's values lack and that a question asks for."""
    return tuple(found for found in _errors(data).values() if _is_gap(found))


def _errors(data: Mapping[str, Any]) -> dict[Key, Finding]:
    text = yaml.dump(dict(data), Dumper=PlainDumper, sort_keys=False, allow_unicode=True)
    try:
        load_text_with_findings(text)
    except FramingError as error:
        return {(found.code, found.path, found.evidence): _unplaced(found) for found in error.findings}
    return {}


def _unplaced(found: Finding) -> Finding:
    """Return a finding that names the key alone: what was typed has no file and no line yet."""
    return Finding(
        code=found.code, where=dotted(found.path), evidence=found.evidence, fix=found.fix, path=found.path
    )


def _is_gap(found: Finding) -> bool:
    return found.code == "SPEC006" and any(is_within(path, dotted(found.path)) for path in BY_PATH)


def _touches(path: tuple[str | int, ...], wanted: tuple[str, ...]) -> bool:
    shared = min(len(path), len(wanted))
    return shared > 0 and path[:shared] == wanted[:shared]


_TYPES: Mapping[str, tuple[type, ...]] = {
    "text": (str, int, float, dict),  # a fallback is a word or a map, a share may be a number
    "number": (int, float),
    "choice": (str, bool),
    "duration": (str,),
    "expression": (str, int, float, dict),  # a rule may be a file of keywords
    "metric": (str,),
    "list": (list, tuple),
    "yaml": (dict, list),
}
"""Types of the values of each kind, before the framing's parsers see them."""


def is_of_kind(question: Question, value: Any) -> bool:
    """Return whether a value can be an answer at all."""
    if isinstance(value, str) and not value.strip():
        return False
    return isinstance(value, _TYPES[question.kind])


def _wrong_kind(question: Question, value: Any) -> Finding:
    wanted = f"one of {', '.join(question.choices)}" if question.choices else KINDS[question.kind].wanted
    example = f"write for example {question.example}."
    fix = suggest(str(value), question.choices, otherwise=example) if question.choices else example
    where = question.path or question.id
    return Finding(code="INTERVIEW003", where=where, evidence=f"expected {wanted}, got {value!r}.", fix=fix)
