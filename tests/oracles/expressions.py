"""The fixed table of SQL texts that random framings use, each beside a Python function of one row.

Also the three-state algebra of `given` and `combine`: a pair is `(state, value)`. No SQL is interpreted here.
"""

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

HOUR = 3_600_000_000
DAY = 24 * HOUR
WEEK = 7 * DAY
EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday; Monday is 0

Row = dict[str, Any]
Pair = tuple[Any, Any]


class _Open:
    """Stands for a value that the specification leaves open; nothing is compared with it."""

    def __repr__(self) -> str:
        return "ANY"


ANY: Any = _Open()


@dataclass(frozen=True)
class Sql:
    """One SQL text, what it computes on a row, and the columns with their own known time that it reads."""

    text: str
    on: Callable[[Row], Any]
    reads: tuple[str, ...] = ()


def compared(test: Callable[[Any, Any], Any], *values: Any) -> Any:
    """NULL in, NULL out; open in, open out."""
    if any(value is ANY for value in values):
        return ANY
    return None if any(value is None for value in values) else test(*values)


def both(left: Any, right: Any) -> Any:
    if left is False or right is False:
        return False
    return None if left is None or right is None else True


def either(left: Any, right: Any) -> Any:
    if left is True or right is True:
        return True
    return None if left is None or right is None else False


def negated(value: Any) -> Any:
    return None if value is None else not value


def _is(column: str, wanted: Any) -> Callable[[Row], Any]:
    return lambda row: compared(lambda value: value == wanted, row[column])


def _above(column: str, bound: float) -> Callable[[Row], Any]:
    return lambda row: compared(lambda value: value > bound, row[column])


def _hour(time: int) -> int:
    return time // HOUR % 24


