"""The base of every section: a frozen value that refuses unknown keys."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetJsonSchemaHandler,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError

from truenorth.framing.functions import FUNCTIONS, SQL_KEYWORDS, TABLE_COLUMNS

_NAME = re.compile(r"[a-z][a-z0-9_]*")


class Section(BaseModel):
    """A part of a framing: typed, frozen, with a sentence for every field."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
        populate_by_name=True,
        serialize_by_alias=True,
    )

    short_form: ClassVar[dict[str, Any] | None] = None
    """JSON Schema of the short form that `from_short` also accepts."""

    @classmethod
    def from_short(cls, value: Any) -> Any:
        """Return the map that a short form stands for; other values as they are."""
        return value

    @model_validator(mode="before")
    @classmethod
    def _spell_out(cls, value: Any) -> Any:
        return cls.from_short(value)

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        written = handler(core)
        if cls.short_form is not None and handler.mode == "validation":
            definition = handler.resolve_ref_schema(written)
            long_form = dict(definition)
            definition.clear()
            definition |= {
                "title": long_form.get("title", cls.__name__),
                "anyOf": [cls.short_form, long_form],
            }
        return written


def check_name(name: str) -> str:
    """Return `name` if a label, feature or source may have it.

    Raises:
        PydanticCustomError: If it is not lower snake case, holds `__`, or is a word of SQL.
    """
    if not _NAME.fullmatch(name) or "__" in name:
        raise _refused(name, "lower-case letters, digits and single underscores, starting with a letter")
    if name in SQL_KEYWORDS or name in FUNCTIONS:
        raise _refused(name, "a name that is no SQL keyword or function")
    return name


def check_column_name(name: str) -> str:
    """Return `name` if a label or feature, which become columns of the examples table, may have it."""
    if name in TABLE_COLUMNS - {"step"}:
        raise _refused(name, "a name that is no column of the examples table")
    return check_name(name)


def _refused(name: str, wanted: str) -> PydanticCustomError:
    plain = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "name"
    better = plain if plain != name and plain[0].isalpha() else f"the_{plain}"
    return PydanticCustomError(
        "name",
        "expected {wanted}, got '{name}'. Fix: rename it, for example '{better}'",
        {"wanted": wanted, "name": name, "better": better},
    )


def as_list(value: Any) -> Any:
    """Write a single item as a list of one."""
    return [value] if isinstance(value, str) else value


Name = Annotated[str, AfterValidator(check_name)]
ColumnName = Annotated[str, AfterValidator(check_column_name)]
Names = Annotated[tuple[str, ...], BeforeValidator(as_list, json_schema_input_type=str | tuple[str, ...])]
"""One column name or a list of them."""
