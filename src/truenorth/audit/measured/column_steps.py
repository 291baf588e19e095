"""What changes in a column from one week to the next: its unit, its coding, its levels, being filled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from truenorth.audit.evidence import DataEvidence
from truenorth.engine.vectors import Vector
from truenorth.framing.durations import DAY

FACTORS = {
    1e6: "a million", 3_600.0: "hours and seconds", 1_000.0: "a thousand", 1_024.0: "bytes",
    100.0: "cents, or percent", 60.0: "minutes and seconds", 24.0: "days and hours", 10.0: "ten",
    3.28084: "metres and feet", 2.54: "inches and centimetres", 2.20462: "kilograms and pounds",
    1.609344: "miles and kilometres",
}  # fmt: skip
"""Factors between units that logs are written in."""
LEAST_ROWS = 200
"""Rows of a period below which its quantiles say little."""
SAMPLE = 5_000
"""Most rows of a period that are looked at, taken evenly."""
LEAST_EVENTS = 50.0
"""Events to be expected in a silence, below which it may be chance."""
LONGER = 3.0
"""How much longer than every other pause a silence must be."""
MOST_LEVELS = 100
"""Levels above which a column is no coding but a list of things, which come and go."""
_TRIED = 3
"""Largest changes of a column that are compared with the factors."""
_AT = (0.1, 0.25, 0.5, 0.75, 0.9)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Step:
    """A column that is written differently from a time on."""

    at: int
    """When, microseconds."""
    what: str
    """What changed, in words with the figures."""
    numbers: dict[str, float]


@dataclass(frozen=True)
class Silence:
    """Something that stops or starts at once."""

    row: int
    """First row of the silence where it stops, last where it starts."""
    at: int
    is_end: bool
    """Whether it stopped, or had not begun."""
    n_rows: int
    """Rows of the silence."""
    expected: float
    """Events that the rows beside it let expect there."""


@dataclass(frozen=True, eq=False)
class Periods:
    """The rows of each week, or of each day of a short log, sampled evenly."""

    evidence: DataEvidence

    @cached_property
    def unit(self) -> int:
        """A week where there are six of them, else a day."""
        at = self.evidence.at
        return 7 * DAY if len(at) and int(at[-1] - at[0]) >= 42 * DAY else DAY

    @cached_property
    def rows(self) -> tuple[Ints, ...]:
        """Sampled rows per period that has enough of them."""
        at = self.evidence.at
        if not len(at):
            return ()
        index = (at - at[0] // DAY * DAY) // self.unit
        ends = np.append(np.flatnonzero(np.diff(index)) + 1, len(at))
        starts = np.append(0, ends[:-1])
        return tuple(
            np.arange(start, end, max(1, -(-(end - start) // SAMPLE)))
            for start, end in zip(starts, ends, strict=True)
            if end - start >= LEAST_ROWS
        )

    def time(self, period: int) -> int:
        """Return the time of the first row of a period."""
        return int(self.evidence.at[self.rows[period][0]])


def number_step(column: Vector, periods: Periods) -> Step | None:
    """Return where a number's unit, precision or code for missing changes; None where it only drifts."""
    samples = [column.values[rows].astype(np.float64) for rows in periods.rows]
    if len(samples) < 2:
        return None
    known = [values[np.isfinite(values)] for values in samples]
    return (
        _factor(known, periods) or _flip(known, periods) or _precision(known, periods)
        or _sentinel(samples, known, periods)
    )  # fmt: skip


