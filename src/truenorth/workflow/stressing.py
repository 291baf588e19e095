"""Stage `stress`: what happens to the KPI as the score and its parts are optimised harder.

A framing whose log cannot answer gets a refusal that says what to log; it costs nothing and blocks nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from truenorth.audit.stated.trial import is_share
from truenorth.counterfactual.contract import DEPTHS, Per
from truenorth.counterfactual.maturity import Matured
from truenorth.counterfactual.sentences import POINTS
from truenorth.counterfactual.stress import stress
from truenorth.errors import DataError, Finding
from truenorth.framing.framing import Framing
from truenorth.workflow.acting import actions_of, is_of_actions, offered
from truenorth.workflow.maturing import limits
from truenorth.workflow.proxies import Candidate, candidates_of, nothing_to_push
from truenorth.workflow.studies import STUDY, dump_study
from truenorth.workflow.studying import Question, period_of, reason_against, study_of
from truenorth.workflow.work import Work

PADDING = "-1"
"""Code of a place that holds no candidate, as the core writes it."""


def stress_run(work: Work, folder: Path) -> Mapping[str, Any]:
    """Stress test every candidate on the held-out rows, or say why that cannot be done."""
    against = reason_against(work.framing)
    if against is not None:
        return _refused(work, against)
    offer = offered(work.held_out, actions_of(work.dataset)) if is_of_actions(work.held_out) else None
    if isinstance(offer, Finding):
        return _refused(work, offer)
    candidates, findings = candidates_of(work, offer)
    if not candidates:
        return _refused(work, nothing_to_push(work.framing), *findings)
    read = limits(work)
    data = work.held_out
    if offer is not None:
        data, read = offer.data, {name: offer.each(one) for name, one in read.items()}
    try:
        asked = study_of(data, candidates, limits=read)
    except DataError as error:
        asked = Question(None, tuple(error.findings))
    findings += asked.findings
    if asked.study is None:
        return _refused(work, *findings)
    unit = lift_unit(work.framing, asked.study.per)
    study = replace(asked.study, provenance=replace(asked.study.provenance, kpi_unit=unit))
    dump_study(study, {one.called: one.sign for one in candidates}, folder / STUDY)
    report = stress(study, seed=work.seed).to_dict()
    told = [*findings, *map(Finding.from_dict, report.pop("findings"))]
    refusal = next((one for one in told if one.severity == "error"), None)
    is_refused = report["tier"] == "C" and refusal is not None
    return {
        **report,
        "matured": asked.matured,
        "weighed": isinstance(study.kpi, Matured),
        "per": study.per,
        "depths": list(DEPTHS),
        "kpi": {**_kpi(work, study.provenance.kpi_name), "lift_unit": unit},
        "refused": refusal.to_dict() if is_refused and refusal is not None else None,
        "proxies": {one.name: _told(report["proxies"][one.called], one, asked.names) for one in candidates},
        "notes": [one.to_dict() for one in told],
        "findings": [one.to_dict() for one in _for_the_run(told)],
    }


def _refused(work: Work, *findings: Finding) -> dict[str, Any]:
    """Return the result of a test that was not made; the first error says why, else the first finding."""
    reason = next((one for one in findings if one.severity == "error"), findings[0])
    return {
        "tier": "C", "n": 0, "n_units": 0, "matured": None, "audit": None, "kpi": _kpi(work, ""),
        "refused": reason.to_dict(), "proxies": {}, "notes": [one.to_dict() for one in findings],
        "findings": [one.to_dict() for one in _for_the_run(list(findings))],
    }  # fmt: skip


def _for_the_run(findings: list[Finding]) -> Iterator[Finding]:
    """Yield what the run should tell: a test that is refused is a warning, since the run goes on."""
    for one in findings:
        if one.severity != "info":
            yield replace(one, severity="warn")


def _told(report: Mapping[str, Any], one: Candidate, names: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    """Return the report of a candidate with its name, and groups by their names."""
    movers = {
        group: [
            {**mover, "group": names[group][int(mover["group"])]}
            for mover in found
            if mover["group"] != PADDING
        ]
        for group, found in report["movers"].items()
    }
    return {**report, "movers": movers, "called": one.called, "sign": one.sign}


def _kpi(work: Work, called: str) -> dict[str, Any]:
    kpi = work.framing.business.kpi
    if kpi is None:
        return {}
    return {
        "name": kpi.name, "called": called or kpi.name, "metric": str(kpi.metric), "unit": kpi.unit,
        "direction": kpi.direction, "baseline": kpi.baseline,
    }  # fmt: skip


def lift_unit(framing: Framing, per: Per) -> str:
    """Return the unit of a change of the KPI: `points` for a share, else the KPI's own.

    A sum is told of one decision, one unit, or its week or day, whatever time or total its own unit counts.
    """
    kpi = framing.business.kpi
    assert kpi is not None and kpi.metric.argument is not None  # measurable
    unit, labels = kpi.unit or "", kpi.metric.argument.columns & framing.labels.keys()
    is_percentage = unit == "%" and all(framing.labels[name].kind == "binary" for name in labels)
    if is_share(kpi.metric, framing) or is_percentage or unit.split(" ")[0] == "share":
        return POINTS
    if kpi.metric.name != "sum":
        return unit
    whose = "decision" if per == "decision" else framing.table.unit or "unit"
    period = None if per == "decision" else period_of(framing, kpi)
    if period is not None:
        whose = f"{whose} and {period[0]}"
    return f"{unit.partition(' per ')[0]} per {whose}".strip()
