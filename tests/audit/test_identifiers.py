"""Identifiers are found as a reader would, on columns that nothing was tuned on, and no value is shown."""

from __future__ import annotations

import datetime as dt
import json
import re
import time
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.audit import column_values as v
from tests.audit.labelled_columns import CASES, HARMLESS, IDENTIFYING, Case, Half, cases_of
from truenorth.audit.identifiers.detect import KINDS, Identifier, find_identifiers
from truenorth.audit.identifiers.lexicon import PHRASES
from truenorth.audit.identifiers.rules import NAMED, VALUE_TESTS


def verdict(name, values, **options) -> Identifier | None:
    found = find_identifiers({name: values}, **options)
    return found[0] if found else None


def kind_of(name, values) -> str | None:
    found = verdict(name, values)
    return None if found is None else found.kind


@cache
def judged(half: Half, seed: int) -> tuple[tuple[Case, str | None], ...]:
    return tuple((case, kind_of(case.name, case.values(seed))) for case in cases_of(half))


def precision_and_recall(results) -> tuple[float, float]:
    both = sum(case.kind is not None and kind is not None for case, kind in results)
    found = sum(kind is not None for _, kind in results)
    there = sum(case.kind is not None for case, _ in results)
    return both / found, both / there


def test_the_labelled_set_is_large_and_covers_every_kind():
    assert len(IDENTIFYING) >= 150 and len(HARMLESS) >= 150
    for half in ("tuning", "held_out"):
        assert {case.kind for case in cases_of(half)} == {*KINDS, None}


def test_the_halves_share_no_case_and_leave_none_out():
    tuning, held_out = list(cases_of("tuning")), list(cases_of("held_out"))
    assert not any(case in held_out for case in tuning)
    assert len(tuning) + len(held_out) == len(CASES)


