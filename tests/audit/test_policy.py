"""POLICY: actions, queues, lists, chance and groups, and what a run and a log show of them."""

from typing import Any

import numpy as np
import pytest

from tests.audit.feeds import FEED, lists
from tests.audit.framings import GONE, ask, fire_and_near_miss, state
from tests.audit.tables import DAY, START, evidence_of
from truenorth.evaluation.metrics.catalogue import gini
from truenorth.statistics.estimates import codes_of

TWO = {
    "policy.capacity": GONE,
    "policy.explore": GONE,
    "constraints": [],
    "experiment": GONE,
    "monitoring": GONE,
}
LOAN = {"business.goal": "Lend to people who pay back", "policy.explore": GONE}
CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "POLICY001": (
        {"policy": GONE, "constraints": [], "experiment": GONE, "monitoring": GONE},
        {"policy": GONE, "business.errors": {"false_positive": 5, "false_negative": "amount"}},
    ),
    "POLICY002": (
        {**TWO, "policy.actions": {"act": "3 * (1 - fraud)", "wait": "3 * fraud"}},
        {**TWO, "policy.actions": {"act": "3 * (1 - fraud)", "wait": "60 * fraud"}},
    ),
    "POLICY003": (
        {"policy.capacity": GONE},
        {"policy.capacity": GONE, "constraints": ["share(action = 'review') <= 2%"]},
    ),
    "POLICY005": (
        {"policy.fallback": GONE},
        {"policy.fallback": GONE, "business.latency_p99": GONE, "serving": {"mode": "batch", "every": "1d"}},
    ),
    "POLICY008": (
        {"product.archetype": "autonomous", "experiment.stages": ["100%"]},
        {"product.archetype": "autonomous", "experiment.stages": ["1%", "100%"]},
    ),
    "POLICY009": ({"business.goal": "Lend to people who pay back"}, LOAN),
    "POLICY011": (
        {"serving": {"mode": "batch", "every": "8d"}},
        {"serving": {"mode": "batch", "every": "7d"}},
    ),
}
LISTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "POLICY004": ({"policy.explore": GONE}, {"policy.explore": {"share": "0.1%"}}),
    "POLICY007": (
        {"policy.rank.rules": [{"at_most": 2, "per": "creator"}]},
        {
            "policy.rank.rules": [
                {"diverse": "creator"},
                {"fresh": 1, "where": "age_hours < 6"},
                {"drop": "amount > 9"},
            ]
        },
    ),
}


test_fires, test_is_silent_on_a_near_miss = fire_and_near_miss(CASES)


test_fires_on_a_list, test_is_silent_on_a_list_that_nearly_misses = fire_and_near_miss(LISTS, text=FEED)


def test_the_equal_price_of_both_errors_is_shown():
    (finding,) = ask("POLICY002", CASES["POLICY002"][0]).findings
    assert finding.numbers == {"threshold": 0.5, "cost": 3.0}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [("hide > 0.5", "fired"), ("0.5 <= hide", "fired"), ("hide > 0.1", "silent"), ("amount > 0.5", "silent")],
)
def test_a_probability_that_is_compared_with_one_half_is_found(condition: str, expected: str):
    rules = [{"at_most": 2, "per": "creator"}, {"fresh": 2, "where": "age_hours < 24"}, {"drop": condition}]
    changes = {"policy.rank.rules": rules, "models.tasks": {"hide": {"weight": 1}}}
    assert state("POLICY002", changes, text=FEED) == expected
    if expected == "fired":
        (finding,) = ask("POLICY002", changes, text=FEED).findings
        assert finding.path == ("policy", "rank", "rules", 2, "drop")


def test_costs_that_read_amounts_have_no_one_threshold():
    changes = {**TWO, "policy.actions": {"act": "amount * (1 - fraud)", "wait": "amount * fraud"}}
    assert state("POLICY002", changes) == "silent"


@pytest.mark.parametrize(
    ("action", "expected"),
    [("nurse_visits", "fired"), ("checked_by_expert", "fired"), ("challenge", "silent"), ("show", "silent")],
)
def test_whatever_a_person_does_takes_time(action: str, expected: str):
    actions = {"allow": "fraud * amount", "block": "15 * (1 - fraud)", action: "5"}
    assert state("POLICY003", {"policy.actions": actions, "policy.capacity": GONE}) == expected


def test_undated_examples_have_no_time_to_count_a_queue_by():
    changes = {
        "policy.capacity": GONE,
        "examples": {"source": "payments", "entity": ["row"], "at": "none"},
        "sources": {"payments": {"path": "p.parquet", "time": "none", "static": ["is_fraud", "amount"]}},
        "features": {"amount": {"column": "amount"}},
        "evaluation": GONE,
        "split": GONE,
        "monitoring": GONE,
        "labels": {"fraud": {"when": "is_fraud = 1", "judged": {"by": "clerks"}}},
    }
    assert state("POLICY003", changes) == "silent"


