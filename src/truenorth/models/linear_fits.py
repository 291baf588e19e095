"""How the coefficients of each loss are found: scikit-learn's solvers where it has the loss, else L-BFGS."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from truenorth.models.contract import Floats, Rows, TaskSpec
from truenorth.models.imbalance import log_odds_shift, positive_weights
from truenorth.models.linear_losses import (
    Minimum,
    Objective,
    cut_points,
    exposure,
    focal_objective,
    hazard_objective,
    huber_objective,
    listwise_objective,
    minimise,
    ordinal_objective,
    pairwise_objective,
    pinball_objective,
)

GAMMA = 2.0
"""Exponent of the focal loss."""
QUANTILE_ROWS = 200_000
"""Rows that quantiles are fitted on; more are thinned evenly at random."""
KNOTS = 20


@dataclass(frozen=True, eq=False)
class Fitted:
    """Coefficients and what turns raw scores into predictions."""

    link: str
    coefficients: Floats
    """Shape (outputs, columns)."""
    intercepts: Floats
    """Shape (outputs,)."""
    extra: Floats
    """What the link needs: cut points and grades, bins, smearing, the shift of focal log-odds."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Job:
    """One problem to solve."""

    task: TaskSpec
    rows: Rows
    matrix: Any
    c: float
    """Inverse strength of the penalty, in scikit-learn's sense: sum of losses + |b|^2 / (2 c)."""
    seed: int
    keep: float
    """Share of the negatives among the rows."""

    def minimise(self, objective: Objective, start: Floats | list[float], matrix: Any = None) -> Minimum:
        """Return the minimum of an objective under the penalty."""
        design = self.matrix if matrix is None else matrix
        weight = float(self.rows.weight.sum())
        return minimise(design, objective, start=np.asarray(start, float), penalty=1 / self.c, weight=weight)


def fit_coefficients(task: TaskSpec, rows: Rows, matrix: Any, *, c: float, seed: int, keep: float) -> Fitted:
    """Return the coefficients of a task's loss.

    Args:
        task: What is learned.
        rows: Rows to learn from, negatives thinned.
        matrix: Their design, shape (n, columns), dense or CSR.
        c: Inverse strength of the penalty, > 0.
        seed: Seed of what is drawn: pairs, thinned rows.
        keep: Share of the negatives among the rows, for the correction.
    """
    job = Job(task, rows, matrix, c, seed, keep)
    if not matrix.shape[1]:
        job = Job(task, rows, np.zeros((len(rows), 1)), c, seed, keep)
        fitted = FITS[_fit_name(task)](job)
        return Fitted(fitted.link, fitted.coefficients[:, :0], fitted.intercepts, fitted.extra, fitted.notes)
    return FITS[_fit_name(task)](job)


def _fit_name(task: TaskSpec) -> str:
    """Return the fit of a loss; `pointwise` is the plain loss of the label's kind."""
    if task.kind == "class":
        return "class"
    if task.loss in FITS and task.loss not in ("log", "cross_entropy", "pointwise"):
        return task.loss
    return {"binary": "log", "grade": "ordinal" if task.loss == "ordinal" else "squared"}.get(
        task.kind, "squared"
    )


def _log(job: Job) -> Fitted:
    weight = positive_weights(job.rows.target, job.rows.weight, positive_weight=job.task.positive_weight)
    model, notes = _logistic(job, _solver(job), weight)
    shift = log_odds_shift(job.task, job.keep)
    return Fitted("logit", model.coef_, model.intercept_ - shift, np.zeros(0), notes)


def _logistic(job: Job, solver: str, weight: Floats) -> tuple[Any, tuple[str, ...]]:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=job.c, solver=solver, max_iter=200, tol=1e-6 if solver != "lbfgs" else 1e-4)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(job.matrix, job.rows.target, sample_weight=weight)
    slow = any(issubclass(one.category, ConvergenceWarning) for one in caught)
    return model, ("the solver stopped before it converged",) if slow else ()


def _class(job: Job) -> Fitted:
    model, notes = _logistic(job, "lbfgs", job.rows.weight)
    n_classes = len(job.task.classes)
    coefficients, intercepts = model.coef_, model.intercept_
    if len(coefficients) == 1:  # two classes in training: one output stands for both
        coefficients = np.vstack([-coefficients / 2, coefficients / 2])
        intercepts = np.concatenate([-intercepts / 2, intercepts / 2])
    found = model.classes_.astype(np.int64)
    whole = np.zeros((n_classes, coefficients.shape[1]))
    whole[found] = coefficients
    # a class that training never held gets no probability
    base = np.full(n_classes, -1e9)
    base[found] = intercepts
    return Fitted("softmax", whole, base, np.zeros(0), notes)


