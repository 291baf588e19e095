"""Labels: what happened after the decision, in one of four forms.

`when` or `value` read the example's own row, `source` aggregates later events, `combine` composes labels,
`columns` makes one label per column. Windows are `(a + gap, a + gap + within]`.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from truenorth.framing.durations import ZERO, Duration
from truenorth.framing.expressions import Expression
from truenorth.framing.forms import LABEL_FORMS, refuse_unused
from truenorth.framing.section import ColumnName, Names, Section

Kind = Literal["binary", "number", "amount", "grade", "class", "tags", "time_to_event"]
Families = Duration | tuple[Duration, ...]
LABEL_AGGREGATES = ("count", "sum", "mean", "min", "max", "std", "distinct", "first", "latest", "absent")
TIME_ANCHORS = ("at", "target", "week_end", "day_end")


class Event(Section):
    """Another event that ends a label's window (`until`) or cancels a label's event (`unless`)."""

    source: str
    """Source of the other event."""
    where: Expression | None = None
    """Events that count."""
    by: Names = ()
    """Key columns; by default those of the label."""
    last: Duration | None = None
    """For `unless`: how long before the label's event the other event cancels it."""


class Judged(Section):
    """Who made a human label, and how far they agree."""

    by: str
    """Who judged."""
    agreement: float | None = Field(default=None, ge=0, le=1)
    """Share of agreement between judges, 0 to 1."""


class ClassFile(Section):
    """Classes listed in a file, one per line, beside the framing."""

    file: str
    """Path relative to the framing."""


class Label(Section):
    """One outcome, measured after the decision."""

    on: str | None = None
    """Example table that the label belongs to; by default the first."""
    when: Expression | None = None
    """A condition on the example's row: a binary label. NULL is `undefined` once mature."""
    value: Expression | None = None
    """A value of the example's row."""
    combine: Expression | None = None
    """An expression over other labels."""
    columns: Names = ()
    """Columns of the example's row, one binary label each."""
    source: str | None = None
    """Source whose events after the decision are the outcome."""
    where: Expression | None = None
    """Events that count."""
    by: Names = ()
    """Key columns, present on the example and in the source; by default the entity."""
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
    first: Expression | None = None
    """Value of the first event; `days` is the time since the anchor, in days."""
    latest: Expression | None = None
    """Value of the last event in the window."""
    absent: Literal[True] | None = None
    """Whether no event happened."""
    within: Families | None = None
    """Length of the window; a list makes one label per length."""
    gap: Families = ZERO
    """Time between the anchor and the start of the window."""
    anchor: str = "at"
    """Where the window starts: at, target, week_end, day_end, or a label (its first event)."""
    closed: Literal["end", "both"] = "end"
    """`both` also admits an event exactly at the window's start, never the example's own row."""
    until: Event | None = None
    """Another event that ends the window, inclusive."""
    unless: Event | None = None
    """Another event shortly before that cancels a label's event."""
    given: Expression | None = None
    """Condition on labels and own-row columns without which the label is undefined."""
    kind: Kind | None = None
    """Kind of value; by default from the form."""
    classes: tuple[str | int | float, ...] | ClassFile | None = None
    """Allowed values of a grade, class or tags label; others are undefined and counted."""
    weight: Expression | None = None
    """Weight of the label's rows in training, at least 0; reads the example's row and labels."""
    maturity: Literal["wait", "ipcw"] = "wait"
    """`wait` leaves immature rows out of training; `ipcw` weighs the determined ones."""
    origin: str | None = None
    """Where the label comes from, for example `expert review`."""
    reliability: float | None = Field(default=None, gt=0, le=1)
    """Share of marks that are right."""
    judged: Judged | None = None
    """Human judgement, with the judges' agreement."""

    @property
    def aggregate(self) -> str | None:
        """Name of the aggregate over events; None where the label is that an event happened."""
        return next((name for name in LABEL_AGGREGATES if getattr(self, name) is not None), None)

    @property
    def aggregated(self) -> Expression | None:
        """Expression under the aggregate, where it has one."""
        argument = getattr(self, self.aggregate) if self.aggregate else None
        return argument if isinstance(argument, Expression) else None

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        forms = [form for form in ("when", "value", "source", "combine", "columns") if getattr(self, form)]
        if len(forms) != 1:
            raise PydanticCustomError(
                "label",
                "expected exactly one of when, value, source, combine, columns, got {got}. Fix: keep one",
                {"got": " and ".join(forms) or "none"},
            )
        aggregates = [name for name in LABEL_AGGREGATES if getattr(self, name) is not None]
        if len(aggregates) > 1 or (aggregates and self.source is None):
            raise PydanticCustomError(
                "label",
                "expected at most one aggregate, beside source, got {got}. Fix: keep one",
                {"got": " and ".join(aggregates)},
            )
        refuse_unused(self, "label", forms[0], LABEL_FORMS)
        _refuse_empty_windows(self.within)
        if self.until and self.until.last is not None:
            raise PydanticCustomError(
                "label",
                "expected last beside unless only, got it beside until. Fix: remove last",
                {"key": ("until", "last")},
            )
        if self.value and self.kind is None:
            raise PydanticCustomError(
                "label", "expected kind beside value. Fix: write kind: number, amount, class, grade or tags"
            )
        return self


def _refuse_empty_windows(within: Families | None) -> None:
    lengths = within if isinstance(within, tuple) else (within,)
    if any(length is not None and not length for length in lengths):
        raise PydanticCustomError(
            "duration",
            "expected a window longer than nothing, got within: 0s. Fix: write within: 1h or longer",
        )


Labels = Annotated[dict[ColumnName, Label], Field(min_length=1)]
