"""The commands of the audit: audit, explain."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from truenorth.cli.failing import INTERRUPTED, told
from truenorth.cli.options import Debug, Json, changes_of, found, print_json
from truenorth.errors import DataError

_POLL_SECONDS = 0.3


class FormatChoice(StrEnum):
    """How findings are written."""

    text = "text"
    compact = "compact"
    json = "json"
    sarif = "sarif"
    github = "github"


def audit(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Framings, YAML files.", show_default=False)
    ],
    data: Annotated[
        bool, typer.Option("--data", help="Build the examples and ask the rules that read them.")
    ] = False,
    run: Annotated[
        str | None, typer.Option("--run", help="A finished run: its folder, hash, or name; nothing is built.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="Folder of all runs, where --run is looked for.")] = Path(
        "runs"
    ),
    select: Annotated[
        str, typer.Option("--select", help="Only rules that begin so: GOAL,LEAK or LEAK003.")
    ] = "",
    format_: Annotated[
        FormatChoice, typer.Option("--format", help="How findings are written.")
    ] = FormatChoice.text,
    page: Annotated[
        Path | None,
        typer.Option("--page", help="Also write the whole audit as a page: audit.md or audit.html."),
    ] = None,
    changes: Annotated[
        list[str] | None, typer.Option("--set", help="Change a value first: section.key=value.")
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Audit again each time a file is saved.")] = False,
    debug: Debug = False,
) -> None:
    """Audit framings like a linter audits code: findings with place, evidence and fix.

    Exits with 0 where nothing blocks, 1 where a finding of severity error stands, 2 where a file is no
    framing, 3 where --data cannot read the logs; what the framing alone says is told all the same.
    `truenorth explain CODE` says more about a rule.
    """
    if page is not None and len(files) > 1:
        raise typer.BadParameter("takes one FILE, got several.", param_hint="--page")
    asked = _Asked(data=data, run=run, out=out, select=select, changes=tuple(changes or ()), debug=debug)

    def once() -> int:
        return _audit_all(files, asked, format_.value, page)

    seen = _stamps(files)  # before the first audit: what is saved while it runs is audited again
    code = once()
    if watch:
        _watch(files, seen, once)
    raise SystemExit(code)


def explain(
    code: Annotated[
        str | None, typer.Argument(help="A rule, such as LEAK003; without one all are listed.")
    ] = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Say what a rule checks, why it hurts, and how to mend it; without a code, list the rules."""
    with told(as_json=as_json, debug=debug):
        from truenorth.audit.explain import explained
        from truenorth.audit.registry import find_rule, rules

        if code is not None:
            one = find_rule(code)
            if as_json:
                print_json(one.to_dict())
            else:
                sys.stdout.write(f"{explained(one)}\n")
            return
        if as_json:
            print_json([one.to_dict() for one in rules()])
            return
        for one in rules():
            sys.stdout.write(f"{one.code:<10} {one.severity:<5} {one.stage:<6} {one.sentence}\n")


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """What is asked of every file."""

    data: bool
    run: str | None
    out: Path
    select: str
    changes: tuple[str, ...]
    debug: bool


def _audit_all(files: list[Path], asked: _Asked, format_: str, page: Path | None) -> int:
    """Audit every file and write what was found; one that cannot be read does not stop the others."""
    from truenorth.audit.formats import FORMATS, as_json

    made, codes = [], [0]
    for file in files:
        audited, code = _audit(file, asked)
        made += [] if audited is None else [audited]
        codes.append(code)
    several = len(files) > 1
    sys.stdout.write(as_json(made, is_list=several) if format_ == "json" else FORMATS[format_](made))
    if page is not None and made:
        from truenorth.documents.audit import write_audit

        write_audit(made[0].to_dict(), page)
        sys.stderr.write(f"wrote {page}\n")
    return max(codes)


def _audit(file: Path, asked: _Asked) -> tuple[Any, int]:
    """Return the audit of a file and its exit code; where the logs cannot be read, what the file says."""
    made, code = _told(file, asked)
    if code == DataError.exit_code and asked.data and asked.run is None:
        made, _ = _told(file, replace(asked, data=False))
    elif made is not None and made.gate == "blocked":
        code = 1
    return made, code


def _told(file: Path, asked: _Asked) -> tuple[Any, int]:
    """Return the audit of a file, or None and the exit code of the error that was told."""
    try:
        with told(as_json=False, debug=asked.debug, file=file):
            from truenorth.audit.reading import audit_file
            from truenorth.workflow.codes import CODES

            made = audit_file(
                found(file), data=asked.data, run=_folder(asked), select=asked.select.split(","), known=CODES,
                changes=changes_of(list(asked.changes)),
            )  # fmt: skip
    except SystemExit as stop:
        if stop.code == INTERRUPTED:
            raise
        return None, int(stop.code or 0)
    return made, 0


def _folder(asked: _Asked) -> Path | None:
    if asked.run is None:
        return None
    from truenorth.workflow.runs import find_run

    return find_run(asked.run, asked.out).folder


def _watch(files: list[Path], seen: list[Any], again: Callable[[], int]) -> None:
    """Audit again whenever a file's time of change does; Ctrl-C ends it."""
    sys.stderr.write("watching; Ctrl-C ends it\n")
    try:
        while True:
            time.sleep(_POLL_SECONDS)
            now = _stamps(files)
            if now != seen:
                seen = now
                again()
                sys.stdout.flush()
    except KeyboardInterrupt:
        raise SystemExit(INTERRUPTED) from None


def _stamps(files: list[Path]) -> list[Any]:
    return [file.stat().st_mtime_ns if file.exists() else None for file in files]
