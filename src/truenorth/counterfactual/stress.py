"""The proxy stress test: follow each proxy from no pressure to the end of what the log can support."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from truenorth.counterfactual import pitfalls
from truenorth.counterfactual.contract import LEAST_DEPTH, Options, ProxyReport, StressReport, Tier
from truenorth.counterfactual.curve import curve_of
from truenorth.counterfactual.effects import DecisionEffect, Effect, decision_effect, unit_effect
from truenorth.counterfactual.maturity import Matured
from truenorth.counterfactual.outcome import cross_fit, expected_of_units
from truenorth.counterfactual.prepare import complete_rows, left_out, prepare, without_impossible
from truenorth.counterfactual.report import Setting, judged, unsupported
from truenorth.counterfactual.study import Study
from truenorth.counterfactual.trace import Trace, trace
from truenorth.counterfactual.verdict import benjamini_hochberg, claims_of_harm
from truenorth.errors import Finding

Floats = NDArray[np.float64]
REFUSED = Trace((), ("it was refused, see the findings",))


def stress(study: Study, *, options: Options | None = None, seed: int = 0) -> StressReport:
    """Return what happens to the KPI as each proxy is optimised harder.

    Args:
        study: Decisions, candidate scores, and the KPI.
        options: Depths, confidence, outcome model, support rule.
        seed: Seed of folds and draws.

    Examples:
        >>> rng = np.random.default_rng(0)
        >>> quality = rng.standard_normal((4000, 5))
        >>> chosen = rng.integers(0, 5, 4000)
        >>> kpi = quality[np.arange(4000), chosen] + rng.standard_normal(4000)
        >>> from truenorth.counterfactual.log import Log
        >>> log = Log(chosen=chosen, propensity=np.full((4000, 5), 0.2))
        >>> stress(Study(log=log, scores={"click": quality}, kpi=kpi)).proxies["click"].verdict
        'ALIGNED'
    """
    options = Options() if options is None else options
    share = study.kpi.share_mature if isinstance(study.kpi, Matured) else 1.0
    findings = [*study.kpi.findings] if isinstance(study.kpi, Matured) else []
    usable, found = usable_rows(study)
    findings += [*found, *pitfalls.check(usable)]
    asked = replace(usable, scores=_without_refused(usable, findings))
    prepared = prepare(asked.log, asked.scores, asked.logger_features, folds=options.folds, seed=seed)
    findings += prepared.findings
    is_refused = any(one.severity == "error" and not _of_one_score(one) for one in findings)
    tier: Tier = "C" if is_refused else prepared.tier
    reports: dict[str, ProxyReport] = {}
    if tier != "C" and asked.scores:
        reports = _reports(replace(asked, log=prepared.log), options, tier, seed)
        findings.append(pitfalls.no_reactions())
    return StressReport(
        tier=tier, n=usable.log.n, n_units=usable.log.n_units, matured=share, audit=prepared.audit,
        proxies={name: reports.get(name) or unsupported(study, name, REFUSED) for name in study.scores},
        findings=tuple(findings),
    )  # fmt: skip


def _of_one_score(finding: Finding) -> bool:
    """Return whether a finding refuses one score and leaves the others alone."""
    return finding.where.startswith("scores.")


def _without_refused(study: Study, findings: list[Finding]) -> dict[str, Floats]:
    refused = {one.where for one in findings if one.severity == "error"}
    return {name: score for name, score in study.scores.items() if f"scores.{name}" not in refused}


def usable_rows(study: Study) -> tuple[Study, list[Finding]]:
    """Return the decisions that can be used, and what is said of the others."""
    per_candidate = dict(study.scores)
    for name in ("features", "logger_features"):
        values = getattr(study, name)
        if values is not None:
            per_candidate[f"study.{name}"] = values
    per_decision = {"study.kpi": study.outcome, **{f"realised.{k}": v for k, v in study.realised.items()}}
    if study.before is not None:
        per_decision["study.before"] = study.before
    keep = complete_rows(study.log, per_candidate, per_decision)
    findings = [*left_out(keep), *pitfalls.trained_on_these(study)]
    keep, broken = without_impossible(study.log, keep)
    findings += broken
    if study.provenance.trained_on is not None:
        keep &= ~study.provenance.trained_on
    return study.take(keep), findings


def _reports(study: Study, options: Options, tier: Tier, seed: int) -> dict[str, ProxyReport]:
    """Return the report of every proxy; claims of harm are adjusted for their number."""
    kpi = effect_of(study, options, seed)
    traces = {
        name: trace(study.log, score, kpi, _proxy_effect(study, name, options, seed), options)
        for name, score in study.scores.items()
    }
    deep = [name for name, one in traces.items() if one.depth_limit >= LEAST_DEPTH]
    curves = {name: curve_of(traces[name].steps, study.log) for name in deep}
    families = {
        name: claims_of_harm(
            curve,
            [step.spread for step in traces[name].steps],
            level=options.level,
            draws=options.draws,
            seed=seed,
        )
        for name, curve in curves.items()
    }
    adjusted = benjamini_hochberg([families[name].claims.p_value for name in deep])
    setting = Setting(study=study, kpi=kpi, options=options, tier=tier, seed=seed)
    supported = {
        name: judged(setting, name, traces[name], curves[name], families[name], adjusted_p=float(p))
        for name, p in zip(deep, adjusted, strict=True)
    }
    return {
        name: supported.get(name) or unsupported(study, name, one, _why(study, name, one, options))
        for name, one in traces.items()
    }


def _why(study: Study, name: str, trace: Trace, options: Options) -> list[Finding]:
    """Return what is known of a curve that ends before it says anything."""
    beyond = pitfalls.beyond_support(name, trace.depth_limit, options.depths, trace.stopped_by)
    return [*pitfalls.heavy_tailed(study, name), *beyond]


def expected_outcome(study: Study, outcome: Floats, options: Options, seed: int) -> Floats:
    """Return the expected outcome of every candidate, by models that did not see its unit."""
    return cross_fit(
        study.log, study.candidate_features, outcome, model=options.model, folds=options.folds, seed=seed
    )


def effect_of(study: Study, options: Options, seed: int) -> Effect:
    """Return what policies do to the KPI of a study, by outcome models fitted across units."""
    if study.per == "decision":
        predicted = expected_outcome(study, study.outcome, options, seed)
        return decision_effect(study.log, study.outcome, predicted)
    expected = expected_of_units(
        study.log, study.outcome, study.before, model=options.model, folds=options.folds, seed=seed
    )
    return unit_effect(study.log, study.outcome, expected)


def _proxy_effect(study: Study, name: str, options: Options, seed: int) -> DecisionEffect | None:
    realised = study.realised.get(name)
    if realised is None:
        return None
    return decision_effect(study.log, realised, expected_outcome(study, realised, options, seed))
