"""MODEL: candidates, losses, probabilities, shuffled rows, and what a run's ladder shows."""

from typing import Any

import numpy as np
import pytest

from tests.audit.feeds import FEED, lists
from tests.audit.framings import GONE, ask, fire_and_near_miss, state
from tests.audit.tables import evidence_of

CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "MODEL001": (
        {"models.rule": GONE, "models.candidates": ["trees"], "policy.fallback": {"action": "allow"}},
        {"models.rule": GONE, "models.candidates": ["linear"], "policy.fallback": {"action": "allow"}},
    ),
    "MODEL004": (
        {"models.tasks": {"fraud": {"loss": "absolute"}}},
        {"models.tasks": {"fraud": {"loss": "squared"}}},
    ),
    "MODEL005": (
        {"models.calibrate": "none", "models.tasks": {"fraud": {"downsample": "10%"}}},
        {"models.tasks": {"fraud": {"downsample": "10%"}}},
    ),
    "MODEL006": (
        {"models.calibrate": "none"},
        {"models.calibrate": "none", "policy": {"select": {"top": "100 per 1d", "by": "fraud"}}},
    ),
    "MODEL009": (
        {"models.candidates": [{"external": "vendor_score"}]},
        {"models.candidates": [{"external": "vendor_score"}, "trees"]},
    ),
}
SHUFFLED = {
    "split": {"random": {"train": "60%", "validation": "20%", "test": "20%"}, "reason": "one snapshot"}
}
UNDATED = {
    **SHUFFLED,
    "examples": {"source": "payments", "entity": ["customer"], "at": "none"},
    "features": {"amount": {"column": "amount"}},
    "labels": {"fraud": {"when": "is_fraud = 1", "judged": {"by": "clerks", "agreement": 0.9}}},
    "evaluation": GONE,
    "models.rule": "amount > 220",
}
SNAPSHOT = {
    **UNDATED,
    "sources": {"payments": {"path": "p.parquet", "time": "none", "static": ["is_fraud", "amount"]}},
}


test_fires, test_is_silent_on_a_near_miss = fire_and_near_miss(CASES)


def ladder_of(
    *rungs: tuple[str, float, float, float], chosen: str = "trees", us: float = 10.0
) -> dict[str, Any]:
    """Return a run: name, value, gap to the best and its standard error of each rung."""
    return {
        "chosen": chosen,
        "train": {
            "ladder": [
                {
                    "name": name,
                    "value": value,
                    "gap": gap,
                    "gap_standard_error": error,
                    "is_rule": name == "rule",
                    "us_per_row": us * (index + 1),
                }
                for index, (name, value, gap, error) in enumerate(rungs)
            ],
            "tasks": {"fraud": {"us_per_row": us, "summary": {}}},
        },
        "seconds": {"total": 100.0},
    }


FAR = ladder_of(("rule", 0.1, 0.3, 0.02), ("linear", 0.3, 0.1, 0.02), ("trees", 0.4, 0.0, 0.0))
NEAR = ladder_of(("rule", 0.1, 0.3, 0.02), ("linear", 0.39, 0.01, 0.02), ("trees", 0.4, 0.0, 0.0))


def test_a_simpler_rung_within_one_standard_error_is_named_with_its_figures():
    (finding,) = ask("MODEL010", run=NEAR).findings
    assert "0.01" in finding.evidence and "linear" in finding.evidence
    assert "1.5 times the time" in finding.evidence
    assert finding.numbers == {"gap": 0.01, "standard_error": 0.02}
    assert state("MODEL010", run=FAR) == "silent"


def test_a_rule_that_is_as_good_is_left_to_another_rule():
    run = ladder_of(("rule", 0.39, 0.01, 0.02), ("linear", 0.4, 0.0, 0.0), chosen="linear")
    assert state("MODEL010", run=run) == "silent"


def test_a_run_without_a_ladder_is_not_assessed():
    assert state("MODEL010", run={"chosen": "trees"}) == "not assessed"


