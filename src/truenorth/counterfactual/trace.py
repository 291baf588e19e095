"""One proxy followed from no pressure to the end of the support: what is estimated at each depth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from truenorth.counterfactual import estimators
from truenorth.counterfactual.bands import clustered_error
from truenorth.counterfactual.certificate import certify
from truenorth.counterfactual.contract import Certificate, Options, Shadow
from truenorth.counterfactual.effects import DecisionEffect, Effect, Seen, overlap_of, see
from truenorth.counterfactual.log import Log
from truenorth.counterfactual.policies import Tilt, tilt, tilt_to
from truenorth.counterfactual.support import Support, support_of
from truenorth.counterfactual.tuning import slope_rule
from truenorth.statistics.estimates import Estimate, mean

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Step:
    """One supported depth: numbers and influences, no array of candidates."""

    depth: float
    beta: float
    variance: float
    """Mean within-context variance of the score under the policy."""
    spread: float
    """The same over that of the logged policy: what is left to choose, 1 at no pressure, 0 at the end."""
    support: Support
    promised: Estimate
    """Rise of the score, summed over the decisions of a KPI."""
    delivered: Estimate | None
    """Rise of the realised proxy."""
    kpi: Estimate
    slope: Estimate
    shadows: Mapping[str, Shadow]
    certificate: Certificate | None


@dataclass(frozen=True, eq=False)
class Trace:
    """The supported part of a curve, and why it ends."""

    steps: tuple[Step, ...]
    stopped_by: tuple[str, ...]
    deepest: Seen | None = None
    """The deepest supported policy."""

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
    logged = tilt(log.base, score, 0.0)
    base = mean(logged.mean_score)
    steps: list[Step] = []
    policy: Tilt | None = None
    deepest: Seen | None = None
    for depth in options.depths:
        policy = tilt_to(log.base, score, depth, after=policy)
        if policy is None:
            return Trace(tuple(steps), (f"no policy of this score reaches depth {depth:g}",), deepest)
        seen = see(log, policy, score)
        support = support_of(seen.weight, log.clusters, overlap=overlap_of(policy.probability, log))
        failures = support.failures(options.support)
        if failures:
            return Trace(tuple(steps), tuple(failures), deepest)
        steps.append(
            _step(
                log,
                score,
                kpi,
                proxy,
                policy,
                seen,
                support,
                mean(policy.mean_score) - base,
                depth,
                spread=policy.variance / logged.variance,
            )
        )
        deepest = seen
    return Trace(tuple(steps), (), deepest)


def _step(
    log: Log, score: Floats, kpi: Effect, proxy: DecisionEffect | None, policy: Tilt, seen: Seen,
    support: Support, promised: Estimate, depth: float, *, spread: float,
) -> Step:  # fmt: skip
    """Return what is estimated at one depth."""
    decisions = kpi if isinstance(kpi, DecisionEffect) else None
    return Step(
        depth=depth, beta=policy.beta, variance=policy.variance, spread=spread, support=support,
        promised=promised * kpi.n_per_unit,
        delivered=None if proxy is None else proxy.lift(seen) * kpi.n_per_unit,
        kpi=kpi.lift(seen), slope=kpi.slope(seen),
        shadows={} if decisions is None else shadows(decisions, seen, log),
        certificate=None if decisions is None else certify(
            log, score, seen.probability, kpi=decisions.outcome, predicted=decisions.predicted
        ),
    )  # fmt: skip


def shadows(kpi: DecisionEffect, seen: Seen, log: Log) -> Mapping[str, Shadow]:
    """Return what other estimators of the lift say."""
    sample = kpi.sample(seen)
    base = mean(kpi.outcome)

    def error(influence: Floats) -> float:
        return clustered_error(influence, log.clusters)

    found = {name: estimators.ESTIMATORS[name](sample) - base for name in ("snips", "difference", "dr")}
    _, shrunk = slope_rule(lambda limit: estimators.dr_os(sample, limit) - base, error)
    found["dr_os"] = shrunk
    shown = {name: Shadow(value=one.value, error=error(one.influence)) for name, one in found.items()}
    return {**shown, "direct": Shadow(value=(estimators.direct(sample) - base).value, error=None)}
