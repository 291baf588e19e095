"""Derived sources: rows or columns made from other sources, one file per form.

`ORIGINS` make the rows of a whole source; `session` and `lookup` add columns to one.
"""

from __future__ import annotations

from collections.abc import Callable

from truenorth.engine.derived import pairs, silence, union
from truenorth.engine.reading import Origin, Reading
from truenorth.framing.sources import Source

ORIGINS: dict[str, Callable[[Reading, str, Source], Origin]] = {
    "pairs": pairs.pair_rows,
    "silence": silence.find_silences,
    "union": union.stack_sources,
}


def derive(reading: Reading, name: str, source: Source) -> Origin:
    """Return the rows of a source that is made from others."""
    form = next(form for form in ORIGINS if getattr(source, form))
    return ORIGINS[form](reading, name, source)
