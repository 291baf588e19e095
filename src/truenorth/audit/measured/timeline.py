"""How many examples there are per day or hour, part by part: the calendar on which holes and jumps are seen.

A list that is shown at once counts as one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from truenorth.audit.evidence import DataEvidence
from truenorth.framing.durations import DAY

HOUR = DAY // 24
LEAST_COUNT = 20.0
"""Usual rows of a bin below which an empty one says nothing."""
_CLOSED = 0.02
"""Share of what is usual around it, up to which a weekday or hour counts as closed."""
_SHARP = 0.6
"""Share of a rise that the two bins on either side of it show, if it is a jump."""
_NEIGHBOURS = 4
"""Bins of the same weekday on either side that a bin is compared with."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Run:
    """Examples per bin of one part, from its first bin to its last."""

    part: str
    start: int
    """Time of the first bin, microseconds."""
    unit: int
    """Length of a bin, microseconds."""
    cycle: int
    """Bins after which the calendar repeats: 7 days, 24 hours; 1 where it does not."""
    counts: Ints
    share: Floats
    """Rows of a bin for one of the bins around it, as is usual for its weekday or hour; 1 where unknown."""

    def time(self, bin_: int) -> int:
        """Return when a bin begins, microseconds."""
        return self.start + bin_ * self.unit

    def usual(self) -> Floats:
        """Return what is usual for each bin: the run's median, as its weekday or hour has it."""
        open_ = self.counts[self.share > _CLOSED]
        return float(np.median(open_)) * self.share if len(open_) else np.zeros(len(self.counts))

    def empty(self) -> Ints:
        """Return the bins without a row where `LEAST_COUNT` or more are usual."""
        return np.flatnonzero((self.counts == 0) & (self.usual() >= LEAST_COUNT))

    def surprises(self) -> tuple[Floats, float]:
        """Return by how much each bin's logarithm differs from its neighbours', and the usual spread of that.

        Neighbours are bins of the same weekday or hour, up to four before and four after. Edges, which may be
        partial, and empty bins are NaN.
        """
        counts = self.counts.astype(np.float64)
        logs = np.log(np.where(counts > 0, counts, np.nan))
        logs[[0, -1]] = np.nan
        shifts = [step * self.cycle for step in range(-_NEIGHBOURS, _NEIGHBOURS + 1) if step]
        around = np.full((len(shifts), len(logs)), np.nan)
        for row, shift in enumerate(shifts):
            if abs(shift) < len(logs):
                source = logs[max(0, shift) : len(logs) + min(0, shift)]
                around[row, max(0, -shift) : max(0, -shift) + len(source)] = source
        is_enough = np.isfinite(around).sum(axis=0) >= 3
        middle = np.full(len(logs), np.nan)
        middle[is_enough] = np.nanmedian(around[:, is_enough], axis=0)
        return logs - middle, _spread(logs - middle, float(np.median(counts)))

    def steps(self) -> Floats:
        """Return by how much the logarithm rises at each bin and stays: the cycle after less that before.

        What is usual for the weekday or hour is taken off first. A rise that is spread over many bins is a
        trend: it counts only if the two bins on either side show most of it.
        """
        width = max(self.cycle, 7)
        found = np.zeros(len(self.counts))
        share = np.where(self.share > _CLOSED, self.share, np.nan)
        inner = (np.log(np.maximum(self.counts, 0.5)) - np.log(share))[1:-1]
        if len(inner) < 2 * width:
            return found
        long, short = _rise(inner, width), _rise(inner, 2)[width - 2 : len(inner) - width - 1]
        is_sharp = np.sign(long) * short >= _SHARP * np.abs(long)
        found[1 + width : 1 + width + len(long)] = np.where(is_sharp, long, 0.0)
        return found


def _arrivals(evidence: DataEvidence) -> NDArray[np.bool_]:
    """Return the rows that count: all, or the first of each list, whose rows arrive together."""
    group = evidence.column("group")
    if group is None or group.role == "list":
        return np.ones(evidence.dataset.n_rows, dtype=bool)
    is_first = np.zeros(evidence.dataset.n_rows, dtype=bool)
    is_first[np.unique(group.values, return_index=True)[1]] = True
    return is_first | group.is_null


def _rise(logs: Floats, width: int) -> Floats:
    """Return the median of `width` bins less that of the `width` before, where both are whole."""
    windows = np.lib.stride_tricks.sliding_window_view(logs, width)
    is_known = np.isfinite(windows).any(axis=1)
    medians = np.full(len(windows), np.nan)
    medians[is_known] = np.nanmedian(windows[is_known], axis=1)
    return np.asarray(np.nan_to_num(medians[width:] - medians[:-width]))


def _spread(residuals: Floats, usual: float) -> float:
    """Return the robust spread of residuals, at least what counting alone makes."""
    known = residuals[np.isfinite(residuals)]
    deviation = 1.4826 * float(np.median(np.abs(known - np.median(known)))) if len(known) else 0.0
    return float(max(deviation, 1 / max(usual, 1.0) ** 0.5, 0.05))


def runs(evidence: DataEvidence, unit: int | None = None) -> Iterator[Run]:
    """Yield the examples per bin of each part of the split; nothing where the examples are undated.

    Args:
        evidence: The built examples.
        unit: Length of a bin; a day, or the spacing of a calendar, where absent.
    """
    if not len(evidence.at):
        return
    every = evidence.dataset.framing.table.every
    spacing = unit or (DAY if every is None else max(every.microseconds, 1))
    origin = int(evidence.at[0]) if every is not None else 0
    cycle = {DAY: 7, HOUR: 24}.get(spacing, 1)
    counted = _arrivals(evidence)
    found: dict[str, tuple[int, Ints]] = {}
    for part in evidence.dataset.parts:
        bins = (evidence.at[evidence.dataset.is_in(part) & counted] - origin) // spacing
        if len(bins) and bins[-1] > bins[0]:
            found[part] = int(bins[0]), np.bincount(bins - bins[0])
    share = _shares(found.values(), cycle)
    for part, (first, counts) in found.items():
        place = (first + np.arange(len(counts))) % cycle
        yield Run(part, origin + first * spacing, spacing, cycle, counts, share[place])


def _shares(found: Iterable[tuple[int, Ints]], cycle: int) -> Floats:
    """Return per place of the cycle its rows for one of the cycle around it, over all parts."""
    ratios: list[list[float]] = [[] for _ in range(cycle)]
    for first, counts in found:
        if cycle == 1 or len(counts) < cycle:
            continue
        middle = np.median(np.lib.stride_tricks.sliding_window_view(counts, cycle), axis=1)
        around = np.pad(middle, (cycle // 2, cycle - 1 - cycle // 2), mode="edge")
        for bin_ in np.flatnonzero(around > 0):
            ratios[(first + int(bin_)) % cycle].append(float(counts[bin_] / around[bin_]))
    return np.asarray([float(np.median(one)) if len(one) >= 2 else 1.0 for one in ratios])
