"""The commands that start a project: systems, new, data."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from truenorth.cli.failing import told
from truenorth.cli.options import Debug, Json, print_json


def systems(as_json: Json = False, debug: Debug = False) -> None:
    """List the ready systems: what each decides, and the world and real data that it runs on."""
    with told(as_json=as_json, debug=debug):
        from truenorth.cli.listing import show_systems
        from truenorth.systems import SYSTEMS

        if as_json:
            print_json([system.to_dict() for system in SYSTEMS.values()])
        else:
            show_systems(SYSTEMS)


def new(
    name: Annotated[str, typer.Argument(help="A ready system; truenorth systems lists them.")],
    folder: Annotated[Path, typer.Argument(help="Folder to make, absent or empty.")],
    real: Annotated[
        bool, typer.Option("--real", help="On its real data instead of a simulated log.")
    ] = False,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the simulated log.")] = 0,
    debug: Debug = False,
) -> None:
    """Start a project from a ready system: its framing, its log, and what to do next."""
    with told(as_json=False, debug=debug):
        from truenorth.systems import new_project

        file = new_project(name, folder, on="real" if real else "world", seed=seed)
        sys.stdout.write(f"wrote {file}\nnext: truenorth run {file} --out {folder / 'runs'}\n")


def data(
    name: Annotated[str | None, typer.Argument(help="A dataset; without one all are listed.")] = None,
    source: Annotated[
        Path | None, typer.Option("--from", help="Folder with the files as their publisher wrote them.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="Folder to lay them in.")] = Path("data"),
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Say where real data comes from, and lay downloaded files where a framing expects them, verified.

    Nothing is downloaded: address, licence and checksums are named, and a local folder is read.
    """
    with told(as_json=as_json, debug=debug):
        from truenorth.cli.listing import show_datasets
        from truenorth.systems.data import DATASETS, lay_data, named

        if name is not None and source is not None:
            for path in lay_data(name, source, out):
                sys.stdout.write(f"verified and wrote {path}\n")
            return
        chosen = DATASETS if name is None else {name: named(name)}
        if as_json:
            print_json([dataset.to_dict() for dataset in chosen.values()])
        else:
            show_datasets(chosen)
