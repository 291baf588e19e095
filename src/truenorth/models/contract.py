"""What a model is: arrays in, arrays out.

A `TaskSpec` says what one label asks for, `Rows` hold what is learned from, a `Learner` turns both into a
`Model`, and a model predicts. Every model writes itself into a folder of text, JSON and safetensors files,
and is read back from them without unpickling anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from truenorth.engine.vectors import Vectors

Floats = NDArray[np.float64]
FeatureRole = Literal["number", "category", "text"]
TaskKind = Literal["binary", "number", "amount", "grade", "class", "time_to_event"]
LossName = Literal[
    "log", "focal", "cross_entropy", "ordinal", "squared", "absolute", "huber", "quantile", "poisson",
    "tweedie", "log_squared", "hazard", "pointwise", "pairwise", "listwise",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class TaskSpec:
    """What one label asks of a model."""

    name: str
    """The label; one member of a tags family is a task of its own, `tag_red`."""
    kind: TaskKind
    loss: LossName
    roles: Mapping[str, FeatureRole] = field(default_factory=dict)
    """Features to learn from and how each is treated, in the framing's order."""
    classes: tuple[str, ...] = ()
    """For `class` and `grade`: the values that the target's codes stand for."""
    levels: tuple[float, ...] = ()
    """For a quantile loss: the levels, ascending, each in (0, 1)."""
    bins: tuple[float, ...] = ()
    """For a hazard loss: ends of the bins, days, ascending."""
    positive_weight: float = 1.0
    """Weight of positives beside 1 for negatives."""
    keep_negatives: float = 1.0
    """Share of the training negatives that is kept; predictions are corrected for it."""
    negatives: Literal["skipped_above", "random", "mixed"] | None = None
    """Which rows of a list count as negatives; None keeps all."""
    position: Literal["debias", "feature", "ignore"] = "ignore"
    is_propensity_weighted: bool = False
    """Whether rows are weighed by their inverse propensity, clipped."""
    monotone: Mapping[str, Literal["up", "down"]] = field(default_factory=dict)
    scale: str | None = None
    """Expression over features that an amount's quantiles are learned as a ratio to."""

    @property
    def width(self) -> int:
        """Columns of a prediction: classes, levels or bins; 0 where a prediction is one number per row."""
        if self.kind == "class":
            return len(self.classes)
        return len(self.levels) if self.loss == "quantile" else len(self.bins) if self.loss == "hazard" else 0


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Rows whose label is observed."""

    features: Vectors
    target: Floats
    """Shape (n,): 0/1, a number, a code into `TaskSpec.classes`, or days until the event or censoring."""
    weight: Floats
    """Shape (n,), > 0."""
    event: NDArray[np.bool_] | None = None
    """For time_to_event: whether the event happened; False is censored then."""
    group: NDArray[np.int64] | None = None
    """List that a row belongs to, any integers, rows in any order."""
    position: Floats | None = None
    """Place in the list, 1 is the top; NaN where unknown."""
    unit: NDArray[np.int64] | None = None
    """Cluster of a row."""

    def __len__(self) -> int:
        return len(self.target)

    def take(self, rows: NDArray[Any]) -> Rows:
        """Return the rows of a mask or an index."""

        def cut(values: Any) -> Any:
            return None if values is None else values[rows]

        return replace(
            self, features=self.features.take(rows), target=self.target[rows], weight=self.weight[rows],
            event=cut(self.event), group=cut(self.group), position=cut(self.position), unit=cut(self.unit),
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class FitSettings:
    """How much work a fit may be."""

    seed: int = 0
    threads: int = 2
    trials: int = 0
    """Settings to try beyond the defaults; 0 does not tune."""
    seconds: float | None = None
    """Wall time for tuning and fitting together; what is best when it ends is kept."""


class Model(Protocol):
    """A fitted model of one task."""

    @property
    def form(self) -> str:
        """Name of the learner that made it: rule, linear, trees, ..."""
        ...

    @property
    def task(self) -> TaskSpec:
        """What it was fitted for."""
        ...

    def predict(self, features: Vectors) -> Floats:
        """Return predictions in the order of the rows; no row changes another's.

        binary: probability, (n,). number, amount: expected value, (n,). grade: expected grade, (n,).
        class: probabilities, (n, classes). quantile: values, (n, levels), not crossing. hazard: probability
        that the event has happened by the end of each bin, (n, bins), not falling. pairwise, listwise: any
        score, (n,).
        Unknown categories and missing values are allowed everywhere; infinity is treated as missing.
        """
        ...

    def contributions(self, features: Vectors) -> Floats | None:
        """Return each feature's share of the raw score, (n, features); None if it has none."""
        ...

    def dump(self, folder: Path) -> None:
        """Write the model into an existing empty folder; `model.json` names its form and its files."""
        ...

    def summary(self) -> dict[str, Any]:
        """Return what a report shows, as JSON values: settings, rounds, the largest coefficients or gains."""
        ...


class Learner(Protocol):
    """A way to make a model."""

    def fit(self, task: TaskSpec, train: Rows, validation: Rows | None, settings: FitSettings) -> Model:
        """Learn from `train`; `validation` is for early stopping and tuning only, never for fitting.

        Raises:
            DataError: If the rows cannot be learned from: none, one class, a target that is not finite.
        """
        ...
