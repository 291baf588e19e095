"""The oracles themselves, on hand-written logs at the boundaries of docs/semantics.md."""

from typing import Any

import pytest

from tests.oracles.expressions import DAY, HOUR, MONDAY, Row, end_of_day, end_of_week, state_of, us
from tests.oracles.features import Features, last_run
from tests.oracles.labels import Cell, Labels
from tests.oracles.log import read
from tests.oracles.splits import assigned, parts

AT = MONDAY + 50 * HOUR
LATER = MONDAY + 60 * DAY
COVERS = "2025-11-01..2026-06-01"
EXAMPLE: Row = {"user": "u1", "item": "a", "at": AT, "shown": True, "row": 0, "device": "ios", "group": "r0"}


def event(offset: int, *, late: int | None = 0, **columns: Any) -> Row:
    """An event `offset` microseconds after the prediction, known `late` microseconds after that."""
    time = AT + offset
    known = None if late is None else time + late
    row = {"user": "u1", "item": "a", "kind": "like", "value": 1.0, "mood": "good"}
    return {**row, "happened_at": time, "received_at": known, **columns}


def labels(specs: dict[str, Row], events: list[Row], others: list[Row] = (), **source: Any) -> Labels:  # type: ignore[assignment]
    declared = {"time": "happened_at", "known_at": "received_at", "covers": COVERS, **source}
    logs = {"events": read("events", declared, events), "others": read("others", declared, list(others))}
    return Labels(specs, logs, ("user",), None)


def label(spec: Row, events: list[Row], others: list[Row] = (), *, as_of: int = LATER, **source: Any) -> Cell:  # type: ignore[assignment]
    return labels({"l": {"source": "events", **spec}}, events, others, **source).outcome("l", EXAMPLE, as_of)


@pytest.mark.parametrize(
    ("offset", "happened"),
    [(0, 0), (1, 1), (HOUR, 1), (HOUR + 1, 0), (-1, 0)],
    ids=["at the prediction", "1 us after", "at the end", "1 us past the end", "before"],
)
def test_a_label_window_is_open_at_its_start_and_closed_at_its_end(offset: int, happened: int) -> None:
    assert label({"within": "1h"}, [event(offset)]).value == happened


@pytest.mark.parametrize(
    ("offset", "happened"), [(DAY, 0), (DAY + 1, 1), (DAY + HOUR, 1), (DAY + HOUR + 1, 0)]
)
def test_a_gap_moves_the_whole_window(offset: int, happened: int) -> None:
    assert label({"within": "1h", "gap": "1d"}, [event(offset)]).value == happened


def test_closed_both_admits_the_start_of_the_window() -> None:
    assert label({"within": "1h", "closed": "both"}, [event(0)]).value == 1
    assert label({"within": "1h", "closed": "both"}, [event(-1)]).value == 0


def test_closed_both_never_admits_the_own_row() -> None:
    own = read("events", {"time": "happened_at", "covers": COVERS}, [event(0), event(0)])
    pair = Labels(
        {"l": {"source": "events", "count": True, "within": "1h", "closed": "both"}},
        {"events": own},
        ("user",),
        own,
    )
    assert pair.outcome("l", EXAMPLE, LATER).value == 1


@pytest.mark.parametrize(("late", "seen"), [(2 * HOUR - 1, 1), (2 * HOUR, 0), (None, 0)])
def test_a_label_sees_what_is_known_strictly_before_as_of(late: int | None, seen: int) -> None:
    cell = label({"within": "1h"}, [event(HOUR, late=late)], as_of=AT + 3 * HOUR)
    assert (cell.state, cell.value) == ("observed", seen)


@pytest.mark.parametrize(("nudge", "state"), [(0, "immature"), (1, "observed")])
def test_a_label_is_mature_strictly_after_window_and_delay(nudge: int, state: str) -> None:
    cell = label({"within": "1h"}, [event(1)], as_of=AT + 3 * HOUR + nudge, known_after="2h")
    value = 1 if state == "observed" else None
    assert (cell.state, cell.value, cell.mature_at) == (state, value, AT + 3 * HOUR)


def test_an_immature_label_has_no_value() -> None:
    assert label({"count": True, "within": "1h"}, [], as_of=AT + HOUR) == Cell(
        "immature", None, AT + HOUR, None, None
    )
    assert label({"absent": True, "within": "1h"}, [], as_of=AT + HOUR).value is None
    assert label({"absent": True, "within": "1h"}, [event(1)], as_of=AT + HOUR).value is None


