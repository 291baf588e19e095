"""What lists print: runs, what differs between two, systems, datasets."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from truenorth.workflow.result import figure_text, value_text

WIDTH = 120
"""Columns of what is printed into a file or a pipe."""


def console() -> Console:
    """Return where lists are printed."""
    return Console(width=None if sys.stdout.isatty() else WIDTH)


def show_runs(runs: Sequence[Any], out: Path) -> None:
    """Print one line per run, the latest first."""
    if not runs:
        sys.stdout.write(f"no runs in {out}; truenorth run FILE --out {out} makes one\n")
        return
    table = Table("framing", "run", "made", "gate", "chosen", "primary", box=None)
    for run in runs:
        made = str(run.result["created"]).replace("T", " ").rstrip("Z")
        name, found = run.result["name"], figure_text(run.primary)
        table.add_row(name, run.folder.name, made, run.gate, run.chosen, found)
    console().print(table)


def show_comparison(compared: Mapping[str, Any]) -> None:
    """Print what differs between two runs."""
    screen = console()
    table = Table("", compared["first"], compared["second"], box=None)
    for name in ("gate", "chosen", "decision"):
        table.add_row(name, *compared[name])
    for change in compared["framing"]:
        table.add_row(change["key"], _plain(change["first"]), _plain(change["second"]))
    for one in compared["metrics"]:
        apart = "" if one["overlap"] is not False else "  intervals apart"
        table.add_row(one["metric"], value_text(one["first"]), value_text(one["second"]) + apart)
    screen.print(table)


def show_systems(systems: Mapping[str, Any]) -> None:
    """Print one line per ready system."""
    table = Table("system", "decides", "world", "real data", box=None)
    for system in systems.values():
        table.add_row(system.name, system.decision, system.world, system.dataset or "-")
    screen = console()
    screen.print(table)
    screen.print("truenorth new SYSTEM FOLDER starts a project; truenorth demo --system SYSTEM runs one")


def show_datasets(datasets: Mapping[str, Any]) -> None:
    """Print where each dataset comes from, its licence and its files."""
    screen = console()
    for name, dataset in datasets.items():
        screen.print(f"[bold]{name}[/]  {dataset.title}", highlight=False)
        for key in ("address", "licence", "attribution"):
            screen.print(f"  {key:<12}{getattr(dataset, key)}", highlight=False, markup=False, soft_wrap=True)
        for file in dataset.files:
            screen.print(
                f"  {file.name:<40} {file.bytes:>12,} bytes  sha256 {file.sha256}",
                highlight=False, markup=False, soft_wrap=True,
            )  # fmt: skip


def _plain(value: Any) -> str:
    return "-" if value is None else str(value)
