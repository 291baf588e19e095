"""Turns measurements into the table, the growth lines and the page docs/bench.md."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version

import psutil
from tasks import MEMORY, SMALL_MEMORY, TASKS, THREADS

BAR_MILLIONS = 20.0
GROWTH_FROM_MILLIONS = 5.0
GROWTH_BAR = 1.3
UNPROVED = ("wrong", "failed", "too slow", "not assessed")
HEADER = (
    "size", "task", "engine", "seconds", "cpu s", "peak GB", "rows/s",
    "x hand-written", "x equal work", "x cpu", "table s", "x table", "verdict",
)  # fmt: skip
PACKAGES = ("truenorth", "duckdb", "polars", "pandas", "pyarrow", "numpy")
PEER_PACKAGES = "composeml 0.10.1, featuretools 1.31.0 (own environment, pandas < 3, setuptools < 81)"


@dataclass(frozen=True)
class Row:
    """What was measured of one engine on one task at one size: the fastest of its runs."""

    millions: float
    task: str
    engine: str
    status: str
    """`ok`, `wrong`, `failed` or `too slow`."""
    seconds: float
    cpu_seconds: float
    peak_gb: float
    n_rows: int
    all_seconds: tuple[float, ...] = ()
    note: str = ""
    table_seconds: float | None = None
    """True North only: the part of the command that computes and writes the table."""

    @property
    def size(self) -> str:
        """The size as it is printed."""
        return f"{self.millions:g}M"

    @property
    def cpu_per_million(self) -> float:
        """Processor seconds per million impressions."""
        return self.cpu_seconds / self.millions


Rows = Sequence[Row]


def find_query(row: Row, rows: Rows, query: str) -> Row | None:
    """Return the row of a hand-written query on the same task and log, where it succeeded."""
    for other in rows:
        is_same_work = (other.task, other.millions) == (row.task, row.millions)
        if is_same_work and other.engine == query and other.status == "ok":
            return other
    return None


def ratio(row: Row, rows: Rows, query: str) -> float | None:
    """Return wall time over that of a hand-written query in the same run."""
    other = find_query(row, rows, query)
    return row.seconds / other.seconds if other else None


def table_ratio(row: Row, rows: Rows) -> float | None:
    """Return the time of True North's table over that of the hand-written query of the same columns."""
    other = find_query(row, rows, TASKS[row.task].equal_work)
    return row.table_seconds / other.seconds if other and row.table_seconds else None


def cpu_ratio(row: Row, rows: Rows, query: str) -> float | None:
    """Return processor time over that of a hand-written query in the same run."""
    other = find_query(row, rows, query)
    return row.cpu_seconds / other.cpu_seconds if other else None


def verdict(row: Row, rows: Rows) -> str:
    """Return how True North stands to its bar; the bars of DESIGN section 8 hold at 20 M impressions."""
    task = TASKS[row.task]
    if row.status != "ok":
        return row.status
    if row.engine != "truenorth":
        return ""
    if task.name == "memory":
        return "met" if row.peak_gb <= 4 else "missed: more than 4 GB"
    if row.millions < BAR_MILLIONS and not task.robot:
        return "below bar size"
    equal, table = ratio(row, rows, task.equal_work), table_ratio(row, rows)
    if equal is None or table is None or task.bar is None:
        return "not assessed"
    word = "met" if table <= task.bar else "missed"
    return f"{word}: table {table:.2f} of {task.bar:g}, whole command with profile {equal:.2f}"


def growths(rows: Rows) -> dict[tuple[str, str], list[Row]]:
    """Return the successful rows of each task and engine that ran at several sizes, by size."""
    grouped: dict[tuple[str, str], list[Row]] = {}
    for row in sorted(rows, key=lambda row: row.millions):
        if row.status == "ok" and row.task in ("L1", "L4", "F6"):
            grouped.setdefault((row.task, row.engine), []).append(row)
    return {key: group for key, group in grouped.items() if len(group) > 1}


def growth_verdict(group: Rows) -> str:
    """Return whether processor time per row stays within 30 % from 5 M on; start-up weighs below."""
    large = [row for row in group if row.millions >= GROWTH_FROM_MILLIONS]
    if len(large) < 2:
        return "not assessed"
    factor = large[-1].cpu_per_million / large[0].cpu_per_million
    word = "linear" if factor <= GROWTH_BAR else "NOT linear"
    return f"{word} ({factor:.2f}x from {large[0].size} to {large[-1].size})"


def growth_line(task: str, engine: str, group: Rows) -> str:
    """Return wall and processor seconds per million impressions at each size."""
    sizes = (f"{row.size} {row.seconds / row.millions:.2f} ({row.cpu_per_million:.2f})" for row in group)
    return f"{task} {engine}: {', '.join(sizes)} s (cpu s) per million: {growth_verdict(group)}"


