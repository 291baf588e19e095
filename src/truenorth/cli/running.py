"""The commands of the main job: run, demo, report, runs, compare, score."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

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
    changes_of,
    memory_size,
    print_json,
    request_of,
)

Runs = Annotated[Path, typer.Option("--out", help="Folder of all runs.")]
Name = Annotated[
    str,
    typer.Argument(help="A run: its folder, its hash or a start of it, or a framing's name for the latest."),
]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Seed of everything random.")]
RUNS = Path("runs")


def run(
    file: File,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="Set a key before the framing is checked: policy.capacity.review='50 per 1d'."
        ),
    ] = None,
    as_of: AsOf = None,
    out: Runs = RUNS,
    seed: Seed = 0,
    fold: Annotated[
        int, typer.Option("--fold", min=0, help="Rolling fold of the split; 0 is the latest.")
    ] = 0,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Make every stage anew, whatever is cached.")
    ] = False,
    engine: Engine = EngineChoice.duckdb,
    threads: Threads = None,
    memory: Memory = None,
    spill: Spill = None,
    master: Master = "local[2]",
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Run a framing over its logs: examples, models, calibration, policy, evaluation, report, bundle.

    Says in ten lines what was decided and why. Exits with 0 where the gate passes, with 4 where it is
    blocked and 5 where it is not assessed; with 2 for a mistake in the framing, 3 if the logs cannot
    answer it. A run that was stopped goes on where it was.
    """
    with told(as_json=as_json, debug=debug, file=file):
        request = request_of(file, as_of, fold, changes_of(changes or []))
        settings = {"threads": threads, "memory": memory_size(memory), "spill": spill, "master": master}
        made = _run(request, out, seed, engine.value, settings, fresh=fresh, quiet=as_json)
        if as_json:
            print_json(made.to_dict())
        else:
            _tell(made)
    raise SystemExit(_EXIT[made.gate])


_EXIT = {"pass": 0, "pass with waivers": 0, "blocked": 4, "not assessed": 5}


def demo(
    folder: Annotated[Path, typer.Argument(help="Folder to make.")] = Path("demo"),
    system: Annotated[
        str, typer.Option("--system", help="A ready system; truenorth systems lists them.")
    ] = "card-fraud",
    seed: Seed = 0,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Simulate a log whose truth is known, run a ready framing over it, and say what was decided and why."""
    with told(as_json=as_json, debug=debug):
        from truenorth.systems import new_project

        file = folder / system / "framing.yaml"
        if not file.is_file():
            new_project(system, folder / system, seed=seed)
        made = _run(request_of(file, None), folder / "runs", seed, "duckdb", {}, quiet=as_json)
        if as_json:
            print_json(made.to_dict())
        else:
            _tell(made)


def report(
    name: Name,
    out: Runs = RUNS,
    to: Annotated[
        Path | None, typer.Option("--to", help="File to write; default: report.html of the run.")
    ] = None,
    debug: Debug = False,
) -> None:
    """Write the report of a run again, from what the run recorded."""
    with told(as_json=False, debug=debug):
        from truenorth.documents.report import write_report
        from truenorth.workflow.runs import find_run

        found_run = find_run(name, out)
        sys.stdout.write(f"{write_report(found_run.result, to or found_run.report)}\n")


def runs(out: Runs = RUNS, as_json: Json = False, debug: Debug = False) -> None:
    """List the runs that were made, the latest first."""
    with told(as_json=as_json, debug=debug):
        from truenorth.cli.listing import show_runs
        from truenorth.workflow.runs import list_runs

        made = list_runs(out)
        if as_json:
            print_json([one.to_dict() for one in made])
        else:
            show_runs(made, out)


def compare(first: Name, second: Name, out: Runs = RUNS, as_json: Json = False, debug: Debug = False) -> None:
    """Say what differs between two runs: the framing, the choice, and every metric that both measured."""
    with told(as_json=as_json, debug=debug):
        from truenorth.cli.listing import show_comparison
        from truenorth.workflow.runs import compare_runs, find_run

        compared = compare_runs(find_run(first, out), find_run(second, out))
        if as_json:
            print_json(compared)
        else:
            show_comparison(compared)


def score(
    bundle: Annotated[Path, typer.Argument(help="A bundle's folder, or a run's.")],
    source: Annotated[
        Path,
        typer.Argument(
            metavar="INPUT", help="Rows with features: Parquet or CSV, as truenorth build writes them."
        ),
    ],
    target: Annotated[
        Path, typer.Argument(metavar="OUTPUT", help="Decisions: Parquet or CSV, by the file's ending.")
    ],
    seed: Seed = 0,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Decide on a batch of rows with a released bundle, whose manifest is verified first."""
    with told(as_json=as_json, debug=debug):
        from truenorth.serving.batch import score_file

        place = bundle / "bundle" if (bundle / "bundle").is_dir() else bundle
        scored = score_file(place, source, target, seed=seed)
        if as_json:
            print_json(scored)
        else:
            actions = ", ".join(f"{name} {count:,}" for name, count in scored["actions"].items())
            sys.stdout.write(
                f"scored {scored['rows']:,} rows{': ' if actions else ''}{actions}\nwrote {target}\n"
            )


def _run(
    request: Any,
    out: Path,
    seed: int,
    engine: str,
    settings: Mapping[str, Any],
    *,
    fresh: bool = False,
    quiet: bool,
) -> Any:
    from truenorth.cli.progress import reported
    from truenorth.engine.contract import EngineSettings
    from truenorth.workflow.run import RunOptions, run_request

    with reported(quiet=quiet) as progress:
        made = EngineSettings(**settings, progress=progress)
        return run_request(request, out, RunOptions(seed=seed, engine=engine, settings=made, fresh=fresh))  # type: ignore[arg-type]


def _tell(made: Any) -> None:
    sys.stdout.write(f"{made!r}\nreport       {made.report}\n")
