"""Metrics of numbers beside their predictions, and of intervals beside numbers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from truenorth.evaluation.answers import Answer, Pairs, Question, require_finite, require_rows, row_values
from truenorth.evaluation.metrics import errors
from truenorth.evaluation.reading import Mask
from truenorth.evaluation.refusals import Misdeclared, NotAssessed
from truenorth.models.rows import QUANTILE
from truenorth.statistics.estimates import Estimate, Floats
from truenorth.statistics.intervals import Scale


def pairs(question: Question) -> Pairs:
    """Return values beside their predictions: expected values, or medians where quantiles are predicted."""
    reading, argument = question.reading, question.argument
    truth, known = reading.realised(argument)
    counted = question.rows & known
    require_rows(counted)
    prediction = _predicted(question)[counted]
    require_finite(prediction, "predictions")
    return Pairs(counted, truth[counted], prediction, reading.weight_of(argument)[counted])


def _predicted(question: Question) -> Floats:
    reading, argument = question.reading, question.argument
    one = reading.prediction(argument.column) if argument.column else None
    if one is not None and one.task.kind == "time_to_event":
        raise Misdeclared(
            f"expected a number, got the time to event {argument}",
            "write concordance, or brier of a condition",
        )
    if one is not None and one.values.ndim == 2:
        return _at_level(one.values, one.task.levels, 0.5, nearest=True)
    if one is not None:
        return one.values
    read = reading.labels_in(argument)
    if read and read <= set(reading.judged.batch.predictions):
        return reading.expected(argument)
    raise NotAssessed(f"nothing here predicts {argument}")


def _at_level(values: Floats, levels: tuple[float, ...], level: float, *, nearest: bool = False) -> Floats:
    apart = np.abs(np.asarray(levels) - level)
    at = int(np.argmin(apart)) if len(apart) else -1
    if at < 0 or (apart[at] > 1e-9 and not nearest):
        raise NotAssessed(
            f"no quantile of level {level:.6g} is predicted, only {', '.join(f'{one:g}' for one in levels)}"
        )
    return np.asarray(values[:, at])


Error = Callable[[Floats, Floats, Floats], Estimate]


def _mean_of(error: Error) -> Callable[[Question], Answer]:
    def ask(question: Question) -> Answer:
        return _averaged(pairs(question), error)

    return ask


def _averaged(found: Pairs, error: Error, note: str = "") -> Answer:
    values = row_values(error(found.truth, found.prediction, found.weight), found.weight)
    return Answer(counted=found.counted, row_values=values, weight=found.weight, scale="positive", note=note)


def _among(found: Pairs, some: Mask) -> Pairs:
    counted = found.counted.copy()
    counted[found.counted] = some
    return Pairs(counted, found.truth[some], found.prediction[some], found.weight[some])


mae = _mean_of(errors.mae)
smape = _mean_of(errors.smape)


def mape(question: Question) -> Answer:
    """Absolute error relative to the value."""
    found = pairs(question)
    some = found.truth != 0
    if not some.any():
        raise NotAssessed("every value is 0, so that no error is relative to it")
    left = int(np.count_nonzero(~some))
    note = f"{left:,} rows whose value is 0 are left out" if left else ""
    return _averaged(_among(found, some), errors.mape, note)


def rmse(question: Question) -> Answer:
    """Root of the mean squared error."""
    return _whole(question, errors.rmse, "positive")


def r2(question: Question) -> Answer:
    """Share of the variance explained."""
    return _whole(question, errors.r2, "real")


def _whole(question: Question, metric: Callable[[Floats, Floats, Floats], Estimate], scale: Scale) -> Answer:
    found = pairs(question)
    estimate = metric(found.truth, found.prediction, found.weight)
    if not np.isfinite(estimate.value):
        raise NotAssessed("the value does not vary")
    return Answer(
        counted=found.counted, whole=estimate.spread(found.counted, len(found.counted)), scale=scale
    )


def mase(question: Question) -> Answer:
    """Absolute error relative to the naive forecast's on training rows: needs their scale in a column."""
    reading = question.reading
    scale = reading.judged.scale
    if scale is None:
        raise NotAssessed("the naive forecast's error on training rows was not handed over")
    found = pairs(question.among(_has_scale(scale)))
    own = scale[found.counted]
    return _averaged(found, lambda truth, said, weight: errors.scaled_error(truth, said, own, weight))


def pinball(question: Question) -> Answer:
    """Quantile loss at a level, or its mean over the predicted levels."""
    counted, truth, values, levels, weight = _quantiles(question)
    wanted = levels if question.reference.parameter is None else (question.reference.parameter,)
    losses = []
    for level in wanted:
        found = errors.pinball(truth, _at_level(values, levels, level), level, weight)
        losses.append(row_values(found, weight))
    return Answer(counted=counted, row_values=np.mean(losses, axis=0), weight=weight, scale="positive")


def coverage(question: Question) -> Answer:
    """Share of values inside the interval of a level."""
    counted, truth, low, high, weight, _ = _interval(question)
    inside = ((truth >= low) & (truth <= high)).astype(np.float64)
    return Answer(counted=counted, row_values=inside, weight=weight, scale="share")


def width(question: Question) -> Answer:
    """Mean width of the interval of a level."""
    counted, _, low, high, weight, _ = _interval(question)
    return Answer(counted=counted, row_values=high - low, weight=weight, scale="positive")


def interval_score(question: Question) -> Answer:
    """Width plus the penalty for values outside; in units of the naive error where that is known (MSIS)."""
    scale = question.reading.judged.scale
    note = ""
    if scale is not None:
        question, note = (
            question.among(_has_scale(scale)),
            "relative to the naive error on training rows (MSIS)",
        )
    counted, truth, low, high, weight, level = _interval(question)
    own = None if scale is None else scale[counted]
    found = errors.interval_score(truth, low, high, level, weight, scale=own)
    return Answer(
        counted=counted, row_values=row_values(found, weight), weight=weight, scale="positive", note=note
    )


def _has_scale(scale: Floats) -> Mask:
    """Return the rows whose series has a naive error on training rows, shape (n,)."""
    found: Mask = np.isfinite(scale) & (scale > 0)
    if not found.any():
        raise NotAssessed("the naive forecast has no error on training rows")
    return found


def _quantiles(question: Question) -> tuple[Mask, Floats, Floats, tuple[float, ...], Floats]:
    reading, argument = question.reading, question.argument
    name = argument.column or ""
    one = reading.prediction(name + QUANTILE) or reading.prediction(name)
    if one is None or one.values.ndim != 2 or not one.task.levels:
        raise NotAssessed(f"nothing here predicts quantiles of {argument}")
    truth, known = reading.realised(argument)
    counted = question.rows & known
    require_rows(counted)
    require_finite(one.values[counted], "quantiles")
    return counted, truth[counted], one.values[counted], one.task.levels, reading.weight_of(argument)[counted]


def _interval(question: Question) -> tuple[Mask, Floats, Floats, Floats, Floats, float]:
    level = question.reference.parameter
    if level is None or not 0 < level < 1:
        raise Misdeclared(f"expected a level between 0 and 1, got {level}", "write coverage(LABEL, 0.95)")
    counted, truth, values, levels, weight = _quantiles(question)
    low, high = (_at_level(values, levels, end) for end in ((1 - level) / 2, (1 + level) / 2))
    return counted, truth, low, high, weight, level
