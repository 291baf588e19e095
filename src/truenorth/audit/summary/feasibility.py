"""Feasibility before anything is built: data, labels, serving, risk, return; each with its figure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from truenorth.audit.subject import Subject
from truenorth.framing.durations import Duration
from truenorth.framing.horizon import horizon

if TYPE_CHECKING:
    from truenorth.audit.result import Audit

AREAS: Mapping[str, tuple[str, ...]] = {
    "data": ("DATA", "LEAK", "FEAT003", "FEAT005", "LABEL006", "GOV013"),
    "labels": ("LABEL", "NEED001", "NEED008"),
    "serving": ("SERVE", "FEAT001", "FEAT002", "FEAT009", "MODEL003", "GOAL007"),
    "risk": ("GOAL008", "GOAL009", "POLICY005", "POLICY008", "POLICY009", "EXP004", "EXP006", "GOV"),
    "return": ("GOAL001", "GOAL002", "GOAL010", "NEED002", "NEED003", "NEED005", "GOV015"),
}
"""Each area, and the beginnings of the codes that speak of it."""


@dataclass(frozen=True)
class Area:
    """One row of the feasibility table."""

    name: str
    colour: Literal["green", "amber", "red", "not assessed"]
    """`red` where a finding blocks, `amber` where one warns, `green` where the rules were asked and hold."""
    sentence: str
    """What decided the colour."""
    figure: str
    """The number behind it."""


def feasibility(audit: Audit) -> tuple[Area, ...]:
    """Return the five areas with their colour; an area whose data nobody looked at is not assessed."""
    return tuple(_area(name, audit) for name in AREAS)


def _area(name: str, audit: Audit) -> Area:
    answers = [one for one in audit.answers if one.rule.code.startswith(AREAS[name])]
    findings = [finding for one in answers if one.state == "fired" for finding in one.findings]
    figure = _FIGURES[name](audit.subject)
    for severity, colour in (("error", "red"), ("warn", "amber")):
        grave = [one for one in findings if one.severity == severity]
        if grave:
            more = f", and {len(grave) - 1} more" if len(grave) > 1 else ""
            said = f"{grave[0].code}: {grave[0].evidence.rstrip('.')}{more}."
            return Area(name, colour, said, figure)  # type: ignore[arg-type]
    if name in ("data", "labels") and audit.subject.data is None:
        return Area(name, "not assessed", "nobody looked at the data", figure)
    if not answers:
        return Area(name, "not assessed", "no rule was asked", figure)
    asked = sum(one.state != "not assessed" for one in answers)
    waived = sum(one.state == "waived" for one in answers)
    broken = f"{waived} broken and waived" if waived else "none broken"
    return Area(name, "green", f"{asked} of {len(answers)} rules asked, {broken}", figure)


def _rows(subject: Subject) -> str:
    if subject.data is None:
        return ""
    profile = subject.data.profile
    return f"{profile['rows']:,} examples"


def _matured(subject: Subject) -> str:
    """Say how many labels have matured, and how long they take."""
    framing = subject.framing
    waits = [horizon(name, framing.labels, framing.sources, framing.table) for name in subject.tasks]
    known = [one for one in waits if one is not None]
    wait = f"labels take {Duration(max(known))}" if known else "no label matures"
    if subject.data is None or not subject.tasks:
        return wait
    found = subject.data.labels.get(subject.tasks[0])
    if found is None:
        return wait
    positives = f", {found['positives']:,} positive" if "positives" in found else ""
    return f"{found['observed']:,} observed{positives}; {wait}"


def _load(subject: Subject) -> str:
    business = subject.framing.business
    parts = []
    if business.latency_p99 is not None:
        parts.append(f"99 % within {business.latency_p99}")
    if business.scale.peak_per_second is not None:
        parts.append(f"{business.scale.peak_per_second:g} per second")
    measured = _measured(subject)
    return ", ".join([*parts, *([measured] if measured else [])])


def _measured(subject: Subject) -> str:
    for one in (subject.run or {}).get("constraints", ()):
        figure = one.get("figure", {})
        if str(figure.get("metric", "")).startswith("latency_p99") and figure.get("value") is not None:
            return f"measured {figure['value']:.3g} ms"
    return ""


def _limits(subject: Subject) -> str:
    framing = subject.framing
    guardrails = len(framing.experiment.guardrails) if framing.experiment else 0
    return f"{len(framing.constraints)} constraints, {guardrails} guardrails, {len(framing.waivers)} waivers"


def _worth(subject: Subject) -> str:
    kpi = subject.framing.business.kpi
    if kpi is None or kpi.baseline is None or kpi.target is None:
        return ""
    unit = f" {kpi.unit}" if kpi.unit else ""
    return f"{kpi.baseline:,.4g}{unit}, target {kpi.target}"


_FIGURES: Mapping[str, Callable[[Subject], str]] = {
    "data": _rows, "labels": _matured, "serving": _load, "risk": _limits, "return": _worth,
}  # fmt: skip
