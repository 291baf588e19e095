"""Several examples tables in one framing: what was shown is decided on, what was graded is measured."""

from typing import Any

import pytest

import truenorth
from tests.examples.logs import EVERY_TABLE, build, missing_types, rows
from tests.examples.test_search import AS_OF, search, search_frames


def two_tables(**changes: Any) -> dict[str, Any]:
    """The search framing with its grades as a table of their own."""
    framed = search()
    framed["examples"] = {
        "shown": framed["examples"],
        "graded": {"source": "grades", "entity": ["query", "product"], "at": "none"},
    }
    framed["labels"]["grade"] = {
        "on": "graded", "value": "grade", "kind": "grade", "classes": [1, 2, 3, 4, 5],
        "judged": {"by": "3 raters", "agreement": 0.71},
    }  # fmt: skip
    framed["features"] = {
        "title": {"column": "title", "as": "text"},
        "title_match": {"match": ["query", "title"], "by": "bm25"},
    }
    return {**framed, **changes}


@pytest.fixture(scope="module")
def built() -> Any:
    return build(two_tables(), search_frames(), as_of=AS_OF)


def graded(built: Any) -> Any:
    import pyarrow.parquet as pq

    return pq.read_table(built.paths["graded"])


def test_each_table_has_a_file_and_the_first_is_the_one_decided_on(built: Any) -> None:
    assert list(built.paths) == ["shown", "graded"]
    assert [path.name for path in built.paths.values()] == ["examples.parquet", "examples.graded.parquet"]
    assert built.examples.num_rows == 9
    assert graded(built).num_rows == 3


def test_a_label_stands_on_its_own_table_only(built: Any) -> None:
    assert "grade" not in built.examples.column_names
    assert "grade" in graded(built).column_names
    assert "click" not in graded(built).column_names


def test_graded_rows_are_undated_and_keyed(built: Any) -> None:
    found = rows(graded(built))
    assert set(found) == {"red hat|p1", "red hat|p2", "wool|p1"}
    row = found["red hat|p1"]
    assert (row["at"], row["grade"], row["grade__state"]) == (None, 5, "observed")
    assert found["wool|p1"]["grade__state"] == "undefined"


def test_features_stand_on_both_tables(built: Any) -> None:
    row = rows(graded(built))["red hat|p2"]
    assert row["title"] == "blue hat"
    assert row["title_match"] > 0
    assert rows(built)["q1|p2"]["title"] == "blue hat"


def test_both_tables_have_the_usual_columns(built: Any) -> None:
    assert missing_types(built, EVERY_TABLE) == {}
    found = {field.name: field.type for field in graded(built).schema}
    assert {name: found.get(name) for name in EVERY_TABLE} == EVERY_TABLE


def test_the_profile_tells_of_both_tables(built: Any) -> None:
    assert {name: one["rows"] for name, one in built.profile["tables"].items()} == {"shown": 9, "graded": 3}


def test_a_label_on_an_unknown_table_is_refused() -> None:
    framed = two_tables()
    framed["labels"]["grade"]["on"] = "grades"
    with pytest.raises(truenorth.FramingError, match="graded"):
        build(framed, search_frames(), as_of=AS_OF)
