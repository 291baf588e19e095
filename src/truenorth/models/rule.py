"""The rule to beat: what the framing says, or the obvious one where it says nothing.

A rule is an expression; what data adds is only what a prediction needs beside it: the value where it is NULL,
a rising curve that makes a probability of an unbounded number, the spread around it for quantiles.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import expit

from truenorth.engine.vectors import Vector, Vectors
from truenorth.errors import DataError, Finding
from truenorth.examples.dataset import Dataset
from truenorth.framing.expressions import Expression, parse_expression, quote_name
from truenorth.framing.models import Keywords
from truenorth.framing.names import tasks
from truenorth.models.baseline import make_baseline
from truenorth.models.calibration_maps import fit_sigmoid
from truenorth.models.contract import Floats, Model, Rows, TaskSpec
from truenorth.models.linear_fits import weighted_quantile
from truenorth.models.linear_losses import exposure, hazard_objective, minimise
from truenorth.models.rows import label_of, rows_of
from truenorth.models.rule_keywords import make_keywords
from truenorth.models.rules import make_rules, value_of
from truenorth.models.written import read_json, task_from_dict, task_to_dict, write_json

SCORE = TaskSpec(name="score", kind="number", loss="pointwise")
"""What a rule answers that orders rows directly."""


@dataclass(frozen=True, eq=False)
class RuleModel:
    """The value of an expression as a prediction."""

    task: TaskSpec
    expression: Expression
    name: str
    fill: tuple[float, ...]
    """Prediction where the expression is NULL; one number per column of the prediction."""
    curve: tuple[float, float] | None = None
    """Slope and intercept of the log-odds in the expression's value, where it is no probability itself."""
    offsets: tuple[float, ...] = ()
    """Added per level of a quantile task; log-odds per bin of a hazard task."""
    form: str = "rule"

    @property
    def text(self) -> str:
        """The rule as it is written."""
        return self.expression.text

    def predict(self, features: Vectors) -> Floats:
        """Return predictions as `Model.predict` promises; `features` hold all that the rule reads."""
        found = value_of(self.expression, features)
        if self.task.kind == "class":
            return self._classes(found)
        value = numbers_of(found)
        is_missing = np.isnan(value)
        if self.task.loss == "hazard":
            predicted = self._hazard(np.where(is_missing, 0.0, value))
        elif self.offsets:
            predicted = value[:, None] + np.asarray(self.offsets)
        else:
            predicted = value if self.curve is None else expit(self.curve[0] * value + self.curve[1])
        mask = is_missing[:, None] if predicted.ndim == 2 else is_missing
        return np.where(mask, np.asarray(self.fill) if predicted.ndim == 2 else self.fill[0], predicted)

    def _classes(self, found: Vector) -> Floats:
        place = {name: code for code, name in enumerate(self.task.classes)}
        levels = [] if found.levels is None else [place.get(str(level), -1) for level in found.levels]
        codes = np.asarray([*levels, -1])[found.values] if found.levels is not None else numbers_of(found)
        is_class = (codes >= 0) & (codes < len(self.task.classes)) & (codes == np.floor(codes))
        table = np.vstack([np.eye(len(self.task.classes)), np.asarray(self.fill)])
        return np.asarray(table[np.where(is_class, codes, -1).astype(np.int64)])

    def _hazard(self, value: Floats) -> Floats:
        slope = self.curve[0] if self.curve else 0.0
        return np.asarray(1 - np.cumprod(expit(-(slope * value[:, None] + np.asarray(self.offsets))), axis=1))

    def contributions(self, features: Vectors) -> None:
        """Return None: a rule is its own explanation."""
        return None

    def dump(self, folder: Path) -> None:
        """Write `model.json`; the expression is kept as its text."""
        write_json(
            folder / "model.json",
            {
                "form": self.form, "task": task_to_dict(self.task), "expression": self.text,
                "name": self.name,
                "fill": list(self.fill), "curve": self.curve, "offsets": list(self.offsets), "files": [],
            },
        )  # fmt: skip

    def summary(self) -> dict[str, Any]:
        """Return the rule and what was added to it."""
        curve = {"slope": self.curve[0], "intercept": self.curve[1]} if self.curve else None
        return {
            "form": self.form,
            "name": self.name,
            "text": self.text,
            "where_null": list(self.fill),
            "curve": curve,
        }


