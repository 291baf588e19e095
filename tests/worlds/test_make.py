"""What holds for every world: determinism, all or nothing, honest refusals, documents in step."""

import hashlib
import json
from dataclasses import FrozenInstanceError, fields
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from truenorth.errors import DataError
from truenorth.worlds import WORLDS, World, load_world, make_world

DOCS = Path(__file__).parents[2] / "docs" / "worlds.md"
SMALL = {
    "feed": {"users": 60, "days": 3},
    "payments": {"customers": 60, "days": 5},
    "purchases": {"customers": 200, "days": 15},
    "messages": {"messages": 30, "questions": 30, "days": 4},
    "trips": {"trips": 40, "days": 4},
    "sales": {"series": 5, "days": 8},
}
BUSY = {
    "feed": {"candidates", "sessions"},
    "payments": {"payments"},
    "purchases": {"purchases"},
    "messages": {"messages", "questions"},
    "trips": {"trips"},
    "sales": {"sales"},
}
"""Tables of which every day has rows."""
TINY = {
    "feed": {"users": 1, "days": 2},
    "payments": {"customers": 1, "days": 2},
    "purchases": {"customers": 1, "days": 2},
    "messages": {"messages": 1, "questions": 1, "days": 2},
    "trips": {"trips": 1, "days": 2},
    "sales": {"series": 1, "days": 2},
}
each_world = pytest.mark.parametrize("name", sorted(WORLDS))


def sums(root: Path) -> dict[str, str]:
    """Return the SHA-256 of every file, by its path in the world."""
    files = (path for path in sorted(root.rglob("*")) if path.is_file())
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@each_world
def test_the_same_seed_gives_byte_equal_files(name: str, tmp_path: Path):
    first = make_world(name, tmp_path / "a", seed=3, **SMALL[name])
    second = make_world(name, tmp_path / "b", seed=3, **SMALL[name])
    assert sums(first.root) == sums(second.root)


@each_world
def test_another_seed_changes_every_log_file(name: str, tmp_path: Path):
    first = sums(make_world(name, tmp_path / "a", seed=3, **SMALL[name]).log)
    second = sums(make_world(name, tmp_path / "b", seed=4, **SMALL[name]).log)
    changed = {path.split("/")[0] for path in first if first[path] != second[path]}
    assert first.keys() == second.keys()
    assert BUSY[name] <= changed


@each_world
def test_every_file_is_readable_and_counted(name: str, tmp_path: Path):
    world = make_world(name, tmp_path / "w", **SMALL[name])
    tables = {folder.name: pq.read_table(folder) for folder in world.log.iterdir()}
    tables |= {path.stem: pq.read_table(path) for path in world.dimensions.iterdir()}
    assert {table: rows.num_rows for table, rows in tables.items()} == world.rows
    for path in world.truth.rglob("*.parquet"):
        assert pq.read_schema(path).names


@each_world
def test_one_file_per_day_even_where_nothing_happened(name: str, tmp_path: Path):
    world = make_world(name, tmp_path / "w", **TINY[name])
    for folder in world.log.iterdir():
        assert sorted(path.name for path in folder.iterdir()) == ["2026-01-05.parquet", "2026-01-06.parquet"]


@each_world
def test_a_world_is_found_again_from_its_folder(name: str, tmp_path: Path):
    world = make_world(name, tmp_path / "w", **SMALL[name])
    assert load_world(world.root) == world
    values = json.loads((world.truth / "description.json").read_text())
    assert values["description"] == WORLDS[name].description
    assert values["start"] == "2026-01-05T00:00:00+00:00"


