"""From a framing and its dataset to what a learner asks for: one `TaskSpec` per task, and its `Rows`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlglot import exp

from truenorth.engine.vectors import Vector
from truenorth.errors import DataError, Finding
from truenorth.examples.dataset import Dataset, Outcomes
from truenorth.framing.durations import DAY, Duration
from truenorth.framing.expressions import Expression
from truenorth.framing.features import Feature
from truenorth.framing.framing import Framing
from truenorth.framing.models import Task
from truenorth.framing.names import tasks
from truenorth.framing.references import MetricReference
from truenorth.models.contract import FeatureRole, LossName, Rows, TaskKind, TaskSpec
from truenorth.models.propensity import inverse_propensity

QUANTILE = "__quantile"
"""Ending of the task that predicts quantiles beside a task of another loss; no label's name holds `__`."""

_LOSSES: dict[str, LossName] = {
    "binary": "log", "number": "squared", "amount": "log_squared", "class": "cross_entropy",
    "grade": "ordinal", "time_to_event": "hazard",
}  # fmt: skip
_MEDIAN = 0.5
_BINS = 8
"""Bins of a hazard over its horizon where the framing names none."""
_OPEN_BINS = (7.0, 30.0, 90.0, 180.0, 365.0)
"""Ends of the bins, days, of a hazard without horizon that is compared with nothing."""


def label_of(task: str) -> str:
    """Return the label that a task learns from: itself, but for a task of quantiles.

    Examples:
        >>> label_of("minutes__quantile"), label_of("fraud")
        ('minutes', 'fraud')
    """
    return task.removesuffix(QUANTILE)


def task_specs(dataset: Dataset) -> dict[str, TaskSpec]:
    """Return what each label that is predicted asks of a model, by task, in the order of the labels.

    A quantity that is decided on a task of another loss adds a task of quantiles, `minutes__quantile`.
    Types of features come from the dataset; any part of it will do.
    """
    framing, roles = dataset.framing, feature_roles(dataset)
    quantity = framing.policy.quantity if framing.policy else None
    specs: dict[str, TaskSpec] = {}
    for family in tasks(framing):
        for name in dataset.families.get(family, ()):
            spec = specs[name] = _spec(dataset, family, name, roles)
            if spec.loss == "quantile" and not spec.levels:
                specs[name] = replace(spec, levels=_levels(framing, family))
            if spec.loss != "quantile" and quantity is not None and quantity.task == family:
                beside = name + QUANTILE
                specs[beside] = replace(
                    spec, name=beside, loss="quantile", levels=_levels(framing, family), bins=(),
                    scale=_scale(framing, spec.kind, "quantile", roles),
                )  # fmt: skip
    return specs


def asked_of_tasks(framing: Framing) -> dict[str, Any]:
    """Return what the framing asks of each task outside `models`: losses, levels and bins, as JSON values.

    Two framings with the same `labels`, `features` and `models` whose answers are equal train equal models.
    """
    quantity = framing.policy.quantity if framing.policy else None
    asked: dict[str, Any] = {"quantity": None if quantity is None else quantity.task}
    for name in tasks(framing):
        label, settings = framing.labels[name], framing.models.tasks.get(name, Task())
        kind: TaskKind = "binary" if label.kind == "tags" else label.kind  # type: ignore[assignment]
        loss = settings.loss or _default_loss(framing, name, kind)
        bins = _bins(framing, name, settings) if loss == "hazard" else ()
        asked[name] = [loss, list(_levels(framing, name)), list(bins)]
    return asked


def feature_roles(dataset: Dataset) -> dict[str, FeatureRole]:
    """Return the features to learn from and how each is treated, in the framing's order.

    Ids, times and lists are no inputs; text is a category unless its feature says `as: text`.
    """
    found: dict[str, FeatureRole] = {}
    for name, feature in dataset.framing.features.items():
        role = _role(feature, dataset.columns[name])
        if role is not None:
            found[name] = role
    return found


def _role(feature: Feature, column: Vector) -> FeatureRole | None:
    if feature.as_ in ("id", "time") or column.role in ("time", "list"):
        return None
    if feature.as_ in ("category", "text"):
        return "category" if feature.as_ == "category" else "text"
    return "category" if column.role == "text" else "number"


