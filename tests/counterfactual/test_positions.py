"""T13: looks are told apart from worth where items move, and what cannot be told is said."""

from __future__ import annotations

import numpy as np
import pytest

from truenorth.counterfactual import check_position_training, position_propensities
from truenorth.counterfactual.position_labels import affine_label, affine_pooled, coec, ips_label
from truenorth.errors import DataError

PLACES = 10
LOOKS = 1.0 / np.arange(1, PLACES + 1)


def draw_sessions(n: int, seed: int, *, trust: float = 0.0, rankers: int = 3, queries: int = 200):
    """Sessions of queries with ten documents each, ranked by one of three noisy rankers.

    Clicks: `looks * worth`; with trust `looks * ((1 - e) worth + e)`, e falling with the place.
    """
    rng = np.random.default_rng([seed, n])
    worth = rng.beta(1.2, 3.0, (queries, PLACES))
    noise = 0.25 * rng.standard_normal((rankers, queries, PLACES))
    orders = np.argsort(-(worth + noise), axis=2)
    query, ranker = rng.integers(0, queries, n), rng.integers(0, rankers, n)
    document = orders[ranker, query]  # (sessions, places)
    fooled = trust / np.arange(1, PLACES + 1)
    chance = LOOKS * ((1 - fooled) * worth[query[:, None], document] + fooled)
    click = rng.random((n, PLACES)) < chance
    item = query[:, None] * PLACES + document
    position = np.broadcast_to(np.arange(1, PLACES + 1), item.shape)
    return item.ravel(), position.ravel(), click.ravel(), worth.ravel()


def error(found, truth=LOOKS) -> float:
    return float(np.mean(np.abs(np.array(found) / (truth / truth[0]) - 1)[1:]))


@pytest.fixture(scope="module")
def sessions():
    return draw_sessions(40_000, 1)


@pytest.mark.parametrize(("method", "most"), [("all_pairs", 0.05), ("regression_em", 0.08)])
def test_looks_are_found_from_items_that_moved(sessions, method, most):
    item, position, click, _ = sessions
    found = position_propensities(item, position, click, method=method)
    assert error(found.propensity) <= most
    assert error(found.naive) > 3 * error(found.propensity)
    assert found.is_monotone and found.findings == ()


def test_trust_in_the_first_places_shows_as_a_misfit():
    item, position, click, _ = draw_sessions(60_000, 0, trust=0.7)
    found = position_propensities(item, position, click)
    assert "STRESS045" in {one.code for one in found.findings}
    assert error(found.propensity) > 0.10


def test_random_exchanges_give_looks_without_a_model():
    rng = np.random.default_rng(3)
    n = 60_000
    worth = rng.beta(1.2, 3.0, (n, PLACES))
    other = rng.integers(1, PLACES, n)
    exchanged = rng.random(n) < 0.5
    shown = np.tile(np.arange(PLACES), (n, 1))
    rows = np.flatnonzero(exchanged)
    shown[rows, 0], shown[rows, other[rows]] = other[rows], 0
    item = np.arange(n)[:, None] * PLACES + shown
    click = rng.random((n, PLACES)) < LOOKS * np.take_along_axis(worth, shown, axis=1)
    position = np.broadcast_to(np.arange(1, PLACES + 1), item.shape)
    swapped = np.repeat(other + 1, PLACES)
    found = position_propensities(
        item.ravel(), position.ravel(), click.ravel(), method="swap", swapped=swapped
    )
    assert error(found.propensity) <= 0.10


def test_intervals_hold_the_looks():
    item, position, click, _ = draw_sessions(8000, 4, queries=60)
    found = position_propensities(item, position, click, draws=40)
    inside = [low <= at <= high for low, at, high in zip(found.low, LOOKS, found.high, strict=True)]
    assert np.mean(inside) >= 0.7


def test_items_that_never_move_identify_nothing():
    item, position, click, _ = draw_sessions(2000, 5, rankers=1)
    found = position_propensities(item, position, click)
    assert "STRESS044" in {one.code for one in found.findings}
    assert found.moved == 0.0


def test_labels_with_known_looks_recover_the_worth(sessions):
    item, position, click, worth = sessions
    looks, count = LOOKS[position - 1], np.bincount(item, minlength=len(worth))
    often = count > 100
    clicks = np.bincount(item, weights=click.astype(float), minlength=len(worth))
    by_coec = coec(clicks, np.bincount(item, weights=looks, minlength=len(worth)))
    by_ips = np.bincount(item, weights=ips_label(click, looks), minlength=len(worth)) / np.maximum(count, 1)
    pooled = affine_pooled(item, click.astype(float), looks, np.zeros(len(item)))
    raw = clicks / np.maximum(count, 1)
    for found in (by_coec, by_ips, pooled):
        assert np.abs(found - worth)[often].mean() < 0.4 * np.abs(raw - worth)[often].mean()


