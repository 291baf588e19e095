"""The top of a document: the decision in one sentence, the gate, and the figures that carry it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from truenorth.documents.blocks import Cell
from truenorth.documents.currency import money_unit
from truenorth.documents.figures import (
    difference_text,
    evidence_text,
    interval_text,
    is_assessed,
    is_money,
    value_text,
)
from truenorth.documents.gate import GateView, gate_view
from truenorth.documents.numbers import NOT_ASSESSED, percent
from truenorth.documents.reading import items, mapping, number, text


@dataclass(frozen=True)
class Header:
    """What is read first."""

    name: str
    run: str
    created: str
    sentence: str
    gate: GateView
    facts: tuple[tuple[str, Cell], ...]


def header(result: Mapping[str, Any]) -> Header:
    """Return the top of a document about a run."""
    created = text(result, "created").replace("T", " ")[:16]
    return Header(
        name=text(result, "name") or text(result, "framing", "name") or "unnamed",
        run=text(result, "run"), created=created,
        sentence=text(result, "decision") or "This run did not reach a decision.",
        gate=gate_view(result), facts=tuple(_facts(result)),
    )  # fmt: skip


def _facts(result: Mapping[str, Any]) -> Iterator[tuple[str, Cell]]:
    verdict = text(result, "verdict")
    chosen = text(result, "chosen")
    yield "Chosen", Cell(chosen or NOT_ASSESSED, verdict, "chosen" if chosen else "unknown")
    primary = mapping(result, "primary") or mapping(result, "evaluate", "primary")
    metric = text(primary, "metric") or "Primary metric"
    yield metric, _figure(primary, _against_rule(_row_of(result, metric), metric))
    yield from _money(result, metric)


def _against_rule(row: Mapping[str, Any], metric: str) -> str:
    """Return the rule's figure and the difference to it in one line."""
    rule, difference = ({"metric": metric, **mapping(row, side)} for side in ("rule", "difference"))
    if not is_assessed(rule):
        return "rule not assessed"
    if not is_assessed(difference):
        return f"rule {value_text(rule)}, difference not assessed"
    gap, interval = difference_text(difference)
    return f"rule {value_text(rule)}, difference {gap} ({interval})"


def _money(result: Mapping[str, Any], metric: str) -> Iterator[tuple[str, Cell]]:
    """Show the KPI where it is money, else the first metric that is."""
    unit = money_unit(result)
    kpi = text(result, "framing", "business", "kpi", "metric") if unit else ""
    for row in sorted(items(result, "evaluate", "metrics"), key=lambda one: text(one, "metric") != kpi):
        name = text(row, "metric")
        if name == metric or not (is_money(name) or (kpi and name == kpi)):
            continue
        shown = f"{name}, {unit}" if unit else name
        yield shown, _figure({"metric": name, **mapping(row, "model")}, _against_rule(row, name))
        return
    savings = mapping(result, "evaluate", "savings")
    yield ("Saved against the rule", _figure(savings)) if savings else (
        "Money", Cell(NOT_ASSESSED, "no metric of this run is in money", "unknown"))  # fmt: skip


def _row_of(result: Mapping[str, Any], metric: str) -> Mapping[str, Any]:
    return next((row for row in items(result, "evaluate", "metrics") if text(row, "metric") == metric), {})


def _figure(figure: Mapping[str, Any], against: str = "") -> Cell:
    if not is_assessed(figure):
        return Cell(NOT_ASSESSED, text(figure, "note") or "no value was given", "unknown")
    level = number(figure, "level")
    interval = f"{percent(level)} interval {interval_text(figure)}" if level else interval_text(figure)
    lines = [interval, evidence_text(figure), against]
    return Cell(value_text(figure), "\n".join(line for line in lines if line))
