"""Which rows learn, choose, calibrate, set thresholds and test, and why those."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from truenorth.engine.vectors import Vector
from truenorth.examples.dataset import Dataset
from truenorth.framing.framing import Framing

Mask = NDArray[np.bool_]
_CARVED = 0.25
_HALF = 0.5


@dataclass(frozen=True, eq=False)
class Parts:
    """Rows by what they serve, as masks over the dataset."""

    train: Mask
    choose: Mask
    """Early stopping, tuning and the ladder."""
    calibrate: Mask
    """Calibrators."""
    operate: Mask
    """Thresholds and shadow prices."""
    operate_share: float
    """Share of the rows of their time that `operate` holds: capacities and budgets are for all."""
    tests: dict[str, Mask]
    """`test`, or every named one."""
    notes: tuple[str, ...]
    """Which rows served what, in words."""


def split_parts(dataset: Dataset) -> Parts:
    """Return who serves what: declared parts first, and stated hash shares of units where one is missing."""
    names = _names(dataset)
    train, validation, calibration = (names == part for part in ("train", "validation", "calibration"))
    notes, share = [], 1.0
    if not validation.any() and train.any():
        validation = train & (_hashed(dataset) < _CARVED)
        train, share = train & ~validation, _CARVED
        notes.append("no validation part: a quarter of the training units, by hash, chose and calibrated")
    if not calibration.any():
        half = _hashed(dataset, salt=1) < _HALF
        operate, calibrate, share = validation & half, validation & ~half, share * _HALF
        notes.append(
            "no calibration part: half of the validation units, by hash, calibrated; the rest set the policy"
        )
    elif is_guaranteed(dataset.framing):
        operate, calibrate, share = calibration, validation, 1.0
        notes.append(
            "calibrated on validation rows, so that the guarantee rests on rows that nothing has seen"
        )
    else:
        operate, calibrate = validation, calibration
        notes.append("calibrated on calibration rows; the policy was set on validation rows")
    tests = {str(name): names == name for name in np.unique(names.astype(str)) if name.startswith("test")}
    return Parts(train, validation, calibrate, operate, share, tests, tuple(notes))


def is_guaranteed(framing: Framing) -> bool:
    """Return whether the policy promises something, which takes rows that nothing has seen."""
    return framing.policy is not None and framing.policy.threshold is not None


def _names(dataset: Dataset) -> NDArray[np.object_]:
    return dataset.columns["split"].texts()


def _hashed(dataset: Dataset, *, salt: int = 0) -> NDArray[np.float64]:
    """Return a number in [0, 1) per row, equal for the rows of one unit whatever their order."""
    column = next(dataset.columns[name] for name in _clusters(dataset))
    whole = _words(column).astype(np.uint64) + np.uint64(salt)
    with np.errstate(over="ignore"):  # splitmix64: multiplication is meant to wrap
        whole = (whole + np.uint64(0x9E3779B97F4A7C15)) * np.uint64(0xBF58476D1CE4E5B9)
        whole = (whole ^ (whole >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (whole >> np.uint64(11)).astype(np.float64) / 2.0**53


def _clusters(dataset: Dataset) -> Iterator[str]:
    """Yield the columns that keep rows together, the widest first, as long as they have values."""
    for name in ("group", "unit", "example_id"):
        if name == "group" and "unit" in dataset.columns and not dataset.columns["unit"].is_null.all():
            continue
        if name in dataset.columns and not dataset.columns[name].is_null.all():
            yield name


def _words(column: Vector) -> NDArray[np.uint64]:
    if column.role == "text":
        assert column.levels is not None
        hashes = np.array([_word(str(level)) for level in column.levels] + [0], dtype=np.uint64)
        return np.asarray(hashes[column.values], dtype=np.uint64)
    return np.asarray(np.ascontiguousarray(column.values).view(np.uint64))


def _word(text: str) -> int:
    import hashlib

    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")
