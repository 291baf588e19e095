"""A log of what was done: every action is a candidate of the row's decision.

Two things make candidates of actions. The probability of those that were not taken: it follows where there
are two actions in the whole log, or where each action has one probability for all rows. And what each would
have led to: a label gets one model per action, fitted to the rows that took it (the T-learner of Künzel et
al., 2019).

References:
    Künzel, Sekhon, Bickel and Yu (2019). Metalearners for estimating heterogeneous treatment effects using
    machine learning. PNAS 116.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truenorth.counterfactual.log import SUM_TOLERANCE
from truenorth.engine.vectors import Vector
from truenorth.errors import Finding
from truenorth.examples.dataset import Dataset

Floats = NDArray[np.float64]

MOST_ACTIONS = 20
"""Actions up to which each has enough rows for a model of its own."""
ROUNDING = 1e-6
"""How far the logged probabilities of an action may be apart and still be one number."""


@dataclass(frozen=True, eq=False)
class Offered:
    """Rows of a log of actions as decisions with candidates."""

    data: Dataset
    """One row per decision and action: shown where it was taken."""
    actions: tuple[str, ...]

    def each(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return values of the decisions as values of their candidates, shape (n * k,)."""
        return np.repeat(values, len(self.actions))

    def under(self, values_of: Callable[[str], Floats]) -> Floats:
        """Return values of the decisions under each action as values of the candidates, shape (n * k,)."""
        return np.stack([values_of(action) for action in self.actions], axis=1).ravel()


def is_of_actions(data: Dataset) -> bool:
    """Return whether the rows say what was done, and not what else could have been shown."""
    table = data.framing.table
    return table.action is not None and (table.shown is None or not table.decision)


def actions_of(data: Dataset) -> tuple[str, ...]:
    """Return the actions that some row took, sorted."""
    return tuple(sorted({str(one) for one in data.columns["action"].texts() if one is not None}))


def offered(data: Dataset, every: Sequence[str] = ()) -> Offered | Finding:
    """Return the rows with every action that they took as a candidate, or why that cannot be done.

    Args:
        data: Rows that say what was done.
        every: Actions of the whole log: one that none of the rows took is no candidate, and may have had a
            share of the probability.
    """
    taken, actions = data.columns["action"].texts(), actions_of(data)
    if not 2 <= len(actions) <= MOST_ACTIONS:
        return _refused(
            f"expected 2 to {MOST_ACTIONS} actions, got {len(actions)}: each needs rows to learn from",
            "log the candidates of each decision as rows, or name coarser actions",
        )
    place = np.array([actions.index(one) if one is not None else -1 for one in taken])
    absent = sorted(set(every) - set(actions))
    found = _probabilities(np.asarray(data.columns["propensity"].values), place, actions, absent)
    if isinstance(found, Finding):
        return found
    n, k = found.shape
    rows = np.repeat(np.arange(n), k)
    long = data.take(rows)
    candidate = np.tile(np.arange(k, dtype=np.int32), n)
    columns = long.columns.with_columns(
        {
            "decision": Vector.numbers(rows),
            "action": Vector("text", candidate, np.array(actions, dtype=object)),
            "shown": Vector.booleans(candidate == place[rows]),
            "propensity": Vector.numbers(found.ravel()),
        }
    )
    return Offered(replace(long, columns=columns), actions)


def _probabilities(
    propensity: Floats, place: NDArray[Any], actions: Sequence[str], absent: Sequence[str]
) -> Floats | Finding:
    """Return the probability of every action in each decision, shape (n, k), or why it is not known."""
    k = len(actions)
    known = [propensity[(place == one) & np.isfinite(propensity)] for one in range(k)]
    middle = np.array([one.mean() if len(one) else np.nan for one in known])
    if all(len(one) and np.ptp(one) <= ROUNDING for one in known):
        if abs(middle.sum() - 1) <= SUM_TOLERANCE:
            return np.broadcast_to(middle / middle.sum(), (len(place), k)).copy()
        listed = ", ".join(f"{name!r} {one:.4g}" for name, one in zip(actions, middle, strict=True))
        return _refused(
            f"expected probabilities of the actions that sum to 1, got {middle.sum():.4g} ({listed})",
            "write the probability with which the row's own action was drawn under examples.propensity",
        )
    if absent:
        listed = ", ".join(map(repr, absent))
        return _refused(
            f"expected rows of every action of the log, got none of {listed} among those held out: what "
            "probability it had does not follow from that of the others, which differs from row to row",
            "hold out rows of each action, or leave the time when it was open out of the log: examples.where",
        )
    if k == 2:
        found = np.tile((1 - propensity)[:, None], (1, 2))
        inside = place >= 0
        found[inside, place[inside]] = propensity[inside]
        return found
    return _refused(
        "expected the probability of every action, got that of the one taken, which differs from row to "
        f"row: those of the other {k - 1} do not follow from it",
        "log each decision as one row per action with the probability of each, and name them: "
        "examples.decision, shown, propensity; or draw with the same probabilities for all",
    )


def _refused(evidence: str, fix: str) -> Finding:
    return Finding(
        code="STRESS071", severity="info", where="examples.action", evidence=f"{evidence}.", fix=f"{fix}."
    )
