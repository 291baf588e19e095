"""A framing as it is written, also where it does not load yet: it is signed before it is whole."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from truenorth.errors import Finding, FramingError
from truenorth.framing.document import read_document
from truenorth.framing.load import load


@dataclass(frozen=True)
class Written:
    """The values of a file, and what keeps them from being a framing."""

    data: dict[str, Any]
    """The values as they are written: no default and no long form is filled in."""
    mistakes: tuple[Finding, ...] = ()
    """What is wrong; nothing where the framing loads."""


def read_written(path: Path) -> Written:
    """Read what a framing's file says.

    Raises:
        FramingError: If the file cannot be read as a map of sections at all.
    """
    try:
        load(path)
        mistakes: tuple[Finding, ...] = ()
    except FramingError as error:
        mistakes = error.findings
    text = path.read_bytes().decode("utf-8-sig", errors="replace")
    data = read_document(text, path=str(path)).data
    if not data:
        raise FramingError(mistakes)
    return Written(data, mistakes)