def _focal(job: Job) -> Fitted:
    weight = positive_weights(job.rows.target, job.rows.weight, positive_weight=job.task.positive_weight)
    found = job.minimise(focal_objective(job.rows.target, weight, gamma=GAMMA), [0.0])
    shift = log_odds_shift(job.task, job.keep)
    return _one("focal", found, extra=[shift])


def _squared(job: Job) -> Fitted:
    coefficients, intercept = _ridge(job, job.rows.target)
    return Fitted("identity", coefficients[None, :], np.array([intercept]), np.zeros(0))


def _ridge(job: Job, target: Floats) -> tuple[Floats, float]:
    from sklearn.linear_model import Ridge

    solver = "sparse_cg" if sparse.issparse(job.matrix) else "cholesky"
    model = Ridge(alpha=1 / job.c, solver=solver, tol=1e-8).fit(
        job.matrix, target, sample_weight=job.rows.weight
    )
    return np.asarray(model.coef_, dtype=np.float64), float(model.intercept_)


def _log_squared(job: Job) -> Fitted:
    """Fit ln(1 + y), then measure the factor that makes means right, along the score.

    References:
        Duan (1983). Smearing Estimate: A Nonparametric Retransformation Method. JASA.
    """
    target = np.log1p(job.rows.target)
    coefficients, intercept = _ridge(job, target)
    raw = np.asarray(job.matrix @ coefficients) + intercept
    knots = smearing(raw, job.rows.target, job.rows.weight)
    # beyond what training saw an exponential runs away
    extra = np.concatenate([[float(target.max()) + 1.0], knots.ravel()])
    return Fitted("smeared", coefficients[None, :], np.array([intercept]), extra)


