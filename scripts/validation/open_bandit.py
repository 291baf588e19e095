"""Relative errors of off-policy estimates on Open Bandit, uniform log to Bernoulli Thompson sampling.

The protocol of the data's authors: 30 bootstrap samples of the uniform log, the Thompson policy from its
published prior, errors against the mean click of the log that it made. Their tuning tries limits from 10 on
with 90 % bounds and takes 10 in every sample, so that switching leaves one item of each place, of weight 16
to 20, to the model; our limits go down to 1. Data and prior lie in their package, obp 0.4.1, which is
unpacked and not installed.

`python scripts/validation/open_bandit.py [UNPACKED]`
"""

from __future__ import annotations

import sys
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from scipy import stats
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold
from threadpoolctl import threadpool_limits

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from scripts.validation.packages import download
from truenorth.counterfactual.bands import clustered_error
from truenorth.counterfactual.estimators import ESTIMATORS, TUNED, Weighted, direct
from truenorth.counterfactual.tuning import slope_rule

PACKAGE = "obp==0.4.1"
ITEMS, PLACES, DRAWS, SAMPLES, FOLDS, FOLD_SEED = 80, 3, 100_000, 30, 3, 12345
PUBLISHED = {
    "direct": 0.157, "dr_os": 0.160, "switch_dr": 0.258, "dr": 0.292, "sndr": 0.302, "ips": 0.311,
    "snips": 0.312,
}  # fmt: skip
LIMITS = (np.inf, 10_000.0, 5_000.0, 1_000.0, 500.0, 100.0, 50.0, 10.0)
"""Limits on weights that the authors try."""
QUANTILE = float(stats.norm.ppf(0.9))
"""Half width of the bounds that the authors compare, in standard errors."""


def arm(package: Path, policy: str, campaign: str = "all") -> pd.DataFrame:
    """Return the sample that a policy logged in a campaign."""
    return pd.read_csv(package / "obp/dataset/obd" / policy / campaign / f"{campaign}.csv")


def thompson(package: Path) -> np.ndarray:
    """Return the chance of each item at each place, (items, places)."""
    law = yaml.safe_load((package / "obp/policy/conf/prior_bts.yaml").read_text())["all"]
    rng, chance = np.random.default_rng(0), np.zeros((ITEMS, PLACES))
    for _ in range(DRAWS // 5000):
        drawn = rng.beta(law["alpha"], law["beta"], size=(5000, ITEMS))
        best = np.argsort(-drawn, axis=1)[:, :PLACES]
        chance += np.stack([np.bincount(best[:, at], minlength=ITEMS) for at in range(PLACES)], axis=1)
    return chance / DRAWS


def features(package: Path, log: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return what is known of the users, (n, users), and of the items, (items, 4)."""
    context = pd.read_csv(package / "obp/dataset/obd/random/all/item_context.csv")
    users = pd.get_dummies(log[[f"user_feature_{at}" for at in range(4)]], drop_first=True)
    kinds = [context[f"item_feature_{at}"].astype("category").cat.codes for at in (1, 2, 3)]
    return users.to_numpy(float), np.column_stack([context["item_feature_0"], *kinds]).astype(float)


def modelled(users, items, item, place, click, chance) -> tuple[np.ndarray, np.ndarray]:
    """Return predicted clicks of what was shown and of the policy, by models of other folds."""
    taken, target = np.zeros(len(item)), np.zeros(len(item))
    for others, own in KFold(FOLDS, shuffle=True, random_state=FOLD_SEED).split(item):
        for at in range(PLACES):
            train, test = others[place[others] == at], own[place[own] == at]
            if not click[train].any():
                continue
            model = LogisticRegression(C=100, max_iter=2000)
            model.fit(np.column_stack([users[train], items[item[train]]]), click[train])
            weight = model.coef_[0]
            base = users[test] @ weight[: users.shape[1]] + model.intercept_[0]
            every = 1 / (1 + np.exp(-(base[:, None] + items @ weight[users.shape[1] :])))
            taken[test] = every[np.arange(len(every)), item[test]]
            target[test] = every @ chance[:, at]
    return taken, target


def estimates(sample: Weighted) -> dict[str, float]:
    """Return the value by each estimator of the table, and with our limits where there is one to choose."""
    error = partial(clustered_error, units=np.arange(len(sample.weight)))
    values = {name: ESTIMATORS[name](sample).value for name in ("ips", "snips", "dr", "sndr")}
    values["direct"] = direct(sample).value
    for name in ("dr_os", "switch_dr"):
        estimate = partial(TUNED[name], sample)
        values[name] = slope_rule(estimate, error, limits=LIMITS, quantile=QUANTILE)[1].value
        values[f"{name}, our limits"] = slope_rule(estimate, error)[1].value
    return values


def relative_errors(package: Path, samples: int = SAMPLES) -> dict[str, float]:
    """Return the mean relative error of each estimator over bootstrap samples of the uniform log."""
    log, truth = arm(package, "random"), float(arm(package, "bts")["click"].mean())
    chance, (users, items) = thompson(package), features(package, log)
    item, place = log["item_id"].to_numpy(), log["position"].to_numpy() - 1
    click = log["click"].to_numpy(float)
    errors: dict[str, list[float]] = {}
    for seed in range(samples):
        # As the authors draw, so that samples are theirs.
        rows = np.random.RandomState(seed).choice(np.arange(len(log)), size=len(log), replace=True)
        i, p, c = item[rows], place[rows], click[rows]
        with threadpool_limits(limits=1):  # many small fits: threads wait for each other ten times as long
            taken, target = modelled(users[rows], items, i, p, c, chance)
        for name, value in estimates(Weighted(chance[i, p] * ITEMS, c, taken, target)).items():
            errors.setdefault(name, []).append(abs(value - truth) / truth)
    return {name: float(np.mean(one)) for name, one in errors.items()}


def main(package: Path) -> None:
    errors = relative_errors(package)
    print("| estimator | relative error | with our limits | published |\n|---|---|---|---|")
    for name, published in PUBLISHED.items():
        own = errors.get(f"{name}, our limits")
        print(f"| {name} | {errors[name]:.3f} | {'' if own is None else f'{own:.3f}'} | {published:.3f} |")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as folder:
            main(download(PACKAGE, Path(folder)))
