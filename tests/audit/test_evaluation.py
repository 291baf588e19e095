"""EVAL: the metric that decides, whom it looks at, how long, and how sure a run was."""

from typing import Any

import numpy as np
import pytest

from tests.audit.feeds import FEED, lists
from tests.audit.framings import GONE, ask, fire_and_near_miss, state
from tests.audit.tables import DAY, START, N, evidence_of

CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "EVAL001": (
        {"objective": {"score": "fraud * amount", "metric": "external(satisfaction)"}},
        {"objective": {"score": "fraud * amount"}},
    ),
    "EVAL002": (
        {"objective.metric": "accuracy(fraud)"},
        {"objective.metric": "roc_auc(fraud)"},
    ),
    "EVAL003": ({"evaluation.slices": []}, {"evaluation.slices": ["country"]}),
    "EVAL004": (
        {"constraints": []},
        {
            "constraints": [],
            "policy": {"threshold": {"task": "fraud", "act": "block", "keep": "false_positive_rate <= 1%"}},
            "experiment": GONE,
            "monitoring": GONE,
        },
    ),
    "EVAL006": (
        {"split": {"validation": "14d", "calibration": "7d", "test": "6d"}},
        {"split": {"validation": "14d", "calibration": "7d", "test": "7d"}},
    ),
    "EVAL008": (
        {
            "business.kpi.metric": "roc_auc(fraud)", "experiment": GONE,
            "monitoring.track": ["roc_auc(fraud)", "latency_p99"],
        },
        {"business.kpi": GONE, "experiment": GONE, "monitoring.track": ["roc_auc(fraud)"]},
    ),
}  # fmt: skip


test_fires, test_is_silent_on_a_near_miss = fire_and_near_miss(CASES)


def test_several_tasks_need_one_metric():
    (finding,) = ask("EVAL001", {"objective": {"score": "liked + watched"}}, text=FEED).findings
    assert "liked, watched" in finding.evidence
    assert finding.fix == "metric: value@10"


def test_a_roc_area_alone_is_blind_and_a_cost_beside_it_sees():
    alone = {"objective.metric": "roc_auc(fraud)", "evaluation.metrics": ["calibration_error(fraud)"]}
    assert state("EVAL002", alone) == "fired"
    assert state("EVAL002", {**alone, "evaluation.metrics": ["cost per 1d"]}) == "silent"


@pytest.mark.parametrize(("rate", "expected"), [(0.01, "fired"), (0.3, "silent"), (0.9, "fired")])
def test_with_examples_only_a_rare_side_makes_it_blind(rate: float, expected: str):
    changes = {"objective.metric": "accuracy(fraud)"}
    fraud = (np.arange(N) % 100 < 100 * rate).astype(float)
    data = evidence_of(labels={"fraud": fraud}, changes=changes)
    assert state("EVAL002", changes, data=data) == expected
    if rate == 0.01:
        (finding,) = ask("EVAL002", changes, data=data).findings
        assert finding.numbers == {"smaller_share": pytest.approx(0.01)} and "1.00%" in finding.evidence


def test_several_tests_count_together_and_undated_or_published_ones_have_the_length_they_have():
    periods = {
        "train": "2026-01-01..2026-03-01",
        "test": {"a": "2026-03-01..2026-03-05", "b": "2026-03-05..2026-03-09"},
    }
    assert state("EVAL006", {"split": periods}) == "silent"
    short = {**periods, "test": {"a": "2026-03-01..2026-03-03", "b": "2026-03-05..2026-03-09"}}
    (finding,) = ask("EVAL006", {"split": short}).findings
    assert finding.numbers == {"days": 6.0}
    published = {"column": "country", "train": "FR", "test": "DE"}
    assert state("EVAL006", {"split": published}) == "silent"
    assert state("EVAL006", {"split": GONE}) == "fired"


def test_test_rows_before_the_last_training_row_are_counted():
    published = {"split": {"column": "country", "train": "FR", "test": "DE"}}
    part = np.where(np.arange(N) % 2 == 0, "train", "test").astype(object)
    (finding,) = ask("EVAL006", published, data=evidence_of({"split": part}, changes=published)).findings
    assert finding.numbers["share_before"] > 0.99
    assert state("EVAL006", published, data=evidence_of(changes=published)) == "silent"


