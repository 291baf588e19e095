"""Threshold: acts above a threshold that keeps a promise, and does not act where nothing can be promised."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from truenorth.decision.contract import Batch, Decisions, Floats
from truenorth.decision.guarantee import Guarantee, guaranteed_threshold, risk_of
from truenorth.decision.plain import choice, plain_findings, read_findings, weights
from truenorth.decision.values import score
from truenorth.errors import Finding
from truenorth.examples.dataset import Dataset
from truenorth.framing.framing import Framing

PASS = "pass"
REASONS = ("above threshold", "below threshold", "no guarantee", "no score")


@dataclass(frozen=True)
class ThresholdPolicy:
    """Acts above a threshold."""

    framing: Framing = field(repr=False)
    guarantee: Guarantee
    """The threshold and what it promises."""
    findings: tuple[Finding, ...] = ()
    """A promise that cannot be given; rows that are not independent."""
    form: str = "threshold"

    def decide(self, batch: Batch, *, seed: int = 0) -> Decisions:
        """Act where the score is above the threshold; on no row where nothing is promised."""
        declared = self.framing.policy.threshold if self.framing.policy else None
        assert declared is not None
        scores = _scores(batch, declared.task)
        threshold = self.guarantee.threshold
        acted = np.zeros(batch.n_rows, dtype=bool) if threshold is None else scores > threshold
        reason = np.where(acted, 0, np.where(np.isnan(scores), 3, 1 if threshold is not None else 2))
        return Decisions(
            score=score(batch, self.framing),
            action=choice((declared.act, self.otherwise), np.where(acted, 0, 1)),
            reason=choice(REASONS, reason),
        )

    @property
    def otherwise(self) -> str:
        """What is done at or below the threshold: the declared fallback, else `pass`."""
        fallback = self.framing.policy.fallback if self.framing.policy else None
        return fallback.action if fallback and fallback.action else PASS

    def sentence(self) -> str:
        """Return the policy in one sentence."""
        declared = self.framing.policy.threshold if self.framing.policy else None
        assert declared is not None
        one = self.guarantee
        if one.threshold is None:
            return (
                f"Nothing is acted on, because {one.keep} cannot be promised with "
                f"{one.confidence:.4g} confidence: {one.note}; at least {one.needed:,} {one.of} are needed."
            )
        return (
            f"{declared.act[0].upper()}{declared.act[1:]} where {declared.task} is above "
            f"{one.threshold:.4g}: {one.keep} holds with {one.confidence:.4g} confidence "
            f"by {one.n:,} {one.of}."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the threshold and its promise as JSON values."""
        return {
            "form": self.form,
            "guarantee": asdict(self.guarantee),
            "findings": plain_findings(self.findings),
            "sentence": self.sentence(),
        }


def fit_threshold(
    framing: Framing, batch: Batch, dataset: Dataset | None, *, seed: int = 0, share: float = 1.0
) -> ThresholdPolicy:
    """Set the threshold on labelled rows that no model and no calibrator saw."""
    declared = framing.policy.threshold if framing.policy else None
    assert declared is not None
    risk_of(declared.keep, declared.task, declared.act)
    scores, truth = _scores(batch, declared.task), np.full(batch.n_rows, np.nan)
    if dataset is not None:
        label = dataset.labels[declared.task]
        truth = np.where(label.is_observed, label.values.values, np.nan)
    known = ~np.isnan(truth)
    found = guaranteed_threshold(
        scores[known],
        truth[known] > 0,
        declared.keep,
        task=declared.task,
        confidence=declared.confidence,
        maximise=declared.maximise,
        weight=weights(batch.columns)[known],
    )
    findings = (_refusal(found),) if found.threshold is None else ()
    return ThresholdPolicy(framing, found, findings + _dependence(batch, known))


def load_threshold(plain: Mapping[str, Any], framing: Framing) -> ThresholdPolicy:
    """Return the policy that `to_dict` wrote."""
    return ThresholdPolicy(framing, Guarantee(**plain["guarantee"]), read_findings(plain["findings"]))


def _scores(batch: Batch, task: str) -> Floats:
    """Return what is thresholded: the task's prediction, or the score of a rule that orders rows directly."""
    one = batch.predictions.get(task)
    found = batch.score if one is None else one.values
    if found is None:
        found = batch.predictions[task].values
    return np.asarray(found, dtype=np.float64)


def _refusal(found: Guarantee) -> Finding:
    return Finding(
        code="POLICY042",
        severity="error",
        where="policy.threshold.keep",
        evidence=f"expected rows that show {found.keep} with {found.confidence:.4g} confidence, "
        f"got {found.n:,} {found.of}: {found.note}. Nothing is acted on.",
        fix=f"give the threshold at least {found.needed:,} {found.of} (more if there are errors among them), "
        "or promise less.",
        path=("policy", "threshold", "keep"),
    )


def _dependence(batch: Batch, known: Any) -> tuple[Finding, ...]:
    """Say so where many rows come from one unit: the promise takes rows for independent."""
    unit = batch.columns.get("unit")
    n = int(known.sum())
    if unit is None or n == 0:
        return ()
    n_units = len(np.unique(unit.values[known]))
    if n_units * 2 > n:
        return ()
    return (
        Finding(
            code="POLICY013",
            severity="warn",
            where="policy.threshold.confidence",
            evidence=f"expected independent rows, got {n:,} rows of {n_units:,} units; where errors "
            "of a unit come together the promise is less sure than stated.",
            fix="set the threshold on one row per unit, or read the clustered interval beside it.",
        ),
    )
