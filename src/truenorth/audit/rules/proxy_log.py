"""PROXY, by the log: whether the counterweight binds, terms differ, the goal follows, and who answered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truenorth.audit.contract import Hit, Unknown, rule
from truenorth.audit.evidence import SAMPLE, DataEvidence, Mask
from truenorth.audit.measured.association import Association, association, attainable, by_unit, units_of
from truenorth.audit.measured.outcomes import outcome
from truenorth.audit.stated.lexicon import words_in
from truenorth.audit.stated.signals import OPINIONS, label_words
from truenorth.audit.stated.terms import Term, is_pushed, kpi_labels, labels_in, made_of, terms_of
from truenorth.audit.subject import Subject
from truenorth.examples.dataset import Outcomes
from truenorth.framing.expressions import Expression
from truenorth.framing.framing import Framing

Floats = NDArray[np.float64]

BINDING_SHARE = 0.01
"""Least share of the score's spread that falling terms must make up. A rule of thumb."""
SAME = 0.95
"""Correlation from which two terms are one. A rule of thumb."""
WEAK = 0.05
"""Share of the attainable correlation with the KPI that the interval must reach. A rule of thumb."""
FEWEST_UNITS = 50
"""Units below which an interval says nothing of either."""
MOST_ANSWER = 0.5
"""Share of answers below which those who did not answer are more than those who did."""
UNLIKE = 0.1
"""Standardised difference from which two groups count as different (Austin, 2009)."""
TURNED = ("TRAP", "HARMFUL")
UNSETTLED = ("INCONCLUSIVE", "UNSUPPORTED")


@rule("PROXY005", "counterweight-cannot-bind", severity="warn", stage="data")
def counterweight_cannot_bind(subject: Subject) -> Iterator[Hit | Unknown]:
    """The falling terms of the score move so little that they change no decision.

    What it checks:
        On what happened in the log: the variance of the falling terms with their weights, against that of all
        terms. Under 1 % the score orders rows as if they were not there.

    Why it hurts:
        A counterweight is written to calm the reader. `- 2*hide` with one hide in ten thousand does nothing:
        the list comes out the same, and everybody believes that hides are taken care of.

    Example:
        `5*click - hide` with 30 % clicks and .02 % hides fires: hide makes up .004 % of the spread. `-
        40*hide` is silent.

    How to fix:
        Raise the weight until the order changes, or guard the outcome as a constraint: `mean(hide) <= 0.1%`.

    Source:
        A rule of thumb of ours: 1 %.
    """
    data, score = subject.data, subject.framing.objective.score
    terms = [one for one in terms_of(score, subject.framing) if not one.is_constant]
    falling = [one for one in terms if one.weight < 0]
    if data is None or not falling or len(falling) == len(terms):
        return
    values = [outcome(one.expression, data) for one in terms]
    if any(one is None for one in values):
        yield Unknown("a term of the score cannot be computed on labels; only predictions would say")
        return
    known = [one for one in values if one is not None]
    rows = np.all([~np.isnan(one) for one in known], axis=0)
    if rows.sum() < 2:
        yield Unknown("no row has every label of the score observed: bring a longer log")
        return
    spreads = [one.weight**2 * float(np.var(value[rows])) for one, value in zip(terms, known, strict=True)]
    total = sum(spreads)
    if not total > 0:
        yield Unknown("the score is the same on every observed row")
        return
    share = sum(spread for spread, one in zip(spreads, terms, strict=True) if one.weight < 0) / total
    if share < BINDING_SHARE:
        names = " and ".join(f"{-one.weight:g} * {one.name}" for one in falling)
        yield Hit(
            path=("objective", "score"),
            evidence=f"expected falling terms to make up at least {BINDING_SHARE:.0%} of the score's spread, "
            f"got {share:.2%} for {names} over {int(rows.sum()):,} rows.",
            fix=_raised(falling, share),
            numbers={"share": share, "rows": int(rows.sum())},
        )


