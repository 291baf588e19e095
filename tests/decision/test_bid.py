import numpy as np
import pytest

from tests.decision.policies import DAY, binary, framing, labels_of, rows
from truenorth.decision.accounting import realised_cost
from truenorth.decision.contract import Batch
from truenorth.decision.fit import fit_policy, load_policy
from truenorth.engine.vectors import Vector


def bidding(budget: str = "50 per 1d", pace: str = "even", price: str = "price"):
    return framing(
        f"{{bid: {{amount: score, price: {price}, budget: {budget}, pace: {pace}}}}}", score="fraud * amount"
    )


def auctions(n=4_000, days=4, seed=0, known=True):
    random = np.random.default_rng(seed)
    amount = np.full(n, 2.0)
    prices = random.exponential(0.3, n)
    columns = rows(n, days=days, seed=seed, amount=amount, **({"price": prices} if known else {}))
    chance = random.beta(1, 4, n)
    return Batch(columns=columns, predictions={"fraud": binary(chance)}), prices


def spend(batch, bids, prices):
    day = batch.columns["at"].values // DAY
    return np.bincount(day, weights=np.where((bids > 0) & (bids >= prices), prices, 0.0))


def test_a_budget_that_lasts_bids_the_whole_worth():
    batch, _ = auctions()
    fitted = fit_policy(bidding("100000 per 1d"), batch, None)
    assert fitted.multiplier == 1.0
    found = fitted.decide(batch)
    assert found.quantity == pytest.approx(batch.predictions["fraud"].values * 2)


def test_even_pace_spends_the_budget_in_expectation():
    batch, prices = auctions()
    fitted = fit_policy(bidding(), batch, None)
    assert fitted.spend == pytest.approx(50, abs=0.5) and fitted.wanted > 60
    fresh, prices = auctions(seed=1)
    bids = fitted.multiplier * fresh.predictions["fraud"].values * 2
    assert spend(fresh, bids, prices).mean() == pytest.approx(50, rel=0.1)


def test_a_budget_is_never_exceeded():
    for pace in ("even", "asap"):
        fitted = fit_policy(bidding("20 per 1d", pace), auctions()[0], None)
        batch, prices = auctions(n=8_000, seed=2)
        found = fitted.decide(batch)
        assert spend(batch, found.quantity, prices).max() <= 20
        assert "budget spent" in set(found.reason.texts())


def test_even_pace_wins_more_for_the_money_than_as_soon_as_possible():
    batch, prices = auctions(seed=3)
    won = {}
    for pace in ("even", "asap"):
        bids = fit_policy(bidding("30 per 1d", pace), batch, None).decide(batch).quantity
        gets = (bids > 0) & (bids >= prices)
        won[pace] = (batch.predictions["fraud"].values * 2 * gets).sum()
    assert won["even"] > 1.1 * won["asap"]


def test_money_spent_before_counts():
    batch, _ = auctions(days=1)
    fitted = fit_policy(bidding("50 per 1d"), batch, None)
    assert (fitted.decide(batch, spent={0: 50.0}).quantity == 0).all()


def test_a_price_known_later_sets_the_pace_and_ends_the_spending():
    batch, prices = auctions(known=False)
    policy = bidding("20 per 1d", price="market_price")
    labels = {"market_price": prices, "fraud": np.random.default_rng(5).random(4_000) < 0.2}
    dataset = labels_of(batch.columns, labels, policy, {"market_price": "number"})
    fitted = fit_policy(policy, batch, dataset)
    assert fitted.multiplier < 1
    decided = fitted.decide(batch)
    assert (decided.quantity > 0).all()
    cost = realised_cost(policy, decided, dataset)
    worth = np.where(labels["fraud"], 2.0, 0.0)
    won = cost.values != 0
    paid = np.where(won, cost.values + worth, 0.0)
    assert paid[won] == pytest.approx(prices[won])
    assert np.bincount(batch.columns["at"].values // DAY, weights=paid).max() <= 20


def test_without_prices_the_pace_cannot_be_set():
    batch, _ = auctions(known=False)
    (found,) = fit_policy(bidding(), batch, None).findings
    assert found.code == "POLICY017"


def test_a_sampled_row_spends_what_the_rows_it_stands_for_would():
    policy = framing("{bid: {amount: score, price: price, budget: 10 per 1d}}", score="fraud * amount")
    price, weight = np.full(8, 1.0), np.full(8, 4.0)
    columns = rows(8, amount=np.full(8, 2.0), price=price, weight=weight)
    batch = Batch(columns=columns, predictions={"fraud": binary(np.ones(8))})
    bids = load_policy(
        {"form": "bid", "multiplier": 1.0, "spend": None, "wanted": None, "findings": []}, policy
    ).decide(batch)
    won = bids.quantity >= 1
    assert (price * weight)[won].sum() <= 10 and won.sum() == 1


def test_equal_prices_are_won_or_lost_together():
    columns = rows(10, amount=np.full(10, 2.0), price=Vector.numbers(np.full(10, 0.5)))
    batch = Batch(columns=columns, predictions={"fraud": binary(np.full(10, 0.5))})
    fitted = fit_policy(bidding("2 per 1d"), batch, None)
    assert (fitted.multiplier, fitted.spend) == (0.0, 0.0)
