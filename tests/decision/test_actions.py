import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.decision.policies import DAY, binary, framing, fraud_batch, labels_of, rows
from truenorth.decision.capacity import assign, limits
from truenorth.decision.contract import Batch
from truenorth.decision.costs import cost_threshold, lower_envelope
from truenorth.decision.fit import fit_policy
from truenorth.engine.vectors import Vector
from truenorth.errors import FramingError
from truenorth.framing.capacities import Capacity

PROBABILITY = [0.9, 0.7, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05]
AMOUNT = [10, 200, 50, 500, 20, 1000, 30, 5000]


def eight_cases():
    return Batch(columns=rows(8, amount=AMOUNT), predictions={"fraud": binary(PROBABILITY)})


def reviews(per: str):
    return framing(f"{{actions: {{allow: fraud * amount, review: 5}}, capacity: {{review: {per}}}}}")


@pytest.mark.parametrize(
    ("costs", "threshold"),
    [
        ({"true_negative": 0, "false_positive": 1, "false_negative": 10, "true_positive": 0}, 1 / 11),
        ({"true_negative": 0, "false_positive": 5, "false_negative": 100, "true_positive": 2}, 0.0485437),
        ({"true_negative": -1, "false_positive": 5, "false_negative": 10, "true_positive": 0}, 0.375),
    ],
)
def test_the_threshold_of_two_actions_equals_published_values(costs, threshold):
    assert cost_threshold(**costs) == pytest.approx(threshold, abs=5e-8)


def test_a_threshold_per_example_is_where_both_actions_cost_the_same():
    amount = np.array([20.0, 100.0, 3_000.0])
    threshold = cost_threshold(false_positive=5.0, false_negative=amount, true_positive=1.0)
    act = (1 - threshold) * 5.0 + threshold * 1.0
    assert act == pytest.approx(threshold * amount)


def test_where_lines_meet_in_one_point_none_of_the_cheapest_is_missed():
    random = np.random.default_rng(0)
    for _ in range(2_000):
        at, height = random.random(), 10 * random.random()
        slopes = random.normal(0, 20, random.integers(2, 6))
        lines = {
            f"a{i}": np.array([height - at * one, height + (1 - at) * one]) for i, one in enumerate(slopes)
        }
        found = lower_envelope(lines)
        chances = np.array([0, at / 2, (1 + at) / 2, 1])
        place = np.searchsorted([end for _, end in found[:-1]], chances)
        paid = [lines[found[i][0]] @ np.array([1 - p, p]) for i, p in zip(place, chances, strict=True)]
        table = np.array(list(lines.values()))
        assert paid == pytest.approx((table @ np.array([1 - chances, chances])).min(axis=0), abs=1e-9)


def test_an_error_that_costs_nothing_has_no_threshold():
    with pytest.raises(FramingError, match="POLICY031"):
        cost_threshold(false_positive=1.0, false_negative=1.0, true_positive=1.0)


def test_errors_are_shorthand_for_two_actions():
    errors = framing("", score="fraud", business=", errors: {false_positive: 1, false_negative: 10}")
    fitted = fit_policy(errors, eight_cases(), None)
    assert fitted.envelope == (("wait", pytest.approx(1 / 11)), ("act", 1.0))
    chance = np.array([0.0909, 0.0910, 0.5, 0.499])
    batch = Batch(columns=rows(4), predictions={"fraud": binary(chance)})
    assert fitted.decide(batch).action.texts().tolist() == ["wait", "act", "act", "act"]


def test_without_a_policy_rows_are_only_scored():
    found = fit_policy(framing(""), eight_cases(), None).decide(eight_cases())
    assert found.action is None
    assert found.score == pytest.approx(np.multiply(PROBABILITY, AMOUNT))


def test_the_cheapest_of_four_actions_changes_where_the_lines_cross():
    four = (
        "{actions: {allow: 100 * fraud, challenge: 1 + 19 * fraud, review: 4 + fraud,"
        " block: 15 * (1 - fraud)}}"
    )
    fitted = fit_policy(framing(four), eight_cases(), None)
    assert [name for name, _ in fitted.envelope] == ["allow", "challenge", "review", "block"]
    assert [end for _, end in fitted.envelope] == pytest.approx([0.0123457, 0.1666667, 0.6875, 1.0], abs=5e-8)
    chance = np.array([0.0123, 0.0124, 0.1666, 0.1667, 0.687, 0.688])
    batch = Batch(columns=rows(6), predictions={"fraud": binary(chance)})
    taken = fitted.decide(batch).action.texts().tolist()
    assert taken == ["allow", "challenge", "challenge", "review", "review", "block"]
    assert fitted.findings == ()


