"""What boosters are fitted to, and how their raw scores become the prediction that a task promises."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from scipy.special import expit, softmax

from truenorth.models.contract import Floats, Rows, TaskSpec
from truenorth.models.imbalance import log_odds_shift
from truenorth.models.losses import focal_to_probability

HeadKind = Literal[
    "binary", "focal", "class", "mean", "log_link", "smeared", "quantile", "grade", "ranking", "hazard"
]
FOCAL_GAMMA = 2.0


@dataclass(frozen=True, kw_only=True)
class Head:
    """How raw scores of one or more boosters become predictions."""

    kind: HeadKind
    bases: tuple[float, ...] = (0.0,)
    """Constant added to the raw score of each booster."""
    shift: float = 0.0
    """By how much weights and down-sampling raised the log-odds that were learned."""
    values: tuple[float, ...] = ()
    """Grades."""
    bins: int = 0
    """Bins of a hazard."""
    position_column: bool = False
    """Whether the place in the list is a column of training, set to the top when predicting."""
    smear_at: tuple[float, ...] = ()
    """Raw scores between which the smearing factor is interpolated."""
    smear_by: tuple[float, ...] = ()

    @property
    def boosters(self) -> int:
        """Number of boosters in a bag."""
        return len(self.bases)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(self).items()}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Head:
        """Read what `to_dict` returned."""
        given: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in stored.items()}
        return cls(**given)


def make_head(task: TaskSpec, rows: Rows, *, keep: float) -> Head:
    """Return the head of a task, with bases set to what is known before any tree: the share of positives.

    Args:
        task: What is learned.
        rows: Training rows that are learned from.
        keep: Share of the negatives among them.
    """
    kind = head_kind(task)
    if kind in ("binary", "focal"):
        share = float(np.average(rows.target > 0, weights=rows.weight))
        odds = share / (1 - share) * (keep if kind == "binary" else 1.0)
        shift = log_odds_shift(task, keep)
        return Head(kind=kind, bases=(float(np.log(odds)),), shift=shift)
    if kind == "grade":
        above = [
            float(np.average(rows.target > code, weights=rows.weight))
            for code in range(len(task.classes) - 1)
        ]
        safe = np.clip(above, 1e-6, 1 - 1e-6)
        return Head(kind=kind, bases=tuple(np.log(safe / (1 - safe)).tolist()), values=grade_values(task))
    if kind == "quantile":
        return Head(kind=kind, bases=_quantile_bases(task, rows))
    if kind == "hazard":
        return Head(kind=kind, bins=len(task.bins))
    if is_custom(task) and kind == "mean":
        return Head(kind=kind, bases=(float(np.median(rows.target)),))
    return Head(kind=kind, values=grade_values(task) if kind == "mean" and task.kind == "grade" else ())


def is_custom(task: TaskSpec) -> bool:
    """Return whether LightGBM gets the loss as a function: its own moves monotone leaves afterwards."""
    return bool(task.monotone) and task.loss in ("quantile", "absolute")


def _quantile_bases(task: TaskSpec, rows: Rows) -> tuple[float, ...]:
    if not is_custom(task):
        return (0.0,) * len(task.levels)
    return tuple(float(value) for value in np.quantile(rows.target, task.levels))


def head_kind(task: TaskSpec) -> HeadKind:
    """Return the head that a loss asks for; `pointwise` is the plain loss of the label's kind."""
    if task.loss in ("listwise", "pairwise"):
        return "ranking"
    if task.loss in ("quantile", "hazard"):
        return "quantile" if task.loss == "quantile" else "hazard"
    if task.kind == "binary":
        return "focal" if task.loss == "focal" else "binary"
    if task.kind == "class":
        return "class"
    if task.kind == "grade" and task.loss == "ordinal":
        return "grade"
    return (
        "smeared"
        if task.loss == "log_squared"
        else "log_link"
        if task.loss in ("poisson", "tweedie")
        else "mean"
    )


def grade_values(task: TaskSpec) -> tuple[float, ...]:
    """Return what each grade is worth: its own number where all are numbers, else its place."""
    try:
        return tuple(float(grade) for grade in task.classes)
    except ValueError:
        return tuple(float(code) for code in range(len(task.classes)))


def combine(head: Head, raw: list[Floats]) -> Floats:
    """Return predictions from the raw scores of the boosters, one array each."""
    return COMBINE[head.kind](head, raw)


def _binary(head: Head, raw: list[Floats]) -> Floats:
    return np.asarray(expit(raw[0] + head.bases[0]))


def _focal(head: Head, raw: list[Floats]) -> Floats:
    learned = focal_to_probability(raw[0] + head.bases[0], gamma=FOCAL_GAMMA)
    odds = learned / np.maximum(1 - learned, 1e-300) * np.exp(-head.shift)
    return np.asarray(odds / (1 + odds))


def _class(head: Head, raw: list[Floats]) -> Floats:
    return np.asarray(softmax(raw[0], axis=1))


def _mean(head: Head, raw: list[Floats]) -> Floats:
    found = raw[0] + head.bases[0]
    # An expected grade lies among the grades.
    return np.clip(found, min(head.values), max(head.values)) if head.values else found


def _log_link(head: Head, raw: list[Floats]) -> Floats:
    return np.asarray(np.exp(raw[0]))


def _smeared(head: Head, raw: list[Floats]) -> Floats:
    factor = np.interp(raw[0], head.smear_at, head.smear_by)
    return np.asarray(np.maximum(np.exp(raw[0]) * factor - 1, 0.0))


def _quantile(head: Head, raw: list[Floats]) -> Floats:
    return np.sort(np.stack(raw, axis=1) + np.asarray(head.bases), axis=1)


def _grade(head: Head, raw: list[Floats]) -> Floats:
    above = expit(np.stack(raw, axis=1) + np.asarray(head.bases))  # P(grade > k), (n, grades - 1)
    return np.asarray(head.values[0] + above @ np.diff(head.values))


def _hazard(head: Head, raw: list[Floats]) -> Floats:
    surviving = 1 - expit(raw[0] + head.bases[0]).reshape(-1, head.bins)
    return np.asarray(1 - np.cumprod(surviving, axis=1))


COMBINE: dict[HeadKind, Callable[[Head, list[Floats]], Floats]] = {
    "binary": _binary, "focal": _focal, "class": _class, "mean": _mean, "log_link": _log_link,
    "smeared": _smeared,
    "quantile": _quantile, "grade": _grade, "ranking": _mean, "hazard": _hazard,
}  # fmt: skip
