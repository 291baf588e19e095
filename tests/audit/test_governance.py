"""GOV: attributes, identifiers, reasons, people and papers; each rule fires, and is silent on a near miss."""

from typing import Any

import numpy as np

from tests.audit.framings import GONE, ask, fire_and_near_miss, state, subject_of
from tests.audit.tables import N, asked, evidence_of, table
from truenorth.audit import audit, rules
from truenorth.audit.measured.protected import proxies_of

LENDING = {"business.goal": "Lend to people who pay back", "business.regulation": ["ecoa"]}
HEALTH = {"business.goal": "Fewer readmissions of patients", "business.regulation": ["hipaa"]}
BY_GROUP = ["share(action = 'allow') by country ratio >= 0.8"]
ALONE = {"product.archetype": "autonomous", "policy.actions": {"allow": "fraud", "decline": "1 - fraud"},
         "policy.capacity": {}, "constraints": [], "experiment.guardrails": [], "experiment.rollback": [],
         "monitoring.track": []}  # fmt: skip
Changes = dict[str, Any]

CASES: dict[str, tuple[Changes, Changes]] = {
    "GOV001": (
        {"governance.protected": ["amount"]},
        {"governance.protected": ["country"]},
    ),
    "GOV003": (LENDING, {**LENDING, "constraints": BY_GROUP}),
    "GOV004": (
        {**LENDING, "governance.reason_codes": False},
        {**LENDING, "governance.reason_codes": True},
    ),
    "GOV006": (HEALTH, {**HEALTH, "sources.payments.basis": "de-identified by an expert"}),
    "GOV007": (
        {"business.goal": "Alert a nurse of patients in danger"},
        {
            "business.goal": "Alert a nurse of patients in danger",
            "governance.answers": {
                "clinical_validation": "study of 2026",
                "change_plan": "none without a study",
            },
        },
    ),
    "GOV008": (
        {**ALONE, "governance.answers": {}},
        {**ALONE, "governance.answers": {"human_path": "the branch"}},
    ),
    "GOV009": (
        {"business.regulation": ["eu_ai_act"]},
        {"business.regulation": ["eu_ai_act"], "governance.answers": {"eu_ai_act_tier": "limited"}},
    ),
    "GOV010": ({"business.explainability": GONE}, {"business.explainability": "none"}),
    "GOV011": (LENDING, {**LENDING, "governance.protected": ["country"]}),
    "GOV012": ({"governance.forbidden": ["amount"]}, {"governance.forbidden": ["zip"]}),
    "GOV013": ({"sources.payments.basis": GONE}, {"sources.payments.retention": GONE}),
    "GOV014": (LENDING, {**LENDING, "governance.answers": {"lending_data": "only the desk"}}),
    "GOV015": ({"business.sponsor": GONE}, {"business.on_call": GONE}),
    "GOV016": ({"product.out_of_scope": GONE}, {"product.outcome": GONE}),
}
"""Per rule: changes of the clean framing on which it fires, and near misses on which it does not."""


test_fires, test_is_silent_on_a_near_miss = fire_and_near_miss(CASES)


def test_an_attribute_does_not_hide_behind_another_feature():
    changes = {
        "governance.protected": ["amount"],
        "features.large": {"sql": "spend_own > 10"},
        "features.spend_own": {"sql": "amount * 2"},
    }
    places = {finding.path[-1] for finding in ask("GOV001", changes).findings}
    assert {"large", "spend_own", "amount"} <= places


def test_a_cost_that_reads_the_attribute_is_found():
    changes = {
        "governance.protected": ["country"],
        "policy.actions.review": "case when country = 'FR' then 5 else 6 end",
    }
    (finding,) = ask("GOV001", changes).findings
    assert finding.path == ("policy", "actions", "review")


PROTECTED = {"governance.protected": ["country"]}


def giving_away(strength: float) -> dict[str, Any]:
    """Return columns in which spending tells the country by so much."""
    rng = np.random.default_rng(5)
    country = table()["country"]
    return {"spend_7d": rng.normal(size=N) + strength * (country == "FR"), "country": country}


def test_features_that_give_an_attribute_away_are_named():
    made = asked("GOV002", evidence_of(giving_away(2.5), changes=PROTECTED), changes=PROTECTED)
    (finding,) = made.findings
    assert finding.numbers["roc_auc"] > 0.9
    assert next(iter(finding.numbers["strongest"])) == "spend_7d"
    assert "country" in finding.evidence and "spend_7d" in finding.fix


def test_features_that_say_nothing_of_an_attribute_are_silent():
    made = asked("GOV002", evidence_of(giving_away(0.0), changes=PROTECTED), changes=PROTECTED)
    assert made.by_code["GOV002"].state == "silent"


def test_an_attribute_that_is_not_in_the_data_is_not_assessed():
    changes = {"governance.protected": ["sex"]}
    made = asked("GOV002", evidence_of(changes=changes), changes=changes)
    assert made.by_code["GOV002"].state == "not assessed"
    assert "sex" in made.by_code["GOV002"].reason


def test_the_decision_follows_the_attribute_within_an_outcome():
    rng = np.random.default_rng(3)
    country = table()["country"]
    is_french = (country == "FR").astype(float)
    fraud = (rng.random(N) < 0.2 + 0.3 * is_french).astype(float)
    columns = {"country": country, "spend_7d": is_french + 0.1 * rng.normal(size=N)}
    found = proxies_of(evidence_of(columns, {"fraud": fraud}, changes=PROTECTED), "country", "fraud")
    assert found is not None and found.decision is not None
    assert found.decision > 0.5
    assert found.auc > 0.95


MAILS = [f"person{row}@example.org" for row in range(300)]


def test_an_identifier_in_a_source_is_found_and_its_values_are_not_shown():
    heads = {"payments": {"c17": MAILS, "amount": [float(row) for row in range(300)]}}
    made = asked("GOV005", evidence_of(heads=heads))
    (finding,) = made.findings
    assert finding.severity == "warn"
    assert finding.numbers["kind"] == "email"
    assert "example.org" not in str(finding) + str(finding.numbers)


def test_an_identifier_that_a_feature_reads_blocks():
    changes = {"features.mail": {"column": "c17"}}
    made = asked("GOV005", evidence_of(heads={"payments": {"c17": MAILS}}, changes=changes), changes=changes)
    assert [finding.severity for finding in made.findings] == ["error"]


def test_a_key_that_is_merely_unique_is_left_alone():
    heads = {"payments": {"payment": [f"a{row:05d}f" for row in range(300)]}}
    assert asked("GOV005", evidence_of(heads=heads)).by_code["GOV005"].state == "silent"


def test_sources_that_could_not_be_read_are_not_assessed():
    assert asked("GOV005", evidence_of()).by_code["GOV005"].state == "not assessed"


def test_the_clean_framing_has_nothing_to_answer_for():
    made = audit(subject_of(), rules=[rule for rule in rules() if rule.section == "GOV"])
    assert made.findings == ()


def test_a_word_inside_a_word_turns_nobody_down():
    changes = {**LENDING, "governance.reason_codes": False, "policy.capacity": {}, "constraints": [],
               "experiment.guardrails": [], "experiment.rollback": [], "monitoring.track": []}  # fmt: skip
    bank = {"policy.actions": {"allow": "fraud", "send_to_bank": "1 - fraud"}}
    assert state("GOV004", {**changes, **bank}) == "silent"
    banned = {"policy.actions": {"allow": "fraud", "account_banned": "1 - fraud"}}
    assert state("GOV004", {**changes, **banned}) == "fired"