@given(st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=1, max_size=6))
def test_the_envelope_is_the_cheapest_line_everywhere(ends):
    lines = {str(index): pair for index, pair in enumerate(ends)}
    found = lower_envelope(lines)
    start = 0.0
    for name, end in found:
        for p in (start, (start + end) / 2, end):
            cost = {other: low + (high - low) * p for other, (low, high) in lines.items()}
            assert cost[name] == pytest.approx(min(cost.values()), abs=1e-9)
        assert end > start
        start = end
    assert start == 1.0


def test_an_action_that_is_never_cheapest_is_named():
    five = "{actions: {allow: 100 * fraud, hold: 50, block: 15 * (1 - fraud)}}"
    (found,) = fit_policy(framing(five), eight_cases(), None).findings
    assert (found.code, found.severity) == ("POLICY006", "warn")
    assert "'hold'" in found.evidence


def test_an_action_never_cheapest_on_the_rows_is_named_where_costs_differ_by_row():
    three = "{actions: {allow: fraud * amount, hold: 6 + amount, review: 5}}"
    (found,) = fit_policy(framing(three), eight_cases(), None).findings
    assert "'hold', cheapest on none of 8 rows" in found.evidence


def test_ties_take_the_action_declared_first():
    tie = framing("{actions: {second: 5, first: 5 + 0 * fraud}}")
    assert set(fit_policy(tie, eight_cases(), None).decide(eight_cases()).action.texts()) == {"second"}


def test_an_unknown_cost_is_never_taken():
    amount = [np.nan, 1.0, np.nan]
    batch = Batch(columns=rows(3, amount=amount), predictions={"fraud": binary([0.5, 0.5, np.nan])})
    allow_or_review = framing("{actions: {allow: fraud * amount, review: 5}}")
    found = fit_policy(allow_or_review, eight_cases(), None).decide(batch)
    assert found.action.texts().tolist() == ["review", "allow", "review"]
    both = framing("{actions: {allow: fraud * amount, block: amount}, fallback: {action: block}}")
    found = fit_policy(both, eight_cases(), None).decide(batch)
    assert found.action.texts().tolist() == ["block", "allow", "block"]
    assert found.reason.texts().tolist() == ["fallback", "cheapest", "fallback"]


@pytest.mark.parametrize("per", ["3 per 1d", "3 per 1d together"])
def test_reviews_go_where_they_save_most(per):
    fitted = fit_policy(reviews(per), eight_cases(), None)
    reviewed = fitted.decide(eight_cases()).action.texts() == "review"
    benefit = np.multiply(PROBABILITY, AMOUNT) - 5
    assert np.flatnonzero(reviewed).tolist() == [3, 5, 7]
    assert benefit[reviewed].sum() == pytest.approx(635)
    assert benefit[np.argsort(PROBABILITY)[-3:]].sum() == pytest.approx(159)
    assert fitted.prices["review"].price == pytest.approx(195)
    assert "are worth 195 EUR each at the margin" in fitted.sentence()


@pytest.mark.parametrize("per", ["3 per 1d", "3 per 1d together"])
def test_places_are_counted_in_rows_of_the_log_that_a_sampled_row_stands_for(per):
    weight = [1.0, 1, 1, 2, 1, 1, 1, 1]
    batch = Batch(columns=rows(8, amount=AMOUNT, weight=weight), predictions={"fraud": binary(PROBABILITY)})
    found = fit_policy(reviews(per), eight_cases(), None).decide(batch)
    reviewed = found.action.texts() == "review"
    assert np.sum(np.asarray(weight)[reviewed]) <= 3 and reviewed.sum() == 2


def test_ranked_together_a_quiet_period_still_takes_every_case_that_pays():
    policy = reviews("2 per 1d together")
    busy = Batch(columns=rows(10, amount=np.arange(10, 110, 10)), predictions={"fraud": binary(np.ones(10))})
    fitted = fit_policy(policy, busy, None)
    assert fitted.prices["review"].price == pytest.approx(85)
    quiet = Batch(columns=rows(3, amount=[20, 4, 30]), predictions={"fraud": binary(np.ones(3))})
    found = fitted.decide(quiet)
    assert found.action.texts().tolist() == ["review", "allow", "review"]
    assert set(found.reason.texts()) == {"cheapest"}


def test_a_quiet_day_is_not_filled_up():
    fitted = fit_policy(reviews("100 per 1d"), eight_cases(), None)
    (found,) = fitted.findings
    assert found.code == "POLICY033" and fitted.prices["review"].price == 0
    assert (fitted.decide(eight_cases()).action.texts() == "review").sum() == 7


def test_a_busy_period_does_not_raise_the_quota_of_a_quiet_one():
    batch, _ = fraud_batch(6_000, days=30)
    fitted = fit_policy(reviews("10 per 1d"), batch, None)
    quiet = batch.take(np.arange(40))
    found = fitted.decide(quiet)
    saved = found.costs["allow"] - 5
    assert ((found.action.texts() == "review") == (saved >= fitted.prices["review"].price)).all()


