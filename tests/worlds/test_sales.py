"""The sales world: units have their true quantiles, and plans are announced before they hold."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from truenorth.worlds import World, make_world
from truenorth.worlds.sales import LEVELS, quantiles
from truenorth.worlds.stream import DAY, HOUR, START_US

SERIES, DAYS = 25, 35


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world("sales", tmp_path_factory.mktemp("sales") / "w", seed=5, series=SERIES, days=DAYS)


@pytest.fixture(scope="module")
def sales(world: World) -> dict[str, np.ndarray]:
    log, truth = pq.read_table(world.log / "sales"), pq.read_table(world.truth / "sales.parquet")
    assert log["hour"].equals(truth["hour"]) and log["series"].equals(truth["series"])
    hour = log["hour"].cast(pa.int64()).to_numpy()
    return {"hour": hour, **{name: truth[name].to_numpy() for name in truth.column_names[1:]},
            "units": log["units"].to_numpy()}  # fmt: skip


def test_every_series_has_every_hour_once(sales):
    cells = (sales["hour"] - START_US) // HOUR * SERIES + sales["series"]
    assert np.array_equal(np.sort(cells), np.arange(24 * DAYS * SERIES))


def test_units_have_the_true_mean(sales):
    z = (sales["units"] - sales["mean"]) / np.sqrt(sales["mean"] + sales["mean"] ** 2 / 12)
    assert abs(z.mean()) < 4 / np.sqrt(len(z))
    assert abs(z.std() - 1) < 0.05


@pytest.mark.parametrize("level", LEVELS, ids=str)
def test_each_true_quantile_is_the_least_number_reached_at_its_level(sales, level: float):
    at = sales[f"q{100 * level:g}"]
    margin = 4 * np.sqrt(level * (1 - level) / len(at))
    assert np.mean(sales["units"] <= at) > level - margin
    assert np.mean(sales["units"] < at) < level + margin


def test_quantiles_agree_with_draws():
    rng = np.random.default_rng(1)
    draws = rng.negative_binomial(12, 12 / (12 + 40.0), 200_000)
    for name, value in quantiles(np.array([40.0])).items():
        level = float(name[1:]) / 100
        assert abs(value[0] - np.quantile(draws, level)) <= 1


def test_a_plan_is_announced_before_its_week_and_raises_sales(world: World, sales):
    plans = pq.read_table(world.log / "plans")
    announced = plans["announced_at"].cast(pa.int64()).to_numpy()
    week, discount = plans["week"].to_numpy(), plans["discount"].to_numpy()
    assert np.all((announced < START_US + week * 7 * DAY) | (week == 0))
    table = np.zeros((week.max() + 1, SERIES), dtype=np.int64)
    table[week, plans["series"].to_numpy()] = discount
    in_week = (sales["hour"] - START_US) // (7 * DAY)
    own = table[in_week, sales["series"]]
    usual = np.array([sales["mean"][(sales["series"] == one) & (own == 0)].mean() for one in range(SERIES)])
    raised = (sales["mean"] / usual[sales["series"]])[own == 30].mean()
    assert 1.7 < raised < 2.8
    assert 0.05 < np.mean(table > 0) < 0.3


def test_series_differ_in_size_and_rhythm(sales):
    by_series = np.array([sales["mean"][sales["series"] == one].mean() for one in range(SERIES)])
    assert by_series.max() > 10 * by_series.min()
