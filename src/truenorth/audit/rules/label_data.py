"""LABEL, continued: what the built examples hold: how many labels, of which kinds, how spread."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from truenorth.audit.contract import Hit, Unknown, rule
from truenorth.audit.evidence import DataEvidence
from truenorth.audit.identifiers import find_identifiers
from truenorth.audit.measured.built_labels import found_by_build, trained_columns
from truenorth.audit.subject import Subject
from truenorth.examples.dataset import class_name
from truenorth.framing.labels import Label

LEAST_ROWS = 100
"""Rows of a part below which its figures say little: an interval of a rate is then 20 points wide."""
SHORT = 0.5
"""Share of a part's declared length that the log must at least hold."""
MOST_EMBARGO = 0.5
"""Share of all examples that may wait for their label before it is said."""
RARE, LEAST_POSITIVES = 0.001, 50
"""Share and number of positives below which imbalance has to be dealt with."""
LEFT_OUT = 0.01
"""Share of rows without a listed class from which it is said."""
HEAVY = 0.1
"""Share of the sum held by the largest hundredth, from which squares are about those rows alone."""


@rule("LABEL006", "log-too-short", severity="error", stage="data")
def log_too_short(subject: Subject) -> Iterator[Hit | Unknown]:
    """The log is shorter than the windows, delays and parts that it must hold.

    What it checks:
        There are rows to train and to test on; each part has at least 100 rows with an outcome of the trained
        labels and half of its declared length; and at most half of all examples wait for their labels. The
        last three are warnings.

    Why it hurts:
        Windows and embargoes are paid out of the log, twice over: before training ends and before the test
        ends. What is left may be a week of one season, and every interval is wide.

    Example:
        `train: 60d` on a log that leaves 12 days fires; a part of 40 rows fires.

    How to fix:
        Bring more history, or shorten the window, the longest feature or the parts, in this order.

    Source:
        100 rows and half the length are rules of thumb of ours: a rate of .5 in 100 rows is known within 10
        points.
    """
    assert subject.data is not None
    yield from found_by_build(subject, "LABEL006", "error")
    parts = subject.data.profile.get("parts", {})
    waiting = _embargo(parts, int(subject.data.profile.get("rows", 0)))
    if waiting is not None:
        yield waiting
    for name, part in parts.items():
        if name != "none" and part.get("rows"):
            hit = _short_part(name, part) or _few_rows(name, part, subject.tasks)
            if hit is not None:
                yield hit


def _embargo(parts: Mapping[str, Any], rows: int) -> Hit | None:
    held = sum(int(part.get("embargo", 0)) for part in parts.values())
    if not rows or held / rows <= MOST_EMBARGO:
        return None
    return Hit(
        path=("split",),
        evidence=f"expected at most {MOST_EMBARGO:.0%} of the examples to wait for their labels, got "
        f"{held:,} of {rows:,} ({held / rows:.0%}).",
        fix="a shorter within, or a longer log; maturity: ipcw lets the youngest rows in with a weight.",
        numbers={"embargo": held, "rows": rows},
        severity="warn",
    )


def _short_part(name: str, part: Mapping[str, Any]) -> Hit | None:
    planned = part.get("planned") or {}
    times = (planned.get("start"), planned.get("end"), part.get("first_at"))
    if None in times or not all(isinstance(one, str) for one in times):
        return None
    start, end, first = (_moment(str(one)) for one in times)
    length, held = (end - start) / np.timedelta64(1, "D"), (end - first) / np.timedelta64(1, "D")
    if length <= 0 or held >= SHORT * length:
        return None
    return Hit(
        path=("split", name.partition(".")[0]),
        evidence=f"expected {length:.0f} days of {name} rows, got {held:.1f}: the log, less its warm-up, "
        f"begins {str(part['first_at'])[:10]}.",
        fix=f"{name.partition('.')[0]}: {max(int(held), 1)}d, or a longer log.",
        numbers={"days_planned": length, "days": held},
        severity="warn",
    )


