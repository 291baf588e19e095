"""Where a decision turns at one half: comparisons with .5, and two actions whose errors cost the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from sqlglot import exp

from truenorth.audit.stated.decided import Path, decided_by, named_in
from truenorth.decision.values import spelled_out
from truenorth.engine.arrays import evaluate
from truenorth.engine.vectors import Vector
from truenorth.errors import TrueNorthError
from truenorth.framing.expressions import Expression
from truenorth.framing.framing import Framing
from truenorth.framing.names import label_columns

_COMPARED = (exp.GT, exp.GTE, exp.LT, exp.LTE)
_CHANCES = ("binary", "tags")


def compared_with_half(framing: Framing) -> Iterator[tuple[Path, str]]:
    """Yield each place that compares a probability with .5, and the comparison as it is written."""
    chances = {
        name
        for task, label in framing.labels.items()
        if label.kind in _CHANCES
        for name in (task, *label_columns(task, label))
    }
    for path, expression in decided_by(framing):
        for node in expression.tree.find_all(*_COMPARED):
            sides = (node.left, node.right)
            is_chance = any(isinstance(side, exp.Column) and side.name in chances for side in sides)
            if is_chance and any(_is_half(side) for side in sides):
                yield path, node.sql()


def _is_half(node: exp.Expr) -> bool:
    return isinstance(node, exp.Literal) and not node.is_string and float(node.this) == 0.5


def equal_errors(framing: Framing) -> tuple[str, str, float] | None:
    """Return the two actions of a policy that turns at one half, and what either error costs.

    With costs a(p) and b(p) that are straight in the probability, the cheaper one changes where
    `(a(0) - b(0)) / ((a(0) - b(0)) + (b(1) - a(1))) = 1/2`: where both errors cost the same.
    """
    lines = _lines(framing)
    if lines is None:
        return None
    (one, (one_at_0, one_at_1)), (other, (other_at_0, other_at_1)) = lines.items()
    on_negatives, on_positives = one_at_0 - other_at_0, other_at_1 - one_at_1
    if on_negatives * on_positives <= 0 or not np.isclose(on_negatives, on_positives, rtol=1e-9):
        return None
    return one, other, abs(on_negatives)


def _lines(framing: Framing) -> Mapping[str, tuple[float, float]] | None:
    """Return what each of two actions costs at probability 0 and 1, where both read one binary task alone."""
    policy = framing.policy
    if policy is None or policy.each or len(policy.actions) != 2:
        return None
    costs = {action: spelled_out(cost, framing) for action, cost in policy.actions.items()}
    read = frozenset().union(*(cost.columns for cost in costs.values()))
    named = {task for cost in costs.values() for task in named_in(cost, framing)}
    if len(read) != 1 or read != named or framing.labels[next(iter(named))].kind != "binary":
        return None
    try:
        found = {action: _ends(cost, next(iter(read))) for action, cost in costs.items()}
    except TrueNorthError:
        return None
    return found if all(np.isfinite(ends).all() for ends in found.values()) else None


def _ends(cost: Expression, task: str) -> tuple[float, float]:
    values = evaluate(cost, {task: Vector.numbers([0.0, 1.0])}, 2).values
    return float(values[0]), float(values[1])
