"""Expressions over tasks, on labels: what a row turned out to be worth, and where that is known.

The outcome is as certain as the least certain label that is read, unless one part decides it: an observed 0
in a product, an observed false in AND, an observed true in OR, the first observed value of `coalesce`, the
branch of CASE that is taken. A label whose `given` label stands in the same expression, observed 0, counts
as 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlglot import exp

from truenorth.decision.contract import Batch, Decisions, Floats
from truenorth.decision.predictions import COMPARISONS, MIRRORED, chosen, condition_of, not_a_class
from truenorth.engine.arrays import choose, compile_tree, step_of
from truenorth.engine.arrays_operands import number, numbers, truths
from truenorth.engine.vectors import Vector
from truenorth.errors import Finding, FramingError
from truenorth.examples.dataset import Dataset, Outcomes
from truenorth.framing.expressions import Expression
from truenorth.framing.framing import Framing

UNDEFINED, IMMATURE, OBSERVED = 0, 1, 2
State = NDArray[np.int8] | None
"""How certain each row is, `UNDEFINED` to `OBSERVED`; None is observed everywhere."""


@dataclass(frozen=True, eq=False)
class Realised:
    """An expression on what happened."""

    values: Floats
    """Shape (n,); NaN where it is not known."""
    known: NDArray[np.bool_]
    """Where every label that decides the value is observed, and the value is not NULL, shape (n,)."""
    is_immature: NDArray[np.bool_]
    """Where it will be known once more time has passed, shape (n,)."""


@dataclass(frozen=True, eq=False)
class Verdict:
    """A value of every row, with how certain it is."""

    value: Vector
    state: State = None

    def is_state(self, state: int) -> Any:
        """Whether the state is the given one, shape (n,) or a plain truth."""
        return (state == OBSERVED) if self.state is None else self.state == state


def realised(
    expression: Expression,
    dataset: Dataset,
    *,
    batch: Batch | None = None,
    decisions: Decisions | None = None,
    names: Mapping[str, str] | None = None,
) -> Realised:
    """Return what an expression turned out to be on each row.

    Args:
        expression: A score, a cost, or what a metric measures.
        dataset: Rows with their labels.
        batch: The same rows with predictions; `hit(task)` needs them to say which class was chosen.
        decisions: What was decided; `action` and the decided quantity are read from it.
        names: Other names of labels: under `each: tag`, `{"tag": "tag_red"}` lets `tag` stand for one tag.

    Raises:
        FramingError: If a name is neither a label nor a column, or hit is asked for without predictions.
    """
    scene = _Scene(dataset, batch, decisions, names or {}, expression.columns)
    with np.errstate(all="ignore"):
        found = _compiled(expression, scene.labels)(scene)
        values = np.broadcast_to(numbers(found.value), dataset.n_rows)
    certain = np.broadcast_to(OBSERVED if found.state is None else found.state, dataset.n_rows)
    known = (certain == OBSERVED) & ~np.isnan(values)
    return Realised(np.where(known, values, np.nan), known, np.asarray(certain == IMMATURE))


@dataclass(frozen=True, eq=False)
class _Scene(Mapping[str, Vector]):
    """What an expression reads: columns and decisions as vectors, and labels with their states."""

    dataset: Dataset
    batch: Batch | None
    decisions: Decisions | None
    names: Mapping[str, str]
    beside: frozenset[str]
    """Names that stand in the whole expression."""
    decided: dict[str, Vector] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.decided.update(_decided(self.framing, self.decisions, self.names))

    @property
    def framing(self) -> Framing:
        return self.dataset.framing

    @property
    def labels(self) -> frozenset[str]:
        """Names that outcomes stand for; a column named `score` says what it is."""
        names = {*self.dataset.labels, *self.dataset.families, *self.names}
        return frozenset(names if "score" in self.dataset.columns else names | {"score"})

    def __getitem__(self, name: str) -> Vector:
        found = self.decided.get(name)
        return self.dataset.columns[name] if found is None else found

    def __iter__(self) -> Iterator[str]:
        return iter({**self.dataset.columns, **self.decided})

    def __len__(self) -> int:
        return len({**self.dataset.columns, **self.decided})

    def outcomes(self, name: str) -> Outcomes | None:
        return self.dataset.labels.get(self.names.get(name, name))

    def verdict(self, name: str) -> Verdict:
        """Return a label's value and state; the score is what its expression says."""
        if name == "score":
            return _compiled(self.framing.objective.score, self.labels)(self)
        outcomes = self.outcomes(name)
        if outcomes is None:
            return self._family(name)
        state = _certainty(outcomes)
        if outcomes.kind == "class":
            return Verdict(outcomes.values, state)
        no = self.said_no(name)
        if no is None:
            return Verdict(outcomes.values, state)
        return Verdict(number(np.where(no, 0.0, outcomes.values.values)), np.where(no, OBSERVED, state))

    def _family(self, name: str) -> Verdict:
        """Return the share of a family's tags that hold."""
        members = [self.verdict(one) for one in self.dataset.families[name]]
        total = np.mean([numbers(one.value) for one in members], axis=0)
        return Verdict(number(total), worst(*(one.state for one in members)))

    def said_no(self, name: str) -> NDArray[np.bool_] | None:
        """Return where a label's `given` label, beside it in the expression, was observed 0."""
        label = self.framing.labels.get(name)
        parent = None if label is None or label.given is None else label.given.column
        outcomes = self.dataset.labels.get(parent or "")
        if parent not in self.beside or outcomes is None or outcomes.kind == "class":
            return None
        no = np.asarray(outcomes.is_observed & (outcomes.values.values == 0))
        further = self.said_no(parent)
        return no if further is None else no | further