def growth_lines(rows: Rows) -> list[str]:
    """Return one line per task and engine that ran at several sizes."""
    return [growth_line(task, engine, group) for (task, engine), group in growths(rows).items()]


def cells(row: Row, rows: Rows) -> tuple[str, ...]:
    """Return the cells of one line of the table."""
    task = TASKS[row.task]
    ran = row.status in ("ok", "wrong")
    ratios: list[float | None] = [None, None, None]
    if ran and not row.note:
        ratios = [ratio(row, rows, task.reference), ratio(row, rows, task.equal_work)]
        ratios.append(cpu_ratio(row, rows, task.equal_work))
    return (
        row.size,
        row.task,
        row.engine,
        f"{row.seconds:.2f}" if ran else f"> {row.seconds:.0f}" if row.status == "too slow" else "-",
        f"{row.cpu_seconds:.1f}" if ran else "-",
        f"{row.peak_gb:.2f}",
        f"{row.n_rows / row.seconds:,.0f}" if ran else "-",
        *("-" if value is None else f"{value:.2f}" for value in ratios),
        "-" if row.table_seconds is None else f"{row.table_seconds:.2f}",
        "-" if (table := table_ratio(row, rows)) is None else f"{table:.2f}",
        verdict(row, rows),
    )


def text_table(rows: Rows) -> str:
    """Return the table for a terminal."""
    lines = [HEADER, *(cells(row, rows) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADER))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def markdown_table(rows: Rows) -> str:
    """Return the table for a page."""
    lines = [HEADER, ("---",) * len(HEADER), *(cells(row, rows) for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def notes(rows: Rows) -> list[str]:
    """Return what has to be said of single rows."""
    return [f"{row.size} {row.task} {row.engine}: {row.note}" for row in rows if row.note]


def versions(packages: Iterable[str] = PACKAGES) -> dict[str, str]:
    """Return the installed versions of what was measured."""
    found = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def machine() -> dict[str, object]:
    """Return the size of the machine and how busy it is now."""
    return {
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "load_at_start": round(os.getloadavg()[0], 2),
        "versions": versions(),
    }


def as_json(rows: Rows, about: dict[str, object]) -> dict[str, object]:
    """Return everything that was measured."""
    return {
        "machine": about,
        "rows": [asdict(row) | {"verdict": verdict(row, rows)} for row in rows],
        "growth": growth_lines(rows),
    }


def is_missed(rows: Rows) -> bool:
    """Return whether True North is wrong, fails, or misses a bar, or any result is wrong."""
    lines = [(row, verdict(row, rows)) for row in rows]
    bad = any(text in UNPROVED for row, text in lines if row.engine == "truenorth")
    missed = any(text.startswith("missed") or row.status == "wrong" for row, text in lines)
    ours = [group for (_, engine), group in growths(rows).items() if engine == "truenorth"]
    crooked = any(growth_verdict(group).startswith("NOT") for group in ours)
    return bad or missed or crooked


def page(rows: Rows, about: dict[str, object], date: str) -> str:
    """Return docs/bench.md."""
    named = ", ".join(f"{name} {number}" for name, number in versions().items())
    tasks = "\n".join(f"- **{task.name}**: {task.about}." for task in TASKS.values())
    remarks = "\n".join(f"- {line}" for line in notes(rows)) or "- none"
    growth = "\n".join(f"- {line}" for line in growth_lines(rows)) or "- one size only"
    return f"""# Benchmark

Generated by `bench/run.py --docs` on {date}: {about["cores"]} cores, {about["memory_gb"]} GiB,
{about["system"]}, Python {about["python"]}, load at start {about["load_at_start"]}. {named};
{PEER_PACKAGES}.

N impressions and N / 2 actions of 60 days (`bench/log.py`). {THREADS} threads and {MEMORY} of memory
({SMALL_MEMORY} in the task `memory`), every measurement in its own process: seconds are wall time of the
whole process, imports included, the fastest of its runs; peak is of the whole process tree. Ratios are to
the hand-written DuckDB SQL in `bench/handwritten/`, measured in the same run: the bare query writes the
values only, the one of equal work writes every column that True North writes (keys, state, maturity, event
times, weights); `x cpu` is the latter in processor time, which other work on the machine disturbs less.
Values and first event times are compared through checksums over all rows; `wrong` is a fault.

{tasks}

{markdown_table(rows)}

## Growth

Wall seconds (processor seconds) per million impressions; linear is judged by processor time.

{growth}

## Remarks

{remarks}
"""
