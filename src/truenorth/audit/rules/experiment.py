"""EXP: whether a test in the field could confirm the promise, and be stopped."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from truenorth.audit.contract import Hit, Unknown, rule
from truenorth.audit.evidence import DataEvidence
from truenorth.audit.stated.lexicon import words_in
from truenorth.audit.stated.sample_size import SHORTEST, WEEK, smallest_effect, whole_weeks, written
from truenorth.audit.stated.terms import directions, kpi_labels, labels_in, made_of, number_of
from truenorth.audit.stated.trial import Trial, compared, planned
from truenorth.audit.subject import Subject
from truenorth.engine.vectors import Vector
from truenorth.framing.durations import DAY
from truenorth.framing.framing import Framing
from truenorth.framing.references import Constraint

TOO_SHORT = 7
"""Days below which not every day of the week was seen."""
LONGEST = 26 * WEEK
"""Days after which nobody waits for a test any more: half a year. A rule of thumb."""
VALIDATED = 4
"""Mark of alignment from which a proxy may decide a test: the upper two of five. A rule of thumb."""
FINER = (
    "request", "requests", "session", "sessions", "impression", "impressions", "query", "queries", "search",
    "row", "event", "visit", "visits", "page", "pageview", "slot",
)  # fmt: skip
"""Words of units of which one person has many."""
COARSE = (
    "region", "regions", "city", "cities", "market", "markets", "zone", "zones", "area", "areas", "geo",
    "cluster", "store", "shop", "country", "campaign", "advertiser", "time", "hour", "day", "week", "borough",
)  # fmt: skip
"""Words of units that hold both sides of a market, or take turns."""
MARKETS = ("marketplace", "two sided", "surge", "auction", "auctions", "matching", "dispatching")
SUPPLY = (
    "driver",
    "drivers",
    "courier",
    "couriers",
    "host",
    "hosts",
    "seller",
    "sellers",
    "employer",
    "employers",
)
DEMAND = ("rider", "riders", "passenger", "passengers", "guest", "guests", "buyer", "buyers", "job seekers")
_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}
AN_EXPERIMENT = "metric: kpi, minimum_effect: 5%, duration: 28d, stages: [1%, 10%, 50%, 100%]"


@rule("EXP001", "no-experiment", severity="warn")
def no_experiment(subject: Subject) -> Iterator[Hit | Unknown]:
    """No test in the field is planned.

    What it checks:
        There is an `experiment`. A list that is made overnight and a forecast that is ordered by are
        decisions as well.

    Why it hurts:
        The log says what would have happened to those whom the old policy chose. What the new one does to the
        people it chooses is known only once some of them, drawn at random, got it and others did not.

    Example:
        A framing without `experiment` fires, whatever its metrics promise.

    How to fix:
        Say who is randomised, what decides, what must not get worse, the smallest effect worth it, and how
        long.
    """
    framing = subject.framing
    if framing.experiment is None:
        yield Hit(
            path=("experiment",),
            evidence="expected a test that confirms the KPI, got none.",
            fix=f"experiment: {{unit: {framing.table.unit}, {AN_EXPERIMENT}, "
            f"guardrails: [{_guardrail(framing)}]}}",
        )


@rule("EXP002", "not-whole-weeks", severity="warn")
def not_whole_weeks(subject: Subject) -> Iterator[Hit | Unknown]:
    """The test is shorter than two weeks, not of whole weeks, or of no stated length.

    What it checks:
        `experiment.duration`: under 7 days is an error, under 14 days or a broken week a warning. Where it is
        missing, the days that the declared effect needs, in whole weeks.

    Why it hurts:
        People who come on Mondays are not those who come on Saturdays. Five days answer for five sevenths of
        them, and ten count some of them twice. A test without an end is stopped on the day it looks best.

    Example:
        `duration: 5d` is an error, `duration: 10d` a warning, `duration: 14d` is silent.

    How to fix:
        Two, three or four whole weeks, fixed before the start; longer where people have to get used to the
        change.

    Source:
        Kohavi, Tang, Xu (2020). Trustworthy Online Controlled Experiments, chapters 2 and 23: at least a week
        for the day of the week, two against novelty.
    """
    experiment = subject.framing.experiment
    if experiment is None:
        return
    if experiment.duration is None:
        yield _length_missing(subject)
        return
    days = experiment.duration.days
    is_whole = days % WEEK == 0
    if days >= SHORTEST and is_whole:
        return
    wanted = f"at least {TOO_SHORT} days" if days < TOO_SHORT else f"whole weeks, at least {SHORTEST} days"
    yield Hit(
        path=("experiment", "duration"),
        evidence=f"expected {wanted}, got {experiment.duration}.",
        fix=f"duration: {whole_weeks(days)}d",
        numbers={"days": days, "wanted": whole_weeks(days)},
        severity="error" if days < TOO_SHORT else None,
    )


@rule("EXP003", "underpowered", severity="warn")
def underpowered(subject: Subject) -> Iterator[Hit | Unknown]:
    """The test is too small to find the effect that it is for.

    What it checks:
        Units per arm for the smallest effect at 5 % and a power of 80 %, against those that come within the
        duration (else the KPI's timeframe) at the largest stage with an equal control. The spread is read
        from the log's labels, else from a run's interval, else from the baseline where it is a share; then
        each decision counts as a unit of its own, which is the most that can come.

    Why it hurts:
        A test that finds a real gain once in five times will be read as `no effect`, and the gain is thrown
        away; or it shows a lucky large one, which does not come back. Either way weeks were spent to learn
        nothing.

    Example:
        A return of 41 %, an effect of .5 points and 2,000 readers a day for 14 days: 152,000 per arm are
        needed, 14,000 come. An effect of 2 points is silent.

    How to fix:
        Test for longer, with a larger share, for a larger effect, or reduce the spread by what people did
        before the test.

    Source:
        n = (1.96 + 0.84)^2 (v0 + v1) / d^2 per arm: Chow, Shao, Wang (2008). Sample Size Calculations in
        Clinical Research.
    """
    framing, experiment = subject.framing, subject.framing.experiment
    if experiment is None:
        return
    days = _longest(framing)
    if days is None:
        yield Unknown("neither experiment.duration nor the KPI's timeframe says how long the test can run")
        return
    trial = planned(subject, days)
    if isinstance(trial, Unknown):
        yield trial
        return
    come = trial.units_per_day * days
    if come < trial.units_needed:
        yield _too_small(framing, trial, days, come)
    elif trial.is_bound:
        unit = experiment.unit or framing.table.unit
        yield Unknown(f"how many different {unit} come in {days:g} days is not known: audit with --data")


@rule("EXP004", "no-guardrails", severity="warn")
def no_guardrails(subject: Subject) -> Iterator[Hit | Unknown]:
    """Nothing is watched that must not get worse.

    What it checks:
        `experiment.guardrails` names at least one metric with its margin.

    Why it hurts:
        Every KPI can be raised by taking from what it does not measure: fewer frauds by blocking customers,
        more clicks by annoying readers. A test without guardrails ships these as a success.

    Example:
        `experiment: {metric: kpi, stages: [1%, 10%]}` fires; with `guardrails: [{metric: mean(hide), margin:
        2%}]` it is silent.

    How to fix:
        Ask who would complain if the KPI doubled, and measure what they would complain about.
    """
    framing = subject.framing
    if framing.experiment is not None and not framing.experiment.guardrails:
        yield Hit(
            path=("experiment", "guardrails"),
            evidence="expected what must not get worse, got none.",
            fix=f"guardrails: [{_guardrail(framing)}]",
        )


@rule("EXP005", "wrong-unit", severity="warn")
def wrong_unit(subject: Subject) -> Iterator[Hit | Unknown]:
    """What is randomised is finer than what is analysed, or than what influences each other.

    What it checks:
        `experiment.unit` is the unit by which the metric is measured, or holds several of them. Where the
        framing speaks of a market of two sides, of auctions, or bids from a common budget, the unit is a
        region, a store, a campaign or a time.

    Why it hurts:
        Where each request is drawn anew, one person gets both arms: the difference between them shrinks to
        nothing, and the interval counts one person as a hundred. Where drivers serve both arms, what one arm
        gains the other loses, and the test shows twice the gain or none.

    Example:
        `unit: request_id` beside a KPI `by user` fires; `unit: user` is silent. A test of surge prices by
        rider fires; by zone it is silent.

    How to fix:
        Randomise what the KPI is measured by; in a market whole regions, or hours that take turns.

    Source:
        Kohavi, Tang, Xu (2020). Trustworthy Online Controlled Experiments, chapters 14 and 22.
    """
    framing, experiment = subject.framing, subject.framing.experiment
    if experiment is None:
        return
    metric = compared(framing, experiment)
    unit = experiment.unit or framing.table.unit or ""
    analysed = (metric.by if metric is not None else None) or framing.table.unit or ""
    finer = unit != analysed and _is_finer(subject, unit, analysed)
    if finer is None:
        yield Unknown(f"whether one {analysed} holds several {unit} is not known: audit with --data")
    elif finer:
        yield Hit(
            path=("experiment", "unit"),
            evidence=f"expected the unit of the analysis, {analysed!r}, or a larger one, got {unit!r}.",
            fix=f"unit: {analysed}",
        )
    spill = _shared(subject)
    if spill and not words_in(unit, COARSE):
        yield Hit(
            path=("experiment", "unit"),
            evidence=f"expected a unit that holds both arms apart beside {spill}, got {unit!r}.",
            fix="unit: a column such as region, store or campaign, or hours that take turns",
        )


@rule("EXP006", "no-way-back", severity="warn")
def no_way_back(subject: Subject) -> Iterator[Hit | Unknown]:
    """The roll-out has stages, and nothing says when to take it back.

    What it checks:
        `experiment.rollback` holds at least one condition where there are `stages`, or where the system acts
        alone.

    Why it hurts:
        Stages only help if somebody stops between them. Decided in the night, with the launch announced, the
        bound is whatever the figure happens to be.

    Example:
        `stages: [1%, 10%, 100%]` without `rollback` fires; `rollback: ["share(action = 'block') > 4%"]` is
        silent.

    How to fix:
        For each guardrail the figure at which nobody would discuss any more; leave room above its noise.
    """
    framing, experiment = subject.framing, subject.framing.experiment
    if experiment is None or experiment.rollback:
        return
    if experiment.stages or framing.product.archetype == "autonomous":
        stages = ", ".join(f"{one:.0%}" for one in experiment.stages) or "an autonomous system"
        yield Hit(
            path=("experiment", "rollback"),
            evidence=f"expected when to take it back beside {stages}, got none.",
            fix=f'rollback: ["{_way_back(framing)}"]',
            numbers={"stages": len(experiment.stages)},
        )


@rule("EXP007", "test-decides-on-a-proxy", severity="warn")
def test_decides_on_a_proxy(subject: Subject) -> Iterator[Hit | Unknown]:
    """The test is decided by something that is neither the KPI nor a proxy known to follow it.

    What it checks:
        `experiment.metric` is `kpi`, the KPI's own metric, or measures labels whose `proxies` give an
        alignment of 4 or 5.

    Why it hurts:
        The test is the last place at which the goal can still be seen. Decided on the proxy it only confirms
        that the model does what it was trained for.

    Example:
        `metric: mean(click)` with `click: {alignment: 2}` fires; `metric: kpi` is silent.

    How to fix:
        `metric: kpi`. Where the KPI takes months, validate a faster one on past experiments and give it its
        mark.

    Source:
        A rule of thumb of ours for the mark.
    """
    framing, experiment = subject.framing, subject.framing.experiment
    kpi = framing.business.kpi
    if experiment is None or experiment.metric.name == "kpi" or (kpi and experiment.metric == kpi.metric):
        return
    read = labels_in(experiment.metric.columns, framing)
    marks = {name: framing.proxies[name].alignment if name in framing.proxies else None for name in read}
    unproven = [name for name, mark in marks.items() if (mark or 0) < VALIDATED]
    if read and not unproven:
        return
    said = ", ".join(f"{name} with alignment {marks[name] or 'not given'}" for name in unproven)
    yield Hit(
        path=("experiment", "metric"),
        evidence=f"expected the KPI or a proxy with alignment of at least {VALIDATED}, "
        f"got {experiment.metric}{f' ({said})' if said else ''}.",
        fix="metric: kpi",
        numbers={name: mark for name, mark in marks.items() if mark is not None},
    )


def _length_missing(subject: Subject) -> Hit | Unknown:
    """Return what the declared effect asks of the length, where it can be said."""
    framing = subject.framing
    trial = planned(subject, _longest(framing) or 4.0 * WEEK)
    if isinstance(trial, Unknown):
        return Unknown(f"experiment.duration is not stated, and cannot be told: {trial.reason}")
    days = whole_weeks(trial.days_needed) if math.isfinite(trial.days_needed) else LONGEST + 1
    least = "at least " if trial.is_bound else ""
    is_long = days > (_longest(framing) or LONGEST)
    asked = 4 * WEEK if is_long or (trial.is_bound and days < 4 * WEEK) else days
    return Hit(
        path=("experiment", "duration"),
        evidence=f"expected how long the test runs, got nothing; to find {trial.declared} it needs "
        f"{least}{days:,} days.",
        fix=f"duration: {asked}d" + ", and a larger minimum_effect" * is_long,
        numbers={"days_needed": trial.days_needed, "units_per_arm": trial.units_needed},
    )


def _longest(framing: Framing) -> float | None:
    """Return the days within which the test must have answered."""
    kpi = framing.business.kpi
    declared = framing.experiment.duration if framing.experiment else None
    until = declared or (kpi.timeframe if kpi else None)
    return until.microseconds / DAY if until else None


def _too_small(framing: Framing, trial: Trial, days: float, come: float) -> Hit:
    figure = trial.figure
    found = smallest_effect(figure.variances, come) if come >= 1 else math.inf
    larger = written(found, trial.declared, figure.mean) if math.isfinite(found) else "LARGER"
    longer = whole_weeks(trial.days_needed)
    is_patient = longer <= LONGEST and framing.experiment is not None and framing.experiment.duration
    most = "at most " if trial.is_bound else ""
    return Hit(
        path=("experiment", "minimum_effect"),
        evidence=f"expected {trial.units_needed:,.0f} units per arm to find {trial.declared} of "
        f"{figure.mean:.4g} four times in five, got {most}{come:,.0f} in {days:g} days with "
        f"{trial.share:.0%} in each arm (spread from the {figure.origin}).",
        fix=f"minimum_effect: {larger}" + (f", or duration: {longer}d" if is_patient else ""),
        numbers={
            "units_needed": trial.units_needed, "units": come, "days": days, "effect": trial.effect,
            "smallest_effect": found, "mean": figure.mean, "spread_from": figure.origin,
        },
    )  # fmt: skip


def _guardrail(framing: Framing) -> str:
    """Return a guardrail that could be watched here: how often it acts, else an outcome that is measured."""
    acting = _acting(framing)
    if acting is not None:
        return f"{{metric: \"share(action = '{acting}')\", margin: 0.2pp}}"
    inside = made_of(labels_in(framing.objective.score.columns, framing), framing) | kpi_labels(framing)
    others = (name for name, one in framing.labels.items() if name not in inside and one.kind == "binary")
    other = next(others, None)
    return f"{{metric: {f'mean({other})' if other else 'external(complaints)'}, margin: 2%}}"


def _acting(framing: Framing) -> str | None:
    """Return the action that people would complain of: one that costs less the surer the model is."""
    policy = framing.policy
    if policy is None:
        return None
    if policy.threshold is not None:
        return policy.threshold.act
    ways = {name: set(directions(cost, framing).values()) for name, cost in policy.actions.items()}
    falling = [name for name, way in ways.items() if way == {-1}]
    constant = [name for name, way in ways.items() if not way and number_of(policy.actions[name].tree) != 0]
    return next(reversed(falling or constant or [*ways]), None)


def _way_back(framing: Framing) -> str:
    """Return a condition for going back: a constraint turned round, best one on what is guarded anyway."""
    guards = [one.metric for one in framing.experiment.guardrails] if framing.experiment else []
    guarded = [one for one in framing.constraints if one.metric in guards]
    plain = [one for one in framing.constraints if one.metric.name in ("share", "mean")]
    for constraint in (*guarded, *plain):
        return _turned(constraint)
    metric = next((one for one in guards if one.name != "external"), None)
    return f"{metric or 'mean(OUTCOME)'} > BOUND"


def _turned(constraint: Constraint) -> str:
    number = f"{constraint.number:.15g}{constraint.unit}"
    return f"{constraint.metric} {_OPPOSITE[constraint.operator]} {number}"


def _is_finer(subject: Subject, unit: str, analysed: str) -> bool | None:
    """Return whether one analysed unit holds several randomised ones; None where nothing says."""
    table = subject.framing.table
    if subject.data is not None:
        ours, theirs = _codes(subject, unit, subject.data), _codes(subject, analysed, subject.data)
        if ours is not None and theirs is not None:
            return _splits(ours, theirs)
    source = subject.example_source
    inner = {*table.group, *table.decision, *(source.key if source is not None else ()), "row", "example_id"}
    if unit in inner or words_in(unit, FINER):
        return True
    return False if words_in(unit, COARSE) else None


def _codes(subject: Subject, name: str, data: DataEvidence) -> Vector | None:
    column = data.column(name)
    if column is None and name == subject.framing.table.unit:
        column = data.column("unit")
    return None if column is None or column.role == "list" or column.is_null.all() else column


def _splits(ours: Vector, theirs: Vector) -> bool:
    """Return whether a value of `theirs` stands beside several of `ours` on some rows."""
    rows = ~ours.is_null & ~theirs.is_null
    pairs = np.unique(np.column_stack([
        np.unique(one.values[rows], return_inverse=True)[1].reshape(-1) for one in (theirs, ours)
    ]), axis=0)  # fmt: skip
    return len(pairs) > len(np.unique(pairs[:, 0])) if len(pairs) else False


def _shared(subject: Subject) -> str | None:
    """Return what both arms draw on, in words; None where nothing says so."""
    policy = subject.framing.policy
    if policy is not None and policy.bid is not None and policy.bid.budget is not None:
        return f"bids from one budget ({policy.bid.budget})"
    words = words_in(subject.words, MARKETS)
    if words:
        return f"{words[0]!r}"
    sides = words_in(subject.words, SUPPLY), words_in(subject.words, DEMAND)
    return f"{sides[0][0]} and {sides[1][0]}" if all(sides) else None


RULES = (
    no_experiment, not_whole_weeks, underpowered, no_guardrails, wrong_unit, no_way_back,
    test_decides_on_a_proxy,
)  # fmt: skip
