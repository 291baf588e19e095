"""Means, sums, shares and counts of what happened or was done."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from truenorth.engine.arrays import evaluate
from truenorth.evaluation.answers import Answer, Question, require_rows
from truenorth.evaluation.metrics import errors, ranking
from truenorth.evaluation.metrics.catalogue import gini as gini_of
from truenorth.evaluation.metrics.lists import lists_by
from truenorth.evaluation.reading import Mask
from truenorth.evaluation.refusals import Misdeclared, NotAssessed
from truenorth.statistics.estimates import Estimate, Floats, codes_of, mean
from truenorth.statistics.intervals import Scale

Ints = NDArray[np.int64]
_DECIDED = frozenset({"action", "rank", "shown"})


def count(question: Question) -> Answer:
    """Count rows; with a condition, those for which it holds."""
    reading, rows = question.reading, question.rows
    if question.reference.argument is not None:
        rows = rows & reading.condition(question.reference.argument)
    weight = reading.weight[rows]
    return Answer(counted=rows, row_values=np.ones(len(weight)), weight=weight, is_total=True, scale="skewed")


def total(question: Question) -> Answer:
    """Sum what was realised."""
    counted, values, weight, note = _realised(question)
    return Answer(counted=counted, row_values=values, weight=weight, is_total=True, scale="skewed", note=note)


def average(question: Question) -> Answer:
    """Average what was realised."""
    counted, values, weight, note = _realised(question)
    require_rows(counted)
    is_share = bool(np.all((values == 0) | (values == 1)))
    scale: Scale = "share" if is_share else "skewed"
    return Answer(counted=counted, row_values=values, weight=weight, scale=scale, note=note)


def deviation(question: Question) -> Answer:
    """Sample standard deviation."""
    counted, values, weight, note = _realised(question)
    if counted.sum() < 2:
        raise NotAssessed("a standard deviation needs two rows")
    middle = mean(values, weight).value
    found = mean((values - middle) ** 2, weight) * (len(values) / (len(values) - 1))
    return Answer(counted=counted, whole=_over(found.root(), counted), scale="positive", note=note)


def quantile(question: Question) -> Answer:
    """Quantile of what was realised."""
    level = question.reference.parameter
    if level is None or not 0 < level < 1:
        raise Misdeclared(
            f"expected a level between 0 and 1 in quantile(EXPR, n), got {level}", "write .5 for the median"
        )
    counted, values, weight, note = _realised(question)
    require_rows(counted)
    return Answer(counted=counted, whole=_over(errors.quantile(values, level, weight), counted), note=note)


def largest(question: Question) -> Answer:
    """Largest value."""
    return _extreme(question, np.max)


def smallest(question: Question) -> Answer:
    """Smallest value."""
    return _extreme(question, np.min)


def distinct(question: Question) -> Answer:
    """Count distinct values, of the first K of each list where K is given."""
    reading, argument = question.reading, question.reference.argument
    assert argument is not None  # the grammar requires it
    reading.check_names(argument)
    vector = evaluate(argument, reading.vectors, reading.n_rows)
    counted = question.rows & ~vector.is_null
    require_rows(counted, "no row has a value")
    if question.reference.at is not None:
        counted = counted & among_first(question, counted)
    found = len(np.unique(vector.values[counted]))
    return _without_interval(counted, float(found), "a number of distinct values has no interval")


def happened(question: Question) -> Answer:
    """Share of groups in which it happened at least once."""
    counted, values, _, note = _realised(question)
    require_rows(counted)
    group = question.reading.group(question.reference.by)
    if group is None:
        raise Misdeclared(
            "expected groups for any(...), got examples without", "write by COLUMN, or examples.group"
        )
    lists = lists_by(values, group[counted])
    hit = (lists.sum(values[lists.order]) > 0).astype(np.float64)
    found = lists.mean(hit, weight=_list_weight(question, np.flatnonzero(counted)[lists.order[lists.starts]]))
    return Answer(counted=counted, whole=_over(found, counted), scale="share", n=lists.n_lists, note=note)


def concentration(question: Question) -> Answer:
    """Gini of a total over a column's values."""
    counted, values, weight, note = _realised(question, among_shown=False)
    require_rows(counted)
    if question.reference.by is None:
        raise Misdeclared("expected a column in gini(EXPR) by COLUMN, got none", "write by and the column")
    owner = question.reading.split_values(question.reference.by)
    if (values < 0).any():
        raise NotAssessed("concentration of a total needs values of at least 0")
    found = gini_of(values, codes_of(owner.values[counted]), weight)
    if not np.isfinite(found.value):
        raise NotAssessed("the total is 0")
    return Answer(counted=counted, whole=_over(found, counted), scale="unit", note=note)


def _realised(question: Question, *, among_shown: bool = True) -> tuple[Mask, Floats, Floats, str]:
    """Return the rows where the argument is known, its values, their weights and a note."""
    reading, reference, argument = question.reading, question.reference, question.argument
    values, known = reading.realised(argument)
    counted = question.rows & known
    note = ""
    rank = reading.judged.decisions.rank
    read = argument.columns | (reference.where.columns if reference.where else frozenset())
    if among_shown and rank is not None and reading.labels_in(argument) and not read & _DECIDED:
        counted = counted & (rank > 0)
        note = "over the rows that the policy would show and whose labels are known"
    return counted, values[counted], reading.weight_of(argument)[counted], note


def _over(found: Estimate, counted: Mask) -> Estimate:
    return found.spread(counted, len(counted))


def _list_weight(question: Question, first: Ints) -> Floats:
    return question.reading.weight[first]


def among_first(question: Question, counted: Mask) -> Mask:
    """Return which rows stand among the first K of their list, in the policy's order."""
    at, decided = question.reference.at, question.reading.judged.decisions
    assert at is not None
    if decided.rank is not None:
        return np.asarray((decided.rank > 0) & (decided.rank <= at))
    group = question.reading.group()
    found = np.zeros(len(counted), dtype=bool)
    codes = np.zeros(len(counted), dtype=np.int64) if group is None else group
    found[counted] = ranking.first(np.asarray(decided.score)[counted], codes[counted], at)
    return found


def _extreme(question: Question, of: Callable[[Floats], np.float64]) -> Answer:
    counted, values, _, _ = _realised(question)
    require_rows(counted)
    return _without_interval(counted, float(of(values)), "an extreme value has no interval")


def _without_interval(counted: Mask, value: float, note: str) -> Answer:
    whole = Estimate(value, np.zeros(len(counted)))
    return Answer(counted=counted, whole=whole, has_interval=False, note=note)
