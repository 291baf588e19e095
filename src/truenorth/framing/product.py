"""Product: what people get, how far the machine decides alone, and what may go wrong."""

from __future__ import annotations

from typing import Literal

from truenorth.framing.section import Names, Section


class Product(Section):
    """What is put in front of people."""

    outcome: str | None = None
    """What the user gets, for example `ordered list`."""
    archetype: Literal["augmentation", "human_in_the_loop", "autonomous"] | None = None
    """How far the machine decides alone."""
    intended_use: str | None = None
    """What it is for."""
    out_of_scope: str | None = None
    """What it must not be used for."""
    known_risks: Names = ()
    """What may go wrong."""
