"""Every system runs from its simulated log to a decision, a report and a bundle."""

from pathlib import Path

import pytest

from tests.systems.test_systems import NAMES, SMALL
from truenorth.systems import new_project

api = pytest.importorskip("truenorth.workflow.api")
GATES = {"pass", "pass with waivers", "blocked", "not assessed"}


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_system_runs_end_to_end_on_its_world(name: str, tmp_path: Path):
    file = new_project(name, tmp_path / "p", seed=1, **SMALL[name])
    run = api.run(file, out=tmp_path / "runs")
    assert run.gate in GATES
    assert run.primary["n"] > 0
    assert (run.folder / "report.html").is_file()
    assert (run.folder / "bundle" / "manifest.json").is_file()


def test_the_churn_system_runs_end_to_end(tmp_path: Path):
    file = new_project("churn", tmp_path / "p", seed=1, customers=150)
    run = api.run(file, out=tmp_path / "runs")
    assert run.gate in GATES
    assert run.primary["value"] > 0.5
