"""Judged rows as a metric reads them: labels, predictions, decisions, clusters, lists and time.

A name in a metric means, in this order: what was decided (`action`, the decided quantity, `score`, `rank`,
`shown`), a label as it turned out, a column of the row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truenorth.decision.contract import Prediction
from truenorth.decision.realised import Realised, realised
from truenorth.decision.score import expected
from truenorth.engine.arrays import evaluate
from truenorth.engine.vectors import Vector, Vectors
from truenorth.evaluation.contract import Judged
from truenorth.evaluation.refusals import Misdeclared, NotAssessed
from truenorth.examples.dataset import Dataset, Outcomes
from truenorth.framing.expressions import Expression
from truenorth.framing.framing import Framing
from truenorth.framing.names import tasks
from truenorth.statistics.estimates import Codes, Floats, codes_of

Mask = NDArray[np.bool_]


class Reading:
    """What the metrics of one evaluation read; everything is computed once, nothing is changed."""

    def __init__(self, judged: Judged, *, covered: int | None = None) -> None:
        self.judged = judged
        self.covered = covered
        """Length of time that the rows stand for, microseconds, where it is not that of their part."""
        self.framing: Framing = judged.dataset.framing
        self.n_rows = judged.dataset.n_rows
        self.found: dict[Any, Any] = {}
        """What was measured already, by metric."""
        self._outcomes: dict[tuple[str, tuple[tuple[str, str], ...]], Realised] = {}

    @cached_property
    def table(self) -> Dataset:
        """The rows; labels that are weighed for maturity count as known."""
        dataset = self.judged.dataset
        labels = {
            name: _weighed(label) if self._is_weighed(name) else label
            for name, label in dataset.labels.items()
        }
        return replace(dataset, labels=labels)

    @cached_property
    def decided(self) -> dict[str, Vector]:
        """What was decided, by the names that metrics use."""
        made = self.judged.decisions
        found: dict[str, Vector] = {}
        if made.action is not None:
            found["action"] = made.action
        if made.rank is not None:
            found |= {"rank": Vector.numbers(made.rank), "shown": Vector.booleans(made.rank > 0)}
        if made.quantity is not None:
            found[self._quantity_name] = Vector.numbers(made.quantity)
        return found

    @property
    def _quantity_name(self) -> str:
        policy = self.framing.policy
        return policy.quantity.name if policy and policy.quantity else "quantity"

    @cached_property
    def vectors(self) -> Vectors:
        """Columns, decisions and labels; a label is NULL where it is not known."""
        labels = {name: _known(label) for name, label in self.table.labels.items()}
        return self.table.columns.with_columns({**self.decided, **labels})

    @cached_property
    def cluster(self) -> Codes:
        """Cluster of each row, 0, 1, ..., shape (n,)."""
        unit = self.table.columns.get("unit")
        if unit is None or unit.is_null.all():
            return np.arange(self.n_rows)
        codes = codes_of(unit.values)
        if not unit.is_null.any():
            return codes
        # Rows without a unit stand for themselves.
        return codes_of(np.where(unit.is_null, codes.max(initial=0) + 1 + np.arange(self.n_rows), codes))

    def clusters_of(self, rows: Mask) -> int:
        """Return the number of clusters that have a row among these."""
        return int(np.count_nonzero(np.bincount(self.cluster[rows])))

    @cached_property
    def n_clusters(self) -> int:
        """Number of clusters."""
        return int(self.cluster.max(initial=-1)) + 1

    @property
    def unit_name(self) -> str:
        """What the clusters are called."""
        table = self.framing.table
        return table.unit or table.entity[0]

    @cached_property
    def weight(self) -> Floats:
        """How many rows of the world each row stands for: one over the chance that the log kept it."""
        weight = self.table.columns.get("weight")
        if weight is None:
            return np.ones(self.n_rows)
        return np.where(weight.is_null, 0.0, weight.values)

    def weight_of(self, *expressions: Expression | None) -> Floats:
        """Return the row weights times the maturity weights of the labels that the expressions read."""
        weight = self.weight
        for name in sorted(self.labels_in(*expressions)):
            if self._is_weighed(name):
                weight = weight * self.table.labels[name].weight
        return weight

    def _is_weighed(self, column: str) -> bool:
        family = next((f for f, members in self.judged.dataset.families.items() if column in members), column)
        label = self.framing.labels.get(family)
        return label is not None and label.maturity == "ipcw"

    def labels_in(self, *expressions: Expression | None) -> set[str]:
        """Return the label columns that the expressions read; a tags family stands for its members."""
        names = set().union(*(one.columns for one in expressions if one is not None))
        members = {member for family in names for member in self.table.families.get(family, ())}
        return (names | members) & set(self.judged.dataset.labels)

    def check_names(self, *expressions: Expression | None) -> None:
        """Refuse names that are nothing here."""
        known = {*self.vectors, *self.table.families, "score", "time"}
        for expression in expressions:
            unknown = sorted(expression.columns - known) if expression is not None else []
            if unknown:
                raise Misdeclared(
                    f"expected names of labels, features, context or decisions, got {unknown[0]!r}",
                    "name a column of the examples table, or keep it with examples.context",
                )

    def outcome(self, expression: Expression, names: Mapping[str, str] | None = None) -> Realised:
        """Return what an expression turned out to be, and where that is known.

        Args:
            expression: Over labels, columns and decisions.
            names: Other names of labels, `{"tag": "tag_red"}`.
        """
        key = (str(expression), tuple(sorted((names or {}).items())))
        if key not in self._outcomes:
            self.check_names(expression)
            self._outcomes[key] = realised(
                expression, self.table, batch=self.judged.batch, decisions=self.judged.decisions, names=names
            )
        return self._outcomes[key]

    def realised(self, expression: Expression) -> tuple[Floats, Mask]:
        """Return what an expression turned out to be and where that is known and finite, both shape (n,)."""
        found = self.outcome(expression)
        return found.values, found.known & np.isfinite(found.values)

    def condition(self, expression: Expression | None) -> Mask:
        """Return where a condition is known to hold, shape (n,)."""
        if expression is None:
            return np.ones(self.n_rows, dtype=bool)
        values, known = self.realised(expression)
        return known & (np.nan_to_num(values) > 0)

    def prediction(self, name: str) -> Prediction | None:
        """Return the predictions of a task, None where the label has no model here."""
        return self.judged.batch.predictions.get(name)

    def expected(self, expression: Expression) -> Floats:
        """Return the expected value of an expression over tasks, shape (n,)."""
        return np.asarray(expected(expression, self.judged.batch, self.framing), dtype=np.float64)

    def chosen_class(self, name: str) -> NDArray[np.int64]:
        """Return the likeliest class of each row, a column of the predictions."""
        prediction = self.prediction(name)
        if prediction is None:
            raise NotAssessed(f"{name} has no predictions here")
        if self.n_rows == 0:
            return np.empty(0, dtype=np.int64)
        return np.asarray(np.argmax(prediction.values, axis=1), dtype=np.int64)

    def class_codes(self, name: str) -> NDArray[np.int64]:
        """Return the column of each row's actual class; -1 where the model does not know it."""
        prediction, label = self.prediction(name), self.judged.dataset.labels[name]
        if prediction is None:
            raise NotAssessed(f"{name} has no predictions here")
        place = {text: index for index, text in enumerate(prediction.task.classes)}
        if label.values.levels is None:
            written = [None if np.isnan(v) else f"{v:.15g}" for v in label.values.values]
            return np.array([place.get(text, -1) if text else -1 for text in written], dtype=np.int64)
        codes = np.array([*(place.get(text, -1) for text in label.values.levels), -1], dtype=np.int64)
        return np.asarray(codes[label.values.values])

    def task(self) -> str:
        """Return the task that a metric without an argument measures: the score's."""
        named = [name for name in tasks(self.framing) if name in self.framing.objective.score.columns]
        if len(named) != 1:
            got = ", ".join(named) if named else "none"
            raise Misdeclared(
                f"expected a label in the metric, because the score has not one task but {got}",
                "write the label in brackets, for example roc_auc(LABEL)",
            )
        return named[0]

    def group(self, by: str | None = None) -> Codes | None:
        """Return the list that each row belongs to: of a column, or of the examples; None without lists."""
        if by is not None:
            values = self.split_values(by)
            return np.where(values.is_null, -1, codes_of(values.values))
        group = self.table.columns.get("group")
        return None if group is None or group.is_null.all() else codes_of(group.values)

    def split_values(self, by: str) -> Vector:
        """Return the values that `by` splits by: a slice, a column, a label or a decision."""
        slices = self.framing.evaluation.slices
        if by in self.vectors:
            return self.vectors[by]
        if by in slices:
            return evaluate(slices[by], self.vectors, self.n_rows)
        raise Misdeclared(
            f"expected a column or a slice after by, got {by!r}", "keep the column with examples.context"
        )

    @cached_property
    def at(self) -> NDArray[np.int64]:
        """Prediction times, microseconds; 0 where undated, shape (n,)."""
        at = self.table.columns.get("at")
        return np.zeros(self.n_rows, dtype=np.int64) if at is None else np.where(at.is_null, 0, at.values)


def _known(label: Outcomes) -> Vector:
    """Return the values with NULL where the outcome is not known."""
    hidden = label.state != 0
    values = label.values.values.copy()
    values[hidden] = -1 if label.values.role == "text" else np.nan
    return Vector(label.values.role, values, label.values.levels)


def _weighed(label: Outcomes) -> Outcomes:
    """Return the label with every row known whose weight says how many rows it stands for."""
    return replace(label, state=np.where(label.is_trainable, 0, label.state).astype(np.int8))
