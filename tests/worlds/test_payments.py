"""The payments world: its log agrees with its truth, and its truth has the shape that it promises."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from truenorth.worlds import World, make_world
from truenorth.worlds.payments_fraud import CHARGEBACKS_TO_MOVE, draw_delays
from truenorth.worlds.stream import DAY, START_US, generator

DAYS = 100
END = START_US + DAYS * DAY


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(
        "payments", tmp_path_factory.mktemp("payments") / "w", seed=5, customers=1500, days=DAYS
    )


@pytest.fixture(scope="module")
def payments(world: World) -> pa.Table:
    """Return payments with their truth, in order of payment."""
    log, truth = pq.read_table(world.log / "payments"), pq.read_table(world.truth / "payments")
    assert log["payment"].equals(truth["payment"])
    return pa.table({**dict(zip(log.column_names, log.columns, strict=True)),
                     **dict(zip(truth.column_names, truth.columns, strict=True))})  # fmt: skip


@pytest.fixture(scope="module")
def chargebacks(world: World) -> pa.Table:
    return pq.read_table(world.log / "chargebacks")


def column(table: pa.Table, name: str) -> np.ndarray:
    values = table[name]
    return values.cast(pa.int64()).to_numpy() if pa.types.is_timestamp(values.type) else values.to_numpy()


def test_payments_are_numbered_in_time_order(payments: pa.Table):
    assert np.array_equal(column(payments, "payment"), np.arange(payments.num_rows))
    assert np.all(np.diff(column(payments, "paid_at")) >= 0)
    assert column(payments, "amount").min() >= 0.5


def test_chargebacks_come_after_their_payment_within_90_days(payments: pa.Table, chargebacks: pa.Table):
    paid_at = column(payments, "paid_at")[column(chargebacks, "payment")]
    delay = column(chargebacks, "charged_back_at") - paid_at
    assert delay.min() > 0
    assert delay.max() < 90 * DAY
    for name in ("customer", "terminal"):
        assert np.array_equal(
            column(payments, name)[column(chargebacks, "payment")], column(chargebacks, name)
        )


def test_every_mark_is_in_the_log_or_came_after_the_end(
    world: World, payments: pa.Table, chargebacks: pa.Table
):
    late = pq.read_table(world.truth / "unreceived_chargebacks.parquet")
    assert column(chargebacks, "charged_back_at").max() < END
    assert column(late, "charged_back_at").min() >= END
    marked = np.flatnonzero(payments["charged_back_at"].is_valid())
    both = np.concatenate([column(chargebacks, "payment"), column(late, "payment")])
    assert np.array_equal(np.sort(both), marked)


def test_frauds_are_marked_nine_times_in_ten_and_good_payments_hardly_ever(payments: pa.Table):
    is_fraud = column(payments, "is_fraud").astype(bool)
    is_marked = payments["charged_back_at"].is_valid().to_numpy()
    assert abs(is_marked[is_fraud].mean() - 0.9) < 4 * np.sqrt(0.09 / is_fraud.sum())
    assert abs(is_marked[~is_fraud].mean() - 0.0002) < 4 * np.sqrt(0.0002 / (~is_fraud).sum())


def test_frauds_happen_as_often_as_their_true_chance(payments: pa.Table):
    chance, is_fraud = column(payments, "fraud_probability"), column(payments, "is_fraud").astype(bool)
    assert abs(is_fraud.sum() - chance.sum()) < 4 * np.sqrt((chance * (1 - chance)).sum())
    assert 0.003 < is_fraud.mean() < 0.01


def test_terminal_fraud_lies_within_a_compromise_and_is_half_of_it(world: World, payments: pa.Table):
    compromises = pq.read_table(world.truth / "compromises.parquet")
    held = np.zeros((int(column(payments, "terminal").max()) + 1, DAYS), dtype=bool)
    for terminal, since, until in zip(
        *(column(compromises, name) for name in ("terminal", "since", "until")), strict=True
    ):
        first, last = (max(int(at - START_US) // DAY, 0) for at in (since, until))
        if terminal < len(held):
            held[terminal, first:last] = True
    at_held = held[column(payments, "terminal"), (column(payments, "paid_at") - START_US) // DAY]
    by_terminal = pc.equal(payments["cause"], "terminal").to_numpy()
    assert not by_terminal[~at_held].any()
    assert abs(by_terminal[at_held].mean() - 0.5) < 4 * np.sqrt(0.25 / at_held.sum())
    is_fraud = column(payments, "is_fraud").astype(bool)
    assert is_fraud[at_held].mean() > 50 * is_fraud[~at_held].mean()


def test_card_fraud_lies_within_a_theft_and_is_large(world: World, payments: pa.Table):
    thefts = pq.read_table(world.truth / "thefts.parquet")
    stolen = np.zeros((1500, DAYS + 14), dtype=bool)
    for customer, since in zip(column(thefts, "customer"), column(thefts, "since"), strict=True):
        day = int(since - START_US) // DAY
        stolen[customer, day : day + 14] = True
    is_stolen = stolen[column(payments, "customer"), (column(payments, "paid_at") - START_US) // DAY]
    by_card = pc.equal(payments["cause"], "card").to_numpy()
    amount = column(payments, "amount")
    assert not by_card[~is_stolen].any()
    assert 0.4 < by_card[is_stolen].mean() < 0.6
    assert 3 < amount[by_card].mean() / amount[~by_card].mean() < 6


def test_attackers_move_when_found_out_and_never_share_a_terminal(world: World):
    compromises = pq.read_table(world.truth / "compromises.parquet")
    days = (column(compromises, "until") - column(compromises, "since")) // DAY
    reason = np.array(compromises["reason"].to_pylist())
    assert days.min() >= 1
    assert np.all(days[reason == "expired"] == 28)
    assert np.all(days[reason == "chargebacks"] <= 28)
    assert np.sum(reason == "chargebacks") > 10
    spells = sorted(zip(*(column(compromises, name) for name in ("terminal", "since", "until")), strict=True))
    for (terminal, _, until), (other, since, _) in pairwise(spells):
        assert terminal != other or until <= since


def test_whoever_was_found_out_had_enough_chargebacks(world: World, chargebacks: pa.Table):
    compromises = pq.read_table(world.truth / "compromises.parquet")
    found = compromises.filter(pc.equal(compromises["reason"], "chargebacks"))
    terminal, at = column(chargebacks, "terminal"), column(chargebacks, "charged_back_at")
    for shop, since, until in zip(
        *(column(found, name) for name in ("terminal", "since", "until")), strict=True
    ):
        assert np.sum((terminal == shop) & (at >= since) & (at < until)) >= CHARGEBACKS_TO_MOVE


def test_delays_are_a_gamma_cut_at_90_days():
    delay = draw_delays(generator(0), 100_000) / DAY
    assert delay.max() < 90
    assert abs(delay.mean() - 18) < 0.2
    assert abs(np.mean(delay < 18) - (1 - 3 * np.exp(-2))) < 0.01


def test_most_payments_are_near_home(world: World, payments: pa.Table):
    home, shop = (pq.read_table(world.dimensions / f"{name}.parquet") for name in ("customers", "terminals"))
    ways = [
        column(home, axis)[column(payments, "customer")] - column(shop, axis)[column(payments, "terminal")]
        for axis in ("x", "y")
    ]
    assert 0.85 < np.mean(np.hypot(*ways) < 10) < 0.95


def test_a_longer_world_begins_like_a_shorter_one(tmp_path: Path):
    short = make_world("payments", tmp_path / "short", seed=2, customers=100, days=4)
    long = make_world("payments", tmp_path / "long", seed=2, customers=100, days=6)
    for table in ("payments", "chargebacks"):
        for path in (short.log / table).iterdir():
            assert path.read_bytes() == (long.log / table / path.name).read_bytes()
