"""What the clauses of a metric mean: where, by, per, @K, the sign, and which rows count."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn import metrics as sk

from tests.evaluation.scenes import ACTIONS, DAY, START, framing, metric, outcome, scene
from truenorth.decision.contract import Decisions
from truenorth.engine.vectors import Vector
from truenorth.errors import FramingError
from truenorth.evaluation.acting import does_nothing
from truenorth.evaluation.measure import measure
from truenorth.evaluation.reading import Reading
from truenorth.statistics.binomial import clopper_pearson


@pytest.fixture(scope="module")
def judged():
    return scene(600)


def values(judged, label):
    return judged.dataset.labels[label].values.values


def test_a_task_is_judged_by_its_own_prediction(judged):
    expected = sk.roc_auc_score(values(judged, "fraud"), judged.batch.predictions["fraud"].values)
    assert measure(metric("roc_auc(fraud)"), judged).value == pytest.approx(expected)
    assert measure(metric("roc_auc"), judged).value == pytest.approx(expected)


def test_a_label_without_a_model_is_judged_by_the_score(judged):
    expected = sk.roc_auc_score(values(judged, "good"), judged.decisions.score)
    assert measure(metric("roc_auc(good)"), judged).value == pytest.approx(expected)
    assert measure(metric("log_loss(good)"), judged).value is None


def test_where_filters_rows_and_rows_without_the_label_do_not_count(judged):
    amount = judged.dataset.columns["amount"].values
    rows = amount > 20
    found = measure(metric("mean(fraud) where amount > 20"), judged)
    assert found.value == pytest.approx(values(judged, "fraud")[rows].mean())
    assert found.n == rows.sum()
    hidden = np.arange(600) % 3 == 0
    label = outcome("fraud", "binary", np.where(hidden, np.nan, values(judged, "fraud")))
    half = replace(judged, dataset=replace(judged.dataset, labels={**judged.dataset.labels, "fraud": label}))
    found = measure(metric("mean(fraud)"), half)
    assert found.n == 400 and found.matured == pytest.approx(2 / 3)


def test_the_matured_share_is_that_of_the_rows_and_labels_the_metric_asks_for(judged):
    amount = judged.dataset.columns["amount"].values
    hidden = amount > 20
    label = outcome("good", "binary", np.where(hidden, np.nan, values(judged, "good")))
    labels = {**judged.dataset.labels, "good": label}
    asked = framing("{actions: {allow: good * amount, block: 15 * (1 - good)}}")
    late = replace(judged, dataset=replace(judged.dataset, labels=labels, framing=asked))
    assert measure(metric("mean(good) where amount <= 20"), late).matured == 1.0
    assert measure(metric("mean(good)"), late).matured == pytest.approx(1 - hidden.mean())
    assert measure(metric("cost"), late).matured == pytest.approx(1 - hidden.mean())


def test_a_share_of_rows_that_are_units_has_the_exact_interval(judged):
    own = judged.dataset.columns.with_columns({"unit": Vector.numbers(np.arange(600))})
    alone = replace(judged, dataset=replace(judged.dataset, columns=own))
    found = measure(metric("mean(fraud)"), alone)
    low, high = clopper_pearson(values(judged, "fraud").sum(), 600)
    assert (found.low, found.high) == pytest.approx((float(low), float(high)), abs=1e-12)
    assert found.method == "exact binomial"
    uneven = own.with_columns({"weight": Vector.numbers(1.0 + np.arange(600) % 2)})
    weighed = measure(metric("mean(fraud)"), replace(alone, dataset=replace(alone.dataset, columns=uneven)))
    assert weighed.method != "exact binomial" and weighed.high - weighed.low > found.high - found.low


def test_sums_are_scaled_to_the_time_that_the_split_declares(judged):
    whole = measure(metric("sum(amount)"), judged)
    per_week = measure(metric("sum(amount) per 7d"), judged)
    assert whole.value == pytest.approx(judged.dataset.columns["amount"].values.sum())
    assert per_week.value == pytest.approx(whole.value * 7 / 10)
    assert per_week.high == pytest.approx(whole.high * 7 / 10)


def test_a_minus_turns_value_and_interval(judged):
    plain, turned = measure(metric("cost"), judged), measure(metric("-cost"), judged)
    assert (turned.value, turned.low, turned.high) == pytest.approx((-plain.value, -plain.high, -plain.low))


def test_realised_cost_is_the_text_of_the_action_taken_on_labels(judged):
    block = judged.decisions.action.texts() == "block"
    fraud, amount = values(judged, "fraud"), judged.dataset.columns["amount"].values
    expected = np.where(block, 15 * (1 - fraud), fraud * amount).sum()
    assert measure(metric("cost"), judged).value == pytest.approx(expected)
    assert measure(metric("kpi"), judged).value == pytest.approx(expected / 10)


def test_rates_of_acting_are_those_of_a_confusion_matrix(judged):
    acted, fraud = (judged.decisions.action.texts() == "block").astype(int), values(judged, "fraud")
    (tn, fp), (fn, tp) = sk.confusion_matrix(fraud, acted)
    expected = {
        "precision": tp / (tp + fp), "recall": tp / (tp + fn), "true_positive_rate": tp / (tp + fn),
        "false_positive_rate": fp / (fp + tn), "false_negative_rate": fn / (fn + tp),
        "specificity": tn / (tn + fp),
        "f1": sk.f1_score(fraud, acted), "accuracy": sk.accuracy_score(fraud, acted),
        "balanced_accuracy": sk.balanced_accuracy_score(fraud, acted),
    }  # fmt: skip
    for name, value in expected.items():
        assert measure(metric(f"{name}(fraud)"), judged).value == pytest.approx(value), name


@pytest.mark.parametrize(
    "policy, passive",
    [
        (ACTIONS, "allow"),
        ("{actions: {block: 15 * (1 - fraud), allow: fraud * amount}}", "allow"),
        ("{actions: {call: 4 - 0.15 * fraud * amount, wait: 0}}", "wait"),
        ("{actions: {route: 8 * (1 - hit(intent)), ask: 2}}", "ask"),
        ("{actions: {contact: 3 - 0.1 * amount * (lapse <= 60), wait: 0}}", "wait"),
        ("{each: tag, actions: {attach: 2 * (1 - tag), skip: tag}}", "skip"),
    ],
)
def test_doing_nothing_is_what_would_be_cheapest_if_nothing_happened(policy, passive):
    assert does_nothing(Reading(scene(50, framed=framing(policy)))) == passive


def test_classes_are_judged_by_the_likeliest(judged):
    chosen = np.argmax(judged.batch.predictions["intent"].values, axis=1)
    actual = Reading(judged).class_codes("intent")
    assert measure(metric("accuracy(intent)"), judged).value == pytest.approx(
        sk.accuracy_score(actual, chosen)
    )
    assert measure(metric("f1(intent)"), judged).value == pytest.approx(
        sk.f1_score(actual, chosen, average="macro")
    )
    wrong = measure(metric("share(action = 'block' and wrong(intent))"), judged)
    assert wrong.value == pytest.approx(
        ((judged.decisions.action.texts() == "block") & (chosen != actual)).mean()
    )
    worst = measure(metric("recall(intent) by class worst"), judged)
    assert worst.value == pytest.approx(sk.recall_score(actual, chosen, average=None).min())


def test_a_condition_on_a_time_is_judged_as_a_probability(judged):
    days, said = values(judged, "lapse"), judged.batch.predictions["lapse"].values[:, 1]
    assert measure(metric("brier(lapse <= 60)"), judged).value == pytest.approx(
        np.mean((said - (days <= 60)) ** 2)
    )


def test_quantiles_answer_for_points_and_intervals(judged):
    minutes, quantiles = values(judged, "minutes"), judged.batch.predictions["minutes"].values
    assert measure(metric("rmse(minutes)"), judged).value == pytest.approx(
        sk.root_mean_squared_error(minutes, quantiles[:, 1])
    )
    inside = (minutes >= quantiles[:, 0]) & (minutes <= quantiles[:, 3])
    assert measure(metric("coverage(minutes, 0.95)"), judged).value == pytest.approx(inside.mean())
    assert measure(metric("coverage(minutes, 0.9)"), judged).value is None
    assert measure(metric("pinball(minutes, 0.8)"), judged).value == pytest.approx(
        sk.mean_pinball_loss(minutes, quantiles[:, 2], alpha=0.8)
    )


def test_by_averages_over_values_and_finds_the_extremes(judged):
    country, block = judged.dataset.columns["country"].texts(), judged.decisions.action.texts() == "block"
    shares = [block[country == one].mean() for one in ("fr", "de", "it")]
    for reduction, expected in [
        ("mean", np.mean(shares)), ("gap", max(shares) - min(shares)), ("ratio", min(shares) / max(shares)),
        ("worst", min(shares)),
    ]:  # fmt: skip
        found = measure(metric(f"share(action = 'block') by country {reduction}"), judged)
        assert found.value == pytest.approx(expected), reduction
        assert found.low <= found.value <= found.high
    worst = measure(metric("false_positive_rate(fraud) by country worst"), judged)
    rates = [
        measure(metric(f"false_positive_rate(fraud) where country = '{one}'"), judged).value
        for one in ("fr", "de", "it")
    ]
    assert worst.value == pytest.approx(max(rates))  # the worst of an error is the largest


def test_by_reads_slices_of_the_evaluation_and_units(judged):
    age, fraud = judged.dataset.columns["age"].values, values(judged, "fraud")
    expected = (fraud[age < 30].mean() + fraud[age >= 30].mean()) / 2
    assert measure(metric("mean(fraud) by young mean"), judged).value == pytest.approx(expected)
    unit = judged.dataset.columns["unit"].texts()
    means = [fraud[unit == one].mean() for one in set(unit)]
    found = measure(metric("mean(fraud) by customer mean"), judged)
    assert found.value == pytest.approx(np.mean(means))
    assert found.standard_error == pytest.approx(np.std(means, ddof=1) / np.sqrt(len(means)))


def test_the_first_k_of_each_period_are_ranked_together(judged):
    at, fraud = judged.dataset.columns["at"].values, values(judged, "fraud")
    grouped = replace(judged, dataset=replace(judged.dataset, columns=judged.dataset.columns.with_columns(
        {"group": Vector("text", np.full(600, -1, np.int32), np.empty(0, dtype=object))})))  # fmt: skip
    score = judged.batch.predictions["fraud"].values
    days = (at - START) // DAY
    expected = [fraud[days == d][np.argsort(-score[days == d])[:5]].mean() for d in range(10)]
    assert measure(metric("precision@5(fraud) per 1d"), grouped).value == pytest.approx(np.mean(expected))


def test_what_a_ranking_would_show_is_what_it_is_judged_on(judged):
    rank = np.tile(np.arange(1, 9), 75)
    rank = np.where(rank <= 3, rank, 0)
    shown = replace(judged, decisions=Decisions(score=judged.decisions.score, rank=rank))
    fraud, amount = values(judged, "fraud"), judged.dataset.columns["amount"].values
    assert measure(metric("mean(fraud)"), shown).value == pytest.approx(fraud[rank > 0].mean())
    assert measure(metric("share(shown)"), shown).value == pytest.approx(3 / 8)
    in_order = (fraud * amount).reshape(75, 8)[:, :2].sum(axis=1).mean()
    assert measure(metric("value@2"), shown).value == pytest.approx(in_order)


def test_rows_weigh_what_the_log_kept_them_for(judged):
    weight = np.random.default_rng(0).uniform(1, 5, 600)
    columns = judged.dataset.columns.with_columns({"weight": Vector.numbers(weight)})
    weighed = replace(judged, dataset=replace(judged.dataset, columns=columns))
    assert measure(metric("count"), weighed).value == pytest.approx(weight.sum())
    assert measure(metric("mean(fraud)"), weighed).value == pytest.approx(
        np.average(values(judged, "fraud"), weights=weight)
    )


def test_shares_of_independent_rows_have_the_exact_interval(judged):
    from truenorth.statistics.binomial import clopper_pearson

    alone = judged.dataset.columns.with_columns({"unit": Vector.text([f"r{i}" for i in range(600)])})
    rows = replace(judged, dataset=replace(judged.dataset, columns=alone))
    found = measure(metric("mean(fraud)"), rows)
    low, high = clopper_pearson(values(judged, "fraud").sum(), 600)
    assert found.method == "exact binomial"
    assert (found.low, found.high) == pytest.approx((float(low), float(high)), abs=2e-4)


@pytest.mark.parametrize(
    "text",
    [
        "external(complaints)",
        "latency_p99",
        "recall@1000(candidates)",
        "policy_value",
        "qini(fraud)",
        "mase(minutes)",
    ],
)
def test_what_rows_cannot_tell_is_not_assessed_and_says_why(judged, text):
    found = measure(metric(text), judged)
    assert found.value is None and found.low is None and found.note


def test_latency_is_what_the_stopwatch_said(judged):
    assert measure(metric("latency_p99"), replace(judged, latency_ms={"p99": 12.5})).value == 12.5


@pytest.mark.parametrize(
    "text",
    [
        "roc_auc(minutes)",
        "mean(nonsense)",
        "mean(fraud) by nonsense mean",
        "concordance(fraud)",
        "precision(intent)",
        "coverage(minutes, 2)",
    ],
)
def test_what_does_not_exist_is_refused_with_a_fix(judged, text):
    with pytest.raises(FramingError) as refused:
        measure(metric(text), judged)
    assert refused.value.findings[0].fix and refused.value.findings[0].code
