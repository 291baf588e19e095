"""Promises: what a threshold keeps over draws of its rows, with the truth in closed form.

Scores are uniform on (0, 1) and a row is positive with chance s^2, so that above a threshold t the share of
positives is (1 - t^3) / (3 (1 - t)), and of the negatives a share 1 - (t - t^3 / 3) / (2 / 3) is acted on.
"""

import numpy as np
import pytest

from tests.decision.policies import binary, framing, labels_of, rows
from truenorth.decision.contract import Batch
from truenorth.decision.fit import fit_policy
from truenorth.decision.guarantee import guaranteed_threshold, naive_threshold
from truenorth.engine.vectors import Vector
from truenorth.errors import FramingError
from truenorth.framing.references import Constraint

DRAWS = 500


def draw(random, n):
    scores = random.random(n)
    return scores, random.random(n) < scores**2


def precision(t):
    return (1 - t**3) / (3 * (1 - t))


def false_positive_rate(t):
    return 1 - (t - t**3 / 3) / (2 / 3)


def recall(t):
    return 1 - t**3


PROMISES = {
    "false_positive_rate <= 5%": lambda t: false_positive_rate(t) > 0.05,
    "specificity >= 95%": lambda t: false_positive_rate(t) > 0.05,
    "precision >= 0.8": lambda t: precision(t) < 0.8,
    "recall >= 0.9": lambda t: recall(t) < 0.9,
    "share(action = 'act') <= 10%": lambda t: 1 - t > 0.1,
}


@pytest.mark.parametrize("text", PROMISES)
def test_a_promise_is_broken_in_at_most_the_stated_share_of_draws_and_the_naive_one_in_half(text):
    keep, broken = Constraint.parse(text), PROMISES[text]
    random = np.random.default_rng(11)
    guaranteed = naive = refused = 0
    for _ in range(DRAWS):
        scores, positive = draw(random, 1_000)
        found = guaranteed_threshold(scores, positive, keep, confidence=0.9)
        refused += found.threshold is None
        guaranteed += found.threshold is not None and bool(broken(found.threshold))
        naive += bool(broken(naive_threshold(scores, positive, keep)))
    # 10 % of 500 draws, and three standard deviations of their number
    assert guaranteed <= 0.1 * DRAWS + 3 * np.sqrt(0.09 * DRAWS)
    assert 0.4 * DRAWS < naive < 0.75 * DRAWS
    assert refused < 0.1 * DRAWS


def test_an_order_statistic_uses_up_the_error_that_is_allowed():
    keep = Constraint.parse("false_positive_rate <= 5%")
    random = np.random.default_rng(2)
    rates = [false_positive_rate(guaranteed_threshold(*draw(random, 1_500), keep, confidence=0.9).threshold)
             for _ in range(DRAWS)]  # fmt: skip
    assert np.mean(np.array(rates) > 0.05) == pytest.approx(0.09, abs=0.03)


@pytest.mark.parametrize(("ceiling", "needed"), [("5%", 59), ("1%", 299), ("0.1%", 2995)])
def test_too_few_negatives_are_told_how_many_are_needed(ceiling, needed):
    keep = Constraint.parse(f"false_positive_rate <= {ceiling}")
    few = guaranteed_threshold(np.linspace(0, 1, needed - 1), np.zeros(needed - 1, dtype=bool), keep)
    assert (few.threshold, few.needed, few.of) == (None, needed, "negatives")
    enough = guaranteed_threshold(np.linspace(0, 1, needed), np.zeros(needed, dtype=bool), keep)
    assert (enough.threshold, enough.k, enough.errors) == (1.0, needed, 0)


def test_the_threshold_is_the_order_statistic_of_the_negatives():
    scores = np.random.default_rng(0).random(1_500)
    positive = np.arange(1_500) >= 1_000
    found = guaranteed_threshold(scores, positive, Constraint.parse("false_positive_rate <= 5%"))
    assert found.k == 962
    assert found.threshold == np.sort(scores[:1_000])[961]
    assert found.errors == 1_000 - 962


