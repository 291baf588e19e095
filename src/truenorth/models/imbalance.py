"""Rare outcomes: down-sampling with its exact correction, hard negatives of lists, SMOTE where asked for.

Only training rows are ever thinned or added to; the rows that models are stopped, calibrated and judged
on keep their prevalence. Whatever changes the share of positives is undone in the prediction: odds are
divided by the factor they were raised by.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from truenorth.errors import DataError, Finding, missing_extra
from truenorth.models.contract import Floats, Rows, TaskSpec
from truenorth.models.losses import rows_of_lists

NEGATIVES_PER_POSITIVE = 4
"""Random negatives drawn for each positive where no share is declared."""
STREAM = 7
"""Keeps the draw apart from others that were made with the same seed, such as a simulation's."""


def correct_downsampling(probability: Floats, *, keep: float) -> Floats:
    """Return the probability in all rows, from one learned where only a share of the negatives was kept.

    `p = ps / (ps + (1 - ps) / keep)`.

    Args:
        probability: Probability in the thinned rows, in [0, 1].
        keep: Share of the negatives that was kept, in (0, 1].

    Examples:
        >>> correct_downsampling(np.array([0.5, 0.9]), keep=0.1).round(7)
        array([0.0909091, 0.4736842])

    References:
        Dal Pozzolo et al. (2015). Calibrating Probability with Undersampling for Unbalanced
        Classification. IEEE CIDM.
    """
    return np.asarray(probability / (probability + (1 - probability) / keep))


def correct_prior(probability: Floats, *, learned: float, true: float) -> Floats:
    """Return the probability under the true share of positives, from one learned under another share.

    `p' = b' (p - p b) / (b - p b + b' p - b b')` with b learned and b' true; the odds are multiplied by
    `odds(b') / odds(b)`.

    Args:
        probability: Probability under the learned share, in [0, 1].
        learned: Share of positives in the rows learned from, in (0, 1).
        true: Share of positives where the model is used, in (0, 1).

    Examples:
        >>> correct_prior(np.array([0.5, 0.9]), learned=0.5, true=0.01).round(7)
        array([0.01     , 0.0833333])

    References:
        Elkan (2001). The Foundations of Cost-Sensitive Learning. IJCAI.
    """
    p, b = probability, learned
    return np.asarray(true * (p - p * b) / (b - p * b + true * p - b * true))


def shift_log_odds(probability: Floats, *, learned: float, true: float) -> Floats:
    """Return what `correct_prior` returns, as a shift of the log-odds: `logit(p) - logit(b) + logit(b')`."""
    return np.asarray(expit(logit(probability) - logit(learned) + logit(true)))


def positive_weights(target: Floats, weight: Floats, *, positive_weight: float) -> Floats:
    """Return row weights in which positives weigh `positive_weight` times as much."""
    return np.asarray(np.where(target > 0, weight * positive_weight, weight))


def balanced_weight(target: Floats) -> float:
    """Return the weight of positives under which both classes weigh the same: negatives per positive."""
    positives = float(np.sum(target > 0))
    return (len(target) - positives) / positives if positives else 1.0


def log_odds_shift(task: TaskSpec, keep: float) -> float:
    """Return by how much weights and down-sampling raise the log-odds that a model learns.

    A positive weighed w times raises the odds w times; a share k of the negatives kept raises them 1 / k
    times.
    """
    return float(np.log(task.positive_weight) - np.log(keep))


