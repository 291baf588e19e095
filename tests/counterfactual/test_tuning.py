"""Limits on weights are tightened until a bias shows."""

from __future__ import annotations

import numpy as np
import pytest

from truenorth.counterfactual.estimators import Weighted, clipped, dr_os, ips
from truenorth.counterfactual.tuning import LIMITS, slope_rule
from truenorth.statistics.estimates import Estimate


def error(influence: np.ndarray) -> float:
    return float(np.sqrt(np.sum(influence**2)))


def estimates(values, errors):
    """One estimate per limit, its influence a single row."""
    known = {limit: Estimate(v, np.array([e])) for limit, v, e in zip(LIMITS, values, errors, strict=False)}
    return lambda limit: known[limit]


def test_without_bias_the_tightest_limit_is_taken():
    n = len(LIMITS)
    limit, _ = slope_rule(estimates([1.0] * n, np.linspace(1, 0.1, n)), error)
    assert limit == LIMITS[-1]


def test_a_limit_whose_bias_shows_is_not_taken():
    values = [1.0] * 6 + [9.0] * 4
    limit, found = slope_rule(estimates(values, np.linspace(1, 0.1, 10)), error)
    assert limit == LIMITS[5] and found.value == 1.0


@pytest.mark.parametrize("estimator", [clipped, dr_os])
def test_shrunk_weights_of_residuals_have_less_error_than_plain_ones(estimator):
    rng, plain, shrunk = np.random.default_rng(0), [], []
    for _ in range(60):
        e = rng.standard_normal(2000)
        sample = Weighted.of(np.exp(1.3 * e - 1.3**2 / 2), 0.02 * e + rng.standard_normal(2000))
        plain.append(ips(sample).value)
        shrunk.append(slope_rule(lambda limit, s=sample: estimator(s, limit), error)[1].value)
    truth = 0.026  # 0.02 times the shift of 1.3
    assert np.mean((np.array(shrunk) - truth) ** 2) < np.mean((np.array(plain) - truth) ** 2)
