"""Leaks that real logs hold: statistics of the month, a page's value, the same message twice."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.realdata.direct import DATA, ROOT, needs
from truenorth.audit import Subject, audit, rules
from truenorth.audit.reading import build_evidence, readable
from truenorth.framing.load import inspect_text

TODAY = date(2026, 6, 1)
CATALOGUE = ROOT / "src" / "truenorth" / "systems" / "catalogue"
STATISTICS = ("show_cnt", "play_cnt", "long_time_play_cnt", "like_cnt", "play_progress", "comment_cnt")
SHOPPERS = """\
framing: 1
name: purchase-intent
business: {goal: Help visitors who are about to buy, decision: whether to open a chat}
sources:
  sessions:
    path: online_shoppers/online_shoppers_intention.csv
    format: csv
    options: {delimiter: ";"}
    time: none
    duplicates: keep
    static: [Administrative, Informational, ProductRelated, ProductRelated_Duration, BounceRates, ExitRates,
             PageValues, SpecialDay, Month, VisitorType, Revenue]
    types: {Revenue: boolean, Month: category, VisitorType: category}
examples: {source: sessions, entity: row, at: none}
labels: {purchase: {when: Revenue, judged: {by: the shop, agreement: 1}}}
features:
  administrative: {column: Administrative}
  informational: {column: Informational}
  product_pages: {column: ProductRelated}
  product_seconds: {column: ProductRelated_Duration}
  bounce_rate: {column: BounceRates}
  exit_rate: {column: ExitRates}
  page_values: {column: PageValues}
  special_day: {column: SpecialDay}
  month: {column: Month, as: category}
  visitor: {column: VisitorType, as: category}
objective: {score: purchase, metric: average_precision(purchase)}
models: {rule: product_pages, candidates: [linear, trees]}
split: {random: {train: 60%, validation: 10%, calibration: 10%, test: 20%}, seed: 1, reason: no dates}
"""


def marked(folder: str) -> Any:
    def mark(test: Any) -> Any:
        for one in needs(folder):
            test = one(test)
        return test

    return mark


def found(text: str, base: Path, *codes: str) -> list[Any]:
    """Build the examples of a framing and return what some rules find in them."""
    made = inspect_text(text, today=TODAY)
    framing = readable(made)
    evidence = build_evidence(framing, made.findings, base=base)
    subject = Subject(
        framing=framing, today=TODAY, document=made.document, proved=made.findings, data=evidence
    )
    asked = [rule for rule in rules() if rule.code in codes]
    assert len(asked) == len(codes)
    return list(audit(subject, rules=asked).findings)


def feed(*, with_statistics: bool) -> str:
    """The ready feed, and what its file warns of: the statistics of the month, joined by video."""
    plain = yaml.safe_load((CATALOGUE / "video-feed" / "real" / "framing.yaml").read_text())
    for source in plain["sources"].values():
        source["path"] = source["path"].removeprefix("data/")
    if with_statistics:
        plain["sources"]["month"] = {
            "path": "kuairand_pure/video_month_statistics.parquet", "time": "none", "key": "video_id",
            "static": list(STATISTICS),
        }  # fmt: skip
        plain["features"] |= {name: {"column": name} for name in STATISTICS}
    return yaml.safe_dump(plain, sort_keys=False, width=400)


@marked("kuairand_pure")
def test_statistics_of_the_month_are_named_and_nothing_else_of_the_feed():
    findings = found(feed(with_statistics=True), DATA, "LEAK010", "LEAK011")
    assert {one.path[1]: one.severity for one in findings} == dict.fromkeys(STATISTICS, "error")
    ahead = {one.path[1]: one.numbers["ahead"] for one in findings}
    assert ahead["play_cnt"] == pytest.approx(0.43, abs=0.02)
    assert min(ahead.values()) > 0.2


@marked("kuairand_pure")
def test_the_ready_feed_holds_no_leak_that_the_data_show():
    codes = ("LEAK005", "LEAK008", "LEAK010", "LEAK011", "LEAK012", "FEAT003", "FEAT005", "FEAT007")
    assert found(feed(with_statistics=False), DATA, *codes) == []


@marked("online_shoppers")
def test_the_value_of_a_page_nearly_decides_a_purchase():
    findings = found(SHOPPERS, DATA, "LEAK005")
    assert [one.path for one in findings] == [("features", "page_values")]
    numbers = findings[0].numbers
    assert numbers["alone"] == pytest.approx(0.857, abs=0.01)
    assert numbers["next"] == pytest.approx(0.690, abs=0.01)
    assert numbers["with_all"] > 0.9 and numbers["without"] < 0.82


@marked("sms_spam")
def test_messages_sent_to_many_are_twins_unless_equals_stay_together():
    text = (CATALOGUE / "spam" / "real" / "framing.yaml").read_text().replace("data/sms_spam", "sms_spam")
    assert found(text, DATA, "LEAK008") == []
    (finding,) = found(text.replace("  together: text\n", ""), DATA, "LEAK008")
    assert finding.severity == "warn"
    assert 0.02 < finding.numbers["share"] < 0.1
    assert {"area", "area_without"} <= finding.numbers.keys()
