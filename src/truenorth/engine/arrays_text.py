"""Functions of texts and lists over arrays, each computed once per distinct value."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truenorth.engine.arrays_operands import (
    Array,
    boolean,
    is_constant,
    level_array,
    levels_of,
    mismatch,
    null_of,
    number,
    number_results,
    per_distinct,
    table,
    text_results,
)
from truenorth.engine.vectors import Vector

_CHUNK = 4_000_000
"""Cells of one table of edit distances."""


def as_text(operand: Vector) -> Vector:
    """Return an operand as text: whole numbers without a decimal point, truths as true and false."""
    if operand.role == "text":
        return operand
    if operand.role == "list":
        raise mismatch("a text", operand)
    return text_results(
        *per_distinct(lambda values: [_written(operand.role, one) for one in values], operand)
    )


def _written(role: str, value: Any) -> str:
    if role == "boolean":
        return "true" if value else "false"
    return str(int(value)) if float(value).is_integer() and abs(value) < 2**63 else repr(float(value))


def _mapped(change: Callable[..., str]) -> Callable[..., Vector]:
    """Return the operation that changes texts one by one."""

    def apply(text: Vector, *others: Vector) -> Vector:
        return text_results(
            *per_distinct(
                lambda *columns: [change(*row) for row in zip(*columns, strict=True)], _text(text), *others
            )
        )

    return apply


def _tested(test: Callable[[str, str], bool]) -> Callable[[Vector, Vector], Vector]:
    """Return the operation that tests two texts."""

    def apply(left: Vector, right: Vector) -> Vector:
        found = per_distinct(
            lambda one, other: [float(test(*pair)) for pair in zip(one, other, strict=True)],
            _text(left), _text(right),
        )  # fmt: skip
        return boolean(number_results(*found))

    return apply


def _text(operand: Vector) -> Vector:
    if operand.role != "text" and not (is_constant(operand) and null_of(operand)):
        raise mismatch("a text", operand)
    return operand


def _by_letter(change: Callable[[str], str], exceptions: Mapping[str, str]) -> Callable[[str], str]:
    """Change letters one by one and keep those that would become several, as the engine does."""

    def letter(one: str) -> str:
        changed = exceptions.get(one) or change(one)
        return changed if len(changed) == 1 else one

    def apply(text: str) -> str:
        return change(text) if text.isascii() else "".join(map(letter, text))

    return apply


def _trim(text: str) -> str:
    start, end = 0, len(text)
    while start < end and unicodedata.category(text[start]) == "Zs":
        start += 1
    while end > start and unicodedata.category(text[end - 1]) == "Zs":
        end -= 1
    return text[start:end]


def _substring(text: str, start: float, length: float) -> str:
    """Return `length` characters from `start`; from the end below 0, backwards for n below 0."""
    first, n = int(start), int(length)
    if first > 0:
        begin = min(len(text), first - 1)
    elif first < 0:
        begin = max(len(text) + first, 0)
    else:  # position 0 stands before the first character
        begin, n = 0, max(n - 1, 0)
    return text[begin : begin + n] if n >= 0 else text[max(begin + n, 0) : begin]


lower = _mapped(_by_letter(str.lower, {"İ": "i"}))
upper = _mapped(_by_letter(str.upper, {"ß": "ẞ"}))
trim = _mapped(_trim)
substring = _mapped(_substring)
starts_with = _tested(str.startswith)
contains_text = _tested(lambda text, part: part in text)


def length(text: Vector) -> Vector:
    """Return the number of characters."""
    return number(number_results(*per_distinct(lambda texts: [len(one) for one in texts], _text(text))))


def like(text: Vector, pattern: str) -> Vector:
    """Return whether texts match a pattern of `%` (any characters) and `_` (one character)."""
    signs = {"%": ".*", "_": "."}
    matches = re.compile("".join(signs.get(one) or re.escape(one) for one in pattern), re.DOTALL).fullmatch
    return boolean(table(_text(text), lambda texts: [float(matches(one) is not None) for one in texts]))


def levenshtein(left: Vector, right: Vector) -> Vector:
    """Return the edit distance of UTF-8 texts, which is what DuckDB counts."""
    return number(number_results(*per_distinct(edit_distances, _text(left), _text(right))))


def edit_distances(left: Sequence[str], right: Sequence[str]) -> Array:
    """Return the number of single-byte edits of pairs of texts, all pairs at once.

    References:
        Wagner and Fischer (1974). The String-to-String Correction Problem. JACM 21.
    """
    one, other = [text.encode() for text in left], [text.encode() for text in right]
    longest = np.asarray([max(len(a), len(b)) for a, b in zip(one, other, strict=True)], dtype=np.int64)
    distances = np.zeros(len(one))
    order = np.argsort(longest, kind="stable")
    while len(order):
        # from the longest down, so that pairs of like length share a table of bounded size
        n_pairs = max(_CHUNK // (int(longest[order[-1]]) + 1), 1)
        order, rows = order[:-n_pairs], order[-n_pairs:]
        distances[rows] = _distances([one[i] for i in rows], [other[i] for i in rows])
    return distances


def _distances(left: list[bytes], right: list[bytes]) -> Array:
    one, n_one = _letters(left)
    other, n_other = _letters(right)
    places = np.arange(other.shape[1] + 1, dtype=np.int32)
    row = np.repeat(places[None, :], len(left), axis=0)
    found = np.where(n_one == 0, n_other, 0)
    for i in range(1, one.shape[1] + 1):
        changed = row[:, :-1] + (other != one[:, i - 1 : i])
        row = row + 1
        np.minimum(row[:, 1:], changed, out=row[:, 1:])
        # inserting letters: row[j] = min over k <= j of row[k] + (j - k)
        row = np.minimum.accumulate(row - places, axis=1) + places
        done = np.flatnonzero(n_one == i)
        found[done] = row[done, n_other[done]]
    return found


def _letters(texts: list[bytes]) -> tuple[Array, Array]:
    lengths = np.asarray([len(text) for text in texts], dtype=np.int64)
    width = int(lengths.max(initial=0))
    padded = b"".join(text.ljust(width, b"\0") for text in texts)
    return np.frombuffer(padded, dtype=np.uint8).reshape(len(texts), width), lengths


def ordered(operands: Sequence[Array], levels: Array) -> tuple[list[Array], Array]:
    """Return codes into sorted levels, so that comparing codes compares texts."""
    order = np.asarray(sorted(range(len(levels)), key=levels.__getitem__), dtype=np.int64)
    rank = np.empty(len(levels) + 1, dtype=np.int32)
    rank[order] = np.arange(len(levels), dtype=np.int32)
    rank[-1] = -1
    return [np.asarray(rank[codes]) for codes in operands], levels[order]


def size(items: Vector) -> Vector:
    """Return the number of items of lists."""
    return number(_per_row(lambda one: len(one), items))


def has_item(items: Vector, item: Vector) -> Vector:
    """Return whether lists hold an item."""
    return boolean(_per_row(lambda one, wanted: float(wanted in one), items, item))


def overlap(left: Vector, right: Vector) -> Vector:
    """Return the number of distinct items that lists share."""
    return number(_per_row(lambda one, other: len(_items(one) & _items(other)), left, right))


def jaccard(left: Vector, right: Vector) -> Vector:
    """Return shared over all distinct items; NaN where both lists are empty."""

    def similarity(one: list[Any], other: list[Any]) -> float:
        either = _items(one) | _items(other)
        return len(_items(one) & _items(other)) / len(either) if either else np.nan

    return number(_per_row(similarity, left, right))


def _items(one: list[Any]) -> set[Any]:
    return set(one) - {None}


def _per_row(function: Callable[..., float], *operands: Vector) -> NDArray[np.float64]:
    """Return a number per row of lists; NaN where an argument is NULL."""
    if operands[0].role != "list" and not null_of(operands[0]).all():
        raise mismatch("a list", operands[0])
    missing = np.asarray(reduce(np.logical_or, [null_of(operand) for operand in operands]))
    if missing.ndim == 0:
        return np.array(np.nan if missing else function(*[_values(one, 1)[0] for one in operands]))
    columns = [_values(operand, missing.size) for operand in operands]
    results = np.full(missing.size, np.nan)
    for i in np.flatnonzero(~missing):
        results[i] = function(*(column[i] for column in columns))
    return results


def _values(operand: Vector, n_rows: int) -> Array:
    """Return the values as Python objects, those of a constant repeated."""
    if operand.role != "text" and not is_constant(operand):
        return operand.values
    texts = level_array(levels_of(operand)) if operand.role == "text" else None
    codes = np.broadcast_to(operand.values, n_rows) if is_constant(operand) else operand.values
    return codes if texts is None else texts[codes]
