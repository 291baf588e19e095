"""The feed world as arrays: what its log holds, and what any policy would truly have brought."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from truenorth.counterfactual import Log, Study
from truenorth.worlds.feed import FeedParameters
from truenorth.worlds.feed_exposure import draw_exposure, draw_visits, pick
from truenorth.worlds.feed_population import affinity, draw_items, draw_users
from truenorth.worlds.feed_response import (
    VIEW_LOG_SECONDS,
    expected_satisfaction,
    reach_probability,
    response_probability,
    return_probability,
)
from truenorth.worlds.stream import generator

SLOTS, CANDIDATES = 1, 4
SEEN = 0.8
"""Share of an item's quality that a click model sees: bait shows in every click, quality in few."""


@dataclass(frozen=True, eq=False)
class FeedWeeks:
    """User-weeks with their decisions: one per request and place."""

    log: Log
    scores: dict[str, np.ndarray]
    returned: np.ndarray
    """Whether the user came back the week after, on each decision, (n,)."""
    worth: np.ndarray
    """Expected satisfaction of each candidate at its place, (n, k)."""
    intercept: np.ndarray
    """Of each unit's return."""
    reach: np.ndarray
    """Chance that the place is reached, (n,)."""

    def study(self, **more) -> Study:
        names = ("click", "weighted")
        return Study(
            log=self.log, scores={name: self.scores[name] for name in names}, kpi=self.returned, per="unit",
            before=self.intercept[self.log.units][:, None], **more,
        )  # fmt: skip

    def true_return(self, probability: np.ndarray, seed: int = 0, draws: int = 20) -> float:
        """Return the share of units that come back under a policy, choices and reach drawn anew."""
        rng, found = np.random.default_rng(seed), []
        units, n = self.log.units, self.log.n
        for _ in range(draws):
            taken = self.worth[np.arange(n), pick(rng, probability)] / self.reach
            found.append(
                return_probability(self.intercept, _mean_of(units, taken, rng.random(n) < self.reach)).mean()
            )
        return float(np.mean(found))


def draw_feed(seed: int, *, users: int = 8000, days: int = 21, bait: bool = True) -> FeedWeeks:
    """Draw weeks of the feed in which everybody comes; without bait no item has any."""
    p = FeedParameters(users=users, days=days, items=2 * users, slots=SLOTS, candidates=CANDIDATES)
    items = draw_items(generator(seed, 0, 0), p.n_items, p.days)
    if not bait:
        items.bait[:] = 0.0
    people = draw_users(generator(seed, 0, 1), users)
    rng, parts = generator(seed, 3, 0), []
    for day in range(days):
        is_sure = rng.integers(0, 7, users) == day % 7
        visits = draw_visits(rng, people, np.ones(users, dtype=bool), is_sure, day, 0)
        shown = draw_exposure(
            rng, visits, people, items, day, slots=SLOTS, candidates=p.candidates,
            temperature=p.temperature, exploration=p.exploration,
        )  # fmt: skip
        suits = affinity(people, items, shown.user[:, None, None], shown.item)
        unit = np.repeat(shown.user + users * (day // 7), SLOTS)
        shape = (-1, p.candidates)
        slot = np.tile(np.arange(1, SLOTS + 1), len(shown.user))
        grid = [one.reshape(shape) for one in (shown.probability, items.quality[shown.item],
                                               items.bait[shown.item], suits)]  # fmt: skip
        parts.append((unit, slot, shown.chosen.ravel(), *grid))
    unit, slot, chosen, probability, quality, baited, suits = (
        np.concatenate(one) for one in zip(*parts, strict=True)
    )
    reach = reach_probability(slot)
    log = Log(chosen=chosen, propensity=probability, unit=unit, cluster=unit % users)
    worth = reach[:, None] * expected_satisfaction(quality, baited, suits)
    names = np.unique(unit)
    intercept = people.return_intercept[names % users]
    seen = rng.random(log.n) < reach
    satisfaction = _mean_of(log.units, log.of_chosen(worth) / reach, seen)
    returned = (rng.random(len(names)) < return_probability(intercept, satisfaction)).astype(float)
    scores = {
        "click": reach[:, None] * response_probability("click", SEEN * quality, baited, suits),
        "weighted": reach[:, None] * _weighted(quality, baited, suits),
    }
    return FeedWeeks(log, scores, returned[log.units], worth, intercept, reach)


def _mean_of(units: np.ndarray, worth: np.ndarray, is_reached: np.ndarray) -> np.ndarray:
    """Return the mean worth of what each unit reached, 0 where it reached nothing."""
    total, n = (np.bincount(units, weights=one) for one in (np.where(is_reached, worth, 0.0), is_reached))
    return total / np.maximum(n, 1)


def _weighted(quality: np.ndarray, bait: np.ndarray, suits: np.ndarray) -> np.ndarray:
    """Return `5 comment + 4 share + 3 dwell + liked - 2 quick_skip - 4 hide`, as expected where reached."""
    w = VIEW_LOG_SECONDS
    middle = w["intercept"] + w["quality"] * quality + w["bait"] * bait + w["affinity"] * suits
    chance = {
        name: response_probability(name, quality, bait, suits)
        for name in ("comment", "share", "like", "hide")
    }
    dwell, skip = ndtr(middle - np.log(60.0)), ndtr(np.log(3.0) - middle)
    kept = 5 * chance["comment"] + 4 * chance["share"] + 3 * dwell + chance["like"]
    return kept - 2 * skip - 4 * chance["hide"]
