"""LABEL: each rule fires where a label is not what it says, and is silent on a near miss."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.audit.framings import CALENDAR, CLEAN, GONE, ask, fire_and_near_miss, state
from tests.audit.tables import DAY, START, N, answer, evidence_of, subject_with, table
from truenorth.audit import Answer, DataEvidence, audit
from truenorth.audit.measured.outcome_endings import ending
from truenorth.audit.rules import label
from truenorth.errors import Finding

FRAUD = {
    "source": "chargebacks",
    "by": "payment",
    "within": "7d",
    "origin": "chargebacks",
    "reliability": 0.96,
}
PEOPLE = {**FRAUD, "latest": "verdict", "kind": "binary", "origin": "expert review"}
LIST = {
    "labels": {
        "click": {"source": "chargebacks", "by": "payment", "where": "what = 'click'", "within": "1d"}
    },
    "objective": {"score": "click", "metric": "average_precision(click)"},
    "proxies": GONE,
    "models": {"rule": "amount"},
    "policy": {"rank": {"by": "click", "show": 10}},
    "constraints": [],
    "evaluation": GONE,
    "monitoring": GONE,
    "experiment": GONE,
}
BOTH = {
    "labels": {
        **LIST["labels"],
        "liked": {"source": "chargebacks", "by": "payment", "where": "what = 'like'", "within": "1d"},
    },
    "objective": {"score": "click + liked", "metric": "average_precision(click)"},
}
INTENT = {
    "labels": {"desk": {"value": "desk", "kind": "class", "classes": ["a", "b"], "origin": "desk"}},
    "sources.payments.known_after": {"desk": "1d", "merchant": "1d"},
    "objective": {"score": "hit(desk)", "metric": "accuracy(desk)"},
    "proxies": GONE,
    "models": GONE,
    "policy": {"actions": {"route": "8 * (1 - hit(desk))", "ask": "2"}},
    "constraints": [],
    "evaluation": GONE,
    "monitoring": GONE,
    "experiment": GONE,
}
PARTS = {
    "labels": {
        "expert": {**PEOPLE, "reliability": 0.99},
        "fraud": {"combine": "greatest(expert, report)"},
        "report": {**FRAUD, "where": "kind = 'report'", "reliability": 0.7},
    }
}
AGAIN = {"sources.payments.columns": {"again": "amount"}, "sources.payments.known_after": {"again": "1d"}}
FLAGS = {"sources.payments.known_after": {"flag": "1d", "old_score": "1d"}}

CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "LABEL001": (
        {"labels.fraud": {"source": "chargebacks", "by": "payment", "within": "7d"}},
        {"labels.fraud": {"source": "chargebacks", "by": "payment", "within": "7d", "where": "won = 1"}},
    ),
    "LABEL002": ({"labels.fraud.within": GONE}, {"labels.fraud.gap": "1d"}),
    "LABEL003": ({"business.kpi.timeframe": "8d"}, {"business.kpi.timeframe": "9d"}),
    "LABEL008": (LIST, {**LIST, **BOTH}),
    "LABEL009": (
        {"examples.decision": ["request"]},
        {"examples.decision": ["request"], "examples.shown": "position is not null"},
    ),
    "LABEL010": (
        {**LIST, "examples.position": "place", "sources.payments.known_after": {"dwell_seconds": "1h"}},
        {
            **LIST,
            "examples.position": "place",
            "sources.payments.known_after": {"dwell_seconds": "1h"},
            "labels.quick_exit": {"when": "dwell_seconds < 3"},
        },
    ),
    "LABEL013": (
        {"policy.explore": GONE, "examples.explored": GONE, "examples.propensity": GONE},
        {
            "policy.explore": GONE,
            "examples.explored": GONE,
            "examples.propensity": GONE,
            "policy.actions": {"allow": "fraud * amount", "review": 5},
        },
    ),
    "LABEL014": (
        {**INTENT, "labels.desk.classes": GONE, "labels.desk.value": "merchant"},
        {**INTENT, "labels.desk.classes": GONE},
    ),
    "LABEL015": (
        {"labels.fraud.judged": {"by": "two clerks", "agreement": 0.69}},
        {"labels.fraud.judged": {"by": "two clerks", "agreement": 0.7}},
    ),
    "LABEL016": (
        {
            "labels.fraud": {"source": "payments", "by": "customer", "within": "7d", "closed": "both"},
            "features.spend.closed": "both",
        },
        {"labels.fraud": {"source": "payments", "by": "customer", "within": "7d", "closed": "both"}},
    ),
    "LABEL018": (
        PARTS,
        {"labels": {**PARTS["labels"], "fraud": {**PARTS["labels"]["fraud"], "reliability": 0.9}}},
    ),
    "LABEL019": (
        {"labels.fraud.reliability": GONE},
        {"labels.fraud.judged": {"by": "clerks", "agreement": 0.9}},
    ),
    "LABEL020": (
        {
            **FLAGS,
            "labels.fraud": {"when": "old_score > 0.8", "reliability": 0.9},
            "models.incumbent": "old_score",
        },
        {**FLAGS, "labels.fraud": {"when": "flag = 1", "reliability": 0.9}, "models.incumbent": "old_score"},
    ),
    "LABEL021": (
        {"examples.where": GONE, "business.users": GONE, "product.intended_use": GONE},
        {"business.users": GONE, "product.intended_use": GONE},
    ),
    "LABEL022": (
        {**CALENDAR, "labels.fraud.by": "customer"},
        {**CALENDAR, "labels.fraud.by": "customer", "labels.fraud.gap": "7d"},
    ),
}
"""Per static rule: changes of the clean framing on which it fires, and near misses on which it does not."""


test_fires, test_is_silent_on_a_near_miss = fire_and_near_miss(CASES)


def test_every_rule_stands_in_the_table_in_order():
    assert [rule.code for rule in label.RULES] == [f"LABEL{number:03d}" for number in range(1, 23)]


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        pytest.param({**INTENT, "labels.desk.classes": GONE}, "classes", id="classes that are not listed"),
        pytest.param(
            {"labels.fraud": {**FRAUD, "latest": "won", "kind": "binary"}}, "won", id="a value as yes"
        ),
    ],
)
def test_what_is_open_about_a_label_is_named(changes: dict[str, Any], place: str):
    (finding,) = ask("LABEL001", changes).findings
    assert place in f"{finding.where} {finding.evidence}"


def test_a_value_whose_name_says_yes_or_no_is_defined():
    assert state("LABEL001", {"labels.fraud": {**FRAUD, "latest": "is_won", "kind": "binary"}}) == "silent"


def test_weekly_training_on_monthly_labels_fires_unless_something_faster_calls():
    late = {"labels.fraud.within": "30d", "monitoring.retrain.or_event": GONE, "monitoring.track": []}
    (finding,) = ask("LABEL003", late).findings
    assert "32.0 days" in finding.evidence
    assert finding.numbers == {"days_until_mature": 32.0, "days_allowed": 14.0}
    assert state("LABEL003", {**late, "monitoring.track": ["share(action = 'block')"]}) == "silent"
    assert state("LABEL003", {**late, "monitoring.track": ["mean(fraud)"]}) == "fired"


def test_a_position_alone_is_a_warning_and_the_data_can_answer_it():
    (finding,) = ask("LABEL009", {"examples.position": "place"}).findings
    assert finding.severity == "warn"
    asked = [rule for rule in label.RULES if rule.code == "LABEL009"]
    for position, expected in (
        (np.arange(N) % 5.0, "silent"),
        (np.where(np.arange(N) % 5, np.nan, 1.0), "fired"),
    ):
        evidence = evidence_of({"position": position}, changes={"examples.position": "place"})
        assert audit(subject_with(evidence), rules=asked).answers[0].state == expected


def test_a_threshold_cannot_explore_and_is_told_to_log_instead():
    changes = {**CASES["LABEL013"][0], "policy": {"threshold": {
        "task": "fraud", "act": "block", "keep": "false_positive_rate <= 0.2%"}}, "constraints": [],
        "monitoring": GONE, "experiment": GONE}  # fmt: skip
    (finding,) = ask("LABEL013", changes).findings
    assert "explored" in finding.fix
    assert "explore:" not in finding.fix


@pytest.mark.parametrize("place", ["open_questions", "product.known_risks"])
def test_words_of_weekly_new_classes_count(place: str):
    assert state("LABEL014", {**INTENT, place: ["new categories come every week"]}) == "fired"
    assert state("LABEL014", {**INTENT, place: ["new categories may come"]}) == "silent"


def test_more_classes_than_one_output_each_can_carry(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(label, "MOST_CLASSES", 10)
    (finding,) = ask("LABEL014", {**INTENT, "labels.desk.classes": list(range(11))}).findings
    assert finding.numbers == {"classes": 11}
    assert state("LABEL014", {**INTENT, "labels.desk.classes": list(range(10))}) == "silent"


def test_a_class_file_that_is_missing_is_not_assessed():
    assert state("LABEL014", {**INTENT, "labels.desk.classes": {"file": "nowhere.txt"}}) == "not assessed"


def test_an_origin_of_people_needs_an_agreement_or_a_reliability():
    assert state("LABEL015", {"labels.fraud": {**PEOPLE, "reliability": 0.9}}) == "silent"
    assert (
        state("LABEL015", {"labels.fraud": {k: v for k, v in PEOPLE.items() if k != "reliability"}})
        == "fired"
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"labels.fraud.origin": "the old rule engine"}, "fired", id="origin"),
        pytest.param({"labels.fraud.origin": "police rulings"}, "silent", id="a word that only begins so"),
        pytest.param(
            {**AGAIN, "labels.fraud": {"when": "again > 220"}}, "fired", id="the condition of the rule"
        ),
        pytest.param({**AGAIN, "labels.fraud": {"when": "again > 219"}}, "silent", id="another condition"),
    ],
)
def test_a_label_made_by_the_system_is_circular(changes: dict[str, Any], expected: str):
    assert state("LABEL020", changes) == expected


@pytest.mark.parametrize(("action", "expected"), [("blocked", "fired"), ("wait", "silent")])
def test_an_action_that_takes_away_hides_its_label_in_any_form(action: str, expected: str):
    no_chance = {"policy.explore": GONE, "examples.explored": GONE, "examples.propensity": GONE}
    actions = {"allow": "fraud * amount", action: "15 * (1 - fraud)"}
    assert state("LABEL013", {**no_chance, "policy.actions": actions, "policy.capacity": GONE}) == expected


def test_the_rule_is_compared_with_features_spelled_out():
    changes = {**AGAIN, "features.euros": {"column": "amount_eur"}, "models.rule": "euros > 220",
               "labels.fraud": {"when": "again > 220"},
               "sources.payments.columns": {"again": "amount_eur"}}  # fmt: skip
    (finding,) = ask("LABEL020", changes).findings
    assert "models.rule" in finding.evidence


def test_several_origins_in_one_label_need_a_reliability():
    changes = {"labels.fraud.origin": "bank claims and customer calls", "labels.fraud.reliability": GONE}
    assert state("LABEL018", changes) == "fired"


# data rules


def report(**more: Any) -> dict[str, Any]:
    """Return the report of the chargebacks, whose rows came in within two days."""
    lags = {"0.5": 3600.0, "0.9": 80_000.0, "0.95": 100_000.0, "0.99": 170_000.0, "1.0": 172_000.0}
    whole = {"n_read": 1000, "n_kept": 1000, "lag_seconds": {"received_at": lags}, "n_late": 0,
             "n_known_before_event": 0}  # fmt: skip
    return {"sources": {"chargebacks": {**whole, **more}}}


LATE = {"received_at": {"0.5": 1e5, "0.9": 4e5, "0.95": 5e5, "0.99": 9e5, "1.0": 1e6}}


def test_a_delay_beyond_the_promise_fires_with_a_bound_that_holds():
    assert answer("LABEL004", evidence_of(build=report())).state == "silent"
    found = answer("LABEL004", evidence_of(build=report(lag_seconds=LATE, n_late=70)))
    (finding,) = found.findings
    assert finding.fix == "known_after: 11d"
    assert finding.path == ("sources", "chargebacks", "known_after")
    assert finding.numbers["late"] == 70
    assert finding.numbers["lag_days_0.99"] == pytest.approx(9e5 / 86_400)


def test_any_delay_is_undeclared_where_no_bound_is_promised():
    changes = {"sources.chargebacks.known_after": GONE}
    evidence = evidence_of(changes=changes, build=report())
    (finding,) = answer("LABEL004", evidence, changes=changes).findings
    assert "0s (nothing is declared)" in finding.evidence
    assert finding.fix == "known_after: 2d"


def test_a_report_on_the_row_itself_shows_its_delay_where_nothing_is_declared():
    changes = {
        "sources.chargebacks.known_at": GONE, "sources.chargebacks.known_after": GONE,
        "labels.ever": {**FRAUD, "within": "90d"},
    }  # fmt: skip
    rng = np.random.default_rng(2)
    early = (rng.random(N) < 0.1).astype(float)
    ever = np.maximum(early, rng.random(N) < 0.05)
    days = {"0.5": 3.25, "0.9": 6.0, "0.95": 6.5, "0.99": 6.9, "1.0": 7.0}
    evidence = evidence_of(
        labels={"fraud": early, "ever": ever}, changes=changes, build={"sources": {"chargebacks": {}}},
        profile={"labels": {"fraud": {"days_to_event": days}}},
    )  # fmt: skip
    (finding,) = answer("LABEL004", evidence, changes=changes).findings
    missed = int((ever > early).sum())
    assert finding.numbers["days_to_event_p95"] == 6.5
    assert finding.numbers["after_the_window"] == missed
    assert f"{missed} of {int(ever.sum())} after the window of 7d" in finding.evidence


def test_a_declared_zero_is_an_answer_for_a_log_of_events():
    changes = {"sources.chargebacks.known_at": GONE, "sources.chargebacks.known_after": "0s"}
    days = {"0.5": 3.0, "0.9": 6.0, "0.95": 6.5, "0.99": 6.9, "1.0": 7.0}
    evidence = evidence_of(changes=changes, profile={"labels": {"fraud": {"days_to_event": days}}})
    assert answer("LABEL004", evidence, changes=changes).state == "silent"


def test_a_zero_that_nothing_in_the_log_can_confirm_is_not_assessed():
    changes = {
        "labels.fraud": {"when": "flag = 1", "reliability": 1},
        "sources.payments.known_after": {"flag": "0s"},
    }
    found = answer("LABEL004", evidence_of(changes=changes), changes=changes)
    assert found.state == "not assessed"
    assert "nothing in the log of payments says when it became known" in found.reason


def test_behaviour_without_a_time_of_arrival_is_not_assessed():
    changes = {
        "labels.fraud": {"source": "payments", "by": "customer", "where": "amount > 9", "within": "7d"},
    }  # fmt: skip
    assert answer("LABEL004", evidence_of(changes=changes), changes=changes).state == "not assessed"


def immature(days: int, *, trend: float = 0.0, only: str | None = None, n: int = 20_000) -> DataEvidence:
    """Return a table in which outcomes of the last days of each part, or of one, are still to come."""
    rng = np.random.default_rng(3)
    columns = table(n=n)
    at, split = columns["at"], columns["split"]
    ends = {part: at[split == part].max() for part in ("train", "validation", "calibration", "test")}
    left = np.asarray([ends[part] for part in split]) - at
    waiting = np.clip(1 - left / (max(days, 1) * DAY), 0, 1) if days else np.zeros(len(at))
    waiting = waiting if only is None else np.where(split == only, waiting, 0)
    rate = 0.15 * (1 - 0.8 * waiting) * (1 - trend * (at - START) / (100 * DAY))
    return evidence_of(columns, {"fraud": (rng.random(len(at)) < rate).astype(float)})


def test_outcomes_that_thin_out_before_each_part_ends_are_immature():
    (finding,) = answer("LABEL005", immature(20)).findings
    assert finding.severity == "error"
    assert finding.numbers["ratio"] < 0.6
    assert finding.numbers["z"] < -4
    assert f"a rate of {finding.numbers['rate_last']:.3f} in the last 7.0 days" in finding.evidence


def test_outcomes_that_thin_out_before_the_log_ends_are_immature_without_a_next_part():
    (finding,) = answer("LABEL005", immature(5, only="test", n=60_000)).findings
    assert "before the log ends" in finding.evidence
    assert finding.numbers["rate_last"] < 0.75 * finding.numbers["rate_before"]


def test_a_dip_before_one_part_ends_that_the_next_does_not_mend_is_a_trend():
    found = immature(0)
    at, split = found.at, found.dataset.columns["split"].texts()
    is_later = at > at[split == "train"].max() - 7 * DAY
    values = found.dataset.labels["fraud"].values.values * ~(is_later & (np.arange(len(at)) % 2 == 0))
    assert answer("LABEL005", evidence_of(table(n=20_000), {"fraud": values})).state == "silent"


@pytest.mark.parametrize("trend", [0.0, 0.6], ids=["steady", "a falling rate"])
def test_mature_outcomes_are_silent_whatever_their_trend(trend: float):
    assert answer("LABEL005", immature(0, trend=trend)).state == "silent"


def test_too_few_outcomes_say_nothing():
    labels = {"fraud": (np.arange(N) % 500 == 0).astype(float)}
    assert answer("LABEL005", evidence_of(labels=labels)).state == "not assessed"


def test_what_the_build_found_is_said_again():
    for code in ("LABEL005", "LABEL006", "LABEL007"):
        one = Finding(
            code=code, where="labels.fraud", path=("labels", "fraud"), evidence="expected x, got y.", fix="z"
        )
        (finding,) = answer(code, evidence_of(found=(one,))).findings
        assert (finding.severity, finding.evidence) == ("error", one.evidence)


def test_an_absence_is_counted_the_other_way_round():
    found = immature(20)
    values = 1 - found.dataset.labels["fraud"].values.values
    flipped = evidence_of(table(n=20_000), {"fraud": values})
    before = ending(flipped, "fraud", absent=True)
    assert before is not None
    assert before.before.ratio < 0.6


def parts(**more: Any) -> dict[str, Any]:
    whole = {
        "rows": 1000,
        "first_at": "2026-01-31 05:00:00+00",
        "last_at": "2026-04-01 00:00:00+00",
        "embargo": 0,
        "planned": {"start": "2026-01-30", "end": "2026-04-01", "as_of": "2026-04-09"},
        "labels": {"fraud": {"observed": 900, "immature": 100}},
    }
    return {"rows": 4000, "parts": {"train": {**whole, **more}}}


@pytest.mark.parametrize(
    ("profile", "said"),
    [
        pytest.param(parts(first_at="2026-03-20 00:00:00+00"), "got 12.0", id="short part"),
        pytest.param(parts(labels={"fraud": {"observed": 40}}), "got 40 of 1,000", id="few rows"),
        pytest.param(parts(embargo=2001), "got 2,001 of 4,000 (50%)", id="embargo"),
    ],
)
def test_a_short_log_is_told_part_by_part(profile: dict[str, Any], said: str):
    (finding,) = answer("LABEL006", evidence_of(profile=profile)).findings
    assert finding.severity == "warn"
    assert said in finding.evidence


def test_a_long_log_is_silent():
    assert answer("LABEL006", evidence_of(profile=parts())).state == "silent"


@pytest.mark.parametrize(
    ("n_rows", "positives", "handled", "expected"),
    [
        pytest.param(N, 100, False, "fired", id="few in training"),
        pytest.param(N, 400, False, "silent", id="enough"),
        pytest.param(200_000, 150, False, "fired", id="rare"),
        pytest.param(200_000, 150, True, "silent", id="rare and dealt with"),
    ],
)
def test_rare_positives(n_rows: int, positives: int, handled: bool, expected: str):
    changes = {"models.tasks.fraud.loss": "focal"} if handled else {}
    values = np.zeros(n_rows)
    values[:: n_rows // positives] = 1
    if expected == "fired" and n_rows == N:
        values[: int(0.6 * N)] = 0
    evidence = evidence_of(table(n=n_rows), {"fraud": values}, changes=changes)
    found = answer("LABEL007", evidence, changes=changes)
    assert found.state == expected
    assert all(finding.severity == "warn" for finding in found.findings)


def desks(values: Any, classes: list[str], *, undefined: Any = None, other: str = "refund") -> Answer:
    changes = {**INTENT, "labels.desk.classes": classes}
    states = {} if undefined is None else {"desk": np.where(undefined, 2, 0)}
    evidence = evidence_of(labels={"desk": np.asarray(values, dtype=object)}, changes=changes, states=states,
                           heads={"payments": {"desk": ["a", other, other, "b", None]}})  # fmt: skip
    dataset = replace(evidence.dataset, classes={"desk": tuple(classes)})
    return answer("LABEL011", replace(evidence, dataset=dataset), changes=changes)


def test_classes_that_leave_rows_out_name_what_they_leave_out():
    values = np.where(np.arange(N) % 2, "a", "b")
    (finding,) = desks(values, ["a", "b"], undefined=np.arange(N) % 10 == 0).findings
    assert "400 of 4,000 rows (10.0%)" in finding.evidence
    assert "'refund'" in finding.evidence
    assert desks(values, ["a", "b"], undefined=np.arange(N) % 200 == 0).state == "silent"


def test_a_class_left_out_that_identifies_a_person_is_counted_and_not_shown():
    values, undefined = np.where(np.arange(N) % 2, "a", "b"), np.arange(N) % 10 == 0
    (finding,) = desks(values, ["a", "b"], undefined=undefined, other="ann.lee@example.com").findings
    assert "ann.lee" not in str(finding)
    assert "(1 distinct in the first rows, not shown: they identify persons)" in finding.evidence


def test_classes_that_never_occur_or_are_several():
    values = np.where(np.arange(N) % 2, "a", "b")
    (finding,) = desks(values, ["a", "b", "c"]).findings
    assert "none of c (1 of 3)" in finding.evidence
    several = np.where(np.arange(N) % 3 == 0, "a, b", values)
    (finding,) = desks(several, ["a", "b", "a, b"]).findings
    assert finding.fix == "kind: tags"
    assert desks(np.where(np.arange(N) % 3 == 0, "a & co", values), ["a", "b", "a & co"]).state == "silent"


AMOUNT = {
    **INTENT,
    "labels": {"spend": {"value": "spend", "kind": "number"}},
    "policy": GONE,
    "sources.payments.known_after": {"spend": "1d"},
    "objective": {"score": "spend", "metric": "mae(spend)"},
}


@pytest.mark.parametrize(
    ("sigma", "loss", "expected"),
    [
        pytest.param(1.6, None, "fired", id="heavy"),
        pytest.param(0.7, None, "silent", id="light"),
        pytest.param(1.6, "log_squared", "silent", id="heavy, in logarithms"),
    ],
)
def test_heavy_tails(sigma: float, loss: str | None, expected: str):
    changes = AMOUNT if loss is None else {**AMOUNT, "models": {"tasks": {"spend": {"loss": loss}}}}
    values = np.random.default_rng(4).lognormal(3, sigma, N)
    found = answer("LABEL012", evidence_of(labels={"spend": values}, changes=changes), changes=changes)
    assert found.state == expected
    if found.findings:
        train = values[: int(0.6 * N)]
        top = np.sort(train)[-(len(train) // 100) :].sum() / train.sum()
        assert found.findings[0].numbers["top_share"] == pytest.approx(top)


def test_rows_known_before_they_happened():
    (finding,) = answer("LABEL017", evidence_of(build=report(n_known_before_event=50))).findings
    assert "50 of 1,000 (5.00%)" in finding.evidence
    assert answer("LABEL017", evidence_of(build=report(n_known_before_event=1))).state == "silent"


def test_the_clean_framing_and_its_examples_are_silent():
    evidence = evidence_of(build=report())
    answers = audit(subject_with(evidence, text=CLEAN), rules=label.RULES).answers
    assert {one.rule.code: one.state for one in answers if one.state != "silent"} == {}


def test_an_empty_table_fails_no_rule():
    evidence = evidence_of()
    evidence = replace(evidence, dataset=evidence.dataset.take(np.zeros(N, dtype=bool)))
    answers = audit(subject_with(evidence), rules=label.RULES).answers
    assert [one.reason for one in answers if "the rule failed" in one.reason] == []
