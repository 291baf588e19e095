"""Scalars: YAML values as written, durations, moments, periods, percentages, capacities."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from truenorth.framing.capacities import Capacity
from truenorth.framing.durations import LONGEST, UNITS, Duration
from truenorth.framing.percentages import Percentage, read_share
from truenorth.framing.periods import Moment, Period
from truenorth.framing.scalars import typed


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("7", 7),
        ("-7", -7),
        ("0", 0),
        ("0.5", 0.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("2.5E-1", 0.25),
    ],
)
def test_a_plain_scalar_is_typed(text, value):
    assert typed(text) == value
    assert type(typed(text)) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        "no",
        "yes",
        "on",
        "True",
        "NULL",
        "010",
        "-01",
        "00.5",
        "0x1F",
        "0b1",
        "1_000",
        "22:30",
        "2005-10-01",
        "1e999",
        ".inf",
        ".nan",
        ".",
        "e5",
        "-",
        "1.2.3",
        "9" * 19,
    ],
)
def test_any_other_scalar_stays_text(text):
    assert typed(text) == text


@pytest.mark.parametrize(
    ("text", "microseconds", "canonical"),
    [
        ("90m", 90 * UNITS["m"], "90m"),
        ("36h", 36 * UNITS["h"], "36h"),
        ("168h", 7 * UNITS["d"], "7d"),
        ("1w", 7 * UNITS["d"], "7d"),
        ("0s", 0, "0s"),
        ("0d", 0, "0s"),
        ("500ms", 500_000, "500ms"),
        ("20us", 20, "20us"),
    ],
)
def test_a_duration_is_a_whole_number_of_microseconds(text, microseconds, canonical):
    duration = Duration.parse(text)
    assert duration.microseconds == microseconds
    assert str(duration) == canonical
    assert duration.written == text


@given(st.integers(0, LONGEST), st.sampled_from(sorted(UNITS)))
def test_a_duration_survives_writing_and_reading(microseconds, unit):
    duration = Duration.parse(f"{microseconds // UNITS[unit]}{unit}")
    assert Duration.parse(str(duration)) == duration


@pytest.mark.parametrize("text", ["7 dayz", "7", "d", "-7d", "1.5d", "", "7d 3h", "100001d", "9" * 30 + "d"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(PydanticCustomError, match="expected a duration such as '7d'"):
        Duration.parse(text)


@pytest.mark.parametrize("text", ["1mo", "3 months", "1M", "2y", "1 year", "1q"])
def test_calendar_months_are_refused_with_a_reason(text):
    with pytest.raises(PydanticCustomError, match="months and years differ in length"):
        Duration.parse(text)


@pytest.mark.parametrize(
    ("text", "fraction", "unit", "canonical"),
    [
        ("-30%", -0.3, "relative", "-30%"),
        ("+5%", 0.05, "relative", "5%"),
        ("0.2pp", 0.002, "points", "0.2pp"),
        ("+4pp", 0.04, "points", "4pp"),
        ("0.05", 0.05, "absolute", "0.05"),
        (3, 3.0, "absolute", "3"),
    ],
)
def test_a_percentage_says_what_it_counts(text, fraction, unit, canonical):
    percentage = Percentage.parse(text)
    assert percentage.fraction == fraction
    assert percentage.unit == unit
    assert str(percentage) == canonical
    assert Percentage.parse(canonical) == percentage


@pytest.mark.parametrize("value", ["lots", "5 percent", "%", "pp", "1e999", True, None, [5]])
def test_what_is_no_percentage_is_refused(value):
    with pytest.raises(PydanticCustomError, match="expected a percentage"):
        Percentage.parse(value)


def test_a_share_reads_percent():
    assert read_share("3%") == 0.03
    assert read_share(0.03) == 0.03
    assert read_share("3") == "3"


@pytest.mark.parametrize(
    ("text", "amount", "together"),
    [("100 per 1d", 100, False), ("300 per 7d together", 300, True), ("2.5 per 1h", 2.5, False)],
)
def test_a_capacity_is_an_amount_per_time(text, amount, together):
    capacity = Capacity.parse(text)
    assert (capacity.amount, capacity.together) == (amount, together)
    assert str(capacity) == text


@pytest.mark.parametrize(
    "text", ["100", "100 a day", "100 per", "100 per 0s", "-1 per 1d", "100 per 1mo", "many per 1d"]
)
def test_what_is_no_capacity_is_refused(text):
    with pytest.raises(PydanticCustomError, match="expected a"):
        Capacity.parse(text)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("2026-01-31", "2026-01-31"),
        ("2026-01-31T08:30:00+01:00", "2026-01-31T07:30:00Z"),
        ("2026-01-31 08:30", "2026-01-31T08:30:00Z"),
        ("1969-12-31", "1969-12-31"),
    ],
)
def test_a_moment_is_utc(text, canonical):
    assert str(Moment.parse(text)) == canonical
    assert Moment.parse(canonical) == Moment.parse(text)


@pytest.mark.parametrize("text", ["2026-02-30", "yesterday", "", "2026-01-31T25:00"])
def test_what_is_no_moment_is_refused(text):
    with pytest.raises(PydanticCustomError, match="expected a date or time"):
        Moment.parse(text)


@pytest.mark.parametrize(
    "text", ["2026-01-01", "2026-01-01..", "2026-01-02..2026-01-01", "2026-01-01..2026-01-01"]
)
def test_what_is_no_period_is_refused(text):
    with pytest.raises(PydanticCustomError, match="expected a"):
        Period.parse(text)
