"""`unnest`: one row per item of a list."""

from __future__ import annotations

from sqlglot import exp

from truenorth.engine.contract import Engine, role_of
from truenorth.engine.failures import refused
from truenorth.engine.lowering import Tree, column
from truenorth.engine.readers.files import missing_column
from truenorth.engine.trees import alias, stored
from truenorth.errors import DataError

_ITEM = "__item"


def spread(engine: Engine, name: str, raw: str, list_column: str) -> str:
    """Make a relation with a row per item and return its name; empty and NULL lists give none.

    A plain item keeps the list's name; the fields of a struct become columns.

    Raises:
        DataError: If there is no such column, it is no list, or a field has the name of another column.
    """
    types = engine.types(raw)
    if list_column not in types:
        raise missing_column(name, "unnest", list_column, types)
    data_type = types[list_column]
    if role_of(data_type) != "list":
        raise _no_list(name, list_column, data_type)
    others: list[Tree] = [column(one, "log") for one in types if one != list_column]
    item = data_type.expressions[0] if data_type.expressions else None
    items = [alias(column(_ITEM, "items"), list_column)]
    if item is not None and item.this == exp.DType.STRUCT:
        items = _fields(name, item, list(types), list_column)
    unnest = exp.Unnest(
        expressions=[column(list_column, "log")],
        alias=exp.TableAlias(
            this=exp.to_identifier("items"), columns=[exp.to_identifier(_ITEM, quoted=True)]
        ),
    )
    table = stored(raw, "log")
    relation = f"spread_{name}"
    engine.create_view(relation, exp.select(*others, *items).from_(table).join(unnest, join_type="cross"))
    return relation


def _fields(name: str, struct: exp.Expr, columns: list[str], list_column: str) -> list[Tree]:
    items: list[Tree] = []
    for field in struct.expressions:
        if field.name in columns and field.name != list_column:
            raise refused(
                "LOG004",
                where=f"sources.{name}.unnest",
                evidence=f"expected fields that are new columns, got {field.name!r}, which the log has.",
                fix="rename one of the two in the log",
            )
        part = exp.to_identifier(field.name, quoted=True)
        items.append(alias(exp.Dot(this=column(_ITEM, "items"), expression=part), field.name))
    return items


def _no_list(name: str, list_column: str, data_type: exp.DataType) -> DataError:
    return refused(
        "LOG004",
        where=f"sources.{name}.unnest",
        evidence=f"expected a list in column {list_column!r}, got {data_type.sql().lower()}.",
        fix="name a column of lists",
    )
