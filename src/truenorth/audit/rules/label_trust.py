"""LABEL, continued: what makes a mark untrue. It is only a glance, it was never shown, a machine made it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlglot import exp

from truenorth.audit.contract import Hit, Unknown, rule
from truenorth.audit.stated.label_words import (
    CANDIDATES,
    DWELL,
    EXPOSED,
    LASTING,
    MACHINES,
    NOISY,
    SKIPS,
    behaviours,
    conditions,
    words_of,
)
from truenorth.audit.stated.lexicon import TAKES_AWAY, plain, verbs_in, words_in
from truenorth.audit.subject import Subject
from truenorth.framing.expressions import Expression
from truenorth.framing.labels import Label
from truenorth.framing.models import External
from truenorth.framing.policy import Policy

_EXPLORE = "explore: {share: 1%, how: softmax, temperature: 1}"
_LOGGED = (
    "examples: {explored: arm = 'random'}   # let 1 % through at random and log which; or decide by actions"
)


@rule("LABEL008", "click-without-satisfaction", severity="warn")
def click_without_satisfaction(subject: Subject) -> Iterator[Hit | Unknown]:
    """A click, a view or a play is learned as if it meant that somebody was satisfied.

    What it checks:
        Trained labels named after or reading clicks, views, plays, opens: at least one of them waits for how
        long it lasted, or another trained label says what came of it.

    Why it hurts:
        A headline earns the click, the article earns the reading. A model of clicks finds the promise that is
        broken most profitably.

    Example:
        A feed that trains `click` alone fires; with a condition `dwell_seconds > 30`, or with `liked` trained
        beside it, it is silent.

    How to fix:
        Demand that it lasted, or learn what came afterwards: a return, a purchase, a finish.
    """
    glances = {name for name, label in subject.trained.items() if _is_glance(name, label)}
    if glances and glances == set(subject.trained):
        for name in sorted(glances):
            seen = behaviours(words_of(name, subject.trained[name]))[0]
            yield Hit(
                path=("labels", name),
                evidence=f"expected a sign that it was worth it beside {seen!r}, got {name!r} as "
                + ("the only task." if len(glances) == 1 else "one of several glances and nothing else."),
                fix="where: dwell_seconds > 30   # or learn beside it what came of it, such as a finish",
            )


def _is_glance(name: str, label: Label) -> bool:
    said = words_of(name, label)
    return bool(behaviours(said)) and not words_in(said, LASTING) and label.unless is None


@rule("LABEL009", "never-shown-as-negative", severity="error")
def never_shown_as_negative(subject: Subject) -> Iterator[Hit | Unknown]:
    """What nobody was shown counts as what nobody wanted.

    What it checks:
        Rows that are candidates (a source of that name, a `position`, or a `propensity` within a `decision`)
        say by `shown` which of them were seen. A log named after showing is exempt, and so is one whose
        `where` asks for a position. A position alone is a warning; if the built examples have one in every
        row, it is silent.

    Why it hurts:
        The present ranking decides what is shown. Labels of 0 for the rest teach the new model to dislike
        whatever the old one disliked, and offline figures will agree with both.

    Example:
        `source: candidates` without `shown` fires; `shown: position is not null` is silent.

    How to fix:
        Write the condition for having been seen: labels of other rows are undefined then, and not trained on.
    """
    table = subject.framing.table
    source = plain(table.source)
    if table.shown is not None or words_in(source, EXPOSED) or table.source is None:
        return
    read = str(table.position) if table.position is not None else "position"
    if (
        table.where is not None
        and table.position is not None
        and table.where.columns & table.position.columns
    ):
        return
    named = words_in(source, CANDIDATES)
    is_drawn = bool(table.decision) and table.propensity is not None and table.action is None
    if named or is_drawn:
        got = f"the source {table.source!r}" if named else f"propensities within {', '.join(table.decision)}"
        yield _unshown(got, read, is_sure=True)
    elif table.position is not None and not _every_row_has_a_position(subject):
        yield _unshown(f"position: {read}", read, is_sure=False)


def _unshown(got: str, position: str, *, is_sure: bool) -> Hit:
    return Hit(
        path=("examples", "shown"),
        evidence=f"expected which candidates were seen, got {got} and no shown.",
        fix=f"shown: {position} is not null",
        severity=None if is_sure else "warn",
    )


def _every_row_has_a_position(subject: Subject) -> bool:
    column = None if subject.data is None else subject.data.column("position")
    return column is not None and len(column) > 0 and not bool(column.is_null.any())


@rule("LABEL010", "quick-skips-unused", severity="info")
def quick_skips_unused(subject: Subject) -> Iterator[Hit | Unknown]:
    """How long people looked is in the log, and leaving at once is no label.

    What it checks:
        In a ranked list: a column of dwell, viewport or play time that the framing names, and no label for a
        skip or for a time below a bound.

    Why it hurts:
        Most of what is shown gets no reaction, good or bad. Leaving after two seconds is the cheapest honest
        "no" that there is, and it comes with every impression.

    Example:
        `play_time_ms` under `known_after` without a skip label fires; `quick_skip: {when: play_time_ms <
        3000}` is silent.

    How to fix:
        Add the label and give it a negative weight in the score; leave out rows that were never reached.
    """
    framing = subject.framing
    is_list = framing.table.position is not None or (framing.policy is not None and framing.policy.rank)
    column = _dwell_column(subject)
    if not is_list or column is None or any(_is_skip(name, one) for name, one in framing.labels.items()):
        return
    bound = "3000" if column.endswith("_ms") else "3"
    yield Hit(
        path=("labels",),
        evidence=f"expected a label for what was left at once, got none beside the column {column!r}.",
        fix=f"quick_skip: {{when: {column} > 0 and {column} < {bound}}}",
    )


def _dwell_column(subject: Subject) -> str | None:
    """Return the first column of the examples' source that says how long somebody stayed."""
    source = subject.example_source
    if source is None:
        return None
    named = [*source.column_known, *source.columns, *source.rename, *source.types]
    named += sorted(
        one for label in subject.framing.labels.values() if label.when for one in label.when.columns
    )
    return next((name for name in named if words_in(name, DWELL)), None)


