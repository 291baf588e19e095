"""A verdict as a product owner reads it: what to do, how hard, and what it costs in the KPI's own unit."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from truenorth.counterfactual.contract import Depth, Lift, Verdict
from truenorth.counterfactual.policies import equal_best_of_n
from truenorth.counterfactual.verdict import Family

Floats = NDArray[np.float64]

POINTS = "points"
"""The unit of a change of a share: hundredths of it, percentage points."""
ONE_POINT, NOT_KNOWN = "point", "not known"
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
    if not math.isfinite(value):
        return NOT_KNOWN
    written = _digits(value, unit, signed=signed)
    return f"{written} {ONE_POINT if unit == POINTS and written.lstrip('+-') == '1' else unit}".rstrip()


def interval_text(lift: Lift, unit: str = "") -> str:
    """Return a lift with its pointwise interval, with two significant digits of its half-width.

    What is not finite is not known: a log of few units may have a lift and no interval.

    Examples:
        >>> one = Lift(value=0.02, error=0.01, low=0.0004, high=0.0396, band_low=-0.01, band_high=0.05)
        >>> interval_text(one, "points")
        '+2.0 [+0.0, +4.0] points'
    """
    scale = 100.0 if unit == POINTS else 1.0
    if not math.isfinite(lift.value):
        return NOT_KNOWN
    half = scale * (lift.high - lift.low) / 2
    decimals = max(0, 1 - math.floor(math.log10(half))) if 0 < half < math.inf else 2
    value, low, high = (
        f"{scale * one:+z,.{decimals}f}" if math.isfinite(one) else NOT_KNOWN
        for one in (lift.value, lift.low, lift.high)
    )  # fmt: skip
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
    proxy: str, kpi: str, verdict: Verdict, grid: tuple[Depth, ...], family: Family,
    *, safe: float, visible: float, unit: str,
) -> str:  # fmt: skip
    """Return the verdict as a product owner reads it.

    Args:
        proxy: What is pushed.
        kpi: How the KPI is called.
        verdict: Of the curve.
        grid: The curve, one depth at least.
        family: Claims of harm of the same depths.
        safe: Safe depth, 0 where there is none.
        visible: The smallest fall that would have been seen.
        unit: Of a change of the KPI, as `change_text` takes it.
    """
    worst = min(grid, key=lambda one: one.kpi_lift.value)
    if verdict == "ALIGNED":
        return _aligned(proxy, kpi, grid, unit)
    if verdict == "TRAP":
        return _trap(proxy, kpi, grid, family, safe=safe, unit=unit)
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


def _trap(
    proxy: str, kpi: str, grid: tuple[Depth, ...], family: Family, *, safe: float, unit: str
) -> str:  # fmt: skip
    """Say what turns, as the family claims it: before the peak, after it, or the slope alone."""
    lifts = np.array([0.0, *(one.kpi_lift.value for one in grid)])
    peak = int(lifts.argmax())
    harmed = np.flatnonzero(family.harms[: max(peak - 1, 0)])
    if len(harmed):
        return _dip(proxy, kpi, grid, int(harmed[lifts[harmed + 1].argmin()]), safe=safe, unit=unit)
    if lifts[peak:].min() < lifts[peak]:
        return f"{_limit(proxy, safe)} {_fall(kpi, grid, lifts, peak, unit)}"
    if family.falls.any():  # the slope turned before the lift did
        turned = best_of(grid[int(family.falls.argmax())].best_of_n)
        return f"{_limit(proxy, safe)} {kpi} turns: at {turned} pushing on already lowers it."
    return _valley(proxy, kpi, grid, lifts, safe=safe, unit=unit)


def _limit(proxy: str, safe: float) -> str:
    if not safe > 0:
        return f"Do not optimise {proxy} harder than today:"
    n = equal_best_of_n(safe)
    hard = f"no harder than {best_of(n)}" if n >= HARDLY else f"hardly harder than today ({best_of(n)})"
    return f"Optimise {proxy} {hard}; beyond that"


def _fall(kpi: str, grid: tuple[Depth, ...], lifts: Floats, peak: int, unit: str) -> str:
    """Say how far the KPI falls from its peak, which is today where no push helps."""
    lowest = peak + int(lifts[peak:].argmin())
    end = grid[lowest - 1]
    fall = f"by up to {change_text(lifts[peak] - lifts[lowest], unit)}"
    pushed = f"when pushed to {best_of(end.best_of_n)}"
    if peak == 0:
        return f"{kpi} falls, {fall} {pushed}."
    below = ", which is less than today" if end.kpi_lift.band_high < 0 else ""
    return f"{kpi} turns and falls, {fall} from its peak {pushed}{below}."


def _dip(proxy: str, kpi: str, grid: tuple[Depth, ...], at: int, *, safe: float, unit: str) -> str:
    """Say that the KPI falls below today on the way to its peak: nothing so deep is safe."""
    end = grid[at]
    fall = f"by {change_text(-end.kpi_lift.value, unit)} at {best_of(end.best_of_n)}"
    limit = _limit(proxy, safe if safe < end.depth else 0.0)
    return f"{limit} {kpi} falls below today, {fall}, before it rises again."


def _valley(
    proxy: str, kpi: str, grid: tuple[Depth, ...], lifts: Floats, *, safe: float, unit: str
) -> str:  # fmt: skip
    """Say how far the KPI falls between two gains, where the deepest one is the largest."""
    falls = np.maximum.accumulate(lifts[1:]) - lifts[1:]
    end = int(falls.argmax())
    start = int(lifts[1 : end + 2].argmax())
    limit = _limit(proxy, min(safe, grid[start].depth))
    fall = f"by {change_text(falls[end], unit)} from {best_of(grid[start].best_of_n)}"
    return f"{limit} {kpi} turns and falls, {fall} to {best_of(grid[end].best_of_n)}, before it rises again."
