"""The stress test as people read it: the verdict first, the curve with its grey end, and what to log."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.documents.browser import PHONE, WIDE
from tests.documents.samples import full_result
from truenorth.counterfactual.pitfalls import not_safe_everywhere
from truenorth.documents.blocks import Absent, Bullets, Chart, Table
from truenorth.documents.report import render_report
from truenorth.documents.sections.stress import stress
from truenorth.documents.stress import write_stress


def step(depth: float, n: float, value: float, half: float) -> dict[str, Any]:
    lift = {"value": value, "error": half / 3, "low": value - half / 2, "high": value + half / 2,
            "band_low": value - half, "band_high": value + half}  # fmt: skip
    return {"depth": depth, "beta": 2 * depth, "best_of_n": n, "kpi_lift": lift, "proxy_lift": None,
            "score_lift": depth, "slope": 0.1, "support": {"effective_n": 900.0, "tail": 0.2}}  # fmt: skip


def proxy(called: str, verdict: str, **more: Any) -> dict[str, Any]:
    grid = [step(0.15, 1.2, 0.010, 0.004), step(0.35, 1.7, 0.015, 0.007), step(0.55, 2.4, 0.004, 0.010)]
    return {
        "proxy": called, "called": called, "sign": 1, "verdict": verdict, "sentence": f"About {called}.",
        "grid": grid, "depth_limit": 0.55, "stopped_by": ["tail index 0.61"], "safe_depth": 0.15,
        "peak_depth": 0.35, "family_p": 0.001, "adjusted_p": 0.002, "smallest_visible_fall": 0.012,
        "ticks": {"2": 0.4, "4": 0.8}, "naive": {
            "depths": [0.15, 0.35, 0.55], "by_realised": [], "by_score": [0.02, 0.05, 0.09]},
        "shortfall": {"depth": 0.55, "promised": 0.04, "delivered": 0.004,
                      "causal": {"value": 0.006, "error": 0.002},
                      "regressional": {"value": 0.01, "error": 0.001},
                      "extremal": {"value": 0.02, "error": 0.003}},
        "movers": {"creator": [
            {"group": "<b>loud</b>", "share_before": 0.1, "share_after": 0.3, "kpi": 0.4, "n": 300},
            {"group": "calm", "share_before": 0.3, "share_after": 0.1, "kpi": 0.6, "n": 900}]},
        "segments": {"country": [{"segment": "FR", "lift": 0.01, "error": 0.004, "n": 500}]},
        "findings": [], **more,
    }  # fmt: skip


def shelf_result() -> dict[str, Any]:
    note = {"code": "STRESS063", "severity": "info", "where": "business.kpi.metric", "path": [],
            "evidence": "expected decisions whose KPI is known, got 5 of 9.", "fix": "wait."}  # fmt: skip
    made = {
        "tier": "A", "n": 8378, "n_units": 1495, "matured": 0.94, "per": "decision",
        "depths": [0.15, 0.35, 0.55, 0.75], "audit": {"passed": True, "tests": [{}, {}], "critical": 3.0},
        "kpi": {"name": "stays", "called": "stays", "metric": "mean(stayed)", "unit": "share",
                "lift_unit": "points"},
        "refused": None, "notes": [note], "findings": [],
        "proxies": {"liked": proxy("liked", "ALIGNED"), "score": proxy("the score", "TRAP"),
                    "hide": proxy("less hide", "UNSUPPORTED", grid=[], safe_depth=0.0)},
    }  # fmt: skip
    return {**full_result(), "name": "shelf", "stress": made}


def refused() -> dict[str, Any]:
    why = {
        "code": "STRESS060",
        "severity": "info",
        "where": "examples",
        "path": [],
        "evidence": "expected the candidates of each decision, got rows.",
        "fix": "log every candidate.",
    }
    return {**full_result(), "stress": {"tier": "C", "refused": why, "proxies": {}, "notes": [why]}}


def blocks_of(result: dict[str, Any], kind: type) -> list[Any]:
    return [block for block in stress(result).blocks if isinstance(block, kind)]


def test_the_verdicts_come_first_and_the_score_before_the_others():
    first = blocks_of(shelf_result(), Table)[0]
    assert [[row[0].text, row[1].text, row[1].tone] for row in first.rows] == [
        ["the score", "TRAP", "bad"], ["liked", "ALIGNED", "good"], ["less hide", "UNSUPPORTED", "unknown"],
    ]  # fmt: skip
    assert first.rows[0][2].text == "best of 1.2"
    assert (first.rows[0][3].text, first.rows[0][3].note) == (
        "+0.4\u202fpp", "\N{MINUS SIGN}0.6\u202fpp to +1.4\u202fpp",
    )  # fmt: skip
    assert first.rows[2][3].text == "not assessed"


def test_a_kpi_in_money_has_its_unit_said_once_and_levels_of_shares_are_percentages():
    result = shelf_result()
    assert "Changes are in" not in stress(result).lead
    assert any(row[3].text == "40\u202f%" for one in blocks_of(result, Table) for row in one.rows)
    result["stress"]["kpi"] |= {"unit": "EUR per day", "lift_unit": "EUR per decision"}
    assert stress(result).lead.endswith("Changes are in EUR per decision.")
    first = blocks_of(result, Table)[0]
    assert first.rows[0][3].text == "+0.004"
    assert any(row[3].text == "0.400" for one in blocks_of(result, Table) for row in one.rows[:2])


def test_levels_of_a_kpi_that_should_fall_are_told_as_its_metric_counts_them():
    """What is tested is its cut: the mean of a share of .4 stands in the result as -.4."""
    result = shelf_result()
    result["stress"]["kpi"] |= {"direction": "down", "called": "the cut in churn", "metric": "mean(churned)"}
    for one in result["stress"]["proxies"]["score"]["movers"]["creator"]:
        one["kpi"] = -one["kpi"]
    movers = next(one for one in blocks_of(result, Table) if one.columns[-1] == "KPI today")
    assert [row[3].text for row in movers.rows] == ["40\u202f%", "60\u202f%"]


def test_what_is_the_same_of_several_scores_is_said_once():
    result = shelf_result()
    for name in ("liked", "score"):
        called = result["stress"]["proxies"][name]["called"]
        found = not_safe_everywhere(called, "ALIGNED")
        result["stress"]["proxies"][name]["findings"] = [one.to_dict() for one in found]
    said = [one for one in blocks_of(result, Bullets)[0].items if "STRESS025" in one]
    assert said == [
        "STRESS025 proxies.liked, proxies.the score: expected 'aligned' to be read up to the deepest depth "
        "that was tested, where the curve ends; beyond it nothing is known. Fix: repeat the test after each "
        "release that pushes further."
    ]


def test_the_curve_ends_where_the_log_ends_and_the_rest_is_grey():
    chart = blocks_of(shelf_result(), Chart)[0]
    layers = chart.spec["layer"]
    grey = next(one for one in layers if one["mark"]["type"] == "rect")
    assert grey["data"]["values"][0] == {"from": 0.55, "to": 0.75, "said": "beyond the log"}
    assert len(chart.table.rows) == 3
    assert chart.spec["data"]["values"][0]["text"] == "today"


def test_a_naive_promise_is_cut_before_it_flattens_the_curve():
    result = shelf_result()
    result["stress"]["proxies"]["score"]["naive"]["by_score"] = [0.2, 0.5, 9.0]
    chart = blocks_of(result, Chart)[0]
    line = next(one for one in chart.spec["layer"] if one["mark"].get("strokeDash") == [5, 4])
    assert line["encoding"]["y"]["scale"]["domain"][1] < 0.05


def test_a_supported_curve_has_no_grey():
    result = shelf_result()
    result["stress"]["depths"] = [0.15, 0.35, 0.55]
    assert not [one for one in blocks_of(result, Chart)[0].spec["layer"] if one["mark"]["type"] == "rect"]


def test_what_was_refused_says_what_to_log():
    section = stress(refused())
    assert [(one.what, one.why) for one in section.blocks if isinstance(one, Absent)] == [
        ("Proxy stress test", "expected the candidates of each decision, got rows.")
    ]
    page = render_report(refused())
    assert "Log every candidate." in page


def test_a_run_of_before_the_stress_test_says_that_it_made_none():
    assert blocks_of(full_result(), Absent)[0].why == "this run made none."


@pytest.mark.parametrize("gone", ["proxies", "kpi", "notes", "audit", "depths", "refused"])
def test_a_result_of_another_shape_is_still_written(gone):
    result = shelf_result()
    for broken in ({}, None, 3, ["x"]):
        result["stress"][gone] = copy.copy(broken)
        assert "The proxy stress test" in render_report(result)


def test_text_of_a_log_is_text_in_the_page(tmp_path):
    page = write_stress(shelf_result(), tmp_path / "stress.html").read_text()
    assert "&lt;b&gt;loud&lt;/b&gt;" in page and "<b>loud</b>" not in page


def test_the_page_alone_begins_with_the_verdict(tmp_path):
    page = write_stress(shelf_result(), tmp_path / "deep" / "stress.html").read_text()
    assert "<h1>About the score.</h1>" in page
    assert "gate-bad" in page
    other = write_stress(refused(), tmp_path / "refused.html").read_text()
    assert "gate-unknown" in other and '<span class="badge">refused</span>' in other


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["laptop", "phone"])
def test_the_page_draws_offline_without_complaint(chromium, tmp_path, size):
    visit = chromium.open(write_stress(shelf_result(), tmp_path / "stress.html"), size)
    visit.wait_for_charts()
    assert visit.locator(".chart[data-drawn] svg").count() == 2
    assert visit.complaints == [] and visit.requests == []
    assert visit.overflow <= 0
    assert visit.locator("svg", has_text="beyond the log").count() == 2
