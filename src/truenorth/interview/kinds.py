"""Kinds of answers: from what was typed to the value that it stands for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from truenorth.framing.document import read_document
from truenorth.framing.scalars import typed
from truenorth.interview.question import KindName


@dataclass(frozen=True)
class Kind:
    """One kind of answer."""

    wanted: str
    """What is expected, for messages."""
    read: Callable[[str], Any]
    """From what was typed to a value; raises `ValueError` where it is none."""


def _text(typed_in: str) -> str:
    return typed_in


def _number(typed_in: str) -> int | float:
    value = typed(typed_in.replace(",", ""))
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(typed_in)
    return value


def _expression(typed_in: str) -> Any:
    """Return a number as a number; anything else is left to the framing's parsers."""
    value = typed(typed_in)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else typed_in


def _list(typed_in: str) -> list[Any]:
    return _yaml(typed_in) if typed_in.startswith("[") else list(_items(typed_in))


def _items(text: str) -> Iterator[Any]:
    """Cut a list at the commas that stand in no bracket and no quotes.

    Examples:
        >>> list(_items("a, coverage(units, 0.95), 'x, y'"))
        ['a', 'coverage(units, 0.95)', 'x, y']
    """
    pieces = re.findall(r"(?:[^,(\['\"{]|\([^)]*\)|\[[^\]]*\]|\{[^}]*\}|'[^']*'|\"[^\"]*\")+", text)
    for piece in pieces:
        item = piece.strip()
        quoted = re.fullmatch(r"(['\"])([^'\"]*)\1", item)
        yield quoted[2] if quoted else item


def _yaml(typed_in: str) -> Any:
    is_block = "\n" in typed_in
    text = "value:\n" + _indented(typed_in) if is_block else f"value: {typed_in}"
    document = read_document(text, path="answer")
    # an expression that a comma has cut is mended by the reader, and is as good as a quoted one
    if "value" not in document.data or any(found.code != "SPEC003" for found in document.problems):
        raise ValueError(typed_in)
    return document.data["value"]


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())


KINDS: dict[KindName, Kind] = {
    "text": Kind("a sentence", _text),
    "number": Kind("a number", _number),
    "choice": Kind("one of the choices", _text),
    "duration": Kind("a duration such as 7d, 36h or 90m", _text),
    "expression": Kind("an expression over columns and labels", _expression),
    "metric": Kind("a metric such as average_precision(fraud)", _text),
    "list": Kind("items with commas between them", _list),
    "yaml": Kind("YAML as in the framing, such as {key: value}", _yaml),
}
"""Every kind of answer."""
