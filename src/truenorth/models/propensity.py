"""Inverse propensity weights: rows that were rarely chosen stand for those that were not."""

from __future__ import annotations

import numpy as np

from truenorth.models.contract import Floats

CLIP = 0.05
"""Propensities below it count as it: one row never weighs more than twenty certain ones."""


def inverse_propensity(propensity: Floats, *, clip: float = CLIP) -> Floats:
    """Return `1 / max(propensity, clip)`, shape (n,); 1 where the propensity is not known.

    Weights make a log of choices look like one in which everything had the same chance. Clipping trades a
    little bias for much less variance.

    Args:
        propensity: Chance with which the row's choice was made, in (0, 1], NaN where unknown, shape (n,).
        clip: Least propensity that is believed, in (0, 1].

    Examples:
        >>> inverse_propensity(np.array([1.0, 0.5, 0.001, np.nan])).tolist()
        [1.0, 2.0, 20.0, 1.0]

    References:
        Joachims, Swaminathan, Schnabel (2017). Unbiased Learning-to-Rank with Biased Feedback. WSDM.
        Ionides (2008). Truncated Importance Sampling. JCGS 17.
    """
    return np.where(np.isnan(propensity), 1.0, 1.0 / np.maximum(propensity, clip))
