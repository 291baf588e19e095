import numpy as np
import pyarrow as pa
import pytest

import truenorth
from truenorth.examples.dataset import read_dataset
from truenorth.models.contract import FitSettings
from truenorth.models.propensity import inverse_propensity
from truenorth.models.registry import learner
from truenorth.models.rows import rows_of, task_specs

FRAMING = {
    "framing": 1, "name": "chosen",
    "business": {"goal": "learn from what a policy chose"},
    "sources": {"log": {"time": "at", "key": "id", "known_after": {"liked": "0s"}}},
    "examples": {"source": "log", "entity": "id", "at": "time", "propensity": "chance"},
    "labels": {"liking": {"when": "liked = 1"}},
    "features": {"topic": {"column": "topic"}},
    "objective": {"score": "liking"},
    "models": {"tasks": {"liking": {"position": "debias"}}},
    "split": {"random": {"train": "50%", "test": "50%"}, "reason": "simulated", "seed": 1},
}  # fmt: skip


@pytest.fixture
def chosen() -> pa.Table:
    """A policy that shows a topic to those who like everything, and so makes it look better than it is."""
    rng = np.random.default_rng(0)
    n = 60_000
    topic, taste = rng.integers(0, 2, n), rng.integers(0, 2, n)
    chance = np.where((topic == 1) & (taste == 0), 0.1, 0.9)
    likes = rng.random(n) < np.where(taste == 1, 0.6, 0.2)
    shown = rng.random(n) < chance
    columns = {"id": np.arange(n), "topic": topic.astype(float), "chance": chance, "liked": likes.astype(int)}
    table = pa.table({name: values[shown] for name, values in columns.items()})
    at = np.datetime64("2026-01-01", "us") + np.zeros(table.num_rows, dtype="timedelta64[us]")
    return table.append_column("at", pa.array(at))


def test_weights_mend_what_the_policy_did_to_the_log(chosen, tmp_path):
    dataset = built(chosen, tmp_path, FRAMING)
    plain = built(chosen, tmp_path / "plain", {key: v for key, v in FRAMING.items() if key != "models"})
    # the truth is the same for both topics: half of the people like with .6, half with .2
    assert abs(shown_gap(dataset)) < 0.03
    assert shown_gap(plain) > 0.1


def built(table: pa.Table, folder, framing: dict):
    made = truenorth.build(framing, frames={"log": table}, out=folder)
    return read_dataset(made.paths["examples"], truenorth.load_text(_text(framing)), base=folder)


def _text(framing: dict) -> str:
    import yaml

    return yaml.safe_dump(framing, sort_keys=False)


def shown_gap(dataset) -> float:
    """How much better topic 1 is predicted to be."""
    spec = task_specs(dataset)["liking"]
    rows = rows_of(dataset.part("train"), spec)
    model = learner("linear").fit(spec, rows, None, FitSettings())
    test = dataset.part("test").columns
    predicted, topic = model.predict(test), test["topic"].values
    return float(predicted[topic == 1].mean() - predicted[topic == 0].mean())


def test_no_row_weighs_more_than_the_clip_allows():
    weights = inverse_propensity(np.array([1e-9, 0.2, 1.0, np.nan]), clip=0.1)
    assert weights.tolist() == [10.0, 5.0, 1.0, 1.0]
