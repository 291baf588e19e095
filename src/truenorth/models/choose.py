"""The ladder: from the rule up, and where to stop.

The simplest rung is taken that is not meaningfully worse than the best one: a more complex model must earn
its place by more than chance and by more than the declared gain.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from truenorth.errors import DataError, Finding

Verdict = Literal["rules win", "model wins", "not enough evidence"]
How = Literal["best", "one_standard_error"]


@dataclass(frozen=True, kw_only=True)
class Rung:
    """One candidate's figure on the validation rows, and what it costs."""

    name: str
    """Name as it is shown: `amount > 220`, linear, trees."""
    value: float | None
    """The objective's metric; None or NaN where it was not assessed."""
    standard_error: float | None = None
    """Of `value`, clustered by unit."""
    gap: float = 0.0
    """How much better the best rung is, in the metric's good direction, on the same rows."""
    gap_standard_error: float = 0.0
    """Of `gap`: paired and clustered."""
    versus_rule: tuple[float, float, float] | None = None
    """How much better this rung is than the rule: value, low, high; None for the rule itself."""
    is_rule: bool = False
    seconds: float | None = None
    """Time to fit."""
    us_per_row: float | None = None
    """Microseconds to predict one row."""
    bytes: int | None = None
    """Size on disk."""

    @property
    def is_assessed(self) -> bool:
        """Whether there is a figure to compare."""
        return self.value is not None and math.isfinite(self.value)

    def to_dict(self) -> dict[str, Any]:
        """Return the rung as plain JSON values."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Which rung is taken, and why."""

    chosen: str
    verdict: Verdict
    ladder: tuple[Rung, ...]
    """Every rung, the simplest first."""
    best: str
    """Rung with the best figure."""
    sentence: str
    """The choice in one sentence."""

    def to_dict(self) -> dict[str, Any]:
        """Return the choice as plain JSON values."""
        return {**asdict(self), "ladder": [rung.to_dict() for rung in self.ladder]}


def choose(
    rungs: Sequence[Rung],
    *,
    how: How = "one_standard_error",
    minimum_gain: float = 0.0,
    higher_is_better: bool = True,
    z: float = 1.959963984540054,
) -> Choice:
    """Return the rung to release.

    `one_standard_error`: the first rung whose gap to the best is at most the gap's standard error, or at most
    `minimum_gain`. `best`: the first rung whose gap is at most `minimum_gain`. The rule wins where it is
    taken and the interval of its gap holds 0; a model wins where the interval of its gain over the rule is
    above 0.

    Args:
        rungs: Candidates, the simplest first.
        how: Whether chance is allowed for.
        minimum_gain: Gain below which the simpler rung is kept, in the metric's units, >= 0.
        higher_is_better: Direction of the metric.
        z: Normal quantile of the interval of the rule's gap.

    Raises:
        DataError: If there is no rung.

    References:
        Breiman, Friedman, Olshen, Stone (1984). Classification and Regression Trees, section 3.4.3.
    """
    if not rungs:
        raise DataError(
            Finding(
                code="MODEL046",
                where="models.candidates",
                evidence="expected at least one candidate to choose from, got none.",
                fix="name a rule or a candidate under models.",
            )
        )
    assessed = [rung for rung in rungs if rung.is_assessed]
    if not assessed:
        return _nothing_assessed(rungs)
    best = _best(assessed, higher_is_better)
    chosen = next(rung for rung in assessed if rung is best or _is_enough(rung, how, minimum_gain))
    return Choice(
        chosen=chosen.name,
        verdict=_verdict(chosen, best, z),
        ladder=tuple(rungs),
        best=best.name,
        sentence=_sentence(chosen, best, _verdict(chosen, best, z), minimum_gain),
    )


def _best(rungs: Sequence[Rung], higher_is_better: bool) -> Rung:
    """Return the best figure; the simpler of two that are equal."""
    sign = 1.0 if higher_is_better else -1.0
    return max(rungs, key=lambda rung: sign * float(rung.value or 0.0))


def _is_enough(rung: Rung, how: How, minimum_gain: float) -> bool:
    by_chance = rung.gap_standard_error if how == "one_standard_error" else 0.0
    return rung.gap <= max(by_chance, minimum_gain, 0.0)


def _verdict(chosen: Rung, best: Rung, z: float) -> Verdict:
    if chosen.is_rule:
        is_as_good = chosen is best or chosen.gap - z * chosen.gap_standard_error <= 0.0
        return "rules win" if is_as_good else "not enough evidence"
    gain = chosen.versus_rule
    return "model wins" if gain is not None and gain[1] > 0.0 else "not enough evidence"


def _sentence(chosen: Rung, best: Rung, verdict: Verdict, minimum_gain: float) -> str:
    figure = f"{chosen.name} ({chosen.value:.4g})"
    if chosen is best:
        reason = "it has the best figure"
    else:
        bound = f"standard error {chosen.gap_standard_error:.3g}"
        bound += f", declared gain {minimum_gain:.3g}" if minimum_gain else ""
        reason = f"{best.name} ({best.value:.4g}) is better by only {chosen.gap:.3g} ({bound})"
    gain = chosen.versus_rule
    beside = f"; over the rule {gain[0]:+.3g} [{gain[1]:+.3g}, {gain[2]:+.3g}]" if gain else ""
    return f"{verdict}: {figure} is taken, as {reason}{beside}."


def _nothing_assessed(rungs: Sequence[Rung]) -> Choice:
    """Fall back to the simplest rung where no figure could be measured."""
    first = rungs[0]
    return Choice(
        chosen=first.name,
        verdict="not enough evidence",
        ladder=tuple(rungs),
        best=first.name,
        sentence=f"not enough evidence: nothing could be assessed, so {first.name}, the simplest, is taken.",
    )
