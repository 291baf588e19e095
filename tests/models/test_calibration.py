"""Calibrators against published values, other packages and simulated truth."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truenorth.errors import DataError
from truenorth.models.calibration import BINARY, admissible, fit_calibrator, load_calibrator
from truenorth.models.calibration_maps import Beta, Temperature, fit_beta, fit_isotonic, fit_sigmoid, log_odds
from truenorth.models.calibration_venn_abers import fit_venn_abers
from truenorth.models.contract import TaskSpec

TASK = TaskSpec(name="y", kind="binary", loss="log")
NUMBER = TaskSpec(name="y", kind="number", loss="squared")
CLASS = TaskSpec(name="y", kind="class", loss="cross_entropy", classes=("a", "b", "c"))
SCORES = np.array([0.1, 0.2, 0.3, 0.4, 0.6, 0.7, 0.8, 0.9])
LABELS = np.array([0, 0, 1, 0, 1, 0, 1, 1.0])
GRID = np.linspace(0, 1, 201)


def drawn(n, truth, seed=0):
    generator = np.random.default_rng(seed)
    p = generator.random(n)
    return p, (generator.random(n) < truth(p)).astype(float)


def loss_of(p, y):
    p = np.clip(p, 1e-12, 1 - 1e-12)
    return float(-np.mean(np.where(y > 0, np.log(p), np.log1p(-p))))


def test_platt_equals_the_libsvm_example():
    slope, intercept = fit_sigmoid(np.array([5.0, -4, 1]), np.array([1.0, 0, 0]), np.ones(3))
    assert (-slope, -intercept) == pytest.approx((-0.2026145, 0.6523667), abs=1e-6)


def test_platt_is_the_least_smoothed_log_loss():
    p, y = drawn(500, lambda p: p**2)
    scores = log_odds(p)
    slope, intercept = fit_sigmoid(scores, y, np.ones(500))
    wanted = np.where(y > 0, (y.sum() + 1) / (y.sum() + 2), 1 / (500 - y.sum() + 2))
    fitted = 1 / (1 + np.exp(-(slope * scores + intercept)))
    assert abs((fitted - wanted).sum()) < 1e-6 and abs((fitted - wanted) @ scores) < 1e-5


def test_the_beta_curve_with_a_and_b_1_and_c_0_changes_nothing():
    assert Beta(1.0, 1.0, 0.0).apply(GRID[1:-1]) == pytest.approx(GRID[1:-1])


def test_beta_recovers_its_own_curve_and_never_falls():
    true = Beta(0.6, 1.7, 0.4)
    p, y = drawn(60_000, true.apply)
    found = fit_beta(p, y, np.ones(len(p)))
    assert (found.a, found.b, found.c) == pytest.approx((0.6, 1.7, 0.4), abs=0.06)
    p, y = drawn(2_000, lambda p: 1 - p)  # upside down
    flat = fit_beta(p, y, np.ones(len(p)))
    assert flat.a >= 0 and flat.b >= 0
    assert (np.diff(flat.apply(GRID)) >= 0).all()


def test_a_temperature_of_2_makes_3_to_1_of_9_to_1():
    assert Temperature(2.0).apply(np.array([0.9, 0.5])) == pytest.approx([0.75, 0.5])
    p, y = drawn(40_000, lambda p: Temperature(2.0).apply(p))
    assert fit_calibrator("temperature", p, y, task=TASK).temperature == pytest.approx(2.0, rel=0.05)


def test_class_temperature_is_recovered_and_equals_scikit_learn():
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.frozen import FrozenEstimator
    from sklearn.linear_model import LogisticRegression

    generator = np.random.default_rng(0)
    x = generator.normal(size=(6000, 3))
    y = (x + generator.gumbel(size=x.shape)).argmax(axis=1)
    model = LogisticRegression(C=1e6).fit(x[:500] * 1.0, y[:500])
    model.coef_ *= 3  # overconfident
    theirs = CalibratedClassifierCV(FrozenEstimator(model), method="temperature").fit(x[500:], y[500:])
    p = model.predict_proba(x)
    ours = fit_calibrator("temperature", p[500:], y[500:].astype(float), task=CLASS)
    assert ours.temperature == pytest.approx(3.0, rel=0.15)
    assert ours.apply(p) == pytest.approx(theirs.predict_proba(x), abs=1e-3)
    assert fit_calibrator("auto", p[500:], y[500:].astype(float), task=CLASS).method == "temperature"
    calibrated = ours.apply(p[500:])
    assert fit_calibrator("auto", calibrated, y[500:].astype(float), task=CLASS).method == "none"


def test_isotonic_passes_through_the_blocks_of_scikit_learn():
    from sklearn.isotonic import IsotonicRegression

    p, y = drawn(300, lambda p: p**2)
    p, weight = p.round(2), np.random.default_rng(1).random(300) + 0.1
    found = fit_isotonic(p, y, weight)
    theirs = IsotonicRegression().fit(p, y, sample_weight=weight)
    assert sorted(set(theirs.predict(p).round(12))) == pytest.approx(sorted(found.value))
    for at, value in zip(found.at, found.value, strict=True):
        inside = np.isclose(theirs.predict(p), value)
        assert at == pytest.approx(np.average(p[inside], weights=weight[inside]))


def test_venn_abers_equals_the_published_table():
    found = fit_venn_abers(SCORES, LABELS, np.ones(8))
    at = np.array([0.25, 0.5, 0.95])
    assert found.intervals(at) == pytest.approx(np.array([[0, 0.6], [1 / 3, 2 / 3], [2 / 3, 1]]))
    assert found.apply(at) == pytest.approx([0.375, 0.5, 0.75])


@given(st.lists(st.tuples(st.integers(0, 8), st.booleans()), min_size=1, max_size=25), st.integers(-1, 17))
@settings(max_examples=150)
def test_venn_abers_equals_two_isotonic_fits(pairs, twice):
    from sklearn.isotonic import IsotonicRegression

    scores = np.array([score / 8 for score, _ in pairs])
    labels = np.array([float(label) for _, label in pairs])
    at = twice / 16
    theirs = [
        IsotonicRegression().fit(np.append(scores, at), np.append(labels, label)).predict([at])[0]
        for label in (0, 1)
    ]
    found = fit_venn_abers(scores, labels, np.ones(len(pairs)))
    assert found.intervals(np.array([at]))[0] == pytest.approx(theirs)


def test_venn_abers_of_weighted_rows_equals_repeated_rows():
    weight = np.array([1, 3, 2, 1, 1, 2, 1, 1.0])
    # the added row weighs the mean weight, so the weighted fit is brought to a mean of 1 by hand
    found = fit_venn_abers(SCORES, LABELS, weight)
    from sklearn.isotonic import IsotonicRegression

    for at in (0.05, 0.35, 0.5, 0.75):
        heavy = np.append(weight / weight.mean(), 1.0)
        for column, label in ((0, 0.0), (1, 1.0)):
            theirs = IsotonicRegression().fit(
                np.append(SCORES, at), np.append(LABELS, label), sample_weight=heavy
            )
            assert found.intervals(np.array([at]))[0, column] == pytest.approx(theirs.predict([at])[0])


def test_venn_abers_takes_a_hundred_thousand_rows():
    p, y = drawn(100_000, lambda p: p**2)
    found = fit_venn_abers(p, y, np.ones(len(p)))
    inner = GRID[10:-10]
    assert found.apply(inner) == pytest.approx(inner**2, abs=0.03)
    low, high = found.intervals(inner).T
    assert (low <= high).all() and np.max(high - low) < 0.02


@pytest.mark.parametrize("method", BINARY)
def test_order_is_kept_and_nan_stays(method):
    p, y = drawn(3_000, lambda p: 0.2 + 0.6 * p)
    found = fit_calibrator(method, p, y, task=TASK)
    assert (np.diff(found.apply(GRID)) >= -1e-12).all()
    assert np.isnan(found.apply(np.array([np.nan, 0.5]))).tolist() == [True, False]
    if method in ("platt", "beta", "temperature"):
        assert (np.diff(found.apply(GRID[1:-1])) > 0).all()


@pytest.mark.parametrize("method", [*BINARY, "auto"])
def test_a_calibrator_is_read_back_bit_by_bit(method):
    p, y = drawn(2_000, lambda p: p**1.5)
    found = fit_calibrator(method, p, y, task=TASK)
    read = load_calibrator(json.loads(json.dumps(found.to_dict())))
    assert np.array_equal(read.apply(GRID), found.apply(GRID))
    assert read.method == found.method


@pytest.mark.parametrize("method", ["platt", "beta", "temperature", "isotonic"])
def test_a_weight_of_2_is_a_row_twice(method):
    p, y = drawn(400, lambda p: p**2)
    weight = np.where(np.arange(400) % 3 == 0, 2.0, 1.0)
    once = fit_calibrator(method, p, y, task=TASK, weight=weight)
    repeats = weight.astype(int)
    twice = fit_calibrator(method, np.repeat(p, repeats), np.repeat(y, repeats), task=TASK)
    assert once.apply(GRID) == pytest.approx(twice.apply(GRID), abs=1e-4)


def test_auto_admits_shapeless_methods_only_with_enough_rows():
    few = np.array([1.0] * 999 + [0.0] * 20_000)
    enough = np.array([1.0] * 1000 + [0.0] * 9_000)
    assert "isotonic" not in admissible(few) and "venn_abers" not in admissible(few)
    assert {"isotonic", "venn_abers"} <= set(admissible(enough))


def test_auto_leaves_calibrated_predictions_alone_and_mends_others():
    p, y = drawn(3_000, lambda p: p)
    assert fit_calibrator("auto", p, y, task=TASK).method == "none"
    p, y = drawn(3_000, lambda p: Temperature(3.0).apply(p))
    assert fit_calibrator("auto", p, y, task=TASK).method == "temperature"
    steps = drawn(40_000, lambda p: 0.2 + 0.6 * (p > 0.3) * (p < 2))
    found = fit_calibrator("auto", *steps, task=TASK)
    assert found.method in ("isotonic", "venn_abers")
    fresh = drawn(40_000, lambda p: 0.2 + 0.6 * (p > 0.3), seed=1)
    assert loss_of(found.apply(fresh[0]), fresh[1]) < loss_of(fresh[0], fresh[1]) - 0.05


def test_auto_is_never_far_from_the_best_on_fresh_rows():
    curves = [
        lambda p: p,
        lambda p: p**3,
        lambda p: 0.02 * p,
        Temperature(0.5).apply,
        Beta(2.0, 0.5, 0.0).apply,
    ]
    for truth in curves:
        found = fit_calibrator("auto", *drawn(1_500, truth, seed=2), task=TASK)
        p, y = drawn(50_000, truth, seed=3)
        assert loss_of(found.apply(p), y) < loss_of(truth(p), y) + 0.01


@pytest.mark.parametrize("method", ["platt", "isotonic", "venn_abers", "beta", "auto"])
def test_a_rule_that_says_yes_or_no_gets_two_levels(method):
    generator = np.random.default_rng(0)
    holds = (generator.random(4_000) < 0.2).astype(float)
    y = (generator.random(4_000) < np.where(holds > 0, 0.4, 0.03)).astype(float)
    found = fit_calibrator(method, holds, y, task=TASK).apply(np.array([0.0, 1.0]))
    assert found == pytest.approx([y[holds == 0].mean(), y[holds == 1].mean()], abs=0.005)


def test_one_class_and_few_rows_give_a_finite_answer():
    for method in ("auto", "platt", "isotonic", "beta", "temperature", "venn_abers"):
        for y in ([0.0, 0.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 1.0]):
            applied = fit_calibrator(method, np.array([0.1, 0.5, 0.9]), np.array(y), task=TASK).apply(GRID)
            assert np.isfinite(applied).all() and (applied >= 0).all() and (applied <= 1).all()


def test_rows_whose_prediction_is_not_finite_are_left_out():
    p, y = drawn(500, lambda p: p**2)
    holed = np.append(p, [np.nan, np.inf])
    found = fit_calibrator("platt", holed, np.append(y, [1.0, 1.0]), task=TASK)
    assert found == fit_calibrator("platt", p, y, task=TASK)


def test_classes_take_a_method_one_by_one_and_add_up():
    generator = np.random.default_rng(0)
    p = generator.dirichlet([1, 1, 1], 1_000)
    y = np.array([generator.choice(3, p=row) for row in p]).astype(float)
    found = fit_calibrator("isotonic", p, y, task=CLASS)
    assert found.apply(p).sum(axis=1) == pytest.approx(np.ones(1_000))
    assert np.array_equal(load_calibrator(json.loads(json.dumps(found.to_dict()))).apply(p), found.apply(p))


def test_numbers_are_scaled_where_asked_and_left_alone_by_default():
    said, done = np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0, 6.0])
    assert fit_calibrator("auto", said, done, task=NUMBER).method == "none"
    found = fit_calibrator("scale", said, done, task=NUMBER)
    assert found.apply(said) == pytest.approx(done)
    assert load_calibrator(found.to_dict()) == found
    with pytest.raises(DataError, match="MODEL045"):
        fit_calibrator("platt", said, done, task=NUMBER)


def test_what_is_no_probability_is_not_calibrated():
    for loss, kind in (("hazard", "time_to_event"), ("listwise", "grade")):
        task = TaskSpec(name="y", kind=kind, loss=loss)
        assert fit_calibrator("auto", np.ones((2, 3)), np.zeros(2), task=task).method == "none"


def test_no_rows_and_unknown_methods_are_refused():
    with pytest.raises(DataError, match="rows to calibrate on"):
        fit_calibrator("platt", np.zeros(0), np.zeros(0), task=TASK)
    with pytest.raises(DataError, match="plat"):
        fit_calibrator("plat", np.array([0.5, 0.6]), np.array([0.0, 1.0]), task=TASK)
    with pytest.raises(DataError):
        load_calibrator({"method": "pickle"})
