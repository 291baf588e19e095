"""The results page, written from the JSON of the results and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Json = Mapping[str, Any]

_HEAD = """# Results on real logs

This page is written by `make results`, which runs the framings in `examples/real` over real logs and reads
every figure from their runs. Intervals are 95 %, clustered as the framing's `unit` says. *Met* compares the
value with the bar, not the end of its interval: where the interval reaches beyond the bar, other rows could
decide otherwise. Published figures are those of the named models, by their authors.
"""


def page(results: Json) -> str:
    """Return the page as Markdown."""
    lines = [_HEAD, *_bars(results["parts"]), *_made(results["made"])]
    for part in results["parts"]:
        lines += _part(part)
    return "\n".join(lines).rstrip() + "\n"


def _bars(parts: list[Json]) -> Iterator[str]:
    yield "## Which bars are met\n"
    yield "| data | figure | bar | value | |"
    yield "|---|---|---|---|---|"
    for part in parts:
        for row in part["rows"]:
            if row["met"] is not None:
                value = number(row["figure"]["value"], row["digits"])
                met = "met" if row["met"] else "**not met**"
                yield f"| {part['dataset']} | {row['what']} | {_bar(row)} | {value} | {met} |"
    for part in parts:
        if part["skipped"]:
            yield f"| {part['dataset']} | | | | skipped: {part['skipped']} |"
    yield ""


def _made(made: Json) -> Iterator[str]:
    yield "## How it was made\n"
    cost = f"{made['seconds']:.0f} seconds, {made['memory_mb']:,} MB at most"
    yield f"`{made['command']}` on {made['machine']}: {cost}, {made['day']}."
    yield ""
    yield ", ".join(f"{name} {version}" for name, version in made["versions"].items()) + "."
    yield ""


def _part(part: Json) -> Iterator[str]:
    yield f"## {part['title']}\n"
    yield f"Data: {part['attribution']}.\n"
    if part["skipped"]:
        yield f"Skipped: {part['skipped']}.\n"
        return
    yield from (f"{text}\n" for text in part["text"])
    yield "| figure | value | 95 % interval | n | clusters | published | bar | |"
    yield "|---|---|---|---|---|---|---|---|"
    yield from (_line(row) for row in part["rows"])
    yield ""
    yield from (f"> {note}\n" for note in part["notes"])
    runs = ", ".join(f"{name} {run}" for name, run in part["runs"].items())
    yield f"Runs, with the seconds that their stages took when they were made: {runs}.\n"


def _line(row: Json) -> str:
    one, digits = row["figure"], row["digits"]
    band = "" if one["low"] is None else f"{number(one['low'], digits)} to {number(one['high'], digits)}"
    met = {None: "", True: "met", False: "**not met**"}[row["met"]]
    told = "; ".join(text for text in (met, row["note"]) if text)
    value = number(one["value"], digits) if one["value"] is not None else f"not assessed: {one['note']}"
    units = f"{one['n_units']:,}" if one["n_units"] else ""
    cells = [row["what"], value, band, f"{one['n']:,}", units, row["published"], _bar(row), told]
    return "| " + " | ".join(cells) + " |"


def _bar(row: Json) -> str:
    if row["bar"] is None:
        return ""
    sign = {(True, False): ">=", (True, True): ">", (False, False): "<=", (False, True): "<"}
    return f"{sign[row['higher_is_better'], row['strict']]} {row['bar']:g}"


def number(value: float | None, digits: int) -> str:
    """Return a number as it is shown.

    Examples:
        >>> number(0.87158, 3), number(1234.5, 0), number(None, 3)
        ('0.872', '1,234', '')
    """
    return "" if value is None else f"{value:,.{digits}f}"
