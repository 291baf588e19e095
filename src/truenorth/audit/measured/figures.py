"""Figures of a finished run, read from its `run.json`, which may be of an older release or cut short."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from truenorth.audit.subject import Subject

Plain = Mapping[str, Any]


def section(run: Plain | None, *path: str) -> Plain:
    """Return a map of the run at a path; an empty one where it has none there."""
    here: Any = run or {}
    for part in path:
        here = here.get(part) if isinstance(here, Mapping) else None
    return here if isinstance(here, Mapping) else {}


def entries(found: Any) -> list[Plain]:
    """Return the maps of a list; nothing where it is no list."""
    is_list = isinstance(found, Sequence) and not isinstance(found, str)
    return [one for one in found if isinstance(one, Mapping)] if is_list else []


def number(found: Any) -> float | None:
    """Return a finite number, None for all else."""
    is_number = isinstance(found, int | float) and not isinstance(found, bool)
    return float(found) if is_number and np.isfinite(found) else None


def ladder(run: Plain | None) -> list[Plain]:
    """Return the rungs of a run, the simplest first."""
    return entries(section(run, "train").get("ladder"))


def rung(run: Plain | None, name: object) -> Plain | None:
    """Return a rung by name."""
    return next((one for one in ladder(run) if one.get("name") == name), None)


def chosen(run: Plain | None) -> Plain | None:
    """Return the rung that was taken."""
    return rung(run, section(run).get("chosen"))


def behind(one: Plain, other: Plain) -> float | None:
    """Return how far a rung is behind another; both say how far they are behind the best."""
    gaps = [number(rung.get("gap")) for rung in (one, other)]
    if None in gaps or number(one.get("value")) is None:
        return None
    return float(gaps[0] or 0.0) - float(gaps[1] or 0.0)


def metric_row(run: Plain | None, metric: str) -> Plain | None:
    """Return a metric's row: the model's figure, the rule's, and the paired difference."""
    return next((one for one in entries(section(run).get("metrics")) if one.get("metric") == metric), None)


def measured(run: Plain | None, metric: str) -> float | None:
    """Return the model's value of a metric, from the metrics or else from the constraints."""
    row = metric_row(run, metric)
    figures = [section(row, "model")] if row is not None else []
    constraints = (section(one, "figure") for one in entries(section(run).get("constraints")))
    figures += [one for one in constraints if one.get("metric") == metric]
    return next((value for one in figures if (value := number(one.get("value"))) is not None), None)


def microseconds_per_row(run: Plain | None) -> float | None:
    """Return what the chosen models take together to predict one row of many, microseconds."""
    tasks = section(run, "train", "tasks").values()
    times = [number(one.get("us_per_row")) for one in tasks if isinstance(one, Mapping)]
    return sum(one for one in times if one is not None) if times and None not in times else None


def rows_per_decision(subject: Subject) -> float | None:
    """Return how many rows one request decides on: 1, or those of a list; None where nothing says it."""
    framing = subject.framing
    if not framing.table.group:
        return 1.0
    group = subject.data.column("group") if subject.data is not None else None
    if group is not None and not group.is_null.all():
        codes = group.values[~group.is_null]
        return len(codes) / len(np.unique(codes))
    limits = [stage.limit or 0 for stage in framing.candidates.stages] if framing.candidates else []
    return float(sum(limits)) if sum(limits) else None