def _weekday(time: int) -> int:
    """0 = Sunday to 6 = Saturday."""
    return (time // DAY + EPOCH_WEEKDAY + 1) % 7


MONDAY = 1_767_571_200_000_000  # 2026-01-05T00:00:00Z

EVENT_PREDICATES = (
    Sql("kind = 'like'", _is("kind", "like")),
    Sql("value > 1", _above("value", 1)),
    Sql("kind in ('like', 'hide')", lambda row: compared(lambda kind: kind in ("like", "hide"), row["kind"])),
    Sql("not kind = 'buy'", lambda row: negated(_is("kind", "buy")(row))),
    Sql("mood = 'good' or value >= 2", lambda row: either(
        _is("mood", "good")(row), compared(lambda value: value >= 2, row["value"]))),
    Sql("value is null and kind <> 'hide'", lambda row: both(
        row["value"] is None, negated(_is("kind", "hide")(row)))),
)  # fmt: skip
EVENT_NUMBERS = (
    Sql("value", lambda row: row["value"]),
    Sql("value * 2 - 1", lambda row: compared(lambda value: value * 2 - 1, row["value"])),
    Sql("coalesce(value, 0)", lambda row: 0 if row["value"] is None else row["value"]),
    Sql(
        "case when kind = 'like' then value end", lambda row: row["value"] if row["kind"] == "like" else None
    ),
)
EVENT_TEXTS = (Sql("mood", lambda row: row["mood"]), Sql("kind", lambda row: row["kind"]))
OTHER_PREDICATES = (
    Sql("kind = 'like'", _is("kind", "like")),
    Sql("amount > 1", _above("amount", 1)),
    Sql("kind <> 'hide'", lambda row: negated(_is("kind", "hide")(row))),
)
OTHER_NUMBERS = (
    Sql("amount", lambda row: row["amount"]),
    Sql("abs(amount - 2)", lambda row: compared(lambda amount: abs(amount - 2), row["amount"])),
)
OTHER_TEXTS = (Sql("kind", lambda row: row["kind"]),)
ROW_PREDICATES = (
    Sql("price > 1", _above("price", 1)),
    Sql("device = 'ios'", _is("device", "ios")),
    Sql("position is not null", lambda row: row["position"] is not None),
)
ROW_OUTCOMES = (
    Sql("outcome = 1", _is("outcome", 1), ("outcome",)),
    Sql("rating > 1", _above("rating", 1), ("rating",)),
    Sql("rating = 1", _is("rating", 1), ("rating",)),
    Sql(
        "rating + outcome > 1",
        lambda row: compared(lambda rating, outcome: rating + outcome > 1, row["rating"], row["outcome"]),
        ("rating", "outcome"),
    ),
)
ROW_OUTCOME_NUMBERS = (
    Sql("rating", lambda row: row["rating"], ("rating",)),
    Sql("outcome + 1", lambda row: compared(lambda outcome: outcome + 1, row["outcome"]), ("outcome",)),
)
ROW_NUMBERS = (
    Sql("price", lambda row: row["price"]),
    Sql("coalesce(price, 0) + 1", lambda row: 1 if row["price"] is None else row["price"] + 1),
)
ROW_TEXTS = (Sql("device", lambda row: row["device"]),)
OWN_ROW = (
    Sql("price * 2", lambda row: compared(lambda price: price * 2, row["price"])),
    Sql("hour(time) < 6", lambda row: _hour(row["time"]) < 6),
    Sql("price / nullif(position, 0)", lambda row: compared(
        lambda price, position: price / position if position else None, row["price"], row["position"])),
    Sql("size(tags)", lambda row: compared(len, row["tags"])),
    Sql("has_item(tags, 'x')", lambda row: compared(lambda tags: "x" in tags, row["tags"])),
    Sql("case when price > 1 then 'high' else 'low' end",
        lambda row: "high" if row["price"] is not None and row["price"] > 1 else "low"),
    Sql("length(device)", lambda row: compared(len, row["device"])),
)  # fmt: skip
CLOCK = (
    Sql("hour(at)", lambda row: _hour(row["at"])),
    Sql("dayofweek(at)", lambda row: _weekday(row["at"])),
    Sql("seconds_between(timestamp '2026-01-05 00:00:00', at)", lambda row: (row["at"] - MONDAY) / 1_000_000),
)
PROFILE_TEXTS = (Sql("tier", lambda row: row["tier"]),)
PROFILE_NUMBERS = (Sql("score", lambda row: row["score"]),)
ITEM_TEXTS = (Sql("brand", lambda row: row["brand"]),)

_TABLE: dict[str, Sql] = {
    sql.text: sql
    for group in (
        EVENT_PREDICATES, EVENT_NUMBERS, EVENT_TEXTS, OTHER_PREDICATES, OTHER_NUMBERS, OTHER_TEXTS,
        ROW_PREDICATES,
        ROW_OUTCOMES, ROW_OUTCOME_NUMBERS, ROW_NUMBERS, ROW_TEXTS, OWN_ROW, CLOCK, PROFILE_TEXTS,
        PROFILE_NUMBERS,
        ITEM_TEXTS,
    )
    for sql in group
}  # fmt: skip


def of_features(text: str) -> tuple[str, list[str]] | None:
    """Form and features of an expression over features (named f0, f1_1d, ...); None for other texts."""
    for form, pattern in {
        "plus one": r"coalesce\((f\w+), 0\) \+ 1",
        "ratio": r"(f\w+) / nullif\((f\w+), 0\)",
    }.items():
        if match := re.fullmatch(pattern, text):
            return form, list(match.groups())
    return None


def sql(text: str) -> Sql:
    """The table's entry; a bare column that is not in the table reads itself."""
    return _TABLE.get(text) or Sql(text, lambda row: row[text], (text,))


# ---- states ----


def worst(*pairs: Pair) -> Any:
    """The worst state: undefined, then immature, then observed; open where a part is open."""
    states = [state for state, _ in pairs]
    if any(state is ANY for state in states):
        return ANY
    return next((state for state in ("undefined", "immature") if state in states), "observed")


def _added(sign: int) -> Callable[[Pair, Pair], Pair]:
    return lambda a, b: (worst(a, b), compared(lambda x, y: x + sign * y, a[1], b[1]))


def times(a: Pair, b: Pair) -> Pair:
    if any(state == "observed" and value is not None and value == 0 for state, value in (a, b)):
        return ("observed", 0)
    return (worst(a, b), compared(lambda x, y: x * y, a[1], b[1]))


def _truth(value: Any) -> Any:
    return None if value is None else bool(value)


def conjunction(pairs: list[Pair]) -> Pair:
    if any(state == "observed" and _truth(value) is False for state, value in pairs):
        return ("observed", False)
    value: Any = True
    for _, part in pairs:
        value = both(value, _truth(part))
    return (worst(*pairs), value)


def disjunction(pairs: list[Pair]) -> Pair:
    if any(state == "observed" and _truth(value) is True for state, value in pairs):
        return ("observed", True)
    value: Any = False
    for _, part in pairs:
        value = either(value, _truth(part))
    return (worst(*pairs), value)


def first_of(pairs: list[Pair]) -> Pair:
    """`coalesce`; open where an immature part stands before the first observed value."""
    for index, (state, value) in enumerate(pairs):
        if state == "observed" and value is not None:
            unsure = any(other is ANY or other == "immature" for other, _ in pairs[:index])
            return (ANY, ANY) if unsure else (state, value)
    return (worst(*pairs), None)


def largest(pairs: list[Pair]) -> Pair:
    values = [value for _, value in pairs if value is not None]
    if any(value is ANY for value in values):
        return (worst(*pairs), ANY)
    return (worst(*pairs), max(values) if values else None)


_COMPARISONS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Eq: lambda x, y: x == y,
    ast.NotEq: lambda x, y: x != y,
    ast.Gt: lambda x, y: x > y,
    ast.GtE: lambda x, y: x >= y,
    ast.Lt: lambda x, y: x < y,
}


