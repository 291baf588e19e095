"""The audit: what its rules found, and what the answers add up to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from truenorth.documents.blocks import Absent, Block, Cell, Facts, Prose, Section, Table, Tone
from truenorth.documents.reading import items, mapping, number, text, values

COLOURS: dict[str, Tone] = {"green": "good", "amber": "caution", "red": "bad", "not assessed": "unknown"}
STATES: dict[str, Tone] = {"absent": "good", "present": "bad", "unknown": "unknown"}
SEVERITIES: dict[str, Tone] = {"error": "bad", "warn": "caution", "info": ""}
BLANK = Cell("not stated", tone="unknown")


def audit(result: Mapping[str, Any]) -> Section:
    """Return the audit of a run: signals, feasibility, killers, advice, guardrails, failure register."""
    made = mapping(result, "audit")
    lead = "The framing under its rules; what a rule could not look at is not assessed, never a pass."
    if not made:
        return Section("audit", "The audit", [Absent("The audit", "the run holds none.")], lead)
    return Section("audit", "The audit", list(audit_blocks(made)), lead)


def audit_blocks(made: Mapping[str, Any]) -> Iterator[Block]:
    """Yield what an audit adds up to."""
    summary = mapping(made, "summary")
    yield Prose(_counted(mapping(made, "counts")))
    yield from _signals(summary)
    yield from _rows(summary, "feasibility", "Feasibility", ("name", "colour", "sentence", "figure"), COLOURS)
    yield from _rows(summary, "killers", "What kills it in production", ("name", "state", "evidence"), STATES)
    yield _three(summary)
    yield from _guardrails(summary)
    yield from _rows(
        summary, "ml_or_rules", "Machine learning or rules", ("name", "speaks_for", "evidence"), {}
    )
    yield from _predictions(summary)
    yield from _rows(summary, "failures", "Failure register", ("mode", "detector", "fallback", "owner"), {})


def audit_findings(made: Mapping[str, Any]) -> Section:
    """Return every finding that stands, with place, evidence and fix."""
    rows = [
        [
            Cell(text(one, "code"), text(one, "severity"), SEVERITIES.get(text(one, "severity"), "")),
            Cell(text(one, "evidence"), text(one, "where")),
            Cell(text(one, "fix")),
        ]
        for one in items(made, "findings")
    ]
    found: Block = Table(["Rule", "Evidence", "Fix"], rows, text_columns=3) if rows else Prose("None.")
    return Section("findings", "Findings", [found])


def audit_open(made: Mapping[str, Any]) -> Section:
    """Return what is waived, and which rules could not be answered, with the reason."""
    answers = items(made, "answers")
    waived = [one for one in answers if text(one, "state") == "waived"]
    unknown = [one for one in answers if text(one, "state") == "not assessed"]
    blocks: list[Block] = []
    for title, listed in (("Waived", waived), ("Not assessed", unknown)):
        rows = [[Cell(text(one, "code"), text(one, "name")), Cell(text(one, "reason"))] for one in listed]
        blocks.append(
            Table(["Rule", "Why"], rows, title, text_columns=2) if rows else Absent(title, "nothing.")
        )
    return Section("open", "What is waived and what is unknown", blocks)


def _counted(counts: Mapping[str, Any]) -> str:
    named = {"error": "error", "warn": "warning", "info": "remark", "waived": "waived rule"}
    said = ", ".join(several(number(counts, key), name) for key, name in named.items())
    return f"{text(counts, 'rules')} rules: {said}; {text(counts, 'not assessed')} not assessed."


def several(n: float | None, name: str) -> str:
    """Return a count with its noun.

    Examples:
        >>> several(1, "error"), several(2, "error"), several(None, "error")
        ('1 error', '2 errors', '0 errors')
    """
    return f"{n or 0:.0f} {name}{'' if n == 1 else 's'}"


def _signals(summary: Mapping[str, Any]) -> Iterator[Block]:
    rows = []
    for one in items(summary, "scorecard", "signals"):
        score = number(one, "score")
        broken = ", ".join(map(str, values(one, "broken"))) or "none broken"
        rows.append(
            [
                Cell(text(one, "name"), broken),
                Cell("not assessed", tone="unknown") if score is None else Cell(f"{score:.0f}"),
                Cell(text(one, "assessed"), f"{text(one, 'not_assessed')} not assessed"),
            ]
        )
    yield Table(["Signal", "Score of 100", "Rules"], rows, "Five signals")


def _rows(
    summary: Mapping[str, Any], key: str, title: str, columns: tuple[str, ...], tones: Mapping[str, Tone]
) -> Iterator[Block]:
    listed = items(summary, key)
    if not listed:
        yield Absent(title, "nothing to say.")
        return
    rows = [
        [Cell(text(one, column), tone=tones.get(text(one, column), "")) if text(one, column) else BLANK
         for column in columns]
        for one in listed
    ]  # fmt: skip
    heads = [column.replace("_", " ").capitalize() for column in columns]
    yield Table(heads, rows, title, text_columns=len(columns))


def _three(summary: Mapping[str, Any]) -> Block:
    rows = [
        (
            f"How it is judged {text(one, 'name')}",
            Cell(text(one, "answer"), tone="" if one.get("is_answered") else "bad"),
        )
        for one in items(summary, "rule_of_three")
    ]
    return Facts(rows, "The rule of three")


def _guardrails(summary: Mapping[str, Any]) -> Iterator[Block]:
    listed = items(summary, "guardrails")
    if not listed:
        yield Absent("Guardrails of the archetype", "product.archetype is not stated.")
        return
    kind = text(listed[0], "archetype").replace("_", " ")
    rows = [
        (
            text(one, "name"),
            Cell(text(one, "evidence")) if one.get("is_there") else Cell("missing", tone="bad"),
        )
        for one in listed
    ]
    rows.insert(0, ("judged by", Cell(text(listed[0], "judged_by"))))
    yield Facts(rows, f"Guardrails of {kind}")


def _predictions(summary: Mapping[str, Any]) -> Iterator[Block]:
    rows = []
    for one in items(summary, "predictions"):
        differs = "; ".join(map(str, values(one, "differs")))
        fits = [Cell(text(one, key)) for key in ("type", "loss", "metric", "baseline")]
        rows.append([Cell(text(one, "task"), differs), *fits, Cell(text(one, "why"))])
    if rows:
        heads = ["Task", "Type", "Loss", "Metric", "Baseline", "Why"]
        yield Table(heads, rows, "What fits each label", text_columns=6)
    yield Prose(text(summary, "models"), strong="One model or several:")
