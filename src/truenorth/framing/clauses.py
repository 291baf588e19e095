"""Cuts the text of a metric reference into its clauses, minding brackets and quotes."""

from __future__ import annotations

import re
from collections.abc import Iterator

_COMPARISON = re.compile(r"<=|>=|<>|!=|==|<|>|=")


class MetricReferenceError(ValueError):
    """The text is no metric reference; the message says what was expected."""


def split_clauses(text: str) -> dict[str, str]:
    """Split `where ... by ... per ...` outside brackets; what stands before them has the key ''."""
    starts = [(start, word) for start, word in words(text) if word in ("where", "by", "per")]
    clauses = {}
    first = starts[0][0] if starts else len(text)
    if text[:first].strip():
        clauses[""] = text[:first].strip()
    order = ("where", "by", "per")
    for index, (start, word) in enumerate(starts):
        end = starts[index + 1][0] if index + 1 < len(starts) else len(text)
        if word in clauses or any(later in clauses for later in order[order.index(word) + 1 :]):
            raise MetricReferenceError(
                f"expected where, by and per once and in this order, got {short(text)}"
            )
        clauses[word] = text[start + len(word) : end]
    return clauses


def brackets(text: str) -> tuple[str | None, str]:
    """Return what stands between the opening bracket and its partner, and the rest."""
    if not text.startswith("("):
        return None, text
    depth = 0
    for position, character in unquoted(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth == 0:
            return text[1:position], text[position + 1 :]
    raise MetricReferenceError(f"expected a closing bracket, got {short(text)}")


def comparisons(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield start, end and sign of each comparison outside quotes and brackets."""
    free = {position for position, _ in outside(text)}
    for match in _COMPARISON.finditer(text):
        if match.start() in free:
            yield match.start(), match.end(), match[0]


def words(text: str) -> Iterator[tuple[int, str]]:
    """Yield the words outside quotes and brackets with their positions."""
    free = {position for position, _ in outside(text)}
    for match in re.finditer(r"[A-Za-z_]\w*", text):
        if match.start() in free:
            yield match.start(), match[0].lower()


def outside(text: str) -> Iterator[tuple[int, str]]:
    """Yield the characters outside quotes and brackets with their positions."""
    depth = 0
    for position, character in unquoted(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth == 0 and character != ")":
            yield position, character


def unquoted(text: str) -> Iterator[tuple[int, str]]:
    """Yield the characters outside quotes with their positions."""
    quote = ""
    for position, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        else:
            yield position, character


def short(text: str) -> str:
    """Return a text as a message shows it."""
    text = " ".join(text.split())
    return repr(text if len(text) <= 60 else text[:57] + "...")
