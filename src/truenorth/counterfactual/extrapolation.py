"""Where the peak may lie beyond the support: `lift(d) = a d - b d^2`, fitted inside it.

The form places the peak well and sizes the fall badly; it is drawn dashed, and off by default.

References:
    Gao, Schulman and Hilton (2022). Scaling laws for reward model overoptimization. arXiv 2210.10760.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from truenorth.counterfactual.contract import Extrapolation

Floats = NDArray[np.float64]


def extrapolate(depths: Floats, lifts: Floats, covariance: Floats) -> Extrapolation | None:
    """Return the curve that fits lifts best given their covariance, None for fewer than two depths.

    Args:
        depths: Shape (b,), > 0.
        lifts: Shape (b,).
        covariance: Of the lifts, shape (b, b).

    Examples:
        >>> d = np.array([0.2, 0.4, 0.6])
        >>> round(extrapolate(d, 0.4 * d - 0.5 * d**2, np.eye(3)).peak_depth, 6)
        0.4
    """
    if len(depths) < 2:
        return None
    design = np.stack([depths, -(depths**2)], axis=1)
    precision = np.linalg.pinv(covariance)
    linear, quadratic = np.linalg.pinv(design.T @ precision @ design) @ design.T @ precision @ lifts
    peak = float(linear / (2 * quadratic)) if linear > 0 and quadratic > 0 else None
    return Extrapolation(linear=float(linear), quadratic=float(quadratic), peak_depth=peak)
