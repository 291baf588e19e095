"""What people do in the feed world: reach, look, react, and come back. Every law in closed form.

With quality `q`, bait `b` and affinity `a` of the item at place `k`:

    reached          Bernoulli(k^-0.7), each place on its own
    reaction         Bernoulli(logistic(RESPONSES[action] . (1, q, b, a))) where reached
    viewport_seconds min(exp(1.7 + 0.45 q - 0.45 b + 0.4 a + N(0, 1)), 590 / slots - 0.5)
                     where reached, else 0
    satisfaction     WORTH . (1, q, a, max(b - 1, 0)^2) where reached, else 0
    return           logistic(intercept + 3 mean satisfaction of the week's reached items), clipped to +-6
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from truenorth.worlds.feed_exposure import Exposure
from truenorth.worlds.stream import DAY, SECOND, Bools, Floats, Ints, logistic, microseconds


@dataclass(frozen=True)
class Response:
    """Logit of a reaction: intercept + quality q + bait b + affinity a."""

    intercept: float
    quality: float
    bait: float
    affinity: float
    delay_seconds: float
    """Mean of the exponential delay after looking; 0 = while looking."""
    limit_seconds: float
    """The delay's upper end."""


ACTIONS = ("click", "like", "comment", "share", "hide", "report")
RESPONSES = {
    "click": Response(-1.9, 0.5, 1.0, 0.2, 0, 0),
    "like": Response(-3.0, 0.7, -0.5, 0.5, 0, 0),
    "comment": Response(-4.2, 0.5, -0.3, 0.4, 300, 3600),
    "share": Response(-4.4, 0.8, -0.5, 0.4, 120, 3600),
    "hide": Response(-5.2, -0.5, 0.9, -0.4, 1800, 72000),
    "report": Response(-6.5, -0.6, 0.9, 0.0, 1800, 72000),
}
"""Law of each reaction, given that the item was reached."""

REACH_EXPONENT = 0.7
VIEW_LOG_SECONDS = {"intercept": 1.7, "quality": 0.45, "bait": -0.45, "affinity": 0.4, "noise": 1.0}
VIEW_TOTAL_SECONDS = 590.0
"""All places together are looked at for less than this, so that views are known within 10 minutes."""
FIRST_LOOK_SECONDS = 1.0
BETWEEN_LOOKS_SECONDS = 0.5
QUICK_SKIP_SECONDS = 3.0
ACCIDENTAL_LIKE = 0.01
"""Chance of a like by mistake within two seconds after scrolling past."""

WORTH = {"intercept": -0.2, "quality": 1.0, "affinity": 0.2, "regret": -0.6}
"""Satisfaction where reached; regret is max(b - 1, 0)^2: a little bait is only a good headline."""
REGRET_FROM = 1.0
RETURN_SLOPE = 3.0
RETURN_LIMIT = 6.0

DELAY_LOG_SECONDS = (float(np.log(2.0)), 1.0)
"""Mean and deviation of the logarithm of the usual network delay."""
LATEST = 2 * DAY


@dataclass(frozen=True)
class Views:
    """What happened at each place of a unit of requests; arrays of shape (requests, slots)."""

    is_reached: Bools
    viewport_seconds: Floats
    seen_at: Ints
    left_at: Ints
    is_scrolled_past: Bools
    is_accidental: Bools
    satisfaction: Floats
    probability: dict[str, Floats]
    """Chance of each reaction before it is known whether the place is reached."""


@dataclass(frozen=True)
class Actions:
    """Rows of the action log; arrays of shape (actions,)."""

    acted_at: Ints
    received_at: Ints
    user: Ints
    item: Ints
    action: Ints
    names: tuple[str, ...] = (*ACTIONS, "scroll_past")
    """Name of each code in `action`."""


def reach_probability(slot: Ints) -> Floats:
    """Return the chance that a place is reached, slot^-0.7, places counted from 1.

    Examples:
        >>> reach_probability(np.array([1, 2, 3])).round(3).tolist()
        [1.0, 0.616, 0.463]
    """
    return np.asarray(slot.astype(np.float64) ** -REACH_EXPONENT)


def response_probability(action: str, quality: Floats, bait: Floats, affinity: Floats) -> Floats:
    """Return the chance of a reaction to an item that was reached.

    Examples:
        >>> zero = np.zeros(1)
        >>> float(response_probability("click", zero, zero, zero)[0].round(4))
        0.1301
    """
    law = RESPONSES[action]
    return logistic(law.intercept + law.quality * quality + law.bait * bait + law.affinity * affinity)


def expected_satisfaction(quality: Floats, bait: Floats, affinity: Floats) -> Floats:
    """Return what reaching an item is worth: -0.2 + q + 0.2 a - 0.6 max(b - 1, 0)^2."""
    regret = np.maximum(bait - REGRET_FROM, 0) ** 2
    worth = WORTH["quality"] * quality + WORTH["affinity"] * affinity + WORTH["regret"] * regret
    return np.asarray(WORTH["intercept"] + worth)


