"""The machine-learning canvas: a framing as its ten fields, and a canvas as the draft of a framing.

A field holds keys of the framing (`- business.goal: ...`) and free words. A canvas that knows only words
fills the keys that words can fill; what it does not say is an open question, never a default.

References:
    Dorard (2015). The Machine Learning Canvas. https://www.ownml.co/machine-learning-canvas
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from truenorth.interview.answers import Answers
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
