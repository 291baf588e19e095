"""Sources made from sources, against small tables computed by hand."""

from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from truenorth.errors import DataError

MINUTE = 60_000_000
DAY = 86_400_000_000
START = round(datetime(2026, 1, 1, tzinfo=UTC).timestamp() * 1e6)


def at(*minutes):
    return pa.array([START + minute * MINUTE for minute in minutes], pa.int64())


TIME = {"column": "at", "unit": "us"}
KEEP = {"duplicates": "keep"}


@pytest.fixture
def write(tmp_path):
    def write_one(name, columns):
        pq.write_table(pa.table(columns), tmp_path / f"{name}.parquet")
        return {"path": f"{name}.parquet"}

    return write_one


def test_sessions(read, rows):
    log = {"user": ["a", "a", "a", "a", "b", None], "at": at(0, 30, 61, 61, 10, 10), "n": [1, 2, 3, 4, 5, 6]}
    table = read({"time": TIME, "session": {"by": "user", "gap": "30m"}}, log)
    first, second, other = START, START + 61 * MINUTE, START + 10 * MINUTE
    assert rows(table, "n", "session_id", "session_start", "session_end", "__known_session_end") == [
        (1, f"a/{first}", first, first + 30 * MINUTE, first + 60 * MINUTE),
        (2, f"a/{first}", first, first + 30 * MINUTE, first + 60 * MINUTE),
        (3, f"a/{second}", second, second, second + 30 * MINUTE),
        (4, f"a/{second}", second, second, second + 30 * MINUTE),
        (5, f"b/{other}", other, other, other + 30 * MINUTE),
        (6, None, None, None, None),
    ]
    assert table.columns["session_start"] == table.columns["session_end"] == "time"
    assert set(table.known_columns) == {"session_end"}


def test_made_columns_may_read_the_session(read, rows):
    log = {"user": ["a", "a"], "at": at(0, 10), "n": [1, 2]}
    source = {
        "time": TIME,
        "session": {"by": "user", "gap": "30m"},
        "columns": {
            "elapsed": "seconds_between(session_start, time)",
            "lasted": "seconds_between(session_start, session_end)",
        },
        "where": "elapsed > 0",
    }
    table = read(source, log)
    assert rows(table, "n", "elapsed", "lasted") == [(2, 600.0, 600.0)]
    assert set(table.known_columns) == {"session_end", "lasted"}
    assert table.report.removed == {"where": 1}


def test_silences(read, rows, write):
    day = 1440
    plays = {"user": ["a", "a", "a", "b", "c", None], "at": at(0, 10 * day, 12 * day, 0, 11 * day, 0)}
    source = {
        **write("plays", plays),
        "time": TIME,
        "known_after": "1d",
        "covers": "2026-01-01..2026-01-15",
        **KEEP,
    }
    table = read({"silence": {"source": "plays", "by": "user", "of": "7d"}}, plays=source)
    # a: 7 d after day 0; day 10 is broken on day 12; day 12 + 7 is past the end. c: day 18 is past the end
    assert rows(table, "user", "__time", "__known") == [
        ("a", START + 7 * DAY, START + 8 * DAY),
        ("b", START + 7 * DAY, START + 8 * DAY),
    ]
    assert table.report.covers == (START, START + 14 * DAY)


def test_an_event_at_the_end_of_a_silence_breaks_it(read, rows, write):
    day = 1440
    source = {
        **write("plays", {"user": ["a", "a"], "at": at(0, 7 * day)}),
        "time": TIME,
        "covers": "2026-01-01..2026-01-15",
    }
    table = read({"silence": {"source": "plays", "by": "user", "of": "7d"}}, plays=source)
    assert rows(table, "__time") == []
    source = {
        **write("plays", {"user": ["a", "a"], "at": at(0, 7 * day + 1)}),
        "time": TIME,
        "covers": "2026-01-01..2026-01-15",
    }
    table = read({"silence": {"source": "plays", "by": "user", "of": "7d"}}, plays=source)
    assert rows(table, "__time") == [START + 7 * DAY]


