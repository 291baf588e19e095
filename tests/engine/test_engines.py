"""What an engine promises whatever it runs: whole files or none, Ctrl-C, spilling, plain errors."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlglot import exp, parse_one

from truenorth.engine.contract import EngineSettings, open_engine, role_of
from truenorth.errors import EngineError

SRC = Path(__file__).resolve().parents[2] / "src"


def query(text: str) -> exp.Query:
    return parse_one(text, dialect="duckdb")


def test_views_tables_and_arrow(engine):
    engine.register("frame", pa.table({"n": [1, 2], "name": ["x", "y"]}))
    engine.create_view("a_view", query("select n * 2 as twice, name from frame"))
    engine.create_table("kept", query("select twice from a_view"))
    assert engine.columns("a_view") == {"twice": "integer", "name": "text"}
    assert sorted(engine.fetch(query("select twice from kept")).column("twice").to_pylist()) == [2, 4]
    engine.create_table("kept", query("select 7 as twice"))
    assert engine.fetch(query("select twice from kept")).to_pylist() == [{"twice": 7}]


def test_a_reader_is_read_to_its_end(engine):
    engine.register("frame", pa.table({"n": range(5)}).to_reader(max_chunksize=2))
    for _ in range(2):
        assert engine.fetch(query("select count(*) as n from frame")).to_pylist() == [{"n": 5}]


def test_a_file_is_written_whole(engine, tmp_path):
    path = tmp_path / "new folder" / "it's.parquet"
    engine.register("frame", pa.table({"n": pa.array([3, 1, 2], pa.int64())}))
    assert engine.write_parquet(query("select n from frame order by n"), path) == 3
    assert pq.read_table(path).to_pylist() == [{"n": 1}, {"n": 2}, {"n": 3}]
    assert engine.write_parquet(query("select n from frame where n > 5"), path) == 0
    assert pq.read_table(path).schema.names == ["n"]
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_a_failed_write_leaves_what_was_there(engine, tmp_path):
    path = tmp_path / "out.parquet"
    path.write_text("before")
    with pytest.raises(EngineError):
        engine.write_parquet(query("select nothing from nowhere"), path)
    assert path.read_text() == "before"
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.parquet"]


def test_an_error_names_the_place_and_keeps_its_cause(engine):
    with pytest.raises(EngineError, match=r"ENGINE002") as caught:
        engine.create_table("broken", query("select nothing from nowhere"))
    assert caught.value.findings[0].where == "broken"
    assert caught.value.__cause__ is not None


def test_every_identifier_is_quoted(duck):
    assert duck.sql(query("select a from t")) == 'SELECT "a" FROM "t"'


@pytest.mark.parametrize(
    ("written", "role"),
    [("INTEGER", "integer"), ("HUGEINT", "integer"), ("DECIMAL(10,2)", "number"), ("FLOAT", "number"),
     ("VARCHAR", "text"),
     ("BOOLEAN", "boolean"), ("DATE", "time"), ("TIMESTAMP_NS", "time"),
     ("TIMESTAMP WITH TIME ZONE", "time"), ("INTEGER[]", "list"),
     ("STRUCT(a INTEGER)", "other"), ("BLOB", "other"), ("TIME", "other")],
)  # fmt: skip
def test_roles(written, role):
    assert role_of(exp.DataType.build(written, dialect="duckdb")) == role


def test_settings_reach_duckdb_and_the_spill_folder_goes(tmp_path):
    with open_engine("duckdb", EngineSettings(threads=1, memory="500MB", spill=tmp_path / "spill")) as engine:
        found = engine.fetch(
            query(
                "select current_setting('threads') as threads, current_setting('TimeZone') as zone, "
                "current_setting('temp_directory') as spill, "
                "current_setting('autoinstall_known_extensions') as downloads"
            )
        ).to_pylist()[0]
        assert found["threads"] == 1
        assert found["zone"] == "UTC"
        assert Path(found["spill"]).parent == tmp_path / "spill"
        assert found["downloads"] is False
    assert list((tmp_path / "spill").iterdir()) == []


def test_python_variables_are_no_tables(duck):
    secret = pa.table({"n": [1]})
    assert secret.num_rows == 1
    with pytest.raises(EngineError):
        duck.fetch(query("select * from secret"))


def test_progress_is_told():
    told = []
    with open_engine(
        "duckdb", EngineSettings(threads=1, progress=lambda doing, share: told.append((doing, share)))
    ) as engine:
        engine.create_table(
            "slow", query("select sum(a.range * b.range % 7) as n from range(20000) a, range(10000) b")
        )
    assert told
    assert {doing for doing, _ in told} == {"slow"}
    assert all(share is None or 0 <= share <= 1 for _, share in told)


@pytest.mark.slow
def test_what_does_not_fit_in_memory_spills_and_finishes(tmp_path):
    rows = 6_000_000
    text = f"""
        select range as n, hash(range) % 100000 as user, hash(range * 7) as x,
               repeat('p', 24) || cast(range as varchar) as payload
        from range({rows})"""
    sort = f"select *, lag(payload) over (partition by user order by x) as before from ({text}) order by x"
    with open_engine("duckdb", EngineSettings(threads=2, memory="300MB", spill=tmp_path)) as engine:
        assert engine.write_parquet(query(sort), tmp_path / "out.parquet") == rows
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.parquet"]


def test_memory_that_cannot_be_enough_is_a_finding(tmp_path):
    with open_engine("duckdb", EngineSettings(threads=1, memory="20MB", spill=tmp_path)) as engine:
        with pytest.raises(EngineError, match=r"ENGINE003.*\n.*raise the memory limit"):
            engine.fetch(query("select list(range) as l, list(hash(range)) as h from range(20000000)"))
        assert engine.fetch(query("select 1 as n")).to_pylist() == [{"n": 1}]


INTERRUPTED = """
import sys
from pathlib import Path
from sqlglot import parse_one
from truenorth.engine.contract import EngineSettings, open_engine
from truenorth.errors import Interrupted

out = Path(sys.argv[1])
text = "select a.range * b.range % 7 as n from range(1000000) a, range(1000000) b where n % 1000003 = 9"
slow = parse_one(text, dialect="duckdb")
try:
    with open_engine("duckdb", EngineSettings(threads=2, spill=out / "spill")) as engine:
        print("running", flush=True)
        engine.write_parquet(slow, out / "out.parquet")
except Interrupted as error:
    print(error.findings[0].code, flush=True)
    sys.exit(error.exit_code)
"""


def test_ctrl_c_stops_a_long_query_and_leaves_nothing(tmp_path):
    command = [sys.executable, "-c", textwrap.dedent(INTERRUPTED), str(tmp_path)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(SRC)}
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "running\n"
        time.sleep(1.0)
        start = time.monotonic()
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=20)
        assert time.monotonic() - start < 3
    assert (process.returncode, output) == (130, "ENGINE005\n")
    assert [entry.name for entry in tmp_path.iterdir()] == ["spill"]
    assert list((tmp_path / "spill").iterdir()) == []


def test_a_missing_extra_names_its_install_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    with pytest.raises(EngineError, match=r'pip install "truenorth\[spark\]"'), open_engine("spark"):
        pass
