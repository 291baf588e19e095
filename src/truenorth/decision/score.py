"""Expressions over tasks, on predictions: what is expected of a row before anything has happened.

A task stands for its probability or expected value, a condition on a task for its probability. Sums and
products follow from that; what they are worth as an expected value, `decision.chains` says.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from sqlglot import exp

from truenorth.decision.contract import Batch, Floats, Prediction
from truenorth.decision.predictions import (
    COMPARISONS,
    MIRRORED,
    below,
    condition_of,
    has_distribution,
    hit_probability,
    not_a_class,
    probability,
    value_of,
)
from truenorth.decision.realised import Realised, realised
from truenorth.engine.arrays import Build, Columns, Step, choose, compile_tree, step_of
from truenorth.engine.arrays_operands import number, numbers, truths
from truenorth.engine.vectors import Vector
from truenorth.framing.expressions import Expression
from truenorth.framing.framing import Framing
from truenorth.models.rows import QUANTILE

__all__ = ["Realised", "Scene", "expected", "realised"]


def expected(
    expression: Expression, batch: Batch, framing: Framing, *, names: Mapping[str, str] | None = None
) -> Floats:
    """Return the expected value of an expression over tasks and columns.

    Args:
        expression: A score, a cost, a bid.
        batch: Rows with their predictions.
        framing: Expanded; its objective's score is what `score` stands for.
        names: Other names of tasks: under `each: tag`, `{"tag": "tag_red"}` lets `tag` stand for one tag.

    Returns:
        Shape (n,); NaN where a column that is read has no value.

    Raises:
        FramingError: If a name is neither a task nor a column, or a class is used as a number.
    """
    scene = Scene(batch, framing, names or {})
    with np.errstate(all="ignore"):
        found = numbers(_compiled(expression, scene.substituted)(scene))
    return np.asarray(np.broadcast_to(found, batch.n_rows), dtype=np.float64)


@dataclass(frozen=True, eq=False)
class Scene(Mapping[str, Vector]):
    """What an expression reads: the columns of a batch, and beside them its predictions."""

    batch: Batch
    framing: Framing
    names: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Vector:
        return self.batch.columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.batch.columns)

    def __len__(self) -> int:
        return len(self.batch.columns)

    @cached_property
    def substituted(self) -> frozenset[str]:
        """Names that predictions stand for."""
        families = [name for name, label in self.framing.labels.items() if label.kind == "tags"]
        return frozenset({*self.batch.predictions, *self.names, *families, "score"})

    @cached_property
    def score(self) -> Floats:
        """The objective's score, or what stands in its place."""
        if self.batch.score is not None:
            return self.batch.score
        return expected(self.framing.objective.score, self.batch, self.framing, names=self.names)

    def prediction(self, name: str) -> Prediction | None:
        """Return the prediction of a task; None for the score and for a whole family of tags."""
        return self.batch.predictions.get(self.names.get(name, name))

    def distribution(self, name: str) -> Prediction | None:
        """Return the prediction that says most about a task: its quantiles where it has them beside it."""
        beside = self.batch.predictions.get(self.names.get(name, name) + QUANTILE)
        return beside if beside is not None else self.prediction(name)

    def value(self, name: str) -> Floats:
        """Return the expected value of a task; of a family of tags the expected share."""
        if name == "score":
            return self.score
        prediction = self.prediction(name)
        if prediction is not None:
            return value_of(prediction)
        members = [
            one.values
            for task, one in self.batch.predictions.items()
            if task.startswith(f"{name}_") and task not in self.framing.labels
        ]
        return np.mean(members, axis=0) if members else np.full(self.batch.n_rows, np.nan)


@lru_cache(maxsize=1024)
def _compiled(expression: Expression, tasks: frozenset[str]) -> Step:
    def build(node: exp.Expr) -> Step:
        if not reads(node, tasks):
            return compile_tree(node)
        return _EXPECTED.get(type(node), _plain)(node, tasks, build)

    return build(expression.tree)


def reads(node: exp.Expr, names: frozenset[str]) -> bool:
    """Return whether a part of an expression reads one of the names."""
    return any(column.name in names for column in node.find_all(exp.Column))


def subject(node: exp.Expr, names: frozenset[str]) -> str | None:
    """Return the name where a part of an expression is nothing but one of the names."""
    inner = node.unnest()
    return inner.name if isinstance(inner, exp.Column) and inner.name in names else None


def _scene(columns: Columns) -> Scene:
    assert isinstance(columns, Scene)
    return columns


def _plain(node: exp.Expr, tasks: frozenset[str], build: Build) -> Step:
    """Compute with the expected values of the parts."""
    return step_of(node, build)


def _column(node: exp.Expr, tasks: frozenset[str], build: Build) -> Step:
    name = node.name
    return lambda columns: number(_scene(columns).value(name))


def _call(node: exp.Expr, tasks: frozenset[str], build: Build) -> Step:
    is_hit = str(node.this).lower() in ("hit", "wrong")
    return _hit(node, tasks, build) if is_hit else step_of(node, build)


def _hit(node: exp.Expr, tasks: frozenset[str], build: Build) -> Step:
    name = subject(node.expressions[0], tasks)
    is_hit = str(node.this).lower() == "hit"

    def apply(columns: Columns) -> Vector:
        prediction = _scene(columns).prediction(name) if name else None
        if prediction is None:
            raise not_a_class(str(node.expressions[0]))
        chance = hit_probability(prediction)
        return number(chance if is_hit else 1.0 - chance)

    return apply


