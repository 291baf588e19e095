"""The value of another policy: equal to slow formulas, near the truth, or shown without an interval."""

from __future__ import annotations

import numpy as np
import pytest

from tests.counterfactual.worlds import draw
from truenorth.counterfactual import Log, off_policy_value
from truenorth.counterfactual.outcome import cross_fit
from truenorth.counterfactual.policies import best_of_n, tilt_to
from truenorth.counterfactual.value import NAMES


@pytest.fixture(scope="module")
def drawn():
    return draw("aligned", 20_000, 11)


@pytest.fixture(scope="module")
def policy(drawn):
    return best_of_n(drawn.log.propensity, drawn.score, 3)


@pytest.fixture(scope="module")
def found(drawn, policy):
    return off_policy_value(drawn.log, policy, drawn.kpi, features=drawn.features)


def test_every_estimator_is_near_the_true_value(drawn, policy, found):
    truth = (policy * drawn.expected).sum(axis=1).mean()
    assert set(found.others) == set(NAMES)
    for name, one in found.others.items():
        assert abs(one.value - truth) < 4 * found.error, name
    assert found.low < truth < found.high
    assert found.lift == pytest.approx(found.value - drawn.kpi.mean())
    assert found.lift_error < found.error


def test_values_equal_a_slow_loop(drawn, policy, found):
    q = cross_fit(drawn.log, drawn.features, drawn.kpi)
    n, weights, ips, residuals, modelled = 20_000, 0.0, 0.0, 0.0, 0.0
    for row in range(n):
        a = drawn.log.chosen[row]
        w = policy[row, a] / drawn.log.propensity[row, a]
        weights += w
        ips += w * drawn.kpi[row]
        residuals += w * (drawn.kpi[row] - q[row, a])
        modelled += sum(policy[row, b] * q[row, b] for b in range(10))
    assert found.others["ips"].value == pytest.approx(ips / n, abs=1e-9)
    assert found.others["snips"].value == pytest.approx(ips / weights, abs=1e-9)
    assert found.others["dr"].value == pytest.approx((modelled + residuals) / n, abs=1e-9)
    assert found.others["sndr"].value == pytest.approx(modelled / n + residuals / weights, abs=1e-9)
    assert found.others["direct"].value == pytest.approx(modelled / n, abs=1e-9)


def test_the_conservative_bound_is_below_the_interval(found):
    assert 0 < found.lower_bound < found.low


def test_a_negative_outcome_has_no_conservative_bound(drawn, policy):
    assert off_policy_value(drawn.log, policy, drawn.kpi - 1).lower_bound is None


def test_the_probability_of_what_was_taken_is_enough(drawn, policy):
    taken = drawn.log.of_chosen(drawn.log.propensity)
    log = Log(chosen=drawn.log.chosen, is_candidate=drawn.log.mask, taken_propensity=taken)
    short, full = (off_policy_value(one, policy, drawn.kpi) for one in (log, drawn.log))
    assert (short.tier, short.value) == ("A", pytest.approx(full.value, abs=1e-12))


def test_a_log_without_any_probability_is_refused_or_estimated(drawn, policy):
    log = Log(chosen=drawn.log.chosen, is_candidate=drawn.log.mask)
    assert off_policy_value(log, policy, drawn.kpi).tier == "C"
    estimated = off_policy_value(log, policy, drawn.kpi, logger_features=drawn.features)
    full = off_policy_value(drawn.log, policy, drawn.kpi)
    assert estimated.tier == "B" and estimated.value == pytest.approx(full.value, abs=0.01)


def test_a_heavy_tail_leaves_a_point_without_an_interval():
    rng = np.random.default_rng(4)
    n, k = 50_000, 400
    weight = np.clip(rng.pareto(1.7, n) + 0.05, 0, 400)
    weight /= weight.mean()
    taken = 1 / k
    policy = np.full((n, k), 0.0)
    chosen = rng.integers(0, k, n)
    policy[np.arange(n), chosen] = np.minimum(weight * taken, 1.0)
    policy += ((1 - policy.sum(axis=1)) / (k - 1))[:, None] * (policy == 0)
    log = Log(chosen=chosen, propensity=np.full((n, k), taken))
    found = off_policy_value(log, policy, rng.random(n))
    assert {one.code for one in found.findings} <= {"STRESS048", "STRESS031", "STRESS011"}
    assert found.low is None


def test_errors_are_those_of_clusters(drawn, policy):
    copies = np.repeat(np.arange(20_000), 2)
    log = drawn.log.take(copies)
    twice = Log(chosen=log.chosen, propensity=log.propensity, unit=copies)
    one = off_policy_value(drawn.log, policy, drawn.kpi, estimator="snips")
    both = off_policy_value(twice, policy[copies], drawn.kpi[copies], estimator="snips")
    assert both.error == pytest.approx(one.error, rel=1e-3)


def test_a_tilt_is_a_policy_like_any_other(drawn):
    policy = tilt_to(drawn.log.propensity, drawn.score, 0.35).probability
    found = off_policy_value(drawn.log, policy, drawn.kpi)
    assert 0 < found.support.overlap < 1 and found.value > found.logged
