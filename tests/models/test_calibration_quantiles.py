import numpy as np
import pytest

from truenorth.models.calibration import fit_calibrator, load_calibrator
from truenorth.models.contract import TaskSpec

LEVELS = (0.1, 0.5, 0.9)


def task(kind: str) -> TaskSpec:
    return TaskSpec(name="units", kind=kind, loss="quantile", levels=LEVELS)


def drawn(kind: str, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Predictions whose bands are half as wide as they should be, about the right median."""
    rng = np.random.default_rng(seed)
    middle = rng.uniform(2, 6, n)
    noise = rng.normal(size=n)
    said = middle[:, None] + 0.5 * np.array([-1.2816, 0.0, 1.2816])
    happened = middle + noise
    return (np.expm1(said), np.expm1(np.maximum(happened, 0))) if kind == "amount" else (said, happened)


@pytest.mark.parametrize("kind", ["number", "amount"])
def test_moved_quantiles_hold_on_new_rows(kind):
    said, happened = drawn(kind, 20_000, 1)
    new, truth = drawn(kind, 20_000, 2)
    before = (truth[:, None] <= new).mean(axis=0)
    made = fit_calibrator("auto", said, happened, task=task(kind))
    after = (truth[:, None] <= made.apply(new)).mean(axis=0)
    assert abs(before[2] - 0.9) > 0.1
    assert np.abs(after - np.array(LEVELS)).max() < 0.015


def test_rows_of_more_weight_count_more():
    said = np.zeros((1_000, 3))
    happened = np.r_[np.zeros(500), np.ones(500)]
    weight = np.r_[np.ones(500), np.full(500, 9.0)]
    made = fit_calibrator("auto", said, happened, task=task("number"), weight=weight)
    assert made.apply(np.zeros((1, 3)))[0].tolist() == [0.0, 1.0, 1.0]


def test_few_rows_move_nothing():
    made = fit_calibrator("auto", np.ones((50, 3)), np.zeros(50), task=task("number"))
    assert made.apply(np.ones((2, 3))).tolist() == np.ones((2, 3)).tolist()


def test_it_reads_back():
    said, happened = drawn("amount", 500, 3)
    made = fit_calibrator("auto", said, happened, task=task("amount"))
    assert load_calibrator(made.to_dict()) == made