@rule("PROXY006", "terms-say-the-same", severity="warn", stage="data")
def terms_say_the_same(subject: Subject) -> Iterator[Hit | Unknown]:
    """Two rising terms of the score are one signal counted twice.

    What it checks:
        The correlation of each two rising terms on what happened; above .95 they are one.

    Why it hurts:
        The weights then do not say what they seem to: `3*play + 2*view` is `5*play`. What looks like several
        proxies that hold each other is a single one, with a single way to game it.

    Example:
        `click + opened`, where every click opens, fires with r = 1. Click and purchase are silent.

    How to fix:
        Keep the one that is nearer to the goal and give it the whole weight.

    Source:
        A rule of thumb of ours: .95, which is nine tenths of the variance shared.
    """
    data = subject.data
    if data is None:
        return
    terms = [one for one in terms_of(subject.framing.objective.score, subject.framing) if one.labels]
    rising = [one for one in terms if one.weight > 0]
    values = {one: outcome(one.expression, data) for one in rising} if len(rising) > 1 else {}
    for one, other in combinations(rising, 2):
        left, right = values[one], values[other]
        if left is None or right is None:
            yield Unknown(
                f"{one.name} or {other.name} cannot be computed on labels; only predictions would say"
            )
            continue
        rows = ~np.isnan(left) & ~np.isnan(right)
        r = _correlation(left[rows], right[rows])
        if r is not None and abs(r) > SAME:
            yield Hit(
                path=("objective", "score"),
                evidence=f"expected terms that differ, got {one.name!r} and {other.name!r} with r = {r:.3f} "
                f"over {int(rows.sum()):,} rows.",
                fix=f"score with {one.weight + other.weight:g}*{one.name} in place of both",
                numbers={"r": r, "rows": int(rows.sum())},
            )


@rule("PROXY007", "goal-does-not-follow", severity="warn", stage="data")
def goal_does_not_follow(subject: Subject) -> Iterator[Hit | Unknown]:
    """Where the score was high in the log, the KPI was not better.

    What it checks:
        Where decisions go to high scores and the KPI measures a label: the correlation of the score, and of
        each of its terms with its sign, with the KPI's outcome turned so that up is good. Its 95 % interval
        respects units; an outcome that is one per unit and week is compared week by week. It fires where the
        whole interval lies below 5 % of what two such columns could reach, for a rare outcome goes far with
        nothing.

    Why it hurts:
        A proxy that does not even go with the goal before it is pushed has nothing to lose. Going together
        proves little (it may be one kind of user who does both), but not going together is enough to ask what
        the weight is for.

    Example:
        Likes and return with r = -.08 [-.11, -.05] fire; r = .02 [-.04, .08] is silent, the log cannot tell.

    How to fix:
        Take the term out, turn it, or bring the experiment that shows it moves the KPI all the same, and
        waive this.

    Source:
        A rule of thumb of ours for 5 %. Only the stress test or an experiment says what pushing does.
    """
    data, framing = subject.data, subject.framing
    if data is None or not is_pushed(subject):
        return
    wanted = _kpi_outcome(framing)
    if isinstance(wanted, Unknown):
        yield wanted
        return
    goal = outcome(wanted, data)
    if goal is None:
        yield Unknown(f"{wanted} cannot be computed on the labels of the log")
        return
    for what, path, values in _pushed(framing, data):
        answer = _with_goal(values, goal * _good_way(framing), data)
        if isinstance(answer, Unknown):
            yield answer
            continue
        found, most = answer
        if found.high < WEAK * most:
            said = "goes against the KPI" if found.high < 0 else "hardly goes with the KPI"
            yield Hit(
                path=path,
                evidence=f"expected a score that goes with {wanted}, got {what!r}, which {said}: {found}, "
                f"where {most:.2f} is the most that could be.",
                fix=f"take {what} out of the score, or waive this with the test that showed its effect.",
                numbers={**found.to_numbers(), "attainable": most},
            )


