"""Figures by slice: the same metric on the rows of each value."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from truenorth.errors import TrueNorthError
from truenorth.evaluation.contract import Figure, Judged
from truenorth.evaluation.measure import DRAWS, figure
from truenorth.evaluation.reading import Reading
from truenorth.framing.references import MetricReference

MOST_VALUES = 20
"""Values of a slice that are measured: those with most rows."""

BySlice = dict[str, dict[str, dict[str, Figure]]]


def by_slice(
    references: Sequence[MetricReference],
    judged: Judged,
    *,
    level: float = 0.95,
    draws: int = DRAWS,
    seed: int = 0,
) -> BySlice:
    """Return figures by slice, value and metric, for the slices that the framing names.

    Args:
        references: Metrics to measure on each value.
        judged: Decisions beside what happened.
        level: Confidence of the intervals, in (0, 1).
        draws: Bootstrap draws.
        seed: Seed of the bootstrap.

    Returns:
        `{slice: {value: {metric: figure}}}`; values by falling number of rows, at most `MOST_VALUES` of them.
    """
    reading = Reading(judged)
    return {
        name: _of_slice(references, reading, name, level=level, draws=draws, seed=seed)
        for name in reading.framing.evaluation.slices
    }


def _of_slice(
    references: Sequence[MetricReference], reading: Reading, name: str, *, level: float, draws: int, seed: int
) -> dict[str, dict[str, Figure]]:
    values = reading.split_values(name)
    codes, rows = np.unique(values.values[~values.is_null], return_counts=True)
    found = {}
    for code in codes[np.argsort(-rows, kind="stable")][:MOST_VALUES]:
        inside = Reading(reading.judged.take((values.values == code) & ~values.is_null))
        found[_written(values.role, values.levels, code)] = {
            str(one): _figure(one, inside, level=level, draws=draws, seed=seed) for one in references
        }
    return found


def _figure(reference: MetricReference, reading: Reading, *, level: float, draws: int, seed: int) -> Figure:
    try:
        return figure(reference, reading, level=level, draws=draws, seed=seed)
    except TrueNorthError as error:
        return Figure(metric=str(reference), value=None, note=error.findings[0].evidence)


def _written(role: str, levels: NDArray[np.object_] | None, code: float) -> str:
    if levels is not None:
        return str(levels[int(code)])
    return ("true" if code else "false") if role == "boolean" else f"{code:.6g}"
