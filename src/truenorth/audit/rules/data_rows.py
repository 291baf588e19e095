"""DATA, continued: rows that should not be there, of keys like no other or there twice."""

from __future__ import annotations

from collections.abc import Iterator

from truenorth.audit.contract import Hit, Unknown, rule
from truenorth.audit.evidence import DataEvidence
from truenorth.audit.measured.dominant_keys import counts_of, counts_per_day, outstanding, repeated_rows
from truenorth.audit.subject import Subject
from truenorth.engine.vectors import Vector

DOMINANT = 0.01
"""Share of the rows from which keys that stand out bend what is learned."""
BUSY_DAY = 200
"""Events a day from which a key that stands out is likely no person."""
REPEATED = 0.001
"""Share of repeated rows from which it is said."""


@rule("DATA004", "keys-that-dominate", severity="warn", stage="data")
def keys_that_dominate(subject: Subject) -> Iterator[Hit | Unknown]:
    """One key, or a handful, makes rows like no other: a bot, a test account, a default value.

    What it checks:
        For each entity and the unit, where there are 100 keys or more: up to five keys with five times the
        rows that the next twenty let expect of them, on a line of log counts against log ranks, and 1 % of
        all rows; or with 200 rows on a single day and the same excess over other keys' busiest days.

    Why it hurts:
        A crawler's thousand clicks a day train the model on itself, and intervals that assume many
        independent people rest on one.

    Example:
        A customer with 5 % of the rows where the next has .1 % fires; a long tail in which the first has
        three times the second does not.

    How to fix:
        Look at the rows. Leave them out by `examples.where`, or say what they are: a default is a missing
        value.

    Source:
        The line is Zipf's law; five times it and 1 % are rules of thumb of ours.
    """
    data = subject.data
    assert data is not None
    source = subject.example_source
    own = set(source.key) if source is not None else set()
    for name in dict.fromkeys((*subject.framing.table.entity, subject.framing.table.unit or "")):
        column = data.column(name)
        if name in own or column is None or column.role == "list":
            continue
        hit = _dominant(name, column) or _bots(data, name, column)
        if hit is not None:
            yield hit


def _dominant(name: str, column: Vector) -> Hit | None:
    found = outstanding(counts_of(column))
    if found is None or found.share < DOMINANT:
        return None
    return Hit(
        path=("examples", "entity"),
        evidence=f"expected at most about {found.expected:,.0f} rows of one {name!r}, got {found.count:,}; "
        f"{found.n_keys} such hold {found.share:.1%} of all rows.",
        fix=f"examples: {{where: {name} <> KEY}}",
        numbers={"keys": found.n_keys, "rows": found.count, "expected": found.expected, "share": found.share},
    )


def _bots(data: DataEvidence, name: str, column: Vector) -> Hit | None:
    if not len(data.at):
        return None
    found = outstanding(counts_per_day(column, data.day))
    if found is None or found.count < BUSY_DAY:
        return None
    return Hit(
        path=("examples", "entity"),
        evidence=f"expected at most about {found.expected:,.0f} rows of one {name!r} on a day, got "
        f"{found.count:,} ({found.n_keys} such).",
        fix=f"examples: {{where: {name} <> KEY}}   # or drop robots where the log is read: sources.X.where",
        numbers={"keys": found.n_keys, "rows_on_a_day": found.count, "expected": found.expected},
    )


@rule("DATA005", "duplicates-without-a-rule", severity="warn", stage="data")
def duplicates_without_a_rule(subject: Subject) -> Iterator[Hit | Unknown]:
    """Rows stand in the log again under other ids, and nobody said what to do about it.

    What it checks:
        Where the source of the examples declares no `duplicates`: fewer than one row in a thousand agrees
        with an earlier one in time, entity (its own key left out) and every feature. Rows without a time are
        compared by their texts, and otherwise not assessed: few attributes agree by chance.

    Why it hurts:
        A retry that was logged twice counts twice in every sum, and if the copies fall into two parts of the
        split the test has seen the answer.

    Example:
        A hundred payments sent twice under new ids among 10,000 fire; with `duplicates: drop` or `keep` the
        rule is silent.

    How to fix:
        Say what a repeat is: `duplicates: drop` where it is a retry (and take the id out of `key`), `keep`
        where it truly happened twice.

    Source:
        One in a thousand is a rule of thumb of ours.
    """
    data = subject.data
    assert data is not None
    table, source = subject.framing.table, subject.example_source
    name = table.source or ""
    if source is None or source.is_derived or subject.written("sources", name, "duplicates") is not None:
        return
    keys = [one for one in (*table.entity, table.unit or "") if one not in source.key and one != "row"]
    is_timed = len(data.at) > 0 and int(data.at[-1]) > int(data.at[0])
    if not is_timed and not any(_is_prose(data, one) for one in data.feature_names):
        yield Unknown(
            f"rows of {name} have one time or none, so that a repeat cannot be told from a likeness"
        )
        return
    prose = [] if is_timed else [one for one in data.feature_names if _is_prose(data, one)]
    repeats = repeated_rows(data, [*keys, *(["at"] if is_timed else prose)], data.feature_names)
    n = data.dataset.n_rows
    if data.feature_names and repeats >= max(10, REPEATED * n):
        yield Hit(
            path=("sources", name, "duplicates"),
            evidence=f"expected a rule for rows that are there twice, got none, and {repeats:,} of {n:,} "
            f"rows ({repeats / n:.2%}) agree with another in time, entity and features.",
            fix="duplicates: drop   # keep, where the same thing truly happened twice",
            numbers={"repeats": repeats, "rows": n},
        )


def _is_prose(data: DataEvidence, name: str) -> bool:
    column = data.column(name)
    return (
        column is not None and column.levels is not None and len(column.levels) > max(100, len(column) // 2)
    )


RULES = (keys_that_dominate, duplicates_without_a_rule)
