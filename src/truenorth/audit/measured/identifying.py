"""Whether a column holds identifiers of persons, so that no finding may show a value of it."""

from __future__ import annotations

import numpy as np

from truenorth.audit.identifiers import find_identifiers
from truenorth.engine.vectors import Vector
from truenorth.framing.framing import Framing

SAMPLE = 2_000
"""Most values that are looked at, as for the columns of a source."""


def is_identifying(framing: Framing, name: str, column: Vector) -> bool:
    """Return whether a column, by its own name or that of the column it reads, identifies persons."""
    feature = framing.features.get(name)
    read = feature.column if feature is not None else None
    known = column.take(np.flatnonzero(~column.is_null)[:SAMPLE])
    values = known.texts() if known.role == "text" else known.values
    return bool(find_identifiers({one: values for one in (name, read) if one is not None}))
