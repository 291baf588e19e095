"""What compiling features needs to know, and the names of their columns in a frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from truenorth.framing.examples import ExampleTable
from truenorth.framing.features import Feature
from truenorth.framing.sources import Source


def feature_column(name: str) -> str:
    """Frame column with a feature."""
    return f"f__{name}"


@dataclass(frozen=True, kw_only=True)
class FeatureContext:
    """Everything that the features of one example table are compiled from."""

    features: Mapping[str, Feature]
    sources: Mapping[str, Source]
    table: ExampleTable
    relations: Mapping[str, str]
    """Engine relation of each source."""
    known_columns: Mapping[str, frozenset[str]]
    """Columns of each source that have a known time of their own."""
    lateness: Mapping[str, int]
    """For sources whose rows carry their known time: how late most of them are, microseconds."""
    is_dated: bool
    has_split: bool
    """Whether rows belong to parts, so that some are training rows and others are not."""
    dialect: str = "duckdb"
