"""Expressions: what the allow-list lets through, and that nothing else ever does."""

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truenorth.framing.expressions import (
    MAX_BRACKETS,
    MAX_DEPTH,
    NODES,
    Expression,
    ExpressionError,
    parse_expression,
    quote_name,
)
from truenorth.framing.functions import FUNCTIONS

GOOD = {
    "5*comment + 4*share - 2*quick_skip": "5 * comment + 4 * share - 2 * quick_skip",
    "hour(time) < 6": "hour(time) < 6",
    "action in ('hide', 'report')": "action IN ('hide', 'report')",
    "position is not null": "NOT position IS NULL",
    "minutes between 1 and 60": "minutes BETWEEN 1 AND 60",
    "intent <> 'oos'": "intent <> 'oos'",
    "lapse <= 60d": "lapse <= 60",
    "lapse <= 36h": "lapse <= 1.5",
    "name = '60d'": "name = '60d'",
    "case when a < 25 then 'young' else 'old' end": "CASE WHEN a < 25 THEN 'young' ELSE 'old' END",
    "coalesce(a, b) / nullif(c, 0)": "COALESCE(a, b) / NULLIF(c, 0)",
    "cast(a as double)": "CAST(a AS DOUBLE)",
    "at > timestamp '2026-01-31'": "at > CAST('2026-01-31' AS TIMESTAMP)",
    "name like 'a%'": "name LIKE 'a%'",
    '"Mixed Name" + 1': '"Mixed Name" + 1',
    "not (a and b or c)": "NOT (a AND b OR c)",
    "-x % 2": "-x % 2",
}

HOSTILE = [
    "1; drop table users",
    "(select 1)",
    "exists (select 1)",
    "a in (select b from c)",
    "a from b",
    "a, b",
    "*",
    "t.*",
    "t.a",
    "a union select 1",
    "a where b",
    "distinct a",
    "sum(a)",
    "count(*)",
    "row_number() over ()",
    "hour(time) over (partition by a)",
    "read_csv('/etc/passwd')",
    "getenv('HOME')",
    "pg_sleep(10)",
    "current_timestamp",
    "random()",
    "cast(a as json)",
    "try_cast(a as blob)",
    "a[1]",
    "{'a': 1}",
    "[1, 2]",
    "x -> y",
    "x -> x + 1",
    "a || b",
    "a ~ 'b'",
    "a similar to 'b'",
    "a like b",
    "a is distinct from b",
    "interval 1 day",
    "array[1]",
    "$1",
    "?",
    ":name",
    "@a",
    "@@version",
    "a := 1",
    "a collate nocase",
    "a at time zone 'UTC'",
    "if(a, b, c)",
    "case",
    "1e999 + a",
    "a /* comment",
    "a as b",
    "a = any(b)",
    "a in b",
    "a in ()",
    "a is 3",
    "unnest(a)",
    "hour(time, 2)",
    "hour()",
    "hour(distinct time)",
    "hour(*)",
    "",
    "   ",
    "a +",
    "((a)",
    "a" * 5000,
    "(" * 200 + "a" + ")" * 200,
    "not " * 200 + "a",
    "+".join("a" for _ in range(1000)),
]


@pytest.mark.parametrize(("text", "canonical"), GOOD.items(), ids=GOOD.keys())
def test_scalar_sql_has_one_canonical_text(text, canonical):
    expression = parse_expression(text)
    assert str(expression).lower() == canonical.lower()
    assert parse_expression(str(expression)) == expression


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:30] or "empty")
def test_what_is_no_scalar_sql_is_refused(text):
    with pytest.raises(ExpressionError):
        parse_expression(text)


def test_an_expression_knows_what_it_reads_and_calls():
    expression = parse_expression("coalesce(amount, 0) > 220 and hour(time) < 6")
    assert expression.columns == {"amount", "time"}
    assert expression.functions == {"coalesce", "hour"}
    assert parse_expression("amount").column == "amount"
    assert expression.column is None


def test_an_unknown_function_gets_its_near_name():
    with pytest.raises(ExpressionError, match="did you mean 'greatest'"):
        parse_expression("greatst(a, b)")


def test_comments_are_no_part_of_an_expression():
    assert str(parse_expression("a /* drop */ + 1 -- x")) == "a + 1"


def assert_harmless(text: str) -> None:
    """Refused by ExpressionError alone, or made of the allow-list and stable when written again."""
    try:
        expression = parse_expression(text)
    except ExpressionError:
        return
    for node in expression.tree.walk():
        assert isinstance(node, NODES)
    assert expression.functions <= FUNCTIONS.keys()
    again = parse_expression(str(expression))
    assert str(again) == str(expression)
    assert again == expression


WORDS = st.sampled_from(
    """select from where union all ; -- /* */ ( ) , . * + - / % = <> < > <= not and or in is null like
    between case when then else end cast as double text timestamp date interval distinct over
    partition by order limit a b time 'x' "y" 1 2.5 1e3 60d 7h hour greatest coalesce read_csv
    exists lateral unnest array [ ] { } : :: -> $1 ? @ ` ~ || true false collate using values with
    table pragma attach copy load install set""".split()
)


@settings(max_examples=400, deadline=None)
@given(st.lists(WORDS, max_size=14))
def test_words_of_sql_in_any_order_are_harmless(words):
    assert_harmless(" ".join(words))


@settings(max_examples=300, deadline=None)
@given(st.text(string.printable, max_size=80) | st.text(max_size=40))
def test_any_text_is_harmless(text):
    assert_harmless(text)


names = st.sampled_from(["a", "b", "time", '"odd name"', "1", "0.5", "'text'", "null", "true", "7d"])
trees = st.recursive(
    names,
    lambda inner: st.one_of(
        st.tuples(
            inner, st.sampled_from(["+", "-", "*", "/", "%", "=", "<>", "<", ">=", "and", "or"]), inner
        ).map(" ".join),
        inner.map("not {}".format),
        inner.map("-{}".format),
        inner.map("({})".format),
        inner.map("({}) is not null".format),
        st.tuples(inner, inner).map("greatest({0[0]}, {0[1]})".format),
        st.tuples(inner, inner, inner).map("case when {0[0]} then {0[1]} else {0[2]} end".format),
        st.tuples(inner, inner).map("({0[0]}) between 1 and ({0[1]})".format),
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(trees)
def test_what_is_accepted_reads_back_as_itself(text):
    assert_harmless(text)


def test_depth_is_bounded():
    nested = "abs(" * (MAX_BRACKETS + 1) + "a" + ")" * (MAX_BRACKETS + 1)
    with pytest.raises(ExpressionError, match="levels deep"):
        parse_expression(nested)
    with pytest.raises(ExpressionError, match="levels deep"):
        parse_expression("+".join("a" * (MAX_DEPTH + 1)))
    assert parse_expression("abs(" * MAX_BRACKETS + "a" + ")" * MAX_BRACKETS).columns == {"a"}


@given(st.text(min_size=1, max_size=20).filter(lambda name: name.strip() and "\x00" not in name))
def test_a_quoted_name_is_read_as_that_name(name):
    try:
        expression = parse_expression(quote_name(name))
    except ExpressionError:
        return
    if quote_name(name) != name:
        assert expression.column == name


def test_equal_texts_are_equal_expressions():
    assert parse_expression("a+1") == parse_expression("a + 1")
    assert hash(parse_expression("a+1")) == hash(parse_expression("a + 1"))
    assert parse_expression("a") != "a"
    assert isinstance(parse_expression("a"), Expression)
