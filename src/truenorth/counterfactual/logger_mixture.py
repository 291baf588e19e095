"""Several loggers as one: each decision is weighed by the mixture that may have made it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truenorth.counterfactual.log import Log, check_shape

Floats = NDArray[np.float64]


def balanced(log: Log, propensities: Mapping[Any, Floats]) -> Log:
    """Return the log with the probabilities of the mixture of its loggers, `sum_j (n_j / n) pi_j`.

    Weights against the mixture are never larger than the largest against a single logger, and often much
    smaller.

    Args:
        log: The decisions, with the name of their logger.
        propensities: What each logger would have done on every decision, by its name; each of shape (n, k).

    Examples:
        >>> both = {"old": np.array([[1.0, 0.0]] * 2), "new": np.array([[0.5, 0.5]] * 2)}
        >>> log = Log(chosen=np.array([0, 1]), propensity=both["new"], logger=np.array(["old", "new"]))
        >>> balanced(log, both).propensity.tolist()
        [[0.75, 0.25], [0.75, 0.25]]

    References:
        Agarwal, Basu, Schnabel and Joachims (2017). Effective evaluation using logged bandit feedback from
        multiple loggers. KDD.
    """
    check_shape("log.logger", np.asarray(log.logger), (log.n,))
    names, count = np.unique(np.asarray(log.logger), return_counts=True)
    mixed = np.zeros(log.mask.shape)
    for name, n in zip(names, count, strict=True):
        one = np.asarray(propensities[name.item()], dtype=np.float64)
        check_shape(f"propensities.{name}", one, log.mask.shape)
        mixed += n / log.n * one
    return log.with_propensity(mixed)