def _factor(known: list[Floats], periods: Periods) -> Step | None:
    """A unit multiplies the whole distribution: every quantile moves by one and the same known factor."""
    if min(map(len, known)) < LEAST_ROWS // 2:
        return None
    table = np.asarray([np.quantile(values, _AT) for values in known])
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(table[1:] / table[:-1])
    logs[~np.isfinite(logs)] = np.nan
    flat = np.isclose(table[:, 0], table[:, -1])
    usable = (np.isfinite(logs).sum(axis=1) >= 3) & ~flat[1:] & ~flat[:-1]
    if not usable.any():
        return None
    middle = np.where(usable, np.nanmedian(np.where(usable[:, None], logs, 0.0), axis=1), 0.0)
    usual = float(np.median(np.abs(middle)))
    for period in np.argsort(-np.abs(middle))[:_TRIED]:
        moved = _refined(table, int(period))
        name = _unit(moved)
        if name is not None and abs(middle[period]) > 6 * usual:
            before = float(np.median(table[max(0, period - 3) : period + 1, 2]))
            after = float(np.median(table[period + 1 : period + 5, 2]))
            what = f"the median went from {before:.4g} to {after:.4g}, {after / before:.3g} times ({name})"
            return Step(periods.time(int(period) + 1), what, {"median_before": before, "median_after": after})
    return None


def _refined(table: Floats, period: int) -> Floats:
    """Return by how much the logarithm of each quantile moved, over up to four periods on either side."""
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(np.where(table > 0, table, np.nan))
    after, before = logs[period + 1 : period + 5], logs[max(0, period - 3) : period + 1]
    moved = np.median(after, axis=0) - np.median(before, axis=0)  # NaN where one of them is not positive
    return np.asarray(moved[np.isfinite(moved)])


def _unit(moved: Floats) -> str | None:
    """Return the units whose factor every quantile fits, the more closely the smaller it is."""
    if len(moved) < 3:
        return None
    middle, spread = abs(float(np.median(moved))), float(np.ptp(moved))
    for factor, name in FACTORS.items():
        near, wide = (0.1, 0.2) if factor >= 10 else (0.03, 0.12)
        if abs(middle - np.log(factor)) <= near and spread <= wide:
            return name
    return None


