"""How long the judged rows cover, for figures per day or week."""

from __future__ import annotations

import numpy as np

from truenorth.evaluation.reading import Reading
from truenorth.evaluation.refusals import NotAssessed
from truenorth.framing.durations import DAY, Duration
from truenorth.framing.periods import Period
from truenorth.framing.split import Tail


def covered_microseconds(reading: Reading) -> int:
    """Return the length of time that the rows stand for, microseconds.

    A calendar covers as many steps as it has times. Otherwise it is the length of the parts that the rows are
    of, where the split says it, and else the whole days between the first row and the last.

    Raises:
        NotAssessed: If the rows are undated.
    """
    at = reading.at
    if reading.covered is not None:
        return reading.covered
    if len(at) == 0 or not at.any():
        raise NotAssessed("the rows are undated, so that nothing happens per time")
    every = reading.framing.table.every
    if every is not None:
        return len(np.unique(at)) * every.microseconds
    declared = _declared(reading)
    if declared:
        return declared
    days = int(at.max() // DAY - at.min() // DAY) + 1
    return days * DAY


def _declared(reading: Reading) -> int | None:
    split, table = reading.framing.split, reading.table.columns
    if split is None or "split" not in table or table["split"].levels is None:
        return None
    texts = table["split"].texts()
    lengths = [_length(split, part) for part in sorted({text for text in texts if text is not None})]
    known = [length for length in lengths if length]
    return sum(known) if known and len(known) == len(lengths) else None


def _length(split: object, part: str) -> int | None:
    name, _, inner = part.partition(".")
    declared = getattr(split, name, None)
    if isinstance(declared, dict):
        declared = declared.get(inner)
    if isinstance(declared, Duration):
        return declared.microseconds
    if isinstance(declared, Period):
        return declared.end.microseconds - declared.start.microseconds
    return declared.last.microseconds if isinstance(declared, Tail) and declared.last else None
