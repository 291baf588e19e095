"""Advertising: a click within the hour, a conversion after the click, weights for what is not yet known."""

from typing import Any

import pyarrow as pa
import pytest

from tests.examples.logs import (
    EVERY_TABLE,
    build,
    column,
    covers,
    frame,
    framing,
    label_types,
    missing_types,
    rows,
    t,
)

AS_OF = t(40, 3, 30).isoformat()
"""Training labels are read on day 33: 7 d of later parts and three waits of 70 min before this."""


def auctions(*more: tuple[Any, ...]) -> pa.Table:
    def auction(bid: str, day: float, *, won: bool = True, keep: float = 1.0) -> tuple[Any, ...]:
        """An auction half an hour before the stated day, by a user of its own."""
        return (bid, f"u_{bid}", "ad1", t(day, -0.5), won, 0.4 if won else None, keep, 20.0)

    return frame(
        "bid_id text, user text, ad text, auctioned_at time, won flag, market_price number, "
        "keep_rate number, value_per_conversion number",
        [
            auction("a", -2),
            auction("b", -1),
            auction("c", 10),
            auction("d", 20),
            auction("e", 25.5),
            auction("f", 28),
            auction("idle", 12, keep=0.1),
            auction("lost", 13, won=False),
            auction("slow", 14),
            *(auction(*one) for one in more),
        ],
    )


def clicks(*more: tuple[Any, ...]) -> pa.Table:
    days = {"a": -2, "b": -1, "c": 10, "d": 20, "e": 25.5, "f": 28}
    return frame(
        "bid_id text, ad text, clicked_at time",
        [
            *((bid, "ad1", t(day)) for bid, day in days.items()),
            ("slow", "ad1", t(14, 0.75)),  # 75 minutes after the auction
            *more,
        ],
    )


def conversions(*more: tuple[Any, ...]) -> pa.Table:
    return frame(
        "user text, ad text, converted_at time, postback_at time",
        [
            ("u_b", "ad1", t(4), t(5)),
            ("u_b", "ad1", t(6), t(6)),
            ("u_c", "ad1", t(13), t(14)),
            ("u_d", "ad1", t(32), t(34)),  # posted back after the training labels are read
            ("u_f", "ad1", t(29), t(30)),
            ("u_idle", "ad1", t(13), t(14)),
            *more,
        ],
    )


def ads(**changes: Any) -> dict[str, Any]:
    long = {"covers": covers(-40, 90)}
    return framing("ads", {"auctions": long, "clicks": long, "conversions": long}, **changes)


def frames() -> dict[str, pa.Table]:
    return {"auctions": auctions(), "clicks": clicks(), "conversions": conversions()}


@pytest.fixture(scope="module")
def built() -> Any:
    return build(ads(), frames(), as_of=AS_OF)


def test_every_auction_is_a_row_with_the_columns_of_the_table(built: Any) -> None:
    assert set(rows(built)) == {"a", "b", "c", "d", "e", "f", "idle", "lost", "slow"}
    wanted = {
        **EVERY_TABLE, "user": pa.string(), "ad": pa.string(), "unit": pa.string(),
        **label_types(pa.int32(), "click", "conversion"), **label_types(pa.float64(), "market_price"),
        "ad_clicks_1d": pa.int64(), "ad_shows_7d": pa.int64(), "ad_ctr": pa.float64(),
        "value_per_conversion": pa.float64(),
    }  # fmt: skip
    assert missing_types(built, wanted) == {}
    assert set(column(built, "split").values()) == {"train"}


def test_a_row_weighs_the_inverse_of_its_chance_to_be_logged(built: Any) -> None:
    weight = column(built, "weight")
    assert (weight["a"], weight["idle"]) == (1.0, 10.0)


def test_labels_of_a_lost_auction_are_undefined(built: Any) -> None:
    row = rows(built)["lost"]
    assert not row["shown"]
    assert [row[f"{name}__state"] for name in ("click", "conversion", "market_price")] == ["undefined"] * 3


def test_a_click_counts_within_the_hour(built: Any) -> None:
    click = column(built, "click")
    assert (click["a"], click["idle"], click["slow"], click["lost"]) == (1, 0, 0, None)
    row = rows(built)["a"]
    assert row["click__event_at"] == t(-2)
    assert row["click__event_known_at"] == t(-2, 0, 10)
    assert row["click__mature_at"] == t(-2, 0.5, 10)


