"""What another policy would have been worth, with its evidence, or why the log cannot say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from truenorth.counterfactual import estimators
from truenorth.counterfactual.bands import clustered_error
from truenorth.counterfactual.contract import Options, Shadow, Tier
from truenorth.counterfactual.effects import overlap_of, see_policy
from truenorth.counterfactual.estimators import ESTIMATORS, TUNED, Weighted
from truenorth.counterfactual.log import SUM_TOLERANCE, Log, check_shape
from truenorth.counterfactual.outcome import cross_fit
from truenorth.counterfactual.prepare import (
    Prepared,
    complete_rows,
    left_out,
    prepare,
    without_impossible,
)
from truenorth.counterfactual.result import Result
from truenorth.counterfactual.support import Support, support_of
from truenorth.counterfactual.tuning import slope_rule
from truenorth.errors import DataError, Finding, suggest
from truenorth.statistics.estimates import Estimate, mean

Floats = NDArray[np.float64]

NAMES = (*ESTIMATORS, *TUNED, "direct")
CLIP_AT = 10.0
"""Largest weight in the conservative lower bound."""


@dataclass(frozen=True, kw_only=True, repr=False)
class PolicyValue(Result):
    """The value of a policy, its lift over the logged one, and what they rest on."""

    estimator: str
    tier: Tier
    value: float | None
    """Mean outcome under the policy; None where the log cannot say."""
    error: float | None
    """Standard error, clustered by unit."""
    low: float | None
    high: float | None
    lift: float | None
    """Value less the logged mean, on the same decisions."""
    lift_error: float | None
    lower_bound: float | None
    """Conservative lower bound of a non-negative outcome's value, on clipped weights: for a go or no-go."""
    logged: float
    """Mean outcome of the log."""
    n: int
    n_units: int
    support: Support | None
    others: Mapping[str, Shadow]
    """The value by every estimator."""
    findings: tuple[Finding, ...]

    def __repr__(self) -> str:
        if self.value is None:
            head = f"PolicyValue: not assessed over {self.n:,} decisions"
        elif self.low is None:
            head = f"PolicyValue: {self.value:.4g} ({self.estimator}, no interval), logged {self.logged:.4g}"
        else:
            ends = f"[{self.low:.4g}, {self.high:.4g}]"
            head = f"PolicyValue: {self.value:.4g} {ends} ({self.estimator}), logged {self.logged:.4g}"
        return "\n".join([head, *(f"  {one}" for one in self.findings)])


def off_policy_value(
    log: Log, policy: Floats, outcome: Floats, *, estimator: str = "sndr", features: Floats | None = None,
    logger_features: Floats | None = None, options: Options | None = None, seed: int = 0,
) -> PolicyValue:  # fmt: skip
    """Return what the outcome would have been under another policy.

    Args:
        log: The decisions.
        policy: Probability with which the policy takes each candidate, shape (n, k); sums to 1.
        outcome: Of the candidate that was taken, shape (n,).
        estimator: A name of `NAMES`; `direct` gets no interval.
        features: What is known of each candidate beforehand, shape (n, k, f); without, nothing is modelled.
        logger_features: What the logger may have looked at, for probabilities that were not logged.
        options: Confidence, folds, outcome model, support rule.
        seed: Seed of the folds.

    Examples:
        >>> rng = np.random.default_rng(0)
        >>> log = Log(chosen=rng.integers(0, 2, 1000), propensity=np.full((1000, 2), 0.5))
        >>> always_second = np.tile([0.0, 1.0], (1000, 1))
        >>> off_policy_value(log, always_second, log.chosen.astype(float)).value
        1.0
    """
    options = Options() if options is None else options
    policy, outcome = np.asarray(policy, dtype=np.float64), np.asarray(outcome, dtype=np.float64)
    check_shape("policy", policy, log.mask.shape)
    check_shape("outcome", outcome, (log.n,))
    _check_name(estimator)
    given = {
        name: one
        for name, one in {"policy": policy, "features": features, "logger": logger_features}.items()
        if one is not None
    }
    complete = complete_rows(log, given, {"outcome": outcome})
    keep, broken = without_impossible(log, complete)
    kept = {name: one[keep] for name, one in given.items()}
    log, policy, outcome = log.take(keep), kept["policy"], outcome[keep]
    score = np.where(log.mask, np.log(np.maximum(policy, 1e-6)), 0.0)
    prepared = prepare(
        log, {"policy": score}, kept.get("logger"), folds=options.folds, seed=seed, needs_all=False
    )
    findings = [*left_out(complete), *broken, *prepared.findings, *_normalised(log, policy)]
    if prepared.tier == "C" or any(one.code == "STRESS013" for one in findings):
        return _refused(estimator, prepared, outcome, None, findings)
    seen = see_policy(prepared.log, policy)
    support = support_of(seen.weight, log.clusters, overlap=overlap_of(policy, prepared.log))
    failures = support.failures(options.support)
    is_point = support.carries_a_point(options.support, log.n)
    if failures and not is_point:
        return _refused(estimator, prepared, outcome, support, [*findings, _unsupported(failures)])
    findings += [_point_only(support)] if is_point else []
    predicted = np.zeros(log.mask.shape)
    if "features" in kept:
        predicted = cross_fit(
            log, kept["features"], outcome, model=options.model, folds=options.folds, seed=seed
        )
    target = np.einsum("nk,nk->n", policy, predicted)
    sample = Weighted(seen.weight, outcome, np.asarray(log.of_chosen(predicted)), target)
    return _answer(estimator, prepared, sample, support, findings, options, is_point=is_point)


