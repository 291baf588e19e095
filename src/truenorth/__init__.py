"""True North turns a business goal and event logs into a decision that can be trusted.

    load, load_text      read a framing and check it
    dump, framing_hash   its canonical form
    build                examples, labels and features over the logs
    make_world           a simulated log with known truth
    EngineSettings       threads, memory, spill folder, cluster address

The parts, low to high: `errors`, `framing` (the typed file), `engine` (DuckDB and Spark), `labels` and
`features` (definitions to columns), `examples` (one table), `worlds` (simulated logs), `cli`.
Nothing heavy is imported until it is used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from truenorth.engine.contract import EngineSettings
    from truenorth.errors import DataError, EngineError, Finding, FramingError, Interrupted, TrueNorthError
    from truenorth.examples.api import build
    from truenorth.examples.build import Built
    from truenorth.framing.canonical import dump, framing_hash
    from truenorth.framing.framing import Framing
    from truenorth.framing.load import load, load_text
    from truenorth.worlds import World, make_world

__version__ = "0.1.0"

_PLACES = {
    "Built": "truenorth.examples.build",
    "DataError": "truenorth.errors",
    "EngineError": "truenorth.errors",
    "EngineSettings": "truenorth.engine.contract",
    "Finding": "truenorth.errors",
    "Framing": "truenorth.framing.framing",
    "FramingError": "truenorth.errors",
    "Interrupted": "truenorth.errors",
    "TrueNorthError": "truenorth.errors",
    "World": "truenorth.worlds",
    "build": "truenorth.examples.api",
    "dump": "truenorth.framing.canonical",
    "framing_hash": "truenorth.framing.canonical",
    "load": "truenorth.framing.load",
    "load_text": "truenorth.framing.load",
    "make_world": "truenorth.worlds",
}

__all__ = [
    "Built", "DataError", "EngineError", "EngineSettings", "Finding", "Framing", "FramingError",
    "Interrupted", "TrueNorthError", "World",
    "build", "dump", "framing_hash", "load", "load_text", "make_world",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'truenorth' has no attribute {name!r}")
    return getattr(importlib.import_module(_PLACES[name]), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
