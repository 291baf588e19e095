"""Constraints: whether what the framing declares holds, by the unfavourable end of the interval."""

from __future__ import annotations

import operator

from truenorth.errors import TrueNorthError
from truenorth.evaluation.contract import Figure, Judged, Outcome, Status
from truenorth.evaluation.measure import DRAWS, figure
from truenorth.evaluation.reading import Reading
from truenorth.framing.framing import Framing
from truenorth.framing.references import Constraint

_HOLDS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def check_constraints(
    framing: Framing, judged: Judged, *, level: float = 0.95, draws: int = DRAWS, seed: int = 0
) -> tuple[Outcome, ...]:
    """Return what became of every constraint of the framing, in its order.

    Args:
        framing: What declares the constraints.
        judged: Decisions on test rows beside what happened.
        level: Confidence of the intervals, in (0, 1).
        draws: Bootstrap draws, for metrics whose error has no formula.
        seed: Seed of the bootstrap.
    """
    reading = Reading(judged)
    return tuple(outcome(one, reading, level=level, draws=draws, seed=seed) for one in framing.constraints)


def outcome(
    constraint: Constraint, reading: Reading, *, level: float = 0.95, draws: int = DRAWS, seed: int = 0
) -> Outcome:
    """Return what became of one constraint."""
    try:
        found = figure(constraint.metric, reading, level=level, draws=draws, seed=seed)
    except TrueNorthError as error:
        blank = Figure(metric=str(constraint.metric), value=None, note=error.findings[0].evidence)
        return Outcome(constraint=constraint, figure=blank, status="error", bound=None, note=str(error))
    bound, why = _bound(constraint, reading.judged)
    if bound is None:
        return Outcome(constraint=constraint, figure=found, status="not assessed", bound=None, note=why)
    status, note = _status(constraint, found, bound)
    return Outcome(constraint=constraint, figure=found, status=status, bound=bound, note=note)


def _bound(constraint: Constraint, judged: Judged) -> tuple[float | None, str]:
    if not constraint.of_released:
        return constraint.bound, ""
    if judged.released is None:
        return None, "there is no released run to compare with"
    released = judged.released.get(str(constraint.metric))
    if released is None or released.value is None:
        return None, f"the released run has no figure of {constraint.metric}"
    return constraint.bound * released.value, ""


def _status(constraint: Constraint, found: Figure, bound: float) -> tuple[Status, str]:
    """Return the status: both ends of the interval must say the same, or the estimate where it may decide."""
    if found.value is None:
        return "not assessed", found.note
    holds = _HOLDS[constraint.operator]
    if constraint.on_estimate or _is_exact(found):
        status: Status = "met" if holds(found.value, bound) else "violated"
        return status, "decided by the estimate"
    if found.low is None or found.high is None:
        return "undecided", "the figure has no interval; write `on estimate` to let the value decide"
    is_ceiling = constraint.operator in ("<", "<=")
    unfavourable, favourable = (found.high, found.low) if is_ceiling else (found.low, found.high)
    if holds(unfavourable, bound):
        return "met", f"the unfavourable end {unfavourable:.4g} holds"
    if not holds(favourable, bound):
        return "violated", f"even the favourable end {favourable:.4g} fails"
    return "undecided", f"the interval from {found.low:.4g} to {found.high:.4g} holds the bound {bound:.4g}"


def _is_exact(found: Figure) -> bool:
    """A time that a stopwatch took has no sampling error that rows could tell."""
    return found.method == "stopwatch"
