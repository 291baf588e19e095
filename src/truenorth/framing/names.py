"""What a framing names: the tasks, and the columns that each label makes."""

from __future__ import annotations

from collections.abc import Iterator

from truenorth.framing.expressions import Expression
from truenorth.framing.framing import Framing
from truenorth.framing.labels import ClassFile, Label


def label_columns(name: str, label: Label) -> tuple[str, ...]:
    """Return the columns that a label becomes: itself, or one per tag.

    Examples:
        >>> label_columns("tag", Label(columns=("sport", "music"), kind="tags"))
        ('tag_sport', 'tag_music')
    """
    if label.columns:
        return tuple(f"{name}_{column}" for column in label.columns)
    if label.kind == "tags" and label.classes and not isinstance(label.classes, ClassFile):
        return tuple(f"{name}_{tag}" for tag in label.classes)
    return (name,)


def tasks(framing: Framing) -> tuple[str, ...]:
    """Return the labels that are predicted, in the order of the labels.

    A label is a task if the score, an action's cost (or what stands in its place in the policy) or
    `models.tasks` names it; all other labels are only measured.
    """
    named = set(framing.models.tasks) | set(framing.models.downsample) | set(_policy_tasks(framing))
    for expression in (framing.objective.score, *_policy_expressions(framing)):
        named |= expression.columns
    return tuple(
        name
        for name, label in framing.labels.items()
        if name in named or named & set(label_columns(name, label))
    )


def _policy_tasks(framing: Framing) -> Iterator[str]:
    policy = framing.policy
    if policy is None:
        return
    if policy.each:
        yield policy.each
    if policy.threshold:
        yield policy.threshold.task
    if policy.quantity:
        yield policy.quantity.task


def _policy_expressions(framing: Framing) -> Iterator[Expression]:
    policy = framing.policy
    if policy is None:
        return
    yield from policy.actions.values()
    if policy.select:
        yield policy.select.by
    if policy.rank:
        yield policy.rank.by
    if policy.bid:
        yield policy.bid.amount