def _flip(known: list[Floats], periods: Periods) -> Step | None:
    """Yes and no changed places: the mean went from p to 1 - p, and p is not near a half."""
    if any(len(values) < LEAST_ROWS // 2 or not np.isin(values, (0.0, 1.0)).all() for values in known):
        return None
    means = np.asarray([values.mean() for values in known])
    noise = 4 * np.sqrt(means[:-1] * (1 - means[:-1]) * 2 / np.asarray([len(one) for one in known[1:]]))
    is_flipped = (np.abs(means[1:] + means[:-1] - 1) <= np.maximum(noise, 0.02)) & (
        np.abs(np.diff(means)) > 0.4
    )
    for period in np.flatnonzero(is_flipped):
        before, after = float(means[period]), float(means[period + 1])
        what = f"the share of 1 went from {before:.0%} to {after:.0%}, as if yes and no had changed places"
        return Step(periods.time(int(period) + 1), what, {"share_before": before, "share_after": after})
    return None


def _precision(known: list[Floats], periods: Periods) -> Step | None:
    """Decimals came or went: hardly a whole number before, nothing else after, or the other way round."""
    if min(map(len, known)) < LEAST_ROWS // 2 or np.median([np.median(np.abs(one)) for one in known]) < 2:
        return None
    whole = np.asarray([float((values == np.round(values)).mean()) for values in known])
    pairs = np.column_stack([whole[:-1], whole[1:]])
    for period in np.flatnonzero((pairs.min(axis=1) <= 0.5) & (pairs.max(axis=1) >= 0.98)):
        before, after = float(whole[period]), float(whole[period + 1])
        what = f"whole numbers went from {before:.0%} to {after:.0%} of the values"
        return Step(periods.time(int(period) + 1), what, {"whole_before": before, "whole_after": after})
    return None


def _sentinel(samples: list[Floats], known: list[Floats], periods: Periods) -> Step | None:
    """Missing values became a number, such as -1 or 9999, or that number became missing."""
    missing = np.asarray([1 - len(some) / len(every) for some, every in zip(known, samples, strict=True)])
    for period in np.flatnonzero(np.abs(np.diff(missing)) >= 0.05):
        more, fewer = sorted((int(period), int(period) + 1), key=lambda one: -missing[one])
        moved = float(missing[more] - missing[fewer])
        if missing[fewer] > missing[more] / 10 or not len(known[fewer]):
            continue
        values, counts = np.unique(known[fewer], return_counts=True)
        top = float(values[int(np.argmax(counts))])
        gained = float(counts.max() - (known[more] == top).sum() * len(samples[fewer]) / len(samples[more]))
        if gained >= 0.8 * moved * len(samples[fewer]):
            before, after = float(missing[period]), float(missing[period + 1])
            what = f"missing went from {before:.0%} to {after:.0%}, and {top:g} stands for it"
            return Step(
                periods.time(int(period) + 1), what, {"missing_before": before, "missing_after": after}
            )
    return None


def level_step(codes: Ints, names: list[str], periods: Periods) -> Step | None:
    """Return where levels of a category give way to others of about the same weight: another coding."""
    if len(periods.rows) < 2 or not 0 < len(names) <= MOST_LEVELS:
        return None
    shares = np.asarray([_shares(codes[rows], len(names)) for rows in periods.rows])
    seen = shares > 0
    until = np.maximum.accumulate(seen, axis=0)
    after = np.maximum.accumulate(seen[::-1], axis=0)[::-1]
    for period in range(len(shares) - 1):
        gone = until[period] & ~after[period + 1]
        new = after[period + 1] & ~until[period]
        lost, gained = float(shares[period][gone].sum()), float(shares[period + 1][new].sum())
        if min(lost, gained) >= 0.05 and max(lost, gained) <= 1.5 * min(lost, gained):
            old = ", ".join(repr(names[one]) for one in np.flatnonzero(gone)[:3])
            young = ", ".join(repr(names[one]) for one in np.flatnonzero(new)[:3])
            what = f"{old} ({lost:.0%} of the rows) gave way to {young} ({gained:.0%})"
            return Step(periods.time(period + 1), what, {"share_gone": lost, "share_new": gained})
    return None


def _shares(codes: Ints, n_levels: int) -> Floats:
    counts = np.bincount(codes[codes >= 0], minlength=n_levels).astype(np.float64)
    return counts / max(len(codes), 1)


def levels(column: Vector) -> tuple[Ints, list[str]]:
    """Return codes and names of the levels of a text, or of a number that is a code; -1 is missing."""
    if column.levels is not None:
        return column.values.astype(np.int64), [str(one) for one in column.levels]
    codes = np.full(len(column.values), -1, dtype=np.int64)
    distinct, found = np.unique(column.values[~column.is_null], return_inverse=True)
    codes[~column.is_null] = found
    return codes, [f"{one:g}" for one in distinct]


def silences(events: Ints, n_rows: int, at: Ints) -> Iterator[Silence]:
    """Yield the silence at the end, and that at the beginning, if it is no chance.

    The rows beside the silence, as many as it has, say how many events it should hold; and it is three times
    as long as any pause between events, so that what comes in bursts is not taken for it.

    Args:
        events: Rows with the event, ascending.
        n_rows: Rows there are.
        at: Time of each row.
    """
    if len(events) < 2:
        return
    pause = int(np.diff(events).max())
    last, first = int(events[-1]), int(events[0])
    after, before = n_rows - 1 - last, first
    near = len(events) - int(np.searchsorted(events, last - after, side="right"))
    expected = near * after / max(min(after, last + 1), 1)
    if expected >= LEAST_EVENTS and after >= LONGER * pause:
        yield Silence(last + 1, int(at[last + 1]), True, after, float(expected))
    near = int(np.searchsorted(events, first + before, side="left"))
    expected = near * before / max(min(before, n_rows - first), 1)
    if expected >= LEAST_EVENTS and before >= LONGER * pause:
        yield Silence(first - 1, int(at[first]), False, before, float(expected))
