"""What a stress test is asked and what it says: options, one depth, one proxy, the whole.

Lifts are improvements of the KPI over the logged policy, in its own unit; a KPI that should fall is passed
with its sign turned.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from truenorth.counterfactual.outcome import OutcomeModel, ridge
from truenorth.counterfactual.result import Result
from truenorth.counterfactual.support import Support, SupportRule
from truenorth.errors import Finding

Floats = NDArray[np.float64]
Verdict = Literal["ALIGNED", "TRAP", "HARMFUL", "INCONCLUSIVE", "UNSUPPORTED"]
Tier = Literal["A", "B", "C"]
Per = Literal["decision", "unit"]

DEPTHS = (0.15, 0.35, 0.55, 0.75, 0.95, 1.15)
LEAST_DEPTH = 0.25
"""A curve that ends before says nothing about pressure."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """How a stress test is run."""

    depths: tuple[float, ...] = DEPTHS
    """Pressures that are tried, square roots of nats, rising."""
    level: float = 0.95
    """Confidence of intervals, bands and claims."""
    draws: int = 4000
    """Draws for the critical values."""
    folds: int = 2
    """Folds of units for the outcome model, 2 to 5."""
    model: OutcomeModel = ridge
    """Predicts the outcome of a candidate from its features."""
    support: SupportRule = field(default_factory=SupportRule)
    """Where the curve stops."""
    extrapolate: bool = False
    """Whether to fit `a d - b d^2` beyond the support, to place the peak and never to size the fall."""


@dataclass(frozen=True, kw_only=True)
class Lift(Result):
    """A change of the log's mean with its errors."""

    value: float
    error: float
    """Standard error, clustered by unit."""
    low: float
    """Lower end of the pointwise interval."""
    high: float
    """Upper end of the pointwise interval."""
    band_low: float
    """Lower end of the band that holds at all depths at once."""
    band_high: float
    """Upper end of the band."""


@dataclass(frozen=True, kw_only=True)
class Shadow(Result):
    """Another estimator's lift, to see whether they agree."""

    value: float
    error: float | None
    """None for the direct method: its intervals do not hold, so none is given."""


@dataclass(frozen=True, kw_only=True)
class Certificate(Result):
    """Bounds of the lift without importance weights, whatever the outcome depends on."""

    low: float
    high: float
    expected_low: float
    """Tighter, where the outcome model finds all that the KPI varies by inside contexts."""
    expected_high: float
    correlation: float
    """Within contexts, of the score and the expected outcome."""
    correlation_needed: float
    """Correlation from which on a gain of the score is sure to be a gain of the KPI."""


@dataclass(frozen=True, kw_only=True)
class Depth(Result):
    """One point of the curve."""

    depth: float
    """Square root of the divergence from the logged policy."""
    beta: float
    """Pressure on the score, 1 / unit of the score."""
    best_of_n: float
    """Best of how many draws from the logged policy pushes as hard."""
    support: Support
    score_lift: float
    """Rise of the predicted proxy: what is promised."""
    proxy_lift: Lift | None
    """Rise of the realised proxy: what is delivered. None where it was not given."""
    kpi_lift: Lift
    slope: float
    """Rise of the KPI per unit of pressure."""
    slope_error: float
    slope_low: float
    """One-sided lower bound of the slope, at this depth alone."""
    exchange_rate: float
    """KPI gained per unit of score gained, at the margin."""
    shadows: Mapping[str, Shadow]
    certificate: Certificate | None


@dataclass(frozen=True, kw_only=True)
class Part(Result):
    """One part of a shortfall with its standard error."""

    value: float
    error: float


@dataclass(frozen=True, kw_only=True)
class Shortfall(Result):
    """Why the KPI gained less than the score promised, in parts that add up."""

    depth: float
    promised: float
    """What a dashboard's slope makes of the rise of the score, in the KPI's unit."""
    delivered: float
    """Lift of the KPI."""
    causal: Part
    """Users and contexts that have much of both, not choices that bring it."""
    regressional: Part
    """The score rose more than the realised proxy: the winner's curse."""
    extremal: Part
    """The slope between proxy and KPI is another one far out."""


@dataclass(frozen=True, kw_only=True)
class Naive(Result):
    """What an analyst would read who weights rows by the proxy: no policy, a selection of users."""

    depths: tuple[float, ...]
    by_realised: tuple[float, ...]
    """KPI lift where rows are weighted by the realised proxy; empty where it was not given."""
    by_score: tuple[float, ...]
    """KPI lift where rows are weighted by the score without a normaliser per context."""
    misleads: bool
    """Whether it leaves the band of the proper curve."""