def test_a_model_alone_over_the_budget_blocks():
    slow = ladder_of(("trees", 0.4, 0.0, 0.0), us=60_000.0)
    finding = ask("MODEL003", run=slow).findings[0]
    assert finding.severity == "error"
    assert finding.numbers["model_ms"] == 60.0
    assert state("MODEL003", run=FAR) == "silent"
    assert state("MODEL003", run={"chosen": "trees"}) == "not assessed"


def test_a_list_takes_the_time_of_all_its_rows():
    data = evidence_of(lists(of=8), labels={}, text=FEED)
    run = {"chosen": "trees", "train": {"ladder": [], "tasks": {"liked": {"us_per_row": 20_000.0}}}}
    (finding,) = ask("MODEL003", text=FEED, data=data, run=run).findings
    assert finding.numbers["model_ms"] == pytest.approx(160.0)
    assert state("MODEL003", text=FEED, run=run) == "not assessed"


def test_training_must_fit_twice_into_its_period():
    assert state("MODEL011", run={**FAR, "seconds": {"total": 8 * 86_400}}) == "fired"
    assert state("MODEL011", run={**FAR, "seconds": {"total": 6 * 86_400}}) == "silent"
    assert state("MODEL011", run={"chosen": "trees"}) == "not assessed"


def test_a_network_needs_examples():
    deep = {"models.candidates": ["linear", "multitask"]}
    assert state("MODEL002", deep) == "not assessed"
    assert state("MODEL002") == "silent"
    (finding,) = ask("MODEL002", deep, data=evidence_of()).findings
    assert finding.numbers["training_rows"] == 2400
    many = evidence_of(profile={"parts": {"train": {"rows": 100_000}, "test": {"rows": 7}}})
    assert state("MODEL002", deep, data=many) == "silent"


@pytest.mark.parametrize(
    ("rows", "candidates", "expected"),
    [
        (90_000, ["linear", "multitask"], "silent"),
        (100_000, ["linear", "multitask"], "fired"),
        (100_000, ["linear", "trees"], "silent"),
        (200_000_000, ["linear", "trees"], "fired"),
        (200_000_000, ["linear", "multitask"], "silent"),
    ],
)
def test_between_the_bounds_networks_must_show_their_gain_and_above_them_trees(rows, candidates, expected):
    data = evidence_of(profile={"parts": {"train": {"rows": rows}}})
    assert state("MODEL012", {"models.candidates": candidates}, data=data) == expected


def test_a_network_that_won_by_more_than_chance_has_shown_it():
    data = evidence_of(profile={"parts": {"train": {"rows": 500_000}}})
    changes = {"models.candidates": ["linear", "multitask"]}
    won = ladder_of(("linear", 0.3, 0.1, 0.02), ("multitask", 0.4, 0.0, 0.0), chosen="multitask")
    even = ladder_of(("linear", 0.39, 0.01, 0.02), ("multitask", 0.4, 0.0, 0.0), chosen="multitask")
    assert state("MODEL012", changes, data=data, run=won) == "silent"
    assert state("MODEL012", changes, data=data, run=even) == "fired"


def test_tasks_conflict_by_the_cosine_of_their_gradients():
    changes = {"models.candidates": ["linear", "multitask"]}

    def run(cosine: float) -> dict[str, Any]:
        return {"train": {"tasks": {"liked": {"summary": {"gradient_cosine": {"watched": cosine}}}}}}

    assert state("MODEL008", changes, text=FEED, run=run(-0.3)) == "fired"
    assert state("MODEL008", changes, text=FEED, run=run(-0.05)) == "silent"
    assert state("MODEL008", changes, text=FEED, run={}) == "not assessed"
    assert state("MODEL008", text=FEED, run={}) == "silent"
    assert state("MODEL008", changes, run={}) == "silent"


