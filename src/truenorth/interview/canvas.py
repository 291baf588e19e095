"""The machine-learning canvas: a framing as its ten fields, and a canvas as the draft of a framing.

A field holds keys of the framing (`- business.goal: ...`) and free words. A canvas that knows only words
fills the keys that words can fill; what it does not say is an open question, never a default.

References:
    Dorard (2015). The Machine Learning Canvas. https://www.ownml.co/machine-learning-canvas
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from truenorth.errors import Finding, FramingError, near_names
from truenorth.framing.document import read_document
from truenorth.interview.answers import Answers, PlainDumper
from truenorth.interview.assembling import answers_from, is_settled
from truenorth.interview.bank import questions_for
from truenorth.interview.draft import Draft, Note, make_draft
from truenorth.interview.paths import ABSENT, set_at, value_at
from truenorth.interview.question import ASKED_FOR
from truenorth.interview.ready import family_of


@dataclass(frozen=True)
class CanvasField:
    """One field of the canvas."""

    title: str
    """Its name on the canvas."""
    asks: str
    """What is written there."""
    paths: tuple[str, ...]
    """Keys of the framing that it holds."""
    words: str = ""
    """Key that free words fill; empty where they can only be a note."""


CANVAS: Mapping[str, CanvasField] = {
    "value_propositions": CanvasField(
        "Value propositions", "Who gains what, and how it is measured.",
        ("business.goal", "name", "business.kpi", "business.users", "business.owner", "business.sponsor",
         "business.regulation", "business.explainability", "product", "governance", "waivers"),
        words="business.goal",
    ),
    "prediction_task": CanvasField(
        "Prediction task", "What is predicted, about whom, and when the outcome is known.",
        ("labels", "objective", "examples"),
    ),
    "decisions": CanvasField(
        "Decisions", "What is done with a prediction.",
        ("policy", "business.decision", "business.errors"), words="business.decision",
    ),
    "making_predictions": CanvasField(
        "Making predictions", "When, how many, how fast, and from which candidates.",
        ("serving", "candidates", "business.scale", "business.latency_p99"),
    ),
    "data_collection": CanvasField(
        "Data collection", "How labels come in, at which price, and how far they stand for the goal.",
        ("proxies", "business.costs"),
    ),
    "data_sources": CanvasField("Data sources", "Logs and tables.", ("sources",)),
    "impact_simulation": CanvasField(
        "Impact simulation", "What is measured before release, on which rows, within which limits.",
        ("evaluation", "constraints", "split"),
    ),
    "features": CanvasField("Features", "What is known at the moment of the prediction.", ("features",)),
    "building_models": CanvasField("Building models", "Which models, when, and how long.", ("models",)),
    "live_monitoring": CanvasField(
        "Live monitoring", "The online test, what is watched, and who is called.",
        ("experiment", "monitoring", "business.on_call", "open_questions"),
    ),
}  # fmt: skip
"""The ten fields in the order of the canvas; together they hold every key of a framing."""


@dataclass(frozen=True)
class Canvas:
    """A canvas: what each field says, as keys of the framing and as free words."""

    values: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Keys of the framing with their values, by field."""
    words: Mapping[str, str] = field(default_factory=dict)
    """Free words by field."""

    def to_dict(self) -> dict[str, Any]:
        """Return the canvas as plain JSON values: every field, also where it is empty."""
        return {
            "canvas": 1,
            "fields": {
                name: {"title": part.title, "values": dict(self.values.get(name, {})),
                       "words": self.words.get(name, "")}
                for name, part in CANVAS.items()
            },
        }  # fmt: skip


def canvas_of(data: Mapping[str, Any]) -> Canvas:
    """Return a framing's values as a canvas.

    Examples:
        >>> canvas_of({"framing": 1, "business": {"goal": "Sell more"}}).values["value_propositions"]
        {'business.goal': 'Sell more'}
    """
    held = {name: {path: value_at(data, path) for path in part.paths} for name, part in CANVAS.items()}
    said = {
        name: {path: value for path, value in values.items() if value is not ABSENT}
        for name, values in held.items()
    }
    return Canvas({name: values for name, values in said.items() if values})


def write_canvas(canvas: Canvas, ending: str) -> str:
    """Return a canvas as text.

    Args:
        canvas: What it says.
        ending: `.md`, `.json` or `.yaml`.

    Raises:
        FramingError: If there is no such form.
    """
    if ending == ".json":
        return json.dumps(canvas.to_dict(), indent=2, ensure_ascii=False) + "\n"
    if ending in (".yaml", ".yml"):
        return yaml.dump(canvas.to_dict(), Dumper=PlainDumper, sort_keys=False, allow_unicode=True, width=110)
    if ending == ".md":
        return "\n".join(_markdown(canvas)) + "\n"
    raise FramingError(
        _unreadable(f"canvas{ending}", f"expected .md, .json or .yaml, got {ending or 'none'!r}.")
    )


def _markdown(canvas: Canvas) -> Iterator[str]:
    yield "# Machine-learning canvas"
    for name, part in CANVAS.items():
        yield from ("", f"## {part.title}", "", f"*{part.asks}*", "")
        for path, value in canvas.values.get(name, {}).items():
            yield f"- {path}: {_one_line(value)}"
        if canvas.words.get(name):
            yield canvas.words[name]


