"""The news feed: candidates shown or not, windows that others end or cancel, parts read on their own."""

from typing import Any

import pyarrow as pa
import pytest

from tests.examples.logs import (
    EVERY_TABLE,
    MICROSECOND,
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

AS_OF = t(23, 2).isoformat()
"""Two days and two hours after the last test day: reports may take 2 d, the longest trained window is 2 h."""


def candidates(*more: tuple[Any, ...]) -> pa.Table:
    return frame(
        "request_id text, item text, user text, requested_at time, position int, slot int, "
        "logged_probability number, arm text, viewport_seconds number, scroll_past_at time",
        [
            ("r1", "a", "u1", t(1, 10), 1, 1, 0.75, "ranked", 90.0, None),
            ("r1", "b", "u1", t(1, 10), None, 1, 0.25, "ranked", None, None),
            ("r1", "c", "u1", t(1, 10), 2, 2, 1.0, "random", 10.0, None),
            ("r1", "e", "u1", t(1, 10), 3, 3, 1.0, "ranked", None, None),
            ("r2", "a", "u1", t(1, 11), 1, 1, 1.0, "ranked", 60.0, None),
            ("r2", "c", "u1", t(1, 11), 2, 2, 1.0, "ranked", 2.0, None),
            ("r2", "e", "u1", t(1, 11), 3, 3, 1.0, "ranked", 3.0, None),
            ("r3", "a", "u2", t(1, 10, 59), 1, 1, 1.0, "ranked", 5.0, None),
            ("r3", "c", "u2", t(1, 10, 59), 2, 2, 1.0, "ranked", 5.0, None),
            ("r4", "a", "u3", t(5), 1, 1, 1.0, "ranked", 61.0, None),
            ("r5", "a", "u1", t(10), 1, 1, 1.0, "ranked", 5.0, None),
            ("r6", "a", "u2", t(15), 1, 1, 1.0, "ranked", 70.0, None),
            ("r7", "a", "u3", t(22), 1, 1, 1.0, "ranked", 70.0, None),
            *more,
        ],
    )


def actions() -> pa.Table:
    def act(user: str, item: str, action: str, minutes: float, late: float = 1) -> tuple[Any, ...]:
        """An action some minutes after 10:00 of the second day, received a minute later."""
        return (user, item, action, t(1, 10, minutes), t(1, 10, minutes + late))

    return frame(
        "user text, item text, action text, acted_at time, received_at time",
        [
            act("u1", "a", "comment", 30),
            act("u1", "c", "comment", 90),
            act("u1", "e", "comment", 60),  # exactly when r2 shows e again
            act("u1", "a", "scroll_past", 10 - 2 / 60),  # exactly 2 s before the like
            act("u1", "a", "like", 10),
            act("u1", "c", "scroll_past", 12 - 3 / 60),
            act("u1", "c", "like", 12),
            act("u1", "e", "scroll_past", 20),  # at the same time as the like
            act("u1", "e", "like", 20, late=70),
            act("u1", "a", "share", 15, late=4 * 24 * 60),  # received on day 5, after validation began
            act("u1", "a", "hide", 40, late=4 * 24 * 60),
            act("u1", "c", "report", 600),
            act("u9", "c", "hide", 40, late=10),
            act("u9", "c", "hide", 58, late=2),  # received exactly at 11:00
            ("u2", "a", "like", t(14, 23), t(14, 23)),
            ("u2", "a", "comment", t(15, 2), t(15, 2)),
        ],
    )


def sessions() -> pa.Table:
    return frame(
        "user text, started_at time",
        [("u1", t(7)), ("u2", t(14) - MICROSECOND), ("u3", t(14)), ("u3", t(6, 23))],
    )


def items() -> pa.Table:
    return frame(
        "item text, creator text, language text, published_at time",
        [
            ("a", "ann", "en", t(1, 4)),
            ("b", "bob", "en", t(1, 9)),
            ("c", "cat", "de", t(0, 10)),
            ("e", "eve", "en", t(1, 4)),
        ],
    )


def feed(**changes: Any) -> dict[str, Any]:
    long = {"covers": covers(-30, 60)}
    return framing("feed", {"candidates": long, "actions": long, "sessions": long}, **changes)


def frames(*more: tuple[Any, ...]) -> dict[str, pa.Table]:
    return {
        "candidates": candidates(*more),
        "actions": actions(),
        "sessions": sessions(),
        "items": items(),
    }


@pytest.fixture(scope="module")
def built() -> Any:
    return build(feed(), frames(), as_of=AS_OF)


def test_every_candidate_is_a_row_with_the_columns_of_the_table(built: Any) -> None:
    assert built.examples.num_rows == 13
    binary = label_types(pa.int32(), "comment", "share", "liked", "dwell", "quick_skip", "hide", "returned")
    features = {
        "user_likes_1d": pa.int64(), "user_likes_7d": pa.int64(), "creator_hides": pa.int64(),
        "creator_views": pa.int64(), "hide_rate": pa.float64(), "age_hours": pa.float64(),
        "price_rank": pa.int64(),
    }  # fmt: skip
    entities = {"user": pa.string(), "item": pa.string(), "unit": pa.string()}
    assert missing_types(built, {**EVERY_TABLE, **entities, **binary, **features}) == {}


def test_identity_and_decision_are_read_from_the_log(built: Any) -> None:
    row = rows(built)["r1|c"]
    wanted = {
        "user": "u1", "item": "c", "unit": "u1", "at": t(1, 10), "group": "r1", "decision": "r1|2",
        "position": 2.0, "shown": True, "action": None, "propensity": 1.0, "explored": True, "weight": 1.0,
    }  # fmt: skip
    assert {name: row[name] for name in wanted} == wanted


def test_labels_of_a_candidate_that_was_not_shown_are_undefined(built: Any) -> None:
    row = rows(built)["r1|b"]
    assert not row["shown"]
    assert row["position"] is None
    for label in ("comment", "share", "liked", "dwell", "quick_skip", "hide", "returned"):
        assert (row[label], row[f"{label}__state"], row[f"{label}__weight"]) == (None, "undefined", 0.0)
        assert (row[f"{label}__event_at"], row[f"{label}__event_known_at"]) == (None, None)


def test_until_ends_the_window_when_the_item_is_shown_again(built: Any) -> None:
    comment = column(built, "comment")
    assert (comment["r1|a"], comment["r2|a"]) == (1, 0)  # 10:30, before r2
    assert (comment["r1|c"], comment["r2|c"]) == (0, 1)  # 11:30, after r2
    assert (comment["r1|e"], comment["r2|e"]) == (1, 0)  # 11:00, at r2 itself: still in the first window
    assert column(built, "comment__event_at")["r1|e"] == t(1, 11)
    assert column(built, "comment__event_at")["r1|c"] is None
    assert column(built, "comment__event_known_at")["r2|c"] == t(1, 11, 31)


def test_unless_cancels_a_like_right_after_scrolling_past(built: Any) -> None:
    liked = column(built, "liked")
    assert liked["r1|a"] == 0  # scrolled past 2 s before
    assert liked["r1|c"] == 1  # 3 s before
    assert liked["r1|e"] == 1  # at the same microsecond: not before


def test_the_end_of_a_window_is_inside_it(built: Any) -> None:
    comment = rows(built)["r6|a"]
    assert (comment["comment"], comment["comment__mature_at"]) == (1, t(17, 2))


def test_own_row_labels_are_undefined_where_the_column_is_null(built: Any) -> None:
    dwell, quick_skip = column(built, "dwell"), column(built, "quick_skip")
    assert (dwell["r1|a"], dwell["r2|a"], dwell["r1|c"]) == (1, 1, 0)
    assert (quick_skip["r2|c"], quick_skip["r2|e"]) == (1, 0)
    assert (dwell["r1|e"], column(built, "dwell__state")["r1|e"]) == (None, "undefined")
    assert column(built, "dwell__mature_at")["r1|a"] == t(1, 10, 10)
    assert column(built, "dwell__event_at")["r1|a"] is None
    assert column(built, "dwell__event_known_at")["r1|a"] == t(1, 10, 10)


def test_a_trained_label_is_read_when_the_next_part_starts_and_others_at_the_end(built: Any) -> None:
    row = rows(built)["r1|a"]
    assert (row["share"], row["share__state"]) == (0, "observed")  # received after validation began
    assert (row["hide"], row["hide__event_known_at"]) == (1, t(5, 10, 40))


def test_returning_is_counted_from_the_end_of_the_iso_week(built: Any) -> None:
    row = rows(built)["r1|a"]
    assert row["returned__mature_at"] == t(14, 1) - MICROSECOND
    returned = column(built, "returned")
    assert returned["r1|a"] == 1  # first instant of the next week
    assert returned["r3|a"] == 1  # last instant of the next week
    assert returned["r4|a"] == 0  # the same week, and the week after next
    assert column(built, "returned__event_at")["r3|a"] == t(14) - MICROSECOND
    assert column(built, "returned__state")["r6|a"] == "immature"  # day 28 and 1 h, read on day 23


def test_counts_see_only_what_was_received_before_the_request(built: Any) -> None:
    likes = column(built, "user_likes_1d")
    assert (likes["r1|a"], likes["r2|a"]) == (0, 2)  # the third like was received at 11:30
    assert (likes["r6|a"], column(built, "user_likes_7d")["r6|a"]) == (1, 1)
    assert (likes["r5|a"], column(built, "user_likes_7d")["r5|a"]) == (0, 0)


def test_hourly_features_are_as_of_the_last_full_hour(built: Any) -> None:
    hides, views = column(built, "creator_hides"), column(built, "creator_views")
    assert (hides["r3|c"], views["r3|c"]) == (0, 0)  # 10:59 reads the run of 10:00
    assert (hides["r2|c"], views["r2|c"]) == (1, 2)  # 11:00 reads the run of 11:00
    assert (column(built, "hide_rate")["r2|c"], column(built, "hide_rate")["r3|c"]) == (0.5, None)


def test_static_attributes_stand_on_the_row_and_are_ranked_in_their_list(built: Any) -> None:
    age, rank = column(built, "age_hours"), column(built, "price_rank")
    assert [age[f"r1|{item}"] for item in "abce"] == [6.0, 1.0, 24.0, 6.0]
    assert [rank[f"r1|{item}"] for item in "abce"] == [2, 1, 4, 2]


def test_parts_are_counted_back_one_horizon_apart(built: Any) -> None:
    part = column(built, "split")
    assert [part[f"r{n}|a"] for n in range(1, 8)] == [
        "train", "train", "train", "validation", "calibration", "test", None,
    ]  # fmt: skip
    planned = {name: one["planned"] for name, one in built.profile["tables"]["examples"]["parts"].items()}
    assert planned["train"]["end"].startswith("2026-01-07T18:00")
    assert planned["train"]["as_of"].startswith("2026-01-09T20:00")


def test_propensities_sum_to_one_in_every_decision(built: Any) -> None:
    assert built.profile["tables"]["examples"]["decisions"]["not_summing_to_one"] == 0
    assert "DATA102" not in {finding.code for finding in built.findings}


def test_propensities_that_do_not_sum_to_one_are_a_finding() -> None:
    odd = ("r8", "a", "u1", t(1, 12), 1, 1, 0.7, "ranked", 1.0, None)
    built = build(feed(), frames(odd), as_of=AS_OF)
    found = [finding for finding in built.findings if finding.code == "DATA102"]
    assert len(found) == 1
    assert "got 1 of" in found[0].evidence


def test_a_candidate_logged_twice_is_dropped_once() -> None:
    again = tuple(candidates().to_pylist()[0].values())
    built = build(feed(), frames(again), as_of=AS_OF)
    assert built.examples.num_rows == 13
    assert removed(built) == {"duplicate": 1}


def test_a_logged_score_becomes_a_propensity_by_softmax() -> None:
    examples = {
        **feed()["examples"],
        "propensity": {"softmax": "viewport_score", "temperature": 0.5},
        "decision": "request_id",
    }
    log = candidates()
    scores = [1.0, 1.0, 1.5, None] + [0.0] * 9
    log = log.append_column("viewport_score", pa.array(scores, pa.float64()))
    built = build(feed(examples=examples), {**frames(), "candidates": log}, as_of=AS_OF)
    found = column(built, "propensity")
    # exp(2), exp(2), exp(3): 1 / (2 + e) twice, e / (2 + e)
    assert found["r1|a"] == found["r1|b"] == pytest.approx(0.2119415576)
    assert found["r1|c"] == pytest.approx(0.5761168848)
    assert found["r2|a"] == pytest.approx(1 / 3)
