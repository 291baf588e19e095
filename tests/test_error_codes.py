"""Every code of a message has one meaning, and the table of meanings holds every code."""

import re
import runpy
from collections import defaultdict
from pathlib import Path

import pytest

from truenorth.audit.rules import BUILT_IN
from truenorth.framing.codes import CODES as FRAMING_CODES
from truenorth.workflow.codes import CODES

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "truenorth"
CODE = re.compile(r'"([A-Z]{3,}\d{3})"')
TABLES = {SOURCE / "framing" / "codes.py", SOURCE / "workflow" / "codes.py"}
RULES = {rule.code: rule.sentence for rule in BUILT_IN}
"""Codes of the audit: a rule is its own table."""

IN_SEVERAL_FILES = {
    "LOG001", "LOG002", "LOG004", "LOG006", "LOG008", "ENGINE005", "METRIC001", "MODEL044",
}  # fmt: skip
"""Codes with one meaning that several files find; another file's second use must be put here on purpose."""


OF_THE_AUDIT = {code for code in CODES if code.startswith(("AUDIT", "WAIVER"))}
"""Raised in the package of the audit, whose files name the codes of rules."""


def raised() -> dict[str, set[str]]:
    """Return every code that the source names, with the files that name it."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in SOURCE.rglob("*.py"):
        if path not in TABLES and "audit" not in path.relative_to(SOURCE).parts[:1]:
            for code in CODE.findall(path.read_text()):
                found[code].add(path.relative_to(SOURCE).as_posix())
    return dict(found)


RAISED = raised()


def test_every_code_of_the_source_has_a_meaning():
    assert RAISED.keys() - (FRAMING_CODES.keys() | CODES.keys() | RULES.keys()) == set()


def test_every_code_with_a_meaning_is_used():
    assert (FRAMING_CODES.keys() | CODES.keys()) - RAISED.keys() - OF_THE_AUDIT == set()


def test_no_code_stands_in_both_tables():
    assert FRAMING_CODES.keys() & CODES.keys() == set()
    assert RULES.keys() & (FRAMING_CODES.keys() | CODES.keys()) == set()


def test_no_meaning_has_two_codes():
    sentences = [*CODES.values(), *(one.sentence for one in FRAMING_CODES.values()), *RULES.values()]
    assert sorted(sentences) == sorted(set(sentences))


ONE_PLACE = sorted(CODES.keys() - IN_SEVERAL_FILES - OF_THE_AUDIT)


@pytest.mark.parametrize("code", ONE_PLACE)
def test_a_code_is_found_in_one_file(code: str):
    assert len(RAISED[code]) == 1, f"{code} in {sorted(RAISED[code])}: give one of them a code of its own"


def test_the_page_of_codes_names_every_code():
    page = (ROOT / "docs" / "errors.md").read_text()
    assert {*re.findall(r"^\| `([A-Z]+\d+)` \|", page, re.MULTILINE)} == FRAMING_CODES.keys() | CODES.keys()


def test_every_beginning_of_a_code_has_a_chapter():
    families = runpy.run_path(str(ROOT / "scripts" / "write_reference.py"))["FAMILIES"]
    assert {code.rstrip("0123456789") for code in CODES} == families.keys()
