"""Invariants of the bank, and that nothing that the sources ask is missing from it."""

from __future__ import annotations

import re

import pytest

from tests.interview.asked import SOURCES, asked
from truenorth.framing.framing import Framing
from truenorth.interview import BANK, SCRIPTS, TOPICS, Answers
from truenorth.interview.bank import BY_PATH, questions_for
from truenorth.interview.check import check, read_answer
from truenorth.interview.question import FAMILIES
from truenorth.interview.writing import SECTIONS

NO_QUESTION = {
    "000:e448f913": "how the time of an interview is divided: the red flag 'little framing'",
    "001:724031ae": "heading of a table",
    "001:170154dd": "heading of a table",
    "002:b613be39": "heading of a table",
    "002:85cdb34c": "heading of a table",
    "002:4c63694b": "heading of a table",
    "004:267a3799": "theory: a question about learning algorithms, which clarifies no problem",
    "004:f638656a": "theory",
    "004:d8762e95": "theory",
    "004:047bc957": "theory",
    "004:e3e2ee95": "theory",
}
"""What the sources write with a question mark, or in a list, that asks nothing about a problem."""

needs_sources = pytest.mark.skipif(not SOURCES.is_dir(), reason=f"the source articles are not at {SOURCES}")
each_question = pytest.mark.parametrize("question", BANK.values(), ids=list(BANK))


@needs_sources
@pytest.mark.realdata
def test_nothing_that_the_sources_ask_is_missing():
    covered = {origin for question in BANK.values() for origin in question.origins}
    missing = [one for one in asked() if one.origin not in covered and one.origin not in NO_QUESTION]
    assert missing == []


@needs_sources
@pytest.mark.realdata
def test_every_origin_and_every_exclusion_is_something_that_a_source_says():
    said = {one.origin for one in asked()}
    assert {origin for question in BANK.values() for origin in question.origins} <= said
    assert NO_QUESTION.keys() <= said


@needs_sources
@pytest.mark.realdata
def test_the_extraction_finds_what_a_reader_finds():
    found = asked()
    assert len(found) > 300
    assert {one.origin[:3] for one in found} == {"000", "001", "002", "003", "004"}
    assert sum("?" in one.text for one in found) > 100


@needs_sources
@pytest.mark.realdata
def test_no_sentence_of_a_source_is_copied():
    def runs(text: str) -> set[tuple[str, ...]]:
        words = re.findall(r"[a-z0-9']+", text.lower())
        return {tuple(words[start : start + 9]) for start in range(len(words) - 8)}

    sources = set().union(*(runs(path.read_text(encoding="utf-8")) for path in SOURCES.glob("*.txt")))
    copied = {one.id for one in BANK.values() if (runs(one.text) | runs(one.why)) & sources}
    assert copied == set()


def test_every_topic_has_questions_in_the_order_of_framing():
    topics = [question.topic for question in BANK.values()]
    assert list(dict.fromkeys(topics)) == list(TOPICS)
    assert topics == sorted(topics, key=list(TOPICS).index)


def test_no_key_is_filled_by_two_questions_and_no_question_is_asked_twice():
    paths = [question.path for question in BANK.values() if question.path]
    assert len(paths) == len(set(paths)) == len(BY_PATH)
    assert len({question.text for question in BANK.values()}) == len(BANK)


def test_every_key_that_a_framing_needs_is_asked_for():
    needed = {name for name, field in Framing.model_fields.items() if field.is_required()} - {"framing"}
    assert needed <= {path.split(".")[0] for path in BY_PATH}


@each_question
def test_a_question_says_what_it_asks_and_why(question):
    assert question.text.strip() == question.text and len(question.text) > 15
    assert len(question.why) > 25 and question.why.endswith(".")
    assert question.weight in (1, 2, 3)
    assert re.fullmatch(r"[a-z][a-z0-9_]*", question.id)


@each_question
def test_a_question_stands_at_a_place_of_the_framing(question):
    assert question.place.split(".")[0] in SECTIONS
    assert not question.path or question.place == question.path


@each_question
def test_the_example_of_a_question_is_accepted_by_the_parsers_of_the_framing(question):
    value = read_answer(question, question.example) if isinstance(question.example, str) else question.example
    assert check(question, value, Answers()).wrong == ()


@each_question
def test_the_patterns_of_a_question_can_be_searched_for(question):
    for cue in question.cues:
        re.compile(cue)


@each_question
def test_families_and_choices_are_known(question):
    assert set(question.families) <= FAMILIES.keys()
    assert bool(question.choices) == (question.kind == "choice")
    assert not question.choices or question.example in question.choices


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_is_asked_on_every_topic(family):
    assert {question.topic for question in questions_for(family)} == set(TOPICS)


@pytest.mark.parametrize("n_steps", SCRIPTS)
def test_every_question_belongs_to_one_step_of_each_script(n_steps):
    topics = [topic for step in SCRIPTS[n_steps] for topic in step.topics]
    assert len(SCRIPTS[n_steps]) == n_steps
    assert topics == list(TOPICS), "each topic once, in the order of framing"
    assert sum(step.minutes for step in SCRIPTS[n_steps]) == 45
