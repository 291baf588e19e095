"""The metric by which models are compared, and which way it is good."""

from __future__ import annotations

from truenorth.framing.framing import Framing
from truenorth.framing.metrics import METRICS
from truenorth.framing.names import tasks
from truenorth.framing.references import MetricReference

_BY_KIND = {
    "binary": "average_precision({})",
    "number": "rmse({})",
    "amount": "mae({})",
    "grade": "rmse({})",
    "class": "accuracy({})",
    "time_to_event": "concordance({})",
    "tags": "average_precision({}) by class mean",
}


def primary_metric(framing: Framing) -> MetricReference:
    """Return the objective's metric; where it has none, the usual one of the score's first task.

    Lists are judged by the realised score of what is shown.
    """
    if framing.objective.metric is not None:
        return framing.objective.metric
    policy = framing.policy
    if policy is not None and policy.rank is not None:
        return MetricReference.parse(f"value@{policy.rank.show or 10}")
    named = [name for name in tasks(framing) if name in framing.objective.score.columns] or list(
        tasks(framing)
    )
    label = framing.labels[named[0]]
    return MetricReference.parse(_BY_KIND[label.kind or "binary"].format(named[0]))


def is_higher_better(reference: MetricReference) -> bool:
    """Return whether more is better; a minus sign turns it round."""
    return (METRICS[reference.name].direction != "down") != reference.negated
