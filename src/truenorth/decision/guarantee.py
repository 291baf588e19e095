"""Thresholds that keep a promise with stated confidence, or say how many rows the promise needs.

Two ways. A ceiling on the share of one kind of rows that is acted on (negatives, positives that are missed,
all rows) is kept by an order statistic of their scores. A floor on precision is kept by testing thresholds of
a grid that was fixed beforehand, from the strictest that acts on enough rows to be tested, until the first
that cannot be promised (learn then test).

References:
    Tong, Feng and Li (2018). Neyman-Pearson classification algorithms and NP receiver operating
    characteristics. Angelopoulos, Bates, Candes, Jordan and Lei (2021). Learn then Test.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from truenorth.decision.contract import Floats
from truenorth.errors import Finding, FramingError
from truenorth.framing.expressions import Expression, parse_expression
from truenorth.framing.references import Constraint
from truenorth.statistics.binomial import binomial_p_value, fixed_sequence, least_trials, order_statistic

Bools = NDArray[np.bool_]
Kind = Literal["false_positives", "misses", "acted", "wrong_acts"]

RISKS: dict[tuple[str, str], Kind] = {
    ("false_positive_rate", "<"): "false_positives",
    ("specificity", ">"): "false_positives",
    ("recall", ">"): "misses",
    ("true_positive_rate", ">"): "misses",
    ("false_negative_rate", "<"): "misses",
    ("share", "<"): "acted",
    ("precision", ">"): "wrong_acts",
}
"""Metrics with the side that is promised, and the errors that they count."""
_OF = {"false_positives": "negatives", "misses": "positives", "acted": "rows", "wrong_acts": "acted-on rows"}
_GRID = 1 / (1 + np.exp(-np.linspace(14, -14, 4_001)))
"""Probabilities to test, from the strictest, close together at both ends; fixed before any row is seen."""
_CHOICES = 2_000
_SPARE = 5


@dataclass(frozen=True)
class Guarantee:
    """A threshold and what it promises; act where the score is above it."""

    keep: str
    """The promise as it was written."""
    confidence: float
    """How sure it is: over draws of the rows, the promise is broken in at most 1 - confidence of them."""
    threshold: float | None
    """None where nothing can be promised."""
    ceiling: float
    """Largest share of errors that is promised."""
    n: int
    """Rows of the kind that the promise is about: negatives, positives, acted-on rows or all."""
    needed: int
    """Fewest of them with which it could be promised, without a single error among them."""
    of: str
    """What `n` counts."""
    errors: int = 0
    """Errors among them at the threshold."""
    k: int | None = None
    """Order statistic that the threshold is; None where thresholds were tested."""
    note: str = ""
    """Why nothing can be promised."""


def risk_of(keep: Constraint, task: str, act: str | None = None) -> tuple[Kind, float]:
    """Return what a promise counts and its ceiling as a share of errors.

    Args:
        keep: The promise.
        task: What is thresholded.
        act: What is done above the threshold; None takes any action that `keep` names for it.

    Raises:
        FramingError: If a threshold cannot promise it.
    """
    reference = keep.metric
    kind = RISKS.get((reference.name, keep.operator[0]))
    if kind == "acted":
        of_task = act is None or _is_share_of(reference.argument, act)
    else:
        of_task = reference.argument is None or reference.argument.column == task
    plain = not (reference.where or reference.by or reference.per or reference.at or keep.of_released)
    ceiling = keep.bound if keep.operator[0] == "<" else 1 - keep.bound
    if kind is None or not of_task or not plain or not 0 < ceiling < 1:
        raise FramingError(
            Finding(
                code="POLICY040",
                where="policy.threshold.keep",
                evidence=f"expected a promise that one threshold on {task!r} can keep, got '{keep}'.",
                fix="write a ceiling on false_positive_rate, false_negative_rate or share(action = ...), "
                "or a floor on recall, specificity or precision, between 0 and 1.",
                path=("policy", "threshold", "keep"),
            )
        )
    return kind, float(f"{ceiling:.12g}")


def _is_share_of(argument: Expression | None, act: str) -> bool:
    """Return whether an expression is `action = 'ACT'`."""
    return argument is not None and argument == parse_expression(
        f"action = '{act.replace(chr(39), chr(39) * 2)}'"
    )


def guaranteed_threshold(
    scores: Floats,
    positive: Bools,
    keep: Constraint,
    *,
    task: str = "",
    confidence: float = 0.95,
    maximise: str | None = None,
    weight: Floats | None = None,
) -> Guarantee:
    """Return the threshold that keeps a promise and is best otherwise.

    Args:
        scores: Shape (n,); rows that no model and no calibrator saw. NaN is never acted on.
        positive: Which rows are positive, shape (n,).
        keep: `false_positive_rate <= 0.5%`, `precision >= 0.9`, ...
        task: Name of the task, where `keep` names it.
        confidence: How sure the promise must be.
        maximise: recall, precision, f1 or accuracy among the thresholds that keep the promise, as counted on
            these rows; by default the threshold that comes closest to the bound.
        weight: How many rows of the log a row stands for; the rows that are counted must weigh the same,
            because an order statistic of rows sampled unevenly promises nothing about the log.

    Returns:
        The guarantee; its threshold is None where the rows are too few or their scores too poor.
    """
    kind, ceiling = risk_of(keep, task)
    scores = np.where(np.isnan(scores), -np.inf, scores)
    counted = {"false_positives": ~positive, "misses": positive}.get(kind, np.ones(len(scores), dtype=bool))
    certain = (1 + confidence) / 2 if kind == "wrong_acts" else confidence
    needed = least_trials(ceiling, confidence=certain)
    nothing = Guarantee(str(keep), confidence, None, ceiling, int(counted.sum()), needed, _OF[kind])
    if weight is not None and counted.any() and np.ptp(weight[counted]) > 1e-9:
        return replace(nothing, note="the rows that count were sampled unevenly")
    if kind == "wrong_acts":
        return _tested(scores, positive, nothing, maximise)
    return _ordered(scores, positive, counted, kind, nothing, maximise)


def _ordered(
    scores: Floats, positive: Bools, counted: Bools, kind: Kind, nothing: Guarantee, maximise: str | None
) -> Guarantee:
    """Return the threshold at an order statistic of the scores that count."""
    k = order_statistic(nothing.n, ceiling=nothing.ceiling, confidence=nothing.confidence)
    if k is None:
        return replace(nothing, note=f"{nothing.n:,} {nothing.of} are too few")
    sign = -1.0 if kind == "misses" else 1.0
    edge = sign * float(np.partition(sign * scores[counted], k - 1)[k - 1])
    if kind == "misses" and edge == -np.inf:
        return replace(nothing, note=f"too many of the {nothing.n:,} {nothing.of} have no score")
    if kind == "misses":  # rows at the edge must still be acted on
        edge = float(np.nextafter(edge, -np.inf))
        valid = np.r_[edge, scores[scores < edge]]
    else:
        valid = np.r_[edge, scores[scores > edge]]
    threshold = _best(scores, positive, valid, maximise) if maximise else edge
    wrong = scores <= threshold if kind == "misses" else scores > threshold
    return replace(nothing, threshold=_finite(threshold), k=k, errors=int((wrong & counted).sum()))


def _tested(scores: Floats, positive: Bools, nothing: Guarantee, maximise: str | None) -> Guarantee:
    """Return the threshold of a fixed grid whose precision holds by an exact test."""
    finite = scores[np.isfinite(scores)]
    is_probability = bool(np.all((finite >= 0) & (finite <= 1)))
    grid = _GRID if is_probability else np.unique(np.quantile(finite, np.linspace(0, 1, 401)))[::-1]
    ranked, wrong = np.sort(scores), np.sort(scores[~positive])
    acted = len(ranked) - np.searchsorted(ranked, grid, side="right")
    errors = len(wrong) - np.searchsorted(wrong, grid, side="right")
    enough = np.flatnonzero(acted >= nothing.needed)
    most = int(acted.max()) if len(acted) else 0
    if not len(enough):
        return replace(nothing, n=most, note=f"{most:,} acted-on rows are too few")
    start = int(enough[0])
    kept = _promised(errors, acted, nothing)
    if not len(kept):
        seen = f"{int(errors[start]):,} of the {int(acted[start]):,} highest scores are errors"
        return replace(nothing, n=int(acted[start]), errors=int(errors[start]), note=seen)
    at = int(kept[-1])
    if maximise and maximise != "recall":
        best = _best(scores, positive, grid[kept], maximise)
        at = int(kept[np.flatnonzero(grid[kept] == best)[0]])
    return replace(nothing, threshold=_finite(float(grid[at])), n=int(acted[at]), errors=int(errors[at]))


def _promised(errors: Any, acted: Any, nothing: Guarantee) -> NDArray[np.intp]:
    """Return the thresholds of the grid that two sequences of tests accept, each with half the error.

    One starts at the strictest threshold that can be promised at all, which a single error there would end;
    the other where as many as `_SPARE` errors are allowed. Where to start goes by counts, never by labels.
    """
    error = (1 - nothing.confidence) / 2
    kept = np.zeros(len(acted), dtype=bool)
    for least in (nothing.needed, _rows_to_spare(nothing.ceiling, error)):
        start = int(np.argmax(acted >= least)) if (acted >= least).any() else len(acted)
        p_values = binomial_p_value(errors[start:], acted[start:], nothing.ceiling)
        kept[start:] |= fixed_sequence(p_values, error=error)
    return np.flatnonzero(kept)


@lru_cache(maxsize=64)
def _rows_to_spare(ceiling: float, error: float) -> int:
    """Return the fewest rows, to 5 %, among which `_SPARE` errors still show a rate below the ceiling."""
    n = least_trials(ceiling, confidence=1 - error)
    while binomial_p_value(_SPARE, n, ceiling) > error:
        n += max(1, n // 20)
    return n


def naive_threshold(scores: Floats, positive: Bools, keep: Constraint, *, task: str = "") -> float:
    """Return the threshold closest to the bound at which the promise holds on the rows themselves.

    It promises nothing: by chance it breaks the bound on new rows about every second time. Here to compare
    `guaranteed_threshold` with.
    """
    kind, ceiling = risk_of(keep, task)
    grid = np.unique(scores)[::-1]
    ranked, low, high = np.sort(scores), np.sort(scores[~positive]), np.sort(scores[positive])
    acted = len(ranked) - np.searchsorted(ranked, grid, side="left")
    errors = len(low) - np.searchsorted(low, grid, side="left")
    missed = np.searchsorted(high, grid, side="left")
    share = {
        "false_positives": errors / max(len(low), 1),
        "misses": missed / max(len(high), 1),
        "acted": acted / max(len(ranked), 1),
        "wrong_acts": errors / np.maximum(acted, 1),
    }[kind]
    fits = np.flatnonzero(share <= ceiling)
    if not len(fits):
        return float("inf")
    at = fits[0] if kind == "misses" else fits[-1]
    return float(np.nextafter(grid[at], -np.inf))


def _best(scores: Floats, positive: Bools, valid: Floats, maximise: str | None) -> float:
    """Return the valid threshold with the best figure on these rows; of equals the lowest."""
    choices = np.unique(valid)
    if len(choices) > _CHOICES:
        choices = choices[np.unique(np.linspace(0, len(choices) - 1, _CHOICES).astype(int))]
    high, low = np.sort(scores[positive]), np.sort(scores[~positive])
    hits = len(high) - np.searchsorted(high, choices, side="right")
    errors = len(low) - np.searchsorted(low, choices, side="right")
    acted = hits + errors
    figure = {
        "recall": hits / max(len(high), 1),
        "precision": np.where(acted > 0, hits / np.maximum(acted, 1), 0.0),
        "f1": 2 * hits / np.maximum(acted + len(high), 1),
        "accuracy": (hits + len(low) - errors) / max(len(scores), 1),
    }.get(maximise or "recall")
    if figure is None:
        raise FramingError(_unknown_aim(str(maximise)))
    return float(choices[int(np.argmax(figure))])


def _unknown_aim(name: Any) -> Finding:
    return Finding(
        code="POLICY041",
        where="policy.threshold.maximise",
        evidence=f"expected recall, precision, f1 or accuracy, got {name!r}.",
        fix="name one of them, or leave it out: the threshold then comes as close to the bound as is safe.",
        path=("policy", "threshold", "maximise"),
    )


def _finite(threshold: float) -> float:
    return float(np.nan_to_num(threshold))
