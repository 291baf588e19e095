"""Relative errors of off-policy estimates on Open Bandit, uniform log to Bernoulli Thompson sampling.

The protocol of the data's authors: 30 bootstrap samples of the uniform log, the Thompson policy from its
published prior, errors against the mean click of the log that it made. The prior is
`obp/policy/conf/prior_bts.yaml` of the package obp 0.4.1 (`pip download obp==0.4.1 --no-deps`, unzip).

`python scripts/validation/open_bandit.py DATA PRIOR`
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from sklearn.linear_model import LogisticRegression

from truenorth.counterfactual.bands import clustered_error
from truenorth.counterfactual.estimators import ESTIMATORS, Weighted, direct, dr_os, switch_dr
from truenorth.counterfactual.tuning import slope_rule

ITEMS, PLACES, DRAWS, SAMPLES = 80, 3, 100_000, 30
PUBLISHED = {
    "direct": 0.157, "dr_os": 0.160, "switch_dr": 0.258, "dr": 0.292, "sndr": 0.302, "ips": 0.311,
    "snips": 0.312,
}  # fmt: skip


def thompson(prior: Path) -> np.ndarray:
    """Return the chance of each item at each place, (items, places)."""
    law, rng = yaml.safe_load(prior.read_text())["all"], np.random.default_rng(0)
    chance = np.zeros((ITEMS, PLACES))
    for _ in range(DRAWS // 5000):
        drawn = rng.beta(law["alpha"], law["beta"], size=(5000, ITEMS))
        best = np.argsort(-drawn, axis=1)[:, :PLACES]
        chance += np.stack([np.bincount(best[:, at], minlength=ITEMS) for at in range(PLACES)], axis=1)
    return chance / DRAWS


def modelled(users, items, item, place, click, chance, fold) -> tuple[np.ndarray, np.ndarray]:
    """Return predicted clicks of what was shown and of the policy, by models of other folds."""
    taken, target = np.zeros(len(item)), np.zeros(len(item))
    for one in range(3):
        for at in range(PLACES):
            train, test = (fold != one) & (place == at), (fold == one) & (place == at)
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


def main(data: Path, prior: Path) -> None:
    log, made = (pd.read_csv(data / f"{name}_all.csv") for name in ("random", "bts"))
    context = pd.read_csv(data / "random_all_item_context.csv")
    chance, truth = thompson(prior), float(made["click"].mean())
    user_columns = [f"user_feature_{at}" for at in range(4)]
    users = pd.get_dummies(log[user_columns], drop_first=True).to_numpy(float)
    kinds = [context[f"item_feature_{at}"].astype("category").cat.codes for at in (1, 2, 3)]
    items = np.column_stack([context["item_feature_0"], *kinds]).astype(float)
    item, place, click = (
        log["item_id"].to_numpy(),
        log["position"].to_numpy() - 1,
        log["click"].to_numpy(float),
    )
    errors: dict[str, list[float]] = {name: [] for name in PUBLISHED}
    for sample in range(SAMPLES):
        state = np.random.RandomState(sample)  # as the authors draw, so that samples are theirs
        rows = state.choice(np.arange(len(log)), size=len(log), replace=True)
        i, p, c = item[rows], place[rows], click[rows]
        taken, target = modelled(users[rows], items, i, p, c, chance, state.permutation(len(rows)) % 3)
        one = Weighted(chance[i, p] * ITEMS, c, taken, target)

        def tuned(estimate, one=one) -> float:
            units = np.arange(len(one.weight))
            return slope_rule(lambda limit: estimate(one, limit), lambda it: clustered_error(it, units))[
                1
            ].value

        values = {name: ESTIMATORS[name](one).value for name in ("ips", "snips", "dr", "sndr")}
        values |= {"direct": direct(one).value, "dr_os": tuned(dr_os), "switch_dr": tuned(switch_dr)}
        for name, value in values.items():
            errors[name].append(abs(value - truth) / truth)
    print("| estimator | relative error | published |\n|---|---|---|")
    for name, published in PUBLISHED.items():
        print(f"| {name} | {np.mean(errors[name]):.3f} | {published:.3f} |")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
