"""What was read, what was removed and why, and how late things become known: one scan per source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from truenorth.engine.draft import Draft
from truenorth.engine.known import TIME
from truenorth.engine.lowering import Tree, both, call, column, number, when
from truenorth.engine.trees import alias, count, is_null, not_null
from truenorth.framing.durations import SECOND
from truenorth.framing.periods import Moment, Period
from truenorth.framing.sources import Known

if TYPE_CHECKING:
    from truenorth.engine.contract import Engine

EARLIEST = Moment.parse("1900-01-01").microseconds
LATEST = Moment.parse("2200-01-01").microseconds
QUANTILES = (0.5, 0.9, 0.95, 0.99, 1.0)


@dataclass(frozen=True, kw_only=True)
class SourceReport:
    """Counts of one source, in rows; times in microseconds UTC."""

    n_read: int = 0
    """Rows in the log, after `unnest`."""
    n_kept: int = 0
    """Rows of the relation."""
    removed: Mapping[str, int] = field(default_factory=dict)
    """Rows taken out, by the first reason that applies: where, no time, out of range time, duplicate."""
    n_never_known: int = 0
    """Rows whose `known_at` is NULL."""
    n_non_finite: Mapping[str, int] = field(default_factory=dict)
    """NaN and infinities by column, read as NULL."""
    n_unreadable: Mapping[str, int] = field(default_factory=dict)
    """Values by column that cannot be read in their role, read as NULL."""
    n_known_before_event: int = 0
    """Rows with a `known_at` before the event; they are known at the event."""
    n_ambiguous: int = 0
    """Rows whose local stamp stands twice because clocks go back; the earlier time is taken."""
    first: int | None = None
    """Earliest event time."""
    last: int | None = None
    """Latest event time."""
    covers: tuple[int, int] | None = None
    """Half-open period for which the source is complete: declared, or what was observed."""
    n_outside_covers: int = 0
    """Rows outside the declared period."""
    lag_seconds: Mapping[str, Mapping[float, float]] = field(default_factory=dict)
    """Quantiles of known time less event time by `known_at` column."""
    n_late: int = 0
    """Values known later than the promised bound."""

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain JSON values."""
        plain = asdict(self)
        plain["covers"] = list(self.covers) if self.covers else None
        plain["lag_seconds"] = {
            name: {str(quantile): value for quantile, value in lags.items()}
            for name, lags in self.lag_seconds.items()
        }
        return plain


