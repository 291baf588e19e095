"""How concentrated the attention was that the log gave, to hold a new ranking against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from truenorth.audit.measured.figures import Plain, number, section
from truenorth.audit.subject import Subject
from truenorth.evaluation.metrics.catalogue import gini
from truenorth.framing.references import MetricReference
from truenorth.statistics.estimates import codes_of

CONCENTRATION = 0.05
"""Rise of the Gini coefficient of what is shown that is worth a look. A rule of thumb."""


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


def concentrated(subject: Subject, row: Plain) -> Rise | None:
    """Return a rise worth a look, over the log where it says what was shown, else over the rule."""
    metric, model = str(row.get("metric")), section(row, "model")
    value, low = number(model.get("value")), number(model.get("low"))
    column = MetricReference.parse(metric).by or ""
    logged = logged_gini(subject, column)
    before = number(section(row, "rule").get("value")) if logged is None else logged
    if value is None or before is None or value - before <= CONCENTRATION:
        return None
    whose = "the rule" if logged is None else "the log"
    is_sure = low is None or low > before
    return Rise(metric, column, value, before, whose) if is_sure else None
