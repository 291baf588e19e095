"""T3: the curve stops where intervals would stop to hold."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from truenorth.counterfactual import STRICT, SupportRule
from truenorth.counterfactual.bands import clustered_error
from truenorth.counterfactual.estimators import Weighted, snips
from truenorth.counterfactual.support import support_of, tail_index


@pytest.mark.parametrize("shape", [0.1, 0.3, 0.6])
def test_the_tail_of_a_pareto_distribution_is_found(shape):
    found = [tail_index(stats.genpareto.rvs(shape, size=20_000, random_state=seed)) for seed in range(20)]
    assert np.mean(found) == pytest.approx(shape, abs=0.06)


def test_equal_weights_have_no_tail():
    assert tail_index(np.ones(1000)) == -np.inf
    assert tail_index(np.repeat([0.5, 1.5], 500)) == -np.inf


def test_few_weights_have_an_unknown_tail():
    assert tail_index(np.ones(5)) == np.inf


def test_effective_sizes_are_those_of_decisions_and_of_units():
    weight, units = np.array([1.0, 1.0, 2.0, 2.0]), np.array([0, 0, 1, 1])
    found = support_of(weight, units)
    assert found.effective_n == pytest.approx(36 / 10)
    assert found.effective_units == pytest.approx(36 / 20)


@pytest.mark.parametrize(
    ("weight", "said"),
    [
        (np.ones(150), "effective sample size 150"),
        (np.append(np.ones(2000), 200.0), "one decision holds"),
        (np.full(3000, 2.0), "mean weight 2.000"),
        (stats.genpareto.rvs(0.9, size=50_000, random_state=1), "tail index"),
    ],
    ids=["few", "one", "mean", "tail"],
)
def test_weights_that_break_the_rule_say_how(weight, said):
    failures = support_of(weight, np.arange(len(weight))).failures(SupportRule())
    assert any(said in one for one in failures)


def test_good_weights_pass_and_the_strict_rule_asks_for_overlap():
    weight = np.random.default_rng(0).uniform(0.5, 1.5, 5000)
    found = support_of(weight, np.arange(5000), overlap=0.7)
    assert found.failures(SupportRule()) == []
    assert found.failures(STRICT) == ["overlap 0.70"]


def lognormal_runs(sigma: float, n: int, runs: int):
    """Weights `exp(sigma e - sigma^2 / 2)` with outcomes that follow them: (covered, supported) per run."""
    rng = np.random.default_rng(int(100 * sigma))
    covered, supported = np.zeros(runs, bool), np.zeros(runs, bool)
    for run in range(runs):
        e = rng.standard_normal(n)
        weight = np.exp(sigma * e - sigma**2 / 2)
        outcome = 0.2 * e + rng.standard_normal(n)
        found, units = snips(Weighted.of(weight, outcome)), np.arange(n)
        covered[run] = abs(found.value - 0.2 * sigma) < 1.96 * clustered_error(found.influence, units)
        supported[run] = not support_of(weight, units).failures(SupportRule())
    return covered, supported


def test_intervals_hold_inside_the_rule_and_are_refused_where_they_do_not():
    runs = [lognormal_runs(sigma, 5000, 80) for sigma in (0.3, 0.6, 0.9, 1.2, 1.6, 2.2)]
    covered, supported = (np.concatenate(one) for one in zip(*runs, strict=True))
    assert covered[supported].mean() >= 0.92
    assert runs[-1][1].mean() <= 0.1  # 2.2 leaves under 1 % of the sample, and a tail near 1
    assert runs[0][1].mean() > 0.95
