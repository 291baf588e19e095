"""What a runner reads and prints. Standard library only: it runs inside every peer's own environment."""

import json
import math
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path

Answers = dict[str, str]
"""Case name -> what the tool says. A case that is not in it is one for which the tool has no concept."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One entity with one question, as the tools see it."""

    name: str
    entity: int
    side: str
    at: datetime
    window: timedelta
    gap: timedelta
    n_decisions: int


@dataclass(frozen=True, kw_only=True)
class Event:
    """One record of the log: the event that is asked about, or an unrelated visit."""

    number: int
    entity: int
    kind: str
    time: datetime
    received: datetime
    value: float


@dataclass(frozen=True, kw_only=True)
class Log:
    """The one small log, and what is asked of it."""

    as_of: datetime
    covers: tuple[datetime, datetime]
    delay: timedelta
    cases: tuple[Case, ...]
    events: tuple[Event, ...]

    def by_window(self, side: str) -> list[tuple[timedelta, timedelta, list[Case]]]:
        """Return (gap, window, cases) of one side: the cases that one definition answers together."""

        def key(case: Case) -> tuple[timedelta, timedelta]:
            return case.gap, case.window

        cases = sorted((case for case in self.cases if case.side == side), key=key)
        return [(gap, window, list(group)) for (gap, window), group in groupby(cases, key=key)]


def read_log(arguments: list[str]) -> Log:
    """Return the log from the file that the arguments name, or from standard input."""
    data = json.loads(Path(arguments[0]).read_text() if arguments else sys.stdin.read())
    time = datetime.fromisoformat
    return Log(
        as_of=time(data["as_of"]),
        covers=(time(data["covers"][0]), time(data["covers"][1])),
        delay=timedelta(seconds=data["delay"]),
        cases=tuple(
            Case(
                name=case["case"],
                entity=case["entity"],
                side=case["side"],
                at=time(case["at"]),
                window=timedelta(seconds=case["window"]),
                gap=timedelta(seconds=case["gap"]),
                n_decisions=case["n_decisions"],
            )
            for case in data["cases"]
        ),
        events=tuple(
            Event(
                number=event["event"],
                entity=event["entity"],
                kind=event["kind"],
                time=time(event["time"]),
                received=time(event["received"]),
                value=event["value"],
            )
            for event in data["events"]
        ),
    )


def print_result(
    *,
    tool: str,
    version: str,
    settings: str,
    answers: Answers,
    alternatives: Mapping[str, Answers] | None = None,
) -> None:
    """Print what the tool says.

    Args:
        tool: Its name.
        version: Its version.
        settings: One sentence: how it was asked.
        answers: What it says with these settings.
        alternatives: What it says with another setting, by the name of that setting.
    """
    print(
        json.dumps(
            {
                "tool": tool,
                "version": version,
                "settings": settings,
                "answers": answers,
                "alternatives": dict(alternatives or {}),
            },
            indent=2,
            ensure_ascii=False,
        )
    )


def answers_or_error(cases: Iterable[Case], ask: Callable[[], Answers]) -> Answers:
    """Return what the tool says of these cases; where it raises, its shortened message for each of them."""
    try:
        return ask()
    except Exception as error:
        message = " ".join(str(error).replace("|", "/").split())
        return {case.name: f"error: {type(error).__name__}: {shortened(message)}" for case in cases}


def shortened(message: str, *, limit: int = 70) -> str:
    """Return the message, cut where it is long."""
    return message if len(message) <= limit else f"{message[:limit]} …"


def label_answer(labels: list[int]) -> str:
    """Return the label of a case: 0, 1, or that its row is gone."""
    return str(int(labels[0] > 0)) if labels else "no row"


def feature_answer(rows: list[tuple[int, float | None]], *, n_decisions: int) -> str:
    """Return count and mean of a case; where several rows were asked for, their number too."""
    texts = [f"count {count}, mean {_number(mean)}" for count, mean in rows]
    return rows_answer(texts, n_decisions=n_decisions)


def rows_answer(texts: list[str], *, n_decisions: int) -> str:
    """Return the rows' common text, with their number where it was not one row for one decision."""
    if not texts:
        return "no row"
    same = len(set(texts)) == 1
    if len(texts) == n_decisions == 1:
        return texts[0]
    if len(texts) == 1:
        return f"1 row, {texts[0]}"
    return f"{len(texts)} rows, " + (f"each {texts[0]}" if same else "; ".join(texts))


def _number(mean: float | None) -> str:
    return "null" if mean is None or math.isnan(mean) else f"{mean:g}"
