"""LEAK: whether anything that is decided on, or judged by, was known only later."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from truenorth.audit.contract import Hit, Rule, Unknown, rule
from truenorth.audit.evidence import DataEvidence
from truenorth.audit.measured.arrivals import Delay, broken_promises, rounded_up, shown, undeclared
from truenorth.audit.rules.leak_data import DATA_RULES
from truenorth.audit.stated.lexicon import words_in
from truenorth.audit.stated.row_reads import outcome_columns, own_reads, windowed_attributes
from truenorth.audit.subject import Subject
from truenorth.framing.examples import ExampleTable
from truenorth.framing.known import effective_known
from truenorth.framing.models import External

MODEL_OUTPUT = (
    "score", "model score", "logged score", "previous score", "old score", "ranker score", "ranking score",
    "pred", "preds", "prediction", "predicted", "yhat", "logit", "pctr", "pcvr", "propensity",
    "logged probability",
)  # fmt: skip
"""Names of what a model said."""
PLACES = ("position", "rank", "impression rank", "display position", "shown position")
"""Names of where a list had put something; they count only where there are lists."""


def _proved(subject: Subject, code: str) -> Iterator[Hit]:
    """Pass on what reading the file proved."""
    for one in subject.said(code):
        yield Hit(
            path=one.path, evidence=one.evidence, fix=one.fix, numbers=one.numbers, severity=one.severity
        )


@rule("LEAK001", "own-row-known-later", severity="error")
def own_row_known_later(subject: Subject) -> Iterator[Hit | Unknown]:
    """A decision reads a value of its own row that becomes known only later.

    What it checks:
        Every column that a feature, filter, key, score, rule or cost reads on the example's row has a known
        time that is no later than the prediction. It is proved from the declared times, before any query
        runs.

    Why it hurts:
        The log is complete when the model is trained and empty in that place when it decides. The offline
        figure is one that no live system will ever reach.

    Example:
        `known_after: {seconds_viewed: 10m}` beside `features: {seen: {column: seconds_viewed}}` fires; the
        same column read by `{source: shows, by: item, mean: seconds_viewed, last: 7d}` is silent.

    How to fix:
        Drop the column, or read its past by a trailing window.
    """
    yield from _proved(subject, "LEAK001")


@rule("LEAK002", "window-before-known", severity="error")
def window_before_known(subject: Subject) -> Iterator[Hit | Unknown]:
    """A feature reads facts as of their event although they arrive later.

    What it checks:
        From the file: a window that ends before anything in it is known, and a derived column that claims
        to be known before its parts. From the data: a source without a known time whose rows carry a column
        of arrival, and a promised `known_after` that 5 % of the rows break.

    Why it hurts:
        A claim of last week that was filed today cannot have warned anybody last week. Trained on event
        times, the model counts warnings that serving never has.

    Example:
        A claims log with `received_at` two days after `time`, and `known_after: 0s`, fires; with `known_at:
        received_at` it is silent.

    How to fix:
        Name the column that says when a row came in, and the bound that holds: `known_at: received_at,
        known_after: 2d`. Where nothing says so, ask whoever fills the table.
    """
    yield from _proved(subject, "LEAK002")
    found = [] if subject.data is None else [*_late_arrivals(subject, subject.data)]
    yield from found
    doubtful = _outcomes_known_at_once(subject)
    if doubtful and not found:
        looked = "no column of the log says when they were; one with the time of arrival would answer it"
        if subject.data is None:
            looked = "the examples may show a column of arrival: use --data"
        yield Unknown(
            f"windows read {', '.join(doubtful)}, outcomes that are said to be known at once, and {looked}"
        )


def _late_arrivals(subject: Subject, data: DataEvidence) -> Iterator[Hit]:
    """Yield sources of windows whose rows come in later than is declared."""
    features = [one for one in subject.framing.features.items() if one[1].source is not None]
    for name in subject.framing.sources:
        read = [feature for feature, one in features if one.source == name]
        if not read:
            continue
        delay = undeclared(subject.framing, data, name)
        if delay is not None:
            yield _undeclared(delay, read)
        for broken in broken_promises(subject.framing, data, name):
            yield _broken(broken, read)


def _undeclared(delay: Delay, read: list[str]) -> Hit:
    return Hit(
        path=("sources", delay.source, "known_at"),
        evidence=f"expected values known when they are read, got rows of {delay.source!r} of which one "
        f"in twenty has its {delay.column!r} {shown(delay.observed)} or more after the event, beside a "
        f"declared delay of {shown(delay.declared)} (read by {_listed(read)}).",
        fix=f"known_at: {delay.column}, known_after: {rounded_up(delay.longest)}",
        numbers={"lag_p95_seconds": delay.observed, "declared_seconds": delay.declared, "rows": delay.n},
    )


def _broken(delay: Delay, read: list[str]) -> Hit:
    return Hit(
        path=("sources", delay.source, "known_after"),
        evidence=f"expected 95 % of {delay.source!r} within the promised {shown(delay.declared)}, got "
        f"{shown(delay.observed)} at that quantile, and {delay.n_late:,} of {delay.n:,} rows later than "
        f"promised (read by {_listed(read)}).",
        fix=f"known_after: {rounded_up(delay.longest)}",
        numbers={
            "lag_p95_seconds": delay.observed, "promised_seconds": delay.declared, "n_late": delay.n_late,
            "rows": delay.n,
        },
        severity="warn",
    )  # fmt: skip


def _outcomes_known_at_once(subject: Subject) -> list[str]:
    """Return columns of the row's outcome that windows read and that are declared without any delay."""
    framing = subject.framing
    name = framing.table.source or ""
    outcomes = {column for columns in outcome_columns(framing).values() for column in columns}
    waits = effective_known(framing.sources, name).columns if name in framing.sources else {}
    read: set[str] = set()
    for feature in framing.features.values():
        for expression in (feature.where, feature.aggregated) if feature.source == name else ():
            read |= set() if expression is None else expression.columns
    return [f"{name}.{one}" for one in sorted(read & outcomes) if one not in waits or not waits[one].is_later]


