"""LEAK, of the data: what the built examples say although the framing may be silent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from truenorth.audit.contract import Hit, Rule, Unknown, rule
from truenorth.audit.evidence import DataEvidence, with_rows
from truenorth.audit.measured.impact import LEAST, Impact, held_out, impact, parts
from truenorth.audit.measured.period_aggregates import (
    Attribute,
    attributes,
    constant_within,
    entity_codes,
    latest_lift,
    origin_of,
    period_words,
)
from truenorth.audit.measured.split_twins import Twins, twins
from truenorth.audit.measured.strength import auc
from truenorth.audit.measured.target_means import Encoding, find_encoding
from truenorth.audit.stated.row_reads import CLOCK, is_proved, own_reads, undated_reads
from truenorth.audit.subject import Subject
from truenorth.framing.models import External
from truenorth.models.rows import feature_roles

DECIDES = 0.95
"""ROC area at which one column is the answer, or as good as it."""
DECIDES_A_NUMBER = 0.99
"""The same for a number, against its median: what an honest driver such as a distance does not reach."""
STANDS_OUT = 0.15
"""Lead over the next column that is no longer a good idea of somebody's."""
STANDS_OUT_FROM = 0.75
MATTERS = 0.05
"""Loss of held-out ROC area without it that confirms a column which stands out."""
TWINS = 0.01
"""Share of the test rows that may have been seen in training."""
TWINS_OVER_PAST = 0.02
"""Share beyond what training itself repeats of its own past, where parts follow each other."""
FLATTERS = 0.01
"""ROC area that twins may lend to the figure."""
LATEST_STRENGTH = 0.65
LATEST_LEAD = 0.05
"""Strength, and lead over every dated feature, at which an undated attribute looks like its latest value."""


@dataclass(frozen=True)
class _Decider:
    feature: str
    label: str
    alone: float
    next: float


@rule("LEAK005", "one-feature-decides", severity="error", stage="data")
def one_feature_decides(subject: Subject) -> Iterator[Hit | Unknown]:
    """One feature nearly decides the label by itself.

    What it checks:
        How well each feature alone separates the label on training rows, out of fold: a ROC area above .95;
        or one above .75 that leads the next feature by .15 and without which a model loses .05. For a
        number, against its median: above .99. Windows over the past and texts lead for honest reasons, and
        fire above .95 only.

    Why it hurts:
        Outcomes are rarely that simple. A column that is filled in when the outcome happens (a page's value
        from the purchases on it, a date of closure, a refund) is the usual reason, and what is left without
        it is what the live system will show.

    Example:
        `page_values` of the online-shoppers data, ROC area .857 alone where the next has .690, fires:
        held-out .926 with it, .792 without. An amount that separates fraud at .67 is silent.

    How to fix:
        Find out when the column is written. If later than the decision, drop it or read its past by a
        window; if it is the outcome's true driver and known before, waive the rule and say so.

    Source:
        Kaufman, Rosset, Perlich and Stitelman (2012). Leakage in data mining. ACM TKDD 6(4): look at what
        is too good to be true. The bounds are ours: the catalogue's 20 points, lowered to 15 by the example
        above.
    """
    data = with_rows(subject.data)
    if data is None:
        return
    labels = _labels(subject, data)
    known = [label for label in labels if parts(data, label)[0] is not None]
    if labels and not known:
        yield Unknown(f"no task has {LEAST} training rows of each kind: a longer log would answer it")
    best: dict[str, _Decider] = {}
    for one in (one for label in known for one in _deciders(subject, data, label)):
        if one.feature not in best or one.alone > best[one.feature].alone:
            best[one.feature] = one
    for one in best.values():
        same = {
            other.feature for other in best.values() if other.label == one.label and other.alone > DECIDES
        }
        effect = impact(data, one.label, {one.feature} | (same if one.alone > DECIDES else set()))
        if effect is None or one.alone > DECIDES or effect.with_all - effect.without >= MATTERS:
            yield _decides(one, effect)


