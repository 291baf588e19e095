"""Whether a score is an expected value, or only a score.

The expected value of a sum is the sum of the expected values. That of a product is the product only where
each factor is predicted given the ones before: `click * conversion` where `conversion` is `given: click`.
Anything else (a square, a ratio, a product of labels that know nothing of each other) orders rows and is no
money.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlglot import exp

from truenorth.decision.predictions import COMPARISONS
from truenorth.decision.values import spelled_out
from truenorth.errors import Finding
from truenorth.framing.expressions import Expression
from truenorth.framing.framing import Framing
from truenorth.framing.labels import TIME_ANCHORS
from truenorth.framing.names import tasks

Term = frozenset[str]
"""Labels that are multiplied in one term of a sum."""
_RANKING = ("pairwise", "listwise")
_MAX_TERMS = 512


class _NotLinear(Exception):
    """The part that is not linear in its labels."""


def is_expected_value(expression: Expression, framing: Framing) -> bool:
    """Return whether expected labels make the expected value of an expression.

    It must be linear in each label it reads, and the labels of each product must form a `given` chain.

    Args:
        expression: A score or a cost.
        framing: Expanded.
    """
    return why_no_expected_value(expression, framing) is None


def why_no_expected_value(expression: Expression, framing: Framing) -> str | None:
    """Return what stands in the way of an expected value, as a clause; None where nothing does."""
    try:
        terms = _terms(expression.tree, framing)
    except _NotLinear as error:
        return f"{error} is not linear in its labels"
    for term in sorted(terms, key=sorted):
        broken = _broken_chain(term, framing)
        if broken:
            return broken
    return None


def score_findings(framing: Framing) -> tuple[Finding, ...]:
    """Return what is to be known of the score and the costs of an expanded framing.

    POLICY086, a warning: it is a score, no expected value. POLICY087: a ranking's score is used as a number.
    """
    findings: list[Finding] = []
    for path, expression in _valued(framing):
        where = ".".join(path)
        spelled = spelled_out(expression, framing)
        for name in sorted(_ranking_tasks(framing) & spelled.columns) if spelled.column is None else ():
            findings.append(_of_ranking(where, path, name))
        reason = why_no_expected_value(spelled, framing)
        if reason is not None:
            findings.append(_only_a_score(where, path, reason))
    return tuple(findings)


def _terms(node: exp.Expr, framing: Framing) -> frozenset[Term]:
    """Return the products of labels that an expression is a sum of; the empty one is a constant.

    Raises:
        _NotLinear: If it is no sum of products of different labels.
    """
    read = {column.name for column in node.find_all(exp.Column)} & framing.labels.keys()
    if not read:
        return frozenset({frozenset()})
    if isinstance(node, exp.Paren | exp.Neg):
        return _terms(node.this, framing)
    if isinstance(node, exp.Not):
        return _terms(node.this, framing) | {frozenset()}
    if isinstance(node, exp.Column):
        return frozenset({frozenset({node.name})})
    if isinstance(node, exp.Add | exp.Sub):
        return _terms(node.this, framing) | _terms(node.expression, framing)
    if isinstance(node, exp.Mul | exp.And):
        return _product(node, _terms(node.this, framing), _terms(node.expression, framing))
    if isinstance(node, exp.Or):
        left, right = _terms(node.this, framing), _terms(node.expression, framing)
        return left | right | _product(node, left, right)
    if isinstance(node, exp.Div) and not _reads_label(node.expression, framing):
        return _terms(node.this, framing)
    if isinstance(node, exp.Case):
        return _case(node, framing)
    if _is_chance(node, framing):
        return frozenset({frozenset(read)})
    raise _NotLinear(node.sql())


def _reads_label(node: exp.Expr, framing: Framing) -> bool:
    return any(column.name in framing.labels for column in node.find_all(exp.Column))


def _is_chance(node: exp.Expr, framing: Framing) -> bool:
    """Return whether a node is the chance of something about one label: hit, wrong, or a comparison."""
    if isinstance(node, exp.Anonymous):
        return str(node.this).lower() in ("hit", "wrong")
    if isinstance(node, exp.In):
        side, others = node.this, node.expressions
    elif isinstance(node, exp.Between):
        side, others = node.this, [node.args["low"], node.args["high"]]
    elif isinstance(node, tuple(COMPARISONS)):
        side, *others = sorted((node.this, node.expression), key=lambda one: not _reads_label(one, framing))
    else:
        return False
    return isinstance(side.unnest(), exp.Column) and not any(_reads_label(one, framing) for one in others)


def _product(node: exp.Expr, left: frozenset[Term], right: frozenset[Term]) -> frozenset[Term]:
    if any(one & other for one in left for other in right) or len(left) * len(right) > _MAX_TERMS:
        raise _NotLinear(node.sql())
    return frozenset(one | other for one in left for other in right)


def _case(node: exp.Expr, framing: Framing) -> frozenset[Term]:
    """Return the terms of the branches, each times the conditions that lead to it."""
    found: frozenset[Term] = frozenset()
    before: frozenset[Term] = frozenset({frozenset()})
    for when in node.args["ifs"]:
        condition = (
            when.this if node.this is None else exp.EQ(this=node.this.copy(), expression=when.this.copy())
        )
        chance = _terms(condition, framing)
        found |= _product(node, _product(node, before, chance), _terms(when.args["true"], framing))
        before = before | _product(node, before, chance)
    default = node.args.get("default")
    return found if default is None else found | _product(node, before, _terms(default, framing))


def _broken_chain(term: Term, framing: Framing) -> str | None:
    """Return why the labels of a product form no `given` chain; None where they do.

    The first label may have parents outside of the product. Each further one must be given exactly labels of
    the product that stand before it, the last of them among these.
    """
    rest = set(term)
    chain = [one for one in sorted(rest) if not _parents(framing, one) & rest]
    if len(term) > 1 and len(chain) > 1:
        return f"{' and '.join(chain[:2])} are multiplied and neither is `given` the other"
    rest -= set(chain)
    while rest:
        last = chain[-1:]
        following = [one for one in sorted(rest) if _parents(framing, one) <= set(chain)]
        if len(following) != 1 or not set(last) <= _parents(framing, following[0]):
            one = min(rest)
            return f"{one} is multiplied with what it is not predicted `given`"
        chain.append(following[0])
        rest.remove(following[0])
    return None


def _parents(framing: Framing, name: str) -> set[str]:
    """Return the labels without which a label is not defined: in its `given`, and its anchor."""
    label = framing.labels[name]
    given = label.given.columns & framing.labels.keys() - {name} if label.given is not None else set()
    return {*given} | ({label.anchor} if label.anchor not in TIME_ANCHORS else set())


def _valued(framing: Framing) -> Iterator[tuple[tuple[str, ...], Expression]]:
    """Yield the score, and what is compared as money."""
    yield ("objective", "score"), framing.objective.score
    if framing.policy is None:
        return
    for name, cost in framing.policy.actions.items():
        yield ("policy", "actions", name), cost
    if framing.policy.bid:
        yield ("policy", "bid", "amount"), framing.policy.bid.amount


def _ranking_tasks(framing: Framing) -> set[str]:
    settings: Mapping[str, object] = framing.models.tasks
    return {name for name in tasks(framing) if getattr(settings.get(name), "loss", None) in _RANKING}


def _only_a_score(where: str, path: tuple[str, ...], reason: str) -> Finding:
    return Finding(
        code="POLICY086",
        severity="warn",
        where=where,
        path=path,
        evidence=f"expected an expected value, got a score: {reason}.",
        fix="say given: LABEL where a label is defined only after another, "
        "or read the figure as an order, not as money.",
    )


def _of_ranking(where: str, path: tuple[str, ...], name: str) -> Finding:
    return Finding(
        code="POLICY087",
        where=where,
        path=path,
        evidence=f"expected probabilities or values, got {name!r}, whose loss only orders a list.",
        fix=f"write models: {{tasks: {{{name}: {{loss: ordinal}}}}}}, or use {name} alone as the score.",
    )