def smearing(raw: Floats, target: Floats, weight: Floats) -> Floats:
    """Return scores, and how far `exp(score)` falls short of the mean of `1 + y` there, shape (2, knots)."""
    knots = max(1, min(KNOTS, len(raw) // 200))
    order = np.argsort(raw, kind="stable")
    parts = np.array_split(order, knots)
    at = np.array([np.average(raw[p], weights=weight[p]) for p in parts])
    mean = np.array([np.average(1.0 + target[p], weights=weight[p]) for p in parts])
    plain = np.array([np.average(np.exp(raw[p]), weights=weight[p]) for p in parts])
    return np.stack([at, mean / plain])


def _poisson(job: Job) -> Fitted:
    from sklearn.linear_model import PoissonRegressor

    model, notes = _generalised(
        job, PoissonRegressor(alpha=_mean_penalty(job), max_iter=300, solver=_solver(job))
    )
    return Fitted("exp", model.coef_[None, :], np.array([model.intercept_]), np.zeros(0), notes)


def _tweedie(job: Job) -> Fitted:
    from sklearn.linear_model import TweedieRegressor

    model, notes = _generalised(
        job, TweedieRegressor(power=1.5, link="log", alpha=_mean_penalty(job), max_iter=300)
    )
    return Fitted("exp", model.coef_[None, :], np.array([model.intercept_]), np.zeros(0), notes)


def _solver(job: Job) -> str:
    """Return Newton's method where the matrix is narrow and dense."""
    return "lbfgs" if sparse.issparse(job.matrix) else "newton-cholesky"


def _mean_penalty(job: Job) -> float:
    """Return the penalty in terms of the mean loss."""
    return float(1 / (job.c * job.rows.weight.sum()))


def _generalised(job: Job, model: Any) -> tuple[Any, tuple[str, ...]]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(job.matrix, job.rows.target, sample_weight=job.rows.weight)
    return model, ("the solver stopped before it converged",) if caught else ()


def _quantile(job: Job) -> Fitted:
    fits = [_one_level(job, level) for level in job.task.levels]
    return Fitted(
        "quantile", np.stack([f.coefficients for f in fits]), np.array([f.free[0] for f in fits]), np.zeros(0)
    )


def _absolute(job: Job) -> Fitted:
    return _one("identity", _one_level(job, 0.5))


def _one_level(job: Job, level: float) -> Minimum:
    """Fit a rounded pinball loss, then move the intercept to the exact quantile of what is left over."""
    rows, matrix = job.rows, job.matrix
    if len(rows) > QUANTILE_ROWS:
        some = np.sort(np.random.default_rng(job.seed).choice(len(rows), QUANTILE_ROWS, replace=False))
        rows, matrix = rows.take(some), matrix[some]
    centre, scale = _centre_and_scale(rows.target)
    scaled = (rows.target - centre) / scale
    objective = pinball_objective(scaled, rows.weight, level=level, smoothing=0.01)
    weight = float(rows.weight.sum())
    start = np.array([np.quantile(scaled, level)])
    found = minimise(matrix, objective, start=start, penalty=1 / job.c, weight=weight)
    coefficients = found.coefficients * scale
    left = rows.target - np.asarray(matrix @ coefficients)
    return Minimum(coefficients, np.array([weighted_quantile(left, level, rows.weight)]), found.converged)


def _centre_and_scale(target: Floats) -> tuple[float, float]:
    low, centre, high = np.quantile(target, (0.1, 0.5, 0.9))
    scale = float(high - low) or float(target.std()) or 1.0
    return float(centre), scale


def weighted_quantile(values: Floats, level: float, weight: Floats) -> float:
    """Return the smallest value at or below which at least `level` of the weight lies."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weight[order])
    place = np.searchsorted(reached, level * reached[-1] * (1 - 1e-12))
    return float(values[order][min(place, len(values) - 1)])


def _huber(job: Job) -> Fitted:
    centre, scale = _centre_and_scale(job.rows.target)
    scaled = (job.rows.target - centre) / scale
    found = job.minimise(huber_objective(scaled, job.rows.weight, delta=0.5), [0.0])
    moved = Minimum(found.coefficients * scale, found.free * scale + centre, found.converged)
    return _one("identity", moved)


def _ordinal(job: Job) -> Fitted:
    # imported here: heads of the trees and this fit must agree on what a grade is worth
    from truenorth.models.trees_heads import grade_values

    n_grades = len(job.task.classes)
    above = np.array([np.average(job.rows.target > k, weights=job.rows.weight) for k in range(n_grades - 1)])
    cuts = -np.log(np.clip(above, 1e-6, 1 - 1e-6) / (1 - np.clip(above, 1e-6, 1 - 1e-6)))
    start = np.append(cuts[0], np.log(np.maximum(np.diff(cuts), 1e-3)))
    found = job.minimise(ordinal_objective(job.rows.target, job.rows.weight, grades=n_grades), start)
    # as many numbers of cuts as of grades, so that the link can split them
    extra = np.concatenate([cut_points(found.free), [np.inf], np.asarray(grade_values(job.task))])
    return Fitted("ordinal", found.coefficients[None, :], np.zeros(1), extra, _notes(found))


def _hazard(job: Job) -> Fitted:
    at_risk, happened = exposure(job.rows.target, job.rows.event, job.task.bins)
    heavy = at_risk * job.rows.weight[:, None]
    rate = (happened * heavy).sum(axis=0) / np.maximum(heavy.sum(axis=0), 1e-12)
    rate = np.clip(rate, 1e-6, 1 - 1e-6)
    found = job.minimise(hazard_objective(at_risk, happened, job.rows.weight), np.log(rate / (1 - rate)))
    return Fitted("hazard", found.coefficients[None, :], np.zeros(1), found.free, _notes(found))


def _pairwise(job: Job) -> Fitted:
    group = job.rows.group if job.rows.group is not None else np.zeros(len(job.rows), dtype=np.int64)
    objective, pairs = pairwise_objective(job.rows.target, job.rows.weight, group, seed=job.seed)
    found = job.minimise(objective, [])
    return _one(
        "score", found, intercept=0.0, notes=() if pairs else ("no list holds two different targets",)
    )


def _listwise(job: Job) -> Fitted:
    group = job.rows.group if job.rows.group is not None else np.zeros(len(job.rows), dtype=np.int64)
    objective, lists = listwise_objective(job.rows.target, job.rows.weight, group)
    found = job.minimise(objective, [])
    return _one("score", found, intercept=0.0, notes=() if lists else ("no list holds a positive",))


def _one(
    link: str, found: Minimum, *, intercept: float | None = None, extra: Any = (), notes: tuple[str, ...] = ()
) -> Fitted:
    base = float(found.free[0]) if intercept is None else intercept
    told = notes + _notes(found)
    return Fitted(
        link, found.coefficients[None, :], np.array([base]), np.asarray(extra, dtype=np.float64), told
    )


def _notes(found: Minimum) -> tuple[str, ...]:
    return () if found.converged else ("the solver stopped before it converged",)


FITS: dict[str, Callable[[Job], Fitted]] = {
    "log": _log, "class": _class, "focal": _focal, "squared": _squared, "log_squared": _log_squared,
    "poisson": _poisson, "tweedie": _tweedie, "quantile": _quantile, "absolute": _absolute, "huber": _huber,
    "ordinal": _ordinal, "hazard": _hazard, "pairwise": _pairwise, "listwise": _listwise,
}  # fmt: skip
