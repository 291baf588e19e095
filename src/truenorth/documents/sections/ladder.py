"""The ladder: every candidate from the simplest up, and whether the next one earned its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from truenorth.documents.blocks import Absent, Block, Cell, Chart, Prose, Section, Table
from truenorth.documents.charts.intervals import dots
from truenorth.documents.figures import is_share, value_cell, value_text
from truenorth.documents.numbers import plain, seconds, significant_decimals, size
from truenorth.documents.reading import items, mapping, number, text

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
        meaning = VERDICTS.get(verdict, "")
        yield Prose(meaning, strong=f"Verdict: {verdict}.")
    if text(result, "train", "sentence"):
        yield Prose(text(result, "train", "sentence"))
    metric = _metric(result)
    figures = [{**rung, "metric": metric} for rung in rungs]
    chosen = [index for index, rung in enumerate(rungs) if _is_chosen(rung, result)]
    rows = [
        {
            "name": text(rung, "name"),
            "value": number(rung, "value"),
            "low": number(rung, "low"),
            "high": number(rung, "high"),
            "text": value_text(figure),
            "marked": index in chosen,
        }
        for index, (rung, figure) in enumerate(zip(rungs, figures, strict=True))
        if number(rung, "value") is not None
    ]
    table = Table(
        ["Candidate", metric or "Figure", "Below the best", "Standard error", "Fit", "Per row", "Size"],
        [
            _row(rung, figure, index in chosen)
            for index, (rung, figure) in enumerate(zip(rungs, figures, strict=True))
        ],
        emphasis=chosen,
    )
    if rows:
        measured = metric or "The figure"
        said = (
            f"{measured} of each candidate on validation rows, with its interval; the chosen one is marked."
        )
        yield Chart(
            "Candidates on validation rows", dots(rows, title=metric, share=is_share(metric)), said, note=said
        )
    yield table


def _is_chosen(rung: Mapping[str, Any], result: Mapping[str, Any]) -> bool:
    return bool(rung.get("chosen")) or (
        bool(text(rung, "name")) and text(rung, "name") == text(result, "chosen")
    )


def _row(rung: Mapping[str, Any], figure: Mapping[str, Any], chosen: bool) -> list[Cell]:
    per_row = number(rung, "us_per_row")
    gap, error = number(rung, "gap"), number(rung, "gap_standard_error")
    # A difference is known as well as its standard error is, and carries as many decimals.
    decimals = significant_decimals(error, 2) if error else significant_decimals(gap) if gap else 0
    return [
        Cell(text(rung, "name"), "chosen" if chosen else text(rung, "note"), "chosen" if chosen else ""),
        value_cell(figure),
        Cell("best" if gap == 0 else plain(gap, decimals=decimals)),
        Cell("\N{EN DASH}" if error is None else plain(error, decimals=decimals)),
        Cell(seconds(number(rung, "seconds"))),
        Cell(
            "not assessed"
            if per_row is None
            else f"{plain(per_row, decimals=significant_decimals(per_row, 2))} \N{MICRO SIGN}s"
        ),
        Cell(size(number(rung, "bytes"))),
    ]
