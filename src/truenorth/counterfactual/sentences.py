"""A verdict as a product owner reads it: what to do, how hard, and what it costs in the KPI's own unit."""

from __future__ import annotations

import math

import numpy as np

from truenorth.counterfactual.contract import Depth, Lift, Verdict
from truenorth.counterfactual.policies import equal_best_of_n

POINTS = "points"
"""The unit of a change of a share: hundredths of it, percentage points."""
HARDLY = 1.05
"""Best of n below which a push hardly differs from today's policy."""


def change_text(value: float, unit: str = "", *, signed: bool = False) -> str:
    """Return a change of the KPI with three significant digits and its unit.

    Args:
        value: The change, in the unit that the KPI is computed in.
        unit: `points` for a share, which is told in percentage points; any other as it is; empty for none.
        signed: Whether a rise has a plus.

    Examples:
        >>> change_text(0.1478, "points"), change_text(-0.31, "EUR per decision"), change_text(1234.5)
        ('14.8 points', '-0.31 EUR per decision', '1,230')
    """
    return f"{_digits(value, unit, signed=signed)} {unit}".rstrip()


def interval_text(lift: Lift, unit: str = "") -> str:
    """Return a lift with its pointwise interval, with two significant digits of its half-width.

    Examples:
        >>> one = Lift(value=0.02, error=0.01, low=0.0004, high=0.0396, band_low=-0.01, band_high=0.05)
        >>> interval_text(one, "points")
        '+2.0 [+0.0, +4.0] points'
    """
    scale = 100.0 if unit == POINTS else 1.0
    half = scale * (lift.high - lift.low) / 2
    decimals = max(0, 1 - math.floor(math.log10(half))) if half > 0 else 2
    value, low, high = (f"{scale * one:+z,.{decimals}f}" for one in (lift.value, lift.low, lift.high))
    return f"{value} [{low}, {high}] {unit}".rstrip()


def _digits(value: float, unit: str, *, signed: bool) -> str:
    scaled = float(f"{100 * value if unit == POINTS else value:.3g}")
    if unit == POINTS:  # hundredths of a point are more than logs tell, unless that is all there is
        scaled = round(scaled, 2) or scaled
    written = f"{scaled:,.0f}" if abs(scaled) >= 1000 else np.format_float_positional(scaled, trim="-")
    return f"+{written}" if signed and scaled > 0 else written


def best_of(n: float) -> str:
    """Return how hard a push is, as best of n draws of today's policy.

    Examples:
        >>> best_of(5.62), best_of(1.03)
        ('best of 5.6', 'best of 1.03')
    """
    return f"best of {n:.1f}" if n >= HARDLY else f"best of {n:.2f}"


def sentence(
    proxy: str, kpi: str, verdict: Verdict, grid: tuple[Depth, ...], *, safe: float, visible: float, unit: str
) -> str:
    """Return the verdict as a product owner reads it.

    Args:
        proxy: What is pushed.
        kpi: How the KPI is called.
        verdict: Of the curve.
        grid: The curve, one depth at least.
        safe: Safe depth, 0 where there is none.
        visible: The smallest fall that would have been seen.
        unit: Of a change of the KPI, as `change_text` takes it.
    """
    worst = min(grid, key=lambda one: one.kpi_lift.value)
    if verdict == "ALIGNED":
        return _aligned(proxy, kpi, grid, unit)
    if verdict == "TRAP":
        return f"{_limit(proxy, safe)} {_turn(kpi, grid, unit)}"
    if verdict == "HARMFUL":
        fall = change_text(-worst.kpi_lift.value, unit)
        return f"Optimising {proxy} lowers {kpi}, by up to {fall} at {best_of(worst.best_of_n)}."
    return (
        f"The log cannot tell what optimising {proxy} does to {kpi}: a fall of less than "
        f"{change_text(visible, unit)} would not have been seen."
    )


def _aligned(proxy: str, kpi: str, grid: tuple[Depth, ...], unit: str) -> str:
    """Name the hardest push at which the gain is sure: beyond it the estimate may even be below 0."""
    sure = [one for one in grid if one.kpi_lift.band_low > 0][-1]
    gain = f"by {change_text(sure.kpi_lift.value, unit)} at {best_of(sure.best_of_n)}"
    if sure is grid[-1]:
        return f"Optimising {proxy} raises {kpi} as far as the log goes, {gain}."
    end = best_of(grid[-1].best_of_n)
    return f"Optimising {proxy} raises {kpi}, {gain}; harder than that, up to {end}, no gain is sure."


def _limit(proxy: str, safe: float) -> str:
    if not safe > 0:
        return f"Do not optimise {proxy} harder than today:"
    n = equal_best_of_n(safe)
    hard = f"no harder than {best_of(n)}" if n >= HARDLY else f"hardly harder than today ({best_of(n)})"
    return f"Optimise {proxy} {hard}; beyond that"


def _turn(kpi: str, grid: tuple[Depth, ...], unit: str) -> str:
    """Say how far the KPI falls from its peak, which is today where no push helps."""
    lifts = np.array([0.0, *(one.kpi_lift.value for one in grid)])
    peak = int(lifts.argmax())
    lowest = peak + int(lifts[peak:].argmin())
    if lowest == peak:  # the slope turned before the lift did
        return f"{kpi} turns: at {best_of(grid[-1].best_of_n)} pushing on already lowers it."
    end = grid[lowest - 1]
    fall = f"by up to {change_text(lifts[peak] - lifts[lowest], unit)}"
    pushed = f"when pushed to {best_of(end.best_of_n)}"
    if peak == 0:
        return f"{kpi} falls, {fall} {pushed}."
    below = ", which is less than today" if end.kpi_lift.band_high < 0 else ""
    return f"{kpi} turns and falls, {fall} from its peak {pushed}{below}."
