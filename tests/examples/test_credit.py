"""Credit: one snapshot at a constant time, split at random, columns kept for fairness."""

from typing import Any

import pyarrow as pa
import pytest

import truenorth
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

AS_OF = "2005-11-15"
LONG = {"clients": {"covers": "2005-09-01..2006-01-01"}}


def clients(n: int = 40) -> pa.Table:
    return frame(
        "ID int, LIMIT_BAL number, SEX int, EDUCATION int, MARRIAGE int, AGE int, PAY_0 int, "
        "BILL_AMT1 number, BILL_AMT2 number, PAY_AMT1 number, class int",
        [
            (
                n,
                1000.0 * n,
                n % 2 + 1,
                1,
                1,
                20 + n,
                n % 3 - 1,
                250.0 * n,
                0.0 if n == 1 else 10.0,
                5.0,
                n % 2,
            )
            for n in range(1, n + 1)
        ],
    )


@pytest.fixture(scope="module")
def built() -> Any:
    return build(framing("credit", LONG), {"clients": clients()}, as_of=AS_OF)


def test_each_client_is_a_row_at_the_time_of_the_snapshot(built: Any) -> None:
    assert set(rows(built)) == set(range(1, 41))
    assert {f"{at:%Y-%m-%d %H:%M}" for at in column(built, "at").values()} == {"2005-10-01 00:00"}


def test_the_label_is_known_thirty_days_later(built: Any) -> None:
    row = rows(built)[3]
    assert (row["default_next_month"], row["default_next_month__state"]) == (1, "observed")
    assert f"{row['default_next_month__mature_at']:%Y-%m-%d}" == "2005-10-31"
    early = build(framing("credit", LONG), {"clients": clients()}, as_of="2005-10-20")
    assert set(column(early, "default_next_month__state").values()) == {"immature"}
    assert set(column(early, "default_next_month").values()) == {None}


def test_a_snapshot_matures_without_saying_what_it_covers() -> None:
    built = build(framing("credit"), {"clients": clients()}, as_of=AS_OF)
    assert set(column(built, "default_next_month__state").values()) == {"observed"}


def test_a_snapshot_is_read_when_its_labels_are_known_if_nobody_says_when() -> None:
    built = build(framing("credit"), {"clients": clients()})
    assert built.examples.num_rows == 40


def test_columns_for_fairness_stand_beside_the_features(built: Any) -> None:
    wanted = {
        **EVERY_TABLE, "example_id": pa.int64(),
        "ID": pa.int64(), "unit": pa.int64(), "SEX": pa.int64(), "AGE": pa.int64(),
        "EDUCATION": pa.int64(), "MARRIAGE": pa.int64(), **label_types(pa.int32(), "default_next_month"),
        "credit_limit": pa.float64(), "delay": pa.int64(), "utilisation": pa.float64(),
    }  # fmt: skip
    assert missing_types(built, wanted) == {}


def test_own_row_features_are_computed_per_row(built: Any) -> None:
    row = rows(built)[2]
    assert (row["utilisation"], row["paid_share"], row["delay"]) == (0.25, 0.5, 1)
    assert rows(built)[1]["paid_share"] is None  # divided by nullif(0, 0)


def test_the_shares_of_a_random_split_are_near_what_was_asked_and_the_seed_decides() -> None:
    def parts(seed: int) -> dict[int, str]:
        split = {**framing("credit")["split"], "seed": seed}
        made = build(framing("credit", LONG, split=split), {"clients": clients(400)}, as_of=AS_OF)
        return column(made, "split")

    first, again, other = parts(7), parts(7), parts(8)
    assert first == again
    assert first != other
    counts = {name: sum(part == name for part in first.values()) for name in set(first.values())}
    # Four standard deviations of a binomial of 400: 40 for 60 %, 24 for 10 %, 32 for 20 %.
    assert abs(counts["train"] - 240) < 40
    assert abs(counts["validation"] - 40) < 24
    assert abs(counts["calibration"] - 40) < 24
    assert abs(counts["test"] - 80) < 32


def test_a_random_split_of_several_prediction_times_is_refused() -> None:
    framed = framing("credit", {"clients": {**LONG["clients"], "time": "taken"}})
    taken = [1_128_124_800_000_000 + n for n in range(40)]
    log = clients().append_column("taken", pa.array(taken, pa.timestamp("us", tz="UTC")))
    with pytest.raises(truenorth.DataError, match="LEAK006") as refused:
        build(framed, {"clients": log}, as_of=AS_OF)
    assert "40 distinct ones" in str(refused.value)
