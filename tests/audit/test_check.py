"""What becomes of rules: fired, waived, silent, not assessed; and what an audit says of itself."""

import json
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from tests.audit.framings import CLEAN, GONE, TODAY, changed, subject_of
from truenorth.audit import Hit, Subject, Unknown, audit, rule, rules
from truenorth.audit.formats import FORMATS
from truenorth.audit.reading import readable
from truenorth.audit.summary import summary
from truenorth.framing.load import inspect_text

WAIVER = {"rule": "GOAL005", "reason": "being hired", "owner": "sponsor", "expires": date(2026, 12, 31)}


def test_the_clean_framing_breaks_no_rule_that_reads_the_framing():
    made = audit(subject_of())
    assert [str(finding) for finding in made.findings] == []
    assert made.gate == "pass"


def test_data_and_run_rules_are_not_assessed_without_data_and_run():
    made = audit(subject_of())
    for answer in made.answers:
        if answer.rule.stage != "static":
            assert answer.state == "not assessed"
            assert answer.reason.startswith("it reads")


def test_a_finding_has_the_line_of_the_file_and_blocks_by_its_severity():
    made = audit(subject_of({"business.kpi": GONE}))
    (finding,) = [one for one in made.findings if one.code == "GOAL001"]
    assert finding.where == "framing.yaml:3 business.kpi"
    assert made.gate == "blocked"


def test_a_waiver_covers_a_finding_and_is_shown():
    made = audit(subject_of({"business.owner": GONE, "waivers": [WAIVER]}))
    assert "GOAL005" not in {finding.code for finding in made.findings}
    assert made.by_code["GOAL005"].state == "waived"
    assert made.by_code["GOAL005"].reason == "waived by sponsor until 2026-12-31: being hired"
    assert made.gate == "pass with waivers"


def test_a_waiver_that_has_run_out_is_an_error_and_covers_nothing():
    late = {**WAIVER, "expires": date(2026, 1, 1)}
    made = audit(subject_of({"business.owner": GONE, "waivers": [late]}))
    assert {"GOAL005", "WAIVER002"} <= {finding.code for finding in made.findings}
    assert made.gate == "blocked"


@pytest.mark.parametrize(("code", "found"), [("GOAL005", "WAIVER001"), ("GOAL999", "WAIVER003")])
def test_a_waiver_that_covers_nothing_is_a_finding(code: str, found: str):
    made = audit(subject_of({"waivers": [{**WAIVER, "rule": code}]}))
    assert [finding.code for finding in made.findings] == [found]
    assert made.findings[0].where.endswith(" waivers[0]")


def test_a_waiver_of_a_rule_that_was_not_asked_is_not_called_unused():
    made = audit(subject_of({"waivers": [{**WAIVER, "rule": "LEAK005"}]}))
    assert [finding.code for finding in made.findings] == []


def test_a_waiver_may_name_a_code_that_a_run_finds():
    subject = subject_of({"waivers": [{**WAIVER, "rule": "POLICY033"}]})
    assert [finding.code for finding in audit(subject, known={"POLICY033"}).findings] == []
    assert [finding.code for finding in audit(subject).findings] == ["WAIVER003"]


@rule("TEST001", "failing", severity="warn")
def failing(subject: Any) -> Any:
    """A rule that fails."""
    yield Hit(path=("name",), evidence="expected nothing, got this.", fix="-")
    raise ZeroDivisionError("division by zero")


@rule("TEST002", "unsure", severity="warn")
def unsure(subject: Any) -> Any:
    """A rule that cannot say."""
    yield Unknown("the log has no time")


def test_a_rule_that_fails_is_not_assessed_and_is_told():
    made = audit(subject_of(), rules=[failing, unsure])
    assert [answer.state for answer in made.answers] == ["not assessed", "not assessed"]
    assert [finding.code for finding in made.findings] == ["AUDIT001"]
    assert "ZeroDivisionError" in made.findings[0].evidence
    assert made.gate == "blocked"
    assert made.by_code["TEST002"].reason == "the log has no time"


def test_an_audit_is_plain_json_and_says_what_it_counted():
    made = audit(subject_of({"business.owner": GONE, "business.kpi": GONE}))
    plain = json.loads(json.dumps(made.to_dict(), allow_nan=False))
    assert plain["counts"]["error"] == len([one for one in plain["findings"] if one["severity"] == "error"])
    assert len(plain["answers"]) == len(rules()) == plain["counts"]["rules"]
    assert repr(made).startswith("card-payments: blocked (")


def test_findings_that_block_come_first():
    made = audit(subject_of({"business.owner": GONE, "business.kpi.metric": "roc_auc(fraud)"}))
    order = [finding.severity for finding in made.findings]
    assert order == sorted(order, key=["error", "warn", "info"].index)


