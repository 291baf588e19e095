"""From answers to the values of a framing: each answer at the key that its question fills."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from truenorth.framing.policy import FORMS
from truenorth.interview.answers import Answers
from truenorth.interview.bank import BANK
from truenorth.interview.paths import drop_at, set_at, value_at

GIVES_WAY: dict[str, tuple[str, ...]] = {"business.errors": tuple(f"policy.{form}" for form in FORMS)}
"""Short forms that stand only where none of the keys beside them does; their answers are then notes."""


def assemble(answers: Answers) -> dict[str, Any]:
    """Return what the answers fill of a framing, whether or not it is whole.

    Examples:
        >>> assemble(Answers(given={"kpi_unit": "EUR", "worth": "a lot"}))
        {'framing': 1, 'business': {'kpi': {'unit': 'EUR'}}}
    """
    data: dict[str, Any] = {"framing": 1}
    for question in BANK.values():
        if question.path and answers.given.get(question.id) is not None:
            set_at(data, question.path, answers.given[question.id])
    for short, longs in GIVES_WAY.items():
        if any(_stands(data, path) for path in longs):
            drop_at(data, short)
    return data


def answers_from(data: Mapping[str, Any]) -> Answers:
    """Return the answers that a framing gives, by the keys that its questions fill.

    Examples:
        >>> answers_from({"framing": 1, "name": "spam", "business": {"owner": "inbox team"}}).given
        {'name': 'spam', 'owner': 'inbox team'}
    """
    filled = {question.id: value_at(data, question.path) for question in BANK.values() if question.path}
    return Answers(given={name: value for name, value in filled.items() if is_said(value)})


def is_said(value: Any) -> bool:
    """Return whether a value says something; an empty list does (there are none), an empty text does not."""
    return isinstance(value, bool | int | float | list | tuple | dict) or (
        isinstance(value, str) and bool(value)
    )


def _stands(data: Mapping[str, Any], path: str) -> bool:
    return is_said(value_at(data, path))
