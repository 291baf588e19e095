"""How far a column's distribution moved between two groups of rows, beside what chance alone would move it.

The population stability index, `PSI = sum (a - e) ln(a / e)`, over ten bins at the reference's quantiles
with open ends; categories have a bin each, and one for those that the reference lacks; missing values have
a bin of their own. Shares are smoothed, `(count + .5) / (n + .5 bins)`. Without any drift PSI is about
`chi2(bins - 1) * (1/n + 1/m)`: a bound that forgets this fires on every small sample.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from truenorth.engine.vectors import Vector

BINS = 10
LEVEL = 0.95
MOST_LEVELS = 50
"""Categories that get a bin of their own; the others share one."""


@dataclass(frozen=True)
class Drift:
    """One column in two groups of rows."""

    psi: float
    null: float
    """95 % quantile of PSI where nothing moved and rows are independent."""
    missing_before: float
    missing_after: float
    n_before: int
    n_after: int

    @property
    def excess(self) -> float:
        """PSI beyond what chance explains."""
        return max(0.0, self.psi - self.null)

    @property
    def numbers(self) -> dict[str, float]:
        """The figures by name."""
        return {
            "psi": self.psi, "psi_null": self.null, "missing_train": self.missing_before,
            "missing_test": self.missing_after, "n_train": self.n_before, "n_test": self.n_after,
        }  # fmt: skip


def drift(before: Vector, after: Vector) -> Drift | None:
    """Return how far a column moved; None where a group is empty, or for lists and long texts."""
    if not len(before) or not len(after) or before.role == "list":
        return None
    first, second = _counts(before, after)
    e, a = _shares(first), _shares(second)
    from scipy.special import chdtri  # rules that read the framing alone are asked without it

    null = float(chdtri(max(len(first) - 1, 1), 1 - LEVEL)) * (1 / len(before) + 1 / len(after))
    return Drift(
        psi=float(((a - e) * np.log(a / e)).sum()), null=null,
        missing_before=float(before.is_null.mean()), missing_after=float(after.is_null.mean()),
        n_before=len(before), n_after=len(after),
    )  # fmt: skip


def _shares(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.asarray((counts + 0.5) / (counts.sum() + 0.5 * len(counts)))


def _counts(before: Vector, after: Vector) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return rows per bin of the reference and of the other group; the last two bins: unseen, missing."""
    if before.role == "text":
        return _of_levels(before, after)
    reference = np.asarray(before.values, dtype=np.float64)
    known = reference[~before.is_null & np.isfinite(reference)]
    edges = np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1])) if len(known) else np.empty(0)
    return _binned(before, edges), _binned(after, edges)


def _binned(column: Vector, edges: NDArray[np.float64]) -> NDArray[np.int64]:
    values = np.asarray(column.values, dtype=np.float64)
    is_known = ~column.is_null & np.isfinite(values)
    place = np.where(is_known, np.searchsorted(edges, values, side="right"), len(edges) + 1)
    return np.bincount(place, minlength=len(edges) + 2)


def _of_levels(before: Vector, after: Vector) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    names = before.texts()
    levels, counts = np.unique(names[~before.is_null].astype(str), return_counts=True)
    top = levels[np.argsort(-counts, kind="stable")[:MOST_LEVELS]]
    return _placed(before, top, levels), _placed(after, top, levels)


def _placed(column: Vector, top: NDArray[np.str_], seen: NDArray[np.str_]) -> NDArray[np.int64]:
    """Return rows of the frequent levels, then of the rare ones, of unseen ones, and of the missing."""
    own = np.asarray([] if column.levels is None else column.levels, dtype=object).astype(str)
    place = {level: index for index, level in enumerate(top)}
    known = set(seen)
    bins = [place.get(one, len(top) if one in known else len(top) + 1) for one in own]
    return np.bincount(np.asarray([*bins, len(top) + 2])[column.values], minlength=len(top) + 3)
