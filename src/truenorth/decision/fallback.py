"""Fallback: what is decided when the model cannot answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from truenorth.decision.contract import Batch, Decisions, FittedPolicy, Floats, Prediction
from truenorth.decision.fit import form_of, load_policy
from truenorth.decision.plain import choice
from truenorth.decision.values import holds, value
from truenorth.engine.vectors import Vector, Vectors
from truenorth.errors import Finding, FramingError
from truenorth.framing.expressions import Expression
from truenorth.framing.framing import Framing
from truenorth.framing.names import label_columns, tasks
from truenorth.models.contract import TaskKind, TaskSpec

REASON = "fallback"


def fallback_decisions(
    framing: Framing,
    columns: Vectors,
    *,
    policy: FittedPolicy | None = None,
    predictions: Mapping[str, Prediction] | None = None,
) -> Decisions:
    """Return what the declared fallback decides; without one, the first declared action or nothing at all.

    A rule list answers with the action of the first rule that holds. A rule is the prediction of the one
    task, or the score where there are several, and the policy decides on it.

    Args:
        framing: Expanded.
        columns: Features of the rows, as far as they are known; a rule reads missing ones as NULL.
        policy: The fitted policy whose prices hold for the rule too.
        predictions: The rule's calibrated predictions, where the bundle has them.

    Raises:
        FramingError: If the rule reads keywords, which only its model can.
    """
    declared = framing.policy.fallback if framing.policy else None
    if declared is not None and declared.bid is not None:
        return _bid(columns.n_rows, declared.bid)
    if declared is not None and declared.rule:
        found = _rules(framing, columns)
        return found if found is not None else _rule(framing, columns, policy, predictions or {})
    return _action(framing, columns.n_rows, declared.action if declared else None)


def _bid(n_rows: int, amount: float) -> Decisions:
    bids = np.full(n_rows, amount)
    action = choice(("bid", "pass"), np.where(bids > 0, 0, 1))
    return Decisions(score=_unknown(n_rows), action=action, quantity=bids, reason=_reason(n_rows))


def _action(framing: Framing, n_rows: int, action: str | None) -> Decisions:
    policy = framing.policy
    name = action or (next(iter(policy.actions), "pass") if policy else "pass")
    taken = choice((name,), np.zeros(n_rows))
    if policy is not None and policy.each:
        members = label_columns(policy.each, framing.labels[policy.each])
        return Decisions(score=_unknown(n_rows), tags=dict.fromkeys(members, taken), reason=_reason(n_rows))
    rank = np.arange(1, n_rows + 1) if policy is not None and policy.rank and action is None else None
    return Decisions(score=_unknown(n_rows), action=taken, rank=rank, reason=_reason(n_rows))


def _rules(framing: Framing, columns: Vectors) -> Decisions | None:
    """Return the actions of `models.rules`; None where they answer with predictions."""
    rules = framing.models.rules
    policy = framing.policy
    if not rules or policy is None or not all(isinstance(rule.then, str) for rule in rules):
        return None
    otherwise = policy.fallback.action if policy.fallback and policy.fallback.action else None
    actions = tuple(dict.fromkeys([*policy.actions, *(str(rule.then) for rule in rules)]))
    batch = Batch(columns=columns, predictions={})
    codes = np.full(columns.n_rows, actions.index(otherwise) if otherwise else 0)
    reasons = np.zeros(columns.n_rows, dtype=np.int64)
    names = (REASON, *(rule.name for rule in rules))
    for index in reversed(range(len(rules))):
        hit = holds(rules[index].when, batch, framing)
        codes = np.where(hit, actions.index(str(rules[index].then)), codes)
        reasons = np.where(hit, index + 1, reasons)
    return Decisions(
        score=_unknown(columns.n_rows), action=choice(actions, codes), reason=choice(names, reasons)
    )


def _rule(
    framing: Framing,
    columns: Vectors,
    policy: FittedPolicy | None,
    predictions: Mapping[str, Prediction],
) -> Decisions:
    """Let the policy decide on the rule's prediction, or on the score that it is."""
    batch = Batch(columns=columns, predictions=dict(predictions))
    if not predictions:
        answer = _answer(framing, columns)
        named = tasks(framing)
        if len(named) == 1:
            spec = _spec(framing, named[0])
            values = np.clip(answer, 0.0, 1.0) if spec.kind == "binary" else answer
            batch = replace(batch, predictions={named[0]: Prediction(spec, values)})
        else:
            batch = replace(batch, score=answer)
    fitted = policy if policy is not None else unset_policy(framing)
    decided = fitted.decide(batch)
    return replace(decided, reason=_reason(columns.n_rows))


def unset_policy(framing: Framing) -> FittedPolicy:
    """Return the policy as it decides before anything was set: no price, every amount bid in full."""
    form = form_of(framing)
    empty: dict[str, Any] = {
        "actions": {"prices": {}, "envelope": [], "shares": {}, "curves": {}, "n_rows": 0, "findings": []},
        "each": {"envelope": [], "findings": []},
        "select": {"last": None},
        "bid": {"multiplier": 1.0, "spend": None, "wanted": None, "findings": []},
    }
    if form == "quantity" and framing.policy is not None and framing.policy.quantity is not None:
        level = framing.policy.quantity.level
        unset: dict[str, Any] = {
            "relative": False,
            "floor": None,
            "error": 0.0,
            "by_step": {},
            "reached": None,
            "findings": [],
        }
        return load_policy({"form": form, "level": level, **unset}, framing)
    if form == "threshold":
        raise FramingError(_needs_policy())
    return load_policy({"form": form, **empty.get(form, {})}, framing)


def _answer(framing: Framing, columns: Vectors) -> Floats:
    rules, rule = framing.models.rules, framing.models.rule
    batch = Batch(columns=columns, predictions={})
    if rules:
        found = _unknown(columns.n_rows)
        for one in reversed(rules):
            found = np.where(holds(one.when, batch, framing), float(one.then), found)
        return found
    if not isinstance(rule, Expression):
        raise FramingError(_needs_model())
    return value(rule, batch, framing)


def _spec(framing: Framing, task: str) -> TaskSpec:
    kind = framing.labels[task].kind if task in framing.labels else "binary"
    known: TaskKind = "binary" if kind is None or kind == "tags" else kind
    return TaskSpec(name=task, kind=known, loss="log" if known == "binary" else "squared")


def _reason(n_rows: int) -> Vector:
    return choice((REASON,), np.zeros(n_rows))


def _unknown(n_rows: int) -> Floats:
    return np.full(n_rows, np.nan)


def _needs_model() -> Finding:
    return Finding(
        code="POLICY019",
        where="policy.fallback",
        evidence="expected a rule that is an expression, got one that reads words.",
        fix="give the predictions of the rule's own model, or write fallback: {action: NAME}.",
        path=("policy", "fallback"),
    )


def _needs_policy() -> Finding:
    return Finding(
        code="POLICY020",
        where="policy.fallback",
        evidence="expected the fitted policy with its threshold for fallback: rule, got none.",
        fix="give the fitted policy, or write fallback: {action: NAME}.",
        path=("policy", "fallback"),
    )
