"""T10: outcomes that are not known yet neither hide the trap nor cost half of the log."""

from __future__ import annotations

import numpy as np
import pytest

from tests.counterfactual.worlds import K, pick, softmax
from truenorth.counterfactual import Log, Study, matured, soft_target_loss, stress
from truenorth.counterfactual.effects import decision_effect, see
from truenorth.counterfactual.policies import tilt
from truenorth.errors import DataError

WINDOW = 14.0
N = 30_000


def draw_delayed(seed: int, n: int = N):
    """Bait converts early and less, quality late and more; the log's last days are young.

    Most that comes comes early in the window, and one decision in six is old enough for it: of such a log
    weighted outcomes have half the error that dropping has. Where half of it came late they had two thirds.
    """
    rng = np.random.default_rng(seed)
    quality, bait = rng.standard_normal((2, n, K))
    log = Log(chosen=pick(rng, softmax(0.5 * quality)), propensity=softmax(0.5 * quality))
    q, b = log.of_chosen(quality), log.of_chosen(bait)
    mean = np.clip(0.30 + 0.03 * quality - 0.0342 * bait, 0, 1)
    comes = rng.random(n) < log.of_chosen(mean)
    delay = np.where(comes, WINDOW * rng.random(n) ** np.exp(1.2 + 0.33 * b - 0.3 * q), np.inf)
    age = rng.uniform(0, 16.7, n)
    return log, bait, delay, age, quality


def lift(log, score, y) -> float:
    seen = see(log, tilt(log.propensity, score, 0.8), score)
    return decision_effect(log, y, np.zeros(log.mask.shape)).lift(seen).value


def lifts(seed: int) -> dict[str, float]:
    """Return the lift of bait by each way to treat young decisions, and with the whole truth known."""
    log, bait, delay, age, _ = draw_delayed(seed)
    known, old = (delay <= np.minimum(age, WINDOW)).astype(float), age >= WINDOW
    return {
        "ipcw": lift(log, bait, matured(delay, age, window=WINDOW).outcome),
        "naive": lift(log, bait, known),
        "dropped": lift(log.take(old), bait[old], known[old]),
        "truth": lift(log, bait, (delay <= WINDOW).astype(float)),
    }


@pytest.fixture(scope="module")
def repeated():
    found = [lifts(seed) for seed in range(30)]
    return {name: np.array([one[name] for one in found]) for name in found[0]}


@pytest.mark.slow
def test_weighted_outcomes_are_unbiased_and_use_young_decisions(repeated):
    apart = repeated["ipcw"] - repeated["truth"]
    assert abs(apart.mean()) <= 0.001
    assert repeated["ipcw"].std() <= 0.65 * repeated["dropped"].std()


@pytest.mark.slow
def test_taking_not_yet_for_no_hides_the_trap(repeated):
    truth = repeated["truth"].mean()
    assert truth < -0.02
    assert repeated["naive"].mean() - truth >= 0.010


def test_old_decisions_are_left_as_they_are():
    delay, age = np.array([1.0, 20.0, np.inf]), np.full(3, 30.0)
    found = matured(delay, age, window=WINDOW)
    assert found.outcome.tolist() == [1.0, 0.0, 0.0]
    assert (found.share_mature, found.findings) == (1.0, ())


def test_an_event_stands_for_those_that_are_too_young():
    # Of four decisions two are older than 5: an event after 5 stands for two.
    found = matured(np.array([5.0, np.inf, np.inf, np.inf]), np.array([9.0, 9.0, 1.0, 1.0]), window=7.0)
    assert found.outcome[0] == 2.0


def test_segments_that_entered_at_different_times_are_weighted_apart():
    delay, age = np.array([5.0, np.inf, 5.0, np.inf]), np.array([9.0, 9.0, 9.0, 1.0])
    found = matured(delay, age, window=7.0, segment=np.array(["a", "a", "b", "b"]))
    assert found.outcome.tolist() == [1.0, 0.0, 2.0, 0.0]


def test_a_window_that_few_decisions_are_old_enough_for_is_refused():
    rng = np.random.default_rng(0)
    age = rng.uniform(0, 10, 1000)
    delay = np.where(rng.random(1000) < 0.5, rng.uniform(0, 10, 1000), np.inf)
    found = matured(np.where(delay <= age, delay, np.inf), age, window=9.9)
    assert {one.code for one in found.findings} == {"STRESS003"}
    log = Log(chosen=rng.integers(0, 2, 1000), propensity=np.full((1000, 2), 0.5))
    report = stress(Study(log=log, scores={"s": rng.standard_normal((1000, 2))}, kpi=found))
    assert report.tier == "C"


def test_a_window_that_no_decision_has_lived_through_is_refused():
    # All are five days old: events after that are in no log, and those that came need no weight.
    rng = np.random.default_rng(0)
    delay = np.where(rng.random(1000) < 0.5, WINDOW * rng.random(1000), np.inf)
    delay[delay > 5.0] = np.inf
    found = matured(delay, np.full(1000, 5.0), window=WINDOW)
    assert (found.share_mature, found.least_seen) == (0.0, 0.0)
    assert [(one.code, one.severity) for one in found.findings] == [("STRESS003", "error")]
    assert found.outcome.mean() < 0.25


def test_a_segment_that_has_not_lived_through_the_window_is_refused():
    delay, age = np.full(400, np.inf), np.repeat([30.0, 5.0], 200)
    delay[::4] = 2.0
    assert matured(delay, age, window=WINDOW).findings == ()
    found = matured(delay, age, window=WINDOW, segment=np.repeat(["old", "new"], 200))
    assert [one.code for one in found.findings] == ["STRESS003"]


def test_outcomes_that_change_with_the_age_are_named():
    rng = np.random.default_rng(0)
    age = rng.uniform(5, 30, 4000)
    delay = np.where(rng.random(4000) < np.where(age > 17, 0.6, 0.2), rng.uniform(0, 4, 4000), np.inf)
    assert {one.code for one in matured(delay, age, window=7.0).findings} == {"STRESS004"}
    assert matured(rng.permutation(delay), age, window=7.0).findings == ()


def test_delays_with_nan_are_refused():
    with pytest.raises(DataError, match="STRESS002"):
        matured(np.array([np.nan]), np.array([1.0]), window=7.0)


def test_soft_targets_have_the_loss_of_mature_ones_on_average():
    log, _, delay, age, quality = draw_delayed(1)
    logit = 0.3 * log.of_chosen(quality) - 0.9
    mature = soft_target_loss(logit, (delay <= WINDOW).astype(float)).mean()
    soft = soft_target_loss(logit, matured(delay, age, window=WINDOW).outcome).mean()
    young = soft_target_loss(logit, (delay <= np.minimum(age, WINDOW)).astype(float)).mean()
    assert abs(soft - mature) < 0.2 * abs(young - mature)


def test_the_report_states_how_much_had_matured():
    log, bait, delay, age, _ = draw_delayed(2, 4000)
    report = stress(Study(log=log, scores={"bait": bait}, kpi=matured(delay, age, window=WINDOW)))
    assert report.matured == pytest.approx(1 - WINDOW / 16.7, abs=0.05)
