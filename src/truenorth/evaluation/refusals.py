"""Why a metric has no value: it cannot be known here, or it was declared wrongly."""

from __future__ import annotations

from truenorth.errors import Finding, FramingError


class NotAssessed(Exception):
    """The metric cannot be known from these rows; the message says why, for a figure's note."""


class Misdeclared(FramingError):
    """The metric asks for something that does not exist.

    Args:
        evidence: What was expected and what was there.
        fix: The remedy.
    """

    def __init__(self, evidence: str, fix: str) -> None:
        super().__init__(Finding(code="METRIC001", where="metric", evidence=f"{evidence}.", fix=f"{fix}."))
