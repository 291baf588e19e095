"""Outcomes that are not known yet: weights that make the known ones stand for all.

A KPI `Y = [delay <= window]` of a decision of age `E` is known to be 1 once its event has come. With
`G(t) = P(E >= t)` over all decisions asked about, `[delay <= min(E, window)] / G(delay)` has the mean of `Y`:
it uses every event that has come, takes "not yet" for nothing, and may replace `Y` in every formula. To
read "not yet" as "no" hides most of a trap whose bait converts early.

References:
    Robins and Rotnitzky (1992). Recovery of information and adjustment for dependent censoring. AIDS
    Epidemiology.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from truenorth.counterfactual.result import Result
from truenorth.errors import DataError, Finding
from truenorth.statistics.estimates import codes_of

Floats = NDArray[np.float64]

LEAST_SEEN = 0.05
"""Smallest share of decisions old enough for a delay to count: below it weights explode."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Matured(Result):
    """Outcomes weighted so that immature ones are made up for."""

    outcome: Floats
    """In place of the KPI, shape (n,); above 1 where an event stands for others that are too young."""
    share_mature: float
    """Share of decisions older than the window."""
    least_seen: float
    """Smallest `G(delay)` that entered, or would have: a segment's share that is older than the window."""
    findings: tuple[Finding, ...]

    def __repr__(self) -> str:
        return f"Matured({len(self.outcome):,} decisions, {self.share_mature:.0%} older than the window)"


def matured(
    delay: Floats, age: Floats, *, window: float, value: Floats | None = None,
    segment: NDArray[Any] | None = None,
) -> Matured:  # fmt: skip
    """Return outcomes that are unbiased although some decisions are younger than the window.

    Args:
        delay: Time from decision to event, infinite where none has come, shape (n,).
        age: Time from decision to the snapshot, shape (n,), same unit; by arrival of the events in the log,
            where they arrive late.
        window: The KPI counts events within it, same unit.
        value: What an event is worth, shape (n,); 1 by default.
        segment: Traffic segment, where segments entered at different times, shape (n,).

    Examples:
        >>> found = matured(np.array([1.0, np.inf]), np.array([9.0, 9.0]), window=7.0)
        >>> found.outcome.tolist(), found.share_mature
        ([1.0, 0.0], 1.0)
    """
    delay, age = np.asarray(delay, dtype=np.float64), np.asarray(age, dtype=np.float64)
    if delay.shape != age.shape or delay.ndim != 1 or np.isnan(delay).any() or np.isnan(age).any():
        raise DataError(
            Finding(
                code="STRESS002", where="matured", fix="pass infinity where no event has come.",
                evidence=f"expected delays and ages of one shape without NaN, got {delay.shape}, {age.shape}",
            )
        )  # fmt: skip
    codes = np.zeros(len(age), dtype=np.int64) if segment is None else codes_of(np.asarray(segment))
    came = delay <= np.minimum(age, window)
    seen, least = np.ones(len(age)), 1.0
    for code in np.unique(codes):
        inside = codes == code
        ages = np.sort(age[inside])
        seen[inside] = 1.0 - np.searchsorted(ages, delay[inside], side="left") / len(ages)
        # events that no decision is old enough to have had are missing from the log, and from `seen`
        least = min(least, float(np.mean(ages >= window)))
    worth = np.ones(len(age)) if value is None else np.asarray(value, dtype=np.float64)
    truncated = np.maximum(seen, LEAST_SEEN)
    outcome = np.where(came, worth / truncated, 0.0)
    share = float(np.mean(age >= window)) if len(age) else 1.0
    findings = [*_few_old(least, window), *_drift(age, came, delay, window, share)]
    return Matured(outcome=outcome, share_mature=share, least_seen=least, findings=tuple(findings))


def _few_old(least: float, window: float) -> list[Finding]:
    if least >= LEAST_SEEN:
        return []
    return [
        Finding(
            code="STRESS003", severity="error", where="maturity",
            evidence=f"expected at least {LEAST_SEEN:.0%} of decisions to be old enough for every delay, "
            f"got {least:.1%} at the end of a window of {window:g}.",
            fix="shorten the window of the KPI, or wait until older decisions are in the log.",
        )
    ]  # fmt: skip


def _drift(age: Floats, came: NDArray[np.bool_], delay: Floats, window: float, share: float) -> list[Finding]:
    """Find outcomes that depend on the age: events early after the decision, in older and younger halves."""
    if len(age) < 200 or share == 1.0:
        return []
    early = float(np.quantile(age, 0.1))
    event = came & (delay <= early)
    older = age > np.median(age)
    a, b = int(event[older].sum()), int(event[~older].sum())
    sizes = int(older.sum()), int((~older).sum())
    if a + b < 20 or not min(sizes):
        return []
    rate = (a + b) / len(age)
    z = (a / sizes[0] - b / sizes[1]) / np.sqrt(rate * (1 - rate) * (1 / sizes[0] + 1 / sizes[1]))
    if abs(z) <= float(stats.norm.ppf(0.9995)):
        return []
    return [
        Finding(
            code="STRESS004", severity="warn", where="maturity",
            evidence=f"expected outcomes that do not depend on when a decision was made, got early events at "
            f"{a / sizes[0]:.4g} of older and {b / sizes[1]:.4g} of younger decisions (z {z:+.1f}).",
            fix="give the traffic segment, or test a shorter period.",
        )
    ]  # fmt: skip


def soft_target_loss(logit: Floats, outcome: Floats) -> Floats:
    """Return the log loss `-y z + log(1 + exp(z))` of outcomes that may be above 1.

    Linear in the outcome, so that with `matured` outcomes its mean is that of the mature loss.

    Args:
        logit: Prediction `z`, shape (n,).
        outcome: As `matured` gives it, shape (n,).

    Examples:
        >>> soft_target_loss(np.array([0.0]), np.array([1.5])).round(4).tolist()
        [0.6931]
    """
    return np.asarray(np.logaddexp(0.0, logit) - outcome * logit)
