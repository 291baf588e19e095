"""Boosted trees (LightGBM): one learner for every kind of task.

A head says what boosters are fitted to and how raw scores become predictions; samples are the rows as
boosters take them. Validation rows stop boosters and judge settings, and are never learned from.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any

from truenorth.models.contract import FitSettings, Rows, TaskSpec
from truenorth.models.trees_checks import check_rows, check_task
from truenorth.models.trees_model import TreesModel, load_trees
from truenorth.models.trees_settings import TreeSettings, default_settings
from truenorth.models.trees_smearing import smear
from truenorth.models.trees_tuning import tune
from truenorth.models.trees_work import describe, grow_bags, prepare

__all__ = ["Trees", "TreesModel", "load_trees"]


@dataclass(frozen=True)
class Trees:
    """Learner of boosted trees.

    Args:
        settings: Shape of the trees; None takes the defaults for the number of rows.
    """

    settings: TreeSettings | None = None

    def fit(self, task: TaskSpec, train: Rows, validation: Rows | None, settings: FitSettings) -> TreesModel:
        """Learn from `train`; see `Learner.fit`.

        Raises:
            DataError: If the rows cannot be learned from.
            FramingError: If the task asks what trees cannot give.
            EngineError: If tuning was asked for without its extra.
        """
        deadline = None if settings.seconds is None else time.monotonic() + settings.seconds
        check_task(task)
        check_rows(task, train)
        work = prepare(task, train, validation, settings)
        shape = self.settings or default_settings(len(work.train), work.n_informative)
        notes: dict[str, Any] = {}
        if settings.trials:
            shape, grown, notes["tuning"] = tune(work, shape, settings, deadline)
        else:
            grown = grow_bags(work, shape, deadline=deadline)
        head, texts = work.head, tuple(tuple(one.text for one in bag) for bag in grown)
        model = TreesModel(
            task, work.encoder, head, texts, {**describe(work, shape, grown), **notes}, settings.threads
        )
        return replace(model, head=smear(model, work, shape, deadline)) if head.kind == "smeared" else model
