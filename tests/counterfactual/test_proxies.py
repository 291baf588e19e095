"""T12: shared noise of experiments is taken out of what proxies seem to foretell."""

from __future__ import annotations

import numpy as np
import pytest

from truenorth.counterfactual import Arm, back_cast, index_effect, vet_proxies
from truenorth.counterfactual.effect_model import (
    EffectModel,
    corrected_covariance,
    nearest_covariance,
    split_covariance,
)
from truenorth.errors import DataError

NAMES = ("click", "dwell", "hide")
TRUTH = np.array([[1.0, 0.6, 0.3, -0.2], [0.6, 1.5, 0.4, 0.3], [0.3, 0.4, 1.2, -0.3], [-0.2, 0.3, -0.3, 1.0]])
"""Covariance of true effects, the KPI first."""
SHARED = np.array([[1.0, 0.1, 0.7, 0.5], [0.1, 1.3, 0.9, 0.5], [0.7, 0.9, 1.4, 0.4], [0.5, 0.5, 0.4, 1.2]])
"""Covariance of noise, of a signal of 1: users of one experiment are in all its metrics."""
REPETITIONS = 8000
"""So many that the mean of corrected covariances has an error of .012 at a signal of a tenth: of 400 it has
one of .05, so that an unbiased estimator would stay within .05 in one of three tries."""


def draw_experiments(signal_to_noise: float, seed: int, j: int = 200):
    rng = np.random.default_rng(seed)
    noise = SHARED / signal_to_noise
    true = rng.multivariate_normal(np.zeros(4), TRUTH, j)
    halves = [true + rng.multivariate_normal(np.zeros(4), 2 * noise, j) for _ in range(2)]
    return true, (halves[0] + halves[1]) / 2, np.tile(noise, (j, 1, 1)), halves


def covariances(repetitions: int):
    """Return covariances of the KPI with each proxy at a signal of a tenth: corrected, split, naive."""
    found = np.empty((repetitions, 3, 3))
    for seed in range(repetitions):
        _, effects, noise, halves = draw_experiments(0.1, seed)
        found[seed] = (
            corrected_covariance(effects, noise)[0, 1:], split_covariance(*halves)[0, 1:],
            np.cov(effects, rowvar=False)[0, 1:],
        )  # fmt: skip
    return found.mean(axis=0)


def test_corrected_covariances_are_unbiased_where_naive_ones_are_far_off():
    corrected, split, naive = covariances(REPETITIONS)
    truth = TRUTH[0, 1:]
    assert np.abs(corrected - truth).max() <= 0.05
    assert np.abs(split - truth).max() <= 0.05
    assert naive == pytest.approx([1.61, 7.28, 4.79], abs=0.05)


def draw_uneven(seed: int, j: int = 80):
    """Experiments of which one in ten is so small that its errors are twenty times the others'."""
    rng = np.random.default_rng(seed)
    size = np.where(rng.random(j) < 0.1, 400.0, 1.0)
    noise = 0.3 * size[:, None, None] * SHARED
    true = rng.multivariate_normal(np.zeros(4), TRUTH, j)
    return true + np.stack([rng.multivariate_normal(np.zeros(4), one) for one in noise]), noise


def test_a_few_tiny_experiments_do_not_decide_how_effects_go_together():
    found = np.array([corrected_covariance(*draw_uneven(seed))[0] for seed in range(200)])
    alike = []
    for seed in range(200):
        effects, noise = draw_uneven(seed)
        alike.append((np.cov(effects, rowvar=False) - noise.mean(axis=0))[0])
    assert np.abs(found.mean(axis=0) - TRUTH[0]).max() < 0.06
    assert (found.std(axis=0) < 0.1 * np.std(alike, axis=0)).all()


def test_cards_of_uneven_experiments_hold_the_true_correlation():
    found = [vet_proxies(*draw_uneven(seed), NAMES, draws=100).cards["click"] for seed in range(20)]
    truth = 0.6 / np.sqrt(1.5)
    assert np.mean([one.correlation for one in found]) == pytest.approx(truth, abs=0.06)
    assert np.mean([one.correlation_low < truth for one in found]) >= 0.9


def test_experiments_of_one_size_count_alike():
    _, effects, noise, _ = draw_experiments(1.0, 0)
    plain = np.cov(effects, rowvar=False) - noise.mean(axis=0)
    np.testing.assert_allclose(corrected_covariance(effects, noise), plain, rtol=1e-12)