def test_a_test_of_two_days_of_rows_is_short_whatever_was_declared():
    at = START + np.minimum(np.linspace(0, 100, N), 87) * DAY
    (finding,) = ask("EVAL006", data=evidence_of({"at": at.astype(np.int64)})).findings
    assert finding.numbers["days"] == pytest.approx(2.0, abs=0.1)
    assert state("EVAL006", data=evidence_of()) == "silent"


CONSTRAINT = "share(action = 'block') <= 0.02"


def run_with(**outcome: Any) -> dict[str, Any]:
    """Return a run in which all constraints of the clean framing are met but the first, which is as given."""
    said = ["share(action = 'block') <= 2%", "latency_p99 <= 50ms"]
    made = [{"constraint": one, "status": "met", "figure": {"metric": one, "value": 0.01}} for one in said]
    made[0] |= outcome
    return {"constraints": made, "chosen": "rule"}


@pytest.mark.parametrize("status", ["error", "not assessed"])
def test_a_constraint_without_an_answer_blocks(status: str):
    (finding,) = ask("EVAL005", run=run_with(status=status, note="no rows.")).findings
    assert finding.severity == "error" and finding.path == ("constraints", 0)
    assert "no rows" in finding.evidence
    assert state("EVAL005", run=run_with(status="violated")) == "silent"


def test_a_constraint_that_the_run_does_not_know_blocks():
    changes = {"constraints": ["share(action = 'block') <= 3%", "latency_p99 <= 50ms"]}
    (finding,) = ask("EVAL005", changes, run=run_with()).findings
    assert finding.severity == "error" and finding.fix == "run again"


def test_what_is_measured_elsewhere_only_warns():
    changes = {"constraints": ["external(complaints) <= 1", "average_precision(fraud) >= 0.9 * released"]}
    said = [{"constraint": text, "status": "not assessed", "note": "elsewhere"} for text in
            ("external(complaints) <= 1", "average_precision(fraud) >= 0.9 * released")]  # fmt: skip
    found = ask("EVAL005", changes, run={"constraints": said}).findings
    assert [one.severity for one in found] == ["warn", "warn"]


def test_the_rows_that_would_decide_are_worked_out():
    figure = {"value": 0.018, "low": 0.014, "high": 0.022, "n": 1_000}
    (finding,) = ask("EVAL007", run=run_with(status="undecided", bound=0.02, figure=figure)).findings
    assert finding.numbers["rows_needed"] == pytest.approx(4_000)
    assert "about 4,000 would decide" in finding.evidence
    assert state("EVAL007", run=run_with()) == "silent"


def test_an_interval_that_leans_is_measured_on_the_side_of_the_bound():
    figure = {"value": 0.0005, "low": 0.0, "high": 0.0106, "n": 1_832}
    (finding,) = ask("EVAL007", run=run_with(status="undecided", bound=0.01, figure=figure)).findings
    assert finding.numbers["rows_needed"] > 1_832, "the rows at hand did not decide"


def gain_run(value: float, low: float, high: float) -> dict[str, Any]:
    name = "average_precision(fraud)"
    gain = {"value": value, "low": low, "high": high, "n": 500}
    return {
        "chosen": "trees",
        "primary": {"metric": name},
        "metrics": [{"metric": name, "model": {"value": 0.4}, "difference": gain}],
    }


def test_a_gain_that_may_be_a_loss_is_too_wide():
    (finding,) = ask("EVAL007", run=gain_run(0.02, -0.02, 0.06)).findings
    assert finding.path == ("objective", "metric")
    assert finding.numbers["rows_needed"] == pytest.approx(2_000)
    assert state("EVAL007", run=gain_run(0.05, 0.01, 0.09)) == "silent"
    assert state("EVAL007", run={"chosen": "trees"}) == "not assessed"


def won(metric: str, model: float | None, rule: float | None, **more: Any) -> dict[str, Any]:
    row = {"metric": metric, "model": {"value": model, "note": "measured elsewhere"}, "rule": {"value": rule}}
    return {"verdict": "model wins", "primary": {"metric": "value@10"}, "metrics": [row], **more}


