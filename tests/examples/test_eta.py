"""Arrival times: local stamps, values known at drop-off, a task space that the outcome decides."""

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest

from tests.examples.logs import (
    EVERY_TABLE,
    build,
    column,
    frame,
    framing,
    label_types,
    missing_types,
    removed,
    rows,
)

AS_OF = "2023-04-01"
LONG = {"trips": {"covers": "2022-11-01..2023-05-01"}}
STAMP = "%Y-%m-%d %H:%M"


def local(text: str) -> datetime:
    return datetime.strptime(text, STAMP)


def utc(text: str) -> datetime:
    return local(text).replace(tzinfo=UTC)


def trips() -> pa.Table:
    def trip(
        start: str, end: str | None, distance: float, zones: tuple[int, int] = (1, 2), month: str = "01"
    ) -> tuple[Any, ...]:
        stop = local(end) if end else None
        return (local(start), stop, *zones, distance, 10.0, f"green_tripdata_2023-{month}.parquet")

    return frame(
        "lpep_pickup_datetime naive, lpep_dropoff_datetime naive, PULocationID int, DOLocationID int, "
        "trip_distance number, fare_amount number, file text",
        [
            trip("2023-01-03 10:00", "2023-01-03 10:20", 1.0),
            trip("2023-01-03 10:10", "2023-01-03 10:50", 2.0),
            trip("2023-01-03 10:30", "2023-01-03 10:31", 3.0),  # the first is known by now, the second is not
            trip("2023-01-03 10:50", "2023-01-03 10:51", 4.0),  # the second ends at this very moment
            trip("2023-01-03 12:00", "2023-01-03 14:00", 5.0),  # 120 minutes: outside the task space
            trip("2023-01-03 13:00", None, 6.0),  # never dropped off
            trip("2023-01-31 18:59", "2023-01-31 19:10", 7.0, month="01"),  # the last of January in UTC
            trip("2023-01-31 19:00", "2023-01-31 19:10", 8.0, (3, 4), month="01"),  # already February in UTC
            trip("2023-03-12 01:59", "2023-03-12 03:01", 9.0, month="03"),  # two minutes: clocks go forward
            trip("2023-03-31 17:00", "2023-03-31 18:00", 10.0, month="03"),  # 21:00 UTC, reported within 3 h
        ],
    )  # fmt: skip


@pytest.fixture(scope="module")
def built() -> Any:
    return build(framing("eta", LONG), {"trips": trips()}, as_of=AS_OF)


def cell(built: Any, distance: float) -> dict[str, Any]:
    found: dict[str, Any] = rows(built, "trip_distance")[distance]
    return found


def test_local_stamps_are_read_in_their_zone(built: Any) -> None:
    assert cell(built, 1.0)["at"] == utc("2023-01-03 15:00")
    assert cell(built, 9.0)["at"] == utc("2023-03-12 06:59")
    assert (cell(built, 1.0)["pickup_hour"], cell(built, 1.0)["weekday"]) == (15, 2)


def test_minutes_are_true_across_a_change_of_the_clock(built: Any) -> None:
    assert cell(built, 9.0)["minutes"] == 2.0


def test_a_trip_is_known_to_others_when_it_ends(built: Any) -> None:
    assert cell(built, 1.0)["pair_mean"] is None
    assert cell(built, 2.0)["pair_mean"] is None
    assert cell(built, 3.0)["pair_mean"] == 20.0
    assert cell(built, 4.0)["pair_mean"] == (20 + 1) / 2  # what ends now is not yet known
    assert cell(built, 5.0)["pair_mean"] == (20 + 40 + 1 + 1) / 4
    assert cell(built, 8.0)["pair_mean"] is None  # another pair of zones


def test_outcomes_outside_the_task_space_are_undefined(built: Any) -> None:
    assert (cell(built, 5.0)["minutes"], cell(built, 5.0)["minutes__state"]) == (None, "undefined")
    assert (cell(built, 6.0)["minutes"], cell(built, 6.0)["minutes__state"]) == (None, "undefined")
    assert (cell(built, 3.0)["minutes"], cell(built, 3.0)["minutes__state"]) == (1.0, "observed")


def test_the_promised_bound_decides_when_a_trip_is_mature(built: Any) -> None:
    row = cell(built, 10.0)
    assert row["minutes__mature_at"] == utc("2023-04-01 00:00")
    assert (row["minutes__state"], row["minutes"]) == ("immature", None)
    assert cell(built, 1.0)["minutes__event_known_at"] == utc("2023-01-03 15:20")


def test_parts_are_periods_with_several_tests(built: Any) -> None:
    assert column(built, "split", "trip_distance") == {
        **dict.fromkeys((1.0, 2.0, 3.0, 4.0, 5.0, 6.0), "train"),
        7.0: "validation",  # among the last seven days of January
        8.0: "test.feb", 9.0: "test.mar", 10.0: "test.mar",
    }  # fmt: skip


def test_each_part_is_read_when_the_next_one_starts(built: Any) -> None:
    parts = built.profile["tables"]["examples"]["parts"]
    read = {name: one["planned"]["as_of"][:10] for name, one in parts.items()}
    assert read == {
        "train": "2023-01-25", "validation": "2023-02-01", "test.feb": "2023-03-01", "test.mar": "2023-04-01",
    }  # fmt: skip
    # The last trip of January ends at 00:10 of February and may be reported until 02:59.
    assert cell(built, 7.0)["minutes__state"] == "immature"


def test_the_table_keeps_the_name_of_the_file(built: Any) -> None:
    wanted = {
        **EVERY_TABLE, "from_zone": pa.int64(), "to_zone": pa.int64(), "unit": pa.int64(),
        "file": pa.string(), **label_types(pa.float64(), "minutes"), "pair_mean": pa.float64(),
        "trip_distance": pa.float64(),
    }  # fmt: skip
    assert missing_types(built, wanted) == {}
    assert cell(built, 9.0)["file"] == "green_tripdata_2023-03.parquet"


def test_a_trip_that_stands_twice_is_one_example(built: Any) -> None:
    log = pa.concat_tables([trips(), trips().slice(0, 1)])
    again = build(framing("eta", LONG), {"trips": log}, as_of=AS_OF)
    assert again.examples.num_rows == built.examples.num_rows == 10
    assert removed(again) == {"duplicate": 1}