def _deciders(subject: Subject, data: DataEvidence, label: str) -> Iterator[_Decider]:
    framing = subject.framing
    strengths = data.strengths[label]
    texts = {name for name in strengths if framing.features[name].as_ == "text"}
    is_number = data.dataset.labels[label].kind in ("number", "amount", "time_to_event")
    bar = DECIDES_A_NUMBER if is_number else DECIDES
    for name, alone in strengths.items():
        following = max((one for other, one in strengths.items() if other != name), default=0.5)
        proved = is_proved(framing, name)
        decides = alone > bar and not (is_number and proved)
        leads = not is_number and not proved and alone > STANDS_OUT_FROM and alone - following >= STANDS_OUT
        if name not in texts and (decides or leads):
            yield _Decider(name, label, alone, following)


def _decides(one: _Decider, effect: Impact | None) -> Hit:
    measured = "" if effect is None else f"; {effect}"
    numbers: dict[str, float] = {"alone": one.alone, "next": one.next}
    if effect is not None:
        numbers |= {"with_all": effect.with_all, "without": effect.without, "n": effect.n}
    return Hit(
        path=("features", one.feature),
        evidence=f"expected {one.label!r} to need several features, got {one.feature!r} alone at ROC "
        f"area {one.alone:.3f} (the next {one.next:.3f}){measured}.",
        fix=f"take {one.feature} out, or say when its column is known: known_after: {{COLUMN: 7d}}; "
        "waive LEAK005 with the reason if it is known before the decision.",
        numbers=numbers,
    )


@rule("LEAK008", "test-rows-seen-in-training", severity="error", stage="data")
def rows_seen_in_training(subject: Subject) -> Iterator[Hit | Unknown]:
    """The same example, or nearly the same, stands on both sides of the split.

    What it checks:
        Test rows whose features agree with a training row, exactly or after rounding to three digits and
        levelling case, numbers and signs of a text; only rows that chance would not make twice. Parts by
        hash or column: over 1 %. Parts that follow each other: 2 points over what training repeats of its
        own past.

    Why it hurts:
        A model that remembers is right about what it has seen. The figure then measures memory, and falls
        on the first day on which everything is new.

    Example:
        A collection in which a tenth of the messages were sent to many, split by hash of the row, fires; with
        `together: text` it is silent.

    How to fix:
        `split: {random: {...}, together: COLUMN}` keeps equals in one part; `duplicates: drop` takes out
        rows that were logged twice.

    Source:
        Lee et al. (2022). Deduplicating training data makes language models better. ACL, on near duplicates
        between parts. The bounds are ours.
    """
    data = with_rows(subject.data)
    if data is None:
        return
    texts = frozenset(name for name, one in subject.framing.features.items() if one.as_ == "text")
    found = twins(data, is_text=texts)
    if found is None:
        return
    follows = _is_forward(data)
    bar = max(found.reference + TWINS_OVER_PAST, 2 * found.reference) if follows else TWINS
    if found.share >= bar:
        yield _seen(subject, data, found, follows=follows, is_text=bool(texts))


def _seen(subject: Subject, data: DataEvidence, found: Twins, *, follows: bool, is_text: bool) -> Hit:
    n, near, exact = len(found.rows), int(found.near.sum()), int(found.exact.sum())
    figures = _without_twins(subject, data, found)
    same = float(found.same_entity.mean())
    flatters = figures is not None and figures[0] - figures[1] >= FLATTERS
    said = (
        ""
        if figures is None
        else f"; ROC area {figures[0]:.3f} on all of them, {figures[1]:.3f} on the others"
    )
    beside = f", where training repeats {found.reference:.1%} of its past" if follows else ""
    numbers = {
        "twins": near, "exact": exact, "tests": n, "share": found.share, "same_entity": same,
        "reference": found.reference,
    }  # fmt: skip
    numbers |= {} if figures is None else {"area": figures[0], "area_without": figures[1]}
    return Hit(
        path=("split",),
        evidence=f"expected test rows that training has not seen, got {near:,} of {n:,} with a twin "
        f"there ({exact:,} exact){beside}{said}.",
        fix=_kept_together(subject, follows=follows),
        numbers=numbers,
        severity="error" if same >= TWINS or flatters or (follows and not is_text) else "warn",
    )


