"""What acting costs: the threshold of two actions, and where each of several is the cheapest."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import Any

import numpy as np

from truenorth.decision.contract import Batch, Floats, Prediction
from truenorth.decision.values import spelled_out, value
from truenorth.engine.vectors import Vectors
from truenorth.errors import Finding, FramingError
from truenorth.framing.framing import Framing


def cost_threshold(
    *, false_positive: Any, false_negative: Any, true_positive: Any = 0.0, true_negative: Any = 0.0
) -> Any:
    """Return the probability above which acting is cheaper than not acting.

    `(fp - tn) / (fp - tn + fn - tp)`: acting on a negative costs `false_positive`, missing a positive costs
    `false_negative`, and right decisions may cost or earn (Elkan, 2001).

    Args:
        false_positive: Cost of acting on a negative, money, a number or one per example, shape (n,).
        false_negative: Cost of not acting on a positive.
        true_positive: Cost of acting on a positive.
        true_negative: Cost of not acting on a negative.

    Returns:
        Threshold in (0, 1), a number where all costs are; act when `probability > threshold`.

    Raises:
        FramingError: If an error is not dearer than the right decision.

    Examples:
        >>> cost_threshold(false_positive=1.0, false_negative=10.0)
        0.09090909090909091
        >>> cost_threshold(false_positive=5.0, false_negative=[100.0, 20.0]).tolist()
        [0.047619047619047616, 0.2]

    References:
        Elkan (2001). The Foundations of Cost-Sensitive Learning. IJCAI.
    """
    wrong_act = np.asarray(false_positive, float) - np.asarray(true_negative, float)
    wrong_pass = np.asarray(false_negative, float) - np.asarray(true_positive, float)
    if not (np.all(wrong_act > 0) and np.all(wrong_pass > 0)):
        raise FramingError(
            Finding(
                code="POLICY031",
                where="policy.actions",
                evidence=f"expected errors that cost more than right decisions, got {np.min(wrong_act):g} "
                f"for a false positive and {np.min(wrong_pass):g} more for a false negative.",
                fix="write costs with which one action is cheaper on positives and the other on negatives.",
            )
        )
    threshold = wrong_act / (wrong_act + wrong_pass)
    return float(threshold) if threshold.ndim == 0 else threshold


def lower_envelope(lines: Mapping[str, tuple[float, float]]) -> tuple[tuple[str, float], ...]:
    """Return the actions that are cheapest somewhere, each with the probability up to which it is.

    Args:
        lines: Cost of each action at probability 0 and at probability 1.

    Returns:
        Actions in the order of rising probability; the last ends at 1. An action that only ties is left out.

    Examples:
        >>> lines = {"allow": (0, 100), "challenge": (1, 20), "review": (4, 5), "block": (15, 0)}
        >>> [(action, round(end, 7)) for action, end in lower_envelope(lines)]
        [('allow', 0.0123457), ('challenge', 0.1666667), ('review', 0.6875), ('block', 1.0)]
    """
    names = list(lines)
    at = np.array([lines[name] for name in names], dtype=float)  # (actions, 2)
    slope = at[:, 1] - at[:, 0]
    found: list[tuple[str, float]] = []
    # At 0 the cheapest; of those that tie, the one that stays cheapest.
    now = int(np.lexsort((np.arange(len(names)), slope, at[:, 0]))[0])
    position = 0.0
    while True:
        falling = slope[now] - slope
        with np.errstate(divide="ignore", invalid="ignore"):
            meet = np.where(falling > 0, (at[:, 0] - at[now, 0]) / falling, np.inf)
        # Lines that meet in one point: rounding may put the next one just behind it.
        meet = np.maximum(meet, position)
        end = float(meet.min())
        if end >= 1:
            return (*found, (names[now], 1.0))
        if end > position or not found:
            found.append((names[now], end))
        tied = np.flatnonzero(meet == end)
        now, position = int(tied[np.argmin(slope[tied])]), end


def cost_lines(
    framing: Framing, batch: Batch, *, names: Mapping[str, str] | None = None
) -> dict[str, tuple[float, float]] | None:
    """Return each action's cost at probability 0 and at 1, where all costs read one binary task alone."""
    assert framing.policy is not None
    spelled = {action: spelled_out(cost, framing) for action, cost in framing.policy.actions.items()}
    named = frozenset().union(*(cost.columns for cost in spelled.values()))
    if len(named) != 1 or batch.score is not None:
        return None
    (name,) = named
    task = (names or {}).get(name, name)
    one = batch.predictions.get(task)
    if one is None or one.task.kind != "binary" or one.by_action is not None:
        return None
    ends = Batch(columns=Vectors({}, 2), predictions={task: Prediction(one.task, np.array([0.0, 1.0]))})
    found = {action: value(cost, ends, framing, names=names) for action, cost in spelled.items()}
    if not all(np.isfinite(cost).all() for cost in found.values()):
        return None
    return {action: (float(cost[0]), float(cost[1])) for action, cost in found.items()}


def expected_costs(framing: Framing, batch: Batch) -> tuple[tuple[str, ...], Floats]:
    """Return the actions and the expected cost of each on each row, shape (n, actions); NaN where unknown."""
    assert framing.policy is not None
    actions = framing.policy.actions
    columns = [value(cost, batch.under(action), framing) for action, cost in actions.items()]
    return tuple(actions), np.column_stack(columns)


def never_cheapest(
    names: Sequence[str],
    costs: Floats,
    lines: Mapping[str, tuple[float, float]] | None,
    scarce: Container[str],
) -> tuple[Finding, ...]:
    """Return a warning for each action that is never the cheapest: it could as well not be there.

    Where scarce actions are taken, an action may also be the cheapest of the others.
    """
    free = [name for name in names if name not in scarce]
    if lines is not None:
        useful = dict(lower_envelope(lines)) | dict(lower_envelope({name: lines[name] for name in free}))
        where = "at no probability"
    else:
        known = np.where(np.isnan(costs), np.inf, costs)
        left = [names.index(name) for name in free]
        chosen = {*np.argmin(known, axis=1), *np.array(left)[np.argmin(known[:, left], axis=1)]}
        useful = {names[int(j)]: 1.0 for j in chosen} if len(costs) else dict.fromkeys(names, 1.0)
        where = f"on none of {len(costs):,} rows"
    return tuple(
        Finding(
            code="POLICY006",
            severity="warn",
            where=f"policy.actions.{name}",
            evidence=f"expected an action that is cheapest somewhere, got {name!r}, cheapest {where}.",
            fix="lower its cost if it is better than stated, or remove it.",
            path=("policy", "actions", name),
        )
        for name in names
        if name not in useful
    )