INVOICES = {
    "id": [1, 2, 3, 4, 5, 6],
    "at": at(0, 1, 2, 2, 3, 1440 * 20),
    "supplier": ["x", "x", "x", "x", None, "x"],
    "amount": [10.0, 10.0, 20.0, 20.0, 10.0, 10.0],
    "iban": ["i", "i", "j", "k", None, "i"],
    "mark": [0, 1, 0, 0, 0, 1],
}


def test_pairs(read, rows, write):
    source = {**write("invoices", INVOICES), "time": TIME, "key": "id", "known_after": {"mark": "1h"}}
    pairs = {"source": "invoices", "block": [["supplier", "amount"], ["iban"]], "last": "10d"}
    table = read({"pairs": pairs}, invoices=source)
    assert rows(
        table, "a_id", "b_id", "a_time", "b_time", "__time", "__known", "__known_a_mark", "__known_b_mark"
    ) == [
        (
            1,
            2,
            START,
            START + MINUTE,
            START + MINUTE,
            START + MINUTE,
            START + 60 * MINUTE,
            START + 61 * MINUTE,
        ),
        (
            3,
            4,
            START + 2 * MINUTE,
            START + 2 * MINUTE,
            START + 2 * MINUTE,
            START + 2 * MINUTE,
            START + 62 * MINUTE,
            START + 62 * MINUTE,
        ),
    ]
    assert set(table.known_columns) == {"a_mark", "b_mark"}
    assert table.columns["a_supplier"] == "text"
    assert table.columns["b_time"] == "time"


def test_pairs_reach_the_whole_history_without_a_bound(read, rows, write):
    source = {**write("invoices", INVOICES), "time": TIME, "key": "id"}
    table = read({"pairs": {"source": "invoices", "block": [["supplier", "amount"]]}}, invoices=source)
    assert rows(table, "a_id", "b_id") == [(1, 2), (1, 6), (2, 6), (3, 4)]


def test_a_row_that_was_not_known_yet_is_no_candidate(read, rows, write):
    source = {**write("invoices", INVOICES), "time": TIME, "key": "id", "known_after": "2m"}
    table = read({"pairs": {"source": "invoices", "block": ["amount"]}}, invoices=source)
    # known at b's time is enough: 1 (known at minute 2) pairs with 5 (minute 3), not with 2 (minute 1)
    assert rows(table, "a_id", "b_id") == [(1, 5), (1, 6), (2, 5), (2, 6), (5, 6)]


def test_union(read, rows, write):
    one = {
        **write("one", {"at": at(0), "user": ["a"], "n": [1], "mark": [1]}),
        "time": TIME,
        "known_after": {"mark": "1d"},
    }
    two = {
        **write("two", {"at": at(5), "user": ["b"], "n": [2.5], "other": ["x"]}),
        "time": TIME,
        "known_after": "1h",
    }
    table = read({"union": ["one", "two"], "time": "at"}, one=one, two=two)
    assert rows(table, "source", "user", "n", "mark", "other", "__time", "__known", "__known_mark") == [
        ("one", "a", 1.0, 1, None, START, START, START + DAY),
        ("two", "b", 2.5, None, "x", START + 5 * MINUTE, START + 65 * MINUTE, START + 65 * MINUTE),
    ]
    assert table.columns == {
        "at": "time",
        "user": "text",
        "n": "number",
        "mark": "integer",
        "other": "text",
        "source": "text",
    }


def test_a_union_of_other_types_is_refused(read, write):
    one = {**write("one", {"n": [1]}), "time": "none"}
    two = {**write("two", {"n": ["x"]}), "time": "none"}
    with pytest.raises(DataError, match=r"expected 'n' to be integer in every source, got text in 'two'"):
        read({"union": ["one", "two"]}, one=one, two=two)


