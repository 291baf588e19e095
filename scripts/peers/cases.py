"""The one small log: every case is an entity of its own, so one run of each tool covers all of them.

A case states what happened around its prediction time, the right answer, and why (section of LANGUAGE.md).
Run as a script it prints the log.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

AS_OF = datetime(2024, 2, 1)
COVERS = (datetime(2024, 1, 1), AS_OF)
DELAY = timedelta(hours=1)  # promised: an event is received within an hour; some break the promise
VALUE = 4.0

MICROSECOND = timedelta(microseconds=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WEEK = timedelta(days=7)
ZERO = timedelta(0)

LABEL_AT = datetime(2024, 1, 10)
LATE_AT = datetime(2024, 1, 29)  # its week closes after the log ends
FEATURE_AT = datetime(2024, 1, 20)
VISIT_AT = AS_OF - 12 * HOUR


@dataclass(frozen=True, kw_only=True)
class Event:
    """One event, placed relative to the prediction time of its case."""

    offset: timedelta
    delay: timedelta = ZERO  # how long after it happened it was received


@dataclass(frozen=True, kw_only=True)
class Case:
    """One entity with one question."""

    name: str
    side: Literal["label", "feature"]
    shows: str
    right: str
    why: str
    at: datetime
    events: tuple[Event, ...] = ()
    window: timedelta = WEEK  # `within` of a label, `last` of a feature
    gap: timedelta = ZERO
    n_decisions: int = 1
    seen_again: bool = True  # an unrelated visit on the last day of the log


def label(
    name: str,
    shows: str,
    right: str,
    why: str,
    *events: Event,
    at: datetime = LABEL_AT,
    window: timedelta = WEEK,
    gap: timedelta = ZERO,
    seen_again: bool = True,
) -> Case:
    """Return a case that asks: did an event happen in the window after `at`?"""
    return Case(
        name=name,
        side="label",
        shows=shows,
        right=right,
        why=why,
        events=events,
        at=at,
        window=window,
        gap=gap,
        seen_again=seen_again,
    )


def feature(
    name: str,
    shows: str,
    right: str,
    why: str,
    *events: Event,
    window: timedelta = WEEK,
    n_decisions: int = 1,
) -> Case:
    """Return a case that asks: how many events, of which mean value, lie in the window before `at`?"""
    return Case(
        name=name,
        side="feature",
        shows=shows,
        right=right,
        why=why,
        events=events,
        at=FEATURE_AT,
        window=window,
        n_decisions=n_decisions,
    )


ONE = f"count 1, mean {VALUE:g}"
NONE = "count 0, mean null"
REFUSED = "refused"

CASES = (
    label(
        "label_at_t",
        "event exactly at the prediction time",
        "0",
        "The window is `(t, t + within]` (5): what happens at `t` is neither future nor past.",
        Event(offset=ZERO),
    ),
    label(
        "label_after_t",
        "event 1 µs after the prediction time",
        "1",
        "The first instant after `t` is the first one inside the window (5).",
        Event(offset=MICROSECOND),
    ),
    label(
        "label_at_end",
        "event exactly at the window's end",
        "1",
        "The end is closed (5), so windows laid end to end count every event once.",
        Event(offset=WEEK),
    ),
    label(
        "label_past_end",
        "event 1 µs past the window's end",
        "0",
        "Outside `(t, t + within]` (5).",
        Event(offset=WEEK + MICROSECOND),
    ),
    label(
        "label_no_event",
        "no event, the window closed long ago, the entity is never seen again",
        "0",
        "Mature by time (5), so a true negative: those who never come back must not drop out.",
        seen_again=False,
    ),
    label(
        "label_in_gap",
        "gap of 1 day, event 12 hours after the prediction time",
        "0",
        "The window `(t + gap, t + gap + within]` has not begun (5).",
        Event(offset=12 * HOUR),
        gap=DAY,
    ),
    label(
        "label_at_gap_end",
        "gap of 1 day, event exactly at its end",
        "0",
        "The window is open at `t + gap` (5), as it is at `t`.",
        Event(offset=DAY),
        gap=DAY,
    ),
    label(
        "label_after_gap",
        "gap of 1 day, event 7.5 days after the prediction time",
        "1",
        "The gap moves the window, it does not shorten it: it ends at `t + gap + within` (5).",
        Event(offset=WEEK + 12 * HOUR),
        gap=DAY,
    ),
    label(
        "label_censored",
        "no event, but the log ends before the window closes",
        "immature",
        "Mature only when `t + gap + within + delay < min(as_of, end of covers)` (5); a 0 would be invented.",
        at=LATE_AT,
    ),
    label(
        "label_early_positive",
        "event 1 hour after the prediction time, but the log ends before the window closes",
        "immature",
        "Maturity depends on time only (5): keeping fast positives alone would raise the base rate.",
        Event(offset=HOUR),
        at=LATE_AT,
    ),
    label(
        "label_delay_open",
        "the window closed 30 minutes before the log ends, reports may take an hour",
        "immature",
        "The promised delay is part of maturity (5): an event of the last hour may still be on its way.",
        at=AS_OF - WEEK - HOUR / 2,
    ),
    label(
        "label_reported_late",
        "event in the window, reported a day later, before `as_of`",
        "1",
        "Known before `as_of`, so it counts (5), although it came after the promised hour.",
        Event(offset=2 * DAY, delay=DAY),
    ),
    label(
        "label_reported_after_as_of",
        "event in the window, reported after `as_of`",
        "0",
        "Visible is what was known before `as_of` (5); the late report is counted in the profile.",
        Event(offset=2 * DAY, delay=24 * DAY),
    ),
    label(
        "label_zero_window",
        "window of zero length, event 3 days after the prediction time",
        REFUSED,
        "`(t, t]` is empty: every label would be 0, so the framing is refused when it is loaded.",
        Event(offset=3 * DAY),
        window=ZERO,
    ),
    feature(
        "feature_at_t",
        "event exactly at the prediction time",
        NONE,
        "The window is `[t - last, t)` (6): what happens at `t` may be the very thing to be predicted.",
        Event(offset=ZERO),
    ),
    feature(
        "feature_before_t",
        "event 1 µs before the prediction time",
        ONE,
        "Happened and known before `t` (6).",
        Event(offset=-MICROSECOND),
    ),
    feature(
        "feature_at_start",
        "event exactly at the start of the trailing window",
        ONE,
        "The start is closed (6), so windows laid end to end count every event once.",
        Event(offset=-WEEK),
    ),
    feature(
        "feature_before_start",
        "event 1 µs before the start of the trailing window",
        NONE,
        "Outside `[t - last, t)` (6).",
        Event(offset=-WEEK - MICROSECOND),
    ),
    feature(
        "feature_received_late",
        "event 12 hours before the prediction time, received 12 hours after it",
        NONE,
        "Always cut at known time `< t` (6): in production it would not have been there.",
        Event(offset=-12 * HOUR, delay=DAY),
    ),
    feature(
        "feature_received_inside",
        "event 8 days before the prediction time, received 5 days before it",
        NONE,
        "The window is of event times (6); that the report came inside it does not make the event recent.",
        Event(offset=-8 * DAY, delay=3 * DAY),
    ),
    feature(
        "feature_same_cutoff",
        "two decisions on one entity at the same prediction time, event a day before",
        f"2 rows, each {ONE}",
        "One row per thing that could be decided (4): two items shown at once are two rows.",
        Event(offset=-DAY),
        n_decisions=2,
    ),
    feature(
        "feature_empty",
        "no event at all",
        NONE,
        "Nothing was counted, and the mean of nothing is unknown, not 0.",
    ),
    feature(
        "feature_zero_window",
        "trailing window of zero length, event 3 days before the prediction time",
        REFUSED,
        "`[t, t)` is empty: the feature would be 0 everywhere, so the framing is refused when it is loaded.",
        Event(offset=-3 * DAY),
        window=ZERO,
    ),
)


def log() -> dict[str, object]:
    """Return what a tool may see, without the right answers; times are UTC, durations seconds."""
    return {
        "as_of": stamp(AS_OF),
        "covers": [stamp(end) for end in COVERS],
        "delay": DELAY.total_seconds(),
        "cases": [
            {
                "case": case.name,
                "entity": number,
                "side": case.side,
                "at": stamp(case.at),
                "window": case.window.total_seconds(),
                "gap": case.gap.total_seconds(),
                "n_decisions": case.n_decisions,
            }
            for number, case in enumerate(CASES, start=1)
        ],
        "events": [{"event": number, **record} for number, record in enumerate(records(), start=1)],
    }


def records() -> list[dict[str, object]]:
    """Return the events of every case, and a visit on the last day of each entity that is seen again."""
    found: list[dict[str, object]] = []
    for entity, case in enumerate(CASES, start=1):
        for event in case.events:
            time = case.at + event.offset
            found.append(record(entity, "event", time, received=time + event.delay))
        if case.seen_again:
            found.append(record(entity, "visit", VISIT_AT, received=VISIT_AT))
    return found


def record(entity: int, kind: str, time: datetime, *, received: datetime) -> dict[str, object]:
    """Return one record of the log."""
    return {"entity": entity, "kind": kind, "time": stamp(time), "received": stamp(received), "value": VALUE}


def stamp(time: datetime) -> str:
    """Return the time as ISO 8601 with microseconds."""
    return time.isoformat(timespec="microseconds")


if __name__ == "__main__":
    print(json.dumps(log(), indent=2))
