"""Features of one row and another, attributes as they were known, batch runs that take their time."""

import math
from typing import Any

import pytest

from tests.examples.logs import TYPES, build, column, covers, frame, missing_types, schema, t


def framed(features: dict[str, Any], sources: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "framing": 1, "name": "features", "business": {"goal": "know what was known"},
        "sources": {
            "visits": {
                "time": "at_time", "key": "visit", "covers": covers(-90, 90), "known_after": {"good": "1h"},
            },
            **(sources or {}),
        },
        "examples": {"source": "visits", "entity": "user", "at": "time"},
        "labels": {"ok": {"when": "good = 1"}},
        "features": features,
        "objective": {"score": "ok", "metric": "mean(ok)"},
    }  # fmt: skip


VISITS = frame(
    "visit text, user text, item text, at_time time, good int, likes words, topics words, "
    "lat number, lon number, to_lat number, to_lon number, typed text, title text",
    [
        ("a", "u1", "i1", t(1, 10), 1, ["x", "y", "y"], ["y", "z"], 52.5, 13.4, 48.9, 2.35, "hat", "cat"),
        ("b", "u1", "i2", t(2, 10), 0, ["x"], ["z"], 0.0, 0.0, 0.0, 180.0, "", "cat"),
        ("c", "u2", "i1", t(3, 10), 0, [], [], 10.0, 20.0, 10.0, 20.0, "kitten", "sitting"),
        ("d", "u2", None, t(4, 10), 0, None, ["z"], None, 20.0, 10.0, 20.0, None, "x"),
    ],
)  # fmt: skip
AS_OF = t(30).isoformat()


def test_lists_are_compared_as_sets() -> None:
    features = {"n_shared": {"sql": "overlap(likes, topics)"}, "closeness": {"sql": "jaccard(likes, topics)"}}
    built = build(framed(features), {"visits": VISITS}, as_of=AS_OF)
    assert column(built, "n_shared") == {"a": 1, "b": 0, "c": 0, "d": None}
    assert column(built, "closeness") == {"a": pytest.approx(1 / 3), "b": 0.0, "c": None, "d": None}


def test_distances_are_great_circles() -> None:
    features = {"away": {"sql": "distance_km(lat, lon, to_lat, to_lon)"}}
    built = build(framed(features), {"visits": VISITS}, as_of=AS_OF)
    away = column(built, "away")
    assert away["a"] == pytest.approx(875, abs=3)  # Berlin to Paris
    assert away["b"] == pytest.approx(math.pi * 6371, rel=1e-3)  # half the globe
    assert away["c"] == 0.0


def test_a_distance_from_nowhere_is_null() -> None:
    features = {"away": {"sql": "distance_km(lat, lon, to_lat, to_lon)"}}
    built = build(framed(features), {"visits": VISITS}, as_of=AS_OF)
    assert column(built, "away")["d"] is None


def test_texts_are_compared_by_edits() -> None:
    features = {"edits": {"sql": "levenshtein(typed, title)"}}
    built = build(framed(features), {"visits": VISITS}, as_of=AS_OF)
    assert column(built, "edits") == {"a": 1, "b": 3, "c": 3, "d": None}


ITEMS = frame("item text, creator text, size_cm number", [("i1", "ann", 30.0), ("i9", "bob", 5.0)])
STATIC = {"items": {"time": "none", "key": "item", "static": ["creator", "size_cm"]}}


def test_static_attributes_join_by_key() -> None:
    features = {"maker": {"column": "creator", "as": "category"}, "metres": {"sql": "size_cm / 100"}}
    built = build(framed(features, STATIC), {"visits": VISITS, "items": ITEMS}, as_of=AS_OF)
    assert column(built, "maker") == {"a": "ann", "b": None, "c": "ann", "d": None}
    assert column(built, "metres") == {"a": 0.3, "b": None, "c": 0.3, "d": None}


PROFILES = frame(
    "user text, updated_at time, country text, entered_at time",
    [
        ("u1", t(0), "FR", t(0)),
        ("u1", t(1, 10), "DE", t(1, 10)),  # at the very time of a: not before it
        ("u2", t(1), "IT", t(3, 12)),  # entered after c
        ("u2", t(0), "ES", t(0)),
    ],
)
DATED = {"profiles": {"time": "updated_at", "known_at": "entered_at", "covers": covers(-90, 90)}}


def test_the_latest_attribute_is_the_one_known_before_the_row() -> None:
    features = {"country": {"source": "profiles", "by": "user", "latest": "country"}}
    built = build(framed(features, DATED), {"visits": VISITS, "profiles": PROFILES}, as_of=AS_OF)
    assert column(built, "country") == {"a": "FR", "b": "DE", "c": "ES", "d": "IT"}


