"""T15: estimators equal those of the package vw-estimators, which learn one example at a time."""

import subprocess
import sys

import numpy as np
import pytest

from scripts.validation.packages import download
from truenorth.counterfactual import Log
from truenorth.counterfactual.effects import see_policy, unit_effect
from truenorth.counterfactual.estimators import Weighted, ips, snips

N, K, PLACES = 600, 4, 3

pytestmark = pytest.mark.xdist_group("vw-estimators")


@pytest.fixture(scope="module")
def peer(tmp_path_factory):
    """Modules of the package: its name, `estimators`, is taken back afterwards."""
    try:
        folder = download("vw-estimators==0.2.2", tmp_path_factory.mktemp("vw"))
    except (OSError, subprocess.SubprocessError) as error:
        pytest.skip(f"the package vw-estimators 0.2.2 cannot be had here: {error}")
    sys.path.insert(0, str(folder))
    try:
        from estimators.bandits import ips as of_ips
        from estimators.bandits import snips as of_snips
        from estimators.slates import pseudo_inverse

        return {"ips": of_ips, "snips": of_snips, "pseudo inverse": pseudo_inverse}
    finally:
        sys.path.remove(str(folder))
        for name in [one for one in sys.modules if one.split(".")[0] == "estimators"]:
            del sys.modules[name]


@pytest.fixture(scope="module")
def logged():
    rng = np.random.default_rng(15)
    law, policy = (rng.dirichlet(np.ones(K), size=N) for _ in range(2))
    chosen = (rng.random(N)[:, None] > law.cumsum(axis=1)).sum(axis=1)
    return Log(chosen=chosen, propensity=law, unit=np.arange(N) // PLACES), policy, rng.random(N)


@pytest.mark.parametrize(("name", "ours"), [("ips", ips), ("snips", snips)])
def test_an_estimator_equals_the_peers(peer, logged, name, ours):
    log, policy, reward = logged
    theirs = peer[name].Estimator()
    for p_log, r, p_pred in zip(log.propensity_of_taken, reward, log.of_chosen(policy), strict=True):
        theirs.add_example(p_log, r, p_pred)
    weight = log.of_chosen(policy) / log.propensity_of_taken
    assert ours(Weighted.of(weight, reward)).value == pytest.approx(theirs.get(), abs=1e-9)


def test_the_additive_lift_of_slates_equals_the_peers(peer, logged):
    log, policy, reward = logged
    of_units = np.repeat(reward[::PLACES], PLACES)  # one reward of all places of a slate
    theirs, taken = peer["pseudo inverse"].Estimator(), log.of_chosen(policy)
    for first in range(0, N, PLACES):
        places = slice(first, first + PLACES)
        theirs.add_example(list(log.propensity_of_taken[places]), of_units[first], list(taken[places]))
    effect = unit_effect(log, of_units, np.zeros(N))
    value = effect.lift(see_policy(log, policy)).value + of_units.mean()
    assert value == pytest.approx(theirs.get(), abs=1e-9)
