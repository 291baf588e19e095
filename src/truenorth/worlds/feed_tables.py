"""The tables of the feed world: their columns, and how a unit of requests is spread over their rows."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from truenorth.worlds.feed_exposure import Exposure, Visits
from truenorth.worlds.feed_response import ACTIONS, Actions, Views
from truenorth.worlds.stream import MINUTE, STAMP, Bools, Columns, names_of, where_known

ARMS = ("policy", "random")
VIEW_KNOWN_AFTER = 10 * MINUTE

CANDIDATES_SCHEMA = pa.schema(
    [
        ("requested_at", STAMP),
        ("request_id", pa.int64()),
        ("slot", pa.int8()),
        ("user", pa.int64()),
        ("item", pa.int64()),
        ("position", pa.int8()),
        ("logged_score", pa.float64()),
        ("logged_probability", pa.float64()),
        ("arm", pa.string()),
        ("viewport_seconds", pa.float64()),
        ("scroll_past_at", STAMP),
    ]
)
ACTIONS_SCHEMA = pa.schema(
    [
        ("acted_at", STAMP),
        ("received_at", STAMP),
        ("user", pa.int64()),
        ("item", pa.int64()),
        ("action", pa.string()),
    ]
)
SESSIONS_SCHEMA = pa.schema([("started_at", STAMP), ("session_id", pa.int64()), ("user", pa.int64())])
IMPRESSIONS_SCHEMA = pa.schema(
    [
        ("request_id", pa.int64()),
        ("slot", pa.int8()),
        ("user", pa.int64()),
        ("item", pa.int64()),
        ("affinity", pa.float64()),
        ("reached", pa.bool_()),
        ("viewport_seconds", pa.float64()),
        ("satisfaction", pa.float64()),
        ("accidental_like", pa.bool_()),
        *((f"{action}_probability", pa.float64()) for action in ACTIONS),
    ]
)
USER_WEEKS_SCHEMA = pa.schema(
    [
        ("user", pa.int64()),
        ("week", pa.int16()),
        ("is_active", pa.bool_()),
        ("n_reached", pa.int64()),
        ("satisfaction", pa.float64()),
        ("return_probability", pa.float64()),
    ]
)


def session_columns(visits: Visits, rows: Bools) -> Columns:
    """Return the rows of the session log of some visits."""
    return {
        "started_at": visits.started_at[rows],
        "session_id": visits.request_id[rows],
        "user": visits.user[rows],
    }


def candidate_columns(exposure: Exposure, views: Views, end: int) -> Columns:
    """Spread a unit to one row per (request, slot, candidate); what is known later than `end` is NULL."""
    shape = exposure.item.shape
    _, slots, candidates = shape
    is_known = exposure.is_chosen & (exposure.requested_at + VIEW_KNOWN_AFTER < end)[:, None, None]
    has_passed = is_known & views.is_scrolled_past[:, :, None]
    slot = np.broadcast_to(np.arange(1, slots + 1, dtype=np.int8)[:, None], shape).ravel()

    def per_request(values: np.ndarray) -> np.ndarray:
        return np.repeat(values, slots * candidates)

    def per_slot(values: np.ndarray) -> np.ndarray:
        return np.repeat(values.ravel(), candidates)

    return {
        "requested_at": per_request(exposure.requested_at),
        "request_id": per_request(exposure.request_id),
        "slot": slot,
        "user": per_request(exposure.user),
        "item": exposure.item.ravel(),
        "position": where_known(slot, exposure.is_chosen.ravel()),
        "logged_score": exposure.score.ravel(),
        "logged_probability": exposure.probability.ravel(),
        "arm": names_of(per_slot(exposure.is_random), ARMS),
        "viewport_seconds": where_known(per_slot(views.viewport_seconds), is_known.ravel()),
        "scroll_past_at": where_known(per_slot(views.left_at), has_passed.ravel()),
    }


def impression_columns(exposure: Exposure, views: Views) -> Columns:
    """Spread a unit to one row per shown item, with what is true about it."""
    n, slots = exposure.chosen.shape
    return {
        "request_id": np.repeat(exposure.request_id, slots),
        "slot": np.tile(np.arange(1, slots + 1), n),
        "user": np.repeat(exposure.user, slots),
        "item": exposure.shown_item.ravel(),
        "affinity": exposure.shown_affinity.ravel(),
        "reached": views.is_reached.ravel(),
        "viewport_seconds": views.viewport_seconds.ravel(),
        "satisfaction": views.satisfaction.ravel(),
        "accidental_like": views.is_accidental.ravel(),
        **{f"{action}_probability": chance.ravel() for action, chance in views.probability.items()},
    }


def action_columns(actions: Actions, rows: Bools) -> Columns:
    """Return some rows of the action log."""
    return {
        "acted_at": actions.acted_at[rows],
        "received_at": actions.received_at[rows],
        "user": actions.user[rows],
        "item": actions.item[rows],
        "action": names_of(actions.action[rows], actions.names),
    }