def test_an_undated_lookup(read, rows, write):
    items = {
        **write("items", {"item": [1, 2], "creator": ["x", "y"]}),
        "time": "none",
        "key": "item",
        "static": ["creator"],
    }
    log = {"at": at(0, 1, 2), "item": [1, 2, 3]}
    source = {"time": TIME, "lookup": {"creator": {"source": "items", "by": "item", "column": "creator"}}}
    table = read(source, log, items=items)
    assert rows(table, "item", "creator") == [(1, "x"), (2, "y"), (3, None)]
    assert table.columns["creator"] == "text"
    assert table.report.n_kept == 3


def test_a_lookup_by_a_key_that_repeats_is_refused(read, write):
    items = {**write("items", {"item": [1, 1], "creator": ["x", "y"]}), "time": "none"}
    source = {"time": TIME, "lookup": {"creator": {"source": "items", "by": "item", "column": "creator"}}}
    with pytest.raises(
        DataError, match=r"expected one row of 'items' per item, got several, for example for item = 1"
    ):
        read(source, {"at": at(0), "item": [1]}, items=items)


def test_a_dated_lookup_takes_the_latest_known_strictly_before(read, rows, write):
    profiles = {
        "user": ["a", "a", "a"],
        "at": at(0, 10, 20),
        "country": ["FR", "DE", "IT"],
        "score": [1, 2, 3],
    }
    dated = {**write("profiles", profiles), "time": TIME, "key": ["user", "at"], "known_after": "5m"}
    log = {"at": at(5, 6, 15, 16, 26, 26, 26), "user": ["a", "a", "a", "a", "a", "a", "b"]}
    source = {
        "time": TIME,
        **KEEP,
        "lookup": {"country": {"source": "profiles", "by": "user", "column": "country"}},
    }
    table = read(source, log, profiles=dated)
    minutes = [(START + minute * MINUTE, user, country) for minute, user, country in [
        (5, "a", None), (6, "a", "FR"), (15, "a", "FR"), (16, "a", "DE"),
        (26, "a", "IT"), (26, "a", "IT"), (26, "b", None),
    ]]  # fmt: skip
    assert rows(table, "__time", "user", "country") == minutes


def test_a_looked_up_column_brings_its_known_time(read, rows, write):
    orders = {
        **write("orders", {"order": [1], "at": at(0), "returned": [1]}),
        "time": TIME,
        "known_after": {"returned": "1d"},
    }
    source = {
        "time": TIME,
        "lookup": {"returned": {"source": "orders", "by": "order", "column": "returned"}},
        "columns": {"came_back": "returned = 1"},
    }
    table = read(source, {"at": at(10, 3000), "order": [1, 1]}, orders=orders)
    assert rows(table, "__time", "__known_returned", "__known_came_back") == [
        (START + 10 * MINUTE, START + DAY, START + DAY),
        (START + 3000 * MINUTE, START + 3000 * MINUTE, START + 3000 * MINUTE),
    ]


def test_a_looked_up_column_may_be_filtered_on(read, rows, write):
    items = {**write("items", {"item": [1, 2], "kind": ["x", "y"]}), "time": "none", "key": "item"}
    source = {
        "time": TIME,
        "where": "kind = 'y'",
        "lookup": {"kind": {"source": "items", "by": "item", "column": "kind"}},
    }
    table = read(source, {"at": at(0, 1, 2), "item": [1, 2, 3]}, items=items)
    assert rows(table, "item") == [2]
    assert table.report.removed == {"where": 2}


@pytest.mark.parametrize(
    ("source", "others", "message"),
    [
        ({"union": ["one"]}, {"one": {"union": ["log"]}}, "got log -> one -> log"),
        ({"union": ["on"]}, {"one": {"time": "none"}}, r"(?s)got 'on'.*did you mean 'one'"),
    ],
)
def test_circles_and_unknown_sources_are_refused(read, source, others, message):
    with pytest.raises(DataError, match=message):
        read(source, **others)
