"""How robust a lift is to causes that nobody logged, beside observed ones that are left out on purpose."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from truenorth.counterfactual.bands import clustered_error
from truenorth.counterfactual.confounding import (
    Benchmark,
    benchmark,
    bias_scale,
    bounds_of,
    robustness_value,
)
from truenorth.counterfactual.contract import Options, Robustness
from truenorth.counterfactual.effects import DecisionEffect, Effect, Seen, see
from truenorth.counterfactual.outcome import cross_fit
from truenorth.counterfactual.policies import tilt
from truenorth.counterfactual.propensities import estimate_propensities
from truenorth.counterfactual.study import Study
from truenorth.counterfactual.trace import Step

Floats = NDArray[np.float64]


def robustness_of(
    study: Study, score: Floats, kpi: Effect, last: Step, deepest: Seen, options: Options, *, seed: int
) -> Robustness:
    """Return how much an unseen cause would have to explain to undo the lift at the deepest point.

    Args:
        study: The study, with the log that was used.
        score: Of each candidate, shape (n, k).
        kpi: What policies do to the KPI.
        last: The deepest supported point.
        deepest: Its policy.
        options: Folds, outcome model and confidence.
        seed: Seed of the folds.
    """
    residual, weight = _per_outcome(study, kpi, deepest.weight)
    scale = bias_scale(residual, weight)
    error = clustered_error(last.kpi.influence, study.log.clusters)
    value = robustness_value(last.kpi.value, error, scale, level=options.level)
    found = {}
    if isinstance(kpi, DecisionEffect):
        for name, columns in study.feature_groups.items():
            found[name] = _left_out(study, score, columns, last.beta, (residual, weight), options, seed)
    return Robustness(
        depth=last.depth, robustness_value=value, scale=scale, benchmarks=bounds_of(found, scale)
    )


def _per_outcome(study: Study, kpi: Effect, weight: Floats) -> tuple[Floats, Floats]:
    """Return residual and weight of each outcome: of a decision, or of a unit with the sum of its weights."""
    residual = kpi.residual()
    if study.per == "decision":
        return residual, weight
    first = np.unique(study.log.units, return_index=True)[1]
    summed = 1.0 + np.bincount(study.log.units, weights=weight - 1.0)
    return residual[first], np.asarray(summed, dtype=np.float64)


def _left_out(
    study: Study, score: Floats, columns: tuple[int, ...], beta: float, full: tuple[Floats, Floats],
    options: Options, seed: int,
) -> Benchmark:  # fmt: skip
    """Return what a group of features explains of outcome and weights at the deepest pressure."""
    features = study.candidate_features
    kept = features[:, :, [one for one in range(features.shape[2]) if one not in columns]]
    short = cross_fit(study.log, kept, study.outcome, model=options.model, folds=options.folds, seed=seed)
    base = estimate_propensities(study.log, kept, folds=options.folds, seed=seed)
    log = study.log.with_propensity(np.where(study.log.mask, np.maximum(base, 1e-9), 0.0))
    seen = see(log, tilt(base, score, beta), score)
    return benchmark(
        full=full,
        without=(study.outcome - study.log.of_chosen(short), seen.weight),
    )
