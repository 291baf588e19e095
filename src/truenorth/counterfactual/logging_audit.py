"""Whether the logged probabilities made the logged actions: tests that need no outcome.

If they did, the mean weight of any policy is 1, and the weighted score of what was taken has the policy's
mean. Tilts of each score by 0, 1/2 and 1 of its standard deviation are tried, and the uniform policy; the
critical value is adjusted for their number.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from truenorth.counterfactual.bands import clustered_error
from truenorth.counterfactual.contract import AuditTest, LoggingAudit
from truenorth.counterfactual.effects import weights
from truenorth.counterfactual.log import Log
from truenorth.counterfactual.policies import tilt

Floats = NDArray[np.float64]

PRESSURES = (0.0, 0.5, 1.0)
"""In standard deviations of the score."""
LEVEL = 0.99
"""Confidence of all tests together: at 0.95 one honest log in twenty would be refused."""
FEWEST_EFFECTIVE = 200.0
"""A mean of weights with fewer effective decisions is not normal; it is not tested."""


def audit_logging(log: Log, scores: Mapping[str, Floats], *, level: float = LEVEL) -> LoggingAudit:
    """Return whether the logged probabilities made the logged actions.

    Args:
        log: The decisions, with propensities.
        scores: Of each candidate, by name, each of shape (n, k).
        level: Confidence of all tests together.

    Examples:
        >>> rng = np.random.default_rng(0)
        >>> score = rng.standard_normal((4000, 3))
        >>> fair = np.full((4000, 3), 1 / 3)
        >>> audit_logging(Log(chosen=rng.integers(0, 3, 4000), propensity=fair), {"s": score}).passed
        True
    """
    propensity = log.propensity
    tests = []
    if propensity is not None:  # a tilt of the logged policy needs the probability of every candidate
        tests = [one for name, score in scores.items() for one in _of_score(log, propensity, name, score)]
    uniform = log.mask / log.mask.sum(axis=1, keepdims=True)
    tests += _mean_weight(log, "mean weight of the uniform policy", weights(log, uniform))
    critical = float(stats.norm.isf((1 - level) / (2 * max(len(tests), 1))))
    passed = all(abs(one.z) <= critical for one in tests)
    return LoggingAudit(passed=passed, tests=tuple(tests), critical=critical)


def _of_score(log: Log, propensity: Floats, name: str, score: Floats) -> list[AuditTest]:
    spread = float(np.sqrt(tilt(propensity, score, 0.0).variance))
    if not spread > 0:
        return []
    tests = []
    for pressure in PRESSURES:
        policy = tilt(propensity, score, pressure / spread)
        weight = weights(log, policy.probability)
        if _effective(weight) < FEWEST_EFFECTIVE:
            continue
        if pressure:
            tests += _mean_weight(log, f"mean weight of {name} at {pressure:g} sd", weight)
        apart = weight * (log.of_chosen(score) - policy.mean_score)
        tests.append(_test(log, f"score of {name} at {pressure:g} sd", apart, 0.0))
    return tests


def _mean_weight(log: Log, name: str, weight: Floats) -> list[AuditTest]:
    return [_test(log, name, weight, 1.0)] if _effective(weight) >= FEWEST_EFFECTIVE else []


def _effective(weight: Floats) -> float:
    squared = float(np.sum(weight**2))
    return float(weight.sum()) ** 2 / squared if squared > 0 else 0.0


def _test(log: Log, name: str, values: Floats, expected: float) -> AuditTest:
    error = clustered_error((values - values.mean()) / log.n, log.clusters)
    observed = float(values.mean())
    # Equal values, a uniform logger tested on the uniform policy, are right or wrong without a doubt.
    off = observed - expected
    z = off / error if error > 1e-12 else (0.0 if abs(off) < 1e-9 else float(np.copysign(np.inf, off)))
    return AuditTest(name=name, observed=observed, expected=expected, z=z)