def test_the_end_of_covers_holds_maturity_back() -> None:
    assert (
        label({"within": "1h"}, [event(HOUR)], covers="2026-01-05..2026-01-07T03:00:00").state == "immature"
    )
    assert (
        label({"within": "1h"}, [event(HOUR)], covers="2026-01-05..2026-01-07T03:00:00.000001").state
        == "observed"
    )


def test_a_label_without_a_window_never_matures() -> None:
    cell = label({}, [event(5 * DAY)])
    assert (cell.state, cell.value, cell.mature_at) == ("immature", None, None)


def test_null_keys_never_match() -> None:
    assert label({"within": "1h"}, [event(1, user=None)]).value == 0


def test_the_first_event_of_a_label_is_the_earliest_known_of_ties() -> None:
    cell = label({"count": True, "within": "1h"}, [event(9), event(5, late=7), event(5, late=3)])
    assert (cell.value, cell.event_at, cell.event_known_at) == (3, AT + 5, AT + 8)


@pytest.mark.parametrize(
    ("offset", "counted"),
    [(5, 1), (4, 0), (6, 1), (0, 1)],
    ids=["same time", "before", "after", "not after the start"],
)
def test_until_ends_the_window_inclusive(offset: int, counted: int) -> None:
    spec = {"within": "1h", "until": {"source": "others"}}
    assert label(spec, [event(5)], [event(offset)]).value == counted


@pytest.mark.parametrize(("offset", "counted"), [(9 - 5, 0), (9 - 6, 1), (9, 1), (8, 0)])
def test_unless_cancels_from_last_before_to_just_before(offset: int, counted: int) -> None:
    spec = {"within": "1h", "unless": {"source": "others", "last": "5us"}}
    assert label(spec, [event(9)], [event(offset)]).value == counted


@pytest.mark.parametrize(
    ("aggregate", "none", "two"),
    [
        ({}, 0, 1), ({"absent": True}, 1, 0), ({"count": True}, 0, 3), ({"sum": "value"}, 0, 4.0),
        ({"mean": "value"}, None, 2.0), ({"min": "value"}, None, 1.0), ({"max": "value"}, None, 3.0),
        ({"std": "value"}, None, 2**0.5), ({"distinct": "mood"}, 0, 2), ({"latest": "value"}, None, 3.0),
        ({"first": "value"}, None, 1.0),
    ],
    ids=lambda value: next(iter(value), "exists") if isinstance(value, dict) else str(value),
)  # fmt: skip
def test_aggregates_pass_over_null_and_say_what_none_is(aggregate: Row, none: Any, two: Any) -> None:
    events = [event(1), event(2, value=3.0, mood="bad"), event(3, value=None, mood=None)]
    assert label({**aggregate, "within": "1h"}, []).value == none
    assert label({**aggregate, "within": "1h"}, events).value == pytest.approx(two)


