"""Attributes that know an entity's future: sums over a period that reaches into the test, joined as facts.

The test is of time. What a sum over the whole period adds to the past is the future itself: among entities
that were seen equally often in training, it goes with how often they are seen in the test; and the other way
round. A duration or a coordinate does neither, and a date of birth pulls the two in opposite directions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from truenorth.audit.evidence import DataEvidence
from truenorth.audit.measured.strength import mean_ranks
from truenorth.audit.stated.lexicon import words_in
from truenorth.audit.stated.row_reads import is_proved, row_columns, undated_reads
from truenorth.audit.subject import Subject

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

WORDS = (
    "month", "monthly", "week", "weekly", "daily", "lifetime", "overall", "statistic", "statistics",
    "stats", "avg", "average", "mean", "median", "cnt", "count", "counts", "total", "totals", "sum",
    "rate", "ratio", "num", "nb", "progress", "popularity", "views", "plays", "clicks", "likes", "sales",
    "orders", "purchases", "impressions",
)  # fmt: skip
"""Words of names that hold sums and means over a period."""
MARGIN = 0.1
"""Least partial rank correlation of an attribute whose name says that it is a sum over a period."""
UNNAMED_MARGIN = 0.25
"""The same where no name says so; both directions must then hold."""
LEAST_ENTITIES = 100
CONSTANT = 0.99
"""Share of the entities of several rows within which an attribute of the entity has one value."""


@dataclass(frozen=True)
class Attribute:
    """A number that stands still within an entity."""

    feature: str
    entity: str
    """Column within whose values it is constant."""
    origin: str | None
    """The undated source that it comes from; None where it stands on the example's own row."""
    words: tuple[str, ...]
    """Words of its name, or its source's, that mean a sum over a period."""
    ahead: float
    """Partial rank correlation with the entity's rows in the test, given those in training."""
    back: float
    """The same with its rows in training, given those in the test."""
    n: int
    """Entities."""
    n_new: int
    """Entities that training does not hold."""
    new: float
    """Rank correlation with the rows of those; NaN where they are too few."""

    @property
    def reaches_ahead(self) -> bool:
        """Whether it knows the test's activity beyond what the past explains."""
        noise = 4 / np.sqrt(self.n)
        if self.words and self.origin is not None:
            return bool(self.ahead >= max(MARGIN, noise) and self.back > -MARGIN)
        return bool(min(self.ahead, self.back + UNNAMED_MARGIN / 2) >= max(UNNAMED_MARGIN, noise))

    @property
    def numbers(self) -> dict[str, float]:
        """The figures by name."""
        found = {"ahead": self.ahead, "back": self.back, "entities": self.n, "new_entities": self.n_new}
        return found if np.isnan(self.new) else found | {"new": self.new}


def attributes(subject: Subject, data: DataEvidence) -> tuple[Attribute, ...]:
    """Return the numbers that are constant within an entity, with what they say of its future."""
    if not len(data.at) or not data.train.any() or not data.test.any():
        return ()
    found = []
    for entity, code in entity_codes(subject, data).items():
        train, test = (np.bincount(code[part], minlength=code.max() + 1) for part in (data.train, data.test))
        for feature in data.feature_names:
            value = constant_within(data, feature, code)
            if value is not None and not is_proved(subject.framing, feature):
                found.append(_measured(subject, feature, entity, value, (train, test)))
    return tuple({one.feature: one for one in reversed(found) if one.n >= LEAST_ENTITIES}.values())


def entity_codes(subject: Subject, data: DataEvidence) -> Mapping[str, Codes]:
    """Return the entities that stand in several rows, as codes from 0."""
    found: dict[str, Codes] = {}
    for entity in subject.framing.table.entity:
        column = data.column(entity)
        if column is None or column.role == "list" or not len(column):
            continue
        codes = np.unique(column.values, return_inverse=True)[1]
        if 1 < codes.max() + 1 <= len(codes) / 2:
            found[entity] = np.asarray(codes, dtype=np.int64)
    return found


