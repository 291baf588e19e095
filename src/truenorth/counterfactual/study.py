"""The arrays of one question: which scores, which outcome, on which decisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truenorth.counterfactual.contract import Per
from truenorth.counterfactual.log import Log, check_shape
from truenorth.counterfactual.maturity import Matured

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Where the numbers come from, as far as arrays cannot tell."""

    trained_on: NDArray[np.bool_] | None = None
    """Decisions that the scores were fitted on, shape (n,)."""
    proxy_window: tuple[float, float] | None = None
    """Start and end of what the proxy counts, from the decision on."""
    kpi_window: tuple[float, float] | None = None
    """The same of the KPI."""
    kpi_name: str = "the KPI"
    """How sentences call it."""
    kpi_unit: str = ""
    """Unit of a change of it; `points` for a share, of which sentences tell hundredths."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Study:
    """Decisions, candidate scores, and the outcome that they are meant to serve.

    Examples:
        >>> log = Log(chosen=np.array([0, 1]), propensity=np.full((2, 2), 0.5))
        >>> Study(log=log, scores={"click": np.zeros((2, 2))}, kpi=np.array([0.0, 1.0]))
        Study(2 decisions, scores click, KPI per decision)
    """

    log: Log
    scores: Mapping[str, Floats]
    """Predicted proxies of every candidate, made before the decision, by name; each of shape (n, k)."""
    kpi: Floats | Matured
    """Of the candidate that was taken, shape (n,), up is good; with `per='unit'` the unit's own, repeated."""
    per: Per = "decision"
    """Whether each decision has a KPI of its own, or all decisions of a unit share one."""
    realised: Mapping[str, Floats] = field(default_factory=dict)
    """Realised proxies of the candidates that were taken, by the name of their score; each of shape (n,)."""
    features: Floats | None = None
    """What is known of each candidate beforehand, for the outcome model, shape (n, k, f); the scores by
    default."""
    logger_features: Floats | None = None
    """What the logger may have looked at, shape (n, k, f): estimates probabilities that were not logged."""
    feature_groups: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """Columns of `features` to leave out together, as a yardstick for causes that were not seen."""
    before: Floats | None = None
    """What is known of the unit before its decisions, with `per='unit'`, shape (n, f)."""
    groups: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    """Item, creator or other groups of the candidates, each of shape (n, k): who gains exposure."""
    segments: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    """Segments of contexts, each of shape (n,): who gains the KPI."""
    provenance: Provenance = field(default_factory=Provenance)

    def __post_init__(self) -> None:
        n, k = self.log.mask.shape
        scores = _floats("scores", self.scores, (n, k))
        if (
            not self.log.mask.all()
        ):  # what stands beside the candidates may be anything, and must not enter a sum
            scores = {name: np.where(self.log.mask, one, 0.0) for name, one in scores.items()}
        object.__setattr__(self, "scores", scores)
        object.__setattr__(self, "realised", _floats("realised", self.realised, (n,)))
        if not isinstance(self.kpi, Matured):
            object.__setattr__(self, "kpi", np.asarray(self.kpi, dtype=np.float64))
        check_shape("kpi", self.outcome, (n,))
        for name in ("features", "logger_features"):
            values = getattr(self, name)
            if values is not None:
                check_shape(name, values, (n, k, values.shape[-1]))
        if self.before is not None:
            check_shape("before", self.before, (n, self.before.shape[-1]))
        for name, values in self.groups.items():
            check_shape(f"groups.{name}", np.asarray(values), (n, k))
        for name, values in self.segments.items():
            check_shape(f"segments.{name}", np.asarray(values), (n,))

    @property
    def outcome(self) -> Floats:
        """The KPI as an array, immature decisions made up for."""
        return self.kpi.outcome if isinstance(self.kpi, Matured) else self.kpi

    @property
    def candidate_features(self) -> Floats:
        """Features of the outcome model: those given, or the scores."""
        return self.features if self.features is not None else np.stack(list(self.scores.values()), axis=2)

    def take(self, keep: NDArray[Any]) -> Study:
        """Return the decisions of a mask or an index; a matured KPI becomes its outcome."""

        def cut(values: NDArray[Any] | None) -> Any:
            return None if values is None else np.asarray(values)[keep]

        def cut_each(values: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
            return {name: np.asarray(one)[keep] for name, one in values.items()}

        return replace(
            self, log=self.log.take(keep), scores=cut_each(self.scores), kpi=self.outcome[keep],
            realised=cut_each(self.realised), features=cut(self.features),
            logger_features=cut(self.logger_features), before=cut(self.before),
            groups=cut_each(self.groups), segments=cut_each(self.segments),
            provenance=replace(self.provenance, trained_on=cut(self.provenance.trained_on)),
        )  # fmt: skip

    def __repr__(self) -> str:
        return f"Study({self.log.n:,} decisions, scores {', '.join(self.scores)}, KPI per {self.per})"


def _floats(where: str, values: Mapping[str, NDArray[Any]], shape: tuple[int, ...]) -> dict[str, Floats]:
    held = {name: np.asarray(one, dtype=np.float64) for name, one in values.items()}
    for name, one in held.items():
        check_shape(f"{where}.{name}", one, shape)
    return held
