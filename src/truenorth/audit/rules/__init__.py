"""The rules, one file per section of the catalogue, in the order in which a problem is framed."""

from __future__ import annotations

from truenorth.audit.contract import Rule
from truenorth.audit.rules import (
    data,
    evaluation,
    experiment,
    feature,
    generation,
    goal,
    governance,
    label,
    leak,
    model,
    monitoring,
    need,
    policy,
    proxy,
    serving,
)

BUILT_IN: tuple[Rule, ...] = (
    *goal.RULES, *need.RULES, *proxy.RULES, *label.RULES, *leak.RULES, *feature.RULES, *model.RULES,
    *policy.RULES, *evaluation.RULES, *experiment.RULES, *serving.RULES, *monitoring.RULES, *data.RULES,
    *generation.RULES, *governance.RULES,
)  # fmt: skip
"""Every rule of True North; a package adds its own by an entry point of the group `truenorth.rules`."""
