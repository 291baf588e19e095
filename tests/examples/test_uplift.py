"""Uplift: one mailing without a key, what was done as the action, labels in a chain."""

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
    rows,
)

LONG = {"mailing": {"covers": "2008-03-01..2008-06-01"}}
AS_OF = "2008-05-01"


def mailing(*more: tuple[Any, ...]) -> pa.Table:
    return frame(
        "recency int, history number, mens int, womens int, newbie int, channel text, segment text, "
        "visit int, conversion int, spend number",
        [
            (1, 100.0, 1, 0, 0, "Web", "No E-Mail", 0, 0, 0.0),
            (2, 200.0, 1, 0, 0, "Web", "Mens E-Mail", 1, 0, 0.0),
            (3, 300.0, 0, 1, 1, "Phone", "Womens E-Mail", 1, 1, 29.5),
            (4, 400.0, 0, 1, 1, "Phone", "Womens E-Mail", None, 0, 0.0),
            *more,
        ],
    )


@pytest.fixture(scope="module")
def built() -> Any:
    return build(framing("uplift", LONG), {"mailing": mailing()}, as_of=AS_OF)


def test_rows_without_a_key_are_their_own_unit(built: Any) -> None:
    found = rows(built)
    assert len(found) == 4
    assert all(row["unit"] == example_id for example_id, row in found.items())
    assert "row" not in built.examples.column_names


def test_the_action_and_its_constant_propensity_stand_on_every_row(built: Any) -> None:
    found = rows(built, "recency")
    assert [found[n]["action"] for n in (1, 2, 3)] == ["No E-Mail", "Mens E-Mail", "Womens E-Mail"]
    assert {row["propensity"] for row in found.values()} == {0.333333}


def test_a_chain_of_labels_is_undefined_below_a_no(built: Any) -> None:
    def label(name: str) -> dict[int, tuple[Any, str]]:
        return {n: (row[name], row[f"{name}__state"]) for n, row in rows(built, "recency").items()}

    nothing = (None, "undefined")
    assert label("visit") == {1: (0, "observed"), 2: (1, "observed"), 3: (1, "observed"), 4: nothing}
    assert label("conversion") == {1: nothing, 2: (0, "observed"), 3: (1, "observed"), 4: nothing}
    assert label("spend") == {1: nothing, 2: nothing, 3: (29.5, "observed"), 4: nothing}


def test_labels_are_immature_for_fourteen_days() -> None:
    built = build(framing("uplift", LONG), {"mailing": mailing()}, as_of="2008-04-03")
    assert set(column(built, "visit__state").values()) == {"immature"}  # due at as_of itself
    built = build(framing("uplift", LONG), {"mailing": mailing()}, as_of="2008-04-03T00:00:01")
    assert column(built, "visit__state", "recency")[1] == "observed"


def test_the_table_has_its_columns(built: Any) -> None:
    wanted = {
        **EVERY_TABLE, "unit": pa.string(), **label_types(pa.int32(), "visit", "conversion"),
        **label_types(pa.float64(), "spend"), "recency": pa.int64(), "channel": pa.string(),
    }  # fmt: skip
    assert missing_types(built, wanted) == {}


def test_equal_rows_of_a_table_without_a_key_are_all_kept_with_ids_of_their_own() -> None:
    again = tuple(mailing().to_pylist()[0].values())
    framed = framing("uplift", {"mailing": {**LONG["mailing"], "duplicates": "keep"}})
    built = build(framed, {"mailing": mailing(again)}, as_of=AS_OF)
    twins = [row["example_id"] for row in rows(built).values() if row["recency"] == 1]
    assert len(twins) == 2
    assert {one[-2:] for one in twins} == {"-1", "-2"}
    assert len({one[:-2] for one in twins}) == 1