def test_a_random_split_of_rows_that_carry_a_time_blocks():
    (finding,) = ask("MODEL007", UNDATED).findings
    assert finding.severity == "error"
    assert "paid_at" in finding.evidence
    keyed = {**SNAPSHOT, "examples": {"source": "payments", "entity": ["row"], "at": "none"}}
    assert state("MODEL007", keyed) == "silent"


def test_a_unit_in_several_parts_of_a_random_split_is_counted():
    assert state("MODEL007", SNAPSHOT) == "not assessed"
    data = evidence_of(changes=SNAPSHOT)
    (finding,) = ask("MODEL007", SNAPSHOT, data=data).findings
    train, held = data.dataset.is_in("train"), data.dataset.is_in("validation")
    units = data.dataset.columns["unit"].values
    assert finding.numbers["shared"] == pytest.approx(np.isin(units[held], units[train]).mean())
    apart = evidence_of({"unit": np.arange(4_000.0)}, changes=SNAPSHOT)
    assert state("MODEL007", SNAPSHOT, data=apart) == "silent"
    together = {**SNAPSHOT, "split": {**SHUFFLED["split"], "together": "customer"}}
    assert state("MODEL007", together, data=data) == "silent"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"objective": {"score": "stars", "metric": "value@10"}}, "fired"),
        ({"objective": {"score": "liked", "metric": "ndcg@10(liked)"}}, "fired"),
        ({"objective": {"score": "liked", "metric": "value@10"}}, "silent"),
        ({"objective": {"score": "grade", "metric": "ndcg@10(grade)"}}, "silent"),
        ({"objective": {"score": "4 * liked + watched", "metric": "ndcg@10(liked)"}}, "silent"),
        (
            {
                "objective": {"score": "grade", "metric": "ndcg@10(grade)"},
                "models.tasks": {"grade": {"loss": "squared"}},
            },
            "fired",
        ),
    ],
    ids=[
        "a number by size",
        "rows under ndcg",
        "rows under value",
        "lists",
        "a sum of tasks",
        "a grade by size",
    ],
)
def test_a_list_that_one_task_orders_needs_a_loss_of_lists(changes, expected):
    assert state("MODEL004", changes, text=FEED) == expected


QUANTITY = {
    "labels": {"units": {"value": "units", "kind": "number"}},
    "sources.payments.known_after": {"units": "1d"},
    "proxies": GONE,
    "objective": {"score": "units"},
    "evaluation": GONE,
    "constraints": [],
    "monitoring": GONE,
    "experiment": GONE,
    "policy": {"quantity": {"order": "units", "over": 1, "under": 4}, "fallback": "rule"},
}


@pytest.mark.parametrize(
    ("levels", "expected"), [([0.5, 0.9], "fired"), ([0.5, 0.8], "silent"), (None, "silent")]
)
def test_the_level_of_a_quantity_must_be_learned(levels, expected):
    task = {"loss": "quantile", "levels": levels} if levels else {"loss": "squared"}
    changes = {**QUANTITY, "models.tasks": {"units": task}}
    assert state("MODEL004", changes) == expected
    if expected == "fired":
        (finding,) = ask("MODEL004", changes).findings
        assert "0.8" in finding.evidence and finding.fix == "levels: [0.5, 0.8, 0.9]"


def test_a_price_on_the_task_of_a_list_needs_calibration_too():
    changes = {"models.calibrate": "none", "objective": {"score": "liked", "metric": "value@10"}}
    assert state("MODEL006", changes, text=FEED) == "silent"
    rules = [{"at_most": 2, "per": "creator"}, {"drop": "liked < 0.01"}]
    assert state("MODEL006", {**changes, "policy.rank.rules": rules}, text=FEED) == "fired"


def test_a_resampled_task_is_told_once():
    changes = {"models.calibrate": "none", "models.tasks": {"fraud": {"loss": "focal"}}}
    assert state("MODEL005", changes) == "fired"
    assert state("MODEL006", changes) == "silent"
