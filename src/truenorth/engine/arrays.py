"""Expressions over arrays, with the meaning that `lowering` gives them in SQL.

The tree is turned into nested functions once, and then runs on any table: a million rows, or the one row of a
request. Truth has three values, 0, 1 and NULL. NULL is NaN in numbers, so that what an engine computes as NaN
(infinity minus infinity, a fractional power of a number below 0) is NULL here.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from functools import lru_cache, reduce
from typing import Any

import numpy as np
from sqlglot import exp

from truenorth.engine import arrays_functions
from truenorth.engine.arrays_operands import (
    NULL,
    Array,
    as_one_type,
    boolean,
    boolean_constant,
    is_constant,
    levels_of,
    missing_of,
    null_of,
    number,
    number_constant,
    numbers,
    table,
    text_constant,
    time_constant,
    truths,
)
from truenorth.engine.arrays_text import as_text, like, ordered
from truenorth.engine.vectors import Vector
from truenorth.errors import Finding, FramingError, suggest
from truenorth.framing.expressions import MOMENTS, Expression
from truenorth.framing.periods import Moment

Columns = Mapping[str, Vector]
Step = Callable[[Columns], Vector]
Build = Callable[[exp.Expr], Step]
"""Turns a part of a tree into the function that computes it."""
Compare = Callable[[Any, Any], Any]
_LARGEST = {exp.DType.INT: 2.0**31, exp.DType.BIGINT: 2.0**63}


def evaluate(expression: Expression, columns: Columns, n_rows: int) -> Vector:
    """Return the values of an expression.

    Args:
        expression: What the framing says.
        columns: Vectors by name; `time` stands for `at` where there is no column of that name.
        n_rows: Number of rows, which all columns have.

    Returns:
        A vector of `n_rows` values.

    Raises:
        FramingError: If a name is no column, or values of different types are mixed.

    Examples:
        >>> from truenorth.framing.expressions import parse_expression
        >>> amounts = {"amount": Vector.numbers([100, 300, None])}
        >>> evaluate(parse_expression("amount > 220"), amounts, 3).values
        array([ 0.,  1., nan])
    """
    with np.errstate(all="ignore"):
        found = compile_expression(expression)(columns)
    if not is_constant(found):
        return found
    return Vector(found.role, np.repeat(found.values, n_rows), found.levels)


@lru_cache(maxsize=4096)
def compile_expression(expression: Expression) -> Step:
    """Return the function from columns to values; what it returns has shape () where it reads no column."""
    return compile_tree(expression.tree)


def compile_tree(tree: exp.Expr) -> Step:
    """Return the function from columns to values of a part of an expression."""
    return step_of(tree, compile_tree)


def step_of(node: exp.Expr, build: Build) -> Step:
    """Return the function of one node; `build` makes those of its parts."""
    return _NODES[type(node)](node, build)


def _always(value: Vector) -> Step:
    return lambda columns: value


def _column(node: exp.Expr, build: Build) -> Step:
    name = node.name

    def read(columns: Columns) -> Vector:
        found = columns.get(name)
        if found is None and name == "time":
            found = columns.get("at")
        if found is None:
            raise _unknown(name, columns)
        return found

    return read


def _unknown(name: str, columns: Columns) -> FramingError:
    known = sorted(one for one in columns if not one.startswith("__"))
    listed = ", ".join(known[:6]) + (", ..." if len(known) > 6 else "")
    return FramingError(
        Finding(
            code="SPEC021",
            where="expression",
            evidence=f"expected a column of the examples ({listed}), got {name!r}.",
            fix=suggest(name, known, otherwise="name a column that the examples have, or add it to context."),
        )
    )


def _literal(node: exp.Expr, build: Build) -> Step:
    return _always(text_constant(node.this) if node.is_string else number_constant(float(node.this)))


def _cast(node: exp.Expr, build: Build) -> Step:
    to = node.args["to"].this
    if to in MOMENTS:
        return _always(time_constant(Moment.parse(node.this.this).microseconds))
    inner = build(node.this)
    if to in (exp.DType.VARCHAR, exp.DType.TEXT):
        return lambda columns: _unless_null(inner(columns), as_text)
    if to == exp.DType.BOOLEAN:
        return lambda columns: boolean(truths(inner(columns)))
    if to in _LARGEST:
        return lambda columns: _unless_null(inner(columns), lambda one: _whole(one, _LARGEST[to]))
    return lambda columns: number(numbers(inner(columns)))


def _unless_null(operand: Vector, function: Callable[[Vector], Vector]) -> Vector:
    return operand if operand is NULL else function(operand)


def _whole(operand: Vector, largest: float) -> Vector:
    """Return the nearest whole numbers, halves to even; NULL where they do not fit."""
    if operand.role == "time":
        return operand
    values = np.rint(numbers(operand))
    return number(np.where(np.abs(values) < largest, values, np.nan))


def _arithmetic(compute: Compare) -> Callable[[exp.Expr, Build], Step]:
    def make(node: exp.Expr, build: Build) -> Step:
        left, right = build(node.this), build(node.expression)
        return lambda columns: number(compute(numbers(left(columns)), numbers(right(columns))))

    return make


def _nonzero(divide: Compare) -> Compare:
    return lambda left, right: divide(left, np.where(right == 0, np.nan, right))


def _negative(node: exp.Expr, build: Build) -> Step:
    inner = build(node.this)
    return lambda columns: number(-numbers(inner(columns)))


def _comparison(compute: Compare) -> Callable[[exp.Expr, Build], Step]:
    def make(node: exp.Expr, build: Build) -> Step:
        left, right = build(node.this), build(node.expression)
        return lambda columns: compare(compute, left(columns), right(columns))

    return make


_MIRRORED: dict[Compare, Compare] = {
    operator.lt: operator.gt, operator.le: operator.ge, operator.gt: operator.lt, operator.ge: operator.le,
    operator.eq: operator.eq, operator.ne: operator.ne,
}  # fmt: skip


def compare(compute: Compare, left: Vector, right: Vector) -> Vector:
    """Return left OP right, NULL where either is."""
    if left is NULL or right is NULL:
        return boolean(np.array(np.nan))
    if left.role == right.role == "text":
        return boolean(_compared_texts(compute, left, right))
    if left.role == right.role == "time":
        missing = [null_of(left), null_of(right)]
        return boolean(_truth(compute(left.values, right.values), missing))
    one, other = numbers(left), numbers(right)
    return boolean(_truth(compute(one, other), [np.isnan(one), np.isnan(other)]))


def _truth(found: Array, missing: list[Any]) -> Array:
    values = np.asarray(found, dtype=np.float64)
    for mask in missing:
        if mask.any():
            values = np.where(mask, np.nan, values)
    return values


def _compared_texts(compute: Compare, left: Vector, right: Vector) -> Array:
    if is_constant(left) and not is_constant(right):
        left, right, compute = right, left, _MIRRORED[compute]
    if is_constant(right) and right.values >= 0:
        text = levels_of(right)[right.values]
        return table(left, lambda texts: [float(compute(one, text)) for one in texts])
    _, codes, levels = as_one_type([left, right])
    if compute not in (operator.eq, operator.ne):
        assert levels is not None
        codes, _ = ordered(codes, levels)
    return _truth(compute(*codes), [codes[0] < 0, codes[1] < 0])


def _and(left: Array, right: Array) -> Array:
    return np.where((left == 0) | (right == 0), 0.0, np.minimum(left, right))


def _or(left: Array, right: Array) -> Array:
    return np.where((left == 1) | (right == 1), 1.0, np.maximum(left, right))


def _logic(compute: Compare) -> Callable[[exp.Expr, Build], Step]:
    def make(node: exp.Expr, build: Build) -> Step:
        left, right = build(node.this), build(node.expression)
        return lambda columns: boolean(compute(truths(left(columns)), truths(right(columns))))

    return make


def _not(node: exp.Expr, build: Build) -> Step:
    inner = build(node.this)
    return lambda columns: boolean(1.0 - truths(inner(columns)))


def _between(node: exp.Expr, build: Build) -> Step:
    inner, low, high = (build(node.args[key]) for key in ("this", "low", "high"))

    def apply(columns: Columns) -> Vector:
        value = inner(columns)
        above = compare(operator.ge, value, low(columns))
        return boolean(_and(above.values, compare(operator.le, value, high(columns)).values))

    return apply


def _in(node: exp.Expr, build: Build) -> Step:
    inner = build(node.this)
    listed = [build(item) for item in node.expressions]
    texts = frozenset(
        item.this for item in node.expressions if isinstance(item, exp.Literal) and item.is_string
    )
    only_texts = len(texts) == len({item.sql() for item in node.expressions})

    def apply(columns: Columns) -> Vector:
        value = inner(columns)
        if only_texts and value.role == "text":
            return boolean(table(value, lambda levels: [float(level in texts) for level in levels]))
        found = [compare(operator.eq, value, item(columns)).values for item in listed]
        return boolean(reduce(_or, found))

    return apply


def _is(node: exp.Expr, build: Build) -> Step:
    inner = build(node.this)
    if isinstance(node.expression, exp.Null):
        return lambda columns: boolean(null_of(inner(columns)).astype(np.float64))
    wanted = float(node.expression.this)
    return lambda columns: boolean((truths(inner(columns)) == wanted).astype(np.float64))


def _like(node: exp.Expr, build: Build) -> Step:
    inner, pattern = build(node.this), node.expression.this
    if node.args.get("negate"):
        return lambda columns: boolean(1.0 - like(inner(columns), pattern).values)
    return lambda columns: like(inner(columns), pattern)


def _case(node: exp.Expr, build: Build) -> Step:
    subject = None if node.this is None else build(node.this)
    whens = [(build(one.this), build(one.args["true"])) for one in node.args["ifs"]]
    default = node.args.get("default")
    otherwise = _always(NULL) if default is None else build(default)

    def apply(columns: Columns) -> Vector:
        value = None if subject is None else subject(columns)
        holds = []
        for condition, _ in whens:
            found = condition(columns)
            holds.append(truths(found if value is None else compare(operator.eq, value, found)) == 1)
        return choose(holds, [then(columns) for _, then in whens], otherwise(columns))

    return apply


def choose(holds: list[Array], values: list[Vector], otherwise: Vector) -> Vector:
    """Return, row by row, the first value whose condition holds."""
    role, arrays, levels = as_one_type([*values, otherwise])
    found = arrays[-1]
    for condition, array in zip(reversed(holds), reversed(arrays[:-1]), strict=True):
        found = np.where(condition, array, found)
    return Vector(role, np.asarray(found), levels)


def coalesce(*operands: Vector) -> Vector:
    """Return, row by row, the first value that is not NULL."""
    *earlier, last = operands
    return choose([~null_of(operand) for operand in earlier], list(earlier), last) if earlier else last


def nullif(value: Vector, other: Vector) -> Vector:
    """Return NULL where the value equals the other, else the value."""
    if value is NULL:
        return NULL
    equal = compare(operator.eq, value, other).values == 1
    return Vector(value.role, np.where(equal, missing_of(value.role), value.values), value.levels)


def _extreme(largest: bool) -> Callable[..., Vector]:
    def apply(*operands: Vector) -> Vector:
        role, arrays, levels = as_one_type(operands)
        if role in ("number", "boolean"):
            return Vector(role, reduce(np.fmax if largest else np.fmin, arrays))
        if levels is not None:
            arrays, levels = ordered(arrays, levels)
        null = missing_of(role)
        if largest:  # NULL is the smallest of all
            return Vector(role, reduce(np.maximum, arrays), levels)
        top = np.iinfo(arrays[0].dtype).max
        found = reduce(np.minimum, [np.where(array == null, top, array) for array in arrays])
        return Vector(role, np.where(found == top, null, found), levels)

    return apply


def _call(node: exp.Expr, build: Build) -> Step:
    name = str(node.this).lower()
    if name not in _FUNCTIONS:
        raise FramingError(
            Finding(
                code="SPEC016",
                where="expression",
                evidence=f"expected a function of the row's values, got {name!r} outside a score.",
                fix="use it in objective.score, a cost or a metric.",
            )
        )
    function = _FUNCTIONS[name]
    arguments = [build(argument) for argument in node.expressions]
    return lambda columns: function(*[argument(columns) for argument in arguments])


_FUNCTIONS: dict[str, Callable[..., Vector]] = {
    **arrays_functions.FUNCTIONS,
    "coalesce": coalesce,
    "nullif": nullif,
    "greatest": _extreme(True),
    "least": _extreme(False),
}

_NODES: dict[type[exp.Expr], Callable[[Any, Build], Step]] = {
    exp.Column: _column,
    exp.Literal: _literal,
    exp.Boolean: lambda node, build: _always(boolean_constant(bool(node.this))),
    exp.Null: lambda node, build: _always(NULL),
    exp.Paren: lambda node, build: build(node.this),
    exp.Anonymous: _call,
    exp.Neg: _negative,
    exp.Not: _not,
    exp.And: _logic(_and),
    exp.Or: _logic(_or),
    exp.EQ: _comparison(operator.eq),
    exp.NEQ: _comparison(operator.ne),
    exp.LT: _comparison(operator.lt),
    exp.LTE: _comparison(operator.le),
    exp.GT: _comparison(operator.gt),
    exp.GTE: _comparison(operator.ge),
    exp.Add: _arithmetic(operator.add),
    exp.Sub: _arithmetic(operator.sub),
    exp.Mul: _arithmetic(operator.mul),
    exp.Div: _arithmetic(_nonzero(operator.truediv)),
    exp.Mod: _arithmetic(_nonzero(np.fmod)),
    exp.Between: _between,
    exp.In: _in,
    exp.Is: _is,
    exp.Like: _like,
    exp.Case: _case,
    exp.Cast: _cast,
}