def test_arms_that_repeat_one_experiment_narrow_nothing():
    _, effects, noise, _ = draw_experiments(1.0, 4, j=40)
    once = vet_proxies(effects, noise, NAMES)
    name = np.tile(np.arange(40), 4)
    four = vet_proxies(np.tile(effects, (4, 1)), np.tile(noise, (4, 1, 1)), NAMES, experiment=name)
    assert (four.n_experiments, four.n_arms) == (40, 160)
    assert "160 arms of 40 experiments" in repr(four)
    for proxy in NAMES:
        low = four.cards[proxy].correlation_low
        assert low == pytest.approx(once.cards[proxy].correlation_low, abs=0.1)


def test_draws_of_experiments_vary_around_the_estimate():
    """Noise is ten times the truth: a covariance that is short of 1/40 is short of a quarter of the truth."""
    rng = np.random.default_rng(0)
    effects = np.sqrt(11) * rng.standard_normal((40, 2))
    noise = np.tile(10 * np.eye(2), (40, 1, 1))
    drawn = [
        corrected_covariance(effects[rows], noise[rows], n_drawn=40)
        for rows in rng.integers(0, 40, (20_000, 40))
    ]
    np.testing.assert_allclose(np.mean(drawn, axis=0), corrected_covariance(effects, noise), atol=0.06)


def test_few_draws_have_a_true_variance_below_0_where_the_estimate_is_well_above():
    """Effects of one size, up or down: draws differ by their mean alone, and one in ten loses all truth."""
    effects = np.tile(np.array([[1.0], [-1.0]]), (20, 2))
    noise = np.tile(0.98 * np.eye(2), (40, 1, 1))
    card = vet_proxies(effects, noise, ["early"], level=0.72, draws=2000).cards[
        "early"
    ]  # the 14th of 100 draws
    assert card.correlation == card.correlation_low == 1.0


def test_a_correlation_that_is_not_defined_has_no_lower_end():
    rng = np.random.default_rng(0)
    effects = 0.5 * rng.standard_normal((40, 2))
    card = vet_proxies(effects, np.tile(np.eye(2), (40, 1, 1)), ["click"]).cards["click"]
    assert np.isnan(card.correlation) and np.isnan(card.correlation_low)


def test_the_mix_of_proxies_is_nearly_the_best_one():
    noise = SHARED / 0.5
    oracle = EffectModel(TRUTH, np.zeros(4))
    best = oracle.quality(oracle.composite(noise), noise)
    found = []
    for seed in range(100):
        _, effects, each, _ = draw_experiments(0.5, seed)
        model = EffectModel(nearest_covariance(corrected_covariance(effects, each)), np.zeros(4))
        found.append(oracle.quality(model.composite(noise), noise))
    assert np.mean(found) >= 0.85 * best


@pytest.fixture(scope="module")
def report():
    _, effects, noise, _ = draw_experiments(2.0, 1)
    return vet_proxies(effects, noise, NAMES)


def test_a_card_shows_noise_free_and_naive_figures(report):
    click = report.cards["click"]
    assert click.correlation == pytest.approx(0.6 / np.sqrt(1.5), abs=0.15)
    assert report.cards["dwell"].naive_correlation > report.cards["dwell"].correlation
    assert click.correlation_low < click.correlation
    assert 0 <= click.sensitivity <= 1 and 0 <= click.direction <= 1 and -1 <= click.proxy_score <= 1
    assert click.false_positive_risk < report.cards["hide"].false_positive_risk


def test_the_false_positive_risk_is_that_of_the_true_effects(report):
    rng = np.random.default_rng(0)
    true = rng.multivariate_normal(report.model.mean, report.model.truth, 200_000)
    rises = true[:, 1] > 0
    risk = (true[rises, 0] < 0).mean()
    assert report.cards["click"].false_positive_risk == pytest.approx(risk, abs=5e-3)


def test_the_posterior_of_the_kpi_effect_covers_it():
    true, effects, noise, _ = draw_experiments(1.0, 3, j=600)
    found = vet_proxies(effects[:400], noise[:400], NAMES)
    covered = []
    for at in range(400, 600):
        observed = np.where(np.arange(4) == 0, np.nan, effects[at])
        middle, spread = found.kpi_effect(observed, noise[at])
        covered.append(abs(middle - true[at, 0]) < 1.96 * spread)
    assert np.mean(covered) >= 0.90


def test_what_is_known_of_the_kpi_itself_narrows_its_posterior(report):
    noise, effects = SHARED / 2.0, np.array([0.5, 1.0, 0.2, 0.0])
    without = report.kpi_effect(np.where(np.arange(4) == 0, np.nan, effects), noise)
    assert report.kpi_effect(effects, noise)[1] < without[1]
    assert report.kpi_effect(np.full(4, np.nan), noise)[0] == pytest.approx(report.model.mean[0])