def test_expected_use_meets_capacity_on_the_rows_it_was_set_on():
    batch, _ = fraud_batch(20_000, days=20)
    fitted = fit_policy(reviews("30 per 1d"), batch, None)
    free = (
        batch.predictions["fraud"].values * batch.columns["amount"].values - 5
        >= fitted.prices["review"].price
    )
    assert free.sum() == 30 * 20


def test_a_share_of_the_rows_gets_its_share_of_the_places():
    batch, _ = fraud_batch(20_000, days=20)
    whole = fit_policy(reviews("30 per 1d"), batch, None).prices["review"].price
    half = fit_policy(reviews("30 per 1d"), batch.take(np.arange(0, 20_000, 2)), None, share=0.5)
    assert half.prices["review"].price == pytest.approx(whole, rel=0.05)


def test_sampled_rows_count_by_their_weight():
    batch, _ = fraud_batch(4_000, days=10)
    double = replace(
        batch, columns=batch.columns.with_columns({"weight": Vector.numbers(np.full(4_000, 2.0))})
    )
    expected = fit_policy(reviews("10 per 1d"), batch, None).prices["review"].price
    assert fit_policy(reviews("20 per 1d"), double, None).prices["review"].price == expected


def test_places_taken_before_count():
    fitted = fit_policy(reviews("3 per 1d"), eight_cases(), None)
    found = fitted.decide(eight_cases(), used={"review": {0: 2}})
    assert np.flatnonzero(found.action.texts() == "review").tolist() == [3]
    assert found.reason.texts()[[5, 7]].tolist() == ["capacity", "capacity"]


def test_every_action_scarce_is_refused():
    scarce = framing("{actions: {a: 1, b: 2}, capacity: {a: 1 per 1d, b: 1 per 1d}}")
    with pytest.raises(FramingError, match="POLICY034"):
        fit_policy(scarce, eight_cases(), None)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 5), st.integers(1, 4), st.booleans(), st.booleans())
def test_capacity_is_never_exceeded(seed, first, second, together, late):
    random = np.random.default_rng(seed)
    n = 60
    costs = random.normal(0, 3, (n, 4))
    columns = rows(n, at=Vector.times(random.integers(0, 3 * DAY, n)))
    capacities = {
        "b": Capacity.parse(f"{first} per 1d" + " together" * together),
        "d": Capacity.parse(f"{second} per 12h" + " together" * late),
    }
    found = limits(("a", "b", "c", "d"), capacities, columns)
    action = assign(costs, found, columns)
    for limit in found:
        counts = np.bincount(limit.period[action == limit.action])
        assert counts.max(initial=0) <= limit.capacity.amount