def test_ties_at_the_threshold_only_make_it_safer():
    scores = np.round(np.random.default_rng(0).random(2_000), 1)
    positive = np.zeros(2_000, dtype=bool)
    for text in ("false_positive_rate <= 5%", "share(action = 'act') <= 5%"):
        found = guaranteed_threshold(scores, positive, Constraint.parse(text))
        assert (scores > found.threshold).mean() <= 0.05
    kept = guaranteed_threshold(scores, ~positive, Constraint.parse("recall >= 95%"))
    assert (scores > kept.threshold).mean() >= 0.95


def test_nobody_acted_on_is_not_perfect_precision():
    scores, positive = np.full(500, 0.2), np.zeros(500, dtype=bool)
    found = guaranteed_threshold(scores, positive, Constraint.parse("precision >= 0.9"))
    assert found.threshold is None
    assert "500" in found.note


def test_precision_is_told_how_many_acts_it_needs():
    scores, positive = np.linspace(0.5, 0.9, 20), np.ones(20, dtype=bool)
    found = guaranteed_threshold(scores, positive, Constraint.parse("precision >= 0.95"))
    assert (found.threshold, found.needed, found.n) == (None, 72, 20)


def test_a_looser_promise_finds_more():
    scores, positive = draw(np.random.default_rng(1), 5_000)
    found = [
        guaranteed_threshold(scores, positive, Constraint.parse(f"precision >= {floor}")).threshold
        for floor in (0.8, 0.7, 0.6, 0.5)
    ]
    assert found == sorted(found, reverse=True)


@pytest.mark.parametrize("aim", ["recall", "precision", "f1", "accuracy"])
def test_the_free_choice_maximises_what_is_asked_within_the_promise(aim):
    scores, positive = draw(np.random.default_rng(1), 3_000)
    keep = Constraint.parse("false_positive_rate <= 20%")
    closest = guaranteed_threshold(scores, positive, keep).threshold
    found = guaranteed_threshold(scores, positive, keep, maximise=aim).threshold
    assert found >= closest

    def figure(t):
        acted = scores > t
        hits = (acted & positive).sum()
        return {
            "recall": hits / positive.sum(),
            "precision": hits / max(acted.sum(), 1),
            "f1": 2 * hits / (acted.sum() + positive.sum()),
            "accuracy": (acted == positive).mean(),
        }[aim]

    best = max(figure(t) for t in scores[scores >= closest])
    assert figure(found) == pytest.approx(best, abs=2e-3)


def test_an_unknown_aim_is_refused():
    scores, positive = draw(np.random.default_rng(1), 300)
    with pytest.raises(FramingError, match="POLICY041"):
        guaranteed_threshold(scores, positive, Constraint.parse("recall >= 50%"), maximise="luck")


def test_rows_sampled_unevenly_promise_nothing():
    scores, positive = draw(np.random.default_rng(1), 3_000)
    negatives_sampled = np.where(positive, 1.0, 10.0)
    rate = Constraint.parse("false_positive_rate <= 5%")
    assert guaranteed_threshold(scores, positive, rate, weight=negatives_sampled).threshold is not None
    floor = Constraint.parse("precision >= 0.7")
    refused = guaranteed_threshold(scores, positive, floor, weight=negatives_sampled)
    assert refused.threshold is None and "unevenly" in refused.note


@pytest.mark.parametrize(
    "text", ["precision <= 0.5", "recall >= 100%", "average_precision(fraud) >= 0.5", "recall(late) >= 0.5",
             "false_positive_rate <= 5% ", "recall by topic >= 0.4"]
)  # fmt: skip
def test_only_what_a_threshold_can_keep_is_promised(text):
    scores, positive = draw(np.random.default_rng(1), 300)
    if text.endswith(" "):
        assert guaranteed_threshold(scores, positive, Constraint.parse(text), task="fraud").needed == 59
        return
    with pytest.raises(FramingError, match="POLICY040"):
        guaranteed_threshold(scores, positive, Constraint.parse(text), task="fraud")


