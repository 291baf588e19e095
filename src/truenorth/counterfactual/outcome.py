"""The outcome that a candidate would have: a model that never predicts a unit it was fitted on.

Any function from features and outcomes to a prediction may serve; `ridge` is the default. Only what is known
of a candidate before it is taken may be a feature.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from truenorth.counterfactual.log import Log

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Predict = Callable[[Floats], Floats]
OutcomeModel = Callable[[Floats, Floats], Predict]
"""From features (m, f) and outcomes (m,) to what predicts from features (j, f)."""

BLOCK = 20_000
"""Decisions that are predicted at a time: bounds the memory of the design."""
MOST_SQUARES = 6
"""Features up to which squares and products enter the ridge."""
PENALTIES = np.geomspace(1e-3, 1e5, 17)


def ridge(features: Floats, outcome: Floats) -> Predict:
    """Return a linear model of features, squares and products, its penalty chosen by cross-validation.

    The penalty minimises the generalised cross-validation error `RSS / (1 - df / n)^2`.

    Args:
        features: Shape (m, f).
        outcome: Shape (m,).

    References:
        Golub, Heath and Wahba (1979). Generalized cross-validation as a method for choosing a good ridge
        parameter. Technometrics 21.
    """
    m = len(outcome)
    if m == 0:
        return lambda rows: np.zeros(len(rows))
    centre = features.mean(axis=0)
    scale = features.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    design = expand((features - centre) / scale)
    middle, base = design.mean(axis=0), float(outcome.mean())
    design = design - middle
    gram = design.T @ design
    pull = design.T @ (outcome - base)
    values, vectors = np.linalg.eigh(gram)
    values = np.maximum(values, 0.0)
    turned = vectors.T @ pull
    total = float(np.sum((outcome - base) ** 2))
    shrunk = turned / (values + PENALTIES[:, None])  # (penalties, p)
    rss = total - 2 * shrunk @ turned + (shrunk**2) @ values
    df = 1 + np.sum(values / (values + PENALTIES[:, None]), axis=1)
    error = rss / np.maximum(1 - df / m, 1e-6) ** 2
    coefficient = vectors @ shrunk[int(np.argmin(error))]

    def predict(rows: Floats) -> Floats:
        return np.asarray(base + (expand((rows - centre) / scale) - middle) @ coefficient)

    return predict


def expand(features: Floats) -> Floats:
    """Return features, and their squares and products where there are few of them."""
    f = features.shape[1]
    if f > MOST_SQUARES:
        return features
    first, second = np.triu_indices(f)
    return np.concatenate([features, features[:, first] * features[:, second]], axis=1)


def folds_of(units: Ints, *, folds: int, seed: int) -> Ints:
    """Return the fold of each decision; decisions of a unit are in one fold."""
    count = int(units.max()) + 1 if len(units) else 0
    dealt = np.arange(count) % folds
    return np.asarray(np.random.default_rng(seed).permutation(dealt)[units])


def cross_fit(
    log: Log, features: Floats, outcome: Floats, *, model: OutcomeModel = ridge, folds: int = 2, seed: int = 0
) -> Floats:
    """Return the predicted outcome of every candidate, by models that did not see its unit.

    Args:
        log: The decisions.
        features: What is known of each candidate beforehand, shape (n, k, f).
        outcome: Of the candidate that was taken, shape (n,).
        model: Fits and predicts.
        folds: Number of folds, >= 2.
        seed: Seed of the folds.

    Returns:
        Shape (n, k), 0 at padding.
    """
    n, k, f = features.shape
    fold = folds_of(log.clusters, folds=folds, seed=seed)
    taken = log.of_chosen(features)
    predicted = np.zeros((n, k))
    for one in range(folds):
        inside = np.flatnonzero(fold == one)
        outside = fold != one
        predict = model(taken[outside], outcome[outside])
        for start in range(0, len(inside), BLOCK):
            block = inside[start : start + BLOCK]
            predicted[block] = predict(features[block].reshape(-1, f)).reshape(len(block), k)
    return np.where(log.mask, predicted, 0.0)


def expected_of_units(
    log: Log, outcome: Floats, before: Floats | None, *, model: OutcomeModel = ridge, folds: int = 2,
    seed: int = 0,
) -> Floats:  # fmt: skip
    """Return what is expected of each unit before its decisions, by models that did not see the unit.

    Args:
        log: The decisions.
        outcome: Of the unit, repeated on its decisions, shape (n,).
        before: What is known of the unit beforehand, shape (n, f); its first decision's values count. None
            expects the mean of the other units.
        model: Fits and predicts.
        folds: Number of folds, >= 2.
        seed: Seed of the folds.

    Returns:
        Shape (n,), the same for all decisions of a unit.
    """
    first = np.unique(log.units, return_index=True)[1]
    fold = folds_of(log.clusters, folds=folds, seed=seed)[first]
    y = outcome[first]
    expected = np.full(len(first), float(y.mean()) if len(y) else 0.0)
    for one in range(folds):
        inside = fold == one
        if not inside.any() or inside.all():
            continue
        if before is None:
            expected[inside] = y[~inside].mean()
        else:
            known = before[first]
            expected[inside] = model(known[~inside], y[~inside])(known[inside])
    return np.asarray(expected[log.units])