def test_the_audit_changes_nothing_and_says_the_same_twice():
    subject = subject_of({"business.owner": GONE})
    before = subject.framing.model_dump_json()
    first, second = (json.dumps(audit(subject).to_dict()) for _ in range(2))
    assert first == second
    assert subject.framing.model_dump_json() == before


def test_a_framing_that_is_no_file_is_audited_too():
    subject = replace(subject_of({"business.owner": GONE}), document=None)
    made = audit(subject)
    assert [one.where for one in made.findings if one.code == "GOAL005"] == ["business.owner"]


def test_the_scorecard_falls_with_what_is_broken():
    whole = summary(audit(subject_of())).scorecard
    broken = summary(audit(subject_of({"business.owner": GONE, "business.kpi": GONE}))).scorecard
    assert [one.score for one in whole.signals] == [100.0] * 5
    framing = broken.signals[0]
    assert framing.score < 90
    assert {"GOAL001", "GOAL005"} <= set(framing.broken)


def test_a_killer_is_absent_only_where_every_rule_that_looks_for_it_was_asked():
    states = {one.name: one.state for one in summary(audit(subject_of())).killers}
    assert states["label scarcity"] == "unknown"
    assert states["organisational readiness"] == "absent"
    ownerless = summary(audit(subject_of({"business.owner": GONE}))).killers
    assert {one.name: one.state for one in ownerless}["organisational readiness"] == "present"


def test_feasibility_of_data_that_nobody_looked_at_is_not_assessed():
    areas = {one.name: one.colour for one in summary(audit(subject_of())).feasibility}
    assert areas == {
        "data": "not assessed", "labels": "not assessed", "serving": "green", "risk": "green",
        "return": "green",
    }  # fmt: skip
    red = summary(audit(subject_of({"business.kpi": GONE}))).feasibility
    assert {one.name: one.colour for one in red}["return"] == "red"


def test_the_rule_of_three_says_what_is_missing():
    said = summary(audit(subject_of({"experiment": GONE, "monitoring": GONE}))).rule_of_three
    assert [(one.name, one.is_answered) for one in said] == [
        ("offline", True), ("online", False), ("in production", False),
    ]  # fmt: skip


def test_advice_takes_a_side_where_the_sources_disagree():
    (one,) = summary(audit(subject_of({"objective.metric": "roc_auc(fraud)"}))).predictions
    assert one.metric == "average_precision(fraud)"
    assert one.differs == ("metric: roc_auc(fraud) is declared, average_precision(fraud) fits",)


def test_failures_without_a_detector_are_shown_as_blank():
    failures = summary(audit(subject_of({"monitoring.track": []}))).failures
    drift = next(one for one in failures if one.mode == "predictions drift")
    assert (drift.detector, drift.owner) == ("", "payments risk")
    assert drift.fallback == "retrain every 14d, or when average_precision(fraud) < 0.9 * released"


def test_guardrails_follow_the_archetype():
    person = summary(audit(subject_of())).guardrails
    assert all(one.is_there for one in person)
    alone = summary(
        audit(subject_of({"product.archetype": "autonomous", "experiment.rollback": []}))
    ).guardrails
    assert [one.name for one in alone if not one.is_there] == ["a condition to go back"]


def test_the_clean_framing_loads_without_a_finding():
    assert inspect_text(CLEAN, today=TODAY).findings == ()


@rule("ACME002", "wild-numbers", severity="info")
def wild_numbers(subject: Any):
    """Figures come as numpy has them."""
    numbers = {"rows": np.int64(3), "share": np.float32("nan"), "is_new": np.bool_(True), "by": np.arange(2)}
    yield Hit(path=("name",), evidence="expected plain figures, got others.", fix="none", numbers=numbers)


@pytest.mark.parametrize("form", ["json", "sarif"])
def test_figures_are_json_whatever_a_rule_says(form: str):
    def refuse(word: str) -> Any:
        raise AssertionError(word)

    written = FORMATS[form]([audit(subject_of(), rules=[wild_numbers])])
    plain = json.loads(written, parse_constant=refuse)
    found = plain["findings"][0] if form == "json" else plain["runs"][0]["results"][0]["properties"]
    assert found["numbers"] == {"rows": 3, "share": None, "is_new": True, "by": [0, 1]}


def test_a_file_name_cannot_end_the_properties_of_an_annotation():
    made = inspect_text(changed({"business.owner": GONE}), path="a,line=1::b.yaml", today=TODAY)
    subject = Subject(framing=readable(made), today=TODAY, document=made.document)
    assert "file=a%2Cline=1%3A%3Ab.yaml,line=" in FORMATS["github"]([audit(subject)])


def test_an_area_whose_rule_is_waived_is_not_said_to_be_whole():
    waiver = {**WAIVER, "rule": "EXP006"}
    made = audit(subject_of({"experiment.rollback": GONE, "waivers": [waiver]}))
    (area,) = [one for one in summary(made).feasibility if one.name == "risk"]
    assert area.sentence.endswith("1 broken and waived")