def test_a_lookup_takes_what_was_known_before_the_row_too() -> None:
    lookup = {"home": {"source": "profiles", "by": "user", "column": "country"}}
    made = framed({"home": {"column": "home", "as": "category"}}, DATED)
    made["sources"]["visits"]["lookup"] = lookup
    built = build(made, {"visits": VISITS, "profiles": PROFILES}, as_of=AS_OF)
    assert column(built, "home") == {"a": "FR", "b": "DE", "c": "ES", "d": "IT"}


EVENTS = frame(
    "user text, happened_at time, points number",
    [
        ("u1", t(1, 1, 59), 1.0),  # before the run of 02:00
        ("u1", t(1, 2), 10.0),  # at the run: not in it
        ("u1", t(1, 9), 100.0),
        ("u2", t(3, 1), 1000.0),
    ],
)
RAW = {"events": {"time": "happened_at", "covers": covers(-90, 90)}}


def runs(**refresh: str) -> dict[str, Any]:
    return {"points": {"source": "events", "by": "user", "sum": "points", "last": "2d", "refresh": refresh}}


def at_minute(minute: float) -> Any:
    rows = [("a", "u1", t(1, 5, minute), 1), ("b", "u1", t(2, 4), 0)]
    return frame("visit text, user text, at_time time, good int", rows)


def points(refresh: dict[str, str], minute: float) -> dict[str, float]:
    log = {"visits": at_minute(minute), "events": EVENTS}
    return column(build(framed(runs(**refresh), RAW), log, as_of=AS_OF), "points")


def test_a_run_stands_at_its_clock_and_is_read_once_it_is_done() -> None:
    nightly = {"every": "1d", "at": "02:00", "takes": "3h"}
    # The run of day 1, 02:00 is ready at 05:00 sharp; a minute before, the run of day 0 is the last one.
    assert points(nightly, minute=0)["a"] == 1.0
    assert points(nightly, minute=-1)["a"] == 0.0
    # Day 2, 04:00 still reads the run of day 1: neither 02:00 itself nor 09:00 is in it.
    assert points(nightly, minute=0)["b"] == 1.0


def test_a_run_that_takes_no_time_is_read_at_once() -> None:
    assert points({"every": "1d", "at": "02:00"}, minute=0) == {"a": 1.0, "b": 111.0}
    assert points({"every": "1d"}, minute=0) == {"a": 0.0, "b": 111.0}
    assert points({"every": "1h"}, minute=0) == {"a": 11.0, "b": 111.0}


def test_a_window_trails_the_run_and_not_the_row() -> None:
    feature = {"points": {**runs(every="1d", at="02:00")["points"], "last": "1d"}}
    log = {"visits": at_minute(0), "events": EVENTS}
    # For b the run is day 2, 02:00 and the window starts at day 1, 02:00, inclusive.
    assert column(build(framed(feature, RAW), log, as_of=AS_OF), "points") == {"a": 1.0, "b": 110.0}


def test_empty_windows_have_their_defaults() -> None:
    def feature(**form: Any) -> dict[str, Any]:
        return {"source": "events", "by": "user", "last": "1h", **form}

    features = {
        "n": feature(count=True), "total": feature(sum="points"), "mean_points": feature(mean="points"),
        "since": feature(since_last=True), "known": feature(mean="points", default=-1.0),
    }  # fmt: skip
    built = build(framed(features, RAW), {"visits": VISITS, "events": EVENTS}, as_of=AS_OF)
    row = {name: column(built, name)["d"] for name in features}
    assert row == {"n": 0, "total": 0.0, "mean_points": None, "since": None, "known": -1.0}
    number, whole = TYPES["number"], TYPES["int"]
    wanted = {"n": whole, "total": number, "mean_points": number, "since": number, "known": number}
    assert missing_types(built, wanted) == {}


def test_texts_lists_and_times_pass_through() -> None:
    features = {
        "typed": {"column": "typed", "as": "text"}, "likes": {"column": "likes"},
        "when_seen": {"column": "at_time"},
    }  # fmt: skip
    built = build(framed(features), {"visits": VISITS}, as_of=AS_OF)
    assert column(built, "typed") == {"a": "hat", "b": "", "c": "kitten", "d": None}
    assert column(built, "likes") == {"a": ["x", "y", "y"], "b": ["x"], "c": [], "d": None}
    assert column(built, "when_seen")["a"] == t(1, 10)
    assert schema(built)["when_seen"] == TYPES["time"]
