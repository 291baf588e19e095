"""Metrics equal scikit-learn and trec_eval where these define them, ties and weights included."""

from __future__ import annotations

import ir_measures
import numpy as np
import pytest
from sklearn import metrics as sk

from truenorth.evaluation.metrics import catalogue, curves, errors, probability, ranking
from truenorth.evaluation.metrics.concordance import concordance
from truenorth.evaluation.metrics.uplift import area_under_uplift, policy_value, qini

SEEDS = range(5)


def rows(seed: int, n: int = 300, *, ties: bool = True):
    random = np.random.default_rng(seed)
    score = random.normal(size=n)
    truth = (random.random(n) < 1 / (1 + np.exp(-score))).astype(float)
    score = np.round(score, 1) if ties else score
    return truth, score, random.uniform(0.2, 3, n)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    "ours, theirs",
    [(curves.roc_auc, sk.roc_auc_score), (curves.average_precision, sk.average_precision_score)],
    ids=["roc_auc", "average_precision"],
)
def test_curves_equal_scikit_learn_with_ties_and_weights(ours, theirs, seed):
    truth, score, weight = rows(seed)
    assert ours(truth, score, weight).value == pytest.approx(
        theirs(truth, score, sample_weight=weight), abs=1e-12
    )
    assert ours(truth, score).value == pytest.approx(theirs(truth, score), abs=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_probability_scores_equal_scikit_learn(seed):
    truth, score, weight = rows(seed)
    p = 1 / (1 + np.exp(-score))
    assert probability.log_loss(truth, p, weight).value == pytest.approx(
        sk.log_loss(truth, p, sample_weight=weight)
    )
    assert probability.brier(truth, p, weight).value == pytest.approx(
        sk.brier_score_loss(truth, p, sample_weight=weight)
    )


def test_class_scores_equal_scikit_learn():
    random = np.random.default_rng(0)
    p = random.dirichlet([1, 1, 1], 200)
    code = random.integers(0, 3, 200)
    assert probability.cross_entropy(code, p).value == pytest.approx(sk.log_loss(code, p, labels=[0, 1, 2]))
    expected = np.mean(np.sum((np.eye(3)[code] - p) ** 2, axis=1))
    assert probability.brier_classes(code, p).value == pytest.approx(expected)


def test_calibration_slope_equals_a_logistic_regression_on_the_log_odds():
    from sklearn.linear_model import LogisticRegression

    truth, score, weight = rows(1)
    p = 1 / (1 + np.exp(-2 * score))
    fit = LogisticRegression(C=np.inf, tol=1e-10).fit(2 * score[:, None], truth, sample_weight=weight)
    assert probability.calibration_slope(truth, p, weight).value == pytest.approx(fit.coef_[0, 0], rel=1e-4)


def test_calibration_error_of_bins_of_equal_size_is_their_mean_gap():
    p = np.repeat(np.linspace(0.05, 0.95, 10), 20)
    truth = np.concatenate([np.arange(20) < hits for hits in (0, 3, 5, 9, 8, 10, 15, 15, 20, 18)]).astype(
        float
    )
    by_hand = np.mean(np.abs(truth.reshape(10, 20).mean(axis=1) - np.linspace(0.05, 0.95, 10)))
    assert probability.calibration_error(truth, p).value == pytest.approx(by_hand)


@pytest.mark.parametrize("seed", SEEDS)
def test_regression_errors_equal_scikit_learn(seed):
    random = np.random.default_rng(seed)
    truth, weight = random.uniform(1, 9, 200), random.uniform(0.5, 2, 200)
    made = truth + random.normal(size=200)
    for ours, theirs in [
        (errors.rmse, sk.root_mean_squared_error), (errors.mae, sk.mean_absolute_error),
        (errors.mape, sk.mean_absolute_percentage_error), (errors.r2, sk.r2_score),
    ]:  # fmt: skip
        assert ours(truth, made, weight).value == pytest.approx(theirs(truth, made, sample_weight=weight))
    assert errors.pinball(truth, made, 0.8, weight).value == pytest.approx(
        sk.mean_pinball_loss(truth, made, alpha=0.8, sample_weight=weight)
    )


def test_interval_score_equals_the_sum_of_its_two_pinball_losses():
    random = np.random.default_rng(3)
    truth, low = random.normal(size=500), random.normal(-1, 0.3, 500)
    high = low + random.uniform(0, 3, 500)
    pinballs = errors.pinball(truth, low, 0.05).value + errors.pinball(truth, high, 0.95).value
    assert errors.interval_score(truth, low, high, 0.9).value == pytest.approx(2 / 0.1 * pinballs)


def test_smape_of_a_doubled_forecast_is_two_thirds_of_a_hundred():
    assert errors.smape(np.array([1.0, 0.0]), np.array([2.0, 0.0])).value == pytest.approx(100 / 3)


def test_late_minutes_cost_more_than_early_ones():
    promised = errors.early_late_cost(np.array([10.0, 10.0]), np.array([12.0, 9.0]), over=0.1, under=1.0)
    assert promised.value == pytest.approx((2 * 0.1 + 1 * 1.0) / 2)


def lists(seed: int, n_lists: int = 30, *, ties: bool = False, largest: int = 3):
    random = np.random.default_rng(seed)
    size = random.integers(2, 12, n_lists)
    group = np.repeat(np.arange(n_lists), size)
    score = random.normal(size=len(group))
    grade = random.integers(0, largest + 1, len(group)).astype(float)
    grade[group == 0] = 0.0
    return grade, np.round(score, 0) if ties else score, group


@pytest.mark.parametrize("ties", [False, True], ids=["no ties", "ties"])
@pytest.mark.parametrize("at", [None, 1, 3, 5])
def test_ndcg_equals_scikit_learn(at, ties):
    grade, score, group = lists(1, ties=ties)
    one_by_one = [
        sk.ndcg_score([2 ** grade[group == g] - 1], [score[group == g]], k=at) for g in np.unique(group)
    ]
    assert ranking.ndcg(grade, score, group, at=at).value == pytest.approx(np.mean(one_by_one))
    linear = [sk.ndcg_score([grade[group == g]], [score[group == g]], k=at) for g in np.unique(group)]
    assert ranking.ndcg(grade, score, group, at=at, form="linear").value == pytest.approx(np.mean(linear))


def trec(measure, hit, score, group) -> dict[str, float]:
    names = [str(i) for i in range(len(hit))]
    qrels = [ir_measures.Qrel(str(g), d, int(h)) for g, d, h in zip(group, names, hit, strict=True)]
    run = [ir_measures.ScoredDoc(str(g), d, float(s)) for g, d, s in zip(group, names, score, strict=True)]
    return (
        {one.query_id: one.value for one in measure.iter_calc(qrels, run)}
        if hasattr(measure, "iter_calc")
        else {one.query_id: one.value for one in ir_measures.iter_calc([measure], qrels, run)}
    )


@pytest.mark.parametrize("at", [1, 3, 5])
def test_list_metrics_equal_trec_eval(at):
    hit, score, group = lists(2, largest=1)
    has_hit = {str(g) for g in np.unique(group) if hit[group == g].any()}

    def over(measure, *, with_hits: bool) -> float:
        found = trec(measure, hit, score, group)
        values = [v for q, v in found.items() if q in has_hit or not with_hits]
        return float(np.mean(values))

    def ours(metric):
        return pytest.approx(metric(hit, score, group, at=at).value)

    assert over(ir_measures.AP @ at, with_hits=True) == ours(ranking.mean_average_precision)
    assert over(ir_measures.RR @ at, with_hits=False) == ours(ranking.mean_reciprocal_rank)
    assert over(ir_measures.Success @ at, with_hits=False) == ours(ranking.hit_rate)
    assert over(ir_measures.R @ at, with_hits=True) == ours(ranking.recall_at)
    assert over(ir_measures.nDCG @ at, with_hits=False) == ours(ranking.ndcg)


def test_precision_at_k_divides_by_k_as_trec_eval_does_where_lists_are_long_enough():
    random = np.random.default_rng(0)
    group = np.repeat(np.arange(20), 10)
    hit, score = random.integers(0, 2, 200).astype(float), random.normal(size=200)
    found = trec(ir_measures.P @ 4, hit, score, group)
    assert ranking.precision_at(hit, score, group, at=4).value == pytest.approx(np.mean(list(found.values())))


@pytest.mark.parametrize("ties", [False, True], ids=["no ties", "ties"])
def test_gauc_is_the_mean_of_the_lists_areas_weighted_by_their_rows(ties):
    hit, score, group = lists(3, ties=ties, largest=1)
    weights, areas = [], []
    for g in np.unique(group):
        inside = group == g
        if 0 < hit[inside].sum() < inside.sum():
            weights.append(inside.sum())
            areas.append(sk.roc_auc_score(hit[inside], score[inside]))
    assert ranking.gauc(hit, score, group).value == pytest.approx(np.average(areas, weights=weights))


def test_the_order_of_the_log_never_decides_among_equal_scores():
    group, hit = (
        np.repeat(np.arange(400), 5),
        np.tile([1.0, 0, 0, 0, 0], 400),
    )  # the hit stands first in the log
    constant = np.zeros(len(hit))
    assert ranking.recall_at(hit, constant, group, at=1).value == pytest.approx(0.2)
    assert ranking.value_at(hit, constant, group, at=2).value == pytest.approx(0.4)
    assert ranking.mean_reciprocal_rank(hit, constant, group).value == pytest.approx(137 / 60 / 5, abs=0.05)
    assert ranking.hit_rate(hit, constant, group, at=1).value == pytest.approx(0.2, abs=0.06)


@pytest.mark.parametrize("seed", SEEDS)
def test_concordance_equals_counting_every_pair(seed):
    random = np.random.default_rng(seed)
    n = 60
    days, event = random.integers(1, 12, n).astype(float), random.random(n) < 0.6
    risk, weight = random.integers(0, 6, n).astype(float), random.uniform(0.5, 2, n)
    agreed = compared = 0.0
    for i in range(n):
        for j in range(n):
            if event[i] and (days[i] < days[j] or (days[i] == days[j] and not event[j])):
                compared += weight[i] * weight[j]
                agreed += (
                    weight[i] * weight[j] * (1.0 if risk[i] > risk[j] else 0.5 if risk[i] == risk[j] else 0.0)
                )
    assert concordance(days, event, risk, weight).value == pytest.approx(agreed / compared)


def test_gini_is_half_the_relative_mean_difference():
    totals = np.array([5.0, 1.0, 0.0, 9.0, 2.0])
    apart = np.abs(totals[:, None] - totals[None, :]).sum()
    expected = apart / (2 * len(totals) ** 2 * totals.mean())
    assert catalogue.gini(totals, np.arange(5)).value == pytest.approx(expected)
    assert catalogue.gini(np.ones(6), np.arange(6)).value == pytest.approx(0.0)


def test_diversity_and_coverage_of_small_lists_are_as_counted_by_hand():
    kind, item = np.array([0, 0, 1, 2, 2]), np.array([7, 8, 9, 7, 8])
    group, score = np.array([0, 0, 0, 1, 1]), np.array([3.0, 2, 1, 2, 1])
    assert catalogue.intra_list_diversity(kind, score, group).value == pytest.approx((2 / 3 + 0) / 2)
    assert catalogue.catalogue_coverage(item, score, group, at=1) == pytest.approx(1 / 3)
    assert catalogue.novelty(np.array([0.5, 0.25, 1, 0.5, 0.5]), score, group, at=2).value == pytest.approx(
        1.25
    )


def test_recall_at_a_false_positive_rate_is_read_off_the_roc_curve():
    truth, score, _ = rows(4, 2_000, ties=False)
    rate, recall, _ = sk.roc_curve(truth, score, drop_intermediate=False)
    assert curves.recall_at_false_positive_rate(truth, score, 0.1).value == pytest.approx(
        recall[rate <= 0.1].max()
    )


def test_precision_at_a_recall_is_read_off_the_curve():
    truth, score, _ = rows(5, 2_000, ties=False)
    precision, recall, _ = sk.precision_recall_curve(truth, score)
    at = np.flatnonzero(recall[:-1] >= 0.8).max()
    assert curves.precision_at_recall(truth, score, 0.8).value == pytest.approx(precision[at])


@pytest.mark.parametrize(
    "metric",
    [
        lambda t, s, w: curves.roc_auc(t, s, w), lambda t, s, w: curves.average_precision(t, s, w),
        lambda t, s, w: errors.rmse(t, s, w), lambda t, s, w: errors.r2(t, s, w),
        lambda t, s, w: probability.calibration_slope(t, 1 / (1 + np.exp(-s)), w),
        lambda t, s, w: concordance(np.abs(s), t > 0, np.round(s * s, 1), w),
        lambda t, s, w: catalogue.gini(np.abs(s), np.arange(len(s)) % 7, w),
    ],
    ids=["roc_auc", "average_precision", "rmse", "r2", "calibration_slope", "concordance", "gini"],
)  # fmt: skip
def test_influence_is_the_derivative_of_the_value_by_each_weight(metric):
    truth, score, weight = rows(6, 60)
    found = metric(truth, score, weight)
    for row in range(0, 60, 7):
        step = 1e-5
        up, down = weight.copy(), weight.copy()
        up[row] *= 1 + step
        down[row] *= 1 - step
        slope = (metric(truth, score, up).value - metric(truth, score, down).value) / (2 * step)
        assert found.influence[row] == pytest.approx(slope, rel=1e-3, abs=1e-8)


def test_policy_value_by_propensity_is_unbiased_for_the_policy_it_was_not_logged_under():
    random = np.random.default_rng(0)
    n = 60_000
    kind = random.integers(0, 2, n)
    chance = np.where(kind == 0, 0.8, 0.3)  # of the first action
    action = (random.random(n) >= chance).astype(int)
    outcome = random.normal(1 + kind * action, 1)
    propensity = np.where(action == 0, chance, 1 - chance)
    found = policy_value(outcome, (action == 1).astype(float), propensity)
    assert found.value == pytest.approx(1.5, abs=4 * np.sqrt(np.sum(found.influence**2)))


def test_uplift_is_larger_for_a_score_that_knows_the_effect_and_zero_for_none():
    random = np.random.default_rng(1)
    n = 40_000
    effect = random.uniform(0, 1, n)
    treated = random.random(n) < 0.5
    outcome = random.normal(effect * treated, 0.5)
    half, ones = np.full(n, 0.5), np.ones(n)
    knows = qini(outcome, treated, half, effect, ones)
    # E[gain at share s] - s / 2 = (s - s^2) / 2, of area 1 / 12.
    assert knows == pytest.approx(1 / 12, abs=0.01)
    assert qini(outcome, treated, half, random.random(n), ones) == pytest.approx(0.0, abs=0.01)
    assert area_under_uplift(outcome, treated, half, effect, ones) == pytest.approx(1 / 12 + 0.25, abs=0.02)
