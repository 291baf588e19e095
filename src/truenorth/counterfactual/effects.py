"""The lift of an outcome under a policy, and its slope: decision by decision, or one outcome per unit.

A **decision** has its own outcome: the self-normalised doubly robust estimate, as a difference from the
logged mean on the same rows. A **unit** takes many decisions before one outcome, a week's return after
twenty lists: products of weights would leave no sample, so the lift is additive over decisions,
`sum_t (w_t - 1)(Y_u - m_u)` per unit. That is exact where the outcome is a sum over decisions and later
contexts do not depend on earlier actions, and first-order otherwise; it is the pseudo-inverse estimator of
slates, with decisions for slots.

References:
    Swaminathan et al. (2017). Off-policy evaluation for slate recommendation. NeurIPS. arXiv 1605.04812.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from truenorth.counterfactual import estimators
from truenorth.counterfactual.estimators import Weighted
from truenorth.counterfactual.log import Log
from truenorth.counterfactual.policies import Tilt
from truenorth.statistics.estimates import Estimate, mean, total

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Seen:
    """A policy as the logged decisions see it."""

    probability: Floats
    """Of each candidate, shape (n, k)."""
    weight: Floats
    """Importance weight of the candidate that was taken, shape (n,)."""
    centred: Floats
    """Score of each candidate less the policy's mean score, shape (n, k); 0 where there is no score."""
    centred_taken: Floats
    """The same of the candidate that was taken, shape (n,)."""


def see(log: Log, policy: Tilt, score: Floats) -> Seen:
    """Return a tilted policy as the logged decisions see it."""
    centred = score - policy.mean_score[:, None]
    return Seen(
        policy.probability, weights(log, policy.probability), centred, np.asarray(log.of_chosen(centred))
    )


def see_policy(log: Log, probability: Floats) -> Seen:
    """Return any policy as the logged decisions see it."""
    nothing = np.zeros_like(probability)
    return Seen(probability, weights(log, probability), nothing, np.zeros(log.n))


def weights(log: Log, probability: Floats) -> Floats:
    """Return the importance weight of each candidate that was taken, shape (n,)."""
    return np.asarray(log.of_chosen(probability) / log.propensity_of_taken)


def overlap_of(probability: Floats, log: Log) -> float:
    """Return `sum_a min(pi, pi_0)`, averaged over decisions: 1 for the logged policy."""
    if log.propensity is None:
        return float(np.mean(np.minimum(weights(log, probability), 1.0)))  # the same, estimated
    return float(np.mean(np.minimum(probability, log.propensity).sum(axis=1)))


class Effect(Protocol):
    """What a policy does to an outcome."""

    @property
    def n_per_unit(self) -> float:
        """Decisions that one outcome sums up: 1 for an outcome of its own."""

    def lift(self, seen: Seen) -> Estimate:
        """Return the outcome under the policy less the logged one."""

    def slope(self, seen: Seen) -> Estimate:
        """Return how fast the outcome rises with the pressure on the score."""

    def contributions(self, seen: Seen) -> tuple[Floats, Floats]:
        """Return what each decision adds to the lift, and to the number of outcomes, each of shape (n,)."""

    def residual(self) -> Floats:
        """Return what the model leaves unexplained of each outcome, shape (n,)."""


@dataclass(frozen=True, eq=False)
class DecisionEffect:
    """An outcome of every decision."""

    outcome: Floats
    """Shape (n,)."""
    predicted: Floats
    """Predicted outcome of each candidate, shape (n, k)."""
    predicted_taken: Floats
    """The same of the candidate that was taken, shape (n,)."""
    n_per_unit: float = 1.0

    def sample(self, seen: Seen) -> Weighted:
        """Return the decisions as estimators read them."""
        target = np.einsum("nk,nk->n", seen.probability, self.predicted)
        return Weighted(seen.weight, self.outcome, self.predicted_taken, target)

    def lift(self, seen: Seen) -> Estimate:
        """Return the self-normalised doubly robust value less the logged mean."""
        return estimators.sndr(self.sample(seen)) - mean(self.outcome)

    def slope(self, seen: Seen) -> Estimate:
        """Return the derivative of the value by the pressure."""
        pulled = np.einsum("nk,nk,nk->n", seen.probability, self.predicted, seen.centred)
        return estimators.sndr_slope(self.sample(seen), pulled, seen.centred_taken)

    def contributions(self, seen: Seen) -> tuple[Floats, Floats]:
        """Return the doubly robust outcome less the logged one, and 1 per decision."""
        sample = self.sample(seen)
        corrected = sample.weight / sample.weight.mean() * sample.residual
        return sample.target + corrected - self.outcome, np.ones_like(self.outcome)

    def residual(self) -> Floats:
        """Return outcome less prediction."""
        return self.outcome - self.predicted_taken


@dataclass(frozen=True, eq=False)
class UnitEffect:
    """One outcome of all decisions of a unit."""

    outcome: Floats
    """Outcome of the unit less what was expected of it beforehand, on each of its decisions, shape (n,)."""
    share: Floats
    """1 over the number of the unit's decisions, shape (n,)."""

    @property
    def n_per_unit(self) -> float:
        """Decisions per unit."""
        return len(self.share) / float(self.share.sum())

    def lift(self, seen: Seen) -> Estimate:
        """Return the additive lift per unit."""
        return total((seen.weight - 1.0) * self.outcome) / total(self.share)

    def slope(self, seen: Seen) -> Estimate:
        """Return the derivative of the additive lift by the pressure."""
        return total(seen.weight * seen.centred_taken * self.outcome) / total(self.share)

    def contributions(self, seen: Seen) -> tuple[Floats, Floats]:
        """Return each decision's part of its unit's lift, and its part of the unit."""
        return (seen.weight - 1.0) * self.outcome, self.share

    def residual(self) -> Floats:
        """Return the outcome less what was expected."""
        return self.outcome


def decision_effect(log: Log, outcome: Floats, predicted: Floats) -> DecisionEffect:
    """Return the effect on an outcome of every decision, given predictions of every candidate."""
    return DecisionEffect(outcome, predicted, np.asarray(log.of_chosen(predicted)))


def unit_effect(log: Log, outcome: Floats, expected: Floats) -> UnitEffect:
    """Return the effect on an outcome of every unit.

    Args:
        log: The decisions.
        outcome: Of the unit, repeated on its decisions, shape (n,).
        expected: What was expected of the unit before its decisions, shape (n,).
    """
    count = np.bincount(log.units)
    return UnitEffect(outcome - expected, 1.0 / count[log.units])


def joint_weights_lift(log: Log, seen: Seen, outcome: Floats) -> Estimate:
    """Return the self-normalised lift with one product of weights per unit: what the additive lift replaces.

    The product takes a unit's decisions as one action; after a dozen decisions few units carry all weight.
    """
    first = np.unique(log.units, return_index=True)[1]
    with np.errstate(divide="ignore"):
        product = np.exp(np.bincount(log.units, weights=np.log(seen.weight)))
    y = outcome[first]
    found = total(product * y) / total(product) - mean(y)
    return found.spread(first, log.n)
