"""Rank: an ordered list under rules, with a first place that is sometimes drawn to learn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truenorth.decision.contract import Batch, Decisions, Floats
from truenorth.decision.explore import explored, gumbel, logits
from truenorth.decision.periods import Ints, keyed_order
from truenorth.decision.plain import choice
from truenorth.decision.reranking import Cap, Fresh, Rules, list_codes, pair_codes, rerank, value_codes
from truenorth.decision.values import holds, value
from truenorth.engine.vectors import Vector
from truenorth.errors import DataError, Finding, suggest
from truenorth.examples.dataset import Dataset
from truenorth.framing.framing import Framing
from truenorth.framing.policy import Explore, Rank

ACTIONS = ("show", "drop")
REASONS = ("score", "pinned", "explore", "dropped", "not shown")
_FARTHEST = 1e12


@dataclass(frozen=True)
class RankPolicy:
    """Orders each list.

    Exploring draws, in a share of the lists, which row takes the first place: among the pinned rows where
    there are any, else among all that are not dropped. The others follow in their usual order under the
    rules. Then `propensity` is the chance of a row to take the first place of its list; it sums to 1 in a
    list.
    """

    framing: Framing = field(repr=False)
    findings: tuple[Finding, ...] = ()
    form: str = "rank"

    def decide(self, batch: Batch, *, seed: int = 0) -> Decisions:
        """Rank the rows of each list; rows without a score come last, equal ones go by the example's key."""
        policy = self.framing.policy
        assert policy is not None and policy.rank is not None
        by = value(policy.rank.by, batch, self.framing)
        lists = list_codes(batch.columns.get("group"), batch.n_rows)
        order = keyed_order(batch.columns, -np.where(np.isnan(by), -np.inf, by))
        rules = _rules(policy.rank, batch, self.framing, lists)
        rank = rerank(lists, order, rules)
        drawn = np.zeros(batch.n_rows, dtype=bool)
        propensity = np.ones(batch.n_rows)
        if policy.explore is not None and batch.n_rows:
            rank, drawn, propensity = _explored(policy.explore, by, lists, order, rules, rank, seed)
        first = drawn & (rank == 1)
        reason = np.select([rules.dropped, rank == 0, first, rules.pinned], [3, 4, 2, 1], 0)
        return Decisions(
            score=by,
            action=choice(ACTIONS, np.where(rank > 0, 0, 1)),
            rank=rank,
            reason=choice(REASONS, reason),
            explored=drawn,
            propensity=propensity,
        )

    def sentence(self) -> str:
        """Return the policy in one sentence."""
        declared = self.framing.policy.rank if self.framing.policy else None
        assert declared is not None and self.framing.policy is not None
        text = f"Show {f'the first {declared.show}' if declared.show else 'each list'} by {declared.by}"
        rules = [_worded(rule) for rule in declared.rules]
        text += (", " + ", ".join(rules)) if rules else ""
        explore = self.framing.policy.explore
        return text + (
            f"; in {100 * explore.share:.3g} % of the lists the first place is drawn." if explore else "."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the form; ranking needs nothing set."""
        return {"form": self.form, "sentence": self.sentence()}


def fit_rank(
    framing: Framing, batch: Batch, dataset: Dataset | None, *, seed: int = 0, share: float = 1.0
) -> RankPolicy:
    """Check that the rules' columns are there; ranking needs nothing set."""
    declared = framing.policy.rank if framing.policy else None
    assert declared is not None
    _rules(declared, batch, framing, list_codes(batch.columns.get("group"), batch.n_rows))
    return RankPolicy(framing)


def load_rank(plain: Mapping[str, Any], framing: Framing) -> RankPolicy:
    """Return the policy that `to_dict` wrote."""
    return RankPolicy(framing)


def _rules(declared: Rank, batch: Batch, framing: Framing, lists: Ints) -> Rules:
    dropped = np.zeros(batch.n_rows, dtype=bool)
    pinned = np.zeros(batch.n_rows, dtype=bool)
    caps, fresh, spread = [], [], []
    for index, rule in enumerate(declared.rules):
        if rule.drop is not None:
            dropped |= holds(rule.drop, batch, framing)
        elif rule.pin is not None:
            pinned |= holds(rule.pin, batch, framing)
        elif rule.fresh is not None:
            where = (
                np.ones(batch.n_rows, dtype=bool) if rule.where is None else holds(rule.where, batch, framing)
            )
            fresh.append(Fresh(rule.fresh, where))
        elif rule.at_most is not None and rule.per is not None:
            values = value_codes(_column(batch, rule.per, index, "per"))
            caps.append(Cap(rule.at_most, pair_codes(lists, values)))
        elif rule.diverse is not None:
            spread.append(value_codes(_column(batch, rule.diverse, index, "diverse")))
    nobody = np.zeros(batch.n_rows, dtype=bool)
    return Rules(declared.show, dropped, pinned & ~dropped, nobody, tuple(caps), tuple(fresh), tuple(spread))


def _explored(
    explore: Explore, by: Floats, lists: Ints, order: Ints, rules: Rules, rank: Ints, seed: int
) -> tuple[Ints, NDArray[np.bool_], Floats]:
    """Return ranks with drawn first places, the rows of the lists that explored, and propensities."""
    generator = np.random.default_rng(seed)
    n_lists = int(lists.max(initial=-1)) + 1
    can_lead = ~rules.dropped
    has_pin = np.bincount(lists[rules.pinned], minlength=n_lists) > 0
    can_lead &= rules.pinned | ~has_pin[lists]
    gain = np.clip(np.where(np.isnan(by), -_FARTHEST, by), -_FARTHEST, _FARTHEST)
    weight = np.where(can_lead, logits(explore, gain), -np.inf)
    chance = _softmax(weight, lists, n_lists)
    exploring = explored(explore, n_lists, generator)
    exploring &= np.bincount(lists[can_lead], minlength=n_lists) > 0
    noisy = weight + gumbel(weight.shape, generator)
    best = np.full(n_lists, -np.inf)
    np.maximum.at(best, lists, noisy)
    first = can_lead & exploring[lists] & (noisy == best[lists])
    drawn = exploring[lists]
    leads = rank == 1
    propensity = (1 - explore.share) * leads + explore.share * chance
    if drawn.any():
        rank = np.where(drawn, rerank(lists, order[drawn[order]], rules.with_first(first)), rank)
    return rank, drawn, propensity


def _softmax(weight: Floats, lists: Ints, n_lists: int) -> Floats:
    """Return the softmax of log-weights within each list; 0 where nothing can be drawn."""
    top = np.full(n_lists, -np.inf)
    np.maximum.at(top, lists, weight)
    scaled = np.exp(weight - np.where(np.isfinite(top), top, 0.0)[lists])
    total = np.bincount(lists, weights=scaled, minlength=n_lists)
    return np.asarray(scaled / np.where(total > 0, total, 1.0)[lists], dtype=np.float64)


def _column(batch: Batch, name: str, index: int, key: str) -> Vector:
    found = batch.columns.get(name)
    if found is not None:
        return found
    raise DataError(
        Finding(
            code="POLICY014",
            where=f"policy.rank.rules[{index}].{key}",
            evidence=f"expected a column of the rows, got {name!r}.",
            fix=suggest(name, list(batch.columns), otherwise="name it in examples.context."),
            path=("policy", "rank", "rules", index, key),
        )
    )


def _worded(rule: Any) -> str:
    if rule.at_most is not None:
        return f"at most {rule.at_most} per {rule.per}"
    if rule.fresh is not None:
        return f"at least {rule.fresh}" + (f" where {rule.where}" if rule.where is not None else "")
    if rule.drop is not None:
        return f"none where {rule.drop}"
    return (
        f"first those where {rule.pin}" if rule.pin is not None else f"neighbours of different {rule.diverse}"
    )
