"""T1: tilts and best of n obey their closed forms and exact identities."""

from __future__ import annotations

import numpy as np
import pytest

from truenorth.counterfactual.policies import (
    best_of_n,
    best_of_n_kl,
    chi_square,
    depth_limit,
    divergence,
    equal_best_of_n,
    tilt,
    tilt_to,
)

K_FINE = 20_001


@pytest.fixture(scope="module")
def normal():
    """A standard normal score, as one context with a fine grid of candidates."""
    score = np.linspace(-10, 10, K_FINE)[None, :]
    density = np.exp(-(score**2) / 2)
    return density / density.sum(), score


@pytest.fixture
def contexts():
    rng = np.random.default_rng(3)
    propensity = rng.dirichlet(np.ones(6), 40)
    return propensity, rng.standard_normal((40, 6)), rng.standard_normal((40, 6))


@pytest.mark.parametrize("beta", [0.2, 0.7, 1.3])
def test_a_normal_score_is_shifted_by_the_pressure(normal, beta):
    found = tilt(*normal, beta)
    assert found.mean_score[0] == pytest.approx(beta, rel=0.01)
    assert found.kl == pytest.approx(beta**2 / 2, rel=0.01)
    assert 1 / (1 + chi_square(found.probability, normal[0])) == pytest.approx(np.exp(-(beta**2)), rel=0.01)


@pytest.mark.parametrize("n", [2, 4, 8, 16, 64])
def test_best_of_n_of_a_continuous_score_has_its_closed_form(normal, n):
    taken = best_of_n(*normal, n)
    assert divergence(taken, normal[0]) == pytest.approx(np.log(n) - (n - 1) / n, rel=0.01)
    assert best_of_n_kl(n) == pytest.approx(np.log(n) - (n - 1) / n)
    assert 1 / (1 + chi_square(taken, normal[0])) == pytest.approx((2 * n - 1) / n**2, rel=0.01)
    assert equal_best_of_n(np.sqrt(best_of_n_kl(n))) == pytest.approx(n, rel=1e-6)


def test_best_of_n_equals_drawing_and_taking_the_best(contexts):
    propensity, score, _ = (one[:1] for one in contexts)
    score = np.round(score)  # with ties
    rng = np.random.default_rng(0)
    drawn = rng.choice(6, size=(200_000, 3), p=propensity[0])
    best = drawn[np.arange(len(drawn)), score[0][drawn].argmax(axis=1)]
    share = np.bincount(best, minlength=6) / len(best)
    assert best_of_n(propensity, score, 3)[0] == pytest.approx(share, abs=5e-3)


def test_derivatives_by_the_pressure_are_moments_of_the_policy(contexts):
    propensity, score, outcome = contexts
    beta, step = 0.8, 1e-5
    found = tilt(propensity, score, beta)
    below, above = tilt(propensity, score, beta - step), tilt(propensity, score, beta + step)

    def slope(values):
        return (values(above) - values(below)) / (2 * step)

    centred = score - found.mean_score[:, None]
    covariance = (found.probability * centred * outcome).sum(axis=1).mean()
    assert slope(lambda one: (one.probability * outcome).sum(axis=1).mean()) == pytest.approx(
        covariance, abs=1e-6
    )
    assert slope(lambda one: one.mean_score.mean()) == pytest.approx(found.variance, abs=1e-6)
    assert slope(lambda one: one.kl) == pytest.approx(beta * found.variance, abs=1e-6)
    assert found.kl == pytest.approx(divergence(found.probability, propensity), abs=1e-12)


@pytest.mark.parametrize("depth", [0.05, 0.35, 1.0])
def test_a_tilt_has_the_depth_that_was_asked_for(contexts, depth):
    propensity, score, _ = contexts
    found = tilt_to(propensity, score, depth)
    assert found.depth == pytest.approx(depth, abs=1e-8)
    assert found.probability.sum(axis=1) == pytest.approx(1.0)


def test_a_depth_beyond_the_greedy_policy_is_not_reached(contexts):
    propensity, score, _ = contexts
    limit = depth_limit(propensity, score)
    greedy = np.eye(6)[np.where(propensity > 0, score, -np.inf).argmax(axis=1)]
    assert limit == pytest.approx(np.sqrt(divergence(greedy, propensity)))
    assert tilt_to(propensity, score, limit) is None
    assert tilt_to(propensity, np.zeros_like(score), 0.1) is None


def test_padding_is_never_taken():
    propensity = np.array([[0.5, 0.5, 0.0], [0.2, 0.3, 0.5]])
    score = np.array([[0.0, 1.0, 99.0], [0.0, 1.0, 2.0]])
    assert tilt(propensity, score, 3.0).probability[0, 2] == 0
    assert best_of_n(propensity, score, 4)[0, 2] == 0
