"""Looks by place from counts of clicks: three estimators, and whether looks times worth fit at all.

References:
    Agarwal, Zaitsev, Wang, Li, Najork and Joachims (2019). Estimating position bias without intrusive
    interventions. WSDM.
    Wang, Golbandi, Bendersky, Metzler and Najork (2018). Position bias estimation for unbiased learning to
    rank in personal search. WSDM.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.optimize import minimize

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

EM_STEPS = 500
EM_TOLERANCE = 1e-7
FEWEST_CLICKS = 20
"""Clicks of a group of items at a place, below which it is not compared."""


def plain(values: Iterable[float]) -> tuple[float, ...]:
    """Return a number of each place as a report holds it."""
    return tuple(float(one) for one in values)


@dataclass(frozen=True, eq=False)
class Shown:
    """Impressions counted by item and place, each of shape (items, places)."""

    n: Floats
    clicks: Floats

    @property
    def rate(self) -> Floats:
        """Clicks per impression, 0 where there was none."""
        return np.divide(self.clicks, self.n, out=np.zeros_like(self.n), where=self.n > 0)


def count_shown(item: Ints, place: Ints, clicks: Floats, places: int, weight: Floats) -> Shown:
    """Return impressions and clicks by item and place."""
    cell, size = item * places + place, (int(item.max()) + 1) * places
    n = np.bincount(cell, weights=weight, minlength=size)
    hits = np.bincount(cell, weights=weight * clicks, minlength=size)
    return Shown(*(one.astype(np.float64).reshape(-1, places) for one in (n, hits)))


def all_pairs(shown: Shown) -> Floats:
    """Return looks relative to the first place from items that stood at two places, by maximum likelihood.

    For each pair of places the items that stood at both have one worth `r`; their clicks at `k` and at `k'`
    follow `p_k r` and `p_k' r`. An item counts as much as its less frequent place was shown.
    """
    places = shown.n.shape[1]
    both = np.minimum(shown.n[:, :, None], shown.n[:, None, :])  # (items, k, k')
    hits = np.einsum("dk,dkl->kl", shown.rate, both)
    misses = both.sum(axis=0) - hits
    first, second = np.triu_indices(places, 1)
    pair = np.zeros((places, places), dtype=np.int64)
    pair[first, second] = pair[second, first] = np.arange(len(first))
    apart = ~np.eye(places, dtype=bool)
    used = apart & (hits + misses > 0)

    def loss(x: Floats) -> tuple[float, Floats]:
        log_p, log_r = -np.logaddexp(0, -x[:places]), -np.logaddexp(0, -x[places:])
        log_q = np.minimum(log_p[:, None] + log_r[pair], -1e-12)
        rest = np.log(-np.expm1(log_q))
        value = -np.sum((hits * log_q + misses * rest)[used])
        # d/d log_q of log(1 - q) is -q / (1 - q)
        pull = np.where(used, -(hits - misses * np.exp(log_q - rest)), 0.0)
        to_r = np.bincount(pair[used], weights=pull[used], minlength=len(first))
        slope = np.concatenate([pull.sum(axis=1), to_r]) * (1 / (1 + np.exp(x)))
        return float(value), slope

    start = np.zeros(places + len(first))
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 2000, "ftol": 1e-12})
    theta = 1 / (1 + np.exp(-found.x[:places]))
    return relative(np.where(used.any(axis=1), theta, np.nan))


def regression_em(shown: Shown) -> Floats:
    """Return looks relative to the first place by expectation and maximisation, with one worth per item.

    Without a click: `P(look) = theta (1 - g) / (1 - theta g)`, `P(worth) = g (1 - theta) / (1 - theta g)`.
    """
    n, clicks = shown.n, shown.clicks
    without = n - clicks
    at_place, of_item = n.sum(axis=0), n.sum(axis=1)
    theta = np.linspace(0.9, 0.5, n.shape[1])
    worth = np.full(len(n), 0.5)
    for _ in range(EM_STEPS):
        chance = np.minimum(theta * worth[:, None], 1 - 1e-12)
        look = clicks + without * theta * (1 - worth[:, None]) / (1 - chance)
        good = clicks + without * worth[:, None] * (1 - theta) / (1 - chance)
        updated = look.sum(axis=0) / np.maximum(at_place, 1e-12)
        worth = good.sum(axis=1) / np.maximum(of_item, 1e-12)
        done = float(np.abs(updated - theta).max()) < EM_TOLERANCE
        theta = updated
        if done:
            break
    return relative(np.where(at_place > 0, theta, np.nan))


def swap(place: Ints, clicks: Floats, swapped: Ints, weight: Floats, places: int) -> Floats:
    """Return looks relative to the first place from lists that exchanged it with another at random."""
    theta = np.full(places, np.nan)
    theta[0] = 1.0
    for other in range(1, places):
        pair = swapped == other + 1
        there, first = pair & (place == other), pair & (place == 0)
        if weight[there].sum() > 0 and (weight * clicks)[first].sum() > 0:
            rate = (weight * clicks)[there].sum() / weight[there].sum()
            theta[other] = rate / ((weight * clicks)[first].sum() / weight[first].sum())
    return theta


def relative(theta: Floats) -> Floats:
    """Return looks over those of the first place, NaN where it has none."""
    return theta / theta[0] if theta[0] > 0 else np.full(len(theta), np.nan)


def share_moved(shown: Shown) -> float:
    """Return the share of impressions of items that were shown at two places or more."""
    several = (shown.n > 0).sum(axis=1) > 1
    return float(shown.n[several].sum() / max(shown.n.sum(), 1.0))


def goodness_of_fit(item: Ints, place: Ints, clicks: Floats, theta: Floats, *, seed: int = 0) -> float:
    """Return the p-value of 'looks times worth': good and poor items must lose as much from place to place.

    Items are called good or poor by one half of their impressions. On the other half the clicks of the same
    items at two places are compared, `log(rate_k / rate_l)`, and must not differ between good and poor:
    clicks that come from the place alone make poor items lose more. Pairs of neighbours are disjoint, so that
    their squares add up to a chi-square.

    Args:
        item: Code of the item, shape (n,).
        place: From 0, shape (n,).
        clicks: Shape (n,).
        theta: Looks relative to the first place.
        seed: Seed of the halves.
    """
    held, in_first = np.nan_to_num(theta), np.random.default_rng(seed).random(len(item)) < 0.5
    halves = [
        count_shown(item, place, clicks, len(held), one.astype(np.float64)) for one in (in_first, ~in_first)
    ]
    worths = [_worth(one, held) for one in halves]
    chi, degrees = 0.0, 0
    for k in range(0, len(held) - 1, 2):
        # Each half is split by the worth that the other half shows.
        parts = [
            _log_ratio(halves[1 - at], k, items)
            for at in range(2)
            for items in _good_and_poor(worths[at], halves[1 - at], k)
        ]
        known = [one for one in parts if one is not None]
        if len(known) == 4:
            apart = known[0][0] - known[1][0] + known[2][0] - known[3][0]
            chi += apart**2 / sum(variance for _, variance in known)
            degrees += 1
    return float(stats.chi2.sf(chi, degrees)) if degrees else 1.0


def _worth(shown: Shown, theta: Floats) -> Floats:
    """Return clicks per look of each item, NaN where it was never looked at."""
    looks = shown.n @ theta
    nothing = np.full(len(looks), np.nan)
    return np.asarray(np.divide(shown.clicks.sum(axis=1), looks, out=nothing, where=looks > 0))


def _good_and_poor(worth: Floats, shown: Shown, k: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which items of places `k` and `k + 1` are worth more than their median, and which less."""
    both = (shown.n[:, k : k + 2] > 0).all(axis=1) & np.isfinite(worth)
    middle = float(np.median(worth[both])) if both.any() else 0.0
    return both & (worth > middle), both & (worth <= middle)


def _log_ratio(shown: Shown, k: int, items: NDArray[np.bool_]) -> tuple[float, float] | None:
    """Return `log(rate_k / rate_k+1)` of the same items and its variance, None for few clicks."""
    n, clicks = shown.n[items, k : k + 2], shown.clicks[items, k : k + 2]
    n, clicks = n[(n > 0).all(axis=1)], clicks[(n > 0).all(axis=1)]
    weight = n.min(axis=1, keepdims=True)
    hits = (weight * clicks / n).sum(axis=0) if len(n) else np.zeros(2)
    if hits.min() < FEWEST_CLICKS:
        return None
    # A rate of an item is pulled to the middle of all, so that no clicks do not mean no variance.
    rate = (clicks + hits / weight.sum()) / (n + 1)
    variance = (weight**2 * rate * (1 - rate) / n).sum(axis=0)
    return float(np.log(hits[0] / hits[1])), float((variance / hits**2).sum())
