"""How a value that is written as text enters and leaves a pydantic model, and how YAML scalars are typed."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from pydantic_core import CoreSchema, PydanticCustomError, PydanticSerializationUnexpectedValue, core_schema

_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_WHOLE = r"(0|[1-9][0-9]*)"
_FLOAT = re.compile(rf"[-+]?(({_WHOLE}\.[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?|{_WHOLE}[eE][-+]?[0-9]+)")


def typed(text: str) -> str | int | float | bool | None:
    """Return what a plain YAML scalar means: only true, false, null, whole numbers and floats have a type.

    Examples:
        >>> [typed(text) for text in ("7", "0.5", "1e3", "true", "no", "010", "22:30", "2005-10-01")]
        [7, 0.5, 1000.0, True, 'no', '010', '22:30', '2005-10-01']
    """
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        number = float(text)
        return number if math.isfinite(number) else text
    return text


def text_schema(cls: type, parse: Callable[[str], Any], *, wanted: str) -> CoreSchema:
    """Return the schema of a class that is read by `parse` and written by `str`.

    Args:
        cls: The class.
        parse: Reads the written text; raises `PydanticCustomError`.
        wanted: What is expected, for the message about a value that is no text.
    """

    def read(value: Any) -> Any:
        if isinstance(value, cls):
            return value
        if isinstance(value, str):
            return parse(value)
        raise PydanticCustomError(
            cls.__name__.lower(), "expected {wanted}, got {got}", {"wanted": wanted, "got": shown(value)}
        )

    def write(value: Any) -> str:
        if not isinstance(value, cls):
            raise PydanticSerializationUnexpectedValue(f"expected {cls.__name__}")
        return str(value)

    return core_schema.no_info_plain_validator_function(
        read, serialization=core_schema.plain_serializer_function_ser_schema(write)
    )


def shown(value: Any) -> str:
    """Return a value as an error message shows it, at most 80 characters of it."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a map with " + _listed([str(key) for key in value]) if value else "an empty map"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    text = repr(value)
    return text if len(text) <= 80 else text[:76] + "...'"


def _listed(keys: list[str]) -> str:
    return ", ".join(keys[:4]) + (", ..." if len(keys) > 4 else "")
