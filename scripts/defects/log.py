"""The mechanism of the planted log: a feed of about 20,000 shown items, from one seed.

A user visits; every place of the list shows one of its candidates by a logged softmax policy. The reader may
finish what is shown within five days, and a device that was offline reports it up to four days later. What
the visit was worth sets when the user comes back. Three things are built in on purpose:

    bait    raises clicks, and lowers finishing and the return
    mood    changes by the day; it moves finishing, and the user's listening, which is reported 20 days later
    place   the second place is reached by some readers only

log_tables.py writes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from truenorth.worlds.stream import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    START_US,
    Bools,
    Floats,
    Ints,
    logistic,
    names_of,
)

BURN_IN_DAYS = 30
ITEM_LIFE_DAYS = 14
ITEMS_PER_CREATOR = 7
TOPICS = ("news", "sport", "music", "cooking", "travel", "science")
LANGUAGES = ("en", "es", "fr")
LANGUAGE_SHARES = (0.6, 0.3, 0.1)

WITHIN = 5 * DAY
"""A finished item counts within five days of its showing."""
MEAN_WAIT = 3 * DAY
OFFLINE = 0.6
LATEST_SYNC = 4 * DAY
"""No device is offline for longer."""
LISTEN_REPORTED = 20 * DAY
"""Listening on partners' devices arrives with their report."""
NEVER = np.iinfo(np.int64).max
EXPLORATION = 0.05
REACH_SECOND = 0.6
MOOD_MEMORY = 0.8
OWN_MOOD = 0.3
"""Share of the variance of the mood that is the reader's own."""

