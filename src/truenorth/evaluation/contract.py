"""What an evaluation reads and what it says.

`Judged` holds decisions beside what happened. Every number that comes out is a `Figure`: the value, its
interval, how many rows and clusters stand behind it, and how much of it had matured.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from truenorth.decision.contract import Batch, Decisions
from truenorth.examples.dataset import Dataset
from truenorth.framing.references import Constraint

Floats = NDArray[np.float64]
Status = Literal["met", "violated", "undecided", "not assessed", "error"]
Gate = Literal["pass", "pass with waivers", "blocked", "not assessed"]


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One measured number with its evidence."""

    metric: str
    """The reference as the framing writes it."""
    value: float | None
    """None where it was not assessed."""
    low: float | None = None
    """Lower end of the interval."""
    high: float | None = None
    """Upper end of the interval."""
    standard_error: float | None = None
    """Of the value, clustered by unit."""
    n: int = 0
    """Rows (lists, for a metric of lists) that it rests on."""
    n_units: int = 0
    """Clusters that the interval rests on."""
    matured: float | None = None
    """Share of the rows asked for whose labels were observed, 0 to 1."""
    level: float = 0.95
    """Confidence of the interval."""
    method: str = ""
    """How the interval was made."""
    note: str = ""
    """Why it was not assessed, or what limits it."""

    def to_dict(self) -> dict[str, Any]:
        """Return the figure as plain JSON values."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a declared constraint."""

    constraint: Constraint
    figure: Figure
    status: Status
    bound: float | None
    """The bound as a number."""
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the outcome as plain JSON values."""
        return {
            "constraint": str(self.constraint), "figure": self.figure.to_dict(), "status": self.status,
            "bound": self.bound, "note": self.note,
        }  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Judged:
    """Decisions beside what happened."""

    dataset: Dataset
    """Rows with labels, states, context, features."""
    batch: Batch
    """The same rows with predictions."""
    decisions: Decisions
    latency_ms: Mapping[str, float] | None = None
    """Measured time of one decision by quantile: p50, p90, p95, p99."""
    scale: Floats | None = None
    """The seasonal naive forecast's error on training rows of each row's series (MASE, MSIS), shape (n,)."""
    popularity: Floats | None = None
    """Share of the training rows that each row's item had (novelty of lists), shape (n,)."""
    released: Mapping[str, Figure] | None = None
    """Figures of the released run by metric, for `* released`."""

    def take(self, rows: NDArray[Any]) -> Judged:
        """Return the rows of a mask or an index."""
        return replace(
            self, dataset=self.dataset.take(rows), batch=self.batch.take(rows),
            decisions=self.decisions.take(rows), scale=None if self.scale is None else self.scale[rows],
            popularity=None if self.popularity is None else self.popularity[rows],
        )  # fmt: skip
