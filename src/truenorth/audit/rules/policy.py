"""POLICY: whether a score becomes a decision that is paid for, contained, fair and able to learn."""

from __future__ import annotations

from collections.abc import Iterator

from truenorth.audit.contract import Hit, Path, Unknown, rule
from truenorth.audit.measured.concentration import concentrated
from truenorth.audit.measured.figures import entries, number, section
from truenorth.audit.measured.idle_actions import never_cheapest, never_taken
from truenorth.audit.measured.repeats import as_numbers, counting, is_kept_away, put_away, repeats
from truenorth.audit.stated.groups import alike_because, decided_by_group
from truenorth.audit.stated.halves import compared_with_half, equal_errors
from truenorth.audit.stated.lexicon import HANDS_OVER, verbs_in
from truenorth.audit.stated.waiting import waits, window_end
from truenorth.audit.subject import Subject
from truenorth.framing.durations import Duration

SHOWN_AGAIN = 0.05
"""Share of the put-away pairs that may come back before it is a habit. A rule of thumb."""
FEWEST_PAIRS = 30
"""Put-away pairs below which a share says little."""


@rule("POLICY001", "no-action-policy", severity="warn")
def no_action_policy(subject: Subject) -> Iterator[Hit | Unknown]:
    """Nothing says what is done with the score.

    What it checks:
        `policy` has one of its forms (actions, threshold, select, rank, quantity, bid), or `business.errors`
        stands for two actions.

    Why it hurts:
        Where the framing ends at a score, somebody turns it into a decision later, in a line of code that no
        test covers: usually above .5, usually the same for everyone and every amount.

    Example:
        A framing with `objective: {score: fraud}` and no policy fires; `policy: {actions: {allow: fraud *
        amount, review: 5}}` is silent.

    How to fix:
        Name the actions and what each costs when the case is good and when it is bad.
    """
    policy = subject.framing.policy
    if policy is None or policy.form is None:
        task = subject.tasks[0] if subject.tasks else "TASK"
        yield Hit(
            path=("policy",),
            evidence="expected a form of policy that turns the score into a decision, got none.",
            fix=f"policy: {{actions: {{act: 5 * (1 - {task}), wait: 100 * {task}}}, "
            "fallback: {action: wait}}",
        )


@rule("POLICY002", "threshold-at-one-half", severity="warn")
def threshold_at_one_half(subject: Subject) -> Iterator[Hit | Unknown]:
    """The decision turns at a probability of one half.

    What it checks:
        A probability that is compared with .5 in a rule, a cost or a condition of the list; and two actions
        whose costs cross at .5, because both errors were given the same price.

    Why it hurts:
        One half is right where both errors cost the same. They hardly ever do: a missed fraud costs the
        amount, a false alarm a phone call. At a base rate of 1 % nothing may ever reach .5, and the model
        does nothing.

    Example:
        `drop: hide > 0.5` and `actions: {act: 1 - fraud, wait: fraud}` fire; `wait: 20 * fraud` is silent.

    How to fix:
        Price both errors, and the threshold follows: c(false positive) / (c(false positive) + c(false
        negative)).

    Source:
        Elkan (2001). The Foundations of Cost-Sensitive Learning. IJCAI.
    """
    framing = subject.framing
    for path, written in compared_with_half(framing):
        yield Hit(
            path=path,
            evidence=f"expected a threshold that follows from what errors cost, got {written}.",
            fix="write the decision as costs: actions: {act: 5 * (1 - p), wait: 100 * p}",
            numbers={"threshold": 0.5},
        )
    equal = equal_errors(framing)
    if equal is not None:
        one, other, cost = equal
        yield Hit(
            path=("policy", "actions"),
            evidence=f"expected what each error costs, got {cost:g} for a wrong {one!r} as for a wrong "
            f"{other!r}, which turns at .5.",
            fix=f"actions: {{{one}: {cost:g} * (1 - p), {other}: 20 * p}}, with the prices of your errors",
            numbers={"threshold": 0.5, "cost": cost},
        )