def _kept_together(subject: Subject, *, follows: bool) -> str:
    """Return what to paste so that equals stand in one part, or once."""
    framing = subject.framing
    text = next((one.column for one in framing.features.values() if one.as_ == "text" and one.column), None)
    column = text or next((one for one in framing.table.entity if one != "row"), None)
    if follows or column is None or (framing.split is not None and framing.split.together == column):
        return "take out rows that were logged twice: duplicates: drop"
    return f"split: {{..., together: {column}}}, so that equals stay in one part"


def _without_twins(subject: Subject, data: DataEvidence, found: Twins) -> tuple[float, float] | None:
    """Return the ROC area on the test rows, and on those without a twin."""
    looked, is_twin = np.zeros((2, data.dataset.n_rows), dtype=bool)
    looked[found.rows] = True
    is_twin[found.rows[found.near]] = True
    for label in _labels(subject, data):
        fitted, judged = parts(data, label)
        if fitted is None or judged is None:
            continue
        judged = judged[0][looked[judged[0]]], judged[1][looked[judged[0]]]
        score = held_out(data, fitted, judged, feature_roles(data.dataset))
        alone = ~is_twin[judged[0]]
        if score is not None and 0 < judged[1][alone].sum() < alone.sum():
            return auc(score, judged[1]), auc(score[alone], judged[1][alone])
    return None


def _is_forward(data: DataEvidence) -> bool:
    """Whether every training row lies before the test."""
    if not len(data.at) or not data.train.any() or not data.test.any():
        return False
    return bool(data.at[data.train].max() <= data.at[data.test].min())


@rule("LEAK010", "latest-value-as-history", severity="warn", stage="data")
def latest_value_as_history(subject: Subject) -> Iterator[Hit | Unknown]:
    """An attribute without a history says more than anything dated: a latest value, joined back.

    What it checks:
        Features from undated sources that have one value per entity over all of its rows, and separate the
        label better than every dated feature (ROC area .65 and .05 more). Beside it stands what dated
        features would gain if each row read the entity's last value instead of its own.

    Why it hurts:
        A table of today joined to last year's decisions tells them how things ended: `status: closed` on
        rows from when the account was open.

    Example:
        A customer table exported today, with `segment: lapsed`, read by rows of the whole year fires; a
        country that separates at .55 is silent.

    How to fix:
        Bring the attribute's history with `time:` and read `{source: ..., by: ..., latest: segment}`.

    Source:
        The comparison of as-of and latest values is that of point-in-time joins in feature stores; the
        bounds are ours.
    """
    data = with_rows(subject.data)
    if data is None or not len(data.at):
        return
    suspects = [name for name in data.feature_names if undated_reads(subject.framing, name)]
    if not suspects:
        return
    codes = entity_codes(subject, data)
    if not codes:
        yield Unknown("every entity stands in one row, so that no value can be compared with a later one")
    told = {one.feature for one in attributes(subject, data) if one.reaches_ahead}
    for entity, code in codes.items():
        still = [name for name in suspects if name not in told and _stands_still(data, name, code)]
        for name in still:
            told.add(name)
            yield from _latest(subject, data, name, entity)


def _stands_still(data: DataEvidence, name: str, code: np.ndarray) -> bool:
    """Whether a feature has one value within each entity, and the entities stand over a stretch of time."""
    column = data.dataset.columns[name]
    if column.role == "list" or (np.bincount(code) > 2).mean() < 0.1:
        return False
    if column.role in ("number", "boolean"):
        return constant_within(data, name, code) is not None or _few_values(data, name, code)
    return _few_values(data, name, code)


def _few_values(data: DataEvidence, name: str, code: np.ndarray) -> bool:
    values = np.unique(data.dataset.columns[name].values, return_inverse=True)[1]
    size = int(code.max()) + 1
    low, high = np.full(size, values.max() + 1), np.full(size, -1)
    np.minimum.at(low, code, values)
    np.maximum.at(high, code, values)
    several = np.bincount(code, minlength=size) > 1
    return bool(several.any() and (low == high)[several].mean() >= 0.99 and values.max() > 0)


