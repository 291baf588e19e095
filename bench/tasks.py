"""What is measured: tasks, engines, the commands that run them, and the bars of DESIGN section 8."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

BENCH = Path(__file__).resolve().parent
ROOT = BENCH.parent
PEERS_PYTHON = BENCH / ".peers" / "venv" / "bin" / "python"
THREADS = 2
MEMORY = "12GB"
SMALL_MEMORY = "4GB"
LIMIT_S = 900.0
ROBOT_EVENTS = 100_000


@dataclass(frozen=True)
class Task:
    """One piece of work, done by several engines on one log."""

    name: str
    about: str
    work: str
    """Name of the framing, the check and the peers' function: L1, L4 or F6."""
    reference: str
    """Hand-written query that writes only what was asked for."""
    equal_work: str
    """Hand-written query that also writes every column that True North writes."""
    bar: float | None
    """Largest allowed ratio of True North to hand-written SQL."""
    others: tuple[str, ...] = ()
    """Other hand-written queries, measured for information."""
    robot: bool = False
    memory: str = MEMORY

    def n_impressions(self, millions: float) -> int:
        """Return the number of impressions of the task's log."""
        return round(millions * 1_000_000) + ROBOT_EVENTS * self.robot


TASKS = {
    task.name: task
    for task in (
        Task("L1", "one click label in 1 h", "L1", "L1", "L1_full", 1.3),
        Task("L4", "four labels over 1 h, 24 h and 7 d", "L4", "L4", "L4_full", 1.3, ("L4_window",)),
        Task("F6", "six trailing aggregates over 7 d and 30 d", "F6", "F6", "F6_full", 1.2),
        Task(
            "skew", "L4 with a robot: 100k impressions and clicks on one pair",
            "L4", "L4_window", "L4_window_full", 1.3, ("L4",), robot=True,
        ),
        Task("memory", "F6 within 4 GB", "F6", "F6", "F6_full", None, memory=SMALL_MEMORY),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Engine:
    """One way to do a task."""

    name: str
    kind: str
    """`sql`, `truenorth`, `frame` (peers in our environment) or `tool` (peers in their own)."""
    limit_s: float = LIMIT_S
    works: tuple[str, ...] = ("L1", "L4", "F6")
    largest: float = float("inf")
    """Millions of impressions beyond which the engine is not asked."""
    is_same_question: bool = True
    """Whether its result can be compared with the reference."""


TRUENORTH = Engine("truenorth", "truenorth")
PEERS = (
    Engine("polars", "frame"),
    Engine("pandas", "frame", works=("L1", "L4")),
    Engine("pandas", "frame", works=("F6",), largest=5),
    Engine("composeml", "tool", works=("L1",), largest=1, is_same_question=False),
    Engine("featuretools", "tool", works=("F6",), largest=1),
)
# A hand-written query beside the reference may be the wrong form for the log: it gets one minute.
OTHER_LIMIT_S = 60.0


def engines_of(task: Task, millions: float, *, with_peers: bool) -> list[Engine]:
    """Return the engines that do a task at this size; the compared pair stands side by side."""
    engines = [Engine(task.reference, "sql"), Engine(task.equal_work, "sql"), TRUENORTH]
    if task.name == "memory":
        return engines
    engines += [Engine(name, "sql", limit_s=OTHER_LIMIT_S) for name in task.others]
    if with_peers and not task.robot:
        engines += [peer for peer in PEERS if task.work in peer.works and millions <= peer.largest]
    return engines


def command_of(engine: Engine, task: Task, data: Path, out: Path) -> list[str]:
    """Return the command that makes `engine` write its result under the folder `out`."""
    settings = ["--threads", str(THREADS), "--memory", task.memory]
    match engine.kind:
        case "sql":
            query = BENCH / "handwritten" / f"{engine.name}.sql"
            execute = str(BENCH / "handwritten" / "execute.py")
            return [sys.executable, execute, str(query), str(data), str(out / "examples.parquet"), *settings]
        case "truenorth":
            framing = str(write_framing(task.work, data))
            return [
                sys.executable,
                "-m",
                "truenorth",
                "build",
                framing,
                "--out",
                str(out),
                *settings,
                "--json",
            ]
        case "frame":
            script = str(BENCH / "peers" / f"{engine.name}_tasks.py")
            return [sys.executable, script, task.work, str(data), str(out / "examples.parquet")]
        case _:
            script = str(BENCH / "peers" / f"{engine.name}_tasks.py")
            return [str(PEERS_PYTHON), script, str(data), str(out / "examples.parquet")]


def write_framing(work: str, data: Path) -> Path:
    """Write the framing of a task beside a log, with the paths of that log, and return it."""
    text = (BENCH / "framings" / f"{work}.yaml").read_text()
    path = data / f"{work}.yaml"
    path.write_text(text.replace("../.data/1M/", f"{data}/"))
    return path
