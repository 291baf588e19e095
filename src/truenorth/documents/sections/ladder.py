"""The ladder: every candidate from the simplest up, and whether the next one earned its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from truenorth.documents.blocks import Absent, Block, Bullets, Cell, Chart, Prose, Section, Table
from truenorth.documents.charts.intervals import dots
from truenorth.documents.figures import (
    difference_cell,
    interval_text,
    is_assessed,
    is_share,
    point,
    value_cell,
    value_text,
)
from truenorth.documents.numbers import NOT_ASSESSED, plain, seconds, significant_decimals, size
from truenorth.documents.reading import items, mapping, number, one_line, text, values

VERDICTS = {
    "rules win": "The rule is not worse than the best candidate; it is taken because it is simpler.",
    "model wins": "The chosen model is better than the rule by more than the uncertainty of the difference.",
    "not enough evidence": "The data cannot tell the chosen model from the rule.",
}


def ladder(result: Mapping[str, Any]) -> Section:
    """Return the rungs as chart and table, with the verdict."""
    rungs = items(result, "train", "ladder")
    blocks: list[Block] = (
        [*_rungs(result, rungs)] if rungs else [Absent("The ladder", "nothing was trained.")]
    )
    return Section(
        "ladder", "The ladder", blocks, "The simplest candidate that is not worse than the best is taken."
    )


def _metric(result: Mapping[str, Any]) -> str:
    train = mapping(result, "train")
    return (
        text(train, "metric")
        or text(result, "framing", "objective", "metric")
        or text(result, "primary", "metric")
    )


def _rungs(result: Mapping[str, Any], rungs: list[Mapping[str, Any]]) -> Iterator[Block]:
    verdict = text(result, "verdict")
    if verdict:
        yield Prose(VERDICTS.get(verdict, ""), strong=f"Verdict: {verdict}.")
    if text(result, "train", "sentence"):
        yield Prose(text(result, "train", "sentence"))
    metric = _metric(result)
    figures = [{**rung, "metric": metric, **_ends(rung)} for rung in rungs]
    chosen = [index for index, rung in enumerate(rungs) if _is_chosen(rung, result)]
    yield from _chart(figures, chosen, metric)
    columns = [
        "Candidate",
        metric or "Figure",
        "Below the best",
        "Better than the rule by",
        "Fit",
        "Per row",
        "Size",
    ]
    rows = [_row(figure, index in chosen) for index, figure in enumerate(figures)]
    yield Table(columns, rows, emphasis=chosen)
    notes = [one_line(str(note)) for note in values(result, "train", "notes")]
    if notes:
        yield Bullets(notes, "Which rows served what")


def _ends(rung: Mapping[str, Any]) -> dict[str, float | None]:
    """Return the ends of a rung's interval: as given, else 1.96 standard errors either side (95 %)."""
    value, error = number(rung, "value"), number(rung, "standard_error")
    low, high = number(rung, "low"), number(rung, "high")
    if value is None or error is None or low is not None:
        return {"low": low, "high": high}
    return {"low": value - 1.96 * error, "high": value + 1.96 * error}


def _chart(figures: list[dict[str, Any]], chosen: list[int], metric: str) -> Iterator[Block]:
    rows = [
        {
            "name": text(figure, "name"),
            "text": f"{value_text(figure)} ({interval_text(figure)})",
            "marked": index in chosen,
            **point(figure),
        }
        for index, figure in enumerate(figures)
        if is_assessed(figure)
    ]
    if rows:
        measured = metric or "The figure"
        said = (
            f"{measured} of each candidate on validation rows, with its interval; the chosen one is marked."
        )
        spec = dots(rows, title=metric, share=is_share(metric))
        yield Chart("Candidates on validation rows", spec, said, note=said)


def _is_chosen(rung: Mapping[str, Any], result: Mapping[str, Any]) -> bool:
    return bool(rung.get("chosen")) or (
        bool(text(rung, "name")) and text(rung, "name") == text(result, "chosen")
    )


def _row(figure: Mapping[str, Any], chosen: bool) -> list[Cell]:
    per_row = number(figure, "us_per_row")
    speed = None if per_row is None else plain(per_row, decimals=significant_decimals(per_row, 2))
    name = Cell(text(figure, "name"), "chosen" if chosen else "", "chosen" if chosen else "")
    return [
        name,
        value_cell(figure),
        _gap(figure),
        _against_rule(figure),
        Cell(seconds(number(figure, "seconds"))),
        Cell(NOT_ASSESSED if speed is None else f"{speed} \N{MICRO SIGN}s"),
        Cell(size(number(figure, "bytes"))),
    ]


def _gap(figure: Mapping[str, Any]) -> Cell:
    """Return the difference to the best with its standard error, which says how many decimals it has."""
    gap, error = number(figure, "gap"), number(figure, "gap_standard_error")
    if gap is None:
        return Cell("\N{EN DASH}")
    if not gap:
        return Cell("best")
    decimals = significant_decimals(error, 2) if error else significant_decimals(gap)
    note = f"standard error {plain(error, decimals=decimals)}" if error else ""
    return Cell(plain(gap, decimals=decimals), note)


def _against_rule(figure: Mapping[str, Any]) -> Cell:
    given = values(figure, "versus_rule")
    if len(given) != 3:
        return Cell("\N{EN DASH}")
    ends = dict(zip(("value", "low", "high"), given, strict=True))
    return difference_cell({"metric": text(figure, "metric"), **ends})
