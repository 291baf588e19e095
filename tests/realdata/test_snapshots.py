"""One moment or none: an e-mail experiment, credit clients, questions to an assistant."""

import csv
import json
from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import yaml

import truenorth
from tests.realdata.direct import DATA, FRAMINGS, assert_equal, needs, values
from truenorth import Built


def marked(folder: str) -> Any:
    def mark(test: Any) -> Any:
        for one in needs(folder):
            test = one(test)
        return test

    return mark


def rows(*path: str) -> list[dict[str, str]]:
    with DATA.joinpath(*path).open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def mailing(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return truenorth.build(FRAMINGS / "hillstrom_uplift.yaml", out=tmp_path_factory.mktemp("hillstrom"))


@marked("hillstrom")
def test_arms_of_the_mailing_have_their_published_rates(mailing: Built):
    examples = mailing.examples
    assert examples.num_rows == 64_000
    action, spend = values(examples, "action"), np.nan_to_num(values(examples, "spend"))
    rates = {
        arm: (
            round(100 * values(examples, "visit")[action == arm].mean(), 2),
            round(spend[action == arm].mean(), 3),
        )
        for arm in np.unique(action)
    }
    # spend is `given` a purchase: undefined means 0 here, so the mean over everyone is the published one
    assert rates == {
        "Mens E-Mail": (18.28, 1.423),
        "Womens E-Mail": (15.14, 1.077),
        "No E-Mail": (10.62, 0.653),
    }


@marked("hillstrom")
def test_given_leaves_a_chain_of_visits_purchases_and_amounts(mailing: Built):
    log, labels = rows("hillstrom", "hillstrom.csv"), mailing.profile["tables"]["examples"]["labels"]
    visits = sum(row["visit"] == "1" for row in log)
    bought = sum(row["conversion"] == "1" for row in log)
    assert not any(row["conversion"] == "1" and row["visit"] == "0" for row in log)
    assert (labels["visit"]["observed"], labels["visit"]["positives"]) == (64_000, visits)
    assert (labels["conversion"]["observed"], labels["conversion"]["positives"]) == (visits, bought)
    assert labels["spend"]["observed"] == bought == 578


@marked("hillstrom")
def test_customers_who_look_alike_are_kept_with_a_name_of_their_own(mailing: Built):
    repeats = Counter(tuple(row.values()) for row in rows("hillstrom", "hillstrom.csv"))
    assert sum(repeats.values()) - len(repeats) == 6_562
    assert len(mailing.examples["example_id"].unique()) == 64_000
    framing = yaml.safe_load((FRAMINGS / "hillstrom_uplift.yaml").read_text())
    del framing["sources"]["mailing"]["duplicates"]
    with pytest.raises(truenorth.DataError, match="LOG005"):
        truenorth.build(framing, base=FRAMINGS)


@marked("hillstrom")
def test_a_snapshot_read_on_the_day_its_outcome_is_due_knows_none():
    built = truenorth.build(FRAMINGS / "hillstrom_uplift.yaml", as_of="2008-04-03")
    assert set(values(built.examples, "visit__state")) == {"immature"}  # due at that very microsecond
    assert np.isnan(values(built.examples, "visit")).all()


@marked("taiwan_default")
def test_credit_ratios_survive_bills_of_zero(tmp_path: Any):
    built = truenorth.build(FRAMINGS / "taiwan_credit.yaml", out=tmp_path)
    log = rows("taiwan_default", "UCI_Credit_Card.csv")
    examples = built.examples.sort_by("ID")
    assert examples.num_rows == len(log) == 30_000
    assert_equal(values(examples, "ID"), np.array([int(row["ID"]) for row in log]))
    assert values(examples, "default_next_month").sum() == 6_636
    bills = np.array([float(row["BILL_AMT2"]) for row in log])
    paid = np.array([float(row["PAY_AMT1"]) for row in log])
    wanted = np.where(bills == 0, np.nan, paid / np.where(bills == 0, 1, bills))
    assert_equal(values(examples, "paid_share"), wanted)
    used = np.array([float(row["BILL_AMT1"]) / float(row["LIMIT_BAL"]) for row in log])
    assert_equal(values(examples, "utilisation"), used)
    assert np.isnan(wanted).sum() == 2_506
    assert (wanted < 0).sum() > 0  # overpaid bills are negative
    parts = {one: (values(examples, "split") == one).mean() for one in ("train", "test")}
    assert parts == pytest.approx({"train": 0.6, "test": 0.2}, abs=0.01)
    # protected attributes are kept beside the features, never among them
    assert {"SEX", "AGE", "EDUCATION", "MARRIAGE"} <= set(examples.column_names)
    assert set(built.profile["tables"]["examples"]["features"]) == {
        "credit_limit", "delay", "utilisation", "paid_share",
    }  # fmt: skip


@pytest.fixture(scope="module")
def questions() -> list[tuple[str, str, str]]:
    """Text, intent and part of each question; out of scope questions come in parts of their own."""
    parts = json.loads((DATA / "clinc150" / "data_full.json").read_text())
    return [
        (text, intent, part.removeprefix("oos_")) for part, pairs in parts.items() for text, intent in pairs
    ]


@marked("clinc150")
def test_questions_keep_their_published_parts(questions: list[tuple[str, str, str]], tmp_path: Any):
    texts, intents, parts = zip(*questions, strict=True)
    ids = list(range(len(texts)))
    frame = pa.table({"id": ids, "text": texts, "intent": intents, "part": parts})
    built = truenorth.build(FRAMINGS / "clinc150_intent.yaml", frames={"queries": frame}, out=tmp_path)
    report = built.profile["tables"]["examples"]["parts"]
    assert {name: (one["rows"], one["labels"]["in_scope"]["positives"]) for name, one in report.items()} == {
        "train": (15_100, 15_000),
        "validation": (3_100, 3_000),
        "test": (5_500, 4_500),
    }
    examples = built.examples.sort_by("id")
    assert examples["text"].to_pylist() == list(texts)
    assert examples["intent"].to_pylist() == [None if one == "oos" else one for one in intents]
    observed = examples.filter(values(examples, "intent__state") == "observed")
    assert len(observed["intent"].unique()) == 150
    assert set(Counter(observed["intent"].to_pylist()).values()) == {150}  # 100 + 20 + 30 of each
    assert set(values(examples, "at").astype(str)) <= {"NaT", "nan", "None"}
