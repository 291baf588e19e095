"""What an expression of the policy is worth on each row."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from sqlglot import exp

from truenorth.decision import score as scoring
from truenorth.decision.contract import Batch, Floats, Prediction
from truenorth.decision.predictions import value_of
from truenorth.engine.arrays import evaluate
from truenorth.engine.vectors import Vector
from truenorth.framing.expressions import Expression
from truenorth.framing.framing import Framing

SCORE = "score"


def value(
    expression: Expression, batch: Batch, framing: Framing, *, names: Mapping[str, str] | None = None
) -> Floats:
    """Return the expected value of an expression, shape (n,); NaN where it is not known, also if infinite."""
    found = scoring.expected(expression, batch, framing, names=names)
    return np.where(np.isfinite(found), found, np.nan)


def score(batch: Batch, framing: Framing) -> Floats:
    """Return the objective's score of each row, or what orders the rows in its place, shape (n,)."""
    if batch.score is not None:
        return np.asarray(batch.score, dtype=np.float64)
    return scoring.expected(framing.objective.score, batch, framing)


def holds(expression: Expression, batch: Batch, framing: Framing) -> NDArray[np.bool_]:
    """Return where a condition holds, shape (n,); what is unknown does not hold.

    A task stands for what is predicted itself, so that `hide > 0.1` compares a probability, `minutes > 30` an
    expected value and `intent = 'billing'` the most likely class.
    """
    seen = {name: _predicted(batch.predictions[name]) for name in expression.columns & {*batch.predictions}}
    if SCORE in expression.columns:
        seen[SCORE] = Vector.numbers(score(batch, framing))
    found = evaluate(expression, batch.columns.with_columns(seen), batch.n_rows).values
    return np.asarray(np.nan_to_num(found.astype(np.float64)) > 0)


def _predicted(one: Prediction) -> Vector:
    if one.task.kind != "class":
        return Vector.numbers(value_of(one))
    classes = np.empty(len(one.task.classes), dtype=object)
    classes[:] = one.task.classes
    return Vector("text", np.argmax(one.values, axis=1).astype(np.int32), classes)


def spelled_out(expression: Expression, framing: Framing) -> Expression:
    """Return the expression with the objective's own in the place of `score`, to see what it reads."""
    if SCORE not in expression.columns:
        return expression

    def swap(node: exp.Expr) -> exp.Expr:
        is_score = isinstance(node, exp.Column) and node.name == SCORE
        return exp.Paren(this=framing.objective.score.tree.copy()) if is_score else node

    return Expression(expression.tree.copy().transform(swap))
