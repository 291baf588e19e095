"""Duplicate invoices: pairs by block, verdicts that may be missing, components that stay in one part."""

from typing import Any

import pyarrow as pa
import pytest

from tests.examples.logs import (
    EVERY_TABLE,
    TIME,
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

AS_OF = t(400).isoformat()
"""Train [40, 220), validation [250, 280), test [310, 370): verdicts take 30 days."""


def invoices() -> pa.Table:
    return frame(
        "invoice text, supplier text, amount number, number text, number_digits text, iban text, "
        "received_at time",
        [
            ("i1", "S1", 100.0, "INV-11", "11", "X", t(50)),
            ("i2", "S1", 100.0, "INV-12", "12", "X", t(60)),  # supplier and amount, amount and iban: one pair
            ("i3", "S1", 100.0, "INV-13", "13", "X", t(320)),  # with i1 and i2, whose pair trains
            ("i4", "S2", 50.0, "A5", "5", "Y", t(70)),
            ("i5", "S2", 55.0, "B-5", "5", "Z", t(80, 12)),  # supplier and digits
            ("i6", "S3", 70.0, "7", "7", "W", t(330)),
            ("i7", "S3", 70.0, "77", "77", "W", t(335)),  # in the test, of a component of its own
            ("k1", "S8", 33.0, "1", "1", "Q", t(100)),
            ("k2", "S9", 33.0, "2", "2", "Q", t(101)),  # amount and iban, other suppliers
            ("n1", "S6", 90.0, "3", "3", None, t(110)),
            ("n2", "S7", 90.0, "4", "4", None, t(111)),  # two without an iban do not agree on it
            ("o1", "S5", 9.0, "8", "8", "V", t(0)),
            ("o2", "S5", 9.0, "9", "9", "V", t(366)),  # more than 365 days apart
            ("v1", "S4", 12.0, "6", "6", "U", t(260)),
            ("v2", "S4", 12.0, "6", "6", "T", t(265)),
        ],
    )


def verdicts() -> pa.Table:
    return frame(
        "a_invoice text, b_invoice text, decided_at time, is_duplicate int",
        [
            ("i1", "i2", t(62), 1),
            ("k1", "k2", t(131), 0),  # exactly 30 days after the pair: still inside
            ("i6", "i7", t(340), 1),
            ("i1", "i3", t(322), 1),
            ("v1", "v2", t(295, 1), 1),  # after 30 days and an hour
        ],
    )


def duplicates(**changes: Any) -> dict[str, Any]:
    long = {"covers": covers(-400, 500)}
    return framing("duplicates", {"invoices": long, "verdicts": long}, **changes)


def frames() -> dict[str, pa.Table]:
    return {"invoices": invoices(), "verdicts": verdicts()}


PAIR = ("a_invoice", "b_invoice")


@pytest.fixture(scope="module")
def built() -> Any:
    return build(duplicates(), frames(), as_of=AS_OF)


def test_invoices_that_share_a_block_are_pairs_once_and_a_component_stays_in_its_first_part(
    built: Any,
) -> None:
    assert set(rows(built, *PAIR)) == {
        ("i1", "i2"), ("i4", "i5"), ("i6", "i7"), ("k1", "k2"), ("v1", "v2"),
    }  # fmt: skip
    assert removed(built) == {"together in an earlier part": 2}


def test_without_together_the_pairs_of_a_component_may_train_and_test() -> None:
    split = {"train": "180d", "validation": "30d", "test": "60d"}
    built = build(duplicates(split=split), frames(), as_of=AS_OF)
    part = column(built, "split", *PAIR)
    assert (part["i1", "i2"], part["i1", "i3"], part["i2", "i3"]) == ("train", "test", "test")


def test_a_pair_is_decided_when_its_newer_invoice_comes(built: Any) -> None:
    row = rows(built, *PAIR)["i1", "i2"]
    assert (row["at"], row["unit"], row["group"], row["decision"]) == (t(60), "i2", "i2", "i2")


def test_pairs_compare_the_earlier_with_the_newer_invoice(built: Any) -> None:
    row = rows(built, *PAIR)["i4", "i5"]
    assert (row["same_number"], row["same_amount"], row["days_apart"]) == (2, False, 10.5)
    row = rows(built, *PAIR)["i1", "i2"]
    assert (row["same_number"], row["same_amount"], row["days_apart"]) == (1, True, 10.0)


def test_the_table_has_both_sides_of_the_pair(built: Any) -> None:
    wanted = {
        **EVERY_TABLE, "a_invoice": pa.string(), "b_invoice": pa.string(), "unit": pa.string(),
        **label_types(pa.int32(), "duplicate", "reviewed"), "days_apart": pa.float64(),
        "same_amount": pa.bool_(), "same_number": pa.int64(),
    }  # fmt: skip
    assert missing_types(built, wanted) == {}
    assert schema_of_at(built) == TIME


def schema_of_at(built: Any) -> pa.DataType:
    return built.examples.schema.field("at").type


def test_a_pair_that_nobody_looked_at_is_undefined_not_a_no(built: Any) -> None:
    row = rows(built, *PAIR)["i4", "i5"]
    assert (row["reviewed"], row["duplicate"], row["duplicate__state"]) == (0, None, "undefined")


def test_a_verdict_counts_up_to_and_including_the_end_of_its_window(built: Any) -> None:
    found = rows(built, *PAIR)
    assert (found["k1", "k2"]["reviewed"], found["k1", "k2"]["duplicate"]) == (1, 0)
    assert (found["v1", "v2"]["reviewed"], found["v1", "v2"]["duplicate__state"]) == (0, "undefined")
    assert (found["i1", "i2"]["duplicate"], found["i1", "i2"]["duplicate__event_at"]) == (1, t(62))


def test_parts_are_thirty_days_apart(built: Any) -> None:
    assert column(built, "split", *PAIR) == {
        ("i1", "i2"): "train", ("i4", "i5"): "train", ("k1", "k2"): "train", ("v1", "v2"): "validation",
        ("i6", "i7"): "test",
    }  # fmt: skip


def test_the_latest_verdict_decides() -> None:
    later = frame(
        "a_invoice text, b_invoice text, decided_at time, is_duplicate int", [("i1", "i2", t(70), 0)]
    )
    log = {"invoices": invoices(), "verdicts": pa.concat_tables([verdicts(), later])}
    framed = duplicates()
    framed["sources"]["verdicts"]["key"] = ["a_invoice", "b_invoice", "decided_at"]
    built = build(framed, log, as_of=AS_OF)
    row = rows(built, *PAIR)["i1", "i2"]
    assert (row["duplicate"], row["duplicate__event_at"]) == (0, t(62))
