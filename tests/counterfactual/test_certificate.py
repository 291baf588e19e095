"""T1: the certificate is never broken, and says more than the published one."""

from __future__ import annotations

import numpy as np
import pytest

from tests.counterfactual.worlds import draw, true_lifts
from truenorth.counterfactual import stress
from truenorth.counterfactual.certificate import bound_lift, correlation_needed


def random_problem(rng):
    """Return score and outcome of one context in standard deviations, and a policy."""
    k = int(rng.integers(2, 12))
    base, policy = rng.dirichlet(np.ones(k)), rng.dirichlet(np.ones(k) * rng.uniform(0.3, 3))
    s = rng.standard_normal(k)
    y = rng.uniform(-1, 1) * s + rng.uniform(0, 1) * rng.standard_normal(k)

    def standard(values):
        centred = values - base @ values
        return centred / np.sqrt(base @ centred**2)

    s, y = standard(s), standard(y)
    return base @ (s * y), (policy - base) @ s, (policy - base) @ y, max((policy**2 / base).sum() - 1, 0.0)


def test_bounds_hold_in_every_problem_and_are_tighter_than_the_published_ones():
    rng = np.random.default_rng(0)
    for _ in range(3000):
        correlation, score_lift, lift, chi2 = random_problem(rng)
        low, high = bound_lift(correlation=correlation, score_lift=score_lift, chi2=chi2)
        assert low - 1e-9 <= lift <= high + 1e-9
        if 0.01 < correlation < 1 - 1e-9:
            # Laidlaw et al., theorem 5.1
            published = (score_lift - np.sqrt((1 - correlation**2) * chi2)) / correlation
            assert low >= published - 1e-9


def test_the_correlation_needed_is_where_a_gain_becomes_sure():
    needed = correlation_needed(score_lift=0.4, chi2=0.3)
    assert bound_lift(correlation=needed, score_lift=0.4, chi2=0.3)[0] == pytest.approx(0.0, abs=1e-12)
    assert correlation_needed(score_lift=-0.1, chi2=0.3) == 1.0


def test_the_certificate_of_a_log_holds_the_true_lift():
    truth = true_lifts("graded", n=100_000)
    grid = stress(draw("graded", 20_000, 6).study()).proxies["click"].grid
    for one, lift in zip(grid, truth, strict=True):
        assert one.certificate.low <= lift <= one.certificate.high
        assert one.certificate.expected_high - one.certificate.expected_low < (
            one.certificate.high - one.certificate.low
        )