def _decided(framing: Framing, decisions: Decisions | None, names: Mapping[str, str]) -> dict[str, Vector]:
    if decisions is None:
        return {}
    found: dict[str, Vector] = {}
    action = next((decisions.tags[one] for one in names.values() if one in decisions.tags), decisions.action)
    if action is not None:
        found["action"] = action
    if decisions.quantity is not None:
        quantity = framing.policy.quantity if framing.policy else None
        found[quantity.name if quantity else "quantity"] = Vector.numbers(decisions.quantity)
    if decisions.rank is not None:
        found["rank"] = Vector.numbers(decisions.rank)
        found["shown"] = Vector.booleans(decisions.rank > 0)
    return found


def _certainty(outcomes: Outcomes) -> NDArray[np.int8]:
    """Return the state of a label, larger where more is known; an event that came early waits too."""
    return np.asarray(OBSERVED - outcomes.state, dtype=np.int8)


def worst(*states: State) -> State:
    """Return the least certain of the states."""
    present = [state for state in states if state is not None]
    return reduce(np.minimum, present) if present else None


Judge = Callable[[_Scene], Verdict]


@lru_cache(maxsize=1024)
def _compiled(expression: Expression, labels: frozenset[str]) -> Judge:
    return _judge(expression.tree, labels)


def _judge(node: exp.Expr, labels: frozenset[str]) -> Judge:
    if not any(column.name in labels for column in node.find_all(exp.Column)):
        step = compile_tree(node)
        return lambda scene: Verdict(step(scene))
    return _FORMS.get(type(node), _plain)(node, labels)


def _plain(node: exp.Expr, labels: frozenset[str]) -> Judge:
    """Judge the parts, then apply the node to their values; as certain as the least certain part."""
    parts: list[Judge] = []

    def slot(part: exp.Expr) -> Callable[[Any], Vector]:
        place = len(parts)
        parts.append(_judge(part, labels))
        return lambda operands: operands[place]

    step = step_of(node, slot)

    def judge(scene: _Scene) -> Verdict:
        verdicts = [part(scene) for part in parts]
        # the node reads its operands by place, where it would read columns by name
        value = step(dict(enumerate(one.value for one in verdicts)))  # type: ignore[arg-type]
        return Verdict(value, worst(*(one.state for one in verdicts)))

    return judge


