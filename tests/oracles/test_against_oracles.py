"""Labels, features and the split on both engines equal the row-loop oracles on random logs."""

import pytest
from hypothesis import HealthCheck, Phase, given, settings

import truenorth
from tests.oracles.compare import differences
from tests.oracles.expressions import DAY, HOUR, MONDAY, iso
from tests.oracles.scenario import Scenario, expected, scenarios

_SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example)


def check(scenario: Scenario, engine: str) -> None:
    wanted = expected(scenario)
    try:
        result = truenorth.build(
            scenario.framing, as_of=scenario.as_of_text, engine=engine, frames=scenario.frames()
        )
    except truenorth.DataError:
        assert not wanted.rows, f"expected {len(wanted.rows)} rows"
        return
    assert differences(wanted, result.examples) == []
    assert result.examples.num_rows == len(wanted.rows)
    removed = {name: n_removed for name, n_removed, _ in result.attrition}
    assert removed.get("after as_of", 0) == wanted.n_after_as_of
    assert removed.get("warm-up", 0) == wanted.n_warm_up


@settings(max_examples=150, deadline=None, suppress_health_check=_SLOW)
@given(scenario=scenarios())
def test_duckdb_agrees_with_the_oracles_on_random_logs(scenario: Scenario) -> None:
    check(scenario, "duckdb")


# Each query costs Spark about a second: few scenarios with many labels and features, and no shrinking.
@pytest.mark.spark
@pytest.mark.slow
@pytest.mark.xdist_group("spark")
@settings(
    max_examples=12, deadline=None, derandomize=True, phases=[Phase.generate], suppress_health_check=_SLOW
)
@given(scenario=scenarios(n_labels=(4, 6), n_features=(5, 8)))
def test_spark_agrees_with_the_oracles_on_random_logs(scenario: Scenario) -> None:
    pytest.importorskip("pyspark", reason="the extra spark is not installed")
    check(scenario, "spark")


def _small(**changed: object) -> Scenario:
    """Four impressions of one user an hour apart, with one like; `changed` replaces parts of the framing."""
    impressions = [
        {
            "imp": f"i{index}", "user": "u1", "item": "a", "request": f"r{index}",
            "shown_at": MONDAY + hour * HOUR,
            "price": 1.0, "device": "ios", "tags": [], "position": 1, "outcome": 1, "rating": 1.0,
            "rated_at": MONDAY + hour * HOUR, "topic": "news", "sport": True, "music": False, "marks": ["x"],
        }
        for index, hour in enumerate((24, 25, 26, 27))
    ]  # fmt: skip
    like = {
        "other": "o0",
        "user": "u1",
        "item": "a",
        "kind": "like",
        "amount": 1.0,
        "logged_at": MONDAY + 26 * HOUR,
    }
    framing = {
        "framing": 1, "name": "small", "business": {"goal": "agree with the oracle"},
        "sources": {
            "impressions": {"time": "shown_at", "key": "imp", "known_after": {"outcome": "1h",
            "rating": "1h"}},
            "others": {"time": "logged_at", "key": "other", "covers": "2026-01-05..2026-01-20"},
        },
        "examples": {"source": "impressions", "entity": ["user", "item"], "at": "time"},
        "labels": {"liked": {"source": "others", "within": "1h"}},
        "features": {"likes": {"source": "others", "count": True, "last": "1d"}},
        "objective": {"score": "liked", "metric": "mean(liked)"},
        **changed,
    }  # fmt: skip
    return Scenario(framing, {"impressions": impressions, "others": [like]}, MONDAY + 10 * DAY)


def test_rows_whose_look_back_starts_before_covers_are_warm_up() -> None:
    framing = _small().framing
    sources = framing["sources"]
    covers = f"{iso(MONDAY + 2 * HOUR)}..2026-01-20"  # the rows at 24 h and 25 h look back to 0 h and 1 h
    scenario = _small(sources={**sources, "others": {**sources["others"], "covers": covers}})
    assert expected(scenario).n_warm_up == 2
    check(scenario, "duckdb")


def test_covers_default_to_what_was_observed() -> None:
    sources = _small().framing["sources"]
    others = {name: value for name, value in sources["others"].items() if name != "covers"}
    scenario = _small(sources={**sources, "others": others}, features={})
    wanted = expected(scenario)
    # The log of likes ends 1 us after its only row at 26 h: a window that closes there is mature.
    assert [cells["liked__state"] for cells in wanted.rows.values()] == ["observed"] * 2 + ["immature"] * 2
    check(scenario, "duckdb")


def test_a_scalar_known_after_bounds_the_columns_of_known_at_and_not_the_row() -> None:
    sources = _small().framing["sources"]
    impressions = {
        "time": "shown_at", "key": "imp", "known_at": {"rating": "rated_at"}, "known_after": "3h",
        "covers": "2025-12-01..2026-01-20",
    }  # fmt: skip
    scenario = _small(
        sources={**sources, "impressions": impressions},
        labels={"liked": {"source": "others", "within": "1h"}, "rated": {"when": "rating = 1"}},
        features={"shows": {"source": "impressions", "by": "user", "count": True, "last": "1h"}},
    )
    scenario = Scenario(scenario.framing, scenario.logs, MONDAY + 29 * HOUR)
    wanted = list(expected(scenario).rows.values())
    assert [cells["shows"] for cells in wanted] == [0, 1, 1, 1]
    assert [cells["rated__state"] for cells in wanted] == ["observed"] * 2 + ["immature"] * 2
    check(scenario, "duckdb")
