"""What must not change a training table: the future, row order, file cuts, zones, duplicates, threads."""

import random
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import truenorth
from tests.oracles.compare import is_same, rows_by_key
from tests.oracles.expressions import DAY, HOUR, MONDAY, Row, iso
from tests.oracles.log import TIME, TIME_COLUMN
from tests.oracles.scenario import BEFORE, Scenario, expected, scenarios

ZONE = "America/New_York"
_CHECKS = (
    HealthCheck.too_slow,
    HealthCheck.data_too_large,
    HealthCheck.large_base_example,
    HealthCheck.filter_too_much,
)
few = settings(max_examples=25, deadline=None, suppress_health_check=_CHECKS)


def build(scenario: Scenario, **options: Any) -> dict[Any, Row]:
    """Rows of the built table by what identifies them; framings that make no row are passed over."""
    options.setdefault("frames", scenario.frames())
    framing = options.pop("framing", scenario.framing)
    result = truenorth.build(framing, as_of=scenario.as_of_text, **options)
    return rows_by_key(result.examples, expected(scenario).key)


def fixed(scenario: Scenario) -> Scenario:
    """The scenario with nothing that a changed log moves: covers and `as_of` are written."""
    sources = {
        name: source
        if source["time"] == "none"
        else {"covers": f"{iso(BEFORE)}..2026-01-20T00:00:00Z", **source}
        for name, source in scenario.framing["sources"].items()
    }
    framing = {**scenario.framing, "sources": sources}
    return Scenario(framing, scenario.logs, scenario.as_of or MONDAY + 12 * DAY)


with_rows = scenarios().map(fixed).filter(lambda scenario: bool(expected(scenario).rows))


def assert_same(
    before: dict[Any, Row], after: dict[Any, Row], columns: tuple[str, ...] | None = None
) -> None:
    """Every row of `before` stands in `after` with the same cells; no columns named: equal tables."""
    if columns is None:
        assert before.keys() == after.keys()
    for key, row in before.items():
        for column in columns or tuple(row):
            assert is_same(row[column], after[key][column]), (key, column, row[column], after[key][column])


