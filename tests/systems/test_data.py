"""Real data is verified before it is laid, reshaped without loss, and refused where it is another."""

import csv
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import truenorth
from tests.realdata.direct import DATA
from truenorth.errors import DataError
from truenorth.systems import SYSTEMS, new_project
from truenorth.systems.data import DATASETS, DataFile, Dataset, checksum, lay_data, named
from truenorth.systems.reshape import clinc150_queries, m4_hourly_sales


def present(name: str) -> pytest.MarkDecorator:
    absent = not (DATA / name).is_dir()
    return pytest.mark.skipif(absent, reason=f"{name} is not in {DATA}; real logs are not shipped")


each_real = [
    pytest.param(
        name, marks=[pytest.mark.realdata, present(name), pytest.mark.xdist_group(f"realdata-{name}")]
    )
    for name in DATASETS
]


@pytest.fixture
def letters(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A small dataset of two files, one of which the publisher calls by another name."""
    folder = tmp_path / "downloaded"
    folder.mkdir()
    (folder / "a.txt").write_text("alpha")
    (folder / "Beta").write_text("beta")
    files = (
        DataFile(name="a.txt", sha256=checksum(folder / "a.txt"), bytes=5),
        DataFile(name="b.txt", sha256=checksum(folder / "Beta"), bytes=4, also="Beta"),
    )
    made = (
        ("joined.txt", lambda at, to: to.write_text((at / "a.txt").read_text() + (at / "b.txt").read_text())),
    )
    dataset = Dataset(
        name="letters", title="Letters", address="https://example.org/letters", licence="CC0",
        attribution="nobody", files=files, reshaped=made,
    )  # fmt: skip
    monkeypatch.setitem(DATASETS, "letters", dataset)
    return folder


def test_verified_files_are_laid_under_their_names_and_reshaped(letters: Path, tmp_path: Path):
    written = lay_data("letters", letters, tmp_path / "data")
    assert [path.relative_to(tmp_path / "data").as_posix() for path in written] == [
        "letters/a.txt", "letters/b.txt", "letters/joined.txt",
    ]  # fmt: skip
    assert written[2].read_text() == "alphabeta"
    assert sorted(path.name for path in (tmp_path / "data" / "letters").iterdir()) == [
        "a.txt",
        "b.txt",
        "joined.txt",
    ]


def test_laying_twice_gives_the_same_files(letters: Path, tmp_path: Path):
    first = [path.read_bytes() for path in lay_data("letters", letters, tmp_path / "data")]
    assert [path.read_bytes() for path in lay_data("letters", letters, tmp_path / "data")] == first


def test_every_wrong_file_is_named_and_nothing_is_written(letters: Path, tmp_path: Path):
    (letters / "a.txt").write_text("alphA")
    (letters / "Beta").unlink()
    with pytest.raises(DataError) as refused:
        lay_data("letters", letters, tmp_path / "data")
    assert [finding.code for finding in refused.value.findings] == ["DATASET003", "DATASET002"]
    assert "https://example.org/letters" in str(refused.value)
    assert "expected 5 bytes with SHA-256" in str(refused.value)
    assert not (tmp_path / "data").exists()


def test_a_folder_that_is_not_there_is_refused_with_the_address(tmp_path: Path):
    with pytest.raises(DataError, match=r"github\.com/clinc/oos-eval"):
        lay_data("clinc150", tmp_path / "nowhere", tmp_path / "data")


def test_an_unknown_dataset_is_refused_with_the_near_name():
    with pytest.raises(DataError, match="did you mean 'cdnow'") as refused:
        named("cd_now")
    assert refused.value.findings[0].code == "DATASET001"


@pytest.mark.parametrize("name", list(DATASETS))
def test_a_dataset_names_publisher_licence_and_attribution(name: str):
    values = json.loads(json.dumps(DATASETS[name].to_dict()))
    assert values["address"].startswith("https://")
    assert values["licence"] and values["attribution"]
    assert all(len(file["sha256"]) == 64 and file["bytes"] > 0 for file in values["files"])


@pytest.mark.parametrize("name", each_real)
def test_the_published_files_are_verified_and_laid(name: str, tmp_path: Path):
    written = lay_data(name, DATA / name, tmp_path)
    wanted = {file.name: file for file in DATASETS[name].files}
    for path in written[: len(wanted)]:
        assert path.stat().st_size == wanted[path.name].bytes
    assert len(written) == len(wanted) + len(DATASETS[name].reshaped)


def test_clinc_questions_are_all_there_with_their_part(tmp_path: Path):
    published = {
        "val": [["a b", "x"]],
        "oos_val": [["c", "oos"]],
        "train": [["d", "y"], ["e", "x"]],
        "oos_test": [["f", "oos"]],
    }
    (tmp_path / "data_full.json").write_text(json.dumps(published))
    clinc150_queries(tmp_path, tmp_path / "out.parquet")
    rows = pq.read_table(tmp_path / "out.parquet").to_pylist()
    assert [(row["text"], row["intent"], row["part"]) for row in rows] == [
        ("a b", "x", "val"),
        ("c", "oos", "val"),
        ("d", "y", "train"),
        ("e", "x", "train"),
        ("f", "oos", "test"),
    ]
    assert [row["id"] for row in rows] == [0, 1, 2, 3, 4]


def test_m4_series_end_together_and_keep_their_order(tmp_path: Path):
    for part, rows in (
        ("train", [["H1", 1, 2, 3], ["H2", 7, "", ""]]),
        ("test", [["H1", 4, 5], ["H2", 8, 9]]),
    ):
        with (tmp_path / f"Hourly-{part}.csv").open("w", newline="") as file:
            csv.writer(file).writerows([["V1", "V2", "V3", "V4"], *rows])
    m4_hourly_sales(tmp_path, tmp_path / "out.parquet")
    rows = pq.read_table(tmp_path / "out.parquet").to_pylist()
    found = {
        name: [(row["hour"].hour, row["value"]) for row in rows if row["series"] == name]
        for name in ("H1", "H2")
    }
    assert found["H1"] == [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)]
    assert found["H2"] == [(2, 7), (3, 8), (4, 9)]


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("name", "n_rows", "parts"),
    [
        pytest.param(
            "spam", 5_574, {"train", "validation", "calibration", "test"}, marks=present("sms_spam")
        ),
        pytest.param("intent-routing", 23_700, {"train", "validation", "test"}, marks=present("clinc150")),
    ],
)
def test_a_system_builds_on_its_real_data(name: str, n_rows: int, parts: set[str], tmp_path: Path):
    file = new_project(name, tmp_path / "p", on="real")
    lay_data(SYSTEMS[name].dataset, DATA / SYSTEMS[name].dataset, file.parent / "data")
    built = truenorth.build(file, out=tmp_path / "build")
    assert built.is_usable and built.examples.num_rows == n_rows
    assert set(built.examples["split"].unique().to_pylist()) == parts


@pytest.mark.realdata
@present("sms_spam")
def test_equal_messages_share_a_part_and_enough_good_ones_calibrate(tmp_path: Path):
    file = new_project("spam", tmp_path / "p", on="real")
    lay_data("sms_spam", DATA / "sms_spam", file.parent / "data")
    examples = truenorth.build(file, out=tmp_path / "build").examples
    part_of: dict[str, set[str]] = {}
    for text, part in zip(examples["text"].to_pylist(), examples["split"].to_pylist(), strict=True):
        part_of.setdefault(text, set()).add(part)
    assert len(part_of) < examples.num_rows
    assert all(len(parts) == 1 for parts in part_of.values())
    rows = zip(examples["split"].to_pylist(), examples["spam"].to_pylist(), strict=True)
    # ln 0.05 / ln 0.998: fewer good messages cannot promise 0.2 % with 95 % confidence
    assert sum(part == "calibration" and spam == 0 for part, spam in rows) >= 1_497
