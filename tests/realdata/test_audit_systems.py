"""What the audit says of real logs: an undated snapshot, a delay that nobody declared, protected columns."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.realdata.direct import DATA, ROOT, needs
from truenorth.audit import Audit, Subject, audit, rules
from truenorth.audit.reading import build_evidence, readable
from truenorth.errors import FramingError
from truenorth.framing.load import inspect_text
from truenorth.systems import new_project

from tests.audit.framings import TODAY  # isort: skip

TELCO = """\
framing: 1
name: telco-churn
business: {{goal: Keep customers who would otherwise leave, decision: whom to call}}
sources:
  customers:
    {{path: telco_churn/Telco-Customer-Churn.csv, {time}, key: customerID, types: {{TotalCharges: text}}}}
examples: {{source: customers, entity: customerID, at: {at}}}
labels: {{churn: {{when: Churn = 'Yes'}}}}
features: {{tenure: {{column: tenure}}, monthly: {{column: MonthlyCharges}}}}
objective: {{score: churn, metric: average_precision(churn)}}
models: {{rule: tenure < 6, candidates: [linear]}}
split: {{random: {{train: 60%, validation: 20%, test: 20%}}, reason: one snapshot}}
"""


def marked(folder: str) -> Any:
    def mark(test: Any) -> Any:
        for one in needs(folder):
            test = one(test)
        return test

    return mark


def asked(text: str, base: Path, *codes: str) -> Audit:
    made = inspect_text(text, today=TODAY)
    framing = readable(made)
    evidence = build_evidence(framing, made.findings, base=base)
    subject = Subject(
        framing=framing, today=TODAY, document=made.document, proved=made.findings, data=evidence, base=base
    )
    return audit(subject, rules=[rule for rule in rules() if rule.code in codes])


@marked("telco_churn")
@pytest.mark.parametrize(
    ("time", "at", "code"),
    [
        ("time: none, static: [Churn, tenure, MonthlyCharges]", "none", "SPEC033"),
        ("time: 2020-01-01", "time", "SPEC026"),
    ],
    ids=["undated", "one-date"],
)  # fmt: skip
def test_a_snapshot_that_does_not_say_when_they_left_is_refused(time: str, at: str, code: str):
    with pytest.raises(FramingError, match=code):
        readable(inspect_text(TELCO.format(time=time, at=at), today=TODAY))


def test_a_delay_that_nobody_declared_is_found_where_events_are_of_their_own(tmp_path: Path):
    file = new_project("card-fraud", tmp_path / "p", customers=150)
    plain = yaml.safe_load(file.read_text())
    plain["sources"]["chargebacks"].pop("known_after")
    made = asked(yaml.safe_dump(plain, sort_keys=False), file.parent, "LABEL004")
    (finding,) = made.findings
    assert finding.path[:2] == ("sources", "chargebacks")
    assert "30d" in finding.evidence


FRAUD = ROOT / "src" / "truenorth" / "systems" / "catalogue" / "card-fraud" / "real" / "framing.yaml"


def handbook(known_after: str | None) -> str:
    plain = yaml.safe_load(FRAUD.read_text())
    payments = plain["sources"]["payments"]
    payments["path"] = "fraud_handbook/transactions.parquet"
    payments["covers"] = "2018-04-01..2018-05-15"
    payments["where"] = "TX_DATETIME < timestamp '2018-05-15'"
    plain["split"] = {"train": "14d", "validation": "3d", "calibration": "3d", "test": "7d"}
    plain["features"] = {"amount": {"column": "amount"}}
    plain["models"] = {"rule": "amount > 220", "candidates": ["linear"]}
    plain["evaluation"] = {}
    plain["monitoring"] = {}
    payments["known_after"] = {} if known_after is None else {"TX_FRAUD": known_after}
    return yaml.safe_dump(plain, sort_keys=False)


@marked("fraud_handbook")
def test_a_delay_that_the_log_cannot_show_is_not_assessed():
    made = asked(handbook("0s"), DATA, "LABEL004")
    assert made.by_code["LABEL004"].state == "not assessed"
    assert "nothing" in made.by_code["LABEL004"].reason
    with pytest.raises(FramingError, match="SPEC026"):
        readable(inspect_text(handbook(None), today=TODAY))


@marked("taiwan_default")
def test_protected_columns_and_what_stands_for_them_are_named():
    plain = yaml.safe_load((ROOT / "examples" / "real" / "taiwan_credit.yaml").read_text())
    plain["sources"]["clients"]["path"] = "taiwan_default/UCI_Credit_Card.csv"
    plain["features"] |= {"gender": {"column": "SEX"}, "years": {"column": "AGE"}}
    made = asked(yaml.safe_dump(plain, sort_keys=False), DATA, "GOV001", "GOV002")
    used = {finding.path[-1]: finding.evidence for finding in made.findings if finding.code == "GOV001"}
    assert {"gender", "years"} <= used.keys()
    assert "SEX" in used["gender"] and "AGE" in used["years"]
    proxies = {one.numbers["attribute"]: one.numbers for one in made.findings if one.code == "GOV002"}
    assert next(iter(proxies["MARRIAGE"]["strongest"])) == "years"
    assert proxies["MARRIAGE"]["roc_auc"] > 0.7
