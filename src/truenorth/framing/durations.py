"""Lengths of time as they are written in a framing: `90m`, `36h`, `7d`, `1w`.

Inside True North time is int64 microseconds, so a duration is a whole number of microseconds.
Calendar months and years are refused because they have no fixed length.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError

from truenorth.framing.scalars import text_schema

SECOND = 1_000_000
UNITS = {
    "us": 1,
    "ms": 1_000,
    "s": SECOND,
    "m": 60 * SECOND,
    "h": 3_600 * SECOND,
    "d": 86_400 * SECOND,
    "w": 7 * 86_400 * SECOND,
}
DAY = UNITS["d"]
WEEK = UNITS["w"]
LONGEST = 100_000 * DAY
"""No duration is longer, so that sums of times fit 64 bits."""
PATTERN = r"^[0-9]+(us|ms|s|m|h|d|w)$"
_WRITTEN = ("d", "h", "m", "s", "ms", "us")
_MONTHS = re.compile(r"^\s*[0-9.]+\s*(mo|mon|month|months|M|y|yr|year|years|q|quarters?)\s*$")


@dataclass(frozen=True, order=True)
class Duration:
    """A length of time in whole microseconds.

    Examples:
        >>> Duration.parse("36h").microseconds
        129600000000
        >>> str(Duration.parse("168h"))
        '7d'
    """

    microseconds: int
    written: str | None = field(default=None, compare=False, repr=False)
    """The text it was read from; names a family's members, so that `168h` gives `_168h`, not `_7d`."""

    @classmethod
    def parse(cls, text: str) -> Duration:
        """Read `7d`, `36h`, `90m`, `10s`, `500ms`, `20us` or `1w`.

        Raises:
            PydanticCustomError: If the text is not a duration; a month or year says why.
        """
        match = re.fullmatch(r"\s*([0-9]{1,18})\s*(us|ms|s|m|h|d|w)\s*", text)
        if match and int(match[1]) * UNITS[match[2]] <= LONGEST:
            return cls(int(match[1]) * UNITS[match[2]], f"{int(match[1])}{match[2]}")
        if _MONTHS.match(text):
            raise PydanticCustomError(
                "calendar_duration",
                "expected a duration of fixed length such as '30d', got '{text}'. "
                "Fix: write days; months and years differ in length",
                {"text": text},
            )
        raise PydanticCustomError(
            "duration",
            "expected a duration such as '7d', got '{text}'. "
            "Fix: write a whole number and a unit, for example 7d, 36h or 90m",
            {"text": text},
        )

    def __str__(self) -> str:
        if not self.microseconds:
            return "0s"
        unit = next(unit for unit in _WRITTEN if self.microseconds % UNITS[unit] == 0)
        return f"{self.microseconds // UNITS[unit]}{unit}"

    def __bool__(self) -> bool:
        return self.microseconds != 0

    @property
    def days(self) -> float:
        """The length in days."""
        return self.microseconds / DAY

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return text_schema(cls, cls.parse, wanted="a duration such as '7d'")

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "pattern": PATTERN, "examples": ["7d", "36h", "90m"]}


ZERO = Duration(0)


def microseconds(duration: Duration | tuple[Duration, ...] | None) -> int | None:
    """Return the length of an expanded field: one duration or none."""
    if isinstance(duration, tuple):
        raise TypeError("families are spelled out before compiling: call expand(framing)")
    return None if duration is None else duration.microseconds
