"""Aggregates of events, the same on every engine, alone or merged from two disjoint sets of events.

A measure reads one input column, which is NULL for events that do not count. Merging is what lets late
arrivals and an example's own row be added to what a window has already summed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from sqlglot import exp

from truenorth.engine.lowering import Tree, both, double, number, when

Function = Literal[
    "count", "sum", "mean", "min", "max", "std", "distinct", "first", "latest", "first_time", "last_time",
    "first_known", "variance",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One aggregate over the events whose time lies in `[t + lower, t + upper]`."""

    name: str
    """Column it makes."""
    function: Function
    """What is computed; `variance` is the population's, a part of `std`."""
    value: Tree | None = None
    """Value of an event, over the columns of its source."""
    where: Tree | None = None
    """Events that count."""
    lower: int | None = None
    """Least event time relative to the anchor, microseconds, inclusive; None for the whole history."""
    upper: int | None = None
    """Greatest event time relative to the anchor, microseconds, inclusive; None for all that follows."""
    is_part: bool = False
    """Whether it is kept as it is aggregated, to be merged with other parts."""


@dataclass(frozen=True)
class Parts:
    """How an aggregate is made of parts that merge."""

    functions: tuple[str, ...]
    merge: Callable[[list[Tree], list[Tree]], list[Tree]]
    """From the parts of two disjoint sets to the parts of their union."""
    finish: Callable[[list[Tree]], Tree]
    """From the parts to the aggregate."""


def event_input(measure: Measure, time: Tree, known: Tree, key: Tree | None) -> Tree:
    """Return the measure's input column for one event: NULL where the event does not count."""
    value = _INPUTS.get(measure.function, _plain_input)(measure, time, known, key)
    condition = measure.where
    if measure.function in ("first", "latest"):
        assert measure.value is not None
        condition = both(condition, measure.value.copy().is_(exp.null()).not_())
    return value if condition is None else when(condition.copy(), value)


def aggregate(function: str, over: Tree) -> Tree:
    """Return the aggregate of an input column; `first` and `latest` give a structure."""
    return _AGGREGATES[function](over)


def finished(measure: Measure, aggregated: Tree) -> Tree:
    """Return the measure's value from its aggregate; a part stays as it is."""
    return aggregated if measure.is_part else finish(measure.function, aggregated)


def windowed(function: str, over: Tree, dialect: str) -> Tree:
    """Return the aggregate for a window; Spark counts distinct values there as a set."""
    if function == "distinct" and dialect == "spark":
        return exp.ArrayUniqueAgg(this=over)
    return aggregate(function, over)


def from_window(measure: Measure, aggregated: Tree, dialect: str) -> Tree:
    """Return the measure's value from its aggregate over a window."""
    is_set = measure.function == "distinct" and dialect == "spark"
    return finished(measure, exp.ArraySize(this=aggregated) if is_set else aggregated)


def finish(function: str, aggregated: Tree) -> Tree:
    """Return a value from its aggregate: the field of a structure, 0 for the sum of nothing."""
    if function in ("first", "latest"):
        return field(aggregated, "v")
    if function == "first_known":
        return field(aggregated, "k")
    if function == "sum":
        return exp.Coalesce(this=aggregated, expressions=[number(0.0)])
    if function in ("count", "distinct"):
        return exp.Coalesce(this=aggregated, expressions=[number(0)])
    return aggregated


def field(structure: Tree, name: str) -> Tree:
    """Return a field of a structure."""
    return exp.Dot(this=exp.Paren(this=structure), expression=exp.to_identifier(name, quoted=True))


def structure(fields: Mapping[str, Tree]) -> exp.Struct:
    """Return a structure; structures compare field by field."""
    return exp.Struct(
        expressions=[
            exp.PropertyEQ(this=exp.to_identifier(name, quoted=True), expression=tree)
            for name, tree in fields.items()
        ]
    )


def _plain_input(measure: Measure, time: Tree, known: Tree, key: Tree | None) -> Tree:
    assert measure.value is not None
    value = measure.value.copy()
    return double(value) if measure.function in ("sum", "mean", "std", "variance") else value


def _ordered_input(measure: Measure, time: Tree, known: Tree, key: Tree | None) -> Tree:
    assert measure.value is not None
    fields = {"t": time.copy(), "k": known.copy()}
    if key is not None:
        fields["i"] = key.copy()
    return structure({**fields, "v": measure.value.copy()})


