"""LABEL: whether what is learned is what was meant, and known in time.

Here stands what the framing alone says of meaning, window and population. What makes marks untrue is in
`label_trust`, what the built examples show in `label_timing` and `label_data`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from truenorth.audit.contract import Hit, Unknown, rule
from truenorth.audit.rules import label_data, label_timing, label_trust
from truenorth.audit.stated.label_words import OPEN_ENDED, PEOPLE
from truenorth.audit.stated.lexicon import plain, words_in
from truenorth.audit.subject import Subject
from truenorth.framing.durations import DAY, Duration
from truenorth.framing.framing import Framing
from truenorth.framing.horizon import horizon
from truenorth.framing.labels import Label
from truenorth.framing.sources import Source

MOST_CLASSES = 10_000
"""Classes above which one output per class is not how it is done. A rule of thumb."""
LEAST_AGREEMENT = 0.7
"""Agreement below which judges do not mark the same thing. A rule of thumb."""
_OFTEN = ("every week", "each week", "weekly", "every day", "each day", "daily", "per week", "per day",
          "all the time", "constantly")  # fmt: skip
_NEW = ("new class", "new classes", "new category", "new categories", "new label", "new labels", "new item",
        "new items", "new product", "new products", "new app", "new apps", "new intent", "new intents",
        "new tags", "new videos")  # fmt: skip


@rule("LABEL001", "positive-not-defined", severity="warn")
def positive_not_defined(subject: Subject) -> Iterator[Hit | Unknown]:
    """A label does not say what a positive is, or what the classes are.

    What it checks:
        Each trained label: events of a source need a `where`, an aggregate, an `origin`, or a source of the
        label's own name; `value` as `kind: binary` needs a condition unless its name or type says yes or no;
        classes and grades need `classes`.

    Why it hurts:
        "Any row of the table counts" is rarely meant: test payments, cancelled orders and repeats stand there
        too. Two readers then build two labels, and both call the result churn.

    Example:
        `happy: {source: events, within: 1d}` fires; with `where: action = 'five_stars'` it is silent.

    How to fix:
        Write the condition that one event must meet, or in `origin` what every row of the source stands for.
    """
    for name, label in subject.trained.items():
        hit = _open_meaning(name, label, subject.framing.sources)
        if hit is not None:
            yield hit


def _open_meaning(name: str, label: Label, sources: dict[str, Source]) -> Hit | None:
    if label.kind in ("class", "grade") and label.classes is None:
        return Hit(
            path=("labels", name, "classes"),
            evidence=f"expected the {label.kind} values of {name!r}, got none listed.",
            fix="classes: [refund, delivery, account]",
        )
    read = label.value if label.value is not None else label.latest or label.first
    if label.kind == "binary" and read is not None and not _says_yes_or_no(str(read), sources.values()):
        return Hit(
            path=("labels", name),
            evidence=f"expected which value of {read} is positive, got kind: binary alone.",
            fix=f"{name}: {{when: {read} = 1}}" if label.value is not None else f"where: {read} = 1",
        )
    if label.source is None or label.where or label.aggregate or label.origin or label.judged:
        return None
    if _stem(name) in {_stem(word) for word in plain(label.source).split()} or label.unless or label.until:
        return None
    return Hit(
        path=("labels", name),
        evidence=f"expected which events of {label.source!r} make {name!r} positive, got every one of them.",
        fix="where: status = 'confirmed'   # or say what each row stands for, origin: confirmed cases",
    )


def _says_yes_or_no(column: str, sources: Iterable[Source]) -> bool:
    is_boolean = any(source.types.get(column) == "boolean" for source in sources)
    is_condition = any(sign in column for sign in ("=", "<", ">")) or " IN " in column.upper()
    return is_boolean or is_condition or column.lower().startswith(("is_", "has_", "was_", "did_"))


def _stem(word: str) -> str:
    return word.removesuffix("es").removesuffix("s").removesuffix("ed")


@rule("LABEL002", "no-window", severity="warn")
def no_window(subject: Subject) -> Iterator[Hit | Unknown]:
    """A label counts later events and does not say until when.

    What it checks:
        Every label on a dated source has `within`.

    Why it hurts:
        Without an end no row is ever finished: a customer who has not bought may do so next year. Old rows
        had more time than new ones, so the model learns the age of the row.

    Example:
        `churn: {source: purchases, absent: true}` fires; `within: 30d` makes it silent.

    How to fix:
        Take the time after which the decision no longer matters, or by which most outcomes have come.
    """
    sources = subject.framing.sources
    for name, label in subject.framing.labels.items():
        source = sources.get(label.source or "")
        if source is not None and source.is_dated and label.within is None:
            yield Hit(
                path=("labels", name, "within"),
                evidence=f"expected the length of the window of {name!r}, got none: no row ever matures.",
                fix="within: 30d",
            )


@rule("LABEL003", "window-longer-than-goal", severity="warn")
def window_longer_than_goal(subject: Subject) -> Iterator[Hit | Unknown]:
    """A label is known only after the goal is due, or after the model has been retrained.

    What it checks:
        The time until a trained label is mature (gap, window and delay) against `business.kpi.timeframe`, and
        against `monitoring.retrain.every`. A longer window is accepted there if something faster calls for
        training: `retrain.or_event`, a tracked figure that needs no label, or `maturity: ipcw`.

    Why it hurts:
        A goal of 30 days cannot be read on outcomes of 60. And a model that is trained each week on outcomes
        of last month does not know what changed since: the new training looks fresh and is not.

    Example:
        `within: 90d` beside `timeframe: 60d` fires; `timeframe: 180d` is silent.

    How to fix:
        Learn from an earlier outcome and measure the late one beside it, or give the goal the time it needs.
    """
    framing = subject.framing
    kpi = framing.business.kpi
    every = framing.monitoring.retrain.every
    for name, label in subject.trained.items():
        due = _time_due(framing, name, label)
        if due is None:
            continue
        if kpi is not None and kpi.timeframe is not None and due > kpi.timeframe.microseconds:
            yield _too_late(name, due, ("business", "kpi", "timeframe"), kpi.timeframe, "the KPI is due")
        elif every is not None and due > every.microseconds and not _is_warned_early(framing, label):
            place = ("monitoring", "retrain", "every")
            yield _too_late(name, due, place, every, "the next training")


def _time_due(framing: Framing, name: str, label: Label) -> int | None:
    """Return the time until a label is mature; None where it never is."""
    try:
        return horizon(name, framing.labels, framing.sources, framing.table_of(label))
    except KeyError:  # a source, table or anchor that does not exist: reading the file says so
        return None


def _too_late(name: str, due: int, key: tuple[str, ...], limit: Duration, what: str) -> Hit:
    days = due / DAY
    enough = Duration(-(-due // DAY) * DAY)
    faster = ", or or_event: new fee schedule" if key[-1] == "every" else ""
    return Hit(
        path=("labels", name, "within"),
        evidence=f"expected {name!r} to be known before {what} ({'.'.join(key)}: {limit}), "
        f"got {days:.1f} days from the decision until it is mature.",
        fix=f"{'.'.join(key)}: {enough}{faster}; or learn an earlier outcome by a shorter within.",
        numbers={"days_until_mature": days, "days_allowed": limit.days},
    )


def _is_warned_early(framing: Framing, label: Label) -> bool:
    """Whether something else than matured labels says that it is time to train."""
    is_label_free = any(
        reference.columns and not reference.columns & framing.labels.keys()
        for reference in framing.monitoring.track
    )
    return framing.monitoring.retrain.or_event is not None or is_label_free or label.maturity == "ipcw"


@rule("LABEL014", "growing-classes", severity="warn")
def growing_classes(subject: Subject) -> Iterator[Hit | Unknown]:
    """Things of which there are ever more are framed as the classes of one model.

    What it checks:
        A trained class label with more than 10,000 classes; one whose value is an item, product, app or the
        like without a list; or words of new classes coming every week.

    Why it hurts:
        A class that was not there at training can never be predicted, and the rare ones are never learned. A
        model that scores (context, thing) pairs takes new things by their features, without a new output
        layer.

    Example:
        `next: {value: product_id, kind: class}` fires; `desk: {value: desk, kind: class, classes: [billing,
        delivery]}` is silent.

    How to fix:
        Make candidates the examples and learn whether one is taken: `candidates: [{popular: items}]`, and a
        policy that ranks.

    Source:
        10,000 is a rule of thumb: the size from which sampled or two-tower losses are used, Covington, Adams
        and Sargin (2016), Deep Neural Networks for YouTube Recommendations, RecSys.
    """
    said = plain(subject.words, *subject.framing.open_questions)
    grows = words_in(said, _NEW) if words_in(said, _OFTEN) else ()
    for name, label in subject.trained.items():
        if label.kind != "class":
            continue
        count = _class_count(subject, name, label)
        things = words_in(plain(label.value), OPEN_ENDED) if label.classes is None else ()
        if count is not None and count > MOST_CLASSES:
            yield _many(name, f"{count:,} classes", {"classes": count})
        elif things:
            yield _many(name, f"every {things[0]} there is, unlisted", {})
        elif grows:
            yield _many(name, f"classes beside the words {grows[0]!r}", {})
        elif count is None and label.classes is not None:
            yield Unknown(f"the file of the classes of {name} is not there to count; audit with --data")


def _many(name: str, got: str, numbers: dict[str, int]) -> Hit:
    return Hit(
        path=("labels", name, "kind"),
        evidence=f"expected at most {MOST_CLASSES:,} classes that stay the same, got {got} in {name!r}.",
        fix="one example per candidate; taken: {when: chosen}; policy: {rank: {by: taken, show: 10}}",
        numbers=numbers,
    )


def _class_count(subject: Subject, name: str, label: Label) -> int | None:
    if isinstance(label.classes, tuple):
        return len(label.classes)
    if subject.data is not None and name in subject.data.dataset.classes:
        return len(subject.data.dataset.classes[name])
    if label.classes is None or subject.document is None:
        return None
    return _lines((subject.base or Path(subject.document.path).parent) / label.classes.file)


def _lines(path: Path) -> int | None:
    try:
        return sum(1 for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
    except (OSError, ValueError):
        return None


@rule("LABEL015", "no-agreement", severity="warn")
def no_agreement(subject: Subject) -> Iterator[Hit | Unknown]:
    """People made the label, and nobody knows whether two of them would make the same.

    What it checks:
        Labels with `judged`, and trained labels whose `origin` names experts, raters, clerks or the like: an
        `agreement` is stated and at least .7. A stated `reliability` answers for an origin.

    Why it hurts:
        Where judges agree on seven of ten, no model can be right more often, and what looks like its error is
        theirs. Low agreement mostly means that the instruction is unclear: more labels do not mend it.

    Example:
        `judged: {by: 2 editors}` fires; `judged: {by: 2 editors, agreement: 0.82}` is silent.

    How to fix:
        Have a few hundred rows marked twice, without the judges seeing each other, and write the share that
        agrees.

    Source:
        Krippendorff (2004), Content Analysis, draws tentative conclusions from .667 and firm ones from .8; .7
        is our rule of thumb between them.
    """
    for name, label in subject.framing.labels.items():
        people = words_in(plain(label.origin), PEOPLE) if name in subject.trained else ()
        if label.judged is None:
            if people and label.reliability is None:
                yield _unagreed(name, f"got none beside the origin {label.origin!r}", None)
        elif label.judged.agreement is None:
            yield _unagreed(name, f"got none of {label.judged.by}", None)
        elif label.judged.agreement < LEAST_AGREEMENT:
            yield _unagreed(name, f"got {label.judged.agreement:g}", label.judged.agreement)


def _unagreed(name: str, got: str, agreement: float | None) -> Hit:
    return Hit(
        path=("labels", name, "judged"),
        evidence=f"expected an agreement of the judges of {name!r} of at least {LEAST_AGREEMENT:g}, {got}.",
        fix="judged: {by: 2 editors, agreement: 0.82}   # measured on rows marked twice",
        numbers={} if agreement is None else {"agreement": agreement},
    )


@rule("LABEL016", "shared-instant", severity="error")
def shared_instant(subject: Subject) -> Iterator[Hit | Unknown]:
    """One event can stand on both sides of the prediction: in a feature and in the label.

    What it checks:
        No label and feature over the same source both admit the instant of the prediction (`closed: both`).

    Why it hurts:
        The event is then read as a feature and predicted as a label. The figure is splendid and means
        nothing.

    Example:
        `closed: both` on a label and on a feature of the same source fires; on one of them alone it is
        silent.

    How to fix:
        Leave it out of the feature: what counts as known is what was known strictly before.
    """
    for finding in subject.said("LABEL016"):
        yield Hit(path=finding.path, evidence=finding.evidence, fix=finding.fix, numbers=finding.numbers)


@rule("LABEL021", "population-not-stated", severity="warn")
def population_not_stated(subject: Subject) -> Iterator[Hit | Unknown]:
    """Nobody said who the rows are about, and whether tests or people long gone are among them.

    What it checks:
        One of: `examples.where`, `examples.active`, `examples.shown`, `product.intended_use`,
        `business.users`.

    Why it hurts:
        A base rate belongs to a population. Test accounts and sleeping customers are easy negatives: they
        lift every figure, and none of them will be decided on.

    Example:
        Examples of a whole table, in a framing that names neither users nor an intended use, fire;
        `intended_use: customers on a paid plan` is silent.

    How to fix:
        Say it where it works: `where` keeps rows, `active` says who is on a calendar. Otherwise write the
        intended use.
    """
    framing = subject.framing
    table = framing.table
    is_stated = table.where or table.active or table.shown
    if not (is_stated or framing.product.intended_use or framing.business.users):
        what = f"all rows of {table.source!r}" if table.source else f"every {table.entity[0]} on the calendar"
        yield Hit(
            path=("examples",),
            evidence=f"expected who is decided on, got {what} and neither users nor an intended use.",
            fix="examples: {where: plan = 'paid'}   # or product: {intended_use: customers on a paid plan}",
        )


@rule("LABEL022", "no-lead-time", severity="warn")
def no_lead_time(subject: Subject) -> Iterator[Hit | Unknown]:
    """The outcome can begin before anyone could have acted.

    What it checks:
        Decisions in batches (a calendar, `serving.mode: batch`, `select`, a capacity `together`): a trained
        label over later events that starts at the decision has a `gap`. Forecasts of a target time and times
        to an event are exempt.

    Why it hurts:
        Who is gone on Tuesday cannot be won back by Thursday's call. Such rows are the easiest to predict and
        nothing can be done for them, so the offline figure promises what no call list can hold.

    Example:
        A weekly call list with `churn: {source: purchases, absent: true, within: 30d}` fires; with `gap: 7d`
        it is silent.

    How to fix:
        Set the gap to the time from the list to the last action on it.
    """
    if not _is_batch(subject):
        return
    for name, label in subject.trained.items():
        is_event = label.source is not None and label.anchor in ("at", "day_end")
        if is_event and not label.gap and label.kind != "time_to_event":
            spacing = subject.framing.table.every or Duration(DAY)
            yield Hit(
                path=("labels", name, "gap"),
                evidence=f"expected time to act before the window of {name!r} opens, got a gap of 0s "
                "in a decision made in batches.",
                fix=f"gap: {spacing}",
                numbers={"gap_days": 0},
            )


def _is_batch(subject: Subject) -> bool:
    framing = subject.framing
    if framing.table.at == "none" or framing.table.ahead is not None:
        return False
    policy = framing.policy
    is_together = policy is not None and (
        policy.select is not None or any(one.together for one in policy.capacity.values())
    )
    return framing.table.every is not None or framing.serving.mode == "batch" or is_together


_OWN = (
    positive_not_defined, no_window, window_longer_than_goal, growing_classes, no_agreement, shared_instant,
    population_not_stated, no_lead_time,
)  # fmt: skip
RULES = tuple(
    sorted((*_OWN, *label_trust.RULES, *label_timing.RULES, *label_data.RULES), key=lambda one: one.code)
)
