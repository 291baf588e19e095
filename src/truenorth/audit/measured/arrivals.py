"""When rows came in, beside when things happened: undeclared delays, and promises that do not hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np

from truenorth.audit.evidence import DataEvidence
from truenorth.audit.stated.lexicon import words_in
from truenorth.framing.durations import SECOND
from truenorth.framing.framing import Framing
from truenorth.framing.known import effective_known
from truenorth.framing.sources import Source

WORDS = (
    "received", "recorded", "ingested", "loaded", "inserted", "created", "reported", "known", "arrived",
    "booked", "posted", "processed", "updated", "settled", "available",
)  # fmt: skip
"""Words of columns that hold when a row came in, not when it happened."""
LEVEL = 0.95
"""Share of the values that a declared delay has to cover; the profile reports this quantile."""
LEAST_ROWS = 20
_EPOCH = datetime(1970, 1, 1)
_UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6}


@dataclass(frozen=True)
class Delay:
    """A delay that was observed, and the one that was declared, in seconds."""

    source: str
    column: str
    observed: float
    """At the 95 % quantile."""
    declared: float
    longest: float
    """At the 99 % quantile where it is known, else the observed one."""
    n_late: int = 0
    n: int = 0


def undeclared(framing: Framing, data: DataEvidence, name: str) -> Delay | None:
    """Return the delay that a column of arrival shows although the source does not use it."""
    source, rows = framing.sources[name], data.heads.get(name, {})
    if source.known_at is not None or source.time is None or source.time.column is None:
        return None
    time = source.rename.get(source.time.column, source.time.column)
    declared = effective_known(framing.sources, name).row.after / SECOND
    for column in rows:
        words = words_in(column, WORDS) if column != time else ()
        lag = _lag(rows.get(time, ()), rows[column], source) if words else None
        if lag is not None and lag > max(declared, source.time.resolution.microseconds / SECOND):
            return Delay(name, column, lag, declared, lag, n=len(rows[column]))
    return None


def broken_promises(framing: Framing, data: DataEvidence, name: str) -> Iterator[Delay]:
    """Yield bounds beside `known_at` that one value in twenty breaks."""
    source, report = framing.sources[name], data.sources.get(name, {})
    clocks = [source.row_known, *source.column_known.values()]
    promised = {one.at: one.after.microseconds / SECOND for one in clocks if one.at is not None}
    for column, lags in (report.get("lag_seconds") or {}).items():
        late, bound = _at(lags, LEVEL), promised.get(column, 0.0)
        if late is not None and 0 < bound < late:
            counts = int(report.get("n_late") or 0), int(report.get("n_read") or 0)
            yield Delay(name, column, late, bound, _at(lags, 0.99) or late, *counts)


def _at(lags: Mapping[Any, float], level: float) -> float | None:
    found = lags.get(str(level), lags.get(level))
    return None if found is None else float(found)


def _lag(happened: Sequence[Any], came: Sequence[Any], source: Source) -> float | None:
    """Return the quantile of arrival less event in seconds; None where arrivals do not follow events."""
    unit = _UNITS.get(str(source.time.unit) if source.time else "")
    pairs = [(_seconds(then, unit), _seconds(late, unit)) for then, late in zip(happened, came, strict=False)]
    lags = np.asarray([late - then for then, late in pairs if then is not None and late is not None])
    if len(lags) < LEAST_ROWS or (lags < 0).mean() > 1 - LEVEL:
        return None
    return float(np.quantile(lags, LEVEL))


def _seconds(value: Any, unit: float | None) -> float | None:
    """Return a stamp as seconds since 1970, None for what is none."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if isinstance(value, datetime):
        return (value.replace(tzinfo=None) - _EPOCH).total_seconds()
    if isinstance(value, date):
        return float((value - _EPOCH.date()).days * 86_400)
    is_stamp = unit is not None and isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) * unit if is_stamp and unit is not None else None


def shown(seconds: float) -> str:
    """Return a delay for people.

    Examples:
        >>> shown(5_400)
        '1.5 hours'
    """
    for size, unit in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.1f} seconds"


def rounded_up(seconds: float) -> str:
    """Return a duration of the language that covers a delay.

    Examples:
        >>> rounded_up(5_400)
        '2h'
    """
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if seconds > size:
            return f"{int(-(-seconds // size))}{unit}"
    return f"{max(1, int(-(-seconds // 1)))}s"
