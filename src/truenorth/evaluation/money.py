"""What decisions cost once it is known what happened, and what acting more or less would have cost.

References:
    Drummond, Holte (2006). Cost curves: an improved method for visualizing classifier performance. Machine
    Learning 65.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truenorth.decision.accounting import confusion
from truenorth.decision.accounting import realised_cost as cost_of
from truenorth.decision.realised import Realised
from truenorth.decision.values import spelled_out
from truenorth.evaluation.acting import acted, does_nothing
from truenorth.evaluation.reading import Reading
from truenorth.evaluation.refusals import NotAssessed
from truenorth.evaluation.timing import covered_microseconds
from truenorth.framing.expressions import Expression, parse_expression, quote_name
from truenorth.framing.framing import Framing
from truenorth.statistics.estimates import Floats, codes_of, spread
from truenorth.statistics.intervals import interval

SHARES = 41
"""Points of a cost curve."""


def realised_cost(reading: Reading) -> Realised:
    """Return the cost of what was decided on each row, and where it is known.

    Raises:
        NotAssessed: If the policy has no costs.
    """
    policy = reading.framing.policy
    if policy is None or not (policy.actions or policy.quantity or policy.bid):
        raise NotAssessed("no action has a cost: the policy has no actions, quantity or bid")
    judged = reading.judged
    return cost_of(reading.framing, judged.decisions, reading.table, batch=judged.batch)


def priced_by(framing: Framing) -> tuple[Expression, ...]:
    """Return the expressions that a realised cost reads."""
    policy = framing.policy
    if policy is None:
        return ()
    if policy.quantity:
        return (parse_expression(quote_name(policy.quantity.task)),)
    bid = (policy.bid.amount, parse_expression(quote_name(policy.bid.price))) if policy.bid else ()
    return tuple(spelled_out(one, framing) for one in (*policy.actions.values(), *bid))


def money_confusion(reading: Reading) -> list[dict[str, Any]]:
    """Return rows and money by what was done and was true, as JSON values; empty without a binary task."""
    judged = reading.judged
    cells = confusion(reading.framing, judged.decisions, reading.table, batch=judged.batch)
    return [
        {"action": one.action, "outcome": one.outcome, "n": one.n, "priced": one.priced,
         "money": one.cost if one.priced or not one.n else None} for one in cells
    ]  # fmt: skip


def cost_curve(reading: Reading, *, level: float = 0.95) -> list[dict[str, Any]]:
    """Return the realised cost by the share of rows acted on, as JSON values; empty if nothing can move.

    Rows (under `each` every tag of a row) are acted on in the order of what acting is expected to save, each
    by its cheapest action; the others are left alone. Money is per the KPI's time, `cost per 1d`, else of the
    whole test. `saved` is how much less it is than acting on none.
    """
    moves = _moves(reading)
    if moves is None:
        return []
    money = reading.weight[moves.row] * _money_factor(reading)
    cluster = codes_of(reading.cluster[moves.row])
    order = np.argsort(-moves.benefit, kind="stable")
    n = len(order)
    ends = np.unique(np.round(_shares() * n).astype(np.int64))
    base, moved = moves.resting * money, moves.change * money
    rest, left = float(base.sum()), np.zeros(n)
    points, done = [], 0
    for end in ends:
        left[order[done:end]] = moved[order[done:end]]
        done = int(end)
        varies = spread(base + left, cluster)
        total = rest + float(left.sum())
        band = None if varies is None else interval(total, varies, scale="skewed", level=level)
        points.append(
            {
                "share": float(end / n), "cost": total, "low": None if band is None else band.low,
                "high": None if band is None else band.high, "saved": rest - total,
            }
        )  # fmt: skip
    return points


def operating_point(reading: Reading) -> dict[str, Any]:
    """Return the share of rows acted on and what it cost, in the units of the cost curve."""
    found = realised_cost(reading)
    if not found.known.any():
        raise NotAssessed("no row's realised cost is known")
    cost = float(np.sum(np.where(found.known, found.values, 0.0) * reading.weight)) * _money_factor(reading)
    tags = _tags(reading)
    chosen = np.concatenate([acted(reading, tag)[found.known] for tag in tags])
    return {"share": float(chosen.mean()), "cost": cost}


def _shares() -> Floats:
    """Return shares that are dense near 0, where capacities lie."""
    return np.append(0.0, np.geomspace(0.0005, 1.0, SHARES - 1))


@dataclass(frozen=True, eq=False)
class _Moves:
    """Decisions that could be turned from leaving alone to acting, each array of shape (decisions,)."""

    resting: Floats
    """Realised cost of leaving alone."""
    change: Floats
    """What acting would have changed."""
    benefit: Floats
    """What acting was expected to save."""
    row: NDArray[np.int64]


def _moves(reading: Reading) -> _Moves | None:
    """Return what acting would have changed, where it is known; None if nothing can move."""
    policy = reading.framing.policy
    if policy is None or policy.form != "actions" or len(policy.actions) < 2:
        return None
    if reading.framing.table.action is not None or reading.n_rows == 0:
        return None
    found = [one for tag in _tags(reading) if (one := _moves_of(reading, tag)) is not None]
    if not found:
        return None
    return _Moves(
        *(
            np.concatenate([getattr(one, name) for one in found])
            for name in ("resting", "change", "benefit", "row")
        )
    )


def _tags(reading: Reading) -> tuple[str | None, ...]:
    """Return the tags that are decided one by one; under another policy the row as a whole, None."""
    policy = reading.framing.policy
    return tuple(reading.judged.decisions.tags) if policy is not None and policy.each else (None,)


def _moves_of(reading: Reading, tag: str | None) -> _Moves | None:
    policy, costs = reading.framing.policy, reading.judged.decisions.costs
    assert policy is not None
    prefix = "" if tag is None else f"{tag}: "
    names = None if tag is None or policy.each is None else {policy.each: tag}
    passive = does_nothing(reading)
    active = [name for name in policy.actions if name != passive]
    if not {prefix + name for name in policy.actions} <= set(costs):
        return None
    expected = np.column_stack([costs[prefix + name] for name in active])
    expected = np.where(np.isfinite(expected), expected, np.inf)
    best, rows = np.argmin(expected, axis=1), np.arange(reading.n_rows)
    benefit = costs[prefix + passive] - expected[rows, best]
    realised = [reading.outcome(policy.actions[name], names) for name in active]
    resting = reading.outcome(policy.actions[passive], names)
    value = np.column_stack([one.values for one in realised])[rows, best]
    known = np.column_stack([one.known for one in realised])[rows, best] & resting.known
    known &= np.isfinite(benefit)
    if not known.any():
        return None
    change = (value - resting.values)[known]
    return _Moves(resting.values[known], change, benefit[known], rows[known])


def _money_factor(reading: Reading) -> float:
    """Return what a sum over the rows is multiplied by to be per the KPI's time."""
    kpi = reading.framing.business.kpi
    if kpi is None or kpi.metric.per is None:
        return 1.0
    try:
        return kpi.metric.per.microseconds / covered_microseconds(reading)
    except NotAssessed:
        return 1.0
