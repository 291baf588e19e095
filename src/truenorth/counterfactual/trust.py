"""Clicks that come from the place alone: `P(click | place k, item d) = slope_k g_d + base_k`.

Readers trust the first places and click there on what is worth little; then clicks are no longer looks times
worth, and a click at the top says less than looks alone would have it. At two places the rates of one item
lie on a line in its worth, whatever moved it: the worth is read off the other places, and the line through
the place's own rates is fitted with the noise of that reading taken off (corrected least squares), place
after place until nothing changes. No law of worths is assumed: which items stand where does not matter.

Worth has no unit and no zero of its own: the slope of the first place is set to 1, the base of the last to 0.
The order of items by their labels depends on neither.

References:
    Agarwal, Wang, Li, Bendersky and Najork (2019). Addressing trust bias for unbiased learning-to-rank. WWW.
    Vardasbi, Oosterhuis and de Rijke (2020). When inverse propensity scoring does not work. CIKM.
    Fuller (1987). Measurement error models. Wiley.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from truenorth.counterfactual.looks import Shown, count_shown, plain, share_moved
from truenorth.counterfactual.positions import LEAST_MOVED, check_impressions
from truenorth.counterfactual.result import Result
from truenorth.errors import Finding
from truenorth.statistics.estimates import codes_of

Floats = NDArray[np.float64]

STEPS, TOLERANCE = 200, 1e-7
FEWEST_ITEMS = 30
"""Items of a place that were also shown elsewhere, below which it has no line."""
LEAST_SIGNAL = 4.0
"""Spread of worths among the items of a place over its standard error, below which it has no slope."""
LEAST_SLOPE = 4.0
"""Slope of the first and of the last place over its standard error, below which neither gives worth a unit
or a zero: all other slopes and bases are counted from these two."""


@dataclass(frozen=True, kw_only=True, repr=False)
class TrustReport(Result):
    """How clicks at each place follow from worth; NaN everywhere where that is not identified."""

    slope: tuple[float, ...]
    """Rise of the click rate per worth, 1 at the first place."""
    base: tuple[float, ...]
    """Click rate of an item without worth, 0 at the last place."""
    slope_low: tuple[float, ...]
    """Lower ends of bootstrap intervals over items; empty without draws."""
    slope_high: tuple[float, ...]
    base_low: tuple[float, ...]
    base_high: tuple[float, ...]
    moved: float
    """Share of impressions of items that were shown at two places or more."""
    signal: float
    """Spread of worths over its standard error, at the place where it is least sure."""
    findings: tuple[Finding, ...]

    @property
    def is_trusted(self) -> tuple[bool, ...]:
        """Whether each place by itself draws clicks of its own: the interval of its base is above 0."""
        return tuple(low > 0 for low in self.base_low)

    def __repr__(self) -> str:
        lines = [
            f"  place {at}: {slope:.3f} worth {base:+.3f}"
            for at, (slope, base) in enumerate(zip(self.slope, self.base, strict=True), start=1)
        ]
        return "\n".join(["Trust in places:", *lines, *(f"  {one}" for one in self.findings)])


def trust_in_places(
    item: NDArray[Any], position: NDArray[Any], click: NDArray[Any], *, draws: int = 200, level: float = 0.95,
    seed: int = 0,
) -> TrustReport:  # fmt: skip
    """Return how clicks at each place follow from worth, from items that moved between places.

    Args:
        item: What was shown, a document of a query, shape (n,).
        position: Where, from 1, shape (n,).
        click: 0 or 1, shape (n,).
        draws: Bootstrap draws over items, 0 for no intervals.
        level: Confidence of the intervals.
        seed: Seed of the draws.

    Examples:
        >>> rng = np.random.default_rng(0)
        >>> item, position = rng.integers(0, 500, 100_000), rng.integers(1, 3, 100_000)
        >>> worth = rng.random(500)[item]
        >>> click = rng.random(100_000) < np.where(position == 1, 0.5 * worth + 0.3, 0.4 * worth)
        >>> found = trust_in_places(item, position, click, draws=0)
        >>> [round(one, 1) for one in (*found.slope, *found.base)]
        [1.0, 0.8, 0.3, 0.0]
    """
    item, position = codes_of(np.asarray(item)), np.asarray(position)
    clicks = np.asarray(click, dtype=np.float64)
    check_impressions(item, position, clicks)
    places = int(position.max(initial=0))
    if not len(item):
        return _unknown(places, 0.0, 0.0, "no impressions")
    shown = count_shown(item, position.astype(np.int64) - 1, clicks, places, np.ones(len(item)))
    moved = share_moved(shown)
    cells = _Cells.of(shown)
    against = _why_not(cells, moved)
    if against:
        return _unknown(places, moved, 0.0, against)
    each = np.ones(len(shown.n))
    slope, base, signal, rise = _lines(cells, each)
    against = _why_no_lines(signal, rise)
    if against:
        return _unknown(places, moved, signal, against)
    rng, count = np.random.default_rng(seed), len(shown.n)
    drawn = [
        _lines(cells, np.bincount(rng.integers(0, count, count), minlength=count).astype(float))[:2]
        for _ in range(draws)
    ]
    ends = [(1 - level) / 2, (1 + level) / 2]
    low, high = np.nanquantile(np.array(drawn), ends, axis=0) if drawn else (((), ()), ((), ()))
    return TrustReport(
        slope=plain(slope), base=plain(base), slope_low=plain(low[0]), slope_high=plain(high[0]),
        base_low=plain(low[1]), base_high=plain(high[1]), moved=moved, signal=signal, findings=(),
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Cells:
    """Impressions by item and place, with two or more of each, so that the noise of a rate is known."""

    n: Floats
    clicks: Floats
    noise: Floats
    """Unbiased `p (1 - p)` of each item and place."""
    at_place: Floats
    """The same on average of a place, shape (places,)."""

    @classmethod
    def of(cls, shown: Shown) -> _Cells:
        n = np.where(shown.n >= 2, shown.n, 0.0)
        clicks = np.where(n > 0, shown.clicks, 0.0)
        noise = clicks * (n - clicks) / np.maximum(n * (n - 1), 1.0)
        total = np.maximum(n.sum(axis=0), 1.0)
        return cls(n, clicks, noise, np.maximum((n * noise).sum(axis=0) / total, 1.0 / total))


def _why_not(cells: _Cells, moved: float) -> str:
    """Return what keeps the lines from being identified, empty where nothing does."""
    if moved < LEAST_MOVED:
        return f"{moved:.1%} of impressions of items that were shown at two places or more"
    seen = (cells.n > 0).astype(np.int64)
    shared = seen.T @ seen
    several = seen[seen.sum(axis=1) > 1].sum(axis=0)
    if several.min() < FEWEST_ITEMS:
        return (
            f"{several.min()} items of place {int(several.argmin()) + 1} that were shown twice elsewhere too"
        )
    parts, _ = connected_components(shared >= FEWEST_ITEMS, directed=False)
    return "" if parts == 1 else f"{parts} groups of places between which no items move"


def _why_no_lines(signal: float, rise: Floats) -> str:
    """Return what keeps slopes and bases from having a unit and a zero, empty where nothing does."""
    for place, found in (("first", rise[0]), ("last", rise[-1])):
        if not found >= LEAST_SLOPE:
            return f"clicks at the {place} place that rise with worth by {found:.1f} standard errors"
    if not signal >= LEAST_SIGNAL:
        return f"worths of items that spread by {signal:.1f} standard errors"
    return ""


def _lines(cells: _Cells, times: Floats) -> tuple[Floats, Floats, float, Floats]:
    """Return slopes and bases of the places, the least signal, and slopes over their standard errors.

    Each item is counted so many times. Slopes are NaN where one of the two that others are counted from, of
    the first and of the last place, is not above 0.
    """
    n, clicks = cells.n * times[:, None], cells.clicks * times[:, None]
    rate = np.maximum(clicks.sum(axis=0), 0.5) / np.maximum(n.sum(axis=0), 1.0)
    slope, base = rate / rate[0], np.zeros(len(rate))
    signal, rise = np.zeros(len(rate)), np.zeros(len(rate))
    for _ in range(STEPS):
        before = np.concatenate([slope, base])
        for place in range(len(slope)):
            slope[place], base[place], signal[place], rise[place] = _line(cells, times, slope, base, place)
        if not (slope[0] > 0 and slope[-1] > 0):
            nothing = np.full(len(rate), np.nan)
            return nothing, nothing, float(signal.min()), np.where(slope > 0, np.inf, 0.0)
        base = base - base[-1] / slope[-1] * slope
        slope = slope / slope[0]
        if not np.abs(np.concatenate([slope, base]) - before).max() > TOLERANCE:
            break
    return slope, base, float(signal.min()), rise


def _line(
    cells: _Cells, times: Floats, slope: Floats, base: Floats, place: int
) -> tuple[float, float, float, float]:
    """Return slope and base of a place by the worths that the other places show.

    After them the spread of those worths and the slope, each over its standard error.
    """
    pull = slope / cells.at_place
    pull[place] = 0.0
    looks = cells.n @ (pull * slope)
    held = (looks > 0) & (cells.n[:, place] > 0) & (times > 0)
    n, looks, times = cells.n[held, place], looks[held], times[held]
    worth = ((cells.clicks[held] - cells.n[held] * base) @ pull) / looks
    noise = (cells.n[held] * cells.noise[held]) @ pull**2 / looks**2
    expected = cells.n[held] @ (pull**2 * cells.at_place) / looks**2
    # how well each item's rate can be foretold, by numbers of impressions alone: its clicks must not weigh it
    weight = times * n / (1 + slope[place] ** 2 * n * expected / cells.at_place[place])
    rate, total = cells.clicks[held, place] / n, weight.sum()
    apart, above = worth - weight @ worth / total, rate - weight @ rate / total
    spread = apart**2 - noise
    variance = float(weight @ spread / total)
    error = float(np.sqrt(weight**2 @ (spread - variance) ** 2) / total)
    if not variance > 0:
        return slope[place], base[place], 0.0, 0.0
    found = float(weight @ (apart * above) / total) / variance
    left = apart * above - found * spread
    slope_error = float(np.sqrt(weight**2 @ left**2) / total) / variance
    level = float(weight @ (rate - found * worth) / total)
    return found, level, variance / max(error, 1e-300), found / max(slope_error, 1e-300)


def _unknown(places: int, moved: float, signal: float, got: str) -> TrustReport:
    nothing = (float("nan"),) * places
    return TrustReport(
        slope=nothing, base=nothing, slope_low=(), slope_high=(), base_low=(), base_high=(), moved=moved,
        signal=signal,
        findings=(
            Finding(
                code="STRESS050", where="positions",
                evidence=f"expected items that move between all places and differ in worth, got {got}: "
                "clicks for the place and clicks for the item cannot be told apart.",
                fix="exchange places at random on a slice of traffic, or bring a longer log.",
            ),
        ),
    )  # fmt: skip
