"""Numbers that are a category's mean label in disguise: an encoding, and over which rows it was made."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from truenorth.audit.evidence import DataEvidence

Floats = NDArray[np.float64]
CLOSE = 1e-6
LEAST_LEVELS = 5
LEAST_SHARE = 0.95
"""Share of the rows whose value is the mean of their level; a few differ by rounding or by a missing
label."""


@dataclass(frozen=True)
class Encoding:
    """A feature whose values are means of a label."""

    feature: str
    label: str
    how: str
    """`means`, or `means without the row itself`."""
    levels: int
    share: float
    """Share of the rows that agree."""


def find_encoding(data: DataEvidence, feature: str, label: str, groups: tuple[str, ...]) -> Encoding | None:
    """Return how a number encodes a label over rows beyond training; None where it does not.

    A plain mean needs no category: rows of one value must have that value as their mean label, whatever the
    category was. A mean without the row itself is looked for within the given categories. Means of the
    training rows alone are no leak into the test, and are not reported.
    """
    column, outcomes = data.column(feature), data.dataset.labels[label]
    if column is None or column.role not in ("number", "boolean") or outcomes.values.role == "text":
        return None
    used = np.isfinite(column.values) & outcomes.is_observed & ~outcomes.values.is_null
    value, truth = column.values[used], np.asarray(outcomes.values.values[used], dtype=np.float64)
    is_train = data.train[used]
    if len(value) < 100 or not is_train.any() or is_train.all() or np.ptp(value) == 0:
        return None
    if value.min() < truth.min() - CLOSE or value.max() > truth.max() + CLOSE:
        return None
    plain = _plain(value, truth, is_train)
    if plain is not None:
        return Encoding(feature, label, "means", *plain)
    for group in groups:
        levels = data.column(group)
        if levels is not None and levels.role != "list" and group != feature:
            found = _without_itself(value, truth, np.unique(levels.values[used], return_inverse=True)[1])
            if found is not None:
                return Encoding(feature, label, f"means by {group} without the row itself", *found)
    return None


def _plain(value: Floats, truth: Floats, is_train: NDArray[np.bool_]) -> tuple[int, float] | None:
    """Return levels and share of agreement where values are means over all rows and not over training."""
    rounded, code = np.unique(np.round(value, 7), return_inverse=True)
    if not LEAST_LEVELS <= len(rounded) <= len(value) / 5:
        return None
    everyone = _means(code, truth)
    of_training = np.bincount(code, weights=truth * is_train) / np.maximum(
        np.bincount(code, weights=is_train), 1
    )
    share = float((np.abs(everyone[code] - value) < CLOSE).mean())
    trained = float((np.abs(of_training[code] - value) < CLOSE).mean())
    return (len(rounded), share) if share >= LEAST_SHARE and trained < share - 0.05 else None


def _without_itself(value: Floats, truth: Floats, code: NDArray[np.int64]) -> tuple[int, float] | None:
    counts = np.bincount(code)
    if (counts > 1).sum() < LEAST_LEVELS or len(counts) > len(code) / 2:
        return None
    several = counts[code] > 1
    others = (np.bincount(code, weights=truth)[code] - truth)[several] / (counts[code][several] - 1)
    share = float((np.abs(others - value[several]) < CLOSE).mean()) if several.any() else 0.0
    return (int((counts > 1).sum()), share) if share >= LEAST_SHARE else None


def _means(code: NDArray[np.int64], truth: Floats) -> Floats:
    return np.asarray(np.bincount(code, weights=truth) / np.bincount(code))
