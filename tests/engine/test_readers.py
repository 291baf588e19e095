"""Every format gives the same relation on both engines."""

import gzip
import json
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from truenorth.engine.contract import EngineSettings, open_engine
from truenorth.engine.ingest import read_sources
from truenorth.errors import DataError
from truenorth.framing.sources import Source

UNDATED = {"time": "none", "duplicates": "keep"}
LOG = pa.table({"user": ["a", "b"], "amount": [1.5, 2.5]})


@pytest.mark.parametrize(
    "name", ["log.parquet", "it's; drop table x.parquet", 'a "b" [c] *.parquet', "ü ?.parquet"]
)
def test_any_file_name_is_read(read, rows, tmp_path, name):
    pq.write_table(LOG, tmp_path / name)
    assert rows(read({"path": name, **UNDATED}), "user", "amount") == [("a", 1.5), ("b", 2.5)]


def test_a_list_adds_the_base_name_and_fills_missing_columns(read, rows, tmp_path):
    (tmp_path / "x").mkdir()
    pq.write_table(LOG, tmp_path / "x" / "jan.parquet")
    pq.write_table(pa.table({"user": ["c"]}), tmp_path / "x" / "feb.parquet")
    table = read({"path": ["x/jan.parquet", "x/feb.parquet"], **UNDATED})
    assert rows(table, "user", "amount", "file") == [
        ("a", 1.5, "jan.parquet"),
        ("b", 2.5, "jan.parquet"),
        ("c", None, "feb.parquet"),
    ]


def test_a_glob_adds_the_base_name(read, rows, tmp_path):
    for month in ("01", "02"):
        pq.write_table(pa.table({"n": [int(month)]}), tmp_path / f"trip-{month}.parquet")
    assert rows(read({"path": "trip-*.parquet", **UNDATED}), "n", "file") == [
        (1, "trip-01.parquet"),
        (2, "trip-02.parquet"),
    ]


def test_files_by_name_add_their_name(read, rows, tmp_path):
    (tmp_path / "a.json").write_text(json.dumps([{"text": "hi", "n": 1}, {"text": "ho", "n": 2}]))
    (tmp_path / "b.json").write_text(json.dumps([{"text": "he", "n": 3}]))
    table = read({"path": {"train": "a.json", "test": "b.json"}, **UNDATED})
    assert rows(table, "text", "n", "file") == [("he", 3, "test"), ("hi", 1, "train"), ("ho", 2, "train")]


def test_a_column_named_file_is_kept(read, rows, tmp_path):
    pq.write_table(pa.table({"file": ["mine"]}), tmp_path / "a.parquet")
    assert rows(read({"path": ["a.parquet"], **UNDATED}), "file") == ["mine"]


def test_hive_folders_are_columns(read, rows, tmp_path):
    for country, year in (("FR", 2025), ("DE", 2026)):
        folder = tmp_path / "logs" / f"country={country}" / f"year={year}"
        folder.mkdir(parents=True)
        pq.write_table(pa.table({"n": [year - 2000]}), folder / "part-0.parquet")
    (tmp_path / "logs" / "_SUCCESS").write_text("")
    table = read({"path": "logs", "types": {"year": "integer"}, **UNDATED})
    assert rows(table, "n", "country", "year") == [(25, "FR", 2025), (26, "DE", 2026)]
    assert table.columns == {"n": "integer", "country": "text", "year": "integer"}


def test_csv_types_come_from_every_value(read, rows, tmp_path):
    (tmp_path / "log.csv").write_text(
        "id,code,long,n,x,yes,day,mixed,note\n"
        '1,007,12345678901234567890,1,1,true,2026-01-01,1,"a, ""b"""\n'
        "2,010,22345678901234567890,,2.5,false,2026-01-02,x,\n"
    )
    table = read({"path": "log.csv", "types": {"id": "id"}, **UNDATED})
    assert table.columns == {
        "id": "text", "code": "text", "long": "text", "n": "integer", "x": "number", "yes": "boolean",
        "day": "time", "mixed": "text", "note": "text",
    }  # fmt: skip
    assert rows(table, "id", "code", "n", "x", "yes", "mixed", "note") == [
        ("1", "007", 1, 1.0, True, "1", 'a, "b"'),
        ("2", "010", None, 2.5, False, "x", None),
    ]


