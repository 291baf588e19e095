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

from truenorth.counterfactual import pitfalls
from truenorth.counterfactual.contract import Lift, Options
from truenorth.counterfactual.direction import constrain, direction_of, shrink
from truenorth.counterfactual.judging import (
    CHOSEN,
    EQUAL,
    Alternative,
    Side,
    alone_key,
    guardrail_key,
    judge_weights,
    named,
    sweep,
)
from truenorth.counterfactual.log import check_shape
from truenorth.counterfactual.outcome import folds_of
from truenorth.counterfactual.prepare import FEWEST_UNITS, prepare
from truenorth.counterfactual.result import Result
from truenorth.counterfactual.sentences import interval_text
from truenorth.counterfactual.stress import usable_rows
from truenorth.counterfactual.study import Study
from truenorth.errors import DataError, Finding

Floats = NDArray[np.float64]

TODAY_KEY = "today's score"
"""Where today's score stands among the others while incomplete decisions are left out."""
UNSTABLE = 30.0
"""Degrees between the direction and a draw of it, at the median, from which it is called unstable."""


@dataclass(frozen=True, kw_only=True)
class WeightOptions:
    """How weights are chosen and judged."""

    signs: Mapping[str, int] = field(default_factory=dict)
    """+1 or -1 per score: which way it is meant; +1 by default."""
    guardrails: Mapping[str, Floats] = field(default_factory=dict)
    """Outcomes that may not fall, up is good, each of shape (n,)."""
    today: Floats | None = None
    """The score in use, judged beside them, of every candidate: shape (n, k)."""
    keep_signs: bool = False
    """Whether a weight may not turn against its sign."""
    largest_share: float | None = None
    """Largest share of one score in the sum of absolute standardised weights."""
    depth: float = 0.75
    """Pressure at which weights are compared."""
    held_out: float = 0.4
    """Share of the units that the weights are judged on."""


@dataclass(frozen=True, kw_only=True, repr=False)
class WeightsReport(Result):
    """Weights that serve the KPI, beside the simple ones they must beat."""

    weights: Mapping[str, float]
    """Per unit of each raw score, so that `sum w s` can be used as it stands."""
    alternatives: Mapping[str, Alternative]
    """`chosen`, `equal`, each score alone, and `today` where it was given, at the same depth.

    A score that has one of these three names stands with `alone` behind it.
    """
    gain: Lift | None
    """Lift of the chosen weights less that of equal ones, on the same decisions."""
    gain_over_today: Lift | None
    """The same, less that of today's score."""
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
    ready, today, findings = _ready(study, weighting, options, seed)
    if ready is None:
        return _refused(weighting, findings)
    on_held_out = _held_out(ready, weighting.held_out, seed)
    chosen_on, judged_on = ready.take(~on_held_out), ready.take(on_held_out)
    guardrails = tuple(weighting.guardrails)
    chooser = Side.of(chosen_on, guardrails, options, seed)
    judge = Side.of(judged_on, guardrails, options, seed + 1)
    signs = np.array([float(weighting.signs.get(name, 1)) for name in study.scores])
    raw = direction_of(chooser.z, chosen_on.log, chooser.kpi)
    kept = shrink(raw, signs)
    guarded = [direction_of(chooser.z, chosen_on.log, chooser.guards[name]).slopes for name in guardrails]
    theta = constrain(
        kept.theta, raw.covariance, guarded, signs if weighting.keep_signs else None,
        largest_share=weighting.largest_share,
    )  # fmt: skip
    alone = dict(zip(map(alone_key, study.scores), np.diag(signs), strict=True))
    sets = {CHOSEN: theta, EQUAL: signs, **alone}
    alternatives, gains, notes = judge_weights(
        judge, sets, weighting.depth, options, seed, today=None if today is None else today[on_held_out]
    )
    angle, unit = raw.angle(seed), study.provenance.kpi_unit
    return WeightsReport(
        weights=named(study, theta / chooser.scale), alternatives=alternatives,
        gain=gains.over_equal, gain_over_today=gains.over_today,
        standard_errors=named(study, raw.errors), shrunk=kept.share, angle=angle,
        leave_one_out=named(study, raw.leave_one_out()),
        sweep={
            name: sweep(judge, name, raw, slopes, weighting.depth, options, seed)
            for name, slopes in zip(guardrails, guarded, strict=True)
        },
        depth=weighting.depth, n_chosen_on=chosen_on.log.n, n_judged_on=judged_on.log.n,
        findings=(
            *findings, *notes, *_unstable(angle), *_no_better(gains.over_equal, unit),
            *_today_stands(gains.over_today, unit),
        ),
    )  # fmt: skip


