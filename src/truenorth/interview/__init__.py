"""The interview: the clarifying questions in framing order become a framing, and practice makes them habit.

question.py    one question, and the topics in the order in which a problem is framed      Question, TOPICS
bank.py        every question, from the files in `bank/`                                    BANK
scripts.py     the questions in 6, 7 or 8 steps, with minutes                               SCRIPTS, plan
answers.py     what was answered, what nobody knows, and how long it took                   Answers
kinds.py       from what was typed to a value; check.py judges it by the framing's parsers
draft.py       answers -> the framing as far as it goes; writing.py gives it its text        make_draft
conduct.py     asks, judges, saves, goes on where it was                                    conduct
ready.py       the ready framings as answers, for examples and comparison
canvas.py      the fields of the machine-learning canvas; canvas_files.py reads and writes them
session.py     one interview from start to file: kept answers, resuming, the framing at the end
practice/      a vague prompt, no hints, then scorecard, red flags and comparison            judge

Nothing here reads a clock or a terminal: both are arguments.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from truenorth.interview.answers import Answers, dump_answers, load_answers
    from truenorth.interview.asking import Screen, conduct
    from truenorth.interview.bank import BANK
    from truenorth.interview.canvas_files import read_canvas, write_canvas
    from truenorth.interview.draft import Draft, make_draft
    from truenorth.interview.practice import judge
    from truenorth.interview.question import TOPICS, Question
    from truenorth.interview.scripts import SCRIPTS, plan
    from truenorth.interview.writing import framing_text

_PLACES = {
    "Answers": "answers",
    "BANK": "bank",
    "Draft": "draft",
    "Question": "question",
    "SCRIPTS": "scripts",
    "Screen": "asking",
    "TOPICS": "question",
    "conduct": "asking",
    "dump_answers": "answers",
    "framing_text": "writing",
    "judge": "practice",
    "load_answers": "answers",
    "make_draft": "draft",
    "plan": "scripts",
    "read_canvas": "canvas_files",
    "write_canvas": "canvas_files",
}

__all__ = [
    "BANK", "SCRIPTS", "TOPICS", "Answers", "Draft", "Question", "Screen", "conduct", "dump_answers",
    "framing_text", "judge", "load_answers", "make_draft", "plan", "read_canvas", "write_canvas",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'truenorth.interview' has no attribute {name!r}")
    return getattr(importlib.import_module(f"truenorth.interview.{_PLACES[name]}"), name)
