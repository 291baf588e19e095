"""Metrics of what lists show of the catalogue: how much of it, how varied, how little known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from truenorth.engine.vectors import Vector
from truenorth.evaluation.answers import Answer, Question, require_rows
from truenorth.evaluation.families.totals import among_first
from truenorth.evaluation.metrics import catalogue
from truenorth.evaluation.reading import Mask
from truenorth.evaluation.refusals import NotAssessed
from truenorth.examples.dataset import Dataset
from truenorth.statistics.estimates import Codes, Estimate, Floats, codes_of

Ask = Callable[[Question], Answer]


def item_column(dataset: Dataset) -> str | None:
    """Return the column that names what a list shows: the last entity that is not the unit."""
    table = dataset.framing.table
    unit = table.unit or table.entity[0]
    names = [name for name in table.entity if name != unit and name in dataset.columns]
    return names[-1] if names else None


def popularity(train: Dataset, rows: Dataset) -> Floats | None:
    """Return the share of training rows that each row's item had, one row added to each, shape (n,).

    None where nothing says what an item is. Where the log says what was shown, only shown rows count.
    """
    item = item_column(rows)
    if item is None or item not in train.columns:
        return None
    before, now = _alike(train.columns[item], rows.columns[item])
    shown = train.columns.get("shown")
    seen = before if shown is None else before[np.nan_to_num(shown.values) > 0]
    count = np.bincount(seen, minlength=int(max(before.max(initial=0), now.max(initial=0))) + 1) + 1.0
    return np.asarray(count[now] / count.sum(), dtype=np.float64)


def _alike(one: Vector, other: Vector) -> tuple[Codes, Codes]:
    """Return one numbering of the values of two columns."""
    if one.levels is not other.levels:
        values = np.concatenate([one.texts().astype(str), other.texts().astype(str)])
    else:
        values = np.concatenate([one.values, other.values])
    codes = codes_of(values)
    return codes[: len(one)], codes[len(one) :]


def coverage(question: Question) -> Answer:
    """Share of the items in the rows that stand among the first K of some list."""
    codes, first, rows = _first(question)
    share = len(np.unique(codes[first])) / len(np.unique(codes[rows]))
    return Answer(
        counted=first, whole=Estimate(share, np.zeros(len(first))), has_interval=False,
        note="a number of distinct values has no interval",
    )  # fmt: skip


def diversity(question: Question) -> Answer:
    """Share of the pairs among the first K of a list that differ, mean over lists."""
    codes, first, _ = _first(question)
    group = _lists(question)[first]
    found = catalogue.intra_list_diversity(codes[first], np.zeros(len(group)), group)
    return _mean_over_lists(found, first, group, "no list shows two rows", "unit")


def novelty(question: Question) -> Answer:
    """Mean `-log2` of the share of training rows that the items of the first K had, bits."""
    popular = question.reading.judged.popularity
    if popular is None:
        raise NotAssessed("how often items were seen in training was not handed over")
    _, first, _ = _first(question)
    group = _lists(question)[first]
    found = catalogue.novelty(popular[first], np.zeros(len(group)), group)
    return _mean_over_lists(found, first, group, "no list", "real")


def _first(question: Question) -> tuple[Codes, Mask, Mask]:
    """Return the values of the column, the rows among the first K of their lists, and all rows."""
    vector = question.reading.split_values(question.argument.column or "")
    rows = question.rows & ~vector.is_null
    first = rows & among_first(question, rows)
    require_rows(first, "no list shows a row")
    return codes_of(vector.values), first, rows


def _lists(question: Question) -> Codes:
    group = question.reading.group()
    return np.zeros(question.reading.n_rows, dtype=np.int64) if group is None else group


def _mean_over_lists(found: Estimate, first: Mask, group: Codes, why: str, scale: str) -> Answer:
    if not np.isfinite(found.value):
        raise NotAssessed(why)
    n_lists = len(np.unique(group))
    return Answer(
        counted=first, whole=found.spread(first, len(first)), scale=scale, n=n_lists,  # type: ignore[arg-type]
        has_interval=n_lists > 1, at_an_end=float(n_lists),
    )  # fmt: skip
