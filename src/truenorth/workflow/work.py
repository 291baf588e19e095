"""What the stages of one run share: the request, the folders of finished stages, and what is read from them.

Everything heavy is read at most once and only where a stage asks for it, so a run whose stages are all done
reads nothing but JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truenorth.decision.contract import Batch
from truenorth.engine.contract import EngineName, EngineSettings
from truenorth.examples.dataset import Dataset, read_dataset
from truenorth.examples.plan import Request
from truenorth.framing.framing import Framing
from truenorth.models.contract import FitSettings, TaskSpec
from truenorth.models.rows import task_specs
from truenorth.serving.bundle import load_rung
from truenorth.serving.scorer import batch_of
from truenorth.workflow.parts import Parts, split_parts

Progress = Callable[[str, float | None], None]


@dataclass(eq=False)
class Work:
    """One run while it is being made."""

    request: Request
    seed: int
    engine: EngineName
    settings: EngineSettings
    folders: dict[str, Path] = field(default_factory=dict)
    """Folder of each finished stage."""
    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    """JSON of each finished stage."""
    today: date = field(default_factory=date.today)
    """Day on which waivers must hold."""
    _batches: dict[tuple[str, bool], Batch] = field(default_factory=dict)

    @property
    def framing(self) -> Framing:
        """The framing, expanded."""
        return self.request.framing

    @cached_property
    def dataset(self) -> Dataset:
        """Every example of a part."""
        return read_dataset(
            self.folders["examples"] / "examples.parquet", self.framing, base=self.request.base
        )

    @cached_property
    def specs(self) -> Mapping[str, TaskSpec]:
        """What each task asks of a model."""
        return task_specs(self.dataset)

    @cached_property
    def parts(self) -> Parts:
        """Rows by what they serve."""
        return split_parts(self.dataset)

    @property
    def threads(self) -> int:
        """Worker threads of a fit."""
        import os

        return (
            self.settings.threads or len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2
        )

    def fit_settings(self, *, share: float = 1.0) -> FitSettings:
        """Return how much work one fit may be; `share` divides the tuning time between tasks."""
        tune = self.framing.models.tune
        return FitSettings(
            seed=self.seed,
            threads=self.threads,
            trials=tune.trials or (50 if tune.minutes else 0),
            seconds=None if tune.minutes is None else tune.minutes * 60 * share,
        )

    def say(self, step: str, share: float | None = None) -> None:
        """Tell who watches what is being done."""
        if self.settings.progress is not None:
            self.settings.progress(step, share)

    def rung_folder(self, name: str) -> Path:
        """Return the folder of a rung: one folder per task."""
        return self.folders["train"] / "rungs" / name

    @cached_property
    def held_out(self) -> Dataset:
        """Every example that nothing is fitted on: all but the training rows."""
        return self.dataset.take(~self.parts.train)

    def mask(self, use: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return a mask of the parts as a mask over the held-out rows."""
        return np.asarray(use[~self.parts.train])

    def predicted(self, name: str, *, calibrated: bool = True) -> Batch:
        """Return the held-out rows with the predictions of a rung; kept, as several stages read them."""
        key = (name, calibrated)
        if key not in self._batches:
            models, _, orders = load_rung(self.rung_folder(name))
            calibrators = self.calibrators(name) if calibrated else {}
            self._batches[key] = batch_of(models, calibrators, orders, self.held_out.columns)
        return self._batches[key]

    def cut(self, batch: Batch, use: NDArray[np.bool_]) -> tuple[Batch, Dataset]:
        """Return the held-out rows of a part as a batch and as a dataset."""
        rows = self.mask(use)
        return batch.take(rows), self.held_out.take(rows)

    def calibrators(self, name: str) -> dict[str, Any]:
        """Return the calibrators of a rung, by task."""
        from truenorth.models.calibration import load_calibrator

        return {
            task: load_calibrator(plain) for task, plain in self.results["calibrate"]["rungs"][name].items()
        }
