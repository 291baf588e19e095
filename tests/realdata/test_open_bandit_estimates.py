"""Off-policy estimates on the sample of Open Bandit that its authors publish: their errors, and a refusal."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from scripts.validation.open_bandit import PACKAGE, PUBLISHED, arm, relative_errors
from scripts.validation.packages import download
from truenorth.counterfactual import Log, off_policy_value

pytestmark = [pytest.mark.realdata, pytest.mark.xdist_group("realdata-obp")]


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        return download(PACKAGE, tmp_path_factory.mktemp("obp"))
    except (OSError, subprocess.SubprocessError) as error:
        pytest.skip(f"the package obp 0.4.1, which holds the sample, cannot be had here: {error}")


@pytest.fixture(scope="module")
def errors(package: Path) -> dict[str, float]:
    return relative_errors(package)


@pytest.mark.parametrize("name", PUBLISHED)
def test_relative_errors_are_the_published_ones(errors: dict[str, float], name: str):
    # Samples and folds are the authors'; the Thompson policy is drawn anew. Measured within .007.
    assert errors[name] == pytest.approx(PUBLISHED[name], abs=0.05)


def test_smaller_limits_than_the_authors_tried_spare_switching_most_of_its_error(errors: dict[str, float]):
    assert errors["switch_dr, our limits"] < 0.7 * errors["switch_dr"]
    assert errors["switch_dr, our limits"] == pytest.approx(errors["direct"], abs=0.02)
    assert errors["dr_os, our limits"] == pytest.approx(errors["dr_os"], abs=0.02)


def uniform_from_thompson(package: Path, campaign: str):
    """The value of showing items alike, from what Thompson sampling showed."""
    log = arm(package, "bts", campaign)
    shape = (len(log), int(log["item_id"].max()) + 1)
    logged = Log(
        chosen=log["item_id"].to_numpy(), is_candidate=np.ones(shape, dtype=bool),
        taken_propensity=log["propensity_score"].to_numpy(),
    )  # fmt: skip
    return off_policy_value(logged, np.full(shape, 1 / shape[1]), log["click"].to_numpy(float))


def test_the_log_of_men_carries_a_uniform_policy(package: Path):
    found = uniform_from_thompson(package, "men")
    assert found.support.mean_weight == pytest.approx(0.943, abs=5e-4)
    assert found.support.mean_weight_error == pytest.approx(0.036, abs=5e-4)
    assert found.support.effective_n == pytest.approx(655.7, abs=0.1)
    assert not found.findings
    # The other arm showed items alike: .0046.
    assert found.low < arm(package, "random", "men")["click"].mean() < found.high


def test_the_log_of_women_does_not_and_is_refused(package: Path):
    found = uniform_from_thompson(package, "women")
    assert found.value is None and found.low is None and found.lower_bound is None and not found.others
    assert [one.code for one in found.findings] == ["STRESS031"]
    evidence = found.findings[0].evidence
    assert "effective sample size 2," in evidence and "one decision holds 69% of the weight" in evidence
    assert found.support.mean_weight == pytest.approx(3.13, abs=5e-3)
    assert found.support.mean_weight_error == pytest.approx(2.17, abs=5e-3)
