"""The twelve framings that the language was made for."""

import pytest

from tests.framing.texts import FRAMINGS
from truenorth.framing import load_with_findings

WARNINGS = {"ads": ["SPEC034"], "eta": ["LEAK001"], "feed": ["LEAK004"], "search": ["LEAK004"]}


@pytest.mark.parametrize("file", FRAMINGS, ids=lambda file: file.stem)
def test_a_framing_loads_with_no_other_warning_than_its_waivers(file):
    framing, findings = load_with_findings(file)
    assert framing.labels
    assert sorted({found.code for found in findings}) == WARNINGS.get(file.stem, [])
    assert all(found.severity == "warn" for found in findings)


def test_there_are_twelve():
    assert len(FRAMINGS) == 12


@pytest.mark.parametrize("file", FRAMINGS, ids=lambda file: file.stem)
def test_an_editor_finds_the_schema(file):
    first, *_ = file.read_text().splitlines()
    path = first.removeprefix("# yaml-language-server: $schema=")
    assert (file.parent / path).resolve().is_file()
