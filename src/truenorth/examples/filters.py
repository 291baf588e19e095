"""What is asked of a row before it is an example, each filter counted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sqlglot import exp

from truenorth.engine.lowering import Tree, column, lower, number
from truenorth.engine.pipeline import Pipeline
from truenorth.engine.windows import Frame
from truenorth.examples.attrition import Removal, count_removed, stays
from truenorth.examples.table import Shape, read_row
from truenorth.features.contract import FeatureContext
from truenorth.features.own import Row
from truenorth.features.timing import look_backs, refresh_columns
from truenorth.framing.features import Feature

if TYPE_CHECKING:
    pass


from truenorth.examples.inputs import Inputs


def filtered(
    inputs: Inputs, pipeline: Pipeline, frame: Frame, context: FeatureContext, row: Row
) -> tuple[Frame, list[Removal]]:
    """Apply what is asked of a row before its features are computed."""
    filters: dict[str, Tree] = {}
    where = inputs.table.where
    if where is not None and not where.columns & context.features.keys():
        filters["where"] = lower(where, row)
    if inputs.table.at == "time":
        filters["after as_of"] = exp.LT(this=column("__at"), expression=number(inputs.as_of))
        warm_up = _warm_up(inputs, context)
        if warm_up is not None:
            filters["warm-up"] = warm_up
    return _apply(inputs, pipeline, frame, filters)


def filtered_by_features(
    inputs: Inputs, pipeline: Pipeline, frame: Frame, features: Mapping[str, Feature], row: Row
) -> tuple[Frame, list[Removal]]:
    """Apply what is asked of a row's features, once they are there."""
    where = inputs.table.where
    if where is None or not where.columns & features.keys():
        return frame, []
    shape = Shape(
        table=inputs.table, labels={}, features=features, row=row, is_time=frozenset(), dialect=inputs.dialect
    )
    return _apply(inputs, pipeline, frame, {"where": lower(where, read_row(shape))})


def _apply(
    inputs: Inputs, pipeline: Pipeline, frame: Frame, filters: Mapping[str, Tree]
) -> tuple[Frame, list[Removal]]:
    if not filters:
        return frame, []
    removals = [] if inputs.is_dry else count_removed(inputs.engine, frame, filters)
    if not inputs.is_dry and not any(removal.n_removed for removal in removals):
        return frame, removals
    query = frame.select().where(stays(list(filters.values())))
    return pipeline.then(query, frame.columns, reason="filters: " + ", ".join(filters)), removals


def _warm_up(inputs: Inputs, context: FeatureContext) -> Tree | None:
    """Return whether all look-backs start inside what their sources cover."""
    conditions: list[Tree] = []
    for (source, anchor), length in look_backs(context).items():
        covers = inputs.sources[source].report.covers
        if covers is None:
            continue
        start = _anchor_tree(context, anchor)
        conditions.append(exp.GTE(this=start - number(length), expression=number(covers[0])))
    return exp.and_(*conditions) if conditions else None


def _anchor_tree(context: FeatureContext, anchor: str) -> Tree:
    made = refresh_columns(context)
    return exp.paren(made[anchor]) if anchor in made else column(anchor)
