"""From answers to a framing: it loads, builds and runs; what is open or missing is said at its place."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import truenorth
from tests.interview.seats import ANSWERS, small_answers
from tests.workflow.small import write_small
from truenorth.audit import audit_file
from truenorth.errors import FramingError
from truenorth.framing import load_text
from truenorth.framing.document import read_document
from truenorth.interview import BANK, Answers, dump_answers, framing_text, load_answers, make_draft
from truenorth.interview.assembling import assemble
from truenorth.interview.ready import ready_framing
from truenorth.interview.session import answered_by, write_framing
from truenorth.interview.writing import SECTIONS
from truenorth.systems import SYSTEMS


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The framing that the answers make, beside the small log."""
    file = write_small(tmp_path_factory.mktemp("interview"))
    file.unlink()
    draft = write_framing(answered_by(ANSWERS), file)
    assert draft.is_valid, [*draft.missing, *draft.mistakes]
    return file


def test_the_framing_of_a_file_of_answers_loads(written):
    framing = truenorth.load(written)
    assert framing.name == "small-fraud"
    said = "; ".join(framing.open_questions)
    assert [one for one in small_answers().unknown if BANK[one].text not in said] == []
    assert framing.business.latency_p99 is None


def test_the_framing_of_a_file_of_answers_audits(written):
    audited = audit_file(written)
    assert audited.gate == "pass", str(audited)
    asked_for = {found.code for found in audited.findings}
    assert {"GOAL007", "MON002", "GOV015"} <= asked_for, "what is open is what the audit asks for"


def test_the_framing_of_a_file_of_answers_builds(written, tmp_path):
    built = truenorth.build(written, out=tmp_path)
    assert built.is_usable
    assert {"fraud", "amount", "spend"} <= set(built.examples.column_names)


def test_the_framing_of_a_file_of_answers_runs(written, tmp_path):
    made = truenorth.run(written, out=tmp_path, seed=3)
    assert made.chosen in ("rule", "linear")
    assert made.primary["value"] > 0.2


def test_open_questions_stand_beside_their_keys_and_in_the_list(written):
    lines = written.read_text().splitlines()
    comment = next(
        i for i, line in enumerate(lines) if "# open: How many decisions come in the busiest" in line
    )
    assert lines[comment].startswith("  #") and "scale:" in lines[comment + 1]
    assert any(line.startswith("- How many decisions come") for line in lines)


def test_what_another_answer_settles_or_another_family_asks_is_not_open(written):
    opened = answered_by(ANSWERS).unknown
    assert {"horizon", "guardrails"} <= {*opened}, "the file passes over them"
    assert not {"threshold", "select", "rank", "quantity", "implicit", "error_costs"} & {*opened}


def test_answers_without_a_key_are_kept_as_comments(written):
    text = written.read_text()
    notes = {"sources": "# quality: Nothing known", "features": "# serving_time: does not apply"}
    for section, note in notes.items():
        comments = text.split(f"\n{section}:")[0].splitlines()
        above = itertools.takewhile(lambda line: line.startswith("#"), reversed(comments))
        assert note in above, section


def test_sections_come_in_the_order_of_the_language(written):
    keys = list(read_document(written.read_text(), path="framing.yaml").data)
    assert keys == [section for section in SECTIONS if section in keys]


def test_costs_of_errors_make_a_policy_where_none_was_given():
    answers = small_answers()
    without = {name: value for name, value in answers.given.items() if name not in ("actions", "capacity")}
    framing = load_text(framing_text(make_draft(Answers(given=without))))
    assert {name: str(cost) for name, cost in framing.policy.actions.items()} == {
        "act": "(5) * (1 - fraud)", "wait": "(amount) * fraud",
    }  # fmt: skip


def test_costs_of_errors_give_way_to_a_policy_and_stay_as_a_note(written):
    assert "# false_positive: 5" in written.read_text()
    assert truenorth.load(written).policy.actions.keys() == {"allow", "review"}


