"""SERVE: time, stores, caches, costs and ways on of an online decision, and what a run measured."""

from typing import Any

import pytest

from tests.audit.feeds import FEED, lists
from tests.audit.framings import GONE, ask, fire_and_near_miss, state
from tests.audit.tables import evidence_of

CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "SERVE001": (
        {"constraints": ["share(action = 'block') <= 2%"]},
        {
            "constraints": ["share(action = 'block') <= 2%"],
            "business.latency_p99": GONE,
            "serving": {"mode": "batch", "every": "1d"},
        },
    ),
    "SERVE003": ({"serving.timeout": "2s"}, {"serving.timeout": "20ms"}),
    "SERVE004": (
        {"examples.propensity": GONE},
        {"examples.propensity": GONE, "policy.explore": GONE},
    ),
    "SERVE005": (
        {"serving.store": GONE},
        {
            "serving.store": GONE,
            "features": {"amount": {"column": "amount"}, "at_night": {"sql": "hour(time) < 6"}},
        },
    ),
    "SERVE006": (
        {"business.costs": {"review": 5}, "business.scale.decisions_per_day": 20_000},
        {"business.costs": {"review": 5}, "business.scale.decisions_per_day": 9_999},
    ),
    "SERVE007": ({"serving.cache": "1h"}, {"serving.cache": "30s"}),
    "SERVE009": (
        {"policy.fallback": GONE, "features.terminal_risk.default": GONE},
        {"policy.fallback": GONE},
    ),
}


test_fires, test_is_silent_on_a_near_miss = fire_and_near_miss(CASES)


def timed(quantile: str, milliseconds: float) -> dict[str, Any]:
    return {"metrics": [{"metric": quantile, "model": {"metric": quantile, "value": milliseconds}}]}


@pytest.mark.parametrize("code", ["SERVE001", "SERVE003", "SERVE005", "SERVE009"])
def test_whether_anybody_waits_is_asked_where_nothing_says_it(code: str):
    unsaid = {"business.latency_p99": GONE, "business.scale": GONE, "serving": GONE, "constraints": []}
    assert state(code, unsaid) == "not assessed"


def test_a_bound_looser_than_the_budget_is_no_promise():
    (finding,) = ask("SERVE001", {"constraints": ["latency_p99 <= 200ms"]}).findings
    assert finding.path == ("constraints", 0)
    assert finding.numbers == {"bound_ms": 200.0, "budget_ms": 50.0}
    assert state("SERVE001", {"constraints": ["latency_p99 <= 20ms"]}) == "silent"


def test_a_fallback_without_a_time_never_takes_over():
    (finding,) = ask("SERVE003", {"serving.timeout": GONE}).findings
    assert finding.fix == "serving: {mode: online, timeout: 50ms}"


def test_the_measured_99th_percentile_blocks_above_the_budget():
    (finding,) = ask("SERVE002", run=timed("latency_p99", 82.0)).findings
    assert finding.severity == "error"
    assert finding.numbers == {"latency_p99_ms": 82.0, "budget_ms": 50.0}
    assert state("SERVE002", run=timed("latency_p99", 50.0)) == "silent"
    assert state("SERVE002", run=timed("latency_p50", 50.0)) == "not assessed"


def test_a_time_that_only_the_constraint_measured_counts():
    run = {"constraints": [{"constraint": "x", "figure": {"metric": "latency_p99", "value": 60.0}}]}
    assert state("SERVE002", run=run) == "fired"


def test_cores_for_the_busiest_second_are_worked_out():
    changes = {"business.scale.peak_per_second": 2_000}
    (finding,) = ask("SERVE008", changes, run=timed("latency_p50", 3.0)).findings
    assert finding.numbers["cores"] == 6
    assert "333" in finding.evidence
    assert state("SERVE008", run=timed("latency_p50", 3.0)) == "silent"


def test_without_a_stopwatch_the_time_of_a_row_counts():
    run = {"train": {"tasks": {"liked": {"us_per_row": 1_000.0}, "watched": {"us_per_row": 1_500.0}}}}
    data = evidence_of(lists(of=100), labels={}, text=FEED)
    (finding,) = ask("SERVE008", text=FEED, run=run, data=data).findings
    assert finding.numbers["per_second"] == pytest.approx(4.0)
    assert state("SERVE008", text=FEED, run=run) == "not assessed"
    assert state("SERVE008", {"business.scale.peak_per_second": GONE}, run=run) == "not assessed"


def test_a_list_of_lists_is_named_by_its_own_place():
    plain = ask("SERVE004", {"examples.propensity": GONE}).findings[0]
    assert plain.path == ("examples", "propensity")
    table = {"source": "candidates", "entity": ["user", "item"], "at": "time", "group": "request_id"}
    named = ask("SERVE004", {"examples": {"shown_items": table}}, text=FEED).findings[0]
    assert named.path == ("examples", "shown_items", "propensity")


def test_a_fallback_rule_that_needs_the_dead_source_is_no_way_on():
    changes = {"models.rule": "terminal_risk > 2", "features.terminal_risk.default": GONE}
    (finding,) = ask("SERVE009", changes).findings
    assert finding.path == ("features", "terminal_risk")
    assert "fallback rule" in finding.evidence
    assert state("SERVE009", {"features.terminal_risk.default": GONE}) == "silent"


def test_a_rule_that_reads_the_feature_through_another_needs_it_too():
    features = {"features.terminal_risk.default": GONE, "models.rule": "doubled > 2"}
    through = {**features, "features.doubled": {"sql": "2 * terminal_risk"}}
    guarded = {**features, "features.doubled": {"sql": "2 * coalesce(terminal_risk, 0)"}}
    assert state("SERVE009", through) == "fired"
    assert state("SERVE009", guarded) == "silent"


def test_the_shortest_life_limits_the_cache():
    changes = {"serving.cache": "2d", "features.spend.freshness": GONE}
    (finding,) = ask("SERVE007", changes).findings
    assert "refresh 1d of 'terminal_risk'" in finding.evidence
