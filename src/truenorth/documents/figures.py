"""Figures in words: value, interval, and the evidence that they rest on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from truenorth.documents.blocks import Cell
from truenorth.documents.numbers import (
    NOT_ASSESSED,
    THIN,
    count,
    evidence_decimals,
    percent,
    plain,
)
from truenorth.documents.reading import mapping, number, text

_SHARES = (
    "share", "false_positive_rate", "false_negative_rate", "true_positive_rate", "specificity", "recall",
    "precision", "accuracy", "balanced_accuracy", "coverage", "hit_rate",
)  # fmt: skip
"""Metrics that are read as percentages."""


def is_share(metric: str) -> bool:
    """Return whether a metric is a share of rows and is written as a percentage.

    Examples:
        >>> is_share("share(action = 'block')"), is_share("recall@100(fraud)"), is_share("roc_auc(fraud)")
        (True, True, False)
    """
    root = metric.partition("(")[0].partition(" ")[0].partition("@")[0]
    return root in _SHARES and " gap" not in metric and " ratio" not in metric


def is_money(metric: str) -> bool:
    """Return whether a metric is an amount of money: what actions cost or save.

    Examples:
        >>> is_money("cost per 1d"), is_money("savings"), is_money("cost_ratio")
        (True, True, False)
    """
    return metric.partition("(")[0].partition(" ")[0] in ("cost", "savings", "money")


def is_total(metric: str) -> bool:
    """Return whether a metric adds up over rows, so that a slice's is smaller than the whole's.

    Examples:
        >>> is_total("cost per 1d"), is_total("sum(spend)"), is_total("mean(spend)")
        (True, True, False)
    """
    return is_money(metric) or metric.partition("(")[0].partition(" ")[0] in ("sum", "count", "distinct")


def is_assessed(figure: Any) -> bool:
    """Return whether a figure holds a value."""
    return number(figure, "value") is not None


def value_text(figure: Any) -> str:
    """Return the value alone."""
    written = _written(figure)
    return NOT_ASSESSED if written is None else written[0]


def interval_text(figure: Any) -> str:
    """Return `low to high`, or what stands in its way.

    Examples:
        >>> interval_text({"metric": "roc_auc(fraud)", "value": 0.87123, "low": 0.8531, "high": 0.8892})
        '0.853 to 0.889'
    """
    return _interval(_written(figure))


def difference_text(figure: Any) -> tuple[str, str]:
    """Return a difference with its sign and its interval; shares differ by percentage points.

    Examples:
        >>> difference_text({"metric": "recall(fraud)", "value": 0.35, "low": 0.31, "high": 0.39})
        ('+35.0\u202fpp', '31.0 to 39.0\u202fpp')
    """
    written = _written(figure, unit="pp")
    if written is None:
        return NOT_ASSESSED, ""
    sign = "+" if (number(figure, "value") or 0.0) > 0 else ""
    return f"{sign}{written[0]}", _interval(written)


def evidence_text(figure: Any) -> str:
    """Return the rows, clusters and matured share that a figure rests on."""
    parts = []
    n, n_units, matured = number(figure, "n"), number(figure, "n_units"), number(figure, "matured")
    if n:
        parts.append(f"n {count(n)}")
    if n_units and n_units != n:
        parts.append(f"{count(n_units)} units")
    parts.append(f"matured {percent(matured)}" if matured is not None else "matured share not given")
    return ", ".join(parts)


def sentence(figure: Any) -> str:
    """Return value, interval and evidence in one line."""
    if not is_assessed(figure):
        note = text(figure, "note")
        return f"{NOT_ASSESSED}: {note}" if note else NOT_ASSESSED
    level = number(figure, "level")
    interval = f"{percent(level)} interval " if level else ""
    return f"{value_text(figure)} ({interval}{interval_text(figure)}; {evidence_text(figure)})"


def value_cell(figure: Any) -> Cell:
    """Return value and interval as a cell; why it is missing where it is."""
    return _missing(figure) or Cell(value_text(figure), interval_text(figure))


def difference_cell(figure: Any) -> Cell:
    """Return a signed difference and its interval as a cell."""
    return _missing(figure) or Cell(*difference_text(figure))


def _missing(figure: Any) -> Cell | None:
    if not isinstance(figure, Mapping):
        return Cell("\N{EN DASH}")
    return None if is_assessed(figure) else Cell(NOT_ASSESSED, text(figure, "note"), "unknown")


def count_cell(figure: Any) -> Cell:
    """Return the rows and clusters of a figure as a cell."""
    n, n_units = number(figure, "n"), number(figure, "n_units")
    if not n:
        return Cell("\N{EN DASH}")
    return Cell(count(n), f"{count(n_units)} units" if n_units and n_units != n else "")


def matured_cell(figure: Any) -> Cell:
    """Return the matured share of a figure as a cell."""
    matured = number(figure, "matured")
    return Cell("\N{EN DASH}" if matured is None else percent(matured))


def point(figure: Any) -> dict[str, float | None]:
    """Return value and ends as chart fields."""
    found = mapping(figure)
    return {name: number(found, name) for name in ("value", "low", "high")}


def _written(figure: Any, unit: str = "%") -> tuple[str, str, str] | None:
    """Return value and ends as text; `unit` is what a share is written in."""
    value, low, high = (number(figure, name) for name in ("value", "low", "high"))
    if value is None:
        return None
    if not is_share(text(figure, "metric")):
        return _rounded((value, low, high), most=6)
    said = _rounded(tuple(None if end is None else end * 100 for end in (value, low, high)), most=3)
    return f"{said[0]}{THIN}{unit}", said[1], said[2] and f"{said[2]}{THIN}{unit}"


def _interval(written: tuple[str, str, str] | None) -> str:
    if written is None:
        return ""
    return f"{written[1]} to {written[2]}" if written[1] and written[2] else "no interval"


def _rounded(ends: tuple[float | None, ...], *, most: int) -> tuple[str, str, str]:
    """Return value, low and high with the same decimals, so that they can be compared at sight."""
    decimals = min(most, evidence_decimals(ends[0] or 0.0, ends[1], ends[2]))
    value, low, high = ("" if end is None else plain(end, decimals=decimals) for end in ends)
    return value, low, high
