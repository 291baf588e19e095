"""Examples: how many are left and why, which period is which part, and when labels ripen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from truenorth.documents.blocks import Absent, Block, Cell, Chart, Section, Table
from truenorth.documents.charts.examples import maturity, states, timeline, waterfall
from truenorth.documents.numbers import NOT_ASSESSED, count, exact, percent, plain
from truenorth.documents.reading import day, items, mapping, number, text

STATES = ("observed", "immature", "undefined")


def examples(result: Mapping[str, Any]) -> Section:
    """Return attrition, split, label counts and label maturity."""
    found = mapping(result, "examples")
    blocks: list[Block] = [*_attrition(found), *_split(found), *_labels(found), *_maturity(found)]
    lead = "One row per decision that could have been made; what was left out, and what had not ripened."
    return Section("examples", "The examples", blocks, lead)


def _attrition(found: Mapping[str, Any]) -> Iterator[Block]:
    steps = [
        (text(step, "step"), number(step, "removed") or 0.0, number(step, "left") or 0.0)
        for step in items(found, "attrition")
    ]
    if not steps:
        yield Absent("Attrition", "the run holds no counts.")
        return
    rows = [
        {
            "step": step,
            "removed": removed,
            "left": left,
            "before": left + removed,
            "text": f"{count(left)} left, {count(removed)} removed",
        }
        for step, removed, left in steps
    ]
    first, last = steps[0][1] + steps[0][2], steps[-1][2]
    table = Table(
        ["Step", "Removed", "Left"], [[Cell(s), Cell(exact(r)), Cell(exact(left))] for s, r, left in steps]
    )
    kept = f" ({percent(last / first)})" if first else ""
    said = f"Of {count(first)} rows read, {count(last)}{kept} are examples."
    yield Chart("Rows left after each step", waterfall(rows), said, table, note=said)


def _split(found: Mapping[str, Any]) -> Iterator[Block]:
    parts = {name: mapping(part) for name, part in mapping(found, "parts").items()}
    if not parts:
        yield Absent("Split", "the framing declares none, or the run does not hold it.")
        return
    periods = [row for name, part in parts.items() if (row := _period(name, part))]
    table = Table(
        ["Part", "Examples", "From", "To", "Labels read as of", "Held back by the embargo"],
        [_part_row(name, part) for name, part in parts.items()],
        "Parts" if not periods else "",
        text_columns=1,
    )
    if not periods:
        yield table
        yield Absent("Split over time", "the parts are not periods.")
        return
    said = "Each bar is a part; the thin line behind it is the embargo, the wait until its labels are read."
    yield Chart("Parts over time", timeline(periods), said, table, note=said)


def _period(name: str, part: Mapping[str, Any]) -> dict[str, Any] | None:
    planned = mapping(part, "planned")
    start = day(planned, "start") or day(part, "first_at")
    end, as_of = day(planned, "end"), day(planned, "as_of")
    if not start or not end or not number(part, "rows"):
        return None
    n = count(number(part, "rows"))
    said = f"{start} to {end}, labels as of {as_of or 'the end'}, {n} examples"
    return {"part": name, "start": start, "end": end, "as_of": as_of or None, "text": said}


def _part_row(name: str, part: Mapping[str, Any]) -> list[Cell]:
    planned = mapping(part, "planned")
    dates = [
        day(planned, "start") or day(part, "first_at"),
        day(planned, "end") or day(part, "last_at"),
        day(planned, "as_of"),
    ]
    shown = "outside every part" if name == "none" else name
    counted = [Cell(exact(number(part, "rows"))), *(Cell(day or "\N{EN DASH}") for day in dates)]
    return [Cell(shown), *counted, Cell(exact(number(part, "embargo")))]


def _labels(found: Mapping[str, Any]) -> Iterator[Block]:
    labels = {name: mapping(label) for name, label in mapping(found, "labels").items()}
    if not labels:
        yield Absent("Labels", "the run holds no counts of them.")
        return
    rows = [
        {
            "label": name,
            "state": state,
            "order": order,
            "n": number(label, state) or 0.0,
            "text": f"{count(number(label, state) or 0)} {state}",
        }
        for name, label in labels.items()
        for order, state in enumerate(STATES)
    ]
    table = Table(
        ["Label", *(state.capitalize() for state in STATES), "Positive", "Mean"],
        [_label_row(name, label) for name, label in labels.items()],
    )
    said = "A label is observed, not yet ripe, or undefined; an unripe one is never counted as a no."
    yield Chart("Labels by state", states(rows), said, table, note=said)


def _label_row(name: str, label: Mapping[str, Any]) -> list[Cell]:
    counts = [Cell(exact(number(label, state) or 0)) for state in STATES]
    classes = mapping(label, "classes")
    if classes:
        return [Cell(name), *counts, Cell(f"{len(classes)} classes"), Cell("\N{EN DASH}")]
    mean = number(label, "mean")
    known = [Cell(exact(number(label, "positives"))), Cell(NOT_ASSESSED if mean is None else plain(mean))]
    return [Cell(name), *counts, *known]


def _maturity(found: Mapping[str, Any]) -> Iterator[Block]:
    rows = [row for name, label in mapping(found, "labels").items() for row in _curve(name, mapping(label))]
    if not rows:
        why = "every label is known with its own row, or no event was seen."
        yield Absent("Label maturity", why)
        return
    table = Table(
        ["Label", "Events known", "Days after the prediction"],
        [[Cell(row["label"]), Cell(percent(row["share"])), Cell(plain(row["days"]))] for row in rows],
    )
    said = "Share of the events in the window that were known so many days after the prediction."
    yield Chart("Label maturity: events known", maturity(rows), said, table, note=said)


def _curve(name: str, label: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the points of a curve: as given, or the quantiles of the time until an event is known."""
    given = [(number(point, "days"), number(point, "share")) for point in items(label, "maturity")]
    if not given:
        lags = mapping(label, "days_until_known") or mapping(label, "maturity")
        given = [(number(days), _share(share)) for share, days in lags.items()]
    return [
        {
            "label": name,
            "days": days,
            "share": share,
            "text": f"{percent(share)} after {plain(days, decimals=1)} days",
        }
        for days, share in given
        if days is not None and share is not None
    ]


def _share(written: str) -> float | None:
    try:
        share = float(written)
    except ValueError:
        return None
    return share if 0 <= share <= 1 else None