@rule("PROXY008", "turns-under-pressure", severity="error", stage="run")
def turns_under_pressure(subject: Subject) -> Iterator[Hit | Unknown]:
    """The stress test found the depth at which the proxy goes up and the goal goes down.

    What it checks:
        Where decisions go to high scores: the verdict of the run's stress test on the score and its labels.
        `TRAP` and `HARMFUL` fire; without a test, or where the log does not support one, the rule is not
        assessed.

    Why it hurts:
        This is the trap itself, measured. Everything else in the report, the model's metric first, will look
        better while the business gets worse.

    Example:
        `stress: {proxies: {score: {verdict: TRAP, safe_depth: 0.8}}}` fires; `ALIGNED` is silent.

    How to fix:
        Stay within the safe depth, lower the weight of the term that turns, or add what speaks against it,
        and run the test again.
    """
    framing = subject.framing
    if not is_pushed(subject):
        return
    stress = (subject.run or {}).get("stress") or {}
    proxies = stress.get("proxies") if isinstance(stress, Mapping) else None
    if not proxies:
        yield Unknown(_why_untested(stress))
        return
    named = {"score", *labels_in(framing.objective.score.columns, framing)}
    for name in sorted(named & set(proxies)):
        told = proxies[name] if isinstance(proxies[name], Mapping) else {"verdict": proxies[name]}
        verdict, depth = str(told.get("verdict", "")).upper(), told.get("safe_depth")
        if verdict in TURNED:
            safe = f"a safe depth of {depth:g}" if isinstance(depth, int | float) else "no safe depth"
            yield Hit(
                path=("objective", "score"),
                evidence=f"expected a KPI that follows {name!r} when pushed, got {verdict} with {safe}.",
                fix=f"lower the weight of what turns {name}, or subtract a sign of regret; run it again.",
                numbers={"safe_depth": depth, "verdict": verdict},
            )
        elif verdict in UNSETTLED:
            yield Unknown(
                f"the stress test of {name} is {verdict.lower()}: the log does not reach far enough"
            )
    if not named & set(proxies):
        yield Unknown(f"the stress test says nothing of {', '.join(sorted(named))}")


def _why_untested(stress: Any) -> str:
    """Return why the run has no stress test, in its own words where it says so."""
    refused = stress.get("refused") if isinstance(stress, Mapping) else None
    if isinstance(refused, Mapping) and refused.get("evidence"):
        return f"the stress test was refused: {refused['evidence']}"
    return "the stress test was not run: it needs logged propensities and the KPI as a label"


@rule("PROXY009", "self-selected-feedback", severity="warn", stage="data")
def self_selected_feedback(subject: Subject) -> Iterator[Hit | Unknown]:
    """Opinions that few gave are read as if everyone had been asked.

    What it checks:
        Labels of the score whose words are those of opinions (rating, thumbs, survey, review): the share of
        shown rows that have an answer, and how far those who answered differ from the others on the feature
        that differs most. A label with a `weight` for who answers, and one that is `judged`, are exempt.

    Why it hurts:
        Who rates is delighted or angry, and uses the product more than most. Silence is read either as a no,
        which punishes what quiet people like, or not at all, which optimises for the loud.

    Example:
        Thumbs on 3 % of answers, from people with twice the sessions, fire. A panel that was asked at random
        and answers in 80 % of cases is silent.

    How to fix:
        Ask a random share, weigh each answer by the inverse of its chance (`weight: 1 / answer_probability`),
        or predict what everyone does.

    Source:
        Austin (2009). Balance diagnostics for comparing the distribution of baseline covariates between
        treatment groups in propensity-score matched samples. Statistics in Medicine 28: differences above .1.
    """
    data, framing = subject.data, subject.framing
    if data is None:
        return
    for name in sorted(made_of(labels_in(framing.objective.score.columns, framing), framing)):
        label = framing.labels[name]
        words = words_in(label_words(name, label), OPINIONS)
        outcomes = data.dataset.labels.get(name)
        if not words or label.judged or label.weight is not None or outcomes is None:
            continue
        asked, answered = _answers(outcomes, data)
        n_asked, n_answered = int(asked.sum()), int((asked & answered).sum())
        if not n_asked:
            yield Unknown(f"no row of {name} has matured, so that who answers cannot be counted")
            continue
        share = n_answered / n_asked
        if share >= MOST_ANSWER:
            continue
        unlike = _most_unlike(asked & answered, asked & ~answered, data)
        differs = (
            f"; they differ most on {unlike[0]} by {unlike[1]:.2f} standard deviations" if unlike else ""
        )
        yield Hit(
            path=("labels", name),
            evidence=f"expected answers from most of those who could give one, got {share:.1%} of "
            f"{n_asked:,} rows ({words[0]!r}){differs}.",
            fix=f"labels: {{{name}: {{weight: 1 / ANSWER_PROBABILITY}}}}, the chance to answer as a column",
            numbers={
                "share": share, "rows": n_asked, "difference": unlike[1] if unlike else None,
                "feature": unlike[0] if unlike else None,
            },
        )  # fmt: skip


