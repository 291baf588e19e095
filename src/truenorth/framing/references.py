"""Metric references and constraints, as LANGUAGE section 9 writes them.

    NAME[@K][(EXPR[, n])] [where PRED] [by COLUMN [mean|worst|gap|ratio]] [per DURATION] [OP VALUE]

One grammar wherever a framing names a metric, so that what is promised can be computed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal, get_args

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError

from truenorth.errors import near_names
from truenorth.framing.clauses import (
    MetricReferenceError,
    brackets,
    comparisons,
    outside,
    short,
    split_clauses,
    words,
)
from truenorth.framing.durations import Duration
from truenorth.framing.expressions import Expression, ExpressionError, parse_expression, quote_name
from truenorth.framing.metrics import METRICS
from truenorth.framing.scalars import text_schema

Reduction = Literal["mean", "worst", "gap", "ratio"]
Operator = Literal["<", "<=", ">", ">="]
_REDUCTIONS: dict[str, Reduction] = {name: name for name in get_args(Reduction)}
_OPERATORS: dict[str, Operator] = {sign: sign for sign in get_args(Operator)}
_HEAD = re.compile(r"\s*(-?)\s*([A-Za-z_]\w*)(?:@([0-9]{1,9}))?\s*")
_BY = re.compile(r'\s*("[^"]+"|[A-Za-z_]\w*)(?:\s+(\w+))?\s*')
_NUMBER = r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?"
_BOUND = re.compile(rf"\s*({_NUMBER})\s*(%|pp|us|ms|s|m|h|d|w|)\s*(\*\s*released)?\s*(on\s+estimate)?\s*")
_MAX_CHARACTERS = 2_000


@dataclass(frozen=True)
class MetricReference:
    """A metric, on what, for whom and per which time.

    Examples:
        >>> reference = MetricReference.parse("sum(fraud*amount where action = 'allow') per 1d")
        >>> str(reference)
        "sum(fraud * amount) where action = 'allow' per 1d"
        >>> MetricReference.parse("ndcg@10(gain)").at
        10
    """

    name: str
    """Name in `METRICS`."""
    argument: Expression | None = None
    """What is measured; the score's task where absent."""
    at: int | None = None
    """Only the first K of a list."""
    parameter: float | None = None
    """The metric's own number, such as a level."""
    where: Expression | None = None
    """Rows that count."""
    by: str | None = None
    """Column whose values are measured apart."""
    reduction: Reduction | None = None
    """How the values become one number: mean, worst, gap (largest - smallest), ratio (smallest / largest)."""
    per: Duration | None = None
    """Length of time that the figure is scaled to."""
    negated: bool = False
    """Whether the sign is turned: `-cost per 30d` is a return."""
    description: str | None = None
    """For `external`: what is measured elsewhere."""

    @classmethod
    def parse(cls, text: str) -> MetricReference:
        """Read a metric reference.

        Raises:
            PydanticCustomError: If the text is prose, names no known metric or is cut short.
        """
        try:
            return _read_reference(text)
        except (MetricReferenceError, ExpressionError) as error:
            raise PydanticCustomError("metric_reference", "{message}", {"message": str(error)}) from None

    @property
    def columns(self) -> frozenset[str]:
        """Names that its expressions and `by` read."""
        read = [part.columns for part in (self.argument, self.where) if part is not None]
        return frozenset().union(*read, [self.by] if self.by else [])

    def __str__(self) -> str:
        text = ("-" if self.negated else "") + self.name + (f"@{self.at}" if self.at is not None else "")
        if self.description:
            text += f"({self.description})"
        if self.argument is not None:
            parameter = f", {self.parameter:.15g}" if self.parameter is not None else ""
            text += f"({self.argument}{parameter})"
        if self.where is not None:
            text += f" where {self.where}"
        if self.by:
            text += f" by {quote_name(self.by)}" + (f" {self.reduction}" if self.reduction else "")
        return text + (f" per {self.per}" if self.per else "")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return text_schema(cls, cls.parse, wanted="a metric such as 'average_precision(fraud)'")

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "examples": ["average_precision(fraud)", "mean(returned) by user mean"]}


@dataclass(frozen=True)
class Constraint:
    """A metric that must stay on one side of a bound.

    Examples:
        >>> constraint = Constraint.parse("average_precision(fraud) < 0.9 * released")
        >>> constraint.operator, constraint.number, constraint.of_released
        ('<', 0.9, True)
    """

    metric: MetricReference
    """What is measured."""
    operator: Operator
    """Which side is wanted."""
    number: float
    """The bound as it is written."""
    unit: str = ""
    """`%`, `pp`, a unit of time, or nothing."""
    of_released: bool = False
    """Whether the bound is a multiple of the released model's figure."""
    on_estimate: bool = False
    """Whether the estimate decides, instead of the unfavourable end of the interval."""

    @property
    def bound(self) -> float:
        """The bound as a number: a fraction for `%` and `pp`, milliseconds for a time."""
        if self.unit in ("%", "pp"):
            return float(f"{self.number / 100:.15g}")
        return (
            self.number * Duration.parse(f"1{self.unit}").microseconds / 1_000 if self.unit else self.number
        )

    @classmethod
    def parse(cls, text: str) -> Constraint:
        """Read `METRIC OP VALUE [* released] [on estimate]`.

        Raises:
            PydanticCustomError: If the text is no metric with a bound.
        """
        try:
            return _read_constraint(text)
        except (MetricReferenceError, ExpressionError) as error:
            raise PydanticCustomError("constraint", "{message}", {"message": str(error)}) from None

    def __str__(self) -> str:
        released = " * released" if self.of_released else ""
        estimate = " on estimate" if self.on_estimate else ""
        return f"{self.metric} {self.operator} {self.number:.15g}{self.unit}{released}{estimate}"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return text_schema(cls, cls.parse, wanted="a constraint such as 'mean(hide) <= 0.4%'")

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "examples": ["latency_p99 <= 50ms", "share(action = 'block') <= 1%"]}


