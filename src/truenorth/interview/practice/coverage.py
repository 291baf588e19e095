"""Which questions of the bank a practice answers: by an answer, by what a framing shows, or by words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from truenorth.interview.answers import Answers
from truenorth.interview.assembling import assemble
from truenorth.interview.bank import BANK
from truenorth.interview.paths import ABSENT, value_at
from truenorth.interview.practice.transcript import Transcript
from truenorth.interview.question import Question

Data = Mapping[str, Any]


@dataclass(frozen=True)
class Performance:
    """A transcript with what can be seen in it."""

    transcript: Transcript
    """What was said."""
    data: Data
    """The framing's values that it holds."""
    text: str
    """All that was said in free words, lower case."""
    covered: Mapping[str, str]
    """Evidence by question that was answered, in framing order."""

    def covers(self, *questions: str) -> bool:
        """Return whether any of these questions was answered."""
        return any(question in self.covered for question in questions)


def perform(transcript: Transcript) -> Performance:
    """Return what can be seen in a transcript.

    Examples:
        >>> from truenorth.interview.practice.transcript import Remark
        >>> said = Remark(topic="label", said="The label is a chargeback within 30 days.")
        >>> perform(Transcript("fraud", (said,))).covered["label"]
        'said: "label"'
    """
    given = {remark.question: remark.value for remark in transcript.remarks if remark.question}
    data = assemble(Answers(given=given))
    text = "\n".join(remark.said for remark in transcript.remarks).lower()
    evidence = ((question.id, _evidence(question, given, data, text)) for question in BANK.values())
    return Performance(transcript, data, text, {name: found for name, found in evidence if found})


def _evidence(question: Question, given: Mapping[str, Any], data: Data, text: str) -> str:
    if question.id in given:
        return f"answered: {_short(given[question.id])}"
    shown = SHOWN_BY[question.id](data) if question.id in SHOWN_BY else ""
    return f"shown by {shown}" if shown else said(question.cues, text)


def said(patterns: tuple[str, ...], text: str) -> str:
    """Return the first words of a text that match one of the patterns, as evidence, or an empty text."""
    for pattern in patterns:
        found = re.search(rf"\b(?:{pattern})", text)
        if found:
            return f'said: "{found[0]}"'
    return ""


def _short(value: Any) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= 60 else text[:57] + "..."


def _first(places: Iterator[str]) -> str:
    return next(places, "")


def _entries(data: Data, section: str) -> Iterator[tuple[str, Data]]:
    """Yield the named entries of a section; a single table of examples is one without a name."""
    found = data.get(section)
    if isinstance(found, Mapping):
        yield from ((f"{section}.{name}", item) for name, item in found.items() if isinstance(item, Mapping))
        yield section, found


def _has(section: str, *keys: str) -> Callable[[Data], str]:
    """Return a check that an entry of a section has one of the keys; it says where."""

    def shown(data: Data) -> str:
        return _first(
            f"{place}.{key}" for place, item in _entries(data, section) for key in keys if key in item
        )

    return shown


def _stands(*paths: str) -> Callable[[Data], str]:
    """Return a check that one of the keys of the framing is filled; it says which."""

    def shown(data: Data) -> str:
        return _first(path for path in paths if value_at(data, path) is not ABSENT)

    return shown


def _dated_split(data: Data) -> str:
    split = data.get("split")
    return "split" if isinstance(split, Mapping) and "random" not in split and "test" in split else ""


def _rare_metric(data: Data) -> str:
    metrics = [value_at(data, "objective.metric"), *_listed(data, "evaluation.metrics")]
    wanted = r"\b(average_precision|precision|recall|balanced_accuracy|f1|log_loss)\b"
    return _first(str(metric) for metric in metrics if re.search(wanted, str(metric)))


def _listed(data: Data, path: str) -> list[Any]:
    found = value_at(data, path)
    return list(found) if isinstance(found, list | tuple) else []


SHOWN_BY: Mapping[str, Callable[[Data], str]] = {
    "window": _has("labels", "within", "when", "value"),
    "label_delay": _has("sources", "known_at", "known_after"),
    "known_late": _has("sources", "known_at", "known_after"),
    "label_source": _has("labels", "origin", "source", "judged"),
    "reliability": _has("labels", "reliability", "judged"),
    "label_bias": _has("examples", "propensity", "explored", "shown"),
    "quality": _has("sources", "duplicates", "covers", "known_after", "known_at"),
    "legal_basis": _has("sources", "basis"),
    "if_pushed": _has("proxies", "if_pushed"),
    "leakage": _dated_split,
    "imbalance": _rare_metric,
    "positive": _stands("labels"),
    "error_costs": _stands("policy.actions", "policy.quantity", "policy.threshold"),
    "action": _stands(
        "policy.actions", "policy.rank", "policy.quantity", "policy.threshold", "policy.select"
    ),
    "input_drift": _stands("monitoring.track"),
}
"""Questions that a framing answers without a key of their own, with what shows it."""
