"""Examples from the rows of a log: the first relation of a build."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlglot import exp

from truenorth.engine.lowering import Tree, call, column, floor_modulo, number, text
from truenorth.engine.trees import alias, stored
from truenorth.examples.needed import Static
from truenorth.framing.durations import DAY, WEEK
from truenorth.framing.examples import ExampleTable

_ESCAPE = "^"
_MONDAY = 4 * DAY
"""1970-01-05, the first Monday after the epoch."""


@dataclass(frozen=True)
class Base:
    """The query of the first relation, its columns, and whether its row numbers must be computed once."""

    query: exp.Select
    columns: tuple[str, ...]
    is_table: bool
    reason: str


def rows_base(
    table: ExampleTable,
    relation: str,
    columns: Mapping[str, str],
    key: tuple[str, ...],
    own: Iterable[str],
    known: Iterable[str],
    statics: Mapping[str, Static],
    *,
    key_is_unique: bool,
    dialect: str,
) -> Base:
    """Return the examples of a log: identity, time, and the columns of their own rows."""
    is_dated = table.at == "time"
    at: Tree = column("__time", "b") if is_dated else exp.cast(exp.null(), "BIGINT")
    by_key = key_is_unique and len(key) == 1 and columns.get(key[0]) == "integer"
    row = column(key[0], "b") if by_key else _numbered(dialect)
    selected: dict[str, Tree] = {"__row": row, "__id": _identity(key, columns, key_is_unique), "__at": at}
    selected |= {f"c__{name}": column(name, "b") for name in own}
    selected |= {f"n__{name}": column(f"__known_{name}", "b") for name in known}
    selected["n__"] = column("__known", "b")
    query, joined = join_statics(
        exp.select().from_(stored(relation, "b")), statics, lambda name: column(name, "b")
    )
    selected |= joined
    query = query.select(*(alias(tree, name) for name, tree in selected.items()))
    reason = "one row per row of the log" + (
        "" if by_key else "; numbered once, so that joins can find each row again"
    )
    return Base(query, tuple(selected), not by_key, reason)


def join_statics(query: exp.Select, statics: Mapping[str, Static], own) -> tuple[exp.Select, dict[str, Tree]]:  # type: ignore[no-untyped-def]
    """Join undated attributes by key; return the query and the new columns."""
    joined: dict[str, Tree] = {}
    aliases: dict[tuple[str, tuple[str, ...]], str] = {}
    for name, static in statics.items():
        place = (static.source, static.keys)
        if place not in aliases:
            alias = aliases[place] = f"s{len(aliases)}"
            on = exp.and_(*(exp.EQ(this=own(key), expression=column(key, alias)) for key in static.keys))
            query = query.join(stored(f"src_{static.source}", alias), on=on, join_type="LEFT")
        joined[f"c__{name}"] = column(static.column, aliases[place])
    return query, joined


def time_columns(table: ExampleTable, anchors: Iterable[str]) -> dict[str, Tree]:
    """Return the columns of time that windows start from: the ends of the week and of the day."""
    made = {"week_end": (WEEK, _MONDAY), "day_end": (DAY, 0)}
    return {
        f"__{name}": _last_microsecond(column("__at"), *made[name])
        for name in sorted(set(anchors))
        if name in made
    }


def _last_microsecond(time: Tree, length: int, origin: int) -> Tree:
    """Return the last microsecond of the interval of `length`, aligned at `origin`, that holds a time."""
    return time - floor_modulo(time.copy() - number(origin), length) + number(length - 1)


def _numbered(dialect: str) -> Tree:
    if dialect == "spark":
        return call("monotonically_increasing_id")
    return exp.Window(this=exp.RowNumber())


def _identity(key: tuple[str, ...], columns: Mapping[str, str], key_is_unique: bool) -> Tree:
    """Return the source's key, or a content hash with an ordinal for rows that are equal."""
    if key and key_is_unique:
        return column(key[0], "b") if len(key) == 1 else _joined(key)
    content = exp.MD5(this=_joined(sorted(columns)))
    order = exp.Order(expressions=[exp.Ordered(this=number(1))])
    ordinal = exp.Window(this=exp.RowNumber(), partition_by=[content.copy()], order=order)
    return call("concat", content, text("-"), exp.cast(ordinal, "VARCHAR"))


def _joined(names: Iterable[str]) -> Tree:
    return joined_key(column(name, "b") for name in names)


def joined_key(parts: Iterable[Tree]) -> Tree:
    """Return several values as one text that no other values give: `^|` is a bar, `^N` is NULL."""
    return call("concat_ws", text("|"), *(_escaped(part) for part in parts))


def _escaped(part: Tree) -> Tree:
    written: Tree = exp.cast(part.copy(), "VARCHAR")
    for character in (_ESCAPE, "|"):
        written = call("replace", written, text(character), text(_ESCAPE + character))
    return exp.Coalesce(this=written, expressions=[text(_ESCAPE + "N")])