@rule("POLICY003", "queue-without-capacity", severity="warn")
def queue_without_capacity(subject: Subject) -> Iterator[Hit | Unknown]:
    """An action takes people's time, and nothing says how much of it there is.

    What it checks:
        Actions named after a person's work (review, ask, call, refer, hold, contact ...) have a `capacity`,
        or a constraint that bounds their share. Undated examples have no time to count by, and are exempt.

    Why it hurts:
        Fifty reviewers can look at two thousand cases. The two thousand and first waits, ages, and is settled
        unseen; the queue then holds the easy cases that came early instead of the costly ones.

    Example:
        `actions: {allow: fraud * amount, review: 5}` without capacity fires; `capacity: {review: 100 per 1d}`
        is silent.

    How to fix:
        Count the people and what each settles in a day: `capacity: {review: 100 per 1d}`.
    """
    framing = subject.framing
    policy = framing.policy
    if policy is None or framing.table.at == "none":
        return
    acts = (*policy.actions, *((policy.threshold.act,) if policy.threshold else ()))
    for action in acts:
        if not verbs_in(action, HANDS_OVER) or action in policy.capacity or _is_bounded(subject, action):
            continue
        yield Hit(
            path=("policy", "actions", action)
            if action in policy.actions
            else ("policy", "threshold", "act"),
            evidence=f"expected how many {action!r} people can do per day, got no capacity.",
            fix=f"capacity: {{{action}: 100 per 1d}}",
        )


def _is_bounded(subject: Subject, action: str) -> bool:
    """Whether a constraint is a ceiling on the share of an action, among all rows."""
    wanted = f"action = '{action}'"
    return any(
        one.metric.name == "share"
        and one.metric.where is None
        and one.operator in ("<", "<=")
        and str(one.metric.argument) == wanted
        for one in subject.framing.constraints
    )


@rule("POLICY004", "list-without-exploration", severity="warn")
def list_without_exploration(subject: Subject) -> Iterator[Hit | Unknown]:
    """What is shown makes the data that the next model learns from, and nothing else is ever tried.

    What it checks:
        A policy that ranks explores a share of its lists, unless people judged every label. That a block or a
        refusal hides its own label is LABEL013.

    Why it hurts:
        What ranks low is not seen, so it earns no clicks, so it ranks low. The loop looks like confidence. No
        later policy can be judged on such a log either: it never shows what the other one would have shown.

    Example:
        `rank: {by: score, show: 10}` without `explore` fires; `explore: {share: 3%, how: softmax,
        temperature: 0.5}` is silent.

    How to fix:
        Give one list in thirty to chance and log with which: `propensity` under examples.

    Source:
        Chaney, Stewart and Engelhardt (2018), How Algorithmic Confounding in Recommendation Systems Increases
        Homogeneity and Decreases Utility, RecSys.
    """
    policy = subject.framing.policy
    if policy is None or policy.rank is None:
        return
    is_judged = bool(subject.trained) and all(label.judged is not None for label in subject.trained.values())
    share = policy.explore.share if policy.explore else 0.0
    if share == 0 and not is_judged:
        yield Hit(
            path=("policy", "explore"),
            evidence="expected a share of lists that tries something else, got none beside a ranking.",
            fix="explore: {share: 3%, how: softmax, temperature: 0.5}",
            numbers={"share": share},
        )


@rule("POLICY005", "no-fallback", severity="warn")
def no_fallback(subject: Subject) -> Iterator[Hit | Unknown]:
    """Nothing says what is decided when the model cannot answer.

    What it checks:
        A policy of an online decision has a `fallback`: the rule, an action, or a bid. When it takes over is
        SERVE003.

    Why it hurts:
        The model will be down, late, or asked about a row it cannot read, and someone is waiting. Without a
        decision made in advance the default of the code decides, which lets everything through or stops
        everyone.

    Example:
        A payment check without `fallback` fires; `fallback: rule` is silent. So is a weekly list: it can be
        made an hour later.

    How to fix:
        `fallback: rule`, or the action that does least harm: `fallback: {action: allow}`.
    """
    policy = subject.framing.policy
    if policy is None or policy.form is None or policy.fallback is not None or not subject.is_online:
        return
    has_rule = subject.framing.models.rule is not None or bool(subject.framing.models.rules)
    action = next(iter(policy.actions), None)
    safe = "rule" if has_rule else f"{{action: {action}}}" if action else "rule"
    yield Hit(
        path=("policy", "fallback"),
        evidence="expected what is decided when the model cannot answer, got nothing.",
        fix=f"fallback: {safe}",
    )


