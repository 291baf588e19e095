"""How rare the smaller side of a label is, and which label a metric measures."""

from __future__ import annotations

import numpy as np

from truenorth.audit.subject import Subject
from truenorth.framing.references import MetricReference


def measured_task(subject: Subject, metric: MetricReference) -> str | None:
    """Return the label that a metric measures: the one it names, or the first task."""
    named = [name for name in subject.framing.labels if name in metric.columns]
    found = named[0] if named else next(iter(subject.tasks), None)
    return found if found and subject.framing.labels[found].kind in ("binary", "class", "tags") else None


def smaller_share(subject: Subject, task: str) -> float | None:
    """Return the share of the smaller side, or of all classes but the largest; None where it is not known."""
    outcomes = subject.data.dataset.labels.get(task) if subject.data is not None else None
    if outcomes is None:
        return None
    rows = outcomes.is_observed & ~outcomes.values.is_null
    values = np.asarray(outcomes.values.values[rows])
    if not len(values):
        return None
    largest = int(np.unique(values, return_counts=True)[1].max())
    return 1 - largest / len(values)
