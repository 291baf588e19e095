"""Numbers and figures as people read them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truenorth.documents.figures import (
    difference_cell,
    difference_text,
    evidence_text,
    interval_text,
    is_share,
    sentence,
    value_cell,
    value_text,
)
from truenorth.documents.numbers import count, exact, money, percent, plain, seconds, size

FINITE = st.floats(-1e12, 1e12, allow_nan=False)


def _read(written: str) -> float:
    return float(
        written.replace("\N{MINUS SIGN}", "-").replace(",", "").replace("\N{NARROW NO-BREAK SPACE}", "")
    )


@pytest.mark.parametrize("write", [count, exact, plain, percent, money, seconds, size])
def test_what_is_missing_is_not_assessed(write):
    assert write(None) == "not assessed"


@given(FINITE)
def test_a_plain_number_reads_back_within_half_a_per_cent(value):
    assert _read(plain(value)) == pytest.approx(value, rel=0.006, abs=1e-12)


@given(FINITE)
def test_no_number_is_a_negative_zero(value):
    for written in (plain(value, decimals=2), exact(value), percent(value), money(value)):
        assert not re.fullmatch(
            "\N{MINUS SIGN}[0.,]+( .*)?", written.replace("\N{NARROW NO-BREAK SPACE}", " ")
        )


@given(st.integers(-(10**9), 10**9))
def test_an_exact_count_has_every_digit(value):
    assert int(_read(exact(value))) == value


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0, "0"),
        (999_999, "999,999"),
        (1_753_210, "1.75\u202fM"),
        (2_500_000_000, "2.5\u202fG"),
        (-1_200_000, "\N{MINUS SIGN}1.2\u202fM"),
    ],
)
def test_counts_above_a_million_are_short(value, written):
    assert count(value) == written


def test_the_interval_decides_the_decimals_of_all_three():
    figure = {"metric": "roc_auc(fraud)", "value": 0.5, "low": 0.43219, "high": 0.56781}
    assert value_text(figure) == "0.500"
    assert interval_text(figure) == "0.432 to 0.568"
    wide = {"metric": "cost per 1d", "value": 4180.4, "low": 3790.6, "high": 4570.2}
    assert (value_text(wide), interval_text(wide)) == ("4,180", "3,791 to 4,570")


def test_shares_are_per_cent_and_their_differences_are_points():
    figure = {"metric": "recall(fraud)", "value": -0.0213, "low": -0.0389, "high": -0.0037}
    assert value_text({**figure, "value": 0.5712, "low": 0.53, "high": 0.61}) == "57.1\u202f%"
    value, interval = difference_text(figure)
    assert (value, interval) == (
        "\N{MINUS SIGN}2.1\u202fpp",
        "\N{MINUS SIGN}3.9 to \N{MINUS SIGN}0.4\u202fpp",
    )


@pytest.mark.parametrize(
    "metric", ["share(a) by sex ratio", "share(a) by sex gap", "ndcg@10(gain)", "mean(hide)", "cost per 1d"]
)
def test_ratios_gaps_and_scores_are_no_percentages(metric):
    assert not is_share(metric)


def test_a_figure_without_a_value_says_why_and_shows_no_number():
    figure = {"metric": "roc_auc(fraud)", "value": None, "note": "one class", "n": 3}
    assert sentence(figure) == "not assessed: one class"
    for cell in (value_cell(figure), difference_cell(figure)):
        assert (cell.text, cell.note, cell.tone) == ("not assessed", "one class", "unknown")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), True, "0.9", [0.9]], ids=repr)
def test_what_is_no_finite_number_is_no_figure(value):
    assert value_text({"metric": "roc_auc", "value": value}) == "not assessed"


def test_a_figure_without_an_interval_says_so():
    assert interval_text({"metric": "roc_auc", "value": 0.9}) == "no interval"


def test_missing_evidence_is_named():
    assert evidence_text({"n": 10, "n_units": 10}) == "n 10, matured share not given"
    assert (
        evidence_text({"n": 58_264, "n_units": 4_990, "matured": 0.9971})
        == "n 58,264, 4,990 units, matured 99.7\u202f%"
    )
