"""Every filter counts what it removed: the attrition waterfall of an examples table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from truenorth.engine.contract import Engine
from truenorth.engine.lowering import Tree
from truenorth.engine.trees import alias, stored
from truenorth.engine.windows import Frame


@dataclass(frozen=True)
class Removal:
    """One step of the waterfall."""

    step: str
    """What was asked of a row."""
    n_removed: int
    """Rows that did not pass."""
    n_left: int
    """Rows after the step."""

    def __iter__(self):  # type: ignore[no-untyped-def]
        return iter((self.step, self.n_removed, self.n_left))


def count_removed(engine: Engine, frame: Frame, filters: Mapping[str, Tree]) -> list[Removal]:
    """Return what each filter removes after those before it, by one scan of the frame.

    Args:
        engine: Where the frame lives.
        frame: The rows before the filters.
        filters: Condition to stay, by step, in order; NULL does not stay.
    """
    passed: list[Tree] = []
    counts: dict[str, Tree] = {"n": exp.Count(this=exp.Star())}
    for index, condition in enumerate(filters.values()):
        passed.append(condition)
        stays = exp.and_(*(exp.paren(one.copy()) for one in passed))
        counts[f"n{index}"] = exp.Count(this=exp.Case(ifs=[exp.If(this=stays, true=exp.Literal.number(1))]))
    named = [alias(tree, name) for name, tree in counts.items()]
    query = exp.select(*named).from_(stored(frame.name))
    row = engine.fetch(query).to_pylist()[0]
    removals, left = [], int(row["n"])
    for index, step in enumerate(filters):
        now = int(row[f"n{index}"])
        removals.append(Removal(step, left - now, now))
        left = now
    return removals


def started(n_rows: int, removed: Mapping[str, int]) -> list[Removal]:
    """Return the waterfall of reading the example's log: what was removed before there were examples."""
    steps = [Removal("read", 0, n_rows)]
    left = n_rows
    for reason, n in removed.items():
        if n:
            left -= n
            steps.append(Removal(reason, n, left))
    return steps


def stays(conditions: Sequence[Tree]) -> Tree:
    """Return the conjunction of filters."""
    return exp.and_(*(exp.paren(condition.copy()) for condition in conditions))
