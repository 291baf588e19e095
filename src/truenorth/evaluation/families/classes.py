"""Metrics of class labels: the likeliest class is the one chosen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sqlglot import exp

from truenorth.evaluation.answers import Answer, Question, require_finite, require_rows, row_values
from truenorth.evaluation.metrics import probability
from truenorth.evaluation.reading import Mask, Reading
from truenorth.evaluation.refusals import NotAssessed
from truenorth.framing.expressions import Expression
from truenorth.statistics.estimates import Estimate, Floats, mean


def is_class(question: Question) -> bool:
    """Return whether the argument is a class label."""
    name = question.argument.column
    labels = question.reading.judged.dataset.labels
    return name is not None and name in labels and labels[name].kind == "class"


def chosen(reading: Reading, argument: Expression) -> Floats | None:
    """Return whether the class that `intent = 'billing'` names is the likeliest; None if none is named."""
    tree = argument.tree
    if not isinstance(tree, exp.EQ) or not isinstance(tree.expression, exp.Literal):
        return None
    prediction = reading.prediction(tree.this.name) if isinstance(tree.this, exp.Column) else None
    if prediction is None or prediction.task.kind != "class":
        return None
    wanted = [one == tree.expression.this for one in prediction.task.classes]
    return np.asarray(wanted, dtype=np.float64)[reading.chosen_class(tree.this.name)]


def _rows(question: Question) -> tuple[Mask, NDArray[np.int64], Floats, Floats]:
    """Return rows with a known class, their class columns, probabilities and weights."""
    reading, name = question.reading, question.argument.column
    assert name is not None  # is_class holds
    label, prediction = reading.judged.dataset.labels[name], reading.prediction(name)
    if prediction is None:
        raise NotAssessed(f"nothing here predicts {name}")
    counted = question.rows & label.is_observed & ~label.values.is_null
    require_rows(counted)
    values = prediction.values[counted]
    require_finite(values, "probabilities")
    return counted, reading.class_codes(name)[counted], values, reading.weight_of(question.argument)[counted]


def cross_entropy(question: Question) -> Answer:
    """Mean negative log-likelihood of the class that happened."""
    counted, code, values, weight = _rows(question)
    losses = row_values(probability.cross_entropy(code, values, weight), weight)
    return Answer(counted=counted, row_values=losses, weight=weight, scale="positive")


def brier(question: Question) -> Answer:
    """Mean summed squared error over the classes."""
    counted, code, values, weight = _rows(question)
    squares = row_values(probability.brier_classes(code, values, weight), weight)
    return Answer(counted=counted, row_values=squares, weight=weight, scale="positive")


def accuracy(question: Question) -> Answer:
    """Share of rows whose likeliest class happened."""
    counted, code, values, weight = _rows(question)
    hits = (np.argmax(values, axis=1) == code).astype(np.float64)
    return Answer(counted=counted, row_values=hits, weight=weight, scale="share")


def balanced_accuracy(question: Question) -> Answer:
    """Mean recall over the classes that happened."""
    counted, code, values, weight = _rows(question)
    hits = (np.argmax(values, axis=1) == code).astype(np.float64)
    recalls = [_among(hits, weight, code == one) for one in np.unique(code)]
    return Answer(counted=counted, whole=_averaged(recalls).spread(counted, len(counted)), scale="unit")


def f1(question: Question) -> Answer:
    """Mean F1 over the classes that happened or were chosen."""
    counted, code, values, weight = _rows(question)
    chosen = np.argmax(values, axis=1)
    found = []
    for one in np.unique(np.concatenate([code, chosen])):
        both = mean(((code == one) & (chosen == one)).astype(np.float64), weight)
        either = mean((code == one).astype(np.float64), weight) + mean(
            (chosen == one).astype(np.float64), weight
        )
        found.append(2.0 * both / either)
    return Answer(counted=counted, whole=_averaged(found).spread(counted, len(counted)), scale="unit")


def _among(values: Floats, weight: Floats, rows: Mask) -> Estimate:
    return mean(values[rows], weight[rows]).spread(rows, len(values))


def _averaged(estimates: list[Estimate]) -> Estimate:
    value = float(np.mean([one.value for one in estimates]))
    return Estimate(value, np.mean([one.influence for one in estimates], axis=0))