def load_rule(folder: Path) -> RuleModel:
    """Read what `RuleModel.dump` wrote."""
    about = read_json(folder / "model.json")
    return RuleModel(
        task_from_dict(about["task"]), parse_expression(about["expression"]), about["name"],
        tuple(about["fill"]),
        tuple(about["curve"]) if about["curve"] else None, tuple(about["offsets"]), about["form"],
    )  # fmt: skip


def make_rule(train: Dataset, spec: TaskSpec | None, *, base: Path = Path()) -> Model | None:
    """Return the rule of a task, or the one that orders rows where there are several tasks.

    The framing's expression is the prediction where it has one task. Where it has several it is the score,
    which is what `spec=None` returns; a single task then gets the obvious rule. Keywords and named rules
    answer for every task that they name.

    Args:
        train: Training rows.
        spec: The task; None for the score itself.
        base: Folder that a file of keywords starts from.

    Returns:
        A model; None for the score where the framing's rule is not an expression.

    Raises:
        DataError: If no training row has an observed label.
        FramingError: If the rule cannot be evaluated, or its file cannot be read.
    """
    models = train.framing.models
    rule, is_only = models.rule, len(tasks(train.framing)) == 1 and len(train.families) >= 1
    if spec is None:
        return (
            make_expression_rule(SCORE, rule, train) if isinstance(rule, Expression) and not is_only else None
        )
    rows = all_columns(train, spec)
    if isinstance(rule, Keywords):
        found = make_keywords(spec, rule.keywords, rows, base=base)
        if found is not None:
            return found
    elif isinstance(rule, Expression) and is_only:
        return fit_rule(spec, rule, rows)
    if models.rules and is_only:
        return make_rules(spec, models.rules, rows)
    return _obvious(train, spec, rows)


def all_columns(dataset: Dataset, spec: TaskSpec) -> Rows:
    """Return the rows that a task can learn from with every column of the table, not only its features.

    Raises:
        DataError: If there are none.
    """
    rows = rows_of(dataset, replace(spec, roles=dict.fromkeys(dataset.columns, "number")))
    if len(rows):
        return rows
    raise DataError(
        Finding(
            code="MODEL044", where=f"labels.{label_of(spec.name)}",
            evidence="expected training rows with an observed label, got none.",
            fix="train on a longer period, or check the label's definition and the split.",
        )
    )  # fmt: skip


def make_expression_rule(spec: TaskSpec, rule: Expression, train: Dataset) -> RuleModel:
    """Return a rule that orders rows directly; NULL comes last."""
    value = numbers_of(value_of(rule, train.columns))
    known = value[np.isfinite(value)]
    return RuleModel(spec, rule, shown(rule.text), (float(known.min()) if len(known) else 0.0,))


def fit_rule(
    spec: TaskSpec, rule: Expression, rows: Rows, *, name: str | None = None, form: str = "rule"
) -> RuleModel:
    """Return an expression as a task's prediction, with what labelled rows must add to it."""
    model = RuleModel(spec, rule, name or shown(rule.text), (0.0,), form=form)
    found = value_of(rule, rows.features)
    if spec.kind == "class":
        counts = np.bincount(rows.target.astype(int), rows.weight, len(spec.classes))
        return replace(model, fill=tuple((counts / counts.sum()).tolist()))
    value = numbers_of(found)
    if spec.loss == "hazard":
        return _hazard_rule(model, value, rows)
    known = np.isfinite(value)
    if spec.loss == "quantile":
        return _quantile_rule(model, value, rows)
    if spec.loss in ("pairwise", "listwise"):
        return replace(model, fill=(float(value[known].min()) if known.any() else 0.0,))
    mean = float(np.average(rows.target, weights=rows.weight))
    if spec.kind != "binary":
        return replace(model, fill=(mean,))
    if not known.any() or found.role == "boolean" or (value[known].min() >= 0 and value[known].max() <= 1):
        return replace(model, fill=(0.0 if found.role == "boolean" else mean,))
    return replace(
        model, fill=(mean,), curve=rising_curve(value[known], rows.target[known], rows.weight[known])
    )


def rising_curve(value: Floats, target: Floats, weight: Floats) -> tuple[float, float]:
    """Return slope and intercept of the log-odds in a rule's value; a slope that falls is made nearly flat.

    A higher value means a higher probability: that is what the rule says, and its order is kept.
    """
    slope, intercept = fit_sigmoid(value, target, weight)
    spread = float(value.std()) or 1.0
    if slope * spread >= 0.01:
        return slope, intercept
    share = float(np.clip(np.average(target, weights=weight), 1e-6, 1 - 1e-6))
    flat = 0.01 / spread
    return flat, float(np.log(share / (1 - share)) - flat * value.mean())


