"""Time zones as tables: which offset a local stamp has, by one rule on every engine.

A stamp that stands twice (clocks go back) is the earlier of the two; one that does not exist (clocks go
forward) is read with the offset before the change. Both are Python's `fold=0` and Java's rule.
"""

from __future__ import annotations

import bisect
import zoneinfo
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from sqlglot import exp

from truenorth.engine.failures import refused
from truenorth.engine.lowering import Tree, number, when
from truenorth.errors import suggest
from truenorth.framing.durations import SECOND

_EPOCH = datetime(1970, 1, 1)
_FIRST, _LAST = datetime(1900, 1, 1), datetime(2200, 1, 1)
_STEP = timedelta(days=7)


@dataclass(frozen=True)
class Zone:
    """A time zone between 1900 and 2200 as a step function of the local stamp."""

    name: str
    starts: tuple[int, ...]
    """Local stamps, microseconds, from which the next offset holds; the first offset holds before them."""
    offsets: tuple[int, ...]
    """Microseconds to take from the local stamp; one more than `starts`."""

    @property
    def macro(self) -> str:
        """Name under which an engine can keep the conversion."""
        return "zone_" + "".join(c if c.isalnum() else "_" for c in self.name.lower())

    def to_utc(self, stamp: Tree) -> Tree:
        """Return UTC microseconds of a local stamp as a balanced tree of comparisons."""
        return exp.Paren(
            this=exp.Sub(this=stamp.copy(), expression=self._offset(stamp, 0, len(self.offsets)))
        )

    def _offset(self, stamp: Tree, low: int, high: int) -> Tree:
        if high - low == 1:
            return number(self.offsets[low])
        middle = (low + high) // 2
        is_before = exp.LT(this=stamp.copy(), expression=number(self.starts[middle - 1]))
        return when(is_before, self._offset(stamp, low, middle), self._offset(stamp, middle, high))

    def ambiguous(self, first: int, last: int) -> list[tuple[int, int]]:
        """Return the half-open local intervals that stand twice between two local stamps."""
        low = max(bisect.bisect_left(self.starts, first) - 1, 0)
        found = []
        for index in range(low, len(self.starts)):
            start, before, after = self.starts[index], self.offsets[index], self.offsets[index + 1]
            if start - (before - after) > last:
                break
            if before > after and start > first:
                found.append((start - (before - after), start))
        return found

    def utc_of(self, low: int, high: int) -> tuple[int, int]:
        """Return the UTC interval of local stamps that share one offset."""
        offset = self.offsets[bisect.bisect_right(self.starts, low)]
        return low - offset, high - offset


@lru_cache(maxsize=64)
def read_zone(name: str) -> Zone:
    """Return the zone of an IANA name.

    Raises:
        DataError: If there is no such zone.
    """
    try:
        info = zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        known = sorted(zoneinfo.available_timezones())
        raise refused(
            "LOG006",
            where="time.zone",
            evidence=f"expected a time zone such as 'Europe/Paris', got {name!r}.",
            fix=suggest(name, known, otherwise="write a name of the IANA time zone list, or UTC"),
        ) from None
    starts: list[int] = []
    offsets = [_offset_at(info, _FIRST)]
    stamp = _FIRST
    while stamp < _LAST:
        following = stamp + _STEP
        offset = _offset_at(info, following)
        if offset != offsets[-1]:
            starts.append(_change(info, stamp, following, offset))
            offsets.append(offset)
        stamp = following
    return Zone(name, tuple(starts), tuple(offsets))


def _offset_at(info: zoneinfo.ZoneInfo, local: datetime) -> int:
    offset = local.replace(tzinfo=info).utcoffset()
    return 0 if offset is None else int(offset.total_seconds()) * SECOND


def _change(info: zoneinfo.ZoneInfo, before: datetime, after: datetime, offset: int) -> int:
    """Return the first local second that has the new offset."""
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=int((after - before).total_seconds()) // 2)
        before, after = (before, middle) if _offset_at(info, middle) == offset else (middle, after)
    return int((after - _EPOCH).total_seconds()) * SECOND
