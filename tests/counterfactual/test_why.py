"""Movers, segments, exchange rates and the dashed line beyond the support are what they say."""

from __future__ import annotations

import numpy as np
import pytest

from tests.counterfactual.worlds import DEPTHS, draw, true_lifts
from truenorth.counterfactual import Options, stress
from truenorth.counterfactual.extrapolation import extrapolate


@pytest.fixture(scope="module")
def found():
    drawn = draw("graded", 20_000, 8)
    bait = np.where(drawn.features[:, :, 2] > 1, "bait", "plain")
    study = drawn.study(
        groups={"kind": bait}, segments={"half": np.where(np.arange(20_000) % 2 == 0, "even", "odd")}
    )
    return drawn, stress(study, options=Options(extrapolate=True, draws=1000)).proxies["click"]


def test_what_the_score_likes_gains_exposure(found):
    drawn, report = found
    bait, plain = report.movers["kind"]
    assert (bait.group, plain.group) == ("bait", "plain")
    assert bait.share_after > bait.share_before
    assert bait.share_after - bait.share_before == pytest.approx(plain.share_before - plain.share_after)
    assert bait.n + plain.n == drawn.log.n


def test_segments_that_differ_by_chance_do_not_differ_by_much(found):
    _, report = found
    one, other = report.segments["half"]
    assert abs(one.lift - other.lift) < 4 * np.hypot(one.error, other.error)


def test_the_exchange_rate_falls_to_zero_at_the_peak(found):
    _, report = found
    rates = [one.exchange_rate for one in report.grid]
    truth = true_lifts("graded", n=60_000)
    assert rates[0] > 0 > rates[-1]
    assert rates[int(truth.argmax())] > rates[-1]


def test_the_score_promises_what_its_tilt_gains(found):
    _, report = found
    promised = [one.score_lift for one in report.grid]
    assert promised == sorted(promised)
    assert report.grid[0].beta < report.grid[-1].beta


def test_a_curve_fitted_inside_the_support_places_the_peak():
    truth = np.array(true_lifts("graded", depths=np.linspace(0.05, 1.15, 23), n=100_000))
    peak = np.linspace(0.05, 1.15, 23)[truth.argmax()]
    placed = []
    for seed in range(5):
        report = stress(
            draw("graded", 20_000, seed).study(),
            options=Options(depths=DEPTHS[:3], extrapolate=True, draws=300),
        ).proxies["click"]
        placed.append(report.extrapolation.peak_depth)
    assert np.median([one for one in placed if one is not None]) == pytest.approx(peak, abs=0.15)


def test_one_depth_places_nothing():
    assert extrapolate(np.array([0.15]), np.array([0.1]), np.eye(1)) is None


def test_no_line_is_drawn_beyond_the_support_unless_asked():
    drawn = draw("aligned", 3000, 1)
    assert stress(drawn.study(), options=Options(depths=(0.15, 0.35))).proxies["click"].extrapolation is None


def test_other_estimators_agree_with_the_default(found):
    _, report = found
    for one in report.grid:
        for name, shadow in one.shadows.items():
            assert abs(shadow.value - one.kpi_lift.value) < 3 * one.kpi_lift.error, name
        assert one.shadows["direct"].error is None
