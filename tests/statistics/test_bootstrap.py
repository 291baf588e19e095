"""The bootstrap draws whole clusters, repeats by seed, and agrees with the formula where there is one."""

from __future__ import annotations

import numpy as np
import pytest

from truenorth.statistics.bootstrap import bootstrap, cluster_weights, percentile_interval
from truenorth.statistics.estimates import mean, spread


def test_rows_of_one_cluster_are_drawn_together_and_as_many_clusters_as_there_are():
    cluster = np.repeat(np.arange(40), np.random.default_rng(0).integers(1, 5, 40))
    for weight in cluster_weights(cluster, draws=5, seed=1):
        per_cluster = [set(weight[cluster == one]) for one in range(40)]
        assert all(len(one) == 1 for one in per_cluster)
        assert sum(one.pop() for one in per_cluster) == 40


def test_the_error_of_a_clustered_mean_is_that_of_the_formula():
    random = np.random.default_rng(2)
    cluster = np.repeat(np.arange(150), 6)
    values = random.normal(size=900) + random.normal(size=150)[cluster]
    draws = bootstrap(lambda w: float(np.average(values, weights=w)), cluster, draws=1_500, seed=3)
    assert draws.std() == pytest.approx(spread(mean(values).influence, cluster).error, rel=0.07)
    found = percentile_interval(draws)
    assert found.low < values.mean() < found.high


def test_a_seed_repeats_and_another_does_not():
    cluster, values = np.arange(30), np.random.default_rng(0).normal(size=30)

    def draw(seed: int):
        return bootstrap(lambda w: float(np.average(values, weights=w)), cluster, draws=20, seed=seed)

    assert np.array_equal(draw(1), draw(1)) and not np.array_equal(draw(1), draw(2))


def test_draws_without_a_value_are_left_out():
    cluster, hit = np.arange(3), np.array([1.0, 0.0, 0.0])
    found = bootstrap(lambda w: float(w @ hit) if w @ hit else np.nan, cluster, draws=200, seed=0)
    assert 0 < len(found) < 200 and found.min() >= 1
