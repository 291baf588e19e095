"""Scarce actions: their price, set where cases are plenty, and the cap that no period exceeds.

A case earns its place by what it saves against the next best action, not by its probability. The price of an
action is what the last place is worth: a case below it is not worth a place, also where one is free now,
because a better one is expected. Where a period is ranked at once nothing better can still come, and every
case that pays takes a place while there is one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from truenorth.decision.contract import Floats
from truenorth.decision.periods import Ints, filled, keyed_order, periods, runs, span, times
from truenorth.decision.plain import weights
from truenorth.engine.vectors import Vectors
from truenorth.framing.capacities import Capacity

Bools = NDArray[np.bool_]
_SWEEPS = 50
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Limit:
    """The capacity of one action on the rows of one batch."""

    action: int
    """Its column among the costs."""
    capacity: Capacity
    period: Ints
    """Period of each row, shape (n,)."""
    used: Mapping[int, float]
    """Places taken before these rows, by period."""
    weight: Floats
    """Rows of the log that each row stands for, shape (n,)."""

    @property
    def free(self) -> Ints:
        """Places left in the period of each row, whole ones, shape (n,)."""
        whole = int(np.floor(self.capacity.amount + _ROUNDING))
        left = {number: max(0, whole - int(np.ceil(taken))) for number, taken in self.used.items()}
        if not left:
            return np.full(len(self.period), whole, dtype=np.int64)
        return np.array([left.get(int(number), whole) for number in self.period], dtype=np.int64)


def limits(
    names: tuple[str, ...],
    capacities: Mapping[str, Capacity],
    columns: Vectors,
    used: Mapping[str, Mapping[int, float]] | None = None,
) -> tuple[Limit, ...]:
    """Return the limits of a batch, in the order of the actions."""
    taken, weight = used or {}, weights(columns)
    return tuple(
        Limit(j, capacities[n], periods(columns, columns.n_rows, capacities[n].per), taken.get(n, {}), weight)
        for j, n in enumerate(names)
        if n in capacities
    )


@dataclass(frozen=True)
class Price:
    """What one place of a scarce action is worth."""

    price: float
    """Money that the last place saves, >= 0; 0 where places are left over."""
    wanted: float
    """Cases per period for which the action is cheapest when it is free to take."""
    used: float
    """Cases per period that take it at this price."""


def prices(
    costs: Floats, found: tuple[Limit, ...], weight: Floats, *, share: float = 1.0
) -> dict[int, Price]:
    """Return the shadow prices that make expected use meet capacity.

    One scarce action is exact: the price is the benefit of the last case that fits into the periods together.
    For several the prices are set in turns until none moves (dual coordinate ascent).

    Args:
        costs: Expected cost of each action, shape (n, actions).
        found: The limits of these rows.
        weight: How many rows of the log one row stands for, shape (n,).
        share: Part of the rows of their time that these are, in (0, 1].
    """
    price = np.zeros(costs.shape[1])
    result: dict[int, Price] = {}
    for _ in range(_SWEEPS if len(found) > 1 else 1):
        before = price.copy()
        for limit in found:
            result[limit.action] = _price(costs, limit, price, weight / share)
            price[limit.action] = result[limit.action].price
        if np.allclose(before, price, rtol=1e-9, atol=0):
            break
    return result


def _price(costs: Floats, limit: Limit, price: Floats, weight: Floats) -> Price:
    """Return the price of one action at the present prices of the others."""
    gain = benefit(costs + np.where(np.arange(len(price)) == limit.action, 0.0, price), limit.action)
    n_periods = span(limit.period)
    wanting = np.flatnonzero(gain > 0)
    finite = gain[np.isfinite(gain)]
    # Where no other cost is known the case must have its place; it sets no price.
    gain = np.minimum(gain, finite.max(initial=0.0))
    if limit.capacity.together:
        return _together_price(gain, wanting, limit, weight, n_periods)
    order = wanting[np.argsort(-gain[wanting], kind="stable")]
    filled = np.cumsum(weight[order])
    wanted = float(filled[-1]) / n_periods if len(order) else 0.0
    room = limit.capacity.amount * n_periods
    if not len(order) or filled[-1] <= room * (1 + _ROUNDING):
        return Price(0.0, wanted, wanted)
    last = max(int(np.searchsorted(filled, room * (1 + _ROUNDING), side="right")) - 1, 0)
    return Price(float(gain[order[last]]), wanted, float(filled[last]) / n_periods)


def _together_price(gain: Floats, wanting: Ints, limit: Limit, weight: Floats, n_periods: int) -> Price:
    """Return the mean over periods of what the last place was worth."""
    order = wanting[np.argsort(-gain[wanting], kind="stable")]
    group = limit.period[order]
    by_group = order[np.argsort(group, kind="stable")]
    total = used = worth = 0.0
    for rows in np.split(by_group, runs(limit.period[by_group])[0][1:]) if len(order) else []:
        filled = np.cumsum(weight[rows])
        total += float(filled[-1])
        fits = int(np.searchsorted(filled, limit.capacity.amount * (1 + _ROUNDING), side="right"))
        used += float(filled[fits - 1]) if fits else 0.0
        if fits < len(rows):
            worth += float(gain[rows[max(fits - 1, 0)]])
    return Price(worth / n_periods, total / n_periods, used / n_periods)


def benefit(costs: Floats, action: int) -> Floats:
    """Return what an action saves against the next best one, shape (n,)."""
    others = np.delete(costs, action, axis=1)
    next_best = others.min(axis=1) if others.shape[1] else np.full(len(costs), np.inf)
    with np.errstate(invalid="ignore"):
        gain = next_best - costs[:, action]
    return np.where(np.isnan(gain), -np.inf, gain)


def assign(costs: Floats, found: tuple[Limit, ...], columns: Vectors, *, first: Bools | None = None) -> Ints:
    """Return the cheapest action of each row, no period of a limit holding more rows than its places.

    One by one, places go to rows in the order of time; a row that finds none takes its next best action, in
    which it may meet the next limit. Together, places of a period go to the rows that lose most without. Ties
    take the action declared first.

    Args:
        costs: Cost of each action with the prices added, shape (n, actions); infinite where not possible.
        found: The limits of these rows; at least one action has none.
        columns: Times and keys of the rows.
        first: Rows that places ranked together go to before all others.
    """
    n_rows, n_actions = costs.shape
    allowed = np.ones((n_rows, n_actions), dtype=bool)
    arrival = np.empty(n_rows, dtype=np.int64)
    arrival[keyed_order(columns, times(columns, n_rows))] = np.arange(n_rows)
    unlimited = next(j for j in range(n_actions) if j not in {limit.action for limit in found})
    while True:
        action = _cheapest(costs, allowed, unlimited)
        late = [
            (limit.action, _without_place(limit, action, costs, allowed, arrival, first)) for limit in found
        ]
        if not any(rows.size for _, rows in late):
            return action
        for column, rows in late:
            allowed[rows, column] = False


def _cheapest(costs: Floats, allowed: Bools, otherwise: int) -> Ints:
    left = np.where(allowed, costs, np.inf)
    action = np.argmin(left, axis=1).astype(np.int64)
    return np.where(np.isinf(left.min(axis=1)), otherwise, action)


def _without_place(
    limit: Limit, action: Ints, costs: Floats, allowed: Bools, arrival: Ints, first: Bools | None
) -> Ints:
    """Return the rows that chose a scarce action beyond its places."""
    rows = np.flatnonzero(action == limit.action)
    if not limit.capacity.together:
        order = np.argsort(arrival[rows], kind="stable")
    else:
        gain = benefit(np.where(allowed[rows], costs[rows], np.inf), limit.action)
        late = np.zeros(len(rows)) if first is None else -first[rows].astype(float)
        order = np.lexsort((arrival[rows], -gain, late))
    taken = filled(limit.period[rows], order, limit.weight[rows])
    return rows[taken > limit.free[rows] + _ROUNDING]


def still_open(action: Ints, found: tuple[Limit, ...], columns: Vectors, n_actions: int) -> Bools:
    """Return which actions had a place left when each row came, shape (n, actions), all ranked together."""
    result = np.ones((len(action), n_actions), dtype=bool)
    order = keyed_order(columns, times(columns, len(action)))
    for limit in found:
        if limit.capacity.together:
            continue
        by_period = order[np.argsort(limit.period[order], kind="stable")]
        takes = np.where(action[by_period] == limit.action, limit.weight[by_period], 0.0)
        before = np.cumsum(takes) - takes
        starts, lengths = runs(limit.period[by_period])
        taken = before - np.repeat(before[starts], lengths) + limit.weight[by_period]
        result[by_period, limit.action] = taken <= limit.free[by_period] + _ROUNDING
    return result
