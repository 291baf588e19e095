"""Options that several commands share, and how their values are read."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from truenorth.errors import EngineError, Finding, FramingError, suggest


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


def request_of(file: Path, as_of: str | None, fold: int = 0, changes: Mapping[str, Any] | None = None) -> Any:
    """Return the request of a build or a run."""
    from truenorth.examples.plan import Request
    from truenorth.framing.load import load_inspected

    moment = None if as_of is None else _moment(as_of)
    framing, made = load_inspected(found(file), today=date.today(), changes=changes)
    return Request(
        framing=framing, findings=made.findings, document=made.document, base=file.parent, as_of=moment,
        fold=fold,
    )  # fmt: skip


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


def found(file: Path) -> Path:
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


def memory_size(text: str | None) -> str | None:
    """Return a memory size that the engines can read.

    Raises:
        EngineError: If it is no size.
    """
    if text is None or re.fullmatch(r"\s*\d+(\.\d+)?\s*[KMGT]i?B\s*", text, re.IGNORECASE):
        return text
    evidence = f"expected a number and a unit, got {text!r}."
    fix = "write for example --memory 12GB."
    raise EngineError(Finding(code="ENGINE008", where="--memory", evidence=evidence, fix=fix))


def sizes(written: list[str]) -> dict[str, int]:
    """Read `--size NAME=NUMBER`.

    Raises:
        FramingError: If one is no name with a whole number.
    """
    pairs = [one.partition("=") for one in written]
    wrong = [
        one for one, (name, _, number) in zip(written, pairs, strict=True) if not (name and number.isdigit())
    ]
    if wrong:
        fix = "write for example --size messages=150."
        raise FramingError(
            Finding(code="SPEC035", where="--size", evidence=f"expected NAME=NUMBER, got {one!r}.", fix=fix)
            for one in wrong
        )
    return {name: int(number) for name, _, number in pairs}


def changes_of(written: list[str]) -> dict[str, str]:
    """Read `--set key=value`.

    Raises:
        FramingError: If one has no `=`.
    """
    pairs = [one.partition("=") for one in written]
    wrong = [one for one, (_, sign, _) in zip(written, pairs, strict=True) if not sign]
    if wrong:
        fix = "write --set policy.capacity.review='50 per 1d'."
        raise FramingError(
            Finding(code="SPEC035", where="--set", evidence=f"expected KEY=VALUE, got {one!r}.", fix=fix)
            for one in wrong
        )
    return {key: value for key, _, value in pairs}


def print_json(value: Any) -> None:
    """Print one JSON value on a line."""
    import json

    sys.stdout.write(json.dumps(value, default=str) + "\n")
