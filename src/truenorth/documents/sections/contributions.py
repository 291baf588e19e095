"""What the model looks at: mean contribution by feature, coefficients, and how each named rule did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from truenorth.documents.blocks import Absent, Block, Cell, Chart, Prose, Section, Table
from truenorth.documents.charts.evaluation import bars
from truenorth.documents.numbers import NOT_ASSESSED, count, percent, plain
from truenorth.documents.reading import items, mapping, number, text

MOST_FEATURES = 15


def contributions(result: Mapping[str, Any]) -> Section:
    """Return contributions per task and the hits and precision of named rules."""
    tasks = mapping(result, "train", "tasks")
    blocks: list[Block] = [block for name in tasks for block in _task(name, mapping(tasks, name))]
    blocks += _rules(result)
    if not blocks:
        blocks = [Absent("Contributions", "nothing was trained.")]
    lead = (
        "How far each feature moves the score on average. It says what the model uses, not what causes what."
    )
    return Section("contributions", "What the model looks at", blocks, lead)


def _task(name: str, task: Mapping[str, Any]) -> Iterator[Block]:
    form = text(task, "form") or "model"
    found = [(text(one, "feature"), number(one, "mean_absolute")) for one in items(task, "contributions")]
    ranked = sorted(((f, v) for f, v in found if v is not None), key=lambda pair: -pair[1])
    if ranked:
        rows = [
            {"name": feature, "value": value, "text": plain(value)}
            for feature, value in ranked[:MOST_FEATURES]
        ]
        table = Table(["Feature", "Mean contribution"], [[Cell(f), Cell(plain(v))] for f, v in ranked])
        more = f", the first {MOST_FEATURES} of {len(ranked)}" if len(ranked) > MOST_FEATURES else ""
        said = f"Mean absolute contribution to the raw score of {name} ({form}){more}."
        yield Chart(f"Features of {name}", bars(rows, title="mean contribution"), said, table, note=said)
    else:
        yield Absent(f"Contributions to {name}", f"a model of form {form} gives none.")
    yield from _coefficients(name, mapping(task, "summary"))


def _coefficients(name: str, summary: Mapping[str, Any]) -> Iterator[Block]:
    """Show the largest coefficients of a linear model."""
    pairs = [(_column(one), number(one, "coefficient")) for one in items(summary, "coefficients")]
    known = sorted(((f, v) for f, v in pairs if v is not None), key=lambda pair: -abs(pair[1]))
    rows = [[Cell(feature), Cell(plain(value))] for feature, value in known[:MOST_FEATURES]]
    if rows:
        yield Table(["Feature", "Coefficient"], rows, f"Largest coefficients of {name}")


def _column(one: Mapping[str, Any]) -> str:
    """Return the column of a coefficient, with the class that it speaks for."""
    name = text(one, "feature") or text(one, "column") or text(one, "name")
    return f"{name} for {text(one, 'class')}" if text(one, "class") else name


def _rules(result: Mapping[str, Any]) -> Iterator[Block]:
    rules = items(result, "train", "rules") or items(result, "rules")
    if not rules:
        return
    rows = []
    for rule in rules:
        precision, hits = number(rule, "precision"), number(rule, "hits")
        rows.append([
            Cell(text(rule, "name")), Cell(text(rule, "action") or "\N{EN DASH}"), Cell(count(hits)),
            Cell(NOT_ASSESSED, tone="unknown") if precision is None else Cell(percent(precision)),
        ])  # fmt: skip
    yield Prose("The named rules answer in this order; the first that holds decides.")
    yield Table(["Rule", "Answer", "Hits", "Precision"], rows, "Rules", text_columns=2)
