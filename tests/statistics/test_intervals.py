"""Intervals on each scale cover what they should, and never leave the scale."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from truenorth.statistics.binomial import clopper_pearson
from truenorth.statistics.estimates import Spread, mean, spread
from truenorth.statistics.intervals import exact_binomial, interval


def test_the_interval_of_a_mean_of_normal_values_is_students():
    values = np.random.default_rng(0).normal(3, 2, 12)
    varies = spread(mean(values).influence, np.arange(12))
    assert varies.error == pytest.approx(stats.sem(values), rel=1e-12)
    found = interval(values.mean(), Spread(varies.error, 11, 0.0, 12), scale="real")
    expected = stats.t.interval(0.95, 11, loc=values.mean(), scale=stats.sem(values))
    assert (found.low, found.high) == pytest.approx(expected)


def test_a_share_of_independent_rows_has_the_clopper_pearson_interval():
    hits = np.repeat([1.0, 0.0], [30, 970])
    varies = spread(mean(hits).influence, np.arange(1_000))
    found = interval(0.03, varies, scale="share")
    low, high = clopper_pearson(30, 1_000)
    assert (found.low, found.high) == pytest.approx((float(low), float(high)), rel=0.01)


@pytest.mark.parametrize("scale", ["unit", "share"])
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_a_share_of_none_or_all_still_has_a_width(value, scale):
    found = interval(value, Spread(0.0, 49, 0.0, 50), scale=scale)
    assert found.low <= value <= found.high and found.high - found.low == pytest.approx(1 - 0.025 ** (1 / 50))


def test_bounded_scales_are_never_left():
    wide = Spread(5.0, 3, 0.0, 4)
    for scale in ("unit", "share"):
        found = interval(0.9, wide, scale=scale)
        assert 0 <= found.low <= found.high <= 1
    found = interval(0.9, wide, scale="positive")
    assert 0 <= found.low <= 0.9 <= found.high


def test_the_skewness_correction_covers_lognormal_means_better_than_the_symmetric_interval():
    random, inside = np.random.default_rng(1), {"skewed": 0, "real": 0}
    draws, truth = 600, np.exp(0.5 * 1.2**2)
    for _ in range(draws):
        values = np.exp(random.normal(0, 1.2, 60))
        varies = spread(mean(values).influence, np.arange(60))
        for scale in inside:
            found = interval(values.mean(), varies, scale=scale)
            inside[scale] += found.low <= truth <= found.high
    assert inside["skewed"] > inside["real"]
    assert inside["skewed"] / draws == pytest.approx(0.95, abs=0.04)


def test_few_clusters_that_dominate_leave_few_degrees_of_freedom():
    one_large = np.append(np.full(99, 0.01), 5.0)
    assert spread(one_large, np.arange(100)).degrees < 3
    assert spread(np.random.default_rng(0).normal(size=500), np.arange(500)).degrees > 300


def test_shares_of_a_fraction_of_rows_have_an_interval_between_those_of_whole_rows():
    below, found, above = (exact_binomial(0.5, n) for n in (20, 20.5, 21))
    assert above.high < found.high < below.high
