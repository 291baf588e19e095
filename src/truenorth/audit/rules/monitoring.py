"""MON: whether somebody would notice when it stops working, for whom, and what happens then."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import replace

from truenorth.audit.contract import Hit, Unknown, rule
from truenorth.audit.stated.lexicon import ADVERSARIAL, words_in
from truenorth.audit.subject import Subject
from truenorth.evaluation.primary import is_higher_better
from truenorth.framing.durations import DAY, Duration
from truenorth.framing.horizon import horizon
from truenorth.framing.references import MetricReference

ADAPTS_WITHIN = 30
"""Days within which people who gain by it find out how a model decides. A rule of thumb."""
GAMEABLE = 4
"""Mark of `gaming` from which a proxy is easily gamed, 1 to 5."""
ABUSE = re.compile(
    r"(?<![a-z])(report|hide|hidden|hate|dislike|mute|unfollow|appeal|complain|disput|abus|fraud|spam|scam|bots?\b|"
    r"fake|flag|block|chargeback|gini|false_negative_rate)"
)
"""Words of measures that rise when a system is gamed, or of labels that are the gaming itself."""
GROUP_REDUCTIONS = ("gap", "ratio", "worst")


@rule("MON001", "nothing-tracked", severity="warn")
def nothing_tracked(subject: Subject) -> Iterator[Hit | Unknown]:
    """No figure is followed after the release.

    What it checks:
        `monitoring.track` names at least one metric.

    Why it hurts:
        Models fail without an error message: prices change, a column fills with zeros, people move on. Who
        does not look learns of it from the quarterly figures.

    Example:
        `monitoring: {retrain: {every: 7d}}` fires; `track: [average_precision(fraud), cost per 1d]` is
        silent.

    How to fix:
        The objective's metric, the KPI, one figure per segment, and the share of each action.
    """
    if not subject.framing.monitoring.track:
        metric = subject.framing.objective.metric
        kpi = subject.framing.business.kpi
        named = [str(one) for one in (metric, kpi.metric if kpi else None) if one is not None]
        yield Hit(
            path=("monitoring", "track"),
            evidence="expected figures that are followed after the release, got none.",
            fix=f"track: [{', '.join(_quoted(name) for name in dict.fromkeys(named)) or 'cost per 1d'}]",
        )


def _quoted(text: str) -> str:
    return f'"{text}"' if any(sign in text for sign in ",'") else text


@rule("MON002", "nobody-on-call", severity="warn")
def nobody_on_call(subject: Subject) -> Iterator[Hit | Unknown]:
    """Nobody is called when a followed figure moves.

    What it checks:
        `business.on_call` names a person or a rota. Who answers for the goal is GOAL005.

    Why it hurts:
        An alert without a reader is a log line. The first to react is then whoever is hurt.

    Example:
        A framing without `on_call` fires; `on_call: payments duty` is silent.

    How to fix:
        Name the rota that already wakes up for this product, and give it the fallback to switch to.
    """
    if not subject.framing.business.on_call:
        owner = subject.framing.business.owner
        yield Hit(
            path=("business", "on_call"),
            evidence="expected who is called when a figure moves, got nobody.",
            fix=f"on_call: {owner or 'payments'} duty",
        )


@rule("MON003", "no-retraining-trigger", severity="warn")
def no_retraining_trigger(subject: Subject) -> Iterator[Hit | Unknown]:
    """Nothing says when the model is trained again.

    What it checks:
        `monitoring.retrain` has a period (`every`), a figure (`or_when`) or an event (`or_event`).

    Why it hurts:
        A model is a memory of the day it was trained. Retrained by hand, it is retrained after the incident,
        by whoever still knows how.

    Example:
        `monitoring: {track: [roc_auc(churn)]}` fires; `retrain: {every: 28d}` is silent.

    How to fix:
        `retrain: {every: 28d, or_when: average_precision(fraud) < 0.9 * released}`.
    """
    if not _triggers(subject):
        metric = subject.framing.objective.metric
        worse = "< 0.9" if metric is None or is_higher_better(metric) else "> 1.1"
        when = f", or_when: {_quoted(f'{metric} {worse} * released')}" if metric is not None else ""
        yield Hit(
            path=("monitoring", "retrain"),
            evidence="expected when the model is trained again, got no period, figure or event.",
            fix=f"retrain: {{every: 28d{when}}}",
        )


def _triggers(subject: Subject) -> list[str]:
    retrain = subject.framing.monitoring.retrain
    return [key for key in ("every", "or_when", "or_event") if getattr(retrain, key) is not None]


@rule("MON004", "retrained-before-labels-mature", severity="warn")
def retrained_before_labels_mature(subject: Subject) -> Iterator[Hit | Unknown]:
    """Each model is replaced before the outcomes of its own decisions are known.

    What it checks:
        `retrain.every` against the longest horizon (`gap` + `within` + reporting delay) of the trained
        labels. Labels with `maturity: ipcw` are exempt: they weigh what has matured early.

    Why it hurts:
        No release is ever judged by what it did, and a trigger such as `< 0.9 * released` compares models
        that are long gone. If the loop does harm, several generations have learned from it before anybody can
        see.

    Example:
        `retrain: {every: 7d}` beside a chargeback label `within: 30d` fires; `every: 35d` is silent.

    How to fix:
        A period no shorter than the horizon; a faster label to watch in between; or `maturity: ipcw`.
    """
    framing = subject.framing
    every = framing.monitoring.retrain.every
    if every is None:
        return
    horizons = {
        name: horizon(name, framing.labels, framing.sources, framing.table_of(label))
        for name, label in subject.trained.items()
        if label.maturity != "ipcw"
    }
    known = {name: found for name, found in horizons.items() if found is not None}
    if not known:
        return
    name = max(known, key=lambda task: known[task])
    if known[name] > every.microseconds:
        longest = Duration(known[name])
        days = -(-longest.microseconds // DAY)
        yield Hit(
            path=("monitoring", "retrain", "every"),
            evidence=f"expected at least the {longest} after which {name!r} is known, got {every}.",
            fix=f"every: {days}d",
            numbers={"horizon_days": longest.microseconds / DAY, "every_days": every.microseconds / DAY},
        )


@rule("MON005", "no-segment-tracked", severity="warn")
def no_segment_tracked(subject: Subject) -> Iterator[Hit | Unknown]:
    """Only averages over everybody are followed.

    What it checks:
        One of `monitoring.track` is measured by a column that makes groups (`by country worst`), or where a
        condition on the row holds. A metric by user, by list or of an action alone is no segment.

    Why it hurts:
        A feed that breaks for one country in twelve moves the average by a hair. Segments are where failures
        begin, and where they are first complained about.

    Example:
        `track: [average_precision(fraud)]` fires; `average_precision(fraud) by country worst` beside it is
        silent.

    How to fix:
        The objective's metric by the most telling slice, with `worst` or `gap`.
    """
    framing = subject.framing
    track = framing.monitoring.track
    if not track or any(_is_segment(subject, one) for one in track):
        return
    groups = [*framing.governance.protected, *framing.evaluation.slices, *framing.table.context]
    metric = replace(
        framing.objective.metric or track[0], by=groups[0] if groups else "COLUMN", reduction="worst"
    )
    yield Hit(
        path=("monitoring", "track"),
        evidence=f"expected a figure per segment, got {', '.join(str(one) for one in track)}.",
        fix=f"track: [..., {_quoted(str(metric))}]",
        numbers={"tracked": len(track)},
    )


def _is_segment(subject: Subject, metric: MetricReference) -> bool:
    """Whether a metric is of groups of rows: not of one unit or list each, nor of what was done alone."""
    table, policy = subject.framing.table, subject.framing.policy
    keys = {*table.entity, *table.group, *table.decision, table.unit}
    if metric.name != "gini" and metric.by is not None and metric.by not in keys:
        return True
    decided = {"action", policy.quantity.name if policy and policy.quantity else "action"}
    return metric.where is not None and bool(metric.where.columns - decided - {*subject.framing.labels})


@rule("MON006", "goal-not-tracked", severity="warn")
def goal_not_tracked(subject: Subject) -> Iterator[Hit | Unknown]:
    """The figure that the business wants moved is not followed.

    What it checks:
        `monitoring.track` holds the KPI's metric, whatever its period, or `kpi`. A KPI that is measured
        elsewhere is followed there.

    Why it hurts:
        The model's metric can hold while the goal slips away: that is what a proxy is. The gap between the
        two shows only if both are on one page.

    Example:
        `kpi: {metric: cost per 1d}` with `track: [average_precision(fraud)]` fires; `track: [..., cost per
        1d]` is silent.

    How to fix:
        Add `kpi` to `track`.
    """
    framing = subject.framing
    kpi, track = framing.business.kpi, framing.monitoring.track
    if kpi is None or not track or kpi.metric.name == "external":
        return
    if not any(one.name == "kpi" or _is_same(one, kpi.metric) for one in track):
        yield Hit(
            path=("monitoring", "track"),
            evidence=f"expected the KPI {kpi.metric} among what is followed, got "
            f"{', '.join(str(one) for one in track)}.",
            fix=f"track: [{', '.join(_quoted(str(one)) for one in track)}, kpi]",
            numbers={"tracked": len(track)},
        )


def _is_same(one: MetricReference, other: MetricReference) -> bool:
    """Whether two metrics measure the same thing, whatever the period or the sign."""
    return (one.name, one.argument, one.where, one.at) == (other.name, other.argument, other.where, other.at)


@rule("MON007", "slower-than-the-adversary", severity="warn")
def slower_than_the_adversary(subject: Subject) -> Iterator[Hit | Unknown]:
    """Those who gain by getting past the model adapt faster than it does.

    What it checks:
        Words of an adversary in the framing's prose (fraud, spam, bots, abuse ...), beside a retraining that
        has a period over 30 days and neither a figure nor an event that calls for it. No trigger at all is
        MON003.

    Why it hurts:
        Fraud moves to the next terminal within days of the first refusal. A model that is renewed each
        quarter is known by then, and its offline figures are about last season's attack.

    Example:
        `retrain: {every: 90d}` of a spam filter fires; with `or_when: recall(spam) < 0.9 * released` it is
        silent.

    How to fix:
        `or_when` on recall or on the cost, or a period of at most 30d.

    Source:
        The 30 days are a rule of thumb of ours.
    """
    words = words_in(subject.words, ADVERSARIAL)
    retrain = subject.framing.monitoring.retrain
    if not words or retrain.every is None or retrain.or_when is not None or retrain.or_event is not None:
        return
    days = retrain.every.microseconds / DAY
    if days > ADAPTS_WITHIN:
        task = subject.tasks[0] if subject.tasks else "TASK"
        yield Hit(
            path=("monitoring", "retrain"),
            evidence=f"expected an answer within {ADAPTS_WITHIN} days beside {', '.join(words)}, "
            f"got a training every {days:g} days and nothing that calls for one.",
            fix=f"retrain: {{every: 7d, or_when: recall({task}) < 0.9 * released}}",
            numbers={"every_days": days, "bound_days": ADAPTS_WITHIN},
        )


@rule("MON008", "group-gaps-not-tracked", severity="warn")
def group_gaps_not_tracked(subject: Subject) -> Iterator[Hit | Unknown]:
    """Protected groups are named, and the gap between them is not followed.

    What it checks:
        Each attribute of `governance.protected` has a metric in `monitoring.track` `by` it (or by a slice
        made of it), as `gap`, `ratio` or `worst`.

    Why it hurts:
        Fair on the day of the release is fair on the rows of that day. Who applies changes, what is learned
        changes, and a gap opens without any average moving.

    Example:
        `protected: [sex]` without a metric by sex fires; `"share(action = 'approve') by sex ratio"` is
        silent.

    How to fix:
        Follow the metric of the fairness constraint: the share of each action, or the error rate, by the
        attribute.
    """
    framing = subject.framing
    track = framing.monitoring.track
    followed = {one.by for one in track if one.by and one.reduction in (*GROUP_REDUCTIONS, None)}
    missing = [name for name in framing.governance.protected if not _is_followed(subject, name, followed)]
    if missing:
        action = next(iter(framing.policy.actions), None) if framing.policy else None
        plain = MetricReference.parse(f"share(action = '{action}')") if action else framing.objective.metric
        metric = replace(plain or MetricReference.parse("mean(label)"), by=missing[0], reduction="gap")
        yield Hit(
            path=("monitoring", "track"),
            evidence=f"expected the gap between groups of {', '.join(missing)} to be followed, "
            "got no metric by it.",
            fix=f'track: [..., "{metric}"]',
            numbers={"missing": len(missing)},
        )


def _is_followed(subject: Subject, attribute: str, followed: Collection[str]) -> bool:
    slices = subject.framing.evaluation.slices
    made_of = {name for name, expression in slices.items() if attribute in expression.columns}
    return any(name in followed for name in (attribute, *made_of))


@rule("MON009", "abuse-not-tracked", severity="warn")
def abuse_not_tracked(subject: Subject) -> Iterator[Hit | Unknown]:
    """The system can be gamed, and nothing that is followed would show it.

    What it checks:
        A trained label whose `gaming` is 4 or 5, or words of an adversary in the prose, beside a
        `monitoring.track` without a measure of abuse: reports, hides, appeals, disputes, blocks,
        concentration, or the abuse itself.

    Why it hurts:
        Gaming lifts exactly the figures that are followed: clicks rise because of bait. What falls, or is
        reported, is the only sign, and it comes early.

    Example:
        `click: {gaming: 5}` with `track: [mean(click)]` fires; `mean(hide)` beside it is silent.

    How to fix:
        Follow what victims do: `mean(hide)`, `mean(report)`, `external(appeals per block)`, `gini(shown) by
        creator`.
    """
    framing = subject.framing
    track = framing.monitoring.track
    gamed = [
        f"{name} (gaming {framing.proxies[name].gaming})"
        for name in subject.tasks
        if name in framing.proxies and (framing.proxies[name].gaming or 0) >= GAMEABLE
    ]
    reasons = gamed or list(words_in(subject.words, ADVERSARIAL))
    if not track or not reasons or any(ABUSE.search(str(one).lower()) for one in track):
        return
    yield Hit(
        path=("monitoring", "track"),
        evidence=f"expected a measure of abuse beside {', '.join(reasons)}, "
        f"got {', '.join(map(str, track))}.",
        fix="track: [..., external(reports per decision)]",
        numbers={"tracked": len(track)},
    )


@rule("MON010", "cost-not-tracked", severity="info")
def cost_not_tracked(subject: Subject) -> Iterator[Hit | Unknown]:
    """Decisions cost money, and what they cost is not followed.

    What it checks:
        `business.costs` states what a decision or a review costs, and `monitoring.track` has a `cost`. A
        business without stated costs has nothing to follow.

    Why it hurts:
        Reviews, calls and machines grow with the traffic, a little each week. The gain is computed once, the
        cost comes every month.

    Example:
        `costs: {review: 5}` with `track: [average_precision(fraud)]` teaches this; `cost per 1d` beside it is
        silent.

    How to fix:
        Add `cost per 1d` to `track`; it is the realised cost of the actions taken.
    """
    framing = subject.framing
    costs = framing.business.costs
    stated = [key for key in ("decision", "review") if getattr(costs, key) is not None]
    track = framing.monitoring.track
    kpi = framing.business.kpi
    follows_money = any(
        one.name == "cost" or (one.name == "kpi" and kpi is not None and kpi.metric.name == "cost")
        or (one.name == "external" and "cost" in (one.description or "")) for one in track
    )  # fmt: skip
    if stated and track and not follows_money:
        said = ", ".join(f"{key} {getattr(costs, key)}" for key in stated)
        yield Hit(
            path=("monitoring", "track"),
            evidence=f"expected the cost of decisions to be followed beside {said}, got none.",
            fix=f"track: [{', '.join(_quoted(str(one)) for one in track)}, cost per 1d]",
        )


RULES = (
    nothing_tracked, nobody_on_call, no_retraining_trigger, retrained_before_labels_mature,
    no_segment_tracked, goal_not_tracked, slower_than_the_adversary, group_gaps_not_tracked,
    abuse_not_tracked, cost_not_tracked,
)  # fmt: skip
