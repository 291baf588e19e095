"""Figures by the values of a column: measured apart, then made one number.

`mean` averages, `worst` takes the least favourable, `gap` the largest less the smallest, `ratio` the smallest
over the largest. The last three look for an extreme, so that their intervals hold for all values at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from truenorth.engine.vectors import Vector
from truenorth.evaluation.answers import Answer, Question
from truenorth.evaluation.reading import Mask
from truenorth.evaluation.refusals import Misdeclared, NotAssessed
from truenorth.framing.expressions import parse_expression, quote_name
from truenorth.framing.metrics import METRICS
from truenorth.framing.references import Reduction
from truenorth.statistics.estimates import Codes, Estimate, codes_of, spread
from truenorth.statistics.intervals import Interval, Scale, interval

MOST_GROUPS = 2_000
"""Groups that are measured one by one."""
MOST_PAIRS = 40
"""Groups whose every pair is compared; above, the intervals of the groups themselves bound gap and ratio."""
CLASS = "class"
"""`by class` measures each tag of a family, or each class of a label, apart."""
Ask = Callable[[Question], Answer]


@dataclass(frozen=True, eq=False)
class Group:
    """One value and what was measured on it."""

    name: str
    answer: Answer
    estimate: Estimate


def reduced(question: Question, ask: Ask) -> Answer:
    """Return the answer over the values of the question's column."""
    reference = question.reference
    reduction: Reduction = reference.reduction or "mean"
    plain = replace(question, reference=replace(reference, by=None, reduction=None))
    if reference.by == CLASS and CLASS not in question.reading.vectors:
        return _joined(question, _by_class(plain, ask), [], reduction)
    assert reference.by is not None
    vector = question.reading.split_values(reference.by)
    group = np.where(vector.is_null, -1, codes_of(vector.values))
    if reduction == "mean":
        quick = _row_means(plain.among(group >= 0), ask, group)
        if quick is not None:
            return quick
    return _joined(question, *_each(plain, ask, group, vector), reduction)


def _row_means(question: Question, ask: Ask, group: Codes) -> Answer | None:
    """Average the groups' means or totals of row values at once; None where the metric has none."""
    answer = ask(question)
    if answer.row_values is None or answer.weight is None:
        return None
    own = codes_of(group[answer.counted])
    sums = np.bincount(own, weights=answer.weight * answer.row_values)
    weights = np.bincount(own, weights=answer.weight)
    kept = weights > 0
    values = np.where(kept, sums if answer.is_total else sums / np.where(kept, weights, 1.0), 0.0)
    n, value = int(kept.sum()), float(values[kept].mean())
    if _is_nested(own, question.reading.cluster[answer.counted]):
        moved = np.zeros(len(own))
        moved[np.unique(own, return_index=True)[1]] = np.where(kept, values - value, 0.0) / n
    elif answer.is_total:
        moved = answer.weight * answer.row_values / n
    else:
        moved = answer.weight * (answer.row_values - values[own]) / weights[own] / n
    whole = Estimate(value, moved).spread(answer.counted, len(answer.counted))
    return replace(
        answer, row_values=None, whole=whole, is_total=False,
        note=_note(answer.note, f"mean over {n:,} values"),
        scale="unit" if answer.scale == "share" else answer.scale,
    )  # fmt: skip


def _is_nested(group: Codes, cluster: Codes) -> bool:
    """Return whether every group lies in one cluster, so that the groups themselves are a sample."""
    pairs = np.unique(np.column_stack([group, codes_of(cluster)]), axis=0)
    return len(pairs) == len(np.unique(group))


def _each(question: Question, ask: Ask, group: Codes, vector: Vector) -> tuple[list[Group], list[str]]:
    present = np.unique(group[question.rows & (group >= 0)])
    if len(present) > MOST_GROUPS:
        raise NotAssessed(f"{len(present):,} values are too many to measure one by one")
    groups, left = [], []
    for code in present:
        rows = group == code
        name = _name(vector, int(np.flatnonzero(rows)[0]))
        try:
            answer = ask(question.among(rows))
        except NotAssessed as reason:
            left.append(f"{name} ({reason})")
            continue
        groups.append(Group(name, answer, answer.estimate()))
    return groups, left


