"""From a file's column to one of six roles: integer, number, text, boolean, time, list."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from truenorth.engine.contract import role_of
from truenorth.engine.lowering import Tree, bigint, call, double, number, text, when
from truenorth.engine.stamps import micros
from truenorth.engine.trees import is_null, not_null, try_cast
from truenorth.framing.sources import ColumnType, Time

_WHOLE = r"^\s*[+-]?[0-9]+\s*$"
_LARGEST = 1.7976931348623157e308
_SMALL = {
    exp.DType.TINYINT,
    exp.DType.SMALLINT,
    exp.DType.INT,
    exp.DType.UTINYINT,
    exp.DType.USMALLINT,
    exp.DType.MEDIUMINT,
}
_HUGE = {exp.DType.INT128, exp.DType.INT256, exp.DType.UINT128, exp.DType.UINT256}
_UNSIGNED_LONG = {exp.DType.UBIGINT}
_FLOATING = {exp.DType.FLOAT, exp.DType.DOUBLE}
_PLAIN_TEXT = {exp.DType.TEXT, exp.DType.VARCHAR}


@dataclass(frozen=True)
class TypedColumn:
    """A column as True North reads it, and what can be wrong with its values."""

    tree: Tree
    role: str
    unreadable: Tree | None = None
    """True for a value that is there but cannot be read as the role."""
    non_finite: Tree | None = None
    """True for NaN and the infinities, which are read as NULL."""
    unguarded: Tree | None = None
    """The same column for a log in which every value is finite."""


def typed_column(
    raw: Tree, data_type: exp.DataType, declared: ColumnType | None, time: Time, dialect: str
) -> TypedColumn | None:
    """Return a file's column in its role, or None where the type has none (structs, blobs, times of day).

    Args:
        raw: The column of the file.
        data_type: Its type there.
        declared: The role that the framing gives, if any.
        time: How texts and numbers that are times are written.
        dialect: The engine's SQL.

    Raises:
        ValueError: If a number should be a time and neither unit nor format says how.
    """
    wanted = _WANTED.get(declared or "id") or role_of(data_type)
    if wanted == "time" or (wanted == "text" and role_of(data_type) == "time"):
        return _time(raw, data_type, time, dialect)
    if wanted == "other" or role_of(data_type) == "other":
        return None
    return _MAKERS[wanted](raw, data_type, dialect)


def _time(raw: Tree, data_type: exp.DataType, time: Time, dialect: str) -> TypedColumn:
    tree = micros(raw, data_type, time, dialect)
    return TypedColumn(tree, "time", None if role_of(data_type) == "time" else _lost(raw, tree))


def _integer(raw: Tree, data_type: exp.DataType, dialect: str) -> TypedColumn:
    role, kind = role_of(data_type), data_type.this
    if role == "integer":
        if kind in _HUGE:
            return TypedColumn(double(raw), "number")
        if kind in _UNSIGNED_LONG:
            tree = try_cast(raw, "BIGINT")
            return TypedColumn(tree, "integer", _lost(raw, tree))
        to = "INT" if kind in _SMALL else "BIGINT"
        return TypedColumn(raw if kind in (exp.DType.INT, exp.DType.BIGINT) else exp.cast(raw, to), "integer")
    if role == "boolean":
        return TypedColumn(bigint(raw), "integer")
    if role == "number":
        whole = exp.EQ(this=exp.Floor(this=double(raw)), expression=double(raw.copy()))
        tree = when(whole, try_cast(raw.copy(), "BIGINT"))
    else:
        tree = when(exp.RegexpLike(this=raw.copy(), expression=text(_WHOLE)), try_cast(raw.copy(), "BIGINT"))
    return TypedColumn(tree, "integer", _lost(raw, tree))


def _number(raw: Tree, data_type: exp.DataType, dialect: str) -> TypedColumn:
    if role_of(data_type) in ("integer", "boolean") or data_type.this == exp.DType.DECIMAL:
        return TypedColumn(double(raw), "number")
    if data_type.this in _FLOATING:
        value = raw if data_type.this == exp.DType.DOUBLE else double(raw)
        unreadable = None
    else:
        value = try_cast(raw, "DOUBLE")
        unreadable = _lost(raw, value)
    finite = exp.Between(this=value.copy(), low=number(-_LARGEST), high=number(_LARGEST))
    return TypedColumn(
        when(finite, value.copy()), "number", unreadable, exp.Not(this=exp.paren(finite.copy())), value.copy()
    )


def _text(raw: Tree, data_type: exp.DataType, dialect: str) -> TypedColumn:
    return TypedColumn(raw if data_type.this in _PLAIN_TEXT else exp.cast(raw, "VARCHAR"), "text")


def _boolean(raw: Tree, data_type: exp.DataType, dialect: str) -> TypedColumn:
    if role_of(data_type) == "boolean":
        return TypedColumn(raw, "boolean")
    tree = try_cast(raw, "BOOLEAN")
    return TypedColumn(tree, "boolean", _lost(raw, tree))


def _list(raw: Tree, data_type: exp.DataType, dialect: str) -> TypedColumn:
    if role_of(data_type) == "list":
        return TypedColumn(raw, "list")
    schema = "array<string>" if dialect == "spark" else '["VARCHAR"]'
    tree = call("from_json", exp.cast(raw, "VARCHAR"), text(schema))
    return TypedColumn(tree, "list")


def _lost(raw: Tree, tree: Tree) -> Tree:
    """Return the condition that a value was there and is NULL now."""
    there = not_null(raw)
    return exp.And(this=there, expression=is_null(exp.paren(tree.copy())))


_WANTED = {
    "integer": "integer",
    "number": "number",
    "category": "text",
    "text": "text",
    "boolean": "boolean",
    "time": "time",
    "list": "list",
}
_MAKERS = {"integer": _integer, "number": _number, "text": _text, "boolean": _boolean, "list": _list}
