"""The bank: every question, read once from the files of the package, one file per topic."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from truenorth.framing.document import read_document
from truenorth.interview.question import TOPICS, Family, Question, Topic

FOLDER = Path(__file__).parent / "bank"
"""Folder of the questions, a file per topic."""


def _questions(topic: Topic) -> Iterator[Question]:
    text = (FOLDER / f"{topic}.yaml").read_text(encoding="utf-8")
    # a document is a map of sections, so the list is put under a key
    document = read_document("questions:\n" + text, path=f"{topic}.yaml")
    if document.problems:
        raise ValueError(str(document.problems[0]))
    for entry in document.data["questions"]:
        yield _question(topic, entry)


def _question(topic: Topic, entry: dict[str, Any]) -> Question:
    listed: dict[str, Any] = {key: tuple(entry.get(key, ())) for key in ("choices", "families")}
    cues = tuple(cue.strip() for cue in str(entry.get("cues", "")).split(";") if cue.strip())
    origins = tuple(str(entry.get("origins", "")).split())
    place = str(entry.get("place") or entry.get("path", ""))
    return Question(**{**entry, **listed, "topic": topic, "cues": cues, "origins": origins, "place": place})


BANK: dict[str, Question] = {question.id: question for topic in TOPICS for question in _questions(topic)}
"""Every question by id, in framing order."""

BY_PATH: dict[str, Question] = {question.path: question for question in BANK.values() if question.path}
"""The question that fills a key of the framing."""


def questions_for(family: Family | None) -> tuple[Question, ...]:
    """Return the questions that are asked for systems of a family, in framing order.

    Examples:
        >>> "rank" in [question.id for question in questions_for("flagging")]
        False
    """
    return tuple(question for question in BANK.values() if question.fits(family))
