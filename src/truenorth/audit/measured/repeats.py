"""What people put away and were shown again: hides of a pair of user and item, and its later shows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from truenorth.audit.evidence import DataEvidence
from truenorth.engine.vectors import NULL_TIME
from truenorth.framing.framing import Framing
from truenorth.framing.labels import Label

PUT_AWAY = re.compile(
    r"(?<![a-z])(hid|hides?|hidden|dismiss(ed)?|reports?|reported|hates?|dislikes?|disliked|mutes?|muted|unfollow|"
    r"not_interested|snooze)(?![a-z])"
)
"""Words of labels by which people say that they do not want something."""


@dataclass(frozen=True)
class Repeats:
    """How often what was put away came back."""

    n_shown: int
    """Shows whose label is known, or that have none yet."""
    n_pairs: int
    """Pairs of user and item that were put away once."""
    n_again: int
    """Of these, shown again later."""
    n_shows_again: int
    """Shows after a pair was put away."""


def put_away(framing: Framing) -> str | None:
    """Return the first binary label by which people put something away."""
    return next((name for name, label in framing.labels.items() if _says_so(name, label)), None)


def _says_so(name: str, label: Label) -> bool:
    read = " ".join(str(part) for part in (name, label.when, label.where) if part is not None)
    return label.kind == "binary" and bool(PUT_AWAY.search(read.lower()))


def is_kept_away(framing: Framing, user: str, item: str) -> bool:
    """Whether a rule of the list drops what this user put away, by a feature of the pair."""
    rules = framing.policy.rank.rules if framing.policy and framing.policy.rank else ()
    read = {name for one in rules if one.drop is not None for name in one.drop.columns}
    return any(
        {user, item} <= {*feature.by}
        and bool(PUT_AWAY.search(f"{name} {feature.where} {feature.aggregated}".lower()))
        for name, feature in framing.features.items()
        if name in read and feature.source is not None
    )


def counting(framing: Framing, name: str, user: str, item: str) -> str:
    """Return a feature that counts how often this user put this item away, to paste."""
    label = framing.labels[name]
    source = label.source or framing.table.source or "SOURCE"
    where = label.where if label.source else label.when or label.value
    kept = f', where: "{where}"' if where is not None else ""
    return f"{{source: {source}, by: [{user}, {item}]{kept}, count: true}}"


def repeats(data: DataEvidence, label: str, pair: tuple[str, str]) -> Repeats | None:
    """Return how often a pair was shown after it was put away; None where the table does not say.

    Args:
        data: Dated examples.
        label: Binary label of putting away.
        pair: Columns of the user and of the item.
    """
    columns = [data.column(name) for name in pair]
    if label not in data.dataset.labels or not len(data.at) or any(one is None for one in columns):
        return None
    shown = _shown(data) & (data.at != NULL_TIME)
    for one in columns:
        shown &= ~one.is_null  # type: ignore[union-attr]
    codes = _codes([one.values[shown] for one in columns if one is not None])
    outcomes = data.dataset.labels[label]
    values = np.nan_to_num(np.asarray(outcomes.values.values, dtype=np.float64))
    away = ((values > 0) & outcomes.is_observed)[shown]
    return _counted(codes, data.at[shown], away)


def _shown(data: DataEvidence) -> NDArray[np.bool_]:
    column = data.column("shown")
    if column is None:
        return np.ones(data.dataset.n_rows, dtype=bool)
    return np.asarray(np.nan_to_num(np.asarray(column.values, dtype=np.float64)) > 0)


def _codes(columns: list[NDArray[np.float64]]) -> NDArray[np.int64]:
    """Return one number per distinct combination, shape (n,)."""
    coded = [np.unique(values, return_inverse=True)[1] for values in columns]
    return np.asarray(coded[0].astype(np.int64) * (int(coded[1].max(initial=0)) + 1) + coded[1])


def _counted(codes: NDArray[np.int64], at: NDArray[np.int64], away: NDArray[np.bool_]) -> Repeats:
    pairs, code = np.unique(codes, return_inverse=True)
    never = np.iinfo(np.int64).max
    first = np.full(len(pairs), never)
    np.minimum.at(first, code[away], at[away])
    again = at > first[code]
    return Repeats(
        n_shown=len(codes),
        n_pairs=int((first < never).sum()),
        n_again=len(np.unique(code[again])),
        n_shows_again=int(again.sum()),
    )


def as_numbers(found: Repeats) -> Mapping[str, int]:
    """Return the counts by name."""
    return {
        "shown": found.n_shown,
        "pairs": found.n_pairs,
        "again": found.n_again,
        "shows": found.n_shows_again,
    }