def test_a_conversion_is_counted_from_the_click_and_undefined_without_one(built: Any) -> None:
    row = rows(built)["b"]
    assert (row["conversion"], row["conversion__state"]) == (1, "observed")
    assert row["conversion__mature_at"] == t(-1 + 30 + 3)
    assert (row["conversion__event_at"], row["conversion__event_known_at"]) == (t(4), t(5))
    for bid in ("idle", "slow"):
        row = rows(built)[bid]
        assert (row["conversion"], row["conversion__state"]) == (None, "undefined")
        assert (row["conversion__mature_at"], row["conversion__weight"]) == (None, 0.0)


def test_an_early_conversion_is_held_beside_immature_and_its_absence_is_not(built: Any) -> None:
    found = {
        bid: (row["conversion"], row["conversion__state"])
        for bid, row in rows(built).items()
        if row["click"] == 1
    }
    assert found == {
        "a": (0, "observed"),
        "b": (1, "observed"),
        "c": (1, "immature"),
        "d": (None, "immature"),
        "e": (None, "immature"),
        "f": (1, "immature"),
    }


def test_determined_conversions_weigh_the_inverse_chance_of_being_followed_so_long(built: Any) -> None:
    # Followed C = day 33 - click - 3 d: a 32, b 31, c 20, d 10, e 4.5, f 2 days. Determined at T: a 30 (its
    # window closed), b 5, c 3, f 1 (converted). Weight 1 / share of the six rows with C > T.
    weight = column(built, "conversion__weight")
    assert weight["a"] == pytest.approx(6 / 2)
    assert weight["b"] == pytest.approx(6 / 4)
    assert weight["c"] == pytest.approx(6 / 5)
    assert weight["f"] == pytest.approx(6 / 6)
    assert (weight["d"], weight["e"]) == (0.0, 0.0)


def test_a_conversion_reported_sooner_than_promised_weighs_only_if_its_row_was_followed_so_long() -> None:
    # Clicked on day 31, so followed for 33 - 31 - 3 = -1 days; converted half a day later and posted back at
    # once. Counting it would weigh fast reports by a chance that slow ones never had.
    log = {
        "auctions": auctions(("g", 31)),
        "clicks": clicks(("g", "ad1", t(31))),
        "conversions": conversions(("u_g", "ad1", t(31.5), t(31.5))),
    }
    built = build(ads(), log, as_of=AS_OF)
    assert rows(built)["g"]["conversion"] == 1
    weight = column(built, "conversion__weight")
    assert weight["g"] == 0.0
    assert weight["a"] == pytest.approx(7 / 2)
    assert weight["f"] == pytest.approx(7 / 6)


def test_a_row_followed_exactly_as_long_as_its_window_is_not_determined() -> None:
    # Clicked on day 0: its window closes and is reported at day 33, when labels are read, which is too late.
    log = {
        "auctions": auctions(("g", 0)),
        "clicks": clicks(("g", "ad1", t(0))),
        "conversions": conversions(),
    }
    built = build(ads(), log, as_of=AS_OF)
    assert rows(built)["g"]["conversion__state"] == "immature"
    weight = column(built, "conversion__weight")
    assert weight["g"] == 0.0
    assert weight["a"] == pytest.approx(7 / 2)  # g was not followed for more than 30 days either


def test_features_that_read_a_late_column_see_it_once_it_is_known(built: Any) -> None:
    # d stands alone in its week but for slow (day 14, won) and idle, lost and c before it; runs are hourly.
    row = rows(built)["d"]
    assert (row["ad_shows_1d"], row["ad_shows_7d"]) == (0, 1)
    assert (row["ad_clicks_1d"], row["ad_clicks_7d"], row["ad_ctr"]) == (0, 1, 1.0)
    row = rows(built)["slow"]  # at day 13, 23:30: idle won, lost did not, c won
    assert (row["ad_shows_1d"], row["ad_shows_7d"], row["ad_clicks_7d"]) == (0, 2, 1)


def test_the_price_paid_is_known_a_minute_later(built: Any) -> None:
    row = rows(built)["a"]
    assert (row["market_price"], row["market_price__state"]) == (0.4, "observed")
    assert row["market_price__mature_at"] == t(-2, -0.5, 1)


def test_a_constant_propensity_stands_on_every_row() -> None:
    built = build(ads(examples={**ads()["examples"], "propensity": 0.25}), frames(), as_of=AS_OF)
    assert set(column(built, "propensity").values()) == {0.25}
