"""How long a row may wait until it is decided on, and until when what it is about is over."""

from __future__ import annotations

from collections.abc import Iterator

from truenorth.audit.stated.decided import Path
from truenorth.audit.subject import Subject
from truenorth.framing.durations import Duration
from truenorth.framing.labels import Label


def waits(subject: Subject) -> Iterator[tuple[Path, Duration]]:
    """Yield how long a row may wait until it is decided on, by the place that says so."""
    framing = subject.framing
    if framing.serving.mode == "batch" and framing.serving.every is not None:
        yield ("serving", "every"), framing.serving.every
    policy = framing.policy
    for action, capacity in policy.capacity.items() if policy else ():
        if capacity.together:
            yield ("policy", "capacity", action), capacity.per
    if policy is not None and policy.select is not None:
        yield ("policy", "select", "top"), policy.select.top.per


def window_end(label: Label) -> Duration | None:
    """Return the time from a row to the end of a label's window; None where it starts elsewhere."""
    within, gap = label.within, label.gap
    if not isinstance(within, Duration) or not isinstance(gap, Duration) or label.anchor != "at":
        return None
    return Duration(gap.microseconds + within.microseconds)
