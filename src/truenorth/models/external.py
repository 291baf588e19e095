"""Scores of models that were made elsewhere: what the present system predicted, or another team's scores."""

from __future__ import annotations

from pathlib import Path

from truenorth.errors import DataError, Finding, suggest
from truenorth.examples.dataset import Dataset
from truenorth.framing.expressions import parse_expression, quote_name
from truenorth.models.contract import TaskSpec
from truenorth.models.rule import RuleModel, all_columns, fit_rule, load_rule


def make_external(train: Dataset, spec: TaskSpec, column: str, *, name: str | None = None) -> RuleModel:
    """Return a column of logged scores as a model.

    Probabilities are taken as they are; other scores of a binary task get a rising curve, as a rule's do.

    Args:
        train: Training rows.
        spec: The task.
        column: Column of the examples table that holds the scores.
        name: Name in the ladder; the column by default.

    Raises:
        DataError: If the examples table does not hold the column, or it has no value in training.
    """
    if column not in train.columns:
        raise _refused(
            column, "it is not there", suggest(column, list(train.columns), otherwise="log the scores.")
        )
    rows = all_columns(train, spec)
    if rows.features[column].is_null.all():
        raise _refused(
            column, f"NULL in all {len(rows):,} training rows", "log the scores in the training period."
        )
    expression = parse_expression(quote_name(column))
    return fit_rule(spec, expression, rows, name=name or column, form="external")


def load_external(folder: Path) -> RuleModel:
    """Read what a model of logged scores wrote."""
    return load_rule(folder)


def _refused(column: str, got: str, fix: str) -> DataError:
    evidence = f"expected the column {column!r} with logged scores, got none: {got}."
    return DataError(Finding(code="MODEL047", where=f"models ({column})", evidence=evidence, fix=fix))
