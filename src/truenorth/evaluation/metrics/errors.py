"""How far numbers and intervals miss: regression and forecast errors.

References:
    Hyndman, Koehler (2006). Another look at measures of forecast accuracy. Int. J. Forecasting 22.
    Gneiting, Raftery (2007). Strictly proper scoring rules, prediction, and estimation. JASA 102.
"""

from __future__ import annotations

import numpy as np

from truenorth.statistics.estimates import Estimate, Floats, mean


def rmse(truth: Floats, prediction: Floats, weight: Floats | None = None) -> Estimate:
    """Return the root of the mean squared error."""
    return mean((truth - prediction) ** 2, weight).root()


def mae(truth: Floats, prediction: Floats, weight: Floats | None = None) -> Estimate:
    """Return the mean absolute error."""
    return mean(np.abs(truth - prediction), weight)


def mape(truth: Floats, prediction: Floats, weight: Floats | None = None) -> Estimate:
    """Return the mean absolute error relative to the value, over rows whose value is not 0; .1 is 10 %."""
    weight = (np.ones(len(truth)) if weight is None else weight) * (truth != 0)
    if not weight.sum() > 0:
        return Estimate(np.nan, np.zeros(len(truth)))
    return mean(np.abs(truth - prediction) / np.where(truth != 0, np.abs(truth), 1.0), weight)


def smape(truth: Floats, prediction: Floats, weight: Floats | None = None) -> Estimate:
    """Return the mean of `200 |y - f| / (|y| + |f|)`, in [0, 200]; 0 where both are 0.

    References:
        Makridakis, Spiliotis, Assimakopoulos (2020). The M4 competition. Int. J. Forecasting 36.
    """
    size = np.abs(truth) + np.abs(prediction)
    return mean(200 * np.abs(truth - prediction) / np.where(size > 0, size, 1.0), weight)


def scaled_error(truth: Floats, prediction: Floats, scale: Floats, weight: Floats | None = None) -> Estimate:
    """Return the mean absolute error in units of the naive forecast's on training rows (MASE)."""
    return mean(np.abs(truth - prediction) / scale, weight)


def r2(truth: Floats, prediction: Floats, weight: Floats | None = None) -> Estimate:
    """Return the share of the variance that is explained; NaN where the truth does not vary."""
    middle = mean(truth, weight).value
    around = mean((truth - middle) ** 2, weight)
    if not around.value > 0:
        return Estimate(np.nan, np.zeros(len(truth)))
    return 1.0 - mean((truth - prediction) ** 2, weight) / around


def pinball(truth: Floats, prediction: Floats, level: float, weight: Floats | None = None) -> Estimate:
    """Return the mean quantile loss at a level in (0, 1).

    References:
        Koenker, Bassett (1978). Regression quantiles. Econometrica 46.
    """
    short = truth - prediction
    return mean(np.maximum(level * short, (level - 1) * short), weight)


def interval_coverage(truth: Floats, low: Floats, high: Floats, weight: Floats | None = None) -> Estimate:
    """Return the share of values inside their interval, ends included."""
    return mean(((truth >= low) & (truth <= high)).astype(np.float64), weight)


def interval_width(low: Floats, high: Floats, weight: Floats | None = None) -> Estimate:
    """Return the mean width of the intervals."""
    return mean(high - low, weight)


def interval_score(
    truth: Floats,
    low: Floats,
    high: Floats,
    level: float,
    weight: Floats | None = None,
    *,
    scale: Floats | None = None,
) -> Estimate:
    """Return the mean width plus `2 / (1 - level)` times the distance of values outside (Winkler).

    With `scale`, the naive error on training rows, it is the MSIS of the M4 competition.

    References:
        Winkler (1972). A decision-theoretic approach to interval estimation. JASA 67.
    """
    outside = np.maximum(low - truth, 0.0) + np.maximum(truth - high, 0.0)
    score = high - low + 2 / (1 - level) * outside
    return mean(score if scale is None else score / scale, weight)


def early_late_cost(
    truth: Floats, promise: Floats, *, over: float, under: float, weight: Floats | None = None
) -> Estimate:
    """Return the mean of `over` per unit promised beyond the truth and `under` per unit short of it."""
    beyond = promise - truth
    return mean(np.where(beyond > 0, over * beyond, -under * beyond), weight)


def weighted_quantile(values: Floats, level: float, weight: Floats | None = None) -> float:
    """Return the smallest value whose cumulative weight share reaches `level`."""
    weight = np.ones(len(values)) if weight is None else weight
    order = np.argsort(values, kind="stable")
    mass = np.cumsum(weight[order])
    at = int(np.searchsorted(mass, level * mass[-1] * (1 - 1e-12)))
    return float(values[order][min(at, len(values) - 1)])


def quantile(values: Floats, level: float, weight: Floats | None = None) -> Estimate:
    """Return a quantile; its influence is that of the distribution function there over the density.

    References:
        Woodruff (1952). Confidence intervals for medians and other position measures. JASA 47.
    """
    weight = np.ones(len(values)) if weight is None else weight
    value = weighted_quantile(values, level, weight)
    n = float(weight.sum() ** 2 / np.sum(weight**2))
    step = max(2 * np.sqrt(level * (1 - level) / n), 1 / n)
    below, above = (weighted_quantile(values, float(np.clip(level + d, 0, 1)), weight) for d in (-step, step))
    mass = min(level + step, 1.0) - max(level - step, 0.0)
    share = mean((values <= value).astype(np.float64), weight)
    return Estimate(value, -share.influence * (above - below) / mass)
