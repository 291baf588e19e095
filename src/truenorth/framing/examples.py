"""Examples: one row per thing that could be decided."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self

from pydantic import AliasChoices, BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from truenorth.framing.durations import Duration
from truenorth.framing.expressions import Expression
from truenorth.framing.forms import TABLE_FORMS, refuse_unused
from truenorth.framing.periods import Moment
from truenorth.framing.section import Names, Section


class Active(Section):
    """Who is on a calendar's rows: entities with an event that was known before the row's time."""

    source: str
    """Source whose events make an entity active."""
    last: Duration | None = Field(default=None, validation_alias=AliasChoices("last", "within"))
    """How far back the event may lie; the whole history where absent."""
    where: Expression | None = None
    """Events that count."""


class Ahead(Section):
    """Steps ahead of a forecast: step 1 to `steps`, target = at + (step - 1) * length."""

    steps: int = Field(gt=0)
    """Number of steps."""
    length: Duration
    """Length of one step."""

    short_form = {"type": "string", "pattern": r"^\s*\d+\s*x\s*\d+\w+\s*$"}

    @classmethod
    def from_short(cls, value: Any) -> Any:
        """Read `48 x 1h`."""
        match = re.fullmatch(r"\s*(\d+)\s*x\s*(\d+\w+)\s*", value) if isinstance(value, str) else None
        return {"steps": int(match[1]), "length": match[2]} if match else value


class Softmax(Section):
    """A logged score that was turned into probabilities within each decision."""

    softmax: Expression
    """The logged score."""
    temperature: float = Field(default=1.0, gt=0)
    """Divisor of the score."""


class ExampleTable(Section):
    """One table of examples: rows of a log, or a calendar of active entities."""

    source: str | None = None
    """Source whose rows are the examples; absent for a calendar."""
    every: Duration | None = None
    """Spacing of a calendar on the UTC grid that starts at `from`."""
    entity: Names
    """Columns that say whom the decision is about; `row` where the table has no key."""
    at: Literal["time", "none"] = "time"
    """Prediction time: the row's event time, or `none` for undated examples."""
    where: Expression | None = None
    """Rows to keep, by what is known at the prediction time."""
    active: Active | None = None
    """Membership of a calendar."""
    from_: Moment | None = Field(default=None, alias="from")
    """First time of a calendar."""
    ahead: Ahead | None = None
    """Steps ahead; adds the columns `step` and `target`."""
    unit: str | None = None
    """Column that clusters intervals, the KPI and the experiment; by default the first entity."""
    group: Names = ()
    """Columns that identify a list shown together."""
    decision: Names = ()
    """Columns that identify one choice among candidates; by default the group."""
    shown: Expression | None = None
    """Whether the candidate was shown; where not, its labels are undefined."""
    position: Expression | None = None
    """Position in the list."""
    propensity: Expression | Softmax | None = None
    """Logged probability of what was done; sums to one within a decision."""
    explored: Expression | None = None
    """Whether the row was chosen at random."""
    sampled: Expression | None = None
    """Chance that the log kept the row, in (0, 1]; rows weigh its inverse."""
    action: Expression | None = None
    """What was done."""
    context: Names = ()
    """Columns kept for slices, caps and fairness; never features."""

    @model_validator(mode="after")
    def _rows_or_calendar(self) -> Self:
        if not self.entity:
            raise PydanticCustomError(
                "examples",
                "expected at least one entity column, got none. Fix: write entity: COLUMN",
                {"key": "entity"},
            )
        if (self.source is None) == (self.every is None):
            raise PydanticCustomError(
                "examples",
                "expected either a source (its rows) or every (a calendar). Fix: write one of the two",
            )
        refuse_unused(self, "examples", "source" if self.source else "every", TABLE_FORMS)
        if isinstance(self.propensity, Softmax) and not (self.decision or self.group):
            raise PydanticCustomError(
                "examples",
                "expected decision or group beside a softmax, got neither. Fix: write decision: COLUMN",
                {"key": "propensity"},
            )
        if self.every is not None and (self.from_ is None or not self.every):
            raise PydanticCustomError(
                "examples", "expected a calendar with a positive spacing and from. Fix: write from: DATE"
            )
        return self


def _tables(value: Any) -> Any:
    """Write a single table as a map of one, named `examples`."""
    if isinstance(value, dict) and ("entity" in value or "source" in value or "every" in value):
        return {"examples": value}
    return value


Examples = Annotated[
    dict[str, ExampleTable],
    BeforeValidator(_tables, json_schema_input_type=ExampleTable | dict[str, ExampleTable]),
    Field(min_length=1),
]
