"""Probabilities that were not logged: a conditional logit over the candidates, fitted across units.

`pi(a|x) proportional to exp(theta' x_a)`. It is right where the logger was a softmax of features that are in
the log; what it leaves out biases every lift, so that claims from it need the bias bound beside them.

References:
    McFadden (1974). Conditional logit analysis of qualitative choice behavior. Frontiers in Econometrics.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from truenorth.counterfactual.log import Log
from truenorth.counterfactual.outcome import folds_of

Floats = NDArray[np.float64]

STEPS = 50
PENALTY = 1e-6
"""Of squared coefficients per decision: only for features that do not vary."""
DETERMINISTIC = 0.999
"""A candidate this sure was not drawn but picked."""


def fit_logit(features: Floats, log: Log) -> Floats:
    """Return the coefficients of the conditional logit, by Newton's method.

    Args:
        features: Of each candidate, shape (n, k, f), scaled to about 1.
        log: The decisions.
    """
    n, _, f = features.shape
    theta = np.zeros(f)
    taken = log.of_chosen(features).sum(axis=0)
    for _ in range(STEPS):
        p = softmax(features @ theta, log)
        middle = np.einsum("nk,nkf->nf", p, features)
        gradient = taken - middle.sum(axis=0) - PENALTY * n * theta
        weighted = (p[:, :, None] * features).reshape(-1, f)
        curvature = weighted.T @ features.reshape(-1, f) - middle.T @ middle + PENALTY * n * np.eye(f)
        step = np.linalg.solve(curvature, gradient)
        # A separated log has no finite optimum; long steps are cut so that the fit stays finite.
        theta = theta + step * min(1.0, 5.0 / max(float(np.abs(step).max()), 1e-12))
        if float(np.abs(step).max()) < 1e-9:
            break
    return theta


def softmax(logit: Floats, log: Log) -> Floats:
    """Return probabilities over the candidates of each decision, 0 at padding."""
    masked = np.where(log.mask, logit, -np.inf)
    raised = np.exp(masked - masked.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def estimate_propensities(log: Log, features: Floats, *, folds: int = 2, seed: int = 0) -> Floats:
    """Return the probability of every candidate, by a logit that did not see its unit.

    Args:
        log: The decisions.
        features: What the logger may have looked at, shape (n, k, f).
        folds: Number of folds, >= 2.
        seed: Seed of the folds.
    """
    held = features[log.mask]
    scale = held.std(axis=0)
    scaled = np.where(log.mask[:, :, None], features - held.mean(axis=0), 0.0) / np.where(scale > 0, scale, 1)
    fold = folds_of(log.clusters, folds=folds, seed=seed)
    found = np.zeros(log.mask.shape)
    for one in range(folds):
        inside = fold == one
        theta = fit_logit(scaled[~inside], log.take(~inside))
        found[inside] = softmax(scaled[inside] @ theta, log.take(inside))
    return found


def share_picked(propensity: Floats) -> float:
    """Return the share of decisions in which one candidate was as good as certain."""
    return float(np.mean(propensity.max(axis=1) >= DETERMINISTIC)) if len(propensity) else 0.0
