"""The tables of the planted log: their columns, what was received in time, and the verb that writes them.

Columns that a warehouse would fill in later (`read_seconds`, `user_enjoyed_14d`, `user_listens_3d`,
`enjoyed_flag` and its like) stand on the rows of the candidates: each of them is a planted defect when it is
read.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from scripts.defects.log import (
    LANGUAGES,
    TOPICS,
    Items,
    People,
    Shown,
    Size,
    draw_actions,
    draw_items,
    draw_listens,
    draw_people,
    draw_visits,
)
from truenorth.worlds.stream import (
    DAY,
    HOUR,
    STAMP,
    START_US,
    Bools,
    Floats,
    Ints,
    names_of,
    where_known,
    write_parquet,
)

FLAGS = {"enjoyed": "finish", "saved": "save", "skipped": "skip"}
"""Labels that are exported as columns of the candidates, as they stood when the log ended."""

SCHEMAS = {
    "candidates": pa.schema(
        [
            ("requested_at", STAMP), ("request_id", pa.int64()), ("slot", pa.int8()), ("user", pa.int64()),
            ("user_language", pa.string()), ("item", pa.int64()), ("creator", pa.int64()),
            ("topic", pa.string()), ("item_language", pa.string()), ("published_at", STAMP),
            ("position", pa.int8()), ("logged_probability", pa.float64()), ("arm", pa.string()),
            ("read_seconds", pa.float64()), ("user_enjoyed_14d", pa.int64()),
            ("user_listens_3d", pa.int64()), *((f"{flag}_flag", pa.int8()) for flag in FLAGS),
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


def write_log(folder: Path, *, size: Size, seed: int) -> dict[str, int]:
    """Write the log as Parquet, one file per table, and return the rows of each.

    What was not yet received at the end is not in the log; `truth.parquet` says for every shown row whether
    it was enjoyed in the end.
    """
    rng = np.random.default_rng(seed)
    people, items = draw_people(rng, size), draw_items(rng, size)
    shown = draw_visits(rng, size, people, items)
    actions, received_at = draw_actions(rng, shown, items)
    listens = draw_listens(rng, size, people)
    tables = {
        "candidates": candidate_columns(rng, size, shown, people, items, listens, received_at),
        "actions": received(actions, actions["received_at"], size.end),
        "listens": received(listens, listens["reported_at"], size.end),
        "sessions": session_columns(shown, size.end),
        "truth": truth_columns(shown),
    }
    return {
        name: write_parquet(folder / f"{name}.parquet", SCHEMAS[name], columns)
        for name, columns in tables.items()
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
    received_at: dict[str, Ints],
) -> dict[str, Any]:
    """Return one row per (request, place, candidate), with the columns that a warehouse fills in later."""
    shape, item = shown.item.shape, shown.item.ravel()
    is_shown = (np.arange(shape[2]) == shown.chosen[:, :, None]).ravel()
    slot = np.broadcast_to(np.arange(1, shape[1] + 1, dtype=np.int8)[:, None], shape).ravel()

    def per_request(values: Any) -> Any:
        return np.repeat(values, shape[1] * shape[2])

    def per_place(values: Any) -> Any:
        return np.repeat(values.ravel(), shape[2])

    flags = {
        f"{flag}_flag": where_known(per_place(received_at[reaction] < size.end), is_shown)
        for flag, reaction in FLAGS.items()
    }
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
        **flags,
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
