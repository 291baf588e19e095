"""Simulated logs whose lifts are known: ten candidates, a softmax logger, an outcome law of our choice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from truenorth.counterfactual import Log, Study
from truenorth.counterfactual.policies import tilt_to

K = 10
DEPTHS = (0.15, 0.35, 0.55, 0.75, 0.95, 1.15)


@dataclass(frozen=True, eq=False)
class Drawn:
    """A log with its truth."""

    log: Log
    score: np.ndarray
    """What is optimised, (n, k)."""
    realised: np.ndarray
    """Realised proxy of what was taken, (n,)."""
    kpi: np.ndarray
    expected: np.ndarray
    """True mean of the KPI of every candidate, (n, k)."""
    features: np.ndarray

    def study(self, **more) -> Study:
        return Study(
            log=self.log, scores={"click": self.score}, kpi=self.kpi, realised={"click": self.realised},
            features=self.features, **more,
        )  # fmt: skip


def softmax(logit: np.ndarray) -> np.ndarray:
    raised = np.exp(logit - logit.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def pick(rng: np.random.Generator, p: np.ndarray) -> np.ndarray:
    return np.minimum((rng.random((len(p), 1)) > p.cumsum(axis=1)).sum(axis=1), p.shape[1] - 1)


@dataclass(frozen=True)
class Law:
    """How a world answers, from the score `s` of a candidate and the trait `u` of its user."""

    kpi: Callable[[np.ndarray, np.ndarray], np.ndarray]
    """Mean of the KPI, a probability."""
    proxy: Callable[[np.ndarray, np.ndarray], np.ndarray] = lambda s, u: s + 0 * u
    """Mean of the realised proxy."""
    score_noise: float = 0.0
    """Deviation of the model's score around the truth."""
    proxy_noise: float = 0.5
    user_in_score: float = 0.0
    """How much of the user's trait the score carries, the same for all candidates."""


LAWS = {
    "null": Law(kpi=lambda s, u: 0.3 + 0.05 * u + 0 * s),
    "aligned": Law(kpi=lambda s, u: 0.3 + 0.03 * s + 0.03 * u),
    "graded": Law(kpi=lambda s, u: 0.5 + 0.0649 * s - 0.0632 * s**2),
    "weak": Law(kpi=lambda s, u: 0.3 + 0.0265 * s - 0.0200 * s**2),
    "causal": Law(kpi=lambda s, u: 0.3 + 0.08 * u + 0 * s, proxy=lambda s, u: s + u, user_in_score=1.0),
    "regressional": Law(kpi=lambda s, u: 0.3 + 0.06 * s + 0 * u, score_noise=1.0),
    "extremal": Law(kpi=lambda s, u: 0.4 + 0.08 * s - 0.06 * np.maximum(s, 0) ** 2 + 0 * u),
    "pure": Law(kpi=lambda s, u: 0.3 + 0.03 * s + 0 * u),
}


def draw(name: str, n: int, seed: int, *, temperature: float = 1.0, unit_size: int = 1) -> Drawn:
    """Draw a log of a world; `temperature` is what the logger used beyond what it logged."""
    rng, law = np.random.default_rng([seed, n]), LAWS[name]
    units = n // unit_size
    u = np.clip(np.repeat(rng.standard_normal(units), unit_size), -2.5, 2.5)[:, None]
    quality, bait = rng.standard_normal((2, n, K))
    s = np.clip((quality + bait) / np.sqrt(2), -2.2, 2.2)
    score = s + law.user_in_score * u + law.score_noise * rng.standard_normal(s.shape)
    logit = 0.5 * quality + 0.1 * bait
    chosen = pick(rng, softmax(logit / temperature))
    taken = np.arange(n), chosen
    expected = np.clip(law.kpi(s, u), 0, 1)
    kpi = (rng.random(n) < expected[taken]).astype(float)
    realised = law.proxy(s, u)[taken] + law.proxy_noise * rng.standard_normal(n)
    log = Log(chosen=chosen, propensity=softmax(logit), unit=np.repeat(np.arange(units), unit_size))
    features = np.stack([score, quality, bait], axis=2)
    return Drawn(log, score, realised, kpi, expected, features)


def true_lifts(name: str, depths=DEPTHS, n: int = 400_000) -> np.ndarray:
    """Return the population's lift at each depth, from the true means."""
    drawn = draw(name, n, 10**6)
    base = drawn.log.propensity
    return np.array(
        [
            float(((tilt_to(base, drawn.score, depth).probability - base) * drawn.expected).sum(1).mean())
            for depth in depths
        ]
    )
