"""The commands that read and build: show, schema, sql, simulate, build; and the table of all commands."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from truenorth.cli import auditing, interviewing, running, starting, stressing
from truenorth.cli.failing import told
from truenorth.cli.options import (
    AsOf,
    Debug,
    Engine,
    EngineChoice,
    File,
    Json,
    Master,
    Memory,
    Spill,
    Threads,
    found,
    memory_size,
    print_json,
    request_of,
    sizes,
)

WIDTH = 120
"""Columns of what is printed into a file or a pipe."""

app = typer.Typer(
    name="truenorth", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    help="From a business goal and event logs to a decision that can be trusted. "
    "Start with: truenorth demo, then truenorth systems.",
)  # fmt: skip


def run() -> None:
    """Run the command line."""
    app()


@app.command()
def show(file: File, as_json: Json = False, debug: Debug = False) -> None:
    """Check a framing and print its canonical form: every default and short form spelled out, and the hash.

    Reads no log. Exits with 0, or with 2 and every mistake of the file.
    """
    with told(as_json=as_json, debug=debug, file=file):
        from truenorth.framing.canonical import dump, framing_hash, to_plain
        from truenorth.framing.load import load_with_findings

        framing, findings = load_with_findings(found(file), today=date.today())
        if as_json:
            print_json(
                {
                    "framing": to_plain(framing),
                    "hash": framing_hash(framing),
                    "findings": [f.to_dict() for f in findings],
                }
            )
            return
        sys.stdout.write(f"# {framing_hash(framing)}\n{dump(framing)}")
        for finding in findings:
            sys.stderr.write(f"{finding}\n")


@app.command()
def schema() -> None:
    """Print the JSON Schema of the framing file, with which an editor completes and checks it."""
    from truenorth.framing.schema import schema_text

    sys.stdout.write(schema_text())


@app.command()
def sql(
    file: File,
    dialect: Annotated[
        EngineChoice, typer.Option("--dialect", help="Whose SQL to write.")
    ] = EngineChoice.duckdb,
    as_of: AsOf = None,
    debug: Debug = False,
) -> None:
    """Print the queries that a build would run, and why each has its form.

    The logs must be there: their columns are read, and their keys are counted to choose the form.
    """
    with told(as_json=False, debug=debug, file=file):
        from truenorth.engine.contract import open_engine
        from truenorth.engine.pipeline import written_step
        from truenorth.examples.build import plan_steps

        with open_engine("duckdb") as engine:
            for step in plan_steps(request_of(file, as_of), engine, dialect=dialect.value):
                sys.stdout.write(written_step(step, dialect.value) + "\n\n")


@app.command()
def simulate(
    world: Annotated[
        str,
        typer.Argument(
            help="The world: feed, payments, purchases, messages, trips or sales.", show_default=False
        ),
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder to make, absent or empty.", show_default=False)],
    days: Annotated[
        int | None, typer.Option("--days", min=1, help="Length in days; default: as docs/worlds.md says.")
    ] = None,
    users: Annotated[int | None, typer.Option("--users", min=1, help="feed: number of users.")] = None,
    items: Annotated[int | None, typer.Option("--items", min=1, help="feed: number of items.")] = None,
    customers: Annotated[
        int | None, typer.Option("--customers", min=1, help="payments: number of customers.")
    ] = None,
    terminals: Annotated[
        int | None, typer.Option("--terminals", min=1, help="payments: number of terminals.")
    ] = None,
    size: Annotated[
        list[str] | None, typer.Option("--size", help="Any parameter of the world: messages=150; repeatable.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Seed; the same seed gives the same bytes.")] = 0,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a world that stands there.")
    ] = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Simulate a log whose truth is known, and write a framing for it; docs/worlds.md describes them."""
    with told(as_json=as_json, debug=debug):
        from truenorth.framing.schema import schema_text
        from truenorth.worlds import make_world

        named = {"days": days, "users": users, "items": items, "customers": customers, "terminals": terminals}
        given = {name: value for name, value in named.items() if value is not None}
        made = make_world(world, out, seed=seed, overwrite=overwrite, **given, **sizes(size or []))
        (out / "framing.schema.json").write_text(schema_text(), encoding="utf-8")
        if as_json:
            print_json(made.to_dict())
        else:
            sys.stdout.write(f"{made}\n")


@app.command()
def build(
    file: File,
    as_of: AsOf = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for the tables; default: build/ beside the framing.")
    ] = None,
    engine: Engine = EngineChoice.duckdb,
    threads: Threads = None,
    memory: Memory = None,
    spill: Spill = None,
    master: Master = "local[2]",
    fold: Annotated[
        int, typer.Option("--fold", min=0, help="Rolling fold of the split; 0 is the latest.")
    ] = 0,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Build the training table of a framing: point-in-time features, matured labels, the split.

    Writes examples.parquet and profile.json. Exits with 0, with 1 if the engine fails, with 2 for a mistake
    in the framing, and with 3 if the logs cannot answer it; what was built so far is kept.
    """
    with told(as_json=as_json, debug=debug, file=file):
        from rich.console import Console

        from truenorth.cli.progress import reported
        from truenorth.cli.showing import show_build
        from truenorth.engine.contract import EngineSettings
        from truenorth.examples.build import build_examples

        request = request_of(file, as_of, fold)
        with reported(quiet=as_json) as progress:
            settings = EngineSettings(
                threads=threads, memory=memory_size(memory), spill=spill, master=master, progress=progress
            )
            built = build_examples(
                request, out or file.parent / "build", engine=engine.value, settings=settings
            )
        if as_json:
            print_json(built.to_dict())
        else:
            show_build(built, Console(width=None if sys.stdout.isatty() else WIDTH))
    if not built.is_usable:
        raise SystemExit(3)


COMMANDS: tuple[Callable[..., None], ...] = (
    auditing.audit, auditing.explain,
    running.run, running.demo, running.report, running.runs, running.compare, running.score,
    stressing.stress, stressing.weights, stressing.proxies,
    starting.systems, starting.new, starting.data,
    interviewing.interview, interviewing.kickoff, interviewing.canvas,
)  # fmt: skip
"""Commands that stand in files of their own, in the order of the help."""

for command in COMMANDS:
    app.command()(command)
