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

Ints = NDArray[np.int64]


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
    def rate_other(self) -> float:
        """Events per row elsewhere."""
        return self.events_other / max(self.n_other, 1)

    @property
    def ratio(self) -> float:
        """Events just before the ends for one that the other rows let expect."""
        return self.rate_last / self.rate_other if self.rate_other > 0 else 1.0

    @property
    def z(self) -> float:
        """Mantel-Haenszel statistic; negative where events are fewer."""
        return (self.events_last - self.expected) / sqrt(self.variance) if self.variance > 0 else 0.0


@dataclass(frozen=True)
class Ending:
    """The last rows of every part, against those before and against the first of the next part."""

    before: Comparison
    after: Comparison
    last: Comparison
    """The same of the last part alone, whose rows end with the log: against those before."""
    thinning: Comparison
    """The second half of the last part's stretch against its first half."""
    days: float
    """Length of the longest stretch."""

    @property
    def is_assessed(self) -> bool:
        """Whether enough events were to be expected."""
        return self.before.expected >= LEAST_EVENTS


@dataclass(frozen=True, eq=False)
class _Stretch:
    """Rows of one part by their place before its end."""

    last: Ints
    before: Ints
    following: Ints
    """The first rows of the next part."""
    halves: tuple[Ints, Ints]
    """The last rows, cut in the middle of their time."""
    length: int


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
    found = list(_stretches(evidence, is_used))
    if not found:
        return None
    end = found[-1]
    return Ending(
        before=_compare(happened, [(one.last, one.before) for one in found]),
        after=_compare(happened, [(one.last, one.following) for one in found]),
        last=_compare(happened, [(end.last, end.before)]),
        thinning=_compare(happened, [(end.halves[1], end.halves[0])]),
        days=max(one.length for one in found) / DAY,
    )


def _stretches(evidence: DataEvidence, is_used: NDArray[np.bool_]) -> Iterator[_Stretch]:
    """Yield the stretch of each part, in the order of time."""
    rows = [np.flatnonzero(evidence.dataset.is_in(part) & is_used) for part in evidence.dataset.parts]
    rows = sorted((one for one in rows if len(one)), key=lambda one: int(evidence.at[one[-1]]))
    for own in rows:
        at, end = evidence.at[own], int(evidence.at[own[-1]])
        length = min(STRETCH, (end - int(at[0])) // (_BEFORE + 1))
        if length <= 0:
            continue
        later = next((one for one in rows if evidence.at[one[0]] > end), own[:0])
        is_last = at > end - length
        yield _Stretch(
            last=own[is_last],
            before=own[~is_last & (at > end - (_BEFORE + 1) * length)],
            following=later[evidence.at[later] < evidence.at[later[0]] + length] if len(later) else later,
            halves=(own[is_last & (at <= end - length // 2)], own[at > end - length // 2]),
            length=length,
        )


def _compare(happened: NDArray[np.bool_], pairs: list[tuple[Ints, Ints]]) -> Comparison:
    """Add up parts as Mantel and Haenszel do: each is compared within itself."""
    expected = variance = 0.0
    used = [(happened[last], happened[other]) for last, other in pairs if len(last) and len(other)]
    for last, other in used:
        n, m = len(last), len(other)
        events = int(last.sum()) + int(other.sum())
        expected += n * events / (n + m)
        variance += n * m * events * (n + m - events) / ((n + m) ** 2 * max(n + m - 1, 1))
    return Comparison(
        n_last=sum(len(last) for last, _ in used),
        n_other=sum(len(other) for _, other in used),
        events_last=float(sum(last.sum() for last, _ in used)),
        events_other=float(sum(other.sum() for _, other in used)),
        expected=expected,
        variance=variance,
    )