def _listed(names: Sequence[str], most: int = 4) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


@rule("LEAK003", "feature-from-label", severity="error")
def feature_from_label(subject: Subject) -> Iterator[Hit | Unknown]:
    """A feature is made from the label, or from the column that the label is read off.

    What it checks:
        No feature names a label, and none reads, on the example's row, a column that a label's `when`,
        `value` or `columns` names: directly, or through a derived column.

    Why it hurts:
        The model learns to read the answer. It looks perfect on every row that is already over, and has
        nothing to read on those it is built for.

    Example:
        `labels: {paid: {when: status = 'paid'}}` beside `features: {status: {column: status}}` fires;
        `{status_before: {source: invoices, by: customer, latest: status}}` is silent.

    How to fix:
        Take the feature out, or read the same column of earlier rows by a trailing window.
    """
    yield from _proved(subject, "LEAK003")
    told = {one.path[:2] for code in ("LEAK001", "LEAK003") for one in subject.said(code)}
    outcomes = outcome_columns(subject.framing)
    for name, feature in subject.framing.features.items():
        if ("features", name) in told:
            continue
        for key, read in own_reads(feature):
            through = _with_parts(subject, read)
            label = next((one for one, columns in outcomes.items() if columns & through), None)
            if label is not None:
                yield _outcome_read(subject, name, key, label, sorted(outcomes[label] & through))


def _with_parts(subject: Subject, read: frozenset[str]) -> frozenset[str]:
    """Return columns with those that they are derived from."""
    source = subject.example_source
    made = {} if source is None else source.columns
    found, rest = set(read), [one for one in read if one in made]
    while rest:
        new = made[rest.pop()].columns - found
        found |= new
        rest += [one for one in new if one in made]
    return frozenset(found)


def _outcome_read(subject: Subject, name: str, key: str, label: str, columns: list[str]) -> Hit:
    whole = len(outcome_columns(subject.framing)[label]) == 1 or subject.framing.labels[label].columns
    return Hit(
        path=("features", name, key),
        evidence=f"expected what is known before the outcome, got {', '.join(columns)}, which "
        f"labels.{label} is read off: features.{name} <- {', '.join(columns)} -> labels.{label}.",
        fix=f"take {name} out, or read earlier rows: {{source: ..., by: ..., latest: {columns[0]}}}",
        severity="error" if whole and label in subject.tasks else "warn",
    )