def _is_skip(name: str, label: Label) -> bool:
    bounded = any(
        isinstance(node.this, exp.Column) and words_in(node.this.name, (*DWELL, *LASTING))
        for one in conditions(label)
        for node in one.tree.find_all(exp.LT, exp.LTE)
    )
    return bounded or bool(words_in(words_of(name, label), SKIPS))


@rule("LABEL013", "decision-hides-its-label", severity="warn")
def decision_hides_its_label(subject: Subject) -> Iterator[Hit | Unknown]:
    """What the decision stops or does not show never gets a label, and nothing is let through to find out.

    What it checks:
        A policy with an action such as block or decline, a ranked list that shows some, or a bid that can
        lose; and none of `policy.explore`, `examples.explored`, `examples.propensity`.

    Why it hurts:
        The next model learns from what this one let through. Its false positives are never seen again, so it
        becomes surer of itself and blinder at once. No offline figure shows that.

    Example:
        `actions: {allow: ..., block: ...}` without `explore` fires; `explore: {share: 1%, how: softmax,
        temperature: 1}` makes it silent.

    How to fix:
        Let a small share through at random where an error is cheap enough, and log the probability. `explore`
        works beside `actions` and `rank`; for a threshold or a bid the log has to say which rows were let
        through.
    """
    framing = subject.framing
    policy, table = framing.policy, framing.table
    explores = (policy is not None and policy.explore) or table.explored or table.propensity
    if policy is None or explores or not subject.trained:
        return
    found = _hiding(policy)
    if found is not None:
        place, got = found
        yield Hit(
            path=("policy", *place),
            evidence=f"expected some decisions that explore, got {got} and no exploration: "
            f"{', '.join(subject.trained)} will never be known there.",
            fix=_EXPLORE if policy.actions or policy.rank else _LOGGED,
        )


