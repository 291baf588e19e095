"""Expressions over labels: a value, and how certain it is.

The state of an expression is the worst of its parts', unless one part decides it: an observed 0 in a product,
an observed false in AND, an observed true in OR, the first observed value of `coalesce`. A part whose `given`
label stands in the same expression, observed 0, counts as 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlglot import exp

from truenorth.engine.lowering import Tree, both, call, lower, number, when
from truenorth.framing.expressions import Expression
from truenorth.labels.contract import IMMATURE, OBSERVED


@dataclass(frozen=True)
class Verdict:
    """A value with its state, 0 undefined, 1 immature, 2 observed; None stands for always observed."""

    value: Tree
    state: Tree | None

    def is_state(self, state: int) -> Tree:
        """Whether the state is the given one."""
        if self.state is None:
            return exp.true() if state == OBSERVED else exp.false()
        return exp.EQ(this=exp.paren(self.state.copy()), expression=number(state))


Part = Callable[[str], Verdict]


def judge(expression: Expression, part: Part) -> Verdict:
    """Return the value and state of an expression, given those of the names it reads."""
    return _judge(expression.tree, part)


def worst(*states: Tree | None) -> Tree | None:
    """Return the smallest of the states."""
    present = [state.copy() for state in states if state is not None]
    if not present:
        return None
    return present[0] if len(present) == 1 else call("least", *present)


def _judge(node: Tree, part: Part) -> Verdict:
    if isinstance(node, exp.Paren):
        return _judge(node.this, part)
    if isinstance(node, exp.Column):
        return part(node.name)
    if isinstance(node, exp.And | exp.Or | exp.Mul):
        return _decided(node, _judge(node.this, part), _judge(node.expression, part))
    if isinstance(node, exp.Anonymous) and str(node.this).lower() == "coalesce":
        return _coalesce([_judge(argument, part) for argument in node.expressions])
    return _plain(node, part)


def _plain(node: Tree, part: Part) -> Verdict:
    """Judge the operands, then apply the node to their values."""
    operands: dict[str, Verdict] = {}
    copy = node.copy()
    whole = isinstance(node, exp.Case | exp.Cast)
    for child in list(copy.find_all(exp.Column)) if whole else list(copy.iter_expressions()):
        if isinstance(child, exp.Literal | exp.Null | exp.Boolean):
            continue
        name = f"operand {len(operands)}"
        operands[name] = _judge(child.copy(), part)
        child.replace(exp.column(exp.to_identifier(name, quoted=True)))
    value = lower(Expression(copy), lambda name: exp.paren(operands[name].value.copy()))
    return Verdict(value, worst(*(operand.state for operand in operands.values())))


def _decided(node: Tree, left: Verdict, right: Verdict) -> Verdict:
    if isinstance(node, exp.Mul):

        def decides(side: Verdict) -> Tree:
            return exp.EQ(this=exp.paren(side.value.copy()), expression=number(0))

        outcome: Tree = number(0)
    else:
        is_and = isinstance(node, exp.And)

        def decides(side: Verdict) -> Tree:
            truth = exp.cast(exp.paren(side.value.copy()), "BOOLEAN")
            return exp.Not(this=truth) if is_and else truth

        outcome = exp.false() if is_and else exp.true()
    decided = exp.or_(
        both(left.is_state(OBSERVED), decides(left)), both(right.is_state(OBSERVED), decides(right))
    )
    cast = (lambda tree: tree) if isinstance(node, exp.Mul) else (lambda tree: exp.cast(tree, "BOOLEAN"))
    plain = type(node)(
        this=cast(exp.paren(left.value.copy())), expression=cast(exp.paren(right.value.copy()))
    )
    state = worst(left.state, right.state)
    value = when(decided, outcome, plain)
    return Verdict(value, None if state is None else when(decided.copy(), number(OBSERVED), state))


def _coalesce(parts: list[Verdict]) -> Verdict:
    """Take the first observed value; an immature part before it leaves the outcome open."""
    *earlier, last = parts
    value, state = last.value.copy(), last.state.copy() if last.state is not None else number(OBSERVED)
    for verdict in reversed(earlier):
        known = both(verdict.is_state(OBSERVED), verdict.value.copy().is_(exp.null()).not_())
        assert known is not None
        value = when(known, verdict.value.copy(), value)
        waits = exp.If(this=verdict.is_state(IMMATURE), true=number(IMMATURE))
        state = exp.Case(ifs=[exp.If(this=known.copy(), true=number(OBSERVED)), waits], default=state)
    return Verdict(value, state)
