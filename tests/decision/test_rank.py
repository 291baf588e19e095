import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.decision.policies import binary, framing, rows
from truenorth.decision.contract import Batch
from truenorth.decision.fit import fit_policy
from truenorth.decision.reranking import (
    Cap,
    Fresh,
    Rules,
    list_codes,
    pair_codes,
    rerank,
    value_codes,
)
from truenorth.engine.vectors import Vector
from truenorth.errors import DataError


def plain_rules(n, **given_):
    nobody = np.zeros(n, dtype=bool)
    return Rules(**{"show": None, "dropped": nobody, "pinned": nobody, "first": nobody, **given_})


def ranks(scores, lists=None, **given_):
    scores = np.asarray(scores, float)
    lists = np.zeros(len(scores), dtype=np.int64) if lists is None else np.asarray(lists)
    return rerank(lists, np.argsort(-scores, kind="stable"), plain_rules(len(scores), **given_)).tolist()


def test_without_rules_lists_are_in_the_order_of_the_score():
    assert ranks([1, 3, 2, 9, 8], [0, 0, 0, 1, 1]) == [3, 1, 2, 1, 2]


def test_only_the_first_are_shown():
    assert ranks([1, 3, 2, 9, 8], [0, 0, 0, 1, 1], show=1) == [0, 1, 0, 1, 0]


def test_a_cap_makes_room_for_the_next():
    creator = np.array([0, 0, 0, 1, -1, -2])
    pair = pair_codes(np.zeros(6, dtype=np.int64), creator)
    assert ranks([6, 5, 4, 3, 2, 1], caps=(Cap(2, pair),), show=4) == [1, 2, 0, 3, 4, 0]


def test_a_row_that_one_cap_refuses_uses_up_no_place_of_another():
    lists = np.zeros(4, dtype=np.int64)
    creator, topic = np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1])
    caps = (Cap(2, pair_codes(lists, creator)), Cap(1, pair_codes(lists, topic)))
    # the second is refused for its topic, so the third still is the creator's second
    assert ranks([4, 3, 2, 1], caps=caps) == [1, 0, 2, 0]


def test_fresh_rows_replace_the_last_ones():
    fresh = Fresh(2, np.array([False, False, False, True, True, True]))
    assert ranks([6, 5, 4, 3, 2, 1], fresh=(fresh,), show=3) == [1, 0, 0, 2, 3, 0]


def test_pinned_rows_come_first_and_dropped_ones_never():
    pinned, dropped = np.array([False, False, True, True]), np.array([True, False, False, False])
    assert ranks([4, 3, 2, 1], pinned=pinned, dropped=dropped, show=2) == [0, 0, 1, 2]


def test_neighbours_are_moved_apart_as_little_as_can_be():
    topic = np.array([0, 0, 1, 1, 0])
    assert ranks([5, 4, 3, 2, 1], spread=(topic,)) == [1, 3, 2, 4, 5]
    assert ranks([5, 4, 3, 2], spread=(np.array([0, 1, 1, 1]),)) == [2, 1, 3, 4]


def least_equal_neighbours(values):
    """The fewest adjacent equal values that any order has: the largest count decides."""
    most = np.unique(values, return_counts=True)[1].max()
    return max(0, 2 * most - 1 - len(values))


case = st.integers(0, 100_000)


def random_rules(seed):
    random = np.random.default_rng(seed)
    n = int(random.integers(1, 60))
    lists = np.unique(random.integers(0, 6, n), return_inverse=True)[1].astype(np.int64)
    scores = np.round(random.normal(size=n), 1)
    creator, topic = random.integers(-1, 4, n), random.integers(0, 3, n)
    creator = np.where(creator < 0, -1 - np.arange(n), creator)
    caps = [Cap(int(random.integers(1, 4)), pair_codes(lists, creator)), Cap(2, pair_codes(lists, topic))]
    rules = Rules(
        show=int(random.integers(1, 8)),
        dropped=random.random(n) < 0.2,
        pinned=random.random(n) < 0.1,
        first=np.zeros(n, dtype=bool),
        caps=tuple(caps[: int(random.integers(0, 3))]),
        fresh=(Fresh(int(random.integers(1, 4)), random.random(n) < 0.4),),
        spread=(topic,),
    )
    return lists, scores, rules, topic


@settings(max_examples=150, deadline=None)
@given(case)
def test_rules_always_hold(seed):
    lists, scores, rules, topic = random_rules(seed)
    rank = rerank(lists, np.argsort(-scores, kind="stable"), rules)
    shown = rank > 0
    assert not (shown & rules.dropped).any()
    for one in np.unique(lists):
        here = np.flatnonzero((lists == one) & shown)
        here = here[np.argsort(rank[here])]
        assert rank[here].tolist() == list(range(1, len(here) + 1))
        assert len(here) <= rules.show
        for cap in rules.caps:
            pairs = cap.pair[here]
            assert np.bincount(pairs[pairs >= 0]).max(initial=0) <= cap.most
        held = rules.pinned[here]
        assert not (np.diff(held.astype(int)) > 0).any()
        fresh = rules.fresh[0]
        there = (fresh.holds & (lists == one) & ~rules.dropped).sum()
        if not rules.caps and not held.any():
            assert fresh.holds[here].sum() >= min(fresh.least, there, rules.show)
        if not held.any() and len(here):
            equal = int((topic[here][1:] == topic[here][:-1]).sum())
            assert equal == least_equal_neighbours(topic[here])


