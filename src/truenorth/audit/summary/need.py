"""Machine learning or rules: six criteria, each with the side that it speaks for and its evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from truenorth.audit.subject import Subject
from truenorth.framing.models import External

if TYPE_CHECKING:
    from truenorth.audit.result import Audit

FEW_RULES = 50
"""Rules that people can still keep in their heads; a rule of thumb of the sources."""
ENOUGH_POSITIVES = 1_000
FEW_POSITIVES = 100
"""Matured positives: below, rules know as much as a model could learn; above, a model can go by them."""


@dataclass(frozen=True)
class Criterion:
    """One line of the decision table."""

    name: str
    speaks_for: Literal["rules", "machine learning", "neither", "not assessed"]
    evidence: str


def ml_or_rules(audit: Audit) -> tuple[Criterion, ...]:
    """Return the six criteria; the gap between rule and model is measured once a run exists."""
    subject = audit.subject
    return (
        _complexity(subject), _edge_cases(subject), _stability(subject), _gap(subject.run), _data(subject),
        _regulation(subject),
    )  # fmt: skip


def _complexity(subject: Subject) -> Criterion:
    models = subject.framing.models
    if models.rules:
        few = len(models.rules) < FEW_RULES
        return Criterion(
            "rule complexity", "rules" if few else "machine learning", f"{len(models.rules)} rules"
        )
    if models.rule is not None:
        return Criterion("rule complexity", "rules", "one rule says it")
    return Criterion("rule complexity", "not assessed", "no rule was written down")


def _edge_cases(subject: Subject) -> Criterion:
    """Texts and many-valued categories are edge cases without end; a handful of numbers is not."""
    features = subject.framing.features
    open_ended = [name for name, one in features.items() if one.as_ in ("text", "category") or one.match]
    if open_ended:
        return Criterion("edge cases", "machine learning", f"open-ended: {', '.join(open_ended[:4])}")
    if not features:
        return Criterion("edge cases", "not assessed", "no feature is declared")
    return Criterion("edge cases", "neither", f"{len(features)} features, none of them text or category")


def _stability(subject: Subject) -> Criterion:
    retrain = subject.framing.monitoring.retrain
    if retrain.every is not None:
        return Criterion(
            "stability", "machine learning", f"the world is expected to change: every {retrain.every}"
        )
    if retrain.or_when is not None or retrain.or_event:
        return Criterion("stability", "machine learning", "change is expected on an event")
    return Criterion("stability", "not assessed", "nothing says how fast the world changes")


def _gap(run: Mapping[str, Any] | None) -> Criterion:
    """Say what the model gained over the rule, on rows that nothing was fitted on."""
    if run is None:
        return Criterion("performance gap", "not assessed", "no run has measured it")
    verdict, sentence = str(run.get("verdict", "")), str(run.get("train", {}).get("sentence", ""))
    side: Literal["rules", "machine learning", "neither"] = "neither"
    if verdict == "model wins":
        side = "machine learning"
    elif verdict == "rules win":
        side = "rules"
    return Criterion("performance gap", side, sentence or verdict or "the run holds no verdict")


def _data(subject: Subject) -> Criterion:
    if subject.data is None or not subject.tasks:
        return Criterion("data", "not assessed", "nobody counted the labels")
    found = subject.data.labels.get(subject.tasks[0], {})
    n = int(found.get("positives", found.get("observed", 0)))
    what = "positives" if "positives" in found else "labels"
    side: Literal["rules", "machine learning", "neither"] = "neither"
    if n < FEW_POSITIVES:
        side = "rules"
    elif n >= ENOUGH_POSITIVES:
        side = "machine learning"
    return Criterion("data", side, f"{n:,} matured {what} of {subject.tasks[0]}")


def _regulation(subject: Subject) -> Criterion:
    wanted = subject.framing.business.explainability
    if wanted is None:
        return Criterion("regulation", "not assessed", "business.explainability is not stated")
    if wanted != "full":
        return Criterion("regulation", "neither", f"explainability: {wanted}")
    candidates = subject.framing.models.candidates
    black = [str(one) for one in candidates if isinstance(one, External) or one != "linear"]
    evidence = "explainability: full" + (f", beside {', '.join(black)}" if black else "")
    return Criterion("regulation", "rules", evidence)
