"""NEED: whether this should be learned at all, and from what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from truenorth.audit.contract import Hit, Path, Unknown, rule
from truenorth.audit.evidence import DataEvidence
from truenorth.audit.rules.goal import UPKEEP_PER_YEAR
from truenorth.audit.stated.lexicon import ADVERSARIAL, words_in
from truenorth.audit.stated.terms import finite_number
from truenorth.audit.subject import Subject
from truenorth.examples.dataset import Outcomes
from truenorth.framing.labels import Label

FEWEST_EVENTS = 100
"""Rarer outcomes in training below which nothing but a rule is worth fitting. A rule of thumb."""
EVENTS_PER_FEATURE = 10
"""Rarer outcomes per feature below which coefficients are unstable (Peduzzi et al., 1996)."""
DECIDED_BY_ONE_PERSON = 100
"""Decisions a day that one person can take: eight hours at five minutes each, rounded. A rule of thumb."""
FEW_RULES = 50
"""Rules below which a list can be written, read and kept by people. A rule of thumb."""

SHIFTING = (
    "shift", "shifts", "shifting", "drift", "drifts", "drifting", "season", "seasons", "seasonal",
    "seasonality", "holiday", "holidays", "trend", "trends", "changes over time", "change over time",
    "evolve", "evolves",
    "new subjects", "new products", "new campaign", "new campaigns", "non stationary", "regime", "regimes",
    "adapt", "adapts", "move on", "write around",
)  # fmt: skip
"""Words by which risks and open questions say that tomorrow will differ from the log."""
SYNTHETIC = (
    "synthetic", "simulated", "simulation", "machine generated", "made up", "heuristic", "weak labels",
    "weak supervision", "labelled by rule", "labeled by rule", "rule based", "placeholder", "pseudo", "llm",
)  # fmt: skip
"""Words by which a label's origin says that nothing in the world made it."""
BLACK_BOXES = frozenset({"trees", "multitask", "two_tower"})
"""Candidates whose single predictions are explained by approximation only."""


@rule("NEED001", "too-few-positives", severity="warn", stage="data")
def too_few_positives(subject: Subject) -> Iterator[Hit | Unknown]:
    """The training rows hold too few of the rarer outcome to learn from.

    What it checks:
        For each predicted label that is yes or no, or a time until something happens: how often the rarer
        side is observed among the training rows. Asked for are 100, and ten per feature.

    Why it hurts:
        With twenty frauds a model learns those twenty. It looks fine where it was fitted, its interval on the
        test rows is too wide to decide anything, and a rule that an expert writes in an hour does as well.

    Example:
        40 frauds in 9,000 payments and 12 features fire: 120 are wanted. 400 frauds are silent.

    How to fix:
        Bring a longer log, take features out, predict a more frequent event on the same way, let people look
        at a random share to find more, or stay with the rule until the events have come in.

    Source:
        Peduzzi, Concato, Kemper, Holford, Feinstein (1996). A simulation study of the number of events per
        variable in logistic regression analysis. Journal of Clinical Epidemiology 49. Van Smeden et al.
        (2019) show that ten is no law; it is a floor here, not a promise.
    """
    data = subject.data
    if data is None or not subject.trained:
        return
    if not data.train.any():
        yield Unknown(
            "no row is in training, so that its outcomes cannot be counted: write split: {train: 60d}"
        )
        return
    wanted = max(FEWEST_EVENTS, EVENTS_PER_FEATURE * len(data.feature_names))
    for column, outcomes in _trained_outcomes(subject, data):
        counted = _rarer(outcomes, data)
        if counted is None or counted[0] >= wanted:
            continue
        rarer, rows = counted
        yield Hit(
            path=("labels", _label_of(column, data)),
            evidence=f"expected at least {wanted:,} of the rarer outcome of {column!r} in training "
            f"({len(data.feature_names)} features), got {rarer:,} of {rows:,} rows.",
            fix="bring a longer log or fewer features; until then models: {candidates: [linear]}.",
            numbers={"events": rarer, "rows": rows, "wanted": wanted, "features": len(data.feature_names)},
        )


