"""T14: what nobody logged biases no more than the bound says, and estimated probabilities say so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.counterfactual.worlds import K, pick, softmax
from truenorth.counterfactual import Log, Options, Study, stress
from truenorth.counterfactual.bands import clustered_error
from truenorth.counterfactual.confounding import bias_bound, bias_scale, robustness_value
from truenorth.counterfactual.effects import decision_effect, see
from truenorth.counterfactual.outcome import cross_fit
from truenorth.counterfactual.policies import tilt
from truenorth.counterfactual.propensities import estimate_propensities


@pytest.mark.parametrize("gamma", [1.3, 1.6, 2.5])
def test_the_bias_of_a_hidden_cause_is_within_its_bound(gamma):
    """Two actions; a hidden half of the contexts is gamma times as likely to get the first."""
    n = 400_000
    rng = np.random.default_rng(int(10 * gamma))
    hidden = rng.integers(0, 2, n)
    low = 1 / (1 + gamma)
    true = np.where(hidden == 1, gamma * low, low)  # odds gamma and 1 / gamma
    first = rng.random(n) < true
    y = (rng.random(n) < 0.3 + 0.1 * first + 0.15 * hidden).astype(float)
    base = np.full(n, 0.5)  # what is logged: the average over what is hidden
    beta = 0.8
    raised = np.array([np.exp(beta), 1.0])
    policy = raised[0] / raised.sum()
    short = np.where(first, policy / base, (1 - policy) / (1 - base))
    long = np.where(first, policy / true, (1 - policy) / (1 - true))
    q_short = np.where(first, y[first].mean(), y[~first].mean())
    q_long = 0.3 + 0.1 * first + 0.15 * hidden
    truth = (policy - true.mean()) * 0.1
    estimated = (short * (y - y.mean())).mean() / short.mean()
    outcome_share = 1 - np.mean((y - q_long) ** 2) / np.mean((y - q_short) ** 2)
    weight_share = 1 - np.mean((short - 1) ** 2) / np.mean((long - 1) ** 2)
    bound = bias_bound(bias_scale(y - q_short, short), outcome_share=outcome_share, weight_share=weight_share)
    error = np.std(short * (y - y.mean())) / np.sqrt(n)
    assert abs(estimated - truth) <= bound * 1.02 + 2 * error
    assert abs(estimated - truth) > 0.001


def test_the_robustness_value_is_the_strength_that_reaches_zero():
    value = robustness_value(0.05, 0.01, 0.4)
    reached = bias_bound(0.4, outcome_share=value, weight_share=value)
    assert reached == pytest.approx(0.05 - 1.96 * 0.01, rel=1e-3)
    assert robustness_value(0.01, 0.01, 0.4) == 0.0


def draw_logged(seed: int, n: int = 10_000, *, interaction: float = 0.0):
    rng = np.random.default_rng([seed, n])
    x = rng.standard_normal((n, K, 2))
    logit = 0.6 * x[..., 0] - 0.3 * x[..., 1] + interaction * x[..., 0] * x[..., 1]
    chosen = pick(rng, softmax(logit))
    expected = np.clip(0.3 + 0.03 * x[..., 0] + 0.03 * x[..., 1] + 0.02 * x[..., 0] * x[..., 1], 0, 1)
    y = (rng.random(n) < expected[np.arange(n), chosen]).astype(float)
    score = (x[..., 0] + x[..., 1]) / np.sqrt(2)
    return Log(chosen=chosen, is_candidate=np.ones((n, K), bool)), x, score, y, expected, softmax(logit)


def lift_of(log, x, score, y, seed):
    known = log.with_propensity(estimate_propensities(log, x, seed=seed))
    seen = see(known, tilt(known.propensity, score, 0.7), score)
    found = decision_effect(log, y, cross_fit(log, x, y, seed=seed)).lift(seen)
    return found.value, clustered_error(found.influence, log.units)


def true_lift(interaction: float) -> float:
    *_, score, _, expected, base = draw_logged(10**6, 200_000, interaction=interaction)
    return float(((tilt(base, score, 0.7).probability - base) * expected).sum(axis=1).mean())


@pytest.mark.slow
def test_probabilities_estimated_from_the_right_features_serve_as_logged_ones():
    truth = true_lift(0.0)
    found = np.array([lift_of(*draw_logged(seed)[:4], seed) for seed in range(80)])
    assert abs(found[:, 0].mean() - truth) <= 0.001
    assert (np.abs(found[:, 0] - truth) < 1.96 * found[:, 1]).mean() >= 0.91


def test_estimated_probabilities_are_those_of_the_logger():
    log, x, _, _, _, base = draw_logged(1, 20_000)
    found = estimate_propensities(log, x)
    assert np.abs(found - base).max() < 0.06
    assert found.sum(axis=1) == pytest.approx(1.0)


def test_a_left_out_interaction_stays_within_the_bound_of_a_cause_as_strong():
    truth, runs = true_lift(0.3), 12
    covered = []
    for seed in range(runs):
        log, x, score, y, _, base = draw_logged(seed, interaction=0.3)
        value, error = lift_of(log, x, score, y, seed)
        known = log.with_propensity(estimate_propensities(log, x, seed=seed))
        short = see(known, tilt(known.propensity, score, 0.7), score).weight
        long = see(log.with_propensity(base), tilt(base, score, 0.7), score).weight
        q = log.of_chosen(cross_fit(log, x, y, seed=seed))
        share = max(1 - np.mean((short - 1) ** 2) / np.mean((long - 1) ** 2), 0.0)
        apart = np.mean((long - short) ** 2) / np.mean((long - 1) ** 2)
        bound = bias_bound(bias_scale(y - q, short), outcome_share=0.01, weight_share=max(share, apart))
        covered.append(abs(value - truth) <= bound + 1.96 * error)
    assert np.mean(covered) >= 0.9


def test_a_log_without_probabilities_is_tier_b_and_says_so():
    log, x, score, y, _, _ = draw_logged(2)
    study = Study(
        log=log, scores={"click": score}, kpi=y, features=x, logger_features=x,
        feature_groups={"first": (0,), "second": (1,)},
    )  # fmt: skip
    found = stress(study, options=Options(depths=(0.3, 0.6), draws=300))
    assert found.tier == "B"
    assert "STRESS009" in {one.code for one in found.findings}
    robust = found.proxies["click"].robustness
    assert set(robust.benchmarks) == {"first", "second"}
    assert 0 < robust.robustness_value < 1
    assert max(bound for _, _, bound in robust.benchmarks.values()) > 0


def test_a_fragile_lift_on_estimated_probabilities_is_named():
    log, x, score, y, _, _ = draw_logged(3, 40_000)
    rng = np.random.default_rng(0)
    weak = (rng.random(log.n) < 0.3 + 0.006 * log.of_chosen(score)).astype(float)
    study = Study(log=log, scores={"click": score}, kpi=weak, features=x, logger_features=x)
    found = stress(study, options=Options(depths=(0.3,), draws=300))
    if found.proxies["click"].robustness.robustness_value > 0:
        assert "STRESS027" in {one.code for one in found.proxies["click"].findings}
    strong = stress(
        replace(study, kpi=y + 3 * log.of_chosen(score)), options=Options(depths=(0.3,), draws=300)
    )
    assert "STRESS027" not in {one.code for one in strong.proxies["click"].findings}
