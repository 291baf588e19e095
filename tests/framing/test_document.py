"""The file's text: lines, repeated keys, scalars as written, commas, aliases."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truenorth.framing.document import dotted, read_document


def read(text):
    return read_document(text, path="framing.yaml")


def codes(text):
    return [problem.code for problem in read(text).problems]


def test_scalars_are_read_as_written():
    data = read("a: no\nb: 010\nc: 22:30\nd: 2005-10-01\ne: '7'\nf: 1e3\ng: ~\nh: true\ni: |\n  7\n").data
    assert data == {
        "a": "no",
        "b": "010",
        "c": "22:30",
        "d": "2005-10-01",
        "e": "7",
        "f": 1000.0,
        "g": None,
        "h": True,
        "i": "7\n",
    }


def test_every_path_has_its_line_and_column():
    document = read("a: 1\nb:\n  c: [x,\n      y]\n  d: {e: 2}\n")
    assert document.line(("b", "c", 1)) == 4
    assert document.line(("b", "d", "e")) == 5
    assert document.column(("b", "d", "e")) == 7
    assert document.line(("b", "d", "missing")) == 5
    assert document.line(("missing",)) == 1


def test_a_member_of_a_family_stands_where_the_family_is_written():
    document = read("features:\n  spend: 1\n  spend_all: 2\n")
    assert document.line(("features", "spend_7d", "gap")) == 2
    assert document.line(("features", "spend_all_7d")) == 3


def test_a_repeated_key_is_refused_with_both_lines():
    (problem,) = read("a: 1\nb: 2\na: 3\n").problems
    assert problem.code == "SPEC002"
    assert problem.where == "framing.yaml:3 a"
    assert "on line 1" in problem.evidence


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("x: {sql: greatest(a, b)}", {"sql": "greatest(a, b)"}),
        (
            "x: {sql: greatest(a, least(b, c)), as: number}",
            {"sql": "greatest(a, least(b, c))", "as": "number"},
        ),
        ("x: [coverage(units, 0.95) >= 0.93, b]", ["coverage(units, 0.95) >= 0.93", "b"]),
    ],
)
def test_an_unquoted_comma_is_mended_and_reported(text, value):
    document = read(text)
    assert document.data["x"] == value
    (problem,) = document.problems
    assert problem.code == "SPEC003"
    assert "quote it" in problem.fix
    assert '"' in problem.fix


def test_a_comma_between_quoted_texts_is_reported():
    assert codes("x: {where: action in ('a', 'b')}") == ["SPEC003"]


@pytest.mark.parametrize(
    "text", ['x: {sql: "greatest(a, b)"}', "x:\n  sql: greatest(a, b)", "x: [a, (b), c]"]
)
def test_commas_that_do_no_harm_are_not_reported(text):
    assert codes(text) == []


@pytest.mark.parametrize(
    "text", ["a: [1", "a: b: c", "a: 'x", "\tb: 1", "a: 1\n---\nb: 2", "a: *nowhere", "- 1", "text", "\x00"]
)
def test_what_is_no_map_in_yaml_is_one_finding_with_a_line(text):
    (problem,) = read(text).problems
    assert problem.code == "SPEC001"
    assert problem.where.startswith("framing.yaml:")


@pytest.mark.parametrize("text", ["a: !!python/object:os.system x", "a: !!int 7", "a: !tag {b: 1}"])
def test_tags_are_refused(text):
    assert codes(text) == ["SPEC001"]


def test_aliases_and_merges_are_spelled_out():
    data = read("a: &a {x: 1, y: 2}\nb: *a\nc: {<<: *a, y: 3}\n").data
    assert data["b"] == {"x": 1, "y": 2}
    assert data["c"] == {"y": 3, "x": 1}


@pytest.mark.parametrize(
    "text",
    [
        "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 30)),
        "a0: &a0 {k: 1}\n" + "".join(f"a{i}: &a{i}\n  <<: [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 30)),
        "a: &a [*a]",
        "a: &a {b: *a}",
        "a: " + "[" * 60 + "]" * 60,
        "a: " + "[" * 5000 + "]" * 5000,
        "a: '" + "x" * 1_000_001 + "'",
    ],
    ids=["lists", "merges", "circle", "circle of maps", "deep", "very deep", "long"],
)
def test_a_bomb_is_refused(text):
    assert codes(text) == ["SPEC004"]


@given(
    st.text(alphabet=st.characters(codec="utf-8"), max_size=200)
    | st.text("{}[]:,&*!|>'\"%@`#-? \n\tab(1<", max_size=60)
)
def test_any_text_is_read_or_reported(text):
    document = read(text)
    assert isinstance(document.data, dict)


def test_a_path_is_written_as_a_reader_would():
    assert dotted(("policy", "rank", "rules", 0, "per")) == "policy.rank.rules[0].per"
