"""Training labels that do not reward an item for the place it was given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truenorth.errors import Finding

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LARGEST = 10.0
"""Largest weight of a click: a bias that keeps the variance in bounds."""


def coec(clicks: Floats, propensity: Floats) -> Floats:
    """Return clicks over expected looks, to be used with the looks as weights.

    Args:
        clicks: Of each item, shape (n,).
        propensity: Summed looks of the item's impressions, shape (n,), > 0.

    Examples:
        >>> coec(np.array([3.0]), np.array([6.0])).tolist()
        [0.5]
    """
    return np.divide(clicks, propensity, out=np.zeros_like(clicks), where=propensity > 0)


def ips_label(click: Floats, propensity: Floats, *, largest: float = LARGEST) -> Floats:
    """Return a click over the chance of a look, at most `largest`: unbiased for worth, up to the cap."""
    weight = np.minimum(1.0 / np.maximum(propensity, 1e-12), largest)
    return np.asarray(click * weight)


def affine_label(click: Floats, slope: Floats, base: Floats) -> Floats:
    """Return `(click - base) / slope`, unbiased for worth where `P(click) = slope * worth + base`.

    Trust in the first places makes `base` positive there.

    References:
        Vardasbi, Oosterhuis and de Rijke (2020). When inverse propensity scoring does not work. CIKM.
    """
    return np.asarray((click - base) / slope)


def affine_pooled(item: Ints, click: Floats, slope: Floats, base: Floats) -> Floats:
    """Return each item's worth by least squares, `sum slope (click - base) / sum slope^2`, one per item code.

    Args:
        item: Code of the item, 0, 1, ..., shape (n,).
        click: Shape (n,).
        slope: Of the impression's place, shape (n,).
        base: Of the impression's place, shape (n,).
    """
    top = np.bincount(item, weights=slope * (click - base))
    below = np.bincount(item, weights=slope**2)
    return np.divide(top, below, out=np.zeros_like(top), where=below > 0)


def doubly_robust_label(
    click: Floats, slope: Floats, base: Floats, predicted: Floats, expected_slope: Floats
) -> Floats:
    """Return `predicted + (click - base - slope * predicted) / expected_slope`.

    With right slopes and bases its mean is the worth where the prediction is right, or where the expected
    slope is: clicks correct a prediction, and items that were rarely shown lean on it.

    Args:
        click: Shape (n,).
        slope: Of the impression's place, shape (n,); 0 in lists that left the item out.
        base: Of the impression's place, shape (n,); 0 there too.
        predicted: Worth of the item by a model, shape (n,).
        expected_slope: Mean slope of the item under the rankers that made the log, lists that left it out
            among them, shape (n,), > 0.

    Examples:
        >>> impressions = np.array([1.0, 0.0]), np.array([0.9, 0.1]), np.zeros(2)
        >>> doubly_robust_label(*impressions, np.full(2, 0.8), np.full(2, 0.5)).round(2).tolist()
        [1.36, 0.64]

    References:
        Oosterhuis (2023). Doubly robust estimation for correcting position bias in click feedback for
        unbiased learning to rank. TOIS 41. arXiv 2203.17118.
    """
    return np.asarray(predicted + (click - base - slope * predicted) / expected_slope)


def check_position_training(parameters: Mapping[str, Any]) -> list[Finding]:
    """Return what is wrong with LightGBM's parameters for training with positions.

    Examples:
        >>> found = check_position_training({"lambdarank_position_bias_regularization": 1.0})
        >>> found[0].code
        'STRESS046'
    """
    held = parameters.get("lambdarank_position_bias_regularization", 0)
    if not held:
        return []
    return [
        Finding(
            code="STRESS046", severity="warn", where="lambdarank_position_bias_regularization",
            evidence=f"expected 0, got {held:g}: LightGBM multiplies it by the number of rows, so that 1 "
            "switches the correction of positions off.",
            fix="leave it at 0.",
        )
    ]  # fmt: skip