def _label(node: exp.Expr, labels: frozenset[str]) -> Judge:
    name = node.name
    return lambda scene: scene.verdict(name)


def _paren(node: exp.Expr, labels: frozenset[str]) -> Judge:
    return _judge(node.this, labels)


def _product(node: exp.Expr, labels: frozenset[str]) -> Judge:
    left, right = _judge(node.this, labels), _judge(node.expression, labels)

    def judge(scene: _Scene) -> Verdict:
        one, other = left(scene), right(scene)
        x, y = numbers(one.value), numbers(other.value)
        return _settled(one, other, x == 0, y == 0, 0.0, x * y)

    return judge


def _logic(node: exp.Expr, labels: frozenset[str]) -> Judge:
    left, right = _judge(node.this, labels), _judge(node.expression, labels)
    decides = 0.0 if isinstance(node, exp.And) else 1.0
    combine = np.minimum if isinstance(node, exp.And) else np.maximum

    def judge(scene: _Scene) -> Verdict:
        one, other = left(scene), right(scene)
        x, y = truths(one.value), truths(other.value)
        return _settled(one, other, x == decides, y == decides, decides, combine(x, y))

    return judge


def _settled(one: Verdict, other: Verdict, left: Any, right: Any, outcome: float, plain: Any) -> Verdict:
    """Return the outcome where an observed side decides it, else what both sides make."""
    decided = (one.is_state(OBSERVED) & left) | (other.is_state(OBSERVED) & right)
    state = worst(one.state, other.state)
    certain = None if state is None else np.where(decided, np.int8(OBSERVED), state)
    return Verdict(number(np.where(decided, outcome, plain)), certain)


def _call(node: exp.Expr, labels: frozenset[str]) -> Judge:
    name = str(node.this).lower()
    if name in ("hit", "wrong"):
        return _hit(node, name == "hit")
    return _coalesce(node, labels) if name == "coalesce" else _plain(node, labels)


def _hit(node: exp.Expr, is_hit: bool) -> Judge:
    """Compare the chosen class with what happened; where `given` is observed false, none was right."""
    task = node.expressions[0].unnest()

    def judge(scene: _Scene) -> Verdict:
        outcomes = scene.outcomes(task.name)
        if outcomes is None or outcomes.kind not in ("class", "binary"):
            raise not_a_class(str(task))
        right, state = _right(scene, task.name, outcomes), _certainty(outcomes)
        label = scene.framing.labels.get(task.name)
        if label is not None and label.given is not None and label.given.columns <= scene.labels:
            given = _compiled(label.given, scene.labels)(scene)
            no = given.is_state(OBSERVED) & (truths(given.value) == 0)
            right, state = np.where(no, 0.0, right), np.where(no, np.int8(OBSERVED), state)
        return Verdict(number(right if is_hit else 1.0 - right), state)

    return judge


def _right(scene: _Scene, name: str, outcomes: Outcomes) -> Floats:
    prediction = scene.batch.predictions.get(scene.names.get(name, name)) if scene.batch else None
    if prediction is None:
        raise FramingError(
            Finding(
                code="POLICY085",
                where="expression",
                evidence=f"expected predictions of {name!r} beside hit or wrong, got none.",
                fix="evaluate it where a model has chosen a class.",
            )
        )
    if outcomes.kind == "binary":
        actual = outcomes.values.values
        return np.where(np.isnan(actual), np.nan, (prediction.values >= 0.5) == (actual == 1))
    codes = {text: code for code, text in enumerate(prediction.task.classes)}
    levels = outcomes.values.levels if outcomes.values.levels is not None else ()
    actual = np.asarray([*(codes.get(level, -1) for level in levels), -1])[outcomes.values.values]
    return np.where(outcomes.values.is_null, np.nan, chosen(prediction) == actual)


