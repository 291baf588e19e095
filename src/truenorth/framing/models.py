"""Models: the rule to beat, the candidates, and what is special about a task."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from truenorth.framing.expressions import Expression
from truenorth.framing.percentages import Percentage, Share
from truenorth.framing.section import Section

Direction = Literal["up", "down"]
Loss = Literal[
    "log", "focal", "cross_entropy", "ordinal", "squared", "absolute", "huber", "quantile", "poisson",
    "tweedie", "log_squared", "hazard", "pointwise", "pairwise", "listwise",
]  # fmt: skip


class Keywords(Section):
    """A rule that reads words and answers from a file."""

    keywords: str
    """File with columns word and class, relative to the framing."""


class Rule(Section):
    """One line of a rule list: the first whose condition holds answers."""

    name: str
    """Name, shown as the reason."""
    when: Expression
    """Condition on tasks and features."""
    then: str | float
    """The action or the prediction."""


class External(Section):
    """Scores of a model that was trained elsewhere."""

    external: str
    """Column that holds its logged scores."""


class Calibration(Section):
    """How predictions become probabilities."""

    method: Literal["auto", "none", "platt", "isotonic", "beta", "temperature", "venn_abers"] = "auto"
    """Method; `auto` chooses by the number of rows."""
    to: str | None = None
    """Label to calibrate to where it is not the task itself."""

    short_form = {
        "type": "string",
        "enum": ["auto", "none", "platt", "isotonic", "beta", "temperature", "venn_abers"],
    }

    @classmethod
    def from_short(cls, value: Any) -> Any:
        """Read `calibrate: auto`."""
        return {"method": value} if isinstance(value, str) else value


class Tune(Section):
    """How long to search for settings."""

    trials: int | None = Field(default=None, gt=0)
    """Most settings to try."""
    minutes: float | None = Field(default=None, gt=0)
    """Most minutes to spend."""


class Task(Section):
    """What is special about training one label."""

    loss: Loss | None = None
    """Loss; by default from the label's kind and the decision."""
    weight: float | None = Field(default=None, gt=0)
    """Weight of positives."""
    downsample: Share | None = None
    """Share of the negatives that is kept; predictions are corrected for it."""
    negatives: Literal["skipped_above", "random", "mixed"] | None = None
    """Which rows count as negatives."""
    position: Literal["debias", "feature", "ignore"] | None = None
    """What to do about the position in the list."""
    monotone: dict[str, Direction] = {}
    """Features that may only raise (`up`) or lower (`down`) the prediction."""
    levels: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = ()
    """Levels of a quantile loss."""
    bins: tuple[float, ...] = ()
    """Ends of the bins of a hazard loss, in days."""
    owner: str | None = None
    """Who answers for this task."""


Candidate = Literal["linear", "trees", "multitask", "two_tower"] | External


class Models(Section):
    """What is tried, from the simplest up, and how the winner is chosen."""

    rule: Keywords | Expression | None = None
    """The rule to beat: an expression over features, a number, or a file of keywords."""
    rules: tuple[Rule, ...] = ()
    """A list of rules; the first that holds answers."""
    incumbent: str | None = None
    """Column with what the present system predicted."""
    candidates: tuple[Candidate, ...] = ()
    """Models to try: linear, trees, multitask, two_tower, or external scores."""
    calibrate: Calibration = Calibration()
    """How predictions become probabilities."""
    choose: Literal["best", "one_standard_error"] = "one_standard_error"
    """`one_standard_error` takes the simplest model within one standard error of the best."""
    minimum_gain: Percentage | None = None
    """Gain over the next simpler model below which the simpler one is kept."""
    tune: Tune = Tune()
    """How long to search for settings."""
    downsample: dict[str, Share] = {}
    """Short form: task -> share of its negatives that is kept."""
    monotone: dict[str, Direction] = {}
    """Short form: the same monotone features for every task."""
    tasks: dict[str, Task] = {}
    """What is special about training a label; naming a label here makes it a task."""
