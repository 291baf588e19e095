"""LEAK: each rule fires on what was known only later, and is silent on a near miss."""

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest

from tests.audit.framings import GONE, ask, fire_and_near_miss, state
from tests.audit.tables import DAY, START, N, asked, evidence_of, table
from truenorth.audit.evidence import DataEvidence
from truenorth.audit.measured.drift import drift
from truenorth.audit.measured.impact import impact
from truenorth.audit.measured.period_aggregates import partial_rank_correlation
from truenorth.audit.measured.split_twins import rounded, twins
from truenorth.engine.vectors import Vector

COUNTRIES = {"path": "countries.parquet", "time": "none", "key": "country", "static": ["income"]}
TERMINALS = {
    "path": "terminals.parquet",
    "time": "none",
    "key": "terminal",
    "static": ["kind", "total_sales"],
}
MAIL = """\
framing: 1
name: messages
business: {goal: Keep spam out}
sources: {mail: {path: mail.parquet, time: none, key: id, static: [text, mark, folder]}}
examples: {source: mail, entity: id, at: none}
labels: {spam: {when: mark = 'spam', judged: {by: us, agreement: 1}}}
features: {text: {column: text, as: text}}
objective: {score: spam, metric: roc_auc(spam)}
split: {random: {train: 70%, test: 30%}, seed: 1, reason: no dates}
"""


def periods(test: str) -> dict[str, str]:
    """A split by dates with a validation part that ends where the test starts."""
    return {
        "train": "2026-01-01..2026-02-01", "validation": f"2026-02-01..{test}", "test": f"{test}..2026-03-10",
    }  # fmt: skip


CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "LEAK001": (
        {"sources.payments.known_after": {"marked": "7d"}, "features.marked": {"column": "marked"}},
        {
            "sources.payments.known_after": {"marked": "7d"},
            "features.marked": {"source": "payments", "by": "customer", "sum": "marked", "last": "14d"},
        },
    ),
    "LEAK002": (
        {
            "sources.payments.known_after": {"marked": "7d"},
            "features.marked": {"source": "payments", "by": "customer", "sum": "marked", "last": "7d"},
        },
        {
            "sources.payments.known_after": {"marked": "7d"},
            "features.marked": {
                "source": "payments", "by": "customer", "sum": "marked", "last": "7d", "gap": "7d",
            },
        },
    ),
    "LEAK003": (
        {"features.double": {"sql": "amount * fraud"}},
        {"features.double": {"sql": "amount * terminal_risk"}},
    ),
    "LEAK004": (
        {"sources.places": COUNTRIES, "features.income": {"column": "income"}},
        {
            "sources.places": {"path": "countries.parquet", "time": "measured_at", "key": "country"},
            "features.income": {"source": "places", "by": "country", "latest": "income", "serve": "batch"},
        },
    ),
    "LEAK006": (
        {"split": {"random": {"train": "80%", "test": "20%"}, "reason": "more rows"}},
        {
            "split": {"random": {"train": "80%", "test": "20%"}, "reason": "one snapshot"},
            "sources.payments.time": "2026-01-01",
        },
    ),
    "LEAK007": (
        {"split": periods("2026-02-05")},
        {"split": periods("2026-02-20")},
    ),
    "LEAK009": (
        {"examples.position": "slot", "features.place": {"column": "slot"}},
        {"examples.position": "place", "examples.group": ["session"],
         "examples.decision": ["session", "slot"], "features.place": {"column": "slot"}},
    ),
    "LEAK011": (
        {"sources.terminals": TERMINALS, "features.total": {"column": "total_sales"}},
        {"sources.terminals": TERMINALS, "features.kind": {"column": "kind", "as": "category"}},
    ),
}  # fmt: skip
"""Per rule: changes of the clean framing on which it fires, and near misses on which it does not."""


test_fires, test_is_silent_on_a_near_miss = fire_and_near_miss(CASES)


def findings(code: str, evidence: DataEvidence, **about: Any) -> list[Any]:
    return list(asked(code, evidence, **about).findings)


# LEAK002: what the data say of the declared delay


def claims(lag: timedelta) -> dict[str, dict[str, list[Any]]]:
    """The first rows of a log whose rows come in some time after they happened."""
    times = [datetime(2026, 1, 1) + timedelta(hours=hour) for hour in range(200)]
    return {"chargebacks": {"charged_back_at": times, "received_at": [time + lag for time in times]}}


UNDATED_RECEIPT = {"sources.chargebacks.known_at": GONE, "sources.chargebacks.known_after": "0s"}


