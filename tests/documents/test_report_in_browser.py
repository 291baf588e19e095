"""The report in a real browser: offline, without a complaint, on a laptop, a phone and paper."""

from __future__ import annotations

import re

import pytest

from tests.documents.browser import PHONE, WIDE
from tests.documents.samples import full_result, hostile_result
from truenorth.documents import summary_html, write_report
from truenorth.documents.report import SECTIONS


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    return write_report(full_result(), tmp_path_factory.mktemp("report") / "report.html")


def _drawn(chromium, report, size):
    visit = chromium.open(report, size)
    visit.wait_for_charts()
    return visit


@pytest.fixture(scope="module")
def laptop(chromium, report):
    return _drawn(chromium, report, WIDE)


@pytest.fixture(scope="module", params=[WIDE, PHONE], ids=["laptop", "phone"])
def visit(request, chromium, report):
    return _drawn(chromium, report, request.param)


def test_it_draws_every_chart_offline_without_complaint_or_request(visit):
    n_charts = visit.locator(".chart").count()
    assert n_charts == 10
    assert visit.locator(".chart[data-drawn] svg").count() == n_charts
    assert visit.complaints == []
    assert visit.requests == []


def test_it_never_scrolls_sideways(visit):
    assert visit.overflow <= 0


def test_charts_stay_inside_the_page_and_are_not_squeezed_flat(visit):
    width = visit.viewport_size["width"]
    boxes = [chart.bounding_box() for chart in visit.locator(".chart svg").all()]
    assert all(box["x"] >= 0 and box["x"] + box["width"] <= width for box in boxes)
    assert all(box["height"] >= 40 and box["width"] >= 250 for box in boxes)


def test_the_chosen_candidate_is_marked_in_the_accent_and_the_others_are_not(laptop):
    chart = laptop.locator("figure", has_text="Candidates on validation rows")
    fills = chart.locator("svg .mark-symbol path").evaluate_all(
        "marks => marks.map(m => m.getAttribute('fill'))"
    )
    assert len(fills) == 4
    assert [fill == "#1f5f8b" for fill in fills] == [False, False, True, False]


def test_dots_of_the_ladder_stand_in_the_order_of_their_figures(laptop):
    chart = laptop.locator("figure", has_text="Candidates on validation rows")
    places = chart.locator("svg .mark-symbol path").evaluate_all(
        "marks => marks.map(m => m.getBoundingClientRect().x)"
    )
    assert places == sorted(places)
    gaps = [places[2] - places[0], places[1] - places[0]]
    assert gaps[0] / gaps[1] == pytest.approx((0.681 - 0.184) / (0.566 - 0.184), abs=0.01)


def test_pointing_at_a_mark_says_its_value(laptop):
    mark = laptop.locator("figure", has_text="Features of fraud").locator("svg .mark-rect path").first
    mark.scroll_into_view_if_needed()
    mark.hover()
    laptop.wait_for_selector("#vg-tooltip-element.visible")
    assert "terminal_risk_7d" in laptop.locator("#vg-tooltip-element").inner_text()


def test_every_chart_has_a_description_and_the_numbers_behind_it(laptop):
    labels = [chart.get_attribute("aria-label") for chart in laptop.locator(".chart").all()]
    assert all(len(label) > 20 for label in labels)
    assert len(set(labels)) == len(labels)
    without_table = laptop.locator("figure:not(:has(table)) h3").all_inner_texts()
    assert without_table == ["Candidates on validation rows"], "its table stands below it, in full"


def test_it_says_everything_in_tables_where_scripts_do_not_run(chromium, report):
    visit = chromium.open(report, java_script_enabled=False)
    assert visit.locator("h1").inner_text().startswith("Send the 100 riskiest payments")
    assert visit.locator("details table").count() == 9
    assert visit.complaints == []


