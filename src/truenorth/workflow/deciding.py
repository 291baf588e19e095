"""Stage `decide`: thresholds and prices of the chosen rung and of the rule, on rows set aside for it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from truenorth.decision.fit import fit_policy
from truenorth.workflow.learning import RULE
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
    return {**made, "rows": int(work.parts.operate.sum()), "findings": findings}
