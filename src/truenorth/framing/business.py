"""Business: the goal, how it is measured, who decides what, and at which scale."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from truenorth.framing.durations import Duration
from truenorth.framing.expressions import Expression
from truenorth.framing.percentages import Percentage
from truenorth.framing.references import MetricReference
from truenorth.framing.section import Section

Regulation = Literal["gdpr", "hipaa", "ecoa", "fha", "coppa", "eu_ai_act"]


class Kpi(Section):
    """The business figure that the goal moves."""

    name: str
    """What the business calls it."""
    metric: MetricReference
    """How it is computed; `external` where it is measured elsewhere."""
    unit: str | None = None
    """Unit of the figure, for example `EUR per day`."""
    direction: Literal["up", "down"] | None = None
    """Which way is good."""
    baseline: float | None = None
    """The figure today."""
    target: Percentage | None = None
    """The change that is wanted: `-30%` of the baseline, `+4pp`, or an absolute amount."""
    timeframe: Duration | None = None
    """By when."""


class Scale(Section):
    """How many decisions there are."""

    decisions_per_day: float | None = Field(default=None, gt=0)
    """Decisions per day."""
    peak_per_second: float | None = Field(default=None, gt=0)
    """Most decisions in one second."""


class Costs(Section):
    """What the work around the decision costs, in the KPI's money."""

    decision: Expression | None = None
    """Cost of making one decision."""
    review: Expression | None = None
    """Cost of one review by a person."""
    annotation: Expression | None = None
    """Cost of one human label."""


class Errors(Section):
    """Shorthand for two actions: what each kind of error costs."""

    false_positive: Expression
    """Cost of acting on a negative."""
    false_negative: Expression
    """Cost of not acting on a positive."""


class Business(Section):
    """Why this is built, for whom, and what it is worth."""

    goal: str = Field(min_length=1)
    """The goal in one sentence that the owner would sign."""
    kpi: Kpi | None = None
    """The figure that says whether the goal is met."""
    decision: str | None = None
    """What is decided."""
    users: str | None = None
    """Whom it concerns."""
    owner: str | None = None
    """Who answers for it."""
    sponsor: str | None = None
    """Who pays for it."""
    on_call: str | None = None
    """Who is woken when it fails."""
    scale: Scale = Scale()
    """How many decisions there are."""
    latency_p99: Duration | None = None
    """Time within which 99 % of decisions must be made."""
    costs: Costs = Costs()
    """What the work around the decision costs."""
    errors: Errors | None = None
    """Shorthand for a policy of two actions."""
    explainability: Literal["none", "ranked_reasons", "full"] | None = None
    """How far a single decision must be explained."""
    regulation: tuple[Regulation, ...] = ()
    """Laws that apply."""
