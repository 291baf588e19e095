"""Features: what was known strictly before the decision.

Own-row columns and expressions, aggregates over trailing windows `[a - gap - last, a - gap)`, the latest
known attribute, ranks within a list, and text matches.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from truenorth.framing.durations import PATTERN, ZERO, Duration
from truenorth.framing.expressions import Expression
from truenorth.framing.forms import FEATURE_FORMS, refuse_unused
from truenorth.framing.section import ColumnName, Names, Section

FEATURE_AGGREGATES = (
    "count", "sum", "mean", "min", "max", "std", "distinct", "rate", "latest", "first", "since_last",
)  # fmt: skip
OVER_AGGREGATES = ("rank", "count", "sum", "mean", "min", "max")
_NUMBERS = ("count", "sum", "mean", "std", "distinct", "rate", "since_last", "rank")
Families = Duration | tuple[Duration, ...]


def _clock(text: str) -> str:
    hours, colon, minutes = text.partition(":")
    if not (colon and hours.isdigit() and minutes.isdigit() and int(hours) < 24 and int(minutes) < 60):
        raise PydanticCustomError(
            "clock", "expected a time of day such as '02:00', got '{text}'. Fix: write HH:MM", {"text": text}
        )
    return f"{int(hours):02d}:{int(minutes):02d}"


class Refresh(Section):
    """How often a batch feature is computed; everything is as of the last run that was ready."""

    every: Duration
    """Time between two runs."""
    at: Annotated[str, AfterValidator(_clock)] = "00:00"
    """Time of day (UTC) at which runs are aligned."""
    takes: Duration = ZERO
    """How long a run takes until its values can be read."""

    short_form = {"type": "string", "pattern": PATTERN}

    @classmethod
    def from_short(cls, value: Any) -> Any:
        """Read `refresh: 1h`."""
        return {"every": value} if isinstance(value, str) else value

    @property
    def offset(self) -> int:
        """Start of the first run of a day, microseconds after midnight UTC."""
        hours, minutes = self.at.split(":")
        return (int(hours) * 60 + int(minutes)) * 60_000_000


class Feature(Section):
    """One input of the decision."""

    column: str | None = None
    """A column of the example's row."""
    sql: Expression | None = None
    """An expression over the example's row and other features."""
    source: str | None = None
    """Source whose earlier events are aggregated."""
    over: Literal["group"] | None = None
    """An aggregate over the other rows of the same list."""
    match: Names = ()
    """Two text columns to compare; fitted on training rows."""
    by: Names = ()
    """Key columns, present on the example and in the source; by default the entity. With `match`: `bm25`."""
    where: Expression | None = None
    """Events that count."""
    count: Literal[True] | None = None
    """Number of events."""
    sum: Expression | None = None
    """Sum over the events, 0 where there is none."""
    mean: Expression | None = None
    """Mean over the events."""
    min: Expression | None = None
    """Smallest value."""
    max: Expression | None = None
    """Largest value."""
    std: Expression | None = None
    """Sample standard deviation."""
    distinct: Expression | None = None
    """Number of distinct values."""
    rate: Expression | None = None
    """Share of the events for which a condition holds."""
    latest: Expression | None = None
    """Value of the latest event that has one."""
    first: Expression | None = None
    """Value of the earliest event that has one."""
    since_last: Literal[True] | None = None
    """Days since the latest event."""
    rank: Expression | None = None
    """With `over`: rank within the list, 1 for the smallest."""
    last: Families | None = None
    """Length of the window; a list makes one feature per length; the whole history where absent."""
    gap: Families = ZERO
    """Time between the end of the window and the anchor."""
    anchor: Literal["at", "target"] = "at"
    """What the window trails: the prediction time or a forecast's target."""
    closed: Literal["start", "both"] = "start"
    """`both` admits the example's own row in its window, for published protocols that count it; flagged."""
    refresh: Refresh | None = None
    """How often the feature is computed; by default at every request."""
    as_: Literal["number", "category", "text", "time", "id"] | None = Field(default=None, alias="as")
    """How a model reads it; by default from the form."""
    serve: Literal["request", "batch", "stream"] | None = None
    """Where its value comes from at serving; by default from the form."""
    freshness: Duration | None = None
    """Oldest value that serving may use."""
    default: float | int | str | bool | None = None
    """Value where there is none: a new entity, an empty window."""

    @property
    def aggregate(self) -> str | None:
        """Name of the aggregate, over events or over the list."""
        names = OVER_AGGREGATES if self.over else FEATURE_AGGREGATES
        return next((name for name in names if getattr(self, name) is not None), None)

    @property
    def aggregated(self) -> Expression | None:
        """Expression under the aggregate, where it has one."""
        argument = getattr(self, self.aggregate) if self.aggregate else None
        return argument if isinstance(argument, Expression) else None

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        forms = [form for form in ("column", "sql", "source", "over", "match") if getattr(self, form)]
        if len(forms) != 1:
            raise PydanticCustomError(
                "feature",
                "expected exactly one of column, sql, source, over, match, got {got}. Fix: keep one",
                {"got": " and ".join(forms) or "none"},
            )
        aggregates = [name for name in (*FEATURE_AGGREGATES, "rank") if getattr(self, name) is not None]
        wanted = 1 if self.source or self.over else 0
        if len(aggregates) != wanted or (wanted and self.aggregate is None):
            raise PydanticCustomError(
                "feature",
                "expected {wanted} aggregate beside {form}, got {got}. Fix: keep one, such as count or mean",
                {"wanted": wanted, "form": forms[0], "got": " and ".join(aggregates) or "none"},
            )
        refuse_unused(self, "feature", forms[0], FEATURE_FORMS)
        self._refuse_mismatches()
        lengths = self.last if isinstance(self.last, tuple) else (self.last,)
        if any(length is not None and not length for length in lengths):
            raise PydanticCustomError(
                "duration",
                "expected a window longer than nothing, got last: 0s. Fix: write last: 1d or longer",
            )
        return self

    def _refuse_mismatches(self) -> None:
        if self.match and (len(self.match) != 2 or self.by not in ((), ("bm25",))):
            raise PydanticCustomError(
                "feature",
                "expected match of two columns by bm25, got {n} columns. Fix: write match: [query, title]",
                {"n": len(self.match), "key": "match"},
            )
        if self.refresh and self.anchor == "target":
            raise PydanticCustomError(
                "feature",
                "expected refresh or anchor: target, got both. Fix: remove refresh",
                {"key": "refresh"},
            )
        is_number = self.as_ == "number" or self.match or self.aggregate in _NUMBERS
        if is_number and isinstance(self.default, str):
            raise PydanticCustomError(
                "feature",
                "expected a number as default of a number, got '{text}'. Fix: write default: 0",
                {"text": self.default, "key": "default"},
            )


Features = dict[ColumnName, Feature]
