"""How well the used features give away a protected attribute, and whether the decision follows it.

A column that was left out can be rebuilt from others: a district stands for an origin. What counts is whether
the features together predict the attribute, which of them do, and whether a score learned from them moves
with the attribute among people with the same outcome.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from truenorth.audit.evidence import DataEvidence
from truenorth.audit.measured.strength import auc, bins, separation
from truenorth.audit.stated.reads import decision_reads
from truenorth.engine.vectors import Vector

Floats = NDArray[np.float64]
ROWS = 20_000
"""Most rows that the two small models look at."""
LEAST = 200
"""Fewest rows, and fewest of either side, from which anything is said."""


@dataclass(frozen=True)
class Proxies:
    """What the features say about one protected attribute."""

    attribute: str
    level: str
    """The group that is told from all others: the most frequent one, or the upper half of a number."""
    n: int
    """Rows that were looked at."""
    auc: float
    """Out-of-fold ROC area of the attribute from all features together; .5 gives nothing away."""
    strongest: Mapping[str, float]
    """The features that give most away by themselves, with their ROC area."""
    decision: float | None
    """Correlation of a learned score with the attribute within an outcome; None without labels."""


def proxies_of(evidence: DataEvidence, attribute: str, task: str | None) -> Proxies | None:
    """Return what the features say about an attribute; None where there is too little to say.

    Args:
        evidence: The built examples.
        attribute: A column of the table, usually of `examples.context`.
        task: The label whose score is followed; None leaves the decision out.
    """
    column = evidence.column(attribute)
    names = [name for name in evidence.feature_names if name not in reading_it(evidence, attribute)]
    if column is None or not names:
        return None
    index = np.flatnonzero(~column.is_null)
    index = index[:: max(1, -(-len(index) // ROWS))]
    side, level = _sides(column.take(index))
    if min(side.sum(), len(side) - side.sum()) < LEAST:
        return None
    columns = {name: evidence.dataset.columns[name].take(index) for name in names}
    inputs = np.column_stack([bins(one).astype(np.float64) for one in columns.values()])
    single = {name: separation(one, side) for name, one in columns.items()}
    strongest = dict(sorted(single.items(), key=lambda item: -item[1])[:3])
    found = auc(_out_of_fold(inputs, side), side)
    moved = None if task is None else _decision(evidence, task, index, inputs, side)
    return Proxies(attribute, level, len(index), found, strongest, moved)


def reading_it(evidence: DataEvidence, attribute: str) -> set[str]:
    """Return the features that read the attribute itself: those are no proxies, they are it (GOV001)."""
    reads = decision_reads(evidence.dataset.framing)
    return {str(path[1]) for path, read in reads if path[0] == "features" and attribute in read}


def _sides(column: Vector) -> tuple[Floats, str]:
    """Cut an attribute in two: the most frequent level, or the upper half of a number with many values."""
    values = np.asarray(column.values, dtype=np.float64)
    levels, counts = np.unique(values, return_counts=True)
    if not len(levels):
        return np.zeros(0), ""
    if column.role == "number" and len(levels) > 10:
        middle = float(np.median(values))
        return (values > middle).astype(np.float64), f"above {middle:g}"
    top = levels[int(np.argmax(counts))]
    name = str(column.levels[int(top)]) if column.levels is not None else f"{top:g}"
    return (values == top).astype(np.float64), name


def _out_of_fold(inputs: Floats, target: Floats) -> Floats:
    """Return scores of a small boosted model, each half of the rows scored by the other."""
    import lightgbm

    settings = {
        "objective": "binary", "num_leaves": 15, "learning_rate": 0.1, "min_data_in_leaf": 40,
        "num_threads": 1, "verbose": -1, "seed": 0, "deterministic": True,
    }  # fmt: skip
    half = np.arange(len(target)) % 2
    score = np.zeros(len(target))
    for one in (0, 1):
        train = lightgbm.Dataset(inputs[half != one], target[half != one])
        score[half == one] = lightgbm.train(settings, train, 60).predict(inputs[half == one])
    return score


def _decision(
    evidence: DataEvidence, task: str, index: NDArray[np.int64], inputs: Floats, side: Floats
) -> float | None:
    """Return the correlation of a learned score with the attribute within the label's two outcomes."""
    rows = np.zeros(evidence.dataset.n_rows, dtype=bool)
    rows[index] = True
    labelled, target = evidence.target(task, rows)
    place = np.searchsorted(index, labelled)
    if min(target.sum(), len(target) - target.sum()) < LEAST / 4 or len(target) < LEAST:
        return None
    score = _out_of_fold(inputs[place], target)
    ranks = np.argsort(np.argsort(score)).astype(np.float64)
    return _within(ranks, side[place], target)


def _within(first: Floats, second: Floats, stratum: Floats) -> float | None:
    """Return the correlation of two columns after the mean of each stratum is taken out."""
    first, second = first.copy(), second.copy()
    for value in np.unique(stratum):
        rows = stratum == value
        first[rows] -= first[rows].mean()
        second[rows] -= second[rows].mean()
    scale = float(np.sqrt((first**2).sum() * (second**2).sum()))
    return float((first * second).sum() / scale) if scale > 0 else None
