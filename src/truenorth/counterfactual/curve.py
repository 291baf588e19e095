"""The curve of a proxy: its points with the errors of all of them at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from truenorth.counterfactual.bands import Joint, joint, simultaneous
from truenorth.counterfactual.contract import Depth, Lift, Options
from truenorth.counterfactual.effects import Effect
from truenorth.counterfactual.log import Log
from truenorth.counterfactual.policies import Ranked, equal_best_of_n
from truenorth.counterfactual.trace import Step

Floats = NDArray[np.float64]

TICKS = (2, 4, 8, 16, 64)


def curve_of(steps: tuple[Step, ...], log: Log) -> Joint:
    """Return lifts and then slopes of all depths with their covariance."""
    return joint([one.kpi for one in steps] + [one.slope for one in steps], log.clusters)


def grid_of(
    steps: tuple[Step, ...], log: Log, kpi: Effect, options: Options, *, seed: int
) -> tuple[Depth, ...]:
    """Return the points of the curve with their bands."""
    b = len(steps)
    curve = curve_of(steps, log)
    kpi_lifts = lifts_of(Joint(curve.value[:b], curve.covariance[:b, :b]), options, seed=seed)
    slope_errors = curve.error[b:]
    one_sided = float(stats.norm.ppf(options.level))
    delivered = [one.delivered for one in steps if one.delivered is not None]
    proxy_lifts = lifts_of(joint(delivered, log.clusters), options, seed=seed) if delivered else [None] * b
    return tuple(
        Depth(
            depth=step.depth, beta=step.beta, best_of_n=equal_best_of_n(step.depth), support=step.support,
            score_lift=step.promised.value, proxy_lift=proxy_lifts[at], kpi_lift=kpi_lifts[at],
            slope=step.slope.value, slope_error=float(slope_errors[at]),
            slope_low=step.slope.value - one_sided * float(slope_errors[at]),
            exchange_rate=_rate(step, kpi), shadows=step.shadows, certificate=step.certificate,
        )
        for at, step in enumerate(steps)
    )  # fmt: skip


def lifts_of(found: Joint, options: Options, *, seed: int) -> list[Lift]:
    """Return estimates with pointwise intervals and a band that holds for all of them."""
    pointwise = float(stats.norm.ppf(0.5 + options.level / 2))
    wide = max(simultaneous(found, level=options.level, draws=options.draws, seed=seed), pointwise)
    return [
        Lift(
            value=float(value), error=float(error), low=float(value - pointwise * error),
            high=float(value + pointwise * error), band_low=float(value - wide * error),
            band_high=float(value + wide * error),
        )
        for value, error in zip(found.value, found.error, strict=True)
    ]  # fmt: skip


def _rate(step: Step, kpi: Effect) -> float:
    """Return KPI gained per score gained at the margin, `Cov(Y, s) / Var(s)` under the policy."""
    spread = step.variance * kpi.n_per_unit
    return step.slope.value / spread if spread > 0 else float("nan")


def ticks_of(log: Log, score: Floats) -> dict[int, float]:
    """Return the exact depth of best of n."""
    ranked = Ranked.of(log.base, score)
    return {n: ranked.depth(n) for n in TICKS}
