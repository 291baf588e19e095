"""Decisions that are too young for the KPI: events that came early stand for those that have not come yet.

A label that says `maturity: ipcw` is weighed, any other waits. What is weighed is one event after the
decision: how long each row was followed depends on time alone and is known for every row, so the chance of
having seen an event that took so long is a plain share of the decisions asked about. Weights of the examples
table are such shares too, of a part's rows, for a model of one row. Here a decision counts once, whatever
part it is of, and what a user's week came to counts once per user and week.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truenorth.counterfactual.log import Log
from truenorth.counterfactual.maturity import Matured, matured
from truenorth.examples.dataset import STATES, Dataset
from truenorth.framing.durations import DAY, microseconds
from truenorth.framing.expressions import Expression
from truenorth.framing.framing import Framing
from truenorth.framing.horizon import delay, with_dependencies
from truenorth.framing.labels import TIME_ANCHORS, Label
from truenorth.framing.periods import Moment
from truenorth.workflow.work import Work

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
Limits = Mapping[str, Ints]
"""By label: the time before which it must be due to be known, microseconds, of each row, shape (n,)."""

IMMATURE = STATES.index("immature")


@dataclass(frozen=True, eq=False)
class Followed:
    """How long each row was followed, and when its event came, from the start of the label's window on."""

    delay: Floats
    """Days to the first event, infinite where none has come, shape (n,)."""
    age: Floats
    """Days followed, shape (n,): until the reading, less the promised delay; below 0 before the start."""
    window: float
    """Days in which an event counts."""
    is_absent: bool
    """Whether the label is that no event came."""

    def outcome(self, log: Log, *, per_unit: bool = False) -> Matured:
        """Return the label of each decision, young ones made up for.

        A unit has one outcome: its window is the same for all its decisions, and the latest reading counts.
        """
        late, old = (log.of_chosen(log.spread(one)) for one in (self.delay, self.age))
        if not per_unit:
            found = matured(late, old, window=self.window)
        else:
            order = np.lexsort((old, log.units))
            last = order[np.append(np.diff(log.units[order]) > 0, True)]
            of_units = matured(late[last], old[last], window=self.window)
            found = replace(of_units, outcome=of_units.outcome[log.units])
        return replace(found, outcome=1.0 - found.outcome) if self.is_absent else found


def limits(work: Work) -> Limits:
    """Return until when the labels of the held-out rows are read, for labels that are weighed."""
    profile = work.folders["examples"] / "profile.json"
    return limits_of(work.held_out, json.loads(profile.read_text(encoding="utf-8")))


def limits_of(data: Dataset, profile: Mapping[str, Any]) -> Limits:
    """Return until when labels are read that are weighed: at a part's reading if trained, within the log.

    Args:
        data: Rows with their labels.
        profile: Of the build that made them.
    """
    return {
        name: _limit(data, profile, name) for name, one in data.labels.items() if one.mature_at is not None
    }


def _limit(data: Dataset, profile: Mapping[str, Any], name: str) -> Ints:
    label = data.framing.labels.get(name)
    covers = None if label is None else profile["sources"][label.source]["covers"]
    as_of = Moment.parse(profile["as_of"]).microseconds
    end = min(as_of, covers[1]) if covers else as_of
    found = np.full(data.n_rows, end, dtype=np.int64)
    parts = next(iter(profile["tables"].values()))["parts"] if name in profile["trained"] else {}
    for part in data.parts if parts else ():
        planned = parts[part]["planned"] or parts.get(_stretch_of(data.framing, part), {}).get("planned")
        if planned:
            read_at = Moment.parse(planned["as_of"]).microseconds
            found[data.columns["split"].texts() == part] = min(end, read_at)
    return found


def _stretch_of(framing: Framing, part: str) -> str:
    """Return the part that a share by hash was cut from."""
    tail = getattr(framing.split, part, None)
    return str(getattr(tail, "of", ""))


def is_due(expression: Expression, data: Dataset) -> Mask:
    """Return which rows have had the time that the labels of an expression take, whatever they came to, (n,).

    What an expression came to may be known before: an observed 0 decides a product. To use the rows whose
    zero is known and no others would choose rows by their outcome.
    """
    framing = data.framing
    names = expression.columns
    if "score" in names and "score" not in data.columns:
        names = names | framing.objective.score.columns
    found = np.ones(data.n_rows, dtype=bool)
    for name in with_dependencies(names, framing.labels):
        waits = [data.labels[one].state == IMMATURE for one in data.families.get(name, ())]
        for one in waits:
            found &= ~(one if _waits_for_time(framing.labels[name]) else _from_the_first_on(one, data))
    return found


def _waits_for_time(label: Label) -> bool:
    """Return whether the state of a label depends on time alone, and on no other label."""
    return label.given is None and label.combine is None and label.anchor in TIME_ANCHORS


def _from_the_first_on(waits: Mask, data: Dataset) -> Mask:
    """Return the rows as late as the first that waits in their part, whose labels are read together."""
    at, split = data.columns["at"], data.columns["split"].values
    times = np.where(at.is_null, 0, at.values)
    found = waits.copy()
    for part in np.unique(split[waits]):
        inside = split == part
        found |= inside & (times >= times[inside & waits].min())
    return found


def followed(expression: Expression, data: Dataset, limits: Limits) -> Followed | None:
    """Return how long the rows of a label were followed; None where the expression is no label to weigh."""
    if why_waits(expression, data, limits):
        return None
    name = expression.column or ""
    label, outcomes = data.framing.labels[name], data.labels[name]
    assert outcomes.mature_at is not None and outcomes.event_at is not None  # else it waits
    window = microseconds(label.within) or 0
    wait = delay(label, data.framing.sources, None)
    start = outcomes.mature_at.values - window - wait
    # what is known at the reading itself is too late
    age = limits[name] - start - wait - 1
    lasted = np.where(outcomes.event_at.is_null, np.inf, (outcomes.event_at.values - start) / DAY)
    return Followed(lasted, age / DAY, window / DAY, bool(label.absent))


def why_waits(expression: Expression, data: Dataset, limits: Limits) -> str:
    """Return why rows that are too young for an outcome wait instead of being weighed, empty if not."""
    reason = why_not(data.framing, expression)
    if reason:
        return reason
    name = expression.column or ""
    outcomes = data.labels.get(name)
    if name not in limits or outcomes is None or outcomes.mature_at is None or outcomes.event_at is None:
        return "until when its label was read is not known"
    return "some rows of its label are never due" if outcomes.mature_at.is_null.any() else ""


def why_not(framing: Framing, expression: Expression) -> str:
    """Return why decisions that are too young for an outcome wait instead of being weighed, empty if not."""
    label = framing.labels.get(expression.column or "")
    if label is None:
        return "the KPI is no single label"
    form = _why_not_of(label)
    if form:
        return form
    return "" if label.maturity == "ipcw" else "its label says maturity: wait"


def _why_not_of(label: Label) -> str:
    """Return what about the form of a label keeps its early events from standing for later ones."""
    if label.source is None or label.within is None:
        return "its label is no event in a window"
    if label.aggregate not in (None, "absent"):
        return "its label adds up events, of which the first says little"
    if label.given is not None or label.anchor not in TIME_ANCHORS:
        return "its label depends on another event"
    return ""


def can_be_weighed(framing: Framing, expression: Expression) -> bool:
    """Return whether nothing but `maturity: ipcw` is missing for young decisions to be weighed."""
    label = framing.labels.get(expression.column or "")
    return label is not None and label.maturity != "ipcw" and not _why_not_of(label)
