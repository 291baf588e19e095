"""Losses of linear models that scikit-learn does not have, and how they are minimised.

An objective maps raw scores, and free numbers beside them such as cut points, to the summed loss and its
derivatives; `minimise` finds coefficients for it with L-BFGS under a quadratic penalty.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, log_expit

from truenorth.models.contract import Floats
from truenorth.models.losses import focal

Terms = tuple[float, Floats, Floats]
"""Summed loss, its derivative in each raw score, and in each free number."""
Objective = Callable[[Floats, Floats], Terms]
PAIRS_PER_ROW = 10


@dataclass(frozen=True, eq=False)
class Minimum:
    """Where an objective is smallest."""

    coefficients: Floats
    free: Floats
    converged: bool


def minimise(
    matrix: Any, objective: Objective, *, start: Floats, penalty: float, weight: float, iterations: int = 300
) -> Minimum:
    """Return the minimum of `objective(matrix @ b, free) + penalty |b|^2 / 2`.

    Args:
        matrix: Shape (n, d), dense or CSR.
        objective: Summed loss of raw scores and free numbers.
        start: First guess of the free numbers; coefficients start at 0.
        penalty: Of the squared length of the coefficients, >= 0.
        weight: Summed weight of the rows; the problem is divided by it.
        iterations: Most steps.
    """
    d = matrix.shape[1]

    def value(x: Floats) -> tuple[float, Floats]:
        b = x[:d]
        loss, by_score, by_free = objective(np.asarray(matrix @ b), x[d:])
        slope = np.concatenate([np.asarray(matrix.T @ by_score) + penalty * b, by_free])
        return (loss + penalty * float(b @ b) / 2) / weight, slope / weight

    options = {"maxiter": iterations, "ftol": 1e-12, "gtol": 1e-7}
    found = minimize(
        value, np.concatenate([np.zeros(d), start]), jac=True, method="L-BFGS-B", options=options
    )
    return Minimum(found.x[:d], found.x[d:], bool(found.success))


def focal_objective(target: Floats, weight: Floats, *, gamma: float) -> Objective:
    """Return the focal loss with an intercept as the only free number."""

    def objective(raw: Floats, free: Floats) -> Terms:
        terms = focal(raw + free[0], target, gamma=gamma)
        slope = weight * terms.gradient
        return float(weight @ terms.value), slope, np.array([slope.sum()])

    return objective


def pinball_objective(target: Floats, weight: Floats, *, level: float, smoothing: float) -> Objective:
    """Return the pinball loss with its kink rounded over `smoothing`, in the target's units.

    `level u + h ln(1 + exp(-u / h))` with `u = y - raw`.

    References:
        Zheng (2011). Gradient descent algorithms for quantile regression with smooth approximation.
    """

    def objective(raw: Floats, free: Floats) -> Terms:
        miss = target - raw - free[0]
        value = level * miss - smoothing * log_expit(miss / smoothing)
        slope = weight * (expit(-miss / smoothing) - level)
        return float(weight @ value), slope, np.array([slope.sum()])

    return objective


def huber_objective(target: Floats, weight: Floats, *, delta: float) -> Objective:
    """Return the Huber loss with an intercept as the only free number."""

    def objective(raw: Floats, free: Floats) -> Terms:
        miss = raw + free[0] - target
        near = np.abs(miss) <= delta
        value = np.where(near, miss**2 / 2, delta * (np.abs(miss) - delta / 2))
        slope = weight * np.clip(miss, -delta, delta)
        return float(weight @ value), slope, np.array([slope.sum()])

    return objective


def ordinal_objective(target: Floats, weight: Floats, *, grades: int) -> Objective:
    """Return the negative log-likelihood of cumulative logits, `P(grade <= k) = 1 / (1 + exp(raw - cut_k))`.

    Free numbers: the first cut, then the logarithm of each step to the next, so that cuts cannot cross.

    References:
        McCullagh (1980). Regression Models for Ordinal Data. JRSS B.
    """
    code = target.astype(np.int64)

    def objective(raw: Floats, free: Floats) -> Terms:
        cuts = cut_points(free)
        upper = np.append(cuts, np.inf)[code] - raw
        lower = np.append(-np.inf, cuts)[code] - raw
        below, under = expit(upper), expit(lower)
        chance = np.maximum(below - under, 1e-300)
        by_upper = below * (1 - below) / chance  # of ln chance
        by_lower = under * (1 - under) / chance
        by_cut = np.zeros(grades + 1)
        np.add.at(by_cut, code + 1, -weight * by_upper)
        np.add.at(by_cut, code, weight * by_lower)
        inner = by_cut[1:grades]
        # a step moves every cut after it
        tail = np.cumsum(inner[::-1])[::-1]
        by_free = np.append(tail[0], tail[1:] * np.exp(free[1:]))
        return float(-(weight @ np.log(chance))), weight * (by_upper - by_lower), by_free

    return objective


def cut_points(free: Floats) -> Floats:
    """Return ascending cut points from the first one and the logarithms of the steps."""
    return np.asarray(free[0] + np.concatenate([[0.0], np.cumsum(np.exp(free[1:]))]))


def hazard_objective(at_risk: NDArray[np.bool_], happened: NDArray[np.bool_], weight: Floats) -> Objective:
    """Return the log loss of hazards per bin, `P(event in b | none before) = 1 / (1 + exp(-raw - free_b))`.

    Args:
        at_risk: Whether a row was seen through a bin with no event before it, shape (n, bins).
        happened: Whether its event fell in the bin, shape (n, bins).
        weight: Shape (n,).

    References:
        Singer and Willett (1993). It's About Time: Using Discrete-Time Survival Analysis. J. Educ. Stat.
    """
    sign = np.where(happened, 1.0, -1.0)

    def objective(raw: Floats, free: Floats) -> Terms:
        score = raw[:, None] + free[None, :]
        value = np.where(at_risk, -log_expit(sign * score), 0.0).sum(axis=1)
        slope = np.where(at_risk, expit(score) - happened, 0.0) * weight[:, None]
        return float(weight @ value), slope.sum(axis=1), slope.sum(axis=0)

    return objective


def exposure(
    days: Floats, event: NDArray[np.bool_] | None, bins: tuple[float, ...]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return at-risk and happened of each row and bin, each of shape (n, bins).

    A bin in which a row was censored says nothing: the row is at risk only in bins that it was seen through.
    """
    ends = np.asarray(bins)
    fell = np.searchsorted(ends, days, side="left")  # the bin that holds the day
    known = np.ones(len(days), dtype=bool) if event is None else event
    through = np.searchsorted(ends, days, side="right")  # bins whose end was reached
    last = np.where(known, fell, through - 1)
    place = np.arange(len(ends))[None, :]
    return place <= last[:, None], known[:, None] & (place == fell[:, None])


