"""Expressions over arrays, against DuckDB running the lowered SQL on the same rows."""

import math
from collections.abc import Iterator
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st
from sqlglot import exp

from truenorth.engine.arrays import evaluate
from truenorth.engine.arrays_text import edit_distances
from truenorth.engine.lowering import column, lower
from truenorth.engine.vectors import NULL_TIME, Vector, Vectors, from_arrow
from truenorth.errors import FramingError
from truenorth.framing.expressions import NODES, parse_expression
from truenorth.framing.functions import FUNCTIONS, SCORE_ONLY

SCHEMA = pa.schema(
    [
        ("x", pa.float64()), ("y", pa.float64()), ("n", pa.int64()), ("m", pa.int64()),
        ("yes", pa.bool_()), ("no", pa.bool_()), ("word", pa.string()), ("other", pa.string()),
        ("at", pa.timestamp("us", tz="UTC")), ("seen", pa.timestamp("us", tz="UTC")),
        ("items", pa.list_(pa.string())), ("more", pa.list_(pa.string())),
    ]
)  # fmt: skip
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
"""Shrinking a random expression takes minutes."""
LETTERS = "abcXY Zé_%ßΣİ🙂\t"
TEXT = st.text(LETTERS, max_size=5)
NUMBER = st.sampled_from([0.0, 1.0, -1.0, 0.5, -2.5, 2.5, 3.0, 7.25, 1e-3, 1e6, -12.0, 0.1]) | st.floats(
    -1e6, 1e6, allow_nan=False
)
TIME = st.integers(-(10**15), 4 * 10**15)
ITEMS = st.lists(st.none() | st.sampled_from(["a", "b", "c", ""]), max_size=4)
ROW = st.tuples(
    *(st.none() | one for one in (
        NUMBER, NUMBER, st.integers(-20, 20), st.integers(-3, 3), st.booleans(), st.booleans(), TEXT, TEXT,
        TIME, TIME, ITEMS, ITEMS,
    ))
)  # fmt: skip


