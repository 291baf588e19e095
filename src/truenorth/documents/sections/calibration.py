"""Calibration: whether a predicted probability means what it says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from truenorth.documents.blocks import Absent, Block, Cell, Chart, Prose, Section, Table
from truenorth.documents.charts.evaluation import calibration as diagram
from truenorth.documents.numbers import NOT_ASSESSED, count, percent, plain, significant_decimals
from truenorth.documents.reading import items, mapping, number, text

SCORES = {"log_loss": "Log loss", "brier": "Brier", "calibration_error": "Calibration error"}
RARE = 0.05
"""Median prediction below which the axes go by the square root."""
MOST_ROWS = 24
"""Blocks that the table shows; the chart shows all."""


def calibration(result: Mapping[str, Any]) -> Section:
    """Return a reliability diagram per task, with its scores before and after."""
    tasks = mapping(result, "calibrate")
    blocks: list[Block] = [
        block for name, task in tasks.items() if isinstance(task, Mapping) for block in _task(name, task)
    ]
    if not blocks:
        blocks = [Absent("Calibration", "no task predicts a probability, or nothing was calibrated.")]
    return Section(
        "calibration", "Calibration", blocks, "Of rows predicted 10 %, one in ten should turn out so."
    )


def _task(name: str, task: Mapping[str, Any]) -> Iterator[Block]:
    method, n = text(task, "method") or "none", number(task, "n")
    fitted = f", fitted on {count(n)} rows of its own" if n else ""
    n_test = number(task, "n_test")
    measured = f"; measured on {count(n_test)} test rows" if n_test else ""
    yield Prose(f"{name}: calibrated by {method}{fitted}{measured}.")
    if mapping(task, "before") or mapping(task, "after"):
        rows = [[Cell(title), *_scores(task, key)] for key, title in SCORES.items()]
        yield Table(["Score, lower is better", "Before", "After"], rows)
    yield from _diagram(name, task)


def _scores(task: Mapping[str, Any], key: str) -> list[Cell]:
    found = [number(task, when, key) for when in ("before", "after")]
    decimals = significant_decimals(max((abs(value) for value in found if value is not None), default=0.0))
    return [
        Cell(NOT_ASSESSED, tone="unknown") if value is None else Cell(plain(value, decimals=decimals))
        for value in found
    ]


def _diagram(name: str, task: Mapping[str, Any]) -> Iterator[Block]:
    after = _curve(task, "after") or _points(task.get("reliability"))
    curves = {"before": _curve(task, "before"), "after": after}  # what comes later is drawn above
    rows = [{"curve": which, **point} for which, points in curves.items() for point in points]
    if not rows:
        yield Absent(f"Calibration diagram of {name}", "the run holds no reliability curve.")
        return
    largest = min(1.0, 1.05 * max(max(row["predicted"], row["observed"]) for row in rows))
    root = _median(rows) < RARE
    said = (
        f"Observed rate of {name} by predicted probability. A curve inside the grey band is as good as "
        "calibrated; "
        "the dotted line is perfect."
    )
    note = f"{said} Both axes go by the square root: rare probabilities have room." if root else said
    table = Table(
        ["Predicted", "Observed", "Band", "n"],
        [
            [
                Cell(percent(row["predicted"], decimals=2)),
                Cell(percent(row["observed"], decimals=2)),
                Cell(_band(row)),
                Cell(count(row["n"])),
            ]
            for row in _thinned([row for row in rows if row["curve"] == "after"])
        ],
        text_columns=0,
    )
    spec = diagram(rows, largest=largest or 1.0, root=root)
    yield Chart(f"Calibration of {name}", spec, said, table, note=note)


def _curve(task: Mapping[str, Any], when: str) -> list[dict[str, Any]]:
    """Return the curve of before or after, where both are given."""
    return _points(mapping(task, "reliability").get(when)) or _points(mapping(task, when).get("reliability"))


def _points(given: Any) -> list[dict[str, Any]]:
    """Return the points of a curve, by rising prediction."""
    rows = []
    for one in items(given):
        predicted, observed = number(one, "predicted"), number(one, "observed")
        if predicted is None or observed is None:
            continue
        n, seen = number(one, "n") or 0.0, percent(observed, decimals=2)
        said = f"predicted {percent(predicted, decimals=2)}, observed {seen}, n {count(n)}"
        ends = {"low": number(one, "low"), "high": number(one, "high")}
        rows.append({"predicted": predicted, "observed": observed, **ends, "n": n, "text": said})
    return sorted(rows, key=lambda row: row["predicted"])


def _median(rows: list[dict[str, Any]]) -> float:
    """Return the median prediction, weighted by rows."""
    half = sum(row["n"] or 1.0 for row in rows) / 2
    for row in sorted(rows, key=lambda row: row["predicted"]):
        half -= row["n"] or 1.0
        if half <= 0:
            break
    return float(row["predicted"])


def _band(row: Mapping[str, Any]) -> str:
    low, high = number(row, "low"), number(row, "high")
    if low is None or high is None:
        return "\N{EN DASH}"
    return f"{percent(low, decimals=2)} to {percent(high, decimals=2)}"


def _thinned(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    step = -(-len(rows) // MOST_ROWS) or 1
    return rows[::step]