def test_time_to_event_is_in_days_and_holds_the_followed_time_without_one() -> None:
    spec = {"first": "days", "kind": "time_to_event", "within": "3d"}
    assert label(spec, [event(DAY // 2)]).value == 0.5
    followed = label(spec, [])
    assert (followed.state, followed.value, followed.event_at) == ("observed", 3.0, None)
    assert label(spec, [], as_of=AT + 2 * DAY).value == 2.0


def test_a_label_anchor_is_its_first_event() -> None:
    specs = {
        "click": {"source": "events", "within": "1h"},
        "buy": {"source": "others", "within": "1h", "anchor": "click"},
    }
    bought = labels(specs, [event(30), event(40)], [event(30 + HOUR)])
    assert bought.outcome("buy", EXAMPLE, LATER).value == 1
    assert bought.outcome("buy", EXAMPLE, LATER).mature_at == AT + 30 + HOUR
    assert labels(specs, [event(30)], [event(31 + HOUR)]).outcome("buy", EXAMPLE, LATER).value == 0
    assert labels(specs, [], [event(1)]).outcome("buy", EXAMPLE, LATER).state == "undefined"
    assert labels(specs, [event(30)]).outcome("buy", EXAMPLE, AT + HOUR).state == "immature"


def test_the_states_come_in_their_order() -> None:
    specs = {
        "click": {"source": "events", "within": "1h"},
        "buy": {"source": "others", "within": "1d", "given": "click"},
    }
    without, with_click = labels(specs, []), labels(specs, [event(1)])
    assert without.outcome("buy", {**EXAMPLE, "shown": False}, AT + 1).state == "undefined"
    assert without.outcome("buy", EXAMPLE, AT + HOUR).state == "immature"  # given immature
    assert (
        without.outcome("buy", EXAMPLE, AT + HOUR + 1).state == "undefined"
    )  # given false, window still open
    assert with_click.outcome("buy", EXAMPLE, AT + DAY).state == "immature"
    assert with_click.outcome("buy", EXAMPLE, AT + DAY + 1).state == "observed"


def own_row(as_of: int, **columns: Any) -> Cell:
    row = {"imp": "i0", "shown_at": AT, "outcome": 1, "topic": "news", **columns}
    declared = {
        "time": "shown_at",
        "key": "imp",
        "known_after": {"outcome": "1d", "topic": "0s"},
        "covers": COVERS,
    }
    own = read("impressions", declared, [row])
    specs = {"l": {"when": "outcome = 1"}, "c": {"value": "topic", "classes": ["news"]}}
    name = "c" if "topic" in columns else "l"
    return Labels(specs, {"impressions": own}, ("user",), own).outcome(
        name, {**EXAMPLE, **own.rows[0]}, as_of
    )


def test_a_null_outcome_is_undefined_only_once_it_is_mature() -> None:
    assert own_row(AT + DAY, outcome=None).state == "immature"
    assert own_row(AT + DAY + 1, outcome=None).state == "undefined"
    assert own_row(AT + DAY + 1, outcome=0) == Cell("observed", False, AT + DAY)


def test_a_class_that_is_not_listed_is_undefined() -> None:
    assert own_row(LATER, topic="news").state == "observed"
    assert own_row(LATER, topic="art").state == "undefined"


ZERO, ONE, WAITING, VOID = ("observed", 0), ("observed", 1), ("immature", None), ("undefined", None)


@pytest.mark.parametrize(
    ("text", "a", "b", "wanted"),
    [
        ("a + b", ONE, ONE, ("observed", 2)),
        ("a + b", ZERO, WAITING, WAITING),
        ("a + b", WAITING, VOID, VOID),
        ("a * b", ZERO, VOID, ZERO),
        ("a * b", ONE, WAITING, WAITING),
        ("a * (1 - b)", VOID, ONE, ZERO),
        ("a and b", ZERO, WAITING, ("observed", False)),
        ("a or b", ONE, WAITING, ("observed", True)),
        ("a or b", ZERO, WAITING, WAITING),
        ("coalesce(a, b)", ONE, WAITING, ONE),
        ("coalesce(a, b)", VOID, ONE, ONE),
        ("greatest(4*a, b)", ONE, ONE, ("observed", 4)),
    ],
)
def test_combine_takes_the_worst_state_unless_a_part_decides(text: str, a: Any, b: Any, wanted: Any) -> None:
    assert state_of(text, lambda name: {"a": a, "b": b}[name]) == wanted


def test_a_part_whose_given_is_zero_counts_as_zero_beside_it() -> None:
    specs = {
        "click": {"source": "events", "within": "1h"},
        "buy": {"source": "others", "within": "1h", "given": "click"},
        "gain": {"combine": "4*buy + click"},
        "alone": {"combine": "4*buy + 1"},
    }
    none = labels(specs, [], [])
    assert none.outcome("buy", EXAMPLE, LATER).state == "undefined"
    assert (none.outcome("gain", EXAMPLE, LATER).state, none.outcome("gain", EXAMPLE, LATER).value) == (
        "observed",
        0,
    )
    assert none.outcome("alone", EXAMPLE, LATER).state == "undefined"


def feature(spec: Row, events: list[Row], **example: Any) -> Any:
    log = read("events", {"time": "happened_at", "known_at": "received_at", "covers": COVERS}, events)
    features = Features({"f": {"source": "events", **spec}}, {"events": log}, ("user",), None)
    row = {**EXAMPLE, **example}
    return features.value("f", row, [row])


@pytest.mark.parametrize(
    ("offset", "late", "counted"),
    [(-HOUR, 0, 1), (-HOUR - 1, 0, 0), (-1, 0, 1), (0, 0, 0), (-2, 1, 1), (-2, 2, 0), (-2, None, 0)],
    ids=[
        "at the start",
        "1 us early",
        "1 us before",
        "at the prediction",
        "known before",
        "known at it",
        "never known",
    ],
)
def test_a_feature_window_is_closed_at_its_start_and_open_at_its_end(
    offset: int, late: int | None, counted: int
) -> None:
    assert feature({"count": True, "last": "1h"}, [event(offset, late=late)]) == counted


@pytest.mark.parametrize(
    ("offset", "counted"), [(-2 * HOUR, 1), (-2 * HOUR - 1, 0), (-HOUR - 1, 1), (-HOUR, 0)]
)
def test_a_gap_moves_the_feature_window_back(offset: int, counted: int) -> None:
    assert feature({"count": True, "last": "1h", "gap": "1h"}, [event(offset)]) == counted


def test_a_target_anchor_is_still_cut_at_the_prediction() -> None:
    spec = {"count": True, "last": "1h", "anchor": "target"}
    events = [event(-1), event(0), event(1)]
    assert feature(spec, events, target=AT + HOUR // 2) == 1


@pytest.mark.parametrize(
    ("refresh", "at", "run"),
    [
        ("1h", MONDAY + HOUR, MONDAY + HOUR),
        ("1h", MONDAY + HOUR - 1, MONDAY),
        ({"every": "1d", "at": "02:00", "takes": "3h"}, MONDAY + 5 * HOUR, MONDAY + 2 * HOUR),
        ({"every": "1d", "at": "02:00", "takes": "3h"}, MONDAY + 5 * HOUR - 1, MONDAY - 22 * HOUR),
    ],
)
def test_the_last_run_is_the_one_that_was_ready(refresh: Any, at: int, run: int) -> None:
    assert last_run(refresh, at) == run


def test_latest_breaks_ties_by_known_time_and_then_value() -> None:
    tied = [
        event(-9, late=1, value=5.0),
        event(-9, late=2, value=1.0),
        event(-9, late=2, value=2.0),
        event(-3, value=None),
    ]
    assert feature({"latest": "value"}, tied) == 2.0
    assert feature({"first": "value"}, tied) == 5.0


def test_since_last_is_in_days() -> None:
    assert feature({"since_last": True}, [event(-DAY // 4), event(-DAY)]) == 0.25
    assert feature({"since_last": True}, []) is None


def test_rate_is_taken_among_known_answers() -> None:
    events = [event(-1), event(-2, kind="hide"), event(-3, kind=None)]
    assert feature({"rate": "kind = 'like'"}, events) == 0.5


def test_default_replaces_null() -> None:
    assert feature({"mean": "value", "default": -1}, []) == -1


def test_rank_is_shared_by_ties_and_absent_for_null() -> None:
    rows = [{**EXAMPLE, "price": price} for price in (2.0, 1.0, 2.0, None)]
    features = Features({"f": {"over": "group", "rank": "price"}}, {}, ("user",), None)
    assert [features.value("f", row, rows) for row in rows] == [2, 1, 2, None]


def test_week_and_day_ends_are_their_last_microsecond() -> None:
    assert end_of_week(MONDAY) == end_of_week(MONDAY + 7 * DAY - 1) == MONDAY + 7 * DAY - 1
    assert end_of_week(MONDAY + 7 * DAY) == MONDAY + 14 * DAY - 1
    assert end_of_day(AT) == MONDAY + 3 * DAY - 1


def test_a_coarse_stamp_stands_for_the_last_microsecond_of_its_interval() -> None:
    declared = {"time": {"column": "happened_at", "resolution": "1h"}, "known_after": "1h"}
    (row,) = read("others", declared, [{"happened_at": MONDAY}]).rows
    assert (row["time"], row["kappa"]) == (MONDAY + HOUR - 1, MONDAY + 2 * HOUR - 1)


def test_each_part_ends_one_horizon_before_the_next_begins() -> None:
    split = {"train": "2d", "validation": "1d", "test": "1d"}
    stretches = parts(split, 100 * DAY, DAY)
    days = [(part.name, part.start // DAY, part.end // DAY, part.as_of // DAY) for part in stretches]
    assert days == [("train", 93, 95, 96), ("validation", 96, 97, 98), ("test", 98, 99, 100)]


def test_a_group_belongs_to_the_part_of_its_first_row_or_is_dropped() -> None:
    stretches = parts(
        {"train": "2d", "test": "1d"}, 100 * DAY, DAY
    )  # train [95, 97) read at 98, test [98, 99)
    rows = [{"at": at, "user": user} for at, user in (
        (96 * DAY, "whole"), (97 * DAY, "whole"), (96 * DAY, "late"), (98 * DAY, "late"), (97 * DAY,
        "between"),
    )]  # fmt: skip
    kept = [(row["user"], part.name if part else None) for row, part in assigned(rows, stretches, "user")]
    assert kept == [("whole", "train"), ("whole", "train"), ("between", None)]


def test_durations_are_whole_microseconds() -> None:
    assert [us(text) for text in ("1us", "3h", "1w")] == [1, 3 * HOUR, 7 * DAY]