def table_of(rows: list[tuple[Any, ...]]) -> pa.Table:
    columns = [list(values) for values in zip(*rows, strict=True)] if rows else [[] for _ in SCHEMA]
    return pa.table({f.name: pa.array(v, f.type) for f, v in zip(SCHEMA, columns, strict=True)})


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def call(name: str, *arguments: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(*arguments).map(lambda given: f"{name}({', '.join(given)})")


def joined(template: str, *parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(*parts).map(lambda given: template.format(*given))


def expressions(depth: int) -> dict[str, st.SearchStrategy[str]]:
    """Texts of expressions by the type that they give."""
    if depth == 0:
        return {
            "number": st.sampled_from(["x", "y", "n", "m", "0", "1", "2.5", "3", "0.1", "n", "x"]),
            "truth": st.sampled_from(["yes", "no", "true", "false", "yes", "no", "x > 0"]),
            "text": st.sampled_from(["word", "other"]) | TEXT.map(quoted),
            "time": st.sampled_from(["at", "seen", "at", "timestamp '2026-01-05 10:30:00'"]),
            "list": st.sampled_from(["items", "more"]),
        }
    below = expressions(depth - 1)
    number, truth, text, time, items = (below[k] for k in ("number", "truth", "text", "time", "list"))
    sign = st.sampled_from(["=", "<>", "<", "<=", ">", ">="])
    comparison = st.one_of(
        *(joined("({} {} {})", one, sign, one) for one in (number, text, time)),
    )
    small = st.sampled_from(["-2", "-1", "0", "1", "2", "3", "m"])
    return {
        "number": st.one_of(
            number,
            joined("({} + {})", number, number), joined("({} - {})", number, number),
            joined("({} * {})", number, number), joined("({} / {})", number, number),
            joined("({} % {})", number, number), joined("(-{})", number), joined("({} + {})", truth, number),
            *(call(f, number) for f in ("abs", "ceil", "floor", "sign", "sqrt", "ln", "log1p", "round")),
            joined("exp({} / 1e6)", number), call("round", number, st.sampled_from(["0", "1", "2", "-1"])),
            joined("power(abs({}), 2)", number), call("coalesce", number, number, number),
            call("nullif", number, number), call("greatest", number, number, number),
            call("least", number, number), call("length", text), call("levenshtein", text, text),
            call("hour", time), call("dayofweek", time), call("seconds_between", time, time),
            call("days_between", time, time), call("size", items),
            call("overlap", items, items), call("jaccard", items, items),
            call("distance_km", number, number, number, number),
            joined("case when {} then {} when {} then {} else {} end", truth, number, truth, number, number),
            joined("case when {} then {} end", truth, number),
            joined("case {} when 1 then {} else {} end", number, number, number),
            joined("cast({} as double)", truth), joined("cast({} as bigint)", joined("({} / 3)", number)),
        ),
        "truth": st.one_of(
            truth, comparison,
            joined("({} and {})", truth, truth), joined("({} or {})", truth, truth),
            joined("(not {})", truth), joined("({} between {} and {})", number, number, number),
            joined("({} between {} and {})", text, text, text),
            joined("({} in ({}, {}, 2))", number, number, number), joined("({} in (1, null))", number),
            joined("({} in ({}, {}))", text, text, text), joined("({} in ('a', 'é'))", text),
            joined("({} is null)", text), joined("({} is not null)", number), joined("({} is true)", truth),
            joined("({} is false)", truth), joined("({} is null)", items),
            joined("({} like 'a%')", text), joined("({} not like '%_b%')", text),
            joined("({} like '_')", text),
            call("starts_with", text, text), call("contains_text", text, text),
            call("has_item", items, st.sampled_from(["'a'", "''", "word"])), call("nullif", truth, truth),
            call("coalesce", truth, truth), joined("cast({} as boolean)", number),
        ),
        "text": st.one_of(
            text, call("lower", text), call("upper", text), call("trim", text),
            call("substring", text, small, small), call("coalesce", text, text), call("nullif", text, text),
            call("greatest", text, text), call("least", text, text),
            joined("case when {} then {} else {} end", truth, text, text),
            joined("cast({} as varchar)", truth), joined("cast(n as varchar)"),
        ),
        "time": st.one_of(time, call("coalesce", time, time), call("greatest", time, time),
                          call("least", time, time), call("nullif", time, time)),
        "list": st.one_of(items, call("coalesce", items, items)),
    }  # fmt: skip


ANY = st.one_of(*(expressions(2)[kind] for kind in ("number", "truth", "text", "time")))


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"threads": 1}) as opened:
        opened.execute("SET TimeZone = 'UTC'")
        yield opened


def in_duckdb(connection: duckdb.DuckDBPyConnection, text: str, table: pa.Table) -> list[Any]:
    connection.register("examples", table)
    times = {name: f'epoch_us("{name}") AS "{name}"' for name in ("at", "seen")}
    listed = ", ".join(times.get(name, f'"{name}"') for name in table.column_names)
    sql = lower(parse_expression(text), column).sql(dialect="duckdb")
    return [
        row[0] for row in connection.execute(f"SELECT {sql} FROM (SELECT {listed} FROM examples)").fetchall()
    ]


def in_arrays(text: str, table: pa.Table) -> list[Any]:
    found = evaluate(parse_expression(text), from_arrow(table), table.num_rows)
    assert len(found) == table.num_rows
    if found.role == "text":
        assert found.levels is not None
        assert len(set(found.levels)) == len(found.levels)
        return list(found.texts())
    values = found.values.tolist()
    return [None if is_null else value for value, is_null in zip(values, found.is_null, strict=True)]


def same(left: Any, right: Any) -> bool:
    if isinstance(right, float) and math.isnan(right):
        right = None  # NaN is NULL in arrays
    if left is None or right is None or isinstance(right, str):
        return bool(left == right)
    return math.isclose(float(left), float(right), rel_tol=1e-9, abs_tol=1e-9) or float(left) == float(right)