def _by_class(question: Question, ask: Ask) -> list[Group]:
    """Measure each tag of a family, or each class of a label, as a 0/1 label of its own."""
    argument = question.argument
    family = question.reading.table.families.get(argument.column or "", ())
    members = [(name, quote_name(name)) for name in family if name != argument.column]
    classes = question.reading.table.classes.get(argument.column or "", ())
    members = members or [(one, f"{argument} = '{one.replace(chr(39), chr(39) * 2)}'") for one in classes]
    if not members:
        raise Misdeclared(
            f"expected a tags or class label before by class, got {argument}", "name one, or by COLUMN"
        )
    groups = []
    for name, text in members:
        one = replace(question, reference=replace(question.reference, argument=parse_expression(text)))
        try:
            answer = ask(one)
        except NotAssessed:
            continue
        groups.append(Group(name, answer, answer.estimate()))
    return groups


def _joined(question: Question, groups: Sequence[Group], left: Sequence[str], reduction: Reduction) -> Answer:
    if not groups:
        raise NotAssessed("no value could be measured" + (f": {left[0]}" if left else ""))
    if reduction in ("gap", "ratio") and len(groups) < 2:
        raise NotAssessed(f"a {reduction} needs two values, got {groups[0].name} alone")
    values = np.array([one.estimate.value for one in groups])
    counted = np.logical_or.reduce([one.answer.counted for one in groups])
    notes = [f"left out: {', '.join(left[:5])}" + (", ..." if len(left) > 5 else "")] if left else []
    if reduction == "mean":
        return _averaged(question, groups, counted, [f"mean over {len(groups):,} values", *notes])
    low, high = int(np.argmin(values)), int(np.argmax(values))
    scale: Scale = groups[0].answer.scale
    if reduction == "worst":
        up = METRICS[question.reference.name].direction != "down"
        at = low if up else high
        ends = _ends(question, groups)
        pick = min if up else max
        found = Interval(pick(one.low for one in ends), pick(one.high for one in ends))
        whole, notes = groups[at].estimate, [f"worst: {groups[at].name}", *notes]
    else:
        make = _gap if reduction == "gap" else _ratio
        if reduction == "ratio" and not values[high] > 0:
            raise NotAssessed("a ratio needs a value above 0")
        whole = make(groups[low].estimate, groups[high].estimate)
        found = (
            _of_pairs(question, groups, make)
            if len(groups) <= MOST_PAIRS
            else _of_ends(question, groups, reduction)
        )
        notes = [f"smallest: {groups[low].name}, largest: {groups[high].name}", *notes]
    method = f"holds for all {len(groups)} values at once, clustered by {question.reading.unit_name}"
    return Answer(
        counted=counted, whole=whole, scale=scale, found=found, method=method, note=_note(*notes),
        is_total=groups[0].answer.is_total,
    )  # fmt: skip


def _averaged(question: Question, groups: Sequence[Group], counted: Mask, notes: Sequence[str]) -> Answer:
    values = np.array([one.estimate.value for one in groups])
    value, n = float(values.mean()), len(groups)
    rows = [np.flatnonzero(one.answer.counted) for one in groups]
    owner = np.concatenate([np.full(len(index), at) for at, index in enumerate(rows)])
    is_partition = len(owner) == int(counted.sum())
    if is_partition and _is_nested(owner, question.reading.cluster[np.concatenate(rows)]):
        influence = np.zeros(len(counted))
        influence[[index[0] for index in rows]] = (values - value) / n
    else:
        influence = np.sum([one.estimate.influence for one in groups], axis=0) / n
    answer = groups[0].answer
    scale = "unit" if answer.scale == "share" else answer.scale
    n_lists = None if answer.n is None else sum(one.answer.n or 0 for one in groups)
    return Answer(
        counted=counted, whole=Estimate(value, influence), scale=scale, n=n_lists, note=_note(*notes),
        is_total=answer.is_total, has_interval=all(one.answer.has_interval for one in groups),
    )  # fmt: skip


