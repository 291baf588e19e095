"""Measures of calibration against published values, other packages and simulated truth."""

import warnings

import numpy as np
import pytest

from truenorth.statistics import calibration as c

FORECAST = np.array([0.1] * 5 + [0.8] * 5)
HAPPENED = np.array([0, 0, 0, 0, 1, 1, 1, 1, 0, 1.0])
SAID = np.array([0.1, 0.15, 0.35, 0.4, 0.6, 0.65, 0.8, 0.95])
DONE = np.array([0, 0, 1, 1, 1, 0, 1, 1.0])


def drawn(n, seed=0, power=1.0):
    generator = np.random.default_rng(seed)
    said = generator.random(n)
    return said, (generator.random(n) < said**power).astype(float)


def test_brier_and_its_parts_equal_the_published_example():
    parts = c.brier_parts(FORECAST, HAPPENED)
    assert c.brier(FORECAST, HAPPENED) == pytest.approx(0.165)
    assert parts == pytest.approx((0.005, 0.09, 0.25, 0.0))


@pytest.mark.parametrize("bins", [None, 1, 5, 10])
def test_the_parts_of_brier_add_up_with_weights(bins):
    said, done = drawn(500)
    weight = np.random.default_rng(1).random(500) + 0.1
    parts = c.brier_parts(said, done, weight=weight, bins=bins)
    whole = parts.reliability - parts.resolution + parts.uncertainty + parts.within
    assert whole == pytest.approx(c.brier(said, done, weight=weight))


def test_errors_by_bins_equal_the_published_example():
    assert c.calibration_error(SAID, DONE, bins=10) == pytest.approx(0.25)
    assert c.calibration_error(SAID, DONE, bins=5) == pytest.approx(0.25)
    assert c.brier(SAID, DONE) == pytest.approx(0.18)
    assert c.max_calibration_error(SAID, DONE, bins=10) == pytest.approx(0.65)


def test_losses_equal_scikit_learn():
    from sklearn.metrics import brier_score_loss, log_loss

    said, done = drawn(300)
    weight = np.random.default_rng(2).random(300)
    assert c.log_loss(said, done, weight=weight) == pytest.approx(log_loss(done, said, sample_weight=weight))
    assert c.brier(said, done, weight=weight) == pytest.approx(
        brier_score_loss(done, said, sample_weight=weight)
    )


@pytest.mark.parametrize("by", ["width", "mass"])
def test_errors_by_bins_equal_a_loop(by):
    said, done = drawn(1000, power=2.0)
    if by == "width":
        groups = [(said >= k / 10) & (said < (k + 1) / 10) for k in range(10)]
    else:
        rank = np.argsort(np.argsort(said))
        groups = [((rank + 0.5) / 1000 * 10).astype(int) == k for k in range(10)]
    gaps = [(g.sum(), abs(said[g].mean() - done[g].mean())) for g in groups]
    assert c.calibration_error(said, done, by=by) == pytest.approx(sum(n * gap for n, gap in gaps) / 1000)
    assert c.max_calibration_error(said, done, by=by) == pytest.approx(max(gap for _, gap in gaps))


def test_the_debiased_error_of_calibrated_predictions_is_nearer_to_0_than_the_plain_one():
    squares, plain = [], []
    for seed in range(60):
        said, done = drawn(1000, seed)
        squares.append(c.debiased_calibration_error(said, done) ** 2)
        plain.append(c.calibration_error(said, done, bins=15, by="mass") ** 2)
    assert np.mean(squares) < 0.4 * np.mean(plain)
    said, done = drawn(50_000, power=2.0)
    # truth: E (f - f^2)^2 = 1/30
    assert c.debiased_calibration_error(said, done) == pytest.approx(np.sqrt(1 / 30), rel=0.03)


def test_the_smooth_error_equals_the_published_values():
    said, done = drawn(5000, power=2.0)
    assert c.smooth_calibration_error(said, done) == pytest.approx(0.161654, abs=1e-3)
    said, done = drawn(5000)
    assert c.smooth_calibration_error(said, done) < 0.03


def test_the_smooth_error_equals_a_dense_kernel():
    from scipy.stats import norm

    said, done = drawn(300, power=3.0)
    width = c.smooth_calibration_error(said, done)
    grid = np.linspace(0, 1, 4001)
    kernel = sum(norm.pdf(grid[:, None], sign * said + shift, width)
                 for shift in (-2.0, 0.0, 2.0) for sign in (1, -1))  # fmt: skip
    curve = np.abs(kernel @ (done - said)) / 300
    assert np.trapezoid(curve, grid) == pytest.approx(width, rel=0.01)