@rule("POLICY006", "action-never-best", severity="warn", stage="run")
def action_never_best(subject: Subject) -> Iterator[Hit | Unknown]:
    """An action is never the best one: its price or its place is wrong.

    What it checks:
        Actions that the run found cheapest at no probability, or on none of the rows that set the policy; and
        actions without a capacity that no test row took.

    Why it hurts:
        Somebody built the screen, trained the team and pays for it. Either its cost is overstated and money
        is lost on other actions, or it is not needed.

    Example:
        `review: 50` beside `block: 15 * (1 - fraud)` is never the cheapest, and fires.

    How to fix:
        Ask what the action really costs; lower it, or take the action out.
    """
    framing = subject.framing
    if framing.policy is None or not framing.policy.actions or framing.policy.each:
        return
    said = never_cheapest(subject.run)
    for action in framing.policy.actions:
        if action in said:
            yield _never_best(action, said[action], {})
        elif action not in framing.policy.capacity and (rows := never_taken(subject.run, action)):
            evidence = f"expected an action that is taken, got {action!r} on none of {rows:,.0f} test rows."
            yield _never_best(action, evidence, {"rows": rows, "share": 0.0})


def _never_best(action: str, evidence: str, numbers: dict[str, float]) -> Hit:
    return Hit(
        path=("policy", "actions", action),
        evidence=evidence,
        fix="lower its cost if it is better than stated, or remove it.",
        numbers=numbers,
    )


@rule("POLICY007", "recommender-without-rules", severity="warn")
def recommender_without_rules(subject: Subject) -> Iterator[Hit | Unknown]:
    """A recommender has no rule for variety, for what is new, or for what must not be shown.

    What it checks:
        `policy.rank.rules` of a list has `at_most` or `diverse`, `fresh`, and `drop`. A search is asked for
        one thing, so that only `drop` is looked for there; it is a search if texts are matched or words are
        retrieved.

    Why it hurts:
        Sorted by score alone, ten places go to one creator and last week's hit, and the first item that
        breaks the rules of the house is shown to everybody. No weight in the score prevents what a rule
        forbids.

    Example:
        `rules: [{at_most: 2, per: creator}]` fires for freshness and safety; with `{fresh: 2, where:
        age_hours < 6}` and `{drop: reports > 5}` beside it, it is silent.

    How to fix:
        One line per rule; `drop` is applied first, whatever the score.
    """
    policy = subject.framing.policy
    if policy is None or policy.rank is None:
        return
    rules = policy.rank.rules
    has = {
        "variety": any(one.at_most or one.diverse for one in rules),
        "freshness": any(one.fresh for one in rules),
        "safety": any(one.drop is not None for one in rules),
    }
    texts = {
        "variety": "{at_most: 2, per: CREATOR}", "freshness": "{fresh: 2, where: age_hours < 24}",
        "safety": "{drop: reports > 5}",
    }  # fmt: skip
    wanted = ("safety",) if _is_search(subject) else tuple(has)
    missing = [name for name in wanted if not has[name]]
    if missing:
        yield Hit(
            path=("policy", "rank", "rules"),
            evidence=f"expected rules for {', '.join(wanted)}, got none for {' and '.join(missing)}.",
            fix=f"rules: [{', '.join(texts[name] for name in missing)}]",
            numbers={"missing": len(missing)},
        )


def _is_search(subject: Subject) -> bool:
    framing = subject.framing
    stages = framing.candidates.stages if framing.candidates else ()
    return any(one.match for one in framing.features.values()) or any(one.lexical for one in stages)


@rule("POLICY008", "autonomous-at-once", severity="warn")
def autonomous_at_once(subject: Subject) -> Iterator[Hit | Unknown]:
    """A system that decides alone goes to everybody at once.

    What it checks:
        `product.archetype: autonomous` beside fewer than two `experiment.stages`, or stages that begin with
        all of the traffic.

    Why it hurts:
        Nobody stands between an autonomous system and its first mistake. On 1 % of the traffic it costs 1 %.

    Example:
        `archetype: autonomous` without stages fires; `stages: [1%, 10%, 50%, 100%]` is silent.

    How to fix:
        `experiment: {stages: [1%, 10%, 50%, 100%]}`, and `rollback` for what ends a stage at once.
    """
    framing = subject.framing
    if framing.product.archetype != "autonomous":
        return
    stages = framing.experiment.stages if framing.experiment else ()
    if len(stages) < 2 or stages[0] >= 1:
        said = ", ".join(f"{stage:.0%}" for stage in stages) or "no stages"
        yield Hit(
            path=("experiment", "stages"),
            evidence=f"expected a roll-out in stages of an autonomous system, got {said}.",
            fix="stages: [1%, 10%, 50%, 100%]",
            numbers={"stages": len(stages)},
        )