REACTIONS: dict[str, tuple[float, float, float, float, float]] = {
    "finish": (-2.0, 0.8, -0.6, 0.6, 1.1),
    "click": (-1.7, 0.0, 1.4, 0.3, 0.0),
    "save": (-2.9, 0.8, -0.6, 0.5, 0.0),
    "skip": (-0.9, -0.8, 0.8, -0.5, 0.0),
    "hide": (-4.6, -0.5, 1.0, -0.3, 0.0),
}
"""Logit of a reaction where the item is reached: constant, quality, bait, affinity, mood."""
WORTH = (0.1, 0.7, -0.8, 0.4)
"""Worth of an item that is reached: constant, quality, bait, affinity."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """How large the log is."""

    users: int = 400
    days: int = 126
    items: int = 1360
    slots: int = 2
    candidates: int = 3

    @property
    def end(self) -> int:
        """The end of the record, microseconds."""
        return START_US + self.days * DAY


@dataclass(frozen=True)
class People:
    """Everyone; arrays of shape (users,) unless said otherwise."""

    language: Ints
    gap_days: Floats
    interest: Floats  # (users, topics)
    mood: Floats  # (users, days), burn-in first


@dataclass(frozen=True)
class Items:
    """Every item, numbered by time of publication; arrays of shape (items,)."""

    creator: Ints
    topic: Ints
    language: Ints
    published_at: Ints
    quality: Floats
    bait: Floats


def draw_people(rng: np.random.Generator, size: Size) -> People:
    """Draw everyone: interests, how often they come, and a mood that is partly theirs and lasts days."""
    n, days = size.users, BURN_IN_DAYS + size.days + 1
    passing = np.empty((n, days))
    passing[:, 0] = rng.standard_normal(n)
    for day in range(1, days):
        fresh = np.sqrt(1 - MOOD_MEMORY**2) * rng.standard_normal(n)
        passing[:, day] = MOOD_MEMORY * passing[:, day - 1] + fresh
    own = rng.standard_normal(n)[:, None]
    return People(
        language=rng.choice(len(LANGUAGES), n, p=LANGUAGE_SHARES),
        gap_days=4.2 * np.exp(rng.normal(0, 0.3, n)),
        interest=rng.standard_normal((n, len(TOPICS))),
        mood=np.sqrt(OWN_MOOD) * own + np.sqrt(1 - OWN_MOOD) * passing,
    )


def draw_items(rng: np.random.Generator, size: Size) -> Items:
    """Draw items, evenly spaced in time; half of the variance of quality and bait is their creator's."""
    n, creators = size.items, max(size.items // ITEMS_PER_CREATOR, 1)
    creator = rng.integers(0, creators, n)
    first = START_US - (BURN_IN_DAYS + ITEM_LIFE_DAYS) * DAY

    def trait() -> Floats:
        return np.sqrt(0.5) * (rng.standard_normal(creators)[creator] + rng.standard_normal(n))

    return Items(
        creator=creator,
        topic=rng.integers(0, len(TOPICS), n),
        language=rng.choice(len(LANGUAGES), creators, p=LANGUAGE_SHARES)[creator],
        published_at=first + np.arange(n) * (size.end - first) // n,
        quality=trait(),
        bait=trait(),
    )


@dataclass(frozen=True)
class Shown:
    """What was shown and what was done, one row per request; the burn-in is gone."""

    request_id: Ints  # (requests,)
    user: Ints  # (requests,)
    at: Ints  # (requests,)
    item: Ints  # (requests, slots, candidates)
    probability: Floats  # (requests, slots, candidates)
    is_random: Bools  # (requests, slots)
    chosen: Ints  # (requests, slots)
    reacted: dict[str, Bools]  # each (requests, slots)

    @property
    def chosen_item(self) -> Ints:
        """Items that were shown, (requests, slots)."""
        return np.take_along_axis(self.item, self.chosen[:, :, None], axis=2)[:, :, 0]


def draw_visits(rng: np.random.Generator, size: Size, people: People, items: Items) -> Shown:
    """Let everyone visit again and again: the better a visit, the sooner the next."""
    start = START_US - BURN_IN_DAYS * DAY
    next_at = start + (people.gap_days * DAY * rng.random(size.users)).astype(np.int64)
    parts = []
    while (next_at < size.end).any():
        user = np.flatnonzero(next_at < size.end)
        part, worth = _visit(rng, size, people, items, user, next_at[user])
        parts.append(part)
        mean = people.gap_days[user] * DAY * np.exp(-0.45 * worth)
        next_at[user] += 2 * HOUR + rng.exponential(mean).astype(np.int64)
    return _in_time(parts)


def _visit(
    rng: np.random.Generator, size: Size, people: People, items: Items, user: Ints, at: Ints
) -> tuple[dict[str, Any], Floats]:
    item = _draw_pool(rng, size, items, at)
    suits = 0.6 * people.interest[user[:, None, None], items.topic[item]]
    suits = suits - 0.5 * (people.language[user][:, None, None] != items.language[item])
    noise = 0.4 * rng.standard_normal(item.shape)
    raised = np.exp(0.4 * items.quality[item] + 0.3 * items.bait[item] + 0.4 * suits + noise)
    policy = raised / raised.sum(axis=2, keepdims=True)
    is_random = rng.random(item.shape[:2]) < EXPLORATION
    law = np.where(is_random[:, :, None], 1 / size.candidates, policy)
    chosen = (law.cumsum(axis=2) <= rng.random(law.shape[:2])[:, :, None]).sum(axis=2)
    chosen = np.minimum(chosen, size.candidates - 1)
    traits = _traits(people, items, user, at, item, suits, chosen)
    is_reached = rng.random(chosen.shape) < np.where(np.arange(size.slots) == 0, 1.0, REACH_SECOND)
    reacted = {
        name: is_reached & (rng.random(chosen.shape) < logistic(np.tensordot(weights, traits, 1)))
        for name, weights in REACTIONS.items()
    }
    worth = np.where(is_reached, np.tensordot(WORTH, traits[:4], 1), 0.0).sum(axis=1)
    probability = (1 - EXPLORATION) * policy + EXPLORATION / size.candidates
    part = {
        "user": user, "at": at, "item": item, "probability": probability, "is_random": is_random,
        "chosen": chosen, **reacted,
    }  # fmt: skip
    return part, worth


def _draw_pool(rng: np.random.Generator, size: Size, items: Items, at: Ints) -> Ints:
    """Draw different items per request among those that are at most two weeks old."""
    low = np.searchsorted(items.published_at, at - ITEM_LIFE_DAYS * DAY)
    high = np.searchsorted(items.published_at, at)
    need = size.slots * size.candidates
    # A random start, then steps of at least one through the pool, so that no item repeats in a request.
    steps = rng.random((len(at), need)).cumsum(axis=1) / need * ((high - low) - need)[:, None]
    picks = low[:, None] + np.minimum(steps.astype(np.int64), (high - low - need)[:, None]) + np.arange(need)
    return rng.permuted(picks, axis=1).reshape(len(at), size.slots, size.candidates)


def _traits(
    people: People, items: Items, user: Ints, at: Ints, item: Ints, suits: Floats, chosen: Ints
) -> Floats:
    """Return (1, quality, bait, affinity, mood) of what is shown, of shape (5, requests, slots)."""
    place = chosen[:, :, None]
    shown = np.take_along_axis(item, place, axis=2)[:, :, 0]
    mood = people.mood[user, (at - START_US) // DAY + BURN_IN_DAYS]
    return np.stack(
        [
            np.ones(shown.shape), items.quality[shown], items.bait[shown],
            np.take_along_axis(suits, place, axis=2)[:, :, 0], np.broadcast_to(mood[:, None], shown.shape),
        ]
    )  # fmt: skip


def _in_time(parts: list[dict[str, Any]]) -> Shown:
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    order = np.argsort(joined["at"], kind="stable")
    order = order[joined["at"][order] >= START_US]
    kept = {name: values[order] for name, values in joined.items()}
    reacted = {name: kept.pop(name) for name in REACTIONS}
    return Shown(request_id=np.arange(len(order)), reacted=reacted, **kept)


def draw_actions(
    rng: np.random.Generator, shown: Shown, items: Items
) -> tuple[dict[str, Any], dict[str, Ints]]:
    """Return the action log, received or not, and when each reaction was received (never: the largest)."""
    users = np.broadcast_to(shown.user[:, None], shown.chosen.shape)
    times = np.broadcast_to(shown.at[:, None], shown.chosen.shape)
    parts, received_at = [], {}
    for code, (name, did) in enumerate(shown.reacted.items()):
        n = int(did.sum())
        if name == "finish":
            wait = np.minimum(rng.exponential(MEAN_WAIT, n).astype(np.int64), WITHIN - SECOND)
        else:
            wait = rng.integers(SECOND, 2 * MINUTE, n)
        acted = times[did] + wait
        received = acted + _sync(rng, n)
        received_at[name] = np.full(shown.chosen.shape, NEVER)
        received_at[name][did] = received
        parts.append((acted, received, users[did], shown.chosen_item[did], np.full(n, code)))
    acted, received, user, item, code = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(received, kind="stable")
    columns = {"acted_at": acted, "received_at": received, "user": user, "item": item}
    columns = {name: values[order] for name, values in columns.items()}
    columns["creator"] = items.creator[columns["item"]]
    return {**columns, "action": names_of(code[order], tuple(REACTIONS))}, received_at


def _sync(rng: np.random.Generator, n: int) -> Ints:
    """Return the time from an act to its receipt: seconds, or up to four days where a device was offline."""
    usual = (rng.lognormal(1.0, 1.0, n) * SECOND).astype(np.int64)
    is_offline = rng.random(n) < OFFLINE
    return np.minimum(np.where(is_offline, rng.integers(0, LATEST_SYNC, n), usual), LATEST_SYNC - 1)


def draw_listens(rng: np.random.Generator, size: Size, people: People) -> dict[str, Any]:
    """Return the listening log: more of it in a good mood, and reported 20 days later."""
    count = rng.poisson(np.exp(-0.7 + 1.4 * people.mood))
    user, day = (np.repeat(places, count.ravel()) for places in np.indices(count.shape).reshape(2, -1))
    heard_at = START_US + ((day - BURN_IN_DAYS + rng.random(len(day))) * DAY).astype(np.int64)
    order = np.argsort(heard_at, kind="stable")
    order = order[(heard_at[order] >= START_US) & (heard_at[order] < size.end)]
    return {
        "heard_at": heard_at[order],
        "reported_at": heard_at[order] + LISTEN_REPORTED,
        "user": user[order],
    }
