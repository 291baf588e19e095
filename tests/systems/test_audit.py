"""Ready framings break no rule of the audit but those that they waive, with a reason, an owner and a date."""

from datetime import date
from pathlib import Path

import pytest

from tests.systems.test_systems import NAMES
from truenorth.audit import Audit, audit_file
from truenorth.systems import new_project
from truenorth.workflow.codes import CODES

TODAY = date(2026, 11, 27)


def told(made: Audit) -> list[str]:
    return [f"{finding.code} {finding.where}: {finding.evidence}" for finding in made.findings]


@pytest.mark.parametrize("name", NAMES)
def test_no_rule_of_the_framing_fires_on_the_real_system(name: str, tmp_path: Path):
    made = audit_file(new_project(name, tmp_path / "p", on="real"), known=CODES, today=TODAY)
    assert told(made) == []
    assert made.gate in ("pass", "pass with waivers")


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_no_rule_of_framing_or_data_fires_on_a_world(name: str, tmp_path: Path):
    made = audit_file(new_project(name, tmp_path / "p"), data=True, known=CODES, today=TODAY)
    assert told(made) == []
    assert made.gate in ("pass", "pass with waivers")
