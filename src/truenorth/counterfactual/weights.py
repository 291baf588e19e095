"""Weights of a score, chosen from the log without training anything again.

Inside a context, the gain of the KPI per unit of divergence is largest in the direction
`theta = Sigma^-1 c`, with `Sigma` the within-context covariance of the standardised scores and `c` the slope
of the KPI along each of them: the regression of the KPI on the scores with context fixed effects. Estimates
are shrunk towards equal weights of the user's signs, as far as the log does not contradict them. The weights
are chosen on one part of the units and judged on the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from truenorth.counterfactual.bands import joint
from truenorth.counterfactual.contract import Lift, Options
from truenorth.counterfactual.curve import lifts_of
from truenorth.counterfactual.direction import Direction, constrain, direction_of, shrink
from truenorth.counterfactual.effects import Effect, see
from truenorth.counterfactual.log import check_shape
from truenorth.counterfactual.outcome import folds_of
from truenorth.counterfactual.policies import tilt, tilt_to
from truenorth.counterfactual.prepare import FEWEST_UNITS, prepare
from truenorth.counterfactual.result import Result
from truenorth.counterfactual.stress import effect_of, expected_outcome, usable_rows
from truenorth.counterfactual.study import Study
from truenorth.counterfactual.support import support_of
from truenorth.errors import DataError, Finding
from truenorth.statistics.estimates import Estimate

Floats = NDArray[np.float64]

UNSTABLE = 30.0
"""Degrees between the direction and a draw of it, at the median, from which it is called unstable."""
POINTS = 9
"""Mixtures of KPI and guardrail that a sweep tries."""


@dataclass(frozen=True, kw_only=True)
class WeightOptions:
    """How weights are chosen and judged."""

    signs: Mapping[str, int] = field(default_factory=dict)
    """+1 or -1 per score: which way it is meant; +1 by default."""
    guardrails: Mapping[str, Floats] = field(default_factory=dict)
    """Outcomes that may not fall, up is good, each of shape (n,)."""
    keep_signs: bool = False
    """Whether a weight may not turn against its sign."""
    largest_share: float | None = None
    """Largest share of one score in the sum of absolute standardised weights."""
    depth: float = 0.75
    """Pressure at which weights are compared."""
    held_out: float = 0.4
    """Share of the units that the weights are judged on."""


@dataclass(frozen=True, kw_only=True)
class Alternative(Result):
    """A set of weights and what it brought on the units that were held out."""

    weights: Mapping[str, float]
    """Per standard deviation of each score inside contexts."""
    kpi_lift: Lift
    guardrail_lifts: Mapping[str, Lift]


@dataclass(frozen=True, kw_only=True, repr=False)
class WeightsReport(Result):
    """Weights that serve the KPI, beside the simple ones they must beat."""

    weights: Mapping[str, float]
    """Per unit of each raw score, so that `sum w s` can be used as it stands."""
    alternatives: Mapping[str, Alternative]
    """`chosen`, `equal` and each score alone, at the same depth."""
    gain: Lift | None
    """Lift of the chosen weights less that of equal ones, on the same decisions."""
    standard_errors: Mapping[str, float]
    """Of the standardised weights before they were shrunk."""
    shrunk: float
    """How far towards equal weights, 0 not at all, 1 entirely."""
    angle: float
    """Degrees between the direction and a draw of it, at the median."""
    leave_one_out: Mapping[str, float]
    """First-order share of the gain that is lost without each score."""
    sweep: Mapping[str, tuple[tuple[float, Lift, Lift, bool], ...]]
    """Per guardrail: its share in the direction, lifts of KPI and guardrail, and whether it is the knee."""
    depth: float
    n_chosen_on: int
    n_judged_on: int
    findings: tuple[Finding, ...]

    def __repr__(self) -> str:
        shown = ", ".join(f"{value:+.3g} {name}" for name, value in self.weights.items()) or "none"
        lines = [f"Weights: {shown}"]
        lines += [
            f"  {name}: KPI {one.kpi_lift.value:+.4g} [{one.kpi_lift.low:+.4g}, {one.kpi_lift.high:+.4g}]"
            for name, one in self.alternatives.items()
        ]
        return "\n".join([*lines, *(f"  {finding}" for finding in self.findings)])


def choose_weights(
    study: Study, *, weighting: WeightOptions | None = None, options: Options | None = None, seed: int = 0
) -> WeightsReport:
    """Return score weights that raise the KPI most, and what they brought on units that did not choose them.

    Args:
        study: Decisions, the scores to weigh, and the KPI.
        weighting: Signs, guardrails, depth.
        options: Confidence, folds, outcome model, support rule.
        seed: Seed of the split, the folds and the draws.

    Examples:
        >>> rng = np.random.default_rng(0)
        >>> good, bad = rng.standard_normal((2, 6000, 5))
        >>> chosen = rng.integers(0, 5, 6000)
        >>> kpi = good[np.arange(6000), chosen] + rng.standard_normal(6000)
        >>> from truenorth.counterfactual.log import Log
        >>> log = Log(chosen=chosen, propensity=np.full((6000, 5), 0.2))
        >>> found = choose_weights(Study(log=log, scores={"good": good, "bad": bad}, kpi=kpi))
        >>> found.weights["good"] > 5 * abs(found.weights["bad"])
        True
    """
    weighting = WeightOptions() if weighting is None else weighting
    options = Options() if options is None else options
    _check(study, weighting)
    study = replace(study, realised={**study.realised, **weighting.guardrails})
    study, findings = usable_rows(study)
    prepared = prepare(study.log, study.scores, study.logger_features, folds=options.folds, seed=seed)
    findings = [*findings, *prepared.findings]
    if prepared.tier == "C":
        return _refused(weighting, findings)
    study = replace(study, log=prepared.log)
    on_held_out = _held_out(study, weighting.held_out, seed)
    fewest = min(len(np.unique(study.log.clusters[side])) for side in (on_held_out, ~on_held_out))
    if fewest < FEWEST_UNITS:
        return _refused(weighting, [*findings, _too_few(fewest)])
    chosen_on, judged_on = study.take(~on_held_out), study.take(on_held_out)
    guardrails = tuple(weighting.guardrails)
    chooser = _Side.of(chosen_on, guardrails, options, seed)
    judge = _Side.of(judged_on, guardrails, options, seed + 1)
    signs = np.array([float(weighting.signs.get(name, 1)) for name in study.scores])
    raw = direction_of(chooser.z, chosen_on.log, chooser.kpi)
    kept = shrink(raw, signs)
    guarded = [direction_of(chooser.z, chosen_on.log, chooser.guards[name]).slopes for name in guardrails]
    theta = constrain(
        kept.theta, raw.covariance, guarded, signs if weighting.keep_signs else None,
        largest_share=weighting.largest_share,
    )  # fmt: skip
    sets = {"chosen": theta, "equal": signs, **dict(zip(study.scores, np.diag(signs), strict=True))}
    alternatives, gain, notes = _judge(judge, sets, weighting.depth, options, seed)
    angle = raw.angle(seed)
    return WeightsReport(
        weights=_named(study, theta / chooser.scale), alternatives=alternatives, gain=gain,
        standard_errors=_named(study, raw.errors), shrunk=kept.share, angle=angle,
        leave_one_out=_named(study, raw.leave_one_out()),
        sweep={
            name: _sweep(judge, name, raw, slopes, weighting.depth, options, seed)
            for name, slopes in zip(guardrails, guarded, strict=True)
        },
        depth=weighting.depth, n_chosen_on=chosen_on.log.n, n_judged_on=judged_on.log.n,
        findings=(*findings, *notes, *_unstable(angle), *_no_better(gain)),
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Side:
    """One part of the units with what is needed to choose weights on it or to judge them."""

    study: Study
    z: Floats
    """Scores inside contexts, in their standard deviations, shape (n, k, p)."""
    scale: Floats
    """Standard deviation of each score inside contexts, shape (p,)."""
    kpi: Effect
    guards: Mapping[str, Effect]

    @classmethod
    def of(cls, study: Study, guardrails: tuple[str, ...], options: Options, seed: int) -> _Side:
        """Return a part with its outcome models fitted across its own units."""
        z, scale = within_context(study)

        def effect(outcome: Floats) -> Effect:
            of = replace(study, kpi=outcome)
            return effect_of(of, expected_outcome(of, outcome, options, seed), options, seed)

        guards = {name: effect(study.realised[name]) for name in guardrails}
        return cls(study, z, scale, effect(study.outcome), guards)


def within_context(study: Study) -> tuple[Floats, Floats]:
    """Return scores less their context's mean, over their standard deviation inside contexts.

    Returns:
        Standardised scores, shape (n, k, p), and the standard deviations, shape (p,).
    """
    base = study.log.propensity
    assert base is not None  # settled by the tier
    z, scale = [], []
    for score in study.scores.values():
        found = tilt(base, score, 0.0)
        spread = float(np.sqrt(found.variance)) or 1.0
        z.append(np.where(study.log.mask, score - found.mean_score[:, None], 0.0) / spread)
        scale.append(spread)
    return np.stack(z, axis=2), np.array(scale)


def _judge(
    side: _Side, sets: Mapping[str, Floats], depth: float, options: Options, seed: int
) -> tuple[dict[str, Alternative], Lift | None, list[Finding]]:
    """Return the lifts of several sets of weights at one depth, and the gain of the first over the second."""
    lifts: dict[str, Estimate] = {}
    guards: dict[str, dict[str, Estimate]] = {}
    notes: list[Finding] = []
    for name, theta in sets.items():
        found = _lifts(side, theta, depth, options)
        if isinstance(found, str):
            notes.append(_out_of_reach(name, depth, found))
            continue
        lifts[name], guards[name] = found
    if not lifts:
        return {}, None, notes
    found_lifts = lifts_of(joint([*lifts.values()], side.study.log.clusters), options, seed=seed)
    bands = dict(zip(lifts, found_lifts, strict=True))
    alternatives = {
        name: Alternative(
            weights=_named(side.study, sets[name]), kpi_lift=bands[name],
            guardrail_lifts={key: _single(one, side, options) for key, one in guards[name].items()},
        )
        for name in lifts
    }  # fmt: skip
    both = "chosen" in lifts and "equal" in lifts
    gain = _single(lifts["chosen"] - lifts["equal"], side, options) if both else None
    return alternatives, gain, notes


def _lifts(
    side: _Side, theta: Floats, depth: float, options: Options
) -> tuple[Estimate, dict[str, Estimate]] | str:
    """Return the lifts of KPI and guardrails at a depth, or why there is no support."""
    log, score = side.study.log, side.z @ theta
    assert log.propensity is not None  # settled by the tier
    policy = tilt_to(log.propensity, score, depth) if np.abs(theta).sum() > 0 else None
    if policy is None:
        return "no policy of this score reaches it"
    seen = see(log, policy, score)
    failures = support_of(seen.weight, log.clusters).failures(options.support)
    if failures:
        return ", ".join(failures)
    return side.kpi.lift(seen), {name: one.lift(seen) for name, one in side.guards.items()}


def _single(found: Estimate, side: _Side, options: Options) -> Lift:
    return lifts_of(joint([found], side.study.log.clusters), options, seed=0)[0]


def _sweep(
    side: _Side, guardrail: str, raw: Direction, slopes: Floats, depth: float, options: Options, seed: int
) -> tuple[tuple[float, Lift, Lift, bool], ...]:
    """Return lifts of KPI and guardrail for directions between both, with the knee marked."""
    inverse = np.linalg.pinv(raw.covariance)
    ends = [inverse @ raw.slopes, inverse @ slopes]
    ends = [one / max(float(np.sqrt(one @ raw.covariance @ one)), 1e-12) for one in ends]
    pairs: list[Estimate] = []
    shares = []
    for share in np.linspace(0.0, 1.0, POINTS):
        found = _lifts(side, (1 - share) * ends[0] + share * ends[1], depth, options)
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


def _held_out(study: Study, share: float, seed: int) -> NDArray[np.bool_]:
    """Return which decisions judge: all those of a share of the units."""
    return folds_of(study.log.clusters, folds=100, seed=seed) < round(100 * share)


def _named(study: Study, values: Floats) -> dict[str, float]:
    return {name: float(value) for name, value in zip(study.scores, values, strict=True)}


def _check(study: Study, weighting: WeightOptions) -> None:
    """Refuse weights that would be judged on the decisions that chose them, and misshapen guardrails."""
    for name, values in weighting.guardrails.items():
        check_shape(f"guardrails.{name}", np.asarray(values), (study.log.n,))
    if not 0.1 <= weighting.held_out <= 0.9:
        raise DataError(
            Finding(
                code="STRESS021", where="weighting.held_out",
                evidence=f"expected a share of units from 0.1 to 0.9 to judge the weights on, got "
                f"{weighting.held_out:g}: a choice looks better on the decisions that made it.",
                fix="hold out 0.4.",
            )
        )  # fmt: skip


def _too_few(n: int) -> Finding:
    return Finding(
        code="STRESS047", where="weighting.held_out",
        evidence=f"expected at least {FEWEST_UNITS} units to choose weights and as many to judge, got {n} "
        "on one side.",
        fix="use a longer log.",
    )  # fmt: skip


def _out_of_reach(name: str, depth: float, why: str) -> Finding:
    return Finding(
        code="STRESS033", severity="warn", where=f"weights.{name}",
        evidence=f"expected support at depth {depth:g} on the units held out, got {why}.",
        fix="compare at a smaller depth.",
    )  # fmt: skip


def _unstable(angle: float) -> list[Finding]:
    if angle <= UNSTABLE:
        return []
    return [
        Finding(
            code="STRESS034", severity="warn", where="weights.chosen",
            evidence=f"expected a direction that the log fixes, got {angle:.0f} degrees between it and what "
            "another log would say.",
            fix="prefer the equal weights, fewer scores, or more decisions.",
        )
    ]  # fmt: skip


def _no_better(gain: Lift | None) -> list[Finding]:
    if gain is None or gain.low > 0:
        return []
    return [
        Finding(
            code="STRESS035", severity="info", where="weights.chosen",
            evidence=f"expected chosen weights to beat equal ones where held out, got {gain.value:+.3g} "
            f"[{gain.low:+.3g}, {gain.high:+.3g}].",
            fix="equal weights of the right signs are hard to beat; keep them if they are simpler to own.",
        )
    ]  # fmt: skip


def _refused(weighting: WeightOptions, findings: list[Finding]) -> WeightsReport:
    return WeightsReport(
        weights={}, alternatives={}, gain=None, standard_errors={}, shrunk=float("nan"), angle=float("nan"),
        leave_one_out={}, sweep={}, depth=weighting.depth, n_chosen_on=0, n_judged_on=0,
        findings=tuple(findings),
    )  # fmt: skip
