"""What if candidates learn to look better than they are: a scenario, which no log can prove or refute.

The user names which candidates can be gamed and how much; the score they would get is `s + strength * g`.
The policy of the gamed score is evaluated on the log as it is: candidates keep their KPI and win places that
they did not earn.

References:
    Milli, Pierson and Garg (2023). Choosing the right weights. arXiv 2305.17428.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from truenorth.counterfactual.contract import Options
from truenorth.counterfactual.log import check_shape
from truenorth.counterfactual.result import Result
from truenorth.counterfactual.stress import stress
from truenorth.counterfactual.study import Study
from truenorth.errors import Finding

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Gamed(Result):
    """One strength of gaming at one depth."""

    strength: float
    """In standard deviations of the score."""
    depth: float
    kpi_lift: float
    error: float


@dataclass(frozen=True, kw_only=True, repr=False)
class Scenario(Result):
    """What the KPI would do if a proxy were gamed as described: an assumption, not a finding of the log."""

    proxy: str
    assumption: str
    points: tuple[Gamed, ...]
    findings: tuple[Finding, ...]

    def __repr__(self) -> str:
        head = f"Scenario, not evidence: {self.proxy} gamed ({self.assumption})"
        lines = [
            f"  strength {one.strength:g} at depth {one.depth:.2f}: KPI {one.kpi_lift:+.4g}"
            for one in self.points
        ]
        return "\n".join([head, *lines])


def what_if(
    study: Study, proxy: str, gaming: Floats, *, strengths: Sequence[float] = (0.0, 0.5, 1.0),
    assumption: str = "as the user supplied it", options: Options | None = None, seed: int = 0,
) -> Scenario:  # fmt: skip
    """Return what the KPI would do if candidates raised their score of a proxy without being better.

    Args:
        study: The study.
        proxy: Name of the score that is gamed.
        gaming: How much each candidate can and would raise it, 0 to 1, shape (n, k).
        strengths: Multiples of the score's standard deviation, tried in turn.
        assumption: How the user describes it; printed beside every number.
        options: As in `stress`.
        seed: Seed of folds and draws.
    """
    gaming = np.asarray(gaming, dtype=np.float64)
    score = study.scores[proxy]
    check_shape("gaming", gaming, score.shape)
    spread = float(score[study.log.mask].std())
    points, findings = [], []
    # The outcome model keeps the features it had: only the score that is optimised is gamed.
    kept = replace(study, features=study.candidate_features, groups={}, segments={})
    for strength in strengths:
        gamed = {proxy: score + strength * spread * gaming}
        report = stress(replace(kept, scores=gamed, realised={}), options=options, seed=seed)
        findings = [one for one in report.findings if one.severity != "info"]
        points += [
            Gamed(
                strength=float(strength), depth=one.depth, kpi_lift=one.kpi_lift.value,
                error=one.kpi_lift.error,
            )
            for one in report.proxies[proxy].grid
        ]  # fmt: skip
    findings.append(
        Finding(
            code="STRESS032", severity="info", where=f"what_if.{proxy}",
            evidence=f"expected evidence, got a scenario: {assumption}. No log of the present policy holds "
            "how creators would react to another.",
            fix="use it to choose guardrails, not to release.",
        )
    )  # fmt: skip
    return Scenario(proxy=proxy, assumption=assumption, points=tuple(points), findings=tuple(findings))
