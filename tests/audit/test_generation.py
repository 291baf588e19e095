"""GEN: each rule fires where output is generated and something is missing, and is silent on a near miss."""

from typing import Any

import pytest

from tests.audit.framings import GONE, ask, fire_and_near_miss, state

WRITES: dict[str, Any] = {
    "business.goal": "Draft replies with a language model",
    "product.archetype": "autonomous",
}
# ruff: noqa: E501 (changes of a document are written here)
GRADED = {"value": "amount", "kind": "grade", "judged": {"by": "2 editors", "agreement": 0.8}}
SHOWS: dict[str, Any] = {
    "policy": {"actions": {"show": "fraud"}}, "constraints": [], "models.rule": "amount > 220",
    "experiment.guardrails": [], "experiment.rollback": [], "monitoring.track": [],
}  # fmt: skip

CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "GEN001": (
        WRITES,
        {**WRITES, "labels.grade": GRADED, "sources.payments.known_after": {"amount": "7d"}, "features.amount": GONE,
         "models.rule": "spend_1d > 3", "objective.score": "fraud", "policy": SHOWS["policy"],
         "evaluation.slices": [], **{key: value for key, value in SHOWS.items() if key != "models.rule"}},
    ),
    "GEN002": (
        {**WRITES, **SHOWS},
        {**WRITES, **SHOWS, "policy": {"actions": {"show": "8 * fraud", "revise": 2}}},
    ),
    "GEN003": (
        {**WRITES, **SHOWS, "business.goal": "Draft letters about tax with a language model"},
        {**WRITES, **SHOWS, "business.goal": "Draft letters about tax with a language model",
         "policy": {"actions": {"show": "8 * fraud", "hand_over": 2}}},
    ),
    "GEN004": (
        {**WRITES, "labels.thumbs_up": {"source": "chargebacks", "by": "payment", "within": "7d"},
         "objective.score": "thumbs_up"},
        {**WRITES, "labels.thumbs_up": {"source": "chargebacks", "by": "payment", "within": "7d"}},
    ),
}  # fmt: skip
"""Per rule: changes of the clean framing on which it fires, and near misses on which it does not."""


test_fires, test_is_silent_on_a_near_miss = fire_and_near_miss(CASES)


@pytest.mark.parametrize("code", CASES)
def test_a_framing_that_generates_nothing_is_not_asked(code: str):
    said = {key: value for key, value in CASES[code][0].items() if key != "business.goal"}
    assert state(code, {**said, "business.goal": "Lose less money"}) == "silent"


def test_external_scores_of_answers_are_generation_too():
    changes = {"business.goal": "Better answers", "models.candidates": [{"external": "score"}]}
    assert state("GEN001", changes) == "fired"
    assert state("GEN001", {"business.goal": "Better answers"}) == "silent"


def test_grades_without_agreement_are_no_rubric():
    changes = {**WRITES, "labels.fraud.judged": {"by": "one intern"}}
    (finding,) = ask("GEN001", changes).findings
    assert "fraud without agreement" in finding.evidence
    assert state("GEN001", {**WRITES, "labels.fraud.judged": {"by": "two", "agreement": 0.8}}) == "silent"


@pytest.mark.parametrize(
    "control",
    [
        {"constraints": ["external(harmful answers) <= 0.1%"]},
        {"policy": {"threshold": {"task": "fraud", "act": "hold", "keep": "false_positive_rate <= 1%"}}},
        {"policy": {"rank": {"by": "score", "rules": [{"drop": "amount > 3"}]}}},
    ],
)
def test_a_control_before_showing_has_several_forms(control: dict[str, Any]):
    assert state("GEN002", {**WRITES, **SHOWS, **control}) == "silent"


def test_a_constraint_on_speed_is_no_control():
    assert state("GEN002", {**WRITES, **SHOWS, "constraints": ["latency_p99 <= 50ms"]}) == "fired"


def test_without_a_policy_nothing_is_controlled():
    (finding,) = ask("GEN002", {**WRITES, **SHOWS, "policy": GONE}).findings
    assert finding.severity == "error"
    assert "no policy" in finding.evidence


def test_answers_to_patients_are_an_error_and_those_on_tax_a_warning():
    health = {**WRITES, **SHOWS, "business.goal": "Answer patients with a language model"}
    (finding,) = ask("GEN003", health).findings
    assert finding.severity == "error"
    assert "'patients'" in finding.evidence
    assert ask("GEN003", CASES["GEN003"][0]).findings[0].severity == "warn"


def test_a_person_who_decides_is_a_check():
    assert state("GEN003", {**CASES["GEN003"][0], "product.archetype": "human_in_the_loop"}) == "silent"


def test_an_action_that_hands_over_under_a_fallback_is_a_check():
    policy = {"actions": {"show": "8 * fraud", "ask_nurse": 2}, "fallback": {"action": "ask_nurse"}}
    assert state("GEN003", {**CASES["GEN003"][0], "policy": policy}) == "silent"


def test_harmless_answers_need_no_person():
    assert state("GEN003", {**WRITES, **SHOWS}) == "silent"


def test_a_judged_thumb_is_a_grade():
    thumbs = {"source": "chargebacks", "by": "payment", "within": "7d", "judged": {"by": "a panel"}}
    assert state("GEN004", {**CASES["GEN004"][0], "labels.thumbs_up": thumbs}) == "silent"