def test_positives_without_a_score_are_missed_and_a_floor_on_recall_counts_them():
    scores, positive = draw(np.random.default_rng(1), 3_000)
    keep = Constraint.parse("recall >= 0.9")
    few = np.where(np.arange(3_000) % 50 == 0, np.nan, scores)
    assert guaranteed_threshold(few, positive, keep).threshold is not None
    many = np.where(np.arange(3_000) % 5 == 0, np.nan, scores)
    refused = guaranteed_threshold(many, positive, keep)
    assert refused.threshold is None and "no score" in refused.note


@pytest.mark.parametrize("text", PROMISES)
def test_rows_without_any_score_promise_nothing_or_act_on_nothing(text):
    positive = np.arange(1_000) % 2 == 0
    found = guaranteed_threshold(np.full(1_000, np.nan), positive, Constraint.parse(text))
    assert found.threshold is None or text[:4] in ("fals", "spec", "shar")


def test_a_share_is_promised_of_the_action_that_the_threshold_takes():
    assert fit_policy(blocking("share(action = 'block') <= 5%"), calibration_rows(300)[0], None)
    for other in ("share(action = 'pass') <= 5%", "share(amount > 10) <= 5%"):
        with pytest.raises(FramingError, match="POLICY040"):
            fit_policy(blocking(other), calibration_rows(300)[0], None)


def blocking(keep: str, fallback: str = ""):
    return framing(f"{{threshold: {{task: fraud, act: block, keep: {keep}, confidence: 95%}}{fallback}}}")


def calibration_rows(n: int, seed: int = 0, **columns):
    scores, positive = draw(np.random.default_rng(seed), n)
    return Batch(columns=rows(n, **columns), predictions={"fraud": binary(scores)}), positive.astype(float)


def test_a_policy_without_guarantee_acts_on_nothing_and_says_what_it_needs():
    policy = blocking("false_positive_rate <= 0.5%")
    batch, fraud = calibration_rows(200)
    fitted = fit_policy(policy, batch, labels_of(batch.columns, {"fraud": fraud}, policy))
    (found,) = fitted.findings
    assert (found.code, found.severity) == ("POLICY042", "error")
    assert "598 negatives" in found.fix
    decided = fitted.decide(batch)
    assert set(decided.action.texts()) == {"pass"}
    assert set(decided.reason.texts()) == {"no guarantee"}


def test_a_policy_blocks_above_its_threshold_and_records_how_it_was_set():
    policy = blocking("false_positive_rate <= 5%", ", fallback: {action: block}")
    batch, fraud = calibration_rows(3_000)
    fraud[:100] = np.nan  # not matured: counts for nothing
    fitted = fit_policy(policy, batch, labels_of(batch.columns, {"fraud": fraud}, policy))
    plain = fitted.to_dict()["guarantee"]
    assert plain["n"] == int((fraud == 0).sum())
    assert plain["confidence"] == 0.95 and plain["ceiling"] == 0.05 and plain["k"] is not None
    acted = fitted.decide(batch).reason.texts() == "above threshold"
    assert (acted == (batch.predictions["fraud"].values > plain["threshold"])).all()


def test_labels_are_needed_for_a_promise():
    batch, _ = calibration_rows(3_000)
    (found,) = fit_policy(blocking("false_positive_rate <= 5%"), batch, None).findings
    assert found.code == "POLICY042" and "got 0 negatives" in found.evidence


def test_rows_of_few_units_are_said_to_depend_on_each_other():
    unit = Vector.text([f"c{i % 50}" for i in range(3_000)])
    batch, fraud = calibration_rows(3_000, unit=unit)
    policy = blocking("false_positive_rate <= 5%")
    fitted = fit_policy(policy, batch, labels_of(batch.columns, {"fraud": fraud}, policy))
    assert [found.code for found in fitted.findings] == ["POLICY013"]
