"""T6 and T7: the parts of a shortfall add up and name its cause; the naive curve falls for users."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.counterfactual.worlds import draw
from truenorth.counterfactual import Options, stress
from truenorth.counterfactual.shortfall import slopes_of, split_shortfall
from truenorth.statistics.estimates import mean

AT_ONE = Options(depths=(0.3, 1.0), draws=200)


def test_the_parts_add_up_to_the_shortfall():
    drawn = draw("extremal", 4000, 1)
    slopes = slopes_of(drawn.log, drawn.score, drawn.realised, drawn.kpi, per_unit=False)
    rng = np.random.default_rng(0)
    promised, delivered, kpi = (mean(rng.standard_normal(4000)) for _ in range(3))
    found = split_shortfall(1.0, slopes, promised, delivered, kpi, drawn.log)
    parts = found.causal.value + found.regressional.value + found.extremal.value
    assert parts == pytest.approx(found.promised - found.delivered, abs=1e-12)


@pytest.fixture(scope="module")
def split():
    def of(name):
        found = stress(draw(name, 50_000, 3).study(), options=AT_ONE).proxies["click"].shortfall
        return found, found.promised - found.delivered

    return {name: of(name) for name in ("causal", "regressional", "extremal", "pure")}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["causal", "regressional"])
def test_a_pure_cause_holds_the_shortfall(split, name):
    found, total = split[name]
    assert getattr(found, name).value >= 0.8 * abs(total)
    for other in {"causal", "regressional", "extremal"} - {name}:
        part = getattr(found, other)
        assert abs(part.value) <= 2.5 * part.error


@pytest.mark.slow
def test_a_slope_that_changes_far_out_is_extremal(split):
    found, _ = split["extremal"]
    assert found.extremal.value >= 2 * found.extremal.error
    assert found.extremal.value > 5 * abs(found.causal.value)


@pytest.mark.slow
def test_an_aligned_proxy_has_no_shortfall(split):
    found, total = split["pure"]
    assert all(
        abs(one.value) <= 2.5 * one.error for one in (found.causal, found.regressional, found.extremal)
    )
    assert abs(total) < 0.01


@pytest.mark.slow
def test_weighting_rows_by_the_proxy_selects_users():
    found = stress(draw("causal", 20_000, 4).study()).proxies["click"]
    last = found.grid[-1].kpi_lift
    assert abs(last.value) <= 2 * last.error
    assert found.naive.by_realised[-1] >= 0.05
    assert found.naive.by_score[-1] >= 0.05
    assert "STRESS026" in {one.code for one in found.findings}
    assert "selection of users" in repr(found)


def test_a_kpi_per_unit_is_split_too():
    drawn = draw("pure", 30_000, 5, unit_size=3)
    total = np.repeat(drawn.kpi.reshape(-1, 3).sum(axis=1), 3)
    study = replace(drawn.study(), kpi=total, per="unit")
    found = stress(study, options=AT_ONE).proxies["click"]
    per_decision = stress(drawn.study(), options=AT_ONE).proxies["click"]
    # Three decisions add up: three times the lift of one.
    assert found.grid[0].kpi_lift.value == pytest.approx(3 * per_decision.grid[0].kpi_lift.value, abs=0.02)
    assert found.shortfall.causal.error > 0