def _one_line(value: Any) -> str:
    """Return a value as YAML on one line, as the reader of a framing reads it back."""
    flow = yaml.dump(
        [value], Dumper=PlainDumper, sort_keys=False, default_flow_style=True, allow_unicode=True,
        width=float("inf"),
    )  # fmt: skip
    return flow.strip().removeprefix("[").removesuffix("]")


def read_canvas(path: Path) -> Canvas:
    """Read a canvas from Markdown, JSON or YAML.

    Raises:
        FramingError: If it cannot be read, or has no field of the canvas.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise FramingError(_unreadable(str(path), f"expected a canvas, got: {reason}.")) from None
    fields = _from_markdown(text, str(path)) if path.suffix == ".md" else _from_plain(text, path)
    if not fields:
        raise FramingError(_unreadable(str(path), "expected at least one field of the canvas, got none."))
    return Canvas(
        {name: values for name, (values, _) in fields.items() if values},
        {name: words for name, (_, words) in fields.items() if words},
    )


Fields = dict[str, tuple[dict[str, Any], str]]


def _from_plain(text: str, path: Path) -> Fields:
    document = read_document(text, path=str(path))
    if document.problems:
        raise FramingError(document.problems)
    entries = document.data.get("fields", document.data)
    entries = entries if isinstance(entries, dict) else {}
    named = {_field(name): entry for name, entry in entries.items()}
    return {
        name: _plain_field(entry) for name, entry in named.items() if name and _plain_field(entry) != ({}, "")
    }


def _plain_field(entry: Any) -> tuple[dict[str, Any], str]:
    """Return keys and words of a field: a map with both, a list of words, or words alone."""
    if isinstance(entry, dict):
        values = entry.get("values")
        return dict(values) if isinstance(values, dict) else {}, str(entry.get("words") or "")
    if isinstance(entry, list):
        return {}, " ".join(str(item) for item in entry)
    return {}, "" if entry is None else str(entry)


def _from_markdown(text: str, path: str) -> Fields:
    chapters = re.split(r"^#{1,6}\s+(.+?)\s*$", text, flags=re.MULTILINE)
    named = {_field(title): body for title, body in zip(chapters[1::2], chapters[2::2], strict=True)}
    return {name: _markdown_field(body, path) for name, body in named.items() if name}


_KEY = re.compile(r"^- ([a-z_]+(?:\.[a-z0-9_]+)*): (.*)$")


def _markdown_field(body: str, path: str) -> tuple[dict[str, Any], str]:
    values: dict[str, Any] = {}
    words = []
    for line in (line.strip() for line in body.splitlines()):
        key = _KEY.match(line)
        if key and _holder(key[1]):
            values[key[1]] = _read(key[2], path)
        elif line and not re.fullmatch(r"\*.*\*", line):  # what the field asks stands in italics
            words.append(line.lstrip("-* "))
    return values, " ".join(words)


def _read(text: str, path: str) -> Any:
    document = read_document(f"value: {text}", path=path)
    if any(found.code != "SPEC003" for found in document.problems):
        raise FramingError(document.problems)
    return document.data["value"]


def _holder(path: str) -> bool:
    return any(path in part.paths for part in CANVAS.values())


def _field(title: str) -> str | None:
    """Return the field that a title names, as the canvas has it or nearly so."""
    name = re.sub(r"[^a-z]+", "_", title.lower()).strip("_")
    near = near_names({"ml_task": "prediction_task"}.get(name, name), CANVAS, limit=1)
    return near[0] if near else None


def framing_of(canvas: Canvas) -> dict[str, Any]:
    """Return the values of a framing that a canvas holds; free words fill the keys that words can fill."""
    data: dict[str, Any] = {"framing": 1}
    for name, part in CANVAS.items():
        for path, value in canvas.values.get(name, {}).items():
            set_at(data, path, value)
        if canvas.words.get(name) and part.words and value_at(data, part.words) is ABSENT:
            set_at(data, part.words, canvas.words[name])
    return data


def draft_of(canvas: Canvas) -> Draft:
    """Return the draft of a framing: what the canvas does not say becomes an open question.

    Examples:
        >>> draft = draft_of(Canvas(words={"decisions": "whom to call this week"}))
        >>> draft.data["business"], "Who answers for the result? (business.owner)" in draft.open_questions
        ({'decision': 'whom to call this week'}, True)
    """
    data = framing_of(canvas)
    asked = questions_for(family_of(data) if "policy" in data else None)
    unsaid = [one for one in asked if one.path and one.weight >= ASKED_FOR and not is_settled(data, one.path)]
    answers = Answers(given=answers_from(data).given, unknown=tuple(one.id for one in unsaid))
    draft = make_draft(answers, base=data)
    return replace(draft, notes=(*_notes(canvas, data), *draft.notes))


def _notes(canvas: Canvas, data: Mapping[str, Any]) -> Iterator[Note]:
    """Yield the free words that no key of the framing holds."""
    for name, words in canvas.words.items():
        part = CANVAS[name]
        if not part.words or value_at(data, part.words) != words:
            yield Note(part.paths[0], f"{part.title}: {words}")


def _unreadable(where: str, evidence: str) -> Finding:
    fix = "truenorth canvas export FILE --to canvas.md writes one with every field."
    return Finding(code="INTERVIEW008", where=where, evidence=evidence, fix=fix)