def _raised(falling: list[Term], share: float) -> str:
    """Return the weights with which the falling terms would just bind."""
    if not share > 0:
        return "guard the outcome as a constraint: it never happened in these rows."
    factor = (BINDING_SHARE * (1 - share) / (share * (1 - BINDING_SHARE))) ** 0.5
    terms = " ".join(f"- {-one.weight * factor:.3g}*{one.name}" for one in falling)
    return f"score: ... {terms}, or a constraint on the outcome"


def _correlation(left: Floats, right: Floats) -> float | None:
    if len(left) < 3 or np.ptp(left) == 0 or np.ptp(right) == 0:
        return None
    return float(np.corrcoef(left, right)[0, 1])


def _kpi_outcome(framing: Framing) -> Expression | Unknown:
    """Return what the KPI measures on a row."""
    kpi = framing.business.kpi
    if kpi is None:
        return Unknown("there is no KPI that the score could go with")
    if kpi.metric.argument is None or not kpi_labels(framing):
        return Unknown(f"the KPI {kpi.metric} is no label of the log: add the outcome it measures as a label")
    return kpi.metric.argument


def _good_way(framing: Framing) -> float:
    kpi = framing.business.kpi
    is_down = kpi is not None and (kpi.direction == "down") != kpi.metric.negated
    return -1.0 if is_down else 1.0