def constant_within(data: DataEvidence, feature: str, code: Codes) -> Floats | None:
    """Return the one value of a number per entity, NaN where none; None where it varies within entities."""
    column = data.column(feature)
    if column is None or column.role not in ("number", "boolean"):
        return None
    is_known = np.isfinite(column.values)
    size = int(code.max()) + 1
    low, high = np.full(size, np.inf), np.full(size, -np.inf)
    np.minimum.at(low, code[is_known], column.values[is_known])
    np.maximum.at(high, code[is_known], column.values[is_known])
    several = (np.bincount(code[is_known], minlength=size) > 1) & np.isfinite(low)
    value = np.where(np.isfinite(low), low, np.nan)
    if not several.any() or (low == high)[several].mean() < CONSTANT or len(np.unique(low[several])) < 10:
        return None
    return value


def period_words(subject: Subject, feature: str) -> tuple[str, ...]:
    """Return the words by which a feature's undated reads call themselves sums over a period."""
    said = []
    for name, read in undated_reads(subject.framing, feature).items():
        path = subject.framing.sources[read.source].path
        said += [name, read.column, read.source, path if isinstance(path, str) else ""]
    text = " ".join(said).replace("/", " ").replace(".", " ")
    return tuple(dict.fromkeys(words_in(text, WORDS)))


def origin_of(subject: Subject, feature: str) -> str | None:
    """Return the undated source of a feature; None where it reads none or rests on other columns too."""
    read = undated_reads(subject.framing, feature)
    sources = {one.source for one in read.values()}
    rests_alone = read.keys() == row_columns(subject.framing, feature)
    return next(iter(sources)) if len(sources) == 1 and rests_alone else None


def _measured(
    subject: Subject, feature: str, entity: str, value: Floats, counts: tuple[Codes, Codes]
) -> Attribute:
    known = np.isfinite(value) & (counts[0] + counts[1] > 0)
    x, train, test = value[known], counts[0][known], counts[1][known]
    new = train == 0
    return Attribute(
        feature=feature, entity=entity, origin=origin_of(subject, feature),
        words=period_words(subject, feature),
        ahead=partial_rank_correlation(x, test, train), back=partial_rank_correlation(x, train, test),
        n=len(x), n_new=int(new.sum()),
        new=_rank_correlation(x[new], test[new]) if new.sum() >= LEAST_ENTITIES else np.nan,
    )  # fmt: skip


def partial_rank_correlation(x: ArrayLike, y: ArrayLike, given: ArrayLike) -> float:
    """Return Spearman's correlation of x and y among rows that are alike in a third; 0 where one is constant.

    `(r_xy - r_xz r_yz) / sqrt((1 - r_xz^2) (1 - r_yz^2))` of the ranks.
    """
    a, b, c = (mean_ranks(np.asarray(one, dtype=np.float64)) for one in (x, y, given))
    if len(a) < 3:
        return 0.0
    xy, xz, yz = _correlation(a, b), _correlation(a, c), _correlation(b, c)
    rest = (1 - xz**2) * (1 - yz**2)
    return float((xy - xz * yz) / np.sqrt(rest)) if rest > 1e-9 else 0.0


def _rank_correlation(first: Floats, second: Floats) -> float:
    return _correlation(mean_ranks(first), mean_ranks(second))


def _correlation(x: Floats, y: Floats) -> float:
    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return 0.0
    return float(np.corrcoef(x, y)[0, 1])


def latest_lift(data: DataEvidence, code: Codes, label: str) -> Iterator[tuple[str, float, float]]:
    """Yield (feature, strength as of the decision, strength of the entity's latest value) for a label.

    Only numbers that vary within entities; the latest value is that of the entity's last row in the table.
    """
    from truenorth.audit.measured.strength import separation

    index, target = data.target(label)
    size = int(code.max()) + 1
    last = np.zeros(size, dtype=np.int64)
    np.maximum.at(last, code, np.arange(len(code)))  # rows stand in the order of time
    for feature in data.feature_names:
        column = data.dataset.columns[feature]
        if column.role in ("number", "boolean") and constant_within(data, feature, code) is None:
            today = separation(column.take(last[code[index]]), target)
            yield feature, separation(column.take(index), target), today