def rows_of(dataset: Dataset, spec: TaskSpec) -> Rows:
    """Return the rows of a dataset that a task can learn from: known label, weight above 0.

    Args:
        dataset: A part of the examples.
        spec: The task.

    Returns:
        Rows in the dataset's order: targets as `Rows` says, weight = row weight x label weight (x clipped
        inverse propensity, where the task asks for it), lists and units as codes; a row without a list is a
        list of its own.

    Raises:
        DataError: If the dataset has no such label.
    """
    outcomes = _outcomes(dataset, spec)
    target = targets(outcomes, spec)
    weight = dataset.columns["weight"].values * outcomes.weight
    columns = dataset.columns
    if spec.is_propensity_weighted:
        weight = weight * inverse_propensity(columns["propensity"].values)
    kept = outcomes.is_trainable & (weight > 0) & ~np.isnan(target)
    # a dataset of which everything is kept is not copied
    rows: Any = slice(None) if kept.all() else np.flatnonzero(kept)
    return Rows(
        features=columns.select(tuple(spec.roles)).take(rows),
        target=target[rows],
        weight=weight[rows],
        event=None if outcomes.event is None else outcomes.event[rows],
        group=_lists(dataset, rows),
        position=columns["position"].values[rows] if dataset.framing.table.position is not None else None,
        unit=codes_of(columns["unit"].take(rows)),
    )


def targets(outcomes: Outcomes, spec: TaskSpec) -> NDArray[np.float64]:
    """Return a label's values as targets, shape (n,): NaN where it has none or its class is not listed."""
    values = outcomes.values
    if spec.kind not in ("class", "grade") or not spec.classes:
        return np.asarray(values.values, dtype=np.float64)
    if values.levels is not None:
        known = {name: float(code) for code, name in enumerate(spec.classes)}
        codes = [known.get(level, np.nan) for level in values.levels]
        return np.asarray(np.append(np.asarray(codes, dtype=np.float64), np.nan)[values.values])
    grades = np.asarray([float(name) for name in spec.classes])
    order = np.argsort(grades)
    place = np.clip(np.searchsorted(grades[order], values.values), 0, len(grades) - 1)
    return np.where(grades[order][place] == values.values, order[place].astype(np.float64), np.nan)


def codes_of(column: Vector) -> NDArray[np.int64]:
    """Return an integer per value, equal where the values are; every NULL is a value of its own, below 0."""
    if column.role == "text":
        codes = column.values.astype(np.int64)
    elif column.role == "list":
        raise TypeError("expected one value per row, got lists")
    else:
        _, inverse = np.unique(column.values, return_inverse=True)
        codes = inverse.astype(np.int64)
    missing = column.is_null
    codes[missing] = -1 - np.arange(int(missing.sum()))
    return codes


def _lists(dataset: Dataset, rows: Any) -> NDArray[np.int64] | None:
    return codes_of(dataset.columns["group"].take(rows)) if dataset.framing.table.group else None


def _outcomes(dataset: Dataset, spec: TaskSpec) -> Outcomes:
    name = label_of(spec.name)
    if name in dataset.labels:
        return dataset.labels[name]
    listed = ", ".join(dataset.labels)
    raise DataError(
        Finding(
            code="MODEL030",
            where=f"labels.{name}",
            path=("labels", name),
            evidence=f"expected a label of the examples table ({listed}), got {name!r}.",
            fix="a task must be a label of the first examples table; build the examples again.",
        )
    )


def _spec(dataset: Dataset, family: str, name: str, roles: Mapping[str, FeatureRole]) -> TaskSpec:
    framing = dataset.framing
    label, settings = framing.labels[family], framing.models.tasks.get(family, Task())
    kind: TaskKind = "binary" if label.kind == "tags" else label.kind  # type: ignore[assignment]
    loss = settings.loss or _default_loss(framing, family, kind)
    # rankers learn the bias of positions by themselves; other losses need the chance that a row was chosen
    is_ranker = loss in ("pairwise", "listwise")
    weighted = settings.position == "debias" and not is_ranker and framing.table.propensity is not None
    return TaskSpec(
        name=name, kind=kind, loss=loss, roles=roles, classes=dataset.classes.get(name, ()),
        levels=settings.levels and tuple(sorted(settings.levels)) if loss == "quantile" else (),
        bins=_bins(framing, family, settings) if loss == "hazard" else (),
        positive_weight=settings.weight or 1.0,
        keep_negatives=1.0 if settings.downsample is None else settings.downsample,
        negatives=settings.negatives,
        position="ignore" if weighted else settings.position or "ignore", is_propensity_weighted=weighted,
        monotone={feature: way for feature, way in settings.monotone.items() if feature in roles},
        scale=_scale(framing, kind, loss, roles),
    )  # fmt: skip


