"""Intervals hold the truth as often as they say, on samples of clusters from a population that is known."""

from __future__ import annotations

import numpy as np
import pytest

from tests.evaluation.population import coverage, population, truth_of
from tests.evaluation.scenes import metric
from truenorth.evaluation.measure import measure
from truenorth.statistics.estimates import codes_of, spread

METRICS = ("roc_auc(fraud)", "average_precision(fraud)", "ndcg@3(fraud)", "cost")


@pytest.fixture(scope="module")
def whole():
    return population()


@pytest.mark.parametrize("text", METRICS)
def test_intervals_cover_the_truth(whole, text):
    assert coverage(whole, text, n_clusters=200, draws=120) == pytest.approx(0.95, abs=0.05)


@pytest.mark.slow
@pytest.mark.parametrize("text", METRICS)
def test_intervals_cover_the_truth_in_95_of_100_draws(whole, text):
    # More draws than are asked for: of 500, the share itself is only known to a point or two.
    assert coverage(whole, text, n_clusters=300, draws=2_000) == pytest.approx(0.95, abs=0.02)


@pytest.mark.slow
@pytest.mark.parametrize("text", METRICS)
def test_intervals_of_rare_events_cover_the_truth(text):
    assert coverage(population(rate=-3.0), text, n_clusters=400, draws=2_000) == pytest.approx(0.95, abs=0.02)


@pytest.mark.slow
def test_intervals_of_a_dozen_positives_cover_the_truth():
    whole = population(rate=-4.0)  # 50 clusters hold about 14 positives
    assert coverage(whole, "average_precision(fraud)", n_clusters=50, draws=1_000) == pytest.approx(
        0.95, abs=0.02
    )


def test_a_figure_says_when_it_rests_on_few_positives():
    found = measure(metric("average_precision(fraud)"), population(rate=-4.0).sample(50, 0))
    assert found.note.startswith("rests on ") and found.note.endswith(" positives only")


def test_an_interval_that_takes_rows_for_clusters_is_too_narrow(whole):
    truth, reference, inside = truth_of(whole, "mean(fraud)", 200), metric("mean(fraud)"), 0
    for seed in range(150):
        sample = whole.sample(200, seed)
        values = sample.dataset.labels["fraud"].values.values
        error = values.std() / np.sqrt(len(values))
        inside += abs(values.mean() - truth) <= 1.96 * error
        found = measure(reference, sample)
        assert found.standard_error is not None and found.standard_error > error
    assert inside / 150 < 0.92


def test_the_standard_error_is_the_spread_of_the_estimate_over_samples(whole):
    for text in ("roc_auc(fraud)", "cost"):
        found = [measure(metric(text), whole.sample(300, seed)) for seed in range(150)]
        stated = np.mean([one.standard_error for one in found])
        assert stated == pytest.approx(np.std([one.value for one in found]), rel=0.2)


def test_a_paired_difference_is_surer_than_either_value(whole):
    from dataclasses import replace

    from truenorth.evaluation.compare import compare

    sample = whole.sample(300, 1)
    better = sample.batch.predictions["fraud"]
    noise = np.random.default_rng(0).normal(0, 0.02, sample.dataset.n_rows)
    worse = replace(
        sample,
        batch=replace(sample.batch, predictions={"fraud": replace(better, values=better.values + noise)}),
    )
    gap = compare(metric("roc_auc(fraud)"), sample, worse)
    alone = measure(metric("roc_auc(fraud)"), sample)
    assert gap.standard_error < alone.standard_error / 3
    assert compare(metric("roc_auc(fraud)"), sample, sample).value == 0.0


def test_a_cluster_as_a_whole_is_one_observation():
    influence, cluster = np.array([1.0, 1.0, -2.0, 3.0, -3.0]), np.array([0, 0, 0, 1, 2])
    found = spread(influence, cluster)
    assert found.error == pytest.approx(np.sqrt(3 / 2 * (0 + 9 + 9)))
    assert found.n_clusters == 3 and spread(influence, np.zeros(5, dtype=np.int64)) is None
    assert list(codes_of(np.array([5.0, 2.0, 5.0]))) == [1, 0, 1]
