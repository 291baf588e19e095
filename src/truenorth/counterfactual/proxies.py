"""Which proxies foretold the KPI in past experiments: report cards, and the best mix of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from truenorth.counterfactual.effect_model import (
    EffectModel,
    corrected_covariance,
    mean_noise,
    nearest_covariance,
    precision_weights,
)
from truenorth.counterfactual.result import Result
from truenorth.errors import DataError, Finding
from truenorth.statistics.estimates import codes_of

Floats = NDArray[np.float64]

SIGNIFICANT = 1.96
FEWEST = 20
"""Experiments below which covariances of effects are noise."""
DRAWS = 400


@dataclass(frozen=True, kw_only=True)
class Card(Result):
    """What one proxy did in past experiments."""

    proxy: str
    correlation: float
    """Of true effects on proxy and KPI, noise removed, in [-1, 1]; NaN where a true variance is not > 0."""
    correlation_low: float
    """Lower end of its bootstrap interval over experiments; a draw in which it is undefined counts as -1."""
    naive_correlation: float
    """Of estimated effects, all alike: shared users inflate it, small experiments drown it."""
    sensitivity: float
    """Share of experiments in which the proxy moved significantly."""
    mean_t: float
    """Mean size of its t statistic."""
    direction: float
    """Share with the KPI's sign among experiments whose KPI moved significantly; NaN where none did."""
    proxy_score: float
    """(both significant with one sign, less both with opposite signs) over those with a significant KPI."""
    false_positive_risk: float
    """Chance that the KPI falls where the proxy rises, by the model of true effects."""
    quality: float
    """Correlation of the true KPI effect with the observed proxy effect in the next experiment."""
    fragility: float
    """Share of segments whose effects contradict the overall sign, each over the experiments that have it;
    NaN without segments."""


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class ProxiesReport(Result):
    """What past experiments say of proxies."""

    cards: Mapping[str, Card]
    composite: Mapping[str, float]
    """Weights of the mix that foretells the KPI best; empty where it was refused."""
    composite_quality: float
    composite_quality_low: float
    """Lower end of its bootstrap interval."""
    covariance: Floats
    """Of true effects, the KPI first."""
    naive_covariance: Floats
    n_experiments: int
    n_arms: int
    """Rows: arms of one experiment share its control."""
    model: EffectModel
    findings: tuple[Finding, ...]

    def kpi_effect(self, observed: Floats, noise: Floats) -> tuple[float, float]:
        """Return mean and deviation of an experiment's true KPI effect; NaN marks what is not known."""
        return self.model.kpi_effect(np.asarray(observed, dtype=np.float64), np.asarray(noise))

    def __repr__(self) -> str:
        arms = f"{self.n_arms} arms of " if self.n_arms > self.n_experiments else ""
        lines = [f"Proxies over {arms}{self.n_experiments} experiments"]
        lines += [
            f"  {name}: correlation {one.correlation:.2f} (naive {one.naive_correlation:.2f}), quality "
            f"{one.quality:.2f}, false-positive risk {one.false_positive_risk:.2f}"
            for name, one in self.cards.items()
        ]
        mixed = ", ".join(f"{value:+.3g} {name}" for name, value in self.composite.items())
        lines += [f"  composite: {mixed}"] if mixed else []
        return "\n".join([*lines, *(f"  {finding}" for finding in self.findings)])


