"""Corrections against the reference values, and down-sampling against simulated truth."""

import builtins

import numpy as np
import pytest
from scipy.special import expit, logit

from truenorth.engine.vectors import Vector, Vectors
from truenorth.errors import DataError, EngineError
from truenorth.models import imbalance
from truenorth.models.contract import Rows, TaskSpec


def rows(target: np.ndarray, **more: object) -> Rows:
    n = len(target)
    return Rows(
        features=Vectors({"x": Vector.numbers(np.arange(n))}, n), target=target, weight=np.ones(n), **more
    )  # type: ignore[arg-type]


def task(**more: object) -> TaskSpec:
    return TaskSpec(name="click", kind="binary", loss="log", **more)  # type: ignore[arg-type]


def test_downsampling_correction_gives_the_reference_values() -> None:
    corrected = imbalance.correct_downsampling(np.array([0.5, 0.9]), keep=0.1)
    np.testing.assert_allclose(corrected, [0.0909091, 0.4736842], atol=1e-7)


@pytest.mark.parametrize(
    ("probability", "learned", "expected"),
    [(0.5, 0.5, 0.01), (0.9, 0.5, 0.0833333), (0.5, 0.1, 0.0833333)],
    ids=["even", "sure", "from_a_tenth"],
)
def test_prior_correction_gives_the_reference_values(
    probability: float, learned: float, expected: float
) -> None:
    at = np.array([probability])
    assert imbalance.correct_prior(at, learned=learned, true=0.01)[0] == pytest.approx(expected, abs=1e-7)


def test_prior_correction_is_a_shift_of_the_log_odds() -> None:
    p = np.linspace(0.01, 0.99, 25)
    np.testing.assert_allclose(
        imbalance.correct_prior(p, learned=0.3, true=0.02),
        imbalance.shift_log_odds(p, learned=0.3, true=0.02),
        rtol=1e-12,
    )


def test_downsampling_correction_is_prior_correction_with_the_shares_it_makes() -> None:
    true, keep = 0.02, 0.1
    learned = true / (true + (1 - true) * keep)
    p = np.linspace(0.01, 0.99, 25)
    np.testing.assert_allclose(
        imbalance.correct_downsampling(p, keep=keep),
        imbalance.correct_prior(p, learned=learned, true=true),
        rtol=1e-10,
    )


def test_log_odds_shift_is_what_the_correction_undoes() -> None:
    spec = task(positive_weight=3.0)
    p = np.linspace(0.05, 0.95, 7)
    undone = expit(logit(p) - imbalance.log_odds_shift(spec, 0.25))
    np.testing.assert_allclose(undone, imbalance.correct_downsampling(p, keep=0.25 / 3.0), rtol=1e-12)


def test_every_positive_stays_and_the_share_of_negatives_kept_is_measured() -> None:
    target = (np.random.default_rng(0).random(20_000) < 0.05).astype(float)
    kept, keep = imbalance.thin_negatives(task(keep_negatives=0.2), rows(target), seed=1)
    assert kept[target == 1].all()
    assert keep == kept[target == 0].mean()
    assert keep == pytest.approx(0.2, abs=0.01)


def test_random_negatives_are_four_for_each_positive() -> None:
    target = (np.random.default_rng(0).random(50_000) < 0.01).astype(float)
    kept, _ = imbalance.thin_negatives(task(negatives="random"), rows(target), seed=1)
    assert kept[target == 0].sum() / target.sum() == pytest.approx(4, rel=0.1)


def test_skipped_above_keeps_the_negatives_over_the_lowest_positive() -> None:
    given = rows(
        np.array([0.0, 1, 0, 1, 0, 0, 0, 1]),
        group=np.array([1, 1, 1, 1, 1, 2, 2, 3]),
        position=np.array([1.0, 2, 3, 4, 5, 1, 2, 1]),
    )
    kept, keep = imbalance.thin_negatives(task(negatives="skipped_above"), given, seed=0)
    assert kept.tolist() == [True, True, True, True, False, False, False, True]
    assert keep == pytest.approx(2 / 5)


def test_mixed_negatives_hold_the_skipped_ones_and_some_random_ones() -> None:
    rng = np.random.default_rng(0)
    given = rows(
        (rng.random(5000) < 0.05).astype(float),
        group=np.repeat(np.arange(500), 10),
        position=np.tile(np.arange(1.0, 11.0), 500),
    )
    hard, _ = imbalance.thin_negatives(task(negatives="skipped_above"), given, seed=0)
    mixed, _ = imbalance.thin_negatives(task(negatives="mixed"), given, seed=0)
    assert mixed[hard].all()
    assert hard.sum() < mixed.sum() < len(given)


def test_skipped_above_without_positions_is_refused() -> None:
    with pytest.raises(DataError, match="MODEL025"):
        imbalance.thin_negatives(task(negatives="skipped_above"), rows(np.array([0.0, 1.0])), seed=0)


def test_thinning_that_leaves_no_negative_is_refused() -> None:
    given = rows(np.array([1.0, 0.0]), group=np.array([1, 1]), position=np.array([1.0, 2.0]))
    with pytest.raises(DataError, match="MODEL024"):
        imbalance.thin_negatives(task(negatives="skipped_above"), given, seed=0)


def test_balanced_weight_makes_both_classes_weigh_the_same() -> None:
    target = np.array([1.0] + [0.0] * 9)
    weight = imbalance.positive_weights(
        target, np.ones(10), positive_weight=imbalance.balanced_weight(target)
    )
    assert weight[target == 1].sum() == weight[target == 0].sum()


def test_smote_evens_classes_and_leaves_the_given_rows_alone() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(300, 3)), np.repeat([0.0, 1.0], [270, 30])
    before = x.copy()
    made, classes = imbalance.smote(x, y, seed=3)
    np.testing.assert_array_equal(x, before)
    np.testing.assert_array_equal(made[:300], before)
    assert classes.mean() == 0.5
    again, _ = imbalance.smote(x, y, seed=3)
    np.testing.assert_array_equal(made, again)
    made_up = made[300:]
    assert (made_up.min(axis=0) >= x[y == 1].min(axis=0)).all()
    assert (made_up.max(axis=0) <= x[y == 1].max(axis=0)).all()


def test_smote_without_its_package_names_the_install_line(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: object, **more: object) -> object:
        if name.startswith("imblearn"):
            raise ImportError(name)
        return real(name, *args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(EngineError, match=r"truenorth\[imbalance\]"):
        imbalance.smote(np.zeros((4, 1)), np.array([0.0, 0, 1, 1]), seed=0)