def same_label_columns(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(
        column
        for name in names
        for column in (
            name,
            *(f"{name}__{part}" for part in ("state", "mature_at", "event_at", "event_known_at")),
        )
    )


def _stamp(source: str, time: int) -> int:
    """A stamp of `others` on its hour, at or after `time`."""
    return time + -time % HOUR if source == "others" else time


def _later_event(
    random_: random.Random, source: str, time: int, index: int, *, known_from: int | None
) -> Row:
    """An event at or after `time`; with `known_from`, an earlier one that becomes known from then on."""
    stamp = _stamp(source, time + random_.choice((0, 0, 1, HOUR, DAY)))
    known: int | None = stamp + random_.choice((0, HOUR))
    if known_from is not None:
        stamp = known_from - random_.choice((1, HOUR, DAY))
        known = random_.choice((known_from, known_from + 1, None))
    row = {"user": random_.choice(("u1", "u2")), "item": random_.choice(("a", "b")), "kind": "like"}
    if source == "events":
        return {
            **row,
            "event": f"x{index}",
            "value": 7.0,
            "mood": "good",
            "happened_at": stamp,
            "received_at": known,
        }
    return {**row, "other": f"x{index}", "amount": 7.0, "logged_at": stamp}


def with_later_events(scenario: Scenario, time: int, seed: int) -> Scenario:
    """The scenario with events of both logs at or after `time`, by event time or by known time."""
    random_, logs = random.Random(seed), dict(scenario.logs)
    late_reports = "known_at" in scenario.framing["sources"].get("events", {})
    for source in {"events", "others"} & logs.keys():
        added = [_later_event(random_, source, time, index, known_from=None) for index in range(4)]
        if source == "events" and late_reports:
            added += [_later_event(random_, source, time, 10 + index, known_from=time) for index in range(4)]
        if source == "events" and "key" not in scenario.framing["sources"]["events"]:
            added = [{name: row[name] for name in row if name != "event"} for row in added]
        logs[source] = [*logs[source], *added]
    if "profiles" in logs:
        logs["profiles"] = [
            *logs["profiles"],
            {"user": "u1", "tier": "new", "score": 7.0, "updated_at": time},
        ]
    return replace(scenario, logs=logs)


@few
@given(scenario=with_rows, seed=st.integers(0, 2**32))
def test_events_at_or_after_the_prediction_never_change_a_feature(scenario: Scenario, seed: int) -> None:
    framing = {name: value for name, value in scenario.framing.items() if name != "split"}
    scenario = replace(scenario, framing=framing)
    wanted = expected(scenario)
    times = sorted({row["at"] for row in wanted.rows.values()})
    time = times[seed % len(times)]
    before = build(scenario)
    after = build(with_later_events(scenario, time, seed))
    past = {key: row for key, row in before.items() if row["at"] <= time}
    assert past.keys() == {key for key, row in after.items() if row["at"] <= time}
    assert_same(past, after, wanted.features)


@few
@given(scenario=with_rows, seed=st.integers(0, 2**32))
def test_events_known_at_or_after_as_of_never_change_a_label(scenario: Scenario, seed: int) -> None:
    assert scenario.as_of is not None
    wanted = expected(scenario)
    later = with_later_events(scenario, scenario.as_of, seed)
    assert_same(build(scenario), build(later), same_label_columns(wanted.labels))


_OUTSIDE_FRAMING: dict[str, Any] = {
    "framing": 1,
    "name": "outside",
    "business": {"goal": "a label sees its window only"},
    "labels": {
        "liked": {"source": "events", "within": "3h"},
        "spent": {"source": "events", "sum": "value", "within": "1d", "gap": "1h"},
        "stayed": {"source": "events", "absent": True, "within": "3h", "closed": "both"},
    },
    "objective": {"score": "liked", "metric": "mean(liked)"},
}


@few
@given(scenario=with_rows, seed=st.integers(0, 2**32))
def test_a_label_changes_only_by_events_in_its_window(scenario: Scenario, seed: int) -> None:
    assume("source" in scenario.framing["examples"] and "events" in scenario.logs)
    kept = {name: scenario.framing[name] for name in ("sources", "examples")}
    scenario = replace(scenario, framing={**_OUTSIDE_FRAMING, **kept})
    wanted = expected(scenario)
    times = [row["at"] for row in wanted.rows.values()]
    # Half-open at the start for `closed: end`, one microsecond before it for `closed: both`.
    outside = (min(times) - 1, min(times) - HOUR, max(times) + 25 * HOUR + 1, max(times) + 30 * DAY)
    random_ = random.Random(seed)
    added = [
        {
            "event": f"x{index}", "user": "u1", "item": "a", "kind": "like", "value": 7.0, "mood": "good",
            "happened_at": time, "received_at": time,
        }
        for index, time in enumerate(random_.choices(outside, k=5))
    ]  # fmt: skip
    if "key" not in scenario.framing["sources"]["events"]:
        added = [{name: row[name] for name in row if name != "event"} for row in added]
        added = [row for index, row in enumerate(added) if row not in added[:index]]
    after = replace(scenario, logs={**scenario.logs, "events": [*scenario.logs["events"], *added]})
    assert_same(build(scenario), build(after), same_label_columns(wanted.labels))


def test_an_event_inside_the_window_changes_the_label() -> None:
    """The near miss of the test above: the same event one microsecond earlier counts."""
    time = MONDAY + 5 * HOUR
    show = {"imp": "i0", "user": "u1", "item": "a", "shown_at": time}
    event = {"event": "e0", "user": "u1", "item": "a", "value": 7.0, "happened_at": time + 25 * HOUR}
    framing = {
        **_OUTSIDE_FRAMING,
        "sources": {
            "impressions": {"time": "shown_at", "key": "imp"},
            "events": {"time": "happened_at", "key": "event", "covers": "2026-01-01..2026-02-01"},
        },
        "examples": {"source": "impressions", "entity": ["user", "item"], "at": "time"},
    }

    def spent(moved: int) -> float:
        rows = [{**event, "happened_at": event["happened_at"] + moved}]
        frames = {
            "impressions": _typed(pa.Table.from_pylist([show]), "shown_at"),
            "events": _typed(pa.Table.from_pylist(rows), "happened_at"),
        }
        result = truenorth.build(framing, as_of="2026-01-20T00:00:00Z", frames=frames)
        return result.examples["spent"][0].as_py()

    assert (spent(0), spent(1)) == (7.0, 0.0)


def _typed(frame: pa.Table, time: str) -> pa.Table:
    index = frame.column_names.index(time)
    return frame.set_column(index, time, frame[time].cast(TIME))


@few
@given(scenario=with_rows, seed=st.integers(0, 2**32))
def test_row_order_changes_nothing(scenario: Scenario, seed: int) -> None:
    random_ = random.Random(seed)
    logs = {name: random_.sample(rows, len(rows)) for name, rows in scenario.logs.items()}
    assert_same(build(scenario), build(replace(scenario, logs=logs)))


@settings(few, suppress_health_check=[*_CHECKS, HealthCheck.function_scoped_fixture])
@given(scenario=with_rows, n_files=st.integers(2, 3))
def test_cutting_a_log_into_files_changes_nothing(
    scenario: Scenario, n_files: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("logs")

    def on_disk(n: int) -> dict[str, Any]:
        sources = {}
        for name, source in scenario.framing["sources"].items():
            frame = scenario.frame(name)
            paths = [str(folder / f"{name}-{n}-{index}.parquet") for index in range(n)]
            for index, path in enumerate(paths):
                rows = [row for row in range(frame.num_rows) if row % n == index]
                pq.write_table(frame.take(pa.array(rows, pa.int64())), path)
            sources[name] = {**source, "path": paths if n > 1 else paths[0]}
        return {**scenario.framing, "sources": sources}

    whole = build(scenario, framing=on_disk(1), frames={})
    assert_same(whole, build(scenario, framing=on_disk(n_files), frames={}))
    assert_same(whole, build(scenario))


def _in_zone(frame: pa.Table) -> pa.Table:
    """Every time of a frame as the wall clock of another zone, without its zone."""
    for index, field in enumerate(frame.schema):
        if field.type == TIME:
            wall = [
                None if time is None else _wall(time)
                for time in frame.column(index).cast(pa.int64()).to_pylist()
            ]
            frame = frame.set_column(index, field.name, pa.array(wall, pa.timestamp("us")))
    return frame


def _wall(time: int) -> datetime:
    moment = datetime.fromtimestamp(time // 1_000_000, UTC).astimezone(ZoneInfo(ZONE))
    return moment.replace(tzinfo=None, microsecond=time % 1_000_000)


@few
@given(scenario=with_rows)
def test_declaring_another_zone_for_shifted_stamps_changes_nothing(scenario: Scenario) -> None:
    sources, frames = {}, {}
    for name, source in scenario.framing["sources"].items():
        time = source["time"]
        is_local = name in TIME_COLUMN and not (isinstance(time, dict) and "unit" in time)
        frames[name] = _in_zone(scenario.frame(name)) if is_local else scenario.frame(name)
        time = {"column": time} if isinstance(time, str) and is_local else time
        sources[name] = {**source, "time": {**time, "zone": ZONE}} if is_local else source
    local = build(scenario, framing={**scenario.framing, "sources": sources}, frames=frames)
    assert_same(build(scenario), local)


@few
@given(scenario=with_rows, seed=st.integers(0, 2**32))
def test_exact_duplicates_change_nothing_where_they_are_dropped(scenario: Scenario, seed: int) -> None:
    random_ = random.Random(seed)
    sources = {name: {**source, "duplicates": "drop"} for name, source in scenario.framing["sources"].items()}
    scenario = replace(scenario, framing={**scenario.framing, "sources": sources})
    logs = {name: rows + random_.choices(rows, k=3) if rows else rows for name, rows in scenario.logs.items()}
    assert_same(build(scenario), build(replace(scenario, logs=logs)))


@few
@given(scenario=with_rows, seed=st.integers(0, 2**32))
def test_the_order_of_labels_and_features_changes_nothing(scenario: Scenario, seed: int) -> None:
    random_ = random.Random(seed)

    def shuffled(section: dict[str, Any]) -> dict[str, Any]:
        return dict(random_.sample(list(section.items()), len(section)))

    framing = {name: shuffled(value) if name in ("labels", "features", "sources") else value
               for name, value in scenario.framing.items()}  # fmt: skip
    assert_same(build(scenario), build(scenario, framing=framing))


@few
@given(scenario=with_rows)
def test_one_thread_and_two_threads_agree(scenario: Scenario) -> None:
    one = build(scenario, settings=truenorth.EngineSettings(threads=1))
    assert_same(one, build(scenario, settings=truenorth.EngineSettings(threads=2)))
