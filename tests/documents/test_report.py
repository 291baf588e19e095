"""What the report says and how it is written, without a browser."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import operator
import os
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import truenorth
from tests.documents.samples import HOSTILE, full_result, hostile_result
from truenorth.documents import summary_html, write_card, write_kickoff, write_report
from truenorth.documents.blocks import Chart
from truenorth.documents.files import write_whole
from truenorth.documents.header import header
from truenorth.documents.report import SECTIONS, embedded_json, render_report


class _Page(HTMLParser):
    """Visible text, elements and attributes of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.scripts: list[str] = []
        self._inside = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._inside = tag if tag in ("script", "style") else ""
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag):
        if tag in ("script", "style"):
            self._inside = ""

    def handle_data(self, data):
        if self._inside == "script":
            self.scripts[-1] += data
        elif not self._inside:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def attribute(self, tag: str, name: str) -> list[str]:
        return [attrs[name] or "" for found, attrs in self.tags if found == tag and name in attrs]


@pytest.fixture(scope="module")
def page() -> _Page:
    return _Page(render_report(full_result()))


def test_the_sentence_of_the_decision_is_the_first_heading(page):
    at = {name: page.texts.index(name) for name in (full_result()["decision"], "The framing", "The examples")}
    headings = [tag for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert headings[0] == "h1"
    assert headings.count("h1") == 1
    assert page.texts.index("blocked", at[full_result()["decision"]]) > at[full_result()["decision"]]


@pytest.mark.parametrize(
    "said",
    [
        "0.684",  # primary
        "95 % interval 0.653 to 0.716",
        "n 58,264, 4,990 units, matured 99.7 %",
        "rule 0.184, difference +0.500 (0.472 to 0.528)",
        "4,180",  # money
        "rule 8,390, difference \N{MINUS SIGN}4,210 (\N{MINUS SIGN}4,630 to \N{MINUS SIGN}3,790)",
        "recall(fraud) >= 0.6: violated, 55.1 %",
        "latency_p99 <= 50ms: not assessed, nothing was served.",
        "Of 1.75 M rows read, 1.26 M (71.6 %) are examples.",
        "1,754,155",
        "attackers learn the threshold and pay just below it",
        "+35.0 pp",
        "31.0 to 39.1 pp",
        "no row of the test period is mature",
        "1 of 6 slices were not assessed.",
        "calibrated by beta; measured on 58,264 test rows",
        "12,840 EUR",
        "17,570 EUR",  # all of the confusion
        "38.40 EUR",  # shadow price
        "the first that holds decides",
        "no bundle was served while the run was made",
        "bring the dated history of what changes",
        "43.2 s",
        "3.1 GB",
        "Simulated card payments (CC BY-SA 4.0).",
    ],
)  # fmt: skip
def test_it_says(page, said):
    assert said in page.text.replace("\N{NARROW NO-BREAK SPACE}", " ")


def test_the_figures_of_the_charts_are_those_of_the_run(page):
    specs = json.loads(page.scripts[0])
    ladder = next(spec for spec in specs if "each candidate" in spec["description"])
    shown = {row["name"]: (row["value"], row["low"], row["high"]) for row in ladder["data"]["values"]}
    given = {
        rung["name"]: (rung["value"], rung["low"], rung["high"]) for rung in full_result()["train"]["ladder"]
    }
    assert shown == given
    curve = next(spec for spec in specs if spec["description"].startswith("Cost by"))
    assert len(curve["data"]["values"]) == len(full_result()["evaluate"]["cost_curve"])


def test_no_chart_reads_from_anywhere_but_its_own_rows(page):
    written = page.scripts[0]
    assert '"url"' not in written
    assert '"href"' not in written
    assert "http" not in written


def test_the_policy_names_exactly_the_scripts_of_the_page(page):
    policy = next(
        attrs["content"] for _, attrs in page.tags if attrs.get("http-equiv") == "Content-Security-Policy"
    )
    running = page.scripts[1:]
    hashes = {base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in running}
    assert set(re.findall(r"sha256-([^']+)'", policy)) == hashes
    assert len(hashes) == 2
    assert "default-src 'none'" in policy
    assert "unsafe-eval" not in policy


def test_nothing_is_loaded_from_outside(page):
    assert page.attribute("script", "src") == []
    assert page.attribute("img", "src") == []
    assert page.attribute("link", "href") == ["data:,"]
    assert all(address.startswith("#") for address in page.attribute("a", "href"))


def test_the_report_is_smaller_than_one_and_a_half_megabytes(tmp_path):
    assert write_report(full_result(), tmp_path / "report.html").stat().st_size < 1_500_000


def test_the_same_run_gives_the_same_bytes():
    assert render_report(full_result()) == render_report(json.loads(json.dumps(full_result())))


def test_the_run_is_not_changed_by_reporting_it():
    result = full_result()
    before = json.dumps(result, sort_keys=True)
    render_report(result)
    summary_html(result)
    assert json.dumps(result, sort_keys=True) == before


def test_a_run_that_holds_nothing_says_so_in_every_chapter():
    page = _Page(render_report({}))
    assert "not assessed" in page.text
    assert "This run did not reach a decision." in page.text
    assert "The run holds no verdict." in page.text
    assert [tag for tag, _ in page.tags].count("section") == len(SECTIONS)
    assert len(page.scripts) == 1, "without a chart there is no need for the library"


@pytest.mark.parametrize("missing", sorted(full_result()))
def test_any_one_part_may_be_missing(missing):
    result = full_result()
    del result[missing]
    assert [tag for tag, _ in _Page(render_report(result)).tags].count("section") == len(SECTIONS)


@pytest.mark.parametrize("part", ["evaluate", "train", "examples", "framing", "calibrate", "policy"])
@pytest.mark.parametrize("wrong", [None, [], "text", 3, [None, 1, "x"], {"a": None}, float("nan")], ids=repr)
def test_a_part_of_another_shape_is_reported_as_absent(part, wrong):
    page = _Page(render_report({**full_result(), part: wrong}))
    assert [tag for tag, _ in page.tags].count("section") == len(SECTIONS)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers(-(10**20), 10**20) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=6), inner, max_size=2),
    max_leaves=4,
)


