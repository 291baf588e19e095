"""A list of named rules: the first that holds answers, and each is judged by its hits.

`then` is a prediction (a number), a class, or the name of an action. A rule that names an action predicts as
often as the rows it answered were positive.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truenorth.engine.arrays import evaluate
from truenorth.engine.vectors import Vector, Vectors
from truenorth.framing.expressions import Expression, parse_expression
from truenorth.framing.models import Rule
from truenorth.models.baseline import fit_table
from truenorth.models.contract import Floats, Rows, TaskSpec
from truenorth.models.written import read_json, task_from_dict, task_to_dict, write_json

PULL = 2.0
"""Rows of the overall share that are added to a rule's hits."""
NO_RULE = "no rule"


@dataclass(frozen=True)
class NamedRule:
    """One line of the list, and what it predicts."""

    name: str
    when: Expression
    then: str | float
    prediction: tuple[float, ...]
    """One number per column of the prediction."""


@dataclass(frozen=True, eq=False)
class RulesModel:
    """The first rule that holds answers; the prior where none does."""

    task: TaskSpec
    rules: tuple[NamedRule, ...]
    otherwise: tuple[float, ...]

    form = "rules"

    @property
    def name(self) -> str:
        """Name in the ladder."""
        return f"{len(self.rules)} rules"

    @property
    def text(self) -> str:
        """The rules, one after the other."""
        return "; ".join(f"{rule.name}: {rule.when} -> {rule.then}" for rule in self.rules)

    def first(self, features: Vectors) -> NDArray[np.int64]:
        """Return the index of the rule that answers each row, `len(rules)` where none does."""
        return first_that_holds([rule.when for rule in self.rules], features)

    def predict(self, features: Vectors) -> Floats:
        """Return predictions as `Model.predict` promises."""
        table = np.array([*(rule.prediction for rule in self.rules), self.otherwise])
        predicted = table[self.first(features)]
        return np.asarray(predicted if self.task.width else predicted[:, 0])

    def answers(self, features: Vectors) -> tuple[Vector, Vector]:
        """Return what each row's rule says, and the rule's name; NULL and `no rule` where none holds."""
        place = self.first(features).astype(np.int32)
        said = np.array([str(rule.then) for rule in self.rules], dtype=object)
        names = np.array([*(rule.name for rule in self.rules), NO_RULE], dtype=object)
        codes = np.where(place < len(self.rules), place, -1).astype(np.int32)
        return Vector("text", codes, said), Vector("text", place, names)

    def contributions(self, features: Vectors) -> None:
        """Return None: the rule that answered is the explanation."""
        return None

    def dump(self, folder: Path) -> None:
        """Write `model.json`; conditions are kept as their text."""
        rules = [
            {
                "name": rule.name,
                "when": rule.when.text,
                "then": rule.then,
                "prediction": list(rule.prediction),
            }
            for rule in self.rules
        ]
        about = {
            "task": task_to_dict(self.task),
            "rules": rules,
            "otherwise": list(self.otherwise),
            "files": [],
        }
        write_json(folder / "model.json", {"form": self.form, **about})

    def summary(self) -> dict[str, Any]:
        """Return the rules in order and what each predicts."""
        rules = [
            {
                "name": rule.name,
                "when": rule.when.text,
                "then": rule.then,
                "prediction": list(rule.prediction),
            }
            for rule in self.rules
        ]
        return {"form": self.form, "name": self.name, "rules": rules, "otherwise": list(self.otherwise)}


def load_rules(folder: Path) -> RulesModel:
    """Read what `RulesModel.dump` wrote."""
    about = read_json(folder / "model.json")
    rules = tuple(
        NamedRule(one["name"], parse_expression(one["when"]), one["then"], tuple(one["prediction"]))
        for one in about["rules"]
    )
    return RulesModel(task_from_dict(about["task"]), rules, tuple(about["otherwise"]))


def make_rules(spec: TaskSpec, rules: Sequence[Rule], rows: Rows) -> RulesModel:
    """Return a list of rules as a task's prediction.

    Args:
        spec: The task.
        rules: Rules in order.
        rows: Training rows with every column that the rules read.
    """
    prior = fit_table(spec, rows, (), name="prior").values[0]
    place = first_that_holds([rule.when for rule in rules], rows.features)
    named = []
    for i, rule in enumerate(rules):
        prediction = _prediction(spec, rule.then, rows, place == i, prior)
        named.append(NamedRule(rule.name, rule.when, rule.then, tuple(prediction.tolist())))
    return RulesModel(spec, tuple(named), tuple(prior.tolist()))


def _prediction(
    spec: TaskSpec, then: str | float, rows: Rows, hit: NDArray[np.bool_], prior: Floats
) -> Floats:
    if spec.kind == "class" and str(then) in spec.classes:
        return np.asarray([float(name == str(then)) for name in spec.classes])
    if isinstance(then, float | int) and not spec.width:
        return np.array([float(then)])
    if not hit.any():
        return prior
    own = fit_table(spec, rows.take(hit), (), name="hits").values[0]
    heavy = float(rows.weight[hit].sum())
    return np.asarray((heavy * own + PULL * prior) / (heavy + PULL))


def first_that_holds(conditions: Sequence[Expression], features: Vectors) -> NDArray[np.int64]:
    """Return the index of the first condition that is true in each row, `len(conditions)` where none is."""
    place = np.full(features.n_rows, len(conditions), dtype=np.int64)
    for i in reversed(range(len(conditions))):
        place[value_of(conditions[i], features).values == 1.0] = i
    return place


def value_of(expression: Expression, features: Vectors) -> Vector:
    """Return an expression over features in which infinity is missing."""
    finite = {}
    for name in expression.columns & features.keys():
        vector = features[name]
        if vector.role == "number" and np.isinf(vector.values).any():
            finite[name] = Vector.numbers(np.where(np.isinf(vector.values), np.nan, vector.values))
    return evaluate(expression, features.with_columns(finite) if finite else features, features.n_rows)


def rule_report(
    rules: Sequence[Rule | NamedRule], columns: Vectors, target: Floats, weight: Floats | None = None
) -> list[dict[str, Any]]:
    """Return how each rule did on labelled rows.

    Args:
        rules: Rules in order.
        columns: Rows with every column that the rules read.
        target: 0 or 1; a number; NaN where unknown. Shape (n,).
        weight: Shape (n,), > 0; 1 by default.

    Returns:
        One object per rule: `name`, `when`, `then`; `holds`, rows where it is true; `hits`, rows that it
        answers because no earlier rule does; `share` of all rows; `precision`, the mean target of its hits
        (None where none is known); `recall`, its share of the summed target. A last one, `no rule`, for the
        rest.
    """
    weight = np.ones(len(target)) if weight is None else weight
    place = first_that_holds([rule.when for rule in rules], columns)
    known = np.isfinite(target)
    total = float(weight[known] @ target[known])
    report = []
    for i, rule in enumerate([*rules, None]):
        hit = place == i
        judged = hit & known
        summed = float(weight[judged] @ target[judged])
        own: dict[str, Any] = {"name": NO_RULE, "when": None, "then": None, "holds": int(hit.sum())}
        if rule is not None:
            holds = value_of(rule.when, columns).values == 1.0
            own = {"name": rule.name, "when": rule.when.text, "then": rule.then, "holds": int(holds.sum())}
        figures = {
            "hits": int(hit.sum()), "share": float(weight[hit].sum() / weight.sum()) if len(weight) else 0.0,
            "precision": summed / float(weight[judged].sum()) if judged.any() else None,
            "recall": summed / total if total else None,
        }  # fmt: skip
        report.append(own | figures)
    return report
