"""Metrics of what was acted on beside what turned out positive, and what acting cost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from truenorth.evaluation.acting import acted, does_nothing
from truenorth.evaluation.answers import Answer, Question, require_binary, require_rows
from truenorth.evaluation.families import classes
from truenorth.evaluation.metrics import errors
from truenorth.evaluation.money import realised_cost
from truenorth.evaluation.reading import Mask
from truenorth.evaluation.refusals import Misdeclared, NotAssessed
from truenorth.statistics.estimates import Floats, mean


def _outcomes(question: Question) -> tuple[Mask, Floats, Floats, Floats, str]:
    """Return rows whose outcome is known: outcome, whether acted on, weight, and a note."""
    reading, argument = question.reading, question.argument
    if classes.is_class(question):
        raise Misdeclared(f"expected a 0/1 label, got the classes of {argument}", "write by class mean")
    truth, known = reading.realised(argument)
    counted = question.rows & known
    require_rows(counted)
    require_binary(truth[counted], argument)
    weight = reading.weight_of(argument)[counted]
    one_class = classes.chosen(reading, argument)
    if one_class is not None:
        return counted, truth[counted], one_class[counted], weight, "acted on: the likeliest class"
    chosen = acted(reading, argument.column)[counted].astype(np.float64)
    note = "acted on: shown"
    if reading.judged.decisions.rank is None:
        passive = does_nothing(reading)
        note = f"acted on: every action but {passive!r}" if passive else "acted on: every row with an action"
    return counted, truth[counted], chosen, weight, note


def _rate(of: Callable[[Floats, Floats], tuple[Floats, Floats]], why: str) -> Callable[[Question], Answer]:
    """Make the metric of a rate: hits among the rows that are its base."""

    def ask(question: Question) -> Answer:
        counted, truth, chosen, weight, note = _outcomes(question)
        hits, base = of(truth, chosen)
        among = base > 0
        if not among.any():
            raise NotAssessed(why)
        rows = counted.copy()
        rows[counted] = among
        return Answer(counted=rows, row_values=hits[among], weight=weight[among], scale="share", note=note)

    return ask


precision = _rate(lambda truth, chosen: (truth, chosen), "no row was acted on")
recall = _rate(lambda truth, chosen: (chosen, truth), "no positive was observed")
false_negative_rate = _rate(lambda truth, chosen: (1 - chosen, truth), "no positive was observed")
false_positive_rate = _rate(lambda truth, chosen: (chosen, 1 - truth), "no negative was observed")
specificity = _rate(lambda truth, chosen: (1 - chosen, 1 - truth), "no negative was observed")


def accuracy(question: Question) -> Answer:
    """Share of rows whose chosen class is right; of a 0/1 label, acted on if positive and only then."""
    if classes.is_class(question):
        return classes.accuracy(question)
    counted, truth, chosen, weight, note = _outcomes(question)
    hits = (truth == chosen).astype(np.float64)
    return Answer(counted=counted, row_values=hits, weight=weight, scale="share", note=note)


def balanced_accuracy(question: Question) -> Answer:
    """Mean recall over the classes."""
    if classes.is_class(question):
        return classes.balanced_accuracy(question)
    positive, negative = recall(question), specificity(question)
    whole = (positive.estimate() + negative.estimate()) * 0.5
    return replace(
        positive, row_values=None, whole=whole, counted=positive.counted | negative.counted, scale="unit"
    )


def f1(question: Question) -> Answer:
    """Harmonic mean of precision and recall."""
    if classes.is_class(question):
        return classes.f1(question)
    return f_beta(question, 1.0)


def f_beta(question: Question, beta: float) -> Answer:
    """Weighted harmonic mean of precision and recall, recall `beta` times as important.

    `(1 + b^2) TP / ((1 + b^2) TP + b^2 FN + FP)`.

    References:
        van Rijsbergen (1979). Information Retrieval. Butterworths.
    """
    counted, truth, chosen, weight, note = _outcomes(question)
    found, base, taken = (mean(one, weight) for one in (truth * chosen, truth, chosen))
    below = base * beta**2 + taken
    if not below.value > 0:
        raise NotAssessed("no positive was observed and no row was acted on")
    whole = (found * (1 + beta**2)) / below
    return Answer(counted=counted, whole=whole.spread(counted, len(counted)), scale="unit", note=note)


def cost(question: Question) -> Answer:
    """Realised cost of the actions taken, summed."""
    reading = question.reading
    found = realised_cost(reading)
    counted = question.rows & found.known
    unknown = int(np.count_nonzero(question.rows & ~found.known))
    require_rows(counted, "no row's realised cost is known")
    return Answer(
        counted=counted, row_values=found.values[counted], weight=reading.weight[counted], is_total=True,
        scale="skewed", note=f"{unknown:,} rows whose cost is not known are left out" if unknown else "",
    )  # fmt: skip


SIDES = ("too many", "too few")


def quantity_cost(side: str) -> Callable[[Question], Answer]:
    """Make the metric of what one side of a decided quantity costs per row: late or early, left or short."""

    def ask(question: Question) -> Answer:
        reading = question.reading
        policy, quantity = reading.framing.policy, reading.judged.decisions.quantity
        if policy is None or policy.quantity is None or quantity is None:
            raise NotAssessed("no quantity was decided")
        truth, known = reading.realised(question.argument)
        counted = question.rows & known & np.isfinite(quantity)
        require_rows(counted)
        over, under = (policy.quantity.over, 0.0) if side == SIDES[0] else (0.0, policy.quantity.under)
        weight = reading.weight_of(question.argument)[counted]
        found = errors.early_late_cost(
            truth[counted], quantity[counted], over=over, under=under, weight=weight
        )
        whole = found.spread(counted, len(counted))
        return Answer(counted=counted, whole=whole, scale="skewed", is_not_negative=True)

    return ask