@rule("LEAK004", "undated-attribute", severity="warn")
def undated_attribute(subject: Subject) -> Iterator[Hit | Unknown]:
    """An attribute without a date is read as if it had always been true.

    What it checks:
        Columns that an undated source calls `static` and a feature of dated examples reads: on the row,
        through a `lookup`, or as an attribute of the events in a window.

    Why it hurts:
        The table holds today's value. A customer's segment, a seller's rating, an account's status have
        changed, often because of the very outcome that is predicted.

    Example:
        `sellers: {time: none, key: seller, static: [rating]}` read by a feature fires; `sellers: {time:
        rated_at, key: seller}` is silent, and so is an undated table that only the slices read.

    How to fix:
        Bring the dated history, `time: updated_at`. What truly never changes, such as a birthplace or where
        a shop stands, is waived once, with that as the reason.
    """
    yield from _proved(subject, "LEAK004")
    told = " ".join(one.evidence for one in subject.said("LEAK004"))
    for source, columns in windowed_attributes(subject.framing).items():
        new = {
            column: name
            for column, name in columns.items()
            if not words_in(told, (column.replace("_", " "),))
        }
        if new:
            yield Hit(
                path=("sources", source, "static"),
                evidence=f"expected dated attributes, got {', '.join(new)} without a date (read by the "
                f"windows of {_listed(sorted(set(new.values())))}): every event carries today's value.",
                fix="bring the dated history of what changes, and keep as static only what never does.",
                numbers={"columns": len(new)},
            )


@rule("LEAK006", "random-split-of-dated-rows", severity="error")
def random_split_of_dated_rows(subject: Subject) -> Iterator[Hit | Unknown]:
    """Dated examples are split at random, so that the future trains what is judged on the past.

    What it checks:
        `split.random` beside examples of more than one prediction time; and, in the built examples, a
        published part (`split.column`) whose training rows lie in the midst of the test rows.

    Why it hurts:
        A customer's next month, a video's later views and yesterday's prices sit in training beside the
        rows they are judged on. The figure says how well the past is filled in, not how well the future is
        met.

    Example:
        `split: {random: {train: 80%, test: 20%}}` over a log with `time: paid_at` fires; over a snapshot
        with `time: 2008-03-20` it is silent.

    How to fix:
        Count back from the end: `split: {validation: 7d, calibration: 7d, test: 14d}`.

    Source:
        Kapoor and Narayanan (2023). Leakage and the reproducibility crisis in machine-learning-based science.
        Patterns 4(9).
    """
    framing = subject.framing
    split = framing.split
    if split is None or framing.table.at == "none":
        return
    yield from _proved(subject, "LEAK006")
    if split.random is not None and _has_many_times(subject) and not subject.said("LEAK006"):
        yield Hit(
            path=("split", "random"),
            evidence="expected parts that follow each other, got shares by hash of rows with times of "
            "their own.",
            fix="split: {train: 60d, validation: 7d, calibration: 7d, test: 14d}",
        )
    if split.column is not None and _has_many_times(subject):
        yield from _mixed_parts(subject)


def _has_many_times(subject: Subject) -> bool:
    """Whether examples stand at several times, as far as the framing and the data say."""
    data = subject.data
    if data is not None and len(data.at):
        return bool(data.at.min() < data.at.max())
    source = subject.example_source
    if source is None or source.time is None:
        return source is None or source.is_dated
    return source.time.constant is None


def _mixed_parts(subject: Subject) -> Iterator[Hit | Unknown]:
    data = subject.data
    if data is None or not len(data.at):
        yield Unknown(
            "whether the published parts follow each other in time shows in the examples: use --data"
        )
        return
    if not data.train.any() or not data.test.any():
        return
    late = float((data.at[data.train] > np.median(data.at[data.test])).mean())
    after = float((data.at[data.train] >= data.at[data.test].min()).mean())
    if late > 0.05:
        yield Hit(
            path=("split", "column"),
            evidence=f"expected training rows before the test, got {after:.1%} after its first row and "
            f"{late:.1%} after its median.",
            fix="split: {train: 60d, validation: 7d, calibration: 7d, test: 14d}",
            numbers={"after_first_test_row": after, "after_median_test_row": late},
        )


@rule("LEAK007", "embargo-too-short", severity="error")
def embargo_too_short(subject: Subject) -> Iterator[Hit | Unknown]:
    """The labels of a part cannot be known when the next part starts.

    What it checks:
        Every dated part of the split is longer than the label's window and delay, so that some of its rows
        have matured when the next part begins. It is proved from the dates of the split.

    Why it hurts:
        Labels are read as of the start of the next part, as a live system would read them. Without room
        none has matured; and read any later they would overlap what is judged.

    Example:
        A label `within: 30d` and `validation: 2026-03-01..2026-03-15` before a test on 03-15 fires; a
        validation of 45 days is silent.

    How to fix:
        Start the part earlier or the next one later; or predict an earlier sign of the same outcome.
    """
    yield from _proved(subject, "LEAK007")