@st.composite
def _damaged(draw):
    """Return the full run with one value anywhere in it replaced by another."""
    result = full_result()
    place = result
    while True:
        key = draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        if isinstance(place[key], dict | list) and place[key] and draw(st.integers(0, 3)):
            place = place[key]
            continue
        place[key] = draw(JSON_VALUES)
        return result


@settings(max_examples=200, deadline=None)
@given(_damaged())
def test_damage_anywhere_in_the_run_never_stops_a_chapter(result):
    _check_chapters(result)


def _check_chapters(result):
    header(result)
    for section in SECTIONS:
        for block in section(result).blocks:
            json.loads(embedded_json(block.spec if isinstance(block, Chart) else None))


def _leaves(value, path=()):
    """Yield the path of every value; of a list the first entry stands for all."""
    yield path
    for key in (
        value if isinstance(value, dict) else range(min(1, len(value))) if isinstance(value, list) else ()
    ):
        yield from _leaves(value[key], (*path, key))


@pytest.mark.parametrize("wrong", ["soon", -1.5, None, {"a": [1]}], ids=repr)
def test_any_value_may_be_of_another_kind(wrong):
    result = full_result()
    for path in [path for path in _leaves(result) if path]:
        place = functools.reduce(operator.getitem, path[:-1], result)
        was, place[path[-1]] = place[path[-1]], wrong
        for section in SECTIONS:
            section(result)
        place[path[-1]] = was


def test_hostile_text_makes_no_element_in_any_document(tmp_path):
    page = _Page(render_report(hostile_result()))
    benign = _Page(render_report(full_result()))
    assert {tag for tag, _ in page.tags} <= {tag for tag, _ in benign.tags}
    assert len(page.scripts) == len(benign.scripts)
    fragment = _Page(summary_html(hostile_result()))
    assert {tag for tag, _ in fragment.tags} <= {"div", "span", "b"}
    for write in (write_card, write_kickoff):
        written = write(hostile_result(), tmp_path / "page.md").read_text()
        assert not re.search(r"(?<!\\)<", written)
        assert not re.search(r"(?<!\\)\]\(", written)


def test_embedded_json_reads_back_as_it_was():
    value = {"a": [HOSTILE.replace("\u2028", "").replace("\u202e", ""), 1.5, None, True]}
    written = embedded_json(value)
    assert json.loads(written) == value
    assert not set("<>&") & set(written)


def test_markdown_tables_have_as_many_cells_in_every_row(tmp_path):
    written = write_card(hostile_result(), tmp_path / "card.md").read_text()
    tables = re.findall(r"(?:^\|.*\n)+", written, re.M)
    assert len(tables) > 5
    for table in tables:
        cells = {len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}
        assert len(cells) == 1


@pytest.mark.parametrize("gate", ["", None, "passed", "PASS", 1, ["pass"], {"gate": "pas"}], ids=repr)
def test_only_a_known_verdict_is_shown_as_one(gate):
    page = _Page(render_report({**full_result(), "gate": gate}))
    assert "decision gate-unknown" in page.attribute("header", "class")


def test_a_failed_write_keeps_the_old_report_and_leaves_nothing_behind(tmp_path, monkeypatch):
    path = write_whole(tmp_path / "report.html", "old")
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write_report(full_result(), path)
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.html"]


def test_the_real_profile_of_a_world_is_shown_as_it_is(tmp_path):
    truenorth.make_world("payments", tmp_path / "world", seed=1, customers=20, terminals=30, days=165)
    built = truenorth.build(tmp_path / "world" / "framing.yaml", out=tmp_path / "built")
    table = built.profile["tables"]["examples"]
    attrition = built.profile["attrition"]["examples"]
    page = _Page(render_report({"examples": {**table, "attrition": attrition}}))
    counts = [step["left"] for step in attrition] + [part["rows"] for part in table["parts"].values()]
    counts += [label[state] for label in table["labels"].values() for state in ("observed", "immature")]
    assert all(f"{count:,}" in page.text for count in counts)
    titles = [json_["description"] for json_ in json.loads(page.scripts[0])]
    assert len(titles) == 4, "attrition, split, label states, label maturity"
