import numpy as np
import pytest
from scipy import stats

from tests.decision.policies import framing, labels_of, number, rows
from truenorth.decision.accounting import realised_cost
from truenorth.decision.contract import Batch
from truenorth.decision.fit import fit_policy
from truenorth.decision.quantity import conformal_quantile
from truenorth.errors import DataError
from truenorth.models.rows import QUANTILE

ORDER = "{quantity: {order: minutes, over: 1, under: 4}}"


def orders():
    return framing(ORDER, score="minutes")


def fitted_on(batch, truth):
    return fit_policy(
        orders(), batch, labels_of(batch.columns, {"minutes": truth}, orders(), {"minutes": "number"})
    )


@pytest.mark.parametrize(
    ("n", "level", "rank"), [(100, 0.9, 91), (500, 0.9, 451), (19, 0.95, 19), (1000, 0.95, 951)]
)
def test_the_conformal_rank_equals_published_values(n, level, rank):
    assert conformal_quantile(np.arange(1.0, n + 1), level) == rank


def test_predicted_quantiles_are_read_at_the_level_of_the_costs():
    levels = (0.1, 0.5, 0.7, 0.9)
    batch = Batch(
        columns=rows(2),
        predictions={"minutes": number([[1, 5, 7, 9], [0, 0, 10, 20]], loss="quantile", levels=levels)},
    )
    found = fit_policy(orders(), batch, None).decide(batch)
    assert found.quantity == pytest.approx([8.0, 15.0])  # half way from .7 to .9


def test_quantiles_beside_the_task_are_preferred():
    beside = number([[1, 5], [2, 6]], name="minutes" + QUANTILE, loss="quantile", levels=(0.2, 0.8))
    batch = Batch(columns=rows(2), predictions={"minutes": number([3, 3]), "minutes" + QUANTILE: beside})
    assert fit_policy(orders(), batch, None).decide(batch).quantity == pytest.approx([5.0, 6.0])


def test_the_order_costs_least_among_all_shifts():
    random = np.random.default_rng(0)
    mean = random.normal(50, 10, 20_000)
    batch = Batch(columns=rows(20_000), predictions={"minutes": number(mean)})
    fitted = fitted_on(batch, mean + random.normal(0, 5, 20_000))
    assert fitted.error == pytest.approx(5 * stats.norm.ppf(0.8), abs=0.15)
    truth = mean + random.normal(0, 5, 20_000)
    dataset = labels_of(batch.columns, {"minutes": truth}, orders(), {"minutes": "number"})
    decided = fitted.decide(batch)
    cost = realised_cost(orders(), decided, dataset).values.mean()

    def shifted(by):
        gap = decided.quantity + by - truth
        return np.where(gap > 0, gap, -4 * gap).mean()

    assert cost == pytest.approx(shifted(0))
    assert cost < min(shifted(-2), shifted(2))


def test_errors_are_set_apart_by_step_ahead():
    random = np.random.default_rng(0)
    step = np.tile([1.0, 2.0], 4_000)
    truth = random.normal(0, step) + 100
    batch = Batch(columns=rows(8_000, step=step), predictions={"minutes": number(np.full(8_000, 100.0))})
    by_step = fitted_on(batch, truth).by_step
    assert by_step[1] == pytest.approx(stats.norm.ppf(0.8), abs=0.1)
    assert by_step[2] == pytest.approx(2 * stats.norm.ppf(0.8), abs=0.15)


def test_amounts_err_relatively():
    random = np.random.default_rng(0)
    guess = np.exp(random.normal(3, 1, 4_000))
    batch = Batch(columns=rows(4_000), predictions={"minutes": number(guess, loss="log_squared")})
    fitted = fitted_on(batch, guess * np.exp(random.normal(0, 0.5, 4_000)))
    assert fitted.relative
    assert fitted.error == pytest.approx(np.exp(0.5 * stats.norm.ppf(0.8)), rel=0.05)
    assert fitted.reached == pytest.approx(0.8, abs=0.01)


def test_a_quantity_is_not_below_what_ever_happened():
    batch = Batch(columns=rows(100), predictions={"minutes": number(np.linspace(-9, 9, 100))})
    found = fitted_on(batch, np.zeros(100)).decide(batch)
    assert found.quantity.min() == 0.0


def test_quantiles_that_are_not_reached_are_said():
    levels = (0.2, 0.8)
    batch = Batch(
        columns=rows(500),
        predictions={"minutes": number(np.tile([1.0, 2.0], (500, 1)), loss="quantile", levels=levels)},
    )
    fitted = fitted_on(batch, np.r_[np.full(300, 3.0), np.ones(200)])
    assert [found.code for found in fitted.findings] == ["POLICY015"]


def test_an_expected_value_without_labels_sets_nothing():
    batch = Batch(columns=rows(3), predictions={"minutes": number([1, 2, 3])})
    with pytest.raises(DataError, match="POLICY016"):
        fit_policy(orders(), batch, None)
