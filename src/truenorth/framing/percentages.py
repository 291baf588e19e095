"""Changes and shares: `-30%` is relative, `+4pp` is percentage points, a bare number is absolute."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from truenorth.framing.scalars import shown

_NUMBER = r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"
_WRITTEN = re.compile(rf"\s*({_NUMBER})\s*(%|pp|)\s*")
_UNITS: dict[str, Literal["relative", "points", "absolute"]] = {
    "%": "relative",
    "pp": "points",
    "": "absolute",
}


@dataclass(frozen=True)
class Percentage:
    """A change as it is written: relative to what it was, in percentage points, or absolute.

    Examples:
        >>> Percentage.parse("-30%").fraction
        -0.3
        >>> str(Percentage.parse("+0.2pp")), Percentage.parse("0.2pp").unit
        ('0.2pp', 'points')
    """

    number: float
    """The number in front of the sign."""
    unit: Literal["relative", "points", "absolute"]
    """What the number counts."""

    @property
    def fraction(self) -> float:
        """The number as a fraction: 0.05 for both `5%` and `5pp`."""
        return self.number if self.unit == "absolute" else float(f"{self.number / 100:.15g}")

    @classmethod
    def parse(cls, value: str | int | float) -> Percentage:
        """Read `-30%`, `+4pp`, or a number.

        Raises:
            PydanticCustomError: If the value is none of them.
        """
        match = _WRITTEN.fullmatch(str(value)) if _is_text_or_number(value) else None
        if not match or abs(float(match[1])) > 1e12:
            raise PydanticCustomError(
                "percentage",
                "expected a percentage such as '5%' (relative) or '0.5pp' (points), got {got}",
                {"got": shown(value)},
            )
        return cls(float(match[1]), _UNITS[match[2]])

    def __str__(self) -> str:
        sign = next(sign for sign, unit in _UNITS.items() if unit == self.unit)
        return f"{self.number:.15g}{sign}"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            lambda value: value if isinstance(value, cls) else cls.parse(value),
            serialization=core_schema.plain_serializer_function_ser_schema(str),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {
            "type": ["string", "number"],
            "pattern": rf"^\s*{_NUMBER}\s*(%|pp)?\s*$",
            "examples": ["-30%", "0.2pp"],
        }


def _is_text_or_number(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def read_share(value: Any) -> Any:
    """Write `3%` as 0.03; anything else is left as it is."""
    match = re.fullmatch(rf"\s*({_NUMBER})\s*%\s*", value) if isinstance(value, str) else None
    return float(f"{float(match[1]) / 100:.15g}") if match else value


_Share = Annotated[float, Field(ge=0, le=1)]
_Percent = Annotated[str, Field(pattern=rf"^\s*{_NUMBER}\s*%\s*$")]
Share = Annotated[_Share, BeforeValidator(read_share, json_schema_input_type=_Share | _Percent)]
"""A part of a whole, `3%` or 0.03."""
