"""Losses of the prediction types, each with its gradient and Hessian with respect to the raw score.

One function per loss. A raw score is a log-odds for cross-entropy and focal, the logarithm of the mean
for poisson, and the prediction itself otherwise; losses of lists read scores within a list only. Nothing
here knows a model.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, gammaln, log_expit, logsumexp

Floats = NDArray[np.float64]


class LossTerms(NamedTuple):
    """A loss row by row, with its first and second derivative in the row's own score; each of shape (n,).

    In losses of lists a row's `value` is its share of its list's loss, and the derivatives are of the
    list's loss.
    """

    value: Floats
    gradient: Floats
    hessian: Floats


def cross_entropy(score: Floats, target: Floats, *, positive_weight: float = 1.0) -> LossTerms:
    """Return the weighted log loss `-w y ln p - (1 - y) ln(1 - p)` with `p = 1 / (1 + exp(-score))`.

    Args:
        score: Log-odds, shape (n,).
        target: 0 or 1, shape (n,).
        positive_weight: Weight of positives beside 1 for negatives, > 0.

    Examples:
        >>> cross_entropy(np.array([0.0]), np.array([1.0])).value.round(4)
        array([0.6931])
    """
    share = np.where(target > 0, positive_weight, 1.0)
    probability = expit(score)
    signed = np.where(target > 0, score, -score)
    return LossTerms(
        -share * log_expit(signed), share * (probability - target), share * probability * (1 - probability)
    )


def focal(score: Floats, target: Floats, *, gamma: float = 2.0, alpha: float | None = None) -> LossTerms:
    """Return the focal loss `-a_t (1 - p_t)^gamma ln p_t`, where p_t is the probability of what happened.

    Focal loss is not proper: its minimiser is not the probability. Calibrate it, or map it back exactly with
    `focal_to_probability`. It is not convex either: the Hessian is negative where a row is badly wrong.

    Args:
        score: Log-odds, shape (n,).
        target: 0 or 1, shape (n,).
        gamma: How fast easy rows stop counting, >= 0; 0 is cross-entropy.
        alpha: Weight of positives, and 1 - alpha of negatives, in [0, 1]; None weighs both 1.

    References:
        Lin et al. (2017). Focal Loss for Dense Object Detection. ICCV.
    """
    positive = target > 0
    sign = np.where(positive, 1.0, -1.0)
    weight = np.ones_like(score) if alpha is None else np.where(positive, alpha, 1 - alpha)
    p = expit(sign * score)  # of what happened
    q = expit(-sign * score)
    log_p = log_expit(sign * score)
    easy = weight * q**gamma
    first = gamma * p * log_p - q
    second = p * q * (gamma * log_p + gamma + 1) - gamma * p * first
    return LossTerms(-easy * log_p, sign * easy * first, easy * second)


def focal_to_probability(score: Floats, *, gamma: float = 2.0, alpha: float | None = None) -> Floats:
    """Return the probability at which this log-odds is what minimises the expected focal loss.

    With l1 and l0 the losses of a positive and a negative, `eta l1' + (1 - eta) l0' = 0` at the minimum.

    References:
        Charoenphakdee et al. (2021). On Focal Loss for Class-Posterior Probability Estimation. CVPR.
    """
    rising = focal(score, np.zeros_like(score), gamma=gamma, alpha=alpha).gradient
    falling = -focal(score, np.ones_like(score), gamma=gamma, alpha=alpha).gradient
    total = rising + falling
    return np.asarray(np.where(total > 0, rising / np.where(total > 0, total, 1.0), expit(score)))


def squared(score: Floats, target: Floats) -> LossTerms:
    """Return `(score - y)^2 / 2`; its minimiser is the mean."""
    miss = score - target
    return LossTerms(miss**2 / 2, miss, np.ones_like(miss))


def log_squared(score: Floats, target: Floats) -> LossTerms:
    """Return `(score - ln(1 + y))^2 / 2` for amounts y >= 0; `exp(score) - 1` is no mean: smear it."""
    return squared(score, np.log1p(target))


def absolute(score: Floats, target: Floats) -> LossTerms:
    """Return `|score - y|`; its minimiser is the median. The Hessian is that of a bound, 1."""
    miss = score - target
    return LossTerms(np.abs(miss), np.sign(miss), np.ones_like(miss))


def pinball(score: Floats, target: Floats, *, level: float) -> LossTerms:
    """Return `max(level (y - score), (level - 1) (y - score))`; its minimiser is the quantile at `level`.

    Args:
        score: Prediction, shape (n,).
        target: What happened, shape (n,).
        level: Quantile level in (0, 1).

    Examples:
        >>> pinball(np.array([8.0]), np.array([10.0]), level=0.8).value
        array([1.6])

    References:
        Koenker and Bassett (1978). Regression Quantiles. Econometrica.
    """
    miss = target - score
    value = np.maximum(level * miss, (level - 1) * miss)
    slope = np.where(miss > 0, -level, np.where(miss < 0, 1 - level, 0.0))
    return LossTerms(value, slope, np.ones_like(miss))


def huber(score: Floats, target: Floats, *, delta: float = 1.0) -> LossTerms:
    """Return half the square of misses up to `delta` and grow linearly beyond it.

    References:
        Huber (1964). Robust Estimation of a Location Parameter. Annals of Mathematical Statistics.
    """
    miss = score - target
    near = np.abs(miss) <= delta
    value = np.where(near, miss**2 / 2, delta * (np.abs(miss) - delta / 2))
    return LossTerms(value, np.clip(miss, -delta, delta), near.astype(np.float64))


def poisson(score: Floats, target: Floats) -> LossTerms:
    """Return the negative log-likelihood of a count whose mean is `exp(score)`."""
    mean = np.exp(score)
    return LossTerms(mean - target * score + gammaln(target + 1), mean - target, mean)


def pairwise(score: Floats, target: Floats, group: NDArray[np.int64]) -> LossTerms:
    """Return the logistic loss of pairs whose targets differ, `ln(1 + exp(-(s_better - s_worse)))`.

    A row's value is half the loss of the pairs it is in, so that values add up to the loss.

    Args:
        score: Raw score, shape (n,).
        target: Relevance, higher is better, shape (n,).
        group: List of a row, any integers in any order, shape (n,).

    References:
        Burges et al. (2005). Learning to Rank using Gradient Descent. ICML.
    """
    terms = LossTerms(*(np.zeros(len(score)) for _ in range(3)))
    for rows in rows_of_lists(group):
        apart = score[rows][:, None] - score[rows][None, :]  # (m, m)
        better = target[rows][:, None] > target[rows][None, :]
        loss = np.where(better, -log_expit(apart), 0.0)
        pull = np.where(better, expit(-apart), 0.0)
        curve = np.where(better, expit(-apart) * expit(apart), 0.0)
        terms.value[rows] = (loss.sum(axis=0) + loss.sum(axis=1)) / 2
        terms.gradient[rows] = pull.sum(axis=0) - pull.sum(axis=1)
        terms.hessian[rows] = curve.sum(axis=0) + curve.sum(axis=1)
    return terms


def listwise(score: Floats, target: Floats, group: NDArray[np.int64]) -> LossTerms:
    """Return the softmax cross-entropy of a list, `-sum_i t_i ln softmax(s)_i`, where t adds up to 1.

    A list without a positive target says nothing and counts 0.

    Args:
        score: Raw score, shape (n,).
        target: Relevance >= 0, shape (n,).
        group: List of a row, any integers in any order, shape (n,).

    References:
        Cao et al. (2007). Learning to Rank: From Pairwise Approach to Listwise Approach. ICML.
    """
    terms = LossTerms(*(np.zeros(len(score)) for _ in range(3)))
    for rows in rows_of_lists(group):
        total = target[rows].sum()
        if total <= 0:
            continue
        wanted = target[rows] / total
        log_share = score[rows] - logsumexp(score[rows])
        share = np.exp(log_share)
        terms.value[rows] = -wanted * log_share
        terms.gradient[rows] = share - wanted
        terms.hessian[rows] = share * (1 - share)
    return terms


def rows_of_lists(group: NDArray[Any]) -> list[NDArray[np.int64]]:
    """Return the rows of each list, lists in ascending order of their number, rows in their own order."""
    if len(group) == 0:
        return []
    order = np.argsort(group, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(group[order])) + 1)
