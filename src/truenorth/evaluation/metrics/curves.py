"""ROC and precision-recall: one sort, then every threshold at once.

References:
    Fawcett (2006). An introduction to ROC analysis. Pattern Recognition Letters 27.
    Davis, Goadrich (2006). The relationship between precision-recall and ROC curves. ICML.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from truenorth.statistics.estimates import Estimate, Floats, mean


@dataclass(frozen=True, eq=False)
class Thresholds:
    """What acting at or above each distinct score would find, highest score first."""

    score: Floats
    """Distinct scores, falling, shape (m,)."""
    positives: Floats
    """Weight of positives at or above, shape (m,)."""
    negatives: Floats
    """Weight of negatives at or above, shape (m,)."""
    of_row: NDArray[np.int64]
    """Index of each row's own threshold, shape (n,)."""


def thresholds(truth: Floats, score: Floats, weight: Floats | None = None) -> Thresholds:
    """Return what every threshold finds.

    Args:
        truth: 0 or 1, shape (n,).
        score: Finite, higher is more likely positive, shape (n,).
        weight: At least 0, shape (n,); 1 by default.
    """
    weight = np.ones(len(truth)) if weight is None else weight
    order = np.argsort(-score, kind="stable")
    ordered = score[order]
    is_last = np.append(ordered[1:] != ordered[:-1], np.ones(min(len(ordered), 1), dtype=bool))
    ends = np.flatnonzero(is_last)
    of_row = np.empty(len(score), dtype=np.int64)
    of_row[order] = np.cumsum(is_last) - is_last
    positive = weight * truth
    return Thresholds(
        ordered[ends], np.cumsum(positive[order])[ends], np.cumsum((weight - positive)[order])[ends], of_row
    )


def roc_auc(truth: Floats, score: Floats, weight: Floats | None = None) -> Estimate:
    """Return the chance that a positive outranks a negative; a tie counts half. NaN with one class only.

    Examples:
        >>> roc_auc(np.array([0.0, 0.0, 1.0, 1.0]), np.array([0.1, 0.4, 0.35, 0.8])).value
        0.75

    References:
        DeLong, DeLong, Clarke-Pearson (1988). Comparing the areas under ROC curves. Biometrics 44.
    """
    weight = np.ones(len(truth)) if weight is None else weight
    found = thresholds(truth, score, weight)
    all_positive, all_negative = _last(found.positives), _last(found.negatives)
    if not (all_positive > 0 and all_negative > 0):
        return Estimate(np.nan, np.zeros(len(truth)))
    above = (found.positives + np.append(0.0, found.positives[:-1])) / 2 / all_positive
    below = 1 - (found.negatives + np.append(0.0, found.negatives[:-1])) / 2 / all_negative
    placement = np.where(truth > 0, below[found.of_row], above[found.of_row])
    value = float(np.sum(weight * truth * placement) / all_positive)
    share = np.where(truth > 0, weight / all_positive, weight / all_negative)
    return Estimate(value, share * (placement - value))


def average_precision(truth: Floats, score: Floats, weight: Floats | None = None) -> Estimate:
    """Return the mean over positives of the precision at their own threshold. NaN without positives.

    Examples:
        >>> round(average_precision(np.array([0.0, 0, 1, 1]), np.array([0.1, 0.4, 0.35, 0.8])).value, 4)
        0.8333
    """
    weight = np.ones(len(truth)) if weight is None else weight
    found = thresholds(truth, score, weight)
    all_positive = _last(found.positives)
    if not all_positive > 0:
        return Estimate(np.nan, np.zeros(len(truth)))
    acted = found.positives + found.negatives
    precision = np.divide(found.positives, acted, out=np.zeros_like(acted), where=acted > 0)
    gained = np.diff(found.positives, prepend=0.0)
    value = float(np.sum(gained * precision) / all_positive)
    # A row moves the precision at its own threshold and at every lower one.
    per_acted = np.divide(gained, acted, out=np.zeros_like(acted), where=acted > 0)
    lifts, drags = _from_below(per_acted)[found.of_row], _from_below(per_acted * precision)[found.of_row]
    moved = truth * (precision[found.of_row] - value) + truth * lifts - drags
    return Estimate(value, weight * moved / all_positive)


def recall_at_false_positive_rate(
    truth: Floats, score: Floats, rate: float, weight: Floats | None = None
) -> Estimate:
    """Return the largest recall whose false-positive rate does not exceed `rate`.

    The threshold moves with the negatives; how much recall that costs is the slope of the ROC curve there,
    taken over the rates within two standard errors.
    """
    found = thresholds(truth, score, weight)
    return _other_rate(truth, weight, found, rate, given="negatives", found="positives")


def precision_at_recall(
    truth: Floats, score: Floats, recall: float, weight: Floats | None = None
) -> Estimate:
    """Return the precision at the highest threshold whose recall is at least `recall`."""
    found = thresholds(truth, score, weight)
    rate = _other_rate(truth, weight, found, recall, given="positives", found="negatives")
    if not np.isfinite(rate.value):
        return rate
    base = mean(truth, weight)
    hits = base * recall
    reached = _reached(found, recall)
    estimate = hits / (hits + (1.0 - base) * rate)
    return Estimate(reached, estimate.influence)


def _reached(found: Thresholds, recall: float) -> float:
    at = int(np.searchsorted(found.positives, recall * _last(found.positives) * (1 - 1e-12)))
    return float(found.positives[at] / (found.positives[at] + found.negatives[at]))


def _other_rate(
    truth: Floats, weight: Floats | None, thresholds_: Thresholds, rate: float, *, given: str, found: str
) -> Estimate:
    """Return one axis of the ROC curve where the other is `rate`."""
    weight = np.ones(len(truth)) if weight is None else weight
    across, up = getattr(thresholds_, given), getattr(thresholds_, found)
    if not (_last(across) > 0 and _last(up) > 0):
        return Estimate(np.nan, np.zeros(len(truth)))
    x, y = across / _last(across), up / _last(up)
    # At most the rate of negatives, at least the recall of positives.
    if given == "negatives":
        at = int(np.searchsorted(x, rate * (1 + 1e-12), side="right")) - 1
    else:
        at = int(np.searchsorted(x, rate * (1 - 1e-12)))
    value = float(y[at]) if at >= 0 else 0.0
    is_given = (truth > 0) == (given == "positives")
    acted = thresholds_.of_row <= at
    n = float(np.sum(weight[is_given]) ** 2 / np.sum(weight[is_given] ** 2))
    step = max(2 * np.sqrt(rate * (1 - rate) / n), 2 / n)
    ends = np.clip([rate - step, rate + step], 0.0, 1.0)
    rise = np.interp(ends, np.append(0.0, x), np.append(0.0, y))
    slope = float((rise[1] - rise[0]) / (ends[1] - ends[0]))
    own = np.where(~is_given, weight * (acted - value) / _last(up), 0.0)
    moved = np.where(is_given, weight * (acted - rate) / _last(across), 0.0)
    return Estimate(value, own - slope * moved)


def _from_below(values: Floats) -> Floats:
    """Return, for each threshold, the sum over it and the lower ones."""
    return np.asarray(np.cumsum(values[::-1])[::-1])


def _last(values: Floats) -> float:
    return float(values[-1]) if len(values) else 0.0
