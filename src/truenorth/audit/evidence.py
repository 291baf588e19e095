"""What data rules read: the built examples, read once, with what the build counted on the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truenorth.audit.measured.strength import separation
from truenorth.engine.vectors import Vector
from truenorth.errors import Finding
from truenorth.examples.dataset import Dataset

Mask = NDArray[np.bool_]
SAMPLE = 50_000
"""Most rows that rules which fit something look at."""


@dataclass(frozen=True, eq=False)
class DataEvidence:
    """The examples of a framing, and the counts of their build."""

    dataset: Dataset
    """Every example that belongs to a part of the split, sorted by time."""
    build: Mapping[str, Any]
    """`profile.json` of the build: as_of, sources (their reports), attrition, tables, findings."""
    found: tuple[Finding, ...] = ()
    """What the build found."""
    heads: Mapping[str, Mapping[str, Sequence[Any]]] = field(default_factory=dict)
    """The first rows of each source, by source and column, for rules on columns that no example holds."""

    @cached_property
    def profile(self) -> Mapping[str, Any]:
        """Profile of the table that is decided on: rows, parts, labels, features, decisions."""
        return dict(next(iter(self.build["tables"].values())))

    @property
    def labels(self) -> Mapping[str, Mapping[str, Any]]:
        """Per label: observed, immature, undefined, positives, mean, days_to_event, days_until_known."""
        return dict(self.profile["labels"])

    @property
    def features(self) -> Mapping[str, Mapping[str, Any]]:
        """Per feature: missing share, distinct values, min, max and mean of a number."""
        return dict(self.profile["features"])

    @property
    def sources(self) -> Mapping[str, Mapping[str, Any]]:
        """Report of each source: n_read, removed, lag_seconds, n_late, first, last, covers."""
        return dict(self.build.get("sources", {}))

    @cached_property
    def train(self) -> Mask:
        """The training rows, shape (n,)."""
        return self.dataset.is_in("train")

    @cached_property
    def test(self) -> Mask:
        """The test rows, shape (n,)."""
        return self.dataset.is_in("test")

    @cached_property
    def feature_names(self) -> tuple[str, ...]:
        """Features that stand in the table as columns."""
        return tuple(name for name in self.dataset.framing.features if name in self.dataset.columns)

    @cached_property
    def at(self) -> NDArray[np.int64]:
        """Prediction time of each row, microseconds UTC; empty where the examples are undated."""
        column = self.dataset.columns.columns.get("at")
        if column is None or column.is_null.all():
            return np.empty(0, dtype=np.int64)
        return np.asarray(column.values, dtype=np.int64)

    @cached_property
    def day(self) -> NDArray[np.int64]:
        """Days since 1970-01-01 of each row, UTC."""
        return np.asarray(self.at // 86_400_000_000)

    def column(self, name: str) -> Vector | None:
        """Return a column of the table, None where it has none of this name."""
        return self.dataset.columns.columns.get(name)

    def target(self, label: str, rows: Mask | None = None) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return rows whose label is observed, at most `SAMPLE`, and whether it is high there, 0 or 1.

        A number counts as high above its median, a class where it is the most frequent one. Rows are taken
        evenly over time.
        """
        outcomes = self.dataset.labels[label]
        is_used = outcomes.is_observed & ~outcomes.values.is_null
        if rows is not None:
            is_used &= rows
        index = np.flatnonzero(is_used)
        index = index[:: max(1, -(-len(index) // SAMPLE))]
        values = np.asarray(outcomes.values.values[index], dtype=np.float64)
        if outcomes.values.role == "text" or outcomes.kind == "class":
            top = np.unique(values, return_counts=True) if len(values) else ([0.0], [0])
            return index, (values == top[0][int(np.argmax(top[1]))]).astype(np.float64)
        if outcomes.kind in ("binary",) or not len(values):
            return index, (values > 0).astype(np.float64)
        return index, (values > np.median(values)).astype(np.float64)

    @cached_property
    def strengths(self) -> Mapping[str, Mapping[str, float]]:
        """Per task and feature: how well the feature alone separates the label, ROC area from .5 to 1.

        Measured out of fold on training rows, so that a feature with many values is not flattered.
        """
        made: dict[str, dict[str, float]] = {}
        for task in self.dataset.labels:
            index, target = self.target(task, self.train if self.train.any() else None)
            made[task] = {
                name: separation(self.dataset.columns[name].take(index), target)
                for name in self.feature_names
            }
        return made


def with_rows(data: DataEvidence | None) -> DataEvidence | None:
    """Return the examples where there are any rows of them, None where there are none."""
    return data if data is not None and data.dataset.n_rows else None
