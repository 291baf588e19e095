"""Serving: how decisions are asked for. Latency and load are facts of the business and stand there."""

from __future__ import annotations

from typing import Literal

from truenorth.framing.durations import Duration
from truenorth.framing.section import Section


class Serving(Section):
    """How decisions are asked for."""

    mode: Literal["online", "batch"] | None = None
    """One by one over HTTP, or many at once."""
    every: Duration | None = None
    """For `batch`: time between two runs."""
    timeout: Duration | None = None
    """Time after which the fallback answers."""
    store: Literal["memory", "lmdb", "redis"] | None = None
    """Where batch and stream features are read from."""
    cache: Duration | None = None
    """How long an answer may be given again without deciding anew."""
