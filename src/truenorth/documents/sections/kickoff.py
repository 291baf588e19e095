"""The framing as a kickoff page: what everyone signs before anything is built."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from truenorth.documents.blocks import Absent, Block, Bullets, Cell, Facts, Prose, Section, Table
from truenorth.documents.numbers import NOT_ASSESSED, count, percent, plain
from truenorth.documents.reading import items, mapping, number, text, values

RUBRIC = ("alignment", "gaming", "coverage", "latency", "causal")


def kickoff(result: Mapping[str, Any]) -> Section:
    """Return goal, decision, labels, objective, policy, constraints, experiment and what is open."""
    framing = mapping(result, "framing")
    if not framing:
        return _section([Absent("The framing", "the run does not hold it.")])
    blocks: list[Block] = [
        *_why(framing),
        *_labels(framing),
        *_how(framing),
        *_limits(framing),
        *_open(framing),
    ]
    return _section(blocks)


def _section(blocks: list[Block]) -> Section:
    lead = "What is wanted, what stands in for it, how it is decided, and who answers for it."
    return Section("kickoff", "The framing", blocks, lead)


def _facts(title: str, rows: Mapping[str, str]) -> Facts:
    said = [
        (name, Cell(value) if value else Cell("not stated", tone="unknown")) for name, value in rows.items()
    ]
    return Facts(said, title)


def _why(framing: Mapping[str, Any]) -> Iterator[Block]:
    business = mapping(framing, "business")
    product = mapping(framing, "product")
    yield _facts(
        "Why",
        {
            "Goal": text(business, "goal"),
            "KPI": kpi_text(mapping(business, "kpi")),
            "Decision": text(business, "decision"),
            "Users": text(business, "users"),
            "Owner": text(business, "owner"),
            **_stated({"Sponsor": text(business, "sponsor"), "On call": text(business, "on_call")}),
            "Scale": scale_text(business),
        },
    )
    archetype = text(product, "archetype").replace("_", " ")
    yield _facts(
        "What people get",
        {
            "Outcome": text(product, "outcome"),
            "Role of the machine": archetype,
            **_stated(
                {
                    "Intended use": text(product, "intended_use"),
                    "Out of scope": text(product, "out_of_scope"),
                }
            ),
        },
    )


def _stated(rows: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in rows.items() if value}


def kpi_text(kpi: Mapping[str, Any]) -> str:
    """Return the KPI on one line: name, measure, where it stands and where it shall go."""
    if not kpi:
        return ""
    parts = [text(kpi, "name")]
    if text(kpi, "metric"):
        parts.append(f"measured as {text(kpi, 'metric')}")
    baseline = number(kpi, "baseline")
    if baseline is not None:
        unit = text(kpi, "unit")
        parts.append(
            f"today {percent(baseline) if unit == 'share' else f'{plain(baseline)} {unit}'.rstrip()}"
        )
    if text(kpi, "target"):
        within = f" within {text(kpi, 'timeframe')}" if text(kpi, "timeframe") else ""
        parts.append(f"target {text(kpi, 'target')}{within}")
    return ", ".join(part for part in parts if part)


def scale_text(business: Mapping[str, Any]) -> str:
    """Return how many decisions there are, and how fast they must be made."""
    parts = []
    per_day, peak = (
        number(business, "scale", "decisions_per_day"),
        number(business, "scale", "peak_per_second"),
    )
    if per_day is not None:
        parts.append(f"{count(per_day)} decisions per day")
    if peak is not None:
        parts.append(f"at most {count(peak)} per second")
    if text(business, "latency_p99"):
        parts.append(f"99 % within {text(business, 'latency_p99')}")
    return ", ".join(parts)


def _labels(framing: Mapping[str, Any]) -> Iterator[Block]:
    labels, proxies = mapping(framing, "labels"), mapping(framing, "proxies")
    names = [*labels, *(name for name in proxies if name not in labels)]
    if not names:
        yield Absent("Labels", "the framing names none.")
        return
    rows = []
    for name in names:
        marks = [text(proxies, name, mark) for mark in RUBRIC]
        scores = [Cell(mark) if mark else Cell("\N{EN DASH}", tone="unknown") for mark in marks]
        pushed = text(proxies, name, "if_pushed")
        rows.append(
            [
                Cell(name, label_text(mapping(labels, name))),
                Cell(pushed or "not stated", tone="" if pushed else "unknown"),
                *scores,
            ]
        )
    columns = ["Label", "If it is pushed", *(mark.capitalize() for mark in RUBRIC)]
    yield Table(columns, rows, "What stands in for the goal", text_columns=2)
    if not proxies:
        yield Absent("Proxies", "no label was scored.")
        return
    best = "5 is closest alignment, easiest gaming, widest coverage, fastest label, surest cause."
    yield Prose(f"Scores run from 1 to 5. {best}", quiet=True)


def label_text(label: Mapping[str, Any]) -> str:
    """Return how a label is observed, in the framing's own words."""
    source, within = text(label, "source"), text(label, "within")
    for key in ("when", "value", "combine", "columns"):
        if label.get(key):
            return f"{key} {plain_text(label[key])}"
    if not source:
        return text(label, "kind")
    absent = "no " if label.get("absent") else ""
    condition = f" where {text(label, 'where')}" if text(label, "where") else ""
    gap = text(label, "gap")
    window = f" within {within}" if within else ""
    after = f" after {gap}" if gap and gap != "0s" else ""
    return f"{absent}{source}{condition}{window}{after}"