def _read_constraint(text: str) -> Constraint:
    """Split at the last comparison outside brackets whose right side is a bound."""
    for start, end, operator in reversed(list(comparisons(text))):
        bound = _BOUND.fullmatch(text[end:])
        if not bound:
            continue
        if operator not in _OPERATORS:
            raise MetricReferenceError(
                f"expected <, <=, > or >= in a constraint, got {operator!r} in {short(text)}"
            )
        number, unit, released, estimate = bound.groups()
        metric = _read_reference(text[:start])
        return Constraint(metric, _OPERATORS[operator], float(number), unit, bool(released), bool(estimate))
    _read_reference(text)
    raise MetricReferenceError(f"expected a bound such as '<= 0.5%' after the metric, got {short(text)}")


def _read_reference(text: str) -> MetricReference:
    if len(text) > _MAX_CHARACTERS:
        raise MetricReferenceError(f"expected at most {_MAX_CHARACTERS} characters, got {len(text)}")
    head = _HEAD.match(text)
    if not head:
        raise MetricReferenceError(f"expected a metric such as 'average_precision(fraud)', got {short(text)}")
    sign, name, at = head.groups()
    inside, rest = brackets(text[head.end() :])
    parts = split_clauses(rest)
    _check_name(name, text, is_prose="" in parts)
    if "" in parts:
        raise MetricReferenceError(
            f"expected where, by, per or nothing after {name!r}, got {short(parts[''])}"
        )
    if METRICS[name].argument == "text":
        description = inside.strip() if inside is not None else None
        return MetricReference(name, negated=bool(sign), description=description or None)
    argument, parameter, inner_where = _argument(inside, name)
    if inner_where is not None and "where" in parts:
        raise MetricReferenceError(f"expected one where, got two in {short(text)}")
    where = inner_where if inner_where is not None else parts.get("where")
    by, reduction = _by(parts.get("by"))
    _check_form(name, argument, at, parameter, text)
    return MetricReference(
        name, argument, int(at) if at else None, parameter,
        parse_expression(where) if where is not None else None,
        by, reduction, _per(parts.get("per")), bool(sign),
    )  # fmt: skip


def _check_name(name: str, text: str, *, is_prose: bool) -> None:
    if name in METRICS:
        return
    near = near_names(name, METRICS)
    if near:
        raise MetricReferenceError(f"expected a known metric, got {name!r}. Fix: did you mean {near[0]!r}?")
    hint = f"write external({' '.join(text.split())[:60]}) if it is measured elsewhere" if is_prose else ""
    hint = hint or "docs/metrics.md lists the metrics"
    raise MetricReferenceError(
        f"expected a known metric, got {short(text) if is_prose else repr(name)}. Fix: {hint}"
    )


def _check_form(
    name: str, argument: Expression | None, at: str | None, parameter: float | None, text: str
) -> None:
    metric = METRICS[name]
    if argument is None and metric.argument == "required":
        raise MetricReferenceError(f"expected an expression in {name}(...), got {short(text)}")
    if argument is not None and metric.argument == "none":
        raise MetricReferenceError(f"expected {name!r} without brackets, got {short(text)}")
    if at is not None and (not metric.at or int(at) == 0):
        raise MetricReferenceError(f"expected {name!r} without @{at}, got {short(text)}")
    if parameter is not None and not metric.parameter:
        raise MetricReferenceError(f"expected one argument for {name!r}, got {short(text)}")


def _argument(inside: str | None, name: str) -> tuple[Expression | None, float | None, str | None]:
    """Read `EXPR[, n][ where PRED]` between the brackets."""
    if inside is None:
        return None, None, None
    start = next((start for start, word in words(inside) if word == "where"), None)
    body, where = (inside, None) if start is None else (inside[:start], inside[start + len("where") :])
    commas = [start for start, character in outside(body) if character == ","]
    if not commas:
        return parse_expression(body), None, where
    number = body[commas[-1] + 1 :].strip()
    if len(commas) > 1 or not re.fullmatch(_NUMBER, number):
        raise MetricReferenceError(f"expected a number after the comma in {name}(...), got {short(number)}")
    return parse_expression(body[: commas[0]]), float(number), where


def _by(text: str | None) -> tuple[str | None, Reduction | None]:
    if text is None:
        return None, None
    match = _BY.fullmatch(text)
    if not match or (match[2] and match[2] not in _REDUCTIONS):
        raise MetricReferenceError(f"expected by COLUMN [mean|worst|gap|ratio], got {short('by' + text)}")
    return match[1].strip('"'), _REDUCTIONS[match[2]] if match[2] else None


def _per(text: str | None) -> Duration | None:
    if text is None:
        return None
    per = Duration.parse(text)
    if not per:
        raise MetricReferenceError(f"expected a positive duration after per, got {short(text)}")
    return per
