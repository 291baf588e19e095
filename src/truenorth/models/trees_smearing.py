"""From the logarithm back to the mean: smearing (Duan, 1983), in bins of the prediction.

The exponential of a mean logarithm is nearer the median. The factor that mends it is (1 + y) / exp(f) on
average, measured out of fold where rows are few, for residuals on the rows that trees have learned are
too small.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from truenorth.models.contract import Floats
from truenorth.models.trees_boost import grow, make_bench, objective_of
from truenorth.models.trees_heads import Head
from truenorth.models.trees_model import TreesModel
from truenorth.models.trees_samples import Sample
from truenorth.models.trees_settings import TreeSettings
from truenorth.models.trees_work import Work

FEW_ROWS = 50_000
"""Rows up to which residuals are taken out of fold."""
FOLDS = 3
MOST_BINS = 10
ROWS_PER_BIN = 500
STREAM = 11
"""Keeps the draw of folds apart from others with the same seed."""
PRIOR_ROWS = 500
"""Rows that the overall factor weighs in each bin: heavy tails make a bin's own factor jump."""


def smear(model: TreesModel, work: Work, shape: TreeSettings, deadline: float | None) -> Head:
    """Return the head with smearing factors; out of time, residuals on the training rows have to do.

    References:
        Duan (1983). Smearing Estimate: A Nonparametric Retransformation Method. JASA.
    """
    score = out_of_fold(model, work, shape, deadline) if len(work.train) <= FEW_ROWS else None
    if score is None:
        score = model.raw(work.matrix)[0]
    at, by = smearing_factors(score, work.train.target, work.train.weight)
    return replace(model.head, smear_at=at, smear_by=by)


def smearing_factors(
    score: Floats, target: Floats, weight: Floats
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return scores and the factor (1 + y) / exp(score) around each, pulled towards the overall one.

    Args:
        score: Predicted ln(1 + y), shape (n,).
        target: Amounts >= 0, shape (n,).
        weight: Shape (n,).
    """
    overall = np.sum(weight * (1 + target)) / np.sum(weight * np.exp(score))
    bins = int(np.clip(len(score) // ROWS_PER_BIN, 1, MOST_BINS))
    order = np.argsort(score, kind="stable")
    at, by = [], []
    for rows in np.array_split(order, bins):
        scale = np.exp(score[rows])
        prior = PRIOR_ROWS * float(np.average(scale, weights=weight[rows])) * float(np.mean(weight[rows]))
        seen = np.sum(weight[rows] * (1 + target[rows]))
        at.append(float(np.average(score[rows], weights=weight[rows])))
        by.append(float((seen + prior * overall) / (np.sum(weight[rows] * scale) + prior)))
    return tuple(at), tuple(by)


def out_of_fold(model: TreesModel, work: Work, shape: TreeSettings, deadline: float | None) -> Floats | None:
    """Return raw scores of training rows by boosters that did not see them; None out of time.

    Rows of a unit stay together.
    """
    fold = _folds(work)
    score = model.raw(work.matrix)[0].copy()
    for k in range(FOLDS):
        out, rest = fold == k, fold != k
        if not out.any() or not rest.any():
            continue
        sample = Sample(
            matrix=work.matrix[rest], target=np.log1p(work.train.target[rest]), weight=work.train.weight[rest]
        )
        bench = make_bench(
            sample, None, categorical=work.encoder.categorical, threads=work.fit.threads, seed=work.fit.seed
        )
        rounds = max(1, model.notes["rounds"][0])
        grown = grow(
            bench, objective_of(work.head, 0, work.task, work.train.target), replace(shape, rounds=rounds),
            monotone=work.monotone, seed=work.fit.seed, threads=work.fit.threads, deadline=deadline,
        )  # fmt: skip
        if grown.stopped == "time":
            return None
        score[out] = replace(model, texts=((grown.text,),)).raw(work.matrix[out])[0]
    return score


def _folds(work: Work) -> Floats:
    unit = work.train.unit if work.train.unit is not None else np.arange(len(work.train))
    codes = np.unique(unit, return_inverse=True)[1]
    drawn = np.random.default_rng((work.fit.seed, STREAM)).integers(0, FOLDS, size=int(codes.max()) + 1)
    return np.asarray(drawn[codes])
