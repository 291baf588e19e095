"""The work of growing the boosters of one task: rows chosen, features encoded, bins cut, bags grown."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from truenorth.models.contract import FitSettings, Floats, Rows, TaskSpec
from truenorth.models.encoding import Encoder, fit_encoder
from truenorth.models.imbalance import thin_negatives
from truenorth.models.trees_boost import Bench, Grown, Report, grow, make_bench, metric_of, objective_of
from truenorth.models.trees_heads import Head, make_head
from truenorth.models.trees_samples import make_sample, person_periods
from truenorth.models.trees_settings import TreeSettings

MOST_LEVELS = 1000
"""Categories of a feature that are told apart; rarer ones are missing."""
MOST_WORDS = 300
MOST_WORD_CELLS = 50_000_000


@dataclass(frozen=True, kw_only=True)
class Work:
    """Everything boosters are grown from: rows chosen, features encoded, bins cut."""

    task: TaskSpec
    head: Head
    encoder: Encoder
    train: Rows
    matrix: Floats
    benches: tuple[Bench, ...]
    validation: Rows | None
    keep: float
    fit: FitSettings

    @property
    def n_informative(self) -> int:
        """Rows of the rarer class, or all where the target is a number."""
        if self.head.kind == "hazard" and self.train.event is not None:
            return int(np.sum(self.train.event))
        if self.head.kind not in ("binary", "focal"):
            return len(self.train)
        positives = int(np.sum(self.train.target > 0))
        return min(positives, len(self.train) - positives)

    @property
    def monotone(self) -> list[int]:
        """1, -1 or 0 for each column of the samples, empty where nothing is monotone."""
        if not self.task.monotone:
            return []
        sign = {"up": 1, "down": -1}
        names = [self.encoder.features[owner].name for owner in self.encoder.owners]
        signs = [sign[self.task.monotone[name]] if name in self.task.monotone else 0 for name in names]
        return signs + [0] * (self.head.kind == "hazard" or self.head.position_column)


def prepare(task: TaskSpec, train: Rows, validation: Rows | None, fit: FitSettings) -> Work:
    """Choose rows, learn dictionaries and bin what boosters are grown from."""
    kept, keep = np.ones(len(train), dtype=bool), 1.0
    if task.keep_negatives < 1 or task.negatives is not None:
        kept, keep = thin_negatives(task, train, seed=fit.seed)
    rows = train if kept.all() else train.take(kept)
    encoder = fit_encoder(
        task.roles, rows.features, min_rows=max(1, min(20, len(rows) // 100)), max_levels=MOST_LEVELS,
        max_words=max(1, min(MOST_WORDS, MOST_WORD_CELLS // len(rows))),
    )  # fmt: skip
    head = _whole_head(task, rows, keep)
    usable = validation if validation is not None and len(validation) else None
    matrix = _matrix(head, encoder, rows)
    judged = None if usable is None else _matrix(head, encoder, usable)
    benches = tuple(
        make_bench(
            make_sample(head, k, task, matrix, rows, training=True),
            None if usable is None or judged is None
            else make_sample(head, k, task, judged, usable, training=False),
            categorical=encoder.categorical, threads=fit.threads, seed=fit.seed,
        )
        for k in range(head.boosters)
    )  # fmt: skip
    return Work(
        task=task, head=head, encoder=encoder, train=rows, matrix=matrix, benches=benches, validation=usable,
        keep=keep, fit=fit,
    )  # fmt: skip


def _whole_head(task: TaskSpec, rows: Rows, keep: float) -> Head:
    head = make_head(task, rows, keep=keep)
    if head.kind == "hazard":
        periods = person_periods(task.bins, rows)
        share = float(np.clip(np.average(periods.event, weights=periods.weight), 1e-6, 1 - 1e-6))
        return replace(head, bases=(float(np.log(share / (1 - share))),))
    debiased = task.position == "debias" and head.kind == "ranking"
    return replace(
        head, position_column=task.position != "ignore" and rows.position is not None and not debiased
    )


def _matrix(head: Head, encoder: Encoder, rows: Rows) -> Floats:
    """Return the training matrix; the position, where it is a feature, is its last column."""
    matrix = encoder.matrix(rows.features)
    if head.position_column:
        known = rows.position if rows.position is not None else np.full(len(rows), np.nan)
        return np.column_stack([matrix, known])
    return matrix if matrix.shape[1] or head.kind == "hazard" else np.zeros((len(rows), 1))


def grow_bags(
    work: Work, shape: TreeSettings, *, deadline: float | None, report: Report | None = None
) -> list[list[Grown]]:
    """Grow every booster of every bag; a bag begun late still has a round of each booster."""
    jobs = [(bag, k) for bag in range(shape.bags) for k in range(work.head.boosters)]
    grown: list[list[Grown]] = [[] for _ in range(shape.bags)]
    for done, (bag, k) in enumerate(jobs):
        now = time.monotonic()
        until = None if deadline is None else now + max(deadline - now, 0.0) / (len(jobs) - done)
        grown[bag].append(
            grow(
                work.benches[k], objective_of(work.head, k, work.task, work.train.target), shape,
                monotone=work.monotone, seed=work.fit.seed + 1000 * bag, threads=work.fit.threads,
                deadline=until, report=report, metric=metric_of(work.head),
            )
        )  # fmt: skip
    return grown


def describe(work: Work, shape: TreeSettings, grown: list[list[Grown]]) -> dict[str, Any]:
    """Return what a report says of a fit, as JSON values."""
    losses = [one.loss for bag in grown for one in bag if one.loss is not None]
    return {
        "settings": asdict(shape), "rows": len(work.train), "kept_negatives": work.keep,
        "rounds": [one.rounds for bag in grown for one in bag],
        "stopped": sorted({one.stopped for bag in grown for one in bag}),
        "validation_loss": float(np.mean(losses)) if losses else None,
        "position": "feature" if work.head.position_column else work.task.position,
        "read_as_words": [f.name for f in work.encoder.features if f.role == "text"],
    }  # fmt: skip
