"""Expressions: scalar SQL, parsed, allow-listed, and never run as written.

An expression is the only item of a SELECT. Its tree may hold the nodes of `NODES` and the functions of
`functions.FUNCTIONS`; everything else is refused with the part that offends. What is run later is a new
tree that the engine writes from this one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import PydanticCustomError, PydanticSerializationUnexpectedValue, core_schema
from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import SqlglotError
from sqlglot.parser import Parser as BaseParser

from truenorth.errors import near_names
from truenorth.framing.durations import DAY, UNITS
from truenorth.framing.functions import FUNCTIONS, SQL_KEYWORDS

MAX_CHARACTERS = 4_000
MAX_DEPTH = 60
MAX_BRACKETS = 25
MAX_NODES = 800

NODES: tuple[type[exp.Expr], ...] = (
    exp.Column, exp.Identifier, exp.Literal, exp.Boolean, exp.Null, exp.Paren, exp.Anonymous,
    exp.Neg, exp.Not, exp.And, exp.Or, exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE,
    exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.Between, exp.In, exp.Is, exp.Like,
    exp.Case, exp.If, exp.Cast, exp.DataType,
)  # fmt: skip
"""Every node that an expression may hold."""

_CASTS = {
    exp.DType.DOUBLE, exp.DType.BIGINT, exp.DType.INT, exp.DType.BOOLEAN, exp.DType.VARCHAR, exp.DType.TEXT,
}  # fmt: skip
MOMENTS = {exp.DType.DATE, exp.DType.TIMESTAMPNTZ, exp.DType.TIMESTAMP, exp.DType.TIMESTAMPTZ}
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SESSION = frozenset(
    """current_catalog current_date current_role current_schema current_time current_timestamp current_user
    localtime localtimestamp session_user system_user""".split()
)
"""Names that an engine reads as its own state unless they are quoted."""
_DURATION = re.compile(r"""('(?:[^']|'')*'|"(?:[^"]|"")*")|(?<![\w.])([0-9]+)(us|ms|s|m|h|d|w)(?!\w)""")


class _Language(Dialect):
    """SQL without a single built-in function, so that only `FUNCTIONS` gives meaning to a call."""

    class Parser(BaseParser):
        FUNCTIONS = {}
        FUNCTION_PARSERS = {"CAST": BaseParser.FUNCTION_PARSERS["CAST"]}
        NO_PAREN_FUNCTIONS = {}
        NO_PAREN_FUNCTION_PARSERS = {"CASE": BaseParser.NO_PAREN_FUNCTION_PARSERS["CASE"]}


@dataclass(frozen=True, eq=False)
class Expression:
    """A scalar expression that has passed the allow-list.

    Two expressions are equal when their canonical text is.

    Examples:
        >>> expression = parse_expression("amount > 220 and hour(time) < 6")
        >>> sorted(expression.columns)
        ['amount', 'time']
        >>> str(expression)
        'amount > 220 AND hour(time) < 6'
    """

    tree: exp.Expr
    """The tree in the language's own terms; functions are `exp.Anonymous`. Copy it before changing it."""

    @cached_property
    def text(self) -> str:
        """The canonical text."""
        return self.tree.sql(dialect=_Language, comments=False, normalize_functions="lower")

    @cached_property
    def columns(self) -> frozenset[str]:
        """Names that the expression reads, as written."""
        return frozenset(column.name for column in self.tree.find_all(exp.Column))

    @cached_property
    def functions(self) -> frozenset[str]:
        """Names of the functions that it calls."""
        return frozenset(str(call.this).lower() for call in self.tree.find_all(exp.Anonymous))

    @property
    def column(self) -> str | None:
        """The column's name where the expression is nothing but one column."""
        return self.tree.name if isinstance(self.tree, exp.Column) else None

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Expression) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> Any:
        def read(value: Any) -> Expression:
            if isinstance(value, cls):
                return value
            try:
                return parse_expression(_as_text(value))
            except ExpressionError as error:
                raise PydanticCustomError("expression", "{message}", {"message": str(error)}) from None

        def write(value: Any) -> str:
            if not isinstance(value, cls):
                raise PydanticSerializationUnexpectedValue("expected Expression")
            return str(value)

        return core_schema.no_info_plain_validator_function(
            read, serialization=core_schema.plain_serializer_function_ser_schema(write)
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {
            "type": ["string", "number", "boolean"],
            "title": "Expression",
            "examples": ["amount > 220", "a / nullif(b, 0)"],
        }


class ExpressionError(ValueError):
    """The text is not an expression of the language; the message holds the part that offends and the fix."""


@lru_cache(maxsize=4096)
def parse_expression(text: str) -> Expression:
    """Return the expression that `text` writes, or refuse it.

    Args:
        text: Scalar SQL such as `5*comment - 2*quick_skip` or `hour(time) < 6`. A duration such as
            `60d` stands for its length in days.

    Raises:
        ExpressionError: If it is not scalar SQL or holds anything outside the allow-list.
    """
    if len(text) > MAX_CHARACTERS:
        raise ExpressionError(f"expected at most {MAX_CHARACTERS} characters, got {len(text)}")
    if not text.strip():
        raise ExpressionError("expected an expression such as 'amount > 220', got an empty text")
    if _bracket_depth(text) > MAX_BRACKETS:
        raise ExpressionError(f"expected brackets at most {MAX_BRACKETS} levels deep, got {_short(text)!r}")
    tree = _only_item(text)
    nodes = list(_walk(tree))
    if len(nodes) > MAX_NODES:
        raise ExpressionError(f"expected at most {MAX_NODES} parts, got {len(nodes)}")
    for node in nodes:
        _check_node(node)
    return Expression(tree)


def quote_name(name: str) -> str:
    """Return a column name as it must be written in an expression."""
    is_plain = _PLAIN_NAME.fullmatch(name) and name.lower() not in SQL_KEYWORDS
    return name if is_plain else '"' + name.replace('"', '""') + '"'


def _bracket_depth(text: str) -> int:
    """Return how deep brackets are nested, so that parsing cannot exhaust the stack; quotes do not matter."""
    depth = deepest = 0
    for character in text:
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(character, 0)
        deepest = max(deepest, depth)
    return deepest


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | str):
        return str(value)
    raise ExpressionError(
        f"expected an expression such as 'amount > 220', got {type(value).__name__} {value!r}"
    )


