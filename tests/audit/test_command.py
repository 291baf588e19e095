"""`truenorth audit` as people and machines call it: exit codes, formats, watching, the page."""

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from tests.audit.framings import CLEAN, GONE, changed


def audit(*arguments: object) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-m", "truenorth", "audit", *map(str, arguments)]
    return subprocess.run(program, capture_output=True, text=True, check=False)


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    return written(tmp_path / "framing.yaml", CLEAN)


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    return written(tmp_path / "broken.yaml", changed({"business.kpi": GONE, "business.owner": GONE}))


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_exit_codes_are_pass_blocked_and_unreadable(clean: Path, broken: Path, tmp_path: Path):
    assert audit(clean).returncode == 0
    assert audit(broken).returncode == 1
    assert audit(tmp_path / "none.yaml").returncode == 2
    assert audit(written(tmp_path / "mistake.yaml", CLEAN.replace("at: time", "at: tiem"))).returncode == 2
    assert audit(written(tmp_path / "empty.yaml", "")).returncode == 2


def test_a_future_read_is_a_finding_and_no_refusal(tmp_path: Path):
    leak = changed(
        {"features.received": {"column": "arrived"}, "sources.payments.known_after": {"arrived": "2d"}}
    )
    made = audit(written(tmp_path / "leak.yaml", leak))
    assert made.returncode == 1
    assert "[LEAK001 error]" in made.stdout


def test_text_says_place_evidence_code_fix_and_what_was_not_asked(broken: Path):
    said = audit(broken).stdout
    assert f"{broken}:3 business.kpi: expected a figure" in said
    assert "[GOAL001 error]\n  Fix: kpi: {name:" in said
    assert "card-payments: blocked (1 error" in said
    assert "data rules; audit with --data" in said
    assert "truenorth explain GOAL001" in said


def test_compact_is_one_line_per_finding(broken: Path):
    lines = audit(broken, "--format", "compact", "--select", "GOAL").stdout.splitlines()
    assert len(lines) == 3
    assert lines[0].startswith(f"{broken}:3 business.kpi: error GOAL001 expected")


def test_json_holds_findings_answers_and_summary(broken: Path, clean: Path):
    plain = json.loads(audit(broken, "--format", "json").stdout)
    assert plain["gate"] == "blocked"
    assert {"findings", "answers", "summary", "counts"} <= plain.keys()
    both = json.loads(audit(broken, clean, "--format", "json").stdout)
    assert [one["gate"] for one in both] == ["blocked", "pass"]


def test_sarif_names_rules_lines_and_waivers(tmp_path: Path):
    waiver = {"rule": "GOAL005", "reason": "being hired", "owner": "sponsor", "expires": "2099-01-01"}
    file = written(
        tmp_path / "f.yaml", changed({"business.kpi": GONE, "business.owner": GONE, "waivers": [waiver]})
    )
    log = json.loads(audit(file, "--format", "sarif", "--select", "GOAL").stdout)
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == [f"GOAL{n:03d}" for n in range(1, 11)]
    by_rule = {result["ruleId"]: result for result in run["results"]}
    place = by_rule["GOAL001"]["locations"][0]["physicalLocation"]
    assert place["region"] == {"startLine": 3, "startColumn": 1}
    assert place["artifactLocation"]["uri"] == file.as_posix()
    assert by_rule["GOAL005"]["suppressions"][0]["justification"].endswith("being hired")


def test_github_annotates_the_line(broken: Path):
    first = audit(broken, "--format", "github", "--select", "GOAL").stdout.splitlines()[0]
    assert first.startswith(f"::error file={broken},line=3,title=GOAL001::expected a figure")
    assert "\n" not in first


def test_a_file_that_cannot_be_read_does_not_hide_the_others(broken: Path, tmp_path: Path):
    made = audit(tmp_path / "none.yaml", broken)
    assert made.returncode == 2
    assert "[SPEC004]" in made.stderr
    assert "[GOAL001 error]" in made.stdout


def test_logs_that_cannot_be_read_do_not_hide_what_the_framing_says(broken: Path):
    made = audit(broken, "--data")
    assert made.returncode == 3
    assert "[LOG001]" in made.stderr
    assert "[GOAL001 error]" in made.stdout


def test_the_command_says_what_is_wrong_with_waivers(tmp_path: Path):
    waiver = {"rule": "GOAL005", "reason": "being hired", "owner": "sponsor", "expires": "2020-01-01"}
    file = written(tmp_path / "late.yaml", changed({"waivers": [waiver]}))
    made = audit(file, "--format", "compact")
    assert made.returncode == 1
    assert f"{file}:" in made.stdout and "error WAIVER002 expected a waiver that holds" in made.stdout
    assert audit(file, "--select", "GOAL").returncode == 0, "only where all rules are asked"


def test_several_files_are_a_list_though_one_cannot_be_read(clean: Path, tmp_path: Path):
    (one,) = json.loads(audit(clean, tmp_path / "none.yaml", "--format", "json").stdout)
    assert one["gate"] == "pass"


@pytest.mark.parametrize("ending", ["html", "md"])
def test_the_page_holds_what_the_findings_add_up_to(broken: Path, tmp_path: Path, ending: str):
    page = tmp_path / f"audit.{ending}"
    assert audit(broken, "--page", page).returncode == 1
    said = page.read_text()
    for title in ("Five signals", "Feasibility", "What kills it in production", "The rule of three",
                  "Machine learning or rules", "What fits each label", "Failure register"):  # fmt: skip
        assert title in said
    assert "GOAL001" in said


def test_watching_audits_again_when_the_file_is_saved(clean: Path):
    program = [sys.executable, "-u", "-m", "truenorth", "audit", str(clean), "--format", "compact", "--watch"]
    process = subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline().startswith("card-payments: pass")
        assert process.stderr.readline().startswith("watching")
        time.sleep(0.5)
        clean.write_text(changed({"business.kpi": GONE}))
        assert "GOAL001" in process.stdout.readline()
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 130
        process.stdout.close()
        process.stderr.close()


def test_the_hook_runs_the_command():
    hooks = (Path(__file__).resolve().parents[2] / ".pre-commit-hooks.yaml").read_text()
    (hook,) = yaml.safe_load(hooks)
    assert (hook["entry"], hook["language"]) == ("truenorth audit", "python")
    assert re.search(hook["files"], "a/framing.yaml")
    assert not re.search(hook["files"], "a/reframing.yaml")


def test_a_file_that_cannot_be_read_leaves_an_empty_log_and_no_broken_one(tmp_path: Path):
    log = json.loads(audit(tmp_path / "none.yaml", "--format", "sarif").stdout)
    assert log["runs"][0]["results"] == []


def test_a_page_is_of_one_file(clean: Path, broken: Path, tmp_path: Path):
    refused = audit(clean, broken, "--page", tmp_path / "audit.html")
    assert refused.returncode == 2
    assert not (tmp_path / "audit.html").exists()


def test_a_score_that_a_run_refuses_blocks(tmp_path: Path):
    listwise = changed({"models.tasks": {"fraud": {"loss": "listwise"}}, "examples.group": "customer"})
    made = audit(written(tmp_path / "listwise.yaml", listwise))
    assert made.returncode == 1
    assert "POLICY087" in made.stdout
