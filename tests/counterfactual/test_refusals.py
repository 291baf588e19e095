"""Every pitfall of the specification's section 12 is a named finding, and only where it is."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import truenorth.counterfactual as stress_package
from tests.counterfactual.worlds import draw
from truenorth.counterfactual import (
    Log,
    Options,
    Provenance,
    Study,
    WeightOptions,
    balanced,
    choose_weights,
    off_policy_value,
    stress,
    what_if,
)
from truenorth.errors import DataError
from truenorth.workflow.codes import CODES

CODE = re.compile(r"STRESS\d{3}")
QUICK = Options(depths=(0.15, 0.35), draws=200)


@pytest.fixture(scope="module")
def drawn():
    return draw("aligned", 4000, 1)


@pytest.fixture(scope="module")
def study(drawn):
    return drawn.study()


def codes(report) -> set[str]:
    per_proxy = [one for proxy in report.proxies.values() for one in proxy.findings]
    return {one.code for one in (*report.findings, *per_proxy)}


def test_a_good_study_is_told_what_no_log_holds_and_nothing_else(study):
    found = stress(study, options=QUICK)
    assert codes(found) <= {"STRESS023", "STRESS025", "STRESS026"}
    assert found.proxies["click"].verdict == "ALIGNED"


def test_what_happened_is_not_a_score(study, drawn):
    realised = np.zeros_like(drawn.score)
    realised[np.arange(4000), drawn.log.chosen] = drawn.realised
    both = replace(study, scores={"click": realised, "good": drawn.score}, realised={"click": drawn.realised})
    found = stress(both, options=QUICK)
    assert "STRESS012" in codes(found)
    assert found.proxies["click"].verdict == "UNSUPPORTED"
    assert found.proxies["good"].verdict != "UNSUPPORTED"


def test_a_policy_without_a_normaliser_per_context_is_refused(drawn):
    raised = drawn.log.propensity * np.exp(drawn.score)
    found = off_policy_value(drawn.log, raised / raised.sum(axis=1).mean(), drawn.kpi)
    assert found.value is None and "STRESS013" in {one.code for one in found.findings}


def test_scores_trained_on_these_rows_lose_those_rows(study):
    trained = np.arange(4000) < 1000
    found = stress(replace(study, provenance=Provenance(trained_on=trained)), options=QUICK)
    assert found.n == 3000 and "STRESS014" in codes(found)


def test_a_kpi_of_units_is_not_one_of_decisions(study, drawn):
    log = replace_log(drawn.log, unit=np.repeat(np.arange(1000), 4))
    shared = np.repeat(drawn.kpi[::4], 4)
    found = stress(replace(study, log=log, kpi=shared), options=QUICK)
    assert found.tier == "C" and "STRESS015" in codes(found)
    per_unit = stress(replace(study, log=log, kpi=shared, per="unit"), options=QUICK)
    assert per_unit.tier == "A" and "STRESS015" not in codes(per_unit)


def test_a_kpi_of_units_is_one_value(study, drawn):
    log = replace_log(drawn.log, unit=np.repeat(np.arange(1000), 4))
    found = stress(replace(study, log=log, per="unit"), options=QUICK)
    assert found.tier == "C" and "STRESS029" in codes(found)


def test_the_model_alone_gets_no_interval(drawn):
    found = off_policy_value(
        drawn.log, drawn.log.propensity, drawn.kpi, estimator="direct", features=drawn.features
    )
    assert found.low is None and found.error is None
    assert "STRESS017" in {one.code for one in found.findings}
    assert found.others["sndr"].error > 0 and found.others["direct"].error is None


def test_candidate_sets_that_changed_are_named(study, drawn):
    mask = np.ones(drawn.log.mask.shape, dtype=bool)
    mask[2000:, 7:] = False
    mask[np.arange(4000), drawn.log.chosen] = True
    p = np.where(mask, drawn.log.propensity, 0)
    log = Log(chosen=drawn.log.chosen, propensity=p / p.sum(axis=1, keepdims=True), time=np.arange(4000))
    assert "STRESS018" in codes(stress(replace(study, log=log), options=QUICK))
    same = replace_log(drawn.log, time=np.arange(4000))
    assert "STRESS018" not in codes(stress(replace(study, log=same), options=QUICK))


def test_several_loggers_without_probabilities_are_named(study, drawn):
    log = Log(chosen=drawn.log.chosen, is_candidate=drawn.log.mask, logger=np.repeat(["old", "new"], 2000))
    assert "STRESS019" in codes(stress(replace(study, log=log), options=QUICK))


def test_loggers_with_probabilities_are_weighed_by_their_mixture(drawn):
    uniform = np.full(drawn.log.mask.shape, 0.1)
    log = replace_log(drawn.log, logger=np.repeat(["own", "uniform"], [3000, 1000]))
    found = balanced(log, {"own": drawn.log.propensity, "uniform": uniform})
    assert found.propensity == pytest.approx(0.75 * drawn.log.propensity + 0.25 * uniform)


def test_a_kpi_inside_the_window_of_the_proxy_is_named(study):
    late = Provenance(proxy_window=(0, 1), kpi_window=(1, 8))
    early = Provenance(proxy_window=(0, 1), kpi_window=(0, 7))
    assert "STRESS020" in codes(stress(replace(study, provenance=early), options=QUICK))
    assert "STRESS020" not in codes(stress(replace(study, provenance=late), options=QUICK))


def test_choosing_and_judging_on_the_same_rows_is_refused(study):
    with pytest.raises(DataError, match="STRESS021"):
        choose_weights(study, weighting=WeightOptions(held_out=0.0))


def test_nothing_is_claimed_beyond_the_support(study):
    found = stress(study, options=Options(depths=(0.15, 0.35, 2.0), draws=200))
    assert found.proxies["click"].depth_limit == 0.35
    assert "STRESS022" in codes(found)
    assert found.proxies["click"].stopped_by


def test_a_score_with_a_heavy_tail_is_named(study, drawn):
    heavy = np.random.default_rng(0).pareto(1.5, drawn.score.shape)
    assert "STRESS024" in codes(stress(replace(study, scores={"click": heavy}, realised={}), options=QUICK))


def test_aligned_is_read_up_to_the_depth_that_was_tested(study):
    assert "STRESS025" in codes(stress(study, options=QUICK))


def test_a_log_of_what_was_taken_alone_is_refused():
    n = 500
    log = Log(chosen=np.zeros(n, int), propensity=np.ones((n, 1)))
    found = stress(Study(log=log, scores={"s": np.random.default_rng(0).random((n, 1))}, kpi=np.ones(n)))
    assert found.tier == "C" and {"STRESS007", "STRESS028"} <= codes(found)
    assert "log every candidate" in repr(found)


def test_a_logger_that_does_not_draw_is_refused(study, drawn):
    greedy = drawn.features[:, :, 1].argmax(axis=1)
    log = Log(chosen=greedy, propensity=np.eye(10)[greedy], is_candidate=np.ones((4000, 10), bool))
    found = stress(replace(study, log=log), options=QUICK)
    assert found.tier == "C" and "STRESS008" in codes(found)
    unlogged = Log(chosen=greedy, is_candidate=np.ones((4000, 10), bool))
    found = stress(replace(study, log=unlogged, logger_features=drawn.features), options=QUICK)
    assert found.tier == "C" and "STRESS008" in codes(found)


def test_probabilities_after_filters_are_refused(study, drawn):
    filtered = drawn.log.propensity.copy()
    filtered[:, 3] = 0.0
    kept = drawn.log.chosen != 3
    found = stress(
        replace(study.take(kept), log=Log(chosen=drawn.log.chosen[kept], propensity=filtered[kept]))
    )
    assert found.tier == "C" and "STRESS010" in codes(found)


def test_a_few_impossible_probabilities_are_left_out(study, drawn):
    wrong = drawn.log.propensity.copy()
    wrong[:3] *= 2
    found = stress(replace(study, log=replace_log(drawn.log, propensity=wrong)), options=QUICK)
    assert found.tier == "A" and found.n == 3997 and "STRESS010" in codes(found)


def test_a_policy_far_from_the_log_is_refused(drawn):
    worst = np.eye(10)[drawn.log.propensity.argmin(axis=1)]
    found = off_policy_value(drawn.log, worst, drawn.kpi)
    assert found.value is None and "STRESS031" in {one.code for one in found.findings}
    assert found.support.effective_n < 200


def test_an_estimator_that_does_not_exist_names_the_near_ones(drawn):
    with pytest.raises(DataError, match=r"STRESS030.*\n.*'snips'"):
        off_policy_value(drawn.log, drawn.log.propensity, drawn.kpi, estimator="snip")


def test_a_what_if_is_labelled_a_scenario(study, drawn):
    tricks = (np.random.default_rng(3).random(drawn.score.shape) < 0.3).astype(float)
    found = what_if(
        study, "click", tricks, strengths=(0.0, 2.0),
        assumption="headlines of bait", options=QUICK,
    )  # fmt: skip
    assert "STRESS032" in {one.code for one in found.findings}
    assert repr(found).startswith("Scenario, not evidence: click gamed (headlines of bait)")
    by_strength = {(one.strength, one.depth): one.kpi_lift for one in found.points}
    assert by_strength[2.0, 0.35] < by_strength[0.0, 0.35]


def test_an_empty_log_is_refused(study):
    found = stress(study.take(np.zeros(4000, dtype=bool)), options=QUICK)
    assert found.tier == "C" and codes(found) == {"STRESS005"}


def test_weights_need_units_on_both_sides(study):
    found = choose_weights(study.take(np.arange(40)), options=QUICK)
    assert found.weights == {} and "STRESS047" in {one.code for one in found.findings}


def test_few_units_are_named(study, drawn):
    log = replace_log(drawn.log, unit=np.arange(4000) % 10)
    assert "STRESS016" in codes(stress(replace(study, log=log), options=QUICK))


def test_weights_out_of_reach_unstable_and_no_better_are_named(drawn):
    rng = np.random.default_rng(1)
    noise = {name: rng.standard_normal(drawn.score.shape) for name in "abcde"}
    study = Study(log=drawn.log, scores=noise, kpi=drawn.kpi)
    found = choose_weights(study, options=QUICK, weighting=WeightOptions(depth=0.5))
    assert {"STRESS034", "STRESS035"} <= {one.code for one in found.findings}
    far = choose_weights(study, options=QUICK, weighting=WeightOptions(depth=1.45))
    assert "STRESS033" in {one.code for one in far.findings}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda: Log(chosen=np.array([0])), "neither"),
        (lambda: Log(chosen=np.array([0]), propensity=np.array([0.5])), "every candidate"),
        (lambda: Log(chosen=np.array([2]), propensity=np.array([[0.5, 0.5]])), "below 2"),
        (lambda: Log(chosen=np.array([0]), propensity=np.ones((1, 1)), unit=np.arange(2)), "log.unit"),
        (lambda: Log.from_rows(np.array([1, 1]), np.array([1, 1])), "several"),
        (lambda: Study(log=one_decision(), scores={"s": np.zeros((1, 3))}, kpi=np.zeros(1)), "scores.s"),
        (lambda: Study(log=one_decision(), scores={}, kpi=np.zeros(2)), "kpi"),
    ],
    ids=["nothing", "one probability", "index", "units", "two taken", "score", "kpi"],
)
def test_arrays_that_do_not_fit_are_refused_at_once(wrong, said):
    with pytest.raises(DataError, match=said) as caught:
        wrong()
    assert caught.value.findings[0].code == "STRESS001"


def one_decision() -> Log:
    return Log(chosen=np.array([0]), propensity=np.array([[0.5, 0.5]]))


def replace_log(log: Log, **changes) -> Log:
    return Log(**{"chosen": log.chosen, "propensity": log.propensity, "unit": log.unit, **changes})


def test_every_code_is_met_by_a_test():
    source, tests = Path(stress_package.__file__).parent, Path(__file__).parent
    named = {code for one in source.glob("*.py") for code in CODE.findall(one.read_text())}
    tested = {code for one in tests.glob("*.py") for code in CODE.findall(one.read_text())}
    assert named - tested == set()
    # from STRESS060 on they are of the stage of a run, and stand with its tests
    assert {one for one in CODES if "STRESS" <= one < "STRESS060"} == named
