"""The trips world: minutes have the mean and the quantiles that are written down as true."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from truenorth.worlds import World, make_world
from truenorth.worlds.stream import DAY, SECOND, START_US

DAYS = 28


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world("trips", tmp_path_factory.mktemp("trips") / "w", seed=5, trips=600, days=DAYS)


@pytest.fixture(scope="module")
def trips(world: World) -> pa.Table:
    return pq.read_table(world.log / "trips")


@pytest.fixture(scope="module")
def truth(world: World) -> dict[str, np.ndarray]:
    table = pq.read_table(world.truth / "trips.parquet")
    return {name: table[name].to_numpy() for name in table.column_names}


def test_the_mean_is_the_mean(truth):
    left = truth["minutes"] - truth["mean"]
    assert abs(left.mean()) < 4 * left.std() / np.sqrt(len(left))


@pytest.mark.parametrize(("name", "level"), [("q10", 0.1), ("q50", 0.5), ("q90", 0.9)])
def test_each_true_quantile_is_reached_at_its_level(truth, name: str, level: float):
    below = np.mean(truth["minutes"] <= truth[name])
    assert abs(below - level) < 4 * np.sqrt(level * (1 - level) / len(truth["minutes"]))


def test_drop_off_is_after_pick_up_and_only_before_the_end(trips: pa.Table, truth):
    picked = trips["picked_up_at"].cast(pa.int64()).to_numpy()
    true_end = picked + np.rint(truth["minutes"] * 60).astype(np.int64) * SECOND
    known = trips["dropped_off_at"].is_valid().to_numpy()
    assert np.array_equal(known, true_end < START_US + DAYS * DAY)
    ended = trips["dropped_off_at"].cast(pa.int64()).fill_null(0).to_numpy()
    assert np.array_equal(ended[known], true_end[known])
    assert (true_end > picked).all()


def test_the_rush_and_wet_days_are_slow(world: World, trips: pa.Table, truth):
    pace = truth["minutes"] / trips["way_km"].to_numpy()
    hour = pc.hour(trips["picked_up_at"]).to_numpy()
    far = trips["way_km"].to_numpy() > 3
    assert np.median(pace[far & (hour == 17)]) > 1.5 * np.median(pace[far & (hour <= 4)])
    wet = pq.read_table(world.truth / "days.parquet")["is_wet"].to_numpy()
    day = (trips["picked_up_at"].cast(pa.int64()).to_numpy() - START_US) // DAY
    assert 1.05 < np.median(pace[wet[day]]) / np.median(pace[~wet[day]]) < 1.4


def test_near_zones_are_gone_to_more_often(world: World, trips: pa.Table):
    zones = pq.read_table(world.dimensions / "zones.parquet")
    place = np.stack([zones["x_km"].to_numpy(), zones["y_km"].to_numpy()], axis=1)
    straight = np.linalg.norm(place[:, None] - place[None], axis=2)
    taken = straight[trips["from_zone"].to_numpy(), trips["to_zone"].to_numpy()]
    assert taken.mean() < 0.7 * straight.mean()
