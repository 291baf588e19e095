"""MON: what is followed, who is called, and when a model is trained again."""

from typing import Any

import pytest

from tests.audit.feeds import FEED
from tests.audit.framings import GONE, ask, changed, fire_and_near_miss, state
from truenorth.framing.load import inspect_text

TRACK = ["average_precision(fraud)", "average_precision(fraud) by country worst", "cost per 1d"]
CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "MON001": ({"monitoring.track": []}, {"monitoring.track": ["latency_p99"]}),
    "MON002": ({"business.on_call": GONE}, {"business.owner": GONE}),
    "MON003": ({"monitoring.retrain": GONE}, {"monitoring.retrain": {"or_event": "new fee schedule"}}),
    "MON004": ({"monitoring.retrain": {"every": "7d"}}, {"monitoring.retrain": {"every": "9d"}}),
    "MON005": (
        {"monitoring.track": ["average_precision(fraud)", "mean(fraud) where action = 'allow'"]},
        {"monitoring.track": ["average_precision(fraud)", "mean(fraud) where amount > 100"]},
    ),
    "MON006": (
        {"monitoring.track": ["average_precision(fraud)"]},
        {"monitoring.track": ["average_precision(fraud)", "cost per 7d"]},
    ),
    "MON007": ({"monitoring.retrain": {"every": "31d"}}, {"monitoring.retrain": {"every": "30d"}}),
    "MON008": (
        {"governance.protected": ["country", "region"], "examples.context": ["country", "region"]},
        {"governance.protected": ["country"]},
    ),
    "MON009": (
        {"proxies.fraud.gaming": 5, "monitoring.track": ["latency_p99", "cost per 1d"]},
        {"proxies.fraud.gaming": 5, "monitoring.track": ["latency_p99", "external(disputes per payment)"]},
    ),
    "MON010": (
        {"monitoring.track": ["average_precision(fraud)"], "business.kpi.metric": "mean(fraud)"},
        {"monitoring.track": ["average_precision(fraud)"], "business.costs": {"annotation": 2}},
    ),
}


test_fires, test_is_silent_on_a_near_miss = fire_and_near_miss(CASES)


def test_the_horizon_counts_the_reporting_delay():
    (finding,) = ask("MON004", {"monitoring.retrain": {"every": "8d"}}).findings
    assert finding.numbers == {"horizon_days": 9.0, "every_days": 8.0}
    assert finding.fix == "every: 9d"


def test_labels_that_are_weighed_before_they_mature_may_be_retrained_on():
    changes = {"monitoring.retrain": {"every": "1d"}, "labels.fraud.maturity": "ipcw"}
    assert state("MON004", changes) == "silent"


@pytest.mark.parametrize(
    ("metric", "is_segment"),
    [
        ("gini(shown) by creator", False),
        ("gauc(watched) by user", False),
        ("mean(watched) by user mean", False),
        ("mean(watched) by country", True),
        ("value@10 where amount > 3", True),
    ],
)
def test_users_lists_and_concentration_are_no_segments(metric: str, is_segment: bool):
    expected = "silent" if is_segment else "fired"
    assert state("MON005", {"monitoring.track": [metric]}, text=FEED) == expected


def test_the_kpi_may_be_followed_by_its_name_or_elsewhere():
    track = {"monitoring.track": ["average_precision(fraud)", "kpi"]}
    assert state("MON006", track) == "silent"
    elsewhere = {"monitoring.track": ["average_precision(fraud)"], "business.kpi.metric": "external(loss)"}
    assert state("MON006", elsewhere) == "silent"


def test_a_figure_that_calls_for_training_answers_an_adversary():
    slow = {"monitoring.retrain": {"every": "90d", "or_when": "recall(fraud) < 0.9 * released"}}
    assert state("MON007", slow) == "silent"
    finding = ask("MON007", {"monitoring.retrain": {"every": "90d"}}).findings[0]
    assert "fraud" in finding.evidence and finding.numbers["every_days"] == 90
    assert state("MON007", {"monitoring.retrain": {"every": "90d"}}, text=FEED) == "silent"


def test_a_slice_that_is_made_of_the_protected_attribute_follows_it():
    changes = {
        "governance.protected": ["age"],
        "examples.context": ["age"],
        "evaluation.slices": [{"young": "age < 25"}],
        "monitoring.track": ["mean(fraud) by young gap"],
    }
    assert state("MON008", changes) == "silent"
    assert state("MON008", {**changes, "monitoring.track": ["mean(fraud) by young mean"]}) == "fired"


def test_a_gameable_label_is_named_with_its_mark():
    (finding,) = ask("MON009", CASES["MON009"][0]).findings
    assert "fraud (gaming 5)" in finding.evidence
    bottom = {**CASES["MON009"][0], "monitoring.track": ["external(bottom decile)"]}
    assert state("MON009", bottom) == "fired"


@pytest.mark.parametrize("code", ["MON005", "MON006", "MON008", "MON010"])
def test_what_is_proposed_to_be_followed_can_be_read(code: str):
    changes = CASES[code][0]
    (finding,) = ask(code, changes).findings
    text = finding.fix.removeprefix("track: [").removesuffix("]").removeprefix("..., ")
    wanted = [one.strip('"') for one in text.split(", ")]
    made = inspect_text(changed({**changes, "monitoring.track": wanted}))
    assert not [one for one in made.findings if one.severity == "error"]


def test_a_metric_that_is_better_when_lower_calls_for_training_when_it_rises():
    changes = {"monitoring.retrain": GONE, "objective.metric": "brier(fraud)"}
    (finding,) = ask("MON003", changes).findings
    assert "brier(fraud) > 1.1 * released" in finding.fix
