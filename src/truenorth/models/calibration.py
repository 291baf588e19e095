"""Calibration: predictions that mean what they say, fitted on rows of their own.

A `Calibrator` maps a model's predictions to calibrated ones. calibration_maps.py holds the methods of one
probability, calibration_venn_abers.py the one with intervals; here a method is picked for a task, or chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import softmax

from truenorth.errors import DataError, Finding
from truenorth.models.calibration_maps import (
    Beta,
    Isotonic,
    NoCalibration,
    Platt,
    Temperature,
    fit_beta,
    fit_isotonic,
    fit_platt,
    fit_temperature,
)
from truenorth.models.calibration_quantiles import QuantileShift, fit_quantiles
from truenorth.models.calibration_venn_abers import VennAbers, fit_venn_abers
from truenorth.models.contract import Floats, TaskSpec

Method = Literal["auto", "none", "platt", "isotonic", "beta", "temperature", "venn_abers", "scale"]
ENOUGH_OF_EACH = 1_000
"""Rows of the rarer outcome from which methods without a shape may be tried."""
ENOUGH_ROWS = 10_000
FOLDS = 5
SIMPLEST_FIRST = ("none", "temperature", "platt", "beta", "isotonic", "venn_abers")


class Calibrator(Protocol):
    """A fitted map from predictions to calibrated predictions."""

    @property
    def method(self) -> str:
        """How it was fitted: none, platt, isotonic, beta, temperature, venn_abers, ..."""
        ...

    def apply(self, predictions: Floats) -> Floats:
        """Return calibrated predictions of the same shape; NaN stays NaN."""
        ...

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values; `load_calibrator` reads them."""
        ...


@dataclass(frozen=True)
class ClassTemperature:
    """Probabilities of classes softened or sharpened by one number."""

    temperature: float
    method = "temperature"

    def apply(self, predictions: Floats) -> Floats:
        """Return `softmax(ln p / temperature)`, shape (n, classes)."""
        return np.asarray(softmax(_log(predictions) / self.temperature, axis=1))

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {"method": "class_temperature", "temperature": self.temperature}


@dataclass(frozen=True)
class OneVersusRest:
    """Each class calibrated by itself, then made to add up to 1."""

    method: str
    classes: tuple[Calibrator, ...]

    def apply(self, predictions: Floats) -> Floats:
        """Return probabilities of classes, shape (n, classes)."""
        each = np.column_stack([one.apply(predictions[:, k]) for k, one in enumerate(self.classes)])
        total = each.sum(axis=1, keepdims=True)
        return np.asarray(
            np.where(total > 0, each / np.where(total > 0, total, 1.0), 1.0 / len(self.classes))
        )

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        written = [one.to_dict() for one in self.classes]
        return {"method": "one_versus_rest", "of": self.method, "classes": written}


@dataclass(frozen=True)
class Scale:
    """Numbers times one factor, so that their mean is right."""

    factor: float
    method = "scale"

    def apply(self, predictions: Floats) -> Floats:
        """Return `factor * prediction`."""
        return predictions * self.factor

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {"method": "scale", "factor": self.factor}


@dataclass(frozen=True)
class Chosen:
    """What `auto` chose, and what it compared."""

    inner: Calibrator
    losses: Mapping[str, float]
    """Cross-validated log loss by method."""

    @property
    def method(self) -> str:
        """The method that was chosen."""
        return self.inner.method

    def apply(self, predictions: Floats) -> Floats:
        """Return what the chosen method returns."""
        return self.inner.apply(predictions)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {"method": "auto", "chosen": self.inner.to_dict(), "log_loss": dict(self.losses)}


Fit = Callable[[Floats, Floats, Floats], Calibrator]
BINARY: dict[str, Fit] = {
    "none": lambda p, y, w: NoCalibration(),
    "temperature": fit_temperature,
    "platt": fit_platt,
    "beta": fit_beta,
    "isotonic": fit_isotonic,
    "venn_abers": fit_venn_abers,
}
"""Methods of one probability."""


