"""Ask featuretools: features only. Deep feature synthesis at a cutoff time with a training window."""

import sys
import warnings
from datetime import timedelta
from importlib.metadata import version

import featuretools as ft
import pandas as pd
from exchange import Answers, Case, Log, answers_or_error, feature_answer, print_result, read_log

SETTINGS = (
    "`dfs` with `count` and `mean`, one cutoff row per decision, `training_window` = the window, "
    "`time_index` = event time"
)


def entity_set(log: Log, *, time_index: str) -> ft.EntitySet:
    """Return entities and their events."""
    entities = pd.DataFrame({"entity": [case.entity for case in log.cases]})
    events = pd.DataFrame(
        [
            (event.number, event.entity, event.time, event.received, event.value)
            for event in log.events
            if event.kind == "event"
        ],
        columns=["event", "entity", "time", "received", "value"],
    ).drop(columns="received" if time_index == "time" else "time")
    entityset = ft.EntitySet("log")
    entityset.add_dataframe(entities, dataframe_name="entities", index="entity")
    entityset.add_dataframe(events, dataframe_name="events", index="event", time_index=time_index)
    entityset.add_relationship("entities", "entity", "events", "entity")
    entityset.add_last_time_indexes()
    return entityset


def features_of(
    log: Log, cases: list[Case], *, window: timedelta, include_cutoff_time: bool, time_index: str
) -> Answers:
    """Return the features of the cases, all of which share one window."""
    decisions = [(case.entity, case.at) for case in cases for _ in range(case.n_decisions)]
    matrix, _ = ft.dfs(
        entityset=entity_set(log, time_index=time_index),
        target_dataframe_name="entities",
        cutoff_time=pd.DataFrame(decisions, columns=["entity", "time"]),
        agg_primitives=["count", "mean"],
        trans_primitives=[],
        training_window=ft.Timedelta(window.total_seconds(), "s"),
        include_cutoff_time=include_cutoff_time,
    )
    rows = {
        entity: list(zip(group["COUNT(events)"].astype(int), group["MEAN(events.value)"], strict=True))
        for entity, group in matrix.groupby(level=0)
    }
    return {
        case.name: feature_answer(rows.get(case.entity, []), n_decisions=case.n_decisions) for case in cases
    }


def questions(log: Log) -> list[tuple[timedelta, list[Case]]]:
    """Return (window, cases); a case with equal cutoff rows is alone: it makes the whole matrix fail."""
    found = []
    for _, window, cases in log.by_window("feature"):
        found.append((window, [case for case in cases if case.n_decisions == 1]))
        found += [(window, [case]) for case in cases if case.n_decisions > 1]
    return found


def ask(log: Log, *, include_cutoff_time: bool = True, time_index: str = "time") -> Answers:
    """Return featuretools' answers."""
    answers: Answers = {}
    for window, cases in questions(log):

        def run(window: timedelta = window, cases: list[Case] = cases) -> Answers:
            return features_of(
                log, cases, window=window, include_cutoff_time=include_cutoff_time, time_index=time_index
            )

        answers |= answers_or_error(cases, run)
    return answers


def main() -> None:
    """Read the log, print the answers."""
    warnings.simplefilter("ignore")
    log = read_log(sys.argv[1:])
    print_result(
        tool="featuretools",
        version=version("featuretools"),
        settings=SETTINGS,
        answers=ask(log),
        alternatives={
            "with `include_cutoff_time=False`": ask(log, include_cutoff_time=False),
            "with `time_index` = time of receipt": ask(log, time_index="received"),
        },
    )


if __name__ == "__main__":
    main()
