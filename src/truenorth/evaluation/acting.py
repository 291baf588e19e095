"""Which rows were acted on: an action other than the one of doing nothing.

Doing nothing is the action that would be cheapest if every label of a task were 0: letting a payment pass
that is no fraud, not calling a customer who stays. It follows from the costs, whatever order they are written
in.
"""

from __future__ import annotations

import numpy as np

from truenorth.decision.contract import Batch, Prediction
from truenorth.decision.score import expected
from truenorth.evaluation.reading import Mask, Reading
from truenorth.evaluation.refusals import NotAssessed
from truenorth.framing.expressions import Expression
from truenorth.framing.names import label_columns
from truenorth.models.contract import TaskSpec

_ROWS = 1_000
"""Rows on which the costs are compared: more would not change which is cheapest."""


def acted(reading: Reading, label: str | None = None) -> Mask:
    """Return which rows were acted on, shape (n,).

    Args:
        reading: The judged rows.
        label: For `each: tag`, the tag's label.
    """
    decided = reading.judged.decisions
    action = decided.tags.get(label or "", decided.action)
    if decided.rank is not None:
        return np.asarray(decided.rank > 0)
    if action is None:
        raise NotAssessed("nothing was decided: the framing has no policy that acts")
    passive = does_nothing(reading)
    return np.asarray([text != passive for text in action.texts()], dtype=bool)


def does_nothing(reading: Reading) -> str:
    """Return the name of the action of doing nothing."""
    policy = reading.framing.policy
    if policy is None or not policy.actions:
        return _other(reading)
    names = list(policy.actions)
    costs = [_cost_of_negatives(reading, policy.actions[name]) for name in names]
    return names[int(np.nanargmin(costs))] if np.isfinite(costs).any() else names[0]


def _other(reading: Reading) -> str:
    """Return what the rows are called that a threshold, a selection or a bid leaves alone."""
    policy, action = reading.framing.policy, reading.judged.decisions.action
    present = set() if action is None else set(action.texts()) - {None}
    if policy is not None and policy.threshold is not None:
        left = present - {policy.threshold.act}
        return str(next(iter(left), ""))
    known = [name for name in ("pass", "drop", "none", "wait", "skip", "negative") if name in present]
    return known[0] if known else ""


def _cost_of_negatives(reading: Reading, cost: Expression) -> float:
    """Return an action's mean cost over rows whose every task were 0."""
    framing, rows = reading.framing, slice(0, min(reading.n_rows, _ROWS))
    n = len(np.arange(reading.n_rows)[rows])
    nothing = {name: _nothing(reading, name, n) for name in reading.judged.dataset.labels}
    batch = Batch(columns=reading.judged.dataset.columns.take(rows), predictions=nothing)
    each = framing.policy.each if framing.policy else None
    names = {each: label_columns(each, framing.labels[each])[0]} if each else None
    found = expected(cost, batch, framing, names=names)
    return float(np.nanmean(found)) if np.isfinite(found).any() else np.nan


def _nothing(reading: Reading, name: str, n: int) -> Prediction:
    """Return the prediction that nothing happens: 0, no class, never."""
    one, label = reading.prediction(name), reading.judged.dataset.labels[name]
    if one is not None:
        return Prediction(one.task, np.zeros((n, *one.values.shape[1:])))
    classes = reading.judged.dataset.classes.get(name, ())
    task = TaskSpec(name=name, kind=label.kind, loss="log", classes=classes)  # type: ignore[arg-type]
    return Prediction(task, np.zeros((n, len(classes)) if label.kind == "class" else n))