def _quantile_rule(model: RuleModel, value: Floats, rows: Rows) -> RuleModel:
    """Put the quantiles of what the rule missed by around it."""
    levels, known = model.task.levels, np.isfinite(value)
    fill = tuple(weighted_quantile(rows.target, level, rows.weight) for level in levels)
    if not known.any():
        return replace(model, fill=fill, offsets=(0.0,) * len(levels))
    missed = rows.target[known] - value[known]
    offsets = tuple(weighted_quantile(missed, level, rows.weight[known]) for level in levels)
    return replace(model, fill=fill, offsets=offsets)


def _hazard_rule(model: RuleModel, value: Floats, rows: Rows) -> RuleModel:
    """Fit log-odds per bin and one slope of the rule's value."""
    known = np.isfinite(value)
    centre, spread = (
        (float(value[known].mean()), float(value[known].std()) or 1.0) if known.any() else (0.0, 1.0)
    )
    scaled = np.where(known, (value - centre) / spread, 0.0)
    at_risk, happened = exposure(rows.target, rows.event, model.task.bins)
    objective = hazard_objective(at_risk, happened, rows.weight)
    start = np.full(len(model.task.bins), -2.0)
    weight = float(rows.weight.sum())
    found = minimise(scaled[:, None], objective, start=start, penalty=1.0, weight=weight)
    slope = float(found.coefficients[0]) / spread
    overall = 1 - np.cumprod(expit(-found.free))
    return replace(
        model,
        fill=tuple(overall.tolist()),
        curve=(slope, 0.0),
        offsets=tuple((found.free - slope * centre).tolist()),
    )


def _obvious(train: Dataset, spec: TaskSpec, rows: Rows) -> Model:
    """Return the rule that anyone would write first for this kind of task."""
    column = _seasonal(train, spec) or _recency(train, spec)
    if column is None:
        return make_baseline(spec, rows, train.framing)
    text, name = column
    return fit_rule(spec, parse_expression(text), rows, name=name)


def _seasonal(train: Dataset, spec: TaskSpec) -> tuple[str, str] | None:
    """Return the feature that holds a forecast's target hour of an earlier day or week, the latest known."""
    if train.framing.table.ahead is None or spec.kind not in ("number", "amount"):
        return None
    label, day = train.framing.labels[label_of(spec.name)], 86_400_000_000
    found = []
    for name, feature in train.framing.features.items():
        is_same = feature.source == label.source and feature.anchor == "target" and feature.last is not None
        if is_same and not isinstance(feature.last, tuple) and not isinstance(feature.gap, tuple):
            back = feature.gap.microseconds + feature.last.microseconds  # type: ignore[union-attr]
            if back and back % day == 0:
                found.append((back, name))
    return (quote_name(min(found)[1]), f"seasonal naive: {min(found)[1]}") if found else None


def _recency(train: Dataset, spec: TaskSpec) -> tuple[str, str] | None:
    """Return how long a calendar's entity was silent: up for a label of absence, down for one of an event."""
    if train.framing.table.every is None or spec.kind not in ("binary", "time_to_event"):
        return None
    names = [name for name, feature in train.framing.features.items() if feature.since_last]
    if not names:
        return None
    is_absence = train.framing.labels[label_of(spec.name)].absent is True or spec.kind == "time_to_event"
    text = quote_name(names[0]) if is_absence else f"-{quote_name(names[0])}"
    return text, f"recency: {names[0]} {'ascending' if is_absence else 'descending'}"


def numbers_of(found: Vector) -> Floats:
    """Return an expression's values as numbers; infinity is NaN, as is a text that is no number."""
    if found.levels is not None:
        parsed = np.asarray([*(_parsed(str(level)) for level in found.levels), np.nan])
        return np.asarray(parsed[found.values])
    if found.role == "time":
        return np.where(found.is_null, np.nan, found.values.astype(np.float64))
    values = np.asarray(found.values, dtype=np.float64)
    return np.where(np.isfinite(values), values, np.nan)


def _parsed(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return float("nan")
    return value if np.isfinite(value) else float("nan")


def shown(text: str) -> str:
    """Return a rule's text, short enough for a table."""
    return text if len(text) <= 60 else text[:57] + "..."
