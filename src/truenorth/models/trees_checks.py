"""What trees cannot learn from is said before they try."""

from __future__ import annotations

import numpy as np

from truenorth.errors import DataError, Finding, FramingError
from truenorth.models.contract import Rows, TaskSpec
from truenorth.models.trees_heads import head_kind


def check_rows(task: TaskSpec, rows: Rows) -> None:
    """Raise where the rows cannot be learned from.

    Raises:
        DataError: If there are no rows, one class, or targets or weights that the loss cannot read.
    """
    kind = head_kind(task)
    if len(rows) == 0:
        raise _unusable(
            task,
            "MODEL021",
            "rows whose label is observed",
            "none",
            "widen the training part, or check the label.",
        )
    if not np.all(np.isfinite(rows.target)):
        n = int(np.sum(~np.isfinite(rows.target)))
        raise _unusable(
            task,
            "MODEL022",
            "targets that are numbers",
            f"{n:,} that are not finite",
            "mend or leave out those rows.",
        )
    if not np.all(np.isfinite(rows.weight) & (rows.weight > 0)):
        n = int(np.sum(~(np.isfinite(rows.weight) & (rows.weight > 0))))
        raise _unusable(
            task, "MODEL022", "weights above 0", f"{n:,} others", "leave rows without weight out."
        )
    if kind in ("smeared", "log_link") and np.min(rows.target) < 0:
        raise _unusable(
            task, "MODEL022", f"amounts of at least 0 for the loss {task.loss}", f"{np.min(rows.target):g}",
            "use loss: squared or huber, or say where the negative amounts come from.",
        )  # fmt: skip
    outcome = rows.event if kind == "hazard" and rows.event is not None else rows.target
    if kind in ("binary", "focal", "class", "grade", "ranking", "hazard") and _one_class(kind, outcome):
        got = (
            f"{len(rows):,} rows of one only"
            if kind != "hazard"
            else f"{len(rows):,} rows that are all alike"
        )
        raise _unusable(
            task, "MODEL023", "at least two outcomes", got, "train on a longer period, or check the label."
        )


def _one_class(kind: str, outcome: np.ndarray) -> bool:
    if kind == "hazard":
        return outcome.dtype == bool and not outcome.any()
    return len(np.unique(outcome > 0 if kind in ("binary", "focal") else outcome)) < 2


def check_task(task: TaskSpec) -> None:
    """Raise where the task asks what trees cannot give.

    Raises:
        FramingError: If a monotone feature is no number, classes have no order, or bins or levels are
            missing.
    """
    for name, direction in task.monotone.items():
        if task.roles.get(name) != "number":
            raise FramingError(
                Finding(
                    code="MODEL027", where=f"models.tasks.{task.name}.monotone.{name}",
                    evidence=f"expected a feature that is a number to go {direction}, "
                    f"got {task.roles.get(name, 'no feature')!r}.",
                    fix="leave it out of monotone, or declare the feature with as: number.",
                )
            )  # fmt: skip
    if task.monotone and task.kind == "class":
        raise FramingError(
            Finding(
                code="MODEL027",
                where=f"models.tasks.{task.name}.monotone",
                evidence="expected a prediction with a direction, got classes without an order.",
                fix="leave monotone out, or give the label kind: grade if its classes have an order.",
            )
        )
    needed = {
        "quantile": ("levels", task.levels, "[0.1, 0.5, 0.9]"),
        "hazard": ("bins", task.bins, "[7, 30, 90]"),
    }
    if task.loss in needed and not needed[task.loss][1]:
        raise FramingError(
            Finding(
                code="MODEL028", where=f"models.tasks.{task.name}.{needed[task.loss][0]}",
                evidence=f"expected {needed[task.loss][0]} for the loss {task.loss}, got none.",
                fix=f"declare {needed[task.loss][0]}, for example {needed[task.loss][2]}.",
            )
        )  # fmt: skip


def _unusable(task: TaskSpec, code: str, expected: str, got: str, fix: str) -> DataError:
    where = f"models.tasks.{task.name}"
    return DataError(Finding(code=code, where=where, evidence=f"expected {expected}, got {got}.", fix=fix))
