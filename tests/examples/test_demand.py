"""Hourly demand: a calendar with steps ahead, windows at the target, nothing read after the origin."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from tests.examples.logs import (
    EVERY_TABLE,
    TIME,
    build,
    column,
    frame,
    framing,
    label_types,
    missing_types,
    removed,
    rows,
)

HOUR = timedelta(hours=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
N_HOURS = 26 * 24
"""Origins stand at 336, 384, ..., 576 hours; everything is read at 624."""


def h(hours: float) -> datetime:
    return EPOCH + hours * HOUR


def sales(n_hours: int = N_HOURS) -> pa.Table:
    """Two series: x sells the number of the hour, y sells 1000 a hour."""
    values = [("x", h(hour), float(hour)) for hour in range(n_hours)]
    values += [("y", h(hour), 1000.0) for hour in range(n_hours)]
    return frame("series text, hour time, value number", values)


@pytest.fixture(scope="module")
def built() -> Any:
    return build(framing("demand"), {"sales": sales()})


def cell(built: Any, hours: int, step: int, series: str = "x") -> dict[str, Any]:
    found: dict[str, Any] = rows(built, "series", "at", "step")[series, h(hours), step]
    return found


def test_each_origin_has_a_row_for_each_series_and_step(built: Any) -> None:
    at = {key[1] for key in rows(built, "series", "at", "step")}
    assert at == {h(hours) for hours in (336, 384, 432, 480, 528, 576)}
    assert built.examples.num_rows == 6 * 2 * 48
    assert removed(built) == {}


def test_the_table_has_step_and_target_beside_the_usual_columns(built: Any) -> None:
    wanted = {
        **EVERY_TABLE, "series": pa.string(), "unit": pa.string(), "step": pa.int64(), "target": TIME,
        **label_types(pa.float64(), "units"), "same_hour_167h": pa.float64(),
        "same_hour_335h": pa.float64(), "level_24h": pa.float64(), "level_168h": pa.float64(),
    }  # fmt: skip
    assert missing_types(built, wanted) == {}


def test_the_target_of_a_step_is_its_hour(built: Any) -> None:
    assert cell(built, 384, 1)["target"] == h(384)
    assert cell(built, 384, 48)["target"] == h(431)


def test_the_label_is_what_was_sold_in_the_target_hour(built: Any) -> None:
    row = cell(built, 384, 3)
    assert (row["units"], row["units__state"], row["units__mature_at"]) == (386.0, "observed", h(387))
    assert row["units__event_at"] == h(387) - timedelta(microseconds=1)
    assert cell(built, 384, 3, "y")["units"] == 1000.0


def test_a_gap_list_reads_the_same_hour_one_and_two_weeks_before_the_target(built: Any) -> None:
    row = cell(built, 384, 40)
    assert row["same_hour_167h"] == 384 + 39 - 168
    assert row["same_hour_335h"] == 384 + 39 - 336


def test_levels_trail_the_origin_for_every_step(built: Any) -> None:
    for step in (1, 48):
        row = cell(built, 480, step)
        assert row["level_24h"] == sum(range(456, 480)) / 24
        assert row["level_168h"] == sum(range(312, 480)) / 168


def test_nothing_after_the_origin_is_read_where_the_window_trails_the_target() -> None:
    features = {"last_hour": {"source": "sales", "sum": "value", "anchor": "target", "last": "2h"}}
    framed = framing("demand", features=features, models={"rule": "last_hour"})
    built = build(framed, {"sales": sales()})
    # Step 1 reads hours 382 and 383; step 2 only 383, as 384 is not known at 384; step 3 nothing.
    assert [cell(built, 384, step)["last_hour"] for step in (1, 2, 3)] == [382.0 + 383.0, 383.0, 0.0]


def test_the_hour_of_the_week_is_the_targets(built: Any) -> None:
    assert cell(built, 384, 1)["hour_week"] == 6 * 24  # 1970-01-17 is a Saturday
    assert cell(built, 384, 26)["hour_week"] == 1  # Sunday, 01:00


def test_the_last_origin_waits_for_its_last_hour(built: Any) -> None:
    states = [cell(built, 576, step)["units__state"] for step in range(1, 49)]
    assert states == ["observed"] * 47 + ["immature"]


def test_parts_are_one_step_ahead_apart(built: Any) -> None:
    part = {at: one for (_, at, _), one in column(built, "split", "series", "at", "step").items()}
    assert [part[h(hours)] for hours in (336, 384, 432, 480, 528, 576)] == [
        "train", None, "validation", None, "test", None,
    ]  # fmt: skip


def test_origins_whose_look_back_is_not_covered_are_warm_up() -> None:
    examples = {**framing("demand")["examples"], "from": "1970-01-13"}
    built = build(framing("demand", examples=examples), {"sales": sales()})
    # At 288 h all 48 steps look back 336 h from their target, before the log begins.
    assert removed(built)["warm-up"] >= 47 * 2
    assert min(at for _, at, step in rows(built, "series", "at", "step") if step < 48) > h(288)


def test_a_series_enters_the_calendar_once_it_was_seen() -> None:
    log = sales()
    late = frame("series text, hour time, value number", [("z", h(431), 5.0)])
    built = build(framing("demand"), {"sales": pa.concat_tables([log, late])})
    assert min(at for series, at, _ in rows(built, "series", "at", "step") if series == "z") == h(432)
