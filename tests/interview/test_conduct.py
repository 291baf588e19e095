"""The conversation: what is shown, what is taken, what stays open, and how an interrupted one goes on."""

from __future__ import annotations

from contextlib import suppress

import pytest

from tests.interview.seats import Candidate, TypedScreen, by_file, small_answers, ticking
from truenorth.errors import FramingError, Interrupted
from truenorth.interview import Answers, conduct, dump_answers, load_answers, make_draft, plan
from truenorth.interview.asking import Seat
from truenorth.interview.bank import BANK
from truenorth.interview.ready import ready_framing
from truenorth.interview.session import answers_path, begin, interview
from truenorth.systems import SYSTEMS


def ask(screen, answers: Answers | None = None, **planned) -> Answers:
    """Conduct an interview until its input ends, and return what was saved last."""
    kept = [answers or Answers()]
    with suppress(EOFError):
        conduct(plan(**planned), kept[0], Seat(screen, ticking(), kept.append))
    return kept[-1]


def test_questions_come_in_the_order_of_framing():
    screen = TypedScreen(["fraud", "Lose less money"])
    ask(screen)
    order = [list(BANK).index(name) for name in BANK if any(BANK[name].text in told for told in screen.told)]
    assert order == sorted(order) and len(order) == 3


def test_an_answer_is_judged_at_once_and_asked_for_again():
    screen = TypedScreen(["My Framing", "my-framing"])
    answers = ask(screen)
    assert answers.given["name"] == "my-framing"
    assert "[SPEC010]" in screen.text and "Fix:" in screen.text


def test_what_nobody_knows_is_an_open_question_and_never_a_default():
    answers = ask(TypedScreen(["fraud", "Lose less", "-", "dunno", "-", "-"]))
    draft = make_draft(answers)
    assert answers.unknown[:2] == ("money", "kpi_name")
    assert "kpi" not in draft.data["business"]
    assert any("business.kpi.name" in one for one in draft.open_questions)


def test_why_and_help_answer_nothing():
    screen = TypedScreen(["?", "", "fraud"])
    answers = ask(screen)
    assert answers.given == {"name": "fraud"}
    assert BANK["name"].why in screen.text


def test_what_does_not_apply_is_no_open_question():
    answers = ask(TypedScreen(["fraud", "Lose less", "n/a"]))
    assert answers.given["money"] is None
    assert make_draft(answers).open_questions == ()


def test_a_step_that_is_left_leaves_its_rest_open_and_goes_to_the_next():
    screen = TypedScreen(["fraud", ">", "{}"])
    answers = ask(screen)
    step = plan().steps[0]
    assert {question.id for question in step.questions} - {"name"} == set(answers.unknown)
    assert "Step 2 of 8: Label and objective" in screen.text


def test_the_time_left_in_the_step_is_shown_and_overrun_is_negative():
    screen = TypedScreen(["fraud", "Lose less", "-"])
    ask(screen, minutes=5)
    assert screen.told[1].strip() == "Step 1 of 8: Goal and constraints (1:00 left of 1:00)"
    assert [prompt.split()[0] for prompt in screen.prompts] == ["[1:00", "[0:55", "[0:50", "[0:45"]
    late = ask(TypedScreen(["fraud", "Lose less", "-"]), minutes=1 / 6)
    assert plan(minutes=1 / 6).steps[0].left(late) < 0


def test_yaml_may_take_several_lines():
    said = dict.fromkeys(BANK, "-") | {"label": "fraud:"}
    lines = iter(["fraud:", "  when: is_fraud = 1", ""])
    screen = Candidate(lambda question: next(lines) if question == "label" else said[question])
    screen.ask = _with_more_lines(screen, lines)
    assert ask(screen).given["label"] == {"fraud": {"when": "is_fraud = 1"}}


def _with_more_lines(screen, lines):
    first = screen.ask

    def line(prompt: str) -> str:
        return next(lines) if prompt.startswith("...") else first(prompt)

    return line


def test_a_future_read_is_refused_at_once():
    answers = small_answers()
    without = Answers(given={name: value for name, value in answers.given.items() if name != "features"})
    lines = iter(["{amount: {column: amount}, late: {column: is_fraud}}", "{amount: {column: amount}}"])
    screen = Candidate(lambda question: next(lines) if question == "features" else "-")
    assert ask(screen, without).given["features"] == {"amount": {"column": "amount"}}
    assert "[LEAK001]" in screen.text


def test_an_earlier_answer_that_no_longer_fits_is_told_at_once():
    names = ("name", "goal", "sources")
    before = Answers(given={name: small_answers().given[name] for name in names})
    before = before.with_answer("label", {"fraud": {"source": "chargebacks", "within": "30d"}})
    said = {"examples": "{source: payments, entity: [customer], at: time}"}
    screen = Candidate(lambda question: said.get(question, "-"))
    assert "examples" in ask(screen, before).given
    assert "An earlier answer does not fit beside this: labels.fraud.source" in screen.text