_INPUTS: dict[str, Callable[[Measure, Tree, Tree, Tree | None], Tree]] = {
    "count": lambda measure, time, known, key: number(1) if measure.value is None else measure.value.copy(),
    "first_time": lambda measure, time, known, key: time.copy(),
    "last_time": lambda measure, time, known, key: time.copy(),
    "first_known": lambda measure, time, known, key: structure({"t": time.copy(), "k": known.copy()}),
    "first": _ordered_input,
    "latest": _ordered_input,
}

_AGGREGATES: dict[str, Callable[[Tree], Tree]] = {
    "count": lambda over: exp.Count(this=over),
    "sum": lambda over: exp.Sum(this=over),
    "mean": lambda over: exp.Avg(this=over),
    "min": lambda over: exp.Min(this=over),
    "max": lambda over: exp.Max(this=over),
    "std": lambda over: exp.StddevSamp(this=over),
    "variance": lambda over: exp.VariancePop(this=over),
    "distinct": lambda over: exp.Count(this=exp.Distinct(expressions=[over])),
    "first": lambda over: exp.Min(this=over),
    "latest": lambda over: exp.Max(this=over),
    "first_time": lambda over: exp.Min(this=over),
    "last_time": lambda over: exp.Max(this=over),
    "first_known": lambda over: exp.Min(this=over),
}


def _zero(tree: Tree) -> Tree:
    return exp.Coalesce(this=tree.copy(), expressions=[number(0)])


def _add(left: Tree, right: Tree) -> Tree:
    return exp.Paren(this=exp.Add(this=_zero(left), expression=_zero(right)))


def _further(comparison: type[exp.Binary]) -> Callable[[Tree, Tree], Tree]:
    """Return what keeps the larger, or the smaller, of two values or structures, NULL passed over."""

    def keep(left: Tree, right: Tree) -> Tree:
        takes_right = exp.or_(
            left.copy().is_(exp.null()), comparison(this=right.copy(), expression=left.copy())
        )
        has_right = right.copy().is_(exp.null()).not_()
        return exp.paren(when(exp.and_(has_right, takes_right), right.copy(), left.copy()))

    return keep


_larger, _smaller = _further(exp.GT), _further(exp.LT)


def _merge_moments(left: list[Tree], right: list[Tree]) -> list[Tree]:
    """Merge count, mean and population variance of two sets (Chan, Golub and LeVeque, 1983)."""
    n_a, mean_a, var_a = (_zero(part) for part in left)
    n_b, mean_b, var_b = (_zero(part) for part in right)
    n = exp.Paren(this=n_a + n_b)
    some = exp.Nullif(this=double(n.copy()), expression=number(0))
    mean = exp.Paren(this=exp.Paren(this=n_a * mean_a + n_b * mean_b) / some.copy())
    delta = exp.Paren(this=mean_b - mean_a)
    squares = exp.Paren(this=n_a * var_a + n_b * var_b)
    spread = exp.Paren(this=exp.Paren(this=double(n_a.copy()) * n_b * delta * delta) / some.copy())
    return [n, mean, exp.Paren(this=exp.Paren(this=squares + spread) / some.copy())]


def _finish_std(parts: list[Tree]) -> Tree:
    n, _, variance = parts
    scaled = exp.Paren(this=double(n.copy()) * variance.copy()) / exp.Paren(this=n.copy() - number(1))
    return when(exp.GT(this=n.copy(), expression=number(1)), exp.Sqrt(this=scaled))


def _finish_mean(parts: list[Tree]) -> Tree:
    return exp.Div(this=parts[0].copy(), expression=exp.Nullif(this=parts[1].copy(), expression=number(0)))


def _each(merge: Callable[[Tree, Tree], Tree]) -> Callable[[list[Tree], list[Tree]], list[Tree]]:
    return lambda left, right: [merge(a, b) for a, b in zip(left, right, strict=True)]


def _alone(function: str) -> Callable[[list[Tree]], Tree]:
    return lambda parts: finish(function, parts[0])


PARTS: dict[str, Parts] = {
    "count": Parts(("count",), _each(_add), _alone("count")),
    "sum": Parts(("sum",), _each(_add), _alone("sum")),
    "mean": Parts(("sum", "count"), _each(_add), _finish_mean),
    "std": Parts(("count", "mean", "variance"), _merge_moments, _finish_std),
    "min": Parts(("min",), _each(_smaller), _alone("min")),
    "max": Parts(("max",), _each(_larger), _alone("max")),
    "first": Parts(("first",), _each(_smaller), _alone("first")),
    "latest": Parts(("latest",), _each(_larger), _alone("latest")),
    "last_time": Parts(("last_time",), _each(_larger), _alone("last_time")),
}
"""Aggregates that merge; `distinct` does not."""
