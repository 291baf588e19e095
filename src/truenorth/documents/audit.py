"""The audit of a framing as a page of its own, HTML or Markdown, before anything was run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from truenorth.documents.blocks import Cell
from truenorth.documents.files import write_whole
from truenorth.documents.gate import TONES, GateView
from truenorth.documents.header import Header
from truenorth.documents.markdown import markdown
from truenorth.documents.reading import items, mapping, number, text
from truenorth.documents.report import render_page
from truenorth.documents.sections.audit import audit, audit_findings, audit_open, several

MEANINGS = {
    "pass": "No rule that was asked is broken so far that it would block.",
    "pass with waivers": "It passes because people answer for what is broken.",
    "blocked": "At least one finding blocks.",
}
_MOST_REASONS = 6


def write_audit(made: Mapping[str, Any], path: Path) -> Path:
    """Write an audit as HTML where the file ends so, else as Markdown; whole or not at all.

    Args:
        made: `Audit.to_dict()`.
        path: File to write; its folder is made where needed.

    Returns:
        The path.
    """
    sections = [audit_findings(made), audit({"audit": made}), audit_open(made)]
    top = _header(made)
    if Path(path).suffix.lower() in (".html", ".htm"):
        return write_whole(Path(path), render_page(top, sections, made_from="the audit of a framing"))
    lead = f"{top.gate.name}: {top.gate.meaning}"
    return write_whole(Path(path), markdown(f"Audit: {top.name}", sections, lead=lead))


def _header(made: Mapping[str, Any]) -> Header:
    gate = text(made, "gate")
    reasons = [
        f"{text(one, 'code')} {text(one, 'where')}: {text(one, 'evidence')}"
        for one in items(made, "findings")
        if text(one, "severity") == "error"
    ]
    view = GateView(gate, TONES[gate], MEANINGS[gate], tuple(reasons[:_MOST_REASONS]))
    sentence = f"Can {text(made, 'name')} be trusted as it is framed?"
    return Header(text(made, "name"), "", "", sentence, view, tuple(_facts(made)))


def _facts(made: Mapping[str, Any]) -> Iterator[tuple[str, Cell]]:
    counts = mapping(made, "counts")
    score = number(made, "summary", "scorecard", "score")
    note = f"{text(counts, 'not assessed')} of {text(counts, 'rules')} rules not assessed"
    yield "Score", Cell("not assessed" if score is None else f"{score:.0f} of 100", note)
    yield (
        "Findings",
        Cell(f"{several(number(counts, 'error'), 'error')}, {several(number(counts, 'warn'), 'warning')}"),
    )
    yield "Waived", Cell(text(counts, "waived"))
