"""Small trees that the source steps are written with."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from truenorth.engine.lowering import Tree, column, number


def alias(tree: Tree, name: str) -> Tree:
    """Return `tree AS "name"`."""
    return exp.Alias(this=tree, alias=exp.to_identifier(name, quoted=True))


def stored(relation: str, name: str | None = None) -> exp.Table:
    """Return a relation as a table of a query, under another name if one is given."""
    place = exp.Table(this=exp.to_identifier(relation, quoted=True))
    if name:
        place.set("alias", exp.TableAlias(this=exp.to_identifier(name, quoted=True)))
    return place


def is_null(tree: Tree) -> Tree:
    """Return `tree IS NULL`."""
    return exp.Is(this=tree.copy(), expression=exp.null())


def not_null(tree: Tree) -> Tree:
    """Return `NOT tree IS NULL`."""
    return exp.Not(this=is_null(tree))


def plus(tree: Tree, amount: int) -> Tree:
    """Return `(tree + amount)`."""
    return exp.Paren(this=exp.Add(this=tree.copy(), expression=number(amount)))


def minus(left: Tree, right: Tree) -> Tree:
    """Return `(left - right)`."""
    return exp.Paren(this=exp.Sub(this=left.copy(), expression=right.copy()))


def try_cast(tree: Tree, to: str) -> Tree:
    """Return the value as a type, NULL where it cannot be read."""
    return exp.TryCast(this=tree, to=exp.DataType.build(to, dialect="duckdb"), safe=True)


def count() -> Tree:
    """Return `COUNT(*)`."""
    return exp.Count(this=exp.Star())


def several() -> Tree:
    """Return `COUNT(*) > 1`."""
    return exp.GT(this=count(), expression=number(1))


def over(
    function: Tree,
    *,
    partition: Sequence[Tree] = (),
    order: Sequence[str | exp.Ordered] = (),
    running: bool = False,
) -> Tree:
    """Return a window function; `running` counts from the first row to this one."""
    keys = [exp.Ordered(this=column(one)) if isinstance(one, str) else one for one in order]
    spec = exp.WindowSpec(kind="ROWS", start="UNBOUNDED", start_side="PRECEDING", end="CURRENT ROW")
    return exp.Window(
        this=function,
        partition_by=[one.copy() for one in partition],
        order=exp.Order(expressions=keys) if keys else None,
        spec=spec if running else None,
    )


def copies(trees: Sequence[Tree]) -> list[Tree]:
    """Return a copy of each tree."""
    return [tree.copy() for tree in trees]
