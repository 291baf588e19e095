"""Figures over time: the same metric on each day or week of the test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from truenorth.errors import TrueNorthError
from truenorth.evaluation.contract import Figure, Judged
from truenorth.evaluation.measure import DRAWS, figure
from truenorth.evaluation.reading import Reading
from truenorth.framing.durations import DAY, WEEK
from truenorth.framing.references import MetricReference

MOST_PERIODS = 31


@dataclass(frozen=True, kw_only=True)
class Moment:
    """One figure of one period."""

    start: str
    """First moment of the period, ISO 8601, UTC."""
    figure: Figure

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {"start": self.start, "metric": self.figure.metric, "figure": self.figure.to_dict()}


def over_time(
    references: Sequence[MetricReference],
    judged: Judged,
    *,
    level: float = 0.95,
    draws: int = DRAWS,
    seed: int = 0,
) -> tuple[Moment, ...]:
    """Return figures by day, by week where there are more than 31 days, else by 30 days; UTC grid.

    Empty where the rows are undated or lie in one period.

    Args:
        references: Metrics to measure in each period.
        judged: Decisions beside what happened.
        level: Confidence of the intervals, in (0, 1).
        draws: Bootstrap draws.
        seed: Seed of the bootstrap.
    """
    at = Reading(judged).at
    if len(at) == 0 or not at.any():
        return ()
    days = int(at.max() // DAY - at.min() // DAY) + 1
    length = DAY if days <= MOST_PERIODS else WEEK if days <= 7 * MOST_PERIODS else 30 * DAY
    period = at // length
    present = np.unique(period)
    if len(present) < 2:
        return ()
    readings = {int(one): Reading(judged.take(period == one), covered=length) for one in present}
    return tuple(
        Moment(
            start=_iso(one * length), figure=_figure(reference, reading, level=level, draws=draws, seed=seed)
        )
        for reference in references
        for one, reading in readings.items()
    )


def _figure(reference: MetricReference, reading: Reading, *, level: float, draws: int, seed: int) -> Figure:
    try:
        return figure(reference, reading, level=level, draws=draws, seed=seed)
    except TrueNorthError as error:
        return Figure(metric=str(reference), value=None, note=error.findings[0].evidence)


def _iso(microseconds: int) -> str:
    return datetime.fromtimestamp(microseconds / 1e6, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
