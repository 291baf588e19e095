"""Governance: what a decision may not depend on, and what it owes to the person it is about."""

from __future__ import annotations

from truenorth.framing.section import Names, Section


class Governance(Section):
    """Duties towards people."""

    protected: Names = ()
    """Attributes by which people must be treated alike; kept as context, never features."""
    forbidden: Names = ()
    """Columns that may not be used at all."""
    reason_codes: bool = False
    """Whether each adverse decision states its reasons."""