@pytest.mark.parametrize(
    ("gate", "colour"),
    [
        ("pass", "rgb(27, 122, 75)"),
        ("pass with waivers", "rgb(154, 98, 0)"),
        ("blocked", "rgb(179, 38, 30)"),
        ("not assessed", "rgb(95, 104, 114)"),
        ("all good", "rgb(95, 104, 114)"),
    ],
)
def test_the_gate_has_its_colour_and_an_unknown_one_is_grey(chromium, tmp_path, gate, colour):
    visit = chromium.open(write_report({**full_result(), "gate": gate}, tmp_path / "report.html"))
    badge = visit.locator(".badge")
    assert badge.evaluate("badge => getComputedStyle(badge).backgroundColor") == colour
    assert badge.inner_text() == (gate if gate != "all good" else "not assessed")


def test_hostile_text_is_shown_and_neither_runs_nor_fetches_nor_breaks_the_page(chromium, tmp_path):
    visit = chromium.open(write_report(hostile_result(), tmp_path / "report.html"), PHONE)
    visit.wait_for_charts()
    assert visit.evaluate("window.stolen") is None
    assert visit.complaints == []
    assert visit.requests == []
    assert visit.overflow <= 0
    assert "<script>window.stolen=1</script>" in visit.locator("h1").inner_text()
    assert visit.locator("main script, main img, main iframe, main a").count() == 0


def test_a_script_that_slipped_in_would_not_run(chromium, tmp_path):
    page = write_report(full_result(), tmp_path / "report.html").read_text()
    broken = tmp_path / "broken.html"
    broken.write_text(
        page.replace("<main>", "<main><script>window.stolen = 1</script><img src='https://example.org/x'>")
    )
    visit = chromium.open(broken)
    assert visit.evaluate("window.stolen") is None
    assert any("Content Security Policy" in complaint for complaint in visit.complaints)
    assert visit.requests == [], "the policy stops the request before it is made"


def test_a_run_that_holds_nothing_still_opens_on_both_screens(chromium, tmp_path):
    path = write_report({}, tmp_path / "report.html")
    for size in (WIDE, PHONE):
        visit = chromium.open(path, size)
        assert visit.overflow <= 0
        assert visit.complaints == []
        assert visit.locator("section").count() == len(SECTIONS)


def test_figures_without_an_interval_are_drawn_without_complaint(chromium, tmp_path):
    def bare(value):
        if isinstance(value, dict):
            return {key: None if key in ("low", "high") else bare(one) for key, one in value.items()}
        return [bare(one) for one in value] if isinstance(value, list) else value

    visit = chromium.open(write_report(bare(full_result()), tmp_path / "report.html"))
    visit.wait_for_charts()
    assert visit.complaints == []
    assert visit.locator(".chart[data-drawn] svg").count() == 10


def test_on_paper_the_framing_is_one_page_and_no_chart_is_cut(chromium, report):
    visit = chromium.open(report)
    visit.wait_for_charts()
    paper = visit.pdf(prefer_css_page_size=True)
    n_pages = len(re.findall(rb"/Type\s*/Page\b", paper))
    assert 6 <= n_pages <= 11
    visit.emulate_media(media="print")
    # A4 less the margins of the style sheet, at 96 pixels to the inch.
    visit.set_viewport_size({"width": round((210 - 30) / 25.4 * 96), "height": round((297 - 34) / 25.4 * 96)})
    height = visit.viewport_size["height"]
    assert visit.locator("#kickoff").bounding_box()["height"] <= height
    assert all(figure.bounding_box()["height"] < height for figure in visit.locator("figure").all())
    kept = visit.locator("figure").evaluate_all("all => all.map(f => getComputedStyle(f).breakInside)")
    assert set(kept) == {"avoid"}
    assert not visit.locator(".contents").is_visible()


def test_the_notebook_fragment_stands_alone(chromium, tmp_path):
    path = tmp_path / "fragment.html"
    path.write_text(f"<!doctype html><meta charset=utf-8><body>{summary_html(full_result())}")
    visit = chromium.open(path, PHONE)
    assert visit.overflow <= 0
    assert visit.complaints == []
    assert "0.684" in visit.locator("body").inner_text()
