"""The kickoff sheet: twelve fields on one page, as they are signed; what nobody wrote stays a blank line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from truenorth.documents.reading import items, mapping, number, one_line, text, values
from truenorth.documents.sections.kickoff import kpi_text, label_text, plain_text, scale_text, stage_text

Framing = Mapping[str, Any]
MOST_NAMES = 6
"""Names of a list that are written out; the others are counted, so that the page stays one."""
MOST_CHARACTERS = 170
"""Characters of one line; the framing itself holds the rest."""
DENSE = 2_200
"""Characters of all lines beyond which the page is set in small print."""
SIGNED_BY = ("Owner", "Sponsor", "Machine learning", "On call")


@dataclass(frozen=True)
class Line:
    """One line of a field."""

    name: str
    """What is asked."""
    text: str
    """What was written; empty where nobody did."""


@dataclass(frozen=True)
class SheetField:
    """One field of the sheet."""

    title: str
    """Its name."""
    lines: tuple[Line, ...]
    """Its lines, the blank ones too."""


@dataclass(frozen=True)
class Sheet:
    """A kickoff sheet, ready to sign."""

    name: str
    """The framing."""
    fields: tuple[SheetField, ...]
    """The twelve fields, and what is open."""
    remark: str = ""
    """What has to be said above it, for example that the framing does not load yet."""

    @property
    def blanks(self) -> tuple[str, ...]:
        """The lines that nobody wrote, as `field: line`."""
        return tuple(
            f"{field.title}: {line.name}" for field in self.fields for line in field.lines if not line.text
        )

    @property
    def is_dense(self) -> bool:
        """Whether so much was written that it fits one page in small print only."""
        return sum(len(line.text) for field in self.fields for line in field.lines) > DENSE

    def to_dict(self) -> dict[str, Any]:
        """Return the sheet as plain JSON values."""
        return {
            "name": self.name,
            "remark": self.remark,
            "fields": {field.title: {line.name: line.text for line in field.lines} for field in self.fields},
            "blank": list(self.blanks),
        }


def kickoff_sheet(framing: Framing, *, remark: str = "") -> Sheet:
    """Return the sheet of a framing's values, as they are written in its file.

    Args:
        framing: The values; what is missing or of another kind is blank.
        remark: What has to be said above it.

    Examples:
        >>> sheet = kickoff_sheet({"name": "spam", "business": {"goal": "A quiet inbox"}})
        >>> sheet.fields[0].lines[0], len(sheet.blanks)
        (Line(name='Goal', text='A quiet inbox'), 31)
    """
    fields = tuple(
        SheetField(title, tuple(Line(name, _short(write(framing))) for name, write in lines.items()))
        for title, lines in FIELDS.items()
    )
    return Sheet(text(framing, "name") or "unnamed", fields, remark)


def _at(*path: str) -> Callable[[Framing], str]:
    return lambda framing: text(framing, *path)


def _list(*path: str) -> Callable[[Framing], str]:
    return lambda framing: _some(plain_text(item) for item in values(framing, *path))


def _short(written: str) -> str:
    line = " ".join(one_line(written).split())
    return line if len(line) <= MOST_CHARACTERS else line[: MOST_CHARACTERS - 3] + "..."


def _some(names: Iterable[str]) -> str:
    """Return the first names of a list and the number of the others.

    Examples:
        >>> _some("abcdefgh")
        'a, b, c, d, e, f and 2 more'
    """
    listed = [name for name in names if name]
    more = len(listed) - MOST_NAMES
    return ", ".join(listed[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _kpi(framing: Framing) -> str:
    return kpi_text(mapping(framing, "business", "kpi"))


def _role(framing: Framing) -> str:
    return text(framing, "product", "archetype").replace("_", " ")


def _tasks(framing: Framing) -> str:
    """Return the labels that the score or the policy names."""
    said = f"{text(framing, 'objective', 'score')} {plain_text(mapping(framing, 'policy'))}"
    return _some(name for name in mapping(framing, "labels") if re.search(rf"\b{re.escape(name)}\b", said))


def _policy(framing: Framing) -> str:
    policy = mapping(framing, "policy")
    if not policy and mapping(framing, "business", "errors"):
        return f"the cheaper of two errors: {plain_text(mapping(framing, 'business', 'errors'))}"
    forms = {key: value for key, value in policy.items() if key not in ("capacity", "explore", "fallback")}
    return "; ".join(f"{key}: {plain_text(value)}" for key, value in forms.items())


def _limits(framing: Framing) -> str:
    policy = mapping(framing, "policy")
    limits = {key: policy[key] for key in ("capacity", "explore") if policy.get(key)}
    return "; ".join(f"{key} {plain_text(value)}" for key, value in limits.items())


def _fallback(framing: Framing) -> str:
    return plain_text(mapping(framing, "policy").get("fallback") or "")


def _stand_ins(framing: Framing) -> str:
    marks = mapping(framing, "proxies")
    return "; ".join(_marks(name, mapping(marks, name)) for name in list(marks)[:4])


def _marks(name: str, marks: Mapping[str, Any]) -> str:
    scores = ", ".join(f"{key} {plain_text(mark)}" for key, mark in marks.items() if key != "if_pushed")
    pushed = text(marks, "if_pushed")
    return f"{name} ({scores})" + (f", pushed: {pushed}" if pushed else "")


def _sources(framing: Framing) -> str:
    return _some(mapping(framing, "sources"))


def _labels(framing: Framing) -> str:
    labels = mapping(framing, "labels")
    said = {name: label_text(mapping(labels, name)) for name in labels}
    return "; ".join(f"{name}: {how}" for name, how in list(said.items())[:4])


def _labelled(framing: Framing) -> str:
    labels = mapping(framing, "labels").values()
    said = (text(label, "origin") or text(label, "judged", "by") for label in labels)
    return _some(dict.fromkeys(said))


def _confirmed(framing: Framing) -> str:
    """Return yes where every feature says how it is served; else no, and which do not."""
    features = mapping(framing, "features")
    unsaid = [name for name, feature in features.items() if not _is_served(feature)]
    if not features:
        return ""
    return f"no: not declared for {_some(unsaid)}" if unsaid else f"yes, all {len(features)}"


def _is_served(feature: Any) -> bool:
    """Return whether a feature comes with the request, or says where else it comes from."""
    said = mapping(feature)
    return "source" not in said or any(key in said for key in ("serve", "refresh", "freshness"))


def _baseline(framing: Framing) -> str:
    models = mapping(framing, "models")
    return plain_text(models.get("rule") or models.get("rules") or models.get("incumbent") or "")


def _test(framing: Framing) -> str:
    test = mapping(framing, "experiment")
    unit, effect, length = text(test, "unit"), text(test, "minimum_effect"), text(test, "duration")
    said = {"by": unit, "smallest effect": effect, "for": length}
    return ", ".join(f"{name} {value}" for name, value in said.items() if value)


def _guardrails(framing: Framing) -> str:
    guardrails = items(framing, "experiment", "guardrails")
    return _some(f"{text(one, 'metric')} within {text(one, 'margin')}" for one in guardrails)


def _stages(framing: Framing) -> str:
    stages = values(framing, "experiment", "stages")
    return " \N{RIGHTWARDS ARROW} ".join(stage_text(stage) for stage in stages)


def _retrain(framing: Framing) -> str:
    retrain = mapping(framing, "monitoring", "retrain")
    said = {
        "every": text(retrain, "every"),
        "when": text(retrain, "or_when"),
        "after": text(retrain, "or_event"),
    }
    return ", or ".join(f"{name} {value}" for name, value in said.items() if value)


def _scale(framing: Framing) -> str:
    return scale_text(mapping(framing, "business"))


def _open(framing: Framing) -> str:
    questions = [str(question) for question in values(framing, "open_questions")]
    more = f" (and {len(questions) - 3} more)" if len(questions) > 3 else ""
    return "; ".join(questions[:3]) + more or ("none stated" if number(framing, "framing") else "")


FIELDS: Mapping[str, Mapping[str, Callable[[Framing], str]]] = {
    "Business KPI": {"Goal": _at("business", "goal"), "KPI": _kpi},
    "Users and workflow": {"Users": _at("business", "users"), "What changes": _at("product", "outcome")},
    "Decision being improved": {
        "Decision": _at("business", "decision"),
        "Role of the machine": _role,
    },
    "Model output": {"Score": _at("objective", "score"), "Predicted": _tasks},
    "Action policy": {"Policy": _policy, "Limits": _limits, "Fallback": _fallback},
    "Primary metric": {"Chosen by": _at("objective", "metric"), "Beside it": _list("evaluation", "metrics")},
    "Constraints": {
        "Load and latency": _scale,
        "Must hold": _list("constraints"),
        "Law": _list("business", "regulation"),
    },
    "Proxy label and risks": {"Stand-ins": _stand_ins, "Known risks": _list("product", "known_risks")},
    "Data and labelling": {"Sources": _sources, "Labels": _labels, "Labelled by": _labelled},
    "Serving-time features": {"Confirmed": _confirmed},
    "Rollout": {
        "Baseline": _baseline,
        "Test": _test,
        "Guardrails": _guardrails,
        "Stages": _stages,
        "Taken back when": _list("experiment", "rollback"),
    },
    "Owner and watch": {
        "Owner": _at("business", "owner"),
        "On call": _at("business", "on_call"),
        "Watched": _list("monitoring", "track"),
        "Trained again": _retrain,
    },
    "Open questions": {"Open": _open},
}
"""Every field with its lines, and what writes each."""
