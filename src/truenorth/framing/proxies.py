"""Proxies: how well each label stands for the goal, and what pushing it would bring about."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from truenorth.framing.section import Section

Mark = Annotated[int, Field(ge=1, le=5)]


class Proxy(Section):
    """A judgement of one label as a stand-in for the goal, each from 1 to 5."""

    alignment: Mark | None = None
    """How closely it follows the goal; 5 = closest."""
    gaming: Mark | None = None
    """How easily it is gamed; 5 = most easily."""
    coverage: Mark | None = None
    """For how many decisions it exists; 5 = all."""
    latency: Mark | None = None
    """How soon it is known; 5 = at once."""
    causal: Mark | None = None
    """How far raising it causes the goal; 5 = surely."""
    if_pushed: str | None = None
    """What happens when it is pushed hard."""


Proxies = dict[str, Proxy]
