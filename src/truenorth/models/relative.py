"""Amounts as ratios to what the rule says: one model for series whose sizes differ ten-thousandfold.

Quantiles move along with a rising transformation, so the quantiles of `log(1 + y) - log(1 + rule)` give those
of the amount exactly. A mean does not, which is why only quantile losses are learned this way.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from truenorth.engine.arrays import evaluate
from truenorth.engine.vectors import Vectors
from truenorth.framing.expressions import parse_expression
from truenorth.models.contract import FitSettings, Floats, Learner, Model, Rows, TaskSpec
from truenorth.models.rule import numbers_of
from truenorth.models.written import read_json, task_from_dict, task_to_dict, write_json

_INNER = "ratio"


def is_relative(task: TaskSpec) -> bool:
    """Return whether a task is learned as a ratio."""
    return task.scale is not None and task.kind == "amount" and task.loss == "quantile"


@dataclass(frozen=True, eq=False)
class RelativeModel:
    """A model of ratios, and the rule that they are ratios to."""

    task: TaskSpec
    inner: Model
    """Predicts quantiles of the logarithm of the ratio."""

    @property
    def form(self) -> str:
        """Name of the learner that made it."""
        return self.inner.form

    def predict(self, features: Vectors) -> Floats:
        """Return quantiles of the amount, shape (n, levels), at least 0."""
        ratio = self.inner.predict(features)
        return np.maximum(np.expm1(ratio + _log_scale(self.task, features)[:, None]), 0.0)

    def contributions(self, features: Vectors) -> Floats | None:
        """Return each feature's share of the logarithm of the ratio, shape (n, features)."""
        return self.inner.contributions(features)

    def dump(self, folder: Path) -> None:
        """Write the model into an existing empty folder."""
        (folder / _INNER).mkdir()
        self.inner.dump(folder / _INNER)
        write_json(folder / "model.json", {"form": "relative", "task": task_to_dict(self.task)})

    def summary(self) -> dict[str, Any]:
        """Return what a report shows."""
        return {**self.inner.summary(), "ratio_to": self.task.scale}


@dataclass(frozen=True)
class RelativeLearner:
    """A learner that takes ratios where a task asks for them."""

    inner: Learner

    def fit(self, task: TaskSpec, train: Rows, validation: Rows | None, settings: FitSettings) -> Model:
        """Learn from `train`; see `Learner.fit`."""
        if not is_relative(task):
            return self.inner.fit(task, train, validation, settings)
        ratios = replace(task, kind="number", scale=None)
        held = None if validation is None else _ratios(task, validation)
        return RelativeModel(task, self.inner.fit(ratios, _ratios(task, train), held, settings))


def load_relative(folder: Path) -> RelativeModel:
    """Read what `RelativeModel.dump` wrote."""
    from truenorth.models.registry import load_model

    task = task_from_dict(read_json(folder / "model.json")["task"])
    return RelativeModel(task, load_model(folder / _INNER))


def _ratios(task: TaskSpec, rows: Rows) -> Rows:
    return replace(rows, target=np.log1p(np.maximum(rows.target, 0.0)) - _log_scale(task, rows.features))


def _log_scale(task: TaskSpec, features: Vectors) -> Floats:
    """Return the logarithm of one plus what the rule says; 0 where it says nothing."""
    assert task.scale is not None
    said = numbers_of(evaluate(parse_expression(task.scale), features, features.n_rows))
    return np.log1p(np.where(np.isfinite(said), np.maximum(said, 0.0), 0.0))
