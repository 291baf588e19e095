"""Columns and expressions of the example's own row, and expressions over other features."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from truenorth.engine.lowering import Tree, column, lower
from truenorth.features.contract import feature_column
from truenorth.features.trailing import with_default
from truenorth.framing.features import Feature

Row = Callable[[str], Tree]
"""How a name that is no feature is read on the example's own row."""


def own_features(features: Mapping[str, Feature]) -> dict[str, Feature]:
    """Return the features that read nothing but the example's row and other features."""
    return {name: feature for name, feature in features.items() if feature.column or feature.sql}


def reads(name: str, feature: Feature, features: Mapping[str, Feature]) -> frozenset[str]:
    """Return the other features that a feature reads; its own name stands for the row's column."""
    if feature.match:
        return frozenset(feature.match) & features.keys() - {name}
    expression = feature.sql or feature.rank or (feature.aggregated if feature.over else None)
    return frozenset() if expression is None else (expression.columns & features.keys()) - {name}


def own_feature(name: str, feature: Feature, features: Mapping[str, Feature], row: Row) -> Tree:
    """Return the value of an own-row feature."""
    if feature.column is not None:
        return with_default(feature, row(feature.column))
    assert feature.sql is not None
    return with_default(feature, lower(feature.sql, bind(name, features, row)))


def bind(name: str, features: Mapping[str, Feature], row: Row) -> Row:
    """Read other features by name, and everything else on the example's row."""
    return lambda read: column(feature_column(read)) if read in features and read != name else row(read)