def fit_calibrator(
    method: Method | str, predictions: Floats, target: Floats, *, task: TaskSpec, weight: Floats | None = None
) -> Calibrator:
    """Return a calibrator fitted on rows that the model was not fitted on.

    A probability takes any method. Classes take a temperature, or a method of one probability class by class.
    Numbers and amounts take `scale` or `isotonic`, and stay as they are by default; quantiles, hazards,
    grades and scores of lists are not calibrated.

    Args:
        method: How; `auto` compares the methods that the number of rows admits by cross-validated log loss
            and takes the simplest within one standard error of the best.
        predictions: As the model returns them, (n,) or (n, classes).
        target: Shape (n,): 0/1, a number, or a code into the classes.
        task: What was predicted.
        weight: Shape (n,), > 0; 1 by default.

    Raises:
        DataError: If there are no rows or the method cannot be used for the task.
    """
    weight = np.ones(len(target)) if weight is None else weight
    if method == "none" or task.loss in ("hazard", "pairwise", "listwise") or task.kind == "grade":
        return NoCalibration()
    finite = np.isfinite(predictions)
    usable = (finite.all(axis=1) if finite.ndim == 2 else finite) & np.isfinite(target)
    p, y, w = predictions[usable], target[usable], weight[usable]
    if not len(y):
        raise _refused(
            "rows to calibrate on", "none", "give the split a calibration part, or calibrate: none."
        )
    if task.loss == "quantile":
        return fit_quantiles(p, y, w, task) if method == "auto" else NoCalibration()
    if task.kind == "class":
        return _fit_classes(method, p, y, w)
    if task.kind != "binary":
        return _fit_number(method, p, y, w)
    if method == "auto":
        return choose_calibrator(p, y, weight=w)
    return _method(method, BINARY)(p, y, w)


def load_calibrator(written: Mapping[str, Any]) -> Calibrator:
    """Read what a calibrator's `to_dict` wrote."""
    method = written["method"]
    if method == "auto":
        return Chosen(load_calibrator(written["chosen"]), dict(written["log_loss"]))
    if method == "one_versus_rest":
        return OneVersusRest(written["of"], tuple(load_calibrator(one) for one in written["classes"]))
    if method not in READ:
        raise _refused("a known method of calibration", repr(method), "calibrate again with this release.")
    fields = {n: tuple(v) if isinstance(v, list) else v for n, v in written.items() if n != "method"}
    return READ[method](**fields)


READ: dict[str, Callable[..., Calibrator]] = {
    "quantiles": QuantileShift,
    "none": NoCalibration, "platt": Platt, "beta": Beta, "temperature": Temperature, "isotonic": Isotonic,
    "venn_abers": VennAbers, "class_temperature": ClassTemperature, "scale": Scale,
}  # fmt: skip


def admissible(target: Floats) -> tuple[str, ...]:
    """Return the methods that this many rows can carry, the simplest first.

    Methods with a shape always; those without one need 10,000 rows and 1,000 of the rarer outcome.
    """
    rarer = int(min(np.sum(target > 0), np.sum(target <= 0)))
    if len(target) >= ENOUGH_ROWS and rarer >= ENOUGH_OF_EACH:
        return SIMPLEST_FIRST
    return SIMPLEST_FIRST[:4]


def choose_calibrator(predictions: Floats, target: Floats, *, weight: Floats) -> Calibrator:
    """Return the simplest admissible method whose log loss is within one standard error of the best.

    Each method is fitted on four fifths of the rows and judged on the rest, five times; the standard error is
    that of the row-by-row difference to the best.
    """
    methods = admissible(target)
    if len(target) < 2 * FOLDS or len(np.unique(target)) < 2:
        return Chosen(fit_platt(predictions, target, weight), {})
    if len(np.unique(predictions)) <= 2:  # a rule that holds or not: a line through two points is exact
        return Chosen(fit_platt(*_together(predictions, target, weight)), {})
    fold = np.random.default_rng(0).permutation(len(target)) % FOLDS
    losses = {name: _held_out_loss(BINARY[name], predictions, target, weight, fold) for name in methods}
    mean = {name: float(np.average(loss, weights=weight)) for name, loss in losses.items()}
    best = min(mean, key=lambda name: mean[name])
    for name in methods:
        apart = losses[name] - losses[best]
        gap = mean[name] - mean[best]
        error = np.sqrt(np.sum((weight * (apart - gap)) ** 2)) / weight.sum()
        if gap <= error:
            break
    return Chosen(BINARY[name](predictions, target, weight), mean)


