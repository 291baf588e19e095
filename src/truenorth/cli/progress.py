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
    begun: dict[str, float] = {}

    def report(step: str, share: float | None) -> None:
        now = time.monotonic()
        since = now - begun.setdefault(step, now)
        sys.stderr.write(f"\r\x1b[2K{now - started:5.0f}s  {step}{progress_text(since, share)}")
        sys.stderr.flush()

    try:
        yield report
    finally:
        sys.stderr.write("\r\x1b[2K")
        sys.stderr.flush()


def progress_text(seconds: float, share: float | None) -> str:
    """Return the share that is done, its rate, and the time that is left at that rate.

    Examples:
        >>> progress_text(10.0, 0.25)
        '  25%, 2.5% a second, 30 s left'
        >>> progress_text(0.0, None)
        ''
    """
    if share is None:
        return ""
    if share <= 0.0 or seconds < 1.0:
        return f" {share:4.0%}"
    return f" {share:4.0%}, {share / seconds:.1%} a second, {seconds * (1 - share) / share:,.0f} s left"
