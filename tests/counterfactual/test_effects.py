"""T9: one outcome after many decisions is worth far more as a sum of lifts than as a product of weights."""

from __future__ import annotations

import numpy as np
import pytest

from tests.counterfactual.worlds import pick, softmax
from truenorth.counterfactual import Log
from truenorth.counterfactual.bands import clustered_error
from truenorth.counterfactual.effects import (
    decision_effect,
    joint_weights_lift,
    see,
    see_policy,
    unit_effect,
    weights,
)
from truenorth.counterfactual.outcome import expected_of_units
from truenorth.counterfactual.policies import tilt

T, K = 20, 5
LINKS = {
    "additive": lambda total, u: 0.4 + 0.02 * total + 0.15 * u,
    "logit": lambda total, u: 1 / (1 + np.exp(0.5 - 0.1 * total - 0.8 * u)),
    "saturating": lambda total, u: (
        0.3 + 0.4 * (1 - np.exp(-np.maximum(total + 8, 0) / 12)) + 0.1 * np.tanh(u)
    ),
}


def draw_units(link: str, units: int, seed: int):
    rng = np.random.default_rng([seed, units])
    u = np.clip(rng.standard_normal(units), -2, 2)
    score = rng.standard_normal((units * T, K))
    propensity = softmax(0.4 * score)
    chosen = pick(rng, propensity)
    total = score[np.arange(units * T), chosen].reshape(units, T).sum(axis=1)
    y = (rng.random(units) < np.clip(LINKS[link](total, u), 0, 1)).astype(float)
    log = Log(chosen=chosen, propensity=propensity, unit=np.repeat(np.arange(units), T))
    return log, score, np.repeat(y, T), np.repeat(u, T)[:, None]


def true_lift(link: str, beta: float, units: int = 100_000) -> float:
    """Return the effect of the policy, drawn from the law itself."""
    rng = np.random.default_rng(99)
    means = []
    for pressure in (0.0, beta):
        total = np.zeros(units)
        for _ in range(T):
            score = rng.standard_normal((units, K))
            p = softmax(0.4 * score + pressure * score)
            total += score[np.arange(units), pick(rng, p)]
        u = np.clip(np.random.default_rng(7).standard_normal(units), -2, 2)
        means.append(np.clip(LINKS[link](total, u), 0, 1).mean())
    return float(means[1] - means[0])


def estimate(link: str, seed: int, beta: float, units: int = 1500):
    log, score, y, before = draw_units(link, units, seed)
    seen = see(log, tilt(log.propensity, score, beta), score)
    found = unit_effect(log, y, expected_of_units(log, y, before, seed=seed)).lift(seen)
    return found.value, clustered_error(found.influence, log.units), joint_weights_lift(log, seen, y).value


@pytest.mark.slow
def test_the_additive_lift_is_several_times_as_exact_as_a_product_of_weights():
    found = np.array([estimate("additive", seed, 1.0, units=4000) for seed in range(20)])
    assert found[:, 0].std() <= 0.35 * found[:, 2].std()


@pytest.mark.slow
@pytest.mark.parametrize("link", LINKS)
def test_the_additive_lift_covers_the_truth_where_it_is_exact_and_nearly_so_elsewhere(link):
    truth = true_lift(link, 0.2)
    found = np.array([estimate(link, seed, 0.2) for seed in range(50)])
    assert (np.abs(found[:, 0] - truth) < 1.96 * found[:, 1]).mean() >= 0.88


def test_the_additive_lift_equals_a_slow_loop():
    log, score, y, _ = draw_units("additive", 50, 1)
    seen = see(log, tilt(log.propensity, score, 0.7), score)
    expected = expected_of_units(log, y, None)
    slow = 0.0
    for unit in range(50):
        rows = np.flatnonzero(log.units == unit)
        slow += sum((seen.weight[one] - 1) * (y[one] - expected[one]) for one in rows) / 50
    assert unit_effect(log, y, expected).lift(seen).value == pytest.approx(slow, abs=1e-9)


def test_the_additive_lift_is_the_slate_estimator_on_a_product_policy():
    # With policies that are products over slots the pseudo-inverse weight is 1 + sum (w - 1).
    log, score, y, _ = draw_units("additive", 40, 2)
    seen = see(log, tilt(log.propensity, score, 0.7), score)
    per_unit = 1 + (seen.weight - 1).reshape(40, T).sum(axis=1)
    slate = (per_unit * y.reshape(40, T)[:, 0]).mean() - y.reshape(40, T)[:, 0].mean()
    assert unit_effect(log, y, np.zeros_like(y)).lift(seen).value == pytest.approx(slate, abs=1e-9)


def test_the_additive_slope_is_the_derivative_of_the_lift():
    log, score, y, before = draw_units("logit", 300, 3)
    effect = unit_effect(log, y, expected_of_units(log, y, before))

    def lift(beta):
        return effect.lift(see(log, tilt(log.propensity, score, beta), score)).value

    at = see(log, tilt(log.propensity, score, 0.5), score)
    assert effect.slope(at).value == pytest.approx((lift(0.5 + 1e-5) - lift(0.5 - 1e-5)) / 2e-5, abs=1e-6)


@pytest.mark.parametrize("per", ["decision", "unit"])
def test_contributions_add_up_to_the_lift(per):
    log, score, y, _ = draw_units("logit", 100, 4)
    seen = see(log, tilt(log.propensity, score, 0.5), score)
    q = np.random.default_rng(0).standard_normal(score.shape)
    effect = unit_effect(log, y, np.full_like(y, 0.4)) if per == "unit" else decision_effect(log, y, q)
    gained, share = effect.contributions(seen)
    assert gained.sum() / share.sum() == pytest.approx(effect.lift(seen).value, abs=1e-12)


def test_the_logged_policy_has_weight_one_and_no_lift():
    log, _, y, _ = draw_units("logit", 100, 5)
    assert weights(log, log.propensity) == pytest.approx(1.0)
    q = np.zeros(log.mask.shape)
    assert decision_effect(log, y, q).lift(see_policy(log, log.propensity)).value == pytest.approx(0.0)
