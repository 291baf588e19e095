"""What the feed world shows: visits, the candidates of each place, and the logged policy that picks one.

Every place of a list has candidates of its own, no item twice in a request. One is picked with probability

    p(j) = (1 - e) softmax(score / temperature)(j) + e / candidates,

so the logged probabilities of a place add to one, and the places of a list are independent decisions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from truenorth.worlds.feed_population import ITEM_LIFE_DAYS, Items, Users, affinity
from truenorth.worlds.stream import DAY, SECOND, Bools, Floats, Ints, day_start, times_of_day

MORE_VISITS = 0.6
"""Mean number of visits of an active day beyond the first."""
RECENCY = 1.5
"""Candidates come from rank floor(n u^1.5) of the pool, newest first: 22 % from the newest tenth."""
LOAD_SECONDS = (0.2, 2.0)
"""The request follows the start of the session after a uniform time."""
SCORE_WEIGHTS = {"quality": 0.55, "bait": 0.1, "affinity": 0.4, "age_days": -0.05}
SCORE_NOISE = 0.4


@dataclass(frozen=True)
class Visits:
    """Visits of a day in the order of their requests; arrays of shape (visits,)."""

    request_id: Ints
    user: Ints
    requested_at: Ints
    started_at: Ints

    @property
    def n(self) -> int:
        """Number of visits."""
        return len(self.user)

    def rows(self, rows: slice) -> Visits:
        """Return some of the visits."""
        return Visits(self.request_id[rows], self.user[rows], self.requested_at[rows], self.started_at[rows])


@dataclass(frozen=True)
class Exposure:
    """A unit of requests: candidates of shape (requests, slots, candidates), and which were chosen."""

    request_id: Ints  # (requests,)
    user: Ints  # (requests,)
    requested_at: Ints  # (requests,)
    item: Ints  # (requests, slots, candidates)
    score: Floats  # like item
    probability: Floats  # like item
    is_random: Bools  # (requests, slots)
    chosen: Ints  # (requests, slots), index of a candidate
    shown_item: Ints  # (requests, slots)
    shown_affinity: Floats  # (requests, slots)
    shown_quality: Floats  # (requests, slots)
    shown_bait: Floats  # (requests, slots)

    @property
    def is_chosen(self) -> Bools:
        """Whether each candidate was shown."""
        return np.asarray(np.arange(self.item.shape[2]) == self.chosen[:, :, None])


def draw_visits(
    rng: np.random.Generator, users: Users, is_active: Bools, is_sure: Bools, day: int, first_request: int
) -> Visits:
    """Draw the visits of a day.

    A user who is active this week visits on one sure day of it, and on every other day with the daily
    probability; a day with visits has 1 + Poisson(0.6) of them.
    """
    comes = is_active & (is_sure | (rng.random(users.n) < users.daily_probability))
    count = np.where(comes, 1 + rng.poisson(MORE_VISITS, users.n), 0)
    user = rng.permutation(np.repeat(np.arange(users.n), count))
    started_at = day_start(day) + times_of_day(rng, len(user))
    low, high = (int(seconds * SECOND) for seconds in LOAD_SECONDS)
    requested_at = np.minimum(started_at + rng.integers(low, high, len(user)), day_start(day + 1) - 1)
    order = np.argsort(requested_at, kind="stable")
    number = first_request + np.arange(len(user))
    return Visits(number, user[order], requested_at[order], started_at[order])


def draw_exposure(
    rng: np.random.Generator,
    visits: Visits,
    users: Users,
    items: Items,
    day: int,
    *,
    slots: int,
    candidates: int,
    temperature: float,
    exploration: float,
) -> Exposure:
    """Draw candidates for a unit of requests and let the logged policy pick one for each place."""
    pool = items.pool(day_start(day - ITEM_LIFE_DAYS), day_start(day))
    item = draw_distinct(rng, pool, visits.n, slots * candidates).reshape(visits.n, slots, candidates)
    suits = affinity(users, items, visits.user[:, None, None], item)
    score = _score(rng, items, item, suits, visits.requested_at)
    policy = softmax(score / temperature)
    is_random = rng.random((visits.n, slots)) < exploration
    law = np.where(is_random[:, :, None], 1 / candidates, policy)
    chosen = pick(rng, law)
    at = chosen[:, :, None]
    shown = np.take_along_axis(item, at, axis=2)[:, :, 0]
    return Exposure(
        request_id=visits.request_id,
        user=visits.user,
        requested_at=visits.requested_at,
        item=item,
        score=score,
        probability=(1 - exploration) * policy + exploration / candidates,
        is_random=is_random,
        chosen=chosen,
        shown_item=shown,
        shown_affinity=np.take_along_axis(suits, at, axis=2)[:, :, 0],
        shown_quality=items.quality[shown],
        shown_bait=items.bait[shown],
    )


def _score(rng: np.random.Generator, items: Items, item: Ints, suits: Floats, requested_at: Ints) -> Floats:
    """Return the production score: 0.55 q + 0.1 b + 0.4 affinity - 0.05 age in days + N(0, 0.4)."""
    w = SCORE_WEIGHTS
    age_days = (requested_at[:, None, None] - items.published_at[item]) / DAY
    known = w["quality"] * items.quality[item] + w["bait"] * items.bait[item]
    return (
        known
        + w["affinity"] * suits
        + w["age_days"] * age_days
        + SCORE_NOISE * rng.standard_normal(item.shape)
    )


def softmax(score: Floats) -> Floats:
    """Return exp(score) normalised over the last axis.

    Examples:
        >>> softmax(np.zeros((1, 4))).tolist()
        [[0.25, 0.25, 0.25, 0.25]]
    """
    raised = np.exp(score - score.max(axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True))


def pick(rng: np.random.Generator, law: Floats) -> Ints:
    """Return an index drawn from each row of probabilities (last axis)."""
    ends = np.cumsum(law, axis=-1)
    at = rng.random(law.shape[:-1])[..., None] * ends[..., -1:]
    return np.asarray((ends <= at).sum(axis=-1))


def draw_distinct(rng: np.random.Generator, pool: range, rows: int, each: int) -> Ints:
    """Return (rows, each) items of the pool, newer ones more often, no item twice in a row.

    Items that repeat in a row are drawn again until none does.
    """
    picks = _draw_items(rng, pool, rows * each).reshape(rows, each)
    pending = np.arange(rows)
    while len(pending):
        row, column = _repeats(picks[pending])
        pending = pending[np.unique(row)] if len(row) else pending[:0]
        if len(row):
            row = np.searchsorted(np.unique(row), row)
            picks[pending[row], column] = _draw_items(rng, pool, len(row))
    return picks


def _draw_items(rng: np.random.Generator, pool: range, n: int) -> Ints:
    back = np.floor(len(pool) * rng.random(n) ** RECENCY).astype(np.int64)
    return pool.stop - 1 - back


def _repeats(picks: Ints) -> tuple[Ints, Ints]:
    """Return the rows and columns of values that stand further left in the same row already."""
    order = np.argsort(picks, axis=1, kind="stable")
    ordered = np.take_along_axis(picks, order, axis=1)
    row, rank = np.nonzero(ordered[:, 1:] == ordered[:, :-1])
    return row, order[row, rank + 1]