def _coalesce(node: exp.Expr, labels: frozenset[str]) -> Judge:
    """Take the first observed value; an immature part before it leaves the outcome open."""
    judges = [_judge(argument, labels) for argument in node.expressions]

    def judge(scene: _Scene) -> Verdict:
        *earlier, last = [one(scene) for one in judges]
        known = [one.is_state(OBSERVED) & ~one.value.is_null for one in earlier]
        value = choose([np.asarray(one) for one in known], [one.value for one in earlier], last.value)
        state: Any = OBSERVED if last.state is None else last.state
        for is_known, verdict in zip(reversed(known), reversed(earlier), strict=True):
            waits = np.where(verdict.is_state(IMMATURE), IMMATURE, state)
            state = np.where(is_known, OBSERVED, waits).astype(np.int8)
        return Verdict(value, np.asarray(state, dtype=np.int8))

    return judge


def _case(node: exp.Expr, labels: frozenset[str]) -> Judge:
    """Take the branch whose condition holds; the conditions before it and its own value must be known."""
    whens = [(condition_of(node, one), one.args["true"]) for one in node.args["ifs"]]
    judges = [(_judge(condition, labels), _judge(then, labels)) for condition, then in whens]
    default = node.args.get("default")
    otherwise = _judge(exp.Null() if default is None else default, labels)

    def judge(scene: _Scene) -> Verdict:
        conditions = [condition(scene) for condition, _ in judges]
        values = [then(scene) for _, then in judges]
        last = otherwise(scene)
        holds = [truths(one.value) == 1 for one in conditions]
        state: Any = OBSERVED if last.state is None else last.state
        for taken, condition, value in reversed(list(zip(holds, conditions, values, strict=True))):
            branch = OBSERVED if value.state is None else value.state
            state = np.minimum(
                np.where(taken, branch, state), OBSERVED if condition.state is None else condition.state
            )
        return Verdict(choose(holds, [one.value for one in values], last.value), np.asarray(state, np.int8))

    return judge


def _comparison(node: exp.Expr, labels: frozenset[str]) -> Judge:
    """Compare; a time whose window ended without the event is longer than any bound within the window."""
    plain = _plain(node, labels)
    compute = COMPARISONS[type(node)]
    sides = [(node.this, node.expression, compute), (node.expression, node.this, MIRRORED[compute])]
    timed = [
        (side.unnest().name, _judge(other, labels), turned)
        for side, other, turned in sides
        if isinstance(side.unnest(), exp.Column)
        and not any(column.name in labels for column in other.find_all(exp.Column))
    ]

    def judge(scene: _Scene) -> Verdict:
        for name, bound, turned in timed:
            outcomes = scene.outcomes(name) if name in labels else None
            if outcomes is not None and outcomes.event is not None:
                return _compared_time(outcomes, turned, numbers(bound(scene).value))
        return plain(scene)

    return judge


def _compared_time(outcomes: Outcomes, compute: Callable[[Any, Any], Any], bound: Floats) -> Verdict:
    assert outcomes.event is not None
    days = np.asarray(outcomes.values.values, dtype=np.float64)
    is_longer = ~outcomes.event & (days >= bound)
    value = np.where(is_longer, compute(np.inf, bound), compute(days, bound)).astype(np.float64)
    certain = _certainty(outcomes)
    state = np.where((certain == OBSERVED) & ~outcomes.event & ~is_longer, np.int8(UNDEFINED), certain)
    missing = np.isnan(days) | np.isnan(bound)
    return Verdict(number(np.where(missing, np.nan, value)), state)


_FORMS: dict[type[exp.Expr], Callable[[exp.Expr, frozenset[str]], Judge]] = {
    exp.Column: _label,
    exp.Paren: _paren,
    exp.Mul: _product,
    exp.And: _logic,
    exp.Or: _logic,
    exp.Anonymous: _call,
    exp.Case: _case,
    **dict.fromkeys(COMPARISONS, _comparison),
}
