"""Progress on long work: one line on a terminal, nothing elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Report = Callable[[str, float | None], None]


@contextmanager
def reported(*, quiet: bool) -> Iterator[Report | None]:
    """Return what to call with a step and the share of it that is done."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    started = time.monotonic()

    def report(step: str, share: float | None) -> None:
        done = "" if share is None else f" {share:4.0%}"
        sys.stderr.write(f"\r\x1b[2K{time.monotonic() - started:5.0f}s  {step}{done}")
        sys.stderr.flush()

    try:
        yield report
    finally:
        sys.stderr.write("\r\x1b[2K")
        sys.stderr.flush()
