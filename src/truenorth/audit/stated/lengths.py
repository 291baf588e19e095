"""How long a part of the split is, as it was declared."""

from __future__ import annotations

from truenorth.framing.durations import Duration
from truenorth.framing.periods import Period


def length_of(part: object) -> int:
    """Return the microseconds of a part, or of several tests together."""
    if isinstance(part, Duration):
        return part.microseconds
    if isinstance(part, Period):
        return part.end.microseconds - part.start.microseconds
    return sum(length_of(one) for one in part.values()) if isinstance(part, dict) else 0
