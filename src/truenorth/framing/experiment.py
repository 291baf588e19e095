"""Experiment: the A/B test that must confirm what the logs promised."""

from __future__ import annotations

from truenorth.framing.durations import Duration
from truenorth.framing.percentages import Percentage, Share
from truenorth.framing.references import Constraint, MetricReference
from truenorth.framing.section import Section


class Guardrail(Section):
    """A metric that must not get worse by more than a margin."""

    metric: MetricReference
    """What must not get worse; `external(...)` where these logs do not hold it."""
    margin: Percentage
    """How much worse is still accepted: relative (`2%`) or points (`0.2pp`)."""


class Experiment(Section):
    """How the test is run and read."""

    unit: str | None = None
    """Column that is randomised; by default the examples' unit."""
    metric: MetricReference = MetricReference("kpi")
    """What decides the test; `kpi` is the metric of business.kpi."""
    guardrails: tuple[Guardrail, ...] = ()
    """What must not get worse."""
    minimum_effect: Percentage | None = None
    """Smallest effect worth finding."""
    stages: tuple[Share, ...] = ()
    """Shares of the traffic, one per stage of the roll-out."""
    duration: Duration | None = None
    """How long the test runs; whole weeks, so that every day of the week counts alike."""
    rollback: tuple[Constraint, ...] = ()
    """What takes the change back at once, for example `mean(hide) > 0.6%`."""
