"""Parts of the split and the times at which their labels are read, as docs/semantics.md tells them."""

from dataclasses import dataclass
from typing import Any

from tests.oracles.expressions import Row, moment, us

ORDER = ("train", "validation", "calibration", "test")
EARLIEST = -(10**18)


@dataclass(frozen=True)
class Part:
    """A half-open stretch of time, and when the labels of its rows are read."""

    name: str
    start: int
    end: int
    as_of: int


def parts(split: dict[str, Any], as_of: int, horizon: int) -> list[Part]:
    """The parts of a split by lengths or by periods, earliest first."""
    stretches = _counted_back(split, as_of, horizon) if ".." not in split["test"] else _periods(split)
    starts = [start for _, start, _ in stretches[1:]]
    return [
        Part(name, start, end, read)
        for (name, start, end), read in zip(stretches, [*starts, as_of], strict=True)
    ]


def _counted_back(split: dict[str, Any], as_of: int, horizon: int) -> list[tuple[str, int, int]]:
    """The test ends one horizon before `as_of`, each earlier part one horizon before the next begins."""
    stretches: list[tuple[str, int, int]] = []
    end = as_of - horizon
    for name in reversed(ORDER):
        if name in split:
            stretches.insert(0, (name, end - us(split[name]), end))
            end = stretches[0][1] - horizon
    if "train" not in split:
        stretches.insert(0, ("train", EARLIEST, end))
    return stretches


def _periods(split: dict[str, Any]) -> list[tuple[str, int, int]]:
    """Periods as written; `1d of train` is the end of the training period."""
    stretches = []
    for name in ORDER:
        if name in split and " of " not in split[name]:
            start, end = (moment(text) for text in split[name].split(".."))
            stretches.append((name, start, end))
    if " of train" in split.get("validation", ""):
        name, start, end = stretches[0]
        middle = end - us(split["validation"].split(" of ")[0])
        stretches[:1] = [(name, start, middle), ("validation", middle, end)]
    return stretches


def assigned(rows: list[Row], stretches: list[Part], together: str | None) -> list[tuple[Row, Part | None]]:
    """Each row with its part: a group's is its first row's; a group that outlives its part is dropped."""
    kept = []
    for row in rows:
        mates = [row] if together is None else [other for other in rows if other[together] == row[together]]
        first, last = min(mate["at"] for mate in mates), max(mate["at"] for mate in mates)
        part = next((part for part in stretches if part.start <= first < part.end), None)
        if part is None or last < part.as_of:
            kept.append((row, part))
    return kept
