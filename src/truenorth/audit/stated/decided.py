"""What a framing decides by: the expressions of its policy, their places, and the predictions they use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlglot import exp

from truenorth.decision.values import spelled_out
from truenorth.framing.expressions import Expression
from truenorth.framing.framing import Framing
from truenorth.framing.names import label_columns, tasks
from truenorth.framing.policy import RankRule

Path = tuple[str | int, ...]
_PROBABILITIES = ("binary", "class", "tags")
_ORDERED = (("policy", "rank", "by"), ("policy", "select", "by"), ("policy", "bid", "amount"))
"""Places whose expression may do nothing but order the rows."""


def decided_by(framing: Framing) -> Iterator[tuple[Path, Expression]]:
    """Yield each expression that a decision is made by, with its place; `score` is spelled out."""
    policy = framing.policy
    for index, rule in enumerate(framing.models.rules):
        yield ("models", "rules", index, "when"), rule.when
    if policy is None or policy.form is None:
        yield ("objective", "score"), framing.objective.score
        return
    for action, cost in policy.actions.items():
        yield ("policy", "actions", action), spelled_out(cost, framing)
    for path, by in zip(_ORDERED, (policy.rank, policy.select, policy.bid), strict=True):
        if by is not None:
            yield path, spelled_out(getattr(by, str(path[-1])), framing)
    for index, one in enumerate(policy.rank.rules if policy.rank else ()):
        yield from _conditions(index, one)


def _conditions(index: int, one: RankRule) -> Iterator[tuple[Path, Expression]]:
    for key in ("drop", "where", "pin"):
        condition = getattr(one, key)
        if condition is not None:
            yield ("policy", "rank", "rules", index, key), condition


def named_in(expression: Expression, framing: Framing) -> tuple[str, ...]:
    """Return the tasks that an expression reads, by their own name or by that of a tag."""
    return tuple(
        name
        for name in tasks(framing)
        if expression.columns & {name, *label_columns(name, framing.labels[name])}
    )


def ranked_alone(framing: Framing) -> str | None:
    """Return the task that orders a list all by itself, where one does."""
    if framing.policy is None or framing.policy.rank is None:
        return None
    name = bare(spelled_out(framing.policy.rank.by, framing))
    return name if name in framing.labels else None


def bare(expression: Expression) -> str | None:
    """Return the column that an expression is, brackets aside; None where it is more than one column."""
    tree: exp.Expr = expression.tree
    while isinstance(tree, exp.Paren):
        tree = tree.this
    return tree.name if isinstance(tree, exp.Column) else None


def computed_with(framing: Framing) -> Mapping[str, Path]:
    """Return the tasks whose prediction is used as a number, each with the first place that does so.

    A prediction that alone orders the rows is none of them: any scale would give the same order. Costs,
    products, sums and comparisons with a constant need the number itself.
    """
    found: dict[str, Path] = {}
    for path, expression in decided_by(framing):
        if path in (*_ORDERED, ("objective", "score")) and len(expression.columns) < 2:
            continue
        for task in named_in(expression, framing):
            found.setdefault(task, path)
    return found


def probabilities_used(framing: Framing) -> Mapping[str, Path]:
    """Return the tasks of `computed_with` whose prediction is a probability."""
    return {
        task: path
        for task, path in computed_with(framing).items()
        if framing.labels[task].kind in _PROBABILITIES
    }
