"""What one prediction says about its task: the expected value, and the probability of a condition on it."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlglot import exp

from truenorth.decision.contract import Floats, Prediction
from truenorth.engine.vectors import Vector
from truenorth.errors import Finding, FramingError, suggest

Compare = Callable[[Any, Any], Any]
COMPARISONS: dict[type[exp.Expr], Compare] = {
    exp.EQ: operator.eq, exp.NEQ: operator.ne, exp.LT: operator.lt, exp.LTE: operator.le,
    exp.GT: operator.gt, exp.GTE: operator.ge,
}  # fmt: skip
MIRRORED: dict[Compare, Compare] = {
    operator.lt: operator.gt, operator.le: operator.ge, operator.gt: operator.lt, operator.ge: operator.le,
    operator.eq: operator.eq, operator.ne: operator.ne,
}  # fmt: skip
"""The same comparison with its sides exchanged."""
_BELOW = (operator.lt, operator.le)
_ABOVE = (operator.gt, operator.ge)


def condition_of(case: exp.Expr, when: exp.Expr) -> exp.Expr:
    """Return the condition of a branch of CASE; `case x when 1` compares."""
    condition: exp.Expr = when.this
    return condition if case.this is None else exp.EQ(this=case.this.copy(), expression=condition.copy())


def value_of(prediction: Prediction, *, level: float = 0.5) -> Floats:
    """Return the number that stands for a task in an expression, shape (n,).

    A probability, an expected value or grade, a score; of quantiles the one at `level`; of a time to an event
    the expected time within the last bin, days: the integral of the chance that it has not happened.

    Raises:
        FramingError: If the task is a class, which is no number.
    """
    task, values = prediction.task, prediction.values
    if task.kind == "class":
        raise FramingError(
            Finding(
                code="POLICY081",
                where=f"labels.{task.name}",
                path=("labels", task.name),
                evidence=f"expected a number in a score, got the class {task.name!r}.",
                fix=f"compare it, for example {task.name} = '{task.classes[0] if task.classes else 'a'}', "
                f"or write hit({task.name}).",
            )
        )
    if task.loss == "quantile":
        return quantile_at(prediction, level)
    if task.loss == "hazard":
        ends, happened = _with_start(prediction)
        alive = 1.0 - happened
        return np.asarray(((alive[:, 1:] + alive[:, :-1]) / 2) @ np.diff(ends))
    return values


def quantile_at(prediction: Prediction, level: float) -> Floats:
    """Return the quantile at a level, between the predicted levels by a straight line, shape (n,)."""
    levels = np.asarray(prediction.task.levels)
    place = int(np.clip(np.searchsorted(levels, level), 1, max(len(levels) - 1, 1)))
    if len(levels) == 1 or level <= levels[0] or level >= levels[-1]:
        return np.asarray(prediction.values[:, 0 if level <= levels[0] else len(levels) - 1])
    share = (level - levels[place - 1]) / (levels[place] - levels[place - 1])
    return np.asarray(prediction.values[:, place - 1] * (1 - share) + prediction.values[:, place] * share)


def has_distribution(prediction: Prediction) -> bool:
    """Return whether the prediction says how likely other values are, not only which is expected."""
    task = prediction.task
    if task.loss == "quantile":
        return len(task.levels) > 1
    return task.kind in ("binary", "class") or task.loss == "hazard"


def probability(prediction: Prediction, compute: Compare, bound: Vector) -> Floats:
    """Return the probability that a task compares with a bound, shape (n,).

    Args:
        prediction: Of a task of any kind. A number without quantiles, and a grade, give 0 or 1: whether the
            predicted value compares.
        compute: An operator: `operator.le`, ...
        bound: Shape (n,), or () where it is the same for every row.
    """
    if prediction.task.kind == "class":
        chance = _class_probability(prediction, bound)
        return _of_equality(compute, chance)
    limit = np.asarray(bound.values, dtype=np.float64)
    if prediction.task.kind == "binary":
        yes, no = (np.asarray(compute(outcome, limit), dtype=np.float64) for outcome in (1.0, 0.0))
        found = prediction.values * yes + (1.0 - prediction.values) * no
    elif has_distribution(prediction):
        found = _of_distribution(compute, below(prediction, limit))
    else:
        found = np.asarray(compute(value_of(prediction), limit), dtype=np.float64)
    return np.where(np.isnan(limit), np.nan, found)


def below(prediction: Prediction, limit: Floats) -> Floats:
    """Return the probability of a value at or below a limit, from quantiles or the bins of a hazard.

    Straight lines join the predicted points. Beyond the outer quantiles the outer line goes on until 0 or 1;
    beyond the last bin nothing is known, and the probability stays.
    """
    if prediction.task.loss == "hazard":
        points, chances = _with_start(prediction)
        points = np.broadcast_to(points, chances.shape)
    else:
        points, chances = prediction.values, np.asarray(prediction.task.levels)
        chances = np.broadcast_to(chances, points.shape)
    bound = np.broadcast_to(limit, len(points))
    place = np.clip((points <= bound[:, None]).sum(axis=1), 1, points.shape[1] - 1)
    rows = np.arange(len(points))
    low, high = points[rows, place - 1], points[rows, place]
    first, last = chances[rows, place - 1], chances[rows, place]
    width = np.where(high > low, high - low, 1.0)
    # outer quantiles that are equal stand for a jump: all or nothing on its two sides
    jump = np.select([bound > low, bound < low], [np.inf, -np.inf], 1.0)
    share = np.where(high > low, (bound - low) / width, jump)
    if prediction.task.loss == "hazard":
        share = np.clip(share, 0.0, 1.0)
    return np.asarray(np.clip(first + share * (last - first), 0.0, 1.0))


def chosen(prediction: Prediction) -> NDArray[np.int64]:
    """Return the most likely class of each row, as a code into the task's classes."""
    return np.asarray(prediction.values.argmax(axis=1))


