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
from truenorth.workflow.calibrating import calibrate
from truenorth.workflow.choosing import choose_rung
from truenorth.workflow.deciding import set_policies
from truenorth.workflow.evaluating import evaluate_run
from truenorth.workflow.learning import train
from truenorth.workflow.parts import is_guaranteed
from truenorth.workflow.preparing import prepare
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
    also: Callable[[Framing], Any] = lambda framing: None
    """What of other sections it depends on, as JSON values."""


STAGES = (
    Stage(
        "examples", "building examples", prepare,
        ("sources", "examples", "labels", "features", "split"),
        lambda framing: (names_read(framing), tasks(framing)),
    ),
    Stage("train", "training", train, ("models",), asked_of_tasks),
    Stage("calibrate", "calibrating", calibrate, (), is_guaranteed),
    Stage("choose", "choosing", choose_rung, ("objective", "business", "policy")),
    Stage("decide", "setting the policy", set_policies, ()),
    Stage("evaluate", "evaluating", evaluate_run, ("evaluation", "constraints", "waivers", "experiment")),
)  # fmt: skip
