"""How good probabilities are: log loss, Brier, calibration error and slope."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from truenorth.statistics.estimates import Estimate, Floats, mean

SMALLEST = float(np.finfo(np.float64).eps)
"""Probabilities are kept this far from 0 and 1, as scikit-learn does."""


def log_loss(truth: Floats, probability: Floats, weight: Floats | None = None) -> Estimate:
    """Return the mean negative log-likelihood of 0/1 outcomes.

    Examples:
        >>> round(log_loss(np.array([1.0, 0.0]), np.array([0.9, 0.1])).value, 4)
        0.1054
    """
    kept = np.clip(probability, SMALLEST, 1 - SMALLEST)
    return mean(-np.where(truth > 0, np.log(kept), np.log1p(-kept)), weight)


def cross_entropy(code: NDArray[np.int64], probability: Floats, weight: Floats | None = None) -> Estimate:
    """Return the mean negative log-likelihood of classes.

    Args:
        code: Column of the class that happened, shape (n,); -1 is a class that the model does not know.
        probability: Shape (n, classes).
        weight: Shape (n,).
    """
    kept = np.clip(probability, SMALLEST, 1 - SMALLEST)
    chosen = np.where(code >= 0, kept[np.arange(len(code)), code], SMALLEST)
    return mean(-np.log(chosen), weight)


def brier(truth: Floats, probability: Floats, weight: Floats | None = None) -> Estimate:
    """Return the mean squared error of a probability.

    References:
        Brier (1950). Verification of forecasts expressed in terms of probability. Monthly Weather Review 78.
    """
    return mean((truth - probability) ** 2, weight)


def brier_classes(code: NDArray[np.int64], probability: Floats, weight: Floats | None = None) -> Estimate:
    """Return the mean over rows of the summed squared error over classes, in [0, 2]."""
    squares = np.sum(probability**2, axis=1)
    chosen = np.where(code >= 0, probability[np.arange(len(code)), code], 0.0)
    return mean(squares - 2 * chosen + 1.0, weight)


def calibration_error(
    truth: Floats, probability: Floats, weight: Floats | None = None, *, bins: int = 10
) -> Estimate:
    """Return the mean distance between predicted and observed rate over bins of equal weight.

    Rows with equal probability share a bin, so a constant prediction has one.

    References:
        Nixon et al. (2019). Measuring calibration in deep learning. CVPR workshops.
    """
    weight = np.ones(len(truth)) if weight is None else weight
    bin_of = _equal_bins(probability, weight, bins)
    gap = weight * (truth - probability)
    sign = np.sign(np.bincount(bin_of, weights=gap))[bin_of]
    return mean(sign * (truth - probability), weight)


def _equal_bins(probability: Floats, weight: Floats, bins: int) -> NDArray[np.int64]:
    order = np.argsort(probability, kind="stable")
    ordered = probability[order]
    mass = np.cumsum(weight[order])
    middle = (mass - weight[order] / 2) / mass[-1]
    is_first = np.append(True, ordered[1:] != ordered[:-1])
    first = np.maximum.accumulate(np.where(is_first, np.arange(len(order)), 0))
    bin_of = np.empty(len(order), dtype=np.int64)
    bin_of[order] = np.minimum((middle[first] * bins).astype(np.int64), bins - 1)
    return bin_of


def calibration_slope(truth: Floats, probability: Floats, weight: Floats | None = None) -> Estimate:
    """Return the slope of a logistic regression of the outcome on the predicted log-odds; 1 is right.

    NaN where one class or one prediction leaves no slope, or the classes are separated.

    References:
        Cox (1958). Two further applications of a model for binary regression. Biometrika 45.
    """
    weight = np.ones(len(truth)) if weight is None else weight
    kept = np.clip(probability, 1e-12, 1 - 1e-12)
    design = np.column_stack([np.ones(len(truth)), np.log(kept / (1 - kept))])
    if len(truth) == 0 or np.ptp(truth) == 0 or np.ptp(design[:, 1]) == 0:
        return Estimate(np.nan, np.zeros(len(truth)))
    beta = np.array([0.0, 1.0])
    for _ in range(100):
        fitted = 1 / (1 + np.exp(-np.clip(design @ beta, -500, 500)))
        hessian = design.T @ (design * (weight * fitted * (1 - fitted))[:, None])
        if not np.linalg.cond(hessian) < 1e14:
            return Estimate(np.nan, np.zeros(len(truth)))
        step = np.linalg.solve(hessian, design.T @ (weight * (truth - fitted)))
        beta = beta + np.clip(step, -5, 5)
        if np.max(np.abs(step)) < 1e-10:
            score = design * (weight * (truth - fitted))[:, None]
            return Estimate(float(beta[1]), np.asarray(score @ np.linalg.inv(hessian)[:, 1]))
    return Estimate(np.nan, np.zeros(len(truth)))
