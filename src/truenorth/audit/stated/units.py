"""Whether rows that are split at random could be told apart by time, or belong to one unit."""

from __future__ import annotations

import numpy as np

from truenorth.audit.evidence import DataEvidence
from truenorth.audit.subject import Subject


def time_of(subject: Subject) -> str | None:
    """Return what dates the rows of the examples' source; a constant time dates none of them apart."""
    source = subject.example_source
    if source is None:
        return None
    if source.time is not None and source.time.column is not None:
        return f"the time {source.time.column!r}"
    stamps = [name for name, role in source.types.items() if role == "time"]
    return f"the column {stamps[0]!r} of type time" if stamps else None


def shared_units(data: DataEvidence) -> float | None:
    """Return the share of the rows that choose (else test) whose unit has training rows."""
    unit = data.column("unit")
    held = data.dataset.is_in("validation")
    held = held if held.any() else data.test
    if unit is None or not held.any() or not data.train.any():
        return None
    codes, known = np.asarray(unit.values), ~unit.is_null
    if not (held & known).any():
        return None
    return float(np.isin(codes[held & known], codes[data.train & known]).mean())
