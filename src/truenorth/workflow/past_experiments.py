"""A table of past experiments: the effect of each on the KPI and on the proxies, with its errors.

One row per experiment or arm; arms of one `experiment` share its control. Every metric has a column with its
effect and one with its standard error; the KPI comes first. Users are shared by the metrics of an experiment,
so their errors go together: `cov_A_B` says how far, and what is not said is taken for 0 and told.

    experiment, returned, returned_se, click, click_se, cov_returned_click

`arm` tells the arms of an experiment apart where there are rows by `segment` too: these are matched by
experiment and arm.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truenorth.errors import DataError, Finding, suggest

Floats = NDArray[np.float64]
Line = dict[str, str]

ERROR, COVARIANCE, SEGMENT = "_se", "cov_", "segment"


@dataclass(frozen=True, eq=False)
class PastExperiments:
    """Effects with their errors, the KPI first."""

    names: tuple[str, ...]
    """Of the metrics, the KPI first."""
    effects: Floats
    """Shape (experiments, metrics)."""
    noise: Floats
    """Covariance of each experiment's estimates, shape (experiments, metrics, metrics)."""
    experiments: NDArray[Any]
    """Which experiment each row is an arm of; a row without a name is one of its own."""
    segments: Floats | None
    """Effects by segment, shape (experiments, segments, metrics); None where there are none."""
    findings: tuple[Finding, ...]


def read_experiments(path: Path, *, kpi: str | None = None) -> PastExperiments:
    """Read a table of past experiments.

    Args:
        path: A CSV file with a header.
        kpi: Name of the KPI's column; the first metric by default.

    Raises:
        DataError: If it has no experiments, no proxy beside the KPI, a value that is no number, a standard
            error that is not above 0, or rows by segment that cannot be told apart.
    """
    lines = _lines(path)
    names = _metrics(path, list(lines[0]), kpi)
    whole = [line for line in lines if not line.get(SEGMENT)]
    effects = np.array([[_number(path, line, name) for name in names] for line in whole])
    pairs = list(_pairs(list(lines[0]), names))
    noise = np.stack([_noise(path, line, names, pairs) for line in whole])
    missing = len(names) * (len(names) - 1) // 2 - len(pairs)
    return PastExperiments(
        names=names, effects=effects, noise=noise, experiments=_experiments(whole),
        segments=_segments(path, lines, whole, names),
        findings=(_independent(path, missing, names),) if missing else (),
    )  # fmt: skip


def _lines(path: Path) -> list[Line]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = [{key.strip(): (value or "").strip() for key, value in row.items() if key}
                    for row in csv.DictReader(file)]  # fmt: skip
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(_wrong(path, f"expected a CSV file, got one that cannot be read: {error}.")) from None
    if not [row for row in rows if not row.get(SEGMENT)]:
        raise DataError(_wrong(path, "expected one row per experiment, got none."))
    return rows


def _experiments(lines: Sequence[Line]) -> NDArray[Any]:
    return np.array([line.get("experiment") or f"row {at}" for at, line in enumerate(lines)])


def _metrics(path: Path, columns: Sequence[str], kpi: str | None) -> tuple[str, ...]:
    """Return the columns that have a standard error beside them, the KPI first."""
    names = [name for name in columns if f"{name}{ERROR}" in columns]
    if kpi is not None and kpi not in names:
        fix = suggest(kpi, names, otherwise=f"name one of {', '.join(names) or 'the metrics'}.")
        raise DataError(_wrong(path, f"expected the KPI {kpi!r} with {kpi}{ERROR}, got neither.", fix))
    if len(names) < 2:
        raise DataError(
            _wrong(path, f"expected the KPI and a proxy, each with its {ERROR}, got {', '.join(columns)}.")
        )
    first = kpi or names[0]
    return (first, *(name for name in names if name != first))


