"""The page that compares True North with its peers says what True North says today."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SCRIPTS = ROOT / "scripts" / "peers"


def printed_by(script: str, *, text: str = "") -> dict:
    done = subprocess.run(
        [sys.executable, str(SCRIPTS / script)], input=text, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def column(name: str) -> dict[str, str]:
    """Return one column of the page's case tables, by case."""
    found, place = {}, None
    for line in (ROOT / "docs" / "peers.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells[0] == "case":
            place = cells.index(name)
        elif line.startswith("| `") and place is not None:
            found[cells[0].strip("`")] = cells[place].replace("**", "")
    return found


@pytest.fixture(scope="module")
def log() -> dict:
    return printed_by("cases.py")


@pytest.fixture(scope="module")
def said_now(log: dict) -> dict[str, str]:
    return printed_by("truenorth_runner.py", text=json.dumps(log))["answers"]


def test_the_page_holds_every_case(log: dict) -> None:
    assert list(column("right")) == [case["case"] for case in log["cases"]]


def test_the_page_says_what_true_north_says_now(said_now: dict[str, str]) -> None:
    assert column("True North") == said_now


def test_true_north_is_right_in_every_case(said_now: dict[str, str]) -> None:
    right = column("right")
    assert {case: said.split(" (")[0] for case, said in said_now.items()} == right
