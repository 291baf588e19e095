"""Linear models: every kind of task, coefficients that can be read, no state of scikit-learn in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
from scipy.special import expit, softmax

from truenorth.engine.vectors import Vectors
from truenorth.errors import DataError, Finding
from truenorth.models.contract import FitSettings, Floats, Rows, TaskSpec
from truenorth.models.design import Design
from truenorth.models.imbalance import thin_negatives
from truenorth.models.linear_fits import GAMMA, Fitted, fit_coefficients
from truenorth.models.linear_tuning import choose_c
from truenorth.models.losses import focal_to_probability
from truenorth.models.written import (
    read_arrays,
    read_json,
    task_from_dict,
    task_to_dict,
    write_arrays,
    write_json,
)

SHOWN = 20
"""Coefficients in a summary."""
WEAK = 100.0
"""First inverse strength where there is text: rows of TF-IDF are short, so coefficients are large."""


@dataclass(frozen=True, eq=False)
class LinearModel:
    """`link(matrix @ coefficients + intercepts)`."""

    task: TaskSpec
    design: Design
    fitted: Fitted
    settings: dict[str, Any] = field(default_factory=dict)
    """How it was fitted: c, rows, seconds, notes."""

    form = "linear"

    def raw(self, features: Vectors) -> Floats:
        """Return scores before the link, shape (n, outputs)."""
        return _products(self.design.transform(features), self.fitted.coefficients) + self.fitted.intercepts

    def predict(self, features: Vectors) -> Floats:
        """Return predictions as `Model.predict` promises."""
        return LINKS[self.fitted.link](self.raw(features), self.fitted)

    def contributions(self, features: Vectors) -> Floats:
        """Return each feature's share of the raw score, shape (n, features).

        Of several outputs, that of the most probable class, or of the middle level.
        """
        matrix = self.design.transform(features)
        owns = np.eye(len(self.design.blocks))[self.design.owners]  # (columns, features)
        shares = [np.asarray(matrix @ (row[:, None] * owns)) for row in self.fitted.coefficients]
        if len(shares) == 1:
            return shares[0]
        if self.fitted.link != "softmax":
            return shares[len(shares) // 2]
        chosen = self.predict(features).argmax(axis=1)
        return np.asarray(np.stack(shares)[chosen, np.arange(features.n_rows)])

    def dump(self, folder: Path) -> None:
        """Write `model.json`, `design.json` and `coefficients.safetensors`."""
        write_json(folder / "design.json", self.design.to_dict())
        arrays = {"coefficients": self.fitted.coefficients, "intercepts": self.fitted.intercepts}
        write_arrays(folder / "coefficients.safetensors", {**arrays, "extra": self.fitted.extra})
        about = {
            "form": self.form, "task": task_to_dict(self.task), "link": self.fitted.link,
            "settings": self.settings, "files": ["design.json", "coefficients.safetensors"],
        }  # fmt: skip
        write_json(folder / "model.json", about)

    def summary(self) -> dict[str, Any]:
        """Return settings and the largest coefficients, in the words of the features."""
        names, weights = self.design.names, self.fitted.coefficients
        size = np.abs(weights).max(axis=0, initial=0.0)
        top = np.argsort(-size, kind="stable")[:SHOWN]
        strongest = np.abs(weights).argmax(axis=0) if len(weights) else np.zeros(len(names), dtype=int)
        outputs = self.task.classes if self.fitted.link == "softmax" and len(weights) > 1 else ()
        largest = [
            {"column": names[j], "coefficient": float(weights[strongest[j], j])}
            | ({"class": outputs[strongest[j]]} if outputs else {})
            for j in top
        ]
        return {
            "form": self.form, "link": self.fitted.link, "columns": len(names),
            "features": list(self.design.features), **self.settings, "coefficients": largest,
        }  # fmt: skip


def load_linear(folder: Path) -> LinearModel:
    """Read what `LinearModel.dump` wrote."""
    about = read_json(folder / "model.json")
    arrays = read_arrays(folder / "coefficients.safetensors")
    fitted = Fitted(about["link"], arrays["coefficients"], arrays["intercepts"], arrays["extra"])
    design = Design.from_dict(read_json(folder / "design.json"))
    return LinearModel(task_from_dict(about["task"]), design, fitted, about["settings"])


class LinearLearner:
    """Fits a linear model of any task."""

    def fit(self, task: TaskSpec, train: Rows, validation: Rows | None, settings: FitSettings) -> LinearModel:
        """Learn from `train`; the strength of the penalty is chosen on `validation`.

        Raises:
            DataError: If the rows cannot be learned from: none, one class, a target that is not finite.
        """
        began = monotonic()
        check_learnable(task, train)
        kept, share = thin_negatives(task, train, seed=settings.seed)
        rows = train if kept.all() else train.take(kept)
        design = Design.fit(task.roles, train.features)
        matrix = design.transform(rows.features)
        signs = design.directions(task.monotone)

        def attempt(c: float) -> LinearModel:
            fitted = fit_coefficients(task, rows, matrix, c=c, seed=settings.seed, keep=share)
            fitted = _with_signs(task, rows, matrix, fitted, signs, c=c, seed=settings.seed, keep=share)
            return LinearModel(task, design, fitted)

        model, tried = choose_c(
            attempt,
            task,
            validation,
            settings,
            rows=len(rows),
            columns=matrix.shape[1],
            start=WEAK if design.holds_text else 1.0,
        )
        about = {
            "rows": len(rows), "kept_negatives": share, "seconds": round(monotonic() - began, 3),
            "notes": list(model.fitted.notes), **tried,
        }  # fmt: skip
        return replace(model, settings=about)


def check_learnable(task: TaskSpec, rows: Rows) -> None:
    """Refuse rows that nothing can be learned from.

    Raises:
        DataError: If there are no rows, the target is not finite or out of range, or there is one class.
    """
    problem = _problem(task, rows)
    if problem:
        raise DataError(
            Finding(
                code="MODEL044", where=f"labels.{task.name}",
                evidence=f"expected {problem[0]}, got {problem[1]}.",
                fix="train on a longer period, or check the label's definition and the split.",
            )
        )  # fmt: skip


def _problem(task: TaskSpec, rows: Rows) -> tuple[str, str] | None:
    if not len(rows):
        return "training rows with an observed label", "none"
    if not np.isfinite(rows.target).all():
        return "finite targets", f"{int((~np.isfinite(rows.target)).sum()):,} that are not"
    if not (np.isfinite(rows.weight) & (rows.weight > 0)).all():
        return "weights above 0", f"a smallest weight of {np.min(rows.weight):g}"
    if task.kind in ("binary", "class", "grade"):
        found = np.unique(rows.target)
        if len(found) < 2:
            return "at least two classes", f"only {_class_name(task, found[0])} in {len(rows):,} rows"
        if task.kind == "binary" and not np.isin(found, (0.0, 1.0)).all():
            return "targets 0 and 1", ", ".join(f"{value:g}" for value in found[:5])
    if task.loss in ("poisson", "tweedie", "log_squared") and (rows.target < 0).any():
        return "targets of at least 0", f"a smallest of {rows.target.min():g}"
    return None


def _class_name(task: TaskSpec, code: float) -> str:
    return repr(task.classes[int(code)]) if task.classes else f"{code:g}"


def _with_signs(
    task: TaskSpec, rows: Rows, matrix: Any, fitted: Fitted, signs: Any, *, c: float, seed: int, keep: float
) -> Fitted:
    """Leave out columns whose coefficient breaks a declared direction and fit again, until none does."""
    kept = np.ones(matrix.shape[1], dtype=bool)
    while (wrong := (fitted.coefficients * signs < 0).any(axis=0) & kept).any():
        kept &= ~wrong
        part = fit_coefficients(task, rows, matrix[:, kept], c=c, seed=seed, keep=keep)
        whole = np.zeros((len(part.coefficients), len(kept)))
        whole[:, kept] = part.coefficients
        fitted = replace(part, coefficients=whole)
    return fitted


def _products(matrix: Any, coefficients: Floats) -> Floats:
    """Return `matrix @ coefficients.T` so that a row gives the same to the bit alone and among others.

    A product of whole matrices sums a row in an order that depends on how many there are.
    """
    if isinstance(matrix, np.ndarray):
        return np.asarray(np.einsum("ij,kj->ik", np.ascontiguousarray(matrix), coefficients))
    return np.asarray(matrix @ coefficients.T)


def _probability(raw: Floats, fitted: Fitted) -> Floats:
    return np.asarray(expit(raw[:, 0]))


def _focal(raw: Floats, fitted: Fitted) -> Floats:
    learned = focal_to_probability(raw[:, 0], gamma=GAMMA)
    odds = learned / np.maximum(1.0 - learned, 1e-300) * np.exp(-fitted.extra[0])
    return np.asarray(odds / (1.0 + odds))


def _classes(raw: Floats, fitted: Fitted) -> Floats:
    return np.asarray(softmax(raw, axis=1))


def _identity(raw: Floats, fitted: Fitted) -> Floats:
    return raw[:, 0]


def _mean(raw: Floats, fitted: Fitted) -> Floats:
    return np.asarray(np.exp(np.minimum(raw[:, 0], 700.0)))


def _smeared(raw: Floats, fitted: Fitted) -> Floats:
    """Return the mean of `exp(raw + residual) - 1`, with the residuals' factor measured along the score."""
    highest, knots = fitted.extra[0], fitted.extra[1:].reshape(2, -1)
    factor = np.interp(raw[:, 0], knots[0], knots[1])
    return np.asarray(np.maximum(np.exp(np.minimum(raw[:, 0], highest)) * factor - 1.0, 0.0))


def _quantiles(raw: Floats, fitted: Fitted) -> Floats:
    return np.sort(raw, axis=1)


def _grade(raw: Floats, fitted: Fitted) -> Floats:
    cuts, values = np.split(fitted.extra, [len(fitted.extra) // 2])
    above = expit(raw - cuts[:-1])  # P(grade > k), (n, grades - 1)
    return np.asarray(values[0] + above @ np.diff(values))


def _hazard(raw: Floats, fitted: Fitted) -> Floats:
    surviving = expit(-(raw + fitted.extra))  # (n, bins)
    return np.asarray(1.0 - np.cumprod(surviving, axis=1))


LINKS: dict[str, Callable[[Floats, Fitted], Floats]] = {
    "logit": _probability, "focal": _focal, "softmax": _classes, "identity": _identity, "exp": _mean,
    "smeared": _smeared, "quantile": _quantiles, "ordinal": _grade, "hazard": _hazard, "score": _identity,
}  # fmt: skip
