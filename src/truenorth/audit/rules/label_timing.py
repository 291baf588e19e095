"""LABEL, continued: when outcomes became known, and whether the framing said so.

The delay is looked for where it can be: in a column of knowing, in the time to a report, in outcomes that
thin out before a part ends. Where the log holds none of these the answer is that it is not known.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from truenorth.audit.contract import Hit, Unknown, rule
from truenorth.audit.measured.built_labels import found_by_build, trained_columns
from truenorth.audit.measured.outcome_endings import Comparison, Ending, ending
from truenorth.audit.stated.label_words import REPORTED
from truenorth.audit.stated.lexicon import plain, words_in
from truenorth.audit.subject import Subject
from truenorth.framing.durations import DAY, SECOND, Duration
from truenorth.framing.horizon import read_columns, with_dependencies
from truenorth.framing.known import renamed
from truenorth.framing.labels import Label
from truenorth.framing.sources import Known, Source

FALL = 0.75
"""Outcomes just before the end of a part for one expected, at or below which rows are not finished."""
SURE = 4.0
"""Standard errors of that fall; neighbouring weeks differ by three now and then, as customers repeat."""
RECOVERY = 0.85
"""The same against the first rows of the next part, which had time; a trend does not recover there."""
_SHOWN = {"0.5": "half", "0.95": "95 %", "0.99": "99 %"}


@rule("LABEL004", "delay-not-declared", severity="warn", stage="data")
def delay_not_declared(subject: Subject) -> Iterator[Hit | Unknown]:
    """Outcomes become known later than the framing says.

    What it checks:
        For every source that a trained label reads: its `known_at` against the promised `known_after` (95 %
        within an undeclared bound of 0, 99 % within a declared one). Where events report on the very row
        (same key, or words such as chargeback or verdict) and nothing is declared, the time from the decision
        to the event.

    Why it hurts:
        Until the report is in, a fraud counts as an honest payment. The youngest rows, which resemble
        tomorrow most, are then the ones with wrong labels.

    Example:
        A source with `known_at: received_at`, 95 % of its rows received within 20 days and no `known_after`
        fires; with `known_after: 30d` it is silent. A label read from its own row with `known_after: 0s` and
        no time of knowing in the log is not assessed.

    How to fix:
        Write the bound that 99 of 100 rows keep. Where no column says when a row came in, ask who loads the
        table, and have the time logged.

    Source:
        The bound of 99 of 100 is a rule of thumb of ours; Chapelle (2014), Modeling Delayed Feedback in
        Display Advertising, KDD, shows what late conversions do to a model.
    """
    assert subject.data is not None
    labels = with_dependencies(subject.tasks, subject.framing.labels)
    said: set[tuple[str, str]] = set()
    for name in labels:
        for one in _delays(subject, name, subject.framing.labels[name]):
            key = (type(one).__name__, one.reason if isinstance(one, Unknown) else str(one.path))
            if key not in said:
                said.add(key)
                yield one


def _delays(subject: Subject, name: str, label: Label) -> Iterator[Hit | Unknown]:
    source_name = label.source or subject.framing.table_of(label).source
    source = subject.framing.sources.get(source_name or "")
    if label.combine is not None or source is None or source_name is None or source.time is None:
        return
    entries = _entries(source, read_columns(label))
    clocks = [one for one in entries if one.at is not None]
    if clocks:
        for known in clocks:
            yield from _late(subject, source_name, known)
    elif all(not one.after for one in entries):
        yield from _unclocked(subject, name, label, source_name)


def _entries(source: Source, read: frozenset[str]) -> list[Known]:
    own = [known for entry, known in source.column_known.items() if renamed(source, entry) in read]
    return list(dict.fromkeys([source.row_known, *own]))


def _late(subject: Subject, name: str, known: Known) -> Iterator[Hit | Unknown]:
    """Compare when rows were known with what was promised."""
    assert subject.data is not None
    report = subject.data.sources.get(name, {})
    lags = report.get("lag_seconds", {}).get(known.at)
    if not lags or lags.get("0.95") is None:
        yield Unknown(f"no row of {name} has both its time and {known.at}, so that no delay can be seen")
        return
    bound = known.after.microseconds / SECOND
    promise = str(known.after) if bound else "0s (nothing is declared)"
    worst = float(lags["0.99"])
    if (not bound and float(lags["0.95"]) > 0) or (bound and worst > bound):
        shown = ", ".join(
            f"{what} within {_length(float(lags[q]))}" for q, what in _SHOWN.items() if q in lags
        )
        yield Hit(
            path=("sources", name, "known_after"),
            evidence=f"expected {known.at!r} within {promise} of the event, "
            f"got {shown}; {int(report.get('n_late', 0)):,} values later than promised.",
            fix=f"known_after: {_enough(worst)}",
            numbers={**{f"lag_days_{q}": float(lags[q]) / 86_400 for q in _SHOWN if q in lags},
                     "bound_days": bound / 86_400, "late": int(report.get("n_late", 0))},
        )  # fmt: skip


def _unclocked(subject: Subject, name: str, label: Label, source_name: str) -> Iterator[Hit | Unknown]:
    """Answer where nothing says when a row was known: from the time to the event, if that is the report."""
    assert subject.data is not None
    if label.source is None:
        yield Unknown(
            f"known_after 0s is declared for {name}, and nothing in the log of {source_name} says when it "
            "became known; a column with that time, as known_at, would answer it"
        )
        return
    if subject.written("sources", source_name, "known_after") is not None:
        return
    days = subject.data.labels.get(name, {}).get("days_to_event")
    if not _is_report(subject, name, label) or not days:
        yield Unknown(
            f"no column of {source_name} says when a row came in: add known_at, or promise known_after "
            "(0s counts)"
        )
        return
    missed, of = _after_the_window(subject, name, label)
    beyond = f"; {missed:,} of {of:,} after the window of {label.within}" if missed else ""
    yield Hit(
        path=("sources", source_name, "known_after"),
        evidence=f"expected a declared delay of {source_name!r}, got none, while half of its events come "
        f"{days['0.5']:.1f} days after the decision, 95 % within {days['0.95']:.1f} days{beyond}.",
        fix="known_after: 0s   # if time is when the report came in; else the time from event to report",
        numbers={"days_to_event_p50": days["0.5"], "days_to_event_p95": days["0.95"],
                 "after_the_window": missed, "events": of},
    )  # fmt: skip


def _is_report(subject: Subject, name: str, label: Label) -> bool:
    """Whether an event tells what a row already was: it has the row's own key, or a word that says so."""
    own = subject.example_source
    is_of_the_row = own is not None and bool(own.key) and set(own.key) <= set(label.by) and not label.absent
    return is_of_the_row or bool(words_in(plain(name, label.source, label.origin), REPORTED))


