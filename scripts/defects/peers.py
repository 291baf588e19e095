"""The linters of tables: how each is installed into an environment of its own, asked, and judged.

A finding counts for a defect if the clean table does not have it and its check speaks of what is planted: for
a column, that the column tells the target; for a split, that test rows lie before training rows; for labels,
that the target itself is off. What a check says of something else (drift, outliers, imbalance) is no answer.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scripts.defects.tables import PLANTED

HERE = Path(__file__).parent / "linters"
ENVIRONMENTS = Path(__file__).parents[2] / ".peers"
TABLE_DEFECTS = ("D1", "D2", "D3", "D4", "D5", "D7", "D8")
"""Defects that can be written into a table; proxy gaming and an undeclared delay cannot."""
BLOCKING = ("critical", "high", "fail")
"""Words of the tools for what must be mended."""
COUNTED = (*BLOCKING, "warning", "warn", "medium")
"""Words of the tools for what should be looked at, or worse."""


@dataclass(frozen=True, kw_only=True)
class Tool:
    """A linter, what pip installs for it, and which of its checks speak of what."""

    name: str
    requires: tuple[str, ...]
    column: tuple[str, ...] = ()
    """Checks that a column tells the target."""
    time: tuple[str, ...] = ()
    """Checks that the split goes against time."""
    label: tuple[str, ...] = ()
    """Checks that the target itself is off."""

    @property
    def runner(self) -> Path:
        """The script that asks it."""
        return HERE / f"{self.name.replace('-', '_')}_runner.py"

    def checks(self, defect: str) -> tuple[str, ...]:
        """Return the checks that would speak of a defect."""
        if defect in PLANTED:
            return self.column
        return self.time if defect == "D5" else self.label


TOOLS = (
    Tool(
        name="leaklens", requires=("leaklens==1.3.0", "pyarrow"), time=("Temporal Leakage",),
        column=("Target Leakage", "Missing Value Leakage"), label=("Target Drift",),
    ),
    Tool(
        name="tabaudit", requires=("tabaudit==0.3.1", "pyarrow"), column=("leakage",),
        label=("label_noise",),
    ),
    Tool(
        name="dash-mlguard", requires=("dash-mlguard==0.3.0", "pyarrow"), column=("TL003",), time=("TL011",),
    ),
    Tool(
        name="featureleak", requires=("featureleak==0.1.0", "pyarrow"), time=("temporal_leakage",),
        column=("target_leakage", "aggregation_leakage"),
    ),
    Tool(
        name="dataleak-guard", requires=("dataleak-guard==0.1.0", "pyarrow"),
        column=(
            "Extreme Feature-Target Correlation", "Suspiciously High Correlation",
            "Exact Target Duplicate Column",
        ),
        label=("Target Class Imbalance Shift",),
    ),
    # deepchecks 0.19 needs scikit-learn before 1.6 and numpy 1, on which newer pyarrow does not load.
    Tool(
        name="deepchecks",
        requires=(
            "deepchecks==0.19.1", "scikit-learn<1.6", "numpy<2", "pandas<3", "setuptools<81", "pyarrow<18",
        ),
        column=("Feature Label Correlation", "Feature Label Correlation Change"),
        time=("Date Train-Test Leakage (duplicates)", "Date Train-Test Leakage (overlap)"),
        label=("Label Drift",),
    ),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Result:
    """What one tool said of every table."""

    tool: Tool
    version: str = ""
    settings: str = ""
    said: Mapping[str, list[dict[str, Any]]] = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)
    """Why a table could not be linted, by its name."""
    error: str = ""
    """Why the tool could not be installed or run at all."""

    def answer(self, defect: str, table: str = "") -> dict[str, Any] | None:
        """Return the gravest finding that names the defect, in its own table or in another; None without."""
        clean = {_key(one) for one in self.said.get("clean", ())}
        found = [
            one
            for one in self.said.get(table or defect, ())
            if one["check"] in self.tool.checks(defect)
            and _key(one) not in clean
            and (defect not in PLANTED or PLANTED[defect] in one["columns"])
        ]
        return min(found, key=lambda one: _rank(one["severity"]), default=None)

    def finds(self, defect: str, table: str = "") -> bool:
        """Say whether a finding that should be looked at names the defect."""
        answer = self.answer(defect, table)
        return answer is not None and answer["severity"] in COUNTED

    @property
    def alarms(self) -> list[dict[str, Any]]:
        """What it says of the clean table that should be looked at."""
        return [one for one in self.said.get("clean", ()) if one["severity"] in COUNTED]

    @property
    def internal(self) -> list[dict[str, Any]]:
        """Checks that failed inside the tool on the clean table."""
        return [one for one in self.said.get("clean", ()) if "error" in f"{one['severity']} {one['check']}"]

    def to_dict(self) -> dict[str, Any]:
        """Return what the page needs as plain JSON values."""
        return {
            "name": self.tool.name, "version": self.version, "settings": self.settings,
            "error": self.error, "failed": dict(self.failed),
            "answers": {defect: self.answer(defect) for defect in TABLE_DEFECTS},
            "found": [defect for defect in TABLE_DEFECTS if self.finds(defect)],
            "together": [defect for defect in TABLE_DEFECTS if self.finds(defect, "all")],
            "alarms": [f"{one['severity']}: {one['check']}" for one in self.alarms],
            "internal": sorted({f"{one['check']} {one['text']}" for one in self.internal}),
        }  # fmt: skip

    def blocked(self, table: str) -> set[str]:
        """Return the planted columns that it says must be mended."""
        return {
            column
            for one in self.said.get(table, ())
            if one["severity"] in BLOCKING and one["check"] in self.tool.column
            for column in one["columns"]
            if column in PLANTED.values()
        }


def ask(tool: Tool, listing: Path, *, fresh: bool = False) -> Result:
    """Return what the tool says of the tables; a tool that cannot be run is a result too.

    What it said of the same tables, by the same runner and version, is not asked again unless `fresh`.
    """
    kept = ENVIRONMENTS / f"{tool.name}-{_key_of(tool, listing)}.json"
    try:
        if fresh or not kept.exists():
            printed = _run([str(_interpreter(tool)), str(tool.runner), str(listing)])
            kept.write_text(printed.strip().splitlines()[-1], encoding="utf-8")
        values = json.loads(kept.read_text(encoding="utf-8"))
    except (RuntimeError, ValueError, IndexError) as error:
        return Result(tool=tool, error=" ".join(str(error).split())[-300:])
    return Result(
        tool=tool, version=values["version"], settings=values["settings"], said=values["said"],
        failed=values["failed"],
    )  # fmt: skip


def _key_of(tool: Tool, listing: Path) -> str:
    """Return a hash of all that the answer depends on."""
    digest = hashlib.sha256("\n".join(tool.requires).encode())
    for path in (tool.runner, HERE / "exchange.py", *sorted(listing.parent.glob("*"))):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _interpreter(tool: Tool) -> Path:
    """Return the tool's Python; its environment is made where it is missing or holds other versions."""
    folder = ENVIRONMENTS / tool.name
    python, made_for = folder / "bin" / "python", folder / "requires.txt"
    wanted = "\n".join(tool.requires)
    if not made_for.exists() or made_for.read_text() != wanted:
        _run([sys.executable, "-m", "venv", "--clear", str(folder)])
        _run([str(python), "-m", "pip", "install", "--quiet", *tool.requires])
        made_for.write_text(wanted)
    return python


def _run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr[-2000:]}")
    return done.stdout


def _key(one: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    return one["check"], tuple(one["columns"])


def _rank(severity: str) -> int:
    words = (*COUNTED, "low", "info")
    return words.index(severity) if severity in words else len(words)
