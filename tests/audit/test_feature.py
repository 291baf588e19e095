"""FEAT: each rule fires on an input that will not be there, or should not, and is silent on a near miss."""

from typing import Any

import numpy as np
import pytest

from tests.audit.framings import GONE, ask, fire_and_near_miss, state
from tests.audit.tables import N, asked, evidence_of, table, vector
from truenorth.audit.evidence import DataEvidence
from truenorth.audit.measured.drift import drift

SPEND = {"source": "payments", "by": "customer", "mean": "amount", "last": ["1d", "7d"], "default": 0}
RISK = {"source": "chargebacks", "by": "terminal", "count": True, "last": "30d"}
CLICKS = {"path": "clicks.parquet", "time": "clicked_at", "key": "click"}


def clicks(n: int, **more: Any) -> dict[str, Any]:
    """Windows over another source, beside five features of the clean framing."""
    window = {"source": "clicks", "by": "customer", "count": True, "last": "7d", "serve": "batch", **more}
    return {"sources.clicks": CLICKS} | {f"features.clicks{index}": window for index in range(n)}


CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "FEAT001": (
        {"features.spend": SPEND},
        {"features.spend": SPEND, "serving.mode": "batch"},
    ),
    "FEAT002": (
        {"features.spend": {**SPEND, "last": ["1h", "7d"], "freshness": "2h"}},
        {"features.spend": {**SPEND, "last": ["1h", "7d"], "freshness": "1h"}},
    ),
    "FEAT004": (
        {"features.who": {"column": "customer", "as": "number"}},
        {"features.who": {"column": "customer", "as": "category"}},
    ),
    "FEAT006": (
        {"features.spend": GONE},
        {"features.spend": GONE, "features.who": {"column": "customer", "as": "category"}},
    ),
    "FEAT008": (
        {"features.mail": {"column": "email_address", "as": "category"}},
        {"features.mail": {"column": "mails_sent"}},
    ),
    "FEAT009": (clicks(5), clicks(5, default=0)),
}
"""Per rule: changes of the clean framing on which it fires, and near misses on which it does not."""


test_fires, test_is_silent_on_a_near_miss = fire_and_near_miss(CASES)


def findings(code: str, evidence: DataEvidence, **about: Any) -> list[Any]:
    return list(asked(code, evidence, **about).findings)


# FEAT001 and FEAT002


def test_one_finding_lists_what_says_nothing_by_the_names_of_the_file():
    changes = {"features.spend": SPEND, "features.terminal_risk": RISK}
    (finding,) = ask("FEAT001", changes).findings
    assert finding.evidence.endswith("2 of 2: spend, terminal_risk.")
    assert finding.numbers == {"silent": 2, "windows": 2}


@pytest.mark.parametrize("said", [{"serve": "stream"}, {"freshness": "1m"}, {"refresh": "1h"}])
def test_any_of_three_words_is_enough(said: dict[str, Any]):
    assert state("FEAT001", {"features.spend": {**SPEND, **said}}) == "silent"


def test_a_run_that_takes_long_makes_its_values_older():
    risk = {**RISK, "last": "25h", "refresh": {"every": "1d", "takes": "2h"}, "serve": "batch"}
    (finding,) = ask("FEAT002", {"features.terminal_risk": risk}).findings
    assert finding.numbers == {"oldest_seconds": 26 * 3_600, "window_seconds": 25 * 3_600}
    assert finding.path == ("features", "terminal_risk")


def test_a_refresh_must_keep_the_freshness_that_is_promised():
    risk = {**RISK, "refresh": "1d", "freshness": "6h"}
    (finding,) = ask("FEAT002", {"features.terminal_risk": risk}).findings
    assert finding.fix == "freshness: 1d"


# FEAT004


@pytest.mark.parametrize(("levels", "fires"), [(500, True), (5, False)])
def test_an_identifier_is_a_number_where_the_file_has_many_numbers(levels: int, fires: bool):
    changes = {"features.shop": {"column": "shop_id"}}
    shop = np.random.default_rng(0).integers(0, levels, N).astype(float)
    assert len(findings("FEAT004", evidence_of({"shop": shop}, changes=changes))) == fires


def test_an_identifier_of_texts_is_a_category():
    changes = {"features.shop": {"column": "shop_id"}}
    shop = np.array([f"s{n}" for n in range(N)], dtype=object)
    assert not findings("FEAT004", evidence_of({"shop": shop}, changes=changes))
    assert state("FEAT004", changes) == "not assessed"


@pytest.mark.parametrize("column", ["ShopID", "zip_code", "customer"])
def test_names_and_keys_identify(column: str):
    changes = {"features.shop": {"column": column, "as": "number"}}
    (finding,) = ask("FEAT004", changes).findings
    assert finding.fix == f"shop: {{column: {column}, as: category}}"


