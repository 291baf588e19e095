"""Actions: the one with the least expected cost, scarce ones where they save most."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from truenorth.decision import explore as exploring
from truenorth.decision.capacity import Limit, Price, assign, limits, prices, still_open
from truenorth.decision.contract import Batch, Decisions, Floats
from truenorth.decision.costs import cost_lines, expected_costs, lower_envelope, never_cheapest
from truenorth.decision.curves import Curve, cost_curves
from truenorth.decision.money import written
from truenorth.decision.periods import Ints
from truenorth.decision.plain import choice, number, plain_findings, read_findings, weights
from truenorth.decision.values import score
from truenorth.engine.vectors import Vectors
from truenorth.errors import Finding, FramingError
from truenorth.examples.dataset import Dataset
from truenorth.framing.framing import Framing

REASONS = ("cheapest", "price", "capacity", "explore", "fallback")
"""price: a scarce action saves less than its place is worth. capacity: no place was left."""


@dataclass(frozen=True)
class ActionsPolicy:
    """Takes the action of least expected cost.

    Exploring draws the action of a share of the rows, evenly or by softmax of the saved cost, among the
    actions that still have a place. `propensity` is the chance of the action taken given what had a place
    when the row came: exact one by one; capacities ranked together are taken for open.
    """

    framing: Framing = field(repr=False)
    prices: Mapping[str, Price] = field(default_factory=dict)
    """Shadow price and use of each scarce action."""
    envelope: tuple[tuple[str, float], ...] = ()
    """Where costs read one probability alone: actions with the probability up to which each is cheapest."""
    shares: Mapping[str, float] = field(default_factory=dict)
    """Share of the rows that it was set on that take each action."""
    curves: Mapping[str, Curve] = field(default_factory=dict)
    """Cost of each action by the score, where rows are ordered by a score and not predicted."""
    n_rows: int = 0
    """Rows that it was set on."""
    findings: tuple[Finding, ...] = ()
    """Actions that are never cheapest, capacity that stays idle."""
    form: str = "actions"

    def decide(
        self, batch: Batch, *, seed: int = 0, used: Mapping[str, Mapping[int, float]] | None = None
    ) -> Decisions:
        """Decide on every row.

        Args:
            batch: Rows in any order; places go by their time.
            seed: Matters only where the policy explores.
            used: Places already taken by action and number of the period (see `periods.periods`), for
                decisions that are made in several calls.
        """
        policy = self.framing.policy
        assert policy is not None
        names, costs = self._costs(batch)
        known = np.where(np.isnan(costs), np.inf, costs)
        unknown = np.isnan(costs).all(axis=1)
        safe = self._safe_action(names)
        known[unknown, safe] = 0.0
        price = np.array([self._charge(name) for name in names])
        # The case that set the price ties with it; a rounding error must not turn it away.
        priced = known + price * (1 - 1e-12)
        found = limits(names, policy.capacity, batch.columns, used)
        generator = np.random.default_rng(seed)
        drawn = exploring.explored(policy.explore, batch.n_rows, generator) & ~unknown
        ranked = priced
        if policy.explore is not None:
            weight = exploring.logits(policy.explore, -known)
            noise = exploring.gumbel(known.shape, generator)
            ranked = np.where(drawn[:, None], -(weight + noise), priced)
        taken = assign(ranked, found, batch.columns, first=drawn)
        reason = _reasons(known, ranked, taken, drawn, unknown)
        return Decisions(
            score=score(batch, self.framing),
            action=choice(names, taken),
            costs={name: costs[:, j] for j, name in enumerate(names)},
            reason=choice(REASONS, reason),
            explored=drawn,
            propensity=self._propensity(known, priced, taken, found, batch.columns),
        )

    def _charge(self, name: str) -> float:
        """Return what a place is charged with: its price one by one, nothing where the period is ranked."""
        assert self.framing.policy is not None
        capacity = self.framing.policy.capacity.get(name)
        return (
            0.0
            if capacity is None or capacity.together or name not in self.prices
            else self.prices[name].price
        )

    def _costs(self, batch: Batch) -> tuple[tuple[str, ...], Floats]:
        if not self.curves or batch.score is None:
            return expected_costs(self.framing, batch)
        return tuple(self.curves), np.column_stack([c.at(batch.score) for c in self.curves.values()])

    def _safe_action(self, names: tuple[str, ...]) -> int:
        """Return the action of rows on which no cost is known: the declared fallback, else the first."""
        policy = self.framing.policy
        declared = policy.fallback.action if policy and policy.fallback else None
        return names.index(declared) if declared in names else 0

    def _propensity(
        self, known: Floats, priced: Floats, taken: Ints, found: tuple[Limit, ...], columns: Vectors
    ) -> Floats:
        """Return the chance of the action taken, given what had a place left when the row came."""
        explore = self.framing.policy.explore if self.framing.policy else None
        if explore is None or not len(known):
            return np.ones(len(known))
        left = still_open(taken, found, columns, known.shape[1])
        usual = np.argmin(np.where(left, priced, np.inf), axis=1)
        chance = exploring.chances(exploring.logits(explore, -known), left)
        drawn = np.take_along_axis(chance, taken[:, None], axis=1)[:, 0]
        return np.asarray((1 - explore.share) * (taken == usual) + explore.share * drawn)

    def sentence(self) -> str:
        """Return the policy in one sentence."""
        assert self.framing.policy is not None
        names, capacity = tuple(self.framing.policy.actions), self.framing.policy.capacity
        if self.envelope:
            parts = [f"{name} up to a probability of {end:.3g}" for name, end in self.envelope[:-1]]
            text = ", ".join([*parts, f"{self.envelope[-1][0]} above"])
        else:
            text = f"take the cheapest of {_listed(names)} by expected cost"
        for name, one in self.prices.items():
            places = f"{capacity[name].amount:,.6g} {name} per {capacity[name].per}"
            worth = written(one.price, self.framing)
            if one.price > 0:
                text += f", {name} only where it saves most"
                text += "" if capacity[name].together else f", at least {worth}"
                text += f"; {places} are worth {worth} each at the margin"
            else:
                text += f"; of {places}, {one.wanted:,.3g} pay for themselves and the rest stay idle"
        return text[0].upper() + text[1:] + "."

    def to_dict(self) -> dict[str, Any]:
        """Return prices, probabilities and shares as JSON values."""
        return {
            "form": self.form,
            "prices": {
                name: {"price": number(one.price), "wanted": one.wanted, "used": one.used}
                for name, one in self.prices.items()
            },
            "envelope": [[name, end] for name, end in self.envelope],
            "shares": dict(self.shares),
            "curves": {name: curve.to_dict() for name, curve in self.curves.items()},
            "n_rows": self.n_rows,
            "findings": plain_findings(self.findings),
            "sentence": self.sentence(),
        }


def fit_actions(
    framing: Framing, batch: Batch, dataset: Dataset | None, *, seed: int = 0, share: float = 1.0
) -> ActionsPolicy:
    """Set the prices of scarce actions on rows with predictions.

    Raises:
        FramingError: If every action is scarce, so that a row may find none.
    """
    policy = framing.policy
    assert policy is not None
    if set(policy.actions) <= set(policy.capacity):
        raise FramingError(_all_scarce(tuple(policy.actions)))
    curves = cost_curves(framing, batch, dataset)
    names, costs = ActionsPolicy(framing, curves=curves)._costs(batch)
    known = np.where(np.isnan(costs), np.inf, costs)
    whole = known.copy()
    whole[np.isinf(known).all(axis=1)] = 0.0
    found = limits(names, policy.capacity, batch.columns)
    by_column = prices(whole, found, weights(batch.columns), share=share) if batch.n_rows else {}
    priced = {names[j]: one for j, one in by_column.items()}
    lines = None if curves else cost_lines(framing, batch)
    findings = never_cheapest(names, costs, lines, policy.capacity) + _idle(framing, priced)
    fitted = ActionsPolicy(
        framing,
        priced,
        lower_envelope(lines) if lines else (),
        curves=curves,
        n_rows=batch.n_rows,
        findings=findings,
    )
    action = fitted.decide(batch, seed=seed).action
    counts = np.bincount(action.values, minlength=len(names)) if action is not None else np.zeros(len(names))
    shares = {name: float(counts[j]) / max(batch.n_rows, 1) for j, name in enumerate(names)}
    return ActionsPolicy(framing, fitted.prices, fitted.envelope, shares, curves, batch.n_rows, findings)


def load_actions(plain: Mapping[str, Any], framing: Framing) -> ActionsPolicy:
    """Return the policy that `to_dict` wrote."""
    return ActionsPolicy(
        framing,
        {name: Price(**one) for name, one in plain["prices"].items()},
        tuple((name, end) for name, end in plain["envelope"]),
        dict(plain["shares"]),
        {name: Curve.from_dict(one) for name, one in plain["curves"].items()},
        plain["n_rows"],
        read_findings(plain["findings"]),
    )


def _listed(names: tuple[str, ...]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _reasons(known: Floats, ranked: Floats, action: Ints, drawn: Any, unknown: Any) -> Any:
    reason = np.where(action == np.argmin(known, axis=1), 0, 1) if len(known) else action
    reason = np.where(action != np.argmin(ranked, axis=1), 2, reason) if len(known) else action
    reason = np.where(drawn, 3, reason)
    return np.where(unknown, 4, reason)


def _idle(framing: Framing, found: Mapping[str, Price]) -> tuple[Finding, ...]:
    assert framing.policy is not None
    capacity = framing.policy.capacity
    return tuple(
        Finding(
            code="POLICY033",
            severity="info",
            where=f"policy.capacity.{name}",
            evidence=f"expected cases for {capacity[name]}, got {one.wanted:,.3g} that save money; "
            f"the rest stays idle.",
            fix="nothing: a quota is never filled with cases that do not pay.",
            path=("policy", "capacity", name),
        )
        for name, one in found.items()
        if one.price == 0 and one.wanted < capacity[name].amount
    )


def _all_scarce(names: tuple[str, ...]) -> Finding:
    return Finding(
        code="POLICY034",
        where="policy.capacity",
        evidence=f"expected an action that can always be taken, got a capacity for each of {_listed(names)}.",
        fix="leave one action without capacity: it is what happens when the others are full.",
        path=("policy", "capacity"),
    )
