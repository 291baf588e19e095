"""The time that an online decision has: stated by the business, or promised by a constraint."""

from __future__ import annotations

from truenorth.audit.stated.decided import Path
from truenorth.audit.subject import Subject
from truenorth.framing.references import Constraint


def is_ceiling(constraint: Constraint) -> bool:
    """Whether a constraint bounds the time of 99 % of decisions from above."""
    return constraint.metric.name == "latency_p99" and constraint.operator in ("<", "<=")


def latency_budget(subject: Subject) -> tuple[Path, float] | None:
    """Return the place of the budget and its milliseconds: the business's, else that of a constraint."""
    stated = subject.framing.business.latency_p99
    if stated is not None:
        return ("business", "latency_p99"), stated.microseconds / 1_000
    for index, one in enumerate(subject.framing.constraints):
        if is_ceiling(one):
            return ("constraints", index), one.bound
    return None
