"""Rows as a booster takes them: lists together, relevance in small steps, one row per bin at risk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from truenorth.models.contract import Floats, Rows, TaskSpec
from truenorth.models.imbalance import positive_weights
from truenorth.models.trees_heads import Head

LONGEST_LIST = 10_000
"""Rows of a list beyond which LightGBM refuses it; longer ones are cut."""
MOST_GRADES = 10
"""Highest relevance that is taken as it is; its gain is 2^10 - 1."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What one booster learns from, or is stopped by."""

    matrix: Floats
    """Shape (m, width)."""
    target: Floats
    """Shape (m,)."""
    weight: Floats
    """Shape (m,)."""
    offset: float = 0.0
    """Raw score of every row before the first tree."""
    list_sizes: NDArray[np.int64] | None = None
    """Rows of each list, in order."""
    positions: NDArray[np.int64] | None = None
    """Position codes for debiasing, shape (m,)."""


def make_sample(
    head: Head, booster: int, task: TaskSpec, matrix: Floats, rows: Rows, *, training: bool
) -> Sample:
    """Return the sample of one of the head's boosters.

    Class weights and the offset that undoes them are for training only: rows that stop it are judged as
    they are.
    """
    base = head.bases[booster]
    if head.kind in ("binary", "focal"):
        target = np.where(rows.target > 0, 1.0, 0.0)
        if not training:
            return Sample(matrix=matrix, target=target, weight=rows.weight, offset=base)
        weight = positive_weights(target, rows.weight, positive_weight=task.positive_weight)
        offset = base + (head.shift if head.kind == "binary" else 0.0)
        return Sample(matrix=matrix, target=target, weight=weight, offset=offset)
    if head.kind == "grade":
        above = (rows.target > booster).astype(np.float64)
        return Sample(matrix=matrix, target=above, weight=rows.weight, offset=base)
    if head.kind == "ranking":
        return _lists(task, matrix, rows)
    if head.kind == "hazard":
        periods = person_periods(task.bins, rows)
        wide = np.column_stack([matrix[periods.row], periods.bin])
        return Sample(matrix=wide, target=periods.event, weight=periods.weight, offset=base)
    return Sample(matrix=matrix, target=_numbers(head, rows), weight=rows.weight, offset=base)


def _numbers(head: Head, rows: Rows) -> Floats:
    if head.kind == "smeared":
        return np.log1p(rows.target)
    return np.asarray(head.values)[rows.target.astype(np.int64)] if head.values else rows.target


def _lists(task: TaskSpec, matrix: Floats, rows: Rows) -> Sample:
    """Return rows sorted by list, as LightGBM wants them."""
    group = rows.group if rows.group is not None else np.zeros(len(rows), dtype=np.int64)
    order = np.argsort(group, kind="stable")
    sizes = [int(n) for n in np.unique(group, return_counts=True)[1]]
    cut = [min(LONGEST_LIST, n - start) for n in sizes for start in range(0, n, LONGEST_LIST)]
    return Sample(
        matrix=matrix[order], target=relevance(rows.target)[order], weight=rows.weight[order],
        list_sizes=np.asarray(cut), positions=_position_codes(task, rows, order),
    )  # fmt: skip


def _position_codes(task: TaskSpec, rows: Rows, order: NDArray[Any]) -> NDArray[np.int64] | None:
    if task.position != "debias" or rows.position is None:
        return None
    known = np.where(
        np.isfinite(rows.position), rows.position, np.inf
    )  # unknown places are one place of their own
    return np.asarray(np.unique(known, return_inverse=True)[1][order], dtype=np.int64)


def relevance(target: Floats) -> Floats:
    """Return grades 0, 1, 2, ... in the order of the targets.

    Whole numbers from 0 to 10 stay as they are; fewer than 6 other values are numbered; more are cut at
    the quintiles of those above the least.

    Examples:
        >>> relevance(np.array([0.0, 3.0, 1.0]))
        array([0., 3., 1.])
        >>> relevance(np.array([-2.5, 0.5, 0.5, 9.1]))
        array([0., 1., 1., 2.])
    """
    values, codes = np.unique(target, return_inverse=True)
    if values.min() >= 0 and values.max() <= MOST_GRADES and np.all(values == np.round(values)):
        return target
    if len(values) < 6:
        return codes.astype(np.float64)
    above = target[target > values[0]]
    edges = np.unique(np.quantile(above, [0.2, 0.4, 0.6, 0.8]))
    return np.where(target > values[0], 1.0 + np.searchsorted(edges, target), 0.0)


class Periods(NamedTuple):
    """One row for each bin in which an example could still have its event; each of shape (m,)."""

    row: NDArray[np.int64]
    bin: Floats
    event: Floats
    weight: Floats


def person_periods(bins: tuple[float, ...], rows: Rows) -> Periods:
    """Return the bins each row was at risk in.

    A row is in every bin up to that of its event or censoring. In the bin where it was censored it weighs
    the share of the bin that was seen, and nothing is known of it afterwards.

    References:
        Singer and Willett (1993). It's About Time: Using Discrete-Time Survival Analysis. JES.
    """
    ends = np.asarray(bins, dtype=np.float64)
    starts = np.concatenate([[0.0], ends[:-1]])
    happened = np.ones(len(rows), dtype=bool) if rows.event is None else rows.event
    days = rows.target[:, None]
    seen = np.clip((days - starts) / (ends - starts), 0.0, 1.0)  # (n, bins)
    event = happened[:, None] & (days <= ends) & ((days > starts) | (np.arange(len(ends)) == 0))
    seen = np.where(event, 1.0, seen)
    row, at = np.nonzero(seen > 0)
    return Periods(
        row, at.astype(np.float64), event[row, at].astype(np.float64), rows.weight[row] * seen[row, at]
    )