@rule("POLICY009", "unequal-treatment", severity="error")
def unequal_treatment(subject: Subject) -> Iterator[Hit | Unknown]:
    """People in a regulated domain are decided on by chance or by group.

    What it checks:
        In lending, hiring or housing (by the framing's words, or `regulation: [ecoa]` or `[fha]`): no
        `explore`, and no protected attribute in a cost, a rule, a score or a condition of the list, directly
        or by a feature.

    Why it hurts:
        Two applicants alike but for a coin or for their sex must get the same answer. A threshold per group,
        made to be fair, is treatment by group all the same; whether the law allows it is for counsel to say.

    Example:
        `actions: {approve: case when sex = 'f' then 1 else 2 end ...}` beside `regulation: [ecoa]` fires; the
        same costs for all are silent.

    How to fix:
        Take chance and the attribute out of the decision; keep the attribute under `context` and measure by
        it.

    Source:
        Equal Credit Opportunity Act, Regulation B (12 CFR 1002.4); Fair Housing Act (42 USC 3604).
    """
    framing = subject.framing
    why = alike_because(subject)
    if why is None:
        return
    policy = framing.policy
    if policy is not None and policy.explore is not None and policy.explore.share > 0:
        yield Hit(
            path=("policy", "explore"),
            evidence=f"expected the same decision for like cases ({why}), "
            f"got {policy.explore.share:.1%} by chance.",
            fix="remove explore; learn what was declined from an experiment that counsel has seen.",
            numbers={"share": policy.explore.share},
        )
    for path, read in decided_by_group(subject):
        yield Hit(
            path=path,
            evidence=f"expected a decision that is blind to groups ({why}), got {', '.join(read)} in it.",
            fix=f"take {' and '.join(read)} out; keep it for measuring: context: [{', '.join(read)}]",
        )


@rule("POLICY010", "popularity-concentrates", severity="warn", stage="run")
def popularity_concentrates(subject: Subject) -> Iterator[Hit | Unknown]:
    """The new ranking gives attention to fewer items or creators than the present one.

    What it checks:
        `gini(shown) by ...` of the run on test rows, against the logged lists where the log says what was
        shown, else against the rule: a rise of more than .05 whose interval, where there is one, does not
        reach down to it. Where a constraint is a ceiling on it, the owner has said how far it may go, and the
        gate holds it.

    Why it hurts:
        Who is not shown does not earn, and leaves. The catalogue narrows, the model learns from the narrow
        log, and the next release narrows it again; short-run metrics rise all the way.

    Example:
        A Gini of .71 beside .58 in the log fires; .60 is silent.

    How to fix:
        `rules: [{at_most: 2, per: creator}]`, `explore`, and the constraint `gini(shown) by creator <= 0.7`.

    Source:
        Fleder and Hosanagar (2009), Blockbuster Culture's Next Rise or Fall, Management Science 55. The .05
        is ours.
    """
    policy = subject.framing.policy
    if policy is None or policy.rank is None:
        return
    rows = [one for one in entries(section(subject.run).get("metrics")) if _is_gini(one.get("metric"))]
    ceilings = {str(one.metric) for one in subject.framing.constraints if one.operator in ("<", "<=")}
    if not any(number(section(one, "model").get("value")) is not None for one in rows):
        yield Unknown("the run has no gini(shown) by item or creator: add it to evaluation.metrics")
    free = [row for row in rows if row.get("metric") not in ceilings]
    risen = [one for row in free if (one := concentrated(subject, row)) is not None]
    if risen:
        most = max(risen, key=lambda one: one.numbers["rise"])
        said = "; ".join(one.said for one in risen)
        yield Hit(
            path=("policy", "rank", "rules"),
            evidence=f"expected attention spread about as before, got {said}.",
            fix=f"rules: [{{at_most: 2, per: {most.column}}}]",
            numbers=most.numbers,
        )


def _is_gini(metric: object) -> bool:
    return isinstance(metric, str) and metric.startswith("gini(shown) by ")


