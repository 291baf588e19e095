"""Reading the JSON of a run without trusting its shape: what is missing or of another kind is empty.

A report of an old, interrupted or foreign run must still be written, and must say what it does not hold.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any


def mapping(value: Any, *path: str) -> Mapping[str, Any]:
    """Return the map at the end of a path of keys, or an empty one.

    Examples:
        >>> mapping({"train": {"tasks": {"fraud": {}}}}, "train", "tasks")
        {'fraud': {}}
        >>> mapping({"train": None}, "train", "tasks")
        {}
    """
    found = _at(value, path)
    return found if isinstance(found, Mapping) else {}


def items(value: Any, *path: str) -> list[Mapping[str, Any]]:
    """Return the list of maps at the end of a path, without what is no map."""
    return [entry for entry in values(value, *path) if isinstance(entry, Mapping)]


def values(value: Any, *path: str) -> Sequence[Any]:
    """Return the list at the end of a path, or an empty one."""
    found = _at(value, path)
    return found if isinstance(found, list | tuple) else ()


def number(value: Any, *path: str) -> float | None:
    """Return the finite number at the end of a path, or None."""
    found = _at(value, path)
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    return float(found) if math.isfinite(found) else None


def text(value: Any, *path: str) -> str:
    """Return the text at the end of a path, or an empty one; numbers are written out."""
    found = _at(value, path)
    if found is None or isinstance(found, Mapping | list | tuple):
        return ""
    return one_line(str(found))


def day(value: Any, *path: str) -> str:
    """Return the ISO date that a text at the end of a path begins with, or an empty text.

    Examples:
        >>> day("2018-08-25 00:00:41.2+00"), day("soon")
        ('2018-08-25', '')
    """
    written = text(value, *path)[:10]
    try:
        return date.fromisoformat(written).isoformat()
    except ValueError:
        return ""


# Line and paragraph separators end a string of JavaScript; direction marks make text read as what it is not.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def one_line(written: str) -> str:
    r"""Return text without line breaks, control characters and direction marks.

    Examples:
        >>> one_line("a\nb\u2028c")
        'a b c'
    """
    return _UNPRINTABLE.sub(" ", written)


def _at(value: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value