def test_a_column_of_arrival_that_nobody_uses_is_named_with_its_delay():
    evidence = evidence_of(changes=UNDATED_RECEIPT, heads=claims(timedelta(days=2)))
    (finding,) = findings("LEAK002", evidence, changes=UNDATED_RECEIPT)
    assert finding.severity == "error"
    assert "2.0 days" in finding.evidence and "terminal_risk" in finding.evidence
    assert finding.fix == "known_at: received_at, known_after: 2d"
    assert finding.numbers["lag_p95_seconds"] == 2 * 86_400


@pytest.mark.parametrize("declared", ["2d", "3d"])
def test_a_declared_delay_that_covers_the_arrival_is_silent(declared: str):
    changes = UNDATED_RECEIPT | {"sources.chargebacks.known_after": declared}
    assert not findings("LEAK002", evidence_of(changes=changes, heads=claims(timedelta(days=2))))


def test_a_column_that_lies_before_the_event_is_no_arrival():
    evidence = evidence_of(changes=UNDATED_RECEIPT, heads=claims(timedelta(days=-2)))
    assert not findings("LEAK002", evidence)


@pytest.mark.parametrize(("late", "fires"), [(3 * 86_400.0, True), (86_400.0, False)])
def test_a_promise_is_broken_where_one_value_in_twenty_breaks_it(late: float, fires: bool):
    lags = {"0.5": 60.0, "0.95": late, "0.99": late, "1.0": 9 * 86_400.0}
    report = {"chargebacks": {"lag_seconds": {"received_at": lags}, "n_late": 70, "n_read": 1_000}}
    found = findings("LEAK002", evidence_of(build={"sources": report}))
    assert [one.severity for one in found] == ["warn"] * fires
    assert [one.fix for one in found] == ["known_after: 3d"] * fires


def test_an_outcome_that_is_said_to_be_known_at_once_is_not_assessed():
    changes = {
        "sources.payments.known_after": {"marked": "0s"},
        "labels.fraud": {"when": "marked = 1"},
        "features.risk": {"source": "payments", "by": "terminal", "mean": "marked", "last": "7d"},
    }
    answer = asked("LEAK002", evidence_of(changes=changes)).answers[0]
    assert (answer.state, "payments.marked" in answer.reason) == ("not assessed", True)
    assert state("LEAK002", changes) == "not assessed"
    later = changes | {"sources.payments.known_after": {"marked": "1d"}}
    assert state("LEAK002", later) == "silent"
    assert asked("LEAK002", evidence_of(changes=later)).answers[0].state == "silent"


# LEAK003 and LEAK004


@pytest.mark.parametrize(
    ("feature", "severity"),
    [
        ({"column": "mark", "as": "category"}, ["error"]),
        ({"sql": "length(mark)"}, ["error"]),
        ({"column": "is_marked"}, ["error"]),
        ({"column": "folder", "as": "category"}, ["warn"]),
        ({"sql": "length(text)"}, []),
    ],
    ids=["itself", "through sql", "through a derived column", "of a label that is only measured", "another"],
)
def test_a_column_that_an_undated_label_is_read_off_is_the_label(
    feature: dict[str, Any], severity: list[str]
):
    changes = {
        "features.seen": feature,
        "sources.mail.columns": {"is_marked": "case when mark = 'spam' then 1 else 0 end"},
        "labels.moved": {"when": "folder = 'junk'", "judged": {"by": "us", "agreement": 1}},
    }
    found = ask("LEAK003", changes, text=MAIL).findings
    assert [one.severity for one in found] == severity
    assert all(one.path[:2] == ("features", "seen") for one in found)


def test_a_window_over_events_with_an_undated_attribute_is_undated_too():
    changes = {
        "sources.places": {**COUNTRIES, "key": "shop", "static": ["kind"]},
        "sources.chargebacks.lookup": {"kind": {"source": "places", "by": "shop", "column": "kind"}},
        "features.kinds": {"source": "chargebacks", "by": "terminal", "latest": "kind", "serve": "batch"},
    }
    (finding,) = ask("LEAK004", changes).findings
    assert finding.path == ("sources", "places", "static")
    assert "kind without a date (read by the windows of kinds)" in finding.evidence


# LEAK005


def leaky(strength: float, name: str = "amount", seed: int = 3) -> dict[str, Any]:
    """A column that agrees with the label but for some noise, and the label."""
    rng = np.random.default_rng(seed)
    fraud = (rng.random(N) < 0.2).astype(float)
    return {"columns": {name: fraud * strength + rng.normal(size=N)}, "labels": {"fraud": fraud}}


