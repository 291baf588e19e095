"""Bounds of the KPI's lift that need no importance weights and no model of the fall.

With `r` the correlation of the score and the expected KPI inside contexts, lifts in their within-context
standard deviations, and `X` the chi-square divergence of the policy, `w - 1` projected off the score gives

    r dS - sqrt((1 - r^2)(X - dS^2))  <=  dY  <=  r dS + sqrt((1 - r^2)(X - dS^2)).

It says much at small depths and little at large ones. The expected KPI is measured by the spread of a
cross-fitted model, or, to be safe, by that of the KPI itself.

References:
    Laidlaw, Singhal and Dragan (2024). Correlated proxies. arXiv 2403.03185; the bound here is tighter.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from truenorth.counterfactual.contract import Certificate
from truenorth.counterfactual.log import Log
from truenorth.counterfactual.policies import chi_square

Floats = NDArray[np.float64]


def bound_lift(*, correlation: float, score_lift: float, chi2: float) -> tuple[float, float]:
    """Return the least and largest lift of the KPI, in standard deviations of its expectation.

    Args:
        correlation: Of score and expected KPI under the log, in [-1, 1].
        score_lift: Rise of the score, in its standard deviations.
        chi2: Chi-square divergence of the policy from the log.

    Examples:
        >>> low, high = bound_lift(correlation=1.0, score_lift=0.3, chi2=0.5)
        >>> low, high
        (0.3, 0.3)
    """
    spare = math.sqrt(max(1 - correlation**2, 0.0) * max(chi2 - score_lift**2, 0.0))
    return correlation * score_lift - spare, correlation * score_lift + spare


def correlation_needed(*, score_lift: float, chi2: float) -> float:
    """Return the correlation from which on a rise of the score is sure to raise the KPI.

    `r^2 / (1 - r^2) > X / dS^2 - 1`.
    """
    if not score_lift > 0:
        return 1.0
    odds = max(chi2 / score_lift**2 - 1.0, 0.0)
    return math.sqrt(odds / (1.0 + odds))


def certify(
    log: Log, score: Floats, probability: Floats, *, kpi: Floats, predicted: Floats
) -> Certificate | None:
    """Return the bounds at a policy, None where the score does not vary inside contexts.

    Args:
        log: The decisions, with propensities.
        score: Of each candidate, shape (n, k).
        probability: The policy, shape (n, k).
        kpi: Of each decision, shape (n,).
        predicted: Expected KPI of each candidate, cross-fitted, shape (n, k).
    """
    base = log.base
    mean_score = np.einsum("nk,nk->n", base, score)
    centred = score - mean_score[:, None]
    score_sd = math.sqrt(float(np.mean(np.einsum("nk,nk->n", base, centred**2))))
    if not (score_sd > 0 and kpi.std() > 0):
        return None
    covariance = float(np.mean((kpi - kpi.mean()) * log.of_chosen(centred))) / score_sd
    lift = float(np.mean(np.einsum("nk,nk->n", probability - base, score))) / score_sd
    chi2 = chi_square(probability, base)

    def bounds(kpi_sd: float) -> tuple[float, float]:
        correlation = min(max(covariance / kpi_sd, -1.0), 1.0)
        low, high = bound_lift(correlation=correlation, score_lift=lift, chi2=chi2)
        return low * kpi_sd, high * kpi_sd

    # A model that misses part of the spread would claim more correlation than there can be.
    expected_sd = max(_within_sd(base, predicted), abs(covariance))
    low, high = bounds(float(kpi.std()))
    expected_low, expected_high = bounds(expected_sd) if expected_sd > 0 else (low, high)
    return Certificate(
        low=low, high=high, expected_low=expected_low, expected_high=expected_high,
        correlation=covariance / expected_sd if expected_sd > 0 else 0.0,
        correlation_needed=correlation_needed(score_lift=lift, chi2=chi2),
    )  # fmt: skip


def _within_sd(base: Floats, predicted: Floats) -> float:
    middle = np.einsum("nk,nk->n", base, predicted)
    return math.sqrt(max(float(np.mean(np.einsum("nk,nk->n", base, predicted**2) - middle**2)), 0.0))
