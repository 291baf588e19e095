"""A metric's question on judged rows, and its answer before it becomes a figure."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from truenorth.errors import DataError, Finding
from truenorth.evaluation.reading import Mask, Reading
from truenorth.evaluation.refusals import Misdeclared, NotAssessed
from truenorth.framing.expressions import Expression, parse_expression, quote_name
from truenorth.framing.references import MetricReference
from truenorth.statistics.estimates import Estimate, Floats, mean, total
from truenorth.statistics.intervals import Interval, Scale


@dataclass(frozen=True, eq=False)
class Question:
    """One metric asked of some rows."""

    reading: Reading
    reference: MetricReference
    rows: Mask
    """Rows that the question is about, shape (n,)."""
    level: float = 0.95
    draws: int = 400
    seed: int = 0

    @property
    def argument(self) -> Expression:
        """What is measured; the score's task where the reference does not say."""
        if self.reference.argument is not None:
            return self.reference.argument
        return parse_expression(quote_name(self.reading.task()))

    def among(self, rows: Mask) -> Question:
        """Return the same question about fewer rows."""
        return replace(self, rows=self.rows & rows)


@dataclass(frozen=True, eq=False, kw_only=True)
class Answer:
    """What a metric found: a value per row whose mean or sum is meant, or an estimate as a whole."""

    counted: Mask
    """Rows that the answer rests on, shape (n,)."""
    row_values: Floats | None = None
    """Value of each counted row, shape (counted,)."""
    weight: Floats | None = None
    """Weight of each counted row, shape (counted,)."""
    is_total: bool = False
    """Whether the row values are summed, not averaged."""
    whole: Estimate | None = None
    """The estimate over all rows, shape (n,), where it is no mean or sum of row values."""
    scale: Scale = "real"
    n: int | None = None
    """Lists, where it is a metric of lists; else the counted rows."""
    at_an_end: float | None = None
    """Cases behind a value of 0 or 1."""
    rare: Mask | None = None
    """Rows of the rarer class, where the value can be no surer than their number allows, shape (n,)."""
    found: Interval | None = None
    """The interval where the metric makes its own."""
    has_interval: bool = True
    is_not_negative: bool = False
    """Whether the interval ends at 0."""
    method: str = ""
    note: str = ""

    def estimate(self) -> Estimate:
        """Return the estimate over all rows."""
        if self.whole is not None:
            return self.whole
        if self.row_values is None:
            raise TypeError("expected row values or an estimate, got neither")
        join = total if self.is_total else mean
        return join(self.row_values, self.weight).spread(self.counted, len(self.counted))


@dataclass(frozen=True, eq=False)
class Pairs:
    """Truth beside prediction, on the rows where both are known."""

    counted: Mask
    truth: Floats
    prediction: Floats
    weight: Floats


def row_values(estimate: Estimate, weight: Floats) -> Floats:
    """Return each row's own value from its influence on a mean, so that rows can be averaged by group."""
    share = weight / weight.sum()
    own: Floats = np.divide(estimate.influence, share, out=np.zeros(len(share)), where=share > 0)
    return estimate.value + own


def require_rows(counted: Mask, why: str = "no row has its label observed") -> None:
    """Refuse an empty answer."""
    if not counted.any():
        raise NotAssessed(why)


def require_finite(values: NDArray[np.float64], what: str) -> None:
    """Refuse predictions or scores that are no numbers.

    Raises:
        DataError: METRIC002 with the number of them.
    """
    bad = int(np.count_nonzero(~np.isfinite(values)))
    if bad:
        raise DataError(
            Finding(
                code="METRIC002",
                where="metric",
                evidence=f"expected finite {what}, got {bad:,} of {values.size:,} that are NaN or infinite.",
                fix="mend the model or the score; infinity and NaN cannot be ordered or compared.",
            )
        )


def require_binary(truth: Floats, argument: Expression) -> None:
    """Refuse outcomes that are not 0 or 1."""
    odd = truth[(truth != 0) & (truth != 1)]
    if len(odd):
        raise Misdeclared(
            f"expected 0 or 1 from {argument}, got {odd[0]:.6g}",
            "name a binary label, or a condition such as amount > 100",
        )
