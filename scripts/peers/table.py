"""Write `docs/peers.md`: one small log, and what every tool says of each of its cases.

Each peer is installed into its own environment under `.peers/`, its runner reads the log as JSON and prints
what the peer said; nothing is written by hand except the right answers of `cases.py`. Run it in full with

    .venv/bin/python scripts/peers/table.py

`--allow-missing` writes the page although a runner failed; its column then says `not run`.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from cases import AS_OF, CASES, REFUSED, Case, log, records

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
ENVIRONMENTS = ROOT / ".peers"
PAGE = ROOT / "docs" / "peers.md"
CANNOT_SAY = "cannot say"
NOT_RUN = "not run"


INTRODUCTION = """\
# One small log, four tools

Written by `scripts/peers/table.py` on {date}; every answer is what the tool printed.

Each case is an entity of its own in one log of {n_records} records, complete up to {as_of} (`as_of`).
Unless the case says otherwise, windows are 7 days, an event is received at once, and the entity is seen again
on the last day. The log is a replay: it holds reports that came after a decision, or after `as_of`, with the
time of their receipt. Dropping by hand what came after `as_of` would mend `label_reported_after_as_of` for
composeml and es-aces, and nothing else.

**Bold** is wrong by the rules of the framing language (its section in brackets); `cannot say` marks a tool
without the concept. Below an answer stands what another setting of the tool says, where it differs.
"""


@dataclass(frozen=True, kw_only=True)
class Tool:
    """A tool, its runner, and what pip installs for it (nothing: it runs in this environment)."""

    name: str
    runner: str
    requires: tuple[str, ...] = ()


# composeml and featuretools import pkg_resources, which setuptools 82 dropped, and neither runs on pandas 3.
TOOLS = (
    Tool(
        name="composeml",
        runner="composeml_runner.py",
        requires=("composeml==0.10.1", "setuptools<81", "pandas<3"),
    ),
    Tool(
        name="featuretools",
        runner="featuretools_runner.py",
        requires=("featuretools==1.31.0", "setuptools<81", "pandas<3"),
    ),
    Tool(name="es-aces", runner="es_aces_runner.py", requires=("es-aces==0.7.3",)),
    Tool(name="True North", runner="truenorth_runner.py"),
)


@dataclass(frozen=True, kw_only=True)
class Result:
    """What one tool said."""

    tool: str
    version: str = NOT_RUN
    settings: str = NOT_RUN
    answers: Mapping[str, str] = field(default_factory=dict)
    alternatives: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


class RunnerError(Exception):
    """A tool could not be installed or run."""


def interpreter(tool: Tool) -> str:
    """Return the tool's Python; its environment is made where it is missing or holds other versions."""
    if not tool.requires:
        return sys.executable
    folder = ENVIRONMENTS / tool.name
    python, made_for = folder / "bin" / "python", folder / "requires.txt"
    wanted = "\n".join(tool.requires)
    if not made_for.exists() or made_for.read_text() != wanted:
        run([sys.executable, "-m", "venv", "--clear", str(folder)])
        run([str(python), "-m", "pip", "install", "--quiet", *tool.requires])
        made_for.write_text(wanted)
    return str(python)


def run(command: list[str], *, text: str = "") -> str:
    """Return what the command printed."""
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RunnerError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr}")
    return done.stdout


def ask(tool: Tool) -> Result:
    """Return what the tool says of the log."""
    return Result(**json.loads(run([interpreter(tool), str(HERE / tool.runner)], text=json.dumps(log()))))


def is_right(said: str, case: Case) -> bool:
    """Say whether the answer is the right one.

    A tool that states only the count is judged by the count; where a refusal is right, any error will do.
    """
    if case.right == REFUSED:
        return said.startswith((REFUSED, "error"))
    return said == case.right or case.right.startswith(f"{said},")


def cell(result: Result, case: Case) -> str:
    """Return the tool's answer, bold where it is wrong, and what another setting changes."""
    if result.version == NOT_RUN:
        return NOT_RUN
    said = result.answers.get(case.name, CANNOT_SAY)
    marked = said if said == CANNOT_SAY or is_right(said, case) else f"**{said}**"
    others = [
        f"{setting}: {other[case.name]}"
        for setting, other in result.alternatives.items()
        if other.get(case.name, said) != said
    ]
    return "<br>".join([marked, *others])


def table(side: str, results: list[Result]) -> list[str]:
    """Return the lines of the table of one side."""
    heads = ["case", "what happens", "right", *(result.tool for result in results), "why"]
    lines = [row(heads), row(["---"] * len(heads))]
    for case in CASES:
        if case.side == side:
            lines.append(
                row(
                    [
                        f"`{case.name}`",
                        case.shows,
                        case.right,
                        *(cell(result, case) for result in results),
                        case.why,
                    ]
                )
            )
    return lines


def row(cells: list[str]) -> str:
    """Return one line of a Markdown table."""
    return f"| {' | '.join(cells)} |"


def page(results: list[Result], *, date: str) -> str:
    """Return the page."""
    lines = [
        INTRODUCTION.format(date=date, n_records=len(records()), as_of=f"{AS_OF:%Y-%m-%d}"),
        "| tool | version | how it was asked |",
        "| --- | --- | --- |",
        *(row([result.tool, result.version, result.settings]) for result in results),
        "",
        "## Labels: did an event happen in the window after the prediction time?",
        "",
        *table("label", results),
        "",
        "## Features: count and mean of the events in the 7 days before it",
        "",
        *table("feature", results),
    ]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Run every tool and write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--allow-missing", action="store_true", help="write the page although a tool could not be run"
    )
    options = parser.parse_args()
    results, failed = [], False
    for tool in TOOLS:
        try:
            results.append(ask(tool))
        except RunnerError as error:
            sys.stderr.write(f"{tool.name}: {error}\n")
            results.append(Result(tool=tool.name))
            failed = True
    if not failed or options.allow_missing:
        PAGE.write_text(page(results, date=f"{datetime.now(UTC):%Y-%m-%d}"))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
