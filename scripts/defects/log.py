"""The planted log: a feed of about 20,000 shown items, with its truth, from one seed.

A user visits; every place of the list shows one of its candidates by a logged softmax policy. The reader may
finish what is shown within five days, and a device that was offline reports it up to four days later. What
the visit was worth sets when the user comes back. Three things are built in on purpose:

    bait    raises clicks, and lowers finishing and the return
    mood    changes by the day; it moves finishing, and the user's listening, which is reported 20 days later
    place   the second place is reached by some readers only

Columns that a warehouse would fill in later (`read_seconds`, `user_enjoyed_14d`, `user_listens_3d`,
`enjoyed_flag`) stand on the rows of the candidates: each of them is a planted defect when it is read.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from truenorth.worlds.stream import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    STAMP,
    START_US,
    Bools,
    Floats,
    Ints,
    logistic,
    names_of,
    where_known,
    write_parquet,
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

SCHEMAS = {
    "candidates": pa.schema(
        [
            ("requested_at", STAMP), ("request_id", pa.int64()), ("slot", pa.int8()), ("user", pa.int64()),
            ("user_language", pa.string()), ("item", pa.int64()), ("creator", pa.int64()),
            ("topic", pa.string()), ("item_language", pa.string()), ("published_at", STAMP),
            ("position", pa.int8()), ("logged_probability", pa.float64()), ("arm", pa.string()),
            ("read_seconds", pa.float64()), ("user_enjoyed_14d", pa.int64()),
            ("user_listens_3d", pa.int64()), ("enjoyed_flag", pa.int8()),
        ]
    ),
    "actions": pa.schema(
        [
            ("acted_at", STAMP), ("received_at", STAMP), ("user", pa.int64()), ("item", pa.int64()),
            ("creator", pa.int64()), ("action", pa.string()),
        ]
    ),
    "listens": pa.schema([("heard_at", STAMP), ("reported_at", STAMP), ("user", pa.int64())]),
    "sessions": pa.schema([("started_at", STAMP), ("session_id", pa.int64()), ("user", pa.int64())]),
    "truth": pa.schema([("request_id", pa.int64()), ("item", pa.int64()), ("enjoyed", pa.int8())]),
}  # fmt: skip


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


def write_log(folder: Path, *, size: Size, seed: int) -> dict[str, int]:
    """Write the log as Parquet, one file per table, and return the rows of each.

    What was not yet received at the end is not in the log; `truth.parquet` says for every shown row whether
    it was enjoyed in the end.
    """
    rng = np.random.default_rng(seed)
    people, items = draw_people(rng, size), draw_items(rng, size)
    shown = draw_visits(rng, size, people, items)
    actions, finish_received = draw_actions(rng, shown, items)
    listens = draw_listens(rng, size, people)
    tables = {
        "candidates": candidate_columns(rng, size, shown, people, items, listens, finish_received),
        "actions": received(actions, actions["received_at"], size.end),
        "listens": received(listens, listens["reported_at"], size.end),
        "sessions": session_columns(shown, size.end),
        "truth": truth_columns(shown),
    }
    return {
        name: write_parquet(folder / f"{name}.parquet", SCHEMAS[name], columns)
        for name, columns in tables.items()
    }


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


def draw_actions(rng: np.random.Generator, shown: Shown, items: Items) -> tuple[dict[str, Any], Ints]:
    """Return the action log, received or not, and when each finish was received (never: the largest)."""
    users = np.broadcast_to(shown.user[:, None], shown.chosen.shape)
    times = np.broadcast_to(shown.at[:, None], shown.chosen.shape)
    parts, finish_received = [], np.full(shown.chosen.shape, np.iinfo(np.int64).max)
    for code, (name, did) in enumerate(shown.reacted.items()):
        n = int(did.sum())
        if name == "finish":
            wait = np.minimum(rng.exponential(MEAN_WAIT, n).astype(np.int64), WITHIN - SECOND)
        else:
            wait = rng.integers(SECOND, 2 * MINUTE, n)
        acted = times[did] + wait
        received = acted + _sync(rng, n)
        if name == "finish":
            finish_received[did] = received
        parts.append((acted, received, users[did], shown.chosen_item[did], np.full(n, code)))
    acted, received, user, item, code = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(received, kind="stable")
    columns = {"acted_at": acted, "received_at": received, "user": user, "item": item}
    columns = {name: values[order] for name, values in columns.items()}
    columns["creator"] = items.creator[columns["item"]]
    return {**columns, "action": names_of(code[order], tuple(REACTIONS))}, finish_received


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


def received(columns: dict[str, Any], known_at: Ints, end: int) -> dict[str, Any]:
    """Return the rows that were known before the end."""
    rows = np.flatnonzero(known_at < end)
    return {
        name: values.take(pa.array(rows)) if isinstance(values, pa.Array) else values[rows]
        for name, values in columns.items()
    }


def candidate_columns(
    rng: np.random.Generator,
    size: Size,
    shown: Shown,
    people: People,
    items: Items,
    listens: dict[str, Any],
    finish_received: Ints,
) -> dict[str, Any]:
    """Return one row per (request, place, candidate), with the columns that a warehouse fills in later."""
    shape, item = shown.item.shape, shown.item.ravel()
    is_shown = (np.arange(shape[2]) == shown.chosen[:, :, None]).ravel()
    slot = np.broadcast_to(np.arange(1, shape[1] + 1, dtype=np.int8)[:, None], shape).ravel()

    def per_request(values: Any) -> Any:
        return np.repeat(values, shape[1] * shape[2])

    def per_place(values: Any) -> Any:
        return np.repeat(values.ravel(), shape[2])

    flag = (finish_received < size.end).astype(np.int8)
    return {
        "requested_at": per_request(shown.at),
        "request_id": per_request(shown.request_id),
        "slot": slot,
        "user": per_request(shown.user),
        "user_language": names_of(per_request(people.language[shown.user]), LANGUAGES),
        "item": item,
        "creator": items.creator[item],
        "topic": names_of(items.topic[item], TOPICS),
        "item_language": names_of(items.language[item], LANGUAGES),
        "published_at": items.published_at[item],
        "position": where_known(slot, is_shown),
        "logged_probability": shown.probability.ravel(),
        "arm": names_of(per_place(shown.is_random), ("policy", "random")),
        "read_seconds": where_known(per_place(_read_seconds(rng, shown.reacted["finish"])), is_shown),
        "user_enjoyed_14d": per_request(_enjoyed_before_and_now(shown)),
        "user_listens_3d": per_request(_listens_before(shown, listens)),
        "enjoyed_flag": where_known(per_place(flag), is_shown),
    }


def _read_seconds(rng: np.random.Generator, finished: Bools) -> Floats:
    """Draw how long an item was read in the end; what is finished was read long."""
    mean, spread = np.where(finished, 4.75, 3.0), np.where(finished, 0.3, 0.6)
    return np.round(np.exp(mean + spread * rng.standard_normal(finished.shape)), 1)


def _enjoyed_before_and_now(shown: Shown) -> Ints:
    """Return the user's enjoyed items of the last 14 days, by when they were shown, this request included."""
    enjoyed = shown.reacted["finish"].sum(axis=1)
    return _trailing(shown.user, shown.at, shown.user, shown.at, enjoyed, days=14, is_own_included=True)


