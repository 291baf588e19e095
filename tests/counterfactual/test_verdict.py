"""T4 and T5: few false alarms, enough power, and the right place for the peak."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from tests.counterfactual.worlds import DEPTHS, draw, true_lifts
from truenorth.counterfactual import Options, Study, stress
from truenorth.counterfactual.bands import Joint
from truenorth.counterfactual.verdict import (
    benjamini_hochberg,
    claims_of_harm,
    safe_depth,
    smallest_visible_fall,
    verdict_of,
)


def reports(name: str, n: int, runs: int):
    return [
        stress(draw(name, n, run).study(), options=Options(draws=1000), seed=run).proxies["click"]
        for run in range(runs)
    ]


def share(found, *verdicts) -> float:
    return float(np.mean([one.verdict in verdicts for one in found]))


@pytest.mark.slow
def test_a_world_without_effects_is_rarely_called_a_trap():
    found = reports("null", 5000, 60)
    # At most 8 % in the long run: 99 % of samples of 60 show no more than 17 %.
    assert share(found, "TRAP", "HARMFUL") <= 0.10
    assert share(found, "INCONCLUSIVE") >= 0.85


@pytest.mark.slow
def test_an_aligned_proxy_is_called_aligned():
    found = reports("aligned", 20_000, 25)
    assert share(found, "TRAP", "HARMFUL") <= 0.05
    assert share(found, "ALIGNED") >= 0.90


@pytest.mark.slow
def test_a_trap_is_found_with_its_peak():
    truth = true_lifts("graded")
    peak = DEPTHS[int(truth.argmax())]
    found = reports("graded", 20_000, 25)
    assert share(found, "TRAP", "HARMFUL") >= 0.95
    judged = [one for one in found if one.peak_depth is not None]
    assert np.mean([abs(one.peak_depth - peak) <= 0.21 for one in judged]) >= 0.90
    assert np.mean([one.safe_depth <= peak for one in found]) >= 0.95
    assert "no harder than best of" in found[0].sentence


@pytest.mark.slow
def test_a_fall_that_is_too_small_to_see_is_below_the_smallest_visible_one():
    truth = true_lifts("weak")
    found = reports("weak", 20_000, 10)
    quiet = [one for one in found if one.verdict in ("INCONCLUSIVE", "ALIGNED")]
    assert len(quiet) >= 8, Counter(one.verdict for one in found)
    assert all(one.smallest_visible_fall >= truth.max() - truth[-1] for one in quiet)


def curve(lifts, slopes, error=1e-3) -> Joint:
    value = np.array([*lifts, *slopes])
    return Joint(value, error**2 * np.eye(len(value)))


@pytest.mark.parametrize(
    ("lifts", "slopes", "gains", "verdict"),
    [
        ([0.1, 0.2], [0.1, 0.1], True, "ALIGNED"),
        ([0.2, 0.1], [0.1, -0.1], True, "TRAP"),
        ([0.2, 0.2], [0.1, -0.1], True, "TRAP"),
        ([-0.1, -0.2], [-0.1, -0.1], False, "HARMFUL"),
        ([0.0, 0.0], [0.0, 0.0], False, "INCONCLUSIVE"),
    ],
    ids=["rises", "turns over", "slope turns", "falls", "flat"],
)
def test_a_sure_curve_has_a_sure_verdict(lifts, slopes, gains, verdict):
    family = claims_of_harm(curve(lifts, slopes), [0.9, 0.5], level=0.95, draws=500, seed=0)
    assert verdict_of(family, gains=gains, adjusted_p=family.claims.p_value, level=0.95) == verdict


def test_a_slope_claims_harm_only_where_the_policy_still_chooses():
    levels_off = curve([0.1, 0.2, 0.2], [0.1, 0.1, -0.1])
    free, spent = (
        claims_of_harm(levels_off, [0.9, 0.5, last], level=0.95, draws=500, seed=0) for last in (0.06, 0.01)
    )
    assert free.falls.tolist() == [False, False, True]
    assert not spent.falls.any()
    assert verdict_of(spent, gains=True, adjusted_p=spent.claims.p_value, level=0.95) == "ALIGNED"


def test_harm_that_does_not_survive_the_number_of_proxies_is_inconclusive():
    family = claims_of_harm(curve([0.2, 0.1], [0.1, -0.1]), [0.9, 0.5], level=0.95, draws=500, seed=0)
    assert verdict_of(family, gains=True, adjusted_p=0.2, level=0.95) == "INCONCLUSIVE"


def test_the_safe_depth_ends_where_one_more_step_is_not_sure_to_help():
    assert safe_depth(DEPTHS, np.array([1, 1, -1, 1, 1, 1.0])) == 0.35
    assert safe_depth(DEPTHS, np.full(6, -1.0)) == 0.0
    assert safe_depth(DEPTHS, np.ones(6)) == 1.15


def test_the_smallest_visible_fall_grows_with_the_error():
    small, large = curve([0.2, 0.1], [0, 0], 1e-3), curve([0.2, 0.1], [0, 0], 1e-2)
    assert smallest_visible_fall(large, 2.4) == pytest.approx(10 * smallest_visible_fall(small, 2.4))
    assert smallest_visible_fall(small, 2.4) == pytest.approx(3.24 * np.sqrt(2) * 1e-3, rel=0.01)


def test_false_discoveries_are_counted_over_all_proxies():
    assert benjamini_hochberg([0.001, 0.5, 0.9]).tolist() == pytest.approx([0.003, 0.75, 0.9])
    assert len(benjamini_hochberg([])) == 0


def test_several_proxies_are_judged_together():
    drawn = draw("graded", 8000, 2)
    rng = np.random.default_rng(0)
    scores = {"click": drawn.score, "noise": rng.standard_normal(drawn.score.shape)}
    found = stress(Study(log=drawn.log, scores=scores, kpi=drawn.kpi, features=drawn.features))
    assert found.proxies["click"].adjusted_p >= found.proxies["click"].family_p
    assert set(found.proxies) == {"click", "noise"}
