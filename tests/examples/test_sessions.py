"""Sessions: a log cut where someone paused, and labels and features that read the same session."""

from typing import Any

import pyarrow as pa
import pytest

import truenorth
from tests.examples.logs import TIME, build, column, covers, frame, rows, t


def views() -> pa.Table:
    return frame(
        "view text, user text, seen_at time, price number",
        [
            ("a", "u1", t(1, 10), 5.0),
            ("b", "u1", t(1, 10, 30), 7.0),  # exactly 30 minutes later: the same session
            ("c", "u1", t(1, 11, 0, 1), 9.0),  # 30 minutes and a second: a new one
            ("d", "u1", t(1, 11, 10), 1.0),
            ("e", "u2", t(1, 10, 5), 2.0),
            ("f", "u2", t(1, 10, 6), 3.0),
        ],
    )


def orders() -> pa.Table:
    return frame(
        "user text, ordered_at time, paid number",
        [("u1", t(1, 10, 40), 12.0), ("u2", t(1, 10, 5, 30), 4.0)],
    )


def by_session(**changes: Any) -> dict[str, Any]:
    return {
        "framing": 1, "name": "sessions", "business": {"goal": "keep them looking"},
        "sources": {
            "views": {"time": "seen_at", "key": "view", "session": {"by": "user", "gap": "30m"},
                      "covers": covers(0, 30)},
            "orders": {"time": "ordered_at", "covers": covers(0, 30)},
        },
        "examples": {"source": "views", "entity": "user", "at": "time", "group": "session_id"},
        "labels": {
            "more": {"source": "views", "by": "session_id", "count": True, "within": "1d"},
            "next_price": {"source": "views", "by": "session_id", "first": "price", "within": "1d"},
            "ordered": {"source": "orders", "by": "user", "within": "1h"},
        },
        "features": {
            "before": {"source": "views", "by": "session_id", "count": True, "last": "1d"},
            "before_by_user": {"source": "views", "by": "user", "count": True, "last": "1d"},
            "minutes_in": {"sql": "seconds_between(session_start, at) / 60"},
            "price_place": {"over": "group", "rank": "price"},
        },
        "objective": {"score": "more", "metric": "mean(more)"},
        **changes,
    }  # fmt: skip


FRAMES = {"views": views(), "orders": orders()}
AS_OF = t(10).isoformat()


@pytest.fixture(scope="module")
def built() -> Any:
    return build(by_session(), FRAMES, as_of=AS_OF)


def test_a_pause_longer_than_the_gap_starts_a_session(built: Any) -> None:
    session = column(built, "group")
    assert session["a"] == session["b"]
    assert session["c"] == session["d"] != session["a"]
    assert session["e"] == session["f"]
    assert len(set(session.values())) == 3


def test_labels_count_what_follows_in_the_same_session(built: Any) -> None:
    assert column(built, "more") == {"a": 1, "b": 0, "c": 1, "d": 0, "e": 1, "f": 0}
    assert column(built, "next_price") == {"a": 7.0, "b": None, "c": 1.0, "d": None, "e": 3.0, "f": None}


def test_features_count_what_came_before_in_the_same_session(built: Any) -> None:
    assert column(built, "before") == {"a": 0, "b": 1, "c": 0, "d": 1, "e": 0, "f": 1}
    assert column(built, "before_by_user") == {"a": 0, "b": 1, "c": 2, "d": 3, "e": 0, "f": 1}


def test_a_list_that_is_a_session_is_ranked_among_rows_of_one_time(built: Any) -> None:
    assert set(column(built, "price_place").values()) == {1}  # no two views of a session are of one time


def test_the_start_of_the_session_is_known_and_its_end_is_not(built: Any) -> None:
    assert column(built, "minutes_in") == pytest.approx(
        {"a": 0, "b": 30, "c": 0, "d": 9 + 59 / 60, "e": 0, "f": 1}
    )
    features = {"minutes_left": {"sql": "seconds_between(at, session_end) / 60"}}
    with pytest.raises(truenorth.FramingError, match="LEAK001"):
        build(by_session(features=features), FRAMES, as_of=AS_OF)


def test_a_session_may_hold_times_of_its_own(built: Any) -> None:
    features = {"started": {"column": "session_start"}}
    made = build(by_session(features=features), FRAMES, as_of=AS_OF)
    assert made.examples.schema.field("started").type == TIME
    assert rows(made)["d"]["started"] == t(1, 11, 0, 1)


def test_outcomes_by_user_cross_sessions(built: Any) -> None:
    assert column(built, "ordered") == {"a": 1, "b": 1, "c": 0, "d": 0, "e": 1, "f": 0}
