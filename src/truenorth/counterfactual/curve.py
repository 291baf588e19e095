"""One proxy followed from no pressure to the end of the support."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from truenorth.counterfactual import estimators
from truenorth.counterfactual.bands import Joint, clustered_error, joint, simultaneous
from truenorth.counterfactual.certificate import certify
from truenorth.counterfactual.contract import Depth, Lift, Options, Shadow
from truenorth.counterfactual.effects import DecisionEffect, Effect, Seen, overlap_of, see
from truenorth.counterfactual.log import Log
from truenorth.counterfactual.policies import Ranked, Tilt, equal_best_of_n, tilt_to
from truenorth.counterfactual.support import Support, support_of
from truenorth.counterfactual.tuning import slope_rule
from truenorth.statistics.estimates import Estimate, mean

Floats = NDArray[np.float64]

TICKS = (2, 4, 8, 16, 64)


@dataclass(frozen=True, eq=False)
class Step:
    """One supported depth with what is estimated there."""

    depth: float
    policy: Tilt
    seen: Seen
    support: Support
    promised: Estimate
    """Rise of the score, summed over the decisions of a KPI."""
    delivered: Estimate | None
    """Rise of the realised proxy."""
    kpi: Estimate
    slope: Estimate


@dataclass(frozen=True, eq=False)
class Trace:
    """The supported part of a curve, and why it ends."""

    steps: tuple[Step, ...]
    stopped_by: tuple[str, ...]

    @property
    def depth_limit(self) -> float:
        """Deepest supported depth, 0 where there is none."""
        return self.steps[-1].depth if self.steps else 0.0


def trace(log: Log, score: Floats, kpi: Effect, proxy: DecisionEffect | None, options: Options) -> Trace:
    """Follow the tilts of a score until the support ends.

    Args:
        log: The decisions, with propensities.
        score: Of each candidate, shape (n, k).
        kpi: What policies do to the KPI.
        proxy: What they do to the realised proxy.
        options: Depths and support rule.
    """
    assert log.propensity is not None  # settled by the tier
    base = mean(np.einsum("nk,nk->n", log.propensity, score))
    steps: list[Step] = []
    for depth in options.depths:
        policy = tilt_to(log.propensity, score, depth, after=steps[-1].policy if steps else None)
        if policy is None:
            return Trace(tuple(steps), (f"no policy of this score reaches depth {depth:g}",))
        seen = see(log, policy, score)
        support = support_of(seen.weight, log.clusters, overlap=overlap_of(policy.probability, log))
        failures = support.failures(options.support)
        if failures:
            return Trace(tuple(steps), tuple(failures))
        steps.append(
            Step(
                depth=depth, policy=policy, seen=seen, support=support,
                promised=(mean(policy.mean_score) - base) * kpi.n_per_unit,
                delivered=None if proxy is None else proxy.lift(seen) * kpi.n_per_unit,
                kpi=kpi.lift(seen), slope=kpi.slope(seen),
            )
        )  # fmt: skip
    return Trace(tuple(steps), ())


def curve_of(steps: tuple[Step, ...], log: Log) -> Joint:
    """Return lifts and then slopes of all depths with their covariance."""
    return joint([one.kpi for one in steps] + [one.slope for one in steps], log.clusters)


def grid_of(
    steps: tuple[Step, ...], log: Log, score: Floats, kpi: Effect, options: Options, *, outcome: Floats,
    predicted: Floats, seed: int,
) -> tuple[Depth, ...]:  # fmt: skip
    """Return the points of the curve with their bands, shadow estimates and certificates."""
    b = len(steps)
    curve = curve_of(steps, log)
    lifts = Joint(curve.value[:b], curve.covariance[:b, :b])
    kpi_lifts = lifts_of(lifts, options, seed=seed)
    slope_errors = curve.error[b:]
    one_sided = float(stats.norm.ppf(options.level))
    delivered = [one.delivered for one in steps if one.delivered is not None]
    proxy_lifts = lifts_of(joint(delivered, log.clusters), options, seed=seed) if delivered else [None] * b
    return tuple(
        Depth(
            depth=step.depth, beta=step.policy.beta,
            best_of_n=equal_best_of_n(step.depth), support=step.support,
            score_lift=step.promised.value, proxy_lift=proxy_lifts[at], kpi_lift=kpi_lifts[at],
            slope=step.slope.value, slope_error=float(slope_errors[at]),
            slope_low=step.slope.value - one_sided * float(slope_errors[at]),
            exchange_rate=_rate(step, kpi),
            shadows=shadows(kpi, step.seen, log),
            certificate=certify(log, score, step.seen.probability, kpi=outcome, predicted=predicted)
            if isinstance(kpi, DecisionEffect) else None,
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
    spread = step.policy.variance * kpi.n_per_unit
    return step.slope.value / spread if spread > 0 else float("nan")


def shadows(kpi: Effect, seen: Seen, log: Log) -> Mapping[str, Shadow]:
    """Return what other estimators say; none for a KPI of units."""
    if not isinstance(kpi, DecisionEffect):
        return {}
    sample = kpi.sample(seen)
    base = mean(kpi.outcome)

    def error(influence: Floats) -> float:
        return clustered_error(influence, log.clusters)

    found = {name: estimators.ESTIMATORS[name](sample) - base for name in ("snips", "difference", "dr")}
    _, shrunk = slope_rule(lambda limit: estimators.dr_os(sample, limit) - base, error)
    found["dr_os"] = shrunk
    shown = {name: Shadow(value=one.value, error=error(one.influence)) for name, one in found.items()}
    return {**shown, "direct": Shadow(value=(estimators.direct(sample) - base).value, error=None)}


def ticks_of(log: Log, score: Floats) -> dict[int, float]:
    """Return the exact depth of best of n."""
    assert log.propensity is not None  # settled by the tier
    ranked = Ranked.of(log.propensity, score)
    return {n: ranked.depth(n) for n in TICKS}
