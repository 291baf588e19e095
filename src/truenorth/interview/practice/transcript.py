"""What was said in a practice: remarks in their order, each with its section and its time.

A file holds `prompt` and `practice: [{section: goal, said: ..., seconds: 40}]`; a file of answers, as the
interview writes it, is read too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from truenorth.errors import Finding, FramingError, suggest
from truenorth.framing.document import Document, read_document
from truenorth.interview.answers import Answers, load_answers
from truenorth.interview.bank import BANK
from truenorth.interview.question import TOPICS, Topic


@dataclass(frozen=True, kw_only=True)
class Remark:
    """One thing that was said."""

    topic: Topic
    """The section in which it was said."""
    said: str = ""
    """In free words; empty where it answers a question of the bank."""
    question: str = ""
    """The question that it answers."""
    value: Any = None
    """The answer to that question."""
    seconds: float = 0.0
    """How long it took."""


@dataclass(frozen=True)
class Transcript:
    """All that was said to a prompt."""

    prompt: str
    """What was asked for."""
    remarks: tuple[Remark, ...] = ()
    """In the order in which it was said."""
    was_stopped: bool = False
    """Whether Ctrl-C ended it."""

    @property
    def seconds(self) -> Mapping[Topic, float]:
        """Time by section, of the sections that took any."""
        spent: dict[Topic, float] = {}
        for remark in self.remarks:
            if remark.seconds:
                spent[remark.topic] = spent.get(remark.topic, 0.0) + remark.seconds
        return spent


def transcript_of(answers: Answers, *, prompt: str = "") -> Transcript:
    """Return the answers of an interview, or of a framing, as a transcript in framing order."""
    return Transcript(
        prompt,
        tuple(
            Remark(
                topic=question.topic,
                question=question.id,
                value=answers.given[question.id],
                seconds=answers.seconds.get(question.id, 0.0),
            )
            for question in BANK.values()
            if answers.given.get(question.id) is not None
        ),
    )


def load_transcript(path: Path, *, prompt: str = "") -> Transcript:
    """Read a transcript, or a file of answers as one.

    Raises:
        FramingError: If the file is neither.
    """
    document = read_document(_text(path), path=str(path))
    if "practice" not in document.data:
        return transcript_of(load_answers(path), prompt=prompt)
    if document.problems:
        raise FramingError(document.problems)
    entries = document.data["practice"]
    if not isinstance(entries, list):
        raise FramingError(_wrong(document, ("practice",), f"expected a list of remarks, got {entries!r}."))
    remarks = tuple(_remark(document, index, entry) for index, entry in enumerate(entries))
    return Transcript(prompt or str(document.data.get("prompt") or ""), remarks)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return ""  # the reader of answers says what is wrong


def _remark(document: Document, index: int, entry: Any) -> Remark:
    place = ("practice", index)
    if not isinstance(entry, dict) or not isinstance(entry.get("said"), str):
        raise FramingError(
            _wrong(document, place, "expected a map with section and said, got something else.")
        )
    section, seconds = entry.get("section"), entry.get("seconds", 0)
    if section not in TOPICS:
        fix = suggest(str(section), tuple(TOPICS), otherwise=f"use one of {', '.join(TOPICS)}.")
        raise FramingError(_wrong(document, place, f"expected a section, got {section!r}.", fix))
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds < 0:
        raise FramingError(_wrong(document, place, f"expected seconds of at least 0, got {seconds!r}."))
    return Remark(topic=section, said=entry["said"], seconds=float(seconds))


def _wrong(document: Document, path: tuple[str | int, ...], evidence: str, fix: str = "") -> Finding:
    written = "write practice: [{section: goal, said: lose less to fraud, seconds: 40}]."
    return Finding(code="INTERVIEW007", where=document.where(path), evidence=evidence, fix=fix or written)
