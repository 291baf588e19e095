"""Metrics of 0/1 outcomes beside a probability or a score: which is higher, and by how much it is wrong."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from truenorth.evaluation.answers import (
    Answer,
    Pairs,
    Question,
    require_binary,
    require_finite,
    require_rows,
    row_values,
)
from truenorth.evaluation.families import classes
from truenorth.evaluation.metrics import curves, probability
from truenorth.evaluation.refusals import Misdeclared, NotAssessed
from truenorth.statistics.calibration import recalibrated
from truenorth.statistics.estimates import Estimate, Floats

ONE_CLASS = "all observed labels are alike"
FEW = 30
"""Rows of the rarer class below which a figure says how few there are."""


def pairs(question: Question, *, needs_probability: bool) -> Pairs:
    """Return outcomes beside what predicts them.

    A task is predicted by its model, a condition on tasks by its probability; any other label is ordered by
    the score, which is no probability.
    """
    reading, argument = question.reading, question.argument
    truth, known = reading.realised(argument)
    counted = question.rows & known
    require_rows(counted)
    require_binary(truth[counted], argument)
    prediction = _predicted(question, needs_probability=needs_probability)[counted]
    require_finite(prediction, "predictions")
    return Pairs(counted, truth[counted], prediction, reading.weight_of(argument)[counted])


def _predicted(question: Question, *, needs_probability: bool) -> Floats:
    reading, argument = question.reading, question.argument
    batch, name = reading.judged.batch, argument.column
    read = reading.labels_in(argument)
    one = batch.predictions.get(name) if name else None
    if one is not None and one.values.ndim == 1:
        if needs_probability and one.task.kind not in ("binary",):
            raise Misdeclared(
                f"expected a probability of {name}, got a task of kind {one.task.kind}", "name a binary label"
            )
        return one.values
    if read and read <= set(batch.predictions) and name is None:
        return reading.expected(argument)
    if needs_probability:
        raise NotAssessed(f"nothing here predicts the probability of {argument}")
    return np.asarray(reading.judged.decisions.score, dtype=np.float64)


def _curve(metric: Callable[[Floats, Floats, Floats], Estimate]) -> Callable[[Question], Answer]:
    def ask(question: Question) -> Answer:
        if question.reference.at is not None:
            raise NotAssessed("only the first K of a list: write mean_average_precision@K")
        found = pairs(question, needs_probability=False)
        estimate = metric(found.truth, found.prediction, found.weight)
        if not np.isfinite(estimate.value):
            raise NotAssessed(ONE_CLASS)
        is_rare = found.truth == (1.0 if 2 * found.truth.sum() <= len(found.truth) else 0.0)
        rare = found.counted.copy()
        rare[found.counted] = is_rare
        n_rare = int(is_rare.sum())
        kind = "positives" if (found.truth[is_rare] > 0).any() else "negatives"
        return Answer(
            counted=found.counted, whole=estimate.spread(found.counted, len(found.counted)), scale="unit",
            at_an_end=max(float(n_rare), 1.0), rare=rare,
            note=f"rests on {n_rare} {kind} only" if n_rare < FEW else "",
        )  # fmt: skip

    return ask


roc_auc = _curve(curves.roc_auc)
average_precision = _curve(curves.average_precision)


def log_loss(question: Question) -> Answer:
    """Mean negative log-likelihood, of a binary label or of classes."""
    if classes.is_class(question):
        return classes.cross_entropy(question)
    found = pairs(question, needs_probability=True)
    losses = row_values(probability.log_loss(found.truth, found.prediction, found.weight), found.weight)
    return Answer(counted=found.counted, row_values=losses, weight=found.weight, scale="positive")


def brier(question: Question) -> Answer:
    """Mean squared error of a probability, of a binary label or of classes."""
    if classes.is_class(question):
        return classes.brier(question)
    found = pairs(question, needs_probability=True)
    squares = (found.truth - found.prediction) ** 2
    return Answer(counted=found.counted, row_values=squares, weight=found.weight, scale="positive")


def _brier_part(of: Callable[[Floats, Floats, Floats, float], Floats]) -> Callable[[Question], Answer]:
    """Make the metric of one of the CORP parts.

    The recalibrated curve and the base rate are the best of their kind, so that to first order it does not
    matter that they were fitted to the same rows.
    """

    def ask(question: Question) -> Answer:
        found = pairs(question, needs_probability=True)
        curve = recalibrated(found.prediction, found.truth, weight=found.weight)
        base = float(np.average(found.truth, weights=found.weight))
        parts = of(found.truth, found.prediction, curve, base)
        return Answer(counted=found.counted, row_values=parts, weight=found.weight, is_not_negative=True)

    return ask


BRIER_PARTS = {
    "miscalibration": _brier_part(lambda y, said, curve, base: (said - y) ** 2 - (curve - y) ** 2),
    "discrimination": _brier_part(lambda y, said, curve, base: (base - y) ** 2 - (curve - y) ** 2),
    "uncertainty": _brier_part(lambda y, said, curve, base: (base - y) ** 2),
}
"""brier = miscalibration - discrimination + uncertainty."""


def calibration_error(question: Question) -> Answer:
    """Mean distance between predicted and observed rate."""
    found = pairs(question, needs_probability=True)
    estimate = probability.calibration_error(found.truth, found.prediction, found.weight)
    return Answer(
        counted=found.counted, whole=estimate.spread(found.counted, len(found.counted)), is_not_negative=True,
        note="ten bins of equal size",
    )  # fmt: skip


def recall_at_false_positive_rate(rate: float) -> Callable[[Question], Answer]:
    """Make the metric of the recall at a false-positive rate."""
    return _curve(
        lambda truth, score, weight: curves.recall_at_false_positive_rate(truth, score, rate, weight)
    )


def precision_at_recall(recall: float) -> Callable[[Question], Answer]:
    """Make the metric of the precision at a recall."""
    return _curve(lambda truth, score, weight: curves.precision_at_recall(truth, score, recall, weight))


def calibration_slope(question: Question) -> Answer:
    """Slope of the observed on the predicted log-odds."""
    found = pairs(question, needs_probability=True)
    estimate = probability.calibration_slope(found.truth, found.prediction, found.weight)
    if not np.isfinite(estimate.value):
        raise NotAssessed("no slope: one class, one prediction, or classes that are separated")
    return Answer(counted=found.counted, whole=estimate.spread(found.counted, len(found.counted)))
