"""What a run can push: its score, every task and every declared proxy, predicted for the held-out rows.

A declared proxy that is no task has no model in the run; one is fitted for it on the training rows, by the
learner that was chosen, so that the question "what if we optimised clicks instead?" has an answer.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from truenorth.audit.stated.terms import directions
from truenorth.decision.contract import Batch, Prediction
from truenorth.decision.score import expected
from truenorth.errors import Finding
from truenorth.examples.dataset import Dataset
from truenorth.framing.expressions import Expression, parse_expression
from truenorth.framing.framing import Framing
from truenorth.framing.models import Task
from truenorth.framing.names import tasks
from truenorth.models.contract import Model, Rows, TaskSpec
from truenorth.models.registry import LEARNERS, learner
from truenorth.models.rows import rows_of, task_specs
from truenorth.workflow.acting import Offered
from truenorth.workflow.learning import RULE
from truenorth.workflow.work import Work

Floats = NDArray[np.float64]

SCORE, THE_SCORE, LESS = "score", "the score", "less "
"""Name of the objective's score, how sentences call it, and how they begin a label that is pushed down."""
FEWEST, FEWEST_POSITIVE = 200, 20
"""Rows of an action, and rows of the rarer outcome among them, from which a label gets a model per action."""
NUMERIC = ("binary", "number", "amount", "grade")
"""Kinds of labels of which more or less can be asked for."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """A score that decisions could be pushed towards."""

    name: str
    """`score`, or the label."""
    predicted: Floats
    """Of every held-out row, before the decision, shape (n,)."""
    sign: int
    """-1 where the score falls with the label, so that less of it is pushed for."""
    realised: Expression
    """What it is on what happened."""

    @property
    def pushed(self) -> Floats:
        """The score in the direction that is pushed, shape (n,)."""
        return self.sign * self.predicted

    @property
    def called(self) -> str:
        """How sentences call it."""
        if self.name == SCORE:
            return THE_SCORE
        return self.name if self.sign > 0 else LESS + self.name


def candidates_of(work: Work, offer: Offered | None = None) -> tuple[list[Candidate], list[Finding]]:
    """Return what can be pushed, and which declared proxies cannot.

    Args:
        work: The run.
        offer: The held-out rows with their actions as candidates, where the log says what was done.
    """
    framing = work.framing
    objective, ways = framing.objective.score, directions(framing.objective.score, framing)
    predicted = replace(work.predicted(_learned(work)), score=None)
    batch = _with_missing(work, predicted) if offer is None else _by_action(work, predicted, offer)
    found: list[Candidate] = []
    if objective.column not in batch.predictions:  # else the score is a label, and tested under its name
        found.append(Candidate(SCORE, expected(objective, batch, framing), 1, objective))
    labels = [name for name in named(framing) if name in batch.predictions]
    alike = [] if offer is None else [name for name in labels if batch.predictions[name].by_action is None]
    for name in labels:
        if name not in alike:
            term = parse_expression(name)
            found.append(Candidate(name, expected(term, batch, framing), ways.get(name) or 1, term))
    unscored = [_not_scored(name) for name in framing.proxies if name not in labels]
    return found, [*unscored, *map(_same_for_all, alike)]


def _by_action(work: Work, predicted: Batch, offer: Offered) -> Batch:
    """Return the candidates with what each label is expected to be under each action.

    A label that some action has too few rows of is predicted alike under all, as the run predicts it.
    """
    names = named(work.framing)
    data = _asking_for(work.dataset, list(names))
    specs, train, check = task_specs(data), data.take(work.parts.train), data.take(work.parts.choose)
    under: dict[str, Prediction] = {}
    for name in names:
        models = _models(work, train, check, specs[name], offer.actions)
        if models is not None:
            done = {action: model.predict(work.held_out.columns) for action, model in models.items()}
            known = {action: offer.each(values) for action, values in done.items()}
            under[name] = Prediction(specs[name], offer.under(done.__getitem__), known)
    rest = replace(predicted, predictions={k: v for k, v in predicted.predictions.items() if k not in under})
    pooled = _with_missing(work, rest, but_for=under.keys()).predictions
    rows = offer.each(np.arange(work.held_out.n_rows))
    alike = {name: one.take(rows) for name, one in pooled.items()}
    return Batch(columns=offer.data.columns, predictions={**alike, **under})


def _models(
    work: Work, train: Dataset, check: Dataset, spec: TaskSpec, actions: Sequence[str]
) -> dict[str, Model] | None:
    """Return a model of a label per action, None where an action has too few rows to learn from."""
    if spec.kind not in NUMERIC or spec.loss == "quantile":
        return None
    taken, later = (one.columns["action"].texts() for one in (train, check))
    rows = {action: rows_of(train.take(taken == action), spec) for action in actions}
    if any(len(one) < FEWEST or _rarest(one.target, spec) < FEWEST_POSITIVE for one in rows.values()):
        return None
    found = {}
    for action, one in rows.items():
        work.say(f"training {_learner(work)}: {spec.name} under {action}")
        found[action] = _fitted(work, spec, one, rows_of(check.take(later == action), spec))
    return found


def _rarest(target: Floats, spec: TaskSpec) -> float:
    """Return how many rows the rarer outcome of a 0/1 label has; rows that differ, of a number."""
    if spec.kind == "binary":
        return float(min(target.sum(), len(target) - target.sum()))
    return float(np.count_nonzero(target != np.median(target)))


def named(framing: Framing) -> tuple[str, ...]:
    """Return the labels that are tasks or declared proxies, as far as they are numbers."""
    both = dict.fromkeys([*tasks(framing), *framing.proxies])
    return tuple(name for name in both if name in framing.labels and framing.labels[name].kind in NUMERIC)


def _learned(work: Work) -> str:
    """Return the chosen rung, or the first learned one where the rule was chosen.

    A rule orders rows and predicts no label, and what is asked is what the score would do.
    """
    chosen = str(work.results["choose"]["chosen"])
    rungs = [name for name in work.results["train"]["rungs"] if name in work.framing.models.candidates]
    return chosen if chosen != RULE or not rungs else rungs[0]


def _with_missing(work: Work, batch: Batch, but_for: Collection[str] = ()) -> Batch:
    """Return the batch with predictions of declared proxies that are no tasks, some names excepted."""
    had = {*batch.predictions, *but_for}
    missing = [name for name in named(work.framing) if name not in had]
    if not missing:
        return batch
    data = _asking_for(work.dataset, missing)
    specs = task_specs(data)
    fitted = {name: _fit(work, data, specs[name]) for name in missing}
    known = {name: one for name, one in fitted.items() if one is not None}
    return replace(batch, predictions={**batch.predictions, **known})


def _asking_for(data: Dataset, names: list[str]) -> Dataset:
    """Return the dataset under a framing in which these labels are tasks."""
    models = data.framing.models
    more = {**models.tasks, **{name: Task() for name in names if name not in models.tasks}}
    return replace(
        data, framing=data.framing.model_copy(update={"models": models.model_copy(update={"tasks": more})})
    )


def _fit(work: Work, data: Dataset, spec: TaskSpec) -> Prediction | None:
    """Return predictions of a model of one label, None where it has nothing to learn from."""
    rows = rows_of(data.take(work.parts.train), spec)
    if not np.ptp(rows.target if len(rows) else np.zeros(1)) > 0:
        return None
    work.say(f"training {_learner(work)}: {spec.name}, a declared proxy")
    made = _fitted(work, spec, rows, rows_of(data.take(work.parts.choose), spec))
    return Prediction(spec, made.predict(work.held_out.columns))


def _fitted(work: Work, spec: TaskSpec, rows: Rows, check: Rows) -> Model:
    """Return a model of a label, stopped early by the rows that choose where there are some."""
    return learner(_learner(work)).fit(spec, rows, check if len(check) else None, work.fit_settings())


def _learner(work: Work) -> str:
    """Return the learner of declared proxies: the chosen one, else the first that is one."""
    chosen = str(work.results["choose"]["chosen"])
    usable = [str(name) for name in work.framing.models.candidates if name in LEARNERS]
    return chosen if chosen in usable else next(iter(usable), next(iter(LEARNERS)))


def _not_scored(name: str) -> Finding:
    return Finding(
        code="STRESS064", severity="info", where=f"proxies.{name}",
        evidence=f"expected a label that is a number and varies in training, got {name!r}: it cannot be "
        "pushed in the stress test.",
        fix="declare the 0/1 or number label that decisions would be pushed towards.",
    )  # fmt: skip


def nothing_to_push(framing: Framing) -> Finding:
    """Return why a log has no score that could be pushed."""
    score = framing.objective.score
    return Finding(
        code="STRESS072", severity="info", where="objective.score",
        evidence=f"expected a score that says which candidate to take, got {score}, which cannot be pushed, "
        "and no other label that can.",
        fix="score numbers that vary; with examples.action, labels that have more rows of each action.",
    )  # fmt: skip


def _same_for_all(name: str) -> Finding:
    return Finding(
        code="STRESS072", severity="info", where=f"labels.{name}",
        evidence=f"expected at least {FEWEST} rows of each action with a known {name}, and {FEWEST_POSITIVE} "
        "of the rarer outcome, got fewer: it is predicted alike under all actions and cannot be pushed.",
        fix="nothing, as long as a score that it is part of is what matters; or a longer log.",
    )  # fmt: skip
