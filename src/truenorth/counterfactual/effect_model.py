"""How effects on proxies and on the KPI go together over past experiments, freed of their shared noise.

The estimates of one experiment share its users, so that their noise goes together too: the plain covariance
of estimated effects is mostly that noise. `Lambda = cov(estimates) - mean(Xi)` removes it, with `Xi` the
covariance of the estimates within each experiment and noisy experiments counting less; halves of users with
noise of their own do as well.

References:
    Bibaut, Chou, Ejdemyr and Kallus (2024). Learning the covariance of treatment effects across many weak
    experiments. KDD. arXiv 2402.17637.
    Tripuraneni, Richardson, D'Amour, Soriano and Yadlowsky (2023). Choosing a proxy metric from past
    experiments. arXiv 2309.07893.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def precision_weights(noise: Floats) -> Floats:
    """Return the weight of each experiment, shape (experiments,): a small one counts less.

    `(1 + s)^-2` with `s` its noise over the median experiment's, averaged over metrics: the weights of least
    variance where true effects are as large as the median's noise. Experiments of one size count alike.

    Args:
        noise: Covariance of each experiment's estimates, shape (experiments, 1 + p, 1 + p).
    """
    each = np.diagonal(noise, axis1=1, axis2=2)
    middle = np.median(each, axis=0)
    size = np.divide(each, middle, out=np.ones_like(each), where=middle > 0)
    return np.asarray((1.0 + size.mean(axis=1)) ** -2)


def mean_noise(noise: Floats) -> Floats:
    """Return the noise that is in the weighted covariance of estimated effects, shape (1 + p, 1 + p).

    It takes the noise of each row for its own. Arms that share a control share its noise too: the weighted
    mean then takes more of it away than is counted here, and the correction takes too much off: with `a`
    arms in each experiment and half of their noise the control's, `(a - 1) / (2 (rows - 1))` of the noise.
    """
    weight = precision_weights(noise)
    # What the weighted mean takes away of each: w - w^2 / sum(w), unbiased where rows share no noise.
    left = weight - weight**2 / weight.sum()
    return np.asarray(np.average(noise, axis=0, weights=left if len(weight) > 1 else None))


def corrected_covariance(effects: Floats, noise: Floats, *, n_drawn: int | None = None) -> Floats:
    """Return the covariance of true effects: that of estimates less that of their noise, both weighted.

    Rows of experiments that were drawn with replacement vary less than those they were drawn from, by
    `1 - 1 / n` on average, while their noise is that of the whole: that factor is taken back.

    Args:
        effects: Estimated effects, shape (experiments, 1 + p); the KPI first.
        noise: Covariance of each experiment's estimates, shape (experiments, 1 + p, 1 + p).
        n_drawn: Experiments that were drawn with replacement, 2 or more; None where the rows are no draw.
    """
    seen = np.cov(effects, rowvar=False, aweights=precision_weights(noise))
    shrunk = 1.0 if n_drawn is None else 1.0 - 1.0 / n_drawn
    return np.asarray(np.atleast_2d(seen) / shrunk - mean_noise(noise))


def split_covariance(first: Floats, second: Floats) -> Floats:
    """Return the covariance of true effects from two independent halves of each experiment's users.

    Args:
        first: Effects estimated on one half, shape (experiments, 1 + p).
        second: On the other half.
    """
    a, b = first - first.mean(axis=0), second - second.mean(axis=0)
    across = a.T @ b / (len(a) - 1)
    return np.asarray((across + across.T) / 2)


def nearest_covariance(matrix: Floats, *, floor: float = 1e-6) -> Floats:
    """Return the nearest covariance: eigenvalues of the correlation-scaled matrix are at least `floor`.

    Scaled to its diagonal first, so that metrics of any unit count alike.
    """
    scale = np.sqrt(np.maximum(np.diag(matrix), 0.0))
    positive = scale[scale > 0]
    scale = np.where(scale > 0, scale, floor * (positive.max() if len(positive) else 1.0))
    values, vectors = np.linalg.eigh(matrix / np.outer(scale, scale))
    return np.asarray((vectors * np.maximum(values, floor)) @ vectors.T * np.outer(scale, scale))


@dataclass(frozen=True, eq=False)
class EffectModel:
    """Covariance of true effects, and what follows for the next experiment."""

    truth: Floats
    """Of true effects, shape (1 + p, 1 + p); the KPI first."""
    mean: Floats
    """Mean effect, shape (1 + p,)."""

    def composite(self, noise: Floats) -> Floats:
        """Return the weights of the proxies that foretell the KPI's effect best, shape (p,).

        `(Lambda_PP + Xi_PP)^-1 Lambda_PN`: they depend on how noisy the next experiment is.

        Args:
            noise: Covariance of the estimates of the next experiment, shape (1 + p, 1 + p).
        """
        seen = self.truth[1:, 1:] + noise[1:, 1:]
        return np.asarray(np.linalg.pinv(seen) @ self.truth[1:, 0])

    def quality(self, weights: Floats, noise: Floats) -> float:
        """Return the correlation of the true KPI effect and the observed composite."""
        top = float(weights @ self.truth[1:, 0])
        seen = float(weights @ (self.truth[1:, 1:] + noise[1:, 1:]) @ weights)
        below = self.truth[0, 0] * seen
        return top / math.sqrt(below) if below > 0 else 0.0

    def kpi_effect(self, observed: Floats, noise: Floats) -> tuple[float, float]:
        """Return mean and standard deviation of the true KPI effect, given what was observed so far.

        `mean + Lambda_N (Lambda + Xi)^-1 (observed - mean)`; NaN marks what is not known yet, the KPI itself
        at first.

        Args:
            observed: Estimated effects, shape (1 + p,).
            noise: Their covariance, shape (1 + p, 1 + p).
        """
        known = np.isfinite(observed)
        if not known.any():
            return float(self.mean[0]), math.sqrt(self.truth[0, 0])
        across = self.truth[0, known]
        gain = across @ np.linalg.pinv((self.truth + noise)[np.ix_(known, known)])
        middle = float(self.mean[0] + gain @ (observed[known] - self.mean[known]))
        return middle, math.sqrt(max(float(self.truth[0, 0] - gain @ across), 0.0))
