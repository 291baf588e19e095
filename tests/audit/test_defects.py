"""Nine planted defects: True North names each of them, and says nothing of the clean control."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pytest

from scripts.defects import peers
from scripts.defects.audits import Answer, ask
from scripts.defects.framings import ALL, DEFECTS, PLANTED, TOGETHER, Planted, edited, write_framings
from scripts.defects.log import Size
from scripts.defects.log_tables import write_log
from scripts.defects.page import codes, page

PAGE = Path(__file__).parents[2] / "docs" / "defects.md"
SEED = 7
DECLARED = [one for one in PLANTED if not one.is_bare]
names = [one.name for one in PLANTED]


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("defects")
    write_log(folder, size=Size(), seed=SEED)
    return folder


@pytest.fixture(scope="module")
def answers(log: Path) -> Mapping[str, Answer]:
    """What True North says of every framing; the dearest thing here, some two seconds each."""
    return {name: ask(name, path) for name, path in write_framings(log).items()}


def test_every_defect_has_a_framing_that_declares_what_the_log_holds() -> None:
    assert [one.name for one in DECLARED] == [*DEFECTS]


def test_an_edit_that_finds_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="expected 'within: 9d' once in the framing, got it 0 times"):
        edited("labels: {}", [("within: 9d", "")])


def test_the_same_seed_writes_the_same_log(log: Path, tmp_path: Path) -> None:
    write_log(tmp_path, size=Size(), seed=SEED)
    tables = sorted(path.name for path in tmp_path.iterdir())
    assert tables == [
        "actions.parquet",
        "candidates.parquet",
        "listens.parquet",
        "sessions.parquet",
        "truth.parquet",
    ]
    assert all((tmp_path / name).read_bytes() == (log / name).read_bytes() for name in tables)


def test_labels_as_exported_are_half_as_often_positive_in_the_last_week(log: Path) -> None:
    rows = pd.read_parquet(log / "candidates.parquet").merge(
        pd.read_parquet(log / "truth.parquet"), on=["request_id", "item"]
    )
    last = rows[rows["requested_at"] >= rows["requested_at"].max() - pd.Timedelta(days=7)]
    assert rows["enjoyed"].mean() == pytest.approx(0.15, abs=0.01)
    assert last["enjoyed_flag"].mean() < 0.6 * last["enjoyed"].mean()


def test_nothing_is_in_the_log_before_it_was_received(log: Path) -> None:
    end = pd.Timestamp("2026-05-11", tz="UTC")
    assert pd.read_parquet(log / "actions.parquet")["received_at"].max() < end
    assert pd.read_parquet(log / "listens.parquet")["reported_at"].max() < end


@pytest.mark.slow
def test_the_clean_control_raises_no_alarm(answers: Mapping[str, Answer]) -> None:
    assert answers["clean"].codes == ()
    assert answers["clean"].gate == "pass"


@pytest.mark.slow
@pytest.mark.parametrize("planted", DECLARED, ids=lambda one: one.name)
def test_the_defect_is_named(planted: Planted, answers: Mapping[str, Answer]) -> None:
    assert answers[planted.name].naming(planted.answers)


@pytest.mark.slow
@pytest.mark.parametrize("name", names)
def test_the_page_says_what_true_north_says_now(name: str, answers: Mapping[str, Answer]) -> None:
    planted = next(one for one in PLANTED if one.name == name)
    naming = answers[name].naming(planted.answers)
    said = codes([one.code for one in naming], refused=answers[name].refused)
    assert _column("True North")[names.index(name)] == said


def _column(tool: str) -> list[str]:
    """Return the cells of a tool in the page's table of defects, from top to bottom."""
    table = PAGE.read_text(encoding="utf-8").partition("## Who finds what")[2].partition("\n## ")[0]
    lines = [line.strip("|").split("|") for line in table.splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line] for line in lines]
    return [row[rows[0].index(tool)] for row in rows[2 : 2 + len(PLANTED)]]


def test_every_tool_has_a_runner_and_a_version() -> None:
    assert all(tool.runner.is_file() for tool in peers.TOOLS)
    assert all(f"{tool.name}==" in tool.requires[0] for tool in peers.TOOLS)


def test_a_tool_that_cannot_be_run_stands_in_the_page_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(command: list[str]) -> str:
        raise RuntimeError("no such package")

    monkeypatch.setattr(peers, "ENVIRONMENTS", tmp_path)
    monkeypatch.setattr(peers, "_run", fails)
    result = peers.ask(peers.TOOLS[0], tmp_path / "tables.json")
    assert result.error == "no such package"
    written = page(_results(result))
    assert "| leaklens | not run | no such package |" in written
    assert written.count("| not run |") == len(DEFECTS) + 4  # together, found, false alarms, version


def test_a_finding_that_the_clean_table_has_too_is_no_answer() -> None:
    found = {"check": "Temporal Leakage", "severity": "critical", "columns": ["requested_at"], "text": ""}
    tool = peers.TOOLS[0]
    assert peers.Result(tool=tool, said={"clean": [], "D5": [found]}).finds("D5")
    assert not peers.Result(tool=tool, said={"clean": [found], "D5": [found]}).finds("D5")


def test_a_finding_about_another_column_is_no_answer() -> None:
    tool = peers.TOOLS[0]
    other = {"check": "Target Leakage", "severity": "critical", "columns": ["age_hours"], "text": ""}
    assert not peers.Result(tool=tool, said={"clean": [], "D1": [other]}).finds("D1")
    assert peers.Result(tool=tool, said={"D1": [{**other, "columns": ["read_seconds"]}]}).finds("D1")


@pytest.mark.slow
def test_the_defects_are_named_when_they_stand_together(answers: Mapping[str, Answer]) -> None:
    naming = {one.code for one in answers["all"].naming(ALL.answers)}
    assert all(naming & one.answers for one in DECLARED if one.name in TOGETHER)


def _results(peer: peers.Result) -> dict:
    """Results of a run in which True North said nothing and one tool was asked."""
    silent = {"found": False, "answers": [], "refused": "", "evidence": ""}
    planted = [{"name": one.name, "defect": one.defect, **silent} for one in PLANTED]
    made = {"command": "", "machine": "", "seconds": 0, "day": "", "versions": {}}
    return {
        "rows": {"truth": 0}, "truenorth": [{"name": "clean", "codes": []}, *planted, silent],
        "peers": [peer.to_dict()], "lines": [], "alone": {}, "rates": [], "made": made,
    }  # fmt: skip
