"""Losses against closed forms, reference values and numeric derivatives."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from truenorth.models import losses

rng = np.random.default_rng(0)
SCORE = rng.normal(0, 2, 40)
BINARY = (rng.random(40) < 0.4).astype(float)
COUNT = rng.poisson(2.0, 40).astype(float)
GROUP = rng.integers(0, 9, 40)
STEP = 1e-4

SMOOTH = {
    "cross_entropy": (lambda s: losses.cross_entropy(s, BINARY), BINARY),
    "weighted_cross_entropy": (lambda s: losses.cross_entropy(s, BINARY, positive_weight=7.5), BINARY),
    "focal": (lambda s: losses.focal(s, BINARY), BINARY),
    "focal_gamma_0": (lambda s: losses.focal(s, BINARY, gamma=0.0), BINARY),
    "focal_gamma_5_alpha": (lambda s: losses.focal(s, BINARY, gamma=5.0, alpha=0.25), BINARY),
    "focal_gamma_half": (lambda s: losses.focal(s, BINARY, gamma=0.5, alpha=0.9), BINARY),
    "squared": (lambda s: losses.squared(s, COUNT), COUNT),
    "log_squared": (lambda s: losses.log_squared(s, COUNT), COUNT),
    "poisson": (lambda s: losses.poisson(s, COUNT), COUNT),
    "huber": (lambda s: losses.huber(s, COUNT, delta=1.5), COUNT),
    "pairwise": (lambda s: losses.pairwise(s, COUNT, GROUP), COUNT),
    "listwise": (lambda s: losses.listwise(s, COUNT, GROUP), COUNT),
}


def nudge(row: int) -> np.ndarray:
    step = np.zeros(len(SCORE))
    step[row] = STEP
    return step


@pytest.mark.parametrize("name", SMOOTH)
def test_gradients_and_hessians_equal_finite_differences(name: str) -> None:
    loss = SMOOTH[name][0]
    terms = loss(SCORE)
    for row in range(0, 40, 3):
        up, here, down = loss(SCORE + nudge(row)), terms, loss(SCORE - nudge(row))
        slope = (up.value.sum() - down.value.sum()) / (2 * STEP)
        curve = (up.gradient[row] - down.gradient[row]) / (2 * STEP)
        assert here.gradient[row] == pytest.approx(slope, abs=1e-6)
        assert here.hessian[row] == pytest.approx(curve, abs=1e-6)


@pytest.mark.parametrize("level", [0.05, 0.5, 0.8])
def test_pinball_gradient_equals_finite_differences_and_its_minimiser_is_the_quantile(level: float) -> None:
    terms = losses.pinball(SCORE, COUNT, level=level)
    above = losses.pinball(SCORE + STEP, COUNT, level=level).value
    below = losses.pinball(SCORE - STEP, COUNT, level=level).value
    np.testing.assert_allclose(terms.gradient, (above - below) / (2 * STEP), atol=1e-8)
    sample = rng.normal(size=20_000)
    best = minimize_scalar(lambda q: losses.pinball(np.full(20_000, q), sample, level=level).value.mean())
    assert best.x == pytest.approx(np.quantile(sample, level), abs=0.02)


def test_absolute_gradient_is_the_sign_of_the_miss() -> None:
    terms = losses.absolute(np.array([1.0, 3.0, 2.0]), np.array([2.0, 2.0, 2.0]))
    assert terms.value.tolist() == [1.0, 1.0, 0.0]
    assert terms.gradient.tolist() == [-1.0, 1.0, 0.0]


@pytest.mark.parametrize(
    ("p", "alpha", "expected"),
    [(0.9, 0.25, 2.63401e-4), (0.1, 0.25, 0.4662735), (0.9, 1.0, 0.00105361)],
    ids=["easy", "hard", "no_alpha"],
)
def test_focal_values_of_a_positive_are_the_published_ones(p: float, alpha: float, expected: float) -> None:
    score = np.log([p / (1 - p)])
    assert losses.focal(score, np.ones(1), gamma=2.0, alpha=alpha).value[0] == pytest.approx(
        expected, rel=1e-5
    )


def test_focal_of_an_easy_positive_is_cross_entropy_times_the_squared_miss() -> None:
    score = np.log([9.0])
    entropy = losses.cross_entropy(score, np.ones(1)).value[0]
    assert entropy == pytest.approx(0.1053605, abs=1e-7)
    assert losses.focal(score, np.ones(1)).value[0] == pytest.approx(0.01 * entropy)


def test_focal_is_not_proper_and_its_inverse_link_gives_the_probability_back() -> None:
    for truth in (0.02, 0.3, 0.8):

        def expected_loss(score: float, truth: float = truth) -> float:
            at = np.array([score])
            positive = losses.focal(at, np.ones(1), alpha=0.4).value[0]
            return truth * positive + (1 - truth) * losses.focal(at, np.zeros(1), alpha=0.4).value[0]

        best = minimize_scalar(expected_loss, bounds=(-8, 8), method="bounded", options={"xatol": 1e-9}).x
        naive = 1 / (1 + np.exp(-best))
        assert abs(naive - truth) > 0.02
        assert losses.focal_to_probability(np.array([best]), alpha=0.4)[0] == pytest.approx(truth, abs=1e-5)


def test_losses_stay_finite_at_extreme_scores() -> None:
    extreme = np.array([-800.0, 800.0, -800.0, 800.0])
    target = np.array([0.0, 0.0, 1.0, 1.0])
    for loss in (losses.cross_entropy, losses.focal):
        assert all(np.isfinite(part).all() for part in loss(extreme, target))
    assert losses.focal_to_probability(extreme).tolist() == [0.0, 1.0, 0.0, 1.0]


def test_pairwise_equals_a_loop_over_pairs() -> None:
    slow = sum(
        np.log1p(np.exp(-(SCORE[i] - SCORE[j])))
        for i in range(40)
        for j in range(40)
        if GROUP[i] == GROUP[j] and COUNT[i] > COUNT[j]
    )
    assert losses.pairwise(SCORE, COUNT, GROUP).value.sum() == pytest.approx(slow)


def test_losses_of_lists_ignore_the_order_of_rows_and_a_shift_of_a_list() -> None:
    shuffled = rng.permutation(40)
    for loss in (losses.pairwise, losses.listwise):
        whole = loss(SCORE, COUNT, GROUP)
        np.testing.assert_allclose(
            loss(SCORE[shuffled], COUNT[shuffled], GROUP[shuffled]).gradient, whole.gradient[shuffled]
        )
        np.testing.assert_allclose(loss(SCORE + 3.0 * GROUP, COUNT, GROUP).value, whole.value, atol=1e-9)


def test_a_list_without_a_positive_says_nothing() -> None:
    terms = losses.listwise(np.array([1.0, 2.0]), np.zeros(2), np.zeros(2, dtype=np.int64))
    assert [part.tolist() for part in terms] == [[0.0, 0.0]] * 3