def pairwise_objective(
    target: Floats, weight: Floats, group: NDArray[np.int64], *, seed: int
) -> tuple[Objective, int]:
    """Return the logistic loss of pairs of a list whose targets differ, and the number of pairs.

    Each row meets up to ten others of its list, drawn once.

    References:
        Joachims (2002). Optimizing Search Engines using Clickthrough Data. KDD.
    """
    better, worse = _pairs(target, group, seed)
    pair_weight = np.sqrt(weight[better] * weight[worse])

    def objective(raw: Floats, free: Floats) -> Terms:
        apart = raw[better] - raw[worse]
        pull = pair_weight * expit(-apart)
        slope = np.bincount(worse, pull, len(raw)) - np.bincount(better, pull, len(raw))
        return float(-(pair_weight @ log_expit(apart))), np.asarray(slope), np.zeros(0)

    return objective, len(better)


def _pairs(
    target: Floats, group: NDArray[np.int64], seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draw pairs by matching each row with the rows some random places further in its list."""
    generator = np.random.default_rng(seed)
    order = np.lexsort((generator.random(len(target)), group))
    _, start, size = np.unique(group[order], return_index=True, return_counts=True)
    begin, length = np.repeat(start, size), np.repeat(size, size)
    place = np.arange(len(order)) - begin
    better, worse = [], []
    for step in range(1, min(PAIRS_PER_ROW, int(size.max(initial=1)) - 1) + 1):
        partner = order[begin + (place + step) % length]
        above = (step < length) & (target[order] > target[partner])
        below = (step < length) & (target[order] < target[partner])
        better += [order[above], partner[below]]
        worse += [partner[above], order[below]]
    if not better:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    return np.concatenate(better), np.concatenate(worse)


def listwise_objective(target: Floats, weight: Floats, group: NDArray[np.int64]) -> tuple[Objective, int]:
    """Return the softmax cross-entropy of lists, and the number of lists that have a positive target.

    References:
        Cao et al. (2007). Learning to Rank: From Pairwise Approach to Listwise Approach. ICML.
    """
    order = np.argsort(group, kind="stable")
    _, start, lists = np.unique(group[order], return_index=True, return_inverse=True)
    gain = np.maximum(target, 0.0)[order]
    total = np.add.reduceat(gain, start)
    # a list weighs what its rows weigh on average
    heavy = np.add.reduceat(weight[order], start) / np.bincount(lists)
    heavy = np.where(total > 0, heavy, 0.0)
    wanted = gain / np.where(total > 0, total, 1.0)[lists]

    def objective(raw: Floats, free: Floats) -> Terms:
        score = raw[order]
        top = np.maximum.reduceat(score, start)[lists]
        grown = np.exp(score - top)
        summed = np.add.reduceat(grown, start)[lists]
        log_share = score - top - np.log(summed)
        slope = np.empty_like(raw)
        slope[order] = heavy[lists] * (grown / summed - wanted)
        return float(-(heavy[lists] * wanted) @ log_share), slope, np.zeros(0)

    return objective, int((total > 0).sum())
