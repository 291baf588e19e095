"""`session`: cuts a log wherever nothing happened for longer than the gap."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from truenorth.engine.contract import Engine
from truenorth.engine.draft import Draft
from truenorth.engine.known import TIME, KnownTime
from truenorth.engine.lowering import Tree, bigint, both, column, number, text, when
from truenorth.engine.readers.files import missing_column
from truenorth.engine.trees import alias, copies, not_null, stored
from truenorth.framing.sources import Known, Session

COLUMNS = {"session_id": "text", "session_start": "time", "session_end": "time"}
_STARTS, _ORDINAL = "__starts", "__ordinal"


def cut_sessions(engine: Engine, draft: Draft, session: Session) -> Draft:
    """Return the draft with the session's id, start and end; rows without a key belong to none.

    The end is known once the gap has passed without an event: at `session_end + gap`.
    """
    for one in session.by:
        if one not in draft.columns:
            raise missing_column(draft.name, "session.by", one, draft.columns)
    by = [column(one) for one in session.by]
    kept = draft.kept()
    previous = exp.Window(
        this=exp.Lag(this=column(TIME)), partition_by=copies(by), order=_order(column(TIME))
    )
    is_start = exp.GT(
        this=exp.Paren(this=column(TIME) - previous), expression=number(session.gap.microseconds)
    )
    starts = when(is_start, number(1), number(0))
    marked = draft.over(*kept, alias(starts, _STARTS))
    spec = exp.WindowSpec(kind="ROWS", start="UNBOUNDED", start_side="PRECEDING", end="CURRENT ROW")
    running = exp.Window(
        this=exp.Sum(this=column(_STARTS)), partition_by=copies(by), order=_order(column(TIME)), spec=spec
    )
    numbered = exp.select(*copies(kept), alias(bigint(running), _ORDINAL)).from_(marked.subquery("marked"))
    within = [*copies(by), column(_ORDINAL)]
    start = exp.Window(this=exp.Min(this=column(TIME)), partition_by=within)
    end = exp.Window(this=exp.Max(this=column(TIME)), partition_by=copies(within))
    has_key = both(*(not_null(one) for one in by)) or exp.true()
    parts = [piece for one in by for piece in (exp.cast(one.copy(), "VARCHAR"), text("/"))]
    identity = exp.DPipe(this=_joined(parts), expression=exp.cast(start.copy(), "VARCHAR"))
    made = {"session_id": identity, "session_start": start, "session_end": end}
    items = [alias(when(has_key.copy(), tree), name) for name, tree in made.items()]
    old = [one for one in kept if one.name not in COLUMNS]
    table = f"sessions_{draft.name}"
    engine.create_table(table, exp.select(*copies(old), *items).from_(numbered.subquery("numbered")))
    query = exp.select(*copies(old), *(column(name) for name in made)).from_(stored(table))
    draft = replace(draft, query=query, columns={**draft.columns, **COLUMNS})
    known_end = exp.Paren(
        this=exp.Add(this=column("session_end"), expression=number(session.gap.microseconds))
    )
    inherited = draft.inherited(frozenset(session.by))
    for name in COLUMNS if inherited else ():
        draft = draft.with_entry(name, *inherited)  # type: ignore[misc]
    return draft.with_entry("session_end", Known("session_end", session.gap), KnownTime(0, (known_end,)))


def _joined(parts: list[Tree]) -> Tree:
    tree = parts[0]
    for part in parts[1:]:
        tree = exp.DPipe(this=tree, expression=part)
    return tree


def _order(tree: Tree) -> exp.Order:
    return exp.Order(expressions=[exp.Ordered(this=tree)])
