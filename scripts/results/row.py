"""One line of the results page: a figure of ours beside the published one and the bar."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from truenorth.evaluation.contract import Figure


@dataclass(frozen=True, kw_only=True)
class Row:
    """What was measured, and what it is compared with."""

    what: str
    figure: Figure
    published: str = ""
    """Figures of others, as they were printed."""
    bar: float | None = None
    """What must be reached; None where nothing was promised."""
    higher_is_better: bool = True
    strict: bool = False
    """Whether the bar itself is not enough."""
    digits: int = 3
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the value reaches the bar; None without a bar. A figure that is missing misses."""
        if self.bar is None:
            return None
        if self.figure.value is None:
            return False
        ahead = self.figure.value - self.bar if self.higher_is_better else self.bar - self.figure.value
        return ahead > 0 if self.strict else ahead >= 0

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "met": self.met}


@dataclass(frozen=True, kw_only=True)
class Part:
    """The results on one dataset."""

    dataset: str
    title: str
    attribution: str
    """Publisher and licence."""
    text: tuple[str, ...] = ()
    """What was done, in sentences without figures."""
    rows: tuple[Row, ...] = ()
    notes: tuple[str, ...] = ()
    """What a run said, in its own words."""
    skipped: str = ""
    """Why nothing was run."""
    seconds: float = 0.0
    runs: Mapping[str, str] = field(default_factory=dict)
    """Run directories by what they are, with their seconds."""

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "rows": [row.to_dict() for row in self.rows]}