def thin_negatives(task: TaskSpec, rows: Rows, *, seed: int) -> tuple[NDArray[np.bool_], float]:
    """Return which training rows a task learns from, and the share of the negatives among them.

    Every positive stays. `skipped_above` keeps the negatives that were shown above a list's lowest
    positive: they were most surely seen. `random` keeps `keep_negatives` of all negatives, or four for
    each positive. `mixed` keeps either. The correction is exact where negatives are drawn at random; with
    `skipped_above` calibrate.

    Args:
        task: What is learned; reads `negatives` and `keep_negatives`.
        rows: Training rows; a target above 0 is a positive.
        seed: Seed of the draw.

    Returns:
        Mask of shape (n,), and kept negatives / negatives, weighted, in (0, 1]; 1 where nothing is left out.

    Raises:
        DataError: If `skipped_above` is asked of rows without lists or positions, or leaves no negative.

    References:
        Joachims et al. (2005). Accurately Interpreting Clickthrough Data as Implicit Feedback. SIGIR.
    """
    positive = rows.target > 0
    kept = np.ones(len(rows), dtype=bool)
    if task.negatives in ("skipped_above", "mixed"):
        kept = skipped_above(rows)
    if task.negatives in ("random", "mixed") or task.keep_negatives < 1:
        drawn = np.random.default_rng((seed, STREAM)).random(len(rows)) < _drawn_share(task, positive)
        kept = kept | drawn if task.negatives == "mixed" else kept & drawn
    kept |= positive
    total, left = rows.weight[~positive].sum(), rows.weight[~positive & kept].sum()
    if total > 0 and left == 0:
        raise DataError(
            Finding(
                code="MODEL024", where=f"models.tasks.{task.name}",
                evidence=f"expected negatives to learn from, got none of {int((~positive).sum()):,} "
                f"(negatives: {task.negatives}, downsample: {task.keep_negatives:g}).",
                fix="keep more of the negatives: raise downsample, or leave negatives out.",
            )
        )  # fmt: skip
    return kept, float(left / total) if total > 0 else 1.0


def _drawn_share(task: TaskSpec, positive: NDArray[np.bool_]) -> float:
    if task.keep_negatives < 1 or task.negatives is None:
        return task.keep_negatives
    return min(1.0, NEGATIVES_PER_POSITIVE * int(positive.sum()) / max(int((~positive).sum()), 1))


def skipped_above(rows: Rows) -> NDArray[np.bool_]:
    """Return the negatives that were shown above the lowest positive of their list, shape (n,)."""
    if rows.group is None or rows.position is None:
        raise DataError(
            Finding(
                code="MODEL025", where="models.tasks.negatives",
                evidence="expected lists and positions for 'skipped_above', got rows without them.",
                fix="declare examples.group and examples.position, or use negatives: random.",
            )
        )  # fmt: skip
    kept = np.zeros(len(rows), dtype=bool)
    for one in rows_of_lists(rows.group):
        hits = rows.position[one][rows.target[one] > 0]
        lowest = np.max(hits[~np.isnan(hits)], initial=-np.inf)
        kept[one] = (rows.position[one] < lowest) & (rows.target[one] <= 0)
    return kept


def smote(features: Floats, target: Floats, *, seed: int, neighbours: int = 5) -> tuple[Floats, Floats]:
    """Return training rows with made-up positives between real ones until both classes are even.

    Off unless it is called: it does not help strong models, and it has no exact correction because it
    changes where positives lie. Never give it rows that a model is judged on.

    Args:
        features: Shape (n, d), numbers without NaN.
        target: 0 or 1, shape (n,).
        seed: Seed of the draw.
        neighbours: Positives between which a new one may lie, >= 1.

    Returns:
        Features and targets; the given rows come first, unchanged.

    Raises:
        EngineError: If imbalanced-learn is not installed.

    References:
        Chawla et al. (2002). SMOTE: Synthetic Minority Over-sampling Technique. JAIR.
        Elor and Averbuch-Elor (2022). To SMOTE, or not to SMOTE? arXiv:2201.08528.
    """
    try:
        from imblearn.over_sampling import SMOTE  # type: ignore[import-untyped]
    except ImportError as error:
        raise missing_extra("imbalanced-learn", "imbalance", "SMOTE") from error
    rarer = int(min(np.sum(target > 0), np.sum(target <= 0)))
    if rarer < 2:
        return features, target
    maker = SMOTE(random_state=seed, k_neighbors=min(neighbours, rarer - 1))
    made, classes = maker.fit_resample(features, target)
    return np.asarray(made, dtype=np.float64), np.asarray(classes, dtype=np.float64)
