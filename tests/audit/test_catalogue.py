"""The catalogue, the code, the pages and `truenorth explain` name the same rules."""

import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from truenorth.audit.contract import CHAPTERS, Rule
from truenorth.audit.explain import SECTIONS, explained
from truenorth.audit.registry import find_rule, rules, selected
from truenorth.audit.rules import BUILT_IN
from truenorth.errors import FramingError

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs" / "rules"
CATALOGUE = ROOT.parent / "shared" / "reference" / "audit_rules.md"

COUNTS = {
    "GOAL": 10, "NEED": 8, "PROXY": 12, "LABEL": 22, "LEAK": 12, "FEAT": 10, "MODEL": 12, "POLICY": 12,
    "EVAL": 10, "EXP": 7, "SERVE": 9, "MON": 10, "DATA": 6, "GEN": 4, "GOV": 16,
}  # fmt: skip
"""How many rules each section of the catalogue has, numbered from 001 without a hole."""
CODES = [f"{section}{number:03d}" for section, count in COUNTS.items() for number in range(1, count + 1)]


def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    import os

    program = [sys.executable, "-m", "truenorth", *arguments]
    return subprocess.run(
        program, capture_output=True, text=True, check=False, env={**os.environ, **environment}
    )


def test_every_rule_of_the_catalogue_is_there_in_its_order():
    assert [rule.code for rule in BUILT_IN] == CODES


@pytest.mark.realdata
def test_the_counts_are_those_of_the_catalogue():
    if not CATALOGUE.is_file():
        pytest.skip("shared/reference/audit_rules.md is not beside the repository")
    text = CATALOGUE.read_text().split("## What the findings add up to")[0]
    for chapter in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        section = re.match(r"[A-Z]+", chapter)[0]
        numbers = [int(number) for number in re.findall(r"(?:^|[\u00b7.]\s*)(\d{3}) ", chapter, re.MULTILINE)]
        assert sorted(set(numbers)) == list(range(1, COUNTS[section] + 1)), section


def test_every_rule_has_a_page_and_every_page_a_rule():
    assert {path.stem for path in PAGES.glob("*.md")} - {"index"} == set(CODES)


def test_pages_are_what_the_docstrings_say():
    made = runpy.run_path(str(ROOT / "scripts" / "write_reference.py"))["rule_pages"]()
    assert {path.name: path.read_text() for path in PAGES.glob("*.md")} == made


def test_explain_lists_every_rule_and_no_other():
    listed = [line.split()[0] for line in command("explain").stdout.splitlines()]
    assert listed == CODES


@pytest.mark.parametrize("rule", BUILT_IN, ids=lambda rule: rule.code)
def test_a_rule_is_documented(rule: Rule):
    assert list(rule.chapters)[:4] == list(CHAPTERS)
    assert all(len(rule.chapters[title]) > 20 for title in CHAPTERS)
    assert rule.sentence.endswith(".") and len(rule.sentence) < 110
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule.name)
    assert rule.section in SECTIONS
    assert rule.check.__module__.startswith("truenorth.audit.rules.")
    assert rule.sentence in explained(rule)


def test_names_and_sentences_are_used_once():
    assert len({rule.name for rule in BUILT_IN}) == len(BUILT_IN)
    assert len({rule.sentence for rule in BUILT_IN}) == len(BUILT_IN)


def test_a_rule_that_does_not_exist_is_answered_with_the_near_ones():
    with pytest.raises(FramingError, match=r"(?s)got 'LEKA003'.*LEAK003"):
        find_rule("LEKA003")
    assert command("explain", "NOPE999").returncode == 2


def test_a_selection_takes_codes_by_their_beginning():
    assert [rule.code for rule in selected(["EXP"])] == [f"EXP{number:03d}" for number in range(1, 8)]
    assert [rule.code for rule in selected([" leak003", "goal001 "])] == ["GOAL001", "LEAK003"]
    assert selected([]) == rules()
    with pytest.raises(FramingError, match="GAOL"):
        selected(["GAOL"])


def test_another_package_brings_a_rule_by_its_entry_point(tmp_path: Path):
    from tests.audit.framings import CLEAN

    file = tmp_path / "framing.yaml"
    file.write_text(CLEAN)
    plugin = {"PYTHONPATH": str(ROOT / "tests" / "audit" / "plugin")}
    assert "ACME001" not in command("explain").stdout
    assert command("explain", "ACME001", **plugin).stdout.startswith("ACME001 no-cost-centre (warn")
    found = command("audit", str(file), "--select", "ACME", **plugin)
    assert "business.sponsor: expected a cost centre, got finance. [ACME001 warn]" in found.stdout
    assert found.returncode == 0


def test_a_rule_that_takes_a_code_of_ours_is_refused(tmp_path: Path):
    package = tmp_path / "thief.py"
    package.write_text("from truenorth.audit.rules.goal import no_owner as RULE\n")
    about = tmp_path / "thief-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: thief\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[truenorth.rules]\nthief = thief:RULE\n")
    refused = command("explain", PYTHONPATH=str(tmp_path))
    assert refused.returncode == 1
    assert "expected a code of its own, got GOAL005. [AUDIT003]" in refused.stderr
