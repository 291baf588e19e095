"""What a decision needs from elsewhere while someone waits: other sources, and what is left without them."""

from __future__ import annotations

from collections.abc import Iterator

from truenorth.framing.expressions import Expression
from truenorth.framing.features import Feature
from truenorth.framing.framing import Framing


def by_source(framing: Framing) -> dict[str, tuple[str, ...]]:
    """Return the features that are read from each source other than the example's own."""
    found: dict[str, list[str]] = {}
    for name, feature in framing.features.items():
        if feature.source is not None and feature.source != framing.table.source:
            found.setdefault(feature.source, []).append(name)
    return {source: tuple(names) for source, names in found.items()}


def without_default(framing: Framing, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the features that have no value of their own when their source does not answer."""
    return tuple(name for name in names if framing.features[name].default is None)


def read_by_fallback(framing: Framing) -> frozenset[str]:
    """Return the features that the fallback's rule reads, through other features too."""
    policy, models = framing.policy, framing.models
    if policy is None or policy.fallback is None or not policy.fallback.rule:
        return frozenset()
    expressions = [one.when for one in models.rules]
    expressions += [models.rule] if isinstance(models.rule, Expression) else []
    open_, found = {name for one in expressions for name in one.columns}, set()
    while open_:
        name = open_.pop()
        if name in framing.features and name not in found:
            found.add(name)
            open_ |= set(_read(framing.features[name]))
    return frozenset(found)


def _read(feature: Feature) -> Iterator[str]:
    if feature.sql is not None and "coalesce" not in feature.sql.functions:
        yield from feature.sql.columns
