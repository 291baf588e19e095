"""Churn outreach: absence inside what the log covers, weeks of customers, whole days."""

from datetime import UTC, datetime, timedelta
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

LONG = {"purchases": {"covers": "1996-01-01..1998-07-01"}}
"""A log that covers the look-back of 365 days of every row."""
KEY = ("customer", "at")


def d(month: int, day: int, year: int = 1997) -> datetime:
    return datetime(year, month, day, tzinfo=UTC)


def purchases() -> pa.Table:
    return frame(
        "customer text, date int, quantity int, dollars number",
        [
            ("c1", 19970401, 1, 10.0),
            ("c1", 19970430, 3, 30.0),  # in the gap of 04-28, in the window of 04-21
            ("c2", 19970406, 1, 8.0),  # known at the end of the day, just before 04-07 begins
            ("c2", 19970407, 1, 2.0),
            ("c3", 19980601, 1, 5.0),
        ],
    )


@pytest.fixture(scope="module")
def built() -> Any:
    return build(framing("churn", LONG), {"purchases": purchases()})


def test_customers_are_on_each_week_within_ninety_days_of_a_purchase(built: Any) -> None:
    at = sorted(at for customer, at in rows(built, *KEY) if customer == "c2")
    assert at == [d(4, 7) + timedelta(days=7 * week) for week in range(13)]  # until 06-30; 07-07 is too late


def test_absence_starts_after_the_gap(built: Any) -> None:
    churn, spend = column(built, "churn", *KEY), column(built, "spend", *KEY)
    assert (churn["c1", d(4, 21)], spend["c1", d(4, 21)]) == (0, 30.0)  # 04-30 is 9 days later
    assert (churn["c1", d(4, 28)], spend["c1", d(4, 28)]) == (1, 0.0)  # 04-30 is inside the gap
    assert column(built, "churn__mature_at", *KEY)["c1", d(4, 28)] == d(6, 4)


def test_absence_is_immature_until_the_log_covers_it(built: Any) -> None:
    states = column(built, "churn__state", *KEY)
    assert states["c3", d(6, 8, 1998)] == "immature"
    assert states["c1", d(4, 28)] == "observed"


def test_features_read_whole_days_before_the_week(built: Any) -> None:
    row = rows(built, *KEY)["c2", d(4, 14)]
    assert row["recency"] == pytest.approx(6, abs=1e-6)  # since the end of 04-07
    assert (row["frequency_30d"], row["money"]) == (2, 5.0)
    first = rows(built, *KEY)["c2", d(4, 7)]
    assert (first["frequency_30d"], first["money"]) == (1, 8.0)


def test_the_table_has_its_columns(built: Any) -> None:
    wanted = {
        **EVERY_TABLE, "customer": pa.string(), **label_types(pa.int32(), "churn"),
        **label_types(pa.float64(), "spend"), "recency": pa.float64(), "frequency_90d": pa.int64(),
        "money": pa.float64(),
    }  # fmt: skip
    assert missing_types(built, wanted) == {}


def test_parts_are_thirty_seven_days_apart(built: Any) -> None:
    planned = {name: one["planned"] for name, one in built.profile["tables"]["examples"]["parts"].items()}
    assert planned["test"]["end"].startswith("1998-05-25")
    assert planned["test"]["start"].startswith("1998-03-30")
    assert planned["validation"]["end"].startswith("1998-02-21")
    assert planned["train"]["end"].startswith("1997-12-18")


def test_weeks_whose_look_back_is_not_covered_are_warm_up() -> None:
    long = framing("churn")
    long["features"]["money"]["last"] = "365d"
    short = build(long, {"purchases": purchases()})
    assert removed(short)["warm-up"] == built_rows_before(d(1, 1, 1998))
    assert min(at for _, at in rows(short, *KEY)) == d(6, 8, 1998)


def built_rows_before(end: datetime) -> int:
    """Weeks of c1 and c2: 17 from 04-07 to 07-28 (c1, last purchase on 04-30), 13 (c2); none is later."""
    assert end > d(7, 28)
    return 17 + 13


def test_the_framing_as_it_stands_keeps_training_rows() -> None:
    # Its longest look-back may not swallow the training part: 338 of the 450 days are planned for.
    customers = [("c1", int(f"1997{month:02d}15"), 1, 10.0) for month in range(1, 13)]
    log = frame("customer text, date int, quantity int, dollars number", customers)
    built = build(framing("churn"), {"purchases": log})
    assert "train" in set(column(built, "split", *KEY).values())
