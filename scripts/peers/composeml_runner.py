"""Ask composeml: labels only. It cuts a slice from one entity's log and calls a labelling function on it."""

import sys
from datetime import timedelta
from importlib.metadata import version

import composeml
import pandas as pd
from exchange import Answers, Case, Log, answers_or_error, label_answer, print_result, read_log

SETTINGS = (
    "`minimum_data` = prediction time + gap of each entity, `maximum_data` = end of the log, "
    "`drop_empty=False`; label = any event in the slice"
)
MICROSECOND = timedelta(microseconds=1)


def happened(events: pd.DataFrame) -> int:
    """Return how many events, not visits or decisions, lie in the slice."""
    return int((events["kind"] == "event").sum())


def events_and_decisions(log: Log) -> pd.DataFrame:
    """Return the log in time order; the decision is a row of it, as in a real log."""
    rows = [(event.entity, event.time, event.kind) for event in log.events]
    rows += [(case.entity, case.at, "decision") for case in log.cases]
    return pd.DataFrame(rows, columns=["entity", "time", "kind"]).sort_values("time", kind="stable")


def search(
    log: Log, cases: list[Case], *, gap: timedelta, window: timedelta, shift: timedelta, wait: bool
) -> Answers:
    """Return the labels of the cases, all of which share one window."""
    maker = composeml.LabelMaker(
        target_dataframe_index="entity",
        time_index="time",
        labeling_function=happened,
        window_size=pd.Timedelta(window),
    )
    starts = pd.Series({case.entity: pd.Timestamp(case.at + gap + shift) for case in cases})
    last = log.as_of - window if wait else log.as_of
    times = maker.search(
        events_and_decisions(log),
        num_examples_per_instance=1,
        minimum_data=starts,
        maximum_data=pd.Timestamp(last),
        drop_empty=False,
        verbose=False,
    )
    found = {} if times.empty else times.groupby("entity")["happened"].apply(list).to_dict()
    return {case.name: label_answer(found.get(case.entity, [])) for case in cases}


def ask(log: Log, *, shift: timedelta = timedelta(0), wait: bool = False) -> Answers:
    """Return composeml's answers; `shift` moves the window, `wait` stops at the last full window."""
    answers: Answers = {}
    for gap, window, cases in log.by_window("label"):

        def run(gap: timedelta = gap, window: timedelta = window, cases: list[Case] = cases) -> Answers:
            return search(log, cases, gap=gap, window=window, shift=shift, wait=wait)

        answers |= answers_or_error(cases, run)
    return answers


def main() -> None:
    """Read the log, print the answers."""
    log = read_log(sys.argv[1:])
    print_result(
        tool="composeml",
        version=version("composeml"),
        settings=SETTINGS,
        answers=ask(log),
        alternatives={
            "with `minimum_data` 1 µs later": ask(log, shift=MICROSECOND),
            "with `maximum_data` a window earlier": ask(log, wait=True),
        },
    )


if __name__ == "__main__":
    main()