def _ready(
    study: Study, weighting: WeightOptions, options: Options, seed: int
) -> tuple[Study | None, Floats | None, list[Finding]]:
    """Return the decisions that can be used, with the guardrails among them, and today's score of them.

    The decisions are None where nothing can be chosen from them.
    """
    guards = {guardrail_key(name): values for name, values in weighting.guardrails.items()}
    scores = {} if weighting.today is None else {TODAY_KEY: weighting.today}
    usable, findings = usable_rows(
        replace(study, scores={**study.scores, **scores}, realised={**study.realised, **guards})
    )
    today = usable.scores.get(TODAY_KEY)
    usable = replace(usable, scores={name: usable.scores[name] for name in study.scores})
    prepared = prepare(usable.log, usable.scores, usable.logger_features, folds=options.folds, seed=seed)
    findings = [*findings, *pitfalls.check(usable), *prepared.findings]
    if prepared.tier == "C" or any(one.severity == "error" for one in findings):
        return None, None, findings
    on_held_out = _held_out(usable, weighting.held_out, seed)
    fewest = min(len(np.unique(usable.log.clusters[side])) for side in (on_held_out, ~on_held_out))
    if fewest < FEWEST_UNITS:
        return None, None, [*findings, _too_few(fewest)]
    return replace(usable, log=prepared.log), today, findings


def _held_out(study: Study, share: float, seed: int) -> NDArray[np.bool_]:
    """Return which decisions judge: all those of a share of the units."""
    return folds_of(study.log.clusters, folds=100, seed=seed) < round(100 * share)


def _check(study: Study, weighting: WeightOptions) -> None:
    """Refuse weights that would be judged on the decisions that chose them, and misshapen guardrails."""
    for name, values in weighting.guardrails.items():
        check_shape(f"guardrails.{name}", np.asarray(values), (study.log.n,))
    if weighting.today is not None:
        check_shape("today", np.asarray(weighting.today), study.log.mask.shape)
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


def _no_better(gain: Lift | None, unit: str) -> list[Finding]:
    if gain is None or gain.low > 0:
        return []
    return [
        Finding(
            code="STRESS035", severity="info", where="weights.chosen",
            evidence="expected chosen weights to beat equal ones where held out, got "
            f"{interval_text(gain, unit)}.",
            fix="equal weights of the right signs are hard to beat; keep them if they are simpler to own.",
        )
    ]  # fmt: skip


def _today_stands(gain: Lift | None, unit: str) -> list[Finding]:
    """Find that today's score is better, or that the log does not tell it from the chosen weights."""
    if gain is None or gain.low > 0:
        return []
    is_better = gain.high < 0
    return [
        Finding(
            code="STRESS049", severity="warn" if is_better else "info", where="weights.chosen",
            evidence="expected chosen weights to beat today's score where held out, got "
            f"{interval_text(gain, unit)}: {'it is better' if is_better else 'they are not told apart'}.",
            fix="keep today's score" + ("." if is_better else ", or compare them on a longer log."),
        )
    ]  # fmt: skip


def _refused(weighting: WeightOptions, findings: list[Finding]) -> WeightsReport:
    return WeightsReport(
        weights={}, alternatives={}, gain=None, gain_over_today=None, standard_errors={},
        shrunk=float("nan"), angle=float("nan"), leave_one_out={}, sweep={}, depth=weighting.depth,
        n_chosen_on=0, n_judged_on=0, findings=tuple(findings),
    )  # fmt: skip
