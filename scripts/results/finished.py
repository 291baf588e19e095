"""A finished run, read back from its directory: any rung on any rows, judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import truenorth
from scripts.results.places import FRAMINGS
from truenorth.decision.contract import Batch, FittedPolicy
from truenorth.decision.fit import load_policy
from truenorth.evaluation.compare import compare
from truenorth.evaluation.contract import Figure, Judged
from truenorth.evaluation.measure import measure
from truenorth.examples.dataset import Dataset, read_dataset
from truenorth.framing.framing import Framing
from truenorth.framing.references import MetricReference
from truenorth.models.calibration import load_calibrator
from truenorth.serving.bundle import load_rung
from truenorth.serving.scorer import batch_of
from truenorth.statistics.estimates import Estimate, codes_of, spread
from truenorth.statistics.intervals import Scale, interval
from truenorth.workflow.result import Run
from truenorth.workflow.store import read_json

Mask = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Finished:
    """The rows, models, calibrators and policies of a run."""

    run: Run
    base: Path
    """Folder that the framing's paths start from."""

    @cached_property
    def framing(self) -> Framing:
        return truenorth.load(self.run.folder / "framing.lock.yaml")

    @cached_property
    def dataset(self) -> Dataset:
        return read_dataset(self.run.folder / "examples.parquet", self.framing, base=self.base)

    @property
    def rungs(self) -> tuple[str, ...]:
        return tuple(read_json(self.run.folder / "train.json")["rungs"])

    @property
    def told(self) -> str:
        """The run's folder, and how long its stages took when they were made."""
        seconds = {name: one for name, one in self.run.result["seconds"].items() if name != "total"}
        return f"{self.run.folder.name} ({sum(seconds.values()):.0f} s)"

    def policy(self, use: str = "chosen") -> FittedPolicy:
        """Return the policy of the `chosen` rung or of the `rule`."""
        return load_policy(read_json(self.run.folder / "decide.json")[use], self.framing)

    def judged(self, rung: str, rows: Mask, *, use: str | None = None) -> Judged:
        """Return the decisions of a rung on rows of the dataset, beside what happened."""
        data = self.dataset.take(rows)
        batch = self.predicted(rung, data)
        policy = self.policy(use or ("rule" if rung == "rule" else "chosen"))
        return Judged(dataset=data, batch=batch, decisions=policy.decide(batch, seed=self.run.result["seed"]))

    def predicted(self, rung: str, data: Dataset) -> Batch:
        """Return the calibrated predictions of a rung."""
        models, _, orders = load_rung(self.run.folder / "models" / rung)
        made = read_json(self.run.folder / "calibrate.json")["rungs"][rung]
        calibrators = {task: load_calibrator(plain) for task, plain in made.items()}
        return batch_of(models, calibrators, orders, data.columns)


def start(framing: Path | Mapping[str, Any], *, out: Path, base: Path = FRAMINGS, **options: Any) -> Finished:
    """Run a framing, or find the run of the same framing, logs and version.

    Args:
        framing: A file, or its content.
        out: Folder of all runs.
        base: Folder that its paths start from.
        options: Further options of `truenorth.run`.
    """
    return Finished(truenorth.run(framing, out=out, base=base, **options), base)


def figure(metric: str, judged: Judged) -> Figure:
    """Return a metric of the language on judged rows."""
    return measure(MetricReference.parse(metric), judged)


def difference(metric: str, judged: Judged, other: Judged) -> Figure:
    """Return a metric of `judged` less that of `other` on the same rows."""
    return compare(MetricReference.parse(metric), judged, other)


def figure_of(
    name: str, estimate: Estimate, cluster: Mask, *, n: int, unit: str, scale: Scale = "real", note: str = ""
) -> Figure:
    """Return a figure that the language has no metric for, with its interval clustered like all others."""
    varies = spread(estimate.influence, codes_of(np.asarray(cluster)))
    if varies is None:
        return Figure(metric=name, value=estimate.value, n=n, note=note)
    ends = interval(estimate.value, varies, scale=scale)
    return Figure(
        metric=name, value=estimate.value, low=ends.low, high=ends.high, standard_error=varies.error, n=n,
        n_units=varies.n_clusters, method=f"linearised, clustered by {unit}", note=note,
    )  # fmt: skip
