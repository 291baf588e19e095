"""The benchmark: True North against hand-written SQL and its peers, each measurement in its own process.

`python bench/run.py [--sizes 1,5,20] [--tasks L1,L4,F6,skew,memory] [--peers] [--repeat 2] [--docs]`
prints one table and exits 1 where a result is wrong or a bar of DESIGN section 8 is missed.
"""

from __future__ import annotations

import argparse
import datetime
import json
import shutil
import subprocess
import sys
from pathlib import Path

import report
from measure import Measurement, measure
from report import Row
from tasks import BENCH, PEERS_PYTHON, ROOT, TASKS, THREADS, Engine, Task, command_of, engines_of

RESULTS = BENCH / ".data" / "results"
DOCS = ROOT / "docs" / "bench.md"
ENVIRONMENT = {
    "POLARS_MAX_THREADS": str(THREADS),
    "PYTHONPATH": str(ROOT / "src"),
    "OMP_NUM_THREADS": str(THREADS),
}


def run_script(*arguments: str) -> str:
    """Run one of our scripts in its own process, so that this one stays small, and return what it printed."""
    command = [sys.executable, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def find_log(millions: float, *, robot: bool) -> Path:
    """Return the folder of the log, written now if it is not there."""
    flags = ["--robot"] if robot else []
    return Path(run_script(str(BENCH / "log.py"), f"{millions:g}", *flags))


def result_folder(task: Task, millions: float, engine: Engine) -> Path:
    """Return where an engine writes its result."""
    return RESULTS / f"{millions:g}M-{task.name}-{engine.name}"


def run_once(engine: Engine, task: Task, millions: float, data: Path) -> Measurement:
    """Run one engine on one task, from an empty folder."""
    out = result_folder(task, millions, engine)
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    command = command_of(engine, task, data, out)
    return measure(command, logs=out, environment=ENVIRONMENT, limit_s=engine.limit_s)


def compare(engine: Engine, task: Task, millions: float) -> list[str]:
    """Return how the engine's result differs from the hand-written one."""
    reference = result_folder(task, millions, Engine(task.reference, "sql")) / "examples.parquet"
    result = result_folder(task, millions, engine) / "examples.parquet"
    if not result.exists() or not reference.exists():
        return [f"no {(result if reference.exists() else reference).relative_to(BENCH)} to compare"]
    flags = ["--subset"] if engine.kind == "tool" else []
    return list(
        json.loads(run_script(str(BENCH / "check.py"), task.work, str(reference), str(result), *flags))
    )


def summarise(engine: Engine, task: Task, millions: float, runs: list[Measurement]) -> Row:
    """Return one row from the runs of one engine: the fastest, the largest peak, and whether it was right."""
    failed = next((run for run in runs if run.exit_code != 0), None)
    best = failed or min(runs, key=lambda run: run.seconds)
    n_impressions = n_rows = task.n_impressions(millions)
    note, status = "", "ok"
    if failed:
        is_slow = failed.exit_code == -9 and failed.seconds >= engine.limit_s
        status = "too slow" if is_slow else "failed"
        note = f"stopped after {engine.limit_s:.0f} s" if is_slow else last_line(failed)
    elif engine.kind == "tool":
        n_rows = int(json.loads(best.output)["rows"])
        note = (
            f"{n_rows:,} rows of the {n_impressions:,}"
            if engine.is_same_question
            else "another question, see bench/peers"
        )
    if not failed and engine.is_same_question and (wrong := compare(engine, task, millions)):
        status, note = "wrong", "; ".join(wrong)
    return Row(
        millions=millions,
        task=task.name,
        engine=engine.name,
        status=status,
        seconds=best.seconds,
        cpu_seconds=best.cpu_seconds,
        peak_gb=max(run.peak_gb for run in runs),
        n_rows=n_rows,
        all_seconds=tuple(round(run.seconds, 3) for run in runs),
        note=note,
        table_seconds=None if failed or engine.name != "truenorth" else said_seconds(best),
    )


def said_seconds(run: Measurement) -> float | None:
    """Return how long True North says that computing and writing the table took."""
    return json.loads(run.output).get("seconds", {}).get("table")


def last_line(run: Measurement) -> str:
    """Return the last thing that a failed run said."""
    lines = (run.error.strip() or run.output.strip() or "no message").splitlines()
    return f"exit code {run.exit_code}: {lines[-1][:200]}"


def run_task(task: Task, millions: float, *, with_peers: bool, repeat: int) -> list[Row]:
    """Measure every engine on one task at one size, in turns, so that a busy spell hits all alike."""
    data = find_log(millions, robot=task.robot)
    engines = engines_of(task, millions, with_peers=with_peers)
    runs: dict[Engine, list[Measurement]] = {engine: [] for engine in engines}
    for turn in range(repeat):
        for engine in engines:
            is_once = engine.kind == "tool" or (engine.kind == "sql" and engine.name in task.others)
            if turn == 0 or not (is_once or runs[engine][0].exit_code):
                say(f"{millions:g}M {task.name} {engine.name} ...")
                runs[engine].append(run_once(engine, task, millions, data))
    rows = [summarise(engine, task, millions, runs[engine]) for engine in engines]
    for engine in engines:
        shutil.rmtree(result_folder(task, millions, engine), ignore_errors=True)
    return rows


def sizes_of(task: Task, sizes: list[float]) -> list[float]:
    """Return the sizes at which a task runs: skew at the smallest, memory at the largest."""
    return {"skew": [min(sizes)], "memory": [max(sizes)]}.get(task.name, sizes)


def say(text: str) -> None:
    """Tell the person who waits what is going on."""
    print(text, file=sys.stderr, flush=True)


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Measure True North against hand-written SQL and its peers.")
    parser.add_argument("--sizes", default="1,5,20", help="millions of impressions, comma-separated")
    parser.add_argument("--tasks", default=",".join(TASKS), help="of " + ",".join(TASKS))
    parser.add_argument(
        "--peers", action="store_true", help="also polars, pandas, composeml and featuretools"
    )
    parser.add_argument("--repeat", type=int, default=2, help="runs of each; the fastest counts")
    parser.add_argument("--out", type=Path, default=BENCH / "results.json")
    parser.add_argument("--docs", action="store_true", help="write docs/bench.md")
    arguments = parser.parse_args()
    arguments.sizes = sorted(float(size) for size in arguments.sizes.split(","))
    arguments.tasks = arguments.tasks.split(",")
    if unknown := set(arguments.tasks) - set(TASKS):
        parser.error(f"--tasks: expected some of {', '.join(TASKS)}, got {', '.join(sorted(unknown))}")
    return arguments


def main() -> int:
    """Run, print, write; 1 where something is wrong or a bar is missed."""
    arguments = parse()
    about = report.machine()
    if arguments.peers and not PEERS_PYTHON.exists():
        say("installing composeml and featuretools in their own environment ...")
        subprocess.run([str(BENCH / "peers" / "setup.sh")], check=True, stdout=sys.stderr)
    rows: list[Row] = []
    for task in (TASKS[name] for name in arguments.tasks):
        for millions in sizes_of(task, arguments.sizes):
            rows += run_task(task, millions, with_peers=arguments.peers, repeat=arguments.repeat)
            arguments.out.write_text(json.dumps(report.as_json(rows, about), indent=1))
    print(report.text_table(rows), *report.growth_lines(rows), *report.notes(rows), sep="\n")
    if arguments.docs:
        DOCS.parent.mkdir(exist_ok=True)
        DOCS.write_text(report.page(rows, about, datetime.date.today().isoformat()))
    return int(report.is_missed(rows))


if __name__ == "__main__":
    sys.exit(main())
