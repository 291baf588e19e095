"""Evaluation: the slices and metrics that are measured beside the objective."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator

from truenorth.framing.expressions import Expression, quote_name
from truenorth.framing.references import MetricReference
from truenorth.framing.section import Section


def _slices(value: Any) -> Any:
    """Write the list `[country, {new: age < 30}]` as the map `{country: country, new: age < 30}`."""
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list | tuple):
        return value
    slices: dict[str, Any] = {}
    for item in value:
        slices |= (
            {item: quote_name(item)} if isinstance(item, str) else item if isinstance(item, dict) else {}
        )
    return slices


Slices = Annotated[
    dict[str, Expression],
    BeforeValidator(
        _slices, json_schema_input_type=dict[str, Expression] | list[str | dict[str, Expression]]
    ),
]


class Evaluation(Section):
    """What is measured beside the objective."""

    slices: Slices = {}
    """Columns, or named expressions, by whose values every metric is also measured."""
    metrics: tuple[MetricReference, ...] = ()
    """Further metrics to report."""
