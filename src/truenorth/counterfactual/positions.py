"""How often each place of a list is looked at, from clicks on items that moved between places.

A click needs a look, `P(click | place k, item d) = theta_k g_d`. Three ways to find `theta_k / theta_1`:
`all_pairs` compares each item with itself at two places, whatever moved it there; `regression_em` fits looks
and worth in turn; `swap` uses traffic in which two places were exchanged at random. Where a click can come
without worth, trust in the first places, these are not looks: `PositionsReport.misfit` shows it, and
`trust.trust_in_places` fits it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truenorth.counterfactual.looks import (
    Shown,
    all_pairs,
    count_shown,
    goodness_of_fit,
    plain,
    regression_em,
    relative,
    share_moved,
    swap,
)
from truenorth.counterfactual.result import Result
from truenorth.errors import DataError, Finding, suggest
from truenorth.statistics.estimates import codes_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEAST_MOVED = 0.1
"""Share of impressions of items that were shown at several places, below which nothing is identified."""


@dataclass(frozen=True, kw_only=True, repr=False)
class PositionsReport(Result):
    """How often each place is looked at, relative to the first."""

    method: str
    propensity: tuple[float, ...]
    """`theta_k / theta_1`, 1 for the first place; NaN where it is not known."""
    low: tuple[float, ...]
    """Lower ends of bootstrap intervals over items; empty without draws."""
    high: tuple[float, ...]
    naive: tuple[float, ...]
    """Click rate of each place over that of the first: confounded with what is put there."""
    moved: float
    """Share of impressions of items that were shown at two places or more."""
    is_monotone: bool
    """Whether no place is looked at more than the one before."""
    misfit: float
    """p-value of 'looks times worth' against clicks by item and place: small where more is at work."""
    findings: tuple[Finding, ...]

    def __repr__(self) -> str:
        shown = ", ".join(f"{one:.3f}" for one in self.propensity)
        return "\n".join([f"Positions ({self.method}): {shown}", *(f"  {one}" for one in self.findings)])


def position_propensities(
    item: NDArray[Any], position: NDArray[Any], click: NDArray[Any], *, method: str = "all_pairs",
    swapped: NDArray[Any] | None = None, draws: int = 0, level: float = 0.95, seed: int = 0,
) -> PositionsReport:  # fmt: skip
    """Return how often each place of a list is looked at.

    Args:
        item: What was shown, a document of a query, shape (n,).
        position: Where, from 1, shape (n,).
        click: 0 or 1, shape (n,).
        method: `all_pairs`, `regression_em` or `swap`.
        swapped: For `swap`: the place that was exchanged with the first at random in the impression's list,
            0 where none was, shape (n,).
        draws: Bootstrap draws over items, 0 for no intervals.
        level: Confidence of the intervals.
        seed: Seed of the draws.

    Examples:
        >>> rng = np.random.default_rng(0)
        >>> item, position = rng.integers(0, 50, 20_000), rng.integers(1, 3, 20_000)
        >>> click = rng.random(20_000) < 0.4 / position
        >>> round(position_propensities(item, position, click).propensity[1], 1)
        0.5
    """
    item, position = codes_of(np.asarray(item)), np.asarray(position)
    clicks = np.asarray(click, dtype=np.float64)
    _check_method(method)
    check_impressions(item, position, clicks)
    if not len(item):
        return _empty(method)
    swap = None if swapped is None else np.asarray(swapped).astype(np.int64)
    if method == "swap":
        _check_swap(swap)
    estimate = _ESTIMATES[method]
    place = position.astype(np.int64) - 1
    places = int(place.max()) + 1

    def run(weight: Floats) -> Floats:
        return estimate(count_shown(item, place, clicks, places, weight), place, clicks, swap, weight)

    ones = np.ones(len(item))
    theta, shown = run(ones), count_shown(item, place, clicks, places, ones)
    low, high = _intervals(run, item, draws, level, seed)
    moved = share_moved(shown)
    misfit = goodness_of_fit(item, place, clicks, theta, seed=seed)
    naive = relative(shown.clicks.sum(axis=0) / np.maximum(shown.n.sum(axis=0), 1))
    return PositionsReport(
        method=method, propensity=plain(theta), low=low, high=high, naive=plain(naive), moved=moved,
        is_monotone=bool(np.all(np.diff(theta[np.isfinite(theta)]) <= 1e-9)), misfit=misfit,
        findings=(*(_fixed(moved) if method != "swap" else []), *_trust(misfit, 1 - level)),
    )  # fmt: skip


Estimate = Callable[[Shown, Ints, Floats, "Ints | None", Floats], Floats]


def _swap(shown: Shown, place: Ints, clicks: Floats, swapped: Ints | None, weight: Floats) -> Floats:
    assert swapped is not None  # checked by the caller
    return swap(place, clicks, swapped, weight, shown.n.shape[1])


_ESTIMATES: Mapping[str, Estimate] = {
    "all_pairs": lambda shown, *_: all_pairs(shown),
    "regression_em": lambda shown, *_: regression_em(shown),
    "swap": _swap,
}


def _intervals(
    run: Callable[[Floats], Floats], item: Ints, draws: int, level: float, seed: int
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    if not draws:
        return (), ()
    rng, count = np.random.default_rng(seed), int(item.max()) + 1
    drawn = np.array(
        [run(np.bincount(rng.integers(0, count, count), minlength=count)[item].astype(float)) for _ in
         range(draws)]
    )  # fmt: skip
    ends = np.full((2, drawn.shape[1]), np.nan)
    known = np.isfinite(drawn).any(axis=0)
    ends[:, known] = np.nanquantile(drawn[:, known], [(1 - level) / 2, (1 + level) / 2], axis=0)
    return plain(ends[0]), plain(ends[1])


def _check_method(method: str) -> None:
    if method not in _ESTIMATES:
        fix = suggest(method, list(_ESTIMATES), otherwise=f"choose one of {', '.join(_ESTIMATES)}.")
        text = f"expected a known method, got {method!r}."
        raise DataError(Finding(code="STRESS041", where="method", evidence=text, fix=fix))


def check_impressions(item: Ints, position: NDArray[Any], clicks: Floats) -> None:
    """Refuse items, places and clicks that do not fit each other.

    Raises:
        DataError: If they differ in length, a click is NaN, or a place is below 1.
    """
    fits = item.shape == position.shape == clicks.shape and not np.isnan(clicks).any()
    fits = fits and (not len(position) or bool(position.min() >= 1))
    if not fits:
        raise DataError(
            Finding(
                code="STRESS042", where="positions",
                evidence=f"expected items, places from 1 and clicks of one length without NaN, got "
                f"{item.shape}, {position.shape}, {clicks.shape}.",
                fix="leave out impressions without a place.",
            )
        )  # fmt: skip


def _check_swap(swapped: Ints | None) -> None:
    if swapped is None:
        text = "expected the place that was exchanged in each list, got none."
        fix = "exchange the first place with a random other one on a slice of traffic, and log which."
        raise DataError(Finding(code="STRESS043", where="swapped", evidence=text, fix=fix))


def _fixed(moved: float) -> list[Finding]:
    if moved >= LEAST_MOVED:
        return []
    return [
        Finding(
            code="STRESS044", where="positions",
            evidence=f"expected items that move between places, got {moved:.1%} of impressions of items that "
            "were shown at two or more: looks and worth cannot be told apart.",
            fix="exchange places at random on a slice of traffic.",
        )
    ]  # fmt: skip


def _trust(misfit: float, error: float) -> list[Finding]:
    if misfit >= error:
        return []
    return [
        Finding(
            code="STRESS045", severity="warn", where="positions",
            evidence=f"expected clicks that are looks times worth, got a misfit (p {misfit:.2g}): some "
            "clicks come from the place alone, and these numbers are not looks.",
            fix="fit `trust_in_places`, and take labels from its slopes and bases.",
        )
    ]  # fmt: skip


def _empty(method: str) -> PositionsReport:
    return PositionsReport(
        method=method, propensity=(), low=(), high=(), naive=(), moved=0.0, is_monotone=True, misfit=1.0,
        findings=tuple(_fixed(0.0)),
    )  # fmt: skip
