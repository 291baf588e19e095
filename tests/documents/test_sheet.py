"""The kickoff sheet: twelve fields, blanks that stay visible, and one page of paper."""

from __future__ import annotations

import re

import pytest

from tests.documents.samples import HOSTILE
from truenorth.documents.kickoff import BLANK, sheet_html, sheet_markdown
from truenorth.documents.sheet import (
    FIELDS,
    MOST_CHARACTERS,
    SIGNED_BY,
    Line,
    Sheet,
    SheetField,
    kickoff_sheet,
)
from truenorth.framing.document import read_document
from truenorth.systems import SYSTEMS

EMPTY = {"framing": 1, "name": "bread"}


def written(name: str) -> dict:
    """Return the values of a ready framing on real data, as they are written."""
    return read_document(SYSTEMS[name].text("real"), path=f"{name}.yaml").data


@pytest.fixture(params=SYSTEMS)
def sheet(request):
    return kickoff_sheet(written(request.param))


def line(sheet, field: str, name: str) -> str:
    return next(
        one.text for part in sheet.fields if part.title == field for one in part.lines if one.name == name
    )


def test_a_sheet_of_nothing_has_every_field_blank():
    sheet = kickoff_sheet({})
    assert [field.title for field in sheet.fields] == list(FIELDS)
    assert len(sheet.blanks) == sum(len(lines) for lines in FIELDS.values())


@pytest.mark.parametrize("write", [sheet_markdown, sheet_html])
def test_blanks_and_signatures_are_visible(write):
    sheet = kickoff_sheet(EMPTY)
    text = write(sheet)
    blank = BLANK.replace("_", r"\_") if write is sheet_markdown else 'class="blank"'
    shown = text.count('class="blank"') if write is sheet_html else len(re.findall(r": [\\_]{30,}", text))
    assert shown == len(sheet.blanks) > 25, blank
    assert all(role in text for role in SIGNED_BY)


def test_a_ready_framing_fills_its_sheet(sheet):
    assert len(sheet.blanks) <= 8, sheet.blanks
    assert line(sheet, "Business KPI", "Goal")
    assert line(sheet, "Action policy", "Policy")
    assert line(sheet, "Owner and watch", "Owner")


def test_the_sheet_says_what_the_framing_says():
    sheet = kickoff_sheet(written("card-fraud"))
    assert line(sheet, "Action policy", "Fallback") == "rule"
    assert line(sheet, "Rollout", "Stages").startswith("1 % \N{RIGHTWARDS ARROW} 10 %") or "1%" in line(
        sheet, "Rollout", "Stages"
    )
    assert "attackers" in line(sheet, "Proxy label and risks", "Stand-ins")
    assert "fraud" in line(sheet, "Model output", "Predicted")


def test_features_are_confirmed_only_where_each_says_how_it_is_served():
    own = {"amount": {"column": "amount"}}
    spend = {"source": "payments", "mean": "amount", "last": "7d"}
    assert line(kickoff_sheet({"features": own}), "Serving-time features", "Confirmed") == "yes, all 1"
    unsaid = kickoff_sheet({"features": {**own, "spend": spend}})
    assert line(unsaid, "Serving-time features", "Confirmed") == "no: not declared for spend"
    declared = kickoff_sheet({"features": {**own, "spend": {**spend, "serve": "stream"}}})
    assert line(declared, "Serving-time features", "Confirmed") == "yes, all 2"
    assert line(kickoff_sheet({}), "Serving-time features", "Confirmed") == ""


def test_costs_of_errors_are_a_policy_too():
    sheet = kickoff_sheet({"business": {"errors": {"false_positive": 5, "false_negative": "amount"}}})
    assert "false_positive 5" in line(sheet, "Action policy", "Policy")


def test_a_long_line_is_cut_and_a_long_list_counted():
    sheet = kickoff_sheet({"business": {"goal": "x" * 5_000}, "sources": {f"s{i}": {} for i in range(20)}})
    assert len(line(sheet, "Business KPI", "Goal")) == MOST_CHARACTERS
    assert line(sheet, "Data and labelling", "Sources").endswith("and 14 more")


@pytest.mark.parametrize(
    "section", ["business", "labels", "features", "policy", "experiment", "proxies", "models"]
)
@pytest.mark.parametrize("wrong", [None, [], "text", 3, [None, 1], {"a": None}], ids=repr)
def test_a_section_of_another_shape_is_blank_or_said_and_never_stops_the_page(section, wrong):
    sheet = kickoff_sheet({**EMPTY, section: wrong})
    assert sheet_html(sheet) and sheet_markdown(sheet)


def test_hostile_text_is_shown_and_makes_no_element():
    data = {
        "name": HOSTILE,
        "business": {"goal": HOSTILE, "kpi": {"name": HOSTILE}},
        "product": {"outcome": HOSTILE},
    }
    page = sheet_html(kickoff_sheet(data, remark=HOSTILE))
    assert "<script" not in page and "<img" not in page
    assert "&lt;" in page


def test_the_page_asks_for_nothing_from_outside(sheet):
    page = sheet_html(sheet)
    assert "http" not in re.sub(r"http-equiv", "", page)
    assert "default-src 'none'" in page and "<script" not in page


def test_it_prints_on_one_page(chromium, sheet, tmp_path):
    path = tmp_path / "kickoff.html"
    path.write_text(sheet_html(sheet))
    visit = chromium.open(path)
    assert (visit.complaints, visit.requests, visit.overflow <= 0) == ([], [], True)
    paper = visit.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", paper)) == 1


@pytest.mark.parametrize("share", [0.2, 0.39, 0.4, 0.7, 1.0])
def test_however_much_is_written_it_prints_on_one_page(chromium, tmp_path, share):
    words = ("words that go on " * 30)[: round(MOST_CHARACTERS * share)]
    fields = tuple(
        SheetField(title, tuple(Line(name, words) for name in names)) for title, names in FIELDS.items()
    )
    path = tmp_path / "kickoff.html"
    path.write_text(sheet_html(Sheet("long", fields)))
    paper = chromium.open(path).pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", paper)) == 1


def test_it_is_read_on_a_telephone(chromium, tmp_path):
    path = tmp_path / "kickoff.html"
    path.write_text(sheet_html(kickoff_sheet(written("video-feed"))))
    assert chromium.open(path, (390, 844)).overflow <= 0