def names_in(text: str) -> list[str]:
    """Names that a `given` or `combine` reads, in the order they are written."""
    return [node.id for node in ast.walk(_tree(text)) if isinstance(node, ast.Name) and node.id not in _CALLS]


_CALLS = {"coalesce": first_of, "greatest": largest}


def _tree(text: str) -> ast.expr:
    # The few texts used here are Python once `=` is `==`.
    return ast.parse(text.replace(" = ", " == "), mode="eval").body


def state_of(text: str, leaf: Callable[[str], Pair]) -> Pair:
    """Evaluate a `given` or `combine` text over pairs; `leaf` gives the pair of a name."""
    return _state(_tree(text), leaf)


def _state(node: ast.expr, leaf: Callable[[str], Pair]) -> Pair:
    match node:
        case ast.Name():
            return leaf(node.id)
        case ast.Constant():
            return ("observed", node.value)
        case ast.BinOp():
            a, b = _state(node.left, leaf), _state(node.right, leaf)
            if isinstance(node.op, ast.Mult):
                return times(a, b)
            return _added(1 if isinstance(node.op, ast.Add) else -1)(a, b)
        case ast.BoolOp():
            pairs = [_state(value, leaf) for value in node.values]
            return conjunction(pairs) if isinstance(node.op, ast.And) else disjunction(pairs)
        case ast.UnaryOp(op=ast.Not()):
            state, value = _state(node.operand, leaf)
            return (state, negated(_truth(value)))
        case ast.Compare():
            a, b = _state(node.left, leaf), _state(node.comparators[0], leaf)
            return (worst(a, b), compared(_COMPARISONS[type(node.ops[0])], a[1], b[1]))
        case ast.Call():
            return _CALLS[node.func.id]([_state(argument, leaf) for argument in node.args])  # type: ignore[attr-defined]
    raise ValueError(ast.dump(node))


# ---- time ----

_UNITS = {"us": 1, "ms": 1_000, "s": 1_000_000, "m": 60_000_000, "h": HOUR, "d": DAY, "w": WEEK}


def us(text: str) -> int:
    """Microseconds of a duration such as `3h`."""
    digits = text.rstrip("abcdefghijklmnopqrstuvwxyz")
    return int(digits) * _UNITS[text[len(digits) :]]


def iso(time: int) -> str:
    """ISO 8601 text of a time in microseconds, UTC."""
    seconds, rest = divmod(time, 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{rest:06d}Z"


def moment(text: str) -> int:
    """Microseconds of an ISO 8601 text, UTC where it has no zone."""
    time = datetime.fromisoformat(text)
    time = time if time.tzinfo else time.replace(tzinfo=UTC)
    return round((time - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1_000_000)


def end_of_week(time: int) -> int:
    """Last microsecond of the ISO week (Monday to Sunday) that holds `time`."""
    return time - (time + EPOCH_WEEKDAY * DAY) % WEEK + WEEK - 1


def end_of_day(time: int) -> int:
    """Last microsecond of the UTC day that holds `time`."""
    return time - time % DAY + DAY - 1
