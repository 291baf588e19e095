"""Which type, loss, metric and baseline fit a label and its decision, and where the framing says otherwise.

Where the articles that we started from disagree, a side is taken, with the figures that decided it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from truenorth.audit.subject import Subject
from truenorth.framing.labels import ClassFile, Label

if TYPE_CHECKING:
    from truenorth.audit.result import Audit

RARE = 0.1
"""Share of positives below which a metric must look at the rare class."""
MANY_CLASSES = 10_000

RESAMPLING = (
    "leave the rows as they are and move the threshold: with 2.2 % positives, balancing raised the mean "
    "probability of a linear model from .022 to .358 and its log loss from .090 to .529, with no gain in ROC "
    "area (.821); SMOTE lowered that of boosted trees from .839 to .823"
)
"""A simulation of ours, 40,000 training rows; Elor (2022) and van den Goorbergh (2022) found the same."""


@dataclass(frozen=True)
class Advice:
    """What fits one label."""

    task: str
    type: str
    loss: str
    metric: str
    baseline: str
    why: str
    differs: tuple[str, ...]
    """Where the framing says something else."""


def advice(audit: Audit) -> tuple[Advice, ...]:
    """Return what fits each label that is predicted."""
    return tuple(_advice(name, label, audit.subject) for name, label in audit.subject.trained.items())


def one_model_or_several(audit: Audit) -> str:
    """Return whether the tasks want one model with several heads or a model each, and why."""
    subject = audit.subject
    if len(subject.tasks) < 2:
        return "one task: one model"
    owners = {
        one.owner for name, one in subject.framing.models.tasks.items() if name in subject.tasks and one.owner
    }
    if len(owners) > 1:
        return f"a model each: {len(owners)} owners must be able to change theirs without the others"
    sparse = _sparse(subject)
    if sparse:
        return (
            f"a model each first; one network with shared layers may help {', '.join(sparse)}, whose "
            f"positives are "
            "few beside the others'. It must show its gain on them, as tasks that conflict lose by sharing"
        )
    return (
        "a model each: every one has its own label, can be inspected and calibrated alone, and weights of "
        "the score "
        "change without training. One network is worth its upkeep only if latency allows a single call"
    )


def _sparse(subject: Subject) -> list[str]:
    """Return tasks with under a tenth of the positives of the task that has most."""
    if subject.data is None:
        return []
    labels = subject.data.labels
    counts = {
        name: int(labels[name]["positives"]) for name in subject.tasks if "positives" in labels.get(name, {})
    }
    most = max(counts.values(), default=0)
    return [name for name, count in counts.items() if count < most / 10]


def _advice(name: str, label: Label, subject: Subject) -> Advice:
    type_, loss, metric, baseline, why = _fitting(name, label, subject)
    return Advice(name, type_, loss, metric, baseline, why, tuple(_differs(name, loss, metric, subject)))


def _fitting(name: str, label: Label, subject: Subject) -> tuple[str, str, str, str, str]:
    policy = subject.framing.policy
    is_ranked = policy is not None and (policy.rank is not None or policy.bid is not None)
    if label.kind == "grade" and is_ranked:
        return _GRADED_LIST
    if label.kind == "binary":
        return _ranked(name) if is_ranked else _binary(name, subject)
    if label.kind == "class":
        return _classes(label)
    if policy is not None and policy.quantity is not None and policy.quantity.task == name:
        level = policy.quantity.level
        why = f"what is ordered is the quantile {level:.2f}, where one too few and one too many cost the same"
        return "quantile regression", "quantile", f"pinball({name}, {level:.2f})", "last season's value", why
    return _NUMBERS.get(str(label.kind), _NUMBERS["number"])


def _ranked(name: str) -> tuple[str, str, str, str, str]:
    why = (
        "a probability per item can be calibrated, weighed in a score and debugged; a listwise loss gains "
        "on the "
        "order but its score means nothing in a product or a cost"
    )
    return "pointwise ranking", "log", f"ndcg@10({name})", "popularity, or newest first", why


def _binary(name: str, subject: Subject) -> tuple[str, str, str, str, str]:
    found = subject.data.labels.get(name, {}) if subject.data is not None else {}
    rate = found.get("mean")
    if rate is None:
        why = "the rate is not known yet: average precision serves a rare outcome and a common one"
        return "binary classification", "log", f"average_precision({name})", "the rate, or a rule", why
    if rate >= RARE:
        why = f"both outcomes are common enough at {rate:.1%} positives for a plain loss"
        return "binary classification", "log", f"roc_auc({name})", "the rate, or a rule", why
    why = f"{rate:.2%} positives: ROC area looks good whatever happens to them; {RESAMPLING}"
    return (
        "binary classification, rare",
        "log",
        f"average_precision({name})",
        "a rule of two or three conditions",
        why,
    )


def _classes(label: Label) -> tuple[str, str, str, str, str]:
    classes = label.classes
    n = len(classes) if classes and not isinstance(classes, ClassFile) else 0
    if n > MANY_CLASSES:
        why = f"{n:,} classes that will grow: score each pair of example and item instead of naming the item"
        return "pointwise ranking of items", "log", "recall@10", "popularity", why
    why = "exactly one holds; where several can hold, each is a question of its own: kind: tags"
    return (
        "multi-class classification",
        "cross_entropy",
        "accuracy or balanced_accuracy",
        "most frequent class",
        why,
    )


_GRADED_LIST = (
    "listwise ranking", "listwise", "ndcg@10", "lexical match",
    "grades say which order is right, and only the order is used: nothing is multiplied or priced by the "
    "score",
)  # fmt: skip
_NUMBERS: Mapping[str, tuple[str, str, str, str, str]] = {
    "number": ("regression", "squared", "rmse", "mean of the same key and hour",
               "the mean is wanted; absolute error where the median is"),
    "amount": ("regression on the logarithm", "log_squared", "mae", "recent mean of the same key",
               "a few large values would rule the squared error; predictions are smeared back to the mean"),
    "grade": ("ordinal regression", "ordinal", "rmse", "median grade", "the order of grades counts, their "
                                                                       "distance less"),
    "tags": ("one yes or no per tag", "log", "average_precision by class mean", "words of the tag",
             "several tags can hold at once"),
    "time_to_event": ("survival", "hazard", "concordance", "rate by age",
                      "what has not happened yet is censored, not absent"),
}  # fmt: skip


def _differs(name: str, loss: str, metric: str, subject: Subject) -> Iterator[str]:
    task = subject.framing.models.tasks.get(name)
    if task is not None and task.loss is not None and task.loss != loss:
        yield f"loss: {task.loss} is declared, {loss} fits"
    declared = subject.framing.objective.metric
    weak = {"accuracy", "roc_auc"}
    if declared is not None and declared.name in weak and metric.startswith("average_precision"):
        yield f"metric: {declared} is declared, {metric} fits"
