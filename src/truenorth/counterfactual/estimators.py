"""What another policy would have been worth, from the log: one function per estimator.

Each takes a `Weighted` sample and returns an `Estimate`, the value with the influence of every decision on
it, so that differences, slopes and clustered errors follow without another formula. `ESTIMATORS` names them.

With `w = pi(a|x) / pi_0(a|x)`, `q` the predicted outcome of the candidate that was taken, `m` that of the
policy (`sum_a pi q`), `r = Y - q`:

    ips         mean(w Y)
    snips       sum(w Y) / sum(w)
    clipped     mean(min(w, limit) Y)
    difference  Y + mean((w - 1)(Y - c)), c the best constant
    direct      mean(m): biased wherever the model is wrong; never with an interval
    dr          mean(m + w r)
    sndr        mean(m) + sum(w r) / sum(w)
    switch_dr   mean(m + w r [w <= limit])
    dr_os       mean(m + w limit / (w^2 + limit) r)

References:
    Swaminathan and Joachims (2015). The self-normalized estimator for counterfactual learning. NeurIPS.
    Dudik, Langford and Li (2011). Doubly robust policy evaluation and learning. ICML.
    Wang, Agarwal and Dudik (2017). Optimal and adaptive off-policy evaluation. ICML.
    Su, Dimakopoulou, Krishnamurthy and Dudik (2020). Doubly robust off-policy evaluation with
        shrinkage. ICML.
    Jeunen and Ustimenko (2024). Delta-OPE. arXiv 2405.10024.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from truenorth.statistics.estimates import Estimate, mean, total

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Weighted:
    """Decisions with what a policy makes of them; every array of shape (n,)."""

    weight: Floats
    """Importance weight of the candidate that was taken."""
    outcome: Floats
    predicted: Floats
    """Predicted outcome of the candidate that was taken."""
    target: Floats
    """Mean predicted outcome of the policy."""

    @classmethod
    def of(cls, weight: Floats, outcome: Floats) -> Weighted:
        """Return a sample without an outcome model."""
        nothing = np.zeros_like(outcome)
        return cls(weight, outcome, nothing, nothing)

    @property
    def residual(self) -> Floats:
        """Outcome less prediction."""
        return self.outcome - self.predicted


def ips(sample: Weighted) -> Estimate:
    """Return the plain weighted mean."""
    return mean(sample.weight * sample.outcome)


def snips(sample: Weighted) -> Estimate:
    """Return the weighted mean over the sum of the weights."""
    return total(sample.weight * sample.outcome) / total(sample.weight)


def clipped(sample: Weighted, limit: float) -> Estimate:
    """Return the plain weighted mean with weights of at most `limit`: biased, of less variance."""
    return mean(np.minimum(sample.weight, limit) * sample.outcome)


def difference(sample: Weighted) -> Estimate:
    """Return the logged mean plus the estimated lift, with the constant that makes its error least.

    The constant is `c = mean((w - 1) w Y) / mean((w - 1)^2)`; any constant leaves the lift unbiased.
    """
    extra = sample.weight - 1.0
    squared = float(np.mean(extra**2))
    best = float(np.mean(extra * sample.weight * sample.outcome)) / squared if squared > 0 else 0.0
    return mean(sample.outcome) + mean(extra * (sample.outcome - best))


def direct(sample: Weighted) -> Estimate:
    """Return what the outcome model alone says: a diagnostic."""
    return mean(sample.target)


def dr(sample: Weighted) -> Estimate:
    """Return the doubly robust value."""
    return mean(sample.target + sample.weight * sample.residual)


def sndr(sample: Weighted) -> Estimate:
    """Return the doubly robust value with self-normalised weights: the default."""
    return mean(sample.target) + total(sample.weight * sample.residual) / total(sample.weight)


def switch_dr(sample: Weighted, limit: float) -> Estimate:
    """Return the doubly robust value that trusts the model alone where the weight is above `limit`."""
    kept = np.where(sample.weight <= limit, sample.weight, 0.0)
    return mean(sample.target + kept * sample.residual)


def dr_os(sample: Weighted, limit: float) -> Estimate:
    """Return the doubly robust value with weights shrunk to `w limit / (w^2 + limit)`."""
    if not np.isfinite(limit):
        return dr(sample)
    shrunk = sample.weight * limit / (sample.weight**2 + limit)
    return mean(sample.target + shrunk * sample.residual)


ESTIMATORS: dict[str, Callable[[Weighted], Estimate]] = {
    "ips": ips, "snips": snips, "difference": difference, "dr": dr, "sndr": sndr,
}  # fmt: skip
"""Estimators with nothing to tune."""

TUNED: dict[str, Callable[[Weighted, float], Estimate]] = {
    "clipped": clipped, "switch_dr": switch_dr, "dr_os": dr_os,
}  # fmt: skip
"""Estimators with a limit, chosen by `tuning.slope_rule`."""


def sndr_slope(sample: Weighted, policy_slope: Floats, centred_score: Floats) -> Estimate:
    """Return how fast the value rises with the pressure: the exact derivative of `sndr` by beta.

    `mean(sum_a pi q (s - s_pi)) + sum(w (s - s_pi)(r - c)) / sum(w)`, `c = sum(w r) / sum(w)`.

    Args:
        sample: Decisions under the policy.
        policy_slope: `sum_a pi q (s - s_pi)` of each decision, shape (n,).
        centred_score: Score of the candidate that was taken less the policy's mean score, shape (n,).
    """
    w = total(sample.weight)
    pull = sample.weight * centred_score
    residual = sample.residual
    return (
        mean(policy_slope)
        + total(pull * residual) / w
        - (total(sample.weight * residual) / w) * (total(pull) / w)
    )
