"""What a linear model sees: features as columns of one matrix, fitted on training rows and written as JSON.

Numbers are clipped at the edges of what training saw and standardised; one with a heavy tail gets a second,
logarithmic column; a missing number is its mean, and says so in a column of its own. Categories are one-hot,
rare levels share a column and unknown ones have none. Texts are TF-IDF of words and of letters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from truenorth.engine.vectors import Vector, Vectors
from truenorth.errors import DataError, Finding
from truenorth.models.contract import FeatureRole, Floats
from truenorth.models.design_text import TextBlock

Matrix: TypeAlias = Any
"""A dense array, or a CSR matrix where it is wide."""

MAX_LEVELS = 1_000
"""Levels of one category that get a column of their own, the most frequent first."""
TAIL = 10.0
"""A number is heavy-tailed where its outer tenth of a percent lies this many interquartile ranges out."""
DENSE_COLUMNS = 300
"""Widest matrix that is kept dense."""


@dataclass(frozen=True)
class NumberBlock:
    """One number as one to three columns: itself, its signed logarithm, whether it is missing."""

    feature: str
    fill: float
    """Value for a missing one: the mean."""
    low: float
    high: float
    """Values beyond are moved here."""
    centre: float
    scale: float
    unit: float | None = None
    """Size at which the logarithm takes over, asinh(x / unit); None without a heavy tail."""
    log_centre: float = 0.0
    log_scale: float = 1.0
    has_missing: bool = False

    @property
    def names(self) -> list[str]:
        """What the columns are, in words."""
        names = [self.feature]
        names += [f"log of {self.feature}"] if self.unit is not None else []
        return names + ([f"{self.feature} is missing"] if self.has_missing else [])

    @property
    def directions(self) -> list[int]:
        """1 where a column rises with the feature, 0 where it says nothing about it."""
        return [1] * (1 if self.unit is None else 2) + [0] * self.has_missing

    def transform(self, vector: Vector) -> Floats:
        """Return the columns, shape (n, columns)."""
        values, is_missing = _numbers(vector)
        values = np.where(is_missing, self.fill, np.clip(values, self.low, self.high))
        columns = [(values - self.centre) / self.scale]
        if self.unit is not None:
            columns.append((np.arcsinh(values / self.unit) - self.log_centre) / self.log_scale)
        if self.has_missing:
            columns.append(is_missing.astype(np.float64))
        return np.column_stack(columns)

    @classmethod
    def fit(cls, feature: str, vector: Vector) -> NumberBlock:
        """Measure a number on training rows."""
        values, is_missing = _numbers(vector)
        seen = values[~is_missing]
        if not len(seen):
            return cls(feature, 0.0, 0.0, 0.0, 0.0, 1.0, has_missing=len(values) > 0)
        low, q1, q3, high = (float(q) for q in np.quantile(seen, (0.0005, 0.25, 0.75, 0.9995)))
        if low == high:  # almost constant: the rare values are all there is to learn from
            low, high = float(seen.min()), float(seen.max())
        seen = np.clip(seen, low, high)
        fill = float(seen.mean())
        unit = _log_unit(seen, q1, q3, low, high)
        logs = np.arcsinh(seen / unit) if unit is not None else seen
        return cls(
            feature, fill, low, high, fill, _spread(seen), unit, float(logs.mean()), _spread(logs),
            has_missing=bool(is_missing.any()),
        )  # fmt: skip


@dataclass(frozen=True)
class CategoryBlock:
    """One category as one column per frequent level, one for the rare ones and one for NULL."""

    feature: str
    levels: tuple[str, ...]
    has_rare: bool
    has_missing: bool
    rare: tuple[str, ...] = field(default=(), repr=False)
    """Levels that share a column."""

    @property
    def names(self) -> list[str]:
        """What the columns are, in words."""
        names = [f"{self.feature} = {level!r}" for level in self.levels]
        names += [f"{self.feature} is rare"] if self.has_rare else []
        return names + ([f"{self.feature} is missing"] if self.has_missing else [])

    def transform(self, vector: Vector) -> sparse.csr_matrix:
        """Return the columns, shape (n, columns); an unknown level has only zeros."""
        levels, codes = coded(vector)
        place = {level: i for i, level in enumerate(self.levels)}
        if self.has_rare:
            place |= dict.fromkeys(self.rare, len(self.levels))
        missing = len(self.names) - 1 if self.has_missing else -1
        columns = np.asarray([*(place.get(level, -1) for level in levels), missing], dtype=np.int64)[codes]
        rows = np.flatnonzero(columns >= 0)
        shape = (len(codes), len(self.names))
        return sparse.csr_matrix((np.ones(len(rows)), (rows, columns[rows])), shape=shape)

    @classmethod
    def fit(cls, feature: str, vector: Vector, *, smallest: int) -> CategoryBlock:
        """Count levels on training rows; those seen fewer than `smallest` times are rare."""
        levels, codes = coded(vector)
        counts = np.bincount(codes[codes >= 0], minlength=len(levels))
        # ties by name, so that the order of the rows does not matter
        order = sorted((i for i in range(len(levels)) if counts[i]), key=lambda i: (-counts[i], levels[i]))
        kept = [i for i in order[:MAX_LEVELS] if counts[i] >= smallest]
        rare = tuple(sorted(levels[i] for i in order if i not in set(kept)))
        named = tuple(levels[i] for i in kept)
        return cls(feature, named, bool(rare), bool((codes < 0).any()), rare)


Block = NumberBlock | CategoryBlock | TextBlock


@dataclass(frozen=True)
class Design:
    """Features to matrix, as it was fitted."""

    blocks: tuple[Block, ...]

    @property
    def features(self) -> tuple[str, ...]:
        """Features in the order of the blocks."""
        return tuple(block.feature for block in self.blocks)

    @property
    def names(self) -> list[str]:
        """What each column of the matrix is, in words."""
        return [name for block in self.blocks for name in block.names]

    @property
    def owners(self) -> NDArray[np.int64]:
        """Index of the feature that each column belongs to."""
        return np.repeat(np.arange(len(self.blocks)), [len(block.names) for block in self.blocks])

    @property
    def holds_text(self) -> bool:
        """Whether there is a text among the features."""
        return any(isinstance(block, TextBlock) for block in self.blocks)

    @property
    def is_sparse(self) -> bool:
        """Whether the matrix is a CSR matrix."""
        return len(self.names) > DENSE_COLUMNS or self.holds_text

    def transform(self, features: Vectors) -> Matrix:
        """Return the matrix, shape (n, columns)."""
        parts: list[Any] = [block.transform(_column(features, block.feature)) for block in self.blocks]
        if self.is_sparse:
            return sparse.csr_matrix(sparse.hstack(parts, format="csr"))
        whole = np.zeros((features.n_rows, len(self.names)))
        start = 0
        for part in parts:
            stop = start + part.shape[1]
            whole[:, start:stop] = part.toarray() if sparse.issparse(part) else part
            start = stop
        return whole

    def directions(self, monotone: Mapping[str, str]) -> NDArray[np.int64]:
        """Return the sign that each column's coefficient must have, 0 where any will do."""
        signs: list[int] = []
        for block in self.blocks:
            wanted = {"up": 1, "down": -1}.get(monotone.get(block.feature, ""), 0)
            own = block.directions if isinstance(block, NumberBlock) else [0] * len(block.names)
            signs += [wanted * direction for direction in own]
        return np.asarray(signs, dtype=np.int64)

    def to_dict(self) -> list[dict[str, Any]]:
        """Return the blocks as plain JSON values."""
        return [{"block": type(block).__name__, **asdict(block)} for block in self.blocks]

    @classmethod
    def from_dict(cls, written: list[dict[str, Any]]) -> Design:
        """Read what `to_dict` wrote."""
        kinds: dict[str, type[Any]] = {
            kind.__name__: kind for kind in (NumberBlock, CategoryBlock, TextBlock)
        }
        blocks = []
        for one in written:
            fields = {
                name: tuple(v) if isinstance(v, list) else v for name, v in one.items() if name != "block"
            }
            blocks.append(kinds[one["block"]](**fields))
        return cls(tuple(blocks))

    @classmethod
    def fit(cls, roles: Mapping[str, FeatureRole], features: Vectors) -> Design:
        """Measure every feature on training rows."""
        smallest = 1 if features.n_rows < 1_000 else 5 if features.n_rows < 100_000 else 20
        blocks: list[Block] = []
        for name, role in roles.items():
            vector = _column(features, name)
            if role == "text":
                blocks.append(TextBlock.fit(name, vector))
            elif role == "category" or vector.role == "text":
                blocks.append(CategoryBlock.fit(name, vector, smallest=smallest))
            else:
                blocks.append(NumberBlock.fit(name, vector))
        return cls(tuple(blocks))


