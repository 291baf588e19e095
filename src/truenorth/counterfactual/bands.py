"""Errors of several estimates at once, clustered by unit, and one critical value for all claims together.

The multiplier bootstrap multiplies the summed influence of each unit by an independent normal number. Given
the log such a draw is exactly normal with the clustered covariance, so it is drawn from there: the same
distribution, at a cost that does not grow with the number of units.

References:
    Chernozhukov, Chetverikov and Kato (2013). Gaussian approximations and multiplier bootstrap for maxima of
    sums of high-dimensional random vectors. Annals of Statistics 41.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truenorth.statistics.estimates import Estimate

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Joint:
    """Several estimates of one log with their covariance."""

    value: Floats
    """Shape (m,)."""
    covariance: Floats
    """Clustered by unit, shape (m, m)."""

    @property
    def error(self) -> Floats:
        """Standard errors, shape (m,)."""
        return np.asarray(np.sqrt(np.maximum(np.diag(self.covariance), 0.0)))

    def combine(self, rows: Floats) -> Joint:
        """Return linear combinations of the estimates, one per row of shape (f, m)."""
        return Joint(rows @ self.value, rows @ self.covariance @ rows.T)


def joint(estimates: list[Estimate], units: Ints) -> Joint:
    """Return estimates of one log with their covariance, clustered by unit."""
    value = np.array([one.value for one in estimates])
    moved: Floats = np.array([np.bincount(units, weights=one.influence) for one in estimates], dtype=float)
    return Joint(value, covariance_of(moved))


def covariance_of(moved: NDArray[Any]) -> Floats:
    """Return the covariance of sums over units, `C / (C - 1)` times the products of their deviations.

    Args:
        moved: Influence summed within units, shape (m, units).
    """
    count = moved.shape[1]
    centred = moved - moved.mean(axis=1, keepdims=True)
    return np.asarray(centred @ centred.T * (count / max(count - 1, 1)))


def clustered_error(influence: Floats, units: Ints) -> float:
    """Return the standard error of an estimate, clustered by unit."""
    moved = np.bincount(units, weights=influence)
    return float(np.std(moved, ddof=min(1, len(moved) - 1)) * np.sqrt(len(moved)))


def draw_studentised(found: Joint, *, draws: int, seed: int) -> Floats:
    """Return draws of the estimates' errors in units of their standard errors, shape (draws, m)."""
    values, vectors = np.linalg.eigh(found.covariance)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    noise = np.random.default_rng(seed).standard_normal((draws, len(values)))
    error = found.error
    scaled = np.divide(root, error[:, None], out=np.zeros_like(root), where=error[:, None] > 0)
    return np.asarray(noise @ scaled.T)


def simultaneous(found: Joint, *, level: float, draws: int, seed: int) -> float:
    """Return the number of standard errors within which all estimates lie at once with chance `level`."""
    z = draw_studentised(found, draws=draws, seed=seed)
    return float(np.quantile(np.abs(z).max(axis=1, initial=0.0), level))


@dataclass(frozen=True, eq=False)
class OneSided:
    """A family of claims 'this is above 0', tested together."""

    t: Floats
    """Estimate over its error, per claim."""
    critical: float
    """Value above which a claim holds, with one error rate for the whole family."""
    p_value: float
    """Chance of a largest t as large as this where no claim is true."""

    @property
    def holds(self) -> NDArray[np.bool_]:
        """Which claims hold."""
        return np.asarray(self.t > self.critical)


def one_sided(found: Joint, *, level: float, draws: int, seed: int) -> OneSided:
    """Return which of the estimates are above 0, with one critical value for the largest of them."""
    error = found.error
    t = np.divide(found.value, error, out=np.zeros_like(error), where=error > 0)
    largest = draw_studentised(found, draws=draws, seed=seed).max(axis=1, initial=-np.inf)
    critical = float(np.quantile(largest, level))
    exceed = int(np.sum(largest >= t.max(initial=-np.inf)))
    return OneSided(t, critical, (exceed + 1) / (draws + 1))
