"""The purchases world: its log is the process that it describes, and its true churn is what comes to pass."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from truenorth.worlds import World, make_world
from truenorth.worlds.purchases import churn_probability
from truenorth.worlds.stream import DAY, START_US

DAYS = 210


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(
        "purchases", tmp_path_factory.mktemp("purchases") / "w", seed=5, customers=4000, days=DAYS
    )


@pytest.fixture(scope="module")
def purchases(world: World) -> dict[str, np.ndarray]:
    table = pq.read_table(world.log / "purchases")
    return {"customer": table["customer"].to_numpy(), "at": table["bought_at"].cast(pa.int64()).to_numpy(),
            "purchase": table["purchase"].to_numpy(), "amount": table["amount"].to_numpy()}  # fmt: skip


@pytest.fixture(scope="module")
def truth(world: World) -> dict[str, np.ndarray]:
    table = pq.read_table(world.truth / "customers.parquet")
    dropped = table["dropped_out_at"].cast(pa.int64()).fill_null(np.iinfo(np.int64).max).to_numpy()
    return {**{name: table[name].to_numpy() for name in table.column_names[:-1]}, "dropped": dropped}


def test_purchases_are_numbered_in_time_order(purchases):
    assert np.array_equal(purchases["purchase"], np.arange(len(purchases["at"])))
    assert np.all(np.diff(purchases["at"]) >= 0)


def test_nobody_buys_before_joining_or_after_dropping_out(world: World, purchases, truth):
    joined = pq.read_table(world.dimensions / "customers.parquet")["joined_at"].cast(pa.int64()).to_numpy()
    assert np.all(purchases["at"] >= joined[purchases["customer"]])
    assert np.all(purchases["at"] <= truth["dropped"][purchases["customer"]])


def test_who_dropped_out_within_the_log_did_so_at_the_last_purchase(purchases, truth):
    last = np.zeros(len(truth["dropped"]), dtype=np.int64)
    np.maximum.at(last, purchases["customer"], purchases["at"])
    left = (truth["dropped"] >= START_US) & (truth["dropped"] < START_US + DAYS * DAY)
    assert left.sum() > 500
    assert np.array_equal(last[left], truth["dropped"][left])


def test_customers_buy_at_their_rate_while_they_live(world: World, purchases, truth):
    # within the log: expected purchases after the first are the rate times the days alive
    joined = pq.read_table(world.dimensions / "customers.parquet")["joined_at"].cast(pa.int64()).to_numpy()
    start, end = np.maximum(joined, START_US), np.minimum(truth["dropped"], START_US + DAYS * DAY)
    survivors = truth["dropped"] > START_US + DAYS * DAY
    days = np.maximum(end - start, 0) / DAY
    first = joined >= START_US
    made = np.bincount(purchases["customer"], minlength=len(joined)) - first
    # given survival, thinned: purchases that did not end in dropping out
    expected = (truth["purchases_per_day"] * (1 - truth["dropout_probability"]) * days)[survivors]
    assert abs(made[survivors].sum() - expected.sum()) < 4 * np.sqrt(expected.sum())


def test_the_true_churn_probability_is_what_happens(world: World, purchases):
    weeks = pq.read_table(world.truth / "weeks.parquet")
    at, customer = weeks["at"].cast(pa.int64()).to_numpy(), weeks["customer"].to_numpy()
    chance = weeks["churn_probability"].to_numpy()
    gone, expected, variance = 0, 0.0, 0.0
    for week in (8, 16, 23):  # windows of 37 days within the log
        start = START_US + week * 7 * DAY
        bought = (purchases["at"] > start + 7 * DAY) & (purchases["at"] <= start + 37 * DAY)
        buyers = set(purchases["customer"][bought].tolist())
        rows = at == start
        gone += sum(one not in buyers for one in customer[rows].tolist())
        expected, variance = expected + chance[rows].sum(), variance + (chance * (1 - chance))[rows].sum()
    assert abs(gone - expected) < 4 * np.sqrt(variance)


def test_the_churn_probability_agrees_with_a_simulation():
    rng, n, rate, dropout = np.random.default_rng(1), 100_000, 0.06, 0.2
    clock, alive, bought = np.zeros(n), np.ones(n, dtype=bool), np.zeros(n, dtype=bool)
    while (active := alive & (clock < 37)).any():
        clock = np.where(active, clock + rng.exponential(1 / rate, n), clock)
        bought |= active & (clock > 7) & (clock <= 37)
        alive &= ~(active & (rng.random(n) < dropout))
    wanted = churn_probability(np.array([rate]), np.array([dropout]))[0]
    assert abs((~bought).mean() - wanted) < 4 * np.sqrt(0.25 / n)


def test_customers_differ(truth):
    for name in ("purchases_per_day", "dropout_probability", "median_amount"):
        assert np.std(truth[name]) > 0.4 * np.mean(truth[name])
