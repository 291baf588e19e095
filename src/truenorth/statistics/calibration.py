"""Calibration: whether predicted probabilities happen as often as they say.

Proper losses first (log loss, Brier and its parts), then errors by bins, by kernel and by cumulative
differences, then the curve: Cox's slope and intercept, and the CORP diagram with its consistency band.
Errors of calibration compare a model with itself over time; they never rank models.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression
from scipy.signal import fftconvolve
from scipy.special import expit, log_expit, ndtr

Floats = NDArray[np.float64]
NEAREST = 1e-15
"""Probabilities nearer to 0 or 1 are read as this where a logarithm is taken."""
MANY_ROWS = 100_000
"""Rows from which outcomes of a band are drawn bin by bin."""


def log_loss(probability: Floats, outcome: Floats, *, weight: Floats | None = None) -> float:
    """Return the mean of `-ln` of the probability of what happened, nats.

    Args:
        probability: In [0, 1], shape (n,).
        outcome: 0 or 1, shape (n,).
        weight: Shape (n,), > 0; 1 by default.

    Examples:
        >>> round(log_loss(np.array([0.9, 0.2]), np.array([1.0, 0.0])), 6)
        0.164252
    """
    p = np.clip(probability, NEAREST, 1 - NEAREST)
    return _mean(np.where(outcome > 0, -np.log(p), -np.log1p(-p)), weight)


def brier(probability: Floats, outcome: Floats, *, weight: Floats | None = None) -> float:
    """Return the mean squared difference between probability and outcome.

    References:
        Brier (1950). Verification of Forecasts Expressed in Terms of Probability. Monthly Weather Review.
    """
    return _mean((probability - outcome) ** 2, weight)


class BrierParts(NamedTuple):
    """`brier = reliability - resolution + uncertainty + within`."""

    reliability: float
    """How far outcomes lie from probabilities; 0 is calibrated."""
    resolution: float
    """How far outcomes of different probabilities lie apart; more is better."""
    uncertainty: float
    """What the share of positives alone leaves open."""
    within: float = 0.0
    """What binning loses: 0 where every bin holds one probability."""


def brier_parts(
    probability: Floats, outcome: Floats, *, weight: Floats | None = None, bins: int | None = None
) -> BrierParts:
    """Return the parts of the Brier score.

    Args:
        probability: In [0, 1], shape (n,).
        outcome: 0 or 1, shape (n,).
        weight: Shape (n,), > 0; 1 by default.
        bins: Number of bins of equal width; None takes every distinct probability by itself.

    References:
        Murphy (1973). A New Vector Partition of the Probability Score. J. Applied Meteorology 12.
    """
    place = np.unique(probability, return_inverse=True)[1] if bins is None else _width_bins(probability, bins)
    heavy, said, happened = _by_bin(place, probability, outcome, weight)
    base = float(heavy @ happened)
    reliability = float(heavy @ (said - happened) ** 2)
    resolution = float(heavy @ (happened - base) ** 2)
    uncertainty = base * (1 - base)
    within = brier(probability, outcome, weight=weight) - (reliability - resolution + uncertainty)
    return BrierParts(reliability, resolution, uncertainty, within if bins is not None else 0.0)


def calibration_error(
    probability: Floats, outcome: Floats, *, bins: int = 10, weight: Floats | None = None, by: str = "width"
) -> float:
    """Return the expected calibration error: the mean distance of share and probability over bins.

    Args:
        probability: In [0, 1], shape (n,).
        outcome: 0 or 1, shape (n,).
        bins: Number of bins, >= 1.
        weight: Shape (n,), > 0; 1 by default.
        by: `width`, bins of equal width, or `mass`, bins of equal weight (rows of one probability stay
            together).

    References:
        Naeini, Cooper, Hauskrecht (2015). Obtaining Well Calibrated Probabilities Using Bayesian Binning.
        AAAI.
    """
    heavy, said, happened = _bins(probability, outcome, weight, bins, by)
    return float(heavy @ np.abs(said - happened))


def max_calibration_error(
    probability: Floats, outcome: Floats, *, bins: int = 10, weight: Floats | None = None, by: str = "width"
) -> float:
    """Return the largest distance of share and probability over bins that hold rows."""
    _, said, happened = _bins(probability, outcome, weight, bins, by)
    return float(np.max(np.abs(said - happened), initial=0.0))


def debiased_calibration_error(
    probability: Floats, outcome: Floats, *, bins: int = 15, weight: Floats | None = None
) -> float:
    """Return the root of the squared calibration error over bins of equal mass, less what chance adds to it.

    Each bin's squared distance is reduced by `s (1 - s) / (n - 1)`, its variance where the bin's share is s.
    The plain error of a calibrated model is above 0 by chance; this one is 0 on average before the root.

    References:
        Kumar, Liang, Ma (2019). Verified Uncertainty Calibration. NeurIPS.
    """
    place = _mass_bins(probability, weight, bins)
    heavy, said, happened = _by_bin(place, probability, outcome, weight)
    w = np.ones(len(place)) if weight is None else weight
    _, place = np.unique(place, return_inverse=True)
    rows = np.bincount(place, w) ** 2 / np.bincount(place, w**2)  # effective rows of a bin
    chance = np.where(rows > 1, happened * (1 - happened) / np.maximum(rows - 1, 1e-12), 0.0)
    squared = float(heavy @ ((said - happened) ** 2 - chance))
    return float(np.sqrt(max(0.0, squared)))


def smooth_calibration_error(probability: Floats, outcome: Floats, *, weight: Floats | None = None) -> float:
    """Return the smooth calibration error: the error under a kernel as wide as the error itself.

    Residuals are smoothed by a Gaussian kernel that is reflected at 0 and 1; the width s is where the
    smoothed error equals s, which leaves no bins to choose.

    References:
        Blasiok and Nakkiran (2024). Smooth ECE: Principled Reliability Diagrams via Kernel Smoothing. ICLR.
    """
    if not len(probability):
        return float("nan")
    cells = 2_000
    w = _weights(probability, weight)
    # a residual is shared by the two grid points around its probability
    at = np.clip(probability, 0.0, 1.0) * cells
    low = np.minimum(at.astype(np.int64), cells - 1)
    share = at - low
    residual = w * (outcome - probability)
    grid = np.bincount(low, residual * (1 - share), cells + 1) + np.bincount(
        low + 1, residual * share, cells + 1
    )

    def error(width: float) -> float:
        return float(np.abs(_smoothed(np.asarray(grid, dtype=np.float64), width * cells)).sum())

    narrow, wide = 1.0 / cells, 1.0
    if error(narrow) <= narrow:
        return error(narrow)
    for _ in range(40):
        middle = (narrow + wide) / 2
        narrow, wide = (middle, wide) if error(middle) > middle else (narrow, middle)
    return error(wide)


def _smoothed(grid: Floats, width: float) -> Floats:
    """Return a grid on [0, 1] smoothed by a Gaussian of `width` cells, mass beyond the ends folded back."""
    cells = len(grid) - 1
    reach = int(np.ceil(min(6 * width, 4 * cells)))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / width) ** 2)
    kernel /= kernel.sum()
    spread = fftconvolve(grid, kernel)  # position i stands for cell i - reach
    place = np.abs(np.arange(-reach, cells + reach + 1)) % (2 * cells)
    folded = np.where(place > cells, 2 * cells - place, place)
    return np.asarray(np.bincount(folded, spread, cells + 1), dtype=np.float64)


class CumulativeTest(NamedTuple):
    """A test of calibration without bins."""

    statistic: float
    """In units of its standard deviation under calibration."""
    p_value: float
    """Chance of so much under calibration, large n."""


def ks_test(probability: Floats, outcome: Floats, *, weight: Floats | None = None) -> CumulativeTest:
    """Return the Kolmogorov-Smirnov test: the largest cumulative difference along the probabilities.

    Under calibration it is distributed as the largest distance of Brownian motion from 0.

    References:
        Arrieta-Ibarra, Gujral, Tannen, Tygert, Xu (2022). Metrics of Calibration for Probabilistic
        Predictions. JMLR.
    """
    path, scale = _cumulative(probability, outcome, weight)
    statistic = float(np.abs(path).max(initial=0.0) / scale) if scale > 0 else float("nan")
    return CumulativeTest(statistic, 1.0 - brownian_maximum_cdf(statistic))


def kuiper_test(probability: Floats, outcome: Floats, *, weight: Floats | None = None) -> CumulativeTest:
    """Return Kuiper's test: the range of the cumulative difference along the probabilities.

    References:
        Arrieta-Ibarra, Gujral, Tannen, Tygert, Xu (2022). Metrics of Calibration for Probabilistic
        Predictions. JMLR.
    """
    path, scale = _cumulative(probability, outcome, weight)
    span = path.max(initial=0.0) - path.min(initial=0.0)
    statistic = float(span / scale) if scale > 0 else float("nan")
    return CumulativeTest(statistic, 1.0 - brownian_range_cdf(statistic))


def brownian_maximum_cdf(x: float) -> float:
    """Return the chance that Brownian motion on [0, 1] stays within x of 0.

    Examples:
        >>> [round(brownian_maximum_cdf(x), 6) for x in (1.0, 2.0, 3.0)]
        [0.370777, 0.908999, 0.9946]
    """
    if not x > 0:
        return float("nan") if np.isnan(x) else 0.0
    odd = 2 * np.arange(int(2 * x) + 20) + 1
    terms = np.where(odd % 4 == 1, 1.0, -1.0) / odd * np.exp(-((odd * np.pi / x) ** 2) / 8)
    return float(np.clip(4 / np.pi * terms.sum(), 0.0, 1.0))


def brownian_range_cdf(x: float) -> float:
    """Return the chance that Brownian motion on [0, 1] spans less than x, by Feller's series.

    Examples:
        >>> [round(brownian_range_cdf(x), 6) for x in (1.0, 2.0, 3.0)]
        [0.063365, 0.818506, 0.989201]

    References:
        Feller (1951). The Asymptotic Distribution of the Range of Sums of Independent Random Variables. AMS
        22.
    """
    if not x > 0:
        return float("nan") if np.isnan(x) else 0.0
    k = np.arange(1, int(40 / x) + 2)
    above = 8 * float((np.where(k % 2 == 1, 1.0, -1.0) * k * ndtr(-k * x)).sum())
    return float(np.clip(1.0 - above, 0.0, 1.0))


def length_scale(probability: Floats, *, weight: Floats | None = None) -> float:
    """Return the standard deviation that the whole cumulative difference has under calibration."""
    w = _weights(probability, weight)
    return float(np.sqrt((w**2 * probability * (1 - probability)).sum()))


def _cumulative(probability: Floats, outcome: Floats, weight: Floats | None) -> tuple[Floats, float]:
    """Return the cumulative weighted difference by ascending probability, and its scale."""
    order = np.argsort(probability, kind="stable")
    at = probability[order]
    path = np.cumsum((_weights(probability, weight) * (outcome - probability))[order])
    # rows of one probability have no order among themselves: only the path between them counts
    ends = np.append(at[1:] != at[:-1], True) if len(at) else np.zeros(0, dtype=bool)
    return path[ends], length_scale(probability, weight=weight)


def in_the_large(probability: Floats, outcome: Floats, *, weight: Floats | None = None) -> float:
    """Return the share that happened less the mean probability; above 0 the model says too little."""
    return _mean(outcome - probability, weight)


class CoxCurve(NamedTuple):
    """`logit P(outcome) = intercept + slope * logit(probability)`; slope 1 and intercept 0 are calibrated."""

    slope: float
    """Below 1 the probabilities are too extreme."""
    intercept: float
    slope_error: float
    """Standard error."""
    intercept_error: float
    """Standard error."""


def cox(probability: Floats, outcome: Floats, *, weight: Floats | None = None) -> CoxCurve:
    """Return the logistic regression of the outcome on the log-odds of the probability, by Newton's method.

    NaN where it has no finite answer: one class, one probability, or probabilities that separate the
    outcomes.

    References:
        Cox (1958). Two Further Applications of a Model for Binary Regression. Biometrika 45.
    """
    p = np.clip(probability, 1e-12, 1 - 1e-12)
    inputs = np.column_stack([np.log(p) - np.log1p(-p), np.ones(len(p))])
    w = np.ones(len(p)) if weight is None else weight
    unknown = CoxCurve(*(float("nan"),) * 4)
    if len(np.unique(outcome)) < 2 or np.ptp(inputs[:, 0]) == 0:
        return unknown
    x = np.array([1.0, 0.0])
    for _ in range(100):
        fitted = expit(inputs @ x)
        curve = inputs.T @ (inputs * (w * fitted * (1 - fitted))[:, None])
        if not np.isfinite(curve).all() or np.linalg.cond(curve) > 1e14:
            return unknown
        step = np.linalg.solve(curve, inputs.T @ (w * (outcome - fitted)))
        x = x + _damped(step, x, inputs, outcome, w)
        if np.abs(step).max() < 1e-10:
            # rows weigh what they weigh: the sandwich does not take weights for counts
            moved = np.linalg.solve(curve, inputs.T * (w * (outcome - fitted)))
            spread = np.sqrt(np.diag(moved @ moved.T))
            return CoxCurve(float(x[0]), float(x[1]), float(spread[0]), float(spread[1]))
    return unknown


def _damped(step: Floats, x: Floats, inputs: Floats, outcome: Floats, weight: Floats) -> Floats:
    """Return a Newton step, halved until the likelihood does not fall."""
    sign = np.where(outcome > 0, 1.0, -1.0)

    def loss(x: Floats) -> float:
        return float(weight @ -log_expit(sign * (inputs @ x)))

    start = loss(x)
    for _ in range(30):
        if loss(x + step) <= start:
            break
        step = step / 2
    return step


@dataclass(frozen=True, eq=False)
class Reliability:
    """A CORP reliability diagram: what happened as a rising function of what was said."""

    probability: Floats
    """Distinct probabilities (or bin means, where there are very many), ascending, shape (k,)."""
    happened: Floats
    """Share that happened, pooled to be rising, shape (k,)."""
    low: Floats
    """Lower end of the consistency band: where the curve of a calibrated model lies."""
    high: Floats
    weight: Floats
    """Share of the rows at each probability, shape (k,)."""
    level: float
    """Confidence of the band, pointwise."""
    miscalibration: float
    """Part of the Brier score that a rising curve would mend."""
    discrimination: float
    """Part that probabilities gain over the base rate."""
    uncertainty: float
    """Brier score of the base rate; brier = miscalibration - discrimination + uncertainty."""

    @property
    def is_consistent(self) -> NDArray[np.bool_]:
        """Whether the curve lies within the band at each probability."""
        return np.asarray((self.low <= self.happened) & (self.happened <= self.high))

    def to_dict(self) -> dict[str, Any]:
        """Return the diagram as plain JSON values."""
        arrays = {
            name: getattr(self, name).tolist()
            for name in ("probability", "happened", "low", "high", "weight")
        }
        parts = ("level", "miscalibration", "discrimination", "uncertainty")
        return arrays | {name: float(getattr(self, name)) for name in parts}


def reliability(
    probability: Floats, outcome: Floats, *, weight: Floats | None = None, level: float = 0.9,
    draws: int = 200, points: int = 1_000, seed: int = 0,
) -> Reliability:  # fmt: skip
    """Return the CORP diagram with a consistency band.

    The band holds, at each probability, the middle `level` of curves of outcomes that were drawn as the
    probabilities say.

    Args:
        probability: In [0, 1], shape (n,).
        outcome: 0 or 1, shape (n,).
        weight: Shape (n,), > 0; 1 by default.
        level: Confidence of the band, in (0, 1).
        draws: Curves that are drawn, >= 1.
        points: More distinct probabilities than this are pooled into as many bins of equal mass.
        seed: Seed of the draws.

    References:
        Dimitriadis, Gneiting, Jordan (2021). Stable reliability diagrams for probabilistic classifiers. PNAS
        118.
    """
    pooled = len(np.unique(probability)) > points
    place = (
        _mass_bins(probability, weight, points) if pooled else np.unique(probability, return_inverse=True)[1]
    )
    heavy, said, happened = _by_bin(place, probability, outcome, weight)
    curve = np.asarray(isotonic_regression(happened, weights=heavy).x)
    low, high = _band(place, probability, weight, heavy, level=level, draws=draws, seed=seed)
    base = float(heavy @ happened)
    said_loss = brier(probability, outcome, weight=weight)
    recalibrated = float(heavy @ (curve * (curve - 2 * happened) + happened))
    return Reliability(
        probability=said, happened=curve, low=low, high=high, weight=heavy, level=level,
        miscalibration=said_loss - recalibrated, discrimination=base * (1 - base) - recalibrated,
        uncertainty=base * (1 - base),
    )  # fmt: skip


def recalibrated(probability: Floats, outcome: Floats, *, weight: Floats | None = None) -> Floats:
    """Return, for each row, the rising curve of shares that fits best at its probability, shape (n,).

    References:
        Ayer et al. (1955). An empirical distribution function for sampling with incomplete information. AMS
        26.
    """
    place = np.unique(probability, return_inverse=True)[1].reshape(-1)
    heavy, _, happened = _by_bin(place, probability, outcome, weight)
    return np.asarray(isotonic_regression(happened, weights=heavy).x[place], dtype=np.float64)


def _band(
    place: NDArray[np.int64], probability: Floats, weight: Floats | None, heavy: Floats, *, level: float,
    draws: int, seed: int,
) -> tuple[Floats, Floats]:  # fmt: skip
    """Return pointwise quantiles of the curves of calibrated outcomes, each of shape (k,)."""
    generator = np.random.default_rng(seed)
    w = _weights(probability, weight)
    _, place = np.unique(place, return_inverse=True)
    mean = np.bincount(place, w * probability, len(heavy)) / heavy
    spread = np.sqrt(np.bincount(place, w**2 * probability * (1 - probability), len(heavy))) / heavy
    curves = np.empty((draws, len(heavy)))
    for i in range(draws):
        if len(probability) > MANY_ROWS:  # shares of so many rows are normal
            happened = np.clip(mean + spread * generator.standard_normal(len(heavy)), 0.0, 1.0)
        else:
            drawn = generator.random(len(probability)) < probability
            happened = np.bincount(place, w * drawn, len(heavy)) / heavy
        curves[i] = isotonic_regression(happened, weights=heavy).x
    low, high = np.quantile(curves, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return low, high


def _weights(probability: Floats, weight: Floats | None) -> Floats:
    """Return weights that add up to 1."""
    n = len(probability)
    return np.full(n, 1.0 / max(n, 1)) if weight is None else weight / weight.sum()


def _mean(values: Floats, weight: Floats | None) -> float:
    if not len(values):
        return float("nan")
    return float(np.average(values, weights=weight))


def _width_bins(probability: Floats, bins: int) -> NDArray[np.int64]:
    """Return bins [0, 1/m), [1/m, 2/m), ..., the last one closed."""
    edges = np.arange(1, bins) / bins
    return np.asarray(np.searchsorted(edges, probability, side="right"), dtype=np.int64)


def _mass_bins(probability: Floats, weight: Floats | None, bins: int) -> NDArray[np.int64]:
    """Return bins of about equal weight; rows of one probability share a bin."""
    found, place = np.unique(probability, return_inverse=True)
    heavy = np.bincount(place, _weights(probability, weight), len(found))
    middle = np.cumsum(heavy) - heavy / 2
    return np.asarray(np.minimum((middle * bins).astype(np.int64), bins - 1)[place])


def _by_bin(
    place: NDArray[np.int64], probability: Floats, outcome: Floats, weight: Floats | None
) -> tuple[Floats, Floats, Floats]:
    """Return weight, mean probability and share of each bin that holds rows; weights add up to 1."""
    w = _weights(probability, weight)
    _, place = np.unique(place, return_inverse=True)
    heavy = np.asarray(np.bincount(place, w), dtype=np.float64)
    return heavy, np.bincount(place, w * probability) / heavy, np.bincount(place, w * outcome) / heavy


def _bins(
    probability: Floats, outcome: Floats, weight: Floats | None, bins: int, by: str
) -> tuple[Floats, Floats, Floats]:
    place = _width_bins(probability, bins) if by == "width" else _mass_bins(probability, weight, bins)
    return _by_bin(place, probability, outcome, weight)