def _latest(subject: Subject, data: DataEvidence, name: str, entity: str) -> Iterator[Hit]:
    framing = subject.framing
    for label in _labels(subject, data):
        strengths = data.strengths[label]
        dated = [one for other, one in strengths.items() if not undated_reads(framing, other)]
        if strengths[name] < LATEST_STRENGTH or strengths[name] - max(dated, default=0.5) < LATEST_LEAD:
            continue
        code = entity_codes(subject, data)[entity]
        lifts = {one: (asof, latest) for one, asof, latest in latest_lift(data, code, label)}
        top = max(lifts, key=lambda one: lifts[one][1] - lifts[one][0], default=None)
        beside = (
            "" if top is None else f"; {top!r} would rise from {lifts[top][0]:.3f} to {lifts[top][1]:.3f} so"
        )
        source = next(iter(undated_reads(framing, name).values())).source
        yield Hit(
            path=("features", name),
            evidence=f"expected a value as of the decision, got one per {entity} over the whole log, "
            f"from undated {source!r}, that separates {label!r} at ROC area {strengths[name]:.3f} where "
            f"the best dated feature has {max(dated, default=0.5):.3f}{beside}.",
            fix=f"sources: {{{source}: {{time: updated_at, ...}}}}, and read it by {{source: {source}, "
            "latest: ...}",
            numbers={"alone": strengths[name], "best_dated": max(dated, default=0.5)},
        )
        return


@rule("LEAK011", "aggregate-over-the-label-period", severity="error")
def aggregate_over_the_label_period(subject: Subject) -> Iterator[Hit | Unknown]:
    """An undated attribute sums a period that reaches past the decision.

    What it checks:
        Numbers that are one per entity and undated: from the file, names such as `avg`, `cnt`, `total`,
        `month`, `statistics`; in the data, whether the number goes with how often the entity is seen in the
        test, among entities that training saw equally often (partial rank correlation: .1 beside such a
        name; .25 without one, and back from the test to training as well).

    Why it hurts:
        Statistics of the month know the month. Joined to its first days they tell which videos will be
        played; when serving, the month has not happened.

    Example:
        KuaiRand's `video_month_statistics` joined by video fires: `play_cnt` has .43 with the plays to
        come, among videos equally played so far. Its `duration`, with -.07, is silent.

    How to fix:
        Make the same number from the log by a window: `{source: impressions, by: video, count: true, last:
        7d}`.

    Source:
        The bounds are ours, measured on KuaiRand: statistics .26 to .43, attributes under .1 in absolute
        value.
    """
    data = with_rows(subject.data)
    found = {} if data is None else {one.feature: one for one in attributes(subject, data)}
    for one in found.values():
        if one.reaches_ahead:
            yield _reaches_ahead(subject, one)
    asked = [name for name in subject.framing.features if name not in found and _may_sum(subject, name)]
    for name in asked:
        words = period_words(subject, name)
        if words:
            yield _is_named_so(subject, name, words)
    if data is None and any(not period_words(subject, name) for name in asked):
        yield Unknown("whether an undated number knows the future shows in the examples: use --data")


def _may_sum(subject: Subject, name: str) -> bool:
    """Whether a feature is one undated attribute of an entity, and a number as far as is known."""
    feature, data = subject.framing.features[name], subject.data
    reads_clock = feature.sql is not None and bool(feature.sql.columns & CLOCK)
    if feature.as_ in ("category", "text", "time", "id") or feature.match or reads_clock:
        return False
    column = None if data is None else data.column(name)
    is_number = column is None or (column.role == "number" and not column.is_null.all())
    return is_number and origin_of(subject, name) is not None


def _reaches_ahead(subject: Subject, one: Attribute) -> Hit:
    where = f"undated {one.origin!r}" if one.origin else "the row itself"
    new = "" if np.isnan(one.new) else f"; {one.new:.2f} among the {one.n_new:,} that training does not hold"
    return Hit(
        path=("features", one.feature),
        evidence=f"expected what was true before the decision, got {one.feature!r} from {where}: its "
        f"rank correlation with the test's rows per {one.entity} is {one.ahead:.2f} among {one.n:,} "
        f"equally often seen in training{new}.",
        fix=f"{one.feature}: {{source: {subject.framing.table.source or 'LOG'}, by: {one.entity}, "
        "count: true, last: 7d}",
        numbers=one.numbers,
    )


