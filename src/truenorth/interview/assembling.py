"""From answers to the values of a framing: each answer at the key that its question fills."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from truenorth.framing.policy import FORMS
from truenorth.interview.answers import Answers
from truenorth.interview.bank import BANK
from truenorth.interview.paths import drop_at, is_within, set_at, value_at

_FORMS = tuple(f"policy.{form}" for form in FORMS)
GIVES_WAY: dict[str, tuple[str, ...]] = {"business.errors": _FORMS}
"""Short forms that stand only where none of the keys beside them does; their answers are then notes."""
INSTEAD: dict[str, tuple[str, ...]] = {
    **GIVES_WAY,
    **dict.fromkeys(_FORMS, _FORMS),
    "policy.capacity": tuple(form for form in _FORMS if form != "policy.actions"),
}
"""Keys that need no answer where one of the others stands."""


def is_settled(data: Mapping[str, Any], path: str) -> bool:
    """Return whether a key is filled, or need not be, because another form of the same stands.

    Examples:
        >>> framing = {"policy": {"rank": {"by": "score"}}}
        >>> is_settled(framing, "policy.quantity"), is_settled(framing, "policy.fallback")
        (True, False)
    """
    others = next((others for key, others in INSTEAD.items() if is_within(path, key)), ())
    return any(_stands(data, other) for other in (path, *others))


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
