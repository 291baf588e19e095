"""FEAT, of the data and of a run: what the columns turned out to hold, and to be worth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truenorth.audit.contract import Hit, Rule, Unknown, rule
from truenorth.audit.evidence import SAMPLE, DataEvidence, with_rows
from truenorth.audit.measured.drift import Drift, drift
from truenorth.audit.stated.row_reads import written_name
from truenorth.audit.subject import Subject
from truenorth.engine.vectors import Vector
from truenorth.framing.durations import DAY

MISSING_APART = 0.1
"""Difference of the missing shares that a model notices."""
PSI = 0.25
"""Index, beyond what chance explains, from which a mix counts as another one."""
LEAST_ROWS = 100
NEW_ENTITIES = 0.05
"""Share of the test rows of entities that training does not hold."""
UNKNOWN_OF_NEW = 0.5
"""Share of those rows in which a feature is missing, from which it is silent on newcomers."""
STREAM_SHARE = 0.01
"""Share of the contributions under which streams have not shown what they buy."""


@rule("FEAT003", "mix-differs-in-test", severity="warn", stage="data")
def mix_differs_in_test(subject: Subject) -> Iterator[Hit | Unknown]:
    """A feature is missing more often, or has other categories, where it is judged than where it learned.

    What it checks:
        Between training rows and test rows: the share of missing values (10 points apart, beyond chance),
        and the mix of a category (population stability index .25 beyond its 95 % quantile without drift).
        That windows have more history later on is no finding; nor is a number that moves, which monitoring
        follows.

    Why it hurts:
        The test stands in for serving. A column that fills up, empties or changes its codes was written by
        another process, and the model learned the old one.

    Example:
        A device type that is missing in 2 % of the training rows and in 30 % of the test rows fires; a
        topic whose share moves from 10 to 13 % is silent.

    How to fix:
        Find the change in the writer of the log; train on what is after it, or give the value that now
        stands for missing.

    Source:
        The bounds .1 and .25 of the index are a rule of thumb of credit scoring; its null distribution,
        chi-square times (1/n + 1/m), says what small samples do alone: Yurdakul and Naranjo (2020), Journal
        of Risk Model Validation 14(4).
    """
    data = with_rows(subject.data)
    if data is None:
        return
    train, test = _sampled(data.train), _sampled(data.test)
    if min(len(train), len(test)) < LEAST_ROWS:
        yield Unknown(f"training and test hold under {LEAST_ROWS} rows each; a longer log would answer it")
        return
    for name in data.feature_names:
        column = data.dataset.columns[name]
        if column.role == "list":
            continue
        moved = drift(column.take(train), column.take(test))
        if moved is not None and _is_emptied(subject, name, moved):
            yield _emptied(name, moved)
        elif moved is not None and _is_category(subject, name, column) and moved.excess > PSI:
            yield _mixed(name, moved)


def _sampled(rows: NDArray[np.bool_]) -> NDArray[np.int64]:
    index = np.flatnonzero(rows)
    return index[:: max(1, -(-len(index) // SAMPLE))]


def _is_category(subject: Subject, name: str, column: Vector) -> bool:
    said = subject.framing.features[name].as_
    return said == "category" or (said is None and column.role in ("text", "boolean"))


def _is_emptied(subject: Subject, name: str, moved: Drift) -> bool:
    """Whether missing shares differ beyond chance; windows that fill up with history do not count."""
    apart = moved.missing_after - moved.missing_before
    if _fills_up(subject, name) and apart < 0:
        return False
    pooled = (moved.missing_before * moved.n_before + moved.missing_after * moved.n_after) / (
        moved.n_before + moved.n_after
    )
    # z = (p1 - p0) / sqrt(p (1 - p) (1/n + 1/m))
    error = np.sqrt(pooled * (1 - pooled) * (1 / moved.n_before + 1 / moved.n_after))
    return abs(apart) >= MISSING_APART and abs(apart) > 4 * error


def _fills_up(subject: Subject, name: str, _open: frozenset[str] = frozenset()) -> bool:
    """Whether a feature is, or rests on, a window over past events."""
    feature = subject.framing.features[name]
    if feature.source is not None:
        return True
    inside = (
        feature.sql.columns if feature.sql is not None else frozenset()
    ) & subject.framing.features.keys()
    return any(_fills_up(subject, one, _open | {name}) for one in inside - _open - {name})


def _emptied(name: str, moved: Drift) -> Hit:
    return Hit(
        path=("features", name),
        evidence=f"expected {name!r} to be missing as often where it is judged as where it was learned, "
        f"got {moved.missing_after:.1%} of {moved.n_after:,} test rows after {moved.missing_before:.1%} "
        f"of {moved.n_before:,}.",
        fix=f"{name}: {{..., default: VALUE}}, once it is known who stopped writing it",
        numbers=moved.numbers,
    )


def _mixed(name: str, moved: Drift) -> Hit:
    return Hit(
        path=("features", name),
        evidence=f"expected the categories of {name!r} in test as in training, got a population "
        f"stability index of {moved.psi:.2f}, where chance alone stays under {moved.null:.3f} (n "
        f"{moved.n_before:,} and {moved.n_after:,}).",
        fix="train on what is after the change: split: {train: 30d, validation: 7d, calibration: 7d, "
        "test: 14d}",
        numbers=moved.numbers,
    )


@rule("FEAT005", "constant-or-missing", severity="warn", stage="data")
def constant_or_missing(subject: Subject) -> Iterator[Hit | Unknown]:
    """A feature has one value, or none, in all training rows.

    What it checks:
        Each feature's column over the training rows: no value at all, or the same value everywhere without
        a gap.

    Why it hurts:
        It teaches nothing, costs a store and a pipeline, and is usually the trace of a join that found no
        partner or of a filter that kept one kind.

    Example:
        `country` with only FR fires; `country` with FR and missing is silent, because missing is a value too.

    How to fix:
        Mend the join if the feature should vary; else take it out.
    """
    data = with_rows(subject.data)
    if data is None:
        return
    rows = data.train if data.train.any() else np.ones(data.dataset.n_rows, dtype=bool)
    told: set[str] = set()
    for name in data.feature_names:
        column = data.dataset.columns[name]
        if column.role == "list" or int(rows.sum()) < 2:
            continue
        one = column.take(rows)
        known = one.values[~one.is_null]
        is_empty, is_constant = not len(known), len(known) == len(one) and bool((known == known[0]).all())
        if is_empty or is_constant:
            told.add(name)
            got = "none" if is_empty else f"one, {_value(one)}"
            yield Hit(
                path=("features", name),
                evidence=f"expected values that differ, got {got} in {len(one):,} training rows of {name!r}.",
                fix=f"take {name} out, or mend what it is joined by",
                numbers={"rows": len(one), "missing": float(one.is_null.mean())},
            )


def _value(column: Vector) -> str:
    first = column.texts()[0] if column.role == "text" else column.values[0]
    return repr(str(first)[:40]) if column.role == "text" else f"{float(first):g}"


@rule("FEAT007", "no-cold-start", severity="warn", stage="data")
def no_cold_start(subject: Subject) -> Iterator[Hit | Unknown]:
    """New entities are decided on, and the features of an entity have nothing to say of them.

    What it checks:
        The share of test rows whose entity training does not hold (over 5 %), and the features by that
        entity without a `default` that are missing in at least half of these rows. Keys that name a single
        row are exempt.

    Why it hurts:
        Newcomers are where first impressions, fraud and churn happen. A model that has never seen such rows
        guesses, and the average over all rows hides it.

    Example:
        A fifth of the test rows are of new customers and `mean: amount` has no default: fires; with
        `default: 0`, or counts, which are 0 by themselves, it is silent.

    How to fix:
        `default:` a value that means "unknown"; a feature of a wider group (country, category) beside it;
        and a slice, `slices: [{new: customer_count = 0}]`.
    """
    data = with_rows(subject.data)
    if data is None or not data.train.any() or not data.test.any():
        return
    for entity in subject.framing.table.entity:
        column = data.column(entity)
        if column is None or column.role == "list" or _names_a_row(subject, entity, column):
            continue
        new = data.test & ~np.isin(column.values, column.values[data.train])
        share = float(new.sum() / data.test.sum())
        lost = _unknown_of_new(subject, data, entity, new) if share >= NEW_ENTITIES else {}
        if lost:
            yield _newcomers(entity, share, int(new.sum()), lost)


def _names_a_row(subject: Subject, entity: str, column: Vector) -> bool:
    source = subject.example_source
    is_key = source is not None and source.key == (entity,)
    return is_key or len(np.unique(column.values)) > 0.9 * len(column)


def _unknown_of_new(
    subject: Subject, data: DataEvidence, entity: str, new: NDArray[np.bool_]
) -> Mapping[str, float]:
    """Return the features by an entity without a default, with their missing share among newcomers."""
    found = {}
    for name in data.feature_names:
        feature = subject.framing.features[name]
        if feature.source is not None and entity in feature.by and feature.default is None:
            missing = float(data.dataset.columns[name].is_null[new].mean())
            if missing >= UNKNOWN_OF_NEW:
                found[name] = missing
    return found


def _newcomers(entity: str, share: float, n: int, lost: Mapping[str, float]) -> Hit:
    first = max(lost, key=lambda name: lost[name])
    named = ", ".join(f"{name} ({missing:.0%})" for name, missing in lost.items())
    return Hit(
        path=("features", first),
        evidence=f"expected something to go by for a new {entity}, got {share:.1%} of the test rows "
        f"({n:,}) of ones that training does not hold, and missing among them: {named}.",
        fix=f"{first}: {{..., default: 0}}, and evaluation: {{slices: [{{new_{entity}: {first} is null}}]}}",
        numbers={"share_new": share, "rows_new": n, **lost},
    )


@rule("FEAT010", "stream-without-gain", severity="info", stage="run")
def stream_without_gain(subject: Subject) -> Iterator[Hit | Unknown]:
    """Streaming features cost a pipeline that never sleeps, and nobody showed what they gain over daily ones.

    What it checks:
        The share of the chosen model's mean absolute contributions that belongs to features with `serve:
        stream`, declared or assumed, or fresher than a day. Under 1 % for every task they buy next to
        nothing. Above, only a run with `refresh: 1d` in their place can tell what the freshness itself is
        worth.

    Why it hurts:
        A stream needs state, replay, watermarks and people on call. A nightly table of the same counts
        often carries nearly all of the signal.

    Example:
        Three streamed counts with .4 % of the contributions fire; at 30 % the rule is not assessed until a
        second run compares.

    How to fix:
        Run once with `refresh: {every: 1d, at: '02:00'}` on them, and keep the stream if the primary metric
        says so.

    Source:
        The bound of 1 % is ours.
    """
    run = subject.run or {}
    streams = _streams(subject)
    tasks: Mapping[str, Any] = (run.get("train") or {}).get("tasks") or {}
    shares = {task: share for task, one in tasks.items() if (share := _share(one, streams)) is not None}
    if not streams:
        return
    if not shares:
        yield Unknown("the chosen model has no contributions by feature; a candidate of trees or linear has")
    elif max(shares.values()) < STREAM_SHARE:
        listed = ", ".join(f"{task} {share:.2%}" for task, share in shares.items())
        yield Hit(
            path=("features", streams[0]),
            evidence=f"expected streams that earn their upkeep, got {len(streams)} of them with "
            f"{listed} of the model's contributions.",
            fix="refresh: {every: 1d, at: '02:00', takes: 1h}",
            numbers={"streams": len(streams), **shares},
        )
    else:
        top = max(shares.values())
        yield Unknown(
            f"{len(streams)} streamed features carry up to {top:.0%} of the contributions, and no run "
            "with daily ones stands beside it; one with refresh: 1d on them would answer it"
        )


def _streams(subject: Subject) -> list[str]:
    """Return features that are computed while events come in."""
    found = []
    for name, feature in subject.framing.features.items():
        is_fresh = feature.freshness is not None and feature.freshness.microseconds < DAY
        if feature.source is not None and feature.refresh is None and (feature.serve == "stream" or is_fresh):
            found.append(name)
    return found if subject.is_online else [one for one in found if _is_said(subject, one)]


def _is_said(subject: Subject, name: str) -> bool:
    """Whether the file itself asks for a stream; a batch decision is not one by default."""
    names = subject.written("features")
    written = written_name([str(one) for one in names] if isinstance(names, Mapping) else [], name)
    return subject.document is not None and subject.written("features", written, "serve") == "stream"


def _share(task: Any, streams: list[str]) -> float | None:
    """Return the streams' share of the contributions of one task; None where there are none."""
    listed = task.get("contributions") if isinstance(task, Mapping) else None
    total = sum(float(one["mean_absolute"]) for one in listed or ())
    if not total:
        return None
    return sum(float(one["mean_absolute"]) for one in listed or () if one["feature"] in streams) / total


DATA_RULES: tuple[Rule, ...] = (
    mix_differs_in_test, constant_or_missing, no_cold_start, stream_without_gain,
)  # fmt: skip