def return_probability(intercept: Floats, satisfaction: Floats) -> Floats:
    """Return the chance of a visit next week, given the mean satisfaction of this week's reached items.

    Which places are reached does not depend on what stands there, so that the mean is still a sum of what
    each decision adds.
    """
    return logistic(np.clip(intercept + RETURN_SLOPE * satisfaction, -RETURN_LIMIT, RETURN_LIMIT))


def draw_views(rng: np.random.Generator, exposure: Exposure) -> Views:
    """Draw how far each list is read, how long each item is looked at, and what it was worth."""
    shape = exposure.chosen.shape
    q, b, a = exposure.shown_quality, exposure.shown_bait, exposure.shown_affinity
    reach = np.broadcast_to(reach_probability(np.arange(1, shape[1] + 1)), shape)
    is_reached = rng.random(shape) < reach
    viewport = np.where(is_reached, _view_seconds(rng, q, b, a), 0.0)
    waits = np.where(is_reached, viewport + BETWEEN_LOOKS_SECONDS, 0.0)
    seen_at = exposure.requested_at[:, None] + microseconds(
        FIRST_LOOK_SECONDS + np.cumsum(waits, axis=1) - waits
    )
    is_past = is_reached & (viewport < QUICK_SKIP_SECONDS)
    return Views(
        is_reached=is_reached,
        viewport_seconds=viewport,
        seen_at=seen_at,
        left_at=seen_at + microseconds(viewport),
        is_scrolled_past=is_past,
        is_accidental=is_past & (rng.random(shape) < ACCIDENTAL_LIKE),
        satisfaction=np.where(is_reached, expected_satisfaction(q, b, a), 0.0),
        probability={action: reach * response_probability(action, q, b, a) for action in ACTIONS},
    )


def _view_seconds(rng: np.random.Generator, q: Floats, b: Floats, a: Floats) -> Floats:
    w = VIEW_LOG_SECONDS
    log_seconds = w["intercept"] + w["quality"] * q + w["bait"] * b + w["affinity"] * a
    seconds = np.exp(log_seconds + w["noise"] * rng.standard_normal(q.shape))
    limit = VIEW_TOTAL_SECONDS / q.shape[1] - BETWEEN_LOOKS_SECONDS
    return np.asarray(np.round(np.minimum(seconds, limit), 3))


def draw_actions(
    rng: np.random.Generator, exposure: Exposure, views: Views, late_share: float, duplicate_share: float
) -> Actions:
    """Draw the action rows of a unit of requests, in the order in which they were received."""
    parts = [_reactions(rng, code, exposure, views) for code in range(len(ACTIONS))]
    parts += _scrolls(rng, exposure, views)
    acted_at, user, item, action = (np.concatenate(column) for column in zip(*parts, strict=True))
    received_at = acted_at + _network_delay(rng, len(acted_at), late_share)
    copies = 1 + (rng.random(len(acted_at)) < duplicate_share)
    order = np.lexsort((action, item, user, received_at))
    order = np.repeat(order, copies[order])
    return Actions(acted_at[order], received_at[order], user[order], item[order], action[order])


Part = tuple[Ints, Ints, Ints, Ints]


def _reactions(rng: np.random.Generator, code: int, exposure: Exposure, views: Views) -> Part:
    """Return the rows of one reaction: while looking, or an exponential time afterwards."""
    law, action = RESPONSES[ACTIONS[code]], ACTIONS[code]
    slots = np.arange(1, exposure.chosen.shape[1] + 1)
    given_reached = views.probability[action] / reach_probability(slots)
    row, slot = np.nonzero(views.is_reached & (rng.random(given_reached.shape) < given_reached))
    if law.delay_seconds:
        delay = np.minimum(rng.exponential(law.delay_seconds, len(row)), law.limit_seconds)
        acted_at = views.left_at[row, slot] + microseconds(delay)
    else:
        looked = views.viewport_seconds[row, slot]
        acted_at = views.seen_at[row, slot] + microseconds(looked * rng.random(len(row)))
    return acted_at, exposure.user[row], exposure.shown_item[row, slot], np.full(len(row), code)


def _scrolls(rng: np.random.Generator, exposure: Exposure, views: Views) -> list[Part]:
    """Return the rows of scrolling past, and of the likes by mistake that follow some of them."""
    row, slot = np.nonzero(views.is_scrolled_past)
    past = (views.left_at[row, slot], exposure.user[row], exposure.shown_item[row, slot])
    wrong = views.is_accidental[row, slot]
    like_at = past[0][wrong] + rng.integers(50_000, 2 * SECOND - 50_000, int(wrong.sum()))
    likes = (like_at, past[1][wrong], past[2][wrong], np.full(len(like_at), ACTIONS.index("like")))
    return [(*past, np.full(len(row), len(ACTIONS))), likes]


def _network_delay(rng: np.random.Generator, n: int, late_share: float) -> Ints:
    """Return lognormal delays of some seconds; a share is late, uniform up to two days."""
    usual = microseconds(rng.lognormal(*DELAY_LOG_SECONDS, n))
    late = rng.integers(0, LATEST, n)
    return np.minimum(np.where(rng.random(n) < late_share, late, usual), LATEST - 1)
