"""An evaluation holds every figure beside the rule's, slices, days, money and what is missing."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from tests.evaluation.scenes import framing, metric, scene
from truenorth.decision.contract import Decisions
from truenorth.engine.vectors import Vector
from truenorth.evaluation.calibration import calibration_table
from truenorth.evaluation.evaluate import evaluate
from truenorth.evaluation.measure import measure
from truenorth.evaluation.naive import season
from truenorth.evaluation.primary import is_higher_better, primary_metric
from truenorth.evaluation.slices import by_slice
from truenorth.evaluation.time import over_time
from truenorth.statistics.calibration import reliability

TODAY = date(2026, 1, 1)


@pytest.fixture(scope="module")
def both():
    judged = scene(500, framed=framing(constraints="\"share(action = 'block') <= 50%\", latency_p99 <= 50ms"))
    everything = Vector("text", np.zeros(500, dtype=np.int32), np.array(["allow"], dtype=object))
    rule = replace(
        judged,
        decisions=Decisions(score=judged.dataset.columns["amount"].values, action=everything),
        batch=replace(judged.batch, predictions={}, score=judged.dataset.columns["amount"].values),
    )
    return judged, rule, evaluate(judged.dataset.framing, judged, rule, today=TODAY)


def test_every_figure_stands_beside_the_rules_and_their_paired_difference(both):
    _, _, found = both
    first = found.rows[0]
    assert first.metric == "average_precision(fraud)" and first.model == found.primary
    assert first.difference.value == pytest.approx(first.model.value - first.rule.value)
    assert first.difference.low > 0  # the scene's model knows the probability, the rule the amount alone
    cost = next(row for row in found.rows if row.metric == "cost per 1d")
    assert found.savings.value == pytest.approx(cost.rule.value - cost.model.value)
    assert found.savings.low <= found.savings.value <= found.savings.high


def test_the_evaluation_is_plain_json_and_reads_as_text(both):
    _, _, found = both
    plain = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert {
        "primary",
        "metrics",
        "slices",
        "over_time",
        "constraints",
        "gate",
        "cost_curve",
        "confusion",
    } <= set(plain)
    assert "average_precision(fraud)" in repr(found) and "latency_p99" in repr(found)


def test_an_unmeasured_constraint_keeps_the_gate_from_passing(both):
    _, _, found = both
    assert [one.status for one in found.outcomes] == ["met", "not assessed"]
    assert found.gate == "not assessed"
    assert {"what": "latency_p99", "why": "the time of a decision was not measured"} in found.not_assessed


def test_the_confusion_in_money_adds_up_to_the_cost(both):
    judged, _, found = both
    assert sum(cell["n"] for cell in found.confusion) == 500
    assert sum(cell["money"] for cell in found.confusion) == pytest.approx(
        measure(metric("cost"), judged).value
    )


def test_the_cost_curve_starts_with_nobody_and_passes_near_the_chosen_point(both):
    _, _, found = both
    assert found.curve[0]["share"] == 0 and found.curve[0]["saved"] == 0
    assert found.curve[0]["cost"] == pytest.approx(found.point["rule"]["cost"])  # the rule lets all pass
    shares, costs = zip(*((one["share"], one["cost"]) for one in found.curve), strict=True)
    assert np.interp(found.point["share"], shares, costs) == pytest.approx(found.point["cost"], rel=0.1)
    assert all(one["low"] <= one["cost"] <= one["high"] for one in found.curve)


def test_slices_and_days_are_the_metric_on_their_rows(both):
    judged, _, found = both
    assert set(found.slices) == {"country", "young"} and set(found.slices["young"]) == {"true", "false"}
    inside = judged.dataset.columns["country"].texts() == "fr"
    only = measure(metric("average_precision(fraud)"), judged.take(inside))
    assert found.slices["country"]["fr"]["average_precision(fraud)"] == only
    assert by_slice([metric("count")], judged)["country"]["fr"]["count"].value == inside.sum()
    days = over_time([metric("count per 1d")], judged)
    assert len(days) == 10 and sum(one.figure.value for one in days) == pytest.approx(500)
    assert days[0].start < days[1].start


def test_calibration_on_test_rows_is_told_before_and_after(both):
    judged, _, _ = both
    sharper = judged.batch.predictions["fraud"]
    raw = replace(
        judged.batch,
        predictions={**judged.batch.predictions, "fraud": replace(sharper, values=sharper.values**3)},
    )
    made = calibration_table(judged.dataset, raw, judged.batch, {"fraud": {"method": "beta", "n": 100}})
    json.dumps(made, allow_nan=False)
    assert made["fraud"]["method"] == "beta" and set(made) == {"fraud", "intent", "tag_red", "tag_wool"}
    assert made["fraud"]["after"]["log_loss"] < made["fraud"]["before"]["log_loss"]
    points = made["fraud"]["reliability"]["after"]
    observed = [one["observed"] for one in points]
    assert observed == sorted(observed) and sum(one["n"] for one in points) == pytest.approx(500, abs=30)


@pytest.mark.parametrize(
    "text, up", [("roc_auc(fraud)", True), ("cost", False), ("-cost", True), ("rmse(minutes)", False)]
)
def test_better_is_up_or_down_as_the_metric_says(text, up):
    assert is_higher_better(metric(text)) is up


@pytest.mark.parametrize(
    "score, primary",
    [("fraud * amount", "average_precision(fraud)"), ("minutes", "rmse(minutes)"),
     ("hit(intent)", "accuracy(intent)"),
     ("lapse <= 60", "concordance(lapse)"), ("tag", "average_precision(tag) by class mean")],
)  # fmt: skip
def test_without_a_metric_a_score_is_judged_as_its_task_usually_is(score, primary):
    assert str(primary_metric(framing("", score=score))) == primary


def test_a_day_of_hours_and_a_week_of_days_are_seasons():
    assert [season(step * 1_000_000) for step in (3_600, 86_400, 60)] == [24, 7, 1]


def test_few_clusters_are_told():
    judged = scene(40)
    assert "METRIC003" in [one.code for one in evaluate(judged.dataset.framing, judged, today=TODAY).findings]


def rows_of(judged, **options):
    return {
        row.metric: row.model for row in evaluate(judged.dataset.framing, judged, today=TODAY, **options).rows
    }


def test_the_parts_of_the_brier_score_add_up_and_calibrated_chances_have_little_to_mend(both):
    judged, _, _ = both
    found = rows_of(judged)
    brier, mended, gained, left = (
        found[name] for name in ("brier(fraud)", *(f"{part} part of brier(fraud)" for part in
        ("miscalibration", "discrimination", "uncertainty")))
    )  # fmt: skip
    assert mended.value - gained.value + left.value == pytest.approx(brier.value)
    assert 0 <= mended.value < gained.value and gained.low > 0
    said, truth = judged.batch.predictions["fraud"].values, judged.dataset.labels["fraud"].values.values
    made = reliability(said, truth, draws=1)
    assert (mended.value, gained.value) == pytest.approx((made.miscalibration, made.discrimination))


def test_lists_are_told_by_what_they_show_of_the_catalogue():
    framed = framing("{rank: {by: score, show: 3, rules: [{at_most: 2, per: country}]}}")
    judged = scene(400, framed=framed)
    lists = judged.dataset.columns["group"].texts()
    rank = np.zeros(400, dtype=np.int64)
    for one in set(lists):
        rows = np.flatnonzero(lists == one)
        rank[rows[np.argsort(-judged.decisions.score[rows], kind="stable")]] = np.arange(1, len(rows) + 1)
    rank[rank > 3] = 0
    judged = replace(judged, decisions=Decisions(score=judged.decisions.score, rank=rank))
    found = rows_of(judged, train=judged.dataset)
    item, country = (judged.dataset.columns[name].texts() for name in ("item", "country"))
    shown = rank > 0
    assert found["share of item shown in the first 3"].value == len(set(item[shown])) / len(set(item))
    apart = [
        np.mean([a != b for i, a in enumerate(here) for b in here[i + 1 :]])
        for here in (country[shown & (lists == one)] for one in set(lists))
    ]
    pairs = found["pairs of different country in the first 3"]
    assert pairs.value == pytest.approx(np.mean(apart)) and pairs.low < pairs.value < pairs.high
    seen = {one: (np.sum(item == one) + 1) / (400 + len(set(item))) for one in set(item)}
    bits = found["novelty of item in the first 3, bits"]
    assert bits.value == pytest.approx(np.mean([-np.log2(seen[one]) for one in item[shown]]), rel=1e-6)
    assert 0 < found["gini(shown) by item"].value < 1 and 0 < found["gini(shown) by country"].value < 1
    assert rows_of(judged).keys().isdisjoint({"novelty of item in the first 3, bits"})


def test_a_quantity_is_told_by_what_too_many_and_too_few_cost():
    framed = framing("{quantity: {promise: minutes, over: 1.0, under: 4.0}}", score="minutes")
    judged = scene(300, framed=framed)
    judged = replace(judged, decisions=Decisions(score=np.zeros(300), quantity=np.full(300, 22.0)))
    found = rows_of(judged)
    many, few = found["mean cost of too many(minutes)"], found["mean cost of too few(minutes)"]
    gap = 22.0 - judged.dataset.labels["minutes"].values.values
    assert many.value == pytest.approx(np.maximum(gap, 0).mean()) and many.low < many.value < many.high
    assert few.value == pytest.approx(4 * np.maximum(-gap, 0).mean())
    assert (many.value + few.value) * 300 == pytest.approx(found["cost"].value)


def test_tags_that_are_decided_one_by_one_have_a_cost_curve():
    framed = framing("{each: tag, actions: {attach: 2 * (1 - tag), skip: tag}}", score="tag")
    judged = scene(400, framed=framed)
    made, costs = judged.batch.predictions, {}
    for tag in ("tag_red", "tag_wool"):
        costs |= {f"{tag}: attach": 2 * (1 - made[tag].values), f"{tag}: skip": made[tag].values}
    judged = replace(judged, decisions=replace(judged.decisions, action=None, costs=costs))
    found = evaluate(framed, judged, today=TODAY)
    happened = sum(judged.dataset.labels[tag].values.values.sum() for tag in ("tag_red", "tag_wool"))
    per_day = found.curve[0]["cost"] * 10
    assert per_day == pytest.approx(happened) and found.curve[-1]["cost"] * 10 == pytest.approx(
        2 * (800 - happened)
    )
    shares, paid = zip(*((one["share"], one["cost"]) for one in found.curve), strict=True)
    assert np.interp(found.point["share"], shares, paid) == pytest.approx(found.point["cost"], rel=0.1)
    assert min(paid) < paid[0] and all(one["low"] <= one["cost"] <= one["high"] for one in found.curve)


def test_series_without_a_naive_error_are_left_out_of_scaled_figures():
    judged = scene(200)
    some = np.arange(200) < 150
    scaled = replace(judged, scale=np.where(some, 2.0, np.where(np.arange(200) % 2, 0.0, np.nan)))
    found, alone = rows_of(scaled), rows_of(judged.take(some))
    for name, plain in (("mase(minutes)", "mae(minutes)"), *((("interval score(minutes, 0.95)",) * 2),)):
        assert found[name].value == pytest.approx(alone[plain].value / 2) and found[name].n == 150


def test_tags_that_nothing_decided_have_no_cost_and_no_point():
    framed = framing("{each: tag, actions: {attach: 2 * (1 - tag), skip: tag}}", score="tag")
    judged = scene(100, framed=framed)
    judged = replace(judged, decisions=Decisions(score=judged.decisions.score))
    found = evaluate(framed, judged, today=TODAY)
    assert found.point is None and found.curve == () and found.savings is None
    assert {"what": "cost", "why": "no row's realised cost is known"} in found.not_assessed


def test_a_run_without_a_primary_figure_passes_nothing():
    judged = scene(300, framed=framing(constraints="\"share(action = 'block') <= 100%\""))
    of_one_class = judged.take(np.flatnonzero(judged.dataset.labels["fraud"].values.values == 0))
    whole = evaluate(judged.dataset.framing, judged, today=TODAY)
    found = evaluate(judged.dataset.framing, of_one_class, today=TODAY)
    assert found.primary.value is None
    assert (whole.gate, found.gate) == ("pass", "not assessed")
