"""The commands from outside: exit codes, files, and what is printed."""

from __future__ import annotations

import json

import pytest
import typer
from typer.testing import CliRunner

import truenorth
from tests.interview.seats import ANSWERS
from truenorth.cli.interviewing import canvas, interview, kickoff
from truenorth.interview import BANK
from truenorth.interview.session import answers_path
from truenorth.systems import SYSTEMS, new_project

commands = typer.Typer()
for command in (interview, kickoff, canvas):
    commands.command()(command)


def told(*arguments: object, typed: str = ""):
    return CliRunner().invoke(commands, [str(one) for one in arguments], input=typed)


@pytest.fixture
def out(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path / "framing.yaml"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return new_project("spam", tmp_path_factory.mktemp("p") / "spam", messages=20, days=60)


def test_a_file_of_answers_writes_a_framing_that_loads(out):
    made = told("interview", "--answers", ANSWERS, "--out", out)
    assert made.exit_code == 0, made.output
    assert "it loads, " in made.output and " open questions" in made.output
    assert truenorth.load(out).name == "small-fraud"
    assert out.with_name("framing.schema.json").is_file()


def test_answers_that_make_no_framing_exit_with_two_and_name_what_is_missing(out):
    few = out.with_name("few.yaml")
    few.write_text("goal: Sell more\nlabel: dunno\n")
    made = told("interview", "--answers", few, "--out", out)
    assert made.exit_code == 2
    assert "labels: expected an answer to 'label', got none" in made.stderr
    assert "[INTERVIEW005]" in made.stderr and "Fix: answer it: What is the label" in made.stderr
    assert "it does not load yet, " in made.stdout
    assert out.is_file()


def test_what_a_file_of_answers_passes_over_is_open_and_no_default(out):
    few = out.with_name("few.yaml")
    few.write_text("{name: shop, goal: Sell more}\n")
    made = json.loads(told("interview", "--answers", few, "--out", out, "--json").stdout)
    asked_for = [one for one in BANK.values() if one.weight > 1 and one.id not in ("name", "goal")]
    assert all(any(one.text in text for text in made["open_questions"]) for one in asked_for)
    assert f"# open: {BANK['owner'].text}" in out.read_text()


def test_the_system_chooses_what_a_file_of_answers_leaves_open(out):
    few = out.with_name("few.yaml")
    few.write_text("{name: shop, goal: Sell more}\n")
    made = told("interview", "--answers", few, "--out", out, "--system", "card-fraud", "--json")
    opened = "\n".join(json.loads(made.stdout)["open_questions"])
    assert BANK["threshold"].text in opened and BANK["rank"].text not in opened
    unknown = told("interview", "--answers", few, "--out", out, "--overwrite", "--system", "nothing")
    assert unknown.exit_code == 2


@pytest.mark.parametrize("option", [("--minutes", 30), ("--steps", 6), ("--resume",)], ids=lambda one: one[0])
def test_options_of_a_conversation_are_refused_beside_a_file_of_answers(out, option):
    made = told("interview", "--answers", ANSWERS, "--out", out, *option)
    assert made.exit_code == 2 and option[0] in made.stderr
    assert not out.exists()


def test_a_typed_interview_stops_and_resumes(out):
    first = told("interview", "--out", out, "--minutes", 30, typed="fraud\nLose less\n")
    assert first.exit_code == 130
    assert "INTERVIEW011" in first.stderr and "--resume" in first.stderr
    assert not out.exists()
    again = told("interview", "--out", out)
    assert again.exit_code == 2 and "INTERVIEW010" in again.stderr
    rest = told("interview", "--out", out, "--resume", typed=">\n" * 8)
    assert rest.exit_code == 2, "without a label there is no framing"
    assert BANK["goal"].text not in rest.stdout
    assert "goal: Lose less" in out.read_text()
    assert answers_path(out).is_file()


def test_every_question_can_be_listed():
    listed = json.loads(told("interview", "--list", "--json").stdout)
    assert [one["id"] for one in listed] == list(BANK)
    assert "  kpi_name" in told("interview", "--list").stdout


def test_practice_by_prompt_and_by_system(out):
    typed = "/label\nThe label is a comment within 2 hours\ndone\n"
    by_prompt = told("interview", "--practice", "design the news feed ranking", typed=typed)
    assert by_prompt.exit_code == 0, by_prompt.output
    assert "Beside the ready framing of video-feed" in by_prompt.stdout
    by_system = told("interview", "--practice", "--system", "churn", typed="done\n")
    assert "Beside the ready framing of churn" in by_system.stdout
    assert not out.exists()


def test_practice_by_a_script_shows_its_steps_and_times_and_no_question():
    told_of = ("interview", "--practice", "design the news feed ranking", "--minutes", 90)
    made = told(*told_of, "--steps", 6, typed="done\n")
    assert made.exit_code == 0, made.output
    assert "1. Goal and constraints, 18:00: /goal /product /decision\n" in made.stdout
    assert "6. Serving, test and monitoring, 16:00: /online /monitoring\n" in made.stdout
    assert "7. " not in made.stdout.partition("> ")[0]
    assert BANK["goal"].text not in made.stdout.partition("> ")[0]
    assert "Goal and constraints, 18:00" not in told(*told_of, typed="done\n").stdout
    unknown = told(*told_of, "--steps", 5)
    assert unknown.exit_code == 2 and "INTERVIEW006" in unknown.stderr


def test_a_practice_that_is_stopped_is_judged_by_what_was_said(monkeypatch):
    lines = iter(["The goal is that people return every week"])

    def typed(prompt: str) -> str:
        for line in lines:
            return line
        raise KeyboardInterrupt

    monkeypatch.setattr("builtins.input", typed)
    made = told("interview", "--practice", "design the news feed ranking")
    assert made.exit_code == 130
    assert "Beside the ready framing of video-feed" in made.stdout


def test_practice_from_a_file_is_json_for_programs():
    made = told("interview", "--practice", "--system", "card-fraud", "--answers", ANSWERS, "--json")
    assert json.loads(made.stdout)["score"] > 80


def test_practice_without_a_prompt_is_refused():
    made = told("interview", "--practice")
    assert made.exit_code == 2 and "INTERVIEW013" in made.stderr


def test_an_unknown_script_is_refused(out):
    made = told("interview", "--steps", 5, "--out", out)
    assert made.exit_code == 2 and "INTERVIEW006" in made.stderr


def test_a_kickoff_sheet_is_written_by_the_ending_of_its_file(project, tmp_path):
    for ending, start in ((".md", "# Kickoff: spam"), (".html", "<!doctype html>")):
        made = told("kickoff", project, "--to", tmp_path / f"kickoff{ending}")
        assert made.exit_code == 0, made.output
        assert (tmp_path / f"kickoff{ending}").read_text().startswith(start)
    assert told("kickoff", project).stdout.startswith("# Kickoff: spam")
    assert json.loads(told("kickoff", project, "--json").stdout)["name"] == "spam"


def test_a_kickoff_sheet_of_a_draft_says_that_it_is_one(tmp_path):
    file = tmp_path / "framing.yaml"
    file.write_text("framing: 1\nname: bread\nbusiness: {goal: Less waste}\n")
    made = told("kickoff", file)
    assert made.exit_code == 0
    assert "the framing does not load yet" in made.stdout


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(("kickoff", "none.yaml"), "SPEC004"), (("kickoff", "FILE", "--to", "a.docx"), "INTERVIEW012")],
)
def test_a_kickoff_that_cannot_be_written_is_refused(project, tmp_path, arguments, code):
    made = told(*(project if one == "FILE" else one for one in arguments))
    assert made.exit_code == 2 and code in made.stderr


def test_a_file_that_is_no_framing_has_no_kickoff(tmp_path):
    file = tmp_path / "framing.yaml"
    file.write_text("[not, a, map]")
    made = told("kickoff", file)
    assert made.exit_code == 2 and "SPEC001" in made.stderr


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_canvas_goes_out_and_in(name, tmp_path, out):
    file = new_project(name, tmp_path / "p", on="real")
    sent = told("canvas", "export", file, "--to", tmp_path / "canvas.md")
    assert sent.exit_code == 0, sent.output
    back = told("canvas", "import", tmp_path / "canvas.md", "--out", out)
    assert back.exit_code == 0, back.output
    first, second = truenorth.load(file), truenorth.load(out)
    assert first.model_copy(update={"open_questions": ()}) == second.model_copy(update={"open_questions": ()})
    assert told("canvas", "import", tmp_path / "canvas.md", "--out", out).exit_code == 2
    assert told("canvas", "export", file).stdout.startswith("# Machine-learning canvas")
