"""Columns made by `columns:`, and the known times that the framing declares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sqlglot import exp

from truenorth.engine.derived.session import COLUMNS
from truenorth.engine.draft import Draft
from truenorth.engine.known import known_time
from truenorth.engine.lowering import Tree, lower
from truenorth.engine.trees import alias
from truenorth.framing.expressions import MOMENTS, Expression
from truenorth.framing.known import clock_entries, renamed
from truenorth.framing.sources import Source

_SAME = {"coalesce", "greatest", "least", "nullif"}


def late_columns(source: Source) -> frozenset[str]:
    """Return the columns that sessions and lookups add, and those made from them."""
    late = {*source.lookup, *(COLUMNS if source.session else ())}
    for name, expression in source.columns.items():
        if expression.columns & late:
            late.add(name)
    return frozenset(late)


def add_entries(draft: Draft, source: Source) -> Draft:
    """Return the draft with what the framing says about known times."""
    if not draft.is_dated:
        return draft
    row = source.row_known
    row = replace(row, at=renamed(source, row.at)) if row.at else row
    draft = replace(draft, row_known=draft.row_known.later_of(known_time(row)))
    for name in dict.fromkeys((*source.column_known, *clock_entries(source))):
        draft = _with_declared(draft, source, renamed(source, name))
    return draft


def add_columns(draft: Draft, source: Source, names: list[str]) -> Draft:
    """Return the draft with some columns of `columns:`; a column may read those before it."""
    if not names:
        return draft
    made: dict[str, Tree] = {}
    kept = draft
    for name in names:
        expression = source.columns[name]
        tree = lower(expression, draft.bind(f"columns.{name}", made))
        inherited = draft.inherited(expression.columns)
        made[name] = tree
        draft = replace(
            draft, columns={**draft.columns, name: "time" if is_time(expression, draft.columns) else "?"}
        )
        if inherited:
            draft = draft.with_entry(name, *inherited)
        draft = _with_declared(draft, source, name)
    items = [one for one in kept.kept() if one.name not in made]
    items += [alias(tree, name) for name, tree in made.items()]
    return replace(draft, query=kept.over(*items))


def is_time(expression: Expression, roles: Mapping[str, str]) -> bool:
    """Return whether an expression gives a time, by what it is made of."""
    return _is_time(expression.tree, roles)


def _is_time(tree: exp.Expr, roles: Mapping[str, str]) -> bool:
    if isinstance(tree, exp.Paren):
        return _is_time(tree.this, roles)
    if isinstance(tree, exp.Column):
        return roles.get(tree.name) == "time" or (tree.name == "time" and tree.name not in roles)
    if isinstance(tree, exp.Cast):
        return tree.args["to"].this in MOMENTS
    if isinstance(tree, exp.Case):
        return any(_is_time(one.args["true"], roles) for one in tree.args["ifs"])
    return (
        isinstance(tree, exp.Anonymous)
        and str(tree.this).lower() in _SAME
        and any(_is_time(one, roles) for one in tree.expressions)
    )


def _with_declared(draft: Draft, source: Source, name: str) -> Draft:
    declared = [*source.column_known.items(), *clock_entries(source).items()]
    for one, entry in declared:
        if renamed(source, one) == name and name in draft.columns and draft.is_dated:
            resolved = replace(entry, at=renamed(source, entry.at)) if entry.at else entry
            draft = draft.with_entry(name, resolved, known_time(resolved))
    return draft
