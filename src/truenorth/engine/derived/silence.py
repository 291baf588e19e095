"""`silence`: an event at the moment when nothing has happened for a while."""

from __future__ import annotations

from sqlglot import exp

from truenorth.engine.draft import Draft
from truenorth.engine.known import TIME, KnownTime
from truenorth.engine.lowering import Tree, column, number
from truenorth.engine.readers.files import missing_column
from truenorth.engine.reading import Origin, Reading
from truenorth.engine.trees import alias, not_null, stored
from truenorth.framing.known import effective_known
from truenorth.framing.sources import Source

_NEXT = "__next"


def find_silences(reading: Reading, name: str, source: Source) -> Origin:
    """Return an event `of` after each event that no event of the same key follows by then.

    An event exactly `of` later still breaks the silence. The last silence of a key counts if it ends before
    the end of what the source covers. A silence is known once late events can no longer break it: after the
    bound that the source promises.
    """
    assert source.silence is not None
    other = reading.done[source.silence.source]
    for one in source.silence.by:
        if one not in other.columns:
            raise missing_column(name, "silence.by", one, other.columns)
    by = [column(one) for one in source.silence.by]
    end = other.report.covers[1] if other.report.covers else 0
    times = exp.select(*by, column(TIME)).from_(stored(other.relation)).where(*(_there(one) for one in by))
    following = exp.Window(
        this=exp.Lead(this=column(TIME)),
        partition_by=[one.copy() for one in by],
        order=exp.Order(expressions=[exp.Ordered(this=column(TIME))]),
    )
    paired = exp.select(*(one.copy() for one in by), column(TIME), alias(following, _NEXT)).from_(
        times.subquery("times")
    )
    silent_at = exp.Paren(this=exp.Add(this=column(TIME), expression=number(source.silence.of.microseconds)))
    limit = exp.Coalesce(this=column(_NEXT), expressions=[number(end)])
    items = [*(one.copy() for one in by), alias(silent_at.copy(), TIME)]
    query = (
        exp.select(*items)
        .from_(paired.subquery("paired"))
        .where(exp.LT(this=silent_at.copy(), expression=limit))
    )
    table = f"silence_{name}"
    reading.engine.create_table(table, query)
    bound = effective_known(reading.sources, other.name).of(source.silence.by).after
    roles = {one: other.columns[one] for one in source.silence.by}
    rows = exp.select(*(one.copy() for one in by), column(TIME)).from_(stored(table))
    draft = Draft(name, rows, roles, True, row_known=KnownTime(bound))
    return Origin(lambda report: draft, covers=other.report.covers)


def _there(tree: Tree) -> Tree:
    return not_null(tree)