def test_csv_options(read, rows, tmp_path):
    (tmp_path / "log.data").write_bytes("# made by hand\nZoë;'a;b';NA\nMax;c;3\n".encode("latin-1"))
    options = {
        "delimiter": ";",
        "names": ["who", "what", "n"],
        "skip": 1,
        "quote": "'",
        "encoding": "latin-1",
        "null": "NA",
    }
    table = read({"path": "log.data", "format": "csv", "options": options, **UNDATED})
    assert rows(table, "who", "what", "n") == [("Max", "c", 3), ("Zoë", "a;b", None)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_in_the_first_line(read, rows, tmp_path, delimiter):
    (tmp_path / "log.csv").write_text(f"a{delimiter}b\n1{delimiter}x y\n")
    assert rows(read({"path": "log.csv", **UNDATED}), "a", "b") == [(1, "x y")]


def test_csv_columns_split_at_blanks(read, rows, tmp_path):
    (tmp_path / "log.txt").write_text(
        " day  customer amount\n 00004 19970101  2   29.33\n 00004 19970118  2   29.73\n"
    )
    options = {"delimiter": "whitespace", "names": ["customer", "day", "n", "amount"], "skip": 1}
    table = read({"path": "log.txt", "options": options, **UNDATED})
    assert rows(table, "customer", "day", "n", "amount") == [
        ("00004", 19970101, 2, 29.33),
        ("00004", 19970118, 2, 29.73),
    ]


def test_packed_csv_and_short_lines(read, rows, tmp_path):
    with gzip.open(tmp_path / "log.csv.gz", "wt") as file:
        file.write("a,b,c\n1,2,3\n4,5\n")
    assert rows(read({"path": "log.csv.gz", **UNDATED}), "a", "b", "c") == [(1, 2, 3), (4, 5, None)]


def test_json_lines(read, rows, tmp_path):
    (tmp_path / "log.jsonl").write_text(
        '{"id": 1, "tags": ["x", "y"], "at": "2026-01-01T00:00:01Z"}\n{"id": 2, "tags": [], "new": true}\n'
    )
    table = read({"path": "log.jsonl", "time": "at", "duplicates": "keep", "where": "id = 1"})
    assert table.columns == {"id": "integer", "tags": "list", "at": "time", "new": "boolean"}
    assert rows(table, "id", "tags", "at", "new") == [(1, ["x", "y"], 1767225601000000, None)]


def test_a_table_of_a_duckdb_file(read, rows, tmp_path):
    with duckdb.connect(str(tmp_path / "it's.duckdb")) as database:
        database.execute("create table log as select 1 as n union all select 2")
        database.execute("create schema s")
        database.execute("create table s.other as select 3 as n")
    assert rows(read({"path": "it's.duckdb", "table": "log", **UNDATED}), "n") == [1, 2]
    assert rows(read({"path": "it's.duckdb", "table": "s.other", **UNDATED}), "n") == [3]
    with pytest.raises(DataError, match=r"sources.log.table: .* got 'lag'"):
        read({"path": "it's.duckdb", "table": "lag", **UNDATED})


FRAMES = {
    "arrow": lambda: LOG,
    "reader": lambda: LOG.to_reader(),
    "batch": lambda: LOG.to_batches()[0],
    "pandas": lambda: pd.DataFrame({"user": pd.Categorical(["a", "b"]), "amount": [1.5, 2.5]}, index=[7, 8]),
    "polars": lambda: pl.DataFrame({"user": ["a", "b"], "amount": [1.5, 2.5]}),
    "lazy": lambda: pl.LazyFrame({"user": ["a", "b"], "amount": [1.5, 2.5]}),
}


@pytest.mark.parametrize("kind", FRAMES)
def test_frames(engine, rows, tmp_path, kind):
    sources = {"log": Source.model_validate(UNDATED)}
    table = read_sources(engine, sources, base=tmp_path, frames={"log": FRAMES[kind]()})["log"]
    assert table.columns == {"user": "text", "amount": "number"}
    assert rows(table, "user", "amount") == [("a", 1.5), ("b", 2.5)]


def test_what_is_no_frame_is_refused(duck, tmp_path):
    with pytest.raises(DataError, match=r"expected an Arrow, pandas or polars frame, got dict"):
        read_sources(duck, {"log": Source.model_validate(UNDATED)}, base=tmp_path, frames={"log": {}})


def test_types_become_roles(read, rows):
    log = pa.table(
        {
            "small": pa.array([1], pa.int8()),
            "unsigned": pa.array([4_000_000_000], pa.uint32()),
            "large": pa.array([2**63 - 1], pa.uint64()),
            "money": pa.array([Decimal("1.25")], pa.decimal128(10, 2)),
            "half": pa.array([0.5], pa.float32()),
            "kind": pa.array(["x"]).dictionary_encode(),
            "yes": pa.array([True]),
            "day": pa.array([date(2026, 1, 2)]),
            "nanos": pa.array([1_767_225_600_123_456_000], pa.timestamp("ns")),
            "zoned": pa.array([datetime(2026, 1, 1, tzinfo=UTC)], pa.timestamp("us", tz="Europe/Paris")),
            "items": pa.array([[1, 2]]),
            "blob": pa.array([b"x"]),
        }
    )
    table = read(UNDATED, log)
    assert table.columns == {
        "small": "integer", "unsigned": "integer", "large": "integer", "money": "number", "half": "number",
        "kind": "text",
        "yes": "boolean", "day": "time", "nanos": "time", "zoned": "time", "items": "list",
    }  # fmt: skip
    assert rows(table, *table.columns) == [
        (
            1,
            4_000_000_000,
            2**63 - 1,
            1.25,
            0.5,
            "x",
            True,
            1767312000000000,
            1767225600123456,
            1767225600000000,
            [1, 2],
        )
    ]


def test_declared_roles_count_what_they_cannot_read(read, rows):
    log = {
        "n": ["1", "x", " 3 ", "1.5"],
        "x": ["1e3", "", "inf", "2"],
        "yes": ["true", "no way", None, "false"],
        "id": [1, 2, 3, 4],
    }
    roles = {"n": "integer", "x": "number", "yes": "boolean", "id": "category"}
    table = read({"types": roles, **UNDATED}, log)
    assert table.columns == {"n": "integer", "x": "number", "yes": "boolean", "id": "text"}
    assert rows(table, "id", "n", "x", "yes") == [
        ("1", 1, 1000.0, True), ("2", None, None, None), ("3", 3, None, None), ("4", None, 2.0, False),
    ]  # fmt: skip
    assert table.report.n_unreadable == {"n": 2, "x": 1, "yes": 1}
    assert table.report.n_non_finite == {"x": 1}


def test_non_finite_numbers_are_null_and_counted(read, rows):
    log = {"x": [1.0, float("nan"), float("inf"), float("-inf"), None], "y": [1.0, 2.0, 3.0, 4.0, 5.0]}
    table = read(UNDATED, log)
    assert rows(table, "x") == [None, None, None, None, 1.0]
    assert table.report.n_non_finite == {"x": 3}


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"path": "lag.parquet"}, r"got 'lag.parquet'.*\n.*did you mean 'log.parquet'"),
        ({"path": "nowhere/*.parquet"}, "which names nothing"),
        ({"path": "log.xyz"}, "expected a file ending"),
        ({"path": "broken.parquet"}, "expected a file that can be read"),
        ({"path": "log.parquet", "rename": {"person": "usr"}}, r"got .usr.*LOG004.*did you mean .user."),
        ({"path": "log.parquet", "types": {"usr": "id"}}, r"types.usr.*got 'usr'"),
        ({"path": "log.parquet", "key": "usr"}, r"sources.log.key.*did you mean 'user'"),
        ({"path": "log.parquet", "where": "usr = 1"}, r"sources.log.where.*got 'usr'"),
        ({"path": "log.parquet", "columns": {"twice": "2 * amont"}}, r"columns.twice.*did you mean 'amount'"),
        ({"path": "empty.parquet"}, "expected rows, got none"),
        ({"path": "log.csv", "options": {"delimeter": ";"}}, "did you mean 'delimiter'"),
        ({}, "expected a path or a frame"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_says_why(duck, tmp_path, source, message):
    pq.write_table(LOG, tmp_path / "log.parquet")
    pq.write_table(LOG.slice(0, 0), tmp_path / "empty.parquet")
    (tmp_path / "broken.parquet").write_text("no parquet at all, only some text")
    (tmp_path / "log.xyz").write_text("")
    (tmp_path / "log.csv").write_text("a;b\n1;2\n")
    parsed = Source.model_validate({**UNDATED, **source})
    with pytest.raises(DataError) as caught:
        read_sources(duck, {"log": parsed}, base=tmp_path)
    assert re.search(message, str(caught.value), re.DOTALL), str(caught.value)


def test_all_sources_are_looked_at_before_stopping(duck, tmp_path):
    sources = {name: Source.model_validate({"path": f"{name}.parquet", **UNDATED}) for name in ("one", "two")}
    with pytest.raises(DataError) as caught:
        read_sources(duck, sources, base=tmp_path)
    assert [finding.where for finding in caught.value.findings] == ["sources.one.path", "sources.two.path"]


def test_an_empty_log_can_be_allowed(engine, tmp_path):
    pq.write_table(
        pa.table({"at": pa.array([], pa.timestamp("us")), "n": pa.array([], pa.int64())}),
        tmp_path / "log.parquet",
    )
    sources = {"log": Source.model_validate({"path": "log.parquet", "time": "at"})}
    table = read_sources(engine, sources, base=tmp_path, allow_empty=True)["log"]
    assert table.report.to_dict()["n_kept"] == 0
    assert table.report.covers is None


def test_sources_that_are_not_named_are_not_read(duck, tmp_path):
    pq.write_table(LOG, tmp_path / "log.parquet")
    sources = {
        "log": Source.model_validate({"path": "log.parquet", **UNDATED}),
        "gone": Source.model_validate({"path": "gone.parquet"}),
    }
    assert list(read_sources(duck, sources, base=tmp_path, names=["log"])) == ["log"]


def test_a_view_reads_only_the_columns_that_are_used(tmp_path: Path):
    pq.write_table(pa.table({"n": [1], "other": ["x"]}), tmp_path / "log.parquet")
    sources = {"log": Source.model_validate({"path": "log.parquet", **UNDATED})}
    with open_engine("duckdb", EngineSettings(threads=1)) as engine:
        read_sources(engine, sources, base=tmp_path)
        plan = engine._connection.execute("EXPLAIN SELECT n FROM src_log").fetchall()[0][1]
    assert "READ_PARQUET" in plan
    assert "other" not in plan
