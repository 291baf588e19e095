"""Where the ladder stops."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truenorth.errors import DataError
from truenorth.models import Rung, choose


def rung(name, value, gap=0.0, error=0.0, versus=None, **more):
    return Rung(name=name, value=value, gap=gap, gap_standard_error=error, versus_rule=versus, **more)


RULE = rung("amount > 220", 0.60, gap=0.10, error=0.01, is_rule=True)


def test_the_simplest_rung_within_one_standard_error_of_the_best_is_taken():
    linear = rung("linear", 0.695, gap=0.005, error=0.006, versus=(0.095, 0.07, 0.12))
    trees = rung("trees", 0.70, versus=(0.10, 0.08, 0.12))
    assert choose([RULE, linear, trees]).chosen == "linear"
    assert choose([RULE, linear, trees], how="best").chosen == "trees"


def test_a_gain_below_the_declared_one_is_not_worth_a_more_complex_model():
    linear = rung("linear", 0.68, gap=0.02, error=0.001, versus=(0.08, 0.06, 0.1))
    trees = rung("trees", 0.70, versus=(0.10, 0.08, 0.12))
    assert choose([RULE, linear, trees]).chosen == "trees"
    assert choose([RULE, linear, trees], minimum_gain=0.03).chosen == "linear"
    assert choose([RULE, linear, trees], minimum_gain=0.03, how="best").chosen == "linear"


def test_verdicts():
    trees = rung("trees", 0.70, versus=(0.10, 0.08, 0.12))
    assert choose([RULE, trees]).verdict == "model wins"
    unsure = rung("trees", 0.70, versus=(0.10, -0.01, 0.21))
    assert choose([RULE, unsure]).verdict == "not enough evidence"
    near = rung("rule", 0.699, gap=0.001, error=0.002, is_rule=True)
    assert choose([near, unsure]).verdict == "rules win"
    # kept for the declared gain although it is worse beyond its interval
    worse = rung("rule", 0.69, gap=0.01, error=0.001, is_rule=True)
    assert choose([worse, trees], minimum_gain=0.05).verdict == "not enough evidence"


def test_a_loss_is_better_when_it_is_lower():
    rungs = [rung("linear", 5.0, gap=1.0, error=0.1), rung("trees", 4.0)]
    assert choose(rungs, higher_is_better=False).chosen == "trees"
    assert choose(rungs, higher_is_better=False).best == "trees"


def test_rungs_without_a_figure_are_shown_but_not_taken():
    found = choose([rung("rule", None, is_rule=True), rung("linear", math.nan), rung("trees", 0.5)])
    assert (found.chosen, len(found.ladder)) == ("trees", 3)
    nothing = choose([rung("rule", None, is_rule=True), rung("linear", None)])
    assert (nothing.chosen, nothing.verdict) == ("rule", "not enough evidence")


def test_no_candidate_is_refused():
    with pytest.raises(DataError, match="MODEL046"):
        choose([])


def test_the_sentence_names_the_choice_its_figure_and_the_reason():
    linear = rung("linear", 0.695, gap=0.005, error=0.006, versus=(0.095, 0.07, 0.12))
    sentence = choose([RULE, linear, rung("trees", 0.70)]).sentence
    assert sentence.startswith("model wins: linear (0.695) is taken")
    assert "trees (0.7) is better by only 0.005" in sentence and "[+0.07, +0.12]" in sentence


@st.composite
def ladders(draw):
    values = draw(st.lists(st.floats(0.01, 1.0), min_size=1, max_size=6))
    best = max(values)
    errors = draw(st.lists(st.floats(0, 0.2), min_size=len(values), max_size=len(values)))
    pairs = enumerate(zip(values, errors, strict=True))
    return [rung(str(i), v, gap=best - v, error=e, is_rule=i == 0) for i, (v, e) in pairs]


@given(ladders(), st.floats(0, 0.3))
def test_the_choice_is_never_worse_than_chance_and_the_declared_gain_allow(rungs, gain):
    found = choose(rungs, minimum_gain=gain)
    taken = next(one for one in rungs if one.name == found.chosen)
    assert taken.gap <= max(taken.gap_standard_error, gain)
    assert all(one.gap > max(one.gap_standard_error, gain) for one in rungs[: int(found.chosen)])


@given(ladders())
def test_a_strictly_simpler_rung_with_the_same_figure_wins(rungs):
    twin = rung("twin", rungs[-1].value, gap=rungs[-1].gap, error=rungs[-1].gap_standard_error)
    assert choose([*rungs, twin]).chosen != "twin"


@given(ladders(), st.floats(0, 0.1), st.floats(0, 0.1))
def test_asking_for_more_gain_never_makes_the_choice_more_complex(rungs, one, other):
    low, high = sorted((one, other))
    assert int(choose(rungs, minimum_gain=high).chosen) <= int(choose(rungs, minimum_gain=low).chosen)
