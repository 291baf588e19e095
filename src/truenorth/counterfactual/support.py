"""Where the log stops saying anything: effective sample size, tails and shares of the weights."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from truenorth.counterfactual.result import Result

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class SupportRule:
    """What importance weights must hold so that an interval may be shown."""

    effective_n: float = 200.0
    """Least effective sample size, of decisions and of units."""
    tail: float = 0.5
    """Largest shape of the weights' tail: above it their variance is infinite."""
    share: float = 0.05
    """Largest share of one decision in the sum of the weights."""
    mean_errors: float = 4.0
    """Standard errors that the mean weight may be from 1."""
    overlap: float = 0.0
    """Least overlap of the two policies."""


STRICT = SupportRule(effective_n=1000.0, overlap=0.8)
"""The rule that some teams ask for; few logs carry it far."""


@dataclass(frozen=True, kw_only=True)
class Support(Result):
    """What the weights of a policy look like."""

    effective_n: float
    """`(sum w)^2 / sum w^2` of decisions."""
    effective_units: float
    """The same of weights summed by unit."""
    tail: float
    """Shape of a generalised Pareto distribution fitted to the largest weights; -inf where they are equal."""
    largest_share: float
    """Largest weight over the sum."""
    mean_weight: float
    """1 where the logged probabilities are right."""
    mean_weight_error: float
    """Standard error of the mean weight, clustered by unit."""
    overlap: float
    """`sum_a min(pi, pi_0)`, averaged."""

    def failures(self, rule: SupportRule) -> list[str]:
        """Return what breaks the rule, in words."""
        off = abs(self.mean_weight - 1.0)
        checks = [
            (self.effective_n >= rule.effective_n, f"effective sample size {self.effective_n:,.0f}"),
            (self.effective_units >= rule.effective_n, f"effective units {self.effective_units:,.0f}"),
            (self.tail <= rule.tail, f"tail index {self.tail:.2f}"),
            (self.largest_share <= rule.share, f"one decision holds {self.largest_share:.0%} of the weight"),
            (off <= rule.mean_errors * self.mean_weight_error + 1e-9, f"mean weight {self.mean_weight:.3f}"),
            (self.overlap >= rule.overlap, f"overlap {self.overlap:.2f}"),
        ]
        return [text for holds, text in checks if not holds]

    def carries_a_point(self, rule: SupportRule, n: int) -> bool:
        """Return whether the value may be shown without an interval: the tail alone is too heavy, a little.

        Up to `min(1 - 1 / log10(n), 0.7)` a weighted mean settles, although its error is not normal.
        """
        limit = min(1.0 - 1.0 / math.log10(max(n, 11)), 0.7)
        return rule.tail < self.tail <= limit and not replace(self, tail=rule.tail).failures(rule)


def support_of(weight: Floats, units: Ints, *, overlap: float = 1.0) -> Support:
    """Return what the weights of a policy look like.

    Args:
        weight: Importance weight of each decision, shape (n,).
        units: Unit of each decision, shape (n,).
        overlap: `sum_a min(pi, pi_0)`, averaged over decisions.
    """
    total = float(weight.sum())
    if not total > 0:
        return Support(
            effective_n=0.0, effective_units=0.0, tail=np.inf, largest_share=1.0, mean_weight=0.0,
            mean_weight_error=0.0, overlap=overlap,
        )  # fmt: skip
    by_unit = np.bincount(units, weights=weight)
    moved = np.bincount(units, weights=(weight - weight.mean()) / len(weight))
    return Support(
        effective_n=total**2 / float(np.sum(weight**2)),
        effective_units=total**2 / float(np.sum(by_unit**2)),
        tail=tail_index(weight),
        largest_share=float(weight.max()) / total,
        mean_weight=float(weight.mean()),
        mean_weight_error=float(np.sqrt(np.sum(moved**2))),
        overlap=overlap,
    )


def tail_index(weight: Floats) -> float:
    """Return the shape of a generalised Pareto distribution fitted to the largest weights.

    The `min(0.2 n, 3 sqrt(n))` largest enter; the fit is shrunk to 0.5 as if by ten more of them.

    Args:
        weight: Shape (n,), >= 0.

    Returns:
        Below 0 for a bounded tail, 0 for an exponential one; -inf where the largest are all equal.

    References:
        Vehtari, Simpson, Gelman, Yao and Gabry (2024). Pareto smoothed importance sampling. JMLR 25.
        Zhang and Stephens (2009). A new and efficient estimation method for the generalized Pareto
        distribution. Technometrics 51.
    """
    n = len(weight)
    count = int(np.ceil(min(0.2 * n, 3.0 * np.sqrt(n))))
    if count < 5 or count >= n:
        return float("inf")
    largest = np.sort(np.partition(weight, n - count - 1)[n - count - 1 :])
    above = largest[1:] - largest[0]
    if not above[-1] > 1e-12 * largest[-1]:
        return float("-inf")
    above = np.maximum(above, 1e-12 * above[-1])
    return _pareto_shape(above)


def _pareto_shape(above: Floats) -> float:
    """Return the posterior mean shape for sorted exceedances, shrunk to 0.5."""
    n = len(above)
    grid = 30 + int(np.sqrt(n))
    quarter = above[max(int(n / 4 + 0.5) - 1, 0)]
    theta = 1.0 / above[-1] + (1.0 - np.sqrt(grid / (np.arange(1, grid + 1) - 0.5))) / (3.0 * quarter)
    shape = np.mean(np.log1p(-theta[:, None] * above), axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        likelihood = n * (np.log(-theta / shape) - shape - 1.0)
    likelihood = np.where(np.isfinite(likelihood), likelihood, -np.inf)
    plausible = np.exp(likelihood - likelihood.max())
    mean_theta = float(np.sum(theta * plausible) / plausible.sum())
    fitted = float(np.mean(np.log1p(-mean_theta * above)))
    return (n * fitted + 5.0) / (n + 10.0)
