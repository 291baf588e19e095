"""Whether test rows look like the rows that serving will meet: copies, base rates, weights, context."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from truenorth.audit.evidence import DataEvidence, Mask
from truenorth.engine.vectors import Vector

COPIES = 0.01
"""Share of the test rows that may repeat another's key."""
RATE_RATIO = 3.0
"""Ratio of two base rates that no ordinary drift explains. A rule of thumb."""
WEIGHT_RATIO = 1.5
"""Ratio of two mean weights that says the parts were sampled differently. A rule of thumb."""
MIX = 0.3
"""Total variation of a context column that makes two parts other populations. A rule of thumb."""
FEWEST = 200
"""Rows of a part below which its shares say little."""
SURE = 5.0
"""Standard errors by which two base rates must differ."""
_LEVELS = 200


@dataclass(frozen=True)
class Unlikeness:
    """One way in which test rows are not like serving."""

    path: tuple[str | int, ...]
    evidence: str
    fix: str
    numbers: Mapping[str, float]


def copies(data: DataEvidence) -> Iterator[Unlikeness]:
    """Yield the share of test rows whose key stands in the test more than once: sampled with replacement."""
    key = data.column("example_id")
    n = int(data.test.sum())
    if key is None or n < FEWEST:
        return
    values = key.values[data.test & ~key.is_null]
    share = 1 - len(np.unique(values)) / max(len(values), 1)
    if share > COPIES:
        yield Unlikeness(
            ("split", "test"),
            f"expected every case once in the test, got {share:.1%} of {n:,} rows that repeat another.",
            "test on the log as it was; resample training rows only (downsample, weight).",
            {"share": share, "rows": n},
        )


def base_rates(data: DataEvidence, tasks: tuple[str, ...]) -> Iterator[Unlikeness]:
    """Yield tasks whose share of positives in the test differs from training beyond drift: resampled."""
    for task in tasks:
        outcomes = data.dataset.labels.get(task)
        if outcomes is None or outcomes.kind != "binary":
            continue
        values = np.asarray(outcomes.values.values, dtype=np.float64)
        rates = [_rate(values, part & outcomes.is_observed, data) for part in (data.train, data.test)]
        if None not in rates:
            yield from _unlike_rates(task, *(rate for rate in rates if rate is not None))


def _rate(values: NDArray[np.float64], rows: Mask, data: DataEvidence) -> tuple[float, int] | None:
    """Return the weighted share of positives of rows, and how many rows there are."""
    rows = rows & ~np.isnan(values)
    weight = data.column("weight")
    w = (
        np.ones(int(rows.sum()))
        if weight is None
        else np.nan_to_num(np.asarray(weight.values[rows], dtype=float))
    )
    if rows.sum() < FEWEST or not w.sum() > 0:
        return None
    return float(np.average(values[rows] > 0, weights=w)), int(rows.sum())


def _unlike_rates(task: str, train: tuple[float, int], test: tuple[float, int]) -> Iterator[Unlikeness]:
    (before, n), (now, m) = train, test
    pooled = (before * n + now * m) / (n + m)
    error = np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    low, high = sorted((before, now))
    if high > RATE_RATIO * low and high - low > SURE * error:
        yield Unlikeness(
            ("split", "test"),
            f"expected about the training rate of {task!r} in the test, got {now:.2%} beside {before:.2%} "
            f"({m:,} and {n:,} rows).",
            "test on the log as it was, or say how rows were kept: sampled: keep_rate.",
            {"test_rate": now, "train_rate": before, "test_rows": m, "train_rows": n},
        )


def weights(data: DataEvidence) -> Iterator[Unlikeness]:
    """Yield a mean weight that differs between training and test: only one of them was thinned."""
    weight = data.column("weight")
    parts = [] if weight is None else [part & ~weight.is_null for part in (data.train, data.test)]
    if weight is None or min(int(part.sum()) for part in parts) < FEWEST:
        return
    before, now = (float(np.mean(weight.values[part])) for part in parts)
    low, high = sorted((before, now))
    if low > 0 and high > WEIGHT_RATIO * low:
        yield Unlikeness(
            ("examples", "sampled"),
            f"expected one way of sampling, got a mean weight of {now:.3g} in the test "
            f"and {before:.3g} in training.",
            "sampled: keep_rate, with the chance that the log kept each row.",
            {"test_weight": now, "train_weight": before},
        )


def mixes(data: DataEvidence) -> Iterator[Unlikeness]:
    """Yield context columns whose mix in the test is another one than in training."""
    if min(data.train.sum(), data.test.sum()) < FEWEST:
        return
    for name in data.dataset.framing.table.context:
        column = data.column(name)
        if column is None or column.role not in ("text", "boolean") or _n_levels(column) > _LEVELS:
            continue
        distance = _total_variation(column, data.train, data.test)
        if distance > MIX:
            yield Unlikeness(
                ("evaluation", "slices"),
                f"expected the same mix of {name!r} in the test as in training, "
                f"got {distance:.0%} of the rows elsewhere.",
                f"slices: [{name}], and a test period with the population that will be decided on.",
                {"total_variation": distance},
            )


def _n_levels(column: Vector) -> int:
    return len(column.levels) if column.levels is not None else 2


def _total_variation(column: Vector, one: Mask, other: Mask) -> float:
    codes = np.nan_to_num(np.asarray(column.values, dtype=np.float64), nan=-1).astype(np.int64) + 1
    size = int(codes.max(initial=0)) + 1
    shares = [np.bincount(codes[rows], minlength=size) / max(int(rows.sum()), 1) for rows in (one, other)]
    return float(np.abs(shares[0] - shares[1]).sum() / 2)