@rule("NEED002", "no-rule-to-beat", severity="warn")
def no_rule_to_beat(subject: Subject) -> Iterator[Hit | Unknown]:
    """Nothing simple is named that a model has to beat.

    What it checks:
        `models` names a `rule`, a list of `rules`, or the `incumbent`: the column with what decides today.

    Why it hurts:
        Against nothing every model is an improvement. The tool then makes a baseline of its own, which nobody
        in the business recognises; what should be beaten is what people do now.

    Example:
        `models: {candidates: [linear, trees]}` fires; `models: {rule: amount > 220, ...}` is silent.

    How to fix:
        Ask whoever decides today which two columns they look at, and write that down as an expression.
    """
    models = subject.framing.models
    if models.rule is None and not models.rules and models.incumbent is None:
        feature = next(iter(subject.framing.features), None)
        yield Hit(
            path=("models", "rule"),
            evidence="expected a rule, rules or an incumbent to beat, got none.",
            fix=f"models: {{rule: {feature or 0}}}",
        )


@rule("NEED003", "rules-win", severity="warn", stage="run")
def rules_win(subject: Subject) -> Iterator[Hit | Unknown]:
    """The run found no model that is worth more than the rule.

    What it checks:
        The verdict of the run's ladder: whether the rule is as good as the best model, by chance or within
        `models.minimum_gain`.

    Why it hurts:
        A model that gains nothing still has to be served, watched, retrained and explained. A team once kept
        a matching rule for years that was three points worse than its model and ten times cheaper.

    Example:
        A ladder in which the rule scores .81 and trees .812, better by .002 with a standard error of .004,
        fires.

    How to fix:
        Release the rule: `models: {candidates: []}`. Come back with features that the rule cannot see.

    Source:
        Zinkevich, Rules of Machine Learning, rule 1: do not be afraid to launch a product without machine
        learning.
    """
    run = subject.run or {}
    train = run.get("train") or {}
    verdict = run.get("verdict") or train.get("verdict")
    if verdict is None:
        yield Unknown("the run says nothing of a verdict: run the framing again with this release")
        return
    if verdict != "rules win":
        return
    ladder = [one for one in train.get("ladder") or () if isinstance(one, Mapping)]
    rule_value = next((one.get("value") for one in ladder if one.get("is_rule")), None)
    values = [one for one in ladder if not one.get("is_rule") and one.get("value") is not None]
    best = min(values, key=lambda one: one.get("gap") or 0.0, default=None)
    metric = str(train.get("metric", "the metric"))
    said = f"{best['name']} at {best['value']:.4g}" if best else "no model that could be measured"
    beside = f" beside the rule's {rule_value:.4g}" if rule_value is not None else ""
    yield Hit(
        path=("models", "candidates"),
        evidence=f"expected a model that beats the rule by {metric}, got {said}{beside}.",
        fix="models: {candidates: []}",
        numbers={"rule": rule_value, "best": best and best["value"]},
    )


@rule("NEED004", "only-black-boxes", severity="warn")
def only_black_boxes(subject: Subject) -> Iterator[Hit | Unknown]:
    """Every decision must be explained in full, and only black boxes are tried.

    What it checks:
        `business.explainability: full` beside candidates that are all trees, networks or external scores.

    Why it hurts:
        What such a model says of a single case is an approximation made afterwards. Where the law or the
        customer is owed the reason itself, the model that cannot give it will be stopped after it was built.

    Example:
        `explainability: full` with `candidates: [trees]` fires; with `[linear, trees]` it is silent, because
        the ladder can stop at a model that can be read.

    How to fix:
        Add `linear`, or let the rule decide; `ranked_reasons` is enough where only the main reasons are owed.
    """
    framing = subject.framing
    tried = framing.models.candidates
    if framing.business.explainability != "full" or not tried:
        return
    if all(not isinstance(one, str) or one in BLACK_BOXES for one in tried):
        names = ", ".join(one if isinstance(one, str) else f"external {one.external}" for one in tried)
        yield Hit(
            path=("models", "candidates"),
            evidence=f"expected a candidate that can be read beside explainability: full, got {names}.",
            fix=f"candidates: [linear{''.join(f', {one}' for one in tried if isinstance(one, str))}]",
            numbers={"candidates": len(tried)},
        )


