"""Linear models against scikit-learn, against each other and against simulated truth."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime

from truenorth.engine.vectors import Vector, Vectors
from truenorth.models import FitSettings, Rows, TaskSpec, load_model
from truenorth.models import linear_losses as losses
from truenorth.models.design import Design
from truenorth.models.linear import LinearLearner
from truenorth.models.linear_fits import weighted_quantile
from truenorth.models.linear_tuning import choose_c

N = 3_000
ROLES = {"amount": "number", "age": "number", "country": "category"}


def table(n=N, seed=0):
    generator = np.random.default_rng(seed)
    columns = {
        "amount": Vector.numbers(np.exp(generator.normal(3, 1.5, n))),
        "age": Vector.numbers(np.where(generator.random(n) < 0.1, np.nan, generator.normal(40, 10, n))),
        "country": Vector.text(["fr", "de", "it"][k] for k in generator.integers(0, 3, n)),
    }
    return Vectors(columns, n)


def score_of(features):
    age = np.nan_to_num(features["age"].values, nan=40.0)
    is_french = features["country"].texts() == "fr"
    return 0.8 * (np.log(features["amount"].values) - 3) - 0.03 * (age - 40) + 1.0 * is_french - 0.5


def rows_of(target, features, weight=None, **more):
    return Rows(
        features=features, target=target, weight=np.ones(len(target)) if weight is None else weight, **more
    )


def fit(task, rows, validation=None, **settings):
    return LinearLearner().fit(task, rows, validation, FitSettings(**settings))


def binary_rows(n=N, seed=0, shift=0.0):
    features = table(n, seed)
    chance = 1 / (1 + np.exp(-score_of(features) - shift))
    return rows_of((np.random.default_rng(seed + 1).random(n) < chance).astype(float), features), chance


BINARY = TaskSpec(name="y", kind="binary", loss="log", roles=ROLES)


def test_probabilities_equal_scikit_learn_and_the_truth():
    from sklearn.linear_model import LogisticRegression

    rows, chance = binary_rows(20_000)
    model = fit(BINARY, rows)
    matrix = model.design.transform(rows.features)
    theirs = LogisticRegression(solver="newton-cholesky", max_iter=200, tol=1e-6).fit(matrix, rows.target)
    assert model.predict(rows.features) == pytest.approx(theirs.predict_proba(matrix)[:, 1], abs=1e-9)
    assert np.abs(model.predict(rows.features) - chance).mean() < 0.02


def test_numbers_equal_ridge_and_classes_equal_multinomial_regression():
    from sklearn.linear_model import LogisticRegression, Ridge

    features = table()
    target = score_of(features) + np.random.default_rng(1).normal(0, 0.5, N)
    model = fit(TaskSpec(name="y", kind="number", loss="squared", roles=ROLES), rows_of(target, features))
    matrix = model.design.transform(features)
    assert model.predict(features) == pytest.approx(
        Ridge(solver="cholesky").fit(matrix, target).predict(matrix), abs=1e-9
    )
    code = np.digitize(target, [-0.5, 0.5]).astype(float)
    task = TaskSpec(name="y", kind="class", loss="cross_entropy", roles=ROLES, classes=("a", "b", "c"))
    theirs = LogisticRegression(max_iter=200).fit(matrix, code)
    assert fit(task, rows_of(code, features)).predict(features) == pytest.approx(
        theirs.predict_proba(matrix), abs=1e-9
    )


def test_a_class_that_training_never_held_gets_no_probability():
    features = table(300)
    code = np.where(score_of(features) > 0, 2.0, 0.0)
    task = TaskSpec(name="y", kind="class", loss="cross_entropy", roles=ROLES, classes=("a", "b", "c"))
    predicted = fit(task, rows_of(code, features)).predict(features)
    assert (predicted[:, 1] == 0).all() and predicted.sum(axis=1) == pytest.approx(np.ones(300))


def test_a_weight_of_2_is_a_row_twice():
    rows, _ = binary_rows(500)
    design_rows = np.arange(500)
    twice = rows.take(np.concatenate([design_rows, design_rows]))
    doubled = Rows(features=rows.features, target=rows.target, weight=np.full(500, 2.0))
    assert fit(BINARY, twice).predict(rows.features) == pytest.approx(
        fit(BINARY, doubled).predict(rows.features), abs=0.01
    )


@pytest.mark.parametrize("more", [
    {"keep_negatives": 0.2}, {"positive_weight": 10.0}, {"keep_negatives": 0.3, "positive_weight": 4.0},
    {"loss": "focal"}, {"loss": "focal", "positive_weight": 5.0},
], ids=str)  # fmt: skip
def test_thinned_weighted_and_focal_predictions_are_right_on_average(more):
    rows, chance = binary_rows(30_000, shift=-2.5)
    task = TaskSpec(**{"name": "y", "kind": "binary", "loss": "log", "roles": ROLES, **more})
    predicted = fit(task, rows).predict(rows.features)
    assert predicted.mean() == pytest.approx(rows.target.mean(), rel=0.05)
    assert np.abs(predicted - chance).mean() < 0.02


def test_amounts_are_right_on_average_after_the_logarithm_is_undone():
    features = table(20_000)
    noise = np.random.default_rng(2).normal(0, 0.8, 20_000)
    target = np.expm1(np.maximum(score_of(features) + 2 + noise, 0))
    task = TaskSpec(name="y", kind="amount", loss="log_squared", roles=ROLES)
    model = fit(task, rows_of(target, features))
    assert model.predict(features).mean() == pytest.approx(target.mean(), rel=0.03)
    assert (model.predict(features) >= 0).all()


def test_quantiles_hold_as_many_rows_as_they_say_and_equal_linear_programming():
    from sklearn.linear_model import QuantileRegressor

    features = table(2_000)
    spread = np.random.default_rng(3).exponential(1.0, 2_000)
    target = score_of(features) + spread
    task = TaskSpec(name="y", kind="number", loss="quantile", roles=ROLES, levels=(0.1, 0.5, 0.9))
    model = fit(task, rows_of(target, features))
    predicted = model.predict(features)
    for k, level in enumerate(task.levels):
        assert np.mean(target <= predicted[:, k]) == pytest.approx(level, abs=0.01)
    theirs = QuantileRegressor(quantile=0.5, alpha=0.0, solver="highs").fit(
        model.design.transform(features), target
    )
    assert predicted[:, 1] == pytest.approx(theirs.predict(model.design.transform(features)), abs=0.12)


def test_the_median_is_not_moved_by_a_few_huge_targets():
    features = table(2_000)
    clean = score_of(features) + np.random.default_rng(3).normal(0, 0.3, 2_000)
    broken = np.where(np.arange(2_000) % 50 == 0, 1e6, clean)
    for loss in ("absolute", "huber"):
        model = fit(TaskSpec(name="y", kind="number", loss=loss, roles=ROLES), rows_of(broken, features))
        assert np.median(np.abs(model.predict(features) - score_of(features))) < 0.15


def test_counts_equal_poisson_regression():
    from sklearn.linear_model import PoissonRegressor

    features = table()
    target = np.random.default_rng(4).poisson(np.exp(score_of(features) / 2)).astype(float)
    model = fit(TaskSpec(name="y", kind="number", loss="poisson", roles=ROLES), rows_of(target, features))
    matrix = model.design.transform(features)
    theirs = PoissonRegressor(alpha=1 / N, max_iter=300, solver="newton-cholesky").fit(matrix, target)
    assert model.predict(features) == pytest.approx(theirs.predict(matrix), rel=1e-9)


def test_grades_recover_cumulative_logits_and_their_own_worth():
    features = table(20_000)
    hidden = score_of(features) + np.random.default_rng(5).logistic(size=20_000)
    code = np.digitize(hidden, [-1.0, 0.0, 1.5]).astype(float)
    worth = np.array([0.0, 1.0, 5.0, 10.0])
    task = TaskSpec(name="y", kind="grade", loss="ordinal", roles=ROLES, classes=("0", "1", "5", "10"))
    predicted = fit(task, rows_of(code, features)).predict(features)
    above = 1 / (1 + np.exp(np.array([-1.0, 0.0, 1.5]) - score_of(features)[:, None]))
    assert np.abs(predicted - above @ np.diff(worth)).mean() < 0.15
    assert predicted.mean() == pytest.approx(worth[code.astype(int)].mean(), rel=0.02)


def test_hazards_recover_a_known_survival_in_spite_of_censoring():
    n = 20_000
    features = table(n)
    generator = np.random.default_rng(6)
    rate = np.exp(score_of(features) / 2) / 60
    died, left = generator.exponential(1 / rate), generator.uniform(0, 120, n)
    days, event = np.minimum(died, left), died <= left
    bins = tuple(float(end) for end in range(10, 100, 10))
    task = TaskSpec(name="y", kind="time_to_event", loss="hazard", roles=ROLES, bins=bins)
    predicted = fit(task, rows_of(days, features, event=event)).predict(features)
    truth = 1 - np.exp(-rate[:, None] * np.asarray(bins))
    assert np.abs(predicted - truth).mean() < 0.03


def test_censored_bins_say_nothing():
    at_risk, happened = losses.exposure(
        np.array([5.0, 10.0, 15.0, 15.0, 99.0]), np.array([True, True, False, True, False]), (10.0, 20.0)
    )
    assert at_risk.tolist() == [[True, False], [True, False], [True, False], [True, True], [True, True]]
    assert happened.tolist() == [[True, False], [True, False], [False, False], [False, True], [False, False]]


@pytest.mark.parametrize("loss", ["pairwise", "listwise", "pointwise"])
def test_lists_are_ordered_as_the_truth_orders_them(loss):
    features = table()
    group = np.random.default_rng(7).permutation(N) % 500
    # lists differ in level, which must not matter
    gain = (
        score_of(features)
        + np.random.default_rng(8).gumbel(size=N)
        + np.random.default_rng(9).normal(0, 3, 500)[group]
    )
    best = np.zeros(N)
    for one in range(500):
        inside = np.flatnonzero(group == one)
        best[inside[gain[inside].argmax()]] = 1.0
    task = TaskSpec(name="y", kind="binary", loss=loss, roles=ROLES)
    predicted = fit(task, rows_of(best, features, group=group)).predict(features)
    assert (
        np.corrcoef(np.argsort(np.argsort(predicted)), np.argsort(np.argsort(score_of(features))))[0, 1]
        > 0.95
    )


def objectives():
    generator = np.random.default_rng(0)
    y, weight = (generator.random(30) < 0.4).astype(float), generator.random(30) + 0.1
    number, code, group = (
        generator.normal(size=30),
        generator.integers(0, 4, 30).astype(float),
        np.arange(30) // 5,
    )
    risk = losses.exposure(generator.random(30) * 40, generator.random(30) < 0.6, (10.0, 20.0, 30.0))
    return {
        "focal": (losses.focal_objective(y, weight, gamma=2.0), [0.3]),
        "pinball": (losses.pinball_objective(number, weight, level=0.8, smoothing=0.3), [0.1]),
        "huber": (losses.huber_objective(number, weight, delta=0.7), [0.2]),
        "ordinal": (losses.ordinal_objective(code, weight, grades=4), [-0.5, 0.1, -0.3]),
        "hazard": (losses.hazard_objective(*risk, weight), [-1.0, -0.5, 0.2]),
        "pairwise": (losses.pairwise_objective(code, weight, group, seed=0)[0], []),
        "listwise": (losses.listwise_objective(code, weight, group)[0], []),
    }


@pytest.mark.parametrize("name", objectives())
def test_derivatives_equal_finite_differences(name):
    objective, start = objectives()[name]
    raw, free = np.random.default_rng(1).normal(size=30), np.asarray(start, dtype=float)
    _, by_score, by_free = objective(raw, free)
    assert by_score == pytest.approx(approx_fprime(raw, lambda x: objective(x, free)[0], 1e-7), abs=1e-4)
    if len(free):
        assert by_free == pytest.approx(approx_fprime(free, lambda x: objective(raw, x)[0], 1e-7), abs=1e-4)


def test_losses_of_lists_equal_the_ones_row_by_row():
    from truenorth.models.losses import listwise

    generator = np.random.default_rng(2)
    raw, gain, group = (
        generator.normal(size=60),
        generator.integers(0, 3, 60).astype(float),
        generator.integers(0, 9, 60),
    )
    objective, _ = losses.listwise_objective(gain, np.ones(60), group)
    value, slope, _ = objective(raw, np.zeros(0))
    theirs = listwise(raw, gain, group)
    assert value == pytest.approx(theirs.value.sum())
    assert slope == pytest.approx(theirs.gradient)


def test_pairs_are_of_one_list_and_in_the_right_order():
    generator = np.random.default_rng(3)
    gain, group = generator.integers(0, 3, 200).astype(float), generator.integers(0, 30, 200)
    better, worse = losses._pairs(gain, group, seed=0)
    assert len(better) > 200
    assert (group[better] == group[worse]).all() and (gain[better] > gain[worse]).all()


def test_a_heavy_tail_gets_a_logarithm_and_a_plain_number_does_not():
    design = Design.fit(ROLES, table())
    assert "log of amount" in design.names and "log of age" not in design.names
    assert {"age is missing", "country = 'fr'"} <= set(design.names)


def test_rare_levels_share_a_column_and_unknown_ones_have_none():
    names = ["big"] * 2_000 + ["small"] * 1_000 + ["r1", "r2", "r3"]
    design = Design.fit({"c": "category"}, Vectors({"c": Vector.text(names)}, len(names)))
    assert design.names == ["c = 'big'", "c = 'small'", "c is rare"]
    seen = design.transform(Vectors({"c": Vector.text(["r2", "never", None, "small"])}, 4))
    assert seen.tolist() == [[0, 0, 1], [0, 0, 0], [0, 0, 0], [0, 1, 0]]


def test_a_text_means_what_scikit_learn_says_it_means():
    from sklearn.feature_extraction.text import TfidfVectorizer

    texts = ["Pay my card bill", "what is the weather", "pay pay pay now", "weather card"]
    design = Design.fit({"t": "text"}, Vectors({"t": Vector.text(texts)}, 4))
    theirs = TfidfVectorizer(ngram_range=(1, 2), token_pattern=r"(?u)\b\w+\b", sublinear_tf=True).fit(texts)
    fresh = ["pay the weather bill bill", "unheard", ""]
    ours = design.transform(Vectors({"t": Vector.text(fresh)}, 3)).toarray()
    words = len(theirs.get_feature_names_out())
    assert ours[:, :words] == pytest.approx(theirs.transform(fresh).toarray())
    assert not ours[2].any()


def test_a_sparse_design_predicts_as_a_dense_one():
    features = table(800)
    target = (score_of(features) > 0).astype(float)
    many = Vector.text(f"k{i % 350}" for i in range(800))
    wide = features.with_columns({"many": many})
    task = TaskSpec(name="y", kind="binary", loss="log", roles={**ROLES, "many": "category"})
    model = fit(task, rows_of(target, wide))
    assert model.design.is_sparse
    matrix = model.design.transform(wide)
    raw = matrix.toarray() @ model.fitted.coefficients[0] + model.fitted.intercepts[0]
    assert model.predict(wide) == pytest.approx(1 / (1 + np.exp(-raw)), abs=1e-12)


def test_contributions_and_the_intercept_add_up_to_the_log_odds():
    rows, _ = binary_rows(500)
    model = fit(BINARY, rows)
    odds = np.log(model.predict(rows.features)) - np.log1p(-model.predict(rows.features))
    assert model.contributions(rows.features).sum(axis=1) + model.fitted.intercepts[0] == pytest.approx(odds)


def test_the_summary_names_the_strongest_coefficient_in_the_words_of_the_feature():
    rows, _ = binary_rows(20_000)
    strongest = fit(BINARY, rows).summary()["coefficients"][0]
    assert strongest["column"] == "log of amount" and strongest["coefficient"] > 0.5


def test_the_penalty_is_chosen_on_validation_rows():
    generator = np.random.default_rng(0)
    noise = {f"x{i}": Vector.numbers(generator.normal(size=200)) for i in range(60)}
    features = Vectors(noise, 200)
    target = (features["x0"].values + 2 * generator.normal(size=200) > 0).astype(float)
    rows = rows_of(target, features)
    task = TaskSpec(name="y", kind="binary", loss="log", roles=dict.fromkeys(noise, "number"))
    train, held = rows.take(np.arange(120)), rows.take(np.arange(120, 200))
    model = fit(task, train, held)
    tried = model.settings["validation_loss"]
    assert model.settings["c"] < 1 and min(tried, key=tried.get) == f"{model.settings['c']:g}"


def test_no_time_left_keeps_the_first_penalty():
    rows, _ = binary_rows(100)
    tried = []

    def attempt(c):
        tried.append(c)
        return fit(BINARY, rows)

    choose_c(attempt, BINARY, rows, FitSettings(seconds=0.0), rows=100, columns=50)
    assert tried == [1.0]


def test_many_terms_and_labels_in_other_alphabets_are_read_back(tmp_path):
    words = ["größe", "naïve", "数学", "prix bas", "e\u0301tude"]
    texts = [words[i % 5] + f" {i % 7}" for i in range(200)]
    features = Vectors({"t": Vector.text(texts)}, 200)
    task = TaskSpec(name="y", kind="binary", loss="log", roles={"t": "text"})
    model = fit(task, rows_of((np.arange(200) % 5 == 2).astype(float), features))
    model.dump(tmp_path)
    assert np.array_equal(load_model(tmp_path).predict(features), model.predict(features))
    assert model.predict(features)[2] > 0.8


def test_weighted_quantiles_equal_repeated_values():
    generator = np.random.default_rng(0)
    values, repeats = generator.normal(size=50), generator.integers(1, 4, 50)
    long = np.repeat(values, repeats)
    for level in (0.1, 0.5, 0.77):
        assert weighted_quantile(values, level, repeats.astype(float)) == np.quantile(
            long, level, method="inverted_cdf"
        )


@pytest.mark.slow
def test_a_million_rows_of_thirty_numbers_are_fitted_in_seconds():
    import time

    generator = np.random.default_rng(0)
    columns = {f"x{i}": Vector.numbers(generator.normal(size=1_200_000)) for i in range(30)}
    features = Vectors(columns, 1_200_000)
    target = (columns["x0"].values + generator.logistic(size=1_200_000) > 0).astype(float)
    task = TaskSpec(name="y", kind="binary", loss="log", roles=dict.fromkeys(columns, "number"))
    started = time.process_time()
    fit(task, rows_of(target, features))
    assert time.process_time() - started < 30