def test_two_capacities_one_by_one_equal_a_walk_in_time():
    random = np.random.default_rng(8)
    for _ in range(40):
        n = 50
        costs = random.normal(0, 3, (n, 4))
        at = random.permutation(n) * (DAY // 20)
        columns = rows(n, at=Vector.times(at))
        capacities = {"b": Capacity.parse("3 per 1d"), "d": Capacity.parse("2 per 12h")}
        found = limits(("a", "b", "c", "d"), capacities, columns)
        left: dict = {}
        walked = np.empty(n, dtype=int)
        for row in np.argsort(at):
            for choice in np.argsort(costs[row]):
                limit = next((one for one in found if one.action == choice), None)
                key = None if limit is None else (choice, limit.period[row])
                if limit is None or left.setdefault(key, limit.capacity.amount) > 0:
                    walked[row] = choice
                    if key:
                        left[key] -= 1
                    break
        assert assign(costs, found, columns).tolist() == walked.tolist()


def test_one_capacity_together_is_the_best_of_all_assignments():
    random = np.random.default_rng(4)
    for _ in range(30):
        costs = random.normal(0, 3, (6, 3))
        columns = rows(6)
        found = limits(("a", "b", "c"), {"b": Capacity.parse("2 per 1d together")}, columns)
        action = assign(costs, found, columns)
        best = min(
            sum(costs[i, j] for i, j in enumerate(taken))
            for taken in itertools.product(range(3), repeat=6)
            if taken.count(1) <= 2
        )
        assert costs[np.arange(6), action].sum() == pytest.approx(best)


def test_several_prices_share_out_what_is_scarce():
    batch, _ = fraud_batch(5_000, days=10)
    two = framing(
        "{actions: {allow: fraud * amount, review: 5, call: 1 + 0.4 * fraud * amount},"
        " capacity: {review: 10 per 1d, call: 20 per 1d}}"
    )
    fitted = fit_policy(two, batch, None)
    price = {name: one.price for name, one in fitted.prices.items()}
    loss = batch.predictions["fraud"].values * batch.columns["amount"].values
    costs = np.column_stack(
        [loss, np.full(5_000, 5) + price["review"] - 1e-9, 1 + 0.4 * loss + price["call"] - 1e-9]
    )
    counts = np.bincount(costs.argmin(axis=1), minlength=3)
    assert counts[1] == pytest.approx(100, abs=2) and counts[2] == pytest.approx(200, abs=2)


def test_a_task_in_a_cost_is_what_happens_under_that_action():
    under = {"none": np.array([0.1, 0.5]), "mail": np.array([0.3, 0.5])}
    batch = Batch(columns=rows(2), predictions={"fraud": binary([0.2, 0.5], by_action=under)})
    mailing = framing("{actions: {none: -score, mail: 0.1 - score}}", score="fraud")
    found = fit_policy(mailing, batch, None).decide(batch)
    assert found.costs["none"] == pytest.approx([-0.1, -0.5])
    assert found.costs["mail"] == pytest.approx([-0.2, -0.4])
    assert found.action.texts().tolist() == ["mail", "none"]


@pytest.mark.parametrize("how", ["uniform", "softmax, temperature: 3"])
def test_actions_are_explored_with_the_chance_that_is_logged(how):
    explored = framing(
        f"{{actions: {{allow: fraud * amount, review: 5, block: 9}}, explore: {{share: 40%, how: {how}}}}}"
    )
    batch = eight_cases()
    fitted = fit_policy(explored, batch, None)
    taken, chance = [], []
    for seed in range(3_000):
        found = fitted.decide(batch, seed=seed)
        taken.append(found.action.values)
        chance.append(found.propensity)
    taken, chance = np.array(taken), np.array(chance)
    for row in range(8):
        for action in range(3):
            rows_ = taken[:, row] == action
            if rows_.any():
                logged = chance[rows_, row]
                assert np.ptp(logged) < 1e-12
                assert rows_.mean() == pytest.approx(logged[0], abs=4.5 * np.sqrt(logged[0] / 3_000))


def test_exploring_under_capacity_logs_the_chance_of_what_was_left():
    """Inverse propensity weighting recovers the mean of an action that the policy seldom takes."""
    explored = framing(
        "{actions: {allow: fraud * amount, review: 5}, explore: {share: 30%}, capacity: {review: 20 per 1d}}"
    )
    batch, fraud = fraud_batch(4_000, days=4, seed=5)
    fitted = fit_policy(explored, batch, None)
    estimates = []
    for seed in range(40):
        found = fitted.decide(batch, seed=seed)
        allowed = found.action.texts() == "allow"
        estimates.append((allowed * fraud / found.propensity).mean())
    assert np.mean(estimates) == pytest.approx(fraud.mean(), rel=0.03)


def test_a_score_without_predictions_learns_what_actions_cost():
    batch, fraud = fraud_batch(20_000, days=10)
    columns = batch.columns.with_columns({"amount": Vector.numbers(np.full(20_000, 100.0))})
    ordered = Batch(columns=columns, predictions={}, score=batch.predictions["fraud"].values * 7)
    policy = framing("{actions: {allow: fraud * amount, review: 5}}")
    fitted = fit_policy(policy, ordered, labels_of(columns, {"fraud": fraud}, policy))
    found = fitted.decide(ordered)
    truth = batch.predictions["fraud"].values * 100
    assert np.abs(found.costs["allow"] - truth).mean() < 2
    agree = (found.action.texts() == "review") == (truth > 5)
    assert agree.mean() > 0.95


def test_a_case_whose_other_costs_are_unknown_takes_its_place_and_sets_no_price():
    amount = [*AMOUNT[:7], np.nan]
    batch = Batch(columns=rows(8, amount=amount), predictions={"fraud": binary(PROBABILITY)})
    fitted = fit_policy(reviews("3 per 1d together"), batch, None)
    assert fitted.prices["review"].price == pytest.approx(195)
    reviewed = fitted.decide(batch).action.texts() == "review"
    assert np.flatnonzero(reviewed).tolist() == [3, 5, 7]


@pytest.mark.parametrize("form", ["select: {top: 5 per 1d, by: fraud}", "bid: {amount: score, price: price}"])
def test_exploring_beside_a_form_that_cannot_is_refused(form):
    policy = framing(f"{{{form}, explore: {{share: 3%}}}}")
    with pytest.raises(FramingError, match="POLICY021"):
        fit_policy(policy, eight_cases(), None)


def test_a_policy_says_who_reviews_what_and_what_a_place_is_worth():
    assert fit_policy(reviews("3 per 1d"), eight_cases(), None).sentence() == (
        "Take the cheapest of allow and review by expected cost, review only where it saves most, at least "
        "195 EUR; 3 review per 1d are worth 195 EUR each at the margin."
    )
