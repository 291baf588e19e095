"""Monitoring: what is watched after release, and when to train again."""

from __future__ import annotations

from truenorth.framing.durations import Duration
from truenorth.framing.references import Constraint, MetricReference
from truenorth.framing.section import Section


class Retrain(Section):
    """When to train again; whichever comes first."""

    every: Duration | None = None
    """Time between two trainings."""
    or_when: Constraint | None = None
    """A figure that calls for training, for example `average_precision(fraud) < 0.9 * released`."""
    or_event: str | None = None
    """Something that happens outside the logs, for example `new fee schedule`."""


class Monitoring(Section):
    """What is watched after release."""

    track: tuple[MetricReference, ...] = ()
    """Metrics that are followed over time."""
    retrain: Retrain = Retrain()
    """When to train again."""
