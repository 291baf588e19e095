"""Stamps of every kind become microseconds UTC, and known times follow docs/semantics.md."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from truenorth.engine.zones import read_zone
from truenorth.errors import DataError

DAY = 86_400_000_000
HOUR = 3_600_000_000
SECOND = 1_000_000
KEEP = {"duplicates": "keep"}


def micros(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * SECOND)


def naive(*texts: str | None) -> pa.Array:
    return pa.array([text and datetime.fromisoformat(text) for text in texts], pa.timestamp("us"))


def test_a_naive_stamp_is_utc(read, rows):
    table = read({"time": "at", **KEEP}, {"at": naive("2026-03-29T02:30:00.000001")})
    assert rows(table, "at", "__time", "__known") == [(micros("2026-03-29T02:30:00.000001+00:00"),) * 3]


PARIS = [
    ("2026-01-15T12:00:00", "2026-01-15T11:00:00+00:00"),
    ("2026-07-15T12:00:00", "2026-07-15T10:00:00+00:00"),
    ("2026-03-29T01:59:59", "2026-03-29T00:59:59+00:00"),
    ("2026-03-29T02:30:00", "2026-03-29T01:30:00+00:00"),  # does not exist: offset before the change
    ("2026-03-29T03:00:00", "2026-03-29T01:00:00+00:00"),
    ("2026-10-25T01:59:59", "2026-10-24T23:59:59+00:00"),
    ("2026-10-25T02:30:00", "2026-10-25T00:30:00+00:00"),  # stands twice: the earlier
    ("2026-10-25T03:00:00", "2026-10-25T02:00:00+00:00"),
    ("1901-06-01T00:00:00", "1901-05-31T23:50:39+00:00"),
    ("2150-07-01T00:00:00", "2150-06-30T22:00:00+00:00"),
]


def test_a_local_stamp_is_read_in_its_zone(read, rows):
    table = read(
        {"time": {"column": "at", "zone": "Europe/Paris"}, **KEEP},
        {"at": naive(*(local for local, _ in PARIS))},
    )
    assert rows(table, "__time") == sorted(micros(utc) for _, utc in PARIS)
    assert table.report.n_ambiguous == 1


def test_text_stamps_follow_the_zone_unless_they_carry_one(read, rows):
    stamps = [
        "2026-07-15 12:00:00",
        "2026-07-15T12:00:00Z",
        "2026-07-15T12:00:00.5+01:00",
        "2026-07-15",
        "noon",
    ]
    table = read({"time": {"column": "at", "zone": "Europe/Paris"}, **KEEP}, {"at": stamps})
    assert rows(table, "__time") == sorted(
        map(
            micros,
            [
                "2026-07-15T12:00:00+02:00",
                "2026-07-15T12:00:00+00:00",
                "2026-07-15T12:00:00.5+01:00",
                "2026-07-15T00:00:00+02:00",
            ],
        )
    )
    assert table.report.removed == {"no time": 1}


def test_zones_agree_with_python_everywhere():
    for name in ("America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Africa/Casablanca", "UTC"):
        zone, info = read_zone(name), ZoneInfo(name)
        for start in zone.starts:
            for local in (start - SECOND, start, start + SECOND):
                stamp = datetime(1970, 1, 1) + timedelta(microseconds=local)
                expected = stamp.replace(tzinfo=info).utcoffset()
                assert expected is not None
                assert zone.utc_of(local, local)[0] == local - round(expected.total_seconds()) * SECOND


def test_an_unknown_zone_has_near_names(read):
    with pytest.raises(DataError, match=r"(?s)got 'Europe/Pariss'.*did you mean 'Europe/Paris'"):
        read({"time": {"column": "at", "zone": "Europe/Pariss"}}, {"at": naive("2026-01-01")})


@pytest.mark.parametrize(
    ("written", "stamps", "expected"),
    [
        ("%Y%m%d", [19970101, 19971231], ["1997-01-01", "1997-12-31"]),
        ("%Y%m%d", ["19970101", "19971231"], ["1997-01-01", "1997-12-31"]),
        ("%d/%m/%Y %H:%M", ["02/01/2026 13:05", "x"], ["2026-01-02T13:05:00"]),
        ("%Y-%m-%d %H:%M:%S UTC", ["2019-10-01 00:00:01 UTC"], ["2019-10-01T00:00:01"]),
        ("%Y-%m-%dT%H:%M:%S.%f", ["2019-10-01T00:00:01.123456"], ["2019-10-01T00:00:01.123456"]),
    ],
    ids=str,
)
def test_formats(read, rows, written, stamps, expected):
    table = read({"time": {"column": "at", "format": written}, **KEEP}, {"at": stamps})
    assert rows(table, "__time") == [
        micros(text + ("T00:00:00" if len(text) == 10 else "") + "+00:00") for text in expected
    ]


@pytest.mark.parametrize(("unit", "factor"), [("s", 1), ("ms", 1_000), ("us", 1_000_000)])
def test_units(read, rows, unit, factor):
    log = {"at": pa.array([1_700_000_000 * factor, None])}
    table = read({"time": {"column": "at", "unit": unit}, **KEEP}, log)
    assert rows(table, "__time") == [1_700_000_000 * SECOND]
    assert table.columns == {"at": "time"}


def test_fractions_of_a_unit(read, rows):
    table = read(
        {"time": {"column": "at", "unit": "s"}, **KEEP}, {"at": [1_700_000_000.25, float("nan"), 1e300]}
    )
    assert rows(table, "__time") == [1_700_000_000_250_000]
    assert table.report.removed == {"no time": 2}


def test_a_number_without_a_unit_is_refused(read):
    with pytest.raises(
        DataError, match=r"(?s)expected a time in column 'at', got .*int and no unit.*unit: s"
    ):
        read({"time": "at"}, {"at": [1]})


def test_a_coarse_stamp_stands_for_the_end_of_its_interval(read, rows):
    log = {"day": [19970101]}
    table = read({"time": {"column": "day", "format": "%Y%m%d", "resolution": "1d"}}, log)
    assert rows(table, "day", "__time", "__known") == [
        (
            micros("1997-01-01T00:00:00+00:00"),
            micros("1997-01-02T00:00:00+00:00") - 1,
            micros("1997-01-02T00:00:00+00:00") - 1,
        )
    ]


def test_a_constant_time(read, rows):
    table = read({"time": "2005-10-01", "known_after": {"late": "30d"}}, {"late": [1, 2]})
    start = micros("2005-10-01T00:00:00+00:00")
    assert rows(table, "__time", "__known", "__known_late") == [(start, start, start + 30 * DAY)] * 2
    assert table.report.covers == (start, start + 30 * DAY + 1)  # it holds what was promised until then


def test_an_undated_source_has_no_times(read, rows):
    table = read({"time": "none"}, {"n": [1]})
    assert rows(table, "n", "__time", "__known") == [(1, None, None)]
    assert not table.is_dated
    assert table.report.covers is None


def test_rows_without_a_usable_time_are_removed_and_counted(read, rows):
    log = {
        "at": naive(
            "2026-01-01",
            None,
            "1899-12-31T23:59:59.999999",
            "1900-01-01",
            "2199-12-31T23:59:59.999999",
            "2200-01-01",
        )
    }
    table = read({"time": "at", **KEEP}, log)
    assert table.report.removed == {"no time": 1, "out of range time": 2}
    assert (table.report.n_read, table.report.n_kept) == (6, 3)
    assert rows(table, "__time") == [
        micros(t) for t in ("1900-01-01T00:00:00+00:00", "2026-01-01T00:00:00+00:00")
    ] + [micros("2200-01-01T00:00:00+00:00") - 1]


def test_the_row_is_known_at_the_later_of_event_and_column(read, rows):
    log = {
        "at": naive("2026-01-02", "2026-01-02", "2026-01-02"),
        "seen": naive("2026-01-05", "2026-01-01", None),
        "n": [1, 2, 3],
    }
    table = read({"time": "at", "known_at": "seen", "known_after": "2d"}, log)
    second = micros("2026-01-02T00:00:00+00:00")
    assert rows(table, "n", "__known") == [(1, second + 3 * DAY), (2, second), (3, None)]
    report = table.report
    assert (report.n_never_known, report.n_known_before_event, report.n_late) == (1, 1, 1)
    assert report.lag_seconds["seen"] == pytest.approx(
        {0.5: 1.5 * 86_400, 0.9: 2.7 * 86_400, 0.95: 2.85 * 86_400, 0.99: 2.97 * 86_400, 1.0: 3 * 86_400}
    )


def test_a_row_delay(read, rows):
    table = read({"time": "at", "known_after": "1h"}, {"at": naive("2026-01-02")})
    assert rows(table, "__known") == [micros("2026-01-02T01:00:00+00:00")]
    assert table.known_columns == {}


def test_columns_with_entries(read, rows):
    log = {
        "at": naive("2026-01-02", "2026-01-02"), "off": naive("2026-01-02T03:00:00", None),
        "fare": [5.0, 6.0], "mark": [0, 1], "n": [1, 2],
    }  # fmt: skip
    source = {
        "time": "at",
        "known_at": {"fare": "off", "off": "off"},
        "known_after": {"mark": "1d", "fare": "2h"},
    }
    table = read(source, log)
    start = micros("2026-01-02T00:00:00+00:00")
    assert rows(table, "n", "__known", "__known_fare", "__known_off", "__known_mark") == [
        (1, start, start + 3 * HOUR, start + 3 * HOUR, start + DAY),
        (2, start, None, None, start + DAY),
    ]
    assert {name: (known.at, known.after.microseconds) for name, known in table.known_columns.items()} == {
        "fare": ("off", 2 * HOUR), "off": ("off", 0), "mark": (None, DAY),
    }  # fmt: skip
    assert table.report.n_late == 2


def test_a_scalar_beside_a_map_is_its_bound_and_does_not_delay_the_row(read, rows):
    log = {"at": naive("2026-01-02"), "off": naive("2026-01-02T04:00:00"), "fare": [5.0]}
    table = read({"time": "at", "known_at": {"fare": "off"}, "known_after": "3h"}, log)
    start = micros("2026-01-02T00:00:00+00:00")
    assert rows(table, "__known", "__known_fare") == [(start, start + 4 * HOUR)]
    assert str(table.known_columns["fare"].after) == "3h"
    assert table.report.n_late == 1


def test_made_columns_inherit_the_latest_known_time(read, rows):
    log = {"at": naive("2026-01-02"), "off": naive("2026-01-02T03:00:00"), "a": [1.0], "b": [2.0], "c": [3.0]}
    source = {
        "time": "at",
        "known_at": {"a": "off"},
        "known_after": {"b": "1h"},
        "columns": {
            "free": "c * 2",
            "total": "a + b",
            "twice": "total * 2 + free",
            "later": "greatest(at, off)",
        },
    }
    table = read(source, log)
    start = micros("2026-01-02T00:00:00+00:00")
    assert rows(table, "free", "total", "twice", "later", "__known_total", "__known_twice") == [
        (6.0, 3.0, 12.0, start + 3 * HOUR, start + 3 * HOUR, start + 3 * HOUR)
    ]
    assert set(table.known_columns) == {"a", "b", "off", "later", "total", "twice"}
    assert table.known_columns["total"].at == "off"
    assert str(table.known_columns["total"].after) == "1h"
    assert table.columns["later"] == "time"


def test_an_entry_may_name_a_made_column_and_cannot_shorten_it(read, rows):
    log = {"at": naive("2026-01-02"), "x": [1.0]}
    source = {
        "time": "at",
        "known_after": {"x": "2d", "y": "1d", "z": "3d"},
        "columns": {"y": "x + 1", "z": "x + 2"},
    }
    table = read(source, log)
    start = micros("2026-01-02T00:00:00+00:00")
    assert rows(table, "__known_y", "__known_z") == [(start + 2 * DAY, start + 3 * DAY)]


@pytest.mark.parametrize(
    "source",
    [{"known_at": "sen"}, {"known_at": {"n": "sen"}}, {"known_after": {"m": "1d"}}, {"time": "att"}],
    ids=str,
)
def test_a_time_column_that_is_not_there_is_refused(read, source):
    log = {"at": naive("2026-01-02"), "seen": naive("2026-01-02"), "n": [1]}
    with pytest.raises(DataError, match=r"LOG004"):
        read({"time": "at", **source}, log)


def test_names_of_the_file_and_new_names_both_work(read, rows):
    log = {"AT": naive("2026-01-02"), "SEEN": naive("2026-01-03"), "N": [1]}
    rename = {"at": "AT", "seen": "SEEN", "n": "N"}
    for source in (
        {"time": "AT", "known_at": "SEEN", "key": "N"},
        {"time": "at", "known_at": "seen", "key": "n"},
    ):
        table = read({**source, "rename": rename}, log)
        assert rows(table, "n", "__known") == [(1, micros("2026-01-03T00:00:00+00:00"))]
        assert set(table.columns) == {"at", "seen", "n"}


def test_time_in_an_expression_is_the_event_time(read, rows):
    log = {"day": [19970101, 19970102]}
    source = {
        "time": {"column": "day", "format": "%Y%m%d", "resolution": "1d"},
        "columns": {"late": "seconds_between(day, time)"},
        "where": "time < timestamp '1997-01-02'",
    }
    table = read(source, log)
    assert rows(table, "late") == [pytest.approx(86_400 - 1e-6)]
    assert table.report.removed == {"where": 1}


def test_declared_covers(read):
    log = {"at": naive("2026-01-02", "2026-02-02", "2026-03-02")}
    table = read({"time": "at", "covers": "2026-01-01..2026-02-02"}, log)
    assert table.report.covers == (micros("2026-01-01T00:00:00+00:00"), micros("2026-02-02T00:00:00+00:00"))
    assert table.report.n_outside_covers == 2
    assert table.report.first == micros("2026-01-02T00:00:00+00:00")