@settings(max_examples=150, deadline=None, phases=PHASES)
@given(text=ANY, rows=st.lists(ROW, min_size=1, max_size=6))
@example(text="substring('abc', 0, 2)", rows=[(None,) * 12])
@example(text="greatest(word, 'a')", rows=[(None,) * 12])
def test_arrays_say_what_duckdb_says(
    connection: duckdb.DuckDBPyConnection, text: str, rows: list[tuple[Any, ...]]
) -> None:
    table = table_of(rows)
    try:
        wanted = in_duckdb(connection, text, table)
    except (duckdb.OutOfRangeException, duckdb.ConversionException, duckdb.BinderException):
        return  # the engine refuses: whole numbers that overflow, NULL among types that cannot be told
    got = in_arrays(text, table)
    wrong = [(g, w) for g, w in zip(got, wanted, strict=True) if not same(g, w)]
    if wrong and _passes_nan(connection, text, table):
        return
    assert not wrong, text


def _passes_nan(connection: duckdb.DuckDBPyConnection, text: str, table: pa.Table) -> bool:
    """Whether a part is NaN or infinite in the engine, which compares NaN as the largest number."""
    parts = {node.sql() for node in parse_expression(text).tree.walk() if not node.is_string}
    for part in parts:
        try:
            values = in_duckdb(connection, part, table)
        except Exception:  # a part that is no expression of its own: a type, a list of values
            continue
        if any(isinstance(value, float) and not math.isfinite(value) for value in values):
            return True
    return False


def test_every_node_and_function_of_the_language_is_covered() -> None:
    everything = " ".join(COVERED)
    for name in FUNCTIONS.keys() - SCORE_ONLY:
        assert f"{name}(" in everything, name
    passive = {exp.Identifier, exp.If, exp.DataType}  # parts of a column, a CASE and a cast
    used = {type(node) for text in COVERED for node in parse_expression(text).tree.walk()}
    assert set(NODES) - passive <= used


COVERED = [
    "(x + 1) * true - 2",
    "(x < y or n <= m) and word = other",
    "abs(x)",
    "ceil(x)",
    "floor(x)",
    "round(x, 1)",
    "sign(x)",
    "sqrt(x)",
    "exp(n)",
    "ln(x)",
    "log1p(x)",
    "power(x, 2)",
    "coalesce(x, 1)",
    "nullif(n, 0)",
    "greatest(x, y)",
    "least(x, y)",
    "lower(word)",
    "upper(word)",
    "trim(word)",
    "length(word)",
    "substring(word, 2, 3)",
    "starts_with(word, 'a')",
    "contains_text(word, other)",
    "levenshtein(word, other)",
    "hour(at)",
    "dayofweek(at)",
    "seconds_between(at, seen)",
    "days_between(at, seen)",
    "size(items)",
    "has_item(items, 'a')",
    "overlap(items, more)",
    "jaccard(items, more)",
    "distance_km(x, y, n, m)",
    "cast(x as int)",
    "cast(yes as varchar)",
    "cast(word is null as int)",
    "not yes",
    "-x % 3",
    "x / n",
    "case word when 'a' then 1 when 'b' then 2 end",
    "word <> 'a' and not (other like '_b%' or x is null)",
    "at >= timestamp '2026-01-01'",
    "x between n and y",
    "n in (1, 2, null)",
    "yes is true",
    "time > timestamp '1970-01-02'",
]


@pytest.mark.parametrize("text", COVERED)
def test_each_form_says_what_duckdb_says_on_many_rows(
    connection: duckdb.DuckDBPyConnection, text: str
) -> None:
    random = np.random.default_rng(5)
    words = ["a", "b", "ab", "Éb", "", " a ", "abc", None]
    lists = [["a", "b"], ["a", "a", None], [], None, ["c"]]
    rows = [
        (
            random.choice([None, -1.5, 0.0, 0.3, 2.5, 90.0]), random.choice([None, -3.0, 0.0, 4.0]),
            int(random.integers(-3, 4)), int(random.integers(0, 3)), bool(random.random() < 0.5), None,
            words[random.integers(8)], words[random.integers(8)], int(random.integers(-(10**15), 2 * 10**15)),
            None if random.random() < 0.2 else int(random.integers(0, 2 * 10**15)), lists[random.integers(5)],
            lists[random.integers(3)],
        )
        for _ in range(300)
    ]  # fmt: skip
    table = table_of(rows)
    wanted = in_duckdb(connection, text.replace("time >", "at >"), table)
    assert all(same(g, w) for g, w in zip(in_arrays(text, table), wanted, strict=True))