@pytest.mark.parametrize(
    ("model", "rule", "expected"), [(0.41, 0.41, "fired"), (0.41, 0.39, "silent"), (None, None, "fired")]
)
def test_a_goal_that_is_the_same_for_model_and_rule_says_nothing_of_the_model(model, rule, expected):
    assert state("EVAL009", text=FEED, run=won("mean(returned)", model, rule)) == expected


def test_a_policy_value_or_a_stress_test_estimates_the_goal():
    run = won("mean(returned)", 0.41, 0.41)
    value = {"metric": "policy_value", "model": {"value": 0.43}}
    assert state("EVAL009", text=FEED, run={**run, "metrics": [*run["metrics"], value]}) == "silent"
    assert (
        state("EVAL009", text=FEED, run={**run, "stress": {"proxies": {"score": {"verdict": "ALIGNED"}}}})
        == "silent"
    )
    assert state("EVAL009", text=FEED, run={**run, "verdict": "rules win"}) == "silent"


UNTESTED = [
    {"proxies": {}},
    {"proxies": {"score": {"verdict": "UNSUPPORTED"}, "click": {"verdict": "ALIGNED"}}},
]


@pytest.mark.parametrize("stress", UNTESTED, ids=["refused", "not the score"])
def test_a_stress_test_that_was_refused_estimates_nothing(stress):
    run = won("mean(returned)", 0.41, 0.41)
    assert state("EVAL009", text=FEED, run={**run, "stress": stress}) == "fired"


def test_a_bare_external_figure_is_nobody_s():
    changes = {"business.kpi.metric": "external", "experiment": GONE, "monitoring.track": ["brier(fraud)"]}
    assert state("EVAL008", changes) == "fired"
    assert state("EVAL008", {**changes, "business.kpi.metric": "external(losses of the ledger)"}) == "silent"


TEST = np.arange(N) >= int(0.85 * N)


def fraud_of(test_rate: float, train_rate: float = 0.02) -> np.ndarray:
    rate = np.where(TEST, test_rate, train_rate)
    return (np.random.default_rng(2).random(N) < rate).astype(float)


def test_a_balanced_test_is_unlike_serving():
    (finding,) = ask("EVAL010", data=evidence_of(labels={"fraud": fraud_of(0.5)})).findings
    assert finding.numbers["test_rate"] == pytest.approx(0.5, abs=0.06)
    assert finding.numbers["test_rows"] == 600
    assert state("EVAL010", data=evidence_of(labels={"fraud": fraud_of(0.03)})) == "silent"


def test_weights_that_undo_the_sampling_make_the_rates_alike():
    weight = np.where(TEST & (fraud_of(0.5) == 0), 49.0, 1.0)
    weighed = evidence_of({"weight": weight}, labels={"fraud": fraud_of(0.5)})
    (finding,) = ask("EVAL010", data=weighed).findings
    assert finding.path == ("examples", "sampled")
    assert finding.numbers["train_weight"] == 1.0


def test_copies_in_the_test_are_counted():
    keys = np.array([f"p{row}" for row in range(N)], dtype=object)
    keys[TEST] = keys[TEST][np.random.default_rng(4).integers(0, TEST.sum(), TEST.sum())]
    (finding,) = ask("EVAL010", data=evidence_of({"example_id": keys})).findings
    assert 0.3 < finding.numbers["share"] < 0.45


def test_another_population_in_the_test_is_seen_in_its_context():
    country = np.where(TEST, "PT", "FR").astype(object)
    (finding,) = ask("EVAL010", data=evidence_of({"country": country})).findings
    assert finding.numbers == {"total_variation": 1.0}


def test_a_list_of_which_only_the_shown_is_left_is_unlike_serving():
    all_shown = {**lists(), "shown": np.ones(N)}
    (finding,) = ask("EVAL010", text=FEED, data=evidence_of(all_shown, labels={}, text=FEED)).findings
    assert finding.numbers["share_shown"] == 1.0
    assert state("EVAL010", text=FEED, data=evidence_of(lists(), labels={}, text=FEED)) == "silent"


def test_without_test_rows_nothing_is_said():
    part = np.full(N, "train", dtype=object)
    assert state("EVAL010", data=evidence_of({"split": part})) == "not assessed"
