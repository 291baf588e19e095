"""The report of one proxy: the verdict, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from truenorth.counterfactual import pitfalls
from truenorth.counterfactual.bands import Joint
from truenorth.counterfactual.benchmarks import robustness_of
from truenorth.counterfactual.contract import (
    Options,
    ProxyReport,
    Shortfall,
    Tier,
)
from truenorth.counterfactual.curve import grid_of, ticks_of
from truenorth.counterfactual.effects import Effect
from truenorth.counterfactual.extrapolation import extrapolate
from truenorth.counterfactual.movers import movers, segments
from truenorth.counterfactual.naive import naive_curve
from truenorth.counterfactual.sentences import sentence
from truenorth.counterfactual.shortfall import slopes_of, split_shortfall
from truenorth.counterfactual.study import Study
from truenorth.counterfactual.trace import Step, Trace
from truenorth.counterfactual.verdict import Family, safe_depth, smallest_visible_fall, verdict_of
from truenorth.errors import Finding

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Setting:
    """What the reports of all proxies of a study share."""

    study: Study
    kpi: Effect
    options: Options
    tier: Tier
    seed: int


def judged(
    setting: Setting, name: str, trace: Trace, curve: Joint, family: Family, *, adjusted_p: float
) -> ProxyReport:
    """Return the report of a proxy whose curve is supported far enough."""
    study, options, steps = setting.study, setting.options, trace.steps
    unit = study.provenance.kpi_unit
    score, last, deepest = study.scores[name], steps[-1], trace.deepest
    assert deepest is not None  # as there are steps
    grid = grid_of(steps, study.log, setting.kpi, options, seed=setting.seed)
    verdict = verdict_of(
        family, gains=any(one.kpi_lift.band_low > 0 for one in grid), adjusted_p=adjusted_p,
        level=options.level,
    )  # fmt: skip
    depths = [one.depth for one in grid]
    safe = safe_depth(depths, np.array([one.slope_low for one in grid]))
    visible = smallest_visible_fall(curve, family.claims.critical)
    naive = naive_curve(
        grid, study.log, score=score, realised=study.realised.get(name), kpi=study.outcome, per=study.per
    )
    b = len(steps)
    robustness = robustness_of(study, score, setting.kpi, last, deepest, options, seed=setting.seed)
    return ProxyReport(
        proxy=name, verdict=verdict, grid=grid, depth_limit=trace.depth_limit, stopped_by=trace.stopped_by,
        sentence=sentence(
            name, study.provenance.kpi_name, verdict, grid, family, safe=safe, visible=visible, unit=unit
        ),
        safe_depth=safe, peak_depth=depths[int(np.argmax([one.kpi_lift.value for one in grid]))],
        family_p=family.claims.p_value, adjusted_p=adjusted_p, smallest_visible_fall=visible,
        ticks=ticks_of(study.log, score), shortfall=_shortfall(study, name, last), naive=naive,
        robustness=robustness,
        movers={
            key: movers(study.log, groups, deepest.probability, study.outcome)
            for key, groups in study.groups.items()
        },
        segments={
            key: segments(study.log, of, setting.kpi, deepest) for key, of in study.segments.items()
        },
        extrapolation=extrapolate(np.array(depths), curve.value[:b], curve.covariance[:b, :b])
        if options.extrapolate else None,
        findings=(
            *pitfalls.heavy_tailed(study, name),
            *pitfalls.beyond_support(name, trace.depth_limit, options.depths, trace.stopped_by),
            *pitfalls.fragile(name, setting.tier, robustness, last.kpi.value),
            *pitfalls.misleading_naive_curve(name, naive, grid, unit),
            *pitfalls.not_safe_everywhere(name, verdict),
        ),
    )  # fmt: skip


def unsupported(study: Study, name: str, trace: Trace, findings: Sequence[Finding] = ()) -> ProxyReport:
    """Return the report of a proxy that the log says nothing about."""
    reasons, kpi = ", ".join(trace.stopped_by), study.provenance.kpi_name
    return ProxyReport(
        proxy=name, verdict="UNSUPPORTED", grid=(), depth_limit=trace.depth_limit,
        stopped_by=trace.stopped_by, safe_depth=0.0, peak_depth=None, family_p=float("nan"),
        sentence=f"The log does not say what optimising {name} does to {kpi}: {reasons}.",
        adjusted_p=float("nan"), smallest_visible_fall=float("nan"), ticks={}, shortfall=None, naive=None,
        robustness=None, movers={}, segments={}, extrapolation=None, findings=tuple(findings),
    )  # fmt: skip


def _shortfall(study: Study, name: str, last: Step) -> Shortfall | None:
    if last.delivered is None or not study.realised[name].std() > 0:
        return None
    slopes = slopes_of(
        study.log, study.scores[name], study.realised[name], study.outcome, per_unit=study.per == "unit"
    )
    return split_shortfall(last.depth, slopes, last.promised, last.delivered, last.kpi, study.log)