def _hiding(policy: Policy) -> tuple[tuple[str, ...], str] | None:
    """Return where a policy hides outcomes, and how."""
    for action in policy.actions:
        if verbs_in(action, TAKES_AWAY):
            return ("actions", action), f"the action {action!r}"
    if policy.threshold is not None and verbs_in(policy.threshold.act, TAKES_AWAY):
        return ("threshold", "act"), f"the action {policy.threshold.act!r}"
    if policy.rank is not None:
        shown = (
            f"of which {policy.rank.show} are shown" if policy.rank.show else "in which the last are not seen"
        )
        return ("rank",), f"a list {shown}"
    return (("bid",), "bids that can lose") if policy.bid is not None else None


@rule("LABEL018", "sources-treated-as-equal", severity="warn")
def sources_treated_as_equal(subject: Subject) -> Iterator[Hit | Unknown]:
    """Marks of different quality are put into one label as if they were alike.

    What it checks:
        A trained label that combines labels of different `origin`, `reliability` or agreement, that reads a
        union of several logs, or whose `origin` names several: it states `reliability`, or weighs its rows by
        `weight`.

    Why it hurts:
        An expert's verdict and an automatic report are then one vote each. The more frequent source wins,
        which is mostly the worse one.

    Example:
        `combine: greatest(expert_mark, user_report)` over labels with other origins fires; with
        `weight: 1 + 4 * expert_mark` it is silent.

    How to fix:
        Weigh by what a mark is worth, or take the better source where there is one: `coalesce(expert,
        report)` with the `reliability` that was measured on rows that have both.
    """
    labels = subject.framing.labels
    for name, label in subject.trained.items():
        several = _several_sources(label, labels) or _several_origins(label) or _union(subject, label)
        if several and label.weight is None and label.reliability is None:
            yield Hit(
                path=("labels", name),
                evidence=f"expected how far each of {several} can be trusted, got neither weight nor "
                f"reliability in {name!r}.",
                fix="reliability: 0.9   # measured, or weight: an expression over the labels it combines",
            )


def _several_sources(label: Label, labels: Mapping[str, Label]) -> str:
    if label.combine is None:
        return ""
    parts = [one for one in sorted(label.combine.columns & labels.keys()) if labels[one].weight is None]
    told = {(labels[one].origin, labels[one].reliability, str(labels[one].judged)) for one in parts}
    return ", ".join(parts) if len(told) > 1 else ""


def _several_origins(label: Label) -> str:
    words = (label.origin or "").replace("/", " and ").replace("+", " and ").replace(", ", " and ")
    several = [one for one in words.split(" and ") if one.strip()]
    return " and ".join(one.strip() for one in several) if len(several) > 1 else ""


def _union(subject: Subject, label: Label) -> str:
    source = subject.framing.sources.get(label.source or "")
    return ", ".join(source.union) if source is not None and len(source.union) > 1 else ""


@rule("LABEL019", "noise-not-declared", severity="warn")
def noise_not_declared(subject: Subject) -> Iterator[Hit | Unknown]:
    """A label that is known to be marked wrongly is taken as true.

    What it checks:
        Trained labels of fraud, abuse, spam, reports, disputes and the like, by name, origin or condition,
        state `reliability`, the share of marks that are right, or who `judged` them.

    Why it hurts:
        Much fraud is never reported and some reports are false. Where one mark in twenty is wrong, a
        precision of .97 is not there to be had, and a threshold tuned to it chases the mistakes of the
        markers.

    Example:
        `fraud: {source: chargebacks, within: 30d}` fires; `reliability: 0.96` makes it silent.

    How to fix:
        Look at a hundred marks of each kind by hand, count the right ones, write the share. `reliability: 1`
        where the truth is known, as in a simulation.
    """
    for name, label in subject.trained.items():
        noisy = words_in(plain(name, label.origin, label.source, *map(str, conditions(label))), NOISY)
        if noisy and label.reliability is None and label.judged is None:
            yield Hit(
                path=("labels", name, "reliability"),
                evidence=f"expected the share of marks of {name!r} that are right, got none beside the word "
                f"{noisy[0]!r}.",
                fix="reliability: 0.96   # of a hundred marks looked at by hand",
            )


