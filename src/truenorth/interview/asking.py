"""The interview itself: asks what is not yet answered, judges each answer at once, saves after every one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from truenorth.errors import Finding, FramingError
from truenorth.interview.answers import NOT_APPLICABLE, UNKNOWN_WORDS, Answers
from truenorth.interview.assembling import assemble, is_settled
from truenorth.interview.check import check, read_answer
from truenorth.interview.question import ASKED_FOR, Question
from truenorth.interview.ready import family_of
from truenorth.interview.scripts import Plan, PlannedStep

Clock = Callable[[], float]
"""Seconds on a clock that only goes forward."""

WHY = "?"
NEXT_STEP = ">"
HELP = (
    "Answer on one line; YAML may take several, ended by an empty one. ? says why it matters, - that nobody "
    "knows (it stays open), n/a that it does not apply, > goes to the next step (the rest stays open). "
    "Ctrl-C stops; --resume goes on."
)


class Screen(Protocol):
    """Where questions are shown and answers are typed."""

    def ask(self, prompt: str) -> str:
        """Return one typed line; raises EOFError or KeyboardInterrupt where there is none."""

    def tell(self, text: str) -> None:
        """Show a text."""


@dataclass(frozen=True)
class Seat:
    """Who is asked, which clock counts, and where answers go after each question."""

    screen: Screen
    clock: Clock
    save: Callable[[Answers], None]


def conduct(planned: Plan, answers: Answers, seat: Seat) -> Answers:
    """Ask every question of a plan that is not yet answered.

    Args:
        planned: Questions, step by step.
        answers: What was answered before.
        seat: Screen, clock, and what to do with the answers after every question.

    Returns:
        All answers; those of unknown questions stay open.
    """
    seat.screen.tell(HELP)
    for step in planned.steps:
        if any(question.id not in answers for question in step.questions):
            seat.screen.tell(heading(step, len(planned.steps), answers))
            answers = _step(planned, step, answers, seat)
    return answers


def leave_open(planned: Plan, answers: Answers) -> Answers:
    """Return answers in which every question of weight that they pass over is open.

    Of weight is what fills a key of the framing, or what the audit asks for. Where no system was named, the
    policy that was answered tells the family of the questions.
    """
    data = assemble(answers)
    family = family_of(data) if planned.ready is None and "policy" in data else None
    for question in planned.questions:
        is_of_weight = bool(question.path) or question.weight >= ASKED_FOR
        is_passed_over = question.id not in answers and not is_settled(data, question.path)
        if is_of_weight and is_passed_over and question.fits(family):
            answers = answers.with_unknown(question.id)
    return answers


@dataclass(frozen=True)
class Reply:
    """What came back to one question."""

    value: Any = None
    """The answer; None where the question does not apply."""
    is_open: bool = False
    """Whether nobody knows."""
    ends_step: bool = False
    """Whether the rest of the step stays open too."""


def _step(planned: Plan, step: PlannedStep, answers: Answers, seat: Seat) -> Answers:
    for question in step.questions:
        if question.id in answers or _is_settled(question, answers):
            continue
        started = seat.clock()
        reply = _reply(question, planned.example(question), step.left(answers), answers, seat)
        answers = _taken(question, reply, answers, seconds=seat.clock() - started)
        if reply.ends_step:
            answers = _left_open(step, answers)
        seat.save(answers)
    return answers


def _is_settled(question: Question, answers: Answers) -> bool:
    """Return whether another form of the same was answered, so that there is nothing to ask."""
    return bool(question.path) and is_settled(assemble(answers), question.path)


def _taken(question: Question, reply: Reply, answers: Answers, *, seconds: float) -> Answers:
    if reply.is_open:
        return answers.with_unknown(question.id, seconds=seconds)
    return answers.with_answer(question.id, reply.value, seconds=seconds)


def _left_open(step: PlannedStep, answers: Answers) -> Answers:
    for question in step.questions:
        if question.id not in answers:
            answers = answers.with_unknown(question.id)
    return answers


_WORDS: Mapping[str, Reply] = {
    **dict.fromkeys(UNKNOWN_WORDS, Reply(is_open=True)),
    NOT_APPLICABLE: Reply(),
    NEXT_STEP: Reply(is_open=True, ends_step=True),
}
"""Words that are typed instead of an answer."""


def _reply(question: Question, example: Any, left: float, answers: Answers, seat: Seat) -> Reply:
    """Show a question, and ask until there is an answer or a word that stands for none."""
    seat.screen.tell(f"\n{question.text}\n  for example: {example}")
    while True:
        typed_in = _typed(question, f"[{clock_text(left)} left] > ", seat.screen)
        if typed_in.lower() in _WORDS:
            return _WORDS[typed_in.lower()]
        if typed_in in ("", WHY):
            seat.screen.tell(f"  {question.why if typed_in else HELP}")
            continue
        reply = _judged(question, typed_in, answers, seat)
        if reply is not None:
            return reply


def _typed(question: Question, prompt: str, screen: Screen) -> str:
    """Return what is typed; a YAML answer goes on to more lines while its brackets are open."""
    lines = [screen.ask(prompt).rstrip()]
    while question.kind == "yaml" and _goes_on(lines):
        lines.append(screen.ask("... ").rstrip())
    return "\n".join(line for line in lines if line).strip()


def _goes_on(lines: list[str]) -> bool:
    text = "\n".join(lines)
    if text.startswith(("{", "[")):
        return text.count("{") + text.count("[") > text.count("}") + text.count("]") and lines[-1] != ""
    return ":" in lines[0] and lines[-1] != ""


def _judged(question: Question, typed_in: str, answers: Answers, seat: Seat) -> Reply | None:
    """Return the reply of an answer that the framing's parsers accept; say what is wrong with any other."""
    try:
        value = read_answer(question, typed_in)
    except FramingError as error:
        _tell_all(error.findings, seat)
        return None
    checked = check(question, value, answers)
    _tell_all(checked.wrong, seat)
    if checked.wrong:
        return None
    _tell_all(checked.elsewhere, seat, before="An earlier answer does not fit beside this: ")
    return Reply(value)


def _tell_all(findings: Iterable[Finding], seat: Seat, before: str = "") -> None:
    for found in findings:
        seat.screen.tell("  " + f"{before}{found}".replace("\n", "\n  "))


def heading(step: PlannedStep, n_steps: int, answers: Answers) -> str:
    """Return the line above a step: its place, its title, and the time that is left for it."""
    left = clock_text(step.left(answers))
    return f"\nStep {step.number} of {n_steps}: {step.title} ({left} left of {clock_text(step.seconds)})"


def clock_text(seconds: float) -> str:
    """Return seconds as minutes and seconds.

    Examples:
        >>> clock_text(200), clock_text(-65)
        ('3:20', '-1:05')
    """
    minutes, rest = divmod(abs(round(seconds)), 60)
    return f"{'-' if round(seconds) < 0 else ''}{minutes}:{rest:02d}"
