"""What the findings add up to: each table is one file, made from an audit, with its evidence.

scorecard.py     the five signals, each from its rules                                  Scorecard
feasibility.py   data, labels, serving, risk, return: green, amber or red               Area
killers.py       the eight things that kill a system in production                      Killer
three.py         the rule of three: offline, online, in production                      Question
failures.py      failure modes with detector, fallback and owner                        Failure
need.py          machine learning or rules, criterion by criterion                      Criterion
prediction.py    which type, loss, metric and baseline fit each label                   Advice
archetype.py     the guardrails that the product's archetype asks for                   Guardrail
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from truenorth.audit.summary.archetype import Guardrail, guardrails
from truenorth.audit.summary.failures import Failure, failure_register
from truenorth.audit.summary.feasibility import Area, feasibility
from truenorth.audit.summary.killers import Killer, killers
from truenorth.audit.summary.need import Criterion, ml_or_rules
from truenorth.audit.summary.prediction import Advice, advice, one_model_or_several
from truenorth.audit.summary.scorecard import Scorecard, scorecard
from truenorth.audit.summary.three import Question, rule_of_three

if TYPE_CHECKING:
    from truenorth.audit.result import Audit


@dataclass(frozen=True)
class Summary:
    """What an audit adds up to."""

    scorecard: Scorecard
    feasibility: tuple[Area, ...]
    killers: tuple[Killer, ...]
    rule_of_three: tuple[Question, ...]
    failures: tuple[Failure, ...]
    ml_or_rules: tuple[Criterion, ...]
    predictions: tuple[Advice, ...]
    models: str
    """Whether one model with several heads or several models fit the tasks, and why."""
    guardrails: tuple[Guardrail, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return every table as plain JSON values."""
        plain = asdict(self)
        return plain | {"scorecard": self.scorecard.to_dict()}


_TABLES: Mapping[str, Callable[[Audit], Any]] = {
    "scorecard": scorecard, "feasibility": feasibility, "killers": killers, "rule_of_three": rule_of_three,
    "failures": failure_register, "ml_or_rules": ml_or_rules, "predictions": advice,
    "models": one_model_or_several, "guardrails": guardrails,
}  # fmt: skip


def summary(audit: Audit) -> Summary:
    """Return what the findings of an audit add up to."""
    return Summary(**{name: make(audit) for name, make in _TABLES.items()})


__all__ = [
    "Advice", "Area", "Criterion", "Failure", "Guardrail", "Killer", "Question", "Scorecard",
    "Summary", "summary",
]  # fmt: skip