def _answer(
    estimator: str, prepared: Prepared, sample: Weighted, support: Support, findings: list[Finding],
    options: Options, *, is_point: bool,
) -> PolicyValue:  # fmt: skip
    log = prepared.log
    found = {name: _estimate(name, sample, log) for name in NAMES}
    others = {
        name: Shadow(
            value=one.value,
            error=None if is_point or name == "direct" else clustered_error(one.influence, log.clusters),
        )
        for name, one in found.items()
    }
    chosen, error = found[estimator], others[estimator].error
    lift = chosen - mean(sample.outcome)
    wide = float(stats.norm.ppf(0.5 + options.level / 2)) * error if error is not None else None
    direct = [_no_interval()] if estimator == "direct" else []
    return PolicyValue(
        estimator=estimator, tier=prepared.tier, value=chosen.value, error=error,
        low=None if wide is None else chosen.value - wide,
        high=None if wide is None else chosen.value + wide,
        lift=lift.value,
        lift_error=None if error is None else clustered_error(lift.influence, log.clusters),
        lower_bound=conservative_bound(sample, log, level=options.level),
        logged=float(sample.outcome.mean()), n=log.n, n_units=log.n_units, support=support, others=others,
        findings=(*findings, *direct),
    )  # fmt: skip


def _estimate(name: str, sample: Weighted, log: Log) -> Estimate:
    if name in ESTIMATORS:
        return ESTIMATORS[name](sample)
    if name == "direct":
        return estimators.direct(sample)
    tuned = TUNED[name]
    return slope_rule(
        lambda limit: tuned(sample, limit), lambda influence: clustered_error(influence, log.clusters)
    )[1]


def conservative_bound(sample: Weighted, log: Log, *, level: float, limit: float = CLIP_AT) -> float | None:
    """Return a lower bound of the value that holds for any number of decisions, None for negative outcomes.

    The empirical Bernstein bound of `min(w, limit) Y` per unit; clipping can only lower it.

    References:
        Maurer and Pontil (2009). Empirical Bernstein bounds and sample variance penalization. COLT.
    """
    if (sample.outcome < 0).any() or log.n_units < 2:
        return None
    count = np.bincount(log.clusters)
    value = (
        np.bincount(log.clusters, weights=np.minimum(sample.weight, limit) * sample.outcome) / count.mean()
    )
    n, largest = len(value), limit * float(sample.outcome.max()) * float(count.max() / count.mean())
    logarithm = float(np.log(2 / (1 - level)))
    spread = float(np.sqrt(2 * value.var(ddof=1) * logarithm / n))
    return float(value.mean()) - spread - 7 * largest * logarithm / (3 * (n - 1))


def _check_name(estimator: str) -> None:
    if estimator not in NAMES:
        fix = suggest(estimator, NAMES, otherwise=f"choose one of {', '.join(NAMES)}.")
        text = f"expected a known estimator, got {estimator!r}."
        raise DataError(Finding(code="STRESS030", where="estimator", evidence=text, fix=fix))


def _normalised(log: Log, policy: Floats) -> list[Finding]:
    sums = policy.sum(axis=1)
    outside = (policy < 0).any(axis=1) | (np.where(log.mask, 0.0, policy) > 0).any(axis=1)
    wrong = (np.abs(sums - 1) > SUM_TOLERANCE) | outside
    if not wrong.any():
        return []
    return [
        Finding(
            code="STRESS013", where="policy",
            evidence=f"expected probabilities that sum to 1 over the candidates of each decision, got "
            f"{int(wrong.sum()):,} of {log.n:,} decisions without ({sums.min():.3g} to {sums.max():.3g}): "
            "without its own normaliser it selects users, not choices.",
            fix="divide by the sum over the candidates of the decision.",
        )
    ]  # fmt: skip


def _unsupported(failures: list[str]) -> Finding:
    return Finding(
        code="STRESS031", where="policy",
        evidence=f"expected a policy that the log supports, got {', '.join(failures)}.",
        fix="evaluate a policy nearer to the logged one, or log more exploration.",
    )  # fmt: skip


def _point_only(support: Support) -> Finding:
    return Finding(
        code="STRESS048", severity="warn", where="policy",
        evidence=f"expected weights with a tail index of at most 0.5, got {support.tail:.2f}: the value is "
        "shown, an interval would not hold.",
        fix="evaluate a policy nearer to the logged one, or log more exploration.",
    )  # fmt: skip


def _no_interval() -> Finding:
    return Finding(
        code="STRESS017", severity="warn", where="estimator",
        evidence="expected an estimate that the randomisation corrects, got the outcome model alone: its "
        "intervals cover the truth in about a third of cases, so none is given.",
        fix="use sndr; read direct beside it.",
    )  # fmt: skip


def _refused(
    estimator: str, prepared: Prepared, outcome: Floats, support: Support | None, findings: list[Finding]
) -> PolicyValue:
    logged = float(outcome.mean()) if len(outcome) else float("nan")
    return PolicyValue(
        estimator=estimator, tier=prepared.tier, value=None, error=None, low=None, high=None, lift=None,
        lift_error=None, lower_bound=None, logged=logged, n=prepared.log.n, n_units=prepared.log.n_units,
        support=support, others={}, findings=tuple(findings),
    )  # fmt: skip
