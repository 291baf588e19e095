"""PROXY: whether what is maximised still stands for the goal once it is maximised."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from truenorth.audit.contract import Hit, Unknown, rule
from truenorth.audit.rules.proxy_log import RULES as OF_THE_LOG
from truenorth.audit.stated.signals import LADDERS, filtered_words, logged, step, trap_of
from truenorth.audit.stated.terms import (
    counterweights,
    directions,
    is_pushed,
    kpi_labels,
    labels_in,
    made_of,
    number_of,
    terms_of,
)
from truenorth.audit.subject import Subject
from truenorth.framing.durations import ZERO, Duration
from truenorth.framing.labels import Label
from truenorth.framing.proxies import Proxy

MARKS = ("alignment", "gaming", "coverage", "latency", "causal")
LOW = 2
"""Marks up to which a proxy follows or causes the goal too little: the lower two of five. A rule of thumb."""
GAMEABLE = 4
"""Mark of gaming from which a counterweight is asked for: the upper two of five. A rule of thumb."""
LATER_ANCHORS = ("day_end", "week_end")
AN_ANSWER = "what it would learn to do in order to raise it"
AN_EXAMPLE = "alignment: 3, gaming: 3, coverage: 4, latency: 4, causal: 3"


@rule("PROXY001", "one-proxy-no-counterweight", severity="warn")
def one_proxy_no_counterweight(subject: Subject) -> Iterator[Hit | Unknown]:
    """The score is one proxy, and nothing speaks against it.

    What it checks:
        Where decisions go to whatever scores high (a list, a bid, a selection of pairs): whether the score
        has a second proxy, a falling term, or a guardrail or constraint on an outcome that is not in it. A
        chain such as `click * conversion` is one proxy. A score that is the KPI itself is exempt, and so is
        one that is weighed against costs.

    Why it hurts:
        In the log the proxy and the goal rise together. A model that searches for the proxy finds the places
        where they do not, and goes there first, because nothing in its world says stop.

    Example:
        `score: click` with `policy: {rank: {by: score}}` fires; `score: click - 2*hide`, or a guardrail
        `mean(hide)`, is silent.

    How to fix:
        Subtract what people do when they are disappointed, or guard it: `guardrails: [{metric: mean(hide),
        margin: 2%}]`.
    """
    framing = subject.framing
    score = framing.objective.score
    rising = {name for name, way in directions(score, framing).items() if way >= 0}
    proxies = [term for term in terms_of(score, framing) if set(term.labels) & rising]
    if not is_pushed(subject) or len(proxies) != 1 or counterweights(subject):
        return
    goal = kpi_labels(framing)
    if goal and goal <= made_of(labels_in(score.columns, framing), framing):
        return
    beside = [name for name in framing.labels if name not in made_of(subject.tasks, framing)]
    other = beside[0] if beside else None
    yield Hit(
        path=("objective", "score"),
        evidence=f"expected a counterweight to {proxies[0].name!r}, got no falling term, no guardrail and no "
        "constraint on another outcome.",
        fix=f"guardrails: [{{metric: {f'mean({other})' if other else 'external(complaints)'}, margin: 2%}}]",
        numbers={"proxies": 1, "counterweights": 0},
    )


@rule("PROXY002", "known-trap", severity="warn")
def known_trap(subject: Subject) -> Iterator[Hit | Unknown]:
    """The score rewards a signal that has misled others, without what corrected it for them.

    What it checks:
        Rising labels of the score whose words are those of a known trap: click, watch time, rating, booking,
        add to cart, helpful vote, surge availability. Corrected is what stands in a chain with its outcome
        (`click * purchase`), beside a label with a longer window, or beside a falling term.

    Why it hurts:
        These have been pushed before. Clicks brought bait, watch time outrage, helpful votes long reviews,
        bookings the cheapest rooms. The log cannot show it, because the log was made before the push.

    Example:
        `score: click` fires; `score: click * purchase` with `purchase: {given: click, ...}` is silent, and so
        is `click - 3*hide`.

    How to fix:
        Multiply by what happened next, or subtract the sign of regret; the finding names what helped
        elsewhere.
    """
    framing = subject.framing
    score = framing.objective.score
    ways = directions(score, framing)
    falls = any(way < 0 for way in ways.values()) or any(
        term.weight < 0 and not term.is_constant for term in terms_of(score, framing)
    )
    if falls:
        return
    inside = made_of(tuple(ways), framing)
    for name in (one for one, way in ways.items() if way >= 0):
        found = trap_of(name, framing.labels[name])
        if found is None or _has_downstream(subject, name, inside):
            continue
        trap, word = found
        yield Hit(
            path=("labels", name),
            evidence=f"expected {name!r} corrected by what follows it, got it alone: {word!r} means "
            f"{trap.name}, which when pushed brings {trap.pushed}.",
            fix=f"predict {trap.cure} too, and write score: {name} * OUTCOME, or subtract a sign of regret.",
            numbers={"trap": trap.name},
        )


@rule("PROXY003", "not-attributable", severity="warn")
def not_attributable(subject: Subject) -> Iterator[Hit | Unknown]:
    """What a label counts cannot be traced back to the decision.

    What it checks:
        Labels of the score that are events of a source: whether their keys say more than whose row it is
        where a decision is about a pair (a person and a thing), and whether the events carry a time. Labels
        that are only measured, such as the KPI's, are exempt.

    Why it hurts:
        A visit by the same person within a week credits all forty things that were shown to them alike. The
        model learns who comes back anyway, not what brings them back.

    Example:
        Rows of `[user, item]` with `returned: {source: sessions, by: user, within: 7d}` in the score fire;
        `liked: {by: [user, item], ...}` is silent, and so is `returned` as the KPI alone.

    How to fix:
        Log the key of what was shown with the event, and join by it: `by: [user, item]`.
    """
    framing = subject.framing
    score_labels = made_of(labels_in(framing.objective.score.columns, framing), framing)
    for name in (one for one in framing.labels if one in score_labels):
        label = framing.labels[name]
        if not label.source or label.judged:
            continue
        table = framing.table_of(label)
        others = [key for key in table.entity if key != table.unit]
        if others and set(label.by) <= {table.unit}:
            yield Hit(
                path=("labels", name, "by"),
                evidence=f"expected keys that lead from an event to one decision, got {', '.join(label.by)} "
                f"where rows are about {', '.join(table.entity)}.",
                fix=f"by: [{', '.join([*label.by, *others])}]",
                numbers={"keys": len(label.by)},
            )
        source = framing.sources.get(label.source)
        if table.at != "none" and source is not None and not source.is_dated and not source.union:
            yield Hit(
                path=("labels", name, "source"),
                evidence=f"expected events with a time after the decision, got none in {label.source!r}.",
                fix=f"sources: {{{label.source}: {{time: COLUMN}}}}, and within: 7d",
            )


@rule("PROXY004", "rubric-missing-or-low", severity="warn")
def rubric_missing_or_low(subject: Subject) -> Iterator[Hit | Unknown]:
    """A label in the score was not judged as a stand-in for the goal, or was judged a poor one.

    What it checks:
        Each label of the score has its five marks under `proxies`; alignment and causal use are above 2, and
        gaming is under 4 unless a falling term, a guardrail or a constraint holds against it.

    Why it hurts:
        The five questions take ten minutes: does it follow the goal, can it be gamed, for how many does it
        exist, how soon is it known, does raising it cause the goal. Projects that skip them find the answers
        in production.

    Example:
        `proxies: {click: {alignment: 2, gaming: 5, ...}}` with `score: click` fires; a label that is only
        measured is not asked.

    How to fix:
        Give the marks with the owner in the room. Where one is low, take a label nearer to the goal.

    Source:
        Rules of thumb of ours for the bounds; each mark is from 1 to 5.
    """
    framing = subject.framing
    scored = labels_in(framing.objective.score.columns, framing)
    bare = [name for name in scored if name not in framing.proxies]
    if bare:
        yield Hit(
            path=("proxies",),
            evidence=f"expected marks of every label in the score, got none for {', '.join(bare)}.",
            fix=f"proxies: {{{', '.join(f'{name}: {{{AN_EXAMPLE}}}' for name in bare)}}}",
            numbers={"without": len(bare)},
        )
    held = bool(counterweights(subject))
    for name in (one for one in scored if one in framing.proxies):
        proxy = framing.proxies[name]
        missing = [mark for mark in MARKS if getattr(proxy, mark) is None]
        low = list(_low_marks(proxy, is_held=held))
        if missing:
            yield Hit(
                path=("proxies", name),
                evidence=f"expected five marks of {name!r}, got no {', no '.join(missing)}.",
                fix=", ".join(f"{mark}: 3" for mark in missing),
                numbers={"missing": len(missing)},
            )
        if low:
            yield Hit(
                path=("proxies", name),
                evidence=f"expected a stand-in for the goal, got {name!r} with {', '.join(low)}.",
                fix=f"weigh a nearer label, or hold it with a falling term: score: {name} - REGRET",
                numbers={mark: getattr(proxy, mark) for mark in MARKS},
            )


@rule("PROXY010", "nearer-event-unused", severity="warn")
def nearer_event_unused(subject: Subject) -> Iterator[Hit | Unknown]:
    """The log records an event nearer to the goal than the one that is predicted.

    What it checks:
        The steps of a funnel (shown, click, cart, purchase, kept; shown, click, watched, finished, enjoyed;
        shown, click, applied, call-back, hired) among the rising labels of the score, against the labels that
        are only measured, the names and outcome columns of sources, and what conditions compare with.

    Why it hurts:
        Clicks are taken because there are more of them. That lowers the aim: rare events can be sampled and
        weighted, and a chain from the frequent one to the rare one uses both.

    Example:
        `score: click` beside a source `orders` fires; `score: click * purchase` is silent.

    How to fix:
        Predict the nearer event given the farther one and multiply: `score: click * purchase`; keep all its
        positives and a share of the rest with `models: {downsample: {purchase: 10%}}`.
    """
    framing = subject.framing
    rising = [name for name, way in directions(framing.objective.score, framing).items() if way >= 0]
    inside = made_of(tuple(rising), framing)
    words = " ; ".join(filtered_words(name, framing.labels[name]) for name in sorted(inside))
    reached = {ladder: at for ladder in LADDERS if (at := step(words, ladder)) is not None}
    highest = max(reached.values(), default=0)
    own = [ladder for ladder, at in reached.items() if at == highest]
    found = [(_step(what, own), what, where) for what, where in (logged(framing) if own else ())]
    at, what, where = max(found, key=lambda one: one[0], default=(-1, "", ""))
    if at > highest:
        yield Hit(
            path=("objective", "score"),
            evidence=f"expected the nearest event that is logged, got {', '.join(sorted(inside))} beside "
            f"{what!r} ({where}).",
            fix=f"a label for {what} given the present one, and score: {rising[0]} * THAT_LABEL",
            numbers={"reached": highest, "logged": at},
        )


@rule("PROXY011", "pressure-not-imagined", severity="warn")
def pressure_not_imagined(subject: Subject) -> Iterator[Hit | Unknown]:
    """Nobody wrote what the system would learn if the proxy were pushed hard.

    What it checks:
        `if_pushed` of each label in the score.

    Why it hurts:
        It is the one question that finds a trap before the launch. Whoever answers it names the guardrail in
        the same breath; whoever cannot answer it does not know the proxy.

    Example:
        `proxies: {fraud: {alignment: 4, ...}}` without `if_pushed` fires; `if_pushed: attackers learn the
        threshold` is silent.

    How to fix:
        Imagine the label doubled and the goal unmoved: what happened in between? Write that sentence.
    """
    framing = subject.framing
    scored = labels_in(framing.objective.score.columns, framing)
    bare = [name for name in scored if name not in framing.proxies]
    if bare:
        yield Hit(
            path=("proxies",),
            evidence=f"expected what happens when {' or '.join(bare)} is pushed hard, got nothing.",
            fix=f"proxies: {{{', '.join(f'{name}: {{if_pushed: {AN_ANSWER}}}' for name in bare)}}}",
            numbers={"labels": len(bare)},
        )
    for name in (one for one in scored if one not in bare):
        if not (framing.proxies[name].if_pushed or "").strip():
            yield Hit(
                path=("proxies", name, "if_pushed"),
                evidence=f"expected what happens when {name!r} is pushed hard, got nothing.",
                fix=f"if_pushed: {AN_ANSWER}",
                numbers={"labels": 1},
            )


@rule("PROXY012", "weight-without-reason", severity="warn")
def weight_without_reason(subject: Subject) -> Iterator[Hit | Unknown]:
    """A weight in the score has no reason, or nobody who answers for it.

    What it checks:
        Factors other than 1 before labels, in a score of several terms or in a label of the score that is
        combined: each has its sentence in `objective.reasons`, and an owner (`models.tasks.LABEL.owner`, else
        `business.owner`).

    Why it hurts:
        That a comment is worth five likes is a decision about people, and it outlives whoever tuned it.
        Without a reason it cannot be argued with, only tuned again.

    Example:
        `score: 5*comment + liked` without reasons fires; with `reasons: {comment: a talk brings both back}`
        it is silent.

    How to fix:
        One sentence per weight, signed by the owner of the goal.
    """
    framing = subject.framing
    for name, weight in _weights(subject).items():
        settings = framing.models.tasks.get(name)
        owner = (settings.owner if settings else None) or framing.business.owner
        reason = (framing.objective.reasons.get(name) or "").strip()
        missing = ["reason"] * (not reason) + ["owner"] * (not owner)
        if missing:
            fixes = [f"objective: {{reasons: {{{name}: WHY IT WEIGHS {weight:g}}}}}"] * (not reason)
            fixes += [f"models: {{tasks: {{{name}: {{owner: TEAM}}}}}}"] * (not owner)
            yield Hit(
                path=("objective", "reasons", name),
                evidence=f"expected a reason and an owner of the weight {weight:g} of {name!r}, "
                f"got no {' and no '.join(missing)}.",
                fix=", and ".join(fixes),
                numbers={"weight": weight},
            )


def _step(words: str, ladders: list[str]) -> int:
    """Return the nearest step that words name on any of the ladders; -1 where they name none."""
    return max((at for ladder in ladders if (at := step(words, ladder)) is not None), default=-1)


def _has_downstream(subject: Subject, name: str, inside: frozenset[str]) -> bool:
    """Return whether a label of the score follows on another: given it, anchored at it, looking farther."""
    labels = subject.framing.labels
    return any(_follows(other, labels[other], name, labels[name]) for other in inside - {name})


def _follows(other: str, label: Label, name: str, own: Label) -> bool:
    if label.anchor == name or (label.given is not None and name in label.given.columns):
        return True
    if label.anchor in LATER_ANCHORS and own.anchor == "at":
        return True
    ends = [one.within if isinstance(one.within, Duration) else ZERO for one in (own, label)]
    return ends[1] > ends[0] and trap_of(other, label) is None


def _low_marks(proxy: Proxy, *, is_held: bool) -> Iterator[str]:
    for mark in ("alignment", "causal"):
        value = getattr(proxy, mark)
        if value is not None and value <= LOW:
            yield f"{mark} {value} of 5"
    if proxy.gaming is not None and proxy.gaming >= GAMEABLE and not is_held:
        yield f"gaming {proxy.gaming} of 5 and no counterweight"


def _weights(subject: Subject) -> dict[str, float]:
    """Return the factors other than 1 of labels, in the score and in what its labels are combined of."""
    framing = subject.framing
    terms = terms_of(framing.objective.score, framing)
    found = {
        name: term.weight
        for term in terms
        for name in term.labels[:1]
        if abs(term.weight) != 1 and sum(bool(one.labels) for one in terms) > 1
    }
    for name in labels_in(framing.objective.score.columns, framing):
        combine = framing.labels[name].combine
        for product in combine.tree.find_all(exp.Mul) if combine is not None else ():
            for one, other in ((product.this, product.expression), (product.expression, product.this)):
                factor, inner = number_of(one), other.unnest()
                if factor is not None and abs(factor) != 1 and isinstance(inner, exp.Column):
                    for label in labels_in({inner.name}, framing):
                        found.setdefault(label, factor)
    return found


STATIC = (
    one_proxy_no_counterweight, known_trap, not_attributable, rubric_missing_or_low, nearer_event_unused,
    pressure_not_imagined, weight_without_reason,
)  # fmt: skip
RULES = tuple(sorted((*STATIC, *OF_THE_LOG), key=lambda one: one.code))
