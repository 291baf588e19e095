"""Whether outcomes thin out just before a part of the split ends: rows that count as finished and are not.

Labels of a part are read when the next part starts. If outcomes come later than was promised, the last rows
of each part have fewer of them, and the first rows of the next part, which had time, have not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from truenorth.audit.evidence import DataEvidence
from truenorth.framing.durations import DAY

STRETCH = 7 * DAY
"""Longest stretch that is looked at before an end: a whole week, so that weekdays even out."""
LEAST_EVENTS = 20.0
"""Events to be expected in the stretches, below which nothing can be said."""
_BEFORE = 3
"""Stretches before the last one that it is compared with; more would compare with another season."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Comparison:
    """Events in some stretches against others, part by part."""

    n_last: int
    n_other: int
    events_last: float
    events_other: float
    expected: float
    """Events that the last stretches would have at the common rate of their part."""
    variance: float

    @property
    def rate_last(self) -> float:
        """Events per row just before the ends."""
        return self.events_last / max(self.n_last, 1)

    @property
    def ratio(self) -> float:
        """Events just before the ends for one that the other rows let expect."""
        other = self.events_other / max(self.n_other, 1)
        return self.rate_last / other if other > 0 else 1.0

    @property
    def z(self) -> float:
        """Mantel-Haenszel statistic; negative where events are fewer."""
        return (self.events_last - self.expected) / sqrt(self.variance) if self.variance > 0 else 0.0


@dataclass(frozen=True)
class Ending:
    """The last rows of every part, against those before and against the first of the next part."""

    before: Comparison
    after: Comparison
    days: float
    """Length of the longest stretch."""

    @property
    def is_assessed(self) -> bool:
        """Whether enough events were to be expected."""
        return self.before.expected >= LEAST_EVENTS


def ending(evidence: DataEvidence, label: str, *, absent: bool) -> Ending | None:
    """Return how often the outcome happened just before the parts end; None where there is no time.

    Args:
        evidence: Examples with a prediction time.
        label: Label column.
        absent: Whether the label is that nothing happened.
    """
    if not len(evidence.at):
        return None
    outcomes = evidence.dataset.labels[label]
    is_used = outcomes.is_observed & ~outcomes.values.is_null
    happened = np.asarray(outcomes.values.values, dtype=np.float64) > 0
    happened = ~happened if absent else happened
    tables = list(_stretches(evidence, is_used))
    if not tables:
        return None
    before = [(happened[last], happened[earlier]) for last, earlier, _, _ in tables]
    after = [(happened[last], happened[following]) for last, _, following, _ in tables if len(following)]
    return Ending(_compare(before), _compare(after), max(length for *_, length in tables) / DAY)


def _stretches(
    evidence: DataEvidence, is_used: NDArray[np.bool_]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], int]]:
    """Yield per part its last rows, those before, the first of the next part, and the length of a stretch."""
    rows = [np.flatnonzero(evidence.dataset.is_in(part) & is_used) for part in evidence.dataset.parts]
    rows = sorted((one for one in rows if len(one)), key=lambda one: int(evidence.at[one[0]]))
    for own, following in zip(rows, [*rows[1:], np.empty(0, dtype=np.int64)], strict=True):
        at, after = evidence.at[own], evidence.at[following]
        end = int(at[-1])
        length = min(STRETCH, (end - int(at[0])) // (_BEFORE + 1))
        if length <= 0:
            continue
        is_last = at > end - length
        is_before = ~is_last & (at > end - (_BEFORE + 1) * length)
        yield (
            own[is_last],
            own[is_before],
            following[after < after[0] + length] if len(after) else after,
            length,
        )


def _compare(tables: list[tuple[NDArray[np.bool_], NDArray[np.bool_]]]) -> Comparison:
    """Add up parts as Mantel and Haenszel do: each is compared within itself."""
    expected = variance = 0.0
    for last, other in tables:
        n, m = len(last), len(other)
        if not n or not m:
            continue
        events = int(last.sum()) + int(other.sum())
        expected += n * events / (n + m)
        variance += n * m * events * (n + m - events) / ((n + m) ** 2 * max(n + m - 1, 1))
    return Comparison(
        n_last=sum(len(last) for last, _ in tables),
        n_other=sum(len(other) for _, other in tables),
        events_last=float(sum(last.sum() for last, _ in tables)),
        events_other=float(sum(other.sum() for _, other in tables)),
        expected=expected,
        variance=variance,
    )
