"""Product search: a funnel of labels, grades of judges, a gain that is made of the funnel."""

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
    removed,
    rows,
    t,
)

AS_OF = t(31).isoformat()
"""Test [23, 30), validation [19, 22), training before day 18: the gain takes a day."""


def shown() -> pa.Table:
    return frame(
        "search_id text, product text, session text, query text, searched_at time, rank int, price number",
        [
            ("q1", "p1", "s1", "red hat", t(2, 10), 1, 20.0),
            ("q1", "p2", "s1", "red hat", t(2, 10), 2, 10.0),
            ("q1", "p3", "s1", "red hat", t(2, 10), 3, 20.0),
            ("q1", "p4", "s1", "red hat", t(2, 10), 4, None),
            ("q2", "p1", "s2", "wool", t(17, 10), 1, 20.0),
            ("q3", "p2", "s3", "blue coat", t(20), 1, 10.0),
            ("q4", "p1", "s4", "red hat", t(24), 1, 20.0),  # a query that trains
            ("q5", "p3", "s5", "scarf", t(25), 1, 20.0),
            ("q6", "p3", "s6", "gloves", t(30, 12), 1, 20.0),
            ("q7", "p3", "s7", "mittens", t(30, 12), 1, 20.0),
        ],
    )


def search_frames() -> dict[str, pa.Table]:
    return {
        "shown": shown(),
        "clicks": frame(
            "search_id text, product text, clicked_at time, dwell_seconds number",
            [
                ("q1", "p1", t(2, 10, 5), 40.0),
                ("q1", "p2", t(2, 10, 5), 31.0),
                ("q1", "p3", t(2, 10, 5), 30.0),  # not longer than 30 s
                ("q5", "p3", t(25, 0, 5), 300.0),
                ("q7", "p3", t(30, 12, 5), 300.0),
            ],
        ),
        "carts": frame(
            "session text, product text, added_at time",
            [
                ("s1", "p1", t(2, 11)),
                ("s1", "p2", t(2, 11)),
                ("s1", "p4", t(2, 11)),  # was never clicked
            ],
        ),
        "orders": frame("session text, product text, ordered_at time", [("s1", "p1", t(3, 9))]),
        "grades": frame(
            "query text, product text, grade int",
            [("red hat", "p1", 5), ("red hat", "p2", 2), ("wool", "p1", 9)],  # 9 is no grade
        ),
        "products": frame(
            "product text, title text, brand text, category text",
            [
                ("p1", "red wool hat", "b", "hats"),
                ("p2", "blue hat", "b", "hats"),
                ("p3", "green scarf", "b", "scarves"),
            ],
        ),
    }


def search(**changes: Any) -> dict[str, Any]:
    long = {"covers": covers(-60, 90)}
    return framing("search", dict.fromkeys(("shown", "clicks", "carts", "orders"), long), **changes)


@pytest.fixture(scope="module")
def built() -> Any:
    return build(search(), search_frames(), as_of=AS_OF)


def test_a_step_of_the_funnel_is_undefined_where_the_one_before_did_not_happen(built: Any) -> None:
    found = rows(built)
    funnel = {
        product: tuple(found[f"q1|{product}"][name] for name in ("click", "cart", "purchase"))
        for product in ("p1", "p2", "p3", "p4")
    }
    assert funnel == {"p1": (1, 1, 1), "p2": (1, 1, 0), "p3": (0, None, None), "p4": (0, None, None)}
    assert found["q1|p4"]["purchase__state"] == "undefined"


def test_the_gain_is_the_deepest_step_that_happened(built: Any) -> None:
    gain = column(built, "gain")
    assert [gain[f"q1|p{n}"] for n in range(1, 5)] == [4, 2, 0, 0]
    assert gain["q5|p3"] == 1
    assert rows(built)["q1|p1"]["gain__mature_at"] == t(3, 10)


def test_the_gain_waits_for_its_last_step_where_a_click_leaves_it_open(built: Any) -> None:
    clicked, ignored = rows(built)["q7|p3"], rows(built)["q6|p3"]
    assert (clicked["click"], clicked["gain"], clicked["gain__state"]) == (1, None, "immature")
    assert (ignored["click"], ignored["gain"], ignored["gain__state"]) == (0, 0, "observed")
    assert clicked["gain__mature_at"] == t(31, 12)


def test_grades_are_joined_by_query_and_product(built: Any) -> None:
    found = {key: (row["grade"], row["grade__state"]) for key, row in rows(built).items()}
    assert found["q1|p1"] == (5, "observed")
    assert found["q1|p2"] == (2, "observed")
    assert found["q1|p3"] == (None, "undefined")
    assert found["q2|p1"] == (None, "undefined")  # 9 is not among the classes
    assert rows(built)["q1|p1"]["grade__mature_at"] is None


def test_a_query_of_the_training_part_is_not_tested_again(built: Any) -> None:
    assert column(built, "split") == {
        "q1|p1": "train", "q1|p2": "train", "q1|p3": "train", "q1|p4": "train", "q2|p1": "train",
        "q3|p2": "validation", "q5|p3": "test", "q6|p3": None, "q7|p3": None,
    }  # fmt: skip
    assert removed(built) == {"together in an earlier part": 1}


def test_prices_are_ranked_in_their_list(built: Any) -> None:
    rank = column(built, "price_rank")
    assert [rank[f"q1|p{n}"] for n in range(1, 5)] == [2, 1, 2, None]


def test_daily_counts_are_as_of_the_last_midnight(built: Any) -> None:
    row = rows(built)["q2|p1"]
    assert (row["clicks_30d"], row["shows_30d"], row["ctr"]) == (1, 1, 1.0)
    assert rows(built)["q1|p1"]["ctr"] is None


def test_lookups_and_texts_stand_on_the_row(built: Any) -> None:
    row = rows(built)["q1|p1"]
    assert (row["title"], row["query"], row["position"]) == ("red wool hat", "red hat", 1.0)
    assert rows(built)["q1|p4"]["title"] is None
    assert rows(built)["q1|p4"]["title_match"] is None


def test_the_table_has_its_columns(built: Any) -> None:
    wanted = {
        **EVERY_TABLE, "session": pa.string(), "query": pa.string(), "product": pa.string(),
        **label_types(pa.int32(), "click", "cart", "purchase", "grade", "gain"),
        "title": pa.string(), "title_match": pa.float64(), "price_rank": pa.int64(), "ctr": pa.float64(),
    }  # fmt: skip
    assert missing_types(built, wanted) == {}
