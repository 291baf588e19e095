"""Objective: the score that orders the decisions, and the metric that judges the models."""

from __future__ import annotations

from truenorth.framing.expressions import Expression
from truenorth.framing.references import MetricReference
from truenorth.framing.section import Section


class Objective(Section):
    """What is maximised."""

    score: Expression
    """An expression over tasks and features: expected value on predictions, realised value on labels."""
    metric: MetricReference | None = None
    """The metric by which models are compared."""
    reasons: dict[str, str] = {}
    """Why each task weighs in the score what it weighs: weights are values, not tuning."""
