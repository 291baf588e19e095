"""Who a row is: `example_id` from one key, several keys, or the content; tables without rows."""

from typing import Any

import pyarrow as pa
import pytest

import truenorth
from tests.examples import test_ads, test_feed, test_tags
from tests.examples.logs import build, column, covers, frame, framing, removed, rows, schema, t


def plain(source: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "framing": 1, "name": "plain", "business": {"goal": "name every row"},
        "sources": {
            "log": {"time": "at_time", "covers": covers(0, 30), "known_after": {"good": "1h"}, **source}
        },
        "examples": {"source": "log", "entity": "user", "at": "time"},
        "labels": {"ok": {"when": "good = 1"}},
        "features": {"cost": {"column": "price"}},
        "objective": {"score": "ok", "metric": "mean(ok)"},
        **changes,
    }  # fmt: skip


LOG = frame(
    "user text, item text, n int, at_time time, price number, good int",
    [
        ("u1", "a", 1, t(1), 1.0, 1),
        ("u1", "b", 2, t(1), 2.0, 0),
        ("u2", "a", 3, t(2), 3.0, 0),
        ("u2", "a", 4, t(3), 3.0, 0),
    ],
)
TWICE = pa.concat_tables([LOG, LOG.slice(0, 1)])
AS_OF = t(20).isoformat()


def test_one_key_is_the_id_in_its_own_type() -> None:
    built = build(plain({"key": "n"}), {"log": LOG}, as_of=AS_OF)
    assert set(rows(built)) == {1, 2, 3, 4}
    assert schema(built)["example_id"] == pa.int64()


def test_several_keys_are_joined() -> None:
    built = build(plain({"key": ["user", "item", "n"]}), {"log": LOG}, as_of=AS_OF)
    assert set(rows(built)) == {"u1|a|1", "u1|b|2", "u2|a|3", "u2|a|4"}


def test_keys_that_hold_the_separator_stay_apart() -> None:
    log = frame(
        "user text, item text, n int, at_time time, price number, good int",
        [("u|1", "a", 1, t(1), 1.0, 1), ("u", "1|a", 2, t(1), 2.0, 0)],
    )
    built = build(plain({"key": ["user", "item"]}), {"log": log}, as_of=AS_OF)
    assert len(set(built.examples["example_id"].to_pylist())) == 2


def test_rows_without_a_key_are_named_by_their_content() -> None:
    first = build(plain({}), {"log": LOG}, as_of=AS_OF)
    ids = {row["cost"]: example_id for example_id, row in rows(first).items() if row["user"] == "u1"}
    assert len(set(first.examples["example_id"].to_pylist())) == 4
    shuffled = build(plain({}), {"log": LOG.take([2, 0, 3, 1])}, as_of=AS_OF)
    assert {row["cost"]: key for key, row in rows(shuffled).items() if row["user"] == "u1"} == ids


def test_equal_rows_that_are_kept_have_an_ordinal() -> None:
    built = build(plain({"duplicates": "keep"}), {"log": TWICE}, as_of=AS_OF)
    twins = sorted(key for key, row in rows(built).items() if row["cost"] == 1.0)
    assert len(twins) == 2
    assert [one.rpartition("-")[2] for one in twins] == ["1", "2"]
    assert twins[0].rpartition("-")[0] == twins[1].rpartition("-")[0]


def test_rows_that_share_a_key_and_are_kept_have_ids_of_their_own() -> None:
    built = build(plain({"key": ["user", "item"], "duplicates": "keep"}), {"log": LOG}, as_of=AS_OF)
    assert len(rows(built)) == 4


def test_equal_rows_are_refused_dropped_or_kept() -> None:
    with pytest.raises(truenorth.DataError, match="LOG005"):
        build(plain({}), {"log": TWICE}, as_of=AS_OF)
    dropped = build(plain({"duplicates": "drop"}), {"log": TWICE}, as_of=AS_OF)
    assert (dropped.examples.num_rows, removed(dropped)) == (4, {"duplicate": 1})
    assert build(plain({"duplicates": "keep"}), {"log": TWICE}, as_of=AS_OF).examples.num_rows == 5


def test_rows_at_or_after_as_of_are_no_examples() -> None:
    built = build(plain({"key": "n"}), {"log": LOG}, as_of=t(2).isoformat())
    assert set(rows(built)) == {1, 2}
    assert removed(built) == {"after as_of": 2}


def test_filters_are_counted() -> None:
    examples = {"source": "log", "entity": "user", "at": "time", "where": "price < 3"}
    built = build(plain({"key": "n"}, examples=examples), {"log": LOG}, as_of=AS_OF)
    assert (set(rows(built)), removed(built)) == ({1, 2}, {"where": 2})


def empty(frames: dict[str, pa.Table]) -> dict[str, pa.Table]:
    return {name: log.schema.empty_table() for name, log in frames.items()}


EMPTY = {
    "feed": (test_feed.feed(), test_feed.frames(), test_feed.AS_OF),
    "ads": (test_ads.ads(), test_ads.frames(), test_ads.AS_OF),
    "tags": (test_tags.tags(), {"items": test_tags.items()}, test_tags.AS_OF),
    "plain": (plain({"key": "n"}), {"log": LOG}, AS_OF),
    "no key": (plain({}), {"log": LOG}, AS_OF),
}


@pytest.mark.parametrize("name", EMPTY)
def test_an_empty_log_gives_an_empty_table_of_the_same_types(name: str) -> None:
    framed, frames, as_of = EMPTY[name]
    built = build(framed, empty(frames), as_of=as_of)
    assert built.examples.num_rows == 0
    assert schema(built) == schema(build(framed, frames, as_of=as_of))
    assert "DATA101" in {finding.code for finding in built.findings}


def test_an_empty_calendar_has_the_types_of_a_full_one() -> None:
    log = frame("series text, hour time, value number", [("x", t(n / 24), 1.0) for n in range(400)])
    examples = {**framing("demand")["examples"], "from": f"{t(15):%Y-%m-%d}"}
    full = build(framing("demand", examples=examples), {"sales": log})
    none = build(framing("demand", examples=examples), {"sales": log.schema.empty_table()})
    assert (full.examples.num_rows > 0, none.examples.num_rows) == (True, 0)
    assert schema(none) == schema(full)


def test_weights_default_to_one_and_shown_to_true() -> None:
    built = build(plain({"key": "n"}), {"log": LOG}, as_of=AS_OF)
    assert set(column(built, "weight").values()) == {1.0}
    assert set(column(built, "shown").values()) == {True}
    nothing = ("group", "decision", "position", "action", "propensity", "explored", "split")
    assert {name: set(column(built, name).values()) for name in nothing} == {name: {None} for name in nothing}