def vet_proxies(
    effects: Floats, noise: Floats, names: Sequence[str], *, next_noise: Floats | None = None,
    segments: Floats | None = None, experiment: NDArray[Any] | None = None, level: float = 0.95,
    draws: int = DRAWS, seed: int = 0,
) -> ProxiesReport:  # fmt: skip
    """Return how well proxies foretold the KPI in past experiments.

    Args:
        effects: Estimated effects, shape (experiments, 1 + p); the KPI first.
        noise: Covariance of each experiment's estimates, shape (experiments, 1 + p, 1 + p).
        names: Of the proxies, p of them.
        next_noise: Covariance of the next experiment's estimates; the mean of the past by default, in which
            noisy experiments count less.
        segments: Effects by segment, shape (experiments, segments, 1 + p).
        experiment: Which experiment each row is an arm of, shape (experiments,); its own by default.
        level: Confidence of bootstrap intervals.
        draws: Bootstrap draws over experiments.
        seed: Seed of the draws.

    Examples:
        >>> rng = np.random.default_rng(0)
        >>> kpi = rng.standard_normal(100)
        >>> truth = np.stack([kpi, kpi + 0.1 * rng.standard_normal(100)], axis=1)
        >>> noise = np.tile(0.1 * np.eye(2), (100, 1, 1))
        >>> found = vet_proxies(truth + 0.3 * rng.standard_normal((100, 2)), noise, ["early"])
        >>> found.cards["early"].correlation > 0.9
        True
    """
    effects, noise = np.asarray(effects, dtype=np.float64), np.asarray(noise, dtype=np.float64)
    _check(effects, noise, names)
    keep = np.asarray(np.isfinite(effects).all(axis=1) & np.isfinite(noise).all(axis=(1, 2)))
    findings = _left_out(keep)
    effects, noise = effects[keep], noise[keep]
    parts = None if segments is None else np.asarray(segments, dtype=np.float64)[keep]
    whole = np.arange(len(effects)) if experiment is None else codes_of(np.asarray(experiment)[keep])
    n_experiments = len(np.unique(whole))
    if n_experiments < FEWEST:
        findings.append(_few(n_experiments))
    if n_experiments < 3:
        return _refused(len(names), n_experiments, len(effects), findings)
    ahead = mean_noise(noise) if next_noise is None else np.asarray(next_noise, dtype=np.float64)
    raw = corrected_covariance(effects, noise)
    middle = np.average(effects, axis=0, weights=precision_weights(noise))
    model = EffectModel(nearest_covariance(raw), middle)
    weights = model.composite(ahead)
    drawn = _bootstrap(effects, noise, whole, ahead, draws=draws, seed=seed)
    low = np.nanquantile(drawn, (1 - level) / 2, axis=0)
    quality_low = float(low[-1])
    if not quality_low >= 0:
        findings.append(_worthless(quality_low))
    cards = {
        name: _card(name, at, effects, noise, raw, model, ahead, float(low[at - 1]), parts)
        for at, name in enumerate(names, start=1)
    }
    mixed = dict(zip(names, map(float, weights), strict=True)) if quality_low >= 0 else {}
    return ProxiesReport(
        cards=cards, composite=mixed, composite_quality=model.quality(weights, ahead),
        composite_quality_low=quality_low, covariance=model.truth,
        naive_covariance=np.atleast_2d(np.cov(effects, rowvar=False)), n_experiments=n_experiments,
        n_arms=len(effects), model=model, findings=tuple(findings),
    )  # fmt: skip


def _card(
    name: str, at: int, effects: Floats, noise: Floats, raw: Floats, model: EffectModel, ahead: Floats,
    correlation_low: float, segments: Floats | None,
) -> Card:  # fmt: skip
    t = effects / np.sqrt(noise[:, range(noise.shape[1]), range(noise.shape[1])])
    kpi_moved, moved = np.abs(t[:, 0]) > SIGNIFICANT, np.abs(t[:, at]) > SIGNIFICANT
    agrees = np.sign(effects[:, 0]) == np.sign(effects[:, at])
    n_kpi = int(kpi_moved.sum())
    both = kpi_moved & moved
    one = np.zeros(len(raw) - 1)
    one[at - 1] = 1.0
    correlation = _correlation(raw, at)
    with np.errstate(all="ignore"):
        naive = float(np.corrcoef(effects[:, 0], effects[:, at])[0, 1])
    return Card(
        proxy=name, correlation=correlation,
        correlation_low=correlation_low if np.isfinite(correlation) else float("nan"),
        naive_correlation=naive, sensitivity=float(moved.mean()), mean_t=float(np.abs(t[:, at]).mean()),
        direction=float(agrees[kpi_moved].mean()) if n_kpi else float("nan"),
        proxy_score=(float(both[agrees].sum()) - float(both[~agrees].sum())) / n_kpi
        if n_kpi else float("nan"),
        false_positive_risk=_opposite(model, at), quality=model.quality(one, ahead),
        fragility=_fragility(effects, segments, at),
    )  # fmt: skip


def _correlation(covariance: Floats, at: int) -> float:
    below = covariance[0, 0] * covariance[at, at]
    if covariance[0, 0] <= 0 or covariance[at, at] <= 0:
        return float("nan")
    return float(np.clip(covariance[0, at] / np.sqrt(below), -1.0, 1.0))


def _opposite(model: EffectModel, at: int) -> float:
    """Return `P(KPI < 0 | proxy > 0)` of true effects under the fitted normal law."""
    part = [0, at]
    middle, spread = model.mean[part], np.sqrt(np.diag(model.truth)[part])
    if not (spread > 0).all():
        return float("nan")
    r = float(np.clip(model.truth[0, at] / (spread[0] * spread[1]), -0.999999, 0.999999))
    # P(N < 0, P > 0) = P(N < 0) - P(N < 0, P < 0)
    low = -middle / spread
    joint = float(stats.multivariate_normal(mean=[0, 0], cov=[[1, r], [r, 1]]).cdf(low))
    rises = float(stats.norm.sf(low[1]))
    return (float(stats.norm.cdf(low[0])) - joint) / rises if rises > 0 else float("nan")


