"""Moments and periods: `2026-01-31`, `2026-01-31T08:30:00+01:00`, `2026-01-01..2026-04-01`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError

from truenorth.framing.scalars import text_schema

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, order=True)
class Moment:
    """A point in time, whole microseconds since 1970-01-01 UTC; a text without zone is UTC.

    Examples:
        >>> Moment.parse("1970-01-02").microseconds
        86400000000
        >>> str(Moment.parse("2026-01-31T08:30:00+01:00"))
        '2026-01-31T07:30:00Z'
    """

    microseconds: int

    @classmethod
    def parse(cls, text: str) -> Moment:
        """Read an ISO 8601 date or time."""
        try:
            moment = datetime.fromisoformat(text.strip())
        except ValueError:
            raise PydanticCustomError(
                "moment",
                "expected a date or time such as '2026-01-31', got '{text}'. Fix: write it as ISO 8601",
                {"text": text},
            ) from None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return cls((moment - _EPOCH) // _MICROSECOND)

    def __str__(self) -> str:
        moment = _EPOCH + timedelta(microseconds=self.microseconds)
        text = moment.replace(tzinfo=None).isoformat()
        return text.removesuffix("T00:00:00") if text.endswith("T00:00:00") else text + "Z"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return text_schema(cls, cls.parse, wanted="a date or time such as '2026-01-31'")

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "examples": ["2026-01-31", "2026-01-31T08:30:00Z"]}


@dataclass(frozen=True)
class Period:
    """A half-open stretch of time `[start, end)`.

    Examples:
        >>> str(Period.parse("2026-01-01..2026-04-01"))
        '2026-01-01..2026-04-01'
    """

    start: Moment
    end: Moment

    @classmethod
    def parse(cls, text: str) -> Period:
        """Read `START..END`."""
        start, dots, end = text.partition("..")
        if not dots:
            raise PydanticCustomError(
                "period",
                "expected a period START..END such as '2026-01-01..2026-04-01', got '{text}'",
                {"text": text},
            )
        period = cls(Moment.parse(start), Moment.parse(end))
        if period.start >= period.end:
            raise PydanticCustomError(
                "period",
                "expected a period that ends after it starts, got '{text}'. Fix: swap the two",
                {"text": text},
            )
        return period

    def __str__(self) -> str:
        return f"{self.start}..{self.end}"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return text_schema(cls, cls.parse, wanted="a period START..END such as '2026-01-01..2026-04-01'")

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "examples": ["2026-01-01..2026-04-01"]}