def _comparison(node: exp.Expr, tasks: frozenset[str], build: Build) -> Step:
    compute = COMPARISONS[type(node)]
    sides = [(node.this, node.expression, compute), (node.expression, node.this, MIRRORED[compute])]
    for side, other, turned in sides:
        name = subject(side, tasks)
        if name is not None and not reads(other, tasks):
            return _predicate(name, turned, build(other), step_of(node, build))
    return step_of(node, build)


def _predicate(name: str, compute: Any, bound: Step, point: Step) -> Step:
    def apply(columns: Columns) -> Vector:
        prediction = _scene(columns).distribution(name)
        if prediction is None:
            return point(columns)
        return number(probability(prediction, compute, bound(columns)))

    return apply


def _in(node: exp.Expr, tasks: frozenset[str], build: Build) -> Step:
    name = subject(node.this, tasks)
    if name is None:
        return step_of(node, build)
    items = [build(item) for item in dict.fromkeys(node.expressions)]
    point = step_of(node, build)

    def apply(columns: Columns) -> Vector:
        prediction = _scene(columns).distribution(name)
        if prediction is None:
            return point(columns)
        chances = [probability(prediction, operator.eq, item(columns)) for item in items]
        return number(np.minimum(np.sum(chances, axis=0), 1.0))

    return apply


def _between(node: exp.Expr, tasks: frozenset[str], build: Build) -> Step:
    name = subject(node.this, tasks)
    if name is None:
        return step_of(node, build)
    low, high = build(node.args["low"]), build(node.args["high"])
    point = step_of(node, build)

    def apply(columns: Columns) -> Vector:
        prediction = _scene(columns).distribution(name)
        if prediction is None or (prediction.task.kind != "binary" and not has_distribution(prediction)):
            return point(columns)
        limits = [numbers(one(columns)) for one in (low, high)]
        if prediction.task.kind == "binary":
            yes, no = (np.asarray((limits[0] <= y) & (y <= limits[1]), dtype=float) for y in (1.0, 0.0))
            return number(prediction.values * yes + (1.0 - prediction.values) * no)
        chances = [below(prediction, limit) for limit in limits]
        return number(np.maximum(chances[1] - chances[0], 0.0))

    return apply


def _and(node: exp.Expr, tasks: frozenset[str], build: Build) -> Step:
    left, right = build(node.this), build(node.expression)

    def apply(columns: Columns) -> Vector:
        one, other = _chance(left(columns)), _chance(right(columns))
        return number(np.where((one == 0) | (other == 0), 0.0, one * other))

    return apply


def _or(node: exp.Expr, tasks: frozenset[str], build: Build) -> Step:
    left, right = build(node.this), build(node.expression)

    def apply(columns: Columns) -> Vector:
        one, other = _chance(left(columns)), _chance(right(columns))
        return number(np.where((one == 1) | (other == 1), 1.0, one + other - one * other))

    return apply


def _not(node: exp.Expr, tasks: frozenset[str], build: Build) -> Step:
    inner = build(node.this)
    return lambda columns: number(1.0 - _chance(inner(columns)))


def _chance(operand: Vector) -> Floats:
    """Return an operand of AND, OR, NOT or CASE as a probability; a number above 1 counts as certain."""
    return np.clip(truths(operand) if operand.role == "text" else numbers(operand), 0.0, 1.0)


def _is(node: exp.Expr, tasks: frozenset[str], build: Build) -> Step:
    inner = build(node.this)
    if isinstance(node.expression, exp.Null):
        return step_of(node, build)
    wanted = bool(node.expression.this)

    def apply(columns: Columns) -> Vector:
        chance = np.nan_to_num(_chance(inner(columns)))
        return number(chance if wanted else 1.0 - chance)

    return apply


def _case(node: exp.Expr, tasks: frozenset[str], build: Build) -> Step:
    """Return the values of the branches, weighed by how likely each is taken."""
    whens = [(condition_of(node, one), one.args["true"]) for one in node.args["ifs"]]
    conditions = [(build(condition), build(then)) for condition, then in whens]
    is_certain = not any(reads(condition, tasks) for condition, _ in whens)
    default = node.args.get("default")
    otherwise = compile_tree(exp.Null()) if default is None else build(default)

    def apply(columns: Columns) -> Vector:
        chances = [np.nan_to_num(_chance(condition(columns))) for condition, _ in conditions]
        values = [then(columns) for _, then in conditions]
        if is_certain:
            return choose([chance == 1 for chance in chances], values, otherwise(columns))
        found, rest = np.zeros(()), np.ones(())
        for chance, value in zip(chances, values, strict=True):
            found = found + _weighed(rest * chance, numbers(value))
            rest = rest * (1.0 - chance)
        return number(found + _weighed(rest, numbers(otherwise(columns))))

    return apply


def _weighed(weight: Floats, value: Floats) -> Floats:
    return np.where(weight == 0, 0.0, weight * value)


_EXPECTED: dict[type[exp.Expr], Callable[[exp.Expr, frozenset[str], Build], Step]] = {
    exp.Column: _column,
    exp.Anonymous: _call,
    **dict.fromkeys(COMPARISONS, _comparison),
    exp.In: _in,
    exp.Between: _between,
    exp.And: _and,
    exp.Or: _or,
    exp.Not: _not,
    exp.Is: _is,
    exp.Case: _case,
}
