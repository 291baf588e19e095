"""Policy: from scores to decisions, in one of six forms.

`actions` takes the action of least expected cost, `threshold` keeps a guarantee, `select` takes the top of
a batch, `rank` orders a list, `quantity` orders a number of things, `bid` pays for a chance.
"""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from truenorth.framing.capacities import Capacity
from truenorth.framing.expressions import Expression
from truenorth.framing.percentages import Share
from truenorth.framing.references import Constraint
from truenorth.framing.section import Section

FORMS = ("actions", "threshold", "select", "rank", "quantity", "bid")
RANK_RULES = ("at_most", "drop", "fresh", "diverse", "pin")


class Threshold(Section):
    """Acts above a threshold that keeps a constraint with confidence."""

    task: str
    """Label that is thresholded."""
    act: str
    """Action above the threshold."""
    keep: Constraint
    """What must hold, for example `false_positive_rate <= 0.5%`."""
    confidence: Share = 0.95
    """How sure it must be."""
    maximise: str | None = None
    """Metric that the free choice maximises, for example `recall`."""


class Select(Section):
    """Takes the best of a batch."""

    top: Capacity
    """How many per which time, ranked at once."""
    by: Expression
    """What they are ranked by."""


class RankRule(Section):
    """One rule of re-ranking; where two conflict, drop goes before at_most, then pin, fresh and diverse."""

    at_most: int | None = Field(default=None, gt=0)
    """At most so many items per value of `per`."""
    per: str | None = None
    """Column that `at_most` counts by."""
    drop: Expression | None = None
    """Items that are never shown."""
    fresh: int | None = Field(default=None, gt=0)
    """At least so many items for which `where` holds."""
    where: Expression | None = None
    """Condition of `fresh`."""
    diverse: str | None = None
    """Column whose values should vary."""
    pin: Expression | None = None
    """Items that come first."""

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        forms = [name for name in RANK_RULES if getattr(self, name) is not None]
        if len(forms) != 1:
            raise PydanticCustomError(
                "policy",
                "expected exactly one of {wanted}, got {got}. Fix: write one rule per entry",
                {"wanted": ", ".join(RANK_RULES), "got": " and ".join(forms) or "none"},
            )
        if (self.at_most is None) != (self.per is None) or (self.where is not None and self.fresh is None):
            raise PydanticCustomError(
                "policy", "expected at_most with per, or fresh with where, got one alone. Fix: write both"
            )
        return self


class Rank(Section):
    """Orders a list."""

    by: Expression
    """What the list is ordered by; `score` is the objective's score."""
    show: int | None = Field(default=None, gt=0)
    """How many are shown."""
    rules: tuple[RankRule, ...] = ()
    """Re-ranking; one rule per entry."""


class Explore(Section):
    """Shows something else now and then, to learn and to be able to judge other policies."""

    share: Share
    """Share of decisions that explore."""
    how: Literal["uniform", "softmax"] = "uniform"
    """How the explored choice is drawn."""
    temperature: float | None = Field(default=None, gt=0)
    """For `softmax`: the divisor of the score."""


class Quantity(Section):
    """Orders the number of things that is cheapest on average (newsvendor)."""

    name: str
    """What the decided quantity is called in metrics, for example `order`."""
    task: str
    """Label whose quantile is ordered."""
    over: float = Field(gt=0)
    """Cost of one too many."""
    under: float = Field(gt=0)
    """Cost of one too few."""

    short_form = {
        "type": "object",
        "required": ["over", "under"],
        "properties": {"over": {"type": "number"}, "under": {"type": "number"}},
        "additionalProperties": {"type": "string"},
        "minProperties": 3,
        "maxProperties": 3,
    }

    @classmethod
    def from_short(cls, value: Any) -> Any:
        """Read `{order: units, over: 1, under: 4}`: the first key names the quantity."""
        if not isinstance(value, dict) or {"name", "task"} & value.keys():
            return value
        named = {key: item for key, item in value.items() if key not in ("over", "under")}
        if len(named) != 1 or not isinstance(next(iter(named.values())), str):
            return value
        ((name, task),) = named.items()
        return {"name": name, "task": task, **{key: item for key, item in value.items() if key != name}}

    @property
    def level(self) -> float:
        """The quantile that is cheapest on average: under / (under + over)."""
        return self.under / (self.under + self.over)


class Bid(Section):
    """Pays for a chance."""

    amount: Expression
    """What is bid; `score` is the objective's score."""
    price: str
    """Column or label with the price that is paid on winning."""
    budget: Capacity | None = None
    """Most money per time."""
    pace: Literal["even", "asap"] = "even"
    """How the budget is spread over its time."""


class Fallback(Section):
    """What is done when the model cannot answer."""

    rule: bool = False
    """Decide by `models.rule`."""
    action: str | None = None
    """Take this action."""
    bid: float | None = None
    """Bid this amount."""

    short_form = {"const": "rule"}

    @classmethod
    def from_short(cls, value: Any) -> Any:
        """Read `fallback: rule`."""
        return {"rule": True} if value == "rule" else value

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if self.rule + (self.action is not None) + (self.bid is not None) != 1:
            raise PydanticCustomError(
                "policy",
                "expected rule, an action or a bid. Fix: write fallback: rule, or fallback: {{action: NAME}}",
            )
        return self


class Policy(Section):
    """How a score becomes a decision."""

    actions: dict[str, Expression] = {}
    """Cost of each action, over tasks and features; the cheapest is taken."""
    each: str | None = None
    """A tags label whose tags are decided one by one; in a cost it stands for the tag."""
    capacity: dict[str, Capacity] = {}
    """How often an action can be taken: `100 per 1d` one by one, `300 per 7d together` ranked at once."""
    threshold: Threshold | None = None
    """A threshold that keeps a guarantee."""
    select: Select | None = None
    """The best of a batch."""
    rank: Rank | None = None
    """An ordered list."""
    explore: Explore | None = None
    """How a part of the decisions explores."""
    quantity: Quantity | None = None
    """A number of things."""
    bid: Bid | None = None
    """A price."""
    fallback: Fallback | None = None
    """What is done when the model cannot answer."""

    @property
    def form(self) -> str | None:
        """Which of the six forms it is; None where only `business.errors` says it."""
        return next((form for form in FORMS if getattr(self, form)), None)

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        forms = [form for form in FORMS if getattr(self, form)]
        if len(forms) > 1:
            raise PydanticCustomError(
                "policy",
                "expected one of {wanted}, got {got}. Fix: keep one",
                {"wanted": ", ".join(FORMS), "got": " and ".join(forms)},
            )
        return self