@rule("LABEL020", "circular-label", severity="error")
def circular_label(subject: Subject) -> Iterator[Hit | Unknown]:
    """The label was made by the rule or the model that it will train or judge.

    What it checks:
        A trained label whose `origin` names a rule, a heuristic or a model; one that reads the column of
        `models.incumbent` or of an external candidate; and one whose condition is that of `models.rule` or of
        a line of `models.rules`.

    Why it hurts:
        The model learns to repeat its teacher, errors included. Agreement with the teacher then looks like
        accuracy, and whatever the teacher never caught stays uncaught for good.

    Example:
        `suspect: {when: old_score > 0.8}` beside `incumbent: old_score` fires; `fraud: {source: chargebacks,
        by: payment, within: 30d}` is silent.

    How to fix:
        Take an outcome that happens without the system: what people did, paid, returned, or what a person
        decided who did not see the score.
    """
    framing = subject.framing
    scores = {one.external for one in framing.models.candidates if isinstance(one, External)}
    scores |= {framing.models.incumbent} - {None} if framing.models.incumbent else set()
    rules, renames = _rules(subject), _renames(subject)
    for name, label in subject.trained.items():
        said = words_in(plain(label.origin), MACHINES)
        read = sorted({column for one in conditions(label) for column in one.columns} & scores)
        spelled = [_spelled(one, renames) for one in conditions(label)]
        same = next((rules[text] for text in spelled if text in rules), None)
        if read:
            yield _circle(name, f"the logged prediction {read[0]!r}")
        elif same is not None:
            yield _circle(name, f"the condition of {same}")
        elif said and label.judged is None:
            yield _circle(name, f"the origin {label.origin!r} ({said[0]})")


def _circle(name: str, got: str) -> Hit:
    return Hit(
        path=("labels", name),
        evidence=f"expected {name!r} to come from what happened, got {got}.",
        fix=f"{name}: {{source: verdicts, latest: confirmed, kind: binary, within: 30d}}   # an outcome "
        "that the system does not make",
    )


def _rules(subject: Subject) -> dict[str, str]:
    """Return the conditions of the framing's rules, own-row features spelled out, and where they stand."""
    models, features = subject.framing.models, subject.framing.features
    own = _renames(subject)
    found = {_spelled(one.when, own): f"models.rules ({one.name})" for one in models.rules}
    if not isinstance(models.rule, Expression):
        return found
    feature = features.get(models.rule.column or "")
    if feature is None:
        found[_spelled(models.rule, own)] = "models.rule"
    elif feature.sql is not None:
        found[_spelled(feature.sql, own)] = f"models.rule ({models.rule.column})"
    return found


def _renames(subject: Subject) -> dict[str, str]:
    """Return features and computed columns that are nothing but another column."""
    found = {
        name: one.column for name, one in subject.framing.features.items() if one.column not in (None, name)
    }
    source = subject.example_source
    copies = {} if source is None else {name: one.column for name, one in source.columns.items()}
    return {name: column for name, column in {**copies, **found}.items() if column is not None}


def _spelled(expression: Expression, renames: Mapping[str, str]) -> str:
    """Return the text of an expression in which copies of a column stand as that column."""
    tree = expression.tree.copy()
    for node in list(tree.find_all(exp.Column)):
        column = renames.get(node.name)
        if column is not None and node is not tree:
            node.replace(exp.column(exp.to_identifier(column)))
    return str(Expression(tree)).lower()


RULES = (
    click_without_satisfaction, never_shown_as_negative, quick_skips_unused, decision_hides_its_label,
    sources_treated_as_equal, noise_not_declared, circular_label,
)  # fmt: skip
