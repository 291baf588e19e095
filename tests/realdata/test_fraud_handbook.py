"""1.75 M payments: the protocol's features against a direct computation, every row of the table."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import truenorth
from tests.realdata.direct import DATA, DAY, FRAMINGS, History, assert_equal, count, day, needs, ratio, values
from truenorth import Built

pytestmark = [*needs("fraud_handbook"), pytest.mark.slow]

DAYS = pytest.mark.parametrize("days", [1, 7, 30], ids="{}d".format)
DELAY = 7 * DAY


@pytest.fixture(scope="module")
def log() -> dict[str, np.ndarray]:
    table = pq.read_table(DATA / "fraud_handbook" / "transactions.parquet").sort_by("TRANSACTION_ID")
    columns = {name: values(table, name) for name in table.column_names}
    return {**columns, "cents": np.rint(columns["TX_AMOUNT"] * 100).astype(np.int64)}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return truenorth.build(FRAMINGS / "fraud_handbook.yaml", out=tmp_path_factory.mktemp("fraud"))


@pytest.fixture(scope="module")
def examples(built: Built) -> pa.Table:
    return built.examples.sort_by("example_id")


@pytest.fixture(scope="module")
def customers(log: dict[str, np.ndarray]) -> History:
    return History(log["CUSTOMER_ID"], log["TX_DATETIME"])


@pytest.fixture(scope="module")
def terminals(log: dict[str, np.ndarray]) -> History:
    return History(log["TERMINAL_ID"], log["TX_DATETIME"])


def test_the_log_is_the_published_one(log: dict[str, np.ndarray]):
    assert len(log["TRANSACTION_ID"]) == 1_754_155
    assert len(np.unique(log["CUSTOMER_ID"])) == 4_990
    assert len(np.unique(log["TERMINAL_ID"])) == 10_000
    assert log["TX_FRAUD"].sum() == 14_681


def test_rows_are_those_with_37_days_of_log_behind_them(built: Built, examples: pa.Table, log):
    # a terminal's longest window begins 7 + 30 days before the payment
    has_history = log["TX_DATETIME"] - 37 * DAY >= log["TX_DATETIME"].min()
    assert np.array_equal(values(examples, "example_id"), np.sort(log["TRANSACTION_ID"][has_history]))
    assert {step.step: step.n_removed for step in built.attrition} == {
        "read": 0,
        "after as_of": 0,
        "warm-up": len(has_history) - has_history.sum(),
    }


def test_own_columns_are_those_of_the_payment(examples: pa.Table, log: dict[str, np.ndarray]):
    rows = np.searchsorted(log["TRANSACTION_ID"], values(examples, "example_id"))
    assert_equal(values(examples, "amount"), log["TX_AMOUNT"][rows])
    assert_equal(values(examples, "at"), log["TX_DATETIME"][rows])
    days, seconds = log["TX_TIME_DAYS"][rows], log["TX_TIME_SECONDS"][rows]
    weekday = (days + 6) % 7  # 2018-04-01 was a Sunday
    assert_equal(values(examples, "weekend"), weekday >= 5)
    assert_equal(values(examples, "night"), seconds % 86_400 // 3_600 <= 6)


@DAYS
def test_customer_windows_count_the_payment_itself(examples: pa.Table, log, customers: History, days: int):
    at = values(examples, "at")
    window = customers.window(values(examples, "customer"), at - days * DAY, at)
    n = count(window) + 1  # nothing else of the same second: ties are not yet known
    cents = customers.total(log["cents"], window) + np.rint(values(examples, "amount") * 100).astype(np.int64)
    assert_equal(values(examples, f"customer_count_{days}d"), n)
    assert_equal(values(examples, f"customer_amount_{days}d"), cents / 100 / n)


@DAYS
def test_terminal_windows_end_before_the_delay(examples: pa.Table, log, terminals: History, days: int):
    end = values(examples, "at") - DELAY
    window = terminals.window(values(examples, "terminal"), end - days * DAY, end)
    frauds = terminals.total(log["TX_FRAUD"], window)
    assert_equal(values(examples, f"terminal_count_{days}d"), count(window))
    assert_equal(values(examples, f"terminal_risk_{days}d"), np.nan_to_num(ratio(frauds, count(window))))


def test_the_log_holds_ties_that_the_windows_must_not_count(examples: pa.Table, log, customers: History):
    at, customer = values(examples, "at"), values(examples, "customer")
    assert (count(customers.window(customer, at, at + 1)) > 1).sum() > 10


def test_a_label_is_observed_once_its_delay_has_passed(built: Built, examples: pa.Table, log):
    rows = np.searchsorted(log["TRANSACTION_ID"], values(examples, "example_id"))
    as_of = log["TX_DATETIME"].max() + 1
    assert built.as_of == as_of
    mature = values(examples, "at") + DELAY < as_of
    assert np.array_equal(values(examples, "fraud__state"), np.where(mature, "observed", "immature"))
    assert_equal(values(examples, "fraud"), np.where(mature, log["TX_FRAUD"][rows], np.nan))
    assert_equal(values(examples, "fraud__mature_at"), values(examples, "at") + DELAY)


@pytest.mark.parametrize(
    ("part", "start", "end"),
    [("train", "2018-07-25", "2018-08-01"), ("test", "2018-08-08", "2018-08-15")],
    ids=["train", "test"],
)
def test_parts_are_half_open_weeks_without_an_immature_row(
    built: Built, examples: pa.Table, log, part: str, start: str, end: str
):
    inside = (log["TX_DATETIME"] >= day(start)) & (log["TX_DATETIME"] < day(end))
    held = values(examples, "example_id")[values(examples, "split") == part]
    assert np.array_equal(held, log["TRANSACTION_ID"][inside])
    report = built.profile["tables"]["examples"]["parts"][part]
    # 07-31 23:58:53 + 7 days is before 08-08: the week between train and test is just long enough
    assert report["embargo"] == 0
    assert report["labels"]["fraud"] == {
        "observed": inside.sum(),
        "immature": 0,
        "positives": log["TX_FRAUD"][inside].sum(),
    }


def test_the_published_58264_is_the_test_week_less_cards_known_to_be_compromised(examples: pa.Table):
    """Day by day the handbook drops cards with a fraud in train, or in a day that ended 7 days ago."""
    split, at = values(examples, "split"), values(examples, "at")
    customer, is_fraud = values(examples, "customer"), values(examples, "fraud") == 1
    kept = frauds = 0
    for start in range(day("2018-08-08"), day("2018-08-15"), DAY):
        is_known = is_fraud & (at >= day("2018-07-25")) & (at < start - DELAY)
        today = (split == "test") & (at >= start) & (at < start + DAY)
        today &= ~np.isin(customer, customer[is_known])
        kept, frauds = kept + today.sum(), frauds + is_fraud[today].sum()
    assert (kept, frauds) == (58_264, 385)
