"""The direction of several scores that raises an outcome most, with its error; shrunk, and kept in bounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from truenorth.counterfactual.bands import joint
from truenorth.counterfactual.effects import Effect, see
from truenorth.counterfactual.log import Log
from truenorth.counterfactual.policies import tilt

Floats = NDArray[np.float64]

DRAWS = 1000


@dataclass(frozen=True, eq=False)
class Direction:
    """`theta = Sigma^-1 c` with the pieces it is made of, in standardised scores."""

    theta: Floats
    slopes: Floats
    """Slope of the outcome along each score, `c`, shape (p,)."""
    covariance: Floats
    """Of the scores inside contexts, `Sigma`, shape (p, p)."""
    variance: Floats
    """Covariance of the estimated `theta`, clustered by unit, shape (p, p)."""

    @property
    def errors(self) -> Floats:
        """Standard errors of `theta`."""
        return np.asarray(np.sqrt(np.maximum(np.diag(self.variance), 0.0)))

    def angle(self, seed: int) -> float:
        """Return the degrees between the direction and a draw of it, at the median."""
        if len(self.theta) < 2:
            return 0.0
        values, vectors = np.linalg.eigh(self.variance)
        noise = np.random.default_rng(seed).standard_normal((DRAWS, len(values)))
        drawn = self.theta + noise @ (vectors * np.sqrt(np.maximum(values, 0.0))).T
        length = np.linalg.norm(drawn, axis=1) * np.linalg.norm(self.theta)
        cosine = np.divide(drawn @ self.theta, length, out=np.zeros(DRAWS), where=length > 0)
        return float(np.degrees(np.arccos(np.clip(np.median(cosine), -1.0, 1.0))))

    def leave_one_out(self) -> Floats:
        """Return the first-order share of the gain that is lost without each score.

        The gain per unit of depth is `sqrt(c' Sigma^-1 c)`.
        """
        whole = _gain(self.slopes, self.covariance)
        lost = np.zeros(len(self.slopes))
        for at in range(len(self.slopes)):
            rest = np.arange(len(self.slopes)) != at
            left = _gain(self.slopes[rest], self.covariance[np.ix_(rest, rest)])
            lost[at] = 1 - left / whole if whole > 0 else 0.0
        return lost


def _gain(slopes: Floats, covariance: Floats) -> float:
    return float(np.sqrt(max(float(slopes @ np.linalg.pinv(covariance) @ slopes), 0.0)))


def direction_of(z: Floats, log: Log, effect: Effect) -> Direction:
    """Return the direction that raises an outcome most per unit of divergence.

    Args:
        z: Standardised scores inside contexts, shape (n, k, p).
        log: The decisions, with propensities.
        effect: What policies do to the outcome.
    """
    base = log.base
    p = z.shape[2]
    weighted = (base[:, :, None] * z).reshape(-1, p)
    covariance = weighted.T @ z.reshape(-1, p) / log.n
    at_rest = [see(log, tilt(base, z[:, :, one], 0.0), z[:, :, one]) for one in range(p)]
    found = joint([effect.slope(seen) for seen in at_rest], log.clusters)
    inverse = np.linalg.pinv(covariance)
    return Direction(inverse @ found.value, found.value, covariance, inverse @ found.covariance @ inverse)


@dataclass(frozen=True, eq=False)
class Shrunk:
    """A direction drawn towards equal weights."""

    theta: Floats
    share: float
    """How far, 0 not at all, 1 entirely."""


def shrink(raw: Direction, signs: Floats) -> Shrunk:
    """Return the posterior mean of the direction where weights scatter around equal ones.

    Prior `theta ~ N(g u, t^2 I)` with `u` the signs; `g` by generalised least squares and `t^2` by moments,
    so that what the log is sure of stays.

    Args:
        raw: The direction as estimated.
        signs: +1 or -1 per score, shape (p,).

    References:
        Morris (1983). Parametric empirical Bayes inference. JASA 78.
    """
    v, theta, u = raw.variance, raw.theta, signs / np.sqrt(len(signs))
    precision = np.linalg.pinv(v)
    pulled = float(u @ precision @ u)
    if len(u) < 2 or not pulled > 0:
        return Shrunk(theta, 0.0)
    middle = float(u @ precision @ theta) / pulled
    apart = theta - middle * u
    spare = float(apart @ precision @ apart) - (len(u) - 1)
    between = spare / max(float(np.trace(precision) - u @ precision @ precision @ u / pulled), 1e-300)
    if between <= 0:
        return Shrunk(middle * u, 1.0)
    joint_precision = np.linalg.pinv(v + between * np.eye(len(u)))
    middle = float(u @ joint_precision @ theta) / float(u @ joint_precision @ u)
    posterior = np.linalg.pinv(precision + np.eye(len(u)) / between)
    kept = posterior @ (precision @ theta + middle * u / between)
    return Shrunk(kept, float(np.trace(posterior / between)) / len(u))


def constrain(
    theta: Floats, covariance: Floats, guarded: Sequence[Floats], signs: Floats | None, *,
    largest_share: float | None = None,
) -> Floats:  # fmt: skip
    """Return the nearest direction that, to first order, lowers no guardrail.

    Nearest in divergence: `(x - theta)' Sigma (x - theta)` is least under `c_g' x >= 0`, weights that keep
    their signs, and no score above a share of the absolute sum.

    Args:
        theta: Wanted direction, shape (p,).
        covariance: `Sigma`, shape (p, p).
        guarded: Slope of each guardrail along the scores, each of shape (p,).
        signs: Signs to keep, None for none.
        largest_share: Of one score, None for no limit.
    """
    rules = [{"type": "ineq", "fun": lambda x, g=g: g @ x, "jac": lambda x, g=g: g} for g in guarded]
    if signs is not None:
        rules.append({"type": "ineq", "fun": lambda x: signs * x, "jac": lambda x: np.diag(signs)})
    if largest_share is not None:
        rules.append({"type": "ineq", "fun": lambda x: largest_share * np.abs(x).sum() - np.abs(x)})
    if all(bool(np.all(np.asarray(rule["fun"](theta)) >= -1e-12)) for rule in rules):  # type: ignore[operator]
        return theta
    length = max(float(np.linalg.norm(theta)), 1e-300)
    goal = theta / length  # of size 1, so that tolerances mean something
    found = minimize(
        lambda x: float((x - goal) @ covariance @ (x - goal)), goal, method="SLSQP", constraints=rules,
        jac=lambda x: 2 * covariance @ (x - goal), options={"maxiter": 200, "ftol": 1e-12},
    )  # fmt: skip
    return np.asarray(found.x) * length
