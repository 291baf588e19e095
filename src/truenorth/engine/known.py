"""When a value becomes known, as a tree over the source's columns (docs/semantics.md, "Known time")."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlglot import exp

from truenorth.engine.lowering import Tree, both, call, column, number, when
from truenorth.engine.trees import not_null
from truenorth.framing.durations import ZERO
from truenorth.framing.sources import Known

TIME, KNOWN = "__time", "__known"


def known_name(name: str) -> str:
    """Return the column that holds when `name` is known."""
    return f"{KNOWN}_{name}"


@dataclass(frozen=True)
class KnownTime:
    """The latest of the event time plus a delay and some moments; NULL where one of the moments is."""

    delay: int = 0
    """Microseconds after the event."""
    moments: tuple[Tree, ...] = ()
    """Trees of BIGINT microseconds; NULL = never known."""

    @property
    def tree(self) -> Tree:
        """The known time as one tree."""
        after = (
            column(TIME)
            if not self.delay
            else exp.Paren(this=exp.Add(this=column(TIME), expression=number(self.delay)))
        )
        if not self.moments:
            return after
        present = [not_null(moment) for moment in self.moments]
        return when(
            both(*present) or exp.true(), call("greatest", after, *(moment.copy() for moment in self.moments))
        )

    def later_of(self, *others: KnownTime) -> KnownTime:
        """Return the later of this and the others."""
        moments: dict[str, Tree] = {}
        for one in (self, *others):
            moments.update({moment.sql(): moment for moment in one.moments})
        return KnownTime(max(one.delay for one in (self, *others)), tuple(moments.values()))


def known_time(known: Known) -> KnownTime:
    """Return when what an entry speaks of is known."""
    return KnownTime(known.after.microseconds) if known.at is None else KnownTime(0, (column(known.at),))


def latest(entries: Iterable[Known]) -> Known:
    """Return one entry that promises no earlier than any of several.

    Examples:
        >>> from truenorth.framing.durations import Duration
        >>> str(latest([Known(None, Duration.parse("1d")), Known("seen", Duration.parse("2h"))]).after)
        '1d'
    """
    found = list(entries)
    at = next((entry.at for entry in found if entry.at is not None), None)
    return Known(at, max((entry.after for entry in found), default=ZERO))