@rule("NEED005", "too-few-decisions", severity="warn")
def too_few_decisions(subject: Subject) -> Iterator[Hit | Unknown]:
    """There are so few decisions that people could take them all for less than the model's upkeep.

    What it checks:
        `business.scale.decisions_per_day`. Where `business.costs.review` is a number: the cost of a person
        for every decision of a year against 50,000 a year of upkeep. Where it is not: whether there are 100 a
        day.

    Why it hurts:
        Upkeep does not shrink with the volume. At a few cases a day a person decides them better, knows why,
        and leaves labels behind for the day when there are more.

    Example:
        20 decisions a day at 5 EUR each would cost people 36,500 a year: fires. 9,600 a day are silent.

    How to fix:
        Let people or a rule decide, and log each decision with its reason; look again when the volume has
        grown.

    Source:
        Rules of thumb of ours: a quarter of an engineer keeps a model alive; eight hours at five minutes each
        are about 100 decisions.
    """
    business = subject.framing.business
    volume = business.scale.decisions_per_day
    if volume is None:
        yield Unknown("business.scale.decisions_per_day is not stated: count yesterday's decisions")
        return
    review = finite_number(business.costs.review)
    by_people = None if review is None else review * volume * 365
    is_few = volume < DECIDED_BY_ONE_PERSON if by_people is None else by_people < UPKEEP_PER_YEAR
    if not is_few:
        return
    if by_people is None:
        wanted, got = f"{DECIDED_BY_ONE_PERSON} decisions a day, more than one person takes", f"{volume:g}"
    else:
        wanted = f"decisions that cost people more than the upkeep of {UPKEEP_PER_YEAR:,.0f} a year"
        got = f"{by_people:,.0f} a year ({volume:g} a day at {review:g})"
    yield Hit(
        path=("business", "scale", "decisions_per_day"),
        evidence=f"expected {wanted}, got {got}.",
        fix="let people or the rule decide, and log what they decide: models: {candidates: []}",
        numbers={
            "decisions_per_day": volume,
            "by_people_per_year": by_people,
            "upkeep_per_year": UPKEEP_PER_YEAR,
        },
    )


@rule("NEED006", "rules-suffice", severity="info")
def rules_suffice(subject: Subject) -> Iterator[Hit | Unknown]:
    """A short list of rules is written, nothing is said to change, and no gain is asked of a model.

    What it checks:
        `models.rules` holds fewer than 50 rules beside learned candidates, neither risks nor goal speak of
        change or of adversaries, no event calls for retraining, and `models.minimum_gain` does not say how
        much better a model must be.

    Why it hurts:
        A list that people wrote is already explained, is mended in a minute, and never drifts by itself.
        Unless somebody says what a model has to add, the smallest gain that is not chance will replace it.

    Example:
        Three rules for duplicate invoices with `candidates: [trees]` fire; with `minimum_gain: 2%` they are
        silent.

    How to fix:
        Write the gain that would pay for the model, `minimum_gain: 2%`; NEED003 then judges it by the run. Or
        keep the rules and take the candidates out.

    Source:
        A rule of thumb: rules that can be counted, whose exceptions can be listed and whose world holds still
        beat a model on cost as long as there are fewer than about 50.
    """
    framing = subject.framing
    models = framing.models
    is_short = 0 < len(models.rules) < FEW_RULES
    if not (is_short and models.candidates and models.minimum_gain is None):
        return
    retrain = framing.monitoring.retrain
    changes = words_in(_worries(subject), (*SHIFTING, *ADVERSARIAL)) or retrain.or_event
    if not changes:
        yield Hit(
            path=("models", "rules"),
            evidence=f"expected the gain that a model must bring over {len(models.rules)} rules, got none.",
            fix="models: {minimum_gain: 2%}",
            numbers={"rules": len(models.rules), "few": FEW_RULES},
        )


@rule("NEED007", "shift-without-retraining", severity="warn")
def shift_without_retraining(subject: Subject) -> Iterator[Hit | Unknown]:
    """The framing expects the world to change, and nothing says when to train again.

    What it checks:
        Words of change (season, drift, shift, trend, new products) in `product.known_risks` or
        `open_questions`, while `monitoring.retrain` is empty.

    Why it hurts:
        A known risk without an answer is a plan to be surprised. The model goes on being as sure as it was,
        and the first to notice are the people it decides about.

    Example:
        `known_risks: [demand is seasonal]` without `monitoring.retrain` fires; with `retrain: {every: 28d}`
        it is silent.

    How to fix:
        Name a period, a figure that calls for training, or an event: `monitoring: {retrain: {every: 28d,
        or_event: a new shop opens}}`.
    """
    framing = subject.framing
    retrain = framing.monitoring.retrain
    if retrain.every or retrain.or_when or retrain.or_event:
        return
    places: list[tuple[Path, str]] = [
        *((("product", "known_risks", at), text) for at, text in enumerate(framing.product.known_risks)),
        *((("open_questions", at), text) for at, text in enumerate(framing.open_questions)),
    ]
    for path, text in places:
        found = words_in(text, SHIFTING)
        if found:
            yield Hit(
                path=path,
                evidence=f"expected a way to train again beside {found[0]!r} in {text!r}, got none.",
                fix="monitoring: {retrain: {every: 28d}}",
            )