def test_another_form_of_the_same_is_not_asked():
    screen = Candidate(by_file)
    ask(screen)
    assert BANK["actions"].text in screen.text
    assert BANK["threshold"].text not in screen.text


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_ready_system_gives_examples_and_fills_nothing_in(name):
    screen = Candidate(lambda question: "-")
    answers = ask(screen, system=name)
    assert answers.given == {}
    assert f"for example: {ready_framing(name).data['business']['goal']}" in screen.text


def test_the_family_of_a_system_chooses_its_questions():
    assert BANK["rank"] in plan(system="video-feed").questions
    assert BANK["rank"] not in plan(system="card-fraud").questions
    assert BANK["quantity"] in plan(system="demand").questions


@pytest.fixture(scope="module")
def whole() -> Answers:
    return ask(Candidate(by_file))


@pytest.mark.parametrize("stops_after", [0, 7, 90])
def test_an_interrupted_interview_goes_on_where_it_was(tmp_path, whole, stops_after):
    out = tmp_path / "framing.yaml"
    with pytest.raises(Interrupted, match="INTERVIEW011"):
        interview(plan(), begin(out), out, screen=Candidate(by_file, stops_after), clock=ticking())
    kept = begin(out, resume=True)
    assert len(kept.given) + len(kept.unknown) == stops_after
    screen = Candidate(by_file)
    resumed = interview(plan(), kept, out, screen=screen, clock=ticking())
    assert len(screen.prompts) == len(whole.given) + len(whole.unknown) - stops_after
    assert resumed.to_dict()["answers"] == whole.to_dict()["answers"]
    assert make_draft(resumed) == make_draft(whole)


def test_answers_are_kept_whole_after_every_question(tmp_path):
    out = tmp_path / "framing.yaml"
    screen = TypedScreen(["fraud", "Lose less", "-"], end=KeyboardInterrupt)
    with pytest.raises(Interrupted):
        interview(plan(system="spam"), begin(out), out, screen=screen, clock=ticking())
    kept = load_answers(answers_path(out))
    assert (kept.given, kept.unknown) == ({"name": "fraud", "goal": "Lose less"}, ("money",))
    assert kept.about == {"system": "spam", "minutes": 45, "steps": 8}
    assert kept.seconds["goal"] == 5
    assert [path.name for path in tmp_path.iterdir()] == ["framing.answers.yaml"]


def test_nothing_that_stands_is_lost(tmp_path):
    out = tmp_path / "framing.yaml"
    out.write_text("mine")
    with pytest.raises(FramingError, match="INTERVIEW010"):
        begin(out)
    dump_answers(small_answers(), answers_path(out))
    with pytest.raises(FramingError, match="--resume goes on"):
        begin(out)
    assert begin(out, overwrite=True) == Answers()
    assert out.read_text() == "mine"


def test_a_framing_that_was_mended_by_hand_is_not_replaced_by_resuming(tmp_path):
    out = tmp_path / "framing.yaml"
    dump_answers(small_answers(), answers_path(out))
    out.write_text("mended by hand")
    with pytest.raises(FramingError, match="INTERVIEW010"):
        begin(out, resume=True)
    assert begin(out, resume=True, overwrite=True).given == small_answers().given


@pytest.mark.parametrize("about", [{"minutes": "soon"}, {"steps": [6]}])
def test_a_plan_of_a_damaged_file_is_refused(about):
    with pytest.raises(FramingError, match="INTERVIEW006"):
        plan(**about)


def test_a_word_that_stands_for_no_answer_may_be_written_in_capitals(tmp_path):
    file = tmp_path / "answers.yaml"
    file.write_text("answers: {goal: N/A, owner: Dunno}")
    kept = load_answers(file)
    assert (kept.given, kept.unknown) == ({"goal": None}, ("owner",))


def test_only_what_was_begun_is_resumed(tmp_path):
    with pytest.raises(FramingError, match="INTERVIEW009"):
        begin(tmp_path / "framing.yaml", resume=True)


@pytest.mark.parametrize(
    ("minutes", "steps"), [(45, 5), (0, 8), (-1, 8), (float("nan"), 8), (float("inf"), 6)]
)
def test_a_script_that_does_not_exist_is_refused(minutes, steps):
    with pytest.raises(FramingError, match="INTERVIEW006"):
        plan(minutes=minutes, steps=steps)


def test_minutes_scale():
    assert sum(step.seconds for step in plan(minutes=30, steps=7).steps) == pytest.approx(30 * 60)
