from dataclasses import replace

import numpy as np
import pytest

from tests.decision.policies import DAY, binary, framing, labels_of, rows
from truenorth.decision.accounting import confusion, expected_cost, realised_cost
from truenorth.decision.contract import Batch, Decisions
from truenorth.decision.fallback import fallback_decisions
from truenorth.decision.fit import fit_policy
from truenorth.engine.vectors import Vector
from truenorth.errors import DataError, FramingError

THREE = "{actions: {allow: fraud * amount, review: 5, block: 15 * (1 - fraud)}}"


def decided():
    policy = framing(THREE)
    columns = rows(5, amount=[10, 100, 100, 1000, 30])
    batch = Batch(columns=columns, predictions={"fraud": binary([0.1, 0.2, 0.9, 0.95, 0.1])})
    decisions = fit_policy(policy, batch, None).decide(batch)
    dataset = labels_of(columns, {"fraud": [1, 1, 0, 1, np.nan]}, policy)
    return policy, decisions, dataset


def test_costs_are_those_of_the_action_taken():
    policy, decisions, dataset = decided()
    assert decisions.action.texts().tolist() == ["allow", "review", "block", "block", "allow"]
    assert expected_cost(decisions) == pytest.approx([1, 5, 1.5, 0.75, 3])
    found = realised_cost(policy, decisions, dataset)
    assert found.values[:4].tolist() == [10, 5, 15, 0]
    assert found.known.tolist() == [True, True, True, True, False]
    assert found.is_immature.tolist() == [False, False, False, False, True]


def test_which_rows_have_a_cost_does_not_depend_on_what_was_decided():
    policy, decisions, dataset = decided()
    blocked = replace(decisions, action=Vector.text(["block", "block", "block", "block", "review"]))
    # what reviewing costs is certain, but leaving the same row alone would not have been counted
    for made in (decisions, blocked):
        found = realised_cost(policy, made, dataset)
        assert found.known.tolist() == [True, True, True, True, False]
        assert found.is_immature.tolist() == [False, False, False, False, True]


def test_rows_whose_tags_were_not_decided_have_no_cost():
    policy = framing("{each: tag, actions: {attach: 2 * (1 - tag), skip: tag}}", score="tag")
    dataset = labels_of(rows(2), {"tag_red": [0, 1], "tag_wool": [1, 1]}, policy)
    found = realised_cost(policy, Decisions(score=np.zeros(2)), dataset)
    assert not found.known.any() and np.isnan(found.values).all()


def test_the_confusion_in_money_weighs_rows_as_the_cost_does():
    policy, decisions, dataset = decided()
    weighed = dataset.columns.with_columns({"weight": Vector.numbers([1.0, 10, 1, 2, 1])})
    cells = confusion(policy, decisions, replace(dataset, columns=weighed))
    assert sum(cell.cost for cell in cells) == pytest.approx(10 + 10 * 5 + 15 + 0)


def test_confusion_counts_rows_and_money():
    cells = {(cell.action, cell.outcome): (cell.n, cell.cost) for cell in confusion(*decided())}
    assert cells == {
        ("allow", "fraud"): (1, 10.0), ("allow", "not fraud"): (0, 0.0), ("review", "fraud"): (1, 5.0),
        ("review", "not fraud"): (0, 0.0), ("block", "fraud"): (1, 0.0), ("block", "not fraud"): (1, 15.0),
    }  # fmt: skip


def test_calibrated_costs_are_what_is_paid_on_average():
    policy = framing(THREE)
    random = np.random.default_rng(0)
    chance = random.beta(0.5, 3, 200_000)
    columns = rows(200_000, amount=np.exp(random.normal(3, 0.5, 200_000)))
    batch = Batch(columns=columns, predictions={"fraud": binary(chance)})
    decisions = fit_policy(policy, batch, None).decide(batch)
    dataset = labels_of(columns, {"fraud": random.random(200_000) < chance}, policy)
    paid = realised_cost(policy, decisions, dataset).values
    assert paid.mean() == pytest.approx(
        expected_cost(decisions).mean(), abs=4 * paid.std() / np.sqrt(200_000)
    )


def test_what_another_action_would_have_cost_is_not_known_from_a_log_of_actions():
    policy = framing(
        "{actions: {none: -fraud, mail: 0.1 - fraud}}", score="fraud", examples=", action: topic"
    )
    under = {"none": np.zeros(4), "mail": np.array([1.0, 0, 1, 0])}
    columns = rows(4, action=Vector.text(["mail", "mail", "none", "none"]))
    batch = Batch(columns=columns, predictions={"fraud": binary(np.zeros(4), by_action=under)})
    decisions = fit_policy(policy, batch, None).decide(batch)
    assert decisions.action.texts().tolist() == ["mail", "none", "mail", "none"]
    found = realised_cost(policy, decisions, labels_of(columns, {"fraud": [1, 0, 1, 1]}, policy))
    assert found.known.tolist() == [True, False, False, True]
    assert found.values[[0, 3]] == pytest.approx([-0.9, -1.0])


