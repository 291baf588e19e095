"""Maps of one probability to a calibrated one: none, Platt, temperature, beta, isotonic."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.optimize import isotonic_regression, minimize, minimize_scalar
from scipy.special import expit, log_expit

from truenorth.models.contract import Floats

NEAREST = 1e-9
"""Probabilities nearer to 0 or 1 are read as this: their log-odds must be finite."""


@dataclass(frozen=True)
class NoCalibration:
    """Predictions as they are."""

    method = "none"

    def apply(self, predictions: Floats) -> Floats:
        """Return the predictions."""
        return predictions

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {"method": self.method}


@dataclass(frozen=True)
class Platt:
    """A logistic curve of the log-odds: `1 / (1 + exp(-(slope * logit(p) + intercept)))`."""

    slope: float
    intercept: float
    method = "platt"

    def apply(self, predictions: Floats) -> Floats:
        """Return calibrated probabilities."""
        return np.asarray(expit(self.slope * log_odds(predictions) + self.intercept))

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {"method": self.method, **asdict(self)}


@dataclass(frozen=True)
class Temperature:
    """Log-odds divided by one number; 1/2 stays 1/2."""

    temperature: float
    method = "temperature"

    def apply(self, predictions: Floats) -> Floats:
        """Return calibrated probabilities."""
        return np.asarray(expit(log_odds(predictions) / self.temperature))

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {"method": self.method, **asdict(self)}


@dataclass(frozen=True)
class Beta:
    """`1 / (1 + exp(-(a ln p - b ln(1 - p) + c)))` with a, b >= 0; a = b = 1, c = 0 changes nothing."""

    a: float
    b: float
    c: float
    method = "beta"

    def apply(self, predictions: Floats) -> Floats:
        """Return calibrated probabilities."""
        p = np.clip(predictions, NEAREST, 1 - NEAREST)
        return np.asarray(expit(self.a * np.log(p) - self.b * np.log1p(-p) + self.c))

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {"method": self.method, **asdict(self)}


@dataclass(frozen=True)
class Isotonic:
    """A rising curve through the means of pooled blocks, straight between the blocks' centres."""

    at: tuple[float, ...]
    """Mean prediction of each block, ascending."""
    value: tuple[float, ...]
    """Mean target of each block, not falling."""
    method = "isotonic"

    def apply(self, predictions: Floats) -> Floats:
        """Return calibrated predictions; beyond the outer centres the outer values."""
        calibrated = np.interp(predictions, self.at, self.value)
        return np.where(np.isnan(predictions), np.nan, calibrated)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {"method": self.method, "at": list(self.at), "value": list(self.value)}


def fit_platt(predictions: Floats, target: Floats, weight: Floats) -> Platt:
    """Return a logistic curve of the log-odds of the predictions."""
    slope, intercept = fit_sigmoid(log_odds(predictions), target, weight)
    return Platt(slope, intercept)


