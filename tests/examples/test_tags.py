"""Tags: a family of labels from one list, or from one column each."""

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

AS_OF = t(300).isoformat()
"""Test [267, 297), validation [234, 264), train [51, 231): editors take three days."""
TAGS = ("red", "wool", "kids", "outdoor")


def items() -> pa.Table:
    return frame(
        "item text, created_at time, title text, tags words",
        [
            ("i1", t(60), "Red wool hat", ["red", "wool"]),
            ("i2", t(61), "Tent", ["outdoor", "heavy"]),  # heavy is not a class
            ("i3", t(62), "Plain", []),
            ("i4", t(63), "Not looked at", None),
            ("i5", t(230), "Late in training", ["kids"]),
            ("i6", t(240), "Mitten", ["wool", "kids", None]),
            ("i7", t(298), "New", ["red"]),
        ],
    )


def tags(**changes: Any) -> dict[str, Any]:
    return framing("tags", {"items": {"covers": covers(-100, 400)}}, **changes)


@pytest.fixture(scope="module")
def built() -> Any:
    return build(tags(), {"items": items()}, as_of=AS_OF)


def test_a_list_of_tags_becomes_one_binary_label_per_class(built: Any) -> None:
    found = rows(built)
    assert [found["i1"][f"tag_{name}"] for name in TAGS] == [1, 1, 0, 0]
    assert [found["i2"][f"tag_{name}"] for name in TAGS] == [0, 0, 0, 1]
    assert [found["i3"][f"tag_{name}"] for name in TAGS] == [0, 0, 0, 0]
    assert [found["i6"][f"tag_{name}"] for name in TAGS] == [0, 1, 1, 0]


def test_an_item_that_nobody_tagged_is_undefined(built: Any) -> None:
    row = rows(built)["i4"]
    assert [(row[f"tag_{name}"], row[f"tag_{name}__state"]) for name in TAGS] == [(None, "undefined")] * 4


def test_tags_mature_after_three_days(built: Any) -> None:
    row = rows(built)["i7"]
    assert (row["tag_red"], row["tag_red__state"], row["tag_red__mature_at"]) == (None, "immature", t(301))


def test_training_tags_are_read_when_validation_starts(built: Any) -> None:
    assert column(built, "split") == {
        "i1": "train", "i2": "train", "i3": "train", "i4": "train", "i5": "train", "i6": "validation",
        "i7": None,
    }  # fmt: skip
    assert rows(built)["i5"]["tag_kids"] == 1  # 230 + 3 days is before 234


def test_the_table_has_a_family_of_columns(built: Any) -> None:
    wanted = {
        **EVERY_TABLE, "item": pa.string(), "title": pa.string(),
        **label_types(pa.int32(), *(f"tag_{name}" for name in TAGS)),
    }  # fmt: skip
    assert missing_types(built, wanted) == {}
    assert "tag" not in built.examples.column_names


def test_columns_become_one_binary_label_each() -> None:
    labels = {"tag": {"columns": ["sport", "music"], "kind": "tags"}}
    framed = tags(labels=labels, constraints=[])
    framed["sources"]["items"] |= {"types": {}, "known_after": {"sport": "3d", "music": "1d"}}
    log = frame(
        "item text, created_at time, title text, sport flag, music int",
        [("i1", t(60), "a", True, 0), ("i2", t(61), "b", False, 1), ("i3", t(62), "c", None, 0)],
    )
    built = build(framed, {"items": log}, as_of=AS_OF)
    assert column(built, "tag_sport") == {"i1": 1, "i2": 0, "i3": None}
    assert column(built, "tag_music") == {"i1": 0, "i2": 1, "i3": 0}
    assert column(built, "tag_sport__state")["i3"] == "undefined"
    assert rows(built)["i1"]["tag_sport__mature_at"] == t(63)
    assert missing_types(built, label_types(pa.int32(), "tag_sport", "tag_music")) == {}
