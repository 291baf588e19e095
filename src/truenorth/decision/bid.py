"""Bid: pays for a chance what it is worth, less where the budget would not last.

With second prices the best bid is what the chance is worth; where money is short every bid is divided by the
worth of the last euro spent, so that all money goes where it earns at least that much.

References:
    Balseiro and Gur (2019). Learning in Repeated Auctions with Budgets. Management Science 65.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truenorth.decision.contract import Batch, Decisions, Floats
from truenorth.decision.money import written
from truenorth.decision.periods import Ints, keyed_order, periods, span, times
from truenorth.decision.plain import choice, plain_findings, read_findings, weights
from truenorth.decision.values import score, value
from truenorth.engine.vectors import Vectors
from truenorth.errors import Finding
from truenorth.examples.dataset import Dataset
from truenorth.framing.capacities import Capacity
from truenorth.framing.framing import Framing
from truenorth.framing.policy import Bid

ACTIONS = ("bid", "pass")
REASONS = ("worth it", "worth nothing", "budget spent", "no amount")


@dataclass(frozen=True)
class BidPolicy:
    """Bids a share of what a chance is worth."""

    framing: Framing = field(repr=False)
    multiplier: float = 1.0
    """Share of the amount that is bid, in [0, 1]; 1 where the budget lasts."""
    spend: float | None = None
    """Expected spend per period of the budget at this multiplier; None where prices were not known."""
    wanted: float | None = None
    """Expected spend per period without a budget."""
    findings: tuple[Finding, ...] = ()
    form: str = "bid"

    def decide(self, batch: Batch, *, seed: int = 0, spent: Mapping[int, float] | None = None) -> Decisions:
        """Bid on every row that is worth something.

        Where the price is a column of the batch, bidding ends for the period when what is left of the budget
        would not cover the bid; where it becomes known only later (a label), whoever knows what was spent
        says so by `spent`, and `realised_cost` ends the spending.

        Args:
            batch: Rows in any order.
            seed: Not used.
            spent: Money spent before these rows, by number of the period.
        """
        declared = _declared(self.framing)
        amount = value(declared.amount, batch, self.framing)
        amount = np.where(np.isfinite(amount), amount, np.nan)
        offered = np.where(amount > 0, amount * self.multiplier, 0.0)
        price = batch.columns.get(declared.price)
        open_ = np.ones(batch.n_rows, dtype=bool)
        if declared.budget is not None:
            known = price.values if price is not None else np.full(batch.n_rows, np.nan)
            open_ = within_budget(offered, known, declared.budget, batch.columns, spent)
        bids = np.where(open_, offered, 0.0)
        reason = np.where(np.isnan(amount), 3, np.where(offered <= 0, 1, np.where(open_, 0, 2)))
        return Decisions(
            score=score(batch, self.framing),
            action=choice(ACTIONS, np.where(bids > 0, 0, 1)),
            quantity=bids,
            costs={"value": amount},
            reason=choice(REASONS, reason),
        )

    def sentence(self) -> str:
        """Return the policy in one sentence."""
        declared = _declared(self.framing)
        text = (
            f"Bid {declared.amount}"
            if self.multiplier == 1
            else f"Bid {self.multiplier:.3g} of {declared.amount}"
        )
        if declared.budget is None:
            return text + "."
        text += f" within {declared.budget}"
        if self.multiplier < 1 and self.multiplier > 0:
            return text + f"; the last {written(1, self.framing)} spent earns {1 / self.multiplier:.3g}."
        return text + "."

    def to_dict(self) -> dict[str, Any]:
        """Return the multiplier and what it spends as JSON values."""
        return {
            "form": self.form,
            "multiplier": self.multiplier,
            "spend": self.spend,
            "wanted": self.wanted,
            "findings": plain_findings(self.findings),
            "sentence": self.sentence(),
        }


def fit_bid(
    framing: Framing, batch: Batch, dataset: Dataset | None, *, seed: int = 0, share: float = 1.0
) -> BidPolicy:
    """Set the multiplier with which expected spend meets the budget, where it is spread evenly."""
    declared = _declared(framing)
    if declared.budget is None or not batch.n_rows:
        return BidPolicy(framing)
    price = known_prices(declared.price, batch.columns, dataset)
    amount = value(declared.amount, batch, framing)
    usable = np.isfinite(price) & (price >= 0) & np.isfinite(amount) & (amount > 0)
    if not usable.any():
        return BidPolicy(framing, findings=(_no_prices(declared),))
    n_periods = span(periods(batch.columns, batch.n_rows, declared.budget.per))
    paid = (price * weights(batch.columns) / share)[usable] / n_periods
    # A bid of m * amount wins where m >= price / amount.
    ratio = price[usable] / amount[usable]
    wanted = float(paid[ratio <= 1].sum())
    if declared.pace == "asap" or wanted <= declared.budget.amount:
        return BidPolicy(framing, 1.0, min(wanted, declared.budget.amount), wanted)
    order = np.argsort(ratio, kind="stable")
    spend = np.cumsum(paid[order])
    fits = int(np.searchsorted(spend, declared.budget.amount, side="right"))
    # Rows with one ratio are won or lost together.
    multiplier = float(ratio[order[fits - 1]]) if fits else 0.0
    if fits < len(order) and ratio[order[fits]] == multiplier:
        below = np.flatnonzero(ratio[order] < multiplier)
        fits = len(below)
        multiplier = float(ratio[order[fits - 1]]) if fits else 0.0
    spent = float(spend[fits - 1]) if fits else 0.0
    # The row that set the multiplier ties with its price; a rounding error must not lose it.
    return BidPolicy(framing, min(multiplier * (1 + 1e-12), 1.0), spent, wanted)


def load_bid(plain: Mapping[str, Any], framing: Framing) -> BidPolicy:
    """Return the policy that `to_dict` wrote."""
    found = read_findings(plain["findings"])
    return BidPolicy(framing, plain["multiplier"], plain["spend"], plain["wanted"], found)


def known_prices(name: str, columns: Vectors, dataset: Dataset | None) -> Floats:
    """Return the price of each row, a column or a label; NaN where it is not known."""
    if name in columns:
        return np.asarray(columns[name].values, dtype=np.float64)
    if dataset is not None and name in dataset.labels:
        label = dataset.labels[name]
        return np.where(label.is_observed, label.values.values, np.nan)
    return np.full(columns.n_rows, np.nan)


def within_budget(
    bids: Floats,
    price: Floats,
    budget: Capacity,
    columns: Vectors,
    spent: Mapping[int, float] | None = None,
) -> NDArray[np.bool_]:
    """Return where what is left of the budget covers the bid, in the order of time, shape (n,).

    A bid is won where it is at least the price, and then costs the price; an unknown price costs nothing. A
    row of a sampled log spends what the rows that it stands for would.
    """
    n_rows = len(bids)
    number = periods(columns, n_rows, budget.per)
    order: Ints = keyed_order(columns, times(columns, n_rows))
    left: dict[int, float] = {}
    before = spent or {}
    open_ = np.zeros(n_rows, dtype=bool)
    weight = weights(columns)
    offered, bids = bids, bids * weight
    pays = weight * np.where(np.isfinite(price) & (offered >= price) & (offered > 0), price, 0.0)
    rows = zip(
        order.tolist(), number[order].tolist(), bids[order].tolist(), pays[order].tolist(), strict=True
    )
    for row, period, bid, pay in rows:
        rest = left.get(period)
        if rest is None:
            rest = budget.amount - before.get(period, 0.0)
        if bid <= rest:
            open_[row] = True
            rest -= pay
        left[period] = rest
    return open_


def _declared(framing: Framing) -> Bid:
    assert framing.policy is not None and framing.policy.bid is not None
    return framing.policy.bid


def _no_prices(declared: Bid) -> Finding:
    return Finding(
        code="POLICY017",
        severity="warn",
        where="policy.bid.price",
        evidence=f"expected prices in {declared.price!r} to pace the budget by, got none.",
        fix="give rows with known prices; until then the whole amount is bid until the budget is spent.",
        path=("policy", "bid", "price"),
    )
