"""Trees against simulated truth: every kind of task predicts what it promises."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import norm
from sklearn.metrics import log_loss, ndcg_score, roc_auc_score

from truenorth.engine.vectors import Vector, Vectors
from truenorth.errors import DataError, FramingError
from truenorth.models.contract import FitSettings, Rows, TaskSpec
from truenorth.models.trees import Trees, load_trees
from truenorth.models.trees_model import TreesModel
from truenorth.models.trees_samples import person_periods, relevance
from truenorth.models.trees_smearing import smearing_factors

ONE = FitSettings(threads=1)
ROLES: dict[str, Any] = {"x": "number", "z": "number", "c": "category"}


def features(n: int, seed: int = 0) -> Vectors:
    rng = np.random.default_rng(seed)
    z = np.where(rng.random(n) < 0.2, np.nan, rng.normal(size=n))
    letters = rng.choice(list("abcdef"), n)
    return Vectors(
        {"x": Vector.numbers(rng.normal(size=n)), "z": Vector.numbers(z), "c": Vector.text(letters)}, n
    )


def centre(given: Vectors) -> np.ndarray:
    """A truth in which a number, a missing value and a category matter."""
    effect = {"a": 1.0, "b": -1.0, "c": 0.5}
    letters = np.array([effect.get(text, 0.0) for text in given["c"].texts()])
    return np.asarray(given["x"].values + 0.7 * np.isnan(given["z"].values) + letters)


def rows(given: Vectors, target: np.ndarray, **more: Any) -> Rows:
    return Rows(features=given, target=np.asarray(target, dtype=float), weight=np.ones(len(target)), **more)


def task(kind: Any, loss: Any, **more: Any) -> TaskSpec:
    return TaskSpec(name="task", kind=kind, loss=loss, **{"roles": ROLES, **more})


def draw(n: int, seed: int, prior: float = 0.0) -> tuple[Rows, np.ndarray]:
    given = features(n, seed)
    truth = expit(prior + centre(given))
    return rows(given, np.random.default_rng(seed + 99).random(n) < truth), truth


def fitted(spec: TaskSpec, train: Rows, validation: Rows | None = None) -> TreesModel:
    return Trees().fit(spec, train, validation, ONE)


# Probabilities


@pytest.mark.parametrize("stopped", [False, True], ids=["fixed_rounds", "early_stopping"])
def test_binary_predictions_come_near_the_true_probability(stopped: bool) -> None:
    train, _ = draw(8000, 0)
    validation, _ = draw(4000, 1)
    test, truth = draw(4000, 2)
    found = fitted(task("binary", "log"), train, validation if stopped else None).predict(test.features)
    assert np.mean(np.abs(found - truth)) < 0.06
    assert np.mean(found) == pytest.approx(np.mean(truth), abs=0.02)


@pytest.mark.parametrize(
    "more",
    [
        {"positive_weight": 8.0}, {"keep_negatives": 0.1}, {"positive_weight": 3.0, "keep_negatives": 0.3},
        {"negatives": "random"}, {"loss": "focal"}, {"loss": "focal", "keep_negatives": 0.3},
    ],
    ids=["weight", "downsample", "both", "random", "focal", "focal_downsample"],
)  # fmt: skip
@pytest.mark.parametrize("stopped", [False, True], ids=["fixed_rounds", "early_stopping"])
def test_whatever_is_done_about_rare_positives_is_undone_in_the_probability(
    more: dict[str, Any], stopped: bool
) -> None:
    train, _ = draw(20_000, 0, prior=-3.5)
    validation, _ = draw(8000, 1, prior=-3.5)
    test, truth = draw(8000, 2, prior=-3.5)
    spec = task("binary", **{"loss": "log", **more})
    found = fitted(spec, train, validation if stopped else None).predict(test.features)
    assert np.mean(found) == pytest.approx(np.mean(truth), rel=0.2)
    assert log_loss(truth > 2, found, labels=[False, True]) < 1
    assert np.average(np.abs(found - truth)) < 0.03
    assert roc_auc_score(test.target, found) > roc_auc_score(test.target, truth) - 0.03


def test_downsampling_leaves_validation_rows_as_they_are() -> None:
    train, _ = draw(5000, 0, prior=-3)
    validation, _ = draw(3000, 1, prior=-3)
    model = fitted(task("binary", "log", keep_negatives=0.1), train, validation)
    said = model.summary()
    found = model.predict(validation.features)
    assert said["kept_negatives"] == pytest.approx(0.1, abs=0.02)
    assert said["rows"] < 2000
    assert said["validation_loss"] == pytest.approx(log_loss(validation.target, found), rel=1e-4)


def test_class_probabilities_add_up_and_a_class_never_seen_in_training_is_improbable() -> None:
    given = features(4000)
    codes = np.digitize(centre(given) + np.random.default_rng(5).normal(size=4000), [-1.0, 1.0])
    model = fitted(
        task("class", "cross_entropy", classes=("low", "mid", "high", "never")), rows(given, codes)
    )
    found = model.predict(given)
    assert found.shape == (4000, 4)
    np.testing.assert_allclose(found.sum(axis=1), 1.0)
    np.testing.assert_allclose(found.mean(axis=0)[:3], np.bincount(codes) / 4000, atol=0.02)
    assert found[:, 3].max() < 1e-3


# Numbers


@pytest.mark.parametrize("loss", ["squared", "absolute", "huber"])
def test_numbers_come_near_the_true_centre(loss: str) -> None:
    given, test = features(6000, 0), features(2000, 1)
    noise = np.random.default_rng(3).normal(0, 0.5, 6000)
    found = fitted(task("number", loss), rows(given, 100 + 20 * (centre(given) + noise))).predict(test)
    assert np.sqrt(np.mean((found - 100 - 20 * centre(test)) ** 2)) < 5


def test_huber_is_less_moved_by_outliers_than_squared() -> None:
    given, test = features(4000, 0), features(2000, 1)
    rng = np.random.default_rng(3)
    wild = np.where(rng.random(4000) < 0.05, 200.0, 0.0)
    train = rows(given, centre(given) + rng.normal(0, 0.3, 4000) + wild)
    error = {
        loss: np.mean(np.abs(fitted(task("number", loss), train).predict(test) - centre(test)))
        for loss in ("squared", "huber")
    }
    assert error["huber"] < error["squared"] / 5


@pytest.mark.parametrize("loss", ["poisson", "tweedie"])
def test_counts_come_near_the_true_mean(loss: str) -> None:
    given, test = features(6000, 0), features(3000, 1)
    target = np.random.default_rng(3).poisson(np.exp(0.5 * centre(given)))
    found = fitted(task("number", loss), rows(given, target)).predict(test)
    truth = np.exp(0.5 * centre(test))
    assert (found > 0).all()
    assert np.mean(found) == pytest.approx(np.mean(truth), rel=0.06)
    assert np.corrcoef(found, truth)[0, 1] > 0.93


def test_smeared_amounts_have_the_right_mean_where_plain_exponentials_are_far_below() -> None:
    given, test = features(20_000, 0), features(10_000, 1)
    spread = 1.2
    target = np.expm1(
        np.maximum(2 + 0.5 * centre(given) + np.random.default_rng(3).normal(0, spread, 20_000), 0)
    )
    model = fitted(task("amount", "log_squared"), rows(given, target))
    found = model.predict(test)
    mean = 2 + 0.5 * centre(test)  # E[exp(max(m + s e, 0))] - 1
    above = np.exp(mean + spread**2 / 2) * norm.cdf(mean / spread + spread)
    truth = above + norm.cdf(-mean / spread) - 1
    plain = np.expm1(model.raw(model.encoder.matrix(test))[0])
    assert np.mean(found) == pytest.approx(np.mean(truth), rel=0.05)
    assert np.mean(plain) < 0.65 * np.mean(truth)
    for part in np.array_split(np.argsort(truth), 4):
        assert np.mean(found[part]) == pytest.approx(np.mean(truth[part]), rel=0.12)


def test_smearing_of_equal_noise_is_dans_constant_in_every_bin() -> None:
    rng = np.random.default_rng(0)
    score = rng.normal(3, 1, 200_000)
    noise = rng.normal(0, 0.8, 200_000)
    _, by = smearing_factors(score, np.exp(score + noise) - 1, np.ones(200_000))
    assert len(by) == 10
    np.testing.assert_allclose(by, np.exp(0.8**2 / 2), rtol=0.05)


def test_quantiles_cover_at_their_levels_and_never_cross() -> None:
    levels = (0.05, 0.5, 0.8, 0.95)
    given, test = features(12_000, 0), features(6000, 1)
    spread = np.exp(0.4 * given["x"].values)
    rng = np.random.default_rng(3)
    target = centre(given) + spread * rng.normal(size=12_000)
    found = fitted(task("number", "quantile", levels=levels), rows(given, target)).predict(test)
    outcome = centre(test) + np.exp(0.4 * test["x"].values) * rng.normal(size=6000)
    assert found.shape == (6000, 4)
    assert (np.diff(found, axis=1) >= 0).all()
    np.testing.assert_allclose(np.mean(outcome[:, None] <= found, axis=0), levels, atol=0.03)


@pytest.mark.parametrize("loss", ["ordinal", "squared", "pointwise"])
def test_expected_grades_are_in_the_grades_own_numbers(loss: str) -> None:
    given, test = features(6000, 0), features(3000, 1)
    cuts = np.array([-1.0, 0.5, 1.5])
    worth = np.array([0.0, 1.0, 2.0, 10.0])
    rng = np.random.default_rng(3)
    codes = np.digitize(centre(given) + rng.logistic(size=6000), cuts)
    above = expit(centre(test)[:, None] - cuts)
    truth = above @ np.diff(worth)
    found = fitted(task("grade", loss, classes=("0", "1", "2", "10")), rows(given, codes)).predict(test)
    assert found.min() >= 0
    assert found.max() <= 10
    assert np.mean(found) == pytest.approx(np.mean(truth), abs=0.15)
    assert np.mean(np.abs(found - truth)) < 0.6


def test_grades_without_numbers_are_worth_their_place() -> None:
    given = features(2000)
    codes = np.digitize(centre(given), [-1.0, 1.0])
    found = fitted(task("grade", "ordinal", classes=("bad", "fair", "good")), rows(given, codes)).predict(
        given
    )
    assert np.mean(np.abs(found - codes)) < 0.15


# Lists


def lists(n_lists: int, seed: int) -> Rows:
    given = features(10 * n_lists, seed)
    noise = np.random.default_rng(seed + 7).normal(0, 0.5, 10 * n_lists)
    grades = np.digitize(centre(given) + noise, [0.5, 1.5, 2.5])
    return rows(given, grades, group=np.repeat(np.arange(n_lists) * 17 - 40, 10))


@pytest.mark.parametrize("loss", ["listwise", "pairwise"])
def test_ranking_puts_the_better_on_top_whatever_the_order_of_the_rows(loss: str) -> None:
    train, test = lists(400, 0), lists(200, 1)
    shuffled = train.take(np.random.default_rng(2).permutation(len(train)))
    spec = task("grade", loss, classes=("0", "1", "2", "3"))
    for given in (train, shuffled):
        found = fitted(spec, given, lists(150, 3)).predict(test.features)
        truth, score = test.target.reshape(-1, 10), found.reshape(-1, 10)
        assert (
            ndcg_score(2**truth - 1, score)
            > ndcg_score(2**truth - 1, centre(test.features).reshape(-1, 10)) - 0.03
        )


def clicked(n_lists: int, seed: int) -> tuple[Rows, np.ndarray]:
    """Lists in which a policy showed the worse higher up, and people rarely look below the top."""
    rng = np.random.default_rng(seed)
    given = features(10 * n_lists, seed)
    quality = centre(given)
    logged = (-quality + rng.normal(0, 1, len(quality))).reshape(n_lists, 10)
    position = (np.argsort(np.argsort(-logged, axis=1), axis=1) + 1.0).ravel()
    seen = rng.random(len(quality)) < position**-1.0
    target = seen & (rng.random(len(quality)) < expit(quality - 0.5))
    group = np.repeat(np.arange(n_lists), 10)
    return rows(given, target, group=group, position=position), quality


@pytest.mark.parametrize(
    ("loss", "how"), [("listwise", "debias"), ("log", "feature"), ("listwise", "feature")]
)
def test_position_taken_into_account_finds_more_of_the_true_order_than_ignoring_it(
    loss: str, how: str
) -> None:
    train, _ = clicked(3000, 0)
    test, quality = clicked(500, 1)
    order = {
        position: np.corrcoef(
            fitted(task("binary", loss, position=position), train).predict(test.features), quality
        )[0, 1]
        for position in ("ignore", how)
    }
    assert order[how] > order["ignore"] + 0.05


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ([0.0, 1, 1], [0, 1, 1]),
        ([-1.0, 0.25, 7], [0, 1, 2]),
        (np.arange(0, 101.0).tolist(), np.repeat([0, 1, 2, 3, 4, 5], [1, 20, 20, 20, 20, 20]).tolist()),
    ],
    ids=["grades", "few_values", "many_values"],
)
def test_relevance_is_in_small_steps_in_the_order_of_the_targets(
    target: list[float], expected: list[int]
) -> None:
    assert relevance(np.array(target)).tolist() == expected


# Time to event


def test_hazards_recover_the_distribution_under_censoring() -> None:
    given, test = features(8000, 0), features(3000, 1)
    rng = np.random.default_rng(3)
    time = rng.exponential(20 * np.exp(-0.7 * centre(given)))
    censored = rng.exponential(30, 8000)
    bins = (2.0, 5.0, 10.0, 20.0, 40.0)
    train = rows(given, np.minimum(time, censored), event=time <= censored)
    found = fitted(task("time_to_event", "hazard", bins=bins), train).predict(test)
    truth = 1 - np.exp(-np.asarray(bins)[None, :] / (20 * np.exp(-0.7 * centre(test)))[:, None])
    naive = np.array([np.mean((time <= censored) & (time <= end)) for end in bins])
    assert found.shape == (3000, 5)
    assert (np.diff(found, axis=1) >= 0).all()
    np.testing.assert_allclose(found.mean(axis=0), truth.mean(axis=0), atol=0.03)
    assert naive[-1] < truth.mean(axis=0)[-1] - 0.15
    assert np.mean(np.abs(found - truth)) < 0.06


def test_a_row_is_at_risk_until_its_event_or_the_seen_share_of_the_bin_of_its_censoring() -> None:
    given = rows(features(4), np.array([3.0, 3.0, 0.0, 99.0]), event=np.array([True, False, True, True]))
    periods = person_periods((2.0, 6.0, 10.0), given)
    assert periods.row.tolist() == [0, 0, 1, 1, 2, 3, 3, 3]
    assert periods.bin.tolist() == [0, 1, 0, 1, 0, 0, 1, 2]
    assert periods.event.tolist() == [0, 1, 0, 0, 1, 0, 0, 0]
    assert periods.weight.tolist() == [1, 1, 1, 0.25, 1, 1, 1, 1]


# What is promised of every kind

EVERY = {
    "log": task("binary", "log"),
    "focal": task("binary", "focal"),
    "cross_entropy": task("class", "cross_entropy", classes=("0", "1", "2")),
    "squared": task("number", "squared"),
    "absolute": task("number", "absolute"),
    "log_squared": task("amount", "log_squared"),
    "poisson": task("number", "poisson"),
    "quantile": task("number", "quantile", levels=(0.1, 0.9)),
    "ordinal": task("grade", "ordinal", classes=("0", "1", "2")),
    "listwise": task("grade", "listwise", classes=("0", "1", "2")),
    "hazard": task("time_to_event", "hazard", bins=(1.0, 2.0)),
}


def every(n: int = 400, seed: int = 0) -> dict[str, Rows]:
    given = features(n, seed)
    codes = np.digitize(centre(given), [0.0, 1.0])
    more = {"listwise": {"group": np.arange(n) // 8}, "hazard": {"event": codes > 0}}
    target = {"log": codes > 0, "focal": codes > 0, "hazard": codes + 0.5}
    return {name: rows(given, target.get(name, codes), **more.get(name, {})) for name in EVERY}


@pytest.mark.parametrize("name", EVERY)
def test_a_model_read_back_predicts_the_same_to_the_bit(name: str, tmp_path: Path) -> None:
    model = fitted(EVERY[name], every()[name])
    model.dump(tmp_path)
    again = load_trees(tmp_path)
    given = features(700, 9)
    np.testing.assert_array_equal(again.predict(given), model.predict(given))
    np.testing.assert_array_equal(again.contributions(given), model.contributions(given))
    assert again.task == model.task
    assert again.summary() == model.summary()
    assert {path.suffix for path in tmp_path.iterdir()} == {".json", ".txt"}


@pytest.mark.parametrize("name", EVERY)
def test_the_same_seed_fits_the_same_model_and_leaves_its_inputs_alone(name: str) -> None:
    train = every()[name]
    before = {column: vector.values.copy() for column, vector in train.features.items()}
    target, weight = train.target.copy(), train.weight.copy()
    first, second = (fitted(EVERY[name], train, every(200, 5)[name]) for _ in range(2))
    assert first.texts == second.texts
    for column, values in before.items():
        np.testing.assert_array_equal(train.features[column].values, values)
    np.testing.assert_array_equal(train.target, target)
    np.testing.assert_array_equal(train.weight, weight)


@pytest.mark.parametrize("name", EVERY)
def test_no_row_changes_anothers_prediction_and_none_are_no_rows(name: str) -> None:
    model = fitted(EVERY[name], every()[name])
    given = features(600, 9)
    together = model.predict(given)
    for row in (0, 17, 599):
        np.testing.assert_array_equal(model.predict(given.take(np.array([row])))[0], together[row])
    assert model.predict(given.take(np.arange(0))).shape == (0, *together.shape[1:])


@pytest.mark.parametrize("name", EVERY)
def test_unknown_categories_missing_values_and_infinity_are_allowed(name: str) -> None:
    model = fitted(EVERY[name], every()[name])
    wild = np.array([np.inf, -np.inf, np.nan])
    odd = Vectors(
        {"x": Vector.numbers(wild), "z": Vector.numbers(wild), "c": Vector.text(["new", None, "?"])}, 3
    )
    found = model.predict(odd)
    assert np.isfinite(found).all()
    for row in (1, 2):
        np.testing.assert_array_equal(found[row], found[0])


@pytest.mark.parametrize("name", EVERY)
def test_few_rows_and_constant_features_are_learned_from(name: str) -> None:
    train = every(12)[name]
    still = train.features.with_columns(
        {"x": Vector.numbers(np.zeros(12)), "z": Vector.numbers(np.full(12, np.nan))}
    )
    flat = rows(still, train.target, event=train.event, group=train.group)
    assert np.isfinite(fitted(EVERY[name], flat).predict(still)).all()


def test_one_row_is_enough_for_a_number_and_no_feature_gives_the_mean() -> None:
    lone = rows(features(1), np.array([7.5]))
    assert fitted(task("number", "squared"), lone).predict(features(3)).tolist() == [7.5] * 3
    bare = fitted(task("number", "squared", roles={}), rows(features(50), np.arange(50.0)))
    np.testing.assert_allclose(bare.predict(features(3)), 24.5)
    assert bare.contributions(features(3)).shape == (3, 0)  # type: ignore[union-attr]


# What is refused


@pytest.mark.parametrize("name", EVERY)
def test_no_rows_are_refused(name: str) -> None:
    with pytest.raises(DataError, match="MODEL021"):
        fitted(EVERY[name], every()[name].take(np.arange(0)))


@pytest.mark.parametrize("name", ["log", "focal", "cross_entropy", "ordinal", "listwise"])
def test_one_class_is_refused(name: str) -> None:
    given = features(30)
    with pytest.raises(DataError, match="MODEL023"):
        fitted(EVERY[name], rows(given, np.ones(30), group=np.zeros(30, dtype=np.int64)))


def test_a_hazard_without_an_event_is_refused() -> None:
    with pytest.raises(DataError, match="MODEL023"):
        fitted(EVERY["hazard"], rows(features(30), np.ones(30), event=np.zeros(30, dtype=bool)))


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_targets_that_are_not_finite_are_refused(wrong: float) -> None:
    with pytest.raises(DataError, match="MODEL022"):
        fitted(EVERY["squared"], rows(features(30), np.where(np.arange(30) == 3, wrong, 1.0)))


@pytest.mark.parametrize("name", ["log_squared", "poisson"])
def test_negative_amounts_are_refused(name: str) -> None:
    with pytest.raises(DataError, match="at least 0"):
        fitted(EVERY[name], rows(features(30), np.arange(30) - 1.0))


def test_a_feature_that_is_gone_is_named() -> None:
    model = fitted(EVERY["log"], every()["log"])
    with pytest.raises(DataError, match="'z'"):
        model.predict(features(3).select(("x", "c")))


@pytest.mark.parametrize("name", ["c", "nothing"])
def test_monotone_needs_a_feature_that_is_a_number(name: str) -> None:
    with pytest.raises(FramingError, match="MODEL027"):
        fitted(task("binary", "log", monotone={name: "up"}), every()["log"])


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="MODEL026"):
        load_trees(tmp_path)


# The rest


@pytest.mark.parametrize(
    "name", ["log", "focal", "squared", "absolute", "log_squared", "quantile", "ordinal", "hazard"]
)
@pytest.mark.parametrize("direction", ["up", "down"])
def test_monotone_features_only_move_predictions_their_way(name: str, direction: str) -> None:
    train = every(1500)[name]
    model = fitted(TaskSpec(**{**vars(EVERY[name]), "monotone": {"x": direction}}), train)
    sweep = np.linspace(-3, 3, 50)
    sign = 1 if direction == "up" else -1
    for z, letter in ((0.0, "a"), (np.nan, "d")):
        given = Vectors(
            {
                "x": Vector.numbers(sweep),
                "z": Vector.numbers(np.full(50, z)),
                "c": Vector.text([letter] * 50),
            },
            50,
        )
        found = model.predict(given)
        moved = found if name != "cross_entropy" else found @ np.arange(3.0)
        assert (sign * np.diff(moved, axis=0) >= -1e-12).all()


def test_contributions_and_the_base_add_up_to_the_log_odds() -> None:
    train, _ = draw(3000, 0)
    model = fitted(task("binary", "log"), train)
    shares = model.contributions(train.features)
    found = model.predict(train.features)
    assert shares is not None
    assert shares.shape == (3000, 3)
    rest = np.log(found / (1 - found)) - shares.sum(axis=1)
    assert np.ptp(rest) < 1e-6


def test_words_of_a_text_are_learned_and_answer_as_one_feature() -> None:
    rng = np.random.default_rng(0)
    spam = rng.random(600) < 0.4
    texts = [f"{'WIN a prize' if one else 'see you'} at {rng.integers(9)}" for one in spam]
    given = Vectors({"body": Vector.text(texts), "x": Vector.numbers(rng.normal(size=600))}, 600)
    model = fitted(task("binary", "log", roles={"body": "text", "x": "number"}), rows(given, spam))
    assert roc_auc_score(spam, model.predict(given)) == 1.0
    shares = model.contributions(given)
    assert shares is not None
    assert np.abs(shares[:, 0]).mean() > 10 * np.abs(shares[:, 1]).mean()
    assert model.summary()["read_as_words"] == ["body"]


def test_categories_are_the_same_as_texts_and_as_whole_numbers() -> None:
    codes = np.random.default_rng(0).integers(0, 5, 800)
    as_number = Vectors({"c": Vector.numbers(codes)}, 800)
    as_text = Vectors({"c": Vector.text([str(code) for code in codes])}, 800)
    model = fitted(task("number", "squared", roles={"c": "category"}), rows(as_number, codes**2))
    np.testing.assert_array_equal(model.predict(as_number), model.predict(as_text))
    np.testing.assert_allclose(model.predict(as_text), codes**2, atol=0.5)


def test_noise_in_thousands_of_categories_does_not_hide_what_matters() -> None:
    rng = np.random.default_rng(0)
    n = 12_000
    given = features(n).with_columns({"c": Vector.text([f"id{k}" for k in rng.integers(0, 4000, n)])})
    target = (rng.random(n) < expit(given["x"].values)).astype(float)
    train, test = (
        rows(given, target).take(np.arange(n) < 8000),
        rows(given, target).take(np.arange(n) >= 8000),
    )
    found = fitted(task("binary", "log"), train).predict(test.features)
    best = roc_auc_score(test.target, test.features["x"].values)
    assert roc_auc_score(test.target, found) > best - 0.02


def test_row_weights_count_as_repeated_rows() -> None:
    given = features(2)
    given = given.with_columns({"x": Vector.numbers([0.0, 0.0])})
    spec = task("number", "squared", roles={"x": "number"})
    found = Trees().fit(
        spec, Rows(features=given, target=np.array([0.0, 1.0]), weight=np.array([1.0, 3.0])), None, ONE
    )
    np.testing.assert_allclose(found.predict(given), 0.75)


def test_bags_average_boosters_of_other_seeds() -> None:
    from truenorth.models.trees_settings import TreeSettings

    train, _ = draw(1500, 0)
    bagged = Trees(TreeSettings(bags=3, rounds=20)).fit(task("binary", "log"), train, None, ONE)
    alone = [
        Trees(TreeSettings(rounds=20)).fit(
            task("binary", "log"), train, None, FitSettings(seed=seed, threads=1)
        )
        for seed in (0, 1000, 2000)
    ]
    matrix = bagged.encoder.matrix(train.features)
    np.testing.assert_allclose(
        bagged.raw(matrix)[0], np.mean([model.raw(matrix)[0] for model in alone], axis=0), rtol=1e-12
    )
