"""Scores rows with a bundle: features in, decisions out."""

from __future__ import annotations

from collections.abc import Mapping

from truenorth.decision.contract import Batch, Decisions, Prediction
from truenorth.engine.vectors import Vectors
from truenorth.errors import DataError, Finding, suggest
from truenorth.models.calibration import Calibrator
from truenorth.models.contract import Model
from truenorth.serving.bundle import Bundle


def batch_of(
    models: Mapping[str, Model],
    calibrators: Mapping[str, Calibrator],
    orders: Model | None,
    columns: Vectors,
) -> Batch:
    """Return rows with their calibrated predictions."""
    predictions = {}
    for name, model in models.items():
        values = model.predict(columns)
        calibrator = calibrators.get(name)
        predictions[name] = Prediction(model.task, values if calibrator is None else calibrator.apply(values))
    score = None if orders is None else orders.predict(columns)
    return Batch(columns=columns, predictions=predictions, score=score)


def decide(bundle: Bundle, columns: Vectors, *, seed: int = 0) -> Decisions:
    """Decide on rows whose features are computed.

    Raises:
        DataError: If a feature that a model reads is missing from the columns.
    """
    check_columns(bundle, columns)
    chosen = bundle.chosen
    batch = batch_of(chosen.models, chosen.calibrators, chosen.orders, columns)
    return chosen.policy.decide(batch, seed=seed)


def check_columns(bundle: Bundle, columns: Vectors) -> None:
    """Refuse rows that lack a feature.

    Raises:
        DataError: With every feature that is missing.
    """
    read = {name: None for model in bundle.chosen.models.values() for name in model.task.roles}
    missing = [name for name in read if name not in columns]
    if missing:
        raise DataError(_missing(name, columns) for name in missing)


def _missing(name: str, columns: Vectors) -> Finding:
    held = ", ".join(list(columns)[:8]) or "no columns"
    fix = suggest(name, tuple(columns), otherwise="build the rows with truenorth build, and score its table.")
    evidence = f"expected the feature {name!r}, got a table with {held}."
    return Finding(code="BUNDLE003", where="input", evidence=evidence, fix=fix)