def coded(vector: Vector) -> tuple[list[str], NDArray[np.int64]]:
    """Return a vector as texts and codes into them, -1 where NULL or infinite.

    Numbers and times become the shortest text that stands for them.
    """
    if vector.levels is not None:
        return [str(level) for level in vector.levels], vector.values.astype(np.int64)
    if vector.role == "list":
        raise TypeError("expected a column of single values, got lists")
    values = vector.values
    is_missing = vector.is_null | ~np.isfinite(values) if vector.role != "time" else vector.is_null
    found, codes = np.unique(values[~is_missing], return_inverse=True)
    whole = np.full(len(values), -1, dtype=np.int64)
    whole[~is_missing] = codes
    return [f"{value:.15g}" if vector.role != "time" else str(value) for value in found], whole


def _column(features: Vectors, name: str) -> Vector:
    if name in features:
        return features[name]
    raise DataError(
        Finding(
            code="MODEL043",
            where=f"features.{name}",
            evidence=f"expected the column {name!r} that the model was fitted on, got rows without it.",
            fix=f"add {name!r} to the rows; NULL is allowed.",
        )
    )


def _numbers(vector: Vector) -> tuple[Floats, NDArray[np.bool_]]:
    """Return a vector as floats and what of it is missing: NULL, infinite, or no number."""
    if vector.role == "time":
        values = np.where(vector.is_null, np.nan, vector.values.astype(np.float64))
    elif vector.levels is not None:
        values = np.full(len(vector), np.nan)
    else:
        values = vector.values
    return values, ~np.isfinite(values)


def _log_unit(seen: Floats, q1: float, q3: float, low: float, high: float) -> float | None:
    """Return the size at which the logarithm takes over, or None where no tail is heavy."""
    reach = max(high - q3, q1 - low)
    sizes = np.abs(seen[seen != 0.0])
    if not len(sizes) or len(sizes) < 20 or reach <= TAIL * (q3 - q1) or low == high:
        return None
    # small, so that the curve is a logarithm for all but the smallest sizes
    unit = float(np.quantile(sizes, 0.05))
    return unit if 0.0 < unit < max(abs(low), abs(high)) / 3.0 else None


def _spread(values: Floats) -> float:
    """Return the standard deviation, or 1 for a constant."""
    spread = float(values.std())
    return spread if spread > 1e-12 * max(1.0, float(np.abs(values).max(initial=0.0))) else 1.0