def test_a_section_that_lacks_a_part_is_left_out_and_said_so():
    answers = small_answers().with_unknown("kpi_metric")
    draft = make_draft(answers)
    assert "kpi" not in draft.data["business"]
    assert [found.code for found in draft.incomplete] == ["INTERVIEW004"]
    assert "  # kpi_name: fraud loss" in framing_text(draft)
    assert draft.is_valid


@pytest.mark.parametrize("lost", ["label", "sources", "examples", "objective", "goal", "name"])
def test_a_framing_without_what_it_needs_is_written_and_names_it(lost):
    answers = small_answers().with_unknown(lost)
    draft = make_draft(answers)
    assert not draft.is_valid
    assert lost in [found.evidence.split("'")[1] for found in draft.missing]
    text = framing_text(draft)
    assert text.count("# Missing: ") == len(draft.missing)
    assert read_document(text, path="f").data == draft.data
    with pytest.raises(FramingError):
        load_text(text)


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_ready_framing_comes_back_from_its_answers(name):
    ready = ready_framing(name)
    draft = make_draft(ready.answers)
    framing = load_text(framing_text(draft))
    assert framing.labels == load_text(framing_text(make_draft(ready.answers, base=ready.data))).labels
    assert assemble(ready.answers).keys() == ready.data.keys() - {"open_questions", "waivers"}


def test_a_file_of_answers_comes_back_as_it_was(tmp_path):
    answers = small_answers().with_answer("kpi_target", "010").with_answer("money", "no", seconds=3)
    back = load_answers(dump_answers(answers, tmp_path / "a.yaml"))
    assert back.to_dict() == answers.to_dict()
    assert back.given["kpi_target"] == "010"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("answers: {gaol: x}", "INTERVIEW001"),
        ("answers: [a, b]", "INTERVIEW002"),
        ("answers: {goal: [x", "SPEC001"),
    ],
)
def test_a_file_of_answers_that_cannot_be_read_is_refused_with_its_line(tmp_path, text, code):
    file = tmp_path / "answers.yaml"
    file.write_text(text)
    with pytest.raises(FramingError) as refused:
        load_answers(file)
    assert refused.value.findings[0].code == code
    assert "answers.yaml:1" in refused.value.findings[0].where


def test_a_question_that_does_not_exist_is_refused_with_the_near_name(tmp_path):
    file = tmp_path / "answers.yaml"
    file.write_text("answers: {kpi_nam: x}")
    with pytest.raises(FramingError, match="did you mean 'kpi_name'"):
        load_answers(file)


def test_a_file_that_is_missing_is_refused(tmp_path):
    with pytest.raises(FramingError, match="INTERVIEW002"):
        load_answers(tmp_path / "none.yaml")


def test_an_answer_of_another_kind_is_a_mistake_and_the_others_are_kept():
    draft = make_draft(small_answers().with_answer("peak_per_second", "many"))
    assert "INTERVIEW003" in [found.code for found in draft.mistakes]
    assert draft.data["business"]["goal"] == "Lose less money to fraud"


_SAID = st.one_of(
    st.text(max_size=30), st.integers(), st.floats(allow_nan=False), st.booleans(), st.none(),
    st.lists(st.text(max_size=8), max_size=3),
    st.dictionaries(st.text(max_size=6), st.text(max_size=6), max_size=2),
)  # fmt: skip


@settings(max_examples=60)
@given(
    st.dictionaries(st.sampled_from(sorted(BANK)), _SAID, max_size=12), st.sets(st.sampled_from(sorted(BANK)))
)
def test_whatever_is_answered_the_file_says_what_was_answered(said, unknown):
    answers = Answers(given={k: v for k, v in said.items() if k not in unknown}, unknown=tuple(unknown))
    draft = make_draft(answers)
    document = read_document(framing_text(draft), path="framing.yaml")
    assert [found for found in document.problems if found.code != "SPEC002"] == []
    assert len(draft.open_questions) == len(unknown)
