"""Policies that take more of a score than the log did: the exponential tilt, and best of n.

The tilt `pi_b(a|x) = pi_0(a|x) exp(b s(x, a)) / Z_b(x)` gains the most score per unit of divergence: it is
what a good optimiser of the score turns the logged policy into. How hard it pushes is its **depth**, the
square root of the divergence `KL(pi_b || pi_0)` averaged over contexts. The normaliser `Z_b(x)` of each
context is what makes it a policy: without it users are selected, not choices.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

STEPS = 60
CLOSE = 1e-8
"""Distance from the wanted depth at which the search ends."""
UNREACHABLE = 0.98
"""Share of the largest possible depth from which a depth counts as out of reach."""


@dataclass(frozen=True, eq=False)
class Tilt:
    """A tilted policy and its moments."""

    beta: float
    """Pressure on the score, 1 / unit of the score."""
    probability: Floats
    """Of each candidate, shape (n, k)."""
    mean_score: Floats
    """Mean score of each context under the policy, shape (n,)."""
    kl: float
    """Mean divergence from the logged policy, nats."""
    variance: float
    """Mean within-context variance of the score under the policy."""

    @property
    def depth(self) -> float:
        """Square root of the divergence."""
        return float(np.sqrt(max(self.kl, 0.0)))


def tilt(propensity: Floats, score: Floats, beta: float) -> Tilt:
    """Return the policy that is proportional to `propensity * exp(beta * score)` within each context.

    Args:
        propensity: Logged probabilities, shape (n, k), 0 at padding.
        score: What to take more of, same shape.
        beta: Pressure, 0 for the logged policy.

    Examples:
        >>> found = tilt(np.array([[0.5, 0.5]]), np.array([[0.0, np.log(3.0)]]), 1.0)
        >>> found.probability.round(2).tolist()
        [[0.25, 0.75]]

    References:
        Donsker and Varadhan (1975). Asymptotic evaluation of certain Markov process expectations.
    """
    highest = np.max(score, axis=1, initial=-np.inf, where=propensity > 0, keepdims=True)
    raised = score - highest
    raised *= beta
    # Padding may score higher than any candidate; it has no probability, and may not overflow.
    np.exp(np.minimum(raised, 0.0, out=raised), out=raised)
    raised *= propensity
    total = raised.sum(axis=1, keepdims=True)
    probability = np.divide(raised, total, out=raised)
    mean_score = np.einsum("nk,nk->n", probability, score)
    spread = np.einsum("nk,nk,nk->n", probability, score, score) - mean_score**2
    kl = beta * (mean_score - highest[:, 0]) - np.log(total[:, 0])
    return Tilt(float(beta), probability, mean_score, _mean(kl), _mean(np.maximum(spread, 0.0)))


def depth_limit(propensity: Floats, score: Floats) -> float:
    """Return the depth of the policy that always takes a candidate of the highest score."""
    best = np.max(np.where(propensity > 0, score, -np.inf), axis=1, initial=-np.inf, keepdims=True)
    mass = np.sum(propensity * (score >= best), axis=1)
    return float(np.sqrt(max(_mean(-np.log(np.maximum(mass, 1e-300))), 0.0)))


def tilt_to(propensity: Floats, score: Floats, depth: float, *, after: Tilt | None = None) -> Tilt | None:
    """Return the tilt of a depth, None where no pressure reaches it.

    Depth grows with the pressure, with the derivative `beta Var / (2 depth)`: Newton's method, kept inside a
    bracket.

    Args:
        propensity: Logged probabilities, shape (n, k).
        score: What to take more of, same shape.
        depth: Wanted square root of the divergence, > 0.
        after: The tilt of a smaller depth, to start from.
    """
    if not len(score) or depth >= UNREACHABLE * depth_limit(propensity, score):
        return None
    if after is None:
        low, beta = 0.0, depth * np.sqrt(2.0 / tilt(propensity, score, 0.0).variance)
    else:
        low, beta = after.beta, after.beta + (depth - after.depth) / _steepness(after)
    high = np.inf
    found = tilt(propensity, score, float(beta))
    for _ in range(STEPS):
        if abs(found.depth - depth) < CLOSE:
            break
        low, high = (found.beta, high) if found.depth < depth else (low, found.beta)
        beta = found.beta - (found.depth - depth) / _steepness(found)
        if not low < beta < high:
            beta = (low + high) / 2.0 if np.isfinite(high) else 2.0 * low
        found = tilt(propensity, score, float(beta))
    return found


def _steepness(found: Tilt) -> float:
    """Return how fast the depth grows with the pressure."""
    return max(found.beta * found.variance / max(2.0 * found.depth, 1e-12), 1e-300)


def best_of_n(propensity: Floats, score: Floats, n: int) -> Floats:
    """Return the policy that draws `n` candidates from the log's policy and takes the best, exactly.

    With `F` the probability of a score no higher, a group of equal scores is taken with probability
    `F^n - F_before^n`, shared out by the logged probabilities.

    Args:
        propensity: Logged probabilities, shape (m, k).
        score: What to take the best of, same shape.
        n: Number of draws, >= 1.

    Examples:
        >>> best_of_n(np.array([[0.5, 0.5]]), np.array([[0.0, 1.0]]), 2).tolist()
        [[0.25, 0.75]]
    """
    ranked = Ranked.of(propensity, score)
    taken = np.zeros_like(propensity)
    np.put_along_axis(taken, ranked.order, ranked.best_of(n) * ranked.mass, axis=1)
    return taken


@dataclass(frozen=True, eq=False)
class Ranked:
    """Candidates of each context in the order of their scores; arrays of shape (m, k)."""

    order: NDArray[np.int64]
    mass: Floats
    """Logged probability."""
    before: Floats
    """Probability of a lower score."""
    upto: Floats
    """Probability of a score no higher."""

    @classmethod
    def of(cls, propensity: Floats, score: Floats) -> Ranked:
        """Return the candidates in order."""
        order = np.argsort(score, axis=1, kind="stable")
        mass = np.take_along_axis(propensity, order, axis=1)
        ordered = np.take_along_axis(score, order, axis=1)
        after = np.cumsum(mass, axis=1)
        total = after[:, -1:]
        starts = np.ones(mass.shape, dtype=bool)
        starts[:, 1:] = ordered[:, 1:] > ordered[:, :-1]
        ends = np.ones(mass.shape, dtype=bool)
        ends[:, :-1] = starts[:, 1:]
        before = np.maximum.accumulate(np.where(starts, after - mass, 0.0), axis=1) / total
        upto = np.minimum.accumulate(np.where(ends, after, np.inf)[:, ::-1], axis=1)[:, ::-1] / total
        return cls(order, mass / total, before, upto)

    def best_of(self, n: int) -> Floats:
        """Return the importance weight of each candidate under best of n."""
        width = self.upto - self.before
        rise = self.upto**n - self.before**n
        return np.asarray(np.divide(rise, width, out=np.zeros_like(width), where=width > 0))

    def depth(self, n: int) -> float:
        """Return the depth of best of n."""
        weight = self.best_of(n)
        kl = np.sum(self.mass * weight * np.log(np.maximum(weight, 1e-300)), axis=1)
        return float(np.sqrt(max(_mean(kl), 0.0)))


def divergence(probability: Floats, propensity: Floats) -> float:
    """Return the mean divergence `KL(policy || log)` over contexts, nats."""
    ratio = np.divide(probability, propensity, out=np.ones_like(probability), where=probability > 0)
    return _mean(np.sum(probability * np.log(ratio), axis=1))


def chi_square(probability: Floats, propensity: Floats) -> float:
    """Return `E[w^2] - 1` of the importance weights: effective sample size is `n / (1 + chi_square)`."""
    squared = np.divide(probability**2, propensity, out=np.zeros_like(probability), where=propensity > 0)
    return max(_mean(squared.sum(axis=1)) - 1.0, 0.0)


def best_of_n_kl(n: float) -> float:
    """Return the divergence of best of n for a continuous score, `log n - (n - 1) / n`.

    References:
        Beirami et al. (2024). Theoretical guarantees on the best-of-n alignment policy. arXiv 2401.01879.
    """
    return float(np.log(n) - (n - 1) / n)


def equal_best_of_n(depth: float) -> float:
    """Return the n for which best of n pushes as hard as a tilt of this depth; it need not be whole.

    Examples:
        >>> round(equal_best_of_n(best_of_n_kl(4) ** 0.5), 6)
        4.0
    """
    low, high = 1.0, 2.0
    while best_of_n_kl(high) < depth**2:
        high *= 2.0
    for _ in range(STEPS):
        middle = (low + high) / 2.0
        low, high = (middle, high) if best_of_n_kl(middle) < depth**2 else (low, middle)
    return (low + high) / 2.0


def _mean(values: Floats) -> float:
    return float(values.mean()) if len(values) else 0.0