def _is_named_so(subject: Subject, name: str, words: Sequence[str]) -> Hit:
    source = next(iter(undated_reads(subject.framing, name).values())).source
    return Hit(
        path=("features", name),
        evidence=f"expected what was true before the decision, got a number of undated {source!r} whose "
        f"name says that it sums a period ({', '.join(words)}).",
        fix=f"make it from the log: {name}: {{source: {subject.framing.table.source or 'LOG'}, by: "
        f"{subject.framing.table.entity[-1]}, count: true, last: 7d}}",
        severity="warn",
    )


@rule("LEAK012", "encoding-saw-the-test", severity="error", stage="data")
def encoding_saw_the_test(subject: Subject) -> Iterator[Hit | Unknown]:
    """An encoding, or a score made elsewhere, was fitted on rows outside training.

    What it checks:
        Numbers read off the row whose values are the mean label of their level over all rows (to a
        millionth), or of the others of their level; means of the training rows alone are no leak. Encoders,
        text weights and matches of our own are fitted on training rows. A score that comes with the log
        cannot be checked.

    Why it hurts:
        A mean that contains the test's labels hands them to the model, most of all for rare levels, where
        the mean is nearly the label.

    Example:
        A column `merchant_risk` computed in the warehouse as the fraud rate of each merchant over the whole
        table fires; `{source: payments, by: merchant, mean: is_fraud, gap: 7d}` is silent.

    How to fix:
        Read the category itself (`as: category`), or its past by a window; the encoding is then made inside.

    Source:
        Micci-Barreca (2001). A preprocessing scheme for high-cardinality categorical attributes. SIGKDD
        Explorations 3(1).
    """
    data = with_rows(subject.data)
    if data is None:
        return
    for name in data.feature_names:
        if not any(key in ("column", "sql") for key, _ in own_reads(subject.framing.features[name])):
            continue
        found = next((one for one in _encodings(subject, data, name) if one is not None), None)
        if found is not None:
            yield _saw_the_test(found)
    outside = _scores_from_elsewhere(subject)
    if outside:
        yield Unknown(
            f"{', '.join(outside)} came with the log: nothing says on which rows that model was fitted; "
            "its training period would answer it"
        )


def _encodings(subject: Subject, data: DataEvidence, name: str) -> Iterator[Encoding | None]:
    framing = subject.framing
    if is_proved(framing, name):
        return
    texts = [one for one in data.feature_names if data.dataset.columns[one].role == "text"]
    groups = tuple(dict.fromkeys([*framing.table.entity, *framing.table.context, *texts]))
    for label in _labels(subject, data):
        yield find_encoding(data, name, label, groups)


def _saw_the_test(found: Encoding) -> Hit:
    return Hit(
        path=("features", found.feature),
        evidence=f"expected an encoding of training rows, got {found.feature!r} equal to the "
        f"{found.how} of {found.label!r} over all rows, in {found.share:.1%} of them ({found.levels:,} "
        "levels).",
        fix=f"read the category itself instead: {found.feature}: {{column: CATEGORY, as: category}}",
        numbers={"levels": found.levels, "share": found.share},
    )


def _scores_from_elsewhere(subject: Subject) -> list[str]:
    models = subject.framing.models
    named = [models.incumbent] if models.incumbent else []
    return [*named, *(one.external for one in models.candidates if isinstance(one, External))]


def _labels(subject: Subject, data: DataEvidence) -> list[str]:
    """Return the label columns of the tasks that the table holds."""
    families: Mapping[str, Sequence[str]] = data.dataset.families
    return [
        column for task in subject.tasks for column in families.get(task, ()) if column in data.dataset.labels
    ]


DATA_RULES: tuple[Rule, ...] = (
    one_feature_decides, rows_seen_in_training, latest_value_as_history, aggregate_over_the_label_period,
    encoding_saw_the_test,
)  # fmt: skip