def _moment(text: str) -> np.datetime64:
    return np.datetime64(text.replace(" ", "T").split("+")[0].removesuffix("Z"), "us")


def _few_rows(name: str, part: Mapping[str, Any], tasks: tuple[str, ...]) -> Hit | None:
    observed = {one: int(counts.get("observed", 0)) for one, counts in part.get("labels", {}).items()}
    least = min([int(part["rows"]), *(observed[one] for one in tasks if one in observed)])
    if least >= LEAST_ROWS:
        return None
    return Hit(
        path=("split", name.partition(".")[0]),
        evidence=f"expected at least {LEAST_ROWS} rows with an outcome in {name}, got {least:,} of "
        f"{int(part['rows']):,}.",
        fix=f"{name.partition('.')[0]}: a longer stretch, or a longer log.",
        numbers={"rows": int(part["rows"]), "observed": least},
        severity="warn",
    )


@rule("LABEL007", "rare-or-few-positives", severity="warn", stage="data")
def rare_or_few_positives(subject: Subject) -> Iterator[Hit | Unknown]:
    """Positives are rarer than one in a thousand, or fewer than fifty.

    What it checks:
        The share of positives of each trained binary label in the training rows lies between .1 % and 99.9 %,
        and there are at least 50 of the rarer kind. A rare label is accepted if `models.tasks` weighs,
        downsamples or uses `focal`. A label with one value only is an error.

    Why it hurts:
        Rarity is no reason to stop: it decides the metric, the loss and how wide the intervals are. A model
        that never says yes is right 999 times in a thousand.

    Example:
        A label with 30 positives in 40,000 rows fires; one with 800 in 40,000 is silent.

    How to fix:
        Keep every positive, thin out the negatives and let the predictions be corrected for it: `downsample`.
        Or weigh positives, or take `loss: focal`. Too few is mended by more history, or a wider outcome.

    Source:
        Rules of thumb of ours; fifty positives leave an average precision with an interval of about 15
        points.
    """
    assert subject.data is not None
    yield from found_by_build(subject, "LABEL007", "error")
    known_single = {finding.path for finding in subject.data.found if finding.code == "LABEL007"}
    for name, column in trained_columns(subject):
        if ("labels", column) in known_single or subject.framing.labels[name].kind not in ("binary", "tags"):
            continue
        hit = _rare(subject, name, column)
        if hit is not None:
            yield hit


def _rare(subject: Subject, name: str, column: str) -> Hit | None:
    assert subject.data is not None
    outcomes = subject.data.dataset.labels[column]
    rows = outcomes.is_observed & ~outcomes.values.is_null & subject.data.train
    n, positives = int(rows.sum()), int((np.asarray(outcomes.values.values)[rows] > 0).sum())
    rarer = min(positives, n - positives)
    is_rare, is_few = rarer < RARE * n, rarer < LEAST_POSITIVES
    if not n or not (is_few or (is_rare and not _is_balanced(subject, name))):
        return None
    what = (
        f"at least {LEAST_POSITIVES} of the rarer kind"
        if is_few
        else f"{RARE:.1%} to {1 - RARE:.1%} positives"
    )
    keep = f"models: {{tasks: {{{name}: {{downsample: {max(0.01, min(0.5, 20 * rarer / n)):.0%}}}}}}}"
    few = "a longer train, or a wider outcome; without them measure it, and take it out of the score."
    return Hit(
        path=("labels", name),
        evidence=f"expected {what} of {column!r} in training, got {positives:,} of {n:,} "
        f"({positives / n:.3%}).",
        fix=few if is_few else f"{keep}   # or weight: 20, or loss: focal",
        numbers={"positives": positives, "rows": n, "share": positives / n},
    )


