"""Several scores at one depth, on the same decisions: what each brought, and what lies between."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from truenorth.counterfactual.bands import joint
from truenorth.counterfactual.contract import Lift, Options
from truenorth.counterfactual.curve import lifts_of
from truenorth.counterfactual.direction import Direction
from truenorth.counterfactual.effects import Effect, see
from truenorth.counterfactual.policies import tilt, tilt_to
from truenorth.counterfactual.result import Result
from truenorth.counterfactual.stress import effect_of
from truenorth.counterfactual.study import Study
from truenorth.counterfactual.support import support_of
from truenorth.errors import Finding
from truenorth.statistics.estimates import Estimate

Floats = NDArray[np.float64]

POINTS = 9
"""Mixtures of KPI and guardrail that a sweep tries."""


@dataclass(frozen=True, kw_only=True)
class Alternative(Result):
    """A set of weights and what it brought on the units that were held out."""

    weights: Mapping[str, float]
    """Per standard deviation of each score inside contexts; empty for a score that is no sum of them."""
    kpi_lift: Lift
    guardrail_lifts: Mapping[str, Lift]


def guardrail_key(name: str) -> str:
    """Return where a study keeps a guardrail among realised outcomes, apart from those of its scores."""
    return f"guardrail {name}"


@dataclass(frozen=True, eq=False)
class Side:
    """One part of the units with what is needed to choose weights on it or to judge them."""

    study: Study
    z: Floats
    """Scores inside contexts, in their standard deviations, shape (n, k, p)."""
    scale: Floats
    """Standard deviation of each score inside contexts, shape (p,)."""
    kpi: Effect
    guards: Mapping[str, Effect]

    @classmethod
    def of(cls, study: Study, guardrails: tuple[str, ...], options: Options, seed: int) -> Side:
        """Return a part with its outcome models fitted across its own units."""
        z, scale = within_context(study)

        def effect(outcome: Floats) -> Effect:
            return effect_of(replace(study, kpi=outcome), options, seed)

        guards = {name: effect(study.realised[guardrail_key(name)]) for name in guardrails}
        return cls(study, z, scale, effect(study.outcome), guards)


def within_context(study: Study) -> tuple[Floats, Floats]:
    """Return scores less their context's mean, over their standard deviation inside contexts.

    Returns:
        Standardised scores, shape (n, k, p), and the standard deviations, shape (p,).
    """
    base = study.log.base
    z, scale = [], []
    for score in study.scores.values():
        found = tilt(base, score, 0.0)
        spread = float(np.sqrt(found.variance)) or 1.0
        z.append(np.where(study.log.mask, score - found.mean_score[:, None], 0.0) / spread)
        scale.append(spread)
    return np.stack(z, axis=2), np.array(scale)


CHOSEN, EQUAL, TODAY = "chosen", "equal", "today"
"""Names of what is judged beside each score alone: both sets of weights, and the score that is in use."""


def alone_key(name: str) -> str:
    """Return where a score alone stands among what is judged, apart from `chosen`, `equal` and `today`.

    Examples:
        >>> alone_key("click"), alone_key("today")
        ('click', 'today alone')
    """
    return f"{name} alone" if name in (CHOSEN, EQUAL, TODAY) else name


def judge_weights(
    side: Side, sets: Mapping[str, Floats], depth: float, options: Options, seed: int,
    *, today: Floats | None = None,
) -> tuple[dict[str, Alternative], Gains, list[Finding]]:  # fmt: skip
    """Return the lifts of several scores at one depth, and what the chosen one gains over others.

    Args:
        side: The decisions that judge.
        sets: Weights by name, `chosen` and `equal` among them, each of shape (p,).
        depth: Pressure at which they are compared.
        options: Confidence, draws, support rule.
        seed: Seed of the draws.
        today: The score in use, a sum of the others or not, shape (n, k).
    """
    scores = {name: side.z @ theta for name, theta in sets.items()}
    if today is not None:
        scores[TODAY] = today
    lifts: dict[str, Estimate] = {}
    guards: dict[str, dict[str, Estimate]] = {}
    notes: list[Finding] = []
    for name, score in scores.items():
        found = _lifts(side, score, depth, options)
        if isinstance(found, str):
            notes.append(_out_of_reach(name, depth, found))
            continue
        lifts[name], guards[name] = found
    if not lifts:
        return {}, Gains(None, None), notes
    found_lifts = lifts_of(joint([*lifts.values()], side.study.log.clusters), options, seed=seed)
    bands = dict(zip(lifts, found_lifts, strict=True))
    alternatives = {
        name: Alternative(
            weights=named(side.study, sets[name]) if name in sets else {}, kpi_lift=bands[name],
            guardrail_lifts={key: _single(one, side, options) for key, one in guards[name].items()},
        )
        for name in lifts
    }  # fmt: skip

    def gain_over(other: str) -> Lift | None:
        both = CHOSEN in lifts and other in lifts
        return _single(lifts[CHOSEN] - lifts[other], side, options) if both else None

    return alternatives, Gains(gain_over(EQUAL), gain_over(TODAY)), notes


@dataclass(frozen=True)
class Gains:
    """Lift of the chosen weights less that of others, on the same decisions; None where one has no lift."""

    over_equal: Lift | None
    over_today: Lift | None


def _lifts(
    side: Side, score: Floats, depth: float, options: Options
) -> tuple[Estimate, dict[str, Estimate]] | str:
    """Return the lifts of KPI and guardrails at a depth, or why there is no support."""
    log = side.study.log
    policy = tilt_to(log.base, score, depth) if np.abs(score).sum() > 0 else None
    if policy is None:
        return "no policy of this score reaches it"
    seen = see(log, policy, score)
    failures = support_of(seen.weight, log.clusters).failures(options.support)
    if failures:
        return ", ".join(failures)
    return side.kpi.lift(seen), {name: one.lift(seen) for name, one in side.guards.items()}


def _single(found: Estimate, side: Side, options: Options) -> Lift:
    return lifts_of(joint([found], side.study.log.clusters), options, seed=0)[0]


def sweep(
    side: Side, guardrail: str, raw: Direction, slopes: Floats, depth: float, options: Options, seed: int
) -> tuple[tuple[float, Lift, Lift, bool], ...]:
    """Return lifts of KPI and guardrail for directions between both, with the knee marked."""
    inverse = np.linalg.pinv(raw.covariance)
    ends = [inverse @ raw.slopes, inverse @ slopes]
    ends = [one / max(float(np.sqrt(one @ raw.covariance @ one)), 1e-12) for one in ends]
    pairs: list[Estimate] = []
    shares = []
    for share in np.linspace(0.0, 1.0, POINTS):
        found = _lifts(side, side.z @ ((1 - share) * ends[0] + share * ends[1]), depth, options)
        if not isinstance(found, str):
            shares.append(float(share))
            pairs += [found[0], found[1][guardrail]]
    if not pairs:
        return ()
    lifts = lifts_of(joint(pairs, side.study.log.clusters), options, seed=seed)
    points = list(zip(shares, lifts[::2], lifts[1::2], strict=True))
    knee = _knee(np.array([[one.value, other.value] for _, one, other in points]))
    return tuple((share, one, other, at == knee) for at, (share, one, other) in enumerate(points))


def _knee(points: Floats) -> int:
    """Return the point farthest from the chord between the ends."""
    chord = points[-1] - points[0]
    across = (points - points[0]) @ np.array([-chord[1], chord[0]])
    return int(np.argmax(np.abs(across)))


def named(study: Study, values: Floats) -> dict[str, float]:
    """Return values by the name of their score."""
    return {name: float(value) for name, value in zip(study.scores, values, strict=True)}


def _out_of_reach(name: str, depth: float, why: str) -> Finding:
    return Finding(
        code="STRESS033", severity="warn", where=f"weights.{name}",
        evidence=f"expected support at depth {depth:g} on the units held out, got {why}.",
        fix="compare at a smaller depth.",
    )  # fmt: skip