def _scale(framing: Framing, kind: TaskKind, loss: LossName, roles: Mapping[str, FeatureRole]) -> str | None:
    """Return the rule where it can be the scale of an amount: one task, and a rule over its features."""
    rule = framing.models.rule
    if kind != "amount" or loss != "quantile" or not isinstance(rule, Expression) or len(tasks(framing)) != 1:
        return None
    return rule.text if rule.columns and rule.columns <= roles.keys() else None


def _default_loss(framing: Framing, name: str, kind: TaskKind) -> LossName:
    if kind == "grade" and framing.table.group and _ranks_by(framing) == name:
        return "listwise"
    return _LOSSES[kind]


def _ranks_by(framing: Framing) -> str | None:
    """Return the task that lists are ranked by, where it is one task and nothing else."""
    if framing.policy is None or framing.policy.rank is None:
        return None
    by = framing.policy.rank.by.column
    return framing.objective.score.column if by == "score" else by


def _levels(framing: Framing, name: str) -> tuple[float, ...]:
    """Return the levels that the quantity and the metrics of intervals ask for, and the median."""
    asked = {_MEDIAN}
    quantity = framing.policy.quantity if framing.policy else None
    if quantity is not None and quantity.task == name:
        asked.add(quantity.level)
    for reference in references(framing):
        if reference.parameter is None or reference.argument is None or reference.argument.column != name:
            continue
        if reference.name in ("coverage", "width"):
            asked |= {(1 - reference.parameter) / 2, (1 + reference.parameter) / 2}
        elif reference.name == "pinball":
            asked.add(reference.parameter)
    return tuple(sorted({float(f"{level:.12g}") for level in asked if 0 < level < 1}))


def _bins(framing: Framing, name: str, settings: Task) -> tuple[float, ...]:
    """Return the ends of the bins: as declared, else eight of the horizon and each time asked for."""
    if settings.bins:
        return tuple(sorted(settings.bins))
    within = framing.labels[name].within
    asked = set(_compared_with(framing, name))
    if isinstance(within, Duration):
        days = within.microseconds / DAY
        asked = {one for one in asked if one < days} | {days * (i + 1) / _BINS for i in range(_BINS)}
    return tuple(sorted(float(f"{one:.12g}") for one in asked if one > 0)) or _OPEN_BINS


def _compared_with(framing: Framing, name: str) -> Iterator[float]:
    """Yield the numbers that a task is compared with anywhere in the framing."""
    for expression in value_expressions(framing):
        for node in expression.tree.find_all(exp.LT, exp.LTE, exp.GT, exp.GTE):
            sides = (node.this.unnest(), node.expression.unnest())
            for one, other in (sides, sides[::-1]):
                if isinstance(one, exp.Column) and one.name == name and isinstance(other, exp.Literal):
                    yield float(other.this)


def value_expressions(framing: Framing) -> Iterator[Expression]:
    """Yield the score, the costs, and what metrics measure."""
    yield framing.objective.score
    if framing.policy is not None:
        yield from framing.policy.actions.values()
        yield from (form.by for form in (framing.policy.select, framing.policy.rank) if form is not None)
    for reference in references(framing):
        yield from (part for part in (reference.argument, reference.where) if part is not None)


def references(framing: Framing) -> Iterator[MetricReference]:
    """Yield every metric that the framing names."""
    if framing.business.kpi:
        yield framing.business.kpi.metric
    if framing.objective.metric:
        yield framing.objective.metric
    yield from framing.evaluation.metrics
    yield from (constraint.metric for constraint in framing.constraints)
    if framing.experiment:
        yield from (guardrail.metric for guardrail in framing.experiment.guardrails)
    yield from framing.monitoring.track
    if framing.monitoring.retrain.or_when:
        yield framing.monitoring.retrain.or_when.metric
