"""Exploring: a share of the decisions is drawn, so that what was not done can be judged later.

Draws are by the Gumbel trick: the largest of `logit + Gumbel noise` is a draw from the softmax, also when
some choices fall away after the noise was drawn, so that caps and rules can come after the draw.

References:
    Yellott (1977). The relationship between Luce's choice axiom, Thurstone's theory of comparative judgment,
    and the double exponential distribution. Journal of Mathematical Psychology 15.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from truenorth.decision.contract import Floats
from truenorth.framing.policy import Explore

Bools = NDArray[np.bool_]


def explored(explore: Explore | None, n: int, generator: np.random.Generator) -> Bools:
    """Return which of `n` decisions are drawn, shape (n,)."""
    if explore is None:
        return np.zeros(n, dtype=bool)
    return generator.random(n) < explore.share


def logits(explore: Explore, gain: Floats) -> Floats:
    """Return the log-weights of a draw: even, or the gain over the temperature (1 where none is declared)."""
    if explore.how == "uniform":
        return np.where(np.isfinite(gain), 0.0, -np.inf)
    return np.where(np.isfinite(gain), gain / (explore.temperature or 1.0), -np.inf)


def gumbel(shape: tuple[int, ...], generator: np.random.Generator) -> Floats:
    """Return standard Gumbel noise."""
    return generator.gumbel(size=shape)


def chances(log_weights: Floats, allowed: Bools) -> Floats:
    """Return the softmax over what is allowed in each row, shape (n, choices); 0 where nothing is."""
    left = np.where(allowed, log_weights, -np.inf)
    top = left.max(axis=1, keepdims=True)
    weight = np.exp(left - np.where(np.isfinite(top), top, 0.0))
    total = weight.sum(axis=1, keepdims=True)
    return np.asarray(weight / np.where(total > 0, total, 1.0), dtype=np.float64)
