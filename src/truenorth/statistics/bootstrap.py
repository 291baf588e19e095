"""The clustered bootstrap: whole clusters drawn with replacement, as weights of their rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from truenorth.statistics.estimates import Codes, Floats
from truenorth.statistics.intervals import Interval


def cluster_weights(cluster: Codes, *, draws: int, seed: int) -> Iterator[Floats]:
    """Yield, per draw, how often each row's cluster was drawn, shape (n,).

    Args:
        cluster: Cluster of each row, 0, 1, ..., shape (n,).
        draws: Number of draws.
        seed: Seed of the draws.
    """
    count = int(cluster.max()) + 1 if len(cluster) else 0
    generator = np.random.default_rng(seed)
    for _ in range(draws):
        drawn = generator.integers(0, count, size=count)
        yield np.bincount(drawn, minlength=count).astype(np.float64)[cluster]


def bootstrap(
    statistic: Callable[[Floats], float], cluster: Codes, *, draws: int = 400, seed: int = 0
) -> Floats:
    """Return the statistic on each draw; draws on which it is not defined are left out.

    Args:
        statistic: Value under row weights, NaN where it is not defined.
        cluster: Cluster of each row, shape (n,).
        draws: Number of draws.
        seed: Seed of the draws.

    References:
        Field, Welsh (2007). Bootstrapping clustered data. JRSS B 69.
    """
    values = np.array([statistic(weight) for weight in cluster_weights(cluster, draws=draws, seed=seed)])
    return np.asarray(values[np.isfinite(values)])


def percentile_interval(values: Floats, *, level: float = 0.95) -> Interval:
    """Return the central share of bootstrap values.

    References:
        Efron (1979). Bootstrap methods: another look at the jackknife. Annals of Statistics 7.
    """
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high))
