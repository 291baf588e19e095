"""The commands: show, schema, sql, simulate, build."""

from __future__ import annotations

import re
import sys
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from truenorth.cli.failing import told
from truenorth.errors import EngineError, Finding, FramingError, suggest

WIDTH = 120
"""Columns of what is printed into a file or a pipe."""

app = typer.Typer(
    name="truenorth", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    help="From a business goal and event logs to a decision that can be trusted. "
    "Start with: truenorth simulate feed --out feed, then truenorth build feed/framing.yaml.",
)  # fmt: skip


class EngineChoice(StrEnum):
    """Where queries run."""

    duckdb = "duckdb"
    spark = "spark"


File = Annotated[
    Path,
    typer.Argument(help="The framing, a YAML file; its paths start from its folder.", show_default=False),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object, errors too.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
AsOf = Annotated[
    str | None,
    typer.Option(
        "--as-of", help="Read everything as it was known then, ISO 8601; default: the end of the logs."
    ),
]
Engine = Annotated[EngineChoice, typer.Option("--engine", help="Where queries run.")]
Threads = Annotated[int | None, typer.Option("--threads", min=1, help="Worker threads; default: all cores.")]
Memory = Annotated[
    str | None, typer.Option("--memory", help="Memory to use before spilling to disk, for example 12GB.")
]
Spill = Annotated[
    Path | None,
    typer.Option(
        "--spill", help="Folder for what does not fit in memory; default: the system's temporary one."
    ),
]
Master = Annotated[
    str, typer.Option("--master", help="Spark: address of the cluster, for example spark://host:7077.")
]


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

        framing, findings = load_with_findings(_found(file), today=date.today())
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
            for step in plan_steps(_request(file, as_of), engine, dialect=dialect.value):
                sys.stdout.write(written_step(step, dialect.value) + "\n\n")


@app.command()
def simulate(
    world: Annotated[str, typer.Argument(help="The world: feed or payments.", show_default=False)],
    out: Annotated[Path, typer.Option("--out", help="Folder to make, absent or empty.", show_default=False)],
    days: Annotated[
        int | None, typer.Option("--days", min=1, help="Length in days; default: 28 (feed), 182 (payments).")
    ] = None,
    users: Annotated[int | None, typer.Option("--users", min=1, help="feed: number of users.")] = None,
    items: Annotated[int | None, typer.Option("--items", min=1, help="feed: number of items.")] = None,
    customers: Annotated[
        int | None, typer.Option("--customers", min=1, help="payments: number of customers.")
    ] = None,
    terminals: Annotated[
        int | None, typer.Option("--terminals", min=1, help="payments: number of terminals.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Seed; the same seed gives the same bytes.")] = 0,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a world that stands there.")
    ] = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Simulate a log whose truth is known, and write a framing for it; docs/worlds.md describes both."""
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

        request = _request(file, as_of, fold)
        with reported(quiet=as_json) as progress:
            settings = EngineSettings(
                threads=threads, memory=_memory(memory), spill=spill, master=master, progress=progress
            )
            built = build_examples(
                request, out or file.parent / "build", engine=engine.value, settings=settings
            )
        if as_json:
            _print_json(built.to_dict())
        else:
            show_build(built, Console(width=None if sys.stdout.isatty() else WIDTH))
    if not built.is_usable:
        raise SystemExit(3)


def _request(file: Path, as_of: str | None, fold: int = 0) -> Any:
    from truenorth.examples.plan import Request
    from truenorth.framing.load import load_with_findings

    moment = None if as_of is None else _moment(as_of)
    framing, findings = load_with_findings(_found(file), today=date.today())
    return Request(framing=framing, findings=findings, base=file.parent, as_of=moment, fold=fold)


def _moment(text: str) -> int:
    from pydantic_core import PydanticCustomError

    from truenorth.framing.periods import Moment

    try:
        return Moment.parse(text).microseconds
    except PydanticCustomError as error:
        evidence, _, fix = error.message().partition(" Fix: ")
        raise FramingError(
            Finding(code="SPEC013", where="--as-of", evidence=evidence, fix=f"{fix}.")
        ) from None


def _found(file: Path) -> Path:
    """Return the path of a framing that is there.

    Raises:
        FramingError: If there is no such file.
    """
    if file.is_file():
        return file
    folder = file if file.is_dir() else file.parent
    near = sorted(
        (one.name for one in folder.glob("*.y*ml")), key=lambda name: (name != "framing.yaml", name)
    )
    got = "a folder" if file.is_dir() else "no such file"
    otherwise = (
        f"{folder} holds {', '.join(near[:5])}." if near else "check the path, relative to this folder."
    )
    fix = otherwise if file.is_dir() else suggest(file.name, near, otherwise=otherwise)
    raise FramingError(
        Finding(code="SPEC004", where=str(file), evidence=f"expected a framing, got {got}.", fix=fix)
    )


def _memory(text: str | None) -> str | None:
    """Return a memory size that the engines can read.

    Raises:
        EngineError: If it is no size.
    """
    if text is None or re.fullmatch(r"\s*\d+(\.\d+)?\s*[KMGT]i?B\s*", text, re.IGNORECASE):
        return text
    evidence = f"expected a number and a unit, got {text!r}."
    fix = "write for example --memory 12GB."
    raise EngineError(Finding(code="ENGINE008", where="--memory", evidence=evidence, fix=fix))


def _print_json(value: Any) -> None:
    import json

    sys.stdout.write(json.dumps(value, default=str) + "\n")
