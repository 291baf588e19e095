"""How many units a test needs, and how many it gets: of a proportion, of data, or of a run's interval.

`n = (z_{a/2} + z_b)^2 (v_0 + v_1) / d^2` units per arm, for a two-sided test at 5 % that finds the effect in
four of five repetitions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from truenorth.framing.experiment import Experiment
from truenorth.framing.percentages import Percentage

Z = 1.959963984540054 + 0.8416212335729143
"""Normal quantiles of a two-sided test at 5 % and of a power of 80 %."""
WEEK = 7
SHORTEST = 14
"""Days under which a day of the week weighs twice as much as another."""
LARGEST_ARM = 0.5


@dataclass(frozen=True)
class Figure:
    """What the test compares, per unit."""

    mean: float
    variance: float
    units: float
    """Units that come in `days`."""
    days: float
    origin: str
    """Where it was read: `baseline`, `log` or `run`."""
    variance_after: float | None = None
    """Variance in the other arm; the same where absent."""

    @property
    def variances(self) -> float:
        """Sum of the variances of both arms."""
        return self.variance + (self.variance if self.variance_after is None else self.variance_after)


def of_proportion(mean: float, effect: float, *, units: float, days: float) -> Figure:
    """Return the figure of a share: p (1 - p) in each arm."""
    after = min(max(mean + effect, 0.0), 1.0)
    return Figure(mean, mean * (1 - mean), units, days, "baseline", after * (1 - after))


def units_per_arm(variances: float, effect: float) -> float:
    """Return how many units each arm needs to find an effect.

    Args:
        variances: Sum of the variances of both arms.
        effect: Difference of the means, not 0.

    Examples:
        >>> round(units_per_arm(0.10 * 0.90 + 0.12 * 0.88, 0.02), 1)
        3838.1

    References:
        Chow, Shao, Wang (2008). Sample Size Calculations in Clinical Research, section 4.2.
    """
    return Z**2 * variances / effect**2


def smallest_effect(variances: float, units: float) -> float:
    """Return the effect that so many units per arm can find."""
    return Z * math.sqrt(variances / units)


def absolute(effect: Percentage, mean: float) -> float:
    """Return an effect in the metric's own units: relative ones are of the mean."""
    return abs(effect.fraction * mean) if effect.unit == "relative" else abs(effect.fraction)


def written(effect: float, like: Percentage, mean: float) -> str:
    """Return an effect as text in the unit of another one, rounded up to two digits."""
    scale = {"relative": 100 / abs(mean) if mean else math.nan, "points": 100.0, "absolute": 1.0}[like.unit]
    sign = {"relative": "%", "points": "pp", "absolute": ""}[like.unit]
    return f"{_up(effect * scale):g}{sign}"


def arm_share(experiment: Experiment) -> float:
    """Return the share of the traffic in each arm at the largest stage that leaves an equal control."""
    return min(
        [max([one for one in experiment.stages if one <= LARGEST_ARM], default=LARGEST_ARM), LARGEST_ARM]
    )


def whole_weeks(days: float) -> int:
    """Return days rounded up to whole weeks, at least two."""
    return max(math.ceil(days / WEEK) * WEEK, SHORTEST)


def _up(value: float) -> float:
    """Round up to two digits."""
    if not value > 0 or not math.isfinite(value):
        return value
    step = 10.0 ** (math.floor(math.log10(value)) - 1)
    return math.ceil(value / step - 1e-9) * step