def test_affine_labels_undo_trust():
    rng = np.random.default_rng(6)
    worth, slope, base = 0.3, np.array([0.6, 0.3]), np.array([0.25, 0.05])
    place = rng.integers(0, 2, 200_000)
    click = rng.random(200_000) < slope[place] * worth + base[place]
    label = affine_label(click, slope[place], base[place])
    assert [label[place == one].mean() for one in (0, 1)] == pytest.approx([worth, worth], abs=0.01)


def test_a_regularisation_that_switches_the_correction_off_is_named():
    assert [one.code for one in check_position_training({"lambdarank_position_bias_regularization": 1})] == [
        "STRESS046"
    ]
    assert check_position_training({"objective": "lambdarank"}) == []


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"method": "all_pair"}, "STRESS041"),
        ({"position": np.array([0, 1])}, "STRESS042"),
        ({"click": np.array([np.nan, 1.0])}, "STRESS042"),
        ({"method": "swap"}, "STRESS043"),
    ],
    ids=["method", "place", "nan", "no swap"],
)
def test_impossible_input_is_refused(given, code):
    usual = {"item": np.array([0, 1]), "position": np.array([1, 2]), "click": np.array([0.0, 1.0])}
    with pytest.raises(DataError, match=code):
        position_propensities(**{**usual, **given})


def test_no_impressions_and_one_have_no_looks():
    none = np.zeros(0)
    assert position_propensities(none, none, none).propensity == ()
    assert len(position_propensities(np.array([3]), np.array([2]), np.array([1])).propensity) == 2


def ndcg(score, grade, query, at: int = 10) -> float:
    found = []
    for one in np.unique(query):
        rows = query == one
        gain = 2.0 ** grade[rows] - 1
        order, best = np.argsort(-score[rows], kind="stable")[:at], np.sort(gain)[::-1][:at]
        discount = 1 / np.log2(np.arange(2, len(order) + 2))
        if best.sum() > 0:
            found.append((gain[order] * discount).sum() / (best * discount).sum())
    return float(np.mean(found))


def trained(eta: float, seed: int = 0, queries: int = 800, docs: int = 15, sessions: int = 12_000):
    """Return NDCG of LightGBM trained on clicks, without and with positions."""
    lightgbm = pytest.importorskip("lightgbm")
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((queries, docs, 6))
    signal = x[..., 0] + 0.7 * x[..., 1] * (x[..., 2] > 0) - 0.5 * np.abs(x[..., 3])
    grade = np.digitize(signal, np.quantile(signal, [0.5, 0.7, 0.85, 0.95]))
    production = x[..., 0] + 0.8 * x[..., 4] + 0.5 * rng.standard_normal((queries, docs))
    chance = 0.05 + 0.9 * (2.0**grade - 1) / 15
    query = rng.integers(0, queries, sessions)
    order = np.argsort(-(production[query] + 0.3 * rng.standard_normal((sessions, docs))), axis=1)
    looks = (1.0 / np.arange(1, docs + 1)) ** eta
    click = rng.random((sessions, docs)) < looks * np.take_along_axis(chance[query], order, axis=1)
    rows = x[query[:, None], order].reshape(-1, 6)
    places = np.tile(np.arange(docs), sessions)
    test = rng.standard_normal((300, docs, 6))
    truth = test[..., 0] + 0.7 * test[..., 1] * (test[..., 2] > 0) - 0.5 * np.abs(test[..., 3])
    truth = np.digitize(truth, np.quantile(signal, [0.5, 0.7, 0.85, 0.95])).ravel()
    parameters = {
        "objective": "lambdarank",
        "verbosity": -1,
        "num_threads": 1,
        "seed": 0,
        "min_data_in_leaf": 50,
    }
    found = []
    for position in (None, places):
        data = lightgbm.Dataset(rows, click.ravel(), group=np.full(sessions, docs), position=position)
        model = lightgbm.train(parameters, data, num_boost_round=60)
        found.append(ndcg(model.predict(test.reshape(-1, 6)), truth, np.repeat(np.arange(300), docs)))
    return found


@pytest.mark.slow
def test_training_with_positions_helps_where_there_is_bias_and_costs_nothing_elsewhere():
    naive, positioned = trained(1.0)
    assert positioned - naive >= 0.03
    naive, positioned = trained(0.0)
    assert positioned - naive >= -0.005
