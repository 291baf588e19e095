"""A source while it is being made: its query so far, its columns, and when they are known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from sqlglot import exp

from truenorth.engine.known import TIME, KnownTime, latest
from truenorth.engine.lowering import Tree, column, lower
from truenorth.engine.readers.files import missing_column
from truenorth.framing.expressions import Expression
from truenorth.framing.sources import Known


@dataclass(frozen=True)
class Draft:
    """A query whose rows have the user's columns and, in a dated source, `__time`."""

    name: str
    query: exp.Select
    columns: Mapping[str, str]
    """The user's columns with their roles."""
    is_dated: bool
    row_known: KnownTime = field(default_factory=KnownTime)
    entries: Mapping[str, Known] = field(default_factory=dict)
    """Columns that are known later than their row, with what is promised."""
    moments: Mapping[str, KnownTime] = field(default_factory=dict)
    """When they are known."""
    hidden: tuple[str, ...] = ()
    """Columns that later trees need and the user does not see."""

    def table(self) -> exp.Subquery:
        """Return the rows so far as a table of another query."""
        return self.query.subquery("rows", copy=True)

    def over(self, *items: Tree) -> exp.Select:
        """Return SELECT items FROM the rows so far."""
        return exp.select(*items, copy=False).from_(self.table(), copy=False)

    def kept(self) -> list[Tree]:
        """Return every column that has to be handed on."""
        time = [TIME] if self.is_dated else []
        return [column(name) for name in (*self.columns, *time, *self.hidden)]

    def filtered(self, condition: Tree | None) -> Draft:
        """Return the rows for which the condition holds."""
        return (
            self
            if condition is None
            else replace(self, query=self.over(*self.kept()).where(condition, copy=False))
        )

    def bind(self, place: str, made: Mapping[str, Tree] | None = None) -> Callable[[str], Tree]:
        """Return what names stand for in an expression over this source; `time` is its event time."""

        def tree_of(name: str) -> Tree:
            if made and name in made:
                return made[name].copy()
            if name == "time" and self.is_dated:
                return column(TIME)
            if name not in self.columns:
                raise missing_column(
                    self.name, place, name, [*self.columns, *(["time"] if self.is_dated else [])]
                )
            return column(name)

        return tree_of

    def lowered(self, expression: Expression, place: str) -> Tree:
        """Return an expression as a tree over the rows so far."""
        return lower(expression, self.bind(place))

    def inherited(self, reads: frozenset[str]) -> tuple[Known, KnownTime] | None:
        """Return when the last of some columns is known; None where all are known with their row."""
        late = [name for name in reads if name in self.entries]
        if not late:
            return None
        first, *others = (self.moments[name] for name in sorted(late))
        return latest(self.entries[name] for name in sorted(late)), first.later_of(*others)

    def known_with(self, reads: frozenset[str]) -> Draft:
        """Return the draft whose rows are known no earlier than some columns, which decide what stays."""
        found = self.inherited(reads) if self.is_dated else None
        return self if found is None else replace(self, row_known=self.row_known.later_of(found[1]))

    def with_entry(self, name: str, known: Known, moment: KnownTime) -> Draft:
        """Return the draft in which a column is also known no earlier than `moment`."""
        if name in self.entries:
            known, moment = latest([self.entries[name], known]), self.moments[name].later_of(moment)
        return replace(self, entries={**self.entries, name: known}, moments={**self.moments, name: moment})
