import numpy as np
import pytest

from truenorth.engine.vectors import Vector, Vectors
from truenorth.models.contract import FitSettings, Rows, TaskSpec
from truenorth.models.registry import learner, load_model

TASK = TaskSpec(
    name="units", kind="amount", loss="quantile", roles={"usual": "number", "promoted": "number"},
    levels=(0.1, 0.5, 0.9), scale="usual",
)  # fmt: skip


def rows(n: int, seed: int) -> tuple[Rows, np.ndarray]:
    """Sales about `usual`, which differs 10,000-fold between series; promotions double them."""
    rng = np.random.default_rng(seed)
    usual = 10 ** rng.uniform(1, 5, n)
    promoted = rng.integers(0, 2, n)
    noise = rng.normal(scale=0.2, size=n)
    sold = usual * 2.0**promoted * np.exp(noise)
    columns = {"usual": Vector.numbers(usual), "promoted": Vector.numbers(promoted)}
    truth = usual * 2.0**promoted
    return Rows(features=Vectors(columns, n), target=sold, weight=np.ones(n)), truth


@pytest.mark.parametrize("name", ["linear", "trees"])
def test_relative_errors_are_alike_for_small_and_large_series(name):
    train, _ = rows(4_000, 1)
    held, truth = rows(2_000, 2)
    predicted = learner(name).fit(TASK, train, held, FitSettings()).predict(held.features)
    miss = np.abs(predicted[:, 1] / truth - 1)
    usual = held.features["usual"].values
    assert np.median(miss[usual < 100]) < 0.08
    assert np.median(miss[usual > 10_000]) < 0.08
    covered = (predicted[:, 0] <= held.target) & (held.target <= predicted[:, 2])
    assert abs(covered.mean() - 0.8) < 0.05
    assert (np.diff(predicted, axis=1) >= 0).all()


def test_it_reads_back_bit_by_bit(tmp_path):
    train, _ = rows(500, 3)
    model = learner("trees").fit(TASK, train, None, FitSettings())
    model.dump(tmp_path)
    again = load_model(tmp_path)
    assert again.form == model.form == "trees"
    assert again.task == TASK
    assert np.array_equal(again.predict(train.features), model.predict(train.features))


def test_a_row_without_the_rule_still_gets_an_amount():
    train, _ = rows(500, 3)
    model = learner("linear").fit(TASK, train, None, FitSettings())
    columns = {"usual": Vector.numbers([np.nan]), "promoted": Vector.numbers([1.0])}
    assert np.isfinite(model.predict(Vectors(columns, 1))).all()


def test_other_tasks_are_learned_as_they_are():
    plain = TaskSpec(name="units", kind="number", loss="squared", roles=TASK.roles)
    train, _ = rows(500, 4)
    model = learner("linear").fit(plain, train, None, FitSettings())
    assert type(model).__name__ == "LinearModel"
