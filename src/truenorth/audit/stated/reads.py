"""Which columns a decision reads, and at which place of the framing."""

from __future__ import annotations

from collections.abc import Iterator

from truenorth.framing.document import Path
from truenorth.framing.features import Feature
from truenorth.framing.framing import Framing
from truenorth.framing.leaks import policy_reads


def feature_reads(feature: Feature) -> frozenset[str]:
    """Return the columns, of the example's row or of a source, that a feature is made from; keys apart."""
    read = {feature.column} if feature.column is not None else set()
    for expression in (feature.sql, feature.where, feature.aggregated):
        read |= set() if expression is None else set(expression.columns)
    return frozenset(read | set(feature.match))


def source_reads(framing: Framing) -> dict[str, frozenset[str]]:
    """Return the columns that features read of each source, by its name; lookups are followed."""
    found: dict[str, set[str]] = {}
    for feature in framing.features.values():
        name = feature.source or framing.table.source or ""
        found.setdefault(name, set()).update(feature_reads(feature))
    for name, source in framing.sources.items():
        for column in found.get(name, set()) & source.lookup.keys():
            lookup = source.lookup[column]
            found.setdefault(lookup.source, set()).add(lookup.column)
    return {name: frozenset(columns) for name, columns in found.items()}


def decision_reads(framing: Framing) -> Iterator[tuple[Path, frozenset[str]]]:
    """Yield every place that decides with the columns that it reads: features, rules, costs, ranking.

    A feature that is made from other features reads what they read, so that a column cannot hide behind one.
    """
    direct = {name: feature_reads(feature) for name, feature in framing.features.items()}
    for name in framing.features:
        yield ("features", name), _through(name, direct, frozenset())
    yield from policy_reads(framing)


def _through(name: str, direct: dict[str, frozenset[str]], seen: frozenset[str]) -> frozenset[str]:
    found = direct[name]
    for other in found & direct.keys() - seen - {name}:
        found |= _through(other, direct, seen | {name})
    return found
