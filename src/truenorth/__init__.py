"""True North turns a business goal and event logs into a decision that can be trusted.

    load, load_text      read a framing and check it
    dump, framing_hash   its canonical form
    build                examples, labels and features over the logs
    audit_file, Audit    the framing under its rules, with or without data and a run
    run, Run             the main job: models, policy, evaluation, report, bundle
    list_runs, compare_runs, find_run     runs that were made before
    load_bundle, score_file               a released bundle, and a batch of rows
    SYSTEMS, new_project                  ready systems, and a project from one
    make_world           a simulated log with known truth
    EngineSettings       threads, memory, spill folder, cluster address

The parts, low to high: `errors`, `statistics`, `framing` (the typed file), `engine` (DuckDB and Spark),
`labels` and `features` (definitions to columns), `examples` (one table), `models`, `decision`, `evaluation`,
`audit` (rules), `serving` (bundles), `documents`, `worlds` (simulated logs), `systems` (ready framings),
`interview` (questions in framing order), `workflow`, `cli`.
Nothing heavy is imported until it is used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from truenorth.audit.reading import audit_file
    from truenorth.audit.result import Audit
    from truenorth.engine.contract import EngineSettings
    from truenorth.errors import DataError, EngineError, Finding, FramingError, Interrupted, TrueNorthError
    from truenorth.examples.api import build
    from truenorth.examples.build import Built
    from truenorth.framing.canonical import dump, framing_hash
    from truenorth.framing.framing import Framing
    from truenorth.framing.load import load, load_text
    from truenorth.serving.batch import score_file
    from truenorth.serving.bundle import Bundle, load_bundle
    from truenorth.systems import SYSTEMS, new_project
    from truenorth.workflow.api import run
    from truenorth.workflow.result import Run
    from truenorth.workflow.runs import compare_runs, find_run, list_runs
    from truenorth.worlds import World, make_world

__version__ = "0.1.0"

_PLACES = {
    "Audit": "truenorth.audit.result",
    "Built": "truenorth.examples.build",
    "Bundle": "truenorth.serving.bundle",
    "DataError": "truenorth.errors",
    "EngineError": "truenorth.errors",
    "EngineSettings": "truenorth.engine.contract",
    "Finding": "truenorth.errors",
    "Framing": "truenorth.framing.framing",
    "FramingError": "truenorth.errors",
    "Interrupted": "truenorth.errors",
    "Run": "truenorth.workflow.result",
    "SYSTEMS": "truenorth.systems",
    "TrueNorthError": "truenorth.errors",
    "World": "truenorth.worlds",
    "audit_file": "truenorth.audit.reading",
    "build": "truenorth.examples.api",
    "compare_runs": "truenorth.workflow.runs",
    "dump": "truenorth.framing.canonical",
    "find_run": "truenorth.workflow.runs",
    "framing_hash": "truenorth.framing.canonical",
    "list_runs": "truenorth.workflow.runs",
    "load": "truenorth.framing.load",
    "load_bundle": "truenorth.serving.bundle",
    "load_text": "truenorth.framing.load",
    "make_world": "truenorth.worlds",
    "new_project": "truenorth.systems",
    "run": "truenorth.workflow.api",
    "score_file": "truenorth.serving.batch",
}

__all__ = [
    "SYSTEMS", "Audit", "Built", "Bundle", "DataError", "EngineError", "EngineSettings", "Finding", "Framing",
    "FramingError", "Interrupted", "Run", "TrueNorthError", "World", "audit_file", "build", "compare_runs",
    "dump", "find_run", "framing_hash", "list_runs", "load", "load_bundle", "load_text", "make_world",
    "new_project", "run", "score_file",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'truenorth' has no attribute {name!r}")
    return getattr(importlib.import_module(_PLACES[name]), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
