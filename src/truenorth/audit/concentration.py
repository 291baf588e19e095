"""How concentrated the attention was that the log gave, to hold a new ranking against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from truenorth.audit.figures import number
from truenorth.audit.subject import Subject
from truenorth.evaluation.metrics.catalogue import gini
from truenorth.statistics.estimates import codes_of


@dataclass(frozen=True)
class Rise:
    """How much more concentrated a new ranking is."""

    metric: str
    column: str
    """Whose attention it is."""
    value: float
    before: float
    whose: str
    """What it is held against: the log or the rule."""

    @property
    def said(self) -> str:
        """The rise in words."""
        return f"{self.metric} {self.value:.2f} beside {self.before:.2f} of {self.whose}"

    @property
    def numbers(self) -> Mapping[str, float]:
        """The rise as numbers."""
        return {"gini": self.value, "before": self.before, "rise": self.value - self.before}


def logged_gini(subject: Subject, column: str) -> float | None:
    """Return the concentration of what the log showed on test rows, over everything that was a candidate."""
    if subject.data is None or subject.framing.table.shown is None:
        return None
    owner, shown = subject.data.column(column), subject.data.column("shown")
    if owner is None or shown is None:
        return None
    rows = subject.data.test & ~owner.is_null
    if not rows.any():
        return None
    values = np.nan_to_num(np.asarray(shown.values[rows], dtype=np.float64))
    return number(float(gini(values, codes_of(owner.values[rows])).value))
