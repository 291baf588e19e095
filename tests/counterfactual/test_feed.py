"""The feed world as arrays: where clicks part from the weekly return, and that the safe depth is safe."""

from __future__ import annotations

import numpy as np
import pytest

from tests.counterfactual.feed import draw_feed
from truenorth.counterfactual import Options, stress
from truenorth.counterfactual.policies import tilt_to

QUICK = Options(draws=1000)


@pytest.fixture(scope="module")
def with_bait():
    weeks = draw_feed(2, users=3000)
    return weeks, stress(weeks.study(), options=QUICK)


def true_lift(weeks, name: str, depth: float) -> float:
    policy = tilt_to(weeks.log.propensity, weeks.scores[name], depth).probability
    return weeks.true_return(policy) - weeks.true_return(weeks.log.propensity)


@pytest.mark.slow
def test_clicks_do_not_serve_the_return_and_a_weighted_score_does(with_bait):
    _, found = with_bait
    assert found.tier == "A"
    assert found.proxies["click"].verdict in ("TRAP", "HARMFUL")
    assert found.proxies["weighted"].verdict == "ALIGNED"
    assert found.proxies["click"].safe_depth <= 0.15


@pytest.mark.slow
def test_the_curve_holds_the_true_lift_and_finds_its_peak(with_bait):
    weeks, found = with_bait
    for name, proxy in found.proxies.items():
        truth = np.array([true_lift(weeks, name, one.depth) for one in proxy.grid])
        held = [one.kpi_lift.band_low <= at <= one.kpi_lift.band_high
                for one, at in zip(proxy.grid, truth, strict=True)]  # fmt: skip
        assert np.mean(held) >= 0.8
        if name == "click":
            assert abs(proxy.peak_depth - proxy.grid[int(truth.argmax())].depth) <= 0.21


@pytest.mark.slow
def test_acting_at_the_safe_depth_raises_the_true_return(with_bait):
    weeks, found = with_bait
    safe = found.proxies["weighted"].safe_depth
    assert safe > 0 and true_lift(weeks, "weighted", safe) > 0.05


@pytest.mark.slow
def test_without_bait_there_is_no_trap():
    found = stress(draw_feed(3, users=2000, bait=False).study(), options=QUICK)
    assert {one.verdict for one in found.proxies.values()} == {"ALIGNED"}
