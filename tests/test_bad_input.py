"""Bad input, row by row of the design's table: what the user gets, by exit code, message and what is kept."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import truenorth

ROOT = Path(__file__).resolve().parent.parent
MONDAY = 1_767_571_200_000_000  # 2026-01-05T00:00:00Z
HOUR = 3_600_000_000
DAY = 24 * HOUR
TIME = pa.timestamp("us", tz="UTC")

FRAMING = """\
framing: 1
name: payments
business: {goal: Lose less money to fraud}
sources:
  payments:
    path: payments.parquet
    time: paid_at
    key: payment
    known_after: {fraud: 1d}
  logins: {path: logins.parquet, time: seen_at, key: login, covers: 2025-12-01..2026-03-01}
examples: {source: payments, entity: customer, at: time}
labels:
  fraudulent: {when: fraud = 1}
  returned: {source: logins, within: 1h}
features:
  amount: {column: amount}
  logins_before: {source: logins, count: true, last: [1d, 7d]}
objective: {score: fraudulent * amount, metric: average_precision(fraudulent)}
"""


def payments(n: int = 40, **columns: Any) -> pa.Table:
    """A payment an hour of four customers in turn, every fifth a fraud."""
    times = [MONDAY + index * HOUR for index in range(n)]
    return pa.table(
        {
            "payment": [f"p{index}" for index in range(n)],
            "customer": [f"c{index % 4}" for index in range(n)],
            "amount": pa.array([float(index) for index in range(n)], pa.float64()),
            "fraud": pa.array([int(index % 5 == 0) for index in range(n)], pa.int64()),
            "paid_at": pa.array(times, TIME),
            **columns,
        }
    )


def logins(n: int = 20) -> pa.Table:
    times = [MONDAY + index * 2 * HOUR + 1 for index in range(n)]
    return pa.table(
        {
            "login": [f"l{index}" for index in range(n)],
            "customer": [f"c{index % 4}" for index in range(n)],
            "seen_at": pa.array(times, TIME),
        }
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A framing that builds, with its logs."""
    pq.write_table(payments(), tmp_path / "payments.parquet")
    pq.write_table(logins(), tmp_path / "logins.parquet")
    (tmp_path / "framing.yaml").write_text(FRAMING)
    return tmp_path


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "truenorth", "build", *arguments]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT / "src"), "NO_COLOR": "1", "COLUMNS": "200"}


