"""What a decision is made of, and what it looks like.

A `Batch` holds rows with their predictions; a fitted `Policy` turns it into `Decisions`. Expressions of the
policy (costs, scores, rules) read tasks through predictions and everything else through columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from truenorth.engine.vectors import Vector, Vectors
from truenorth.errors import Finding
from truenorth.models.contract import TaskSpec

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Prediction:
    """Calibrated predictions of one task; shapes as `Model.predict` returns them."""

    task: TaskSpec
    values: Floats
    by_action: Mapping[str, Floats] | None = None
    """Where examples say what was done: the same prediction under each action, `E[y | do(action)]`."""

    def take(self, rows: NDArray[Any]) -> Prediction:
        """Return the rows of a mask or an index."""
        under = self.by_action
        cut = None if under is None else {action: values[rows] for action, values in under.items()}
        return Prediction(self.task, self.values[rows], cut)


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Rows to decide on."""

    columns: Vectors
    """Columns of the examples table: features, context, entities, `at`, `group`, `position`, ..."""
    predictions: Mapping[str, Prediction]
    """By task."""
    score: Floats | None = None
    """Given where the score is not made of the tasks: a rule that orders the rows directly. Shape (n,)."""

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return self.columns.n_rows

    def take(self, rows: NDArray[Any]) -> Batch:
        """Return the rows of a mask or an index."""
        return Batch(
            columns=self.columns.take(rows),
            predictions={name: one.take(rows) for name, one in self.predictions.items()},
            score=None if self.score is None else self.score[rows],
        )

    def under(self, action: str) -> Batch:
        """Return the rows as they would be if `action` were taken: tasks mean `E[y | do(action)]`."""
        named = {name: one for name, one in self.predictions.items() if action in (one.by_action or {})}
        if not named:
            return self
        done = {name: Prediction(one.task, (one.by_action or {})[action]) for name, one in named.items()}
        return replace(self, predictions={**self.predictions, **done})


@dataclass(frozen=True, kw_only=True)
class Decisions:
    """What was decided, row by row, in the order of the batch."""

    score: Floats
    """The objective's score (what the policy orders by where it says so), shape (n,)."""
    action: Vector | None = None
    """Action taken, a text vector; for lists 'show' or 'drop'; for bids 'bid' or 'pass'."""
    rank: NDArray[np.int64] | None = None
    """Place in its list, 1 is the top, 0 is not shown."""
    quantity: Floats | None = None
    """Number of things ordered or promised, or the bid."""
    costs: Mapping[str, Floats] = field(default_factory=dict)
    """Expected cost of each action that was weighed."""
    reason: Vector | None = None
    """Why, a text vector: cheapest, capacity, abstain, rule name, explore, threshold, ..."""
    explored: NDArray[np.bool_] | None = None
    """Rows whose choice was drawn to explore."""
    propensity: Floats | None = None
    """Chance with which the choice was made; 1 where it was certain."""
    tags: Mapping[str, Vector] = field(default_factory=dict)
    """For `each: tag`: the action per tag label."""

    def take(self, rows: NDArray[Any]) -> Decisions:
        """Return the rows of a mask or an index."""

        def cut(values: Any) -> Any:
            return (
                None if values is None else values.take(rows) if isinstance(values, Vector) else values[rows]
            )

        return replace(
            self, score=self.score[rows], action=cut(self.action), rank=cut(self.rank),
            quantity=cut(self.quantity), costs={name: cost[rows] for name, cost in self.costs.items()},
            reason=cut(self.reason), explored=cut(self.explored), propensity=cut(self.propensity),
            tags={name: one.take(rows) for name, one in self.tags.items()},
        )  # fmt: skip


class FittedPolicy(Protocol):
    """A policy whose thresholds and prices are set."""

    @property
    def form(self) -> str:
        """actions, threshold, select, rank, quantity, bid or score (no policy: rows are only scored)."""
        ...

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What setting it found: dominated actions, a guarantee that cannot be given, an idle capacity."""
        ...

    def decide(self, batch: Batch, *, seed: int = 0) -> Decisions:
        """Decide on every row; the seed matters only where the policy explores."""
        ...

    def sentence(self) -> str:
        """Return the policy in one plain sentence."""
        ...

    def to_dict(self) -> dict[str, Any]:
        """Return form, thresholds, prices and how they were set, as JSON values that `load_policy` reads."""
        ...
