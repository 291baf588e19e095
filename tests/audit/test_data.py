"""DATA: each rule fires on a log that is broken in one way, and is silent on what only looks like it."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.audit import tables
from tests.audit.framings import CALENDAR, GONE
from tests.audit.tables import DAY, START, N, answer, evidence_of, subject_with
from truenorth.audit import DataEvidence, audit
from truenorth.audit.measured.column_steps import silences
from truenorth.audit.measured.dominant_keys import counts_per_day, outstanding
from truenorth.audit.measured.timeline import runs
from truenorth.audit.rules import data
from truenorth.engine.vectors import Vector

HOUR = DAY // 24
BUSY = 20_000


def table(n: int = BUSY, **about: Any) -> dict[str, Any]:
    return tables.table(n, **about)


def kept(columns: dict[str, Any], rows: Any) -> dict[str, Any]:
    return {name: values[rows] for name, values in columns.items()}


def day_of(columns: dict[str, Any]) -> Any:
    return (columns["at"] - START) // DAY


def week_of(columns: dict[str, Any]) -> Any:
    """Return the week by which columns are compared: seven days from the first on."""
    return (columns["at"] - columns["at"][0] // DAY * DAY) // (7 * DAY)


def test_every_rule_stands_in_the_table_in_order():
    assert [rule.code for rule in data.RULES] == [f"DATA{number:03d}" for number in range(1, 7)]
    assert {rule.severity for rule in data.RULES} == {"warn"}


def test_the_healthy_table_is_silent():
    evidence = evidence_of(table())
    answers = audit(subject_with(evidence), rules=data.RULES).answers
    assert {one.rule.code: (one.state, one.reason) for one in answers if one.state != "silent"} == {}


def test_an_empty_table_fails_no_rule():
    evidence = evidence_of(table())
    evidence = replace(evidence, dataset=evidence.dataset.take(np.zeros(BUSY, dtype=bool)))
    answers = audit(subject_with(evidence), rules=data.RULES).answers
    assert [one.reason for one in answers if "the rule failed" in one.reason] == []
    assert answers[0].state == "not assessed"


def test_columns_without_a_value_fail_no_rule():
    columns = {**table(), "spend_1d": np.full(BUSY, np.nan), "country": np.full(BUSY, None, dtype=object),
               "unit": np.full(BUSY, np.nan), "customer": np.full(BUSY, np.nan)}  # fmt: skip
    answers = audit(subject_with(evidence_of(columns)), rules=data.RULES).answers
    assert [(one.rule.code, one.reason) for one in answers if one.state != "silent"] == []


# DATA001


def test_missing_days_are_named():
    columns = table()
    (finding,) = answer(
        "DATA001", evidence_of(kept(columns, ~np.isin(day_of(columns), [20, 21, 40])))
    ).findings
    assert finding.numbers["empty"] == 3
    assert "2026-01-21 to 2026-01-22, 2026-02-10" in finding.evidence


def test_closed_sundays_are_no_hole():
    columns = table()
    is_open = day_of(columns) % 7 != 3
    evidence = evidence_of(kept(columns, is_open))
    assert answer("DATA001", evidence).state == "silent"
    assert any((run.counts == 0).any() for run in runs(evidence))


def test_missing_hours_of_a_dense_log():
    columns = table(60_000, days=20)
    hour = (columns["at"] - START) // HOUR
    (finding,) = answer("DATA001", evidence_of(kept(columns, ~np.isin(hour, [100, 101])))).findings
    assert finding.numbers["empty"] == 2
    assert "2026-01-05 04h to 2026-01-05 05h" in finding.evidence
    assert answer("DATA001", evidence_of(columns)).state == "silent"


def test_lists_count_once():
    """Forty rows of one request are one arrival: an hour without one of few requests is no hole."""
    columns = table(60_000, days=20)
    request = np.arange(60_000) // 40
    columns["at"] = columns["at"][request * 40]
    hour = (columns["at"] - START) // HOUR
    empty = ~np.isin(hour, [100, 101])
    grouped = evidence_of(kept({**columns, "group": request.astype(float)}, empty))
    assert answer("DATA001", grouped).state == "silent"
    assert answer("DATA001", evidence_of(kept(columns, empty))).state == "fired"


def reports(first: int, last: int) -> dict[str, Any]:
    covers = [START, START + 120 * DAY]
    return {"sources": {"payments": {"n_kept": 4000, "covers": covers, "first": START + first * DAY,
                                     "last": START + last * DAY}}}  # fmt: skip


def test_a_log_that_ends_before_what_it_covers():
    (finding,) = answer("DATA001", evidence_of(table(), build=reports(0, 100))).findings
    assert finding.path == ("sources", "payments", "covers")
    assert finding.numbers["days"] == pytest.approx(20)
    assert finding.numbers["usual_rows"] == pytest.approx(20 * 4000 / 100)
    assert answer("DATA001", evidence_of(table(), build=reports(0, 119))).state == "silent"


def test_a_calendar_is_looked_at_by_its_own_dates():
    changes = {**CALENDAR, "labels.fraud.by": "customer"}
    week = np.repeat(np.arange(14), 100)
    columns = {
        "customer": np.arange(1400) % 100.0,
        "unit": np.arange(1400) % 100.0,
        "at": START + week * 7 * DAY,
        "split": np.full(1400, "train", dtype=object),
        "recency": np.ones(1400),
        "amount": np.ones(1400),
    }
    others = dict.fromkeys(table(8))
    evidence = evidence_of({**others, **kept(columns, week != 5)}, changes=changes)
    (finding,) = answer("DATA001", evidence, changes).findings
    assert "1 of 14 dates of the calendar" in finding.evidence
    assert answer("DATA001", evidence_of({**others, **columns}, changes=changes), changes).state == "silent"


# DATA002


def thinned(keep: Any) -> DataEvidence:
    """Return a table of which each day keeps a share of its rows."""
    columns = table(60_000)
    chance = np.asarray([keep(day) for day in range(101)])[day_of(columns)]
    return evidence_of(kept(columns, np.random.default_rng(5).random(60_000) < chance))


def test_a_volume_that_doubles_overnight_and_stays():
    (finding,) = answer("DATA002", thinned(lambda day: 0.4 if day < 30 else 0.8)).findings
    assert "week for week from 2026-01-31" in finding.evidence
    assert finding.numbers["factor"] == pytest.approx(2, rel=0.1)


def test_one_day_that_was_loaded_twice():
    (finding,) = answer("DATA002", thinned(lambda day: 0.9 if day == 30 else 0.45)).findings
    assert "on 1 day, most on 2026-01-31" in finding.evidence
    assert finding.numbers["factor"] == pytest.approx(2, rel=0.15)


@pytest.mark.parametrize(
    "keep",
    [
        pytest.param(lambda day: 0.25 if day % 7 in (2, 3) else 0.9, id="weekends"),
        pytest.param(lambda day: 0.4 + 0.005 * day, id="growth"),
        pytest.param(lambda day: 0.6 + 0.2 * np.sin(day / 10), id="a slow wave"),
    ],
)
def test_what_a_business_does_is_no_jump(keep: Any):
    assert answer("DATA002", thinned(keep)).state == "silent"


def test_a_short_log_has_no_usual_volume():
    assert answer("DATA002", evidence_of(table(2000, days=9))).state == "not assessed"


# DATA003


def changed(name: str, change: Any, *, week: int = 5) -> DataEvidence:
    columns = table(60_000)
    late = week_of(columns) >= week
    values = columns[name].copy()
    values[late] = change(values[late])
    return evidence_of({**columns, name: values})


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        pytest.param("amount", lambda values: values * 100, "cents", id="cents"),
        pytest.param("spend_7d", lambda values: values / 60, "minutes and seconds", id="minutes"),
        pytest.param("spend_7d", lambda values: values * 1.609344, "miles", id="miles"),
        pytest.param("amount", lambda values: np.round(values), "whole numbers", id="decimals gone"),
        pytest.param("at_night", lambda values: 1 - values, "changed places", id="flipped"),
        pytest.param(
            "country",
            lambda values: np.where(values == "FR", "fra", values).astype(object),
            "'FR'",
            id="recoded",
        ),
    ],
)
def test_another_unit_or_coding_is_told_with_its_day(name: str, change: Any, said: str):
    (finding,) = answer("DATA003", changed(name, change)).findings
    assert said in finding.evidence
    assert "2026-02-05" in finding.evidence


def test_missing_that_becomes_a_number():
    columns = table()
    late = week_of(columns) >= 5
    missing = np.random.default_rng(6).random(BUSY) < 0.2
    values = np.where(missing, np.where(late, -1.0, np.nan), columns["spend_1d"])
    (finding,) = answer("DATA003", evidence_of({**columns, "spend_1d": values})).findings
    assert "-1 stands for it" in finding.evidence
    filled = np.where(missing & ~late, np.nan, columns["spend_1d"])
    assert answer("DATA003", evidence_of({**columns, "spend_1d": filled})).state == "silent"


@pytest.mark.parametrize(
    ("name", "change"),
    [
        pytest.param("amount", lambda values: values * 1.35, id="a third dearer"),
        pytest.param("amount", lambda values: values**2 / 10, id="another shape"),
        pytest.param(
            "terminal_risk", lambda values: values * 10 * (np.arange(len(values)) % 2), id="half of the rows"
        ),
    ],
)
def test_drift_is_no_unit(name: str, change: Any):
    assert answer("DATA003", changed(name, change)).state == "silent"


def test_a_number_that_grows_tenfold_over_months_is_no_unit():
    columns = table()
    growth = 10 ** ((columns["at"] - START) / (100 * DAY))
    assert (
        answer("DATA003", evidence_of({**columns, "spend_7d": columns["spend_7d"] * growth})).state
        == "silent"
    )


# DATA004


def test_a_key_with_a_share_like_no_other():
    columns = table()
    columns["customer"] = np.where(np.arange(BUSY) % 20 == 0, -7.0, columns["customer"])
    (finding,) = answer("DATA004", evidence_of(columns)).findings
    assert finding.numbers["share"] == pytest.approx(0.05, abs=0.001)
    assert finding.numbers["keys"] == 1


def test_a_long_tail_is_no_bot():
    weights = 1 / np.arange(1, 2001)
    customers = np.random.default_rng(7).choice(2000, BUSY, p=weights / weights.sum()).astype(float)
    assert answer("DATA004", evidence_of({**table(), "customer": customers})).state == "silent"


def test_a_robot_of_one_day():
    columns = table(60_000)
    rows = np.flatnonzero(day_of(columns) == 50)[:300]
    columns["customer"][rows] = -7.0
    (finding,) = answer("DATA004", evidence_of(columns)).findings
    assert finding.numbers["rows_on_a_day"] == 300


def test_several_robots_are_counted():
    counts = np.concatenate([np.full(3, 5000), np.random.default_rng(8).poisson(40, 500)])
    found = outstanding(counts)
    assert found is not None
    assert (found.n_keys, found.count) == (3, 5000)


def test_the_busiest_day_of_each_key():
    keys = Vector.numbers([1, 1, 1, 2, 2, np.nan])
    assert sorted(counts_per_day(keys, np.asarray([3, 3, 4, 3, 4, 4])))[-2:] == [1, 2]


# DATA005


def test_payments_sent_again_under_new_ids():
    columns = table()
    rows = np.sort(np.append(np.arange(BUSY), np.arange(0, BUSY, 100)))
    again = kept(columns, rows)
    again["payment"] = np.arange(len(rows)).astype(float)
    free = {"sources.payments.duplicates": GONE}
    evidence = evidence_of(again, changes=free)
    (finding,) = answer("DATA005", evidence, free).findings
    assert finding.numbers == {"repeats": 200, "rows": BUSY + 200}
    assert answer("DATA005", evidence_of(again)).state == "silent"


def test_rows_that_differ_in_one_feature_are_no_repeats():
    columns = table()
    rows = np.sort(np.append(np.arange(BUSY), np.arange(0, BUSY, 100)))
    again = kept(columns, rows)
    again["amount"] = again["amount"] + np.append(0, np.diff(rows) == 0)
    free = {"sources.payments.duplicates": GONE}
    assert answer("DATA005", evidence_of(again, changes=free), free).state == "silent"


def test_rows_of_one_instant_are_not_assessed():
    free = {"sources.payments.duplicates": GONE}
    columns = {**table(), "at": np.full(BUSY, START)}
    assert answer("DATA005", evidence_of(columns, changes=free), free).state == "not assessed"


# DATA006


def test_a_feature_that_dies_and_one_that_is_born():
    columns = table()
    alive = np.random.default_rng(9).random(BUSY) < 0.3
    late = day_of(columns) >= 80
    (finding,) = answer(
        "DATA006", evidence_of({**columns, "terminal_risk": (alive & ~late).astype(float)})
    ).findings
    assert "from 2026-03-21 on" in finding.evidence
    assert finding.numbers["expected"] == pytest.approx(0.3 * late.sum(), rel=0.1)
    (finding,) = answer(
        "DATA006", evidence_of({**columns, "terminal_risk": (alive & late).astype(float)})
    ).findings
    assert "before 2026-03-22" in finding.evidence


def test_a_source_that_dies_takes_its_features_with_it_and_is_told_once():
    columns = table()
    late = day_of(columns) >= 80
    for name in ("spend_1d", "spend_7d"):
        columns[name] = np.where(late, np.nan, columns[name])
    (finding,) = answer("DATA006", evidence_of(columns)).findings
    assert finding.numbers["kinds"] == 2


def test_a_level_and_an_outcome_that_vanish():
    columns = table()
    late = day_of(columns) >= 80
    columns["country"] = np.where(late & (columns["country"] == "IT"), "FR", columns["country"]).astype(
        object
    )
    (finding,) = answer("DATA006", evidence_of(columns)).findings
    assert "country 'IT'" in finding.evidence
    fraud = (np.random.default_rng(10).random(BUSY) < 0.1) & ~late
    (finding,) = answer("DATA006", evidence_of(table(), labels={"fraud": fraud.astype(float)})).findings
    assert finding.path == ("labels", "fraud")


def test_a_level_that_identifies_a_person_is_not_shown():
    columns, who = table(), np.random.default_rng(4).integers(0, 3, BUSY)
    late = week_of(columns) >= 11
    people = np.array([f"{name}@example.com" for name in ("ann", "bob", "cleo")], dtype=object)
    vanishes, recoded = np.where(late & (who == 1), 0, who), np.where(late, 2, who % 2)
    for code, level in (("DATA006", vanishes), ("DATA003", recoded)):
        (finding,) = answer(code, evidence_of({**columns, "country": people[level]})).findings
        assert "example.com" not in str(finding)
        assert "of 3, not shown" in finding.evidence


@pytest.mark.parametrize(
    "is_on",
    [
        pytest.param(lambda day: (day // 10) % 3 == 0, id="promotions now and then"),
        pytest.param(lambda day: day >= 0, id="all along"),
    ],
)
def test_what_pauses_is_not_dead(is_on: Any):
    columns = table()
    alive = (np.random.default_rng(11).random(BUSY) < 0.3) & is_on(day_of(columns))
    assert answer("DATA006", evidence_of({**columns, "terminal_risk": alive.astype(float)})).state == "silent"


def test_a_rare_level_may_be_absent_for_a_while():
    columns = table()
    rare = np.random.default_rng(12).choice(np.flatnonzero(day_of(columns) < 90), 40, replace=False)
    columns["country"][rare] = "LU"
    assert answer("DATA006", evidence_of(columns)).state == "silent"


def test_a_silence_is_expected_from_the_rows_beside_it():
    events = np.concatenate([np.arange(0, 1000, 50), np.arange(1000, 1500, 5)])
    (found,) = silences(events, 2000, np.arange(2000))
    assert (found.row, found.n_rows, found.is_end) == (1496, 504, True)
    assert found.expected == pytest.approx(101, abs=1)


def test_examples_without_a_time_fail_no_rule():
    evidence = evidence_of(table(N))
    columns = {name: column for name, column in evidence.dataset.columns.columns.items() if name != "at"}
    dataset = replace(evidence.dataset, columns=replace(evidence.dataset.columns, columns=columns))
    answers = audit(subject_with(replace(evidence, dataset=dataset)), rules=data.RULES).answers
    assert [one.reason for one in answers if "the rule failed" in one.reason] == []
