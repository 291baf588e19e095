"""414 hourly series, 48 steps ahead: the last origin is the competition's own test."""

import csv

import numpy as np
import pyarrow as pa
import pytest

import truenorth
from tests.realdata.direct import DATA, FRAMINGS, HOUR, assert_equal, needs, values
from truenorth import Built

pytestmark = needs("m4_hourly")

LENGTH = 960 + 48
"""Hours of the longest series; the shorter ones are moved so that all end together."""


@pytest.fixture(scope="module")
def series() -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for part in ("train", "test"):
        with (DATA / "m4_hourly" / f"Hourly-{part}.csv").open() as file:
            for name, *cells in list(csv.reader(file))[1:]:
                found.setdefault(name, []).extend(float(cell) for cell in cells if cell)
    return found


@pytest.fixture(scope="module")
def grid(series: dict[str, list[float]]) -> dict[str, np.ndarray]:
    """Values by hour since 1970-01-01, nan before a series begins."""
    return {name: np.array([np.nan] * (LENGTH - len(one)) + one) for name, one in series.items()}


@pytest.fixture(scope="module")
def built(series: dict[str, list[float]], tmp_path_factory: pytest.TempPathFactory) -> Built:
    hours = [hour for one in series.values() for hour in range(LENGTH - len(one), LENGTH)]
    sales = pa.table(
        {
            "series": [name for name, one in series.items() for _ in one],
            "hour": pa.array(np.array(hours) * HOUR, pa.timestamp("us", tz="UTC")),
            "value": [value for one in series.values() for value in one],
        }
    )
    out = tmp_path_factory.mktemp("m4")
    return truenorth.build(FRAMINGS / "m4_demand.yaml", frames={"sales": sales}, out=out)


@pytest.fixture(scope="module")
def examples(built: Built) -> pa.Table:
    return built.examples


def hours(examples: pa.Table, grid: dict[str, np.ndarray], shift: int) -> np.ndarray:
    """What each row's series sold in the hour `shift` hours after its target, 0 where it does not exist."""
    hour = values(examples, "target") // HOUR + shift
    names = values(examples, "series")
    cells = [
        grid[name][at] if 0 <= at < LENGTH else np.nan for name, at in zip(names, hour.tolist(), strict=True)
    ]
    return np.nan_to_num(np.array(cells))


def test_series_are_the_published_ones(series: dict[str, list[float]]):
    assert len(series) == 414
    assert {len(one) for one in series.values()} == {700 + 48, 960 + 48}


def test_every_origin_has_48_steps_of_every_series_that_had_begun(examples: pa.Table, series):
    # the short series begin at hour 260, before the first origin at 336
    origins = np.unique(values(examples, "at"))
    assert np.array_equal(origins, np.arange(14 * 24, LENGTH + 1, 48) * HOUR)
    assert examples.num_rows == len(origins) * 414 * 48
    assert_equal(
        values(examples, "target"), values(examples, "at") + (values(examples, "step").astype(int) - 1) * HOUR
    )


def test_units_are_those_of_the_target_hour(examples: pa.Table, grid: dict[str, np.ndarray]):
    observed = values(examples, "units__state") == "observed"
    assert_equal(values(examples, "units")[observed], hours(examples, grid, 0)[observed])
    # the origin at the end of the log asks for hours that nobody has seen
    assert np.array_equal(~observed, values(examples, "at") >= LENGTH * HOUR)


def test_the_test_part_is_the_competition_s_test(examples: pa.Table, series):
    part = examples.filter(values(examples, "split") == "test").sort_by(
        [("series", "ascending"), ("step", "ascending")]
    )
    wanted = [value for name in sorted(series) for value in series[name][-48:]]
    assert_equal(values(part, "units"), np.array(wanted))


def test_same_hour_is_read_only_where_it_was_known(examples: pa.Table, grid: dict[str, np.ndarray]):
    for gap in (167, 335):
        assert_equal(values(examples, f"same_hour_{gap}h"), hours(examples, grid, -gap - 1))


def test_level_is_the_mean_of_the_hours_before_the_origin(examples: pa.Table, grid: dict[str, np.ndarray]):
    origin = values(examples, "at") // HOUR
    names = values(examples, "series")
    for last in (24, 168):
        cells = {
            (name, at): np.nanmean(grid[name][at - last : at])
            for name in grid
            for at in np.unique(origin).tolist()
        }
        wanted = [cells[one] for one in zip(names, origin.tolist(), strict=True)]
        assert_equal(values(examples, f"level_{last}h"), np.array(wanted))


def test_aligned_at_their_start_the_short_series_would_have_sold_nothing(series: dict[str, list[float]]):
    """What the loader must avoid: an hour without a row counts as 0 units; nothing tells it from a gap."""
    name = min(series, key=lambda one: len(series[one]))
    longest = max(series, key=lambda one: len(series[one]))
    rows = [(one, hour, value) for one in (name, longest) for hour, value in enumerate(series[one])]
    sales = pa.table(
        {
            "series": [one for one, _, _ in rows],
            "hour": pa.array(np.array([hour for _, hour, _ in rows]) * HOUR, pa.timestamp("us", tz="UTC")),
            "value": [value for _, _, value in rows],
        }
    )
    built = truenorth.build(FRAMINGS / "m4_demand.yaml", frames={"sales": sales}).examples
    late = built.filter((values(built, "series") == name) & (values(built, "at") > 748 * HOUR))
    assert set(values(late, "units")[values(late, "units__state") == "observed"]) == {0.0}
