"""Time to churn: silence as an event, and customers who are still being followed."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from tests.examples.logs import (
    EVERY_TABLE,
    MICROSECOND,
    build,
    column,
    frame,
    framing,
    label_types,
    missing_types,
    rows,
)

AS_OF = "1997-09-01"
"""Train [03-17, 07-07), validation [07-07, 08-04), test [08-04, 09-01): no wait, rows are censored."""


def d(month: int, day: int, year: int = 1997) -> datetime:
    return datetime(year, month, day, tzinfo=UTC)


def purchases() -> pa.Table:
    return frame(
        "customer text, date int, quantity int, dollars number",
        [
            ("c1", 19970210, 1, 10.0),
            ("c1", 19970320, 1, 20.0),  # silent from here: lapses at the end of 05-19
            *(("c2", 19970000 + day, 1, 5.0) for day in (405, 505, 604, 704, 803, 902)),
            ("c3", 19970405, 2, 7.0),
            ("c3", 19970405, 2, 7.0),
            ("c4", 19970303, 1, 9.0),  # on the day of the first row, known at its end
        ],
    )


KEY = ("customer", "at")
LONG = {"purchases": {"covers": "1996-01-01..1998-07-01"}}
"""A log that covers the look-back of 90 days of every row."""


@pytest.fixture(scope="module")
def built() -> Any:
    return build(framing("survival", LONG), {"purchases": purchases()}, as_of=AS_OF)


def test_customers_are_on_the_calendar_while_a_purchase_is_at_most_sixty_days_old(built: Any) -> None:
    at = sorted(at for customer, at in rows(built, *KEY) if customer == "c1")
    assert at == [d(3, 3), d(3, 31), d(4, 28)]
    assert min(at for customer, at in rows(built, *KEY) if customer == "c4") == d(3, 31)


def test_the_label_is_the_days_until_the_silence_is_complete(built: Any) -> None:
    row = rows(built, *KEY)["c1", d(3, 31)]
    assert row["lapse__event_at"] == d(5, 20) - MICROSECOND
    assert row["lapse"] == pytest.approx(50, abs=1e-6)
    assert (
        row["lapse__state"] == "immature"
    )  # 180 days are not over: the row counts as determined all the same
    assert row["lapse__mature_at"] == d(3, 31) + timedelta(days=180)


def test_a_row_without_an_event_holds_how_long_it_was_followed(built: Any) -> None:
    row = rows(built, *KEY)["c2", d(5, 26)]
    assert row["split"] == "train"
    assert (row["lapse"], row["lapse__state"], row["lapse__event_at"]) == (42.0, "immature", None)
    row = rows(built, *KEY)["c2", d(8, 18)]
    assert (row["split"], row["lapse"]) == ("test", 14.0)


def test_followed_rows_of_a_later_part_see_more(built: Any) -> None:
    # c3 bought last on 04-05, so it lapses at the end of 06-04.
    assert column(built, "lapse", *KEY)["c3", d(4, 28)] == pytest.approx(38, abs=1e-6)


def test_parts_follow_each_other_without_a_wait(built: Any) -> None:
    part = {at: one for (customer, at), one in column(built, "split", *KEY).items() if customer == "c2"}
    assert {at.strftime("%m-%d"): one for at, one in part.items()} == {
        "04-28": "train", "05-26": "train", "06-23": "train", "07-21": "validation", "08-18": "test",
    }  # fmt: skip


def test_a_label_that_is_only_measured_waits_for_its_own_window(built: Any) -> None:
    found = rows(built, *KEY)
    spend = found["c1", d(3, 3)]
    assert (spend["spend"], spend["spend__state"]) == (20.0, "observed")
    assert found["c2", d(5, 26)]["spend"] == 15.0  # 06-04, 07-04, 08-03; 90 days end on 08-24
    assert found["c2", d(6, 23)]["spend__state"] == "immature"


def test_rows_that_stand_twice_in_the_log_count_twice(built: Any) -> None:
    assert rows(built, *KEY)["c3", d(4, 28)]["frequency_30d"] == 2


def test_recency_counts_from_the_end_of_the_day(built: Any) -> None:
    row = rows(built, *KEY)["c1", d(3, 31)]
    assert row["recency"] == pytest.approx(10, abs=1e-6)
    assert (row["frequency_30d"], row["frequency_90d"]) == (1, 2)


def test_the_table_has_a_number_of_days(built: Any) -> None:
    wanted = {
        **EVERY_TABLE, "customer": pa.string(), **label_types(pa.float64(), "lapse", "spend"),
        "recency": pa.float64(), "frequency_30d": pa.int64(),
    }  # fmt: skip
    assert missing_types(built, wanted) == {}


def test_a_closed_window_is_observed_with_the_event_or_all_its_days() -> None:
    built = build(framing("survival", LONG), {"purchases": purchases()}, as_of="1998-07-01")
    row = rows(built, *KEY)["c1", d(3, 31)]
    assert (row["lapse__state"], row["lapse__event_at"]) == ("observed", d(5, 20) - MICROSECOND)
