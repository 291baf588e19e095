"""The stress test as a page of its own, one HTML file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from truenorth.documents.blocks import Cell
from truenorth.documents.files import write_whole
from truenorth.documents.gate import GateView
from truenorth.documents.header import Header
from truenorth.documents.numbers import NOT_ASSESSED, count
from truenorth.documents.reading import mapping, number, text
from truenorth.documents.report import render_page
from truenorth.documents.sections.stress import MEANINGS, TONES, stress


def write_stress(result: Mapping[str, Any], path: Path) -> Path:
    """Write the stress test of a run as one self-contained HTML file, whole or not at all.

    Args:
        result: The JSON of a run.
        path: File to write; its folder is made where needed.

    Returns:
        The path.
    """
    page = render_page(_header(result), [stress(result)], made_from="the stress test of a run")
    return write_whole(Path(path), page)


def headline(result: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the proxy that is read first: the score, else the first one; empty where all was refused."""
    if text(result, "stress", "refused", "evidence"):
        return {}
    proxies = mapping(result, "stress", "proxies")
    return mapping(proxies, "score") or next((mapping(proxies, name) for name in proxies), {})


def _header(result: Mapping[str, Any]) -> Header:
    first = headline(result)
    verdict = text(first, "verdict")
    refused = text(result, "stress", "refused", "evidence")
    name = verdict.lower() or "refused"
    view = GateView(
        name, TONES.get(verdict, "unknown"), f"{_meaning(verdict)}.", (refused,) if refused else ()
    )
    created = text(result, "created").replace("T", " ")[:16]
    kpi = text(result, "stress", "kpi", "called") or "the KPI"
    sentence = text(first, "sentence") or f"The log cannot say what pushing the score does to {kpi}."
    return Header(
        text(result, "name"), text(result, "run"), created, sentence, view, tuple(_facts(result, first))
    )


def _meaning(verdict: str) -> str:
    said = MEANINGS.get(verdict, "the log cannot answer, and says so")
    return said[:1].upper() + said[1:]


def _facts(result: Mapping[str, Any], first: Mapping[str, Any]) -> Iterator[tuple[str, Cell]]:
    made = mapping(result, "stress")
    yield "KPI", Cell(text(made, "kpi", "name") or NOT_ASSESSED, text(made, "kpi", "metric"))
    yield "Decisions", Cell(count(number(made, "n")), f"of {count(number(made, 'n_units'))} units")
    depth = number(first, "safe_depth")
    yield "Safe depth", Cell(NOT_ASSESSED if depth is None else f"{depth:.2f}", "square root of nats")
