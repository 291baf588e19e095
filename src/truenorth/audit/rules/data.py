"""DATA: whether the log itself is whole, and means today what it meant when it began.

Rows that should not be there are told of in `data_rows`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from truenorth.audit.contract import Hit, Unknown, rule
from truenorth.audit.evidence import DataEvidence
from truenorth.audit.measured.column_steps import (
    LEAST_ROWS,
    MOST_LEVELS,
    Periods,
    Silence,
    Step,
    level_step,
    levels,
    number_step,
    silences,
)
from truenorth.audit.measured.identifying import is_identifying
from truenorth.audit.measured.timeline import HOUR, LEAST_COUNT, Run, runs
from truenorth.audit.rules import data_rows
from truenorth.audit.subject import Subject
from truenorth.engine.vectors import Vector
from truenorth.framing.durations import DAY

JUMP = 1.5
"""Factor from which a change of volume is more than a good week."""
SPREADS = 6.0
"""Robust spreads from which a day is none of the usual ones."""
HOURLY = 50
"""Rows an hour from which an empty hour is a hole."""


@rule("DATA001", "missing-days", severity="warn", stage="data")
def missing_days(subject: Subject) -> Iterator[Hit | Unknown]:
    """There are days or hours without a row in the middle of the log.

    What it checks:
        Inside each part of the split: no day (hour of a dense log, date of a calendar) is empty on which 20
        rows are usual, counted on the same weekday or hour. And the log of the examples reaches from the
        start to the end that `covers` declares.

    Why it hurts:
        A hole reads as "nothing happened": counts over the last days fall, silence looks like churn, and
        labels of the days before are false negatives.

    Example:
        Three empty days in a log of 500 rows a day fire; Sundays that are always empty do not.

    How to fix:
        Load the days again, or leave them out: end `covers` before them, or start after them.

    Source:
        Twenty is a rule of thumb of ours: a Poisson count of 20 is 0 once in half a thousand million.
    """
    data = _dated(subject)
    if data is None:
        return
    if not len(data.at):
        yield Unknown(
            "no example with a time belongs to a part of the split: there is no calendar to look at"
        )
        return
    for run in runs(data):
        yield from _holes(subject, run, run.empty())
    if subject.framing.table.every is None and _rows_per_day(data) >= 24 * HOURLY:
        for run in runs(data, HOUR):
            yield from _holes(subject, run, _within_days(run))
    yield from _beyond_the_log(subject)


def _holes(subject: Subject, run: Run, empty: np.ndarray) -> Iterator[Hit]:
    if not len(empty):
        return
    unit = "hours" if run.unit == HOUR else "days" if run.unit == DAY else "dates of the calendar"
    shown = ", ".join(_stretches(run, empty)[:3])
    usual = float(run.usual()[empty[0]])
    yield Hit(
        path=("examples",),
        evidence=f"expected about {usual:,.0f} rows, got none on {len(empty)} of {len(run.counts):,} {unit} "
        f"of {run.part}: {shown}{', ...' if len(_stretches(run, empty)) > 3 else ''}.",
        fix=f"load them again; or sources.{_source(subject)}.covers: "
        f"{_day(run.time(int(empty[-1]) + 1))}..END",
        numbers={"empty": len(empty), "of": len(run.counts), "usual": usual},
    )  # fmt: skip


def _stretches(run: Run, bins: np.ndarray) -> list[str]:
    """Write bins that follow each other as one stretch."""
    groups = np.split(bins, np.flatnonzero(np.diff(bins) > 1) + 1)
    write = _hour if run.unit == HOUR else _day
    ends = [(write(run.time(int(group[0]))), write(run.time(int(group[-1])))) for group in groups]
    return [first if first == last else f"{first} to {last}" for first, last in ends]


def _within_days(run: Run) -> np.ndarray:
    """Return the empty hours of days that have other rows: whole days are told of as days."""
    empty = run.empty()
    day = (run.start + np.arange(len(run.counts)) * run.unit) // DAY
    filled = np.unique(day[run.counts > 0])
    return empty[np.isin(day[empty], filled)]


def _beyond_the_log(subject: Subject) -> Iterator[Hit]:
    """Compare the log with the period that is declared to be whole."""
    assert subject.data is not None
    name = _source(subject)
    report = subject.data.sources.get(name, {})
    first, last, kept = report.get("first"), report.get("last"), int(report.get("n_kept", 0))
    covers = report.get("covers")
    if subject.written("sources", name, "covers") is None or not covers or first is None or last is None:
        return
    per_microsecond = kept / max(last - first, 1)
    for gap, what, at in ((first - covers[0], "starts", first), (covers[1] - last, "ends", last)):
        if last > first and gap > DAY and gap * per_microsecond >= LEAST_COUNT:
            yield Hit(
                path=("sources", name, "covers"),
                evidence=f"expected a log of {name!r} over all that it covers, got one that {what} "
                f"{_day(at)}, {gap / DAY:.1f} days inside ({gap * per_microsecond:,.0f} rows would "
                "be usual there).",
                fix=f"covers: {_day(first)}..{_day(last + DAY)}",
                numbers={"days": gap / DAY, "usual_rows": gap * per_microsecond},
            )


@rule("DATA002", "volume-jumps", severity="warn", stage="data")
def volume_jumps(subject: Subject) -> Iterator[Hit | Unknown]:
    """The number of rows jumps from one day to the next.

    What it checks:
        Rows per day (or date of a calendar), as logarithms against the same weekday in the four weeks around:
        no day differs by a factor of 1.5 and six robust spreads, and no week from the week before it.

    Why it hurts:
        What doubles overnight was loaded twice, filtered differently, or is another product. Trends and base
        rates across the jump compare two populations.

    Example:
        1,000 rows a day that are 2,000 from one Tuesday on fire; a slow growth to 2,000, or Sundays of 300,
        do not.

    How to fix:
        Find out what was released that day. Start `covers` after it, or make the change a feature.

    Source:
        1.5 and six spreads are rules of thumb of ours, set on the logs of the ready systems.
    """
    data = _dated(subject)
    if data is None:
        return
    looked_at = 0
    for run in runs(data):
        if len(run.counts) < 14 or np.median(run.counts) < LEAST_COUNT:
            continue
        looked_at += 1
        yield from _jump(subject, run)
    if not looked_at:
        yield Unknown("no part has fourteen days of at least 20 rows, so that no volume is usual")


def _jump(subject: Subject, run: Run) -> Iterator[Hit]:
    residuals, spread = run.surprises()
    steps = run.steps()
    top = int(np.argmax(np.abs(steps)))
    if abs(steps[top]) > max(np.log(JUMP), SPREADS / 2 * spread):
        yield _jumped(subject, run, top, float(np.exp(steps[top])), "week for week from")
        return
    days = np.flatnonzero(np.abs(np.nan_to_num(residuals)) > max(np.log(JUMP), SPREADS * spread))
    if len(days):
        worst = int(days[np.argmax(np.abs(residuals[days]))])
        yield _jumped(
            subject,
            run,
            worst,
            float(np.exp(residuals[worst])),
            f"on {len(days)} day{'s' * (len(days) > 1)}, most on",
        )


def _jumped(subject: Subject, run: Run, bin_: int, factor: float, when: str) -> Hit:
    return Hit(
        path=("examples",),
        evidence=f"expected a steady number of rows in {run.part}, got {factor:.2g} times the usual {when} "
        f"{_day(run.time(bin_))} ({run.counts[bin_]:,} rows).",
        fix=f"find what changed; or sources.{_source(subject)}.covers: {_day(run.time(bin_ + 1))}..END",
        numbers={"factor": factor, "rows": int(run.counts[bin_])},
    )


@rule("DATA003", "unit-or-coding-changes", severity="warn", stage="data")
def unit_or_coding_changes(subject: Subject) -> Iterator[Hit | Unknown]:
    """A column is written in another unit or code from some day on.

    What it checks:
        Each feature and context column from week to week (day to day in a log of less than six weeks): all
        quantiles of a number move by one known factor (10, 60, 100, 1,000, 3,600, miles, pounds ...), yes and
        no change places, decimals come or go, a number starts to stand for missing; or levels of a category
        give way to others of the same weight.

    Why it hurts:
        Cents read as euros are outliers of factor 100, and trees learn the date instead of the amount.
        Nothing fails: the column is there, it is a number, and it is wrong.

    Example:
        Amounts with a median of 36 that is 3,600 from one week on fire; a median that grows by a third does
        not.

    How to fix:
        Mend it where the log is read: `columns: {amount_eur: "case when time < timestamp '2026-03-01' then
        amount / 100 else amount end"}`.

    Source:
        All quantiles within 10 % of one factor (3 % for factors below 10), and a change six times the usual
        one: drift stretches a distribution, a unit multiplies it. Breck et al. (2017), The ML Test Score,
        asks for such checks of the input.
    """
    data = _dated(subject)
    if data is None:
        return
    periods = Periods(data)
    if len(periods.rows) < 2:
        yield Unknown(
            f"no two periods with {LEAST_ROWS} rows each, so that nothing can be compared over time"
        )
        return
    for section, name, column in _inputs(subject):
        step = _step(subject, name, column, periods)
        if step is not None:
            yield _stepped(subject, section, name, step)


def _step(subject: Subject, name: str, column: Vector, periods: Periods) -> Step | None:
    if _is_code(subject, name, column):
        codes, names = _levels(subject, name, column)
        return level_step(codes, names, periods)
    if column.role in ("number", "boolean"):
        return number_step(column, periods)
    return None


def _stepped(subject: Subject, section: str, name: str, step: Step) -> Hit:
    feature = subject.framing.features.get(name)
    column = (feature.column if feature is not None else None) or name
    return Hit(
        path=(section, name) if section == "features" else ("examples", "context"),
        evidence=f"expected {name!r} to be written alike all through, got a change on {_day(step.at)}: "
        f"{step.what}.",
        fix=f"columns: {{{name}_alike: \"case when time < timestamp '{_day(step.at)}' then {column} else ... "
        'end"}',
        numbers=step.numbers,
    )


@rule("DATA006", "event-types-vanish-or-appear", severity="warn", stage="data")
def event_types_vanish_or_appear(subject: Subject) -> Iterator[Hit | Unknown]:
    """A kind of event, a level or a feature stops, or begins, from one day on.

    What it checks:
        Levels of categories (up to 100), features that are something else than 0 or missing, and outcomes
        that are positive: none is silent at the end or the beginning of the examples where at least 50 were
        to be expected and three times longer than it ever paused. Another coding is told of by DATA003.

    Why it hurts:
        The button moved, a job died, a tracker was blocked by a browser: the model goes on with zeros that
        mean "not logged". In training it learns that the past was different in kind.

    Example:
        A count that is positive in 30 % of the rows and 0 in the last two weeks fires; a level with five rows
        that does not occur in the last week does not.

    How to fix:
        Have the logging mended. Until then leave the feature out, or end `covers` where it stops.

    Source:
        50 expected and three pauses are rules of thumb of ours; bursts such as promotions stay silent.
    """
    data = _dated(subject)
    if data is None or len(data.at) < 2 * LEAST_ROWS:
        return
    found: dict[tuple[int, bool], list[tuple[tuple[str | int, ...], str, Silence]]] = {}
    for path, what, events, rows in _kinds(subject, Periods(data)):
        for silence in silences(events, len(rows), data.at[rows]):
            same = next(
                (key for key in found if key[1] == silence.is_end and _is_near(data, key[0], silence.at)),
                None,
            )
            found.setdefault(same or (silence.at, silence.is_end), []).append((path, what, silence))
    for silent in found.values():
        yield _silent(silent)


def _is_near(data: DataEvidence, one: int, other: int) -> bool:
    return abs(one - other) <= max(DAY, int(data.at[-1] - data.at[0]) // 50)


def _silent(silent: list[tuple[tuple[str | int, ...], str, Silence]]) -> Hit:
    """Tell of all that stops at one time at once: one job feeds many features."""
    path, _, silence = max(silent, key=lambda one: one[2].expected)
    named = list(dict.fromkeys(what for _, what, _ in silent))
    listed = ", ".join(named[:4]) + (f" and {len(named) - 4} more" if len(named) > 4 else "")
    when = f"from {_day(silence.at)} on" if silence.is_end else f"before {_day(silence.at)}"
    return Hit(
        path=path,
        evidence=f"expected about {silence.expected:,.0f} of {listed} {when}, got none in "
        f"{silence.n_rows:,} rows.",
        fix="mend the logging; until then leave it out, or end covers at " + _day(silence.at) + ".",
        numbers={"expected": silence.expected, "rows": silence.n_rows, "kinds": len(named)},
    )


def _kinds(
    subject: Subject, periods: Periods
) -> Iterator[tuple[tuple[str | int, ...], str, np.ndarray, np.ndarray]]:
    """Yield each kind of event: its place, its name, the rows that have it among the rows that could."""
    data = periods.evidence
    every = np.arange(data.dataset.n_rows)
    for section, name, column in _inputs(subject):
        path = (section, name) if section == "features" else ("examples", "context")
        if _is_code(subject, name, column):
            codes, names = _levels(subject, name, column)
            if len(names) <= MOST_LEVELS and level_step(codes, names, periods) is None:
                for code, rows in _rows_by_code(codes, len(names)):
                    yield path, f"{name} {names[code]!r}", rows, every
        elif column.role in ("number", "boolean"):
            yield path, name, np.flatnonzero(~column.is_null & (column.values != 0)), every
    for name, label in subject.framing.labels.items():
        for one in data.dataset.families.get(name, ()):
            outcomes = data.dataset.labels[one]
            if outcomes.values.levels is None and label.kind in ("binary", "tags", "number", "amount"):
                rows = np.flatnonzero(outcomes.is_observed & ~outcomes.values.is_null)
                yield ("labels", name), one, np.flatnonzero(outcomes.values.values[rows] > 0), rows


def _rows_by_code(codes: np.ndarray, n_levels: int) -> Iterator[tuple[int, np.ndarray]]:
    order = np.argsort(codes, kind="stable")
    bounds = np.searchsorted(codes[order], np.arange(n_levels + 1))
    for code in range(n_levels):
        yield code, order[bounds[code] : bounds[code + 1]]


def _inputs(subject: Subject) -> Iterator[tuple[str, str, Vector]]:
    """Yield the features and context columns that the table holds."""
    assert subject.data is not None
    named: Iterable[tuple[str, str]] = [("features", name) for name in subject.data.feature_names]
    named = [*named, *(("context", name) for name in subject.framing.table.context)]
    for section, name in named:
        column = subject.data.column(name)
        if column is not None and len(column):
            yield section, name, column


def _is_code(subject: Subject, name: str, column: Vector) -> bool:
    feature = subject.framing.features.get(name)
    return column.levels is not None or (
        feature is not None and feature.as_ in ("category", "id") and column.role == "number"
    )


def _levels(subject: Subject, name: str, column: Vector) -> tuple[np.ndarray, list[str]]:
    """Return codes and names of the levels; what identifies a person is counted, not named."""
    codes, names = levels(column)
    if len(names) <= MOST_LEVELS and is_identifying(subject.framing, name, column):
        names = [f"level {number} of {len(names)}, not shown" for number in range(1, len(names) + 1)]
    return codes, names


def _dated(subject: Subject) -> DataEvidence | None:
    """Return the examples if they have a time; without one there is no calendar, and nothing to check."""
    data = subject.data
    assert data is not None
    return None if subject.framing.table.at == "none" else data


def _rows_per_day(data: DataEvidence) -> float:
    return float(np.median(np.unique(data.day, return_counts=True)[1])) if len(data.at) else 0.0


def _source(subject: Subject) -> str:
    table = subject.framing.table
    return table.source or (table.active.source if table.active is not None else "")


def _day(microseconds: int) -> str:
    return str(np.datetime64(int(microseconds), "us"))[:10]


def _hour(microseconds: int) -> str:
    return str(np.datetime64(int(microseconds), "us"))[:13].replace("T", " ") + "h"


_OWN = (missing_days, volume_jumps, unit_or_coding_changes, event_types_vanish_or_appear)
RULES = tuple(sorted((*_OWN, *data_rows.RULES), key=lambda one: one.code))