@dataclass(frozen=True, kw_only=True)
class Robustness(Result):
    """How much an unseen cause would have to explain to undo the lift at the deepest point."""

    depth: float
    robustness_value: float
    """Share of what is unexplained, of outcome and weight alike, that moves the interval to 0."""
    scale: float
    """`sqrt(sigma^2 nu^2)`: the bias bound per unit of `|rho| sqrt(c_y c_d / (1 - c_d))`."""
    benchmarks: Mapping[str, tuple[float, float, float]]
    """Per group of observed features left out: `c_y`, `c_d`, and the bound of the bias they imply."""


@dataclass(frozen=True, kw_only=True)
class Mover(Result):
    """A group that gains or loses exposure at the deepest point."""

    group: str
    share_before: float
    share_after: float
    kpi: float
    """Mean KPI of the decisions that took it; NaN where none did."""
    n: int
    """Decisions that took it."""


@dataclass(frozen=True, kw_only=True)
class Segment(Result):
    """KPI lift of a segment of contexts at the deepest point."""

    segment: str
    lift: float
    error: float
    n: int


@dataclass(frozen=True, kw_only=True)
class Extrapolation(Result):
    """`lift = linear d - quadratic d^2`, fitted inside the support: it places the peak and sizes nothing."""

    linear: float
    quadratic: float
    peak_depth: float | None


@dataclass(frozen=True, kw_only=True, repr=False)
class ProxyReport(Result):
    """What happens to the KPI as one proxy is optimised harder."""

    proxy: str
    verdict: Verdict
    sentence: str
    """The verdict for a product owner."""
    grid: tuple[Depth, ...]
    """Supported depths only."""
    depth_limit: float
    """Deepest supported depth, 0 where there is none."""
    stopped_by: tuple[str, ...]
    """Why the curve stopped; empty where it went all the way."""
    safe_depth: float
    """Deepest depth up to which one more step is sure to help, 0 where none is."""
    peak_depth: float | None
    """Depth of the largest lift that was seen."""
    family_p: float
    """p-value of 'somewhere it harms', over all depths and pairs of depths."""
    adjusted_p: float
    """The same, adjusted for the number of proxies."""
    smallest_visible_fall: float
    """Fall of the KPI that would have been found four times out of five."""
    ticks: Mapping[int, float]
    """Depth of best of n, exactly, for this log."""
    shortfall: Shortfall | None
    naive: Naive | None
    robustness: Robustness | None
    movers: Mapping[str, tuple[Mover, ...]]
    segments: Mapping[str, tuple[Segment, ...]]
    extrapolation: Extrapolation | None
    findings: tuple[Finding, ...]

    def __repr__(self) -> str:
        lines = [f"{self.proxy}: {self.verdict}. {self.sentence}"]
        lines += [
            f"  depth {one.depth:.2f} (best of {one.best_of_n:.1f})  KPI {one.kpi_lift.value:+.4g} "
            f"[{one.kpi_lift.band_low:+.4g}, {one.kpi_lift.band_high:+.4g}]"
            for one in self.grid
        ]
        return "\n".join([*lines, *(f"  {finding}" for finding in self.findings)])


@dataclass(frozen=True, kw_only=True)
class AuditTest(Result):
    """One test that the logged probabilities made the logged actions."""

    name: str
    observed: float
    expected: float
    z: float


@dataclass(frozen=True, kw_only=True)
class LoggingAudit(Result):
    """Whether the logged probabilities can be believed."""

    passed: bool
    tests: tuple[AuditTest, ...]
    critical: float
    """Size of z from which a test fails, adjusted for their number."""


@dataclass(frozen=True, kw_only=True, repr=False)
class StressReport(Result):
    """What happens to the KPI as each proxy is optimised harder."""

    tier: Tier
    """A: logged propensities. B: estimated ones. C: refused."""
    n: int
    """Decisions."""
    n_units: int
    matured: float
    """Share of the KPI's weight that had matured, 0 to 1."""
    audit: LoggingAudit | None
    proxies: Mapping[str, ProxyReport]
    findings: tuple[Finding, ...]

    def __repr__(self) -> str:
        head = f"Stress test, tier {self.tier}: {self.n:,} decisions of {self.n_units:,} units"
        return "\n".join([head, *map(repr, self.proxies.values()), *(str(one) for one in self.findings)])