def test_a_column_that_does_not_exist_is_refused_with_near_names() -> None:
    with pytest.raises(FramingError, match=r"(?s)SPEC021.*did you mean 'amount'"):
        evaluate(parse_expression("amout > 3"), {"amount": Vector.numbers([1.0])}, 1)


def test_texts_and_numbers_do_not_mix_in_one_column() -> None:
    columns = {"word": Vector.text(["a"]), "x": Vector.numbers([1.0])}
    with pytest.raises(FramingError, match="SPEC016"):
        evaluate(parse_expression("coalesce(word, x)"), columns, 1)


def test_a_score_only_function_is_refused_outside_a_score() -> None:
    with pytest.raises(FramingError, match="hit"):
        evaluate(parse_expression("hit(word)"), {"word": Vector.text(["a"])}, 1)


def test_a_constant_fills_every_row_and_no_rows_give_no_values() -> None:
    assert evaluate(parse_expression("1 + 1"), {}, 3).values.tolist() == [2.0, 2.0, 2.0]
    assert evaluate(parse_expression("null"), {}, 2).is_null.tolist() == [True, True]
    for text in COVERED:
        assert len(evaluate(parse_expression(text), from_arrow(table_of([])), 0)) == 0, text


def test_evaluating_changes_no_column() -> None:
    table = from_arrow(table_of([(1.0, None, 1, 2, True, None, "a", "b", 5, None, ["a"], [])] * 3))
    before = {name: vector.values.copy() for name, vector in table.items()}
    for text in COVERED:
        evaluate(parse_expression(text), table, 3)
    assert all(np.array_equal(before[n], table[n].values, equal_nan=n in ("x", "y", "no")) for n in before)


def test_levels_that_no_row_uses_cost_nothing_and_change_nothing() -> None:
    word = Vector.text([f"w{i}" for i in range(50_000)]).take(np.array([7, 9, 7]))
    found = evaluate(parse_expression("upper(word)"), {"word": word}, 3)
    assert found.levels is not None and len(found.levels) == 2
    assert list(found.texts()) == ["W7", "W9", "W7"]


def test_a_missing_time_is_null_and_times_before_1970_are_on_the_right_day() -> None:
    at = Vector.times([NULL_TIME, -1, 0])
    assert evaluate(parse_expression("at is null"), {"at": at}, 3).values.tolist() == [1.0, 0.0, 0.0]
    assert evaluate(parse_expression("hour(time)"), {"at": at}, 3).values[1:].tolist() == [23.0, 0.0]
    assert evaluate(parse_expression("dayofweek(at)"), {"at": at}, 3).values[1:].tolist() == [3.0, 4.0]


@settings(max_examples=60)
@given(
    pairs=st.lists(st.tuples(st.text("abé", max_size=9), st.text("abé", max_size=9)), min_size=1, max_size=9)
)
def test_edit_distances_equal_the_recursive_definition(pairs: list[tuple[str, str]]) -> None:
    found = edit_distances([a for a, _ in pairs], [b for _, b in pairs])
    assert found.tolist() == [edits(a.encode(), b.encode()) for a, b in pairs]


def edits(a: bytes, b: bytes) -> int:
    """Edits by one row of the table after the other, cell by cell."""
    row = list(range(len(b) + 1))
    for i, one in enumerate(a, start=1):
        last, row[0] = row[0], i
        for j, other in enumerate(b, start=1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (one != other))
    return row[-1]


def test_a_table_of_vectors_keeps_its_rows_in_order() -> None:
    table = Vectors({"x": Vector.numbers([3.0, 1.0, 2.0])}, 3)
    assert table.take(np.array([2, 0]))["x"].values.tolist() == [2.0, 3.0]
    assert table.take(np.array([False, True, False])).n_rows == 1


def test_few_rows_of_a_text_column_carry_few_levels():
    column = Vector.text([f"text {i}" for i in range(1_000)] + [None, "text 3"])
    taken = column.take(np.array([3, 1_000, 999, 1_001]))
    assert taken.texts().tolist() == ["text 3", None, "text 999", "text 3"]
    assert len(taken.levels) == 2
    assert column.take(np.array([], dtype=np.int64)).texts().tolist() == []
