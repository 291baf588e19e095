"""From a framing's expression to the SQL tree that an engine runs.

The tree that is run is written anew from the allow-listed one: columns are replaced by what the caller binds,
times are int64 microseconds, and every function has one meaning on all engines.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from sqlglot import exp

from truenorth.framing.durations import DAY, SECOND, UNITS
from truenorth.framing.expressions import MOMENTS, Expression
from truenorth.framing.periods import Moment

Tree = exp.Expr
Bind = Callable[[str], Tree]

EARTH_RADIUS_KM = 6371.0088
_ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.Neg)
_PREDICATES = (
    exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.And, exp.Or, exp.Not, exp.Between, exp.In, exp.Is,
    exp.Like, exp.Boolean,
)  # fmt: skip


def lower(expression: Expression, bind: Bind) -> Tree:
    """Return the engine's tree of an expression.

    Args:
        expression: What the framing says.
        bind: The tree that stands for a column's name; times are BIGINT microseconds.
    """
    return _lower(expression.tree, bind)


def number(value: float | int) -> Tree:
    """Return a literal; a fraction is a DOUBLE on every engine."""
    if isinstance(value, int):
        return exp.Literal.number(value) if value >= 0 else exp.Neg(this=exp.Literal.number(-value))
    return exp.cast(exp.Literal.number(repr(float(value))), "DOUBLE")


def text(value: str) -> Tree:
    """Return a text literal."""
    return exp.Literal.string(value)


def column(name: str, table: str | None = None) -> exp.Column:
    """Return a quoted column."""
    return exp.column(exp.to_identifier(name, quoted=True), table=table)


def double(tree: Tree) -> Tree:
    """Return the tree as a DOUBLE."""
    return exp.cast(tree, "DOUBLE")


def bigint(tree: Tree) -> Tree:
    """Return the tree as a BIGINT."""
    return exp.cast(tree, "BIGINT")


def when(condition: Tree, then: Tree, otherwise: Tree | None = None) -> exp.Case:
    """Return CASE WHEN condition THEN then [ELSE otherwise] END."""
    return exp.Case(ifs=[exp.If(this=condition, true=then)], default=otherwise)


def call(name: str, *arguments: Tree) -> Tree:
    """Return a call that both engines know by the same name."""
    return exp.Anonymous(this=name, expressions=list(arguments))


def both(*conditions: Tree | None) -> Tree | None:
    """Return the conditions joined by AND, or None where there is none."""
    present = [condition for condition in conditions if condition is not None]
    return exp.and_(*present, copy=False) if present else None


def moment(tree: Tree, dialect: str) -> Tree:
    """Return BIGINT microseconds as a timestamp with time zone."""
    return call("timestamp_micros" if dialect == "spark" else "make_timestamptz", tree)


def _lower(node: Tree, bind: Bind) -> Tree:
    special = _SPECIAL.get(type(node))
    if special:
        return special(node, bind)
    lowered = node.copy()
    for key, value in node.args.items():
        if isinstance(value, exp.Expr):
            lowered.set(key, _operand(node, _lower(value, bind)))
        elif isinstance(value, list):
            lowered.set(key, [_lower(item, bind) if isinstance(item, exp.Expr) else item for item in value])
    return (
        exp.Paren(this=lowered)
        if isinstance(node, exp.Binary | exp.Between | exp.In | exp.Is | exp.Not)
        else lowered
    )


def _operand(parent: Tree, child: Tree) -> Tree:
    """Count a condition inside arithmetic as 0 or 1."""
    if isinstance(parent, _ARITHMETIC) and isinstance(child.unnest(), _PREDICATES):
        return exp.cast(child, "INT")
    return child


def _column(node: Tree, bind: Bind) -> Tree:
    tree = bind(node.name)
    return (
        exp.Paren(this=tree)
        if isinstance(tree, exp.Binary | exp.Unary) and not isinstance(tree, exp.Paren)
        else tree
    )


def _literal(node: Tree, bind: Bind) -> Tree:
    if node.is_string or node.this.isdigit():
        return node.copy()
    return exp.cast(node.copy(), "DOUBLE")


def _divide(node: Tree, bind: Bind) -> Tree:
    left = _operand(node, _lower(node.this, bind))
    right = exp.Nullif(this=_operand(node, _lower(node.expression, bind)), expression=number(0))
    if isinstance(node, exp.Mod):
        return exp.Paren(this=exp.Mod(this=exp.paren(left), expression=right))
    return exp.Paren(this=exp.Div(this=double(left), expression=right))


def _cast(node: Tree, bind: Bind) -> Tree:
    if node.args["to"].this in MOMENTS:
        return number(Moment.parse(node.this.this).microseconds)
    return exp.cast(_lower(node.this, bind), node.args["to"].copy())


def _function(node: Tree, bind: Bind) -> Tree:
    arguments = [_lower(argument, bind) for argument in node.expressions]
    return _FUNCTIONS[str(node.this).lower()](*arguments)


_SPECIAL: dict[type[Tree], Callable[[Tree, Bind], Tree]] = {
    exp.Column: _column,
    exp.Literal: _literal,
    exp.Div: _divide,
    exp.Mod: _divide,
    exp.Cast: _cast,
    exp.Anonymous: _function,
}


def floor_modulo(value: Tree, length: int) -> Tree:
    """Return value modulo length, at least 0 also for values below 0 (before 1970)."""
    remainder = exp.Paren(this=exp.Mod(this=exp.paren(value), expression=number(length)))
    lifted = exp.Paren(this=exp.Add(this=remainder, expression=number(length)))
    return exp.Paren(this=exp.Mod(this=lifted, expression=number(length)))


def _day_time(time: Tree) -> Tree:
    """Return microseconds since midnight UTC, also before 1970."""
    return floor_modulo(time, DAY)


def whole_days(time: Tree) -> Tree:
    """Return whole days since 1970-01-01 UTC, rounded down, as a BIGINT."""
    midnight = exp.Paren(this=exp.Sub(this=exp.paren(time.copy()), expression=_day_time(time.copy())))
    return bigint(exp.Div(this=midnight, expression=number(DAY)))


def _hour(time: Tree) -> Tree:
    return exp.cast(exp.Floor(this=exp.Div(this=_day_time(time), expression=number(UNITS["h"]))), "INT")


def _dayofweek(time: Tree) -> Tree:
    # 1970-01-01 was a Thursday, day 4 where Sunday is 0
    return exp.cast(floor_modulo(whole_days(time) + number(4), 7), "INT")


def _between(start: Tree, end: Tree, unit: int) -> Tree:
    return exp.Paren(this=exp.Div(this=double(exp.paren(end - start)), expression=number(float(unit))))


def _guarded(condition: Callable[[Tree], Tree], function: Callable[[Tree], Tree]) -> Callable[[Tree], Tree]:
    return lambda x: when(condition(x.copy()), function(double(x)))


def _levenshtein(left: Tree, right: Tree) -> Tree:
    return exp.Levenshtein(this=left, expression=right)


def _shared(left: Tree, right: Tree) -> Tree:
    both = exp.ArrayIntersect(expressions=[left.copy(), right])
    # DuckDB takes a NULL on the right for an empty list
    return when(right.copy().is_(exp.null()).not_(), exp.ArraySize(this=both))


def _jaccard(left: Tree, right: Tree) -> Tree:
    def distinct(items: Tree) -> Tree:
        return exp.ArraySize(this=exp.ArrayIntersect(expressions=[items.copy(), items.copy()]))

    shared = _shared(left.copy(), right.copy())
    either = exp.Paren(this=distinct(left) + distinct(right) - shared.copy())
    return exp.Paren(
        this=exp.Div(this=double(shared), expression=exp.Nullif(this=either, expression=number(0)))
    )


def _distance_km(lat_a: Tree, lon_a: Tree, lat_b: Tree, lon_b: Tree) -> Tree:
    """Return the haversine distance: 2 R asin sqrt(sin^2(dlat/2) + cos lat_a cos lat_b sin^2(dlon/2))."""

    def radians(degrees: Tree) -> Tree:
        return exp.Paren(
            this=exp.Mul(this=double(exp.paren(degrees.copy())), expression=number(math.pi / 180))
        )

    def half_sine_squared(a: Tree, b: Tree) -> Tree:
        half = exp.Div(this=exp.Paren(this=radians(b) - radians(a)), expression=number(2.0))
        return exp.Pow(this=call("sin", half), expression=number(2))

    cosines = exp.Mul(this=call("cos", radians(lat_a)), expression=call("cos", radians(lat_b)))
    haversine = half_sine_squared(lat_a, lat_b) + exp.Mul(
        this=cosines, expression=half_sine_squared(lon_a, lon_b)
    )
    # rounding may lift it above 1; LEAST would pass over a missing coordinate
    bounded = when(exp.GT(this=haversine.copy(), expression=number(1.0)), number(1.0), haversine)
    root = exp.Sqrt(this=bounded)
    return exp.Mul(this=number(2 * EARTH_RADIUS_KM), expression=call("asin", root))


_FUNCTIONS: dict[str, Callable[..., Tree]] = {
    "abs": lambda x: exp.Abs(this=x),
    "ceil": lambda x: double(exp.Ceil(this=double(x))),
    "floor": lambda x: double(exp.Floor(this=double(x))),
    "round": lambda x, n=None: exp.Round(this=double(x), decimals=n or number(0)),
    "sign": lambda x: double(exp.Sign(this=double(x))),
    "sqrt": _guarded(lambda x: exp.GTE(this=x, expression=number(0)), lambda x: exp.Sqrt(this=x)),
    "exp": lambda x: exp.Exp(this=double(x)),
    "ln": _guarded(lambda x: exp.GT(this=x, expression=number(0)), lambda x: exp.Ln(this=x)),
    "log1p": _guarded(
        lambda x: exp.GT(this=x, expression=number(-1)),
        lambda x: exp.Ln(this=exp.Add(this=number(1.0), expression=x)),
    ),
    "power": lambda x, y: exp.Pow(this=double(x), expression=double(y)),
    "coalesce": lambda *x: exp.Coalesce(this=x[0], expressions=list(x[1:])),
    "nullif": lambda a, b: exp.Nullif(this=a, expression=b),
    "greatest": lambda *x: x[0] if len(x) == 1 else call("greatest", *x),
    "least": lambda *x: x[0] if len(x) == 1 else call("least", *x),
    "lower": lambda x: exp.Lower(this=x),
    "upper": lambda x: exp.Upper(this=x),
    "trim": lambda x: exp.Trim(this=x),
    "length": lambda x: exp.Length(this=x),
    "substring": lambda x, i, n: exp.Substring(this=x, start=i, length=n),
    "starts_with": lambda x, y: exp.StartsWith(this=x, expression=y),
    "contains_text": lambda x, y: call("contains", x, y),
    "levenshtein": _levenshtein,
    "hour": _hour,
    "dayofweek": _dayofweek,
    "seconds_between": lambda a, b: _between(a, b, SECOND),
    "days_between": lambda a, b: _between(a, b, DAY),
    "size": lambda x: exp.ArraySize(this=x),
    "has_item": lambda x, y: exp.ArrayContains(this=x, expression=y),
    "overlap": _shared,
    "jaccard": _jaccard,
    "distance_km": _distance_km,
}