def _pairs(columns: Sequence[str], names: Sequence[str]) -> Iterator[tuple[int, int, str]]:
    """Yield the pairs of metrics whose covariance is given, and its column."""
    for (i, one), (j, other) in combinations(enumerate(names), 2):
        for column in (f"{COVARIANCE}{one}_{other}", f"{COVARIANCE}{other}_{one}"):
            if column in columns:
                yield i, j, column
                break


def _noise(path: Path, line: Line, names: Sequence[str], pairs: Sequence[tuple[int, int, str]]) -> Floats:
    noise = np.diag([_error(path, line, f"{name}{ERROR}") ** 2 for name in names])
    for i, j, column in pairs:
        noise[i, j] = noise[j, i] = _number(path, line, column)
    return noise


def _segments(
    path: Path, lines: Sequence[Line], whole: Sequence[Line], names: Sequence[str]
) -> Floats | None:
    """Return effects by segment, NaN where an experiment has none for it."""
    parts = [line for line in lines if line.get(SEGMENT)]
    if parts:
        _check_matched(path, parts, whole)
    of = {(*_arm(line), line[SEGMENT]): line for line in parts}
    listed = sorted({segment for *_, segment in of})
    if not listed:
        return None

    def effects(arm: Line, segment: str) -> list[float]:
        line = of.get((*_arm(arm), segment), {})
        return [_number(path, line, name) for name in names]

    return np.array([[effects(one, each) for each in listed] for one in whole])


def _check_matched(path: Path, parts: Sequence[Line], whole: Sequence[Line]) -> None:
    """Refuse rows by segment that belong to no experiment, or to two arms that are not told apart."""
    for lines, what in ((parts, "segment"), (whole, "row without a segment")):
        keys = [(*_arm(line), line.get(SEGMENT, "")) for line in lines]
        nameless = sum(not experiment for experiment, *_ in keys)
        if nameless and what == "segment":
            evidence = f"expected the experiment of each row by segment, got {nameless} rows without one."
            raise DataError(
                _wrong(path, evidence, "name it under experiment, on the rows of its segments too.")
            )
        twice = next((key for key, n in Counter(keys).items() if n > 1 and key[0]), None)
        if twice is not None:
            experiment, arm, segment = twice
            where = f"experiment {experiment!r}, arm {arm!r}" + (f", segment {segment!r}" if segment else "")
            evidence = f"expected one {what} per experiment and arm, got several of {where}."
            raise DataError(
                _wrong(path, evidence, "tell arms apart in a column arm, and give each row once.")
            )


def _arm(line: Line) -> tuple[str, str]:
    return line.get("experiment", ""), line.get("arm", "")


def _error(path: Path, line: Line, column: str) -> float:
    """Return a standard error; an estimate without one is no estimate."""
    found = _number(path, line, column)
    if found <= 0:
        where = line.get("experiment") or "a row"
        evidence = f"expected a standard error above 0 in {column} of {where}, got {found:g}."
        raise DataError(_wrong(path, evidence, "give the standard error of the estimate, or leave it empty."))
    return found


def _number(path: Path, line: Line, column: str) -> float:
    written = line.get(column, "")
    if not written:
        return float("nan")
    try:
        return float(written)
    except ValueError:
        where = line.get("experiment") or "a row"
        evidence = f"expected a number in {column} of {where}, got {written!r}."
        raise DataError(_wrong(path, evidence)) from None


def _wrong(path: Path, evidence: str, fix: str = "") -> Finding:
    otherwise = "write one row per experiment: experiment, returned, returned_se, click, click_se."
    return Finding(code="STRESS067", where=str(path), evidence=evidence, fix=fix or otherwise)


def _independent(path: Path, missing: int, names: Sequence[str]) -> Finding:
    example = f"{COVARIANCE}{names[0]}_{names[1]}"
    return Finding(
        code="STRESS068", severity="warn", where=str(path),
        evidence=f"expected how the errors of metrics go together, got no such column for {missing} pairs: "
        "they are taken for independent, and users who do more of everything pass for a good proxy.",
        fix=f"add {example} and its like: the covariance of the two estimates, from the same users.",
    )  # fmt: skip