def _after_the_window(subject: Subject, name: str, label: Label) -> tuple[int, int]:
    """Return how many events of a label with a longer window come after this one's, of how many."""
    assert subject.data is not None
    outcomes = subject.data.dataset.labels
    for other, longer in subject.framing.labels.items():
        is_same = all(getattr(longer, key) == getattr(label, key) for key in ("source", "where", "by", "gap"))
        windows = [one for one in (label.within, longer.within) if isinstance(one, Duration)]
        if is_same and len(windows) == 2 and windows[1] > windows[0] and {name, other} <= outcomes.keys():
            both = outcomes[name].is_observed & outcomes[other].is_observed
            late = np.asarray(outcomes[other].values.values, dtype=np.float64)[both] > 0
            early = np.asarray(outcomes[name].values.values, dtype=np.float64)[both] > 0
            return int((late & ~early).sum()), int(late.sum())
    return 0, 0


def _length(seconds: float) -> str:
    for unit, name in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= unit:
            return f"{seconds / unit:.1f} {name}"
    return f"{seconds:.0f} seconds"


def _enough(seconds: float) -> Duration:
    unit = DAY if seconds > 86_400 else DAY // 24
    return Duration(int(-(-seconds * SECOND // unit)) * unit)


@rule("LABEL005", "immature-rows-train", severity="error", stage="data")
def immature_rows_train(subject: Subject) -> Iterator[Hit | Unknown]:
    """Rows whose outcome is still open count as finished.

    What it checks:
        No label is wholly unobserved; and in the last week of each part of the split outcomes are as frequent
        as in the three weeks before and as in the first rows of the next part. In the last week of the log,
        which has no next part, they do not fall ever deeper. Rows that the declared delay holds back do not
        count: a fall says that the delay is longer than declared.

    Why it hurts:
        Missing outcomes are read as "no". The order of the scores hardly notices; the base rate does, and
        with it every probability, threshold and cost.

    Example:
        A rate of .15 that is .06 in the last week of training and .15 again at the start of validation fires;
        a rate that goes down and stays down is a trend, and silent.

    How to fix:
        Declare the delay where it is true, in the source: `known_after`. Rows then wait until they are
        mature.

    Source:
        A fall by a quarter and four standard errors is our rule of thumb, set so that the ready systems' logs
        stay silent; the test is Mantel and Haenszel (1959).
    """
    assert subject.data is not None
    yield from found_by_build(subject, "LABEL005", "error")
    tested = 0
    for name, column in trained_columns(subject):
        if not _is_an_event(subject, name):
            continue
        found = ending(subject.data, column, absent=bool(subject.framing.labels[name].absent))
        if found is None or not found.is_assessed:
            continue
        tested += 1
        fallen = _fallen(found)
        if fallen is not None:
            yield _immature(subject, name, column, found, fallen)
    events = [name for name, _ in trained_columns(subject) if _is_an_event(subject, name)]
    if events and not tested and subject.framing.table.at != "none":
        yield Unknown(
            f"too few outcomes of {', '.join(events)} near the ends of the parts to compare their rate"
        )


def _is_an_event(subject: Subject, name: str) -> bool:
    label = subject.framing.labels[name]
    is_counted = label.aggregate in (None, "count", "sum", "absent") and label.combine is None
    return label.kind in ("binary", "tags") or (
        label.source is not None and is_counted and label.kind != "class"
    )


def _fallen(found: Ending) -> Comparison | None:
    """Return the fall that is no trend: at the end of every part, or ever deeper at the end of the log."""
    before, after, last = found.before, found.after, found.last
    recovers = after.ratio <= RECOVERY and after.z <= -SURE / 2
    if after.n_other and recovers and before.ratio <= FALL and before.z <= -SURE:
        return before
    is_thinning = found.thinning.ratio <= RECOVERY and found.thinning.z <= -SURE / 2
    return last if last.ratio <= FALL and last.z <= -SURE and is_thinning else None


def _immature(subject: Subject, name: str, column: str, found: Ending, fallen: Comparison) -> Hit:
    assert subject.data is not None
    label, profile = subject.framing.labels[name], subject.data.labels.get(column, {})
    counts = {state: int(profile.get(state, 0)) for state in ("observed", "immature", "undefined")}
    share = counts["immature"] / max(sum(counts.values()), 1)
    source = label.source or subject.framing.table_of(label).source or ""
    where, then = "the log ends", "and falling on"
    if fallen is found.before:
        where = "the parts end"
        then = f"and {found.after.rate_other:.3f} at the start of the next part"
    return Hit(
        path=("labels", name),
        evidence=f"expected outcomes of {column!r} as often before {where} as earlier, got a "
        f"rate of {fallen.rate_last:.3f} in the last {found.days:.1f} days against {fallen.rate_other:.3f} "
        f"before, {then} ({fallen.z:.1f} standard errors); {share:.0%} of the rows are held back.",
        fix=f"sources.{source}.known_after: {_enough(found.days * 86_400)}   # the delay as it is, or longer",
        numbers={"rate_last": fallen.rate_last, "rate_before": fallen.rate_other, "z": fallen.z,
                 "ratio": fallen.ratio, "immature_share": share, "days": found.days},
    )  # fmt: skip


@rule("LABEL017", "known-before-it-happened", severity="warn", stage="data")
def known_before_it_happened(subject: Subject) -> Iterator[Hit | Unknown]:
    """Outcomes were recorded before they happened: some clock is wrong.

    What it checks:
        In the sources of the trained labels, fewer than one row in a thousand has a `known_at` before its
        event time.

    Why it hurts:
        A report cannot precede what it reports. One of the two stamps is in another zone, filled in by hand,
        or of another event, so windows cut at the wrong instant for every row, not for these alone.

    Example:
        5 % of the rows received an hour before they happened fires; a handful of rows with a broken meter
        does not.

    How to fix:
        Compare the zones of the two stamps first: `time: {column: acted_at, zone: Europe/Paris}`. They are
        known at the event until then.

    Source:
        One in a thousand is a rule of thumb of ours: devices with a wrong clock exist.
    """
    assert subject.data is not None
    names = {
        subject.framing.labels[name].source or subject.framing.table_of(subject.framing.labels[name]).source
        for name in with_dependencies(subject.tasks, subject.framing.labels)
    }
    for name in sorted(one for one in names if one is not None):
        report = subject.data.sources.get(name, {})
        early, kept = int(report.get("n_known_before_event", 0)), int(report.get("n_kept", 0))
        if early > 0.001 * kept:
            yield Hit(
                path=("sources", name, "known_at"),
                evidence=f"expected rows of {name!r} known after they happened, got {early:,} of {kept:,} "
                f"({early / max(kept, 1):.2%}) known before.",
                fix="time: {column: acted_at, zone: Europe/Paris}   # the zone in which the stamp is written",
                numbers={"known_before_event": early, "rows": kept},
            )


RULES = (delay_not_declared, immature_rows_train, known_before_it_happened)
