"""The results page: its numbers are those of the JSON, and its own measures are those of the publishers."""

import json
import re
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from scripts.results.__main__ import DATASETS
from scripts.results.fraud import WEEK, card_precision_by_day, protocol
from scripts.results.kuairand import top_of_lists
from scripts.results.m4 import naive_error
from scripts.results.page import number, page
from scripts.results.row import Part, Row
from truenorth.evaluation.contract import Figure

ROOT = Path(__file__).parents[1]
MADE = {
    "command": "make results", "machine": "2 cores", "seconds": 12.0, "memory_mb": 900, "day": "2026-01-01",
    "versions": {"truenorth": "0.1.0"},
}  # fmt: skip


def row(value: float | None, **more: Any) -> Row:
    return Row(what="figure", figure=Figure(metric="m", value=value, low=0.1, high=0.9, n=1234), **more)


def written(*rows: Row) -> str:
    part = Part(dataset="d", title="T", attribution="A", rows=rows)
    return page({"made": MADE, "parts": [json.loads(json.dumps(part.to_dict()))]})


@pytest.mark.parametrize(
    ("value", "options", "met"),
    [
        (0.87, {"bar": 0.87}, True),
        (0.8699, {"bar": 0.87}, False),
        (0.87, {"bar": 0.87, "strict": True}, False),
        (5.3, {"bar": 5.335, "higher_is_better": False, "strict": True}, True),
        (5.4, {"bar": 5.335, "higher_is_better": False, "strict": True}, False),
        (None, {"bar": 0.5}, False),
        (0.9, {}, None),
    ],
    ids=["reached", "just missed", "equal is not above", "below", "not below", "missing misses", "no bar"],
)
def test_a_bar_is_met_by_the_value_alone(value: float | None, options: dict[str, Any], met: bool | None):
    assert row(value, **options).met is met


def test_the_page_says_which_bars_are_not_met():
    text = written(row(0.5, bar=0.6), row(0.7, bar=0.6))
    assert text.count("**not met**") == 2  # among the bars, and in the table of the data
    assert "| d | figure | >= 0.6 | 0.700 | met |" in text


def test_every_figure_stands_beside_its_interval_and_n():
    assert "| figure | 0.500 | 0.100 to 0.900 | 1,234 |" in written(row(0.5))


def test_what_was_skipped_is_said_with_its_reason():
    part = Part(dataset="d", title="T", attribution="A", skipped="d is not here").to_dict()
    assert "Skipped: d is not here." in page({"made": MADE, "parts": [part]})


def test_the_page_in_the_repository_follows_from_its_json():
    """No number is typed: the page that lies there is what its JSON writes, where that JSON is at hand."""
    found = ROOT / "build" / "results.json"
    if not found.is_file():
        pytest.skip("build/results.json is not here; make results writes it")
    results = json.loads(found.read_text(encoding="utf-8"))
    text = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
    assert text == page(results)
    for part in results["parts"]:
        for one in part["rows"]:
            assert number(one["figure"]["value"], one["digits"]) in text


def test_every_dataset_names_its_publisher():
    assert all(re.search(r";|CC|open", one.ATTRIBUTION) and one.FOLDER for one in DATASETS.values())


def test_detected_cards_are_left_out_on_later_days():
    day = np.array([0, 0, 0, 1, 1, 1])
    card = np.array([1, 2, 3, 1, 2, 3])
    score = np.array([0.9, 0.8, 0.1, 0.9, 0.8, 0.1])
    fraud = np.array([1, 0, 1, 1, 0, 1])
    # day 0: cards 1 and 2, of which 1 is bad; day 1: card 1 is gone, so cards 2 and 3, of which 3 is bad
    assert card_precision_by_day(day, card, score, fraud, top=2).tolist() == [0.5, 0.5]


def test_a_card_is_as_risky_as_its_riskiest_payment():
    day, card = np.zeros(3, dtype=int), np.array([1, 1, 2])
    found = card_precision_by_day(day, card, np.array([0.1, 0.9, 0.5]), np.array([1, 0, 0]), top=1)
    assert found.tolist() == [1.0]


def test_the_protocol_leaves_a_week_between_parts_for_labels_to_be_known():
    framing = yaml.safe_load((ROOT / "examples" / "real" / "fraud_handbook.yaml").read_text())
    cases = protocol(framing, date(2018, 8, 8))["sources"]["payments"]["columns"]["part"]
    spans = re.findall(
        r"'(\d{4}-\d\d-\d\d) [^']*' and time < timestamp '(\d{4}-\d\d-\d\d) [^']*' then '(\w+)'", cases
    )
    begins = {part: (date.fromisoformat(start), date.fromisoformat(end)) for start, end, part in spans}
    order = ["calibration", "validation", "train", "test"]
    assert sorted(begins, key=lambda part: begins[part]) == order
    for before, after in pairwise(order):
        assert begins[after][0] - begins[before][1] == WEEK
    assert begins["train"] == (date(2018, 7, 25), date(2018, 8, 1))


def test_the_top_is_taken_of_lists_that_leave_a_choice():
    lists = np.array([7, 7, 7, 8, 8])
    score = np.array([0.2, 0.9, 0.5, 0.9, 0.8])
    assert top_of_lists(score, lists, np.ones(5, dtype=bool), top=2).tolist() == [1, 2]
    assert top_of_lists(score, lists, np.array([True, True, False, True, True]), top=2).tolist() == []


def test_the_scale_of_a_series_does_not_read_its_test_hours():
    values = np.arange(200.0)
    assert naive_error(values) == 24.0
    assert naive_error(np.append(values[:-48], np.full(48, 1e9))) == 24.0