@pytest.mark.parametrize("column", ["paid", "idle_minutes", "monkeys"])
def test_names_that_only_contain_the_letters_do_not(column: str):
    assert state("FEAT004", {"features.shop": {"column": column, "as": "number"}}) == "silent"


# FEAT006, FEAT008, FEAT009


def test_nothing_of_the_moment_teaches_and_nothing_of_a_side_warns():
    usual = {"source": "payments", "by": "customer", "latest": "amount", "serve": "batch"}
    no_moment = {"features.amount": usual, "features.at_night": GONE}
    assert [one.severity for one in ask("FEAT006", no_moment).findings] == ["info"]
    (finding,) = ask("FEAT006", {"features.terminal_risk": GONE}).findings
    assert (finding.severity, "got none of terminal" in finding.evidence) == ("warn", True)


def test_a_session_needs_no_past():
    assert state("FEAT006", {"examples.entity": ["payment", "customer", "terminal", "session"]}) == "silent"


@pytest.mark.parametrize("column", ["date_of_birth", "holderName", "PhoneNumber", "street", "name"])
def test_columns_that_say_who_somebody_is_are_named(column: str):
    (finding,) = ask("FEAT008", {"features.x": {"column": column, "as": "category"}}).findings
    assert finding.fix == f"take x out, and governance: {{forbidden: [{column}]}}"


@pytest.mark.parametrize("column", ["terminal_name", "phones_sold", "addressee_count", "streets"])
def test_other_names_are_not_personal(column: str):
    assert state("FEAT008", {"features.x": {"column": column, "as": "category"}}) == "silent"


def test_personal_columns_in_a_window_count_too():
    window = {"source": "payments", "by": "customer", "distinct": "email", "last": "7d", "serve": "batch"}
    assert state("FEAT008", {"features.mails": window}) == "fired"


def test_four_of_nine_are_not_most():
    (finding,) = ask("FEAT009", clicks(5)).findings
    assert finding.numbers == {"features": 5, "total": 10}
    assert finding.path == ("sources", "clicks")
    assert state("FEAT009", clicks(4)) == "silent"


# FEAT003


def emptied(part: str, share: float, name: str = "amount") -> dict[str, Any]:
    """A column that is missing in a share of one part."""
    columns, rng = table(), np.random.default_rng(1)
    gone = (columns["split"] == part) & (rng.random(N) < share)
    return {name: np.where(gone, np.nan, columns[name])}


@pytest.mark.parametrize(
    ("part", "share", "name", "fires"),
    [
        ("test", 0.3, "amount", True),
        ("train", 0.3, "amount", True),
        ("test", 0.05, "amount", False),
        ("test", 0.3, "spend_7d", True),
        ("train", 0.3, "spend_7d", False),
    ],
    ids=["empties", "fills up", "a little", "a window that empties", "a window that gains history"],
)
def test_missing_shares_are_compared(part: str, share: float, name: str, fires: bool):
    found = findings("FEAT003", evidence_of(emptied(part, share, name)))
    assert [one.path for one in found] == [("features", name)] * fires
    if fires:
        assert found[0].numbers[f"missing_{part}"] == pytest.approx(share, abs=0.05)


@pytest.mark.parametrize(("weight", "fires"), [(0.9, True), (0.4, False)])
def test_the_mix_of_a_category_is_compared(weight: float, fires: bool):
    columns, rng = table(), np.random.default_rng(2)
    kinds = rng.choice(np.array(["a", "b", "c"], dtype=object), N)
    moved = rng.choice(np.array(["a", "b", "c"], dtype=object), N, p=[weight, *[(1 - weight) / 2] * 2])
    kind = np.where(columns["split"] == "test", moved, kinds)
    changes = {"features.kind": {"column": "kind", "as": "category"}}
    found = findings("FEAT003", evidence_of({"kind": kind}, changes=changes))
    assert len(found) == fires
    for one in found:
        assert one.numbers["psi"] > 0.25 > one.numbers["psi_null"]


def test_a_number_that_moves_is_left_to_monitoring():
    columns = table()
    risen = np.where(columns["split"] == "test", columns["amount"] * 10, columns["amount"])
    assert not findings("FEAT003", evidence_of({"amount": risen}))


def test_few_rows_are_not_assessed():
    split = np.array(["train"] * (N - 50) + ["test"] * 50, dtype=object)
    assert asked("FEAT003", evidence_of({"split": split})).answers[0].state == "not assessed"


