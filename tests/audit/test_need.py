"""NEED: each rule fires on a planted case, and is silent on a near miss."""

from typing import Any

import numpy as np
import pytest

from tests.audit.framings import GONE, ask, changed, fire_and_near_miss, state, subject_of
from tests.audit.tables import N, answer, evidence_of

RULE_LIST = [{"name": "large", "when": "amount > 220", "then": "block"}]
JUDGED = {"by": "two analysts", "agreement": 0.9}
NO_START: dict[str, Any] = {
    "models": {"candidates": ["trees"]}, "policy.fallback": GONE, "policy.explore": GONE,
    "business.costs.annotation": GONE,
}  # fmt: skip

CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "NEED002": (
        {"models.rule": GONE, "policy.fallback": GONE},
        {"models.rule": GONE, "policy.fallback": GONE, "models.incumbent": "old_score"},
    ),
    "NEED004": (
        {"business.explainability": "full", "models.candidates": ["trees"]},
        {"business.explainability": "full"},
    ),
    "NEED005": ({"business.scale.decisions_per_day": 20}, {"business.scale.decisions_per_day": 30}),
    "NEED006": (
        {**{"models.rules": RULE_LIST, "business.goal": "Pay invoices once", "product.known_risks": GONE},
         "monitoring.retrain.or_event": GONE, "business.users": "clerks", "business.decision": "pay or hold"},
        {**{"models.rules": RULE_LIST, "business.goal": "Pay invoices once", "product.known_risks": GONE},
         "monitoring.retrain.or_event": GONE, "business.users": "clerks", "business.decision": "pay or hold",
         "models.minimum_gain": "2%"},
    ),
    "NEED007": (
        {"product.known_risks": ["spending is seasonal"], "monitoring.retrain": GONE},
        {"product.known_risks": ["spending is seasonal"]},
    ),
    "NEED008": (
        {**NO_START, "labels.fraud.judged": JUDGED},
        {**NO_START, "labels.fraud.judged": JUDGED, "business.costs.annotation": 2},
    ),
}  # fmt: skip
"""Per rule: changes of the clean framing on which it fires, and near misses on which it does not."""


def learned(*, rule: float = 0.80, trees: float = 0.81, verdict: str = "rules win") -> dict[str, Any]:
    """Return what a run's JSON says of its ladder."""
    ladder = [
        {"name": "rule", "value": rule, "is_rule": True, "gap": trees - rule, "gap_standard_error": 0.02},
        {"name": "linear", "value": None, "is_rule": False, "gap": 0.0},
        {"name": "trees", "value": trees, "is_rule": False, "gap": 0.0, "gap_standard_error": 0.0},
    ]
    return {"verdict": verdict, "train": {"verdict": verdict, "ladder": ladder, "metric": "roc_auc(fraud)"}}


def with_positives(n_positives: int, *, state_of: np.ndarray | None = None, **about: Any):
    """Return the answer of NEED001 where the first so many training rows are fraud."""
    fraud = np.zeros(N)
    fraud[:n_positives] = 1
    states = {} if state_of is None else {"fraud": state_of}
    return answer("NEED001", evidence_of(labels={"fraud": fraud}, states=states, **about))


test_fires, test_is_silent_on_a_near_miss = fire_and_near_miss(CASES)


@pytest.mark.parametrize("code", ["NEED002", "NEED004", "NEED005", "NEED006", "NEED007", "NEED008"])
def test_the_clean_framing_is_silent(code: str):
    assert state(code) == "silent"


def test_positives_are_counted_among_matured_training_rows():
    (finding,) = with_positives(99).findings
    assert finding.numbers == {"events": 99, "rows": 2400, "wanted": 100, "features": 5}
    assert "99 of 2,400 rows" in finding.evidence
    assert with_positives(100).state == "silent"


def test_positives_that_have_not_matured_do_not_count():
    immature = np.zeros(N)
    immature[:60] = 1
    (finding,) = with_positives(120, state_of=immature).findings
    assert finding.numbers["events"] == 60


def test_positives_outside_of_training_do_not_count():
    fraud = np.zeros(N)
    fraud[2_400:] = 1
    (finding,) = answer("NEED001", evidence_of(labels={"fraud": fraud})).findings
    assert finding.numbers["events"] == 0


def test_the_rarer_side_counts_whichever_it_is():
    fraud = np.ones(N)
    fraud[:50] = 0
    (finding,) = answer("NEED001", evidence_of(labels={"fraud": fraud})).findings
    assert finding.numbers["events"] == 50


