"""The value of decisions from a log of other decisions, by the chance with which each was made.

References:
    Horvitz, Thompson (1952). A generalization of sampling without replacement. JASA 47.
    Swaminathan, Joachims (2015). The self-normalized estimator for counterfactual learning. NeurIPS.
    Radcliffe (2007). Using control groups to target on predicted lift. Direct Marketing Analytics Journal.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from truenorth.statistics.estimates import Estimate, Floats, mean


def policy_value(
    outcome: Floats, agrees: Floats, propensity: Floats, weight: Floats | None = None, *, clip: float = np.inf
) -> Estimate:
    """Return the self-normalised value of the policy: outcomes where the log agrees, by inverse propensity.

    Args:
        outcome: What happened, shape (n,).
        agrees: Chance that the policy does what the log did, shape (n,).
        propensity: Chance with which the log did it, in (0, 1], shape (n,).
        weight: Shape (n,).
        clip: Largest importance weight.
    """
    importance = np.minimum(agrees / propensity, clip)
    if not importance.sum() > 0:
        return Estimate(np.nan, np.zeros(len(outcome)))
    return mean(outcome, importance * (1.0 if weight is None else weight))


def effective_size(importance: Floats) -> float:
    """Return how many rows of equal weight would vary as much: `(sum w)^2 / sum w^2`."""
    return float(importance.sum() ** 2 / np.sum(importance**2))


def uplift_curve(
    outcome: Floats, treated: NDArray[np.bool_], propensity: Floats, score: Floats, weight: Floats
) -> tuple[Floats, Floats]:
    """Return the share targeted and the gain per row from treating that share, highest score first.

    The gain is the inverse-propensity estimate of the effect, summed over those targeted; rows of equal score
    are targeted together.
    """
    order = np.argsort(-score, kind="stable")
    effect = np.where(treated, outcome / propensity, -outcome / propensity) * weight
    ordered = score[order]
    ends = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))
    share = np.cumsum(weight[order])[ends] / weight.sum()
    gain = np.cumsum(effect[order])[ends] / weight.sum()
    return np.append(0.0, share), np.append(0.0, gain)


def area_under_uplift(
    outcome: Floats, treated: NDArray[np.bool_], propensity: Floats, score: Floats, weight: Floats
) -> float:
    """Return the area under the uplift curve: the mean gain over all shares targeted."""
    share, gain = uplift_curve(outcome, treated, propensity, score, weight)
    return float(np.trapezoid(gain, share))


def qini(
    outcome: Floats, treated: NDArray[np.bool_], propensity: Floats, score: Floats, weight: Floats
) -> float:
    """Return the area between the uplift curve and targeting at random."""
    share, gain = uplift_curve(outcome, treated, propensity, score, weight)
    return float(np.trapezoid(gain, share) - gain[-1] / 2)
