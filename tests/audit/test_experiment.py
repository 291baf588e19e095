"""EXP: each rule fires on a planted case, and is silent on a near miss; sizes against published figures."""

from typing import Any

import numpy as np
import pytest

from tests.audit.framings import GONE, ask, fire_and_near_miss, state
from tests.audit.tables import N, answer, asked, evidence_of, table
from truenorth.audit.stated.sample_size import smallest_effect, units_per_arm, whole_weeks, written
from truenorth.framing.percentages import Percentage

SHARE = {"business.kpi.metric": "mean(fraud)", "business.kpi.baseline": 0.41, "business.kpi.unit": "share"}
BY_ROW: dict[str, Any] = {**SHARE, "examples.unit": "payment", "experiment.unit": "payment"}
"""A KPI that is a share, and units that come once: the size follows from the framing alone."""

CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "EXP001": ({"experiment": GONE}, {"experiment": {"metric": "kpi"}}),
    "EXP002": ({"experiment.duration": "10d"}, {"experiment.duration": "14d"}),
    "EXP003": (
        {**BY_ROW, "experiment.minimum_effect": "0.2pp"},
        {**BY_ROW, "experiment.minimum_effect": "0.6pp"},
    ),
    "EXP004": ({"experiment.guardrails": []}, {"experiment.rollback": []}),
    "EXP005": ({"experiment.unit": "payment"}, {"experiment.unit": "store_region"}),
    "EXP006": (
        {"experiment.rollback": GONE},
        {"experiment.rollback": GONE, "experiment.stages": GONE},
    ),
    "EXP007": (
        {"experiment.metric": "mean(fraud)", "proxies.fraud.alignment": 3},
        {"experiment.metric": "mean(fraud)"},
    ),
}  # fmt: skip
"""Per rule: changes of the clean framing on which it fires, and near misses on which it does not."""


test_fires, test_is_silent_on_a_near_miss = fire_and_near_miss(CASES)


@pytest.mark.parametrize("code", [code for code in CASES if code != "EXP003"])
def test_the_clean_framing_is_silent(code: str):
    assert state(code) == "silent"


@pytest.mark.parametrize(
    ("variances", "effect", "units"),
    [
        (0.10 * 0.90 + 0.12 * 0.88, 0.02, 3838.10),
        (0.05 * 0.95 + 0.0525 * 0.9475, 0.0025, 122120.7),
        (0.02 * 0.98 + 0.022 * 0.978, 0.002, 80678.6),
    ],
)
def test_units_per_arm_are_those_of_the_reference(variances: float, effect: float, units: float):
    """../shared/reference/experiments.md, A3."""
    assert units_per_arm(variances, effect) == pytest.approx(units, rel=1e-6)
    assert smallest_effect(variances, units) == pytest.approx(effect, rel=1e-6)


def test_the_planned_size_finds_the_effect_in_four_of_five_tests():
    rng = np.random.default_rng(4)
    n = round(units_per_arm(0.3 * 0.7 + 0.33 * 0.67, 0.03))
    control, treated = rng.binomial(n, 0.30, 4000) / n, rng.binomial(n, 0.33, 4000) / n
    error = np.sqrt((control * (1 - control) + treated * (1 - treated)) / n)
    assert np.mean((treated - control) / error > 1.96) == pytest.approx(0.80, abs=0.025)


@pytest.mark.parametrize(
    ("effect", "like", "text"),
    [(0.01234, "1pp", "1.3pp"), (0.0205, "5%", "5.2%"), (3.0, "2", "3"), (0.2, "50%", "50%")],
)
def test_a_larger_effect_is_written_in_the_declared_unit(effect: float, like: str, text: str):
    assert written(effect, Percentage.parse(like), 0.4) == text


@pytest.mark.parametrize(("days", "weeks"), [(3, 14), (14, 14), (15, 21), (28.1, 35)])
def test_days_become_whole_weeks(days: float, weeks: int):
    assert whole_weeks(days) == weeks


@pytest.mark.parametrize(
    ("duration", "severity"), [("5d", "error"), ("7d", "warn"), ("10d", "warn"), ("20d", "warn")]
)
def test_a_broken_week_is_worse_the_shorter_it_is(duration: str, severity: str):
    (finding,) = ask("EXP002", {"experiment.duration": duration}).findings
    assert finding.severity == severity
    assert finding.fix == ("duration: 21d" if duration == "20d" else "duration: 14d")


def test_a_missing_duration_is_computed_from_the_effect():
    changes = {**BY_ROW, "experiment.duration": GONE, "experiment.minimum_effect": "0.4pp"}
    (finding,) = ask("EXP002", changes).findings
    needed = units_per_arm(0.41 * 0.59 + 0.406 * 0.594, 0.004)  # the KPI is to fall
    assert finding.numbers["units_per_arm"] == pytest.approx(needed)
    assert finding.numbers["days_needed"] == pytest.approx(needed / 4800)
    assert finding.fix == "duration: 56d"