def test_every_feature_asks_for_ten_positives():
    more = {f"features.extra_{at}": {"column": "amount"} for at in range(15)}
    columns = {f"extra_{at}": np.ones(N) for at in range(15)}
    (finding,) = with_positives(199, changes=more, columns=columns).findings
    assert finding.numbers["wanted"] == 200
    assert with_positives(200, changes=more, columns=columns).state == "silent"


def test_without_training_rows_positives_are_not_assessed():
    columns = {"split": np.full(N, "test", dtype=object)}
    answer = with_positives(500, columns=columns)
    assert answer.state == "not assessed"
    assert "training" in answer.reason


def test_rules_win_is_read_off_the_ladder():
    (finding,) = ask("NEED003", run=learned()).findings
    assert finding.evidence == (
        "expected a model that beats the rule by roc_auc(fraud), got trees at 0.81 beside the rule's 0.8."
    )
    assert finding.numbers == {"rule": 0.80, "best": 0.81}


@pytest.mark.parametrize("verdict", ["model wins", "not enough evidence"])
def test_any_other_verdict_is_silent(verdict: str):
    assert state("NEED003", run=learned(verdict=verdict)) == "silent"


def test_a_run_without_a_verdict_is_not_assessed():
    assert state("NEED003", run={"train": {}}) == "not assessed"
    assert state("NEED003") == "not assessed"


def test_a_ladder_without_any_measured_model_still_says_that_rules_win():
    run = {"verdict": "rules win", "train": {"ladder": [{"name": "rule", "value": None, "is_rule": True}]}}
    assert "no model that could be measured" in ask("NEED003", run=run).findings[0].evidence


def test_decisions_are_priced_by_what_people_would_cost():
    (finding,) = ask("NEED005", {"business.scale.decisions_per_day": 20}).findings
    assert finding.numbers["by_people_per_year"] == 20 * 5 * 365
    assert "36,500 a year (20 a day at 5)" in finding.evidence


def test_without_a_price_a_hundred_decisions_a_day_are_what_one_person_takes():
    unpriced = {"business.costs.review": GONE}
    assert state("NEED005", {**unpriced, "business.scale.decisions_per_day": 99}) == "fired"
    assert state("NEED005", {**unpriced, "business.scale.decisions_per_day": 100}) == "silent"
    assert state("NEED005", {**unpriced, "business.scale": GONE}) == "not assessed"


def test_external_scores_are_a_black_box():
    changes = {"business.explainability": "full", "models.candidates": [{"external": "score"}]}
    (finding,) = ask("NEED004", changes).findings
    assert "external score" in finding.evidence
    assert finding.fix == "candidates: [linear]"


def test_rules_that_adversaries_face_do_not_suffice():
    changes = {**CASES["NEED006"][0], "business.goal": "Catch fraud"}
    assert state("NEED006", changes) == "silent"


def test_fifty_rules_are_no_short_list():
    rules = [{"name": f"r{at}", "when": "amount > 1", "then": "block"} for at in range(50)]
    assert state("NEED006", {**CASES["NEED006"][0], "models.rules": rules}) == "silent"
    assert state("NEED006", {**CASES["NEED006"][0], "models.rules": rules[:49]}) == "fired"


def test_shift_is_found_where_it_was_written():
    changes = {"open_questions": ["how strong the season is"], "monitoring.retrain": GONE}
    (finding,) = ask("NEED007", changes).findings
    assert finding.path == ("open_questions", 0)
    assert "'season'" in finding.evidence


def test_labels_that_nothing_in_the_world_made_are_an_error():
    (finding,) = ask("NEED008", {**NO_START, "labels.fraud.origin": "simulated by hand"}).findings
    assert finding.severity == "error"
    assert ask("NEED008", CASES["NEED008"][0]).findings[0].severity == "warn"


def test_a_rule_to_start_with_is_a_plan():
    changes = {**NO_START, "labels.fraud.judged": JUDGED, "models.rule": "amount > 220"}
    assert state("NEED008", changes) == "silent"


def test_the_fix_of_a_missing_rule_can_be_pasted():
    (finding,) = ask("NEED002", CASES["NEED002"][0]).findings
    assert finding.fix == "models: {rule: amount}"
    assert subject_of({"models.rule": "amount"}).framing.models.rule is not None
    assert "rule: amount" in changed({"models.rule": "amount"})
