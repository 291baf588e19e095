"""Known times that rows and columns inherit, as relations and in windows."""

from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import truenorth

DAY = 86_400_000_000
START = round(datetime(2026, 1, 1, tzinfo=UTC).timestamp() * 1e6)
TIME = {"column": "at", "unit": "us"}
LOG = {"c": ["a", "a"], "at": pa.array([START, START + DAY], pa.int64()), "fraud": [1, 1], "n": [1.0, 2.0]}
LATE = {"time": TIME, "known_after": {"fraud": "7d"}}
WEEK = 7 * DAY


def test_rows_are_known_with_what_where_reads(read, rows):
    table = read({**LATE, "where": "fraud = 1"}, LOG)
    assert rows(table, "__known") == [START + WEEK, START + DAY + WEEK]


def test_rows_are_known_with_what_a_late_where_reads(read, rows):
    source = {**LATE, "session": {"by": "c", "gap": "3d"}, "where": "session_end > session_start"}
    assert rows(read(source, LOG), "__known") == [START + 4 * DAY] * 2


def test_the_column_of_a_known_time_is_known_at_itself(read, rows):
    log = {**LOG, "ended": pa.array([START + 3 * DAY, None], pa.int64())}
    source = {"time": TIME, "types": {"ended": "integer"}, "known_at": {"fraud": "ended"}}
    assert rows(read(source, log), "__known", "__known_ended") == [
        (START, START + 3 * DAY), (START + DAY, None),
    ]  # fmt: skip


def test_a_pair_is_known_with_its_block(read, rows, tmp_path):
    pq.write_table(pa.table(LOG), tmp_path / "p.parquet")
    p = {**LATE, "path": "p.parquet"}
    late = read({"pairs": {"source": "p", "block": [["c", "fraud"]]}}, p=p)
    assert rows(late, "__time", "__known") == [(START + DAY, START + DAY + WEEK)]
    both = read({"pairs": {"source": "p", "block": [["c", "fraud"], ["c"]]}}, p=p)
    assert rows(both, "__known", "__known_b_fraud") == [(START + DAY, START + DAY + WEEK)]


def test_a_lookup_is_known_with_its_key(read, rows, tmp_path):
    pq.write_table(pa.table({"fraud": [1], "reason": ["bad"]}), tmp_path / "codes.parquet")
    codes = {"path": "codes.parquet", "time": "none", "key": "fraud"}
    lookup = {"reason": {"source": "codes", "by": "fraud", "column": "reason"}}
    table = read({**LATE, "lookup": lookup}, LOG, codes=codes)
    assert rows(table, "reason", "__known_reason") == [
        ("bad", START + WEEK), ("bad", START + DAY + WEEK),
    ]  # fmt: skip


def test_sessions_are_known_with_their_key(read, rows):
    table = read({**LATE, "session": {"by": "fraud", "gap": "1h"}}, LOG)
    assert rows(table, "__known_session_id") == [START + WEEK, START + DAY + WEEK]


def test_a_silence_waits_for_the_whole_delay(read, rows, tmp_path):
    pq.write_table(pa.table(LOG), tmp_path / "p.parquet")
    p = {"path": "p.parquet", "time": TIME, "known_after": "7d"}
    silence = {"silence": {"source": "u", "by": "c", "of": "1h"}}
    table = read(silence, p=p, u={"union": ["p"]})
    hour = DAY // 24
    assert rows(table, "__time", "__known") == [(START + hour, START + hour + WEEK)]


def at(*days):
    return pa.array([START + day * DAY for day in days], pa.timestamp("us", "UTC"))


def built(feature, **late):
    events = {"path": None, "time": "t", "covers": "2025-06-01..2026-02-01", **late}
    framing = {
        "framing": 1,
        "name": "x",
        "business": {"goal": "g"},
        "sources": {"p": {"time": "t", "key": "id", "covers": "2025-06-01..2026-02-01"}, "e": events},
        "examples": {"source": "p", "entity": "c", "at": "time"},
        "labels": {"y": {"source": "e", "within": "1d", "by": "c"}},
        "features": {"f": feature},
        "objective": {"score": "y"},
    }
    framing["sources"]["e"].pop("path")
    frames = {
        "p": pa.table({"id": [1, 2], "c": ["a", "a"], "t": at(2, 10)}),
        "e": pa.table({"c": ["a"], "t": at(1), "fraud": [1], "ended": at(5)}),
    }
    table = truenorth.build(framing, frames=frames).examples.sort_by("at")
    return table["f"].to_pylist()


@pytest.mark.parametrize(
    ("feature", "late"),
    [
        ({"count": True}, {"known_after": {"fraud": "7d"}, "where": "fraud = 1"}),
        (
            {"count": True, "where": "twice = 2"},
            {"known_after": {"fraud": "7d"}, "columns": {"twice": "fraud * 2"}},
        ),
        ({"count": True}, {"known_after": {"c": "7d"}}),
        ({"count": True, "where": "ended is not null"}, {"known_at": {"fraud": "ended"}}),
    ],
)  # fmt: skip
def test_a_window_waits_for_what_decides_which_events_it_holds(feature, late):
    assert built({"source": "e", "by": "c", "last": "30d", **feature}, **late) == [0, 1]


def test_a_union_without_a_time_of_its_own_has_windows():
    sources = {"p": {"time": "t", "key": "id", "covers": "2025-06-01..2026-02-01"}, "u": {"union": ["p"]}}
    framing = {
        "framing": 1,
        "name": "x",
        "business": {"goal": "g"},
        "sources": sources,
        "examples": {"source": "p", "entity": "c", "at": "time"},
        "labels": {"y": {"source": "u", "within": "2d", "by": "c", "count": True}},
        "features": {"f": {"source": "u", "by": "c", "count": True, "last": "2d"}},
        "objective": {"score": "y"},
    }
    frames = {"p": pa.table({"id": [1, 2, 3], "c": ["a"] * 3, "t": at(2, 3, 10)})}
    table = truenorth.build(framing, frames=frames).examples.sort_by("at")
    assert table["f"].to_pylist() == [0, 1, 0]
    assert table["y"].to_pylist() == [1, 0, 0]
