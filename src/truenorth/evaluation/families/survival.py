"""Metrics of times to an event."""

from __future__ import annotations

import numpy as np

from truenorth.evaluation.answers import Answer, Question, require_finite, require_rows
from truenorth.evaluation.metrics import concordance as measures
from truenorth.evaluation.refusals import Misdeclared, NotAssessed


def concordance(question: Question) -> Answer:
    """Share of comparable pairs whose times are in the predicted order, censored times included."""
    reading, name = question.reading, _time_label(question)
    label, prediction = reading.table.labels[name], reading.prediction(name)
    if prediction is None:
        raise NotAssessed(f"nothing here predicts {name}")
    days = np.asarray(label.values.values, dtype=np.float64)
    counted = question.rows & (label.state < 2) & np.isfinite(days)
    require_rows(counted)
    # The chance of the event, summed over the bins, is larger the sooner it comes.
    risk = prediction.values if prediction.values.ndim == 1 else prediction.values.sum(axis=1)
    require_finite(risk[counted], "predictions")
    event = np.ones(len(days), dtype=bool) if label.event is None else label.event
    weight = reading.weight[counted]
    found = measures.concordance(days[counted], event[counted], risk[counted], weight)
    if not np.isfinite(found.value):
        raise NotAssessed("no two times can be compared")
    censored = int(np.count_nonzero(~event[counted]))
    return Answer(
        counted=counted, whole=found.spread(counted, len(counted)), scale="unit",
        note=f"{censored:,} times are censored",
    )  # fmt: skip


def _time_label(question: Question) -> str:
    labels = question.reading.judged.dataset.labels
    if question.reference.argument is not None:
        names = [question.reference.argument.column or ""]
    else:
        names = sorted(question.reading.labels_in(question.reading.framing.objective.score))
    timed = [name for name in names if name in labels and labels[name].kind == "time_to_event"]
    if len(timed) != 1:
        got = question.reference.argument or question.reading.framing.objective.score
        raise Misdeclared(
            f"expected a label of kind time_to_event, got {got}", "name one, as in concordance(LABEL)"
        )
    return timed[0]