def fit_sigmoid(scores: Floats, target: Floats, weight: Floats) -> tuple[float, float]:
    """Return slope and intercept of `P(y = 1 | score) = 1 / (1 + exp(-(slope * score + intercept)))`.

    Targets are pulled towards the middle as Platt proposes, `(N1 + 1) / (N1 + 2)` and `1 / (N0 + 2)`, so that
    separable rows have a finite answer. Platt's A and B are minus slope and minus intercept.

    Args:
        scores: Any real scores, shape (n,).
        target: 0 or 1, shape (n,).
        weight: Shape (n,), > 0.

    References:
        Platt (1999). Probabilistic Outputs for Support Vector Machines.
        Lin, Lin, Weng (2007). A Note on Platt's Probabilistic Outputs. Machine Learning 68.
    """
    positives, negatives = float(weight @ (target > 0)), float(weight @ (target <= 0))
    wanted = np.where(target > 0, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    centre = float(np.average(scores, weights=weight))
    spread = float(np.sqrt(np.average((scores - centre) ** 2, weights=weight))) or 1.0
    scaled = (scores - centre) / spread
    total = weight.sum()

    def loss(x: Floats) -> tuple[float, Floats]:
        raw = x[0] * scaled + x[1]
        value = -(wanted * log_expit(raw) + (1 - wanted) * log_expit(-raw))
        slope = weight * (expit(raw) - wanted)
        return float(weight @ value) / total, np.array([slope @ scaled, slope.sum()]) / total

    start = np.array([0.0, np.log((positives + 1) / (negatives + 1))])
    found = _newton(loss, start, scaled, weight)
    return float(found[0] / spread), float(found[1] - found[0] * centre / spread)


def _newton(loss: Any, start: Floats, scaled: Floats, weight: Floats) -> Floats:
    """Minimise a convex loss of a slope and an intercept by Newton's method with halved steps."""
    x, (value, slope) = start, loss(start)
    for _ in range(100):
        if np.abs(slope).max() < 1e-10:
            break
        p = expit(x[0] * scaled + x[1])
        curve = weight * p * (1 - p) / weight.sum()
        h = np.array([[curve @ scaled**2, curve @ scaled], [curve @ scaled, curve.sum()]]) + 1e-12 * np.eye(2)
        step = np.linalg.solve(h, slope)
        size = 1.0
        while size > 1e-4 and loss(x - size * step)[0] > value:
            size /= 2
        if size <= 1e-4:  # what is left is rounding
            break
        x = x - size * step
        value, slope = loss(x)
    return np.asarray(x)


def fit_temperature(predictions: Floats, target: Floats, weight: Floats) -> Temperature:
    """Return the temperature with the least log loss.

    References:
        Guo et al. (2017). On Calibration of Modern Neural Networks. ICML.
    """
    signed = np.where(target > 0, 1.0, -1.0) * log_odds(predictions)

    def loss(log_temperature: float) -> float:
        return float(np.average(-log_expit(signed / np.exp(log_temperature)), weights=weight))

    found = minimize_scalar(loss, bounds=(-4.0, 4.0), method="bounded", options={"xatol": 1e-10})
    return Temperature(float(np.exp(found.x)))


def fit_beta(predictions: Floats, target: Floats, weight: Floats) -> Beta:
    """Return the beta curve with the least log loss whose a and b are at least 0.

    References:
        Kull, Silva Filho, Flach (2017). Beta calibration. AISTATS.
    """
    p = np.clip(predictions, NEAREST, 1 - NEAREST)
    inputs = np.column_stack([np.log(p), -np.log1p(-p), np.ones(len(p))])
    sign = np.where(target > 0, 1.0, -1.0)
    total = weight.sum()

    def loss(x: Floats) -> tuple[float, Floats]:
        raw = sign * (inputs @ x)
        # a trace of a penalty keeps separable rows finite
        value = float(weight @ -log_expit(raw)) / total + 1e-9 * float(x @ x)
        return value, -(inputs.T @ (weight * sign * expit(-raw))) / total + 2e-9 * x

    bounds = [(0.0, None), (0.0, None), (None, None)]
    options = {"ftol": 1e-15, "gtol": 1e-10, "maxiter": 500}
    start = np.array([1.0, 1.0, 0.0])
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    return Beta(*(float(value) for value in found.x))


def fit_isotonic(predictions: Floats, target: Floats, weight: Floats) -> Isotonic:
    """Return the rising curve nearest to the targets in squares; equal predictions are one point.

    References:
        Zadrozny and Elkan (2002). Transforming classifier scores into accurate multiclass probability
        estimates. KDD.
        Jiang et al. (2011). Smooth Isotonic Regression. AMIA (centres of blocks).
    """
    at, place = np.unique(predictions, return_inverse=True)
    heavy = np.bincount(place, weight)
    mean = np.bincount(place, weight * target) / heavy
    pooled = isotonic_regression(mean, weights=heavy)
    start = np.asarray(pooled.blocks[:-1])
    centre = np.add.reduceat(heavy * at, start) / np.add.reduceat(heavy, start)
    return Isotonic(tuple(centre.tolist()), tuple(np.asarray(pooled.x)[start].tolist()))


def log_odds(predictions: Floats) -> Floats:
    """Return `ln(p / (1 - p))`, finite at 0 and 1."""
    p = np.clip(predictions, NEAREST, 1 - NEAREST)
    return np.asarray(np.log(p) - np.log1p(-p))
