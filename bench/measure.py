"""Runs a command in its own process: wall time, processor time, peak memory of the process tree."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

SAMPLE_SECONDS = 0.05


@dataclass(frozen=True)
class Measurement:
    """One run of one command."""

    seconds: float
    """Wall time from start to end of the process, imports included."""
    cpu_seconds: float
    """User and system time: less sensitive than wall time to other work on the machine."""
    peak_gb: float
    """Largest resident memory of the process tree, GB (1e9 bytes); shared memory counts in each process."""
    exit_code: int
    """0 on success; -9 where the time limit ended it."""
    output: str
    error: str


class TreeMemory(threading.Thread):
    """Samples the resident memory of a process and its children until told to stop."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.peak_bytes = 0
        self._root = psutil.Process(pid)
        self._stopped = threading.Event()

    def run(self) -> None:
        """Keep the largest sum seen."""
        while not self._stopped.wait(SAMPLE_SECONDS):
            self.peak_bytes = max(self.peak_bytes, self._sample())

    def stop(self) -> None:
        """End the sampling."""
        self._stopped.set()
        self.join()

    def _sample(self) -> int:
        total = 0
        with contextlib.suppress(psutil.Error):
            for process in [self._root, *self._root.children(recursive=True)]:
                with contextlib.suppress(psutil.Error):
                    total += process.memory_info().rss
        return total


def measure(
    command: Sequence[str], *, logs: Path, environment: Mapping[str, str], limit_s: float
) -> Measurement:
    """Run a command to its end, or to its time limit.

    Args:
        command: Program and arguments.
        logs: Folder for its output and errors; exists.
        environment: Variables set on top of ours.
        limit_s: Seconds after which the command and its children are killed.
    """
    output, error = logs / "stdout.txt", logs / "stderr.txt"
    with output.open("wb") as out, error.open("wb") as err:
        start = time.perf_counter()
        process = subprocess.Popen(
            command, stdout=out, stderr=err, env={**os.environ, **environment}, start_new_session=True
        )
        memory = TreeMemory(process.pid)
        memory.start()
        timer = threading.Timer(limit_s, os.killpg, (process.pid, signal.SIGKILL))
        timer.start()
        try:
            # wait4 gives the exact peak of the process itself, which sampling may miss.
            _, status, usage = os.wait4(process.pid, 0)
        except KeyboardInterrupt:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        finally:
            timer.cancel()
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        memory.stop()
    return Measurement(
        seconds=seconds,
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        peak_gb=max(memory.peak_bytes, usage.ru_maxrss * 1024) / 1e9,
        exit_code=process.returncode,
        output=output.read_text(errors="replace"),
        error=error.read_text(errors="replace"),
    )
