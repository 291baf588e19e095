"""Metrics of lists: how good the order of their rows is.

Lists are those of the examples, or of the column after `by`, or of the periods of `per`; without any of them
all rows are one list. Only rows whose outcome is known are in a list: on a log these are the rows that were
shown, put into the new order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from truenorth.evaluation.answers import Answer, Question, require_binary, require_finite, require_rows
from truenorth.evaluation.families import decided
from truenorth.evaluation.metrics import ranking
from truenorth.evaluation.reading import Mask
from truenorth.evaluation.refusals import Misdeclared, NotAssessed
from truenorth.statistics.estimates import Codes, Estimate, Floats, codes_of
from truenorth.statistics.intervals import Scale

_LARGEST_GRADE = 30.0
"""Grades above have no exponential gain that a float can hold beside others."""


@dataclass(frozen=True, eq=False)
class Ranked:
    """Rows with what they turned out to be worth, what orders them and their list."""

    counted: Mask
    gain: Floats
    score: Floats
    group: Codes
    weight: Floats
    note: str

    @property
    def n_lists(self) -> int:
        """Number of lists."""
        return int(self.group.max(initial=-1)) + 1


def ranked(question: Question, *, by_task: bool = False) -> Ranked:
    """Return the rows of a list metric.

    Args:
        question: The metric and the rows.
        by_task: Whether the task's own prediction orders, not the score.
    """
    reading, argument = question.reading, question.reference.argument
    argument = argument or reading.framing.objective.score
    gain, known = reading.realised(argument)
    group, note = _group(question)
    rows = question.rows if group is None else question.rows & (group >= 0)
    counted = rows & known
    require_rows(counted)
    score = np.asarray(reading.judged.decisions.score, dtype=np.float64)
    one = reading.prediction(argument.column) if argument.column else None
    if by_task and one is not None and one.values.ndim == 1:
        score = one.values
    require_finite(score[counted], "scores")
    lists = np.zeros(int(counted.sum()), dtype=np.int64) if group is None else codes_of(group[counted])
    unknown = int(np.count_nonzero(rows & ~known))
    if unknown:
        note = f"{note}; {unknown:,} rows without an outcome are in no list".strip("; ")
    return Ranked(counted, gain[counted], score[counted], lists, reading.weight_of(argument)[counted], note)


def _group(question: Question) -> tuple[Codes | None, str]:
    reading, reference = question.reading, question.reference
    by = reference.by if reference.reduction is None else None
    group = reading.group(by)
    note = f"lists by {by}" if by else "" if group is not None else "all rows are one list"
    if reference.per is None:
        return group, note
    period = codes_of(reading.at // reference.per.microseconds)
    note = f"lists per {reference.per}" if group is None else f"{note or 'lists'} and per {reference.per}"
    if group is None:
        return period, note
    joined = codes_of(group * (int(period.max(initial=0)) + 1) + period)
    return np.where(group < 0, -1, joined), note


def _answer(question: Question, rows: Ranked, found: Estimate, scale: Scale, why: str) -> Answer:
    if not np.isfinite(found.value):
        raise NotAssessed(why)
    whole = found.spread(rows.counted, len(rows.counted))
    return Answer(
        counted=rows.counted, whole=whole, scale=scale, n=rows.n_lists, note=rows.note,
        has_interval=rows.n_lists > 1, at_an_end=float(rows.n_lists),
    )  # fmt: skip


def ndcg(question: Question) -> Answer:
    """Gain of the order relative to the best one."""
    rows = ranked(question)
    if (rows.gain < 0).any():
        raise NotAssessed(
            "a gain below 0 has no best order to be relative to: name a label, as in ndcg@10(LABEL)"
        )
    form = "exponential" if rows.gain.max(initial=0) <= _LARGEST_GRADE else "linear"
    found = ranking.ndcg(rows.gain, rows.score, rows.group, at=question.reference.at, form=form)  # type: ignore[arg-type]
    answer = _answer(question, rows, found, "unit", "no list")
    if form == "linear":
        return _noted(answer, f"linear gain, because values exceed {_LARGEST_GRADE:g}")
    return answer


def value(question: Question) -> Answer:
    """Realised score of the first K, in the order of the policy."""
    rows = ranked(question)
    score = _policy_order(question, rows)
    found = ranking.value_at(rows.gain, score, rows.group, at=question.reference.at)
    note = "mean over lists of the realised score, in the order of the policy"
    return _noted(_answer(question, rows, found, "skewed", "no list"), note)


def _policy_order(question: Question, rows: Ranked) -> Floats:
    """Return a score that puts rows in the policy's order: by rank, and behind them by score."""
    rank = question.reading.judged.decisions.rank
    if rank is None:
        return rows.score
    place = rank[rows.counted].astype(np.float64)
    behind = np.empty(len(place))
    behind[np.argsort(rows.score, kind="stable")] = np.arange(len(place))
    ties = codes_of(rows.score).astype(np.float64)
    return np.where(place > 0, ties.max(initial=0) + 1 + place.max(initial=0) - place, ties)