def test_a_mix_of_noise_is_refused():
    rng = np.random.default_rng(5)
    effects = rng.standard_normal((60, 4)) * np.array([1.0, 1, 1, 1])
    found = vet_proxies(effects, np.tile(0.5 * np.eye(4), (60, 1, 1)), NAMES)
    assert found.composite == {}
    assert "STRESS039" in {one.code for one in found.findings}


def test_an_experiment_without_a_segment_contradicts_nothing():
    _, effects, noise, _ = draw_experiments(2.0, 2)
    segments = np.stack([effects, effects], axis=1)
    segments[0, 1] = np.nan
    found = vet_proxies(effects, noise, NAMES, segments=segments)
    assert found.cards["click"].fragility == 0
    nowhere = vet_proxies(effects, noise, NAMES, segments=np.full_like(segments, np.nan))
    assert np.isnan(nowhere.cards["click"].fragility)


def test_experiments_that_are_left_out_contradict_nothing():
    _, effects, noise, _ = draw_experiments(2.0, 2)
    segments = np.where(np.arange(200)[:, None, None] < 20, -50.0, 1.0) * np.abs(effects[:, None])
    segments[:20, :, 1] *= -1
    agrees = vet_proxies(effects[20:], noise[20:], NAMES, segments=segments[20:]).cards["click"].fragility
    effects = effects.copy()
    effects[:20, 3] = np.nan
    found = vet_proxies(effects, noise, NAMES, segments=segments)
    assert found.n_experiments == 180
    assert found.cards["click"].fragility == agrees == 0


def test_segments_that_contradict_are_counted():
    _, effects, noise, _ = draw_experiments(2.0, 2)
    turned = effects * np.array([1.0, -1, 1, 1])
    found = vet_proxies(effects, noise, NAMES, segments=np.stack([effects, effects, turned, turned], axis=1))
    assert found.cards["click"].fragility == 0.5
    assert found.cards["dwell"].fragility == 0.0


def test_few_experiments_are_named_and_fewer_refused():
    _, effects, noise, _ = draw_experiments(2.0, 2)
    assert "STRESS038" in {one.code for one in vet_proxies(effects[:10], noise[:10], NAMES).findings}
    assert vet_proxies(effects[:2], noise[:2], NAMES).cards == {}
    assert vet_proxies(effects[:0], noise[:0], NAMES).n_experiments == 0


def test_experiments_with_nan_are_left_out_and_named():
    _, effects, noise, _ = draw_experiments(2.0, 2)
    effects = effects.copy()
    effects[3, 1] = np.nan
    found = vet_proxies(effects, noise, NAMES)
    assert found.n_experiments == 199
    assert "STRESS037" in {one.code for one in found.findings}


def test_misshapen_effects_are_refused():
    with pytest.raises(DataError, match="STRESS036"):
        vet_proxies(np.zeros((5, 2)), np.zeros((5, 2, 2)), NAMES)


def draw_arms(through: float, arms: int, seed: int):
    """Experiments whose effect passes through the signals, or past them."""
    rng = np.random.default_rng(seed)
    drawn = []
    for arm in range(arms):
        is_treated = np.arange(4000) < 2000
        effect = 0.3 * rng.standard_normal()
        signal = rng.standard_normal(4000) + through * effect * is_treated
        kpi = signal + 0.5 * rng.standard_normal(4000) + (1 - through) * effect * is_treated
        drawn.append(Arm(name=str(arm), signals=signal[:, None], is_treated=is_treated, kpi=kpi))
    history = rng.standard_normal((20_000, 1))
    return history, history[:, 0] + 0.5 * rng.standard_normal(20_000), drawn


def test_an_index_through_which_effects_pass_decides_as_the_kpi_did():
    found = back_cast(*draw_arms(1.0, 40, 0))
    assert found.agreement >= 0.9 and found.recall >= 0.9 and found.findings == ()


def test_an_index_that_effects_pass_by_is_named():
    found = back_cast(*draw_arms(0.0, 40, 0))
    assert {one.code for one in found.findings} == {"STRESS040"}


def test_a_running_experiment_has_an_index_and_no_kpi():
    signals, kpi, arms = draw_arms(1.0, 1, 4)
    running = Arm(name="now", signals=arms[0].signals, is_treated=arms[0].is_treated)
    found = index_effect(signals, kpi, running)
    assert found.kpi_effect is None
    assert found.effect == pytest.approx(index_effect(signals, kpi, arms[0]).effect)
