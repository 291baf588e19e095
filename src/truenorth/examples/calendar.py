"""Examples by calendar: every so often, each entity that was active before."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from truenorth.engine.contract import Engine
from truenorth.engine.events import event_column, known_time, rows_of
from truenorth.engine.lowering import Tree, call, column, lower, number
from truenorth.engine.trees import alias, stored
from truenorth.examples.needed import Static
from truenorth.examples.rows import Base, join_statics, joined_key
from truenorth.framing.examples import Active, Ahead, ExampleTable


def register_times(engine: Engine, table: ExampleTable, as_of: int, name: str) -> int:
    """Make the relation of a calendar's times before `as_of`; return how many there are."""
    import pyarrow as pa

    assert table.every is not None and table.from_ is not None
    times = pa.array(range(table.from_.microseconds, as_of, table.every.microseconds), type=pa.int64())
    engine.register(f"{name}_times", pa.table({"t": times}))
    return len(times)


def register_steps(engine: Engine, ahead: Ahead, name: str) -> None:
    """Make the relation of the steps ahead: 1 to n, each with its distance from the prediction time."""
    import pyarrow as pa

    steps = range(1, ahead.steps + 1)
    distance = [(step - 1) * ahead.length.microseconds for step in steps]
    engine.register(
        f"{name}_steps",
        pa.table({"step": pa.array(steps, pa.int64()), "ahead": pa.array(distance, pa.int64())}),
    )


def calendar_base(
    table: ExampleTable,
    name: str,
    relation: str,
    known_columns: frozenset[str],
    statics: Mapping[str, Static],
) -> Base:
    """Return one row per time of the calendar and active entity, and step where the table looks ahead."""
    assert table.active is not None
    active = _active(table, table.active, relation, known_columns, f"{name}_times")
    entities = [column(entity, "g") for entity in table.entity]
    identity: list[Tree] = [*entities, column("t", "g")]
    selected: dict[str, Tree] = {"__at": column("t", "g")}
    query = exp.select().from_(active.subquery("g"))
    if table.ahead is not None:
        query = query.join(stored(f"{name}_steps", "s"), join_type="CROSS")
        selected["__step"] = column("step", "s")
        selected["__target"] = column("t", "g") + column("ahead", "s")
        identity.append(column("step", "s"))
    selected = {"__id": joined_key(identity), **selected}
    selected["__row"] = selected["__id"].copy()
    selected |= {f"c__{entity}": column(entity, "g") for entity in table.entity}
    selected["n__"] = column("t", "g")
    query, joined = join_statics(query, statics, lambda key: column(key, "g"))
    selected |= joined
    query = query.select(*(alias(tree, name) for name, tree in selected.items()))
    return Base(
        query, tuple(selected), True, "one row per time of the calendar and entity that was active before it"
    )


def _active(
    table: ExampleTable, active: Active, relation: str, known_columns: frozenset[str], times: str
) -> exp.Select:
    """Return (entity, t): some event has t - last <= event time < t and known time < t."""
    read = (active.where.columns if active.where else frozenset()) | frozenset(table.entity)
    known = known_time(known_columns, read)
    events = rows_of(relation)
    for entity in table.entity:
        events = events.where(column(entity).is_(exp.null()).not_())
    if active.where is not None:
        events = events.where(lower(active.where, event_column))
    since = call("greatest", column("__time"), known)
    stretches = (
        exp.select(*(column(entity) for entity in table.entity), alias(since, "since"))
        .select(alias(column("__time"), "happened"))
        .from_(events.where(known.copy().is_(exp.null()).not_()).subquery("event"))
    )
    conditions: list[Tree] = [exp.GT(this=column("t", "c"), expression=column("since", "v"))]
    if active.last is not None:
        latest = column("happened", "v") + number(active.last.microseconds)
        conditions.append(exp.LTE(this=column("t", "c"), expression=latest))
    return (
        exp.select(*(column(entity, "v") for entity in table.entity), column("t", "c"))
        .distinct()
        .from_(_stretches(stretches, table, active).subquery("v"))
        .join(stored(times, "c"), on=exp.and_(*conditions))
    )


def _stretches(events: exp.Select, table: ExampleTable, active: Active) -> exp.Select:
    """Reduce events to what decides membership: equal stretches once; without a bound, the earliest."""
    keys = [column(entity) for entity in table.entity]
    if active.last is None:
        earliest = alias(exp.Min(this=column("since")), "since")
        return (
            exp.select(*keys, earliest)
            .from_(events.subquery("event"))
            .group_by(*(key.copy() for key in keys))
        )
    return exp.select(*keys, column("since"), column("happened")).distinct().from_(events.subquery("event"))