@dataclass(frozen=True)
class Checks:
    """What has to be looked at in one source."""

    where: Tree | None = None
    """Condition for a row to be kept."""
    flags: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Flag column: (`n_non_finite` or `n_unreadable`, the user's column)."""
    entries: tuple[Known, ...] = ()
    """Known-time entries that name a column."""
    row_at: str | None = None
    """Column that says when the row is known."""
    is_computed: bool = False
    """Whether the event time comes from a column, so that it can be missing or out of range."""
    covers: Period | None = None
    """The declared period."""
    held: int = 0
    """Microseconds after a snapshot's time until which it holds what was promised."""
    coarseness: int = 0
    """Microseconds by which the first stamp's interval starts earlier."""


def removals(checks: Checks) -> dict[str, Tree]:
    """Return the conditions that take a row out, by reason; the first that holds counts."""
    reasons: dict[str, Tree] = {}
    if checks.where is not None:
        reasons["where"] = exp.Not(this=exp.Coalesce(this=exp.paren(checks.where), expressions=[exp.false()]))
    if checks.is_computed:
        reasons["no time"] = is_null(column(TIME))
        reasons["out of range time"] = exp.Not(
            this=exp.Between(this=column(TIME), low=number(EARLIEST), high=number(LATEST - 1))
        )
    return reasons


def keep_condition(checks: Checks, removed: Iterable[str]) -> Tree | None:
    """Return the condition for a row to stay, for the reasons that did remove rows."""
    reasons = removals(checks)
    removed = set(removed)
    if "out of range time" in removed:
        removed.discard("no time")
    terms: dict[str, Tree] = {
        "where": exp.paren(checks.where) if checks.where is not None else exp.true(),
        "no time": not_null(column(TIME)),
        "out of range time": exp.Between(this=column(TIME), low=number(EARLIEST), high=number(LATEST - 1)),
    }
    return both(*(terms[reason] for reason in reasons if reason in removed))


def measure(engine: Engine, draft: Draft, checks: Checks) -> SourceReport:
    """Return the counts of a source by one scan over its columns that can differ."""
    reasons = removals(checks)
    kept = _kept(list(reasons.values()))
    items: dict[str, Tree] = {"n_read": _count(None)}
    for index, reason in enumerate(reasons):
        earlier = [exp.Not(this=exp.paren(_sure(one))) for one in list(reasons.values())[:index]]
        items[f"removed {reason}"] = _count(both(*earlier, _sure(reasons[reason])))
    if draft.is_dated:
        items["first"] = _filtered(exp.Min(this=column(TIME)), kept)
        items["last"] = _filtered(exp.Max(this=column(TIME)), kept)
        items.update(_known_items(draft, checks, kept, engine.dialect))
        if checks.covers:
            low, high = checks.covers.start.microseconds, checks.covers.end.microseconds - 1
            inside = exp.Between(this=column(TIME), low=number(low), high=number(high))
            items["n_outside_covers"] = _count(both(kept, exp.Not(this=inside)))
    for flag in checks.flags:
        items[flag] = _count(both(kept, column(flag)))
    query = draft.over(*(alias(tree, name) for name, tree in items.items()))
    return _report(engine.fetch(query).to_pylist()[0], checks, list(reasons))


def _known_items(draft: Draft, checks: Checks, kept: Tree | None, dialect: str) -> dict[str, Tree]:
    items: dict[str, Tree] = {}
    early: list[Tree] = []
    for index, entry in enumerate(checks.entries):
        at = column(entry.at or "")
        lag = exp.Paren(this=exp.Sub(this=at.copy(), expression=column(TIME)))
        late = exp.GT(this=lag.copy(), expression=number(entry.after.microseconds))
        items[f"late {index}"] = _count(both(kept, late))
        early.append(exp.LT(this=at.copy(), expression=column(TIME)))
        # known at the event where the column says earlier; NULL, never known, has no lag
        positive = when(exp.GT(this=lag.copy(), expression=number(0)), lag.copy(), number(0))
        items[f"lag {entry.at}"] = _quantiles(when(not_null(at), positive), kept, dialect)
    if early:
        items["n_known_before_event"] = _count(both(kept, exp.paren(exp.or_(*early))))
    if checks.row_at:
        items["n_never_known"] = _count(both(kept, is_null(column(checks.row_at))))
    return items


def _quantiles(value: Tree, kept: Tree | None, dialect: str) -> Tree:
    levels = [exp.cast(exp.Literal.number(repr(level)), "DOUBLE") for level in QUANTILES]
    if dialect == "spark":
        return _filtered(call("percentile", value, exp.Array(expressions=levels)), kept)
    return _filtered(call("quantile_cont", exp.cast(value, "DOUBLE"), exp.Array(expressions=levels)), kept)


def _report(row: Mapping[str, Any], checks: Checks, reasons: list[str]) -> SourceReport:
    removed = {reason: row[f"removed {reason}"] for reason in reasons}
    counted: dict[str, dict[str, int]] = {"n_non_finite": {}, "n_unreadable": {}}
    for flag, (kind, name) in checks.flags.items():
        if row[flag]:
            counted[kind][name] = row[flag]
    first, last = row.get("first"), row.get("last")
    # a coarse stamp stands for the end of its interval, of which the log holds the whole
    observed = None
    if first is not None and last is not None:
        observed = (first - checks.coarseness, last + checks.held + 1)
    declared = checks.covers and (checks.covers.start.microseconds, checks.covers.end.microseconds)
    return SourceReport(
        n_read=row["n_read"],
        n_kept=row["n_read"] - sum(removed.values()),
        removed={reason: count for reason, count in removed.items() if count},
        n_never_known=row.get("n_never_known", 0),
        n_non_finite=counted["n_non_finite"],
        n_unreadable=counted["n_unreadable"],
        n_known_before_event=row.get("n_known_before_event", 0),
        first=first,
        last=last,
        covers=declared or observed,
        n_outside_covers=row.get("n_outside_covers", 0),
        lag_seconds={
            key.removeprefix("lag "): {
                level: lag / SECOND for level, lag in zip(QUANTILES, value, strict=True)
            }
            for key, value in row.items()
            if key.startswith("lag ") and value
        },
        n_late=sum(value for key, value in row.items() if key.startswith("late ")),
    )


def without(report: SourceReport, reason: str, count: int) -> SourceReport:
    """Return the report after `count` more rows were taken out."""
    if not count:
        return report
    removed = {**report.removed, reason: report.removed.get(reason, 0) + count}
    return replace(report, n_kept=report.n_kept - count, removed=removed)


def _kept(reasons: list[Tree]) -> Tree | None:
    return both(*(exp.Not(this=exp.paren(_sure(reason))) for reason in reasons))


def _sure(reason: Tree) -> Tree:
    """Return a condition that is false where it would be NULL."""
    return exp.Coalesce(this=exp.paren(reason), expressions=[exp.false()])


def _count(condition: Tree | None) -> Tree:
    return _filtered(count(), condition)


def _filtered(aggregate: Tree, condition: Tree | None) -> Tree:
    if condition is None:
        return aggregate
    return exp.Filter(this=aggregate, expression=exp.Where(this=condition.copy()))
