"""Features over the other rows of the same list: the rank of a price, the mean of a score."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from truenorth.engine.lowering import Tree, bigint, double, lower, number, when
from truenorth.features.own import Row, bind
from truenorth.features.trailing import with_default
from truenorth.framing.features import Feature

_AGGREGATES: dict[str, type[exp.AggFunc]] = {
    "sum": exp.Sum, "mean": exp.Avg, "min": exp.Min, "max": exp.Max, "count": exp.Count,
}  # fmt: skip


def list_feature(
    name: str, feature: Feature, features: Mapping[str, Feature], row: Row, group: list[Tree]
) -> Tree:
    """Return a feature over the rows of the example's list: its group at its prediction time.

    `rank` is 1 for the smallest value; equal values share the smallest rank; NULL has no rank.
    """
    aggregate = feature.aggregate
    assert aggregate is not None
    value = None if feature.aggregated is None else lower(feature.aggregated, bind(name, features, row))
    if aggregate == "rank":
        assert value is not None
        return with_default(feature, _rank(value, group))
    over = exp.Literal.number(1) if value is None else double(value)
    window: Tree = exp.Window(
        this=_AGGREGATES[aggregate](this=over), partition_by=[part.copy() for part in group]
    )
    if aggregate == "sum":
        window = exp.Coalesce(this=window, expressions=[number(0.0)])
    return with_default(feature, window)


def _rank(value: Tree, group: list[Tree]) -> Tree:
    order = exp.Order(expressions=[exp.Ordered(this=exp.paren(value.copy()), nulls_first=False)])
    rank = exp.Window(
        this=exp.Anonymous(this="rank"), partition_by=[part.copy() for part in group], order=order
    )
    return when(exp.paren(value.copy()).is_(exp.null()).not_(), bigint(rank))
