"""Rows that stand twice: refused, or one kept; rows that share a key but differ are always refused."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sqlglot import exp

from truenorth.engine.contract import Engine
from truenorth.engine.draft import Draft
from truenorth.engine.failures import refused
from truenorth.engine.known import TIME
from truenorth.engine.lowering import Tree, call, column, number
from truenorth.engine.trees import alias, count, several, stored
from truenorth.errors import DataError
from truenorth.framing.sources import DuplicateRule

_HASH, _COPIES = "__hash", "__copies"


@dataclass(frozen=True)
class _Repeats:
    """Rows that may stand twice, grouped by content."""

    hashes: str
    rows: str
    n_copies: int
    """Rows beyond the first of each set of equal rows."""
    n_conflicts: int
    """Keys with rows that differ."""


def settle_duplicates(
    engine: Engine, draft: Draft, *, rule: DuplicateRule, key: tuple[str, ...], content: tuple[str, ...]
) -> tuple[Draft, int]:
    """Return the draft without repeated rows, and how many were taken out.

    Args:
        engine: Where the rows are.
        draft: The source so far.
        rule: `error`, `drop` or `keep`.
        key: Columns that identify a row; none where the whole row does.
        content: Columns that make two rows equal.

    Raises:
        DataError: If the rule refuses what was found.
    """
    if rule == "keep":
        return draft, 0
    identity = key or content
    repeats = _find(engine, draft, identity, key, content)
    if repeats is None:
        return draft, 0
    if repeats.n_conflicts or rule == "error":
        raise _refused(engine, draft, repeats, key, content)
    return _dropped(engine, draft, repeats, identity, content), repeats.n_copies


def _find(
    engine: Engine, draft: Draft, identity: tuple[str, ...], key: tuple[str, ...], content: tuple[str, ...]
) -> _Repeats | None:
    """Group by a 64-bit hash first, which is cheap; look at whole rows only where a hash repeats."""
    hashes, rows = f"hashes_{draft.name}", f"repeats_{draft.name}"
    hashed = alias(_hash(engine, identity), _HASH)
    grouped = exp.select(column(_HASH)).from_(draft.over(hashed).subquery("hashed"))
    engine.create_table(hashes, grouped.group_by(column(_HASH)).having(several()))
    if not _scalar(engine, exp.select(count()).from_(stored(hashes))):
        return None
    copies = alias(count(), _COPIES)
    names = [column(name) for name in content]
    repeated = draft.over(*names, copies).where(_among(engine, identity, hashes)).group_by(*names)
    engine.create_table(rows, repeated)
    extra = exp.Coalesce(this=exp.Sum(this=column(_COPIES) - number(1)), expressions=[number(0)])
    n_copies = int(_scalar(engine, exp.select(extra).from_(stored(rows))))
    n_conflicts = int(_scalar(engine, _conflicts(rows, key))) if key else 0
    return _Repeats(hashes, rows, n_copies, n_conflicts) if n_copies or n_conflicts else None


def _conflicts(rows: str, key: tuple[str, ...]) -> exp.Select:
    names = [column(name) for name in key]
    shared = exp.select(*names).from_(stored(rows)).group_by(*names).having(several())
    return exp.select(count()).from_(shared.subquery("shared"))


def _dropped(
    engine: Engine, draft: Draft, repeats: _Repeats, identity: tuple[str, ...], content: tuple[str, ...]
) -> Draft:
    """Keep rows whose hash is unique as they are, and one of each set of the others."""
    kept = draft.kept()
    repeated = _among(engine, identity, repeats.hashes)
    single = draft.over(*kept).where(exp.Not(this=repeated.copy()))
    items = [name if name.name in content else alias(exp.Min(this=name.copy()), name.name) for name in kept]
    one_of_each = draft.over(*items).where(repeated).group_by(*(column(name) for name in content))
    table = f"distinct_{draft.name}"
    engine.create_table(table, exp.union(single, one_of_each, distinct=False))
    return replace(draft, query=exp.select(*(name.copy() for name in kept)).from_(stored(table)))


def _refused(
    engine: Engine, draft: Draft, repeats: _Repeats, key: tuple[str, ...], content: tuple[str, ...]
) -> DataError:
    found = []
    if repeats.n_copies:
        example = _example_copy(engine, repeats, key or content)
        found.append(f"{repeats.n_copies:,} rows that stand more than once ({example})")
    if repeats.n_conflicts:
        example = _example_conflict(engine, repeats, key)
        found.append(f"{repeats.n_conflicts:,} keys shared by rows that differ ({example})")
    fix = "write duplicates: drop to keep one of each, or duplicates: keep if every row counts"
    if repeats.n_conflicts:
        fix = "name a key that identifies a row, mend the log, or write duplicates: keep if every row counts"
    wanted = "rows that differ" + (f" and one row per key ({', '.join(key)})" if key else "")
    return refused(
        "LOG005",
        where=f"sources.{draft.name}.duplicates",
        evidence=f"expected {wanted}, got {' and '.join(found)}.",
        fix=fix,
    )


def _example_copy(engine: Engine, repeats: _Repeats, shown: tuple[str, ...]) -> str:
    names = [column(name) for name in shown[:4] if name != TIME]
    query = exp.select(*names, column(_COPIES)).from_(stored(repeats.rows))
    row = engine.fetch(query.order_by(exp.Ordered(this=column(_COPIES), desc=True)).limit(1)).to_pylist()[0]
    copies = row.pop(_COPIES)
    return f"for example {_written(row)} stands {copies} times"


def _example_conflict(engine: Engine, repeats: _Repeats, key: tuple[str, ...]) -> str:
    names = [column(name) for name in key]
    query = exp.select(*names).from_(stored(repeats.rows)).group_by(*names).having(several())
    return f"for example {_written(engine.fetch(query.limit(1)).to_pylist()[0])}"


def _written(row: dict[str, Any]) -> str:
    return ", ".join(f"{name} = {value!r}" for name, value in row.items())


def _hash(engine: Engine, names: tuple[str, ...]) -> Tree:
    return call("xxhash64" if engine.dialect == "spark" else "hash", *(column(name) for name in names))


def _among(engine: Engine, names: tuple[str, ...], hashes: str) -> Tree:
    found = exp.select(column(_HASH)).from_(stored(hashes))
    return exp.In(this=_hash(engine, names), query=found.subquery())


def _scalar(engine: Engine, query: exp.Select) -> Any:
    return engine.fetch(query).column(0)[0].as_py()
