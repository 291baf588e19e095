"""Two arms of a recommender with true propensities: what off-policy work needs stands in the table."""

import csv

import numpy as np
import pyarrow as pa
import pytest

import truenorth
from tests.realdata.direct import DATA, DAY, FRAMINGS, MINUTE, History, assert_equal, count, needs, values
from truenorth import Built

pytestmark = needs("open_bandit")


@pytest.fixture(scope="module")
def log() -> dict[str, np.ndarray]:
    rows = []
    for arm in ("random", "bts"):
        with (DATA / "open_bandit" / f"{arm}_all.csv").open(newline="") as file:
            rows += [{**row, "arm": arm} for row in csv.DictReader(file)]
    stamps = [row["timestamp"].removesuffix("+00:00") for row in rows]
    return {
        "at": np.array(stamps, dtype="datetime64[us]").astype(np.int64),
        "item": np.array([int(row["item_id"]) for row in rows]),
        "position": np.array([int(row["position"]) for row in rows]),
        "click": np.array([int(row["click"]) for row in rows]),
        "propensity": np.array([float(row["propensity_score"]) for row in rows]),
        "random": np.array([row["arm"] == "random" for row in rows]),
    }


@pytest.fixture(scope="module")
def kept(log: dict[str, np.ndarray]) -> np.ndarray:
    """Rows with a day of log behind them, in order of time, item and position."""
    rows = np.flatnonzero(log["at"] - DAY >= log["at"].min())
    return rows[np.lexsort([log[name][rows] for name in ("position", "item", "at")])]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return truenorth.build(FRAMINGS / "open_bandit.yaml", out=tmp_path_factory.mktemp("bandit"))


@pytest.fixture(scope="module")
def examples(built: Built) -> pa.Table:
    return built.examples.sort_by([(name, "ascending") for name in ("at", "item_id", "position")])


def test_the_log_is_the_published_one(log: dict[str, np.ndarray]):
    assert (log["random"].sum(), (~log["random"]).sum()) == (10_000, 10_000)
    assert len(np.unique(log["item"])) == 80
    assert set(log["position"]) == {1, 2, 3}
    assert (log["click"][log["random"]].sum(), log["click"][~log["random"]].sum()) == (38, 42)


def test_every_row_keeps_its_arm_position_and_probability(examples: pa.Table, log, kept: np.ndarray):
    assert np.array_equal(values(examples, "at"), log["at"][kept])
    assert_equal(values(examples, "position"), log["position"][kept])
    assert_equal(values(examples, "propensity"), log["propensity"][kept])
    assert np.array_equal(values(examples, "explored"), log["random"][kept])
    assert values(examples, "action").astype(int).tolist() == log["item"][kept].tolist()
    assert set(values(examples, "file")) == {"random", "bts"}


def test_the_random_arm_chose_each_of_80_items_alike(examples: pa.Table):
    explored = values(examples, "explored")
    assert set(values(examples, "propensity")[explored]) == {1 / 80}
    assert len(np.unique(values(examples, "propensity")[~explored])) > 100


def test_clicks_and_item_histories_equal_the_log(examples: pa.Table, log, kept: np.ndarray):
    at, item = values(examples, "at"), values(examples, "item")
    history = History(log["item"], log["at"])
    assert_equal(values(examples, "item_shows"), count(history.window(item, at - DAY, at)))
    known = history.window(item, at - DAY, at - 10 * MINUTE)
    assert_equal(values(examples, "item_clicks"), history.total(log["click"], known))
    observed = values(examples, "click__state") == "observed"
    assert_equal(values(examples, "click")[observed], log["click"][kept][observed])
    assert values(examples, "click")[observed].sum() == 69