def test_a_list_that_people_judged_learns_nothing_from_what_it_shows():
    labels = {"grade": {"value": "grade", "kind": "grade", "classes": [1, 2], "judged": {"by": "3 raters"}}}
    changes = {
        "policy.explore": GONE,
        "labels": labels,
        "objective": {"score": "grade"},
        "constraints": [],
        "business.kpi": GONE,
        "monitoring": GONE,
    }
    assert state("POLICY004", changes, text=FEED) == "silent"


def test_a_search_needs_no_variety_but_what_must_not_be_shown():
    search = {"features.match": {"match": ["title", "query"], "by": "bm25"}}
    assert (
        state("POLICY007", {**search, "policy.rank.rules": [{"drop": "amount > 9"}]}, text=FEED) == "silent"
    )
    (finding,) = ask("POLICY007", {**search, "policy.rank.rules": []}, text=FEED).findings
    assert "safety" in finding.evidence and "freshness" not in finding.evidence


def test_a_missing_rule_is_named_and_only_it():
    (finding,) = ask("POLICY007", LISTS["POLICY007"][0], text=FEED).findings
    assert finding.numbers == {"missing": 2}
    assert "freshness and safety" in finding.evidence
    assert "at_most" not in finding.fix


@pytest.mark.parametrize(
    "changes",
    [
        {"policy.actions": {"allow": "fraud * amount", "review": "case when sex = 'f' then 1 else 2 end"}},
        {"features.who": {"column": "sex"}, "policy.actions": {"allow": "fraud * who", "review": "5"}},
        {"models.rule": "sex = 'f'"},
    ],
    ids=["a cost", "through a feature", "the rule"],
)
def test_groups_in_a_decision_block_where_like_cases_must_be_alike(changes: dict[str, Any]):
    named = {
        **LOAN,
        **changes,
        "constraints": [],
        "monitoring": GONE,
        "experiment": GONE,
        "examples.context": ["sex"],
    }
    if "features.who" in named:
        named["examples.context"] = ["country"]
    found = ask("POLICY009", named).findings
    assert len(found) == 1 and found[0].severity == "error"
    assert state("POLICY009", {**named, "business.goal": "Fewer frauds"}) == "silent"
    assert (
        state("POLICY009", {**named, "business.goal": "Fewer frauds", "business.regulation": ["ecoa"]})
        == "fired"
    )


def run_of(**shares: float) -> dict[str, Any]:
    found = [
        {"metric": f"share(action = '{name}')", "model": {"value": share, "n": 900}}
        for name, share in shares.items()
    ]
    return {"metrics": found, "findings": []}


def test_an_action_that_no_test_row_took_is_named_unless_it_is_scarce():
    (finding,) = ask("POLICY006", run=run_of(allow=0.9, challenge=0.1, block=0.0)).findings
    assert finding.path == ("policy", "actions", "block")
    assert "900 test rows" in finding.evidence
    assert state("POLICY006", run=run_of(allow=0.9, challenge=0.05, block=0.05, review=0.0)) == "silent"


def test_what_the_run_found_is_said_once():
    said = {
        "code": "POLICY006",
        "path": ["policy", "actions", "block"],
        "evidence": "expected it, got never.",
    }
    run = {**run_of(allow=1.0, block=0.0), "findings": [said]}
    (finding,) = ask("POLICY006", run=run).findings
    assert finding.evidence == "expected it, got never."


def gini_run(model: float, rule: float, low: float | None = None) -> dict[str, Any]:
    figures = {"model": {"value": model, "low": low}, "rule": {"value": rule}}
    return {"metrics": [{"metric": "gini(shown) by creator", **figures}]}


def test_concentration_is_held_against_the_rule():
    (finding,) = ask("POLICY010", text=FEED, run=gini_run(0.71, 0.58)).findings
    assert finding.numbers["rise"] == pytest.approx(0.13)
    assert state("POLICY010", text=FEED, run=gini_run(0.62, 0.58)) == "silent"
    assert state("POLICY010", text=FEED, run=gini_run(0.71, 0.58, low=0.55)) == "silent"
    assert state("POLICY010", text=FEED, run={}) == "not assessed"
    assert state("POLICY010", run={}) == "silent"


def test_a_ceiling_that_the_owner_set_answers_concentration():
    bound = {"constraints": ["mean(hide) <= 0.03", "gini(shown) by creator <= 0.8"]}
    assert state("POLICY010", bound, text=FEED, run=gini_run(0.71, 0.58)) == "silent"
    floor = {"constraints": ["gini(shown) by creator >= 0.1"]}
    assert state("POLICY010", floor, text=FEED, run=gini_run(0.71, 0.58)) == "fired"


