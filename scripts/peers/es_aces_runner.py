"""Ask es-aces: a task file with windows around a trigger, over MEDS data. Labels, and counts of past events.

Window ends are stated open or closed, so it is asked for exactly the windows of True North.
"""

import sys
import tempfile
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path

import polars as pl
import yaml
from aces import predicates, query
from aces.config import TaskExtractorConfig
from exchange import Answers, Case, Log, answers_or_error, label_answer, print_result, read_log, rows_answer
from omegaconf import DictConfig

SETTINGS = (
    "MEDS data, trigger = the decision, windows with the same open and closed ends as True North's; "
    "a feature is the count of a past window"
)


def meds(log: Log) -> pl.DataFrame:
    """Return the log as MEDS events; each decision is a row."""
    rows = [(event.entity, event.time, event.kind, event.value) for event in log.events]
    rows += [(case.entity, case.at, "decision", None) for case in log.cases for _ in range(case.n_decisions)]
    schema = {
        "subject_id": pl.Int64,
        "time": pl.Datetime("us"),
        "code": pl.String,
        "numeric_value": pl.Float32,
    }
    return pl.DataFrame(rows, schema=schema, orient="row").sort("subject_id", "time")


def task(windows: dict[str, dict[str, object]]) -> dict[str, object]:
    """Return a task file on the two kinds of event."""
    return {
        "predicates": {"decision": {"code": "decision"}, "event": {"code": "event"}},
        "trigger": "decision",
        "windows": windows,
    }


def label_task(*, gap: timedelta, window: timedelta, protect: bool) -> dict[str, object]:
    """Return a task with the window `(t + gap, t + gap + window]`; `protect` asks for a later record."""
    windows: dict[str, dict[str, object]] = {}
    start = "trigger"
    if gap:
        windows["gap"] = {
            "start": "trigger",
            "end": f"start + {seconds(gap)}",
            "start_inclusive": False,
            "end_inclusive": True,
        }
        start = "gap.end"
    windows["target"] = {
        "start": start,
        "end": f"start + {seconds(window)}",
        "start_inclusive": False,
        "end_inclusive": True,
        "label": "event",
    }
    if protect:
        windows["censor_protection"] = {
            "start": "target.end",
            "end": None,
            "start_inclusive": False,
            "end_inclusive": True,
            "has": {"_ANY_EVENT": "(1, None)"},
        }
    return task(windows)


def feature_task(*, window: timedelta) -> dict[str, object]:
    """Return a task with the past window `[t - window, t)`."""
    past = {
        "start": f"end - {seconds(window)}",
        "end": "trigger",
        "start_inclusive": True,
        "end_inclusive": False,
        "label": "event",
    }
    return task({"past": past})


def seconds(duration: timedelta) -> str:
    """Return the duration in the form that es-aces parses."""
    return f"{duration.total_seconds():.0f}s"


def counts(log: Log, definition: dict[str, object]) -> dict[int, list[int]]:
    """Return the counts of the labelled window, by entity."""
    with tempfile.TemporaryDirectory() as folder:
        config_path, data_path = Path(folder) / "task.yaml", Path(folder) / "log.parquet"
        config_path.write_text(yaml.safe_dump(definition, sort_keys=False))
        meds(log).write_parquet(data_path)
        config = TaskExtractorConfig.load(config_path)
        table = predicates.get_predicates_df(
            config, DictConfig({"path": str(data_path), "standard": "meds", "ts_format": None})
        )
        result = query.query(config, table)
    if result.is_empty():
        return {}
    found: dict[int, list[int]] = {}
    for entity, count in result.select("subject_id", "label").iter_rows():
        found.setdefault(entity, []).append(count)
    return found


def ask(log: Log, *, protect: bool = False) -> Answers:
    """Return es-aces' answers; `protect` adds its documented window against censoring."""
    answers: Answers = {}
    for gap, window, cases in log.by_window("label"):

        def labels(gap: timedelta = gap, window: timedelta = window, cases: list[Case] = cases) -> Answers:
            found = counts(log, label_task(gap=gap, window=window, protect=protect))
            return {case.name: label_answer(found.get(case.entity, [])) for case in cases}

        answers |= answers_or_error(cases, labels)
    if protect:
        return answers
    for _, window, cases in log.by_window("feature"):

        def features(window: timedelta = window, cases: list[Case] = cases) -> Answers:
            found = counts(log, feature_task(window=window))
            return {
                case.name: rows_answer(
                    [f"count {count}" for count in found.get(case.entity, [])], n_decisions=case.n_decisions
                )
                for case in cases
            }

        answers |= answers_or_error(cases, features)
    return answers


def main() -> None:
    """Read the log, print the answers."""
    log = read_log(sys.argv[1:])
    print_result(
        tool="es-aces",
        version=version("es-aces"),
        settings=SETTINGS,
        answers=ask(log),
        alternatives={"with a window that asks for a record after the label's": ask(log, protect=True)},
    )


if __name__ == "__main__":
    main()
