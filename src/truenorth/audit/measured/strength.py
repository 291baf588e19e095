"""How well one column alone separates two groups, whatever its type: numbers, categories, missing values."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from truenorth.engine.vectors import Vector

Floats = NDArray[np.float64]
BINS = 64
_PRIOR = 20.0
"""Rows that the overall rate counts as in a bin, so that small bins say little."""


def auc(score: Floats, target: Floats) -> float:
    """Return the chance that a positive outranks a negative; ties count half; NaN without both.

    Examples:
        >>> auc(np.array([0.1, 0.4, 0.35, 0.8]), np.array([0.0, 0.0, 1.0, 1.0]))
        0.75
    """
    positives = float(target.sum())
    negatives = len(target) - positives
    if not positives or not negatives:
        return float("nan")
    ranks = mean_ranks(score)
    return float((ranks[target > 0].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def mean_ranks(values: Floats) -> Floats:
    """Return the rank of each value from 1, the mean of their ranks where several are equal, shape (n,).

    Examples:
        >>> mean_ranks(np.array([3.0, 1.0, 3.0])).tolist()
        [2.5, 1.0, 2.5]
    """
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return np.asarray((ends - (counts - 1) / 2)[place], dtype=np.float64)


def separation(column: Vector, target: Floats) -> float:
    """Return the ROC area of a column for a 0/1 target, from .5 (nothing) to 1, measured out of fold.

    The column is cut into bins (quantiles of a number, values of a category, missing apart); each half of the
    rows is scored by the rates of its bins in the other half, so a curve that is not monotone counts as well
    and many values do not flatter.

    Args:
        column: Shape (n,).
        target: 0 or 1, shape (n,).
    """
    if len(target) < 2 or column.role == "list":
        return 0.5
    score = out_of_fold(bins(column), target)
    found = auc(score, target)
    return 0.5 if np.isnan(found) else max(found, 0.5)


def bins(column: Vector) -> NDArray[np.int64]:
    """Return the bin of each row, from 0; missing values have a bin of their own."""
    if column.role == "text":
        return np.asarray(column.values, dtype=np.int64) + 1
    values = np.asarray(column.values, dtype=np.float64)
    is_known = ~column.is_null & np.isfinite(values)
    if not is_known.any():
        return np.zeros(len(values), dtype=np.int64)
    edges = np.unique(np.quantile(values[is_known], np.linspace(0, 1, BINS + 1)[1:-1]))
    return np.where(is_known, np.searchsorted(edges, values, side="right") + 1, 0).astype(np.int64)


def out_of_fold(bin_of: NDArray[np.int64], target: Floats) -> Floats:
    """Return for each row the rate of its bin among the rows of the other half, shape (n,)."""
    half = np.arange(len(target)) % 2
    size = int(bin_of.max()) + 1
    score = np.empty(len(target))
    for one in (0, 1):
        others, own = half != one, half == one
        rate = target[others].mean()
        counts = np.bincount(bin_of[others], minlength=size)
        highs = np.bincount(bin_of[others], weights=target[others], minlength=size)
        score[own] = ((highs + _PRIOR * rate) / (counts + _PRIOR))[bin_of[own]]
    return score