def test_tags_are_decided_and_paid_one_by_one():
    policy = framing("{each: tag, actions: {attach: 2 * (1 - tag), skip: tag}}", score="tag")
    batch = Batch(
        columns=rows(2),
        predictions={"tag_red": binary([0.9, 0.6], "tag_red"), "tag_wool": binary([0.1, 0.7], "tag_wool")},
    )
    fitted = fit_policy(policy, batch, None)
    assert fitted.envelope == (("skip", pytest.approx(2 / 3)), ("attach", 1.0))
    decisions = fitted.decide(batch)
    assert decisions.tags["tag_red"].texts().tolist() == ["attach", "skip"]
    assert decisions.tags["tag_wool"].texts().tolist() == ["skip", "attach"]
    assert expected_cost(decisions) == pytest.approx([0.3, 1.2])
    dataset = labels_of(batch.columns, {"tag_red": [0, 1], "tag_wool": [1, 1]}, policy)
    assert realised_cost(policy, decisions, dataset).values.tolist() == [3.0, 1.0]


def test_the_best_of_each_period_are_selected():
    policy = framing("{select: {top: 2 per 7d, by: fraud * amount}}")
    at = np.array([0, 1, 6, 6, 7, 8]) * DAY
    columns = rows(6, amount=np.ones(6), at=Vector.times(at), example_id=Vector.text(list("fedcba")))
    batch = Batch(columns=columns, predictions={"fraud": binary([0.1, 0.9, 0.3, 0.3, 0.2, np.nan])})
    fitted = fit_policy(policy, batch, None)
    found = fitted.decide(batch)
    # 1970-01-08 starts the second week; of two equal rows the lesser key wins
    assert found.rank.tolist() == [0, 1, 0, 2, 1, 0]
    assert found.action.texts().tolist() == ["pass", "select", "pass", "select", "select", "pass"]
    assert fitted.last == pytest.approx(0.3)


def test_the_best_of_a_sampled_log_are_as_many_as_of_the_whole():
    policy = framing("{select: {top: 5 per 7d, by: fraud}}")
    columns = rows(6, weight=[2.0, 2, 2, 2, 2, 2])
    batch = Batch(columns=columns, predictions={"fraud": binary([0.1, 0.9, 0.3, 0.4, 0.2, 0.8])})
    found = fit_policy(policy, batch, None).decide(batch)
    assert found.rank.tolist() == [0, 1, 0, 0, 0, 2]


def with_fallback(policy: str, fallback: str):
    return framing(policy.rstrip("}") + f"}}, fallback: {fallback}}}")


def test_the_fallback_is_the_declared_action():
    policy = with_fallback(THREE, "{action: review}")
    found = fallback_decisions(policy, rows(3))
    assert found.action.texts().tolist() == ["review"] * 3
    assert set(found.reason.texts()) == {"fallback"}


def test_the_fallback_rule_decides_by_the_policy():
    policy = with_fallback(THREE, "rule")
    found = fallback_decisions(policy, rows(3, amount=[10, 300, np.nan]))
    assert found.action.texts().tolist() == ["allow", "block", "review"]


def test_the_fallback_bid_is_bid():
    policy = framing("{bid: {amount: score, price: price}, fallback: {bid: 0}}")
    found = fallback_decisions(policy, rows(2))
    assert found.quantity.tolist() == [0, 0] and found.action.texts().tolist() == ["pass", "pass"]


def test_a_threshold_needs_its_policy_to_fall_back_on_a_rule():
    policy = framing("{threshold: {task: fraud, act: block, keep: recall >= 50%}, fallback: rule}")
    with pytest.raises(FramingError, match="POLICY020"):
        fallback_decisions(policy, rows(2))


def test_a_ranked_list_falls_back_on_the_rule():
    policy = framing("{rank: {by: score, show: 2}, fallback: rule}", score="fraud")
    assert fallback_decisions(policy, rows(3, amount=[10, 300, 5])).rank.tolist() == [2, 1, 0]


def test_tags_without_predictions_are_refused():
    policy = framing("{each: tag, actions: {attach: 2 * (1 - tag), skip: tag}}", score="tag")
    with pytest.raises(DataError, match="POLICY022"):
        fit_policy(policy, Batch(columns=rows(2), predictions={}), None)
