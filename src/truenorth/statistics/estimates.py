"""A number with the influence that every row has on it: what a standard error is made of.

The influence of row i is how much the value moves, to first order, when the row's weight is multiplied by
`1 + e`, divided by `e`. Sums, products and ratios of estimates are estimates again (the delta method), and
the standard error that respects clusters is the root of the sum of squared influences, summed within
clusters.

References:
    Deville (1999). Variance estimation for complex statistics and estimators. Survey Methodology 25.
    Huber (1981). Robust Statistics. Wiley.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Estimate:
    """A number and the influence of every row on it.

    Examples:
        >>> hits = mean(np.array([1.0, 0.0, 1.0, 1.0]))
        >>> hits.value
        0.75
        >>> (1.0 - hits).value
        0.25
    """

    value: float
    influence: Floats
    """Shape (n,)."""

    def __add__(self, other: Estimate | float) -> Estimate:
        if isinstance(other, Estimate):
            return Estimate(self.value + other.value, self.influence + other.influence)
        return Estimate(self.value + other, self.influence)

    def __mul__(self, other: Estimate | float) -> Estimate:
        if isinstance(other, Estimate):
            moved = self.influence * other.value + other.influence * self.value
            return Estimate(self.value * other.value, moved)
        return Estimate(self.value * other, self.influence * other)

    def __truediv__(self, other: Estimate | float) -> Estimate:
        if isinstance(other, Estimate):
            value = self.value / other.value
            return Estimate(value, (self.influence - value * other.influence) / other.value)
        return self * (1.0 / other)

    def __neg__(self) -> Estimate:
        return self * -1.0

    def __sub__(self, other: Estimate | float) -> Estimate:
        return self + (-other)

    __radd__ = __add__
    __rmul__ = __mul__

    def __rsub__(self, other: float) -> Estimate:
        return -self + other

    def root(self) -> Estimate:
        """Return the square root."""
        value = float(np.sqrt(self.value))
        return Estimate(value, self.influence / (2.0 * value) if value > 0 else np.zeros_like(self.influence))

    def spread(self, rows: NDArray[Any], n_rows: int) -> Estimate:
        """Return the estimate over a longer table whose other rows do not count.

        Args:
            rows: Mask or index of the rows that count, in the order of the influence.
            n_rows: Length of the longer table.
        """
        influence = np.zeros(n_rows)
        influence[rows] = self.influence
        return Estimate(self.value, influence)


def total(values: Floats, weight: Floats | None = None) -> Estimate:
    """Return the weighted sum."""
    weighted = values if weight is None else values * weight
    return Estimate(float(weighted.sum()), np.asarray(weighted, dtype=np.float64))


def mean(values: Floats, weight: Floats | None = None) -> Estimate:
    """Return the weighted mean of at least one value."""
    weight = np.ones(len(values)) if weight is None else weight
    return total(values, weight) / total(np.ones(len(values)), weight)


@dataclass(frozen=True)
class Spread:
    """How an estimate varies between clusters."""

    error: float
    """Standard error."""
    degrees: float
    """Degrees of freedom of the error, at least 1: clusters less one, fewer where few of them dominate."""
    skewness: float
    """Skewness of the estimate's distribution; 0 is symmetric."""
    n_clusters: int
    """Clusters that the error rests on."""


def spread(influence: Floats, cluster: Codes, *, counted: NDArray[np.bool_] | None = None) -> Spread | None:
    """Return how an estimate varies between clusters, None for fewer than two clusters.

    The squared error is `C / (C - 1) * sum (d_c - mean d)^2`, with `d_c` the summed influence of cluster c.
    The degrees of freedom match the chi-square distribution to the variance of that sum, `2 C / (kurtosis
    - 1)`.

    Args:
        influence: Shape (n,).
        cluster: Cluster of each row, 0, 1, ..., shape (n,).
        counted: Rows whose clusters count; all by default. A cluster without one is not there.

    References:
        Satterthwaite (1946). An approximate distribution of estimates of variance components. Biometrics 2.
    """
    moved = np.bincount(cluster, weights=influence)
    kept = cluster if counted is None else cluster[counted]
    moved = moved[np.bincount(kept, minlength=len(moved)) > 0]
    count = len(moved)
    if count < 2:
        return None
    moved = moved - moved.mean()
    square = float(np.sum(moved**2))
    if not square > 0:
        return Spread(0.0, float(count - 1), 0.0, count)
    scaled = moved / np.sqrt(square)  # sum of squares 1, so that tiny influences do not underflow
    kurtosis = count * float(np.sum(scaled**4))
    degrees = min(count - 1.0, 2.0 * count / max(kurtosis - 1.0, 1e-9))
    error = float(np.sqrt(square * count / (count - 1)))
    return Spread(error, max(degrees, 1.0), float(np.sum(scaled**3)), count)


def codes_of(values: NDArray[Any]) -> Codes:
    """Return the values as codes 0, 1, ... in the order of their sorted values."""
    return np.unique(values, return_inverse=True)[1].astype(np.int64).reshape(-1)