def _is_balanced(subject: Subject, name: str) -> bool:
    """Whether the framing says what is done about rarity."""
    models = subject.framing.models
    task = models.tasks.get(name)
    is_own = task is not None and (
        task.weight is not None or task.downsample is not None or task.loss == "focal"
    )
    return is_own or name in models.downsample or subject.framing.labels[name].weight is not None


@rule("LABEL011", "classes-overlap-or-leave-out", severity="warn", stage="data")
def classes_overlap_or_leave_out(subject: Subject) -> Iterator[Hit | Unknown]:
    """The classes leave rows out, are never seen, or are several at once.

    What it checks:
        For each trained class label: at most 1 % of the rows that should have a class have none of the listed
        ones; every listed class occurs in training; and no class is a list of others (`sport, music`).

    Why it hurts:
        A row of an unlisted class is left out in silence offline and forced into a wrong class in production.
        Two classes in one row cannot both be right: whichever the model says is half wrong.

    Example:
        Classes `[red, blue]` on a column in which one row in ten is green fires; `other` among the classes,
        or a `given` that says which rows have a class, makes it silent.

    How to fix:
        List what is missing, add a class for the rest, or make it `kind: tags`, one yes or no per tag.
    """
    assert subject.data is not None
    for name, label in subject.trained.items():
        outcomes = subject.data.dataset.labels.get(name)
        if label.kind == "class" and outcomes is not None:
            yield from _left_out(subject, name, label)
            yield from _class_names(subject.data, name, label)


def _left_out(subject: Subject, name: str, label: Label) -> Iterator[Hit | Unknown]:
    assert subject.data is not None
    labels = subject.data.dataset.labels
    undefined = labels[name].state == 2
    if label.classes is None or not undefined.any():
        return
    should = _should_have_a_class(subject.data, label)
    if should is None:
        yield Unknown(f"rows of {name} without a class may be those that given leaves out: {label.given}")
        return
    without, of = int((undefined & should).sum()), int((should & (labels[name].state != 1)).sum())
    if without > LEFT_OUT * of:
        yield Hit(
            path=("labels", name, "classes"),
            evidence=f"expected a listed class in every row, got {without:,} of {of:,} rows "
            f"({without / of:.1%}) with none{_unlisted(subject, label)}.",
            fix="classes: [..., other]   # or given: the rows that have a class",
            numbers={"without": without, "rows": of},
        )


def _should_have_a_class(data: DataEvidence, label: Label) -> Any:
    """Return the rows that have a class if the list is whole; None where an expression decides it."""
    shown = data.column("shown")
    rows = np.ones(data.dataset.n_rows, dtype=bool)
    if shown is not None:
        rows &= np.asarray(shown.values, dtype=np.float64) > 0
    if label.given is None:
        return rows
    condition = data.dataset.labels.get(label.given.column or "")
    if condition is None:
        return None
    return (
        rows & condition.is_observed & (np.nan_to_num(np.asarray(condition.values.values, dtype=float)) > 0)
    )


def _unlisted(subject: Subject, label: Label) -> str:
    """Return the commonest unlisted values among the first rows of the log, or how many identify persons."""
    assert subject.data is not None
    source = subject.framing.table_of(label).source or ""
    column = None if label.value is None else label.value.column
    head = subject.data.heads.get(source, {}).get(column or "", ())
    listed = {str(one) for one in label.classes} if isinstance(label.classes, tuple) else set()
    values = [str(one) for one in head if one is not None and str(one) not in listed]
    if listed and values and find_identifiers({column or "": head}):
        return f" ({len(set(values)):,} distinct in the first rows, not shown: they identify persons)"
    common = sorted(set(values), key=lambda one: (-values.count(one), one))[:3]
    return f" (such as {', '.join(map(repr, common))})" if listed and common else ""