def _gap(low: Estimate, high: Estimate) -> Estimate:
    return high - low


def _ratio(low: Estimate, high: Estimate) -> Estimate:
    return low / high


def _of_pairs(
    question: Question, groups: Sequence[Group], make: Callable[[Estimate, Estimate], Estimate]
) -> Interval:
    """Bound the extreme pair by intervals of all pairs at a level that holds for them together."""
    pairs = list(combinations(groups, 2))
    level = 1 - (1 - question.level) / len(pairs)
    is_gap = make is _gap
    ends = []
    for one, other in pairs:
        low, high = sorted((one.estimate, other.estimate), key=lambda estimate: estimate.value)
        found = _pair_interval(question, make(low, high), one, other, level, "real" if is_gap else "positive")
        ends.append(_size_of_gap(found) if is_gap else _below_one(found))
    pick = max if is_gap else min
    return Interval(pick(one.low for one in ends), pick(one.high for one in ends))


def _size_of_gap(found: Interval) -> Interval:
    """Return where the size of a difference lies: one of -1 is as large as one of 1."""
    return found if found.low >= 0 else Interval(0.0, max(found.high, -found.low))


def _below_one(found: Interval) -> Interval:
    """Return where the smaller over the larger lies: 1.25 the one way is 0.8 the other."""
    return found if found.high <= 1 else Interval(min(found.low, 1 / found.high), 1.0)


def _pair_interval(
    question: Question, estimate: Estimate, one: Group, other: Group, level: float, scale: Scale
) -> Interval:
    counted = one.answer.counted | other.answer.counted
    varies = spread(estimate.influence, question.reading.cluster, counted=counted)
    if varies is None:
        return Interval(-np.inf, np.inf) if scale == "real" else Interval(1e-300, np.inf)
    if scale == "positive" and not estimate.value > 0:
        return Interval(1e-300, np.inf)
    return interval(estimate.value, varies, scale=scale, level=level)


def _ends(question: Question, groups: Sequence[Group]) -> list[Interval]:
    """Return the groups' intervals at a level that holds for them together."""
    level = 1 - (1 - question.level) / len(groups)
    return [_own_interval(question, one, level) for one in groups]


def _own_interval(question: Question, one: Group, level: float) -> Interval:
    counted = one.answer.counted
    varies = spread(one.estimate.influence, question.reading.cluster, counted=counted)
    if varies is None:
        bounded = one.answer.scale in ("unit", "share")
        return Interval(0.0, 1.0) if bounded else Interval(-np.inf, np.inf)
    return interval(one.estimate.value, varies, scale=one.answer.scale, level=level, n=one.answer.at_an_end)


def _of_ends(question: Question, groups: Sequence[Group], reduction: Reduction) -> Interval:
    ends = _ends(question, groups)
    lows, highs = np.array([one.low for one in ends]), np.array([one.high for one in ends])
    if reduction == "gap":
        return Interval(max(float(lows.max() - highs.min()), 0.0), float(highs.max() - lows.min()))
    return Interval(
        max(float(lows.min() / highs.max()), 0.0), min(float(highs.min() / max(lows.max(), 1e-300)), 1.0)
    )


def _name(vector: Vector, row: int) -> str:
    if vector.levels is not None:
        return str(vector.levels[vector.values[row]])
    value = float(vector.values[row])
    return ("true" if value else "false") if vector.role == "boolean" else f"{value:.6g}"


def _note(*notes: str) -> str:
    return "; ".join(note for note in notes if note)
