"""Stage `decide`: thresholds and prices of the chosen rung and of the rule, on rows set aside for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from truenorth.decision.fit import fit_policy
from truenorth.errors import Finding
from truenorth.workflow.learning import RULE
from truenorth.workflow.parts import is_guaranteed
from truenorth.workflow.work import Work


def set_policies(work: Work, folder: Path) -> Mapping[str, Any]:
    """Set the policy for the chosen rung and for the rule, each from its own calibrated predictions."""
    made = {}
    findings = []
    for use, name in (("chosen", work.results["choose"]["chosen"]), ("rule", RULE)):
        batch, data = work.cut(work.predicted(name), work.parts.operate)
        policy = fit_policy(work.framing, batch, data, seed=work.seed, share=work.parts.operate_share)
        made[use] = {**policy.to_dict(), "sentence": policy.sentence()}
        if use == "chosen":
            findings = [finding.to_dict() for finding in policy.findings]
    findings += [finding.to_dict() for finding in _unkept_promise(work)]
    return {**made, "rows": int(work.parts.operate.sum()), "findings": findings}


def _unkept_promise(work: Work) -> Iterator[Finding]:
    """Yield an error where a promise rests on rows that also stopped, chose or calibrated the model."""
    if is_guaranteed(work.framing) and "calibration" not in work.dataset.parts:
        yield Finding(
            code="RUN002",
            where="policy.threshold",
            path=("policy", "threshold"),
            evidence="expected calibration rows of their own under a promise, got a split without them.",
            fix="add split.calibration; the promise then rests on rows that nothing has seen.",
        )