def test_a_missing_duration_of_a_kpi_in_money_is_not_assessed():
    answer = ask("EXP002", {"experiment.duration": GONE}).by_code["EXP002"]
    assert answer.state == "not assessed"
    assert "--run" in answer.reason


def test_the_size_of_a_share_follows_from_its_baseline():
    (finding,) = ask("EXP003", CASES["EXP003"][0]).findings
    needed = units_per_arm(0.41 * 0.59 + 0.408 * 0.592, 0.002)
    assert finding.numbers["units_needed"] == pytest.approx(needed)
    assert finding.numbers["units"] == 0.5 * 9600 * 28
    assert finding.fix == "minimum_effect: 0.54pp"


def test_a_longer_test_is_offered_where_it_ends_within_half_a_year():
    changes = {**BY_ROW, "experiment.minimum_effect": "0.3pp"}
    (finding,) = ask("EXP003", changes).findings
    assert finding.fix == "minimum_effect: 0.54pp, or duration: 91d"
    assert state("EXP003", {**changes, "experiment.duration": "91d"}) == "silent"


def test_what_the_fix_offers_is_large_enough():
    (finding,) = ask("EXP003", CASES["EXP003"][0]).findings
    offered = finding.fix.partition(": ")[2].partition(",")[0]
    assert state("EXP003", {**BY_ROW, "experiment.minimum_effect": offered}) == "silent"


def test_a_small_last_stage_makes_small_arms():
    changes = {**BY_ROW, "experiment.minimum_effect": "0.6pp", "experiment.stages": ["1%", "5%"]}
    (finding,) = ask("EXP003", changes).findings
    assert finding.numbers["units"] == pytest.approx(0.05 * 9600 * 28)


def test_units_that_come_again_are_not_assessed_without_data():
    changes = {**SHARE, "experiment.minimum_effect": "0.6pp"}
    answer = ask("EXP003", changes).by_code["EXP003"]
    assert answer.state == "not assessed"
    assert "different customer" in answer.reason


def test_too_few_decisions_are_too_few_units_whatever_the_unit():
    assert state("EXP003", {**SHARE, "experiment.minimum_effect": "0.2pp"}) == "fired"


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {**BY_ROW, "experiment.minimum_effect": GONE},
        {**BY_ROW, "business.scale": GONE},
        {**BY_ROW, "experiment.duration": GONE, "business.kpi.timeframe": GONE},
    ],
)
def test_what_cannot_be_sized_says_what_is_missing(changes: dict[str, Any]):
    answer = ask("EXP003", changes).by_code["EXP003"]
    assert answer.state == "not assessed"
    assert answer.reason


def sized(labels: dict[str, Any] | None = None, **changes: Any):
    """Return the finding of EXP003 with the log's own spread; declared traffic is that of the log."""
    plain = {**SHARE, "business.scale.decisions_per_day": 40, "experiment.minimum_effect": "1pp", **changes}
    return asked("EXP003", evidence_of(labels=labels, changes=plain))


def test_the_spread_is_read_from_the_units_of_the_log():
    fraud = (np.random.default_rng(1).random(N) < 0.3).astype(float)
    (finding,) = sized({"fraud": fraud}, **{"business.kpi.metric": "mean(fraud) by customer mean"}).findings
    columns = table()
    rows = columns["at"] > columns["at"].max() - 28 * 86_400_000_000
    unit = np.unique(columns["customer"][rows], return_inverse=True)[1]
    means = np.bincount(unit, weights=fraud[rows]) / np.bincount(unit)
    assert finding.numbers["mean"] == pytest.approx(means.mean())
    assert finding.numbers["units_needed"] == pytest.approx(units_per_arm(2 * means.var(ddof=1), 0.01))
    assert finding.numbers["units"] == pytest.approx(len(means) / 2, rel=0.05)
    assert "spread from the log" in finding.evidence


def test_the_spread_of_a_mean_over_rows_is_that_of_a_ratio():
    """Simulated: the error of a ratio of sums over units agrees with the variance that is used."""
    rng = np.random.default_rng(3)
    columns = table()
    level = rng.random(N)[columns["customer"].astype(int)]
    fraud = (rng.random(N) < level).astype(float)
    (finding,) = sized({"fraud": fraud}).findings
    rows = columns["at"] > columns["at"].max() - 28 * 86_400_000_000
    unit = np.unique(columns["customer"][rows], return_inverse=True)[1]
    sums, counts = np.bincount(unit, weights=fraud[rows]), np.bincount(unit)
    draws = rng.integers(0, len(sums), (2000, len(sums)))
    error = np.std(sums[draws].sum(axis=1) / counts[draws].sum(axis=1))
    used = finding.numbers["units_needed"] * 0.01**2 / (2 * (1.959964 + 0.841621) ** 2)
    assert np.sqrt(used / len(sums)) == pytest.approx(error, rel=0.05)