def _period(framing: Framing, data: DataEvidence) -> NDArray[np.int64] | None:
    """Return the time in which the KPI's outcome is the same for all rows of a unit; None if it differs.

    An outcome that is joined by the unit alone says one thing per unit, or per unit and week (or day) where
    its window starts at the end of it; weeks start on Monday, UTC.
    """
    labels = [framing.labels[name] for name in kpi_labels(framing)]
    anchors = {label.anchor for label in labels if label.source and set(label.by) <= {framing.table.unit}}
    if not anchors:
        return None
    if len(data.day) and anchors <= {"week_end", "day_end"}:
        return np.asarray(data.day if "day_end" in anchors else (data.day + 3) // 7)
    return np.zeros(data.dataset.n_rows, dtype=np.int64)


def _pushed(framing: Framing, data: DataEvidence) -> Iterator[tuple[str, tuple[str, ...], Floats]]:
    """Yield the score and, where it has several, its terms with their signs; not what the KPI itself is."""
    score = framing.objective.score
    goal = kpi_labels(framing)
    terms = [one for one in terms_of(score, framing) if one.labels]
    is_goal = made_of(labels_in(score.columns, framing), framing) <= goal
    whole = None if is_goal else outcome(score, data)
    if whole is not None:
        yield "score", ("objective", "score"), whole
    for term in terms if len(terms) > 1 else ():
        values = outcome(term.expression, data)
        if values is not None and not made_of(term.labels, framing) <= goal:
            yield term.name, ("labels", term.labels[0]), np.sign(term.weight) * values


def _with_goal(values: Floats, goal: Floats, data: DataEvidence) -> tuple[Association, float] | Unknown:
    """Return how a score goes with the goal, and how far it could; means where the goal is one per unit."""
    rows = ~np.isnan(values) & ~np.isnan(goal)
    unit = _units(data, rows)
    if unit is None or not rows.any() or int(unit.max()) + 1 < FEWEST_UNITS:
        return Unknown(f"fewer than {FEWEST_UNITS} units have both the score and the KPI observed")
    x, y = values[rows], goal[rows]
    period = _period(data.dataset.framing, data)
    if period is not None:
        cell = units_of(unit * (int(np.ptp(period)) + 1) + period[rows] - period.min())
        x, y, unit = by_unit(x, cell), by_unit(y, cell), by_unit(unit.astype(float), cell).astype(np.int64)
    found = association(x, y, unit)
    if found is None:
        return Unknown("the score or the KPI is the same on every row")
    return found, max(attainable(x, y), 1e-9)


def _units(data: DataEvidence, rows: Mask) -> NDArray[np.int64] | None:
    """Return the unit of each of some rows as codes without gaps; rows without one are units of their own."""
    column = data.column("unit")
    if column is None or column.role == "list":
        return None
    values = column.values[rows]
    missing = column.is_null[rows]
    codes = units_of(np.where(missing, values[0] if len(values) else 0, values))
    if missing.any():
        codes = units_of(np.where(missing, codes.max() + 1 + np.arange(len(codes)), codes))
    return codes


def _answers(outcomes: Outcomes, data: DataEvidence) -> tuple[Mask, Mask]:
    """Return the rows in which an answer could be given by now, and those in which one was.

    A label that an event makes is observed as 0 where nobody answered; any other is undefined there.
    """
    shown = data.column("shown")
    could = np.ones(data.dataset.n_rows, dtype=bool)
    if shown is not None and shown.role in ("number", "boolean"):
        could = np.asarray(shown.values == 1)
    asked = could & (outcomes.state != 1)
    values = outcomes.values
    answered = outcomes.is_observed & ~values.is_null
    label = data.dataset.framing.labels.get(outcomes.name)
    if label is not None and label.source and values.role in ("number", "boolean"):
        answered &= values.values != 0
    return asked, answered


def _most_unlike(answered: Mask, silent: Mask, data: DataEvidence) -> tuple[str, float] | None:
    """Return the feature on which two groups differ most, in standard deviations; None below what counts."""
    found: dict[str, float] = {}
    for name in data.feature_names:
        column = data.dataset.columns[name]
        if column.role not in ("number", "boolean"):
            continue
        ours, theirs = (_sampled(column.values, rows) for rows in (answered, silent))
        if len(ours) < 2 or len(theirs) < 2:
            continue
        width = float(np.sqrt((np.var(ours) + np.var(theirs)) / 2))
        if width > 0:
            found[name] = float(ours.mean() - theirs.mean()) / width
    best = max(found, key=lambda name: abs(found[name]), default=None)
    return (best, found[best]) if best is not None and abs(found[best]) >= UNLIKE else None


def _sampled(values: NDArray[Any], rows: Mask) -> Floats:
    """Return finite values of some rows, at most `SAMPLE`, taken evenly."""
    index = np.flatnonzero(rows)
    taken = np.asarray(values[index[:: max(1, -(-len(index) // SAMPLE))]], dtype=np.float64)
    return taken[np.isfinite(taken)]


RULES = (
    counterweight_cannot_bind, terms_say_the_same, goal_does_not_follow, turns_under_pressure,
    self_selected_feedback,
)  # fmt: skip