def test_unseen_and_missing_categories_have_bins_of_their_own():
    before = vector(np.array(["a", "b"] * 500, dtype=object))
    unseen = drift(before, vector(np.array(["a", "z"] * 500, dtype=object)))
    missing = drift(before, vector(np.array(["a", None] * 500, dtype=object)))
    same = drift(before, vector(np.array(["b", "a"] * 500, dtype=object)))
    assert unseen is not None and missing is not None and same is not None
    assert same.psi == pytest.approx(0, abs=1e-9)
    assert unseen.psi == pytest.approx(missing.psi) and unseen.psi > 3
    assert missing.missing_after == 0.5


# FEAT005 and FEAT007


@pytest.mark.parametrize(
    ("values", "fires"),
    [
        (np.full(N, 7.0), True),
        (np.full(N, np.nan), True),
        (np.where(np.arange(N) % 2, 7.0, np.nan), False),
        (np.array(["FR"] * N, dtype=object), True),
        (np.arange(N) % 2.0, False),
    ],
    ids=["one number", "nothing", "one number and gaps", "one text", "two numbers"],
)
def test_a_feature_has_more_than_one_value(values: Any, fires: bool):
    found = findings("FEAT005", evidence_of({"terminal_risk": values}))
    assert [one.path for one in found] == [("features", "terminal_risk")] * fires


def test_a_value_that_only_the_test_has_teaches_nothing():
    columns = table()
    late = np.where(columns["split"] == "test", columns["amount"], 1.0)
    (finding,) = findings("FEAT005", evidence_of({"amount": late}))
    assert "one, 1 in 2,400 training rows" in finding.evidence


def test_a_value_that_identifies_a_person_is_not_shown():
    mail = np.array(["ann.lee@example.com"] * N, dtype=object)
    (finding,) = findings("FEAT005", evidence_of({"terminal_risk": mail}))
    assert "ann.lee" not in str(finding)
    assert "got one, not shown" in finding.evidence and "2,400 training rows" in finding.evidence


def newcomers(share: float, *, is_missing: bool = True) -> dict[str, Any]:
    """The healthy table with new customers in the test, of whom nothing is known yet."""
    columns, rng = table(), np.random.default_rng(3)
    new = (columns["split"] == "test") & (rng.random(N) < share)
    known = np.isin(columns["customer"], columns["customer"][columns["split"] == "train"])
    customer = np.where(new, 10_000 + np.arange(N) % 50, np.where(known, columns["customer"], 0))
    spend = np.where(new & is_missing, np.nan, columns["spend_7d"])
    return {"customer": customer, "spend_7d": spend}


@pytest.mark.parametrize(
    ("share", "is_missing", "default", "fires"),
    [(0.3, True, GONE, True), (0.3, True, 0, False), (0.3, False, GONE, False), (0.03, True, GONE, False)],
    ids=["nothing is known", "a default", "something is known", "few"],
)
def test_new_entities_need_something_to_go_by(share: float, is_missing: bool, default: Any, fires: bool):
    changes = {"features.spend.default": default}
    found = findings("FEAT007", evidence_of(newcomers(share, is_missing=is_missing), changes=changes))
    assert [one.path for one in found] == [("features", "spend_7d")] * fires
    for one in found:
        assert one.numbers["share_new"] == pytest.approx(share, abs=0.06)
        assert one.numbers["spend_7d"] == 1


# FEAT010


def run_with(share: float) -> dict[str, Any]:
    """The part of `run.json` that says what each feature contributes."""
    listed = [
        {"feature": "amount", "mean_absolute": 1 - share},
        {"feature": "spend_1d", "mean_absolute": share / 2},
        {"feature": "spend_7d", "mean_absolute": share / 2},
    ]
    return {"train": {"tasks": {"fraud": {"form": "trees", "contributions": listed}}}}


def test_streams_that_contribute_next_to_nothing_are_named():
    (finding,) = ask("FEAT010", run=run_with(0.004)).findings
    assert finding.severity == "info" and finding.numbers == {"streams": 2, "fraud": pytest.approx(0.004)}


def test_streams_that_contribute_are_not_assessed_before_a_run_compares():
    answer = ask("FEAT010", run=run_with(0.3)).by_code["FEAT010"]
    assert (answer.state, "30%" in answer.reason) == ("not assessed", True)


def test_no_contributions_are_no_pass():
    run = {"train": {"tasks": {"fraud": {"form": "rule", "contributions": []}}}}
    assert state("FEAT010", run=run) == "not assessed"


def test_features_of_a_nightly_run_are_no_streams():
    nightly = {"features.spend": {**SPEND, "refresh": "1d"}}
    assert state("FEAT010", nightly, run=run_with(0.004)) == "silent"


@pytest.mark.parametrize("code", ["FEAT003", "FEAT005", "FEAT007"])
def test_a_healthy_table_is_silent(code: str):
    assert asked(code, evidence_of()).answers[0].state == "silent"