def test_concentration_is_held_against_the_log_where_it_says_what_was_shown():
    data = evidence_of(lists(), labels={}, text=FEED)
    rows = data.test
    owner = codes_of(data.dataset.columns["creator"].values[rows])
    logged = float(gini(data.dataset.columns["shown"].values[rows], owner).value)
    (finding,) = ask("POLICY010", text=FEED, data=data, run=gini_run(logged + 0.06, 0.99)).findings
    assert finding.numbers["before"] == pytest.approx(logged)
    assert "of the log" in finding.evidence
    assert state("POLICY010", text=FEED, data=data, run=gini_run(logged + 0.04, 0.0)) == "silent"


def test_a_batch_that_does_not_say_how_often_it_runs_is_not_assessed():
    assert state("POLICY011", {"serving": {"mode": "batch"}}) == "not assessed"
    assert state("POLICY011") == "silent"


@pytest.mark.parametrize(("per", "expected"), [("8d", "fired"), ("5d", "silent")])
def test_a_week_that_is_ranked_at_once_makes_its_first_rows_wait(per: str, expected: str):
    changes = {
        "policy": {"select": {"top": f"100 per {per}", "by": "fraud"}},
        "constraints": [],
        "monitoring": GONE,
        "experiment": GONE,
    }
    assert state("POLICY011", changes) == expected


CALENDAR = {
    "examples": {
        "every": "7d",
        "entity": ["customer"],
        "active": {"source": "payments", "last": "90d"},
        "from": "2026-01-05",
    },
    "labels.fraud": {"source": "payments", "by": "customer", "within": "30d"},
    "labels.fraud.by": GONE,
    "features": {"spend": {"source": "payments", "mean": "amount", "last": "7d"}},
    "models.rule": "spend > 2",
    "objective": {"score": "fraud"},
    "evaluation": GONE,
    "policy": GONE,
    "constraints": [],
    "monitoring": GONE,
    "experiment": GONE,
}


@pytest.mark.parametrize(("every", "expected"), [("14d", "fired"), ("7d", "silent")])
def test_a_calendar_is_decided_on_as_often_as_it_has_rows(every: str, expected: str):
    assert state("POLICY011", {**CALENDAR, "serving": {"mode": "batch", "every": every}}) == expected


def hidden(n_pairs: int, n_again: int) -> tuple[dict[str, Any], np.ndarray]:
    """Return lists in which each pair is hidden once, and some are shown once more a day later."""
    pair = np.concatenate([np.arange(n_pairs), np.arange(n_again), np.arange(5_000, 5_500)])
    at = START + np.concatenate([np.full(n_pairs, 1), np.full(n_again, 2), np.full(500, 3)]) * DAY
    n = len(pair)
    columns = {
        "user": (pair // 7).astype(float),
        "unit": (pair // 7).astype(float),
        "item": pair.astype(float),
        "at": at,
        "shown": np.ones(n),
        "group": np.arange(n).astype(float),
        "split": np.full(n, "train", dtype=object),
    }
    rest = ("example_id", "payment", "customer", "terminal", "weight", "country", "amount", "at_night")
    empty = dict.fromkeys([*rest, "spend_1d", "spend_7d", "terminal_risk"])
    away = np.concatenate([np.ones(n_pairs), np.zeros(n_again + 500)])
    return {**empty, **columns}, away


def test_pairs_that_were_hidden_and_came_back_are_counted():
    columns, away = hidden(100, 9)
    data = evidence_of(columns, labels={"hide": away}, text=FEED)
    (finding,) = ask("POLICY012", text=FEED, data=data).findings
    assert finding.numbers == {"share": 0.09, "shown": 609, "pairs": 100, "again": 9, "shows": 9}
    assert 'by: [user, item], where: "hid = 1", count: true' in finding.fix


def test_a_few_that_came_back_are_no_habit_and_a_few_hides_say_nothing():
    columns, away = hidden(100, 4)
    assert (
        state("POLICY012", text=FEED, data=evidence_of(columns, labels={"hide": away}, text=FEED)) == "silent"
    )
    columns, away = hidden(20, 20)
    few = evidence_of(columns, labels={"hide": away}, text=FEED)
    assert state("POLICY012", text=FEED, data=few) == "not assessed"
    assert state("POLICY012", data=evidence_of()) == "silent"


def test_a_rule_that_drops_what_the_user_put_away_answers_it():
    feature = {
        "source": "actions",
        "by": ["user", "item"],
        "where": "action = 'hide'",
        "count": True,
        "last": "30d",
    }
    columns, away = hidden(100, 90)
    for by, expected in ((["user", "item"], "silent"), (["item"], "fired")):
        changes = {"features.put_off": {**feature, "by": by}, "policy.rank.rules": [{"drop": "put_off > 0"}]}
        data = evidence_of(columns, labels={"hide": away}, changes=changes, text=FEED)
        assert state("POLICY012", changes, text=FEED, data=data) == expected


def test_without_a_label_of_putting_away_what_comes_back_is_not_known():
    changes = {"labels.hide": GONE, "constraints": [], "monitoring": GONE}
    data = evidence_of(lists(), labels={}, changes=changes, text=FEED)
    assert state("POLICY012", changes, text=FEED, data=data) == "not assessed"
