"""Sources: the logs and tables a framing reads, and when each of their values becomes known."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, PrivateAttr, model_validator
from pydantic_core import PydanticCustomError

from truenorth.framing.durations import ZERO, Duration
from truenorth.framing.expressions import Expression
from truenorth.framing.periods import Moment, Period
from truenorth.framing.section import ColumnName, Name, Names, Section

ColumnType = Literal["id", "integer", "number", "category", "text", "boolean", "time", "list"]
Format = Literal["parquet", "csv", "json", "duckdb", "postgres"]
DuplicateRule = Literal["error", "drop", "keep"]


class Time(Section):
    """Where a source's event time stands and how it is written."""

    column: str | None = None
    """Column that holds the event time."""
    constant: Moment | None = None
    """One time for the whole source: a snapshot."""
    format: str | None = None
    """`strptime` format of a text or integer stamp, for example `%Y%m%d`."""
    unit: Literal["s", "ms", "us"] | None = None
    """Unit of a numeric stamp counted from 1970-01-01 UTC."""
    zone: str = "UTC"
    """Time zone of stamps that carry none."""
    resolution: Duration = ZERO
    """Coarseness of the stamp; a coarse stamp stands for the last microsecond of its interval."""

    short_form = {"type": "string"}

    @classmethod
    def from_short(cls, value: Any) -> Any:
        """Read `time: COLUMN` or a constant date."""
        if not isinstance(value, str):
            return value
        return {"constant": value} if re.match(r"\d{4}-\d{2}-\d{2}", value) else {"column": value}

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.column is None) == (self.constant is None):
            raise PydanticCustomError("time", "expected a column or a constant time. Fix: write time: COLUMN")
        return self


class Lookup(Section):
    """A column taken from another source by key, as known strictly before the row's time."""

    source: str
    """Source that holds the column."""
    by: Names
    """Key columns, present in both sources."""
    column: str
    """Column to take."""


class Session(Section):
    """Cuts a log into sessions; adds session_id, session_start and session_end."""

    by: Names
    """Columns that identify whose session it is."""
    gap: Duration
    """A pause longer than this starts a new session."""


class Pairs(Section):
    """Pairs of rows of a source that share a block: columns a_* (earlier row) and b_* (newer row)."""

    source: str
    """Source whose rows are paired."""
    block: tuple[Names, ...]
    """Each entry is a set of columns; two rows that agree on any one set form a pair."""
    last: Duration | None = None
    """How far back the earlier row may lie; the whole history where absent."""


class Silence(Section):
    """An event each time nothing happened for a while."""

    source: str
    """Source whose silence counts."""
    by: Names
    """Columns that identify who is silent."""
    of: Duration
    """Length of the silence; the event is at its end."""


@dataclass(frozen=True)
class Known:
    """When a value becomes known: `at` a column's time if there is one, else `after` the event time."""

    at: str | None
    """Column with the time it was really known; NULL there means never."""
    after: Duration
    """Without `at`: the delay itself. With `at`: the promised bound, which maturity uses."""


class Source(Section):
    """One log or table, read as it is: loaders reshape, they never filter or label."""

    path: str | tuple[str, ...] | dict[str, str] | None = None
    """File, folder, glob, list, or files by name; `postgresql://` for a database; absent for a frame."""
    format: Format | None = None
    """File format; by default from the file's ending."""
    table: str | None = None
    """Table of a DuckDB file or PostgreSQL database."""
    options: dict[str, Any] = {}
    """Options of the CSV or JSON reader: delimiter, header, names, skip, quote, encoding, null."""
    types: dict[str, ColumnType] = {}
    """Roles of columns whose file does not say: id, integer, number, category, text, boolean, time, list."""
    time: Annotated[Time | None, BeforeValidator(lambda value: None if value == "none" else value)] = None
    """Event time: a column, a constant, or `none` for an undated source."""
    key: Names = ()
    """Columns that identify a row."""
    known_at: str | dict[str, str] | None = None
    """Column with the time the row (or, as a map, these columns) became known."""
    known_after: Duration | dict[str, Duration] | None = None
    """Delay until the row (or, as a map, these columns) is known; beside `known_at`, its promised bound."""
    where: Expression | None = None
    """Rows to keep; the others are counted."""
    columns: dict[Name, Expression] = {}
    """New columns from expressions over this source; they inherit the latest known time of what they read."""
    rename: dict[str, str] = {}
    """New name: name in the file."""
    lookup: dict[str, Lookup] = {}
    """Columns taken from other sources by key."""
    static: Names = ()
    """Columns of an undated source that never change; reading them is flagged (LEAK004)."""
    session: Session | None = None
    """Cuts the log into sessions."""
    pairs: Pairs | None = None
    """Makes this source from pairs of another's rows."""
    silence: Silence | None = None
    """Makes this source from the silences of another."""
    union: Names = ()
    """Makes this source from the rows of several others; columns that one lacks are NULL there."""
    unnest: str | None = None
    """List column to spread into one row per item."""
    duplicates: DuplicateRule = "error"
    """What to do with rows that stand in the log more than once."""
    covers: Period | None = None
    """Period for which the source is complete; by default what was observed."""
    basis: str | None = None
    """Legal basis for using the data, for example `contract` or `consent`."""
    retention: Duration | None = None
    """How long the data may be kept."""
    _is_undated_union: bool = PrivateAttr(default=False)

    @property
    def is_derived(self) -> bool:
        """Whether the rows come from another source instead of a file."""
        return bool(self.pairs or self.silence or self.union)

    @property
    def is_dated(self) -> bool:
        """Whether rows carry an event time; a union has that of its members, once the framing is expanded."""
        if self.time is not None or self.pairs or self.silence:
            return True
        return bool(self.union) and not self._is_undated_union

    def as_undated_union(self) -> Source:
        """Return the source as a union of which no member carries an event time."""
        source = self.model_copy()
        source._is_undated_union = True
        return source

    @property
    def row_known(self) -> Known:
        """When a row becomes known."""
        if isinstance(self.known_at, str):
            return Known(self.known_at, self.known_after if isinstance(self.known_after, Duration) else ZERO)
        if self.known_at is None and isinstance(self.known_after, Duration):
            return Known(None, self.known_after)
        return Known(None, ZERO)

    @property
    def column_known(self) -> dict[str, Known]:
        """When the columns that have an entry of their own become known."""
        at = self.known_at if isinstance(self.known_at, dict) else {}
        after = self.known_after if isinstance(self.known_after, dict) else {}
        bound = self.known_after if at and isinstance(self.known_after, Duration) else ZERO
        return {name: Known(at.get(name), after.get(name, bound)) for name in {**at, **after}}


Sources = Annotated[dict[Name, Source], Field(min_length=1)]
__all__ = ["ColumnName", "Known", "Lookup", "Pairs", "Session", "Silence", "Source", "Sources", "Time"]
