"""How the columns of an event are read: its values, its known time, and its place among equals."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from sqlglot import exp

from truenorth.engine.lowering import Tree, call, column
from truenorth.engine.trees import stored
from truenorth.framing.known import Wait, effective_known
from truenorth.framing.sources import Source

_UNKNOWN = Wait(is_constant=False)


def event_column(name: str) -> Tree:
    """Return the tree of an event's column; `time` is the event time."""
    return column("__time") if name == "time" else column(name)


def rows_of(relation: str) -> exp.Select:
    """Return all rows of a relation."""
    return exp.select("*").from_(stored(relation))


def known_time(known_columns: Collection[str], read: Iterable[str]) -> Tree:
    """Return when an event is known, given the columns that are read from it."""
    own = sorted(set(read) & set(known_columns))
    return latest_of([column("__known"), *(column(f"__known_{name}") for name in own)])


def latest_of(times: list[Tree]) -> Tree:
    """Return the latest of several known times; NULL (never) where one is NULL."""
    if len(times) == 1:
        return times[0]
    never = exp.or_(*(time.copy().is_(exp.null()) for time in times))
    return exp.Case(ifs=[exp.If(this=never, true=exp.null())], default=call("greatest", *times))


def tie_break(keys: tuple[str, ...]) -> Tree | None:
    """Return what orders events of equal times: the source's key."""
    if not keys:
        return None
    if len(keys) == 1:
        return column(keys[0])
    return call("concat_ws", exp.Literal.string("|"), *(exp.cast(column(key), "VARCHAR") for key in keys))


@dataclass(frozen=True)
class Arrival:
    """When events are known: a constant delay after they happen, or a time of their own."""

    delay: int
    """Constant part of the delay, microseconds."""
    varies: bool
    """Whether some known time is read from a column."""


def arrival(
    sources: Mapping[str, Source], name: str, known_columns: Collection[str], read: Iterable[str]
) -> Arrival:
    """Return how the events of a source arrive, given the columns that are read from them."""
    known = effective_known(sources, name)
    late = sorted(set(read) & {*known_columns, *known.columns})
    waits = [known.row, *(known.columns.get(one, _UNKNOWN) for one in late)]
    varies = sources[name].is_derived or not all(wait.is_constant for wait in waits)
    return Arrival(max(wait.after if wait.is_constant else 0 for wait in waits), varies)