def _only_item(text: str) -> exp.Expr:
    """Parse the text as the single item of a SELECT that has nothing else."""
    try:
        statements = _Language().parse(f"SELECT {_durations_in_days(text)}")
    except (SqlglotError, RecursionError) as error:
        detail = str(error).split("\n")[0].split(". Line")[0]
        raise ExpressionError(f"expected scalar SQL, got {_short(text)!r} ({detail})") from None
    if len(statements) != 1 or not isinstance(statements[0], exp.Select):
        raise ExpressionError(f"expected one expression, got several statements in {_short(text)!r}")
    select = statements[0]
    extra = [key for key, value in select.args.items() if value and key not in ("expressions", "kind")]
    if extra or len(select.expressions) != 1 or select.args.get("kind"):
        part = f"{extra[0].rstrip('_').upper()} ..." if extra else f"{len(select.expressions)} items"
        raise ExpressionError(f"expected one expression, got {part!r} in {_short(text)!r}")
    item: exp.Expr = select.expressions[0].pop()
    return item


def _durations_in_days(text: str) -> str:
    """Write durations outside quotes as their number of days: `lapse <= 60d` is `lapse <= 60`."""

    def in_days(match: re.Match[str]) -> str:
        if match[1]:
            return match[1]
        days = int(match[2]) * UNITS[match[3]] / DAY
        return f"{days:.12g}"

    return _DURATION.sub(in_days, text)


def _walk(tree: exp.Expr) -> Iterator[exp.Expr]:
    """Yield every node, refusing trees deeper than `MAX_DEPTH`."""
    stack = [(tree, 1)]
    while stack:
        node, depth = stack.pop()
        if depth > MAX_DEPTH:
            raise ExpressionError(f"expected an expression at most {MAX_DEPTH} levels deep")
        node.comments = None
        yield node
        stack.extend((child, depth + 1) for child in node.iter_expressions())


def _check_node(node: exp.Expr) -> None:
    if not isinstance(node, NODES):
        raise ExpressionError(f"expected scalar SQL, got {_shown(node)!r} ({type(node).__name__.lower()})")
    check = _CHECKS.get(type(node))
    if check:
        check(node)


def _check_column(node: exp.Expr) -> None:
    if len(node.parts) != 1:  # type: ignore[attr-defined]
        raise ExpressionError(
            f"expected a plain column name, got {_shown(node)!r}; use lookup to read another source"
        )
    is_quoted = isinstance(node.this, exp.Identifier) and node.this.args.get("quoted")
    if not is_quoted and (not node.name.isidentifier() or node.name.lower() in _SESSION):
        raise ExpressionError(f"expected a column name, got {_shown(node)!r}; quote it if it is one")


def _check_call(node: exp.Expr) -> None:
    name = str(node.this).lower()
    function = FUNCTIONS.get(name)
    if function is None:
        near = near_names(name, FUNCTIONS)
        hint = f"did you mean {near[0]!r}?" if near else "the functions are listed in docs/expressions.md"
        raise ExpressionError(f"expected a function of the language, got {name!r}; {hint}")
    least, most = function.arguments
    if not least <= len(node.expressions) <= most:
        wanted = str(least) if least == most else f"{least} to {most}"
        noun = "argument" if wanted == "1" else "arguments"
        raise ExpressionError(f"expected {wanted} {noun} for {name!r}, got {len(node.expressions)}")


def _check_in(node: exp.Expr) -> None:
    if node.args.get("query") or node.args.get("unnest") or node.args.get("field") or not node.expressions:
        raise ExpressionError(f"expected a list of values after IN, got {_shown(node)!r}")


def _check_cast(node: exp.Expr) -> None:
    to = node.args["to"].this
    if to in MOMENTS and isinstance(node.this, exp.Literal) and node.this.is_string:
        return
    if to not in _CASTS or node.args.get("format") or node.args.get("default"):
        raise ExpressionError(
            f"expected a cast to double, bigint, int, boolean or varchar, or a literal such as "
            f"timestamp '2026-01-31', got {_shown(node)!r}"
        )


def _check_is(node: exp.Expr) -> None:
    if not isinstance(node.expression, exp.Null | exp.Boolean):
        raise ExpressionError(f"expected IS [NOT] NULL, TRUE or FALSE, got {_shown(node)!r}")


def _check_like(node: exp.Expr) -> None:
    if not (isinstance(node.expression, exp.Literal) and node.expression.is_string):
        raise ExpressionError(f"expected a quoted pattern after LIKE, got {_shown(node)!r}")


def _check_literal(node: exp.Expr) -> None:
    if not node.is_string and not math.isfinite(float(node.this)):
        raise ExpressionError(f"expected a finite number, got {_shown(node)!r}")


_CHECKS: dict[type[exp.Expr], Callable[[exp.Expr], None]] = {
    exp.Column: _check_column,
    exp.Anonymous: _check_call,
    exp.In: _check_in,
    exp.Cast: _check_cast,
    exp.Is: _check_is,
    exp.Like: _check_like,
    exp.Literal: _check_literal,
}


def _shown(node: exp.Expr) -> str:
    return _short(node.sql(dialect=_Language))


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."
