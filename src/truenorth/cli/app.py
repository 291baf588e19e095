"""The commands: show, schema, sql, simulate, build."""

from __future__ import annotations

import sys
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from truenorth.cli.failing import told

if TYPE_CHECKING:
    pass

app = typer.Typer(
    name="truenorth", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    help="From a business goal and event logs to a decision that can be trusted.",
)  # fmt: skip


class EngineChoice(StrEnum):
    """Where queries run."""

    duckdb = "duckdb"
    spark = "spark"


File = Annotated[Path, typer.Argument(help="The framing.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show tracebacks.")]
AsOf = Annotated[
    str | None,
    typer.Option("--as-of", help="When everything is read, ISO 8601; default: the end of the logs."),
]
Engine = Annotated[EngineChoice, typer.Option("--engine", help="Where queries run.")]
Threads = Annotated[int | None, typer.Option("--threads", min=1, help="Threads; default: all cores.")]
Memory = Annotated[
    str | None, typer.Option("--memory", help="Most memory before spilling, for example 12GB.")
]
Spill = Annotated[Path | None, typer.Option("--spill", help="Folder for what does not fit in memory.")]
Master = Annotated[str, typer.Option("--master", help="Spark: address of the cluster.")]


def run() -> None:
    """Run the command line."""
    app()


@app.command()
def show(file: File, as_json: Json = False, debug: Debug = False) -> None:
    """Print a framing in its canonical form, every default and short form spelled out."""
    with told(as_json=as_json, debug=debug, file=file):
        from truenorth.framing.canonical import dump, framing_hash, to_plain
        from truenorth.framing.load import load_with_findings

        framing, findings = load_with_findings(file, today=date.today())
        if as_json:
            _print_json(
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
    """Print the JSON Schema of the framing file, for editors."""
    from truenorth.framing.schema import schema_text

    sys.stdout.write(schema_text())


@app.command()
def sql(
    file: File,
    dialect: Annotated[EngineChoice, typer.Option("--dialect", help="SQL to write.")] = EngineChoice.duckdb,
    as_of: AsOf = None,
    debug: Debug = False,
) -> None:
    """Print the queries that a build would run, and why each has its form."""
    with told(as_json=False, debug=debug, file=file):
        from truenorth.engine.contract import open_engine
        from truenorth.engine.pipeline import written_step
        from truenorth.examples.build import plan_steps

        with open_engine("duckdb") as engine:
            for step in plan_steps(_request(file, as_of), engine, dialect=dialect.value):
                sys.stdout.write(written_step(step, dialect.value) + "\n\n")


@app.command()
def simulate(
    world: Annotated[str, typer.Argument(help="feed or payments.", show_default=False)],
    out: Annotated[Path, typer.Option("--out", help="Folder to make.", show_default=False)],
    days: Annotated[int | None, typer.Option("--days", help="Length in days.")] = None,
    users: Annotated[int | None, typer.Option("--users", help="feed: number of users.")] = None,
    items: Annotated[int | None, typer.Option("--items", help="feed: number of items.")] = None,
    customers: Annotated[
        int | None, typer.Option("--customers", help="payments: number of customers.")
    ] = None,
    terminals: Annotated[
        int | None, typer.Option("--terminals", help="payments: number of terminals.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Seed; the same seed gives the same bytes.")] = 0,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a world that stands there.")
    ] = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Simulate a log with known truth, and write a framing for it."""
    with told(as_json=as_json, debug=debug):
        from truenorth.framing.schema import schema_text
        from truenorth.worlds import make_world

        size = {"days": days, "users": users, "items": items, "customers": customers, "terminals": terminals}
        given = {name: value for name, value in size.items() if value is not None}
        made = make_world(world, out, seed=seed, overwrite=overwrite, **given)
        (out / "framing.schema.json").write_text(schema_text(), encoding="utf-8")
        if as_json:
            _print_json(made.to_dict())
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
    """Build the examples of a framing: point-in-time features, matured labels, the split.

    Exits with 0, with 2 for the framing, with 3 for the data; what was built so far is kept.
    """
    with told(as_json=as_json, debug=debug, file=file):
        from rich.console import Console

        from truenorth.cli.progress import reported
        from truenorth.cli.showing import show_build
        from truenorth.engine.contract import EngineSettings
        from truenorth.examples.build import build_examples

        request = _request(file, as_of, fold)
        with reported(quiet=as_json) as progress:
            settings = EngineSettings(
                threads=threads, memory=memory, spill=spill, master=master, progress=progress
            )
            built = build_examples(
                request, out or file.parent / "build", engine=engine.value, settings=settings
            )
        if as_json:
            _print_json(built.to_dict())
        else:
            show_build(built, Console(width=None))
    if built.findings:
        raise SystemExit(3)


def _request(file: Path, as_of: str | None, fold: int = 0) -> Any:
    from truenorth.examples.build import Request
    from truenorth.framing.load import load

    moment = None if as_of is None else _moment(as_of)
    return Request(framing=load(file, today=date.today()), base=file.parent, as_of=moment, fold=fold)


def _moment(text: str) -> int:
    from pydantic_core import PydanticCustomError

    from truenorth.framing.periods import Moment

    try:
        return Moment.parse(text).microseconds
    except PydanticCustomError as error:
        raise typer.BadParameter(error.message(), param_hint="--as-of") from None


def _print_json(value: Any) -> None:
    import json

    sys.stdout.write(json.dumps(value, default=str) + "\n")