def _together(p: Floats, y: Floats, w: Floats) -> tuple[Floats, Floats, Floats]:
    """Return equal predictions with equal outcomes as one row of their weight."""
    distinct, place = np.unique(p, return_inverse=True)
    heavy = np.bincount(place * 2 + (y > 0), w, minlength=2 * len(distinct))
    kept = np.flatnonzero(heavy)
    return distinct[kept // 2], (kept % 2).astype(np.float64), np.asarray(heavy[kept], dtype=np.float64)


def _held_out_loss(fit: Fit, p: Floats, y: Floats, w: Floats, fold: Any) -> Floats:
    calibrated = np.empty_like(p)
    for k in range(FOLDS):
        out = fold == k
        calibrated[out] = fit(p[~out], y[~out], w[~out]).apply(p[out])
    clipped = np.clip(calibrated, 1e-12, 1 - 1e-12)
    return np.asarray(np.where(y > 0, -np.log(clipped), -np.log1p(-clipped)))


def _fit_classes(method: str, p: Floats, y: Floats, w: Floats) -> Calibrator:
    if method in ("auto", "temperature"):
        return _fit_class_temperature(p, y, w, may_stay=method == "auto")
    fit = _method(method, BINARY)
    each = tuple(fit(p[:, k], (y == k).astype(np.float64), w) for k in range(p.shape[1]))
    return OneVersusRest(method, each)


def _fit_class_temperature(p: Floats, y: Floats, w: Floats, *, may_stay: bool) -> Calibrator:
    scores, code = _log(p), y.astype(np.int64)

    def loss(log_temperature: float) -> Floats:
        scaled = scores / np.exp(log_temperature)
        top = scaled.max(axis=1)
        total = top + np.log(np.exp(scaled - top[:, None]).sum(axis=1))
        return np.asarray(total - scaled[np.arange(len(code)), code])

    found = minimize_scalar(
        lambda t: float(np.average(loss(t), weights=w)), bounds=(-4.0, 4.0), method="bounded"
    )
    gain = loss(0.0) - loss(found.x)
    error = np.sqrt(np.sum((w * (gain - np.average(gain, weights=w))) ** 2)) / w.sum()
    if may_stay and np.average(gain, weights=w) <= error:
        return NoCalibration()
    return ClassTemperature(float(np.exp(found.x)))


def _fit_number(method: str, p: Floats, y: Floats, w: Floats) -> Calibrator:
    if method == "auto":
        return NoCalibration()
    if method == "scale":
        total = float(w @ p)
        return Scale(float(w @ y) / total if total else 1.0)
    if method == "isotonic":
        return fit_isotonic(p, y, w)
    raise _refused(
        "auto, none, scale or isotonic for a number", repr(method), "set models.calibrate to auto."
    )


def _method(method: str, known: Mapping[str, Fit]) -> Fit:
    if method in known:
        return known[method]
    raise _refused(
        f"a method for probabilities ({', '.join(known)})", repr(method), "set models.calibrate to auto."
    )


def _log(p: Floats) -> Floats:
    return np.asarray(np.log(np.clip(p, 1e-12, 1.0)))


def _refused(wanted: str, got: str, fix: str) -> DataError:
    return DataError(
        Finding(code="MODEL045", where="models.calibrate", evidence=f"expected {wanted}, got {got}.", fix=fix)
    )
