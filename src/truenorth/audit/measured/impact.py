"""What a model loses without some features: one small model with them and one without, judged on other rows.

It answers "does this matter?", not "which model is best": few trees, or a linear model where there is text.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from truenorth.audit.evidence import DataEvidence
from truenorth.audit.measured.strength import auc
from truenorth.engine.vectors import Vectors
from truenorth.models.contract import FeatureRole, FitSettings, Floats, Rows, TaskSpec
from truenorth.models.encoding import fit_encoder
from truenorth.models.rows import feature_roles

ROWS = 20_000
"""Most rows that are fitted on, and most that are judged."""
ROUNDS = 60
LEAST = 20
"""Rows of each kind without which nothing is fitted."""
_SETTINGS = {
    "objective": "binary", "num_leaves": 8, "learning_rate": 0.15, "max_bin": 63, "min_data_in_leaf": 40,
    "num_threads": 1, "seed": 0, "deterministic": True, "force_row_wise": True, "verbosity": -1,
}  # fmt: skip


@dataclass(frozen=True)
class Impact:
    """The held-out ROC area of two models."""

    with_all: float
    without: float
    n: int
    """Rows that were judged."""

    def __str__(self) -> str:
        return f"held-out ROC area {self.with_all:.3f} with it, {self.without:.3f} without"


def impact(data: DataEvidence, label: str, dropped: Collection[str]) -> Impact | None:
    """Return what a model scores with every feature and without some; None where there are too few rows."""
    fitted, judged = parts(data, label)
    roles = feature_roles(data.dataset)
    if fitted is None or judged is None or not roles.keys() & set(dropped):
        return None
    rest = {name: role for name, role in roles.items() if name not in dropped}
    made = [held_out(data, fitted, judged, chosen) for chosen in (roles, rest)]
    areas = [0.5 if score is None else auc(score, judged[1]) for score in made]
    return Impact(areas[0], areas[1], len(judged[0]))


Part = tuple[NDArray[np.int64], Floats]


def parts(data: DataEvidence, label: str) -> tuple[Part | None, Part | None]:
    """Return training rows and test rows with their targets, 0 or 1; None where one has too few of a kind."""
    train, target = _sample(*data.target(label, data.train))
    test, truth = _sample(*data.target(label, data.test))
    if not _has_both(truth) and _has_both(target):  # no usable test: the later training rows stand in
        cut = len(train) * 7 // 10
        train, test, target, truth = train[:cut], train[cut:], target[:cut], target[cut:]
    return ((train, target) if _has_both(target) else None, (test, truth) if _has_both(truth) else None)


def held_out(data: DataEvidence, fitted: Part, judged: Part, roles: dict[str, FeatureRole]) -> Floats | None:
    """Return scores of the judged rows by a model of the fitted ones; None where there are no features."""
    if not roles:
        return None
    table = data.dataset.columns.select(tuple(roles))
    train, test = table.take(fitted[0]), table.take(judged[0])
    fit = _linear if "text" in roles.values() else _trees
    return fit(roles, train, fitted[1], test)


def _trees(roles: dict[str, FeatureRole], train: Vectors, target: Floats, test: Vectors) -> Floats:
    import lightgbm

    encoder = fit_encoder(roles, train, min_rows=10, max_levels=255, max_words=0)
    made = lightgbm.Dataset(
        encoder.matrix(train), target, params=_SETTINGS, categorical_feature=encoder.categorical
    )
    booster = lightgbm.train(_SETTINGS, made, num_boost_round=ROUNDS)
    return np.asarray(booster.predict(encoder.matrix(test)), dtype=np.float64)


def _linear(roles: dict[str, FeatureRole], train: Vectors, target: Floats, test: Vectors) -> Floats:
    from truenorth.models.linear import LinearLearner

    spec = TaskSpec(name="target", kind="binary", loss="log", roles=roles)
    rows = Rows(features=train, target=target, weight=np.ones(len(target)))
    return LinearLearner().fit(spec, rows, None, FitSettings()).predict(test)


def _sample(rows: NDArray[np.int64], target: Floats) -> Part:
    step = max(1, -(-len(rows) // ROWS))
    return rows[::step], target[::step]


def _has_both(target: Floats) -> bool:
    positives = float(target.sum())
    return positives >= LEAST and len(target) - positives >= LEAST
