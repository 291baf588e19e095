"""How far two columns go together, with an interval that respects who the rows belong to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from truenorth.statistics.estimates import codes_of, mean, spread

Floats = NDArray[np.float64]
LEVEL = 0.95


@dataclass(frozen=True)
class Association:
    """A correlation with its interval."""

    r: float
    """Pearson's correlation, -1 to 1."""
    low: float
    high: float
    n: int
    """Rows, or units where they were averaged first."""
    n_units: int
    """Clusters that the interval rests on."""

    def __str__(self) -> str:
        return f"r = {self.r:.3f} [{self.low:.3f}, {self.high:.3f}] over {self.n_units:,} units"

    def to_numbers(self) -> dict[str, float]:
        """Return the figures by name."""
        return {"r": self.r, "low": self.low, "high": self.high, "n": self.n, "n_units": self.n_units}


def association(x: Floats, y: Floats, unit: NDArray[np.int64]) -> Association | None:
    """Return the correlation of two columns, None where a column is constant or there is one unit.

    The interval is Student's on Fisher's scale, `atanh(r) +- t se / (1 - r^2)`, with the delta method's
    standard error summed within units.

    Args:
        x: Shape (n,), no NaN.
        y: The same rows.
        unit: Cluster of each row, 0, 1, ...

    References:
        Fisher (1921). On the "probable error" of a coefficient of correlation deduced from a small sample.
    """
    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return None
    x, y = _scaled(x), _scaled(y)
    shared = mean(x * y) - mean(x) * mean(y)
    width = (mean(x * x) - mean(x) * mean(x)) * (mean(y * y) - mean(y) * mean(y))
    found = shared / width.root()
    moves = spread(found.influence, unit)
    if moves is None:
        return None
    r = float(np.clip(found.value, -1.0, 1.0))
    from scipy.special import stdtrit  # rules that read the framing alone are asked without it

    reach = float(stdtrit(moves.degrees, 0.5 + LEVEL / 2)) * moves.error / max(1.0 - r * r, 1e-9)
    centre = float(np.arctanh(np.clip(r, -1 + 1e-9, 1 - 1e-9)))
    low, high = np.tanh([centre - reach, centre + reach])
    return Association(r, float(low), float(high), len(x), moves.n_clusters)


def attainable(x: Floats, y: Floats) -> float:
    """Return the largest correlation that columns of these values can have: that of both, sorted.

    A rare outcome cannot go far with a frequent one: of two events with rates p < q it is at most
    `sqrt(p (1 - q) / (q (1 - p)))`.

    Examples:
        >>> round(attainable(np.repeat([0.0, 1.0], [90, 10]), np.repeat([0.0, 1.0], [99, 1])), 4)
        0.3015
    """
    return float(np.corrcoef(np.sort(x), np.sort(y))[0, 1])


def by_unit(values: Floats, unit: NDArray[np.int64]) -> Floats:
    """Return the mean of each unit, in the order of the units' codes; every code must occur."""
    return np.asarray(np.bincount(unit, weights=values) / np.bincount(unit), dtype=np.float64)


def units_of(values: NDArray[np.generic]) -> NDArray[np.int64]:
    """Return values as codes 0, 1, ... without gaps."""
    return codes_of(values)


def _scaled(values: Floats) -> Floats:
    """Return values around 0 with spread 1, so that large numbers lose no digits."""
    return np.asarray((values - values.mean()) / values.std(), dtype=np.float64)
