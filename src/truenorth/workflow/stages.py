"""The stages of a run, in order, and what each one's result depends on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from truenorth.examples.context import names_read
from truenorth.framing.framing import Framing
from truenorth.framing.names import tasks
from truenorth.models.rows import asked_of_tasks
from truenorth.workflow.auditing import asked_of_the_audit, audit_framing, give_verdict
from truenorth.workflow.calibrating import calibrate
from truenorth.workflow.choosing import choose_rung
from truenorth.workflow.deciding import set_policies
from truenorth.workflow.evaluating import evaluate_run
from truenorth.workflow.learning import train
from truenorth.workflow.parts import is_guaranteed
from truenorth.workflow.preparing import prepare
from truenorth.workflow.stressing import stress_run
from truenorth.workflow.work import Work


@dataclass(frozen=True)
class Stage:
    """One step: reads earlier results, writes files into an empty folder, returns its JSON."""

    name: str
    says: str
    """What is being done, for people who wait."""
    work: Callable[[Work, Path], Mapping[str, Any]]
    sections: tuple[str, ...]
    """Sections of the framing that the result depends on, beyond those of earlier stages."""
    also: Callable[[Work], Any] = lambda work: None
    """What else it depends on, as JSON values: parts of other sections, findings, the day."""
    feeds: bool = True
    """Whether later stages depend on its result."""


EVERY_SECTION = tuple(Framing.model_fields)


STAGES = (
    Stage("audit", "auditing the framing", audit_framing, EVERY_SECTION, asked_of_the_audit, feeds=False),
    Stage(
        "examples", "building examples", prepare,
        ("sources", "examples", "labels", "features", "split"),
        lambda work: (names_read(work.framing), tasks(work.framing)),
    ),
    Stage("train", "training", train, ("models",), lambda work: asked_of_tasks(work.framing)),
    Stage("calibrate", "calibrating", calibrate, (), lambda work: is_guaranteed(work.framing)),
    Stage("choose", "choosing", choose_rung, ("objective", "business", "policy")),
    Stage("decide", "setting the policy", set_policies, ()),
    Stage("evaluate", "evaluating", evaluate_run, ("evaluation", "constraints", "experiment")),
    Stage("stress", "stress testing the proxies", stress_run, ("proxies",)),
    Stage("verdict", "giving the verdict", give_verdict, EVERY_SECTION, asked_of_the_audit),
)  # fmt: skip
