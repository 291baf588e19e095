"""How far back a feature looks, and which delay keeps it from seeing the present."""

from __future__ import annotations

from sqlglot import exp

from truenorth.engine.lowering import Tree, column, floor_modulo, number
from truenorth.features.contract import FeatureContext
from truenorth.framing.durations import microseconds
from truenorth.framing.features import Feature, Refresh


def columns_read(feature: Feature) -> frozenset[str]:
    """Return the columns of its source that an aggregate reads."""
    expressions = [expression for expression in (feature.where, feature.aggregated) if expression is not None]
    return frozenset().union(*(expression.columns for expression in expressions))


def bounds(feature: Feature, delay: int) -> tuple[int | None, int]:
    """Return the least and greatest event time relative to the anchor, inclusive, microseconds."""
    gap = microseconds(feature.gap) or 0
    last = microseconds(feature.last)
    return (None if last is None else -(gap + last)), -max(gap, delay) - 1


def refreshed_at(refresh: Refresh, at: Tree) -> Tree:
    """Return the time of the last ready run: the largest v = every * k + clock with v + takes <= at."""
    every, shift = (
        refresh.every.microseconds,
        refresh.takes.microseconds + refresh.offset % refresh.every.microseconds,
    )
    since = exp.paren(at - number(shift))
    return exp.paren(since - floor_modulo(since.copy(), every)) + number(refresh.offset % every)


def refresh_column(refresh: Refresh) -> str:
    """Frame column with the time of the last run that was ready."""
    return f"__run_{refresh.every}_{refresh.at.replace(':', '')}_{refresh.takes}"


def anchor_column(feature: Feature) -> str:
    """Frame column that a feature's window trails."""
    if feature.refresh is not None:
        return refresh_column(feature.refresh)
    return "__target" if feature.anchor == "target" else "__at"


def look_backs(context: FeatureContext) -> dict[tuple[str, str], int]:
    """Return the longest look-back per (source, anchor column), microseconds; whole histories need none."""
    longest: dict[tuple[str, str], int] = {}
    for feature in context.features.values():
        last = microseconds(feature.last)
        if feature.source is None or last is None or not context.sources[feature.source].is_dated:
            continue
        key = (feature.source, anchor_column(feature))
        longest[key] = max(longest.get(key, 0), last + (microseconds(feature.gap) or 0))
    return longest


def refresh_columns(context: FeatureContext) -> dict[str, Tree]:
    """Return the frame columns that refreshed features need."""
    refreshes = [feature.refresh for feature in context.features.values() if feature.refresh is not None]
    return {refresh_column(refresh): refreshed_at(refresh, column("__at")) for refresh in refreshes}
