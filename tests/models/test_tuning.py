"""The search stays within its budget, repeats with its seed, and is never worse than where it began."""

import builtins
import time

import numpy as np
import pytest

from truenorth.engine.vectors import Vector, Vectors
from truenorth.errors import EngineError
from truenorth.models.contract import FitSettings, Rows, TaskSpec
from truenorth.models.trees import Trees
from truenorth.models.tuning import Choice, Span, Trial, search

SPACE = {"x": Span(-10.0, 10.0), "n": Span(1, 64, log=True, whole=True), "kind": Choice(("a", "b"))}
FIRST = {"x": 9.0, "n": 60, "kind": "a"}


def bowl(values: dict[str, object], trial: Trial) -> float:
    x, n = float(values["x"]), float(values["n"])  # type: ignore[arg-type]
    return (x - 2) ** 2 + abs(np.log2(n / 8)) + (values["kind"] == "a")


def test_search_comes_near_the_minimum_and_repeats_with_its_seed() -> None:
    found = [search(bowl, SPACE, first=FIRST, trials=40, deadline=None, seed=3) for _ in range(2)]
    assert found[0].best == found[1].best
    assert found[0].loss < 0.2 * found[0].first_loss
    assert found[0].trials == 40
    assert found[0].stopped == "trials"


def test_settings_given_are_judged_first_and_kept_where_nothing_is_better() -> None:
    best = {"x": 2.0, "n": 8, "kind": "b"}
    found = search(bowl, SPACE, first=best, trials=10, deadline=None, seed=0)
    assert found.best == best
    assert found.loss == found.first_loss == 0.0


def test_no_trial_begins_after_the_deadline() -> None:
    def slow(values: dict[str, object], trial: Trial) -> float:
        time.sleep(0.05)
        return bowl(values, trial)

    began = time.monotonic()
    found = search(slow, SPACE, first=FIRST, trials=10_000, deadline=began + 0.5, seed=0)
    assert found.stopped == "time"
    assert found.trials < 20
    assert time.monotonic() - began < 5


def test_trials_that_look_worse_than_the_median_are_given_up() -> None:
    steps: list[int] = []

    def judge(values: dict[str, object], trial: Trial) -> float:
        for step in range(1, 201):
            trial.report(step, bowl(values, trial))
        steps.append(step)
        return bowl(values, trial)

    found = search(judge, SPACE, first=FIRST, trials=30, deadline=None, seed=0)
    assert found.pruned > 0
    assert found.pruned + len(steps) == 31


def world(n: int, seed: int) -> Rows:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 5))
    target = (rng.random(n) < 1 / (1 + np.exp(-(x[:, 0] * x[:, 1] + x[:, 2])))).astype(float)
    columns = {f"x{k}": Vector.numbers(x[:, k]) for k in range(5)}
    return Rows(features=Vectors(columns, n), target=target, weight=np.ones(n))


TASK = TaskSpec(name="hit", kind="binary", loss="log", roles={f"x{k}": "number" for k in range(5)})


def test_tuned_trees_are_no_worse_on_validation_rows_and_say_what_was_tried() -> None:
    train, validation = world(800, 0), world(400, 1)
    plain = Trees().fit(TASK, train, validation, FitSettings(threads=1))
    tuned = Trees().fit(TASK, train, validation, FitSettings(threads=1, trials=8))
    said = tuned.summary()
    assert said["validation_loss"] <= plain.summary()["validation_loss"]
    assert said["tuning"]["trials"] == 8
    assert said["tuning"]["first_loss"] == pytest.approx(plain.summary()["validation_loss"])
    assert all(said["settings"][name] == value for name, value in said["tuning"]["best"].items())


def test_tuning_repeats_with_its_seed() -> None:
    train, validation = world(500, 0), world(300, 1)
    models = [
        Trees().fit(TASK, train, validation, FitSettings(threads=1, trials=4, seed=7)) for _ in range(2)
    ]
    np.testing.assert_array_equal(*(model.predict(validation.features) for model in models))


def test_the_time_budget_holds_for_tuning_and_fitting_together() -> None:
    train, validation = world(4000, 0), world(2000, 1)
    began = time.monotonic()
    model = Trees().fit(TASK, train, validation, FitSettings(threads=1, trials=100_000, seconds=1.5))
    assert time.monotonic() - began < 3 * 1.5
    assert model.summary()["tuning"]["stopped"] == "time"


def test_an_exhausted_budget_still_gives_a_model() -> None:
    model = Trees().fit(TASK, world(500, 0), None, FitSettings(threads=1, seconds=0.0))
    assert model.summary()["stopped"] == ["time"]
    assert np.isfinite(model.predict(world(5, 2).features)).all()


def test_an_amount_is_smeared_within_the_budget() -> None:
    given = world(3000, 0)
    amounts = Rows(features=given.features, target=given.target * 50, weight=given.weight)
    spec = TaskSpec(name="spend", kind="amount", loss="log_squared", roles=TASK.roles)
    model = Trees().fit(spec, amounts, None, FitSettings(threads=1, seconds=0.0))
    assert model.summary()["stopped"] == ["time"]
    assert model.predict(given.features).mean() == pytest.approx(amounts.target.mean(), rel=0.05)


def test_without_validation_rows_nothing_is_tuned_and_that_is_said() -> None:
    model = Trees().fit(TASK, world(300, 0), None, FitSettings(threads=1, trials=5))
    assert model.summary()["tuning"] == {"trials": 0, "why": "no validation rows"}


def test_tuning_without_optuna_names_the_install_line_and_fitting_does_not_need_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = builtins.__import__

    def without(name: str, *args: object, **more: object) -> object:
        if name == "optuna":
            raise ImportError(name)
        return real(name, *args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", without)
    train, validation = world(300, 0), world(200, 1)
    Trees().fit(TASK, train, validation, FitSettings(threads=1))
    with pytest.raises(EngineError, match=r"truenorth\[tune\]"):
        Trees().fit(TASK, train, validation, FitSettings(threads=1, trials=2))