def _listens_before(shown: Shown, listens: dict[str, Any]) -> Ints:
    """Return the user's listening of the last three days by event time, reported or not."""
    once = np.ones(len(listens["user"]), np.int64)
    return _trailing(
        shown.user, shown.at, listens["user"], listens["heard_at"], once, days=3, is_own_included=False
    )


def _trailing(
    user: Ints, at: Ints, of: Ints, when: Ints, value: Ints, *, days: int, is_own_included: bool
) -> Ints:
    """Return the sum of `value` over each user's events in the days before each time."""
    order = np.lexsort((when, of))
    # One number per (user, time): users are further apart than any window is long.
    line = of[order] * (1 << 52) + (when[order] - START_US)
    before = np.concatenate([[0], value[order].cumsum()])
    place = user * (1 << 52) + (at - START_US)
    high = np.searchsorted(line, place, side="right" if is_own_included else "left")
    return before[high] - before[np.searchsorted(line, place - days * DAY)]


def session_columns(shown: Shown, end: int) -> dict[str, Any]:
    """Return one session per visit; a session is known one hour after its start."""
    rows = shown.at + HOUR < end
    return {
        "started_at": shown.at[rows],
        "session_id": shown.request_id[rows],
        "user": shown.user[rows],
    }


def truth_columns(shown: Shown) -> dict[str, Any]:
    """Return what came of every shown row in the end."""
    slots = shown.chosen.shape[1]
    return {
        "request_id": np.repeat(shown.request_id, slots),
        "item": shown.chosen_item.ravel(),
        "enjoyed": shown.reacted["finish"].ravel().astype(np.int8),
    }
