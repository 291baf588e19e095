"""Each: every tag of a label is decided on its own, by the expected cost of each action."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from truenorth.decision.contract import Batch, Decisions, Floats
from truenorth.decision.costs import cost_lines, lower_envelope, never_cheapest
from truenorth.decision.plain import choice, plain_findings, read_findings
from truenorth.decision.values import score, value
from truenorth.engine.vectors import Vector
from truenorth.errors import DataError, Finding, FramingError
from truenorth.examples.dataset import Dataset
from truenorth.framing.expressions import Expression
from truenorth.framing.framing import Framing


@dataclass(frozen=True)
class EachPolicy:
    """Takes the cheapest action for each tag; equal costs take the action declared first."""

    framing: Framing = field(repr=False)
    envelope: tuple[tuple[str, float], ...] = ()
    """Where costs read the tag alone: actions, each with the probability up to which it is cheapest."""
    findings: tuple[Finding, ...] = ()
    form: str = "each"

    def decide(self, batch: Batch, *, seed: int = 0) -> Decisions:
        """Decide tag by tag; `costs` holds `TAG: ACTION` for each."""
        names = _actions(self.framing)
        tags: dict[str, Vector] = {}
        costs: dict[str, Floats] = {}
        for tag in members(self.framing, batch):
            table = tag_costs(self.framing, batch, tag)
            known = np.where(np.isnan(table), np.inf, table)
            known[np.isnan(table).all(axis=1), _safe(self.framing)] = 0.0
            tags[tag] = choice(tuple(names), np.argmin(known, axis=1))
            costs |= {f"{tag}: {name}": table[:, j] for j, name in enumerate(names)}
        return Decisions(score=score(batch, self.framing), tags=tags, costs=costs)

    def sentence(self) -> str:
        """Return the policy in one sentence."""
        if not self.envelope:
            return f"For each tag take the cheapest of {' and '.join(_actions(self.framing))}."
        parts = [f"{name} up to a probability of {end:.3g}" for name, end in self.envelope[:-1]]
        return "For each tag " + ", ".join([*parts, f"{self.envelope[-1][0]} above"]) + "."

    def to_dict(self) -> dict[str, Any]:
        """Return the probabilities as JSON values."""
        return {
            "form": self.form,
            "envelope": [[name, end] for name, end in self.envelope],
            "findings": plain_findings(self.findings),
            "sentence": self.sentence(),
        }


def fit_each(
    framing: Framing, batch: Batch, dataset: Dataset | None, *, seed: int = 0, share: float = 1.0
) -> EachPolicy:
    """Find where each action is cheapest; deciding itself needs nothing set.

    Raises:
        FramingError: If a capacity is declared: it would not say for which tag.
        DataError: If no tag is predicted.
    """
    policy = framing.policy
    assert policy is not None
    if policy.capacity:
        raise FramingError(_no_capacity())
    names = tuple(_actions(framing))
    if not members(framing, batch):
        raise DataError(_no_tags(policy.each or ""))
    table = np.concatenate([tag_costs(framing, batch, tag) for tag in members(framing, batch)])
    lines = cost_lines(framing, batch, names={policy.each or "": members(framing, batch)[0]})
    findings = never_cheapest(names, table, lines, ())
    return EachPolicy(framing, lower_envelope(lines) if lines else (), findings)


def load_each(plain: Mapping[str, Any], framing: Framing) -> EachPolicy:
    """Return the policy that `to_dict` wrote."""
    envelope = tuple((name, end) for name, end in plain["envelope"])
    return EachPolicy(framing, envelope, read_findings(plain["findings"]))


def members(framing: Framing, batch: Batch) -> tuple[str, ...]:
    """Return the tags that are decided one by one: those that are predicted."""
    assert framing.policy is not None and framing.policy.each is not None
    start = f"{framing.policy.each}_"
    found = [name for name in batch.predictions if name.startswith(start) and name not in framing.labels]
    return tuple(found)


def tag_costs(framing: Framing, batch: Batch, tag: str) -> Floats:
    """Return the expected cost of each action for one tag, shape (n, actions); NaN where not known."""
    assert framing.policy is not None and framing.policy.each is not None
    names = {framing.policy.each: tag}
    costs = [value(cost, batch, framing, names=names) for cost in framing.policy.actions.values()]
    return np.column_stack(costs)


def _actions(framing: Framing) -> dict[str, Expression]:
    assert framing.policy is not None
    return framing.policy.actions


def _safe(framing: Framing) -> int:
    policy = framing.policy
    declared = policy.fallback.action if policy and policy.fallback else None
    names = list(_actions(framing))
    return names.index(declared) if declared in names else 0


def _no_tags(family: str) -> Finding:
    return Finding(
        code="POLICY022",
        where="policy.each",
        evidence=f"expected predictions of the tags of {family!r}, got none.",
        fix="train the tags: name the label in the costs or in models.tasks.",
        path=("policy", "each"),
    )


def _no_capacity() -> Finding:
    return Finding(
        code="POLICY018",
        where="policy.capacity",
        evidence="expected no capacity beside each, got one.",
        fix="remove the capacity, or decide rows instead of tags.",
        path=("policy", "capacity"),
    )