@rule("NEED008", "no-way-to-labels", severity="warn")
def no_way_to_labels(subject: Subject) -> Iterator[Hit | Unknown]:
    """No event in the world brings labels, and nobody planned where they come from.

    What it checks:
        Every predicted label is judged by people (`judged`), or its `origin` says that it was simulated,
        generated or made by a heuristic; and there is no plan: no cost of a human label
        (`business.costs.annotation`), no rule to start with, no exploration. Where all of them are artificial
        it is an error.

    Why it hurts:
        The first set of labels is a gift; the second has to be paid for. Without a way to new ones the model
        cannot be judged after release nor be trained again, and one that was fitted to artificial marks
        repeats whoever made them up.

    Example:
        `judged: {by: interns, agreement: 0.8}` without `costs.annotation` and without a rule fires; an
        outcome that the log records by itself, such as a chargeback, is silent.

    How to fix:
        Say what a label costs and what decides until there are enough: `business: {costs: {annotation: 2}}`
        and `models: {rule: ...}`. Label next what the rule is least sure of, and a random share beside it.
    """
    framing = subject.framing
    if not subject.trained:
        return
    artificial = [name for name, label in subject.trained.items() if _is_synthetic(label)]
    judged = [name for name, label in subject.trained.items() if label.judged and name not in artificial]
    if len(artificial) + len(judged) < len(subject.trained):
        return
    models, policy = framing.models, framing.policy
    has_start = models.rule is not None or bool(models.rules) or models.incumbent is not None
    explores = policy is not None and policy.explore is not None
    if framing.business.costs.annotation is not None or has_start or explores:
        return
    said = [f"{name!r} judged by {label.judged.by}" for name, label in subject.trained.items()
            if name in judged and label.judged]  # fmt: skip
    said += [f"{name!r} from {framing.labels[name].origin!r}" for name in artificial]
    yield Hit(
        path=("labels", (judged or artificial)[0]),
        evidence=f"expected a way to new labels, got only {', '.join(said)}, no cost of a label "
        "and no rule to start.",
        fix="business: {costs: {annotation: 2}}, and models: {rule: EXPRESSION}",
        numbers={"judged": len(judged), "artificial": len(artificial)},
        severity=None if judged else "error",
    )


def _trained_outcomes(subject: Subject, data: DataEvidence) -> Iterator[tuple[str, Outcomes]]:
    for name in subject.tasks:
        for column in data.dataset.families.get(name, (name,)):
            if column in data.dataset.labels:
                yield column, data.dataset.labels[column]


def _rarer(outcomes: Outcomes, data: DataEvidence) -> tuple[int, int] | None:
    """Return training rows with the rarer outcome, and all of them; None where it is no event."""
    if outcomes.kind == "time_to_event" and outcomes.event is not None:
        happened = outcomes.event[data.train & outcomes.is_trainable]
        return int(happened.sum()), len(happened)  # those who were only followed are no second outcome
    if outcomes.kind != "binary" or outcomes.values.role == "text":
        return None
    rows = data.train & outcomes.is_observed & ~outcomes.values.is_null
    happened = np.asarray(outcomes.values.values[rows], dtype=np.float64) > 0
    return min(int(happened.sum()), int((~happened).sum())), len(happened)


def _label_of(column: str, data: DataEvidence) -> str:
    """Return the label of the framing that a column belongs to."""
    return next((name for name, family in data.dataset.families.items() if column in family), column)


def _worries(subject: Subject) -> str:
    framing = subject.framing
    return " . ".join([subject.words, *framing.product.known_risks, *framing.open_questions])


def _is_synthetic(label: Label) -> bool:
    return bool(words_in(label.origin or "", SYNTHETIC))


RULES = (
    too_few_positives, no_rule_to_beat, rules_win, only_black_boxes, too_few_decisions, rules_suffice,
    shift_without_retraining, no_way_to_labels,
)  # fmt: skip