@settings(max_examples=60, deadline=None)
@given(case)
def test_rules_that_do_not_bind_change_nothing(seed):
    lists, scores, rules, _ = random_rules(seed)
    n = len(lists)
    order = np.argsort(-scores, kind="stable")
    loose = tuple(Cap(n, cap.pair) for cap in rules.caps)
    everyone = np.ones(n, dtype=bool)
    bound = plain_rules(n, show=rules.show, caps=loose, fresh=(Fresh(1, everyone),), spread=(np.arange(n),))
    assert (
        rerank(lists, order, bound).tolist() == rerank(lists, order, plain_rules(n, show=rules.show)).tolist()
    )


@settings(max_examples=60, deadline=None)
@given(case)
def test_lists_do_not_touch_each_other(seed):
    lists, scores, rules, _ = random_rules(seed)
    order = np.argsort(-scores, kind="stable")
    whole = rerank(lists, order, rules)
    rows_ = np.flatnonzero(lists == 0)
    one = Rules(
        rules.show, rules.dropped[rows_], rules.pinned[rows_], rules.first[rows_],
        tuple(Cap(cap.most, cap.pair[rows_]) for cap in rules.caps),
        tuple(Fresh(fresh.least, fresh.holds[rows_]) for fresh in rules.fresh),
        tuple(values[rows_] for values in rules.spread),
    )  # fmt: skip
    alone = rerank(np.zeros(len(rows_), dtype=np.int64), np.argsort(-scores[rows_], kind="stable"), one)
    assert alone.tolist() == whole[rows_].tolist()


def test_null_values_differ_from_each_other():
    assert value_codes(Vector.text(["a", None, None, "a"])).tolist() == [0, -2, -3, 0]
    assert list_codes(Vector.text(["x", None, None, "x"]), 4).tolist() == [2, 1, 0, 2]
    assert list_codes(None, 3).tolist() == [0, 0, 0]


FEED = (
    "{rank: {by: score, show: 10, rules: [{at_most: 2, per: creator}, {drop: blocked},"
    " {fresh: 2, where: age < 6}, {diverse: topic}]}, explore: {share: 3%, how: softmax, temperature: 0.5}}"
)


def feed(n, lists, seed=0):
    random = np.random.default_rng(seed)
    columns = rows(
        n,
        group=Vector(
            "text",
            random.integers(0, lists, n).astype(np.int32),
            np.array([f"g{i}" for i in range(lists)], object),
        ),
        creator=Vector(
            "text",
            random.integers(0, 300, n).astype(np.int32),
            np.array([f"c{i}" for i in range(300)], object),
        ),
        topic=Vector(
            "text", random.integers(0, 12, n).astype(np.int32), np.array([f"t{i}" for i in range(12)], object)
        ),
        age=random.exponential(20, n),
        blocked=Vector.booleans(random.random(n) < 0.05),
    )
    return Batch(columns=columns, predictions={"fraud": binary(random.beta(1, 5, n))})


def test_twenty_thousand_lists_are_ranked_within_two_seconds():
    policy = framing(FEED, score="fraud")
    batch = feed(430_000, 20_000)
    fitted = fit_policy(policy, batch, None)
    start = time.process_time()
    found = fitted.decide(batch)
    assert time.process_time() - start < 2
    assert (found.rank > 0).sum() > 100_000


def test_explored_first_places_come_with_their_logged_chance():
    policy = framing(
        "{rank: {by: score, show: 2, rules: [{at_most: 1, per: creator}, {drop: blocked}]},"
        " explore: {share: 50%, how: softmax, temperature: 0.1}}",
        score="fraud",
    )
    batch = feed(30, 5, seed=2)
    fitted = fit_policy(policy, batch, None)
    runs = [fitted.decide(batch, seed=seed) for seed in range(1_200)]
    first = np.mean([found.rank == 1 for found in runs], axis=0)
    chance = runs[0].propensity
    assert all((found.propensity == chance).all() for found in runs[:20])
    lists = list_codes(batch.columns["group"], 30)
    assert np.bincount(lists, weights=chance) == pytest.approx(np.ones(lists.max() + 1))
    assert np.abs(first - chance).max() < 4.5 * np.sqrt(0.25 / 1_200)
    explored = np.mean([found.explored for found in runs], axis=0)
    assert explored == pytest.approx(0.5, abs=0.05)
    still = "{rank: {by: score, show: 2, rules: [{at_most: 1, per: creator}, {drop: blocked}]}}"
    usual = fit_policy(framing(still, score="fraud"), batch, None).decide(batch)
    for found in runs[:50]:
        assert (found.rank == usual.rank)[~found.explored].all()


def test_rows_without_a_score_come_last_and_ties_go_by_key():
    columns = rows(4, example_id=Vector.text(["d", "b", "c", "a"]))
    batch = Batch(columns=columns, predictions={"fraud": binary([np.nan, 0.5, 0.5, 0.9])})
    found = fit_policy(framing("{rank: {by: score}}", score="fraud"), batch, None).decide(batch)
    assert found.rank.tolist() == [4, 2, 3, 1]


def test_rules_read_predictions():
    policy = framing("{rank: {by: amount, rules: [{drop: fraud > 0.3}]}}")
    batch = Batch(columns=rows(3, amount=[3, 2, 1]), predictions={"fraud": binary([0.31, 0.3, 0.2])})
    assert fit_policy(policy, batch, None).decide(batch).rank.tolist() == [0, 1, 2]


def test_a_rule_on_a_column_that_is_not_there_is_refused():
    policy = framing("{rank: {by: score, rules: [{at_most: 2, per: creator}]}}")
    batch = Batch(columns=rows(3), predictions={"fraud": binary([0.3, 0.3, 0.2])})
    with pytest.raises(DataError, match="POLICY014"):
        fit_policy(policy, batch, None)
