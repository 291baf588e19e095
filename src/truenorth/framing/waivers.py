"""Waivers: a rule that is knowingly broken, why, who answers for it, and until when."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from truenorth.framing.section import Section


class Waiver(Section):
    """One rule that is knowingly broken."""

    rule: str = Field(pattern=r"^[A-Z]+[0-9]{3}$")
    """Code of the rule, for example `LEAK001`."""
    reason: str = Field(min_length=1)
    """Why."""
    owner: str = Field(min_length=1)
    """Who answers for it."""
    expires: date
    """Last day on which it holds."""

    def holds_on(self, day: date) -> bool:
        """Return whether the waiver still holds on a day."""
        return day <= self.expires
