"""What anyone would predict without a model: how often, how much, how popular, at this hour of the week.

Every such baseline is a table: means by group, pulled towards the mean of all rows by as many rows as a group
has to have before it is believed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truenorth.engine.vectors import Vector, Vectors
from truenorth.framing.framing import Framing
from truenorth.models.contract import Floats, Rows, TaskSpec
from truenorth.models.design import coded
from truenorth.models.linear_fits import weighted_quantile
from truenorth.models.linear_losses import exposure
from truenorth.models.trees_heads import grade_values
from truenorth.models.written import (
    read_arrays,
    read_json,
    task_from_dict,
    task_to_dict,
    write_arrays,
    write_json,
)

PULL = 10.0
"""Rows of the overall mean that are added to every group."""
HOUR_OF_WEEK = "hour of week"
HOUR = 3_600_000_000
BETWEEN = "\x1f"


@dataclass(frozen=True, eq=False)
class BaselineModel:
    """Smoothed means by group."""

    task: TaskSpec
    name: str
    keys: tuple[str, ...]
    """Columns that make the groups; `hour of week` is that of the target, else of the prediction time."""
    groups: tuple[str, ...]
    """Values of the keys."""
    values: Floats
    """Prediction of each group, then that of all other rows, shape (groups + 1, columns of a prediction)."""

    form = "baseline"

    @property
    def text(self) -> str:
        """The baseline in words."""
        return self.name

    def predict(self, features: Vectors) -> Floats:
        """Return predictions as `Model.predict` promises."""
        place = np.full(features.n_rows, len(self.groups), dtype=np.int64)
        if self.keys:
            texts, codes = group_codes(features, self.keys)
            known = {group: i for i, group in enumerate(self.groups)}
            place = np.asarray([*(known.get(text, len(self.groups)) for text in texts), len(self.groups)])[
                codes
            ]
        predicted = self.values[place]
        return predicted if self.task.width else predicted[:, 0]

    def contributions(self, features: Vectors) -> None:
        """Return None: a table has no shares."""
        return None

    def dump(self, folder: Path) -> None:
        """Write `model.json` and `values.safetensors`."""
        write_arrays(folder / "values.safetensors", {"values": self.values})
        about = {
            "form": self.form, "task": task_to_dict(self.task), "name": self.name, "keys": list(self.keys),
            "groups": list(self.groups), "files": ["values.safetensors"],
        }  # fmt: skip
        write_json(folder / "model.json", about)

    def summary(self) -> dict[str, Any]:
        """Return what is tabulated and the value of all rows together."""
        overall = self.values[-1].tolist()
        return {
            "form": self.form, "name": self.name, "keys": list(self.keys), "groups": len(self.groups),
            "overall": overall if self.task.width else overall[0],
        }  # fmt: skip


def load_baseline(folder: Path) -> BaselineModel:
    """Read what `BaselineModel.dump` wrote."""
    about = read_json(folder / "model.json")
    values = read_arrays(folder / "values.safetensors")["values"]
    task = task_from_dict(about["task"])
    return BaselineModel(task, about["name"], tuple(about["keys"]), tuple(about["groups"]), values)


def make_baseline(spec: TaskSpec, rows: Rows, framing: Framing) -> BaselineModel:
    """Return the obvious table of a task.

    Lists: how popular the item is (the last entity). Forecasts: the series at this hour of the week.
        Numbers: the
    mean of the first entity. Everything else: the prior.

    Args:
        spec: The task.
        rows: Training rows with every column of the examples table.
        framing: Says what the rows are.
    """
    table = framing.table
    if spec.kind in ("class", "time_to_event"):
        return fit_table(spec, rows, (), name=f"prior of {spec.name}")
    if table.ahead is not None:
        return fit_table(
            spec, rows, (table.entity[0], HOUR_OF_WEEK), name=f"{spec.name} at this hour of the week"
        )
    if table.group:
        return fit_table(spec, rows, (table.entity[-1],), name=f"popularity of {table.entity[-1]}")
    if spec.kind in ("number", "amount", "grade") and table.entity[0] != "row":  # a row is met once
        return fit_table(spec, rows, (table.entity[0],), name=f"mean {spec.name} by {table.entity[0]}")
    return fit_table(spec, rows, (), name=f"prior of {spec.name}")


def fit_table(spec: TaskSpec, rows: Rows, keys: tuple[str, ...], *, name: str) -> BaselineModel:
    """Return means (shares, quantiles) by group, pulled towards those of all rows by ten rows.

    Args:
        spec: The task.
        rows: Labelled rows with the key columns.
        keys: Columns that make the groups; none for one group.
        name: What the table is called.
    """
    overall = np.atleast_1d(_statistic(spec, rows))
    if not keys:
        return BaselineModel(spec, name, (), (), overall[None, :])
    texts, codes = group_codes(rows.features, keys)
    known = codes >= 0
    heavy = np.bincount(codes[known], rows.weight[known], len(texts))
    if spec.loss == "quantile":
        means = _quantiles_by_group(spec, rows, codes, len(texts))
    else:
        worth = target_values(spec, rows.target)
        summed = np.bincount(codes[known], (rows.weight * worth)[known], len(texts))
        means = (summed / np.where(heavy > 0, heavy, 1.0))[:, None]
    pulled = (heavy[:, None] * means + PULL * overall) / (heavy[:, None] + PULL)
    order = (
        np.argsort(np.asarray(texts, dtype=object), kind="stable") if texts else np.empty(0, dtype=np.int64)
    )
    groups = tuple(texts[i] for i in order)
    return BaselineModel(spec, name, keys, groups, np.vstack([pulled[order], overall]))


def target_values(spec: TaskSpec, target: Floats) -> Floats:
    """Return targets as numbers: what a grade is worth in the place of its code."""
    if spec.kind == "grade" and spec.classes:
        return np.asarray(np.asarray(grade_values(spec))[target.astype(np.int64)])
    return target


def _statistic(spec: TaskSpec, rows: Rows) -> Any:
    """Return what is predicted where nothing but the task is known."""
    if spec.kind == "class":
        counts = np.bincount(rows.target.astype(np.int64), rows.weight, len(spec.classes))
        return counts / counts.sum()
    if spec.loss == "quantile":
        return np.array([weighted_quantile(rows.target, level, rows.weight) for level in spec.levels])
    if spec.loss == "hazard":
        at_risk, happened = exposure(rows.target, rows.event, spec.bins)
        seen = (at_risk * rows.weight[:, None]).sum(axis=0)
        rate = (happened * rows.weight[:, None]).sum(axis=0) / np.where(seen > 0, seen, 1.0)
        return 1.0 - np.cumprod(1.0 - rate)
    return float(np.average(target_values(spec, rows.target), weights=rows.weight))


def _quantiles_by_group(spec: TaskSpec, rows: Rows, codes: NDArray[np.int64], n_groups: int) -> Floats:
    found = np.zeros((n_groups, len(spec.levels)))
    order = np.argsort(codes, kind="stable")
    bounds = np.searchsorted(codes[order], np.arange(n_groups + 1))
    for group in range(n_groups):
        inside = order[bounds[group] : bounds[group + 1]]
        if len(inside):
            target, weight = rows.target[inside], rows.weight[inside]
            found[group] = [weighted_quantile(target, level, weight) for level in spec.levels]
    return found


def group_codes(features: Vectors, keys: tuple[str, ...]) -> tuple[list[str], NDArray[np.int64]]:
    """Return the groups that some columns make, as texts and codes into them, -1 where a column is NULL."""
    texts, codes = coded(_key(features, keys[0]))
    for name in keys[1:]:
        more, other = coded(_key(features, name))
        joint = np.where((codes >= 0) & (other >= 0), codes * max(len(more), 1) + other, -1)
        found, place = np.unique(joint[joint >= 0], return_inverse=True)
        codes = np.full(len(joint), -1, dtype=np.int64)
        codes[joint >= 0] = place
        texts = [texts[pair // len(more)] + BETWEEN + more[pair % len(more)] for pair in found.tolist()]
    return texts, codes


def _key(features: Vectors, name: str) -> Vector:
    if name != HOUR_OF_WEEK:
        return features[name]
    at = features["target"] if "target" in features else features["at"]
    hours = np.where(at.is_null, np.nan, (at.values // HOUR) % 168)
    return Vector.numbers(hours)
