"""Growing one booster: objective, stopping on validation rows, and a deadline that holds."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from truenorth.models.contract import Floats, TaskSpec
from truenorth.models.losses import cross_entropy, focal, focal_to_probability, pinball
from truenorth.models.trees_heads import FOCAL_GAMMA, Head, is_custom
from truenorth.models.trees_samples import MOST_GRADES, Sample
from truenorth.models.trees_settings import MOST_ROUNDS, PATIENCE, TreeSettings, lightgbm_parameters

Report = Callable[[int, float], None]
"""Told the loss on validation rows after a round; may raise to give up."""


@dataclass(frozen=True, kw_only=True)
class Grown:
    """A booster as text, and how it came out."""

    text: str
    rounds: int
    loss: float | None
    """Best loss on validation rows; NDCG counts as 1 - NDCG."""
    stopped: str
    """`rounds`, `validation` or `time`."""


@dataclass(kw_only=True, eq=False)
class Watch:
    """LightGBM callback that keeps the best round, and stops when there is no gain or no time left."""

    deadline: float | None
    report: Report | None = None
    best: float = np.inf
    best_round: int = 0
    stopped: str = "rounds"
    order: int = field(default=30, init=False)
    before_iteration: bool = field(default=False, init=False)

    def __call__(self, env: Any) -> None:
        """Look at one round."""
        this = env.iteration + 1
        if env.evaluation_result_list:
            value, is_score = env.evaluation_result_list[0][2:4]
            loss = 1 - value if is_score else value
            if loss < self.best:
                self.best, self.best_round = loss, this
            if self.report is not None:
                self.report(this, loss)
            if this - self.best_round >= PATIENCE:
                self._stop("validation", env)
        else:
            self.best_round = this
        if self.deadline is not None and time.monotonic() >= self.deadline:
            self._stop("time", env)

    def _stop(self, why: str, env: Any) -> None:
        self.stopped = why
        raise lgb.callback.EarlyStopException(max(self.best_round, 1) - 1, env.evaluation_result_list or [])


@dataclass(frozen=True, kw_only=True)
class Bench:
    """Samples binned once, to grow boosters on with any settings."""

    train: lgb.Dataset
    validation: lgb.Dataset | None


def make_bench(
    train: Sample, validation: Sample | None, *, categorical: list[int], threads: int, seed: int
) -> Bench:
    """Return both samples binned; bins are those of the training rows."""
    parameters = lightgbm_parameters(TreeSettings(), seed=seed, threads=threads)
    first = _dataset(train, parameters, categorical, None)
    return Bench(
        train=first,
        validation=None if validation is None else _dataset(validation, parameters, categorical, first),
    )


def _dataset(
    sample: Sample, parameters: dict[str, Any], categorical: list[int], reference: lgb.Dataset | None
) -> lgb.Dataset:
    made = lgb.Dataset(
        sample.matrix, label=sample.target, weight=sample.weight, group=sample.list_sizes,
        init_score=np.full(len(sample.target), sample.offset) if sample.offset else None,
        position=sample.positions, reference=reference, params=dict(parameters),
        categorical_feature=categorical, free_raw_data=True,
    )  # fmt: skip
    return made.construct()


def grow(
    bench: Bench, objective: dict[str, Any], settings: TreeSettings, *, monotone: list[int], seed: int,
    threads: int, deadline: float | None, report: Report | None = None, metric: Any = None,
) -> Grown:  # fmt: skip
    """Grow one booster.

    Args:
        bench: Binned samples.
        objective: LightGBM's parameters of the loss.
        settings: Shape of the trees.
        monotone: 1, -1 or 0 for each column, empty for none.
        seed: Seed of row and column draws.
        threads: Threads.
        deadline: `time.monotonic()` at which growing ends with what is best.
        report: Told the validation loss of every round.
        metric: Loss on validation rows where LightGBM has none of its own.
    """
    parameters = {**lightgbm_parameters(settings, seed=seed, threads=threads), **objective}
    if bench.train.num_data() * settings.row_share < 1:
        parameters["bagging_fraction"] = 1.0
    if any(monotone):
        parameters |= {"monotone_constraints": monotone, "monotone_constraints_method": "intermediate"}
    watch = Watch(deadline=deadline, report=report)
    rounds = settings.rounds if bench.validation is None else MOST_ROUNDS
    booster = lgb.train(
        parameters, bench.train, rounds, feval=metric, callbacks=[watch],
        valid_sets=None if bench.validation is None else [bench.validation],
    )  # fmt: skip
    return Grown(
        text=booster.model_to_string(num_iteration=watch.best_round or -1, importance_type="gain"),
        rounds=watch.best_round, stopped=watch.stopped,
        loss=None if bench.validation is None else float(watch.best),
    )  # fmt: skip


def objective_of(head: Head, booster: int, task: TaskSpec, target: Floats) -> dict[str, Any]:
    """Return LightGBM's objective and metric for one booster of a head.

    Args:
        head: What is predicted.
        booster: Which of its boosters.
        task: What is learned.
        target: Training targets, which set the scale of Huber's loss and the pairs of a list.
    """
    if head.kind in ("binary", "grade", "hazard"):
        return {"objective": "binary", "metric": "binary_logloss", "boost_from_average": False}
    if head.kind == "focal":
        return {"objective": _focal_objective, "metric": "None", "boost_from_average": False}
    if head.kind == "class":
        return {"objective": "multiclass", "num_class": len(task.classes), "metric": "multi_logloss"}
    if head.kind == "quantile":
        level = task.levels[booster]
        objective = _pinball_objective(level, target) if is_custom(task) else "quantile"
        return {"objective": objective, "alpha": level, "metric": "quantile"}
    if head.kind == "ranking":
        return _ranking_objective(task)
    if task.loss == "huber":
        return {"objective": "huber", "alpha": _huber_delta(target), "metric": "huber"}
    if is_custom(task):
        return {"objective": _pinball_objective(0.5, target), "metric": "l1"}
    names = {"absolute": "regression_l1", "poisson": "poisson", "tweedie": "tweedie"}
    return {"objective": names.get(task.loss, "regression"), "metric": names.get(task.loss, "l2")}


def metric_of(head: Head) -> Any:
    """Return the loss on validation rows that LightGBM lacks: log loss of what focal scores mean."""
    return _focal_metric(head) if head.kind == "focal" else None


def _ranking_objective(task: TaskSpec) -> dict[str, Any]:
    """Return LambdaRank: `pairwise` counts every pair alike, `listwise` the top with exponential gain."""
    grades = range(MOST_GRADES + 1)
    gains = [2**grade - 1 for grade in grades] if task.loss == "listwise" else list(grades)
    return {
        "objective": "lambdarank", "metric": "ndcg", "eval_at": [10], "label_gain": gains,
        "lambdarank_truncation_level": 30 if task.loss == "listwise" else 10_000,
        # Any regularisation is multiplied by the number of rows and switches debiasing off.
        "lambdarank_position_bias_regularization": 0.0,
    }  # fmt: skip


def _huber_delta(target: Floats) -> float:
    """Return 1.345 robust standard deviations: 95 % efficient where the noise is normal (Huber, 1964)."""
    spread = 1.4826 * float(np.median(np.abs(target - np.median(target))))
    return 1.345 * spread if spread > 0 else 1.345 * float(np.std(target)) or 1.0


def _pinball_objective(
    level: float, target: Floats
) -> Callable[[Floats, lgb.Dataset], tuple[Floats, Floats]]:
    """Return the pinball loss with steps in units of the target's spread."""
    low, high = np.quantile(target, [0.1, 0.9])
    unit = float(high - low) or float(np.std(target)) or 1.0

    def objective(score: Floats, rows: lgb.Dataset) -> tuple[Floats, Floats]:
        terms = pinball(score, _label(rows), level=level)
        weight = _weight(rows)
        return terms.gradient * weight * unit, terms.hessian * weight

    return objective


def _focal_objective(score: Floats, rows: lgb.Dataset) -> tuple[Floats, Floats]:
    terms = focal(score, _label(rows), gamma=FOCAL_GAMMA)
    weight = _weight(rows)
    return terms.gradient * weight, np.maximum(terms.hessian, 1e-6) * weight


def _focal_metric(head: Head) -> Callable[[Floats, lgb.Dataset], tuple[str, float, bool]]:
    def log_loss(score: Floats, rows: lgb.Dataset) -> tuple[str, float, bool]:
        learned = np.clip(focal_to_probability(score, gamma=FOCAL_GAMMA), 1e-15, 1 - 1e-15)
        log_odds = np.log(learned / (1 - learned)) - head.shift
        value = np.average(cross_entropy(log_odds, _label(rows)).value, weights=_weight(rows))
        return "log_loss", float(value), False

    return log_loss


def _label(rows: lgb.Dataset) -> NDArray[np.float64]:
    return np.asarray(rows.get_label(), dtype=np.float64)


def _weight(rows: lgb.Dataset) -> NDArray[np.float64]:
    weight = rows.get_weight()
    return np.ones(rows.num_data()) if weight is None else np.asarray(weight, dtype=np.float64)
