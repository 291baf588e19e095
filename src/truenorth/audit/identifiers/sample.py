"""A seeded sample of one column as text: what the tests for identifiers read, and nobody else.

The values never leave this object: its `repr` shows the form and the counts alone.
"""

from __future__ import annotations

import base64
import datetime as dt
import math
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Form = Literal["text", "integer", "decimal", "time", "boolean", "bytes"]
Column = Sequence[Any] | NDArray[Any]

_MISSING = frozenset(("", "nan", "snan", "nat", "none", "null", "na", "n/a", "<na>", "-"))
_LONGEST = 1024
_EXACT = 2**53


@dataclass(frozen=True)
class ColumnSample:
    """Values of one column that are present, in random order."""

    texts: tuple[str, ...] = field(repr=False)
    """Each value as text: whole floats without their `.0`, midnight without its zeros, bytes in base64."""
    form: Form
    """What most of the values are; numbers with a fraction make a column `decimal`."""
    n_distinct: int

    @property
    def n(self) -> int:
        """Number of values in the sample."""
        return len(self.texts)

    @property
    def uniqueness(self) -> float:
        """Distinct values per value, in [0, 1]; 0 where there is none."""
        return self.n_distinct / self.n if self.n else 0.0


def draw_sample(name: str, column: Column, *, seed: int, size: int) -> ColumnSample:
    """Return a sample of the values that are present; it depends on no other column.

    Examples:
        >>> draw_sample("zip", [10115.0, None, 80331.0], seed=0, size=10)
        ColumnSample(form='integer', n_distinct=2)
    """
    present = _present(column)
    random = np.random.default_rng([seed, zlib.crc32(name.encode())])
    chosen = random.permutation(len(present))[:size].tolist()
    read = [_read(present[row]) for row in chosen]
    kept = [(form, text) for form, text in read if text.lower() not in _MISSING]
    texts = tuple(text for _, text in kept)
    return ColumnSample(texts, _form(Counter(form for form, _ in kept)), len(set(texts)))


def _present(column: Column) -> Sequence[Any]:
    if not isinstance(column, np.ndarray):
        return [value for value in column if value is not None]
    if column.dtype.kind == "M":
        column = column.astype("datetime64[us]")  # nanoseconds would turn into integers
    if column.dtype.kind in "fM":
        column = column[~np.isnan(column)]
    found: list[Any] = column.ravel().tolist()
    return found


def _read(value: Any) -> tuple[Form, str]:
    if isinstance(value, np.generic):
        value = value.astype("datetime64[us]").item() if value.dtype.kind == "M" else value.item()
    match value:
        case str():
            return "text", value[:_LONGEST].strip()
        case bool():
            return "boolean", str(value)
        case int():
            return "integer", str(value)
        case float() | Decimal():
            return _read_number(value)
        case dt.date() | dt.time():
            return "time", str(value).removesuffix(" 00:00:00")
        case bytes() | bytearray() | memoryview():
            return _read_bytes(bytes(value)[:_LONGEST])
        case _:
            return "text", "" if value is None else str(value)[:_LONGEST].strip()


def _read_number(value: float | Decimal) -> tuple[Form, str]:
    is_finite = value.is_finite() if isinstance(value, Decimal) else math.isfinite(value)
    if is_finite and abs(float(value)) < _EXACT and value == int(value):
        return "integer", str(int(value))
    return "decimal", str(value)


def _read_bytes(value: bytes) -> tuple[Form, str]:
    text = value.decode(errors="replace").strip()
    if text.isprintable() and "\ufffd" not in text:
        return "text", text
    return "bytes", base64.b64encode(value).decode()


def _form(counts: Counter[Form]) -> Form:
    if not counts:
        return "text"
    commonest = counts.most_common(1)[0][0]
    fractions = counts["decimal"] > 0.05 * counts["integer"]
    return "decimal" if commonest == "integer" and fractions else commonest