def test_a_log_that_is_a_sample_counts_the_declared_traffic():
    fraud = (np.random.default_rng(1).random(N) < 0.3).astype(float)
    (finding,) = sized({"fraud": fraud}).findings
    (tenfold,) = sized({"fraud": fraud}, **{"business.scale.decisions_per_day": 400}).findings
    assert tenfold.numbers["units"] == pytest.approx(10 * finding.numbers["units"], rel=0.05)


def test_enough_units_in_the_log_are_silent():
    fraud = (np.random.default_rng(1).random(N) < 0.3).astype(float)
    assert (
        sized({"fraud": fraud}, **{"experiment.minimum_effect": "30pp"}).by_code["EXP003"].state == "silent"
    )


def of_run(error: float) -> dict[str, Any]:
    """Return what a run's JSON says of the KPI: 4,200 a day over ten test days and 1,000 customers."""
    figure = {"metric": "cost per 1d", "value": 4200.0, "standard_error": error, "n": 96_000, "n_units": 1000}
    planned = {"start": "2026-04-01T00:00:00Z", "end": "2026-04-11T00:00:00Z"}
    return {
        "metrics": [{"metric": "cost per 1d", "model": figure}],
        "examples": {"parts": {"test": {"planned": planned}, "none": {"planned": None}}},
    }


def test_money_is_sized_by_the_interval_of_a_run():
    """Half the customers in each arm for 28 days: the relative error is that of ten days times
    sqrt(10 / 28) / sqrt(0.5), and of a difference sqrt(2) more."""
    (finding,) = ask("EXP003", run=of_run(210.0)).findings
    found = (1.959964 + 0.841621) * 0.05 * (10 / 28 / 0.5 * 2) ** 0.5
    assert finding.numbers["smallest_effect"] == pytest.approx(found * 4200, rel=1e-4)
    assert "spread from the run" in finding.evidence
    assert state("EXP003", run=of_run(60.0)) == "silent"


def test_an_effect_of_a_total_must_be_relative():
    answer = ask("EXP003", {"experiment.minimum_effect": "200"}, run=of_run(210.0)).by_code["EXP003"]
    assert answer.state == "not assessed"
    assert "in %" in answer.reason


def test_a_guardrail_is_offered_on_the_action_that_hurts():
    (finding,) = ask("EXP004", {"experiment.guardrails": []}).findings
    assert finding.fix == "guardrails: [{metric: \"share(action = 'block')\", margin: 0.2pp}]"


def test_the_log_shows_which_unit_is_finer():
    by_household = {"experiment.unit": "household"}
    evidence = evidence_of(columns={"household": np.arange(N) % 50.0}, changes=by_household)
    assert answer("EXP005", evidence).state == "fired"
    nested = {"household": np.floor(table()["customer"] / 10)}
    evidence = evidence_of(columns=nested, changes=by_household)
    assert answer("EXP005", evidence).state == "silent"
    assert state("EXP005", {"experiment.unit": "household"}) == "not assessed"


def test_the_unit_of_the_kpi_decides_what_is_fine():
    changes = {"business.kpi.metric": "mean(fraud) by customer mean", "experiment.unit": "session"}
    (finding,) = ask("EXP005", changes).findings
    assert finding.fix == "unit: customer"


@pytest.mark.parametrize(
    ("users", "unit", "is_found"),
    [
        ("riders and drivers", "customer", True),
        ("drivers", "customer", False),
        ("buyers on a marketplace", "customer", True),
        ("riders and drivers", "zone", False),
    ],
)
def test_both_sides_of_a_market_need_a_coarse_unit(users: str, unit: str, is_found: bool):
    found = ask("EXP005", {"business.users": users, "experiment.unit": unit}).findings
    assert any("holds both arms apart" in one.evidence for one in found) is is_found


def test_a_common_budget_is_shared_by_both_arms():
    policy = {"bid": {"amount": "score", "price": "amount", "budget": "284 per 1d"}, "fallback": {"bid": 0}}
    changes = {
        "policy": policy,
        "constraints": [],
        "monitoring.track": [],
        "experiment.guardrails": [],
        "experiment.rollback": [],
    }
    (finding,) = ask("EXP005", changes).findings
    assert "one budget (284 per 1d)" in finding.evidence


def test_the_way_back_is_a_constraint_turned_round():
    (finding,) = ask("EXP006", CASES["EXP006"][0]).findings
    assert finding.fix == "rollback: [\"share(action = 'block') > 2%\"]"
    assert state("EXP006", {"experiment.rollback": ["share(action = 'block') > 2%"]}) == "silent"


def test_an_autonomous_system_needs_a_way_back_without_stages():
    changes = {**CASES["EXP006"][1], "product.archetype": "autonomous"}
    assert state("EXP006", changes) == "fired"


@pytest.mark.parametrize(
    ("metric", "state_of"), [("kpi", "silent"), ("cost per 1d", "silent"), ("latency_p99", "fired")]
)
def test_the_kpi_may_be_written_out(metric: str, state_of: str):
    assert state("EXP007", {"experiment.metric": metric}) == state_of