def test_a_column_that_is_nearly_the_label_decides_it():
    (finding,) = findings("LEAK005", evidence_of(**leaky(4.0)))
    assert finding.path == ("features", "amount")
    assert finding.numbers["alone"] > 0.95 > 0.6 > finding.numbers["without"]
    assert f"{finding.numbers['with_all']:.3f} with it" in finding.evidence


def test_a_column_that_leads_by_far_decides_it():
    (finding,) = findings("LEAK005", evidence_of(**leaky(1.6)))
    assert 0.75 < finding.numbers["alone"] < 0.95


@pytest.mark.parametrize(("name", "strength"), [("amount", 0.7), ("spend_7d", 1.6)])
def test_a_driver_and_a_window_that_leads_do_not(name: str, strength: float):
    assert not findings("LEAK005", evidence_of(**leaky(strength, name)))


def test_a_window_that_admits_its_own_row_is_not_proved():
    changes = {"features.spend.closed": "both"}
    assert len(findings("LEAK005", evidence_of(**leaky(1.6, "spend_7d"), changes=changes))) == 1


def test_a_window_that_is_the_label_does():
    assert len(findings("LEAK005", evidence_of(**leaky(4.0, "spend_7d")))) == 1


def test_a_lead_that_others_make_up_for_is_none():
    planted = leaky(1.6)
    rng = np.random.default_rng(9)
    fraud = planted["labels"]["fraud"]
    for name in ("spend_1d", "spend_7d", "terminal_risk", "at_night"):
        planted["columns"][name] = fraud * 0.9 + rng.normal(size=N)
    assert not findings("LEAK005", evidence_of(**planted))


def test_too_few_positives_are_not_assessed():
    answer = asked("LEAK005", evidence_of(labels={"fraud": np.zeros(N)})).answers[0]
    assert answer.state == "not assessed"


def test_impact_is_nothing_for_a_column_that_says_nothing():
    found = impact(evidence_of(), "fraud", ["at_night"])
    assert found is not None and abs(found.with_all - found.without) < 0.03


# LEAK006 and LEAK008


def test_published_parts_that_interleave_are_a_random_split():
    changes = {"split": {"column": "part", "train": "a", "test": "b"}}
    rng = np.random.default_rng(1)
    mixed = rng.choice(np.array(["train", "test"], dtype=object), N)
    (finding,) = findings("LEAK006", evidence_of({"split": mixed}, changes=changes))
    assert 0.4 < finding.numbers["after_median_test_row"] < 0.6
    assert not findings("LEAK006", evidence_of(changes=changes))
    assert state("LEAK006", changes) == "not assessed"


def copied(share: float, *, noise: float = 0.0) -> dict[str, Any]:
    """The healthy table with some test rows replaced by copies of training rows."""
    columns, rng = table(), np.random.default_rng(5)
    test, train = np.flatnonzero(columns["split"] == "test"), np.flatnonzero(columns["split"] == "train")
    to = rng.choice(test, int(share * len(test)), replace=False)
    source = rng.choice(train, len(to), replace=False)
    made: dict[str, Any] = {}
    for name in ("amount", "at_night", "spend_1d", "spend_7d", "terminal_risk"):
        made[name] = columns[name].copy()
        made[name][to] = made[name][source] * (1 + noise)
    return made


@pytest.mark.parametrize(("noise", "exact"), [(0.0, 180), (1e-6, 0)])
def test_copies_of_training_rows_are_found(noise: float, exact: int):
    (finding,) = findings("LEAK008", evidence_of(copied(0.3, noise=noise)))
    assert finding.numbers["twins"] == pytest.approx(180, abs=12)  # a few lie on the edge of a digit
    assert finding.numbers["exact"] == exact
    assert finding.severity == "error"


def test_rows_that_chance_repeats_are_no_twins():
    rng = np.random.default_rng(2)
    few = {
        name: rng.integers(0, 3, N).astype(float)
        for name in ("amount", "spend_1d", "spend_7d", "terminal_risk")
    }
    found = twins(evidence_of(few), is_text=frozenset())
    assert found is not None and found.share == 0
    assert not findings("LEAK008", evidence_of(few))


