"""Listening: a prompt, sections in any order, no hints; time is counted where it is spent."""

from __future__ import annotations

from collections.abc import Sequence

from truenorth.interview.asking import Clock, Screen, clock_text
from truenorth.interview.practice.transcript import Remark, Transcript
from truenorth.interview.question import TOPICS, Topic
from truenorth.interview.scripts import PlannedStep

DONE = "done"
FIRST: Topic = "goal"


def listen(
    prompt: str, screen: Screen, clock: Clock, *, minutes: float, script: Sequence[PlannedStep] = ()
) -> Transcript:
    """Show a vague prompt and take down what is said to it, until the time is up or nothing is left to say.

    Args:
        prompt: What is asked for; nothing else is said until the end.
        screen: Where it is shown, and where answers are typed; the end of the input or Ctrl-C ends it.
        clock: Seconds that only go forward.
        minutes: Time for all of it.
        script: Steps whose titles and times are shown at the start, and none of their questions.
    """
    screen.tell("\n".join([f"{prompt[:1].upper()}{prompt[1:]}.\n\n{_help()}", *map(_line, script)]))
    ends, topic, remarks, was_stopped = clock() + 60 * minutes, FIRST, list[Remark](), False
    while clock() < ends:
        started = clock()
        try:
            line = screen.ask(f"[{clock_text(ends - started)}] {TOPICS[topic]} > ").strip()
        except EOFError:
            break
        except KeyboardInterrupt:
            was_stopped = True
            break
        chosen = _section(line)
        if line.lower() == DONE:
            break
        if line and chosen is None:
            remarks.append(Remark(topic=topic, said=line, seconds=clock() - started))
        topic = chosen or topic
    return Transcript(prompt, tuple(remarks), was_stopped)


def _section(line: str) -> Topic | None:
    """Return the section that a line such as `/label` chooses."""
    wanted = line.removeprefix("/").strip().lower()
    return next((topic for topic in TOPICS if line.startswith("/") and topic == wanted), None)


def _line(step: PlannedStep) -> str:
    sections = dict.fromkeys(f"/{question.topic}" for question in step.questions)
    return f"{step.number}. {step.title}, {clock_text(step.seconds)}: {' '.join(sections)}"


def _help() -> str:
    sections = " ".join(f"/{topic}" for topic in TOPICS)
    return f"Speak freely. A section is chosen by {sections}; {DONE} ends it."
