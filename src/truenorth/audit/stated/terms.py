"""The score as what it is made of: the terms it sums, the labels it pushes up, those it holds down.

A sign is read off the tree: `4*liked - hide` holds `hide` down, and so does `click * (1 - hide)`. What is
read of a tree that is not linear is only a direction, never a size.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlglot import exp

from truenorth.audit.subject import Subject
from truenorth.framing.expressions import Expression
from truenorth.framing.framing import Framing
from truenorth.framing.names import label_columns

_TWO_SIDED = (exp.Add, exp.Sub, exp.Div, exp.And, exp.Or, exp.LT, exp.LTE, exp.GT, exp.GTE)
_FALLS_LEFT = (exp.LT, exp.LTE)
_FALLS_RIGHT = (exp.Sub, exp.Div, exp.GT, exp.GTE)


@dataclass(frozen=True)
class Term:
    """One summand of an expression."""

    expression: Expression
    """What is summed, without its factor."""
    weight: float
    """The literal factor with its sign; 1 where none is written."""
    labels: tuple[str, ...]
    """Labels that it reads, in the order of the framing."""

    @property
    def name(self) -> str:
        """The term as it is written, without its factor."""
        return self.expression.text

    @property
    def is_constant(self) -> bool:
        """Whether it is the same for every row."""
        return not self.expression.columns


def terms_of(expression: Expression, framing: Framing) -> tuple[Term, ...]:
    """Return the summands of an expression; a factor before a bracket is carried into it.

    Args:
        expression: A score or a cost.
        framing: Expanded; says which names are labels.
    """
    return tuple(
        Term(Expression(node), weight, labels_in(Expression(node).columns, framing))
        for node, weight in _summands(expression.tree, 1.0)
    )


def labels_in(names: frozenset[str] | set[str], framing: Framing) -> tuple[str, ...]:
    """Return the labels among names; a member of a family stands for the family."""
    return tuple(
        name
        for name, label in framing.labels.items()
        if name in names or names & set(label_columns(name, label))
    )


def made_of(names: tuple[str, ...], framing: Framing) -> frozenset[str]:
    """Return labels and what they are combined of, down to the last."""
    found: set[str] = set()
    rest = list(names)
    while rest:
        name = rest.pop()
        if name in found:
            continue
        found.add(name)
        combine = framing.labels[name].combine
        rest += labels_in(combine.columns, framing) if combine is not None else ()
    return frozenset(found)


def directions(expression: Expression, framing: Framing) -> Mapping[str, int]:
    """Return for each label whether the expression rises (1) or falls (-1) with it; 0 is not plain.

    A factor counts as positive, unless it is a literal below 0.
    """
    found = dict.fromkeys(labels_in(expression.columns, framing), 0)
    for name in found:
        columns = {name, *label_columns(name, framing.labels[name])}
        seen = set(_slopes(expression.tree, columns, 1))
        found[name] = seen.pop() if len(seen) == 1 else 0
    return found


def is_pushed(subject: Subject) -> bool:
    """Return whether decisions go where the score is high, so that whatever raises it spreads.

    That is a list, a bid, a selection among pairs (a person and a thing), or a list without a policy. Where
    each action has its cost, where a guarantee is kept or a quantity ordered, the score is a forecast: it is
    weighed, not maximised.
    """
    framing = subject.framing
    policy, table = framing.policy, framing.table
    form = None if policy is None else policy.form
    if form == "select":
        return len(table.entity) > 1
    is_list = bool(table.group) or table.position is not None or table.shown is not None
    return form in ("rank", "bid") or (form is None and is_list)


def kpi_labels(framing: Framing) -> frozenset[str]:
    """Return the labels that the KPI measures, and what they are combined of."""
    kpi = framing.business.kpi
    if kpi is None or kpi.metric.argument is None:
        return frozenset()
    return made_of(labels_in(kpi.metric.argument.columns, framing), framing)


def counterweights(subject: Subject) -> tuple[str, ...]:
    """Return what speaks against the score: falling terms, guardrails and constraints on other outcomes."""
    framing = subject.framing
    score = framing.objective.score
    falling = [name for name, way in directions(score, framing).items() if way < 0]
    falling += [term.name for term in terms_of(score, framing) if term.weight < 0 and not term.is_constant]
    inside = made_of(labels_in(score.columns, framing), framing)
    guards = framing.experiment.guardrails if framing.experiment else ()
    for metric in (*(one.metric for one in guards), *(one.metric for one in framing.constraints)):
        outside = set(labels_in(metric.columns, framing)) - inside
        if outside or metric.name == "external":
            falling.append(str(metric))
    return tuple(dict.fromkeys(falling))


def number_of(node: exp.Expr) -> float | None:
    """Return a literal number with its sign, None for anything else."""
    if isinstance(node, exp.Paren):
        return number_of(node.this)
    if isinstance(node, exp.Neg):
        inner = number_of(node.this)
        return None if inner is None else -inner
    return float(node.this) if isinstance(node, exp.Literal) and not node.is_string else None


def finite_number(expression: Expression | None) -> float | None:
    """Return the number that an expression is, None where it is missing, reads something or is infinite."""
    number = None if expression is None else number_of(expression.tree)
    return number if number is not None and math.isfinite(number) else None


def _summands(node: exp.Expr, weight: float) -> Iterator[tuple[exp.Expr, float]]:
    if isinstance(node, exp.Paren):
        yield from _summands(node.this, weight)
    elif isinstance(node, exp.Neg):
        yield from _summands(node.this, -weight)
    elif isinstance(node, exp.Add | exp.Sub):
        yield from _summands(node.this, weight)
        yield from _summands(node.expression, -weight if isinstance(node, exp.Sub) else weight)
    elif isinstance(node, exp.Mul) and (factor := number_of(node.this)) is not None:
        yield from _summands(node.expression, weight * factor)
    elif isinstance(node, exp.Mul) and (factor := number_of(node.expression)) is not None:
        yield from _summands(node.this, weight * factor)
    elif isinstance(node, exp.Div) and (factor := number_of(node.expression)):
        yield from _summands(node.this, weight / factor)
    else:
        yield node, weight


def _slopes(node: exp.Expr, columns: set[str], way: int) -> Iterator[int]:
    """Yield the direction of each place at which a label stands; 0 where the tree does not say."""
    if isinstance(node, exp.Column):
        if node.name in columns:
            yield way
        return
    if isinstance(node, exp.Neg | exp.Not):
        yield from _slopes(node.this, columns, -way)
    elif isinstance(node, exp.Paren):
        yield from _slopes(node.this, columns, way)
    elif isinstance(node, exp.Mul):
        factors = [number_of(node.this), number_of(node.expression)]
        turned = -way if any(factor is not None and factor < 0 for factor in factors) else way
        yield from _slopes(node.this, columns, turned)
        yield from _slopes(node.expression, columns, turned)
    elif isinstance(node, _TWO_SIDED):
        yield from _slopes(node.this, columns, -way if isinstance(node, _FALLS_LEFT) else way)
        yield from _slopes(node.expression, columns, -way if isinstance(node, _FALLS_RIGHT) else way)
    elif isinstance(node, exp.Anonymous) and str(node.this).lower() in (
        "greatest",
        "least",
        "hit",
        "coalesce",
    ):
        for argument in node.expressions:
            yield from _slopes(argument, columns, way)
    elif any(column.name in columns for column in node.find_all(exp.Column)):
        yield 0