@each_world
def test_the_framing_reads_only_columns_that_exist(name: str, tmp_path: Path):
    world = make_world(name, tmp_path / "w", **SMALL[name])
    text = world.framing.read_text()
    assert text.startswith("# yaml-language-server: $schema=framing.schema.json\n")
    sources = yaml.safe_load(text)["sources"]
    columns = {
        source: set(pq.read_schema(next(iter(world.root.glob(declared["path"])))).names)
        for source, declared in sources.items()
    }
    for source, declared in sources.items():
        time, known = declared["time"], declared.get("known_at")
        times = {time if isinstance(time, str) else time["column"]}
        times |= set(known.values()) if isinstance(known, dict) else {known}
        named = {*times, *declared.get("static", [])} - {"none", None}
        assert named <= columns[source]
        for lookup in declared.get("lookup", {}).values():
            assert lookup["column"] in columns[lookup["source"]]
            assert lookup["by"] in columns[source] & columns[lookup["source"]]


@each_world
def test_the_framing_loads(name: str, tmp_path: Path):
    framing = pytest.importorskip("truenorth.framing")
    world = make_world(name, tmp_path / "w", **SMALL[name])
    assert framing.load_text(world.framing.read_text()).name == f"{name}-world"


@each_world
def test_the_page_holds_the_closed_description(name: str):
    assert WORLDS[name].description in DOCS.read_text()


@each_world
def test_parameters_are_frozen_and_explained(name: str):
    parameters = WORLDS[name].parameters()
    with pytest.raises(FrozenInstanceError):
        parameters.days = 3
    source = Path(__file__).parents[2].joinpath("src", "truenorth", "worlds", f"{name}.py").read_text()
    for field in fields(parameters):
        line = next(row for row in source.split("\n    ") if row.startswith(f"{field.name}: "))
        assert source.partition(line)[2].lstrip().startswith('"""'), field.name


@pytest.mark.parametrize(
    ("name", "size", "says"),
    [
        ("fed", {}, "'feed'"),
        ("feed", {"user": 5}, "'users'"),
        ("feed", {"users": 0}, "feed.users: expected a whole number from 1"),
        ("feed", {"users": 2.5}, "got 2.5"),
        ("feed", {"exploration": 1.5}, "feed.exploration"),
        ("feed", {"items": 5}, "choose items="),
        ("payments", {"terminals": 3}, "from 20"),
        ("payments", {"days": True}, "got True"),
        ("feed", {"seed": -1}, "seed: expected a whole number"),
        ("messages", {"intents": 13}, "from 2 to 12"),
        ("messages", {"label_noise": 0.6}, "messages.label_noise"),
        ("trips", {"zones": 3}, "from 4"),
        ("sales", {"series": 0}, "sales.series"),
        ("purchases", {"customer": 5}, "'customers'"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused_with_its_fix(name: str, size: dict, says: str, tmp_path: Path):
    with pytest.raises(DataError) as refused:
        make_world(name, tmp_path / "w", **size)
    assert says in str(refused.value)
    assert "Fix: " in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_all_wrong_parameters_are_named_at_once():
    with pytest.raises(DataError) as refused:
        WORLDS["feed"].parameters(users=0, days=0)
    assert [finding.where for finding in refused.value.findings] == ["feed.users", "feed.days"]


def test_a_taken_folder_is_never_touched(tmp_path: Path):
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(DataError, match="holds other files"):
        make_world("feed", tmp_path, overwrite=True, **SMALL["feed"])
    assert (tmp_path / "mine.txt").read_text() == "keep"


def test_a_world_is_replaced_only_when_that_is_asked_for(tmp_path: Path):
    first = make_world("feed", tmp_path / "w", **SMALL["feed"])
    with pytest.raises(DataError, match="holds a world"):
        make_world("feed", tmp_path / "w", **SMALL["feed"])
    second = make_world("payments", tmp_path / "w", overwrite=True, **SMALL["payments"])
    assert isinstance(first, World)
    assert load_world(tmp_path / "w") == second


def test_an_interrupted_world_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("truenorth.worlds.feed._Run.close_week", stop)
    with pytest.raises(KeyboardInterrupt):
        make_world("feed", tmp_path / "w", **SMALL["feed"])
    assert list(tmp_path.iterdir()) == []