def _fragility(effects: Floats, segments: Floats | None, at: int) -> float:
    """Return the share of segments in which the proxy's sign against the KPI's is not the overall one."""
    if segments is None:
        return float("nan")
    overall = np.sign(np.cov(effects[:, 0], effects[:, at])[0, 1])
    pairs = [segments[:, one][:, [0, at]] for one in range(segments.shape[1])]
    known = [one[np.isfinite(one).all(axis=1)] for one in pairs]
    inside = [np.sign(np.cov(one, rowvar=False)[0, 1]) for one in known if len(one) > 2]
    return float(np.mean(np.array(inside) != overall)) if inside else float("nan")


def _bootstrap(
    effects: Floats, noise: Floats, whole: NDArray[np.int64], ahead: Floats, *, draws: int, seed: int
) -> Floats:
    """Return correlations of each proxy and the quality of a composite chosen anew, per draw of experiments.

    The composite is chosen on the draw and judged on the experiments that were not drawn, so that a mix of
    noise shows as one. A correlation without a variance above 0 could be anything: it counts as -1.
    """
    rng = np.random.default_rng(seed)
    order = np.argsort(whole, kind="stable")
    arms = np.split(order, np.cumsum(np.bincount(whole))[:-1])
    n, p = len(arms), effects.shape[1] - 1
    found = np.full((draws, p + 1), np.nan)
    for draw in range(draws):
        picked = rng.integers(0, n, n)
        rows = np.concatenate([arms[one] for one in picked])
        raw = corrected_covariance(effects[rows], noise[rows], n_drawn=n)
        found[draw, :p] = np.nan_to_num([_correlation(raw, at) for at in range(1, p + 1)], nan=-1.0)
        rest = np.setdiff1d(np.arange(len(effects)), rows)
        if len(rest) < 3:
            continue
        mix = EffectModel(nearest_covariance(raw), effects[rows].mean(axis=0)).composite(ahead)
        other = corrected_covariance(effects[rest], noise[rest])
        seen = float(mix @ (nearest_covariance(other)[1:, 1:] + ahead[1:, 1:]) @ mix)
        spread = max(float(nearest_covariance(other)[0, 0]), 1e-300)
        found[draw, p] = float(mix @ other[1:, 0]) / np.sqrt(spread * seen) if seen > 0 else 0.0
    return found


def _check(effects: Floats, noise: Floats, names: Sequence[str]) -> None:
    wide = 1 + len(names)
    right = effects.ndim == 2 and effects.shape[1] == wide and noise.shape == (len(effects), wide, wide)
    if right:
        return
    raise DataError(
        Finding(
            code="STRESS036", where="effects",
            evidence=f"expected effects of shape (experiments, {wide}) with a covariance each, the KPI "
            f"first, got {effects.shape} and {noise.shape}.",
            fix="give one row per experiment and one column per metric.",
        )
    )  # fmt: skip


def _left_out(keep: NDArray[np.bool_]) -> list[Finding]:
    gone = int((~keep).sum())
    if not gone:
        return []
    return [
        Finding(
            code="STRESS037", severity="warn", where="effects",
            evidence=f"expected finite effects, got {gone} of {len(keep)} rows with NaN; left out.",
            fix="give the KPI's effect too, or leave the experiment out on purpose.",
        )
    ]  # fmt: skip


def _few(n: int) -> Finding:
    return Finding(
        code="STRESS038", severity="warn", where="effects",
        evidence=f"expected at least {FEWEST} experiments, got {n}: how effects go together is not known.",
        fix="add older experiments, or arms of them.",
    )  # fmt: skip


def _worthless(low: float) -> Finding:
    return Finding(
        code="STRESS039", where="composite",
        evidence=f"expected a mix of proxies that foretells the KPI, got a quality whose interval starts at "
        f"{low:.2f}: it may point the wrong way.",
        fix="use the KPI itself, longer or larger experiments, or other proxies.",
    )  # fmt: skip


def _refused(p: int, n: int, arms: int, findings: list[Finding]) -> ProxiesReport:
    nothing = np.full((1 + p, 1 + p), np.nan)
    return ProxiesReport(
        cards={}, composite={}, composite_quality=float("nan"), composite_quality_low=float("nan"),
        covariance=nothing, naive_covariance=nothing, n_experiments=n, n_arms=arms,
        model=EffectModel(nothing, nothing[0]), findings=tuple(findings),
    )  # fmt: skip
