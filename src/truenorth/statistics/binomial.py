"""Exact binomial bounds: what a count of errors allows to promise, however scores are distributed."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

Floats = NDArray[np.float64]
Side = Literal["both", "lower", "upper"]


def clopper_pearson(
    successes: Any, trials: Any, *, confidence: float = 0.95, side: Side = "both"
) -> tuple[Floats, Floats]:
    """Return the exact interval of a share.

    Args:
        successes: How often it happened, any shape, 0 to `trials`.
        trials: Out of how many, same shape; where 0 the interval is all of [0, 1].
        confidence: Chance with which the interval covers at least, in (0, 1).
        side: `lower` and `upper` spend the whole error on one end; the other end is 0 or 1.

    Returns:
        Lower and upper ends, each in [0, 1].

    Examples:
        >>> low, high = clopper_pearson(95, 100, side="lower")
        >>> round(float(low), 6), float(high)
        (0.897747, 1.0)

    References:
        Clopper and Pearson (1934). The use of confidence or fiducial limits. Biometrika 26.
    """
    count, total = np.broadcast_arrays(np.asarray(successes, float), np.asarray(trials, float))
    error = (1 - confidence) / (2 if side == "both" else 1)
    low, high = np.zeros(count.shape), np.ones(count.shape)
    if side != "upper":
        some = count > 0
        low[some] = special.betaincinv(count[some], total[some] - count[some] + 1, error)
    if side != "lower":
        some = count < total
        high[some] = special.betaincinv(count[some] + 1, total[some] - count[some], 1 - error)
    return low, high


def least_trials(ceiling: float, *, confidence: float) -> int:
    """Return the fewest rows without a single error that show a rate of at most `ceiling`.

    The chance of no error in n rows at a rate of `ceiling` is `(1 - ceiling)^n`; it must be at most
    `1 - confidence`.

    Examples:
        >>> least_trials(0.01, confidence=0.95)
        299
    """
    n = max(1, math.ceil(math.log(1 - confidence) / math.log1p(-ceiling) - 1e-9))
    return n if (1 - ceiling) ** n <= 1 - confidence + 1e-15 else n + 1


def order_statistic(n: int, *, ceiling: float, confidence: float) -> int | None:
    """Return which of `n` sorted scores is a threshold that at most `ceiling` of their kind exceed.

    The k-th smallest score is exceeded by more than `ceiling` of the population with chance
    `sum_{j >= k} C(n, j) (1 - ceiling)^j ceiling^(n - j)`; the smallest k is returned for which that is at
    most `1 - confidence`. Ties only make the promise safer.

    Args:
        n: Number of scores, of negatives for a false-positive ceiling.
        ceiling: Largest share that may exceed the threshold, in (0, 1).
        confidence: How sure it must be, in (0, 1).

    Returns:
        k, from 1 to n; None where `n` is less than `least_trials`.

    Examples:
        >>> order_statistic(1000, ceiling=0.05, confidence=0.95)
        962
        >>> order_statistic(58, ceiling=0.05, confidence=0.95) is None
        True

    References:
        Tong, Feng and Li (2018). Neyman-Pearson classification algorithms and NP receiver operating
        characteristics. Science Advances 4.
    """
    if n < least_trials(ceiling, confidence=confidence):
        return None
    guess = int(stats.binom.isf(1 - confidence, n, 1 - ceiling)) + 1
    k = min(max(guess - 2, 1), n)
    while stats.binom.sf(k - 1, n, 1 - ceiling) > 1 - confidence:
        k += 1
    return k


def binomial_p_value(errors: Any, n: Any, ceiling: float) -> Floats:
    """Return the chance of so few errors where the rate is `ceiling`: small shows that the rate is below.

    Where `n` is 0 nothing was seen, and the p-value is 1: an empty selection is never taken for a perfect
    one.

    Args:
        errors: Number of errors, any shape.
        n: Number of rows they were counted on, same shape.
        ceiling: The rate to stay below, in (0, 1).

    References:
        Angelopoulos, Bates, Candes, Jordan and Lei (2021). Learn then Test.
    """
    count, total = np.broadcast_arrays(np.asarray(errors, float), np.asarray(n, float))
    return np.where(total > 0, stats.binom.cdf(count, np.maximum(total, 1), ceiling), 1.0)


def hoeffding_bentkus_p_value(risk: Any, n: int, ceiling: float) -> tuple[Floats, Floats]:
    """Return the p-values by Hoeffding and by Bentkus for losses anywhere in [0, 1].

    Hoeffding: `exp(-n h1(min(risk, ceiling), ceiling))` with the relative entropy
    `h1(a, b) = a ln(a / b) + (1 - a) ln((1 - a) / (1 - b))`. Bentkus: `e P(Bin(n, ceiling) <= ceil(n risk))`.
    Their minimum is valid; for losses that are 0 or 1 `binomial_p_value` is tighter.

    References:
        Bates, Angelopoulos, Lei, Malik and Jordan (2021). Distribution-Free, Risk-Controlling Prediction
        Sets.
    """
    mean = np.asarray(risk, float)
    least = np.minimum(mean, ceiling)
    entropy = special.rel_entr(least, ceiling) + special.rel_entr(1 - least, 1 - ceiling)
    hoeffding = np.exp(-n * entropy)
    # A mean that is a whole number of errors over n may land just above it.
    counts = np.ceil(np.round(mean * n, 9))
    bentkus = np.minimum(1.0, np.e * stats.binom.cdf(counts, n, ceiling))
    return hoeffding, bentkus


def fixed_sequence(p_values: Floats, *, error: float) -> NDArray[np.bool_]:
    """Return which hypotheses fall when they are tested in this order until the first that stands.

    No correction is needed: the order was fixed before the data were seen.
    """
    return np.asarray(np.logical_and.accumulate(np.asarray(p_values) <= error))


def learn_then_test(p_values: Floats, *, error: float) -> NDArray[np.bool_]:
    """Return which settings keep all of several risks, with a family-wise error of at most `error`.

    A setting breaks one of its promises where any does, so that the largest of its p-values counts.

    Args:
        p_values: One per risk and setting, shape (risks, settings).
        error: Chance of accepting a setting that breaks a promise, in (0, 1).

    References:
        Angelopoulos, Bates, Candes, Jordan and Lei (2021). Learn then Test.
    """
    return holm(np.max(p_values, axis=0), error=error)


def holm(p_values: Floats, *, error: float) -> NDArray[np.bool_]:
    """Return which hypotheses fall with a family-wise error of at most `error`, in any order.

    References:
        Holm (1979). A simple sequentially rejective multiple test procedure. Scandinavian Journal of
        Statistics 6.
    """
    values = np.asarray(p_values, float)
    order = np.argsort(values, kind="stable")
    passed = np.logical_and.accumulate(values[order] <= error / np.arange(len(values), 0, -1))
    rejected = np.zeros(len(values), dtype=bool)
    rejected[order] = passed
    return rejected
