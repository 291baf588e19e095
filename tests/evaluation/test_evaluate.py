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
