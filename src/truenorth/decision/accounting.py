"""What decisions cost: expected when they were taken, realised when the outcome is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truenorth.decision.bid import known_prices, within_budget
from truenorth.decision.contract import Batch, Decisions, Floats
from truenorth.decision.plain import weights
from truenorth.decision.realised import Realised, realised
from truenorth.decision.values import spelled_out
from truenorth.engine.vectors import Vector
from truenorth.examples.dataset import Dataset
from truenorth.framing.expressions import Expression
from truenorth.framing.framing import Framing

Bools = NDArray[np.bool_]


def expected_cost(decisions: Decisions) -> Floats:
    """Return the expected cost of what was decided, shape (n,); under `each`, of all tags together.

    NaN where the policy weighs no costs, or does not know them.
    """
    n_rows = len(decisions.score)
    if decisions.tags:
        parts = [_of_taken(action, decisions.costs, f"{tag}: ") for tag, action in decisions.tags.items()]
        return np.asarray(np.sum(parts, axis=0), dtype=np.float64)
    if decisions.action is None:
        return np.full(n_rows, np.nan)
    return _of_taken(decisions.action, decisions.costs, "")


def _of_taken(action: Vector, costs: Any, prefix: str) -> Floats:
    found = np.full(len(action), np.nan)
    for code, name in enumerate(action.levels if action.levels is not None else ()):
        if prefix + name in costs:
            found = np.where(action.values == code, costs[prefix + name], found)
    return found


def realised_cost(
    framing: Framing, decisions: Decisions, dataset: Dataset, *, batch: Batch | None = None
) -> Realised:
    """Return what the decisions turned out to cost, row by row.

    Actions: the text of the cost of the action taken, on labels, on rows where that of every action is known:
    else a row would count or not as it was decided, and waiting for labels would look cheap. Where the log
    says what was done and a cost reads a label, another action's cost is not known. A quantity: `over` for
    each one too many, `under` for each one too few. A bid: the price where it was won, less what the chance
    turned out to be worth, until the budget of the period is spent. Other policies have no costs: nothing is
    known.

    Args:
        framing: Expanded.
        decisions: What was decided.
        dataset: The same rows with their labels, in the same order.
        batch: The same rows with predictions, for costs with `hit(task)`.
    """
    policy = framing.policy
    if policy is None:
        return _nothing(dataset.n_rows)
    if policy.each:
        return _each_cost(policy.actions, policy.each, decisions, dataset, batch)
    if policy.actions and decisions.action is not None:
        return _action_cost(framing, decisions, dataset, batch)
    if policy.quantity and decisions.quantity is not None:
        return _quantity_cost(framing, decisions.quantity, dataset)
    if policy.bid and decisions.quantity is not None:
        return _bid_cost(framing, decisions.quantity, decisions, dataset)
    return _nothing(dataset.n_rows)


def _nothing(n_rows: int) -> Realised:
    nowhere = np.zeros(n_rows, dtype=bool)
    return Realised(np.full(n_rows, np.nan), nowhere, nowhere)


def _action_cost(framing: Framing, decisions: Decisions, dataset: Dataset, batch: Batch | None) -> Realised:
    assert framing.policy is not None and decisions.action is not None
    actions, action = framing.policy.actions, decisions.action
    made = {name: realised(cost, dataset, batch=batch, decisions=decisions) for name, cost in actions.items()}
    if framing.table.action is None:
        return _paid(made, action)
    for name, cost in actions.items():
        if _reads_label(cost, framing, dataset):
            done = _is(dataset.columns["action"], name)
            one = made[name]
            made[name] = replace(one, values=np.where(done, one.values, np.nan), known=one.known & done)
    return _taken(made, action)


def _paid(made: Mapping[str, Realised], action: Vector) -> Realised:
    """Return the cost of the action taken, known where that of every action is."""
    found = _taken(made, action)
    known = np.logical_and.reduce([one.known for one in made.values()]) & found.known
    waits = np.logical_or.reduce([one.is_immature for one in made.values()]) & ~known
    return Realised(np.where(known, found.values, np.nan), known, waits)


def _taken(made: Mapping[str, Realised], action: Vector) -> Realised:
    """Return what the action taken made of each row; nothing is known of rows without one of them."""
    found = _nothing(len(action))
    for name, one in made.items():
        found = _merged(found, one, _is(action, name))
    return found


def _each_cost(
    actions: dict[str, Expression], family: str, decisions: Decisions, dataset: Dataset, batch: Batch | None
) -> Realised:
    if not decisions.tags:
        return _nothing(dataset.n_rows)
    total = np.zeros(dataset.n_rows)
    known = np.ones(dataset.n_rows, dtype=bool)
    immature = np.zeros(dataset.n_rows, dtype=bool)
    for tag, action in decisions.tags.items():
        found = _paid(
            {
                name: realised(cost, dataset, batch=batch, decisions=decisions, names={family: tag})
                for name, cost in actions.items()
            },
            action,
        )
        total, known, immature = total + found.values, known & found.known, immature | found.is_immature
    return Realised(np.where(known, total, np.nan), known, immature & ~known)


def _quantity_cost(framing: Framing, quantity: Floats, dataset: Dataset) -> Realised:
    assert framing.policy is not None and framing.policy.quantity is not None
    declared = framing.policy.quantity
    label = dataset.labels[declared.task]
    gap = quantity - label.values.values
    cost = np.where(gap > 0, declared.over * gap, -declared.under * gap)
    known = label.is_observed & np.isfinite(cost)
    return Realised(np.where(known, cost, np.nan), known, np.asarray(label.state == 1))


def _bid_cost(framing: Framing, bids: Floats, decisions: Decisions, dataset: Dataset) -> Realised:
    assert framing.policy is not None and framing.policy.bid is not None
    declared = framing.policy.bid
    price = known_prices(declared.price, dataset.columns, dataset)
    if declared.budget is not None:
        bids = np.where(within_budget(bids, price, declared.budget, dataset.columns), bids, 0.0)
    worth = realised(declared.amount, dataset, decisions=decisions)
    with np.errstate(invalid="ignore"):
        won = (bids > 0) & (bids >= price)
    known = (bids <= 0) | (np.isfinite(price) & (~won | worth.known))
    cost = np.where(won, price - np.where(won, worth.values, 0.0), 0.0)
    return Realised(np.where(known, cost, np.nan), known, won & worth.is_immature)


def _merged(found: Realised, one: Realised, rows: Bools) -> Realised:
    return Realised(
        np.where(rows, one.values, found.values),
        np.where(rows, one.known, found.known),
        np.where(rows, one.is_immature, found.is_immature),
    )


def _is(vector: Vector, text: str) -> Bools:
    """Return where a text vector has a value, shape (n,)."""
    levels = vector.levels if vector.levels is not None else np.empty(0, dtype=object)
    is_text = np.array([level == text for level in levels], dtype=bool)
    return np.asarray(np.append(is_text, False)[vector.values])


def _reads_label(cost: Expression, framing: Framing, dataset: Dataset) -> bool:
    return bool(spelled_out(cost, framing).columns & {*dataset.labels, *dataset.families})


@dataclass(frozen=True)
class Cell:
    """Rows that got one action and had one outcome."""

    action: str
    outcome: str
    """The task, or `not` and the task."""
    n: int
    """Rows whose outcome is known."""
    cost: float
    """Their realised cost, money, together, each row times the rows of the log that it stands for."""
    priced: int
    """Rows of them whose cost is known."""

    def to_dict(self) -> dict[str, Any]:
        """Return the cell as JSON values."""
        return asdict(self)


def confusion(
    framing: Framing, decisions: Decisions, dataset: Dataset, *, batch: Batch | None = None
) -> tuple[Cell, ...]:
    """Return actions by outcomes of the binary task that is decided on, in rows and money.

    Empty where no single binary task is decided on.
    """
    task = _decided_task(framing, dataset)
    if task is None or decisions.action is None:
        return ()
    label = dataset.labels[task]
    cost = realised_cost(framing, decisions, dataset, batch=batch)
    weight = weights(dataset.columns)
    cells = []
    for action in decisions.action.levels if decisions.action.levels is not None else ():
        taken = _is(decisions.action, action) & label.is_observed
        for outcome, wanted in ((task, 1.0), (f"not {task}", 0.0)):
            rows = taken & (label.values.values == wanted)
            priced = rows & cost.known
            total = float((cost.values * weight)[priced].sum())
            cells.append(Cell(action, outcome, int(rows.sum()), total, int(priced.sum())))
    return tuple(cells)


def _decided_task(framing: Framing, dataset: Dataset) -> str | None:
    policy = framing.policy
    if policy is None or policy.each:
        return None
    if policy.threshold:
        return policy.threshold.task
    read = [spelled_out(cost, framing).columns for cost in policy.actions.values()]
    named = frozenset().union(*read) if read else framing.objective.score.columns
    binary = [name for name, label in dataset.labels.items() if name in named and label.kind == "binary"]
    return binary[0] if len(binary) == 1 else None
