"""Stress tests and other policies on real logs: what they carry, and what they do not."""

import csv

import numpy as np
import pytest

from tests.realdata.direct import DATA, needs
from truenorth.counterfactual import Log, Study, off_policy_value, stress
from truenorth.counterfactual.outcome import folds_of, ridge
from truenorth.counterfactual.policies import tilt_to

ARMS = ("No E-Mail", "Mens E-Mail", "Womens E-Mail")


@pytest.fixture(scope="module")
def mail() -> dict[str, np.ndarray]:
    with (DATA / "hillstrom" / "hillstrom.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    numbers = {
        name: np.array([float(row[name]) for row in rows])
        for name in ("recency", "history", "mens", "womens", "newbie", "visit", "conversion", "spend")
    }
    for name in ("zip_code", "channel"):
        kinds = sorted({row[name] for row in rows})[1:]
        numbers |= {f"{name} {kind}": np.array([float(row[name] == kind) for row in rows]) for kind in kinds}
    return {**numbers, "arm": np.array([ARMS.index(row["segment"]) for row in rows])}


@pytest.fixture(scope="module")
def mailed(mail: dict[str, np.ndarray]) -> tuple[Log, np.ndarray, dict[str, np.ndarray]]:
    """The log, customers as features, and cross-fitted scores of each arm."""
    outcomes = ("arm", "visit", "conversion", "spend")
    known = np.stack(
        [np.log1p(mail["history"]), *(v for k, v in mail.items() if k not in (*outcomes, "history"))]
    )
    log = Log(chosen=mail["arm"], propensity=np.full((len(mail["arm"]), 3), 1 / 3))
    fold = folds_of(log.units, folds=5, seed=0)
    scores = {name: np.zeros((log.n, 3)) for name in ("visit", "conversion")}
    for name, score in scores.items():
        for one in range(5):
            for arm in range(3):
                rows = (fold != one) & (mail["arm"] == arm)
                score[fold == one, arm] = ridge(known.T[rows], mail[name][rows])(known.T[fold == one])
    return log, known.T, scores


def hillstrom(mail, mailed, names, kpi: str) -> Study:
    log, known, scores = mailed
    each = np.broadcast_to(known[:, None, :], (log.n, 3, known.shape[1]))
    arms = np.broadcast_to(np.eye(3)[None], (log.n, 3, 3))
    crossed = (arms[:, :, :, None] * each[:, :, None, :]).reshape(log.n, 3, -1)
    return Study(
        log=log, scores={name: scores[name] for name in names}, kpi=mail[kpi],
        realised={name: mail[name] for name in names}, features=np.concatenate([arms, crossed], axis=2),
    )  # fmt: skip


class TestHillstrom:
    pytestmark = needs("hillstrom")

    def test_visits_are_aligned_with_conversion(self, mail, mailed):
        found = stress(hillstrom(mail, mailed, ["visit"], "conversion"))
        visit = found.proxies["visit"]
        assert found.tier == "A" and visit.verdict == "ALIGNED"
        deep = next(one for one in visit.grid if one.depth == 0.95)
        assert deep.kpi_lift.value == pytest.approx(0.0031, abs=0.0010)
        assert deep.kpi_lift.error == pytest.approx(0.0005, abs=0.0002)

    def test_the_proxy_serves_the_kpi_at_least_as_well_as_the_kpis_own_model(self, mail, mailed):
        found = stress(hillstrom(mail, mailed, ["visit", "conversion"], "conversion"))
        at = [
            next(one for one in found.proxies[name].grid if one.depth == 0.55).kpi_lift
            for name in ("visit", "conversion")
        ]
        assert at[0].value > at[1].value - 2 * at[1].error

    @pytest.mark.parametrize("seed", range(3))
    def test_a_biased_log_still_gives_the_value_on_held_out_customers(self, mail, mailed, seed: int):
        """Half of the customers are thinned to a biased log; the other half says what a policy brings."""
        log, known, scores = mailed
        rng = np.random.default_rng(seed)
        half = rng.random(log.n) < 0.5
        bias = np.exp(0.35 * (known[:, [0]] - known[:, 0].mean()) * np.array([[-1.0, 0.0, 1.0]]))
        bias /= bias.sum(axis=1, keepdims=True)
        kept = half & (rng.random(log.n) < bias[np.arange(log.n), mail["arm"]] / bias.max(axis=1))
        # Thinned by arm, what is left took an arm with the odds of the bias.
        biased = Log(chosen=mail["arm"][kept], propensity=bias[kept])
        policy = tilt_to(log.propensity, scores["visit"], 0.7).probability
        found = off_policy_value(biased, policy[kept], mail["conversion"][kept])
        truth = off_policy_value(log.take(~half), policy[~half], mail["conversion"][~half])
        assert abs(found.value - truth.value) < 2 * np.hypot(found.error, truth.error)
        assert found.others["snips"].value == pytest.approx(found.value, abs=0.0003)
        # What the log shows is not what the policy brings: its mean misses by more than two errors.
        error = mail["conversion"][kept].std() / np.sqrt(kept.sum())
        assert found.logged < truth.value - 2 * np.hypot(error, truth.error)


@pytest.fixture(scope="module")
def bandit() -> dict[str, dict[str, np.ndarray]]:
    arms = {}
    for arm in ("random", "bts"):
        with (DATA / "open_bandit" / f"{arm}_all.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        arms[arm] = {
            name: np.array([float(row[name]) for row in rows])
            for name in ("item_id", "click", "propensity_score", "position")
        }
    return arms


class TestOpenBandit:
    pytestmark = needs("open_bandit")

    def test_a_learned_policy_carries_the_value_of_a_uniform_one_without_an_interval(self, bandit):
        log = Log(
            chosen=bandit["bts"]["item_id"].astype(int), is_candidate=np.ones((10_000, 80), dtype=bool),
            taken_propensity=bandit["bts"]["propensity_score"],
        )  # fmt: skip
        found = off_policy_value(log, np.full((10_000, 80), 1 / 80), bandit["bts"]["click"])
        # A tail index of .66 leaves a point and no interval: the uniform arm had .0038.
        assert found.value == pytest.approx(0.0038, abs=0.002) and found.low is None
        assert {one.code for one in found.findings} == {"STRESS048"}
        assert found.support.effective_n == pytest.approx(340.4, abs=0.1)
        assert found.support.mean_weight == pytest.approx(1.011, abs=1e-3)

    def test_a_uniform_policy_carries_its_own_value(self, bandit):
        log = Log(
            chosen=bandit["random"]["item_id"].astype(int), propensity=np.full((10_000, 80), 1 / 80),
        )  # fmt: skip
        found = off_policy_value(log, log.propensity, bandit["random"]["click"])
        assert found.value == pytest.approx(0.0038)
