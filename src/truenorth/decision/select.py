"""Select: the best of each period, ranked at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from truenorth.decision.contract import Batch, Decisions
from truenorth.decision.periods import filled, keyed_order, periods, places
from truenorth.decision.plain import choice, number, weights
from truenorth.decision.values import value
from truenorth.errors import Finding
from truenorth.examples.dataset import Dataset
from truenorth.framing.framing import Framing

ACTIONS = ("select", "pass")
REASONS = ("top", "below the top", "no score")


@dataclass(frozen=True)
class SelectPolicy:
    """Selects the rows of each period that rank highest."""

    framing: Framing = field(repr=False)
    last: float | None = None
    """Mean over periods of the lowest value that was selected; None where no period was full."""
    findings: tuple[Finding, ...] = ()
    form: str = "select"

    def decide(self, batch: Batch, *, seed: int = 0) -> Decisions:
        """Select in each period on the UTC grid; `rank` is the place among the selected, 0 for the others.

        Ties go by the key of the example; rows without a value are never selected.
        """
        declared = self.framing.policy.select if self.framing.policy else None
        assert declared is not None
        by = value(declared.by, batch, self.framing)
        known = ~np.isnan(by)
        period = periods(batch.columns, batch.n_rows, declared.top.per)
        order = keyed_order(batch.columns, period, -np.where(known, by, -np.inf), ~known)
        place = places(period, order)
        taken = filled(period, order, weights(batch.columns))
        chosen = known & (taken <= int(declared.top.amount) + 1e-9)
        return Decisions(
            score=by,
            action=choice(ACTIONS, np.where(chosen, 0, 1)),
            rank=np.where(chosen, place + 1, 0),
            reason=choice(REASONS, np.where(chosen, 0, np.where(known, 1, 2))),
        )

    def sentence(self) -> str:
        """Return the policy in one sentence."""
        declared = self.framing.policy.select if self.framing.policy else None
        assert declared is not None
        text = (
            f"Select the {declared.top.amount:,.6g} with the highest {declared.by} every {declared.top.per}"
        )
        return text + (f"; the last of them has {self.last:.3g}." if self.last is not None else ".")

    def to_dict(self) -> dict[str, Any]:
        """Return what the last place was worth."""
        return {"form": self.form, "last": self.last, "sentence": self.sentence()}


def fit_select(
    framing: Framing, batch: Batch, dataset: Dataset | None, *, seed: int = 0, share: float = 1.0
) -> SelectPolicy:
    """Find what the last place is worth; selecting itself needs nothing set."""
    declared = framing.policy.select if framing.policy else None
    assert declared is not None
    if not batch.n_rows:
        return SelectPolicy(framing)
    by = value(declared.by, batch, framing)
    period = periods(batch.columns, batch.n_rows, declared.top.per)
    known = ~np.isnan(by)
    place = places(period, keyed_order(batch.columns, period, -np.where(known, by, -np.inf)))
    full = known & (place == max(int(declared.top.amount * share), 1) - 1)
    last = float(by[full].mean()) if full.any() else None
    return SelectPolicy(framing, number(last) if last is not None else None)


def load_select(plain: Mapping[str, Any], framing: Framing) -> SelectPolicy:
    """Return the policy that `to_dict` wrote."""
    return SelectPolicy(framing, plain["last"])