def _class_names(data: DataEvidence, name: str, label: Label) -> Iterator[Hit | Unknown]:
    listed = data.dataset.classes.get(name, ())
    outcomes = data.dataset.labels[name]
    rows = outcomes.is_observed & data.train
    if label.classes is not None and rows.any():
        seen = _seen(data, name, rows)
        missing = [one for one in listed if one not in seen]
        if missing:
            yield Hit(
                path=("labels", name, "classes"),
                evidence=f"expected every class in training, got none of {', '.join(missing[:5])}"
                f"{', ...' if len(missing) > 5 else ''} ({len(missing)} of {len(listed)}).",
                fix="take them out of classes, or bring rows that have them.",
                numbers={"missing": len(missing), "classes": len(listed)},
            )
    several = [one for one in listed if _is_a_list(one, set(listed))]
    if several:
        yield Hit(
            path=("labels", name, "kind"),
            evidence=f"expected one class per row, got {several[0]!r}, which is several "
            f"({len(several)} such).",
            fix="kind: tags",
            numbers={"combined": len(several)},
        )


def _seen(data: DataEvidence, name: str, rows: Any) -> set[str]:
    values = data.dataset.labels[name].values
    found = np.unique(values.values[rows & ~values.is_null])
    if values.levels is not None:
        return {str(values.levels[code]) for code in found}
    return {class_name(float(value)) for value in found}


def _is_a_list(text: str, classes: set[str]) -> bool:
    """Whether a class is written as several of the others."""
    for sign in (",", ";", "|", "+", "/", "&", " and "):
        parts = [one.strip() for one in text.split(sign)]
        if len(parts) > 1 and all(part in classes for part in parts):
            return True
    return False


@rule("LABEL012", "heavy-tail-without-log", severity="warn", stage="data")
def heavy_tail_without_log(subject: Subject) -> Iterator[Hit | Unknown]:
    """A few huge values make up the number that is predicted, and the loss squares them.

    What it checks:
        Each trained `kind: number` without negative values, learned by squares: the largest hundredth of the
        training rows holds less than a tenth of the sum.

    Why it hurts:
        A squared error of 10,000 outweighs ten thousand errors of 100. The fit follows the dozen largest rows
        of the month, and is other next month.

    Example:
        Order values whose largest hundredth is a fifth of the turnover fire; minutes of rides do not.

    How to fix:
        `kind: amount` learns the logarithm and gives the expected amount back. `loss: log_squared`, `huber`
        or a quantile are other answers.

    Source:
        A rule of thumb of ours: the largest hundredth holds 5.6 % of an exponential's sum and 9 % of a
        log-normal's with sigma 1.
    """
    assert subject.data is not None
    for name, label in subject.trained.items():
        outcomes = subject.data.dataset.labels.get(name)
        task = subject.framing.models.tasks.get(name)
        is_squared = task is None or task.loss in (None, "squared")
        if label.kind != "number" or outcomes is None or not is_squared:
            continue
        rows = outcomes.is_observed & ~outcomes.values.is_null & subject.data.train
        values = np.asarray(outcomes.values.values, dtype=np.float64)[rows]
        share = _top_share(values)
        if share is not None and share >= HEAVY:
            yield Hit(
                path=("labels", name, "kind"),
                evidence=f"expected the largest hundredth of {name!r} to hold less than {HEAVY:.0%} of its "
                f"sum, got {share:.0%}: median {np.median(values):,.4g}, largest {values.max():,.4g}.",
                fix="kind: amount",
                numbers={
                    "top_share": share,
                    "median": float(np.median(values)),
                    "largest": float(values.max()),
                },
            )


def _top_share(values: Any) -> float | None:
    """Return the share of the sum in the largest hundredth; None for few rows or negative values."""
    values = values[np.isfinite(values)]
    if len(values) < LEAST_ROWS or values.min() < 0 or values.sum() <= 0:
        return None
    n = max(1, len(values) // 100)
    return float(np.partition(values, len(values) - n)[len(values) - n :].sum() / values.sum())


RULES = (log_too_short, rare_or_few_positives, classes_overlap_or_leave_out, heavy_tail_without_log)