def build(
    folder: Path, *arguments: str, as_of: str = "2026-02-01T00:00:00Z"
) -> subprocess.CompletedProcess[str]:
    """Run `truenorth build framing.yaml --out out` in the folder; no run may end in a traceback."""
    done = subprocess.run(
        command("framing.yaml", "--out", "out", "--as-of", as_of, *arguments),
        cwd=folder, env=environment(), capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr + done.stdout
    return done


def said(done: subprocess.CompletedProcess[str]) -> str:
    """Everything that was printed, on one line so that wrapping does not matter."""
    return " ".join((done.stdout + " " + done.stderr).split())


def findings(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    """Findings of a `--json` run; each says its code, place, evidence and fix."""
    told = json.loads(done.stdout)
    assert isinstance(told, dict)
    for finding in told["findings"]:
        assert {"code", "severity", "where", "evidence", "fix"} <= finding.keys()
        assert all(finding[field] for field in ("code", "where", "evidence", "fix"))
    return list(told["findings"])


def errors(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    return [finding for finding in findings(done) if finding["severity"] == "error"]


def examples(folder: Path) -> pa.Table:
    return pq.read_table(folder / "out" / "examples.parquet")


def test_a_good_framing_builds(folder: Path) -> None:
    done = build(folder, "--json")
    assert done.returncode == 0, done.stderr
    assert errors(done) == []
    assert examples(folder).num_rows == 40
    assert json.loads((folder / "out" / "profile.json").read_text())["sources"].keys() == {
        "payments",
        "logins",
    }


# ---- the framing ----

TEN_MISTAKES = {
    "  payments: {path: payments.parquet, tiem: paid_at, time: paid_at}": ("tiem", "time"),
    "  logins: {path: logins.parquet, time: seen_at, known_after: 7 dayz}": ("7 dayz", "7d"),
    "  visits: {path: visits.parquet, time: at, covers: 2026-03-01..2026-02-01}": (
        "2026-03-01..2026-02-01",
        "swap",
    ),
    "  late: {source: logins, within: 1 month}": ("1 month", "days"),
    "  twice: {when: a = 1, value: b, kind: number}": ("when and value", "keep one"),
    "  none: {source: logins, within: 0s}": ("0s", "1h"),
    "  bare: {source: logins, last: 1d}": ("none", "count"),
    "  Shouted: {column: amount}": ("Shouted", "rename"),
    "  night: {sql: hours(time) < 6}": ("hours", "hour"),
    "  nested: {sql: (select 1)}": ("select", ""),
}
TEN = f"""\
framing: 1
name: mistaken
business: {{goal: Ten mistakes}}
sources:
{chr(10).join(list(TEN_MISTAKES)[:3])}
examples: {{source: payments, entity: customer, at: time}}
labels:
  good: {{source: logins, within: 1h}}
{chr(10).join(list(TEN_MISTAKES)[3:6])}
features:
{chr(10).join(list(TEN_MISTAKES)[6:])}
objective: {{score: good, metric: average_precision(good)}}
"""


@pytest.mark.parametrize("line", TEN_MISTAKES, ids=lambda line: line.split(":")[0].strip())
def test_each_of_ten_mistakes_has_a_message_with_file_line_value_and_fix(tmp_path: Path, line: str) -> None:
    (tmp_path / "framing.yaml").write_text(TEN)
    done = build(tmp_path, "--json")
    assert done.returncode == 2
    number = TEN.split("\n").index(line) + 1
    value, remedy = TEN_MISTAKES[line]
    told = [finding for finding in errors(done) if f"framing.yaml:{number} " in finding["where"] + " "]
    assert told, f"no finding at line {number}: {[finding['where'] for finding in errors(done)]}"
    assert value.lower() in " ".join(finding["evidence"] for finding in told).lower()
    assert remedy.lower() in " ".join(finding["evidence"] + finding["fix"] for finding in told).lower()


def test_ten_mistakes_are_ten_messages_for_people_too(tmp_path: Path) -> None:
    (tmp_path / "framing.yaml").write_text(TEN)
    done = build(tmp_path)
    assert done.returncode == 2
    lines = {int(number) for number in re.findall(r"framing\.yaml:(\d+)", said(done))}
    assert len(lines) == 10
    assert said(done).count("Fix:") >= 10
    assert not (tmp_path / "out").exists()


def test_python_collects_the_same_ten_mistakes() -> None:
    with pytest.raises(truenorth.FramingError) as raised:
        truenorth.load_text(TEN)
    assert len(raised.value.findings) >= 10
    assert all(finding.fix and finding.code for finding in raised.value.findings)


@pytest.mark.parametrize(
    ("right", "wrong", "near"),
    [
        ("entity: customer", "entity: custmer", "customer"),
        ("examples: {source: payments", "examples: {source: paymnts", "payments"),
        ("returned: {source: logins", "returned: {source: logns", "logins"),
        ("amount: {column: amount}", "amount: {column: amuont}", "amount"),
        ("when: fraud = 1", "when: frad = 1", "fraud"),
        ("score: fraudulent * amount", "score: fraudulant * amount", "fraudulent"),
        ("average_precision(fraudulent)", "average_precision(fraudulant)", "fraudulent"),
        ("time: seen_at", "time: seem_at", "seen_at"),
        ("key: login,", "key: logim,", "login"),
    ],
    ids=[
        "entity",
        "source of examples",
        "source of label",
        "column",
        "expression",
        "score",
        "metric",
        "time",
        "key",
    ],
)
def test_a_name_that_does_not_exist_is_told_with_the_near_names(
    folder: Path, right: str, wrong: str, near: str
) -> None:
    assert FRAMING.count(right) == 1
    (folder / "framing.yaml").write_text(FRAMING.replace(right, wrong))
    done = build(folder, "--json")
    # Whether a column is missing is seen in the framing or only in the data.
    assert done.returncode in (2, 3)
    missing = next(word for word in re.findall(r"\w+", wrong) if word not in re.findall(r"\w+", right))
    told = [finding for finding in errors(done) if f"'{missing}'" in finding["evidence"]]
    assert told, errors(done)
    assert any(f"'{near}'" in finding["fix"] for finding in told)


HOSTILE = [
    "1; drop table payments",
    "(select max(amount) from payments)",
    "exists (select 1)",
    "amount in (select amount from payments)",
    "amount from payments",
    "1 union select 2",
    "read_csv('/etc/passwd')",
    "read_text('/etc/passwd')",
    "getenv('HOME')",
    "system('id')",
    "pg_sleep(60)",
    "sum(amount)",
    "row_number() over ()",
    "payments.amount",
    "*",
    "amount -- and\n; select 1",
    "cast(amount as struct(a int))",
    "'a' similar to '(a+)+$'",
    "1e999",
    "copy payments to 'stolen.csv'",
    "amount + " * 2_000 + "1",
    "(" * 500 + "1" + ")" * 500,
]


def _named(text: str) -> str:
    return text if len(text) < 40 else text[:10] + "..."


@pytest.mark.parametrize("text", HOSTILE, ids=_named)
def test_a_hostile_expression_is_refused_in_every_place(text: str) -> None:
    quoted = json.dumps(text)
    places = {
        "feature": ("amount: {column: amount}", f"amount: {{sql: {quoted}}}"),
        "label": ("when: fraud = 1", f"when: {quoted}"),
        "examples": ("entity: customer, at: time", f"entity: customer, at: time, where: {quoted}"),
        "source": ("key: login,", f"key: login, where: {quoted},"),
        "score": ("score: fraudulent * amount", f"score: {quoted}"),
    }
    for place, (right, wrong) in places.items():
        with pytest.raises(truenorth.FramingError) as raised:
            truenorth.load_text(FRAMING.replace(right, wrong))
        assert raised.value.findings, place


def test_a_hostile_expression_is_never_executed(folder: Path) -> None:
    hostile = "copy (select 1) to 'stolen.csv'"
    (folder / "framing.yaml").write_text(FRAMING.replace("{column: amount}", f'{{sql: "{hostile}"}}'))
    before = {path.name for path in folder.iterdir()}
    done = build(folder)
    assert done.returncode == 2
    assert {path.name for path in folder.iterdir()} == before


@pytest.mark.parametrize(
    "text", ["", "- a\n- b\n", "framing: 2\n", "name: [\n", "framing: 1\nframing: 1\n", "a: &a [*a]\n",
    "\x00"],
    ids=["empty", "list", "other version", "broken", "repeated key", "recursive", "binary"],
)  # fmt: skip
def test_a_file_that_is_no_framing_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "framing.yaml").write_text(text)
    done = build(tmp_path)
    assert done.returncode == 2
    assert "framing.yaml" in said(done)


def test_a_framing_that_is_not_there_is_told_by_its_name(tmp_path: Path) -> None:
    done = build(tmp_path)
    assert done.returncode == 2
    assert "framing.yaml" in said(done)


def test_a_feature_that_reads_the_future_is_refused_before_any_log_is_read(folder: Path) -> None:
    (folder / "framing.yaml").write_text(FRAMING.replace("{column: amount}", "{column: fraud}"))
    (folder / "payments.parquet").unlink()
    done = build(folder, "--json")
    assert done.returncode == 2
    assert "LEAK001" in {finding["code"] for finding in errors(done)}


# ---- the logs ----


def test_a_log_that_is_not_there_is_a_data_error(folder: Path) -> None:
    (folder / "logins.parquet").unlink()
    done = build(folder)
    assert done.returncode == 3
    assert "logins.parquet" in said(done)


def test_a_file_that_is_no_parquet_is_a_data_error(folder: Path) -> None:
    (folder / "logins.parquet").write_bytes(b"PAR1 not really")
    done = build(folder)
    assert done.returncode == 3
    assert "logins.parquet" in said(done)


def test_an_empty_log_leaves_an_empty_table_of_the_same_types(folder: Path) -> None:
    assert build(folder).returncode == 0
    full = examples(folder)
    pq.write_table(payments().slice(0, 0), folder / "payments.parquet")
    done = build(folder, "--json")
    assert done.returncode == 3
    assert errors(done)
    empty = examples(folder)
    assert empty.num_rows == 0
    assert empty.schema.equals(full.schema)
    assert {empty.schema.field(name).type for name in ("at", "fraudulent__mature_at")} == {TIME}


def test_labels_that_are_all_immature_are_a_finding_and_the_table_is_kept(folder: Path) -> None:
    done = build(folder, "--json", as_of="2026-01-05T20:00:00Z")
    assert done.returncode == 3
    assert any("fraudulent" in finding["where"] + finding["evidence"] for finding in errors(done))
    kept = examples(folder)
    assert kept.num_rows == 20
    assert set(kept["fraudulent__state"].to_pylist()) == {"immature"}
    assert (folder / "out" / "profile.json").exists()


def test_a_label_of_one_class_is_a_finding_and_the_table_is_kept(folder: Path) -> None:
    pq.write_table(payments(fraud=pa.array([0] * 40, pa.int64())), folder / "payments.parquet")
    done = build(folder, "--json")
    assert done.returncode == 3
    assert any("fraudulent" in finding["where"] + finding["evidence"] for finding in errors(done))
    assert examples(folder).num_rows == 40


def test_a_test_part_without_rows_is_a_finding_and_the_table_is_kept(folder: Path) -> None:
    split = "split: {train: 2026-01-05..2026-01-07, test: 2026-01-20..2026-01-25}\n"
    (folder / "framing.yaml").write_text(FRAMING + split)
    done = build(folder, "--json")
    assert done.returncode == 3
    assert any("test" in finding["where"] + finding["evidence"] for finding in errors(done))
    assert examples(folder).num_rows == 40


def _counts(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Leaves of nested JSON with their path."""
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            yield from _counts(item, f"{path}.{key}")
    else:
        yield path.lower(), value


def counted(folder: Path, source: str, *words: str) -> set[Any]:
    """Counts of a source's profile whose path holds one of the words."""
    profile = json.loads((folder / "out" / "profile.json").read_text())
    return {
        value for path, value in _counts(profile["sources"][source]) if any(word in path for word in words)
    }


def test_numbers_that_are_none_are_counted(folder: Path) -> None:
    amounts = [float(index) for index in range(40)]
    amounts[3:5] = [float("nan")] * 2
    amounts[7:10] = [float("inf"), float("inf"), float("-inf")]
    pq.write_table(payments(amount=pa.array(amounts, pa.float64())), folder / "payments.parquet")
    assert build(folder).returncode == 0
    assert 5 in counted(folder, "payments", "finite")


def test_rows_without_a_time_are_counted_and_left_out(folder: Path) -> None:
    times = [None if index < 4 else MONDAY + index * HOUR for index in range(40)]
    pq.write_table(payments(paid_at=pa.array(times, TIME)), folder / "payments.parquet")
    assert build(folder).returncode == 0
    assert examples(folder).num_rows == 36
    assert 4 in counted(folder, "payments", "no time", "no_time")


def test_times_out_of_range_are_counted_and_left_out(folder: Path) -> None:
    seconds = [10**17 if index < 5 else (MONDAY + index * HOUR) // 1_000_000 for index in range(40)]
    pq.write_table(payments(paid_at=pa.array(seconds, pa.int64())), folder / "payments.parquet")
    (folder / "framing.yaml").write_text(FRAMING.replace("time: paid_at", "time: {column: paid_at, unit: s}"))
    assert build(folder).returncode == 0
    assert examples(folder).num_rows == 35
    assert 5 in counted(folder, "payments", "range")


def test_duplicates_are_refused_by_default_and_counted(folder: Path) -> None:
    twice = pa.concat_tables([payments(), payments().slice(0, 6)])
    pq.write_table(twice, folder / "payments.parquet")
    done = build(folder, "--json")
    assert done.returncode == 3
    assert any("payments" in finding["where"] and "6" in finding["evidence"] for finding in errors(done))


def test_duplicates_are_dropped_and_counted_where_that_is_declared(folder: Path) -> None:
    twice = pa.concat_tables([payments(), payments().slice(0, 6)])
    pq.write_table(twice, folder / "payments.parquet")
    (folder / "framing.yaml").write_text(
        FRAMING.replace("key: payment\n", "key: payment\n    duplicates: drop\n")
    )
    assert build(folder).returncode == 0
    assert examples(folder).num_rows == 40
    assert 6 in counted(folder, "payments", "duplicate")


def test_rows_that_share_a_key_but_differ_are_refused_even_where_duplicates_are_dropped(folder: Path) -> None:
    other = payments(amount=pa.array([99.0] * 40, pa.float64())).slice(0, 2)
    pq.write_table(pa.concat_tables([payments(), other]), folder / "payments.parquet")
    (folder / "framing.yaml").write_text(
        FRAMING.replace("key: payment\n", "key: payment\n    duplicates: drop\n")
    )
    assert build(folder).returncode == 3


def test_stamps_with_and_without_a_zone_stand_for_their_own_times(folder: Path) -> None:
    stamps = {"p0": "2026-01-05 10:00:00", "p1": "2026-01-05 10:00:00+01:00", "p2": "2026-01-05T08:00:00Z"}
    rows = "".join(
        f"{name},c0,1.5,{index % 2},{stamp}\n" for index, (name, stamp) in enumerate(stamps.items())
    )
    (folder / "payments.csv").write_text("payment,customer,amount,fraud,paid_at\n" + rows)
    text = FRAMING.replace("payments.parquet", "payments.csv\n    covers: 2026-01-01..2026-02-01")
    text = text.replace("time: paid_at", "time: {column: paid_at, zone: America/New_York}")
    (folder / "framing.yaml").write_text(text)
    done = build(folder)
    assert done.returncode == 0, done.stderr
    got = {row["example_id"]: row["at"] for row in examples(folder).select(["example_id", "at"]).to_pylist()}
    hours = {name: at.astimezone(UTC) for name, at in got.items()}
    assert hours == {
        name: datetime(2026, 1, 5, hour, tzinfo=UTC) for name, hour in {"p0": 15, "p1": 9, "p2": 8}.items()
    }


# ---- size and interruption ----

N_BIG = 6_000_000
MEMORY = 300 * 1024**2


@pytest.fixture(scope="session")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two logs that together are larger than the memory they may use."""
    folder = tmp_path_factory.mktemp("big")
    random = np.random.default_rng(7)

    def times() -> pa.Array:
        return pa.array(MONDAY + random.integers(0, 14 * DAY, N_BIG), pa.int64()).cast(TIME)

    shown = pa.table({
        "payment": np.arange(N_BIG), "customer": random.integers(0, N_BIG // 20, N_BIG),
        "amount": random.random(N_BIG),
        "fraud": random.integers(0, 2, N_BIG), "paid_at": times(),
    })  # fmt: skip
    seen = pa.table({
        "login": np.arange(N_BIG), "customer": random.integers(0, N_BIG // 20, N_BIG),
        "noise": random.random(N_BIG),
        "seen_at": times(),
    })  # fmt: skip
    assert shown.nbytes + seen.nbytes > MEMORY
    pq.write_table(shown, folder / "payments.parquet")
    pq.write_table(seen, folder / "logins.parquet")
    (folder / "framing.yaml").write_text(FRAMING)
    return folder


def start(folder: Path, out: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command("framing.yaml", "--out", str(out), "--as-of", "2026-02-01T00:00:00Z", *arguments),
        cwd=folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def spilled_bytes(folder: Path) -> int:
    """Bytes that lie in a folder of spilled files while a build runs."""
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):  # DuckDB removes what it has read back
            total += path.stat().st_size
    return total


@pytest.mark.slow
@pytest.mark.xdist_group("big")
def test_a_log_larger_than_memory_finishes(big: Path, tmp_path: Path) -> None:
    spill = tmp_path / "spill"
    running = subprocess.Popen(
        command("framing.yaml", "--out", str(tmp_path / "out"), "--memory", "300MB", "--spill", str(spill),
                "--as-of", "2026-02-01T00:00:00Z"),
        cwd=big, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    most = 0
    while running.poll() is None:
        most = max(most, spilled_bytes(spill))
        time.sleep(0.05)
    assert running.returncode == 0
    assert pq.ParquetFile(tmp_path / "out" / "examples.parquet").metadata.num_rows == N_BIG
    # The process's greatest size is no measure: a child starts with that of the worker it is forked from.
    # That the tables are kept within the limit shows in what lies on disk.
    assert most > 2 * MEMORY
    assert not list(spill.rglob("*.tmp")), "spilled files are left behind"


def previous(out: Path, folder: Path) -> bytes:
    """Build a small table into `out` and return its bytes."""
    done = build(folder)
    assert done.returncode == 0
    out.mkdir()
    for name in ("examples.parquet", "profile.json"):
        (out / name).write_bytes((folder / "out" / name).read_bytes())
    return (out / "examples.parquet").read_bytes()


def stop(running: subprocess.Popen[str], seconds: float, sent: signal.Signals) -> str:
    """Send a signal after some seconds, while it runs; return what it said."""
    time.sleep(seconds)
    assert running.poll() is None, "it ended before it could be stopped"
    running.send_signal(sent)
    stdout, stderr = running.communicate(timeout=60)
    return stdout + stderr


@pytest.mark.slow
@pytest.mark.xdist_group("big")
@pytest.mark.parametrize("seconds", [1.0, 2.5])
def test_a_build_killed_half_way_leaves_the_previous_results(
    big: Path, folder: Path, tmp_path: Path, seconds: float
) -> None:
    out = tmp_path / "kept"
    before = previous(out, folder)
    running = start(big, out)
    stop(running, seconds, signal.SIGKILL)
    assert running.returncode == -signal.SIGKILL
    assert (out / "examples.parquet").read_bytes() == before
    assert json.loads((out / "profile.json").read_text())


@pytest.mark.slow
@pytest.mark.xdist_group("big")
def test_a_build_killed_half_way_leaves_no_half_table_and_the_next_run_finishes(
    big: Path, tmp_path: Path
) -> None:
    out = tmp_path / "fresh"
    stop(start(big, out), 2.5, signal.SIGKILL)
    assert not (out / "examples.parquet").exists()
    again = start(big, out)
    again.communicate(timeout=300)
    assert again.returncode == 0
    assert pq.ParquetFile(out / "examples.parquet").metadata.num_rows == N_BIG
    assert {path.name for path in out.iterdir() if path.name.startswith("examples")} == {"examples.parquet"}


@pytest.mark.slow
@pytest.mark.xdist_group("big")
def test_ctrl_c_stops_with_130_and_leaves_the_previous_results(
    big: Path, folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "kept"
    before = previous(out, folder)
    running = start(big, out)
    told = stop(running, 2.5, signal.SIGINT)
    assert running.returncode == 130
    assert "Traceback" not in told
    assert (out / "examples.parquet").read_bytes() == before
    assert {path.name for path in out.iterdir()} == {"examples.parquet", "profile.json"}
