"""The feed world through its logs alone: clicks on bait part from the return, a better score does not."""

import pytest

import truenorth
from tests.workflow.feed import truth_of, write_feed

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("stress-feed")]


def run_of(folder, users, **world):
    """Run a feed with one place per list and enough creators; `make validate` runs forty seeds of it."""
    made = write_feed(folder / "feed", seed=100, users=users, slots=1, items=3 * users // 4, **world)
    return made, truenorth.run(made.framing, out=folder / "runs")


@pytest.fixture(scope="module")
def baited(tmp_path_factory):
    world, run = run_of(tmp_path_factory.mktemp("baited"), 24_000)
    return run.result["stress"], truth_of(world, run)


def test_clicks_are_a_trap_and_the_weighted_score_is_aligned(baited):
    stress, _ = baited
    assert stress["tier"] == "A" and stress["per"] == "unit"
    assert stress["proxies"]["click"]["verdict"] == "TRAP"
    assert stress["proxies"]["score"]["verdict"] == "ALIGNED"


def test_the_curve_of_clicks_peaks_where_the_truth_does(baited):
    stress, truth = baited
    click = stress["proxies"]["click"]
    peak = max(click["grid"], key=lambda step: truth.lift("click", step["depth"]))["depth"]
    assert abs(peak - click["peak_depth"]) < 0.21
    assert truth.lift("click", click["grid"][-1]["depth"]) < 0


def test_bands_hold_the_true_lifts(baited):
    stress, truth = baited
    inside = [
        step["kpi_lift"]["band_low"]
        <= truth.lift(one["called"], step["depth"])
        <= step["kpi_lift"]["band_high"]
        for one in stress["proxies"].values()
        for step in one["grid"]
    ]
    assert sum(inside) >= 0.85 * len(inside)


def test_acting_at_the_safe_depth_raises_the_true_return(baited):
    stress, truth = baited
    proxies = stress["proxies"]
    assert truth.lift("the score", proxies["score"]["safe_depth"]) > 0.05
    assert truth.lift("click", proxies["click"]["safe_depth"]) > 0
    assert proxies["click"]["safe_depth"] <= 0.35


def test_a_label_that_the_score_subtracts_is_pushed_down(baited):
    stress, _ = baited
    assert {name: one["sign"] for name, one in stress["proxies"].items()} == {
        "score": 1, "liked": 1, "watched": 1, "quick_skip": -1, "hide": -1, "click": 1,
    }  # fmt: skip


def test_winners_and_losers_are_items_and_creators(baited):
    stress, _ = baited
    movers = stress["proxies"]["click"]["movers"]
    assert set(movers) == {"item", "creator"}
    assert all(one["share_after"] > one["share_before"] for one in movers["creator"][:3])
    assert set(stress["proxies"]["click"]["segments"]) == {"user_language"}


def test_without_bait_nothing_turns(tmp_path):
    _, run = run_of(tmp_path, 8000, bait=0.0)
    verdicts = {name: one["verdict"] for name, one in run.result["stress"]["proxies"].items()}
    assert not {"TRAP", "HARMFUL"} & set(verdicts.values())
    assert verdicts["score"] == "ALIGNED"
