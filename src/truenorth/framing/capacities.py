"""Capacities and budgets: so much per length of time, `100 per 1d` or `300 per 7d together`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError

from truenorth.framing.durations import Duration
from truenorth.framing.scalars import text_schema

PATTERN = r"^\s*[0-9]+(\.[0-9]+)?\s+per\s+[0-9]+(us|ms|s|m|h|d|w)(\s+together)?\s*$"
_WRITTEN = re.compile(r"\s*([0-9]{1,15}(?:\.[0-9]{1,15})?)\s+per\s+(\S+?)(\s+together)?\s*")


@dataclass(frozen=True)
class Capacity:
    """How much can be done per length of time.

    Examples:
        >>> capacity = Capacity.parse("300 per 7d together")
        >>> capacity.amount, capacity.together, str(capacity)
        (300.0, True, '300 per 7d together')
    """

    amount: float
    """How many actions, or how much money."""
    per: Duration
    """Per which time, counted on the UTC grid."""
    together: bool = False
    """Whether all rows of the time are ranked at once, instead of decided one by one."""

    @classmethod
    def parse(cls, text: str) -> Capacity:
        """Read `N per DURATION [together]`.

        Raises:
            PydanticCustomError: If the text is none, or the duration is empty.
        """
        match = _WRITTEN.fullmatch(text)
        per = Duration.parse(match[2]) if match else None
        if not match or not per:
            raise PydanticCustomError(
                "capacity", "expected a capacity such as '100 per 1d', got '{text}'", {"text": text}
            )
        return cls(float(match[1]), per, bool(match[3]))

    def __str__(self) -> str:
        return f"{self.amount:.15g} per {self.per}" + (" together" if self.together else "")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return text_schema(cls, cls.parse, wanted="a capacity such as '100 per 1d'")

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "pattern": PATTERN, "examples": ["100 per 1d", "300 per 7d together"]}