def test_cumulative_tests_equal_mapie():
    from mapie.metrics.calibration import kolmogorov_smirnov_statistic, kuiper_statistic, length_scale

    generator = np.random.RandomState(1)
    done = generator.choice([0, 1], 100).astype(float)
    said = generator.uniform(size=100)
    assert c.ks_test(said, done).statistic == pytest.approx(5.607741, abs=1e-5)
    for seed in range(5):
        said, done = drawn(200, seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = kolmogorov_smirnov_statistic(done, said), kuiper_statistic(done, said)
        path = np.cumsum((done - said)[np.argsort(said)])
        assert c.ks_test(said, done).statistic == pytest.approx(theirs[0], rel=1e-6)
        if path.min() < 0 < path.max():  # theirs leaves out the start of the path, where it is 0
            assert c.kuiper_test(said, done).statistic == pytest.approx(theirs[1], rel=1e-6)
        assert c.length_scale(said) == pytest.approx(length_scale(said))


def test_the_length_scale_equals_the_published_value():
    assert c.length_scale(np.random.RandomState(1).uniform(size=100)) == pytest.approx(0.040389, abs=1e-6)


@pytest.mark.parametrize("cdf, known", [
    (c.brownian_maximum_cdf, {1: 0.370777, 2: 0.908999, 3: 0.9946}),
    (c.brownian_range_cdf, {1: 0.063365, 2: 0.818506, 3: 0.989201}),
], ids=["ks", "kuiper"])  # fmt: skip
def test_distributions_equal_published_values_and_rise(cdf, known):
    assert {x: round(cdf(x), 6) for x in known} == known
    grid = [cdf(x) for x in np.linspace(0.01, 8, 200)]
    assert (np.diff(grid) >= -1e-12).all() and grid[0] < 1e-6 and grid[-1] > 1 - 1e-9
    assert cdf(0.0) == 0.0


@pytest.mark.parametrize("test", [c.ks_test, c.kuiper_test])
def test_p_values_are_uniform_under_calibration_and_small_without(test):
    p_values = np.array([test(*drawn(2000, seed)).p_value for seed in range(300)])
    assert np.mean(p_values < 0.1) == pytest.approx(0.1, abs=0.05)
    assert np.mean(p_values < 0.5) == pytest.approx(0.5, abs=0.1)
    assert test(*drawn(2000, power=1.5)).p_value < 1e-4


def test_rows_of_one_probability_count_in_any_order():
    said = np.repeat([0.2, 0.7], 50)
    done = np.tile([1.0, 0.0], 50)
    order = np.random.default_rng(0).permutation(100)
    assert c.ks_test(said[order], done[order]) == pytest.approx(c.ks_test(said, done))


def test_cox_recovers_slope_and_intercept_and_equals_an_unpenalised_fit():
    from sklearn.linear_model import LogisticRegression

    generator = np.random.default_rng(0)
    odds = generator.normal(0, 1.5, 20_000)
    said = 1 / (1 + np.exp(-odds))
    done = (generator.random(20_000) < 1 / (1 + np.exp(-(0.6 * odds - 0.3)))).astype(float)
    curve = c.cox(said, done)
    assert abs(curve.slope - 0.6) < 3 * curve.slope_error
    assert abs(curve.intercept + 0.3) < 3 * curve.intercept_error
    theirs = LogisticRegression(C=np.inf, tol=1e-10).fit(odds[:, None], done)
    assert (curve.slope, curve.intercept) == pytest.approx(
        (theirs.coef_[0, 0], theirs.intercept_[0]), abs=1e-5
    )


def test_cox_of_rows_that_have_no_answer_is_nan():
    for said, done in [
        ([0.2, 0.8], [1.0, 1.0]),
        ([0.5, 0.5], [0.0, 1.0]),
        ([0.1, 0.2, 0.8, 0.9], [0, 0, 1.0, 1.0]),
    ]:
        assert np.isnan(c.cox(np.array(said), np.array(done))).all()


def test_the_diagram_is_isotonic_and_its_parts_add_up():
    from sklearn.isotonic import IsotonicRegression

    said, done = drawn(800, power=2.0)
    said = said.round(2)
    diagram = c.reliability(said, done)
    theirs = IsotonicRegression().fit(said, done).predict(diagram.probability)
    assert diagram.happened == pytest.approx(theirs)
    whole = diagram.miscalibration - diagram.discrimination + diagram.uncertainty
    assert whole == pytest.approx(c.brier(said, done))
    assert not diagram.is_consistent.all()


def test_the_band_holds_the_curve_of_calibrated_predictions_about_as_often_as_it_says():
    inside = []
    for seed in range(40):
        said, done = drawn(400, seed)
        said = said.round(1)
        done = (np.random.default_rng(seed + 100).random(400) < said).astype(float)
        inside.append(c.reliability(said, done, seed=seed).is_consistent.mean())
    assert 0.85 <= np.mean(inside) <= 0.99


def test_many_rows_are_pooled_and_fast():
    said, done = drawn(150_000)
    diagram = c.reliability(said, done)
    assert len(diagram.probability) == 1000
    assert diagram.is_consistent.mean() > 0.75
    assert diagram.miscalibration < 1e-3


def test_predictions_that_are_calibrated_in_the_large_have_difference_0():
    assert c.in_the_large(np.array([0.25] * 4), np.array([1, 0, 0, 0.0])) == 0.0
    assert c.in_the_large(
        np.array([0.5, 0.5]), np.array([1.0, 0]), weight=np.array([3.0, 1])
    ) == pytest.approx(0.25)


def test_no_rows_give_nan_and_not_an_error():
    nothing = np.zeros(0)
    assert np.isnan(
        [c.log_loss(nothing, nothing), c.brier(nothing, nothing), c.in_the_large(nothing, nothing)]
    ).all()
    assert np.isnan(c.smooth_calibration_error(nothing, nothing)) and np.isnan(
        c.ks_test(nothing, nothing).statistic
    )