@rule("LEAK009", "own-output-as-feature", severity="error")
def own_output_as_feature(subject: Subject) -> Iterator[Hit | Unknown]:
    """What an earlier model or list made of the row is an ordinary feature.

    What it checks:
        Features that read, on the example's row, what `examples` names as `position` or `propensity`, the
        column of `models.incumbent` or an external candidate, or a column named like a score or a place.
        The place that is being filled is known before anything is ranked, and is exempt: a column of
        `group` or `decision`, or the position at which a single `action` is taken.

    Why it hurts:
        High places are clicked because they are high. A model that reads the old place learns to repeat the
        old list; when it ranks by itself the place does not exist yet.

    Example:
        `examples: {position: position}` beside `features: {place: {column: position}}` fires; `models:
        {tasks: {click: {position: debias}}}` is silent.

    How to fix:
        Take the feature out and let training account for the place: `models: {tasks: {TASK: {position:
        debias}}}`. Beat the old score as an `incumbent`, instead of learning from it.

    Source:
        Zhao et al. (2019). Recommending what video to watch next. RecSys, on position as a shallow tower.
    """
    framing = subject.framing
    outputs = _declared_outputs(subject)
    filled = _filled(framing.table)
    has_lists = bool(framing.table.group or framing.table.position or framing.table.shown)
    named = (*MODEL_OUTPUT, *PLACES) if has_lists else MODEL_OUTPUT
    for name, feature in framing.features.items():
        own = [(key, read) for key, read in own_reads(feature) if key in ("column", "sql")]
        for key, read in own:
            declared = [one for one in sorted(read) if one in outputs and one not in filled]
            looks = [
                one for one in sorted(read - filled) if one not in framing.features and _is_named(one, named)
            ]
            if declared or looks:
                yield _output_read(subject, name, key, (declared or looks)[0], outputs)


def _filled(table: ExampleTable) -> frozenset[str]:
    """Return the columns that say which place is being filled: the choice, or where an action is taken."""
    found = {*table.decision, *table.group, *table.entity}
    if table.action is not None and not table.group and table.position is not None:
        found |= table.position.columns
    return frozenset(found)


def _is_named(column: str, names: tuple[str, ...]) -> bool:
    plain = re.sub(r"[^a-z0-9]+", " ", column.lower()).strip()
    return plain in names


def _declared_outputs(subject: Subject) -> Mapping[str, str]:
    """Return columns that the framing itself calls outputs, with what it calls them."""
    framing = subject.framing
    found: dict[str, str] = {}
    for role in ("position", "propensity"):
        expression = getattr(framing.table, role)
        columns = expression.columns if hasattr(expression, "columns") else frozenset()
        if role == "propensity" and hasattr(expression, "softmax"):
            columns = expression.softmax.columns
        found |= dict.fromkeys(columns, f"examples.{role}")
    if framing.models.incumbent:
        found[framing.models.incumbent] = "models.incumbent"
    for candidate in framing.models.candidates:
        if isinstance(candidate, External):
            found[candidate.external] = "a candidate's scores"
    return found


def _output_read(subject: Subject, name: str, key: str, column: str, outputs: Mapping[str, str]) -> Hit:
    task = next(iter(subject.tasks), "TASK")
    what = outputs.get(column)
    said = f"which is {what}" if what else "which is named like what a model or a list made"
    is_place = what == "examples.position" or _is_named(column, PLACES)
    return Hit(
        path=("features", name, key),
        evidence=f"expected what was known before anything was ranked or scored, got {column!r}, {said}.",
        fix=f"models: {{tasks: {{{task}: {{position: debias}}}}}}, and take {name} out"
        if is_place
        else f"take {name} out; compare with it instead: models: {{incumbent: {column}}}",
        severity="error" if what else "warn",
    )


_STATIC = (
    own_row_known_later, window_before_known, feature_from_label, undated_attribute,
    random_split_of_dated_rows, embargo_too_short, own_output_as_feature,
)  # fmt: skip
RULES: tuple[Rule, ...] = tuple(sorted((*_STATIC, *DATA_RULES), key=lambda one: one.code))
