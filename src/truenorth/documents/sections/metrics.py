"""The metrics: model beside rule, constraints with their status, drift over the test period, slices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from truenorth.documents.blocks import Absent, Block, Cell, Chart, Section, Table
from truenorth.documents.charts.evaluation import over_time
from truenorth.documents.charts.intervals import dots
from truenorth.documents.figures import (
    count_cell,
    difference_cell,
    interval_text,
    is_assessed,
    is_share,
    is_total,
    matured_cell,
    point,
    value_cell,
    value_text,
)
from truenorth.documents.gate import STATUS_TONES
from truenorth.documents.numbers import count
from truenorth.documents.reading import day, items, mapping, number, text

MOST_DOTS = 40
MOST_CURVES = 4


def metrics(result: Mapping[str, Any]) -> Section:
    """Return every figure of the test rows with its evidence."""
    evaluate = mapping(result, "evaluate")
    blocks: list[Block] = [
        *_figures(evaluate),
        *_constraints(evaluate),
        *_over_time(evaluate),
        *_slices(evaluate),
        *_tests(evaluate),
    ]
    lead = "Measured on test rows that nothing was learned from. With each value stands its interval."
    return Section("metrics", "The metrics", blocks, lead)


def _figures(evaluate: Mapping[str, Any]) -> Iterator[Block]:
    listed = items(evaluate, "metrics")
    if not listed:
        yield Absent("Metrics", "nothing was evaluated.")
        return
    rows = [_figure_row(one) for one in listed]
    columns = ["Metric", "Chosen model", "Rule", "Model minus rule", "n", "Matured"]
    primary = text(evaluate, "primary", "metric")
    yield Table(
        columns, rows, emphasis=[i for i, row in enumerate(rows) if primary and row[0].text == primary]
    )


def _figure_row(one: Mapping[str, Any]) -> list[Cell]:
    model = mapping(one, "model")
    metric = text(one, "metric") or text(model, "metric")
    # The row's metric says how to write all three, whatever a difference calls itself.
    rule, difference = (
        {**mapping(one, side), "metric": metric} if one.get(side) else None for side in ("rule", "difference")
    )
    measured = [value_cell({**model, "metric": metric}), value_cell(rule), difference_cell(difference)]
    return [Cell(metric), *measured, count_cell(model), matured_cell(model)]


def _constraints(evaluate: Mapping[str, Any]) -> Iterator[Block]:
    outcomes = items(evaluate, "constraints")
    if not outcomes:
        yield Absent("Constraints", "the framing declares none.")
        return
    rows = []
    for outcome in outcomes:
        figure, status = mapping(outcome, "figure"), text(outcome, "status") or "not assessed"
        note = text(outcome, "note") or text(figure, "note")
        rows.append(
            [
                Cell(text(outcome, "constraint"), note),
                Cell(status, tone=STATUS_TONES.get(status, "unknown")),
                value_cell(figure),
                count_cell(figure),
                matured_cell(figure),
            ]
        )
    yield Table(["Constraint", "Status", "Measured", "n", "Matured"], rows, "Constraints", text_columns=2)


def _over_time(evaluate: Mapping[str, Any]) -> Iterator[Block]:
    by_metric: dict[str, list[Mapping[str, Any]]] = {}
    for one in items(evaluate, "over_time"):
        by_metric.setdefault(text(one, "metric") or text(one, "figure", "metric"), []).append(one)
    if not by_metric:
        yield Absent("Over time", "the test period was not cut into shorter ones.")
        return
    overall = {text(one, "metric"): number(one, "model", "value") for one in items(evaluate, "metrics")}
    for metric, ones in list(by_metric.items())[:MOST_CURVES]:
        yield _time_chart(metric, ones, overall.get(metric))
    if len(by_metric) > MOST_CURVES:
        left = ", ".join(list(by_metric)[MOST_CURVES:])
        yield Absent("More over time", f"the JSON of the run also holds {left}.")


def _time_chart(metric: str, ones: list[Mapping[str, Any]], overall: float | None) -> Block:
    rows, listed = [], []
    for one in ones:
        figure = {"metric": metric, **mapping(one, "figure")}
        start = day(one, "start")
        listed.append(
            [Cell(start or text(one, "start")), value_cell(figure), count_cell(figure), matured_cell(figure)]
        )
        if is_assessed(figure) and start:
            said = f"{value_text(figure)} ({interval_text(figure)})"
            rows.append({"start": _moment(text(one, "start")), "from": start, "text": said, **point(figure)})
    table = Table(["From", metric, "n", "Matured"], listed)
    if not rows:
        return Absent(f"{metric} over time", "no period could be assessed.")
    said = f"{metric} by period of the test, with its interval; the dotted line is the whole test."
    spec = over_time(rows, title=metric, overall=overall, share=is_share(metric))
    return Chart(f"{metric} over time", spec, said, table, note=said)


def _moment(written: str) -> str:
    """Return a date or a moment as ISO text that a browser reads as UTC."""
    return written[:10] if len(written) <= 10 else f"{written.replace(' ', 'T')[:19]}Z"


def _slices(evaluate: Mapping[str, Any]) -> Iterator[Block]:
    slices = mapping(evaluate, "slices")
    listed = list(_slice_figures(slices))
    if not listed:
        yield Absent("Slices", "the framing names none.")
        return
    by_metric: dict[str, list[tuple[str, Mapping[str, Any]]]] = {}
    for name, metric, figure in listed:
        by_metric.setdefault(metric, []).append((name, figure))
    overall = {text(one, "metric"): number(one, "model", "value") for one in items(evaluate, "metrics")}
    for metric, figures in list(by_metric.items())[:MOST_CURVES]:
        yield _slice_chart(metric, figures, overall.get(metric))
    if len(by_metric) > MOST_CURVES:
        left = ", ".join(list(by_metric)[MOST_CURVES:])
        yield Absent("More by slice", f"the JSON of the run also holds {left}.")


def _slice_figures(slices: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for slice_name in slices:
        for value in mapping(slices, slice_name):
            for metric, figure in mapping(slices, slice_name, value).items():
                shown = slice_name if value in ("true", "True") else f"{slice_name}: {value}"
                yield shown, metric, mapping(figure)


def _slice_chart(metric: str, figures: list[tuple[str, Mapping[str, Any]]], overall: float | None) -> Block:
    named = [(name, {"metric": metric, **figure}) for name, figure in figures]
    table = Table(
        ["Slice", metric, "n", "Matured"],
        [
            [Cell(name), value_cell(figure), count_cell(figure), matured_cell(figure)]
            for name, figure in named
        ],
    )
    rows = [
        {
            "name": name,
            "text": f"{value_text(figure)} ({interval_text(figure)}), n {count(number(figure, 'n'))}",
            "marked": True,
            **point(figure),
        }
        for name, figure in named
        if is_assessed(figure)
    ]
    if not rows:
        return Absent(f"{metric} by slice", "; ".join(dict.fromkeys(_why(figure) for _, figure in named)))
    # A total of all rows is no yardstick for the total of some of them.
    line = None if is_total(metric) else overall
    dotted = "; the dotted line is all rows" if line is not None else ""
    said = f"{metric} of each slice with its interval{dotted}."
    unassessed = len(named) - len(rows)
    said += f" {unassessed} of {len(named)} slices were not assessed." if unassessed else ""
    said += f" The chart shows the first {MOST_DOTS}." if len(rows) > MOST_DOTS else ""
    spec = dots(rows[:MOST_DOTS], title=metric, reference=line, share=is_share(metric))
    return Chart(f"{metric} by slice", spec, said, table, note=said)


def _why(figure: Mapping[str, Any]) -> str:
    return text(figure, "note") or "no value was given"


def _tests(evaluate: Mapping[str, Any]) -> Iterator[Block]:
    """Show the figures of each test period, where a split has several."""
    tests = mapping(evaluate, "tests")
    rows = []
    for name in tests:
        for one in _test_figures(tests, name):
            figure = mapping(one, "model") or one
            rows.append(
                [
                    Cell(name),
                    Cell(text(one, "metric")),
                    value_cell(figure),
                    value_cell(one.get("rule")),
                    count_cell(figure),
                    matured_cell(figure),
                ]
            )
    if len(tests) > 1 and rows:
        columns = ["Test", "Metric", "Chosen model", "Rule", "n", "Matured"]
        yield Table(columns, rows, "Each test by itself", text_columns=2)


def _test_figures(tests: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    listed = items(tests, name) or items(tests, name, "metrics")
    if listed:
        return listed
    one = mapping(tests, name, "primary") or mapping(tests, name)
    if "value" in one:
        return [one]
    return [
        {"metric": metric, **mapping(figure)} for metric, figure in one.items() if "value" in mapping(figure)
    ]
