import numpy as np
import pytest
from scipy import stats

from truenorth.statistics.binomial import (
    binomial_p_value,
    clopper_pearson,
    fixed_sequence,
    hoeffding_bentkus_p_value,
    holm,
    learn_then_test,
    least_trials,
    order_statistic,
)


@pytest.mark.parametrize(
    ("n", "ceiling", "k"),
    [(59, 0.05, 59), (100, 0.05, 99), (1000, 0.05, 962), (1000, 0.01, 996), (5000, 0.01, 4962)],
)
def test_the_order_statistic_equals_published_values(n, ceiling, k):
    assert order_statistic(n, ceiling=ceiling, confidence=0.95) == k


def test_one_negative_too_few_promises_nothing():
    assert order_statistic(58, ceiling=0.05, confidence=0.95) is None


@pytest.mark.parametrize("n", [60, 97, 400, 3_001])
@pytest.mark.parametrize("ceiling", [0.2, 0.05, 0.003])
@pytest.mark.parametrize("confidence", [0.8, 0.99])
def test_the_order_statistic_is_the_least_that_keeps_the_sum_below_the_error(n, ceiling, confidence):
    ks = np.arange(1, n + 1)
    tails = np.cumsum(stats.binom.pmf(np.arange(n + 1), n, 1 - ceiling)[::-1])[::-1]
    valid = ks[tails[1:] <= 1 - confidence]
    assert order_statistic(n, ceiling=ceiling, confidence=confidence) == (valid[0] if len(valid) else None)


@pytest.mark.parametrize(
    ("ceiling", "error", "n"),
    [(0.05, 0.05, 59), (0.01, 0.05, 299), (0.001, 0.05, 2995), (0.1, 0.1, 22), (0.05, 0.1, 45)],
)
def test_the_fewest_negatives_equal_published_values(ceiling, error, n):
    assert least_trials(ceiling, confidence=1 - error) == n


@pytest.mark.parametrize(
    ("hits", "n", "low"),
    [
        (95, 100, 0.897747),
        (190, 200, 0.916665),
        (950, 1000, 0.937137),
        (100, 100, 0.970487),
        (59, 59, 0.950492),
    ],
)
def test_the_lower_bound_of_precision_equals_published_values(hits, n, low):
    assert clopper_pearson(hits, n, side="lower")[0] == pytest.approx(low, abs=5e-7)


def test_the_exact_interval_equals_scipy():
    for hits, n in [(0, 10), (3, 17), (10, 10), (250, 1000)]:
        reference = stats.binomtest(hits, n).proportion_ci(0.9, method="exact")
        low, high = clopper_pearson(hits, n, confidence=0.9)
        assert (float(low), float(high)) == pytest.approx((reference.low, reference.high), abs=1e-12)


def test_no_trials_leave_the_whole_interval():
    low, high = clopper_pearson([0, 1], [0, 2])
    assert (low[0], high[0]) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("k", "n", "ceiling", "hoeffding", "bentkus", "exact"),
    [
        (50, 1000, 0.1, 5.5521e-8, 1.6297e-8, 5.9952e-9),
        (90, 1000, 0.1, 0.563885, 0.430136, 0.158238),
        (5, 200, 0.05, 0.202001, 0.169464, 0.0623425),
    ],
)
def test_p_values_equal_published_values(k, n, ceiling, hoeffding, bentkus, exact):
    found = hoeffding_bentkus_p_value(k / n, n, ceiling)
    assert float(found[0]) == pytest.approx(hoeffding, rel=2e-5)
    assert float(found[1]) == pytest.approx(bentkus, rel=2e-5)
    assert float(binomial_p_value(k, n, ceiling)) == pytest.approx(exact, rel=2e-5)


def test_without_an_error_hoeffding_equals_the_exact_p_value():
    assert float(hoeffding_bentkus_p_value(0.0, 50, 0.05)[0]) == pytest.approx(0.0769450, abs=5e-8)
    assert float(binomial_p_value(0, 50, 0.05)) == pytest.approx(0.0769450, abs=5e-8)


def test_an_empty_selection_is_not_valid():
    assert binomial_p_value([0, 0], [0, 100], 0.1).tolist() == [1.0, pytest.approx(0.9**100)]


def test_fixed_sequence_stops_at_the_first_that_stands():
    assert fixed_sequence(np.array([0.01, 0.04, 0.06, 0.01]), error=0.05).tolist() == [
        True,
        True,
        False,
        False,
    ]


def test_holm_rejects_what_the_step_down_rule_rejects():
    assert holm(np.array([0.04, 0.01, 0.02, 0.9]), error=0.06).tolist() == [False, True, True, False]
    assert holm(np.array([0.02, 0.03]), error=0.05).tolist() == [True, True]


def test_a_setting_must_keep_every_risk():
    p_values = np.array([[0.001, 0.001, 0.9], [0.001, 0.5, 0.001]])
    assert learn_then_test(p_values, error=0.05).tolist() == [True, False, False]