@rule("POLICY011", "decided-too-late", severity="warn")
def decided_too_late(subject: Subject) -> Iterator[Hit | Unknown]:
    """A row waits so long for its decision that what it is about may be over.

    What it checks:
        Batch decisions: `serving.every`, or the period of a `together` capacity or `select.top`, against the
        end of each trained label's window (`gap` + `within`); and a run less often than the calendar has
        rows.

    Why it hurts:
        A churn call after the customer has left, an alert after the machine has stopped: the prediction was
        right and nobody could use it. Offline figures do not show it, because there every row is decided at
        once.

    Example:
        `serving: {mode: batch, every: 7d}` beside a label `within: 2d` over a log of events fires; `every:
        6h` is silent.

    How to fix:
        Run more often, or predict later: `gap: 7d` leaves the time that acting takes.
    """
    framing = subject.framing
    waiting = dict(waits(subject))
    if not waiting:
        if framing.serving.mode == "batch":
            yield Unknown(
                "how often the batch decides is not stated: write serving: {mode: batch, every: 7d}"
            )
        return
    path, wait = max(waiting.items(), key=lambda item: item[1])
    every = framing.table.every
    if every is not None:
        if path == ("serving", "every") and wait > every:
            yield _too_late(path, wait, every, f"rows every {every}, each decided on when it comes up")
        return
    for name, label in subject.trained.items():
        end = window_end(label)
        if end is not None and wait > end:
            yield _too_late(path, wait, end, f"a decision before {name!r} is over, {end} after the row")
            return


def _too_late(path: Path, wait: Duration, end: Duration, expected: str) -> Hit:
    return Hit(
        path=path,
        evidence=f"expected {expected}, got a wait of up to {wait}.",
        fix=f"every: {end}" if path[0] == "serving" else f"serving: {{mode: batch, every: {end}}}",
        numbers={"wait_hours": wait.microseconds / 3.6e9, "over_after_hours": end.microseconds / 3.6e9},
    )


@rule("POLICY012", "shown-and-hidden-again", severity="warn", stage="data")
def shown_and_hidden_again(subject: Subject) -> Iterator[Hit | Unknown]:
    """People put something away and are shown it again.

    What it checks:
        Lists whose log has a label of putting away (hide, dismiss, report, mute, hate ...): the share of
        pairs of user and item that were put away and later shown again, above 5 % of at least 30 pairs.

    Why it hurts:
        A hide is the clearest thing a user ever says. Ignored, it costs the user and teaches the next model
        that hides mean nothing.

    Example:
        400 hidden pairs of which 90 come back fire; 400 of which 6 come back, from lists already on the
        screen, are silent.

    How to fix:
        A feature that counts the user's hides of the item, and a rule on it: `rules: [{drop: hidden_before >
        0}]`.

    Source:
        The 5 % is a rule of thumb of ours.
    """
    framing, data = subject.framing, subject.data
    if data is None or framing.policy is None or framing.policy.rank is None:
        return
    label, pair = put_away(framing), framing.table.entity
    if label is None or len(pair) < 2:
        missing = (
            "no label says what people put away" if label is None else "the examples name no user and item"
        )
        yield Unknown(f"{missing}, so that what comes back is not known")
        return
    user, item = framing.table.unit or pair[0], pair[-1]
    if is_kept_away(framing, user, item):
        return
    found = repeats(data, label, (user, item))
    if found is None or found.n_pairs < FEWEST_PAIRS:
        got = "undated rows" if found is None else f"{found.n_pairs} pairs that were put away"
        yield Unknown(f"{got} are too little to say what comes back")
        return
    share = found.n_again / found.n_pairs
    if share > SHOWN_AGAIN:
        yield Hit(
            path=("policy", "rank", "rules"),
            evidence=f"expected what was put away ({label}) to stay away, got {found.n_again:,} of "
            f"{found.n_pairs:,} pairs ({share:.1%}) shown again, {found.n_shows_again:,} times.",
            fix=f"features: {{put_away: {counting(framing, label, user, item)}}}, "
            "rules: [{drop: put_away > 0}]",
            numbers={"share": share, **as_numbers(found)},
        )


RULES = (
    no_action_policy, threshold_at_one_half, queue_without_capacity, list_without_exploration, no_fallback,
    action_never_best, recommender_without_rules, autonomous_at_once, unequal_treatment,
    popularity_concentrates, decided_too_late, shown_and_hidden_again,
)  # fmt: skip
