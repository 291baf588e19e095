"""A fitted set of boosters: predictions, contributions, and the folder it is written to and read from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np

from truenorth.engine.vectors import Vectors
from truenorth.errors import DataError, Finding
from truenorth.models.contract import Floats, TaskSpec
from truenorth.models.encoding import Encoder
from truenorth.models.trees_heads import Head, combine
from truenorth.models.written import task_from_dict, task_to_dict

FEW_ROWS = 512
"""Rows up to which waking a second thread costs more than it saves."""
GAINS_SHOWN = 20


@dataclass(frozen=True, eq=False)
class TreesModel:
    """Boosted trees of one task."""

    task: TaskSpec
    encoder: Encoder
    head: Head
    texts: tuple[tuple[str, ...], ...]
    """Boosters in LightGBM's own text, bag by bag."""
    notes: Mapping[str, Any] = field(default_factory=dict)
    """Settings, rounds, what tuning tried: JSON values."""
    threads: int = 2

    @property
    def form(self) -> str:
        """Name of the learner."""
        return "trees"

    @cached_property
    def boosters(self) -> list[list[lgb.Booster]]:
        """Boosters, bag by bag."""
        return [[lgb.Booster(model_str=text) for text in bag] for bag in self.texts]

    def predict(self, features: Vectors) -> Floats:
        """Return predictions in the order of the rows, shaped as `Model.predict` says."""
        if features.n_rows == 0:
            return np.empty((0, self.task.width) if self.task.width else 0)
        return combine(self.head, self.raw(self.encoder.matrix(features)))

    def raw(self, matrix: Floats) -> list[Floats]:
        """Return the raw scores of each booster, averaged over the bags."""
        wide = self.widen(matrix)
        threads = 1 if len(wide) <= FEW_ROWS else self.threads
        return [
            np.asarray(sum(np.asarray(b.predict(wide, raw_score=True, num_threads=threads)) for b in same))
            / len(self.boosters)
            for same in zip(*self.boosters, strict=True)
        ]

    def widen(self, matrix: Floats) -> Floats:
        """Return the matrix with the columns that are no features: the bin of a hazard, the top position."""
        if self.head.kind == "hazard":
            at = np.tile(np.arange(self.head.bins, dtype=np.float64), len(matrix))
            return np.column_stack([np.repeat(matrix, self.head.bins, axis=0), at])
        if self.head.position_column:
            return np.column_stack([matrix, np.ones(len(matrix))])
        return matrix if matrix.shape[1] else np.zeros((len(matrix), 1))

    def contributions(self, features: Vectors) -> Floats | None:
        """Return each feature's share of the raw score (Shapley values of the trees), shape (n, features).

        Several boosters or classes make one number each way: a class answers for the class predicted for
        the row, a quantile for the level nearest the middle, a grade for the sum over its thresholds, a
        hazard for the mean over its bins. A text's words are added up. Features that are no input count
        0.

        References:
            Lundberg et al. (2020). From local explanations to global understanding with explainable AI
            for trees. Nature Machine Intelligence.
        """
        n, matrix = features.n_rows, self.encoder.matrix(features)
        out = np.zeros((n, len(self.encoder.features)))
        if n == 0 or self.encoder.width == 0:
            return out
        shares = self._shares(matrix)[:, : self.encoder.width]
        for column, owner in enumerate(self.encoder.owners):
            out[:, owner] += shares[:, column]
        return out

    def _shares(self, matrix: Floats) -> Floats:
        wide = self.widen(matrix)
        each = [
            np.mean([np.asarray(b.predict(wide, pred_contrib=True)) for b in same], axis=0)
            for same in zip(*self.boosters, strict=True)
        ]
        if self.head.kind == "class":
            chosen = np.argmax(self.raw(matrix)[0], axis=1)
            per_class = each[0].reshape(len(matrix), len(self.task.classes), -1)
            return np.asarray(per_class[np.arange(len(matrix)), chosen])
        if self.head.kind == "quantile":
            return np.asarray(each[int(np.argmin(np.abs(np.asarray(self.task.levels) - 0.5)))])
        if self.head.kind == "hazard":
            return np.asarray(each[0].reshape(len(matrix), self.head.bins, -1).mean(axis=1))
        return np.asarray(np.sum(each, axis=0))

    def summary(self) -> dict[str, Any]:
        """Return settings, rounds and the share of the loss that each feature removed."""
        return {
            "form": self.form,
            "task": self.task.name,
            "loss": self.task.loss,
            **self.notes,
            "gains": self._gains(),
        }

    def _gains(self) -> dict[str, float]:
        gains = np.zeros(len(self.encoder.features))
        for booster in (one for bag in self.boosters for one in bag):
            columns = booster.feature_importance(importance_type="gain")[: self.encoder.width]
            np.add.at(gains, self.encoder.owners, columns)
        total = gains.sum() or 1.0
        order = np.argsort(-gains, kind="stable")[:GAINS_SHOWN]
        return {self.encoder.features[k].name: round(float(gains[k] / total), 6) for k in order}

    def dump(self, folder: Path) -> None:
        """Write `model.json` and one text file per booster."""
        files = []
        for b, bag in enumerate(self.texts):
            files.append([f"trees_{b}_{k}.txt" for k in range(len(bag))])
            for name, text in zip(files[-1], bag, strict=True):
                (folder / name).write_text(text, encoding="utf-8", newline="\n")
        stored = {
            "form": self.form, "files": [name for bag in files for name in bag], "bags": files,
            "task": task_to_dict(self.task), "encoder": self.encoder.to_dict(), "head": self.head.to_dict(),
            "notes": dict(self.notes), "threads": self.threads,
        }  # fmt: skip
        text = json.dumps(stored, indent=1, allow_nan=False, ensure_ascii=False)
        (folder / "model.json").write_text(text + "\n", encoding="utf-8")


def load_trees(folder: Path) -> TreesModel:
    """Read a model that `TreesModel.dump` wrote; its predictions are the same to the bit.

    Raises:
        DataError: If the folder holds no such model.
    """
    try:
        stored = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        texts = tuple(
            tuple((folder / Path(name).name).read_text(encoding="utf-8") for name in bag)
            for bag in stored["bags"]
        )
        return TreesModel(
            task_from_dict(stored["task"]), Encoder.from_dict(stored["encoder"]),
            Head.from_dict(stored["head"]), texts, stored["notes"], stored["threads"],
        )  # fmt: skip
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise DataError(
            Finding(
                code="MODEL026", where=str(folder),
                evidence=f"expected a model of trees that was written here, got {error!r}.",
                fix="load the folder that the run wrote, unchanged.",
            )
        ) from error  # fmt: skip