def hit_probability(prediction: Prediction) -> Floats:
    """Return the probability that the chosen class is right, shape (n,): the greatest one."""
    if prediction.task.kind == "binary":
        return np.maximum(prediction.values, 1.0 - prediction.values)
    if prediction.task.kind != "class":
        raise not_a_class(prediction.task.name)
    return np.asarray(prediction.values.max(axis=1))


def not_a_class(task: str) -> FramingError:
    """Return the error for hit or wrong of something that has no classes."""
    return FramingError(
        Finding(
            code="POLICY082",
            where=f"labels.{task}",
            path=("labels", task),
            evidence=f"expected a class in hit or wrong, got {task!r}, which has none.",
            fix="name a label of kind class.",
        )
    )


def _class_probability(prediction: Prediction, bound: Vector) -> Floats:
    if bound.levels is None:
        raise not_a_class(f"{prediction.task.name} beside a {bound.role}")
    codes = {name: code for code, name in enumerate(prediction.task.classes)}
    for level in bound.levels:
        if bound.values.ndim == 0 and level not in codes:
            raise _unknown_class(prediction, level)
    place = np.append([codes.get(level, -1) for level in bound.levels], -1).astype(np.int64)[bound.values]
    padded = np.column_stack([prediction.values, np.zeros(len(prediction.values))])
    found = padded[np.arange(len(padded)), np.broadcast_to(place, len(padded))]
    return np.asarray(np.where(bound.values < 0, np.nan, found))


def _unknown_class(prediction: Prediction, name: str) -> FramingError:
    classes = prediction.task.classes
    shown = ", ".join(classes[:6]) + (", ..." if len(classes) > 6 else "")
    return FramingError(
        Finding(
            code="POLICY083",
            where=f"labels.{prediction.task.name}",
            path=("labels", prediction.task.name),
            evidence=f"expected a class of {prediction.task.name!r} ({shown}), got {name!r}.",
            fix=suggest(name, classes, otherwise="name one of its classes."),
        )
    )


def _of_equality(compute: Compare, chance: Floats) -> Floats:
    if compute is operator.eq:
        return chance
    if compute is operator.ne:
        return 1.0 - chance
    raise FramingError(
        Finding(
            code="POLICY084",
            where="expression",
            evidence="expected =, <> or IN beside a class, got a comparison of size.",
            fix="compare a class with =, <> or IN.",
        )
    )


def _of_distribution(compute: Compare, chance: Floats) -> Floats:
    """Return the probability of a comparison with a limit, given that of values at or below it."""
    if compute in _BELOW:
        return chance
    if compute in _ABOVE:
        return 1.0 - chance
    # a value that varies without steps hits one number with probability 0
    return np.zeros_like(chance) if compute is operator.eq else np.ones_like(chance)


def _with_start(prediction: Prediction) -> tuple[Floats, Floats]:
    """Return the ends of the bins and the probabilities there, from time 0 on."""
    ends = np.concatenate([[0.0], prediction.task.bins])
    return ends, np.column_stack([np.zeros(len(prediction.values)), prediction.values])