def test_what_training_repeats_of_its_own_past_is_no_finding():
    columns = table()
    again = {
        name: np.tile(columns[name][: N // 20], 20)
        for name in ("amount", "at_night", "spend_1d", "spend_7d", "terminal_risk")
    }
    assert not findings("LEAK008", evidence_of(again))


def test_messages_that_differ_in_case_and_numbers_are_near_twins():
    rng = np.random.default_rng(4)
    words = np.array("call me tomorrow about the house we saw on monday with anna and tom please".split())
    mails = np.array([" ".join(rng.choice(words, 9)) + f" {n}" for n in range(1_000, 2_000)], dtype=object)
    part = np.array(["train"] * 700 + ["test"] * 300, dtype=object)
    for row in range(700, 760):
        mails[row] = mails[row - 700].upper()[:-1] + "!"
    spam = rng.integers(0, 2, 1_000).astype(float)
    columns = {"id": np.arange(1_000.0), "split": part, "text": mails}
    columns |= {name: None for name in table() if name not in columns}
    evidence = evidence_of(columns, {"spam": spam}, text=MAIL)
    found = twins(evidence, is_text=frozenset({"text"}))
    assert found is not None and (found.near.sum(), found.exact.sum()) == (60, 0)
    (finding,) = findings("LEAK008", evidence, text=MAIL)
    assert finding.fix == "split: {..., together: text}, so that equals stay in one part"


def test_three_digits_decide_what_is_near():
    assert rounded(np.array([1.2345, 1.2349, 1_234.0, 0.0, -0.0012349])).tolist() == [
        1.23, 1.23, 1_230.0, 0.0, -0.00123,
    ]  # fmt: skip


# LEAK010 and LEAK011


def by_customer(values: np.ndarray, customer: np.ndarray) -> np.ndarray:
    return values[customer.astype(int)]


CUSTOMERS = {
    "sources.customers": {
        "path": "c.parquet",
        "time": "none",
        "key": "customer",
        "static": ["grade", "stay"],
    },
    "features.grade": {"column": "grade"},
}


def closed_accounts(lead: float) -> tuple[dict[str, Any], dict[str, Any]]:
    """A grade per customer, as of today, that follows from what happened to the customer."""
    columns, rng = table(), np.random.default_rng(6)
    customer = columns["customer"]
    bad = rng.random(N // 8) < 0.3
    fraud = (rng.random(N) < np.where(bad[customer.astype(int)], 0.7, 0.1)).astype(float)
    grade = np.round(bad * lead + rng.normal(size=N // 8), 3)
    return {"grade": by_customer(grade, customer)}, {"fraud": fraud}


@pytest.mark.parametrize(("lead", "fires"), [(4.0, True), (0.3, False)])
def test_an_attribute_that_knows_how_things_ended_is_a_latest_value(lead: float, fires: bool):
    found = findings("LEAK010", evidence_of(*closed_accounts(lead), changes=CUSTOMERS))
    assert len(found) == fires
    for one in found:
        assert one.numbers["alone"] > 0.65 and "one per customer" in one.evidence


def test_an_attribute_that_changes_within_its_entity_is_no_latest_value():
    _, labels = closed_accounts(4.0)
    rng = np.random.default_rng(8)
    changing = labels["fraud"] * 2 + rng.normal(size=N)
    assert not findings("LEAK010", evidence_of({"grade": changing}, labels, changes=CUSTOMERS))


def sums(kind: str, name: str = "total_sales") -> DataEvidence:
    """A number per terminal: sales over all days, sales before the test, or something that stands still."""
    columns, rng = table(), np.random.default_rng(7)
    weight = rng.gamma(0.8, size=N // 10)
    terminal = rng.choice(N // 10, N, p=weight / weight.sum())
    test = columns["split"] == "test"
    drifted = rng.permutation(N // 10)
    terminal = np.where(test, drifted[terminal], terminal)  # other terminals are busy in the test
    counts = np.bincount(terminal if kind == "all" else terminal[~test], minlength=N // 10).astype(float)
    value = counts if kind != "still" else rng.normal(size=N // 10)
    changes = {
        "sources.terminals": {**TERMINALS, "static": ["kind", name]}, "features.total": {"column": name},
    }  # fmt: skip
    return evidence_of({"terminal": terminal.astype(float), "total": value[terminal]}, changes=changes)


@pytest.mark.parametrize(("kind", "fires"), [("all", True), ("past", False), ("still", False)])
@pytest.mark.parametrize("name", ["total_sales", "size"])
def test_only_a_sum_that_reaches_into_the_test_knows_it(kind: str, fires: bool, name: str):
    found = findings("LEAK011", sums(kind, name))
    assert [one.severity for one in found] == ["error"] * fires
    for one in found:
        assert one.numbers["ahead"] > 0.25 and one.path == ("features", "total")


def test_without_data_a_name_is_a_hint_and_no_name_is_no_answer():
    (finding,) = ask("LEAK011", CASES["LEAK011"][0]).findings
    assert finding.severity == "warn" and "(total, sales)" in finding.evidence
    unnamed = {"sources.terminals": {**TERMINALS, "static": ["width"]}, "features.width": {"column": "width"}}
    assert state("LEAK011", unnamed) == "not assessed"


def test_partial_rank_correlation_takes_out_what_both_follow():
    rng = np.random.default_rng(0)
    z = rng.normal(size=5_000)
    x, y = z + rng.normal(size=5_000), z + rng.normal(size=5_000)
    assert abs(partial_rank_correlation(x, y, z)) < 0.05
    assert partial_rank_correlation(x, x + 0.1 * y, z) > 0.9


# LEAK009 and LEAK012


@pytest.mark.parametrize(
    ("changes", "severity"),
    [
        ({"models.incumbent": "old", "features.old": {"column": "old"}}, "error"),
        ({"features.p": {"sql": "logged_probability * 2"}}, "error"),
        ({"features.s": {"column": "model_score"}}, "warn"),
        ({"examples.group": ["session"], "features.s": {"column": "rank"}}, "warn"),
    ],
)
def test_own_outputs_are_told_from_names_that_only_look_like_it(changes: dict[str, Any], severity: str):
    assert [one.severity for one in ask("LEAK009", changes).findings] == [severity]


@pytest.mark.parametrize(
    "changes",
    [
        {"features.s": {"column": "credit_score"}},
        {"features.s": {"column": "rank"}},
        {"features.r": {"over": "group", "rank": "amount"}, "examples.group": ["session"]},
        {"features.s": {"source": "payments", "by": "customer", "mean": "model_score", "last": "7d"}},
    ],
)
def test_other_scores_and_ranks_are_features(changes: dict[str, Any]):
    assert state("LEAK009", changes) == "silent"


def encoded(how: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Country-like levels, and the mean label of each: over all rows, over training, or without the row."""
    columns, rng = table(), np.random.default_rng(11)
    level = rng.integers(0, 60, N)
    fraud = (rng.random(N) < 0.05 + 0.3 * (level % 5 == 0)).astype(float)
    used = columns["split"] == "train" if how == "train" else np.ones(N, dtype=bool)
    sums_, counts = (np.bincount(level[used], weights=w[used], minlength=60) for w in (fraud, np.ones(N)))
    mean = (sums_ / counts)[level]
    if how == "others":
        mean = (sums_[level] - fraud) / (counts[level] - 1)
    country = np.array([f"c{one}" for one in level], dtype=object)
    return {"amount": mean, "country": country}, {"fraud": fraud}


@pytest.mark.parametrize(("how", "fires"), [("all", True), ("others", True), ("train", False)])
def test_an_encoding_over_all_rows_is_found(how: str, fires: bool):
    found = findings("LEAK012", evidence_of(*encoded(how)))
    assert len(found) == fires
    for one in found:
        assert one.numbers["share"] > 0.95 and one.path == ("features", "amount")


def test_a_score_from_elsewhere_is_not_assessed():
    changes = {"models.incumbent": "old"}
    answer = asked("LEAK012", evidence_of(changes=changes)).answers[0]
    assert (answer.state, "old came with the log" in answer.reason) == ("not assessed", True)
    assert asked("LEAK012", evidence_of()).answers[0].state == "silent"


# What all have in common


@pytest.mark.parametrize("code", ["LEAK005", "LEAK008", "LEAK010", "LEAK011", "LEAK012"])
def test_a_healthy_table_is_silent(code: str):
    assert asked(code, evidence_of()).answers[0].state == "silent"


def test_drift_is_measured_beside_what_chance_does():
    rng = np.random.default_rng(0)
    before, after = rng.normal(size=1_000), rng.normal(size=1_000)
    still = drift(Vector.numbers(before), Vector.numbers(after))
    moved = drift(Vector.numbers(before), Vector.numbers(after + 1))
    assert still is not None and moved is not None
    assert still.null == pytest.approx(18.307 * 2 / 1_000, rel=1e-3)  # chi2 with 10 degrees, its 95 %
    assert still.excess < 0.02 and moved.excess > 0.5


def test_planted_days_cover_the_split():
    assert table()["at"].max() < START + 100 * DAY