@pytest.mark.parametrize("half", ["tuning", "held_out"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_precision_and_recall_are_at_least_95_percent(half, seed):
    precision, recall = precision_and_recall(judged(half, seed))
    assert precision >= 0.95 and recall >= 0.95


@pytest.mark.parametrize("kind", KINDS)
def test_most_columns_of_each_kind_get_their_own_kind(kind):
    of_kind = [
        found for half in ("tuning", "held_out") for case, found in judged(half, 1) if case.kind == kind
    ]
    assert sum(found == kind for found in of_kind) >= 0.8 * len(of_kind)


@pytest.mark.parametrize("half", ["tuning", "held_out"])
def test_columns_whose_names_say_nothing_are_judged_as_well(half):
    neutral = [
        (case, kind)
        for case, kind in judged(half, 1)
        if case.name.startswith("c") and case.name[1:].isdigit()
    ]
    precision, recall = precision_and_recall(neutral)
    assert len(neutral) >= 60 and precision >= 0.95 and recall >= 0.95


def test_there_are_the_18_kinds_of_the_rule_and_no_others():
    assert len(KINDS) == 18
    assert {rule.kind for rule in NAMED.values()} == set(KINDS)
    assert {test.kind for test in VALUE_TESTS} <= set(KINDS)
    assert set(PHRASES) == set(NAMED)


SECRETS = st.one_of(
    st.from_regex(r"[a-z]{5,9}\.[a-z]{5,9}@example\.org", fullmatch=True),
    st.from_regex(r"[1-5][0-9]{2}-[1-9][0-9]-[1-9][0-9]{3}", fullmatch=True),
    st.from_regex(r"https://example\.org/[a-z]{8}", fullmatch=True),
    st.from_regex(r"\([2-9][0-9]{2}\) [2-9][0-9]{2}-[0-9]{4}", fullmatch=True),
    st.ip_addresses().map(str).filter(lambda text: len(text) > 6),
    st.uuids().map(str),
    st.integers(10**6, 10**16),
    st.text(min_size=8, max_size=40),
    st.binary(min_size=8, max_size=40),
    st.datetimes(),
)


@given(
    values=st.lists(SECRETS, min_size=1, max_size=60),
    name=st.sampled_from(["c17", "ssn", "phone", "user_id", "photo", "dob", "patient_name", "mrn"]),
)
def test_no_value_is_shown(values, name):
    found = find_identifiers({name: values})
    shown = repr(found) + str(found) + json.dumps([one.to_dict() for one in found])
    for value in values:
        text = str(value).strip()
        assert len(text) < 6 or text not in shown


ANYTHING = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(), st.decimals(), st.dates(),
    st.datetimes(), st.times(), st.timedeltas(), st.lists(st.floats(), max_size=2),
)  # fmt: skip


@given(
    values=st.lists(ANYTHING, max_size=40),
    name=st.sampled_from(["c17", "age", "zip", "ip", "dob", "user_id", "latitude", "account_number"]),
)
def test_any_mixture_of_values_is_judged(values, name):
    found = verdict(name, values)
    assert found is None or (0 < found.share <= 1 and 0 < found.n <= len(values) and found.kind in KINDS)


@pytest.mark.parametrize(
    "values",
    [
        [],
        [None],
        [None, float("nan"), ""],
        np.array([]),
        np.array([np.nan, np.nan]),
        np.array(["NaT"], "datetime64[ns]"),
    ],
    ids=["empty", "none", "missing", "empty array", "nan array", "nat array"],
)
def test_a_column_without_values_holds_nothing(values):
    for name in ("c17", "ssn", "age", "user_id", "email"):
        assert verdict(name, values) is None


def test_one_value_is_enough_where_nothing_else_looks_like_it():
    assert verdict("c17", ["anna.weber@example.org"]) == Identifier(
        "c17", "email", ("pattern",), 1.0, 1, "high"
    )
    assert verdict("c17", ["3fa85f6457174562b3fc2c963f66afa6"]) is None


def test_missing_values_count_for_nothing():
    values = ["219-09-9999", "457-55-5462", "078-05-1120"]
    padded = [None, float("nan"), "", *values, "n/a", None]
    assert verdict("c17", padded) == verdict("c17", values)


def test_a_minority_of_matches_is_no_identifier():
    words = [f"remark {row}" for row in range(75)]
    assert verdict("c17", [*words, *["anna@example.org"] * 25]) is None
    assert kind_of("c17", [*words, *["anna@example.org"] * 75]) == "email"


@pytest.mark.parametrize(
    "made",
    [
        list,
        lambda values: np.array(values, dtype=float),
        lambda values: np.array(values, dtype=object),
        lambda values: [Decimal(value) for value in values],
        lambda values: [str(value) for value in values],
        lambda values: [str(value).encode() for value in values],
    ],
    ids=["int", "float", "object", "decimal", "text", "bytes"],
)
def test_how_a_number_is_stored_does_not_matter(made):
    values = Case("account", "c17", v.as_int(v.luhn("4", 16))).values(3)
    assert kind_of("c17", made(values)) == "account"


@pytest.mark.parametrize("unit", ["D", "s", "us", "ns"])
def test_the_unit_of_an_array_of_times_does_not_matter(unit):
    days = Case("date", "c17", v.day(1930, 2009), array="datetime64[D]").values(1)
    assert kind_of("c17", days.astype(f"datetime64[{unit}]")) == "date"


def test_agreement_of_name_and_values_is_high_confidence():
    values = [dt.date(1930 + row, 3, 1 + row % 28) for row in range(80)]
    assert verdict("c17", values).confidence == "medium"
    assert verdict("birth_date", values).by == ("name", "pattern")
    assert verdict("birth_date", values).confidence == "high"


def test_a_key_is_never_more_than_medium():
    values = [f"U{row:07d}x" for row in range(0, 3_000, 7)]
    assert verdict("user_id", values).confidence == "medium"
    assert verdict("user_id", values * 2) is None


def test_a_fax_number_is_told_from_a_telephone_number_by_its_name_alone():
    values = ["(312) 555-0142", "(415) 555-0199"]
    assert (kind_of("c17", values), kind_of("fax", values)) == ("phone", "fax")


def test_ages_are_identifiers_only_over_89():
    assert verdict("age", list(range(18, 90))) is None
    assert kind_of("age", list(range(18, 91))) == "date"
    assert verdict("account_age", list(range(18, 91))) is None


def test_a_name_that_speaks_of_a_thing_yields_to_values_that_leave_no_doubt():
    assert verdict("merchant_city", ["Chicago", "Houston", "Dallas"] * 20) is None
    assert kind_of("merchant_contact", ["anna@example.org", "peter@example.org"]) == "email"


def test_the_same_seed_gives_the_same_verdict_whatever_other_columns_there_are():
    values = Case("name", "c17", v.mostly(v.person(), v.pick("table", "chair"), 0.5), n=900).values(1)
    alone = find_identifiers({"c17": values}, sample=200)
    beside = find_identifiers({"amount": [1.5, 2.5], "c17": values, "c18": ["x"]}, sample=200)
    assert alone == beside == find_identifiers({"c17": values}, sample=200)
    assert alone[0].n == 200


def test_columns_are_left_as_they_were():
    array, values = np.array([3.0, np.nan, 1.0]), ["b", None, "a"]
    find_identifiers({"a": array, "b": values})
    assert np.array_equal(array, [3.0, np.nan, 1.0], equal_nan=True) and values == ["b", None, "a"]


def test_a_hundred_columns_take_no_longer_than_forty_plain_matches_of_every_value():
    chosen = [replace(case, n=2_000) for case in CASES[:: len(CASES) // 100][:100]]
    columns = {f"{case.name}_{row}": case.values(1) for row, case in enumerate(chosen)}
    texts = [str(value) for values in columns.values() for value in values]
    plain = min(
        _seconds(lambda: sum(map(bool, map(re.compile(r"[a-z]+\d").fullmatch, texts)))) for _ in range(3)
    )
    assert min(_seconds(lambda: find_identifiers(columns)) for _ in range(3)) < 40 * plain


def _seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start