def _how(framing: Mapping[str, Any]) -> Iterator[Block]:
    models, objective = mapping(framing, "models"), mapping(framing, "objective")
    policy = mapping(framing, "policy")
    yield _facts(
        "How it is decided",
        {
            "Objective": text(objective, "score"),
            "Chosen by": text(objective, "metric"),
            "Rule to beat": plain_text(models.get("rule") or models.get("rules") or "the obvious one"),
            "Candidates": ", ".join(plain_text(one) for one in values(models, "candidates")),
            "Fallback": plain_text(policy.get("fallback", "")),
        },
    )
    yield from _policy(policy)


def _policy(policy: Mapping[str, Any]) -> Iterator[Block]:
    if not policy:
        yield Absent("Policy", "none was declared: rows are scored, nothing is decided.")
        return
    actions, capacity = mapping(policy, "actions"), mapping(policy, "capacity")
    if actions:
        rows = [
            [Cell(name), Cell(plain_text(cost)), Cell(text(capacity, name) or "\N{EN DASH}")]
            for name, cost in actions.items()
        ]
        yield Table(["Action", "Cost of taking it", "Capacity"], rows, "Actions", text_columns=3)
    others = {
        key.replace("_", " ").capitalize(): plain_text(value)
        for key, value in policy.items()
        if key not in ("actions", "capacity", "fallback")
    }
    if others:
        yield _facts("Policy", others)


def _limits(framing: Mapping[str, Any]) -> Iterator[Block]:
    constraints = [plain_text(one) for one in values(framing, "constraints")]
    if constraints:
        yield Bullets(constraints, "Constraints")
    else:
        yield Absent("Constraints", "none was declared.")
    experiment = mapping(framing, "experiment")
    if experiment:
        guardrails = [
            f"{text(one, 'metric')} within {text(one, 'margin')}" for one in items(experiment, "guardrails")
        ]
        stages = [stage_text(stage) for stage in values(experiment, "stages")]
        yield _facts(
            "The experiment that must confirm it",
            {
                "Randomised by": text(experiment, "unit"),
                "Decided by": text(experiment, "metric"),
                "Smallest effect": text(experiment, "minimum_effect"),
                "Guardrails": "; ".join(guardrails),
                "Stages": ", ".join(stages),
            },
        )
    else:
        yield Absent("Experiment", "none was declared; offline figures alone do not prove an effect.")


def stage_text(stage: Any) -> str:
    """Return a stage of the roll-out as a share of the traffic."""
    share = number(stage)
    return percent(share) if share is not None else str(stage)


def _open(framing: Mapping[str, Any]) -> Iterator[Block]:
    risks = [str(risk) for risk in values(framing, "product", "known_risks")]
    if risks:
        yield Bullets(risks, "Known risks")
    questions = [str(question) for question in values(framing, "open_questions")]
    if questions:
        yield Bullets(questions, "Open questions")
    waivers = items(framing, "waivers")
    if waivers:
        rows = [
            [Cell(text(one, key) or NOT_ASSESSED) for key in ("rule", "reason", "owner", "expires")]
            for one in waivers
        ]
        yield Table(["Rule", "Reason", "Owner", "Expires"], rows, "Waivers", text_columns=4)


def plain_text(value: Any) -> str:
    """Return a value of the framing on one line."""
    if isinstance(value, Mapping):
        said = {key: plain_text(one) for key, one in value.items() if one not in (None, False, (), [], {})}
        return ", ".join(key if value[key] is True else f"{key} {one}" for key, one in said.items())
    if isinstance(value, list | tuple):
        return "; ".join(plain_text(one) for one in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    return str(value)
