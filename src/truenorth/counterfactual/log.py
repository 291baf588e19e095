"""Logged decisions: the candidates of each, which one was taken, and with what probability.

Arrays are rectangular, (decisions, candidates); where a decision has fewer candidates than another the rest
is padding. `Log.from_rows` makes them from a table with one row per candidate.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truenorth.errors import DataError, Finding
from truenorth.statistics.estimates import codes_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

SUM_TOLERANCE = 1e-3
"""How far the probabilities of a decision may be from 1 in sum: logs round them."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Log:
    """Decisions with their candidates.

    Args:
        chosen: Index of the candidate that was taken, shape (n,).
        is_candidate: Whether each place holds a candidate, shape (n, k); not needed beside `propensity`.
        propensity: Probability with which the logging policy takes each candidate, shape (n, k), 0 at
            padding; each decision sums to 1. None where it was not logged.
        taken_propensity: Probability of the candidate that was taken, where those of the others were not
            logged, shape (n,): enough for the value of a policy, not for a stress test.
        unit: Whose outcome the decision serves, a user or a user and week, shape (n,). Every decision by
            default.
        cluster: What is independent of what, where that is wider than the unit: the user with several weeks,
            shape (n,). The unit by default.
        time: When, any unit, shape (n,).
        logger: Which policy decided, where there were several, shape (n,).

    Examples:
        >>> log = Log(chosen=np.array([1, 0]), propensity=np.array([[0.2, 0.8], [0.5, 0.5]]))
        >>> log
        Log(2 decisions, 2 units, up to 2 candidates, propensities logged)
    """

    chosen: Ints
    is_candidate: Bools | None = None
    propensity: Floats | None = None
    taken_propensity: Floats | None = None
    unit: NDArray[Any] | None = None
    cluster: NDArray[Any] | None = None
    time: NDArray[Any] | None = None
    logger: NDArray[Any] | None = None
    rows: Ints | None = None
    """Row of the long table that each candidate came from, -1 at padding (`from_rows`), shape (n, k)."""
    units: Ints = field(init=False)
    """Unit of each decision as a code 0, 1, ..., shape (n,)."""
    clusters: Ints = field(init=False)
    """Cluster of each decision as a code 0, 1, ..., shape (n,)."""

    def __post_init__(self) -> None:
        chosen = np.asarray(self.chosen)
        problems = list(_problems(self, chosen))
        if problems:
            raise DataError(problems)
        at = np.asarray(self.propensity, dtype=np.float64) if self.propensity is not None else None
        mask = self.is_candidate if self.is_candidate is not None else (None if at is None else at > 0)
        units = np.arange(len(chosen)) if self.unit is None else codes_of(np.asarray(self.unit))
        taken = self.taken_propensity
        held = {
            "taken_propensity": None if taken is None else np.asarray(taken, dtype=np.float64),
            "chosen": chosen.astype(np.int64),
            "propensity": at,
            "is_candidate": np.asarray(mask, dtype=np.bool_),
            "units": units,
            "clusters": units if self.cluster is None else codes_of(np.asarray(self.cluster)),
        }
        for name, value in held.items():
            object.__setattr__(self, name, value)

    @property
    def n(self) -> int:
        """Number of decisions."""
        return len(self.chosen)

    @property
    def mask(self) -> Bools:
        """Whether each place holds a candidate, shape (n, k)."""
        assert self.is_candidate is not None  # set when the log was made
        return self.is_candidate

    @property
    def base(self) -> Floats:
        """Probability of every candidate under the logged policy, shape (n, k).

        Raises:
            DataError: If it was not logged.
        """
        if self.propensity is None:
            fix = "estimate the probabilities, or log them"
            raise DataError(_wrong("log.propensity", "the probability of every candidate", "none", fix))
        return self.propensity

    @property
    def propensity_of_taken(self) -> Floats:
        """Probability of each candidate that was taken, shape (n,)."""
        if self.propensity is None and self.taken_propensity is not None:
            return self.taken_propensity
        return np.asarray(self.of_chosen(self.base))

    @property
    def n_units(self) -> int:
        """Number of units."""
        return int(self.units.max()) + 1 if self.n else 0

    def of_chosen(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return the values of the candidates that were taken, shape (n, ...)."""
        return np.asarray(values[np.arange(self.n), self.chosen])

    def spread(self, column: NDArray[Any], *, padding: float = 0.0) -> NDArray[Any]:
        """Return a column of the long table as one value per candidate, shape (n, k)."""
        if self.rows is None:
            raise DataError(_wrong("log.rows", "a log made by Log.from_rows", "another", "use Log.from_rows"))
        column = np.asarray(column)
        return np.where(self.rows >= 0, column[np.maximum(self.rows, 0)], padding)

    def take(self, keep: NDArray[Any]) -> Log:
        """Return the decisions of a mask or an index."""

        def cut(values: NDArray[Any] | None) -> Any:
            return None if values is None else np.asarray(values)[keep]

        return Log(
            chosen=self.chosen[keep], is_candidate=self.mask[keep], propensity=cut(self.propensity),
            taken_propensity=cut(self.taken_propensity), unit=cut(self.unit), cluster=cut(self.cluster),
            time=cut(self.time), logger=cut(self.logger), rows=cut(self.rows),
        )  # fmt: skip

    def with_propensity(self, propensity: Floats) -> Log:
        """Return the log with other propensities."""
        return replace(self, propensity=propensity)

    @classmethod
    def from_rows(
        cls,
        decision: NDArray[Any],
        is_chosen: NDArray[Any],
        *,
        propensity: NDArray[Any] | None = None,
        unit: NDArray[Any] | None = None,
        cluster: NDArray[Any] | None = None,
        time: NDArray[Any] | None = None,
        logger: NDArray[Any] | None = None,
    ) -> Log:
        """Return the log of a table with one row per candidate.

        Args:
            decision: Which decision the row belongs to, shape (m,); decisions keep their sorted order.
            is_chosen: Whether the candidate was taken, shape (m,); exactly one per decision.
            propensity: Probability of the candidate, shape (m,).
            unit: Whose outcome the decision serves, shape (m,).
            cluster: What is independent of what, where wider than the unit, shape (m,).
            time: When, shape (m,).
            logger: Which policy decided, shape (m,).

        Raises:
            DataError: If a decision has no candidate that was taken, or several.

        Examples:
            >>> log = Log.from_rows(np.array([7, 7, 9, 9, 9]), np.array([0, 1, 1, 0, 0]))
            >>> log.chosen.tolist(), log.is_candidate.sum(axis=1).tolist()
            ([1, 0], [2, 3])
        """
        codes, taken = codes_of(np.asarray(decision)), np.asarray(is_chosen, dtype=np.bool_)
        n = int(codes.max()) + 1 if len(codes) else 0
        count = np.bincount(codes[taken], minlength=n)
        if (count != 1).any():
            wrong = f"{int((count != 1).sum()):,} of {n:,} decisions with none or several"
            raise DataError(_wrong("log.is_chosen", "one taken candidate per decision", wrong, _ONE_TAKEN))
        order = np.argsort(codes, kind="stable")
        sizes = np.bincount(codes, minlength=n)
        place = np.arange(len(order)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        rows = np.full((n, int(sizes.max(initial=0))), -1, dtype=np.int64)
        rows[codes[order], place] = order
        chosen = np.zeros(n, dtype=np.int64)
        is_taken = taken[order]
        chosen[codes[order][is_taken]] = place[is_taken]
        first = rows[:, 0] if n else np.zeros(0, dtype=np.int64)

        def head(values: NDArray[Any] | None) -> Any:
            return None if values is None else np.asarray(values)[first]

        held = rows >= 0
        at = None if propensity is None else np.where(held, np.asarray(propensity)[np.maximum(rows, 0)], 0.0)
        return cls(
            chosen=chosen, is_candidate=held, propensity=at, unit=head(unit), cluster=head(cluster),
            time=head(time), logger=head(logger), rows=rows,
        )  # fmt: skip

    def __repr__(self) -> str:
        known = (
            "logged"
            if self.propensity is not None
            else "of what was taken"
            if self.taken_propensity is not None
            else "missing"
        )
        return (
            f"Log({self.n:,} decisions, {self.n_units:,} units, up to {self.mask.shape[1]} candidates, "
            f"propensities {known})"
        )


_ONE_TAKEN = "join what was shown to its decision once; places of a list are decisions of their own"


def _wrong(where: str, expected: str, got: str, fix: str) -> Finding:
    """Return the finding that arrays do not fit each other."""
    return Finding(code="STRESS001", where=where, evidence=f"expected {expected}, got {got}.", fix=f"{fix}.")


def check_shape(where: str, values: NDArray[Any], shape: tuple[int, ...]) -> None:
    """Refuse an array of another shape than expected.

    Raises:
        DataError: If the shape differs.
    """
    if values.shape != shape:
        expected, got = f"an array of shape {shape}", f"shape {values.shape}"
        raise DataError(_wrong(where, expected, got, "pass one value per place, 0 at padding"))


def _problems(log: Log, chosen: NDArray[Any]) -> Any:
    """Yield what is wrong with the arrays of a log."""
    held = log.propensity if log.propensity is not None else log.is_candidate
    if held is None:
        yield _wrong("log", "propensity or is_candidate", "neither", "log the candidates of each decision")
        return
    grid: NDArray[Any] = np.asarray(held)
    if grid.ndim != 2 or chosen.shape != (len(grid),):
        shapes = f"{grid.shape} beside {chosen.shape} taken"
        fix = "give the probability of every candidate, not only of the one that was taken"
        yield _wrong("log.propensity", "one value per decision and candidate", shapes, fix)
        return
    if log.is_candidate is not None and np.asarray(log.is_candidate).shape != grid.shape:
        shape = str(np.asarray(log.is_candidate).shape)
        yield _wrong("log.is_candidate", f"shape {grid.shape}", shape, "pass one value per place")
    if len(chosen) and (chosen.min() < 0 or chosen.max() >= grid.shape[1]):
        ends = f"{chosen.min()} to {chosen.max()}"
        yield _wrong("log.chosen", f"indexes below {grid.shape[1]}", ends, "count candidates from 0")
    for name in ("taken_propensity", "unit", "cluster", "time", "logger"):
        values = getattr(log, name)
        if values is not None and np.asarray(values).shape[:1] != chosen.shape:
            shape = str(np.asarray(values).shape)
            yield _wrong(f"log.{name}", f"{len(chosen)} values", shape, "pass one value per decision")
