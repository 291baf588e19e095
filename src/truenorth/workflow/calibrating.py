"""Stage `calibrate`: predictions of every rung become probabilities, on rows that no model was fitted on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from truenorth.decision.contract import Batch
from truenorth.examples.dataset import Dataset
from truenorth.models.calibration import fit_calibrator
from truenorth.models.contract import TaskSpec
from truenorth.models.rows import label_of, targets
from truenorth.workflow.work import Work

_PROBABILITIES = ("binary", "class")


def calibrate(work: Work, folder: Path) -> Mapping[str, Any]:
    """Fit a calibrator per rung and task; a task that is no probability keeps its predictions."""
    rungs: dict[str, dict[str, Any]] = {}
    for name in work.results["train"]["rungs"]:
        work.say(f"calibrating {name}")
        batch, data = work.cut(work.predicted(name, calibrated=False), work.parts.calibrate)
        rungs[name] = {
            task: made
            for task, spec in work.specs.items()
            if (made := _fit(work, batch, data, spec)) is not None
        }
    return {"rungs": rungs, "rows": int(work.parts.calibrate.sum()), "findings": []}


def _fit(work: Work, batch: Batch, data: Dataset, spec: TaskSpec) -> dict[str, Any] | None:
    if spec.loss in ("pairwise", "listwise") or (spec.kind not in _PROBABILITIES and spec.loss != "quantile"):
        return None
    declared = work.framing.models.calibrate
    outcomes = data.labels[declared.to or label_of(spec.name)]
    target = targets(outcomes, spec)
    weight = data.columns["weight"].values * outcomes.weight
    rows = outcomes.is_observed & (weight > 0) & ~np.isnan(target)
    if len(np.unique(target[rows])) < 2:
        return None
    values = batch.predictions[spec.name].values[rows]
    made = fit_calibrator(declared.method, values, target[rows], weight=weight[rows], task=spec)
    return made.to_dict()
