"""Operands of array expressions: constants, one type for several vectors, and work per distinct value.

An operand is a `Vector` whose values have shape (n,), or shape () where it is the same for every row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truenorth.engine.vectors import NULL_TIME, Role, Vector
from truenorth.errors import Finding, FramingError

Array = NDArray[Any]
Results = Sequence[Any] | Array
PerValue = Callable[..., Results]
"""Takes one list per argument, all of one length, and returns the result of each."""

NULL = Vector("number", np.array(np.nan))
"""The constant NULL, which has no type of its own."""

_MISSING: dict[Role, Any] = {"number": np.nan, "boolean": np.nan, "text": -1, "time": NULL_TIME, "list": None}
_TRUTHS = {"true": 1.0, "t": 1.0, "yes": 1.0, "y": 1.0, "1": 1.0}
_FALSEHOODS = {"false": 0.0, "f": 0.0, "no": 0.0, "n": 0.0, "0": 0.0}


def number_constant(value: float) -> Vector:
    """Return a number that is the same for every row."""
    return Vector("number", np.array(value, dtype=np.float64))


def boolean_constant(value: bool) -> Vector:
    """Return a truth value that is the same for every row."""
    return Vector("boolean", np.array(value, dtype=np.float64))


def text_constant(value: str) -> Vector:
    """Return a text that is the same for every row."""
    return Vector("text", np.array(0, dtype=np.int32), np.array([value], dtype=object))


def time_constant(microseconds: int) -> Vector:
    """Return a time that is the same for every row."""
    return Vector("time", np.array(microseconds, dtype=np.int64))


def is_constant(operand: Vector) -> bool:
    """Return whether an operand is the same for every row."""
    return operand.values.ndim == 0


def boolean(values: Array) -> Vector:
    """Return float64 0, 1 and NaN as a boolean operand."""
    return Vector("boolean", values)


def number(values: Array) -> Vector:
    """Return float64 values as a number operand."""
    return Vector("number", values)


def null_of(operand: Vector) -> NDArray[np.bool_]:
    """Return which values are NULL, shape (n,) or ()."""
    if operand.role == "list" and is_constant(operand):
        return np.asarray(operand.values.item() is None)
    return np.asarray(operand.is_null)


def levels_of(operand: Vector) -> Array:
    """Return the texts that the codes of a text operand stand for."""
    assert operand.levels is not None
    return operand.levels


def numbers(operand: Vector) -> NDArray[np.float64]:
    """Return an operand as float64, NaN where NULL: truths as 0 and 1, times as microseconds, texts read."""
    if operand.role in ("number", "boolean"):
        return operand.values
    if operand.role == "time":
        return np.where(operand.values == NULL_TIME, np.nan, operand.values.astype(np.float64))
    if operand.role == "text":
        return table(operand, lambda texts: [_readable(text) for text in texts])
    raise mismatch("a number", operand)


def truths(operand: Vector) -> NDArray[np.float64]:
    """Return an operand as 0, 1 or NaN; a number is true where it is not 0."""
    if operand.role == "boolean":
        return operand.values
    if operand.role == "text":
        words = {**_TRUTHS, **_FALSEHOODS}
        return table(operand, lambda texts: [words.get(text.strip().lower(), np.nan) for text in texts])
    values = numbers(operand)
    return np.where(np.isnan(values), np.nan, values != 0)


def times(operand: Vector) -> NDArray[np.int64]:
    """Return an operand as int64 microseconds, `NULL_TIME` where NULL."""
    if operand.role == "time":
        return operand.values
    values = numbers(operand)
    missing = np.isnan(values)
    return np.where(missing, NULL_TIME, np.where(missing, 0.0, values).astype(np.int64))


def _readable(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return np.nan


def mismatch(wanted: str, operand: Vector) -> FramingError:
    """Return the error for an operand of another type than its place needs."""
    return FramingError(
        Finding(
            code="SPEC016",
            where="expression",
            evidence=f"expected {wanted}, got a {operand.role}.",
            fix="compare and compute with values of one type; cast where another is meant.",
        )
    )


def as_one_type(operands: Sequence[Vector]) -> tuple[Role, list[Array], Array | None]:
    """Return operands in one role: that role, the values of each, and the levels of texts.

    Raises:
        FramingError: If texts or lists stand beside other values.
    """
    roles = {operand.role for operand in operands if operand is not NULL} or {"number"}
    role: Role = next(iter(roles)) if len(roles) == 1 else "number"
    if role == "text":
        return _with_common_levels(operands)
    if len(roles) > 1 and roles & {"text", "list"}:
        odd = next(operand for operand in operands if operand.role in ("text", "list"))
        raise mismatch("values of one type", odd)
    if role == "number":
        return role, [numbers(operand) for operand in operands], None
    null = np.array(_MISSING[role], dtype=object if role == "list" else None)
    return role, [null if operand is NULL else operand.values for operand in operands], None


def _with_common_levels(operands: Sequence[Vector]) -> tuple[Role, list[Array], Array | None]:
    first = next(operand for operand in operands if operand is not NULL)
    if all(operand is NULL or operand.levels is first.levels for operand in operands):
        values = [np.array(-1, dtype=np.int32) if operand is NULL else operand.values for operand in operands]
        return "text", values, first.levels
    known: dict[str, int] = {}
    coded = [_recoded(operand, known) for operand in operands]
    return "text", coded, level_array(known)


def _recoded(operand: Vector, known: dict[str, int]) -> Array:
    """Return the codes of an operand among common levels, to which its own are added."""
    if operand is NULL:
        return np.array(-1, dtype=np.int32)
    used, codes = used_levels(operand)
    mapped = [known.setdefault(text, len(known)) for text in used]
    return np.append(np.asarray(mapped, dtype=np.int32), np.int32(-1))[codes]


def level_array(texts: Iterable[str]) -> Array:
    """Return texts as an object array."""
    listed = list(texts)
    levels = np.empty(len(listed), dtype=object)
    levels[:] = listed
    return levels


def used_levels(operand: Vector) -> tuple[Array, Array]:
    """Return the levels of a text operand and its codes; only those in use where there are more than rows."""
    levels = levels_of(operand)
    if len(levels) <= max(operand.values.size, 1):
        return levels, operand.values
    used, codes = np.unique(operand.values, return_inverse=True)
    codes = codes.reshape(operand.values.shape)
    if used.size and used[0] < 0:
        return levels[used[1:]], codes - 1
    return levels[used], codes


def table(operand: Vector, function: PerValue) -> NDArray[np.float64]:
    """Return a number per text of one operand, computed once per level; NaN where it is NULL."""
    used, codes = used_levels(operand)
    return np.append(np.asarray(function(list(used)), dtype=np.float64), np.nan)[codes]


def per_distinct(function: PerValue, *operands: Vector) -> tuple[Results, Array]:
    """Compute a function once per distinct combination of its arguments.

    Returns:
        The results, and for each row the place of its own; -1 where an argument is NULL.
    """
    varying = [operand for operand in operands if not is_constant(operand)]
    missing = np.asarray(reduce(np.logical_or, [null_of(operand) for operand in operands]))
    if len(varying) == 1 and varying[0].role == "text":
        used, codes = used_levels(varying[0])
        columns = [
            list(used) if operand is varying[0] else [_only(operand)] * len(used) for operand in operands
        ]
        if any(None in column for column in columns):
            return [], np.where(missing, -1, codes)
        return function(*columns), np.where(missing, -1, codes)
    place = np.full(missing.shape, -1, dtype=np.int64)
    rows = np.flatnonzero(~missing) if missing.ndim else np.arange(0 if missing else 1)
    if not len(rows):
        return [], place
    parts = [_coded(operand, rows) for operand in varying]
    distinct, inverse = _combinations([codes for codes, _ in parts], len(rows))
    decoded = iter([[values[code] for code in distinct[:, i]] for i, (_, values) in enumerate(parts)])
    columns = [[_only(one)] * len(distinct) if is_constant(one) else next(decoded) for one in operands]
    place[rows if missing.ndim else ()] = inverse if missing.ndim else 0
    return function(*columns), place


def _coded(operand: Vector, rows: Array) -> tuple[Array, Array]:
    """Return codes of the rows and the values that they stand for."""
    if operand.role == "text":
        return operand.values[rows], levels_of(operand)
    values, codes = np.unique(operand.values[rows], return_inverse=True)
    return codes, values


def _combinations(columns: list[Array], n_rows: int) -> tuple[Array, Array]:
    """Return the distinct rows of integer columns, and for each row the place of its own."""
    if not columns:
        return np.zeros((1, 0), dtype=np.int64), np.zeros(n_rows, dtype=np.int64)
    if len(columns) == 2:  # one integer per pair sorts much faster than pairs
        width = int(columns[1].max()) + 1
        keys, inverse = np.unique(columns[0].astype(np.int64) * width + columns[1], return_inverse=True)
        return np.stack([keys // width, keys % width], axis=1), inverse
    distinct, inverse = np.unique(np.stack(columns, axis=1), axis=0, return_inverse=True)
    return distinct, inverse.reshape(-1)


def _only(operand: Vector) -> Any:
    """Return the value of a constant; None for NULL."""
    if null_of(operand):
        return None
    return levels_of(operand)[operand.values] if operand.role == "text" else operand.values.item()


def text_results(results: Results, place: Array) -> Vector:
    """Return texts, which may repeat or be None, as a text operand."""
    known: dict[Any, int] = {None: -1}
    codes = [known.setdefault(text, len(known) - 1) for text in results]
    values = np.append(np.asarray(codes, dtype=np.int32), np.int32(-1))[place]
    return Vector("text", np.asarray(values, dtype=np.int32), level_array(list(known)[1:]))


def number_results(results: Results, place: Array) -> Array:
    """Return numbers by their places, NaN where the place is -1."""
    return np.append(np.asarray(results, dtype=np.float64), np.nan)[place]


def missing_of(role: Role) -> Any:
    """Return the value that stands for NULL in a role."""
    return _MISSING[role]
