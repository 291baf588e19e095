"""Features as one matrix of numbers that trees split: what training did not show is missing.

Numbers pass as they are with infinity made missing. Categories become codes of a dictionary learned on
training rows; rare and unseen ones are missing. Text becomes one column per frequent word: how often it
occurs.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truenorth.engine.vectors import NULL_TIME, Vector, Vectors
from truenorth.errors import DataError, Finding, suggest
from truenorth.models.contract import FeatureRole, Floats

MICROSECONDS_PER_DAY = 86_400_000_000
WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Encoded:
    """How one feature becomes columns of the matrix."""

    name: str
    role: FeatureRole
    levels: tuple[str, ...] = ()
    """Categories by code, or words by column."""

    @property
    def width(self) -> int:
        """Columns of the matrix that it takes."""
        return len(self.levels) if self.role == "text" else 1

    @cached_property
    def codes(self) -> dict[str, int]:
        """Code of each level."""
        return {level: code for code, level in enumerate(self.levels)}


@dataclass(frozen=True)
class Encoder:
    """Features in order, each with what was learned about it."""

    features: tuple[Encoded, ...]

    @property
    def width(self) -> int:
        """Columns of the matrix."""
        return sum(feature.width for feature in self.features)

    @property
    def owners(self) -> NDArray[np.int64]:
        """Index of the feature that a column of the matrix belongs to, shape (width,)."""
        return np.repeat(np.arange(len(self.features)), [feature.width for feature in self.features])

    @property
    def categorical(self) -> list[int]:
        """Columns of the matrix that hold codes."""
        return [k for k, owner in enumerate(self.owners) if self.features[owner].role == "category"]

    def matrix(self, features: Vectors) -> Floats:
        """Return the matrix, shape (n, width), NaN where missing.

        Raises:
            DataError: If a feature is not there.
        """
        out = np.empty((features.n_rows, self.width))
        start = 0
        for feature in self.features:
            _encode(feature, _column(features, feature.name), out[:, start : start + feature.width])
            start += feature.width
        return out

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "features": [{"name": f.name, "role": f.role, "levels": list(f.levels)} for f in self.features]
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Encoder:
        """Read what `to_dict` returned."""
        return cls(tuple(Encoded(f["name"], f["role"], tuple(f["levels"])) for f in stored["features"]))


def fit_encoder(
    roles: Mapping[str, FeatureRole], features: Vectors, *, min_rows: int, max_levels: int, max_words: int
) -> Encoder:
    """Learn dictionaries of categories and words from training rows.

    Args:
        roles: Features to encode and how each is treated.
        features: Training rows.
        min_rows: Rows that a category or a word needs to be told apart from a missing one, >= 1.
        max_levels: Most categories of a feature; the most frequent stay.
        max_words: Most words of a text.
    """
    encoded = []
    for name, role in roles.items():
        vector = _column(features, name)
        if role == "category":
            counts = _count_levels(vector)
            encoded.append(Encoded(name, role, _frequent(counts, min_rows, max_levels)))
        elif role == "text":
            words = Counter(
                word for text in _texts(vector) for word in set(WORD.findall((text or "").lower()))
            )
            encoded.append(Encoded(name, role, _frequent(words, min_rows, max_words)))
        else:
            encoded.append(Encoded(name, role))
    return Encoder(tuple(encoded))


def _column(features: Vectors, name: str) -> Vector:
    if name in features:
        return features[name]
    raise DataError(
        Finding(
            code="MODEL020", where=f"features.{name}",
            evidence=f"expected the feature {name!r} that the model was fitted on, got columns without it.",
            fix=suggest(name, list(features), otherwise="compute the feature as the framing declares it."),
        )
    )  # fmt: skip


def _frequent(counts: Counter[str], min_rows: int, most: int) -> tuple[str, ...]:
    """Return the most frequent first; equal counts in the order of their text, whatever the order of rows."""
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return tuple(level for level, count in ranked[:most] if count >= min_rows)


def _count_levels(vector: Vector) -> Counter[str]:
    if vector.role == "text" and vector.levels is not None:
        counts = np.bincount(vector.values[vector.values >= 0], minlength=len(vector.levels))
        merged: Counter[str] = Counter()
        for level, count in zip(vector.levels, counts, strict=True):
            merged[str(level)] += int(count)
        return merged
    return Counter(level for level in _texts(vector) if level is not None)


def _texts(vector: Vector) -> list[str | None]:
    """Return any vector as texts; 3.0 and '3' are the same category."""
    if vector.role == "text":
        return [None if text is None else str(text) for text in vector.texts()]
    missing = vector.is_null
    return [None if gone else _name(value) for value, gone in zip(vector.values, missing, strict=True)]


def _name(value: Any) -> str:
    if isinstance(value, (float, np.floating)) and np.isfinite(value) and float(value).is_integer():
        return str(int(value))
    return str(value)


def _encode(feature: Encoded, vector: Vector, out: Floats) -> None:
    if feature.role == "number":
        out[:, 0] = _numbers(vector)
    elif feature.role == "category":
        out[:, 0] = _category_codes(feature, vector)
    else:
        out[:] = 0
        for row, text in enumerate(_texts(vector)):
            for word in WORD.findall((text or "").lower()):
                column = feature.codes.get(word)
                if column is not None:
                    out[row, column] += 1


def _numbers(vector: Vector) -> Floats:
    if vector.role == "time":
        days = vector.values / MICROSECONDS_PER_DAY
        return np.asarray(np.where(vector.values == NULL_TIME, np.nan, days))
    if vector.role in ("text", "list"):
        raise DataError(
            Finding(
                code="MODEL029", where="features",
                evidence=f"expected numbers for a feature with the role number, got a {vector.role} column.",
                fix="declare the feature with as: category or as: text, or turn it into a number.",
            )
        )  # fmt: skip
    return np.asarray(np.where(np.isfinite(vector.values), vector.values, np.nan))


def _category_codes(feature: Encoded, vector: Vector) -> Floats:
    if vector.role != "text" or vector.levels is None:
        return np.array([feature.codes.get(text or "", np.nan) for text in _texts(vector)], dtype=np.float64)
    if len(vector.levels) <= len(vector):
        table = np.array([feature.codes.get(str(level), np.nan) for level in vector.levels] + [np.nan])
        return np.asarray(table[vector.values])
    # Few rows of a column with many levels: a request. Looking up the rows is cheaper than the dictionary.
    return np.array(
        [feature.codes.get(str(vector.levels[c]), np.nan) if c >= 0 else np.nan for c in vector.values]
    )
