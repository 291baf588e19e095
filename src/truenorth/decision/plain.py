"""Fitted policies as JSON values and back."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from truenorth.decision.contract import Floats
from truenorth.engine.vectors import Vector, Vectors
from truenorth.errors import Finding


def number(value: float) -> float | None:
    """Return a number as JSON can hold it; None stands for what is not finite."""
    return float(value) if math.isfinite(value) else None


def plain_findings(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """Return findings as JSON values."""
    return [finding.to_dict() for finding in findings]


def read_findings(plain: Iterable[Mapping[str, Any]]) -> tuple[Finding, ...]:
    """Return the findings that `plain_findings` wrote."""
    return tuple(Finding(**{**one, "path": tuple(one["path"])}) for one in plain)


def choice(names: Sequence[str], codes: Any) -> Vector:
    """Return a text vector of codes into a fixed list of names."""
    levels = np.empty(len(names), dtype=object)
    levels[:] = list(names)
    return Vector("text", np.asarray(codes, dtype=np.int32), levels)


def weights(columns: Vectors) -> Floats:
    """Return how many rows of the log each row stands for; 1 where nothing was left out, shape (n,)."""
    column = columns.get("weight")
    if column is None:
        return np.ones(columns.n_rows)
    return np.where(np.isfinite(column.values) & (column.values > 0), column.values, 1.0)
