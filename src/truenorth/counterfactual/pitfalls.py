"""What goes wrong in stress tests elsewhere, and is named here before anybody acts on it.

Each check looks at the arrays, or at what the caller says of them, and returns findings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from truenorth.counterfactual.contract import Depth, Naive, Robustness, Tier, Verdict
from truenorth.counterfactual.policies import tilt
from truenorth.counterfactual.sentences import change_text
from truenorth.counterfactual.study import Study
from truenorth.counterfactual.support import tail_index
from truenorth.errors import Finding
from truenorth.statistics.estimates import codes_of

Floats = NDArray[np.float64]

HEAVY_TAIL = 0.25
LEAST_ROBUST = 0.02
"""Share of what is unexplained that an unseen cause may explain before the lift is undone."""
DRIFT = 0.1
"""Relative change of the number of candidates between halves of the period that is worth a word."""


def realised_as_score(study: Study) -> Iterator[Finding]:
    """Find a score that is what happened, not what was predicted."""
    for name, score in study.scores.items():
        taken = study.log.of_chosen(score)
        for other, realised in {**study.realised, "kpi": study.outcome}.items():
            if realised.std() > 0 and np.allclose(taken, realised, rtol=1e-9, atol=1e-12):
                yield Finding(
                    code="STRESS012", where=f"scores.{name}",
                    evidence=f"expected a prediction of every candidate made before the decision, got what "
                    f"happened afterwards ({other}).",
                    fix="score the candidates with a model that was frozen before these decisions.",
                )  # fmt: skip


def constant_score(study: Study) -> Iterator[Finding]:
    """Find a score that is the same for all candidates of a decision."""
    mask = study.log.mask
    for name, score in study.scores.items():
        high = np.where(mask, score, -np.inf).max(axis=1)
        low = np.where(mask, score, np.inf).min(axis=1)
        if not (high > low).any():
            yield Finding(
                code="STRESS028", where=f"scores.{name}",
                evidence="expected scores that differ between candidates, got the same for all of them in "
                "every decision: no policy can take more of it.",
                fix="score candidates, not users.",
            )  # fmt: skip


def trained_on_these(study: Study) -> Iterator[Finding]:
    """Find scores that were fitted on the decisions they are tested on."""
    trained = study.provenance.trained_on
    if trained is not None and trained.any():
        yield Finding(
            code="STRESS014", severity="warn", where="provenance.trained_on",
            evidence=f"expected scores of models that did not see these decisions, got "
            f"{int(trained.sum()):,} of {len(trained):,} decisions in their training rows; those are left "
            "out.",
            fix="fit the scores across units, or on an earlier period.",
        )  # fmt: skip


def shared_kpi(study: Study) -> Iterator[Finding]:
    """Find a KPI of units that is taken for one of decisions."""
    log, kpi = study.log, study.outcome
    count = np.bincount(log.units)
    several = count > 1
    if study.per == "unit" or several.sum() < 10 or not kpi.std() > 0:
        return
    first = np.unique(log.units, return_index=True)[1]
    same = np.bincount(log.units, weights=np.abs(kpi - kpi[first][log.units])) == 0
    if same[several].all() and kpi[first][several].std() > 0:
        yield Finding(
            code="STRESS015", where="per",
            evidence=f"expected a KPI of each decision, got one value for all decisions of each of "
            f"{int(several.sum()):,} units with several: their errors are not independent.",
            fix="pass per='unit'.",
        )  # fmt: skip


def broken_units(study: Study) -> Iterator[Finding]:
    """Find a KPI of units that differs between decisions of a unit."""
    if study.per == "decision" or not study.log.n:
        return
    log, kpi = study.log, study.outcome
    first = np.unique(log.units, return_index=True)[1]
    off = int((kpi != kpi[first][log.units]).sum())
    if off:
        yield Finding(
            code="STRESS029", where="kpi",
            evidence=f"expected one KPI per unit, got another value on {off:,} of {log.n:,} decisions.",
            fix="sum the KPI over the unit's horizon and repeat it, or make the unit a unit and week.",
        )  # fmt: skip


def changing_candidates(study: Study) -> Iterator[Finding]:
    """Find candidate sets that became larger or smaller over time."""
    if study.log.time is None or study.log.n < 100:
        return
    late = _later_half(study)
    if not late.any():  # one mailing, one time
        return
    size = study.log.mask.sum(axis=1)
    early_size, late_size = float(size[~late].mean()), float(size[late].mean())
    if abs(late_size / early_size - 1) > DRIFT:
        yield Finding(
            code="STRESS018", severity="warn", where="log.is_candidate",
            evidence=f"expected candidate sets that stay alike, got {early_size:.1f} candidates on average "
            f"in the first half and {late_size:.1f} in the second: retrieval changed on the way.",
            fix="test each period by itself; weights say nothing of candidates that were filtered away.",
        )  # fmt: skip


def _later_half(study: Study) -> NDArray[np.bool_]:
    order = codes_of(np.asarray(study.log.time))
    return np.asarray(order > np.median(order))


def mixed_loggers(study: Study) -> Iterator[Finding]:
    """Find several loggers without probabilities of their own."""
    if study.log.logger is None:
        return
    names = np.unique(study.log.logger)
    if len(names) > 1 and study.log.propensity is None:
        yield Finding(
            code="STRESS019", severity="warn", where="log.logger",
            evidence=f"expected one logger, or probabilities of each, got {len(names)} loggers and one "
            "estimated probability for all.",
            fix="log the probabilities of each, and weigh by their mixture (`balanced`), or test one logger.",
        )  # fmt: skip


def overlapping_windows(study: Study) -> Iterator[Finding]:
    """Find a KPI that counts in the same time as the proxy."""
    proxy, kpi = study.provenance.proxy_window, study.provenance.kpi_window
    if proxy is not None and kpi is not None and kpi[0] < proxy[1] and proxy[0] < kpi[1]:
        yield Finding(
            code="STRESS020", severity="warn", where="provenance.kpi_window",
            evidence=f"expected a KPI that starts after the proxy's window {proxy[0]:g} to {proxy[1]:g}, got "
            f"{kpi[0]:g} to {kpi[1]:g}: the proxy's own events count as its success.",
            fix=f"start the KPI at {proxy[1]:g}.",
        )  # fmt: skip


def heavy_tailed(study: Study, name: str) -> Iterator[Finding]:
    """Find a score whose tail is so heavy that a budget of divergence does not bound what it does."""
    held = study.log.mask
    score = study.scores[name]
    middle = tilt(study.log.base, score, 0.0).mean_score
    above = np.maximum((score - middle[:, None])[held], 0.0)
    tail = tail_index(above)
    if np.isfinite(tail) and tail > HEAVY_TAIL:
        yield Finding(
            code="STRESS024", severity="warn", where=f"scores.{name}",
            evidence=f"expected scores with a light tail, got a tail index of {tail:.2f} > {HEAVY_TAIL}: "
            "a small divergence can take extreme candidates only.",
            fix="rank the scores within each decision first.",
        )  # fmt: skip


def beyond_support(
    name: str, limit: float, asked: tuple[float, ...], reasons: tuple[str, ...]
) -> list[Finding]:
    """Find depths that were asked for and that the log does not reach."""
    beyond = [f"{one:g}" for one in asked if one > limit]
    if not beyond:
        return []
    return [
        Finding(
            code="STRESS022", severity="info", where=f"proxies.{name}",
            evidence=f"expected support at depths {', '.join(beyond)}, got a log that ends at {limit:g} "
            f"({', '.join(reasons)}): no claim is made there.",
            fix="log more exploration, or more decisions.",
        )
    ]  # fmt: skip


def misleading_naive_curve(name: str, naive: Naive, grid: tuple[Depth, ...], unit: str) -> list[Finding]:
    """Find that weighting rows by the proxy would have told another story."""
    if not naive.misleads:
        return []
    ends = [*naive.by_realised[-1:], *naive.by_score[-1:]]
    lift = grid[-1].kpi_lift.value
    worst = max(ends, key=lambda one: abs(one - lift))
    return [
        Finding(
            code="STRESS026", severity="warn", where=f"proxies.{name}",
            evidence="expected rows weighted by the proxy to tell what a policy does, got a lift of "
            f"{change_text(worst, unit, signed=True)} where the policy's is "
            f"{change_text(lift, unit, signed=True)}: selection of users.",
            fix="do not read the KPI of rows with much of the proxy as what more of it would bring.",
        )
    ]  # fmt: skip


def not_safe_everywhere(name: str, verdict: Verdict) -> list[Finding]:
    """Say that an aligned proxy was tested up to a depth only, and by a log that holds no reactions to it.

    The same of all of them, so that a page says it once; where each curve ends stands with it.
    """
    if verdict != "ALIGNED":
        return []
    return [
        Finding(
            code="STRESS025", severity="info", where=f"proxies.{name}",
            evidence="expected 'aligned' to be read up to the deepest depth that was tested, where the curve "
            "ends; beyond it nothing is known.",
            fix="repeat the test after each release that pushes further.",
        )
    ]  # fmt: skip


def fragile(name: str, tier: Tier, robustness: Robustness, lift: float) -> list[Finding]:
    """Find a lift on estimated probabilities that a cause like an observed one would undo."""
    if tier != "B" or not robustness.robustness_value > 0:
        return []
    strongest = max((bound for _, _, bound in robustness.benchmarks.values()), default=0.0)
    if robustness.robustness_value >= LEAST_ROBUST and strongest < abs(lift):
        return []
    return [
        Finding(
            code="STRESS027", severity="warn", where=f"proxies.{name}",
            evidence="expected a lift that survives what the logger saw beyond the log, got one that a cause "
            f"undoes that explains {robustness.robustness_value:.1%} of outcome and weights.",
            fix="log the probabilities.",
        )
    ]  # fmt: skip


def no_reactions() -> Finding:
    """Say what no log of one policy holds."""
    return Finding(
        code="STRESS023", severity="info", where="study",
        evidence="expected creators, sellers and competitors to stay as they are: how they react to another "
        "policy, and how decisions for one user touch another, is not in the log.",
        fix="name what can be gamed and run a what-if; measure the rest in an experiment by cluster.",
    )  # fmt: skip


CHECKS: tuple[Callable[[Study], Iterator[Finding]], ...] = (
    realised_as_score, constant_score, shared_kpi, broken_units, changing_candidates, mixed_loggers,
    overlapping_windows,
)  # fmt: skip
"""Checks of a study before anything is estimated; an error refuses it."""


def check(study: Study) -> list[Finding]:
    """Return what the arrays of a study give away."""
    return [finding for one in CHECKS for finding in one(study)] if study.log.n else []