def _of_hits(
    metric: Callable[..., Estimate], why: str, scale: Scale = "unit"
) -> Callable[[Question], Answer]:
    def ask(question: Question) -> Answer:
        rows = ranked(question)
        require_binary(rows.gain, question.argument)
        found = metric(rows.gain, rows.score, rows.group, at=question.reference.at)
        return _answer(question, rows, found, scale, why)

    return ask


mean_average_precision = _of_hits(ranking.mean_average_precision, "no list has a hit")
mrr = _of_hits(ranking.mean_reciprocal_rank, "no list")
hit_rate = _of_hits(ranking.hit_rate, "no list", "share")


def gauc(question: Question) -> Answer:
    """ROC area within each list, weighted by its rows."""
    rows = ranked(question)
    require_binary(rows.gain, question.argument)
    if rows.n_lists == 1 and question.reading.group(question.reference.by) is None:
        raise Misdeclared("expected lists for gauc, got examples without", "write gauc(LABEL) by COLUMN")
    found = ranking.gauc(rows.gain, rows.score, rows.group, rows.weight)
    return _answer(question, rows, found, "unit", "no list holds both a hit and a miss")


def precision(question: Question) -> Answer:
    """Share of the first K that are positive; without K, of the rows acted on."""
    at = question.reference.at
    if at is None:
        return decided.precision(question)
    rows = ranked(question, by_task=not _has_lists(question))
    require_binary(rows.gain, question.argument)
    if rows.n_lists == 1:
        among = ranking.first(rows.score, rows.group, at)
        return _of_rows(rows, rows.gain, among, f"the first {int(among.sum()):,} of {len(among):,} rows")
    found = ranking.precision_at(rows.gain, rows.score, rows.group, at=at)
    return _answer(question, rows, found, "unit", "no list")


def recall(question: Question) -> Answer:
    """Share of the positives among the first K; without K, among the rows acted on."""
    at, argument = question.reference.at, question.argument
    if argument.column in _RETRIEVED and argument.column not in question.reading.vectors:
        raise NotAssessed(f"recall of {argument} needs what was retrieved before the rows were logged")
    if at is None:
        return decided.recall(question)
    rows = ranked(question, by_task=not _has_lists(question))
    require_binary(rows.gain, question.argument)
    if rows.n_lists == 1:
        require_rows(rows.gain > 0, "no positive was observed")
        among = ranking.first(rows.score, rows.group, at).astype(np.float64)
        return _of_rows(rows, among, rows.gain > 0, f"in the first {at:,} of {len(among):,} rows")
    found = ranking.recall_at(rows.gain, rows.score, rows.group, at=at)
    return _answer(question, rows, found, "unit", "no list has a positive")


_RETRIEVED = frozenset({"candidates", "pairs"})


def _has_lists(question: Question) -> bool:
    return question.reading.group(question.reference.by) is not None


def _of_rows(rows: Ranked, values: Floats, among: Mask, note: str) -> Answer:
    """One list of all rows: its rows can be counted one by one."""
    counted = rows.counted.copy()
    counted[rows.counted] = among
    return Answer(
        counted=counted, row_values=values[among], weight=np.ones(int(among.sum())), scale="share",
        note=f"{note}; {rows.note}".strip("; "),
    )  # fmt: skip


def _noted(answer: Answer, note: str) -> Answer:
    return replace(answer, note=f"{answer.note}; {note}".strip("; "))
