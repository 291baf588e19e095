"""Before anything is estimated: which decisions can be used, and where their probabilities come from.

Tier A has logged probabilities that made the logged actions, tier B estimated ones, tier C none that can be
had: the question is refused, with what to log instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from truenorth.counterfactual.contract import LoggingAudit, Tier
from truenorth.counterfactual.log import SUM_TOLERANCE, Bools, Log
from truenorth.counterfactual.logging_audit import audit_logging
from truenorth.counterfactual.propensities import estimate_propensities, share_picked
from truenorth.errors import Finding, Severity

Floats = NDArray[np.float64]

FEWEST_UNITS = 30
"""Units below which clustered errors do not hold."""
MOST_BROKEN = 0.001
"""Share of decisions with impossible probabilities that are left out; more refuse the log."""
MOST_PICKED = 0.95
"""Share of decisions without a draw from which the logger counts as deterministic."""
_LOG_A_SLICE = "log a softmax slice of 1 to 5 % of traffic with the probability of every candidate"


@dataclass(frozen=True, kw_only=True, eq=False)
class Prepared:
    """A log that can be used, or why it cannot."""

    log: Log
    tier: Tier
    audit: LoggingAudit | None
    findings: tuple[Finding, ...]


def complete_rows(log: Log, per_candidate: Mapping[str, Floats], per_decision: Mapping[str, Floats]) -> Bools:
    """Return which decisions have every number that is needed, shape (n,)."""
    keep = np.ones(log.n, dtype=bool)
    padding = ~log.mask
    if log.propensity is not None:
        keep &= np.isfinite(log.propensity).all(axis=1)
    if log.taken_propensity is not None:
        keep &= np.isfinite(log.taken_propensity)
    for one in per_candidate.values():
        wide = padding if one.ndim == 2 else padding[:, :, None]
        keep &= (np.isfinite(one) | wide).all(axis=tuple(range(1, one.ndim)))
    for one in per_decision.values():
        keep &= np.isfinite(one).all(axis=tuple(range(1, one.ndim)))
    return keep


def possible_rows(log: Log) -> Bools:
    """Return which decisions have probabilities that a draw over the candidates can have had, shape (n,)."""
    if log.propensity is None and log.taken_propensity is None:
        return np.ones(log.n, dtype=bool)
    right = log.propensity_of_taken > 0
    if log.propensity is not None:
        right &= np.abs(log.propensity.sum(axis=1) - 1) <= SUM_TOLERANCE
        right &= (log.propensity >= 0).all(axis=1)
    return np.asarray(right)


def without_impossible(log: Log, keep: Bools) -> tuple[Bools, list[Finding]]:
    """Return the decisions to keep where a few have impossible probabilities; many refuse the log later."""
    broken = keep & ~possible_rows(log)
    share = float(broken.sum()) / max(int(keep.sum()), 1)
    if not 0 < share <= MOST_BROKEN:
        return keep, []
    return keep & ~broken, [_impossible(log, broken, "warn")]


def left_out(keep: Bools) -> list[Finding]:
    """Return the finding that decisions are left out, none where none is."""
    gone = int((~keep).sum())
    if not gone:
        return []
    return [
        Finding(
            code="STRESS006", severity="warn", where="study",
            evidence=f"expected finite scores, features and outcomes, got {gone:,} of {len(keep):,} "
            "decisions with NaN or infinity; they are left out.",
            fix="find out why they are missing: what is missing because of the action biases the lift.",
        )
    ]  # fmt: skip


def prepare(
    log: Log, scores: Mapping[str, Floats], logger_features: Floats | None, *, folds: int, seed: int,
    needs_all: bool = True,
) -> Prepared:  # fmt: skip
    """Return the log with probabilities that can be used, its tier, and what was found on the way.

    Args:
        log: The decisions, every number finite.
        scores: Of each candidate, by name; each of shape (n, k).
        logger_features: What the logger may have looked at, shape (n, k, f).
        folds: Folds of units for estimated probabilities.
        seed: Seed of the folds.
        needs_all: Whether the probability of every candidate is needed, or of what was taken alone.
    """
    refusals = list(_unusable(log))
    if refusals:
        return Prepared(log=log, tier="C", audit=None, findings=tuple(refusals))
    findings = list(_few_units(log))
    if log.propensity is None and (needs_all or log.taken_propensity is None):
        findings.append(_missing(log))
        if logger_features is None and not needs_all:  # a policy's own score is no feature of the logger
            return Prepared(log=log, tier="C", audit=None, findings=tuple(findings))
        return _estimated(log, scores, logger_features, findings, folds=folds, seed=seed)
    broken = ~possible_rows(log)
    if broken.any():
        found = _impossible(log, broken, "error")
        return Prepared(log=log, tier="C", audit=None, findings=(*findings, found))
    if log.propensity is not None and share_picked(log.propensity) > MOST_PICKED:
        return Prepared(log=log, tier="C", audit=None, findings=(*findings, _deterministic(log.propensity)))
    audit = audit_logging(log, scores)
    if audit.passed:
        return Prepared(log=log, tier="A", audit=audit, findings=tuple(findings))
    severity: Severity = "error" if logger_features is None else "warn"
    findings.append(_failed(audit, severity, estimated=False))
    if logger_features is None:
        return Prepared(log=log, tier="C", audit=audit, findings=tuple(findings))
    return _estimated(log, scores, logger_features, findings, folds=folds, seed=seed)


def _estimated(
    log: Log, scores: Mapping[str, Floats], features: Floats | None, findings: list[Finding], *,
    folds: int, seed: int,
) -> Prepared:  # fmt: skip
    """Return the log with probabilities estimated across units: tier B, or C where there was no draw."""
    if features is None and not scores:
        return Prepared(log=log, tier="C", audit=None, findings=tuple(findings))
    known = features if features is not None else np.stack(list(scores.values()), axis=2)
    estimated = estimate_propensities(log, known, folds=folds, seed=seed)
    # An estimate is never as sure as a logger, and cannot tell 5 % of exploration from none.
    if float(estimated.max(axis=1).mean()) > MOST_PICKED:
        return Prepared(log=log, tier="C", audit=None, findings=(*findings, _deterministic(estimated)))
    # A candidate that a separated fit takes for impossible and that was taken would weigh without limit.
    held = log.with_propensity(np.where(log.mask, np.maximum(estimated, 1e-9), 0.0))
    audit = audit_logging(held, scores)
    if not audit.passed:
        findings = [*findings, _failed(audit, "warn", estimated=True)]
    return Prepared(log=held, tier="B", audit=audit, findings=tuple(findings))


def _unusable(log: Log) -> list[Finding]:
    if log.n == 0:
        text = "expected decisions, got none that is complete."
        return [Finding(code="STRESS005", where="log", evidence=text, fix="check the join of log and KPI.")]
    if (log.mask.sum(axis=1) == 1).all():
        return [
            Finding(
                code="STRESS007", where="log.is_candidate",
                evidence="expected the candidates of each decision, got only the one that was taken: what "
                "else could have been done is not known, and weighting rows by a score is a shift of supply, "
                "no policy.",
                fix=f"log every candidate with its score; best, {_LOG_A_SLICE}.",
            )
        ]  # fmt: skip
    return []


def _few_units(log: Log) -> list[Finding]:
    n = int(log.clusters.max()) + 1
    if n >= FEWEST_UNITS:
        return []
    return [
        Finding(
            code="STRESS016", severity="warn", where="log.unit",
            evidence=f"expected at least {FEWEST_UNITS} units, got {n}: errors between so few "
            "units are not known.",
            fix="test a longer period, or take a smaller unit that is still independent.",
        )
    ]  # fmt: skip


def _impossible(log: Log, broken: Bools, severity: Severity) -> Finding:
    """Return the finding that probabilities are none that a draw over the logged candidates can have had."""
    handled = "they are left out" if severity == "warn" else "too many to leave out"
    return Finding(
        code="STRESS010", severity=severity, where="log.propensity",
        evidence=f"expected probabilities that sum to 1 over the candidates and are above 0 where taken, "
        f"got {int(broken.sum()):,} of {log.n:,} decisions without; {handled}.",
        fix="log the probabilities and candidates after deduplication, filters and rules, as they were "
        "drawn from.",
    )  # fmt: skip


def _missing(log: Log) -> Finding:
    return Finding(
        code="STRESS009", severity="warn", where="log.propensity",
        evidence=f"expected logged probabilities, got none for {log.n:,} decisions: they are estimated from "
        "features, and what the logger saw beyond them biases every lift.",
        fix="log the probability of every candidate; until then read the robustness beside each lift.",
    )  # fmt: skip


def _deterministic(propensity: Floats) -> Finding:
    return Finding(
        code="STRESS008", where="log.propensity",
        evidence=f"expected a logger that draws, got one candidate as good as certain in "
        f"{share_picked(propensity):.1%} of decisions (on average {propensity.max(axis=1).mean():.1%}).",
        fix=f"{_LOG_A_SLICE}; or vet the proxies on past experiments.",
    )  # fmt: skip


def _failed(audit: LoggingAudit, severity: Severity, *, estimated: bool) -> Finding:
    worst, limit = max(audit.tests, key=lambda one: abs(one.z)), audit.critical
    source = "estimated" if estimated else "logged"
    return Finding(
        code="STRESS011", severity=severity, where="log.propensity",
        evidence=f"expected the {source} probabilities to make the logged actions, got {worst.name} "
        f"{worst.observed:.4g} instead of {worst.expected:.4g} (z {worst.z:+.1f}, limit {limit:.1f}).",
        fix="add what the logger looked at to the logger's features." if estimated else
        "log the probabilities where the draw is made, after temperature, exploration and filters; or give "
        "the logger's features, so that they can be estimated.",
    )  # fmt: skip
