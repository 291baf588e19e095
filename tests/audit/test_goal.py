"""GOAL: each rule fires where its fact is missing, and is silent on a near miss."""

from typing import Any

from tests.audit.framings import GONE, ask, fire_and_near_miss, state

CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "GOAL001": ({"business.kpi": GONE}, {"business.kpi.baseline": GONE}),
    "GOAL002": ({"business.kpi.timeframe": GONE}, {"business.kpi.baseline": 0}),
    "GOAL003": ({"business.decision": GONE}, {"business.decision": "call or wait"}),
    "GOAL004": ({"business.kpi.metric": "roc_auc(fraud)"}, {"business.kpi.metric": "mean(fraud)"}),
    "GOAL005": ({"business.owner": GONE}, {"business.sponsor": GONE}),
    "GOAL006": (
        {"policy": GONE, "constraints": []},
        {
            "policy": GONE,
            "constraints": [],
            "business.errors": {"false_positive": 5, "false_negative": "amount"},
        },
    ),
    "GOAL007": ({"business.latency_p99": GONE}, {"business.latency_p99": GONE, "serving": {"mode": "batch"}}),
    "GOAL008": (
        {"business.regulation": GONE, "business.goal": "Lend to people who pay back"},
        {"business.regulation": GONE, "business.goal": "Deblending of colours"},
    ),
    "GOAL009": (
        {"product.archetype": "autonomous", "business.goal": "Fewer deaths by sepsis", "experiment": GONE},
        {"product.archetype": "autonomous", "business.goal": "Fewer deaths by sepsis"},
    ),
    "GOAL010": ({"business.kpi.baseline": 20}, {"business.kpi.baseline": 2000}),
}
"""Per rule: changes of the clean framing on which it fires, and near misses on which it does not."""


def test_an_action_that_hands_over_contains_as_a_fallback_does():
    alone = {"product.archetype": "autonomous", "business.goal": "Fewer deaths", "policy.fallback": GONE}
    assert state("GOAL009", alone) == "silent", "review hands over"
    actions = {"allow": "fraud * amount", "personalise_offer": 5, "block": "15 * (1 - fraud)"}
    changes = {**alone, "policy.actions": actions, "policy.capacity": GONE}
    assert state("GOAL009", changes) == "fired", "a person in personalise is none"


test_fires, test_is_silent_on_a_near_miss = fire_and_near_miss(CASES)


def test_the_worth_of_a_goal_that_is_not_money_is_not_assessed():
    assert state("GOAL010", {"business.kpi.metric": "mean(fraud)"}) == "not assessed"


def test_a_missing_date_is_named_with_what_to_paste():
    (finding,) = ask("GOAL002", {"business.kpi.timeframe": GONE}).findings
    assert "timeframe" in finding.evidence
    assert finding.fix == "timeframe: 90d"


def test_regulation_names_the_word_that_implied_it():
    changes = {"business.regulation": GONE, "business.goal": "Help patients sooner"}
    (finding,) = ask("GOAL008", changes).findings
    assert "health (patients)" in finding.evidence
    assert "hipaa" in finding.fix
