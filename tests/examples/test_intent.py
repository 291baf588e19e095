"""Intent routing: no times at all, a published split, classes listed in a file."""

from typing import Any

import pyarrow as pa
import pytest

import truenorth
from tests.examples.logs import (
    EVERY_TABLE,
    FRAMINGS,
    build,
    column,
    frame,
    framing,
    label_types,
    missing_types,
    rows,
)


def queries() -> pa.Table:
    return frame(
        "id int, text text, intent text, part text",
        [
            (1, "wake me at six", "alarm", "train"),
            (2, "why was my account frozen", "account_blocked", "train"),
            (3, "what is the meaning of life", "oos", "train"),
            (4, "is my application through", "application_status", "val"),
            (5, "set an alarm", "alarm", "test"),
            (6, "who won", "oos", "test"),
            (7, "no one labelled this", None, "test"),
            (8, "a class that is not listed", "teleport", "test"),
            (9, "of no part", "alarm", "extra"),
        ],
    )


@pytest.fixture(scope="module")
def built() -> Any:
    return build(framing("intent"), {"queries": queries()})


def test_undated_rows_have_no_time_and_labels_that_never_mature(built: Any) -> None:
    row = rows(built)[1]
    assert row["at"] is None
    moments = [row[f"intent__{moment}"] for moment in ("mature_at", "event_at", "event_known_at")]
    assert moments == [None] * 3
    assert row["intent__state"] == "observed"


def test_the_split_is_the_published_column(built: Any) -> None:
    assert list(column(built, "split").values()) == [
        "train", "train", "train", "validation", "test", "test", "test", "test", None,
    ]  # fmt: skip


def test_out_of_scope_is_a_no_whose_class_is_undefined(built: Any) -> None:
    found = {key: (row["in_scope"], row["intent"], row["intent__state"]) for key, row in rows(built).items()}
    assert found[1] == (1, "alarm", "observed")
    assert found[3] == (0, None, "undefined")


def test_a_class_that_is_not_listed_is_undefined(built: Any) -> None:
    assert rows(built)[8]["in_scope"] == 1
    assert (rows(built)[8]["intent"], rows(built)[8]["intent__state"]) == (None, "undefined")


def test_a_missing_class_is_undefined_and_not_out_of_scope(built: Any) -> None:
    row = rows(built)[7]
    assert (row["in_scope"], row["in_scope__state"]) == (None, "undefined")
    assert (row["intent"], row["intent__state"]) == (None, "undefined")


def test_text_passes_through_as_it_is(built: Any) -> None:
    assert column(built, "text")[3] == "what is the meaning of life"
    wanted = {
        **EVERY_TABLE, "example_id": pa.int64(), "id": pa.int64(), "unit": pa.int64(), "text": pa.string(),
        **label_types(pa.int32(), "in_scope"), **label_types(pa.string(), "intent"),
    }  # fmt: skip
    assert missing_types(built, wanted) == {}


def test_the_profile_counts_the_classes(built: Any) -> None:
    label = built.profile["tables"]["examples"]["labels"]["intent"]
    assert label["classes"] == {"alarm": 3, "account_blocked": 1, "application_status": 1}
    assert (label["observed"], label["undefined"], label["immature"]) == (5, 4, 0)


def test_a_file_of_classes_that_is_missing_is_refused() -> None:
    labels = framing("intent")["labels"]
    labels["intent"]["classes"] = {"file": "intentions.txt"}
    with pytest.raises(truenorth.FramingError, match="SPEC027"):
        truenorth.build(framing("intent", labels=labels), frames={"queries": queries()}, base=FRAMINGS)
