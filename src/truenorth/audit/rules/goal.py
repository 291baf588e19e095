"""GOAL: whether there is a business goal that can be met, decided on, paid for and answered for."""

from __future__ import annotations

from collections.abc import Iterator

from truenorth.audit.contract import Hit, Unknown, rule
from truenorth.audit.stated.lexicon import (
    CATASTROPHIC,
    REGULATIONS,
    domains_in,
    hands_over,
    is_money,
    words_in,
)
from truenorth.audit.stated.terms import finite_number
from truenorth.audit.subject import Subject
from truenorth.framing.durations import DAY

MODEL_METRICS = frozenset(
    """accuracy average_precision balanced_accuracy brier calibration_error calibration_slope concordance f1
    gauc log_loss mae mape mase mean_average_precision mrr ndcg pinball precision r2 recall rmse roc_auc smape
    specificity""".split()
)
"""Metrics that say how good predictions are, not what they are worth."""
UPKEEP_PER_YEAR = 50_000.0
"""Least cost of keeping a model alive for a year, in money: a quarter of an engineer. A rule of thumb."""


@rule("GOAL001", "no-measurable-kpi", severity="error")
def no_measurable_kpi(subject: Subject) -> Iterator[Hit | Unknown]:
    """The business goal has no figure that says whether it is met.

    What it checks:
        `business.kpi` names a figure, its unit and which way is good.

    Why it hurts:
        Without a figure every model is a success. Most projects that fail were right about the model and
        never said what it was for; a goal that cannot be measured cannot be missed.

    Example:
        `business: {goal: Make the feed better}` fires. `kpi: {name: weekly return, metric: mean(returned),
        unit: share, direction: up}` is silent.

    How to fix:
        Name the figure that the owner looks at every week, and how it is computed from the log; write
        `external(...)` where it is measured elsewhere.
    """
    kpi = subject.framing.business.kpi
    if kpi is None:
        yield Hit(
            path=("business", "kpi"),
            evidence="expected a figure that says whether the goal is met, got none.",
            fix="kpi: {name: NAME, metric: cost per 1d, unit: EUR per day, direction: down}",
        )
        return
    missing = [key for key in ("unit", "direction") if getattr(kpi, key) is None]
    if missing:
        yield Hit(
            path=("business", "kpi"),
            evidence=f"expected unit and direction of {kpi.name!r}, got none for {' and '.join(missing)}.",
            fix=", ".join(
                {"unit": "unit: EUR per day", "direction": "direction: down"}[key] for key in missing
            ),
        )


@rule("GOAL002", "kpi-without-target", severity="warn")
def kpi_without_target(subject: Subject) -> Iterator[Hit | Unknown]:
    """The KPI has no baseline, no target or no date.

    What it checks:
        `business.kpi` states `baseline` (the figure today), `target` (the change that is wanted) and
        `timeframe` (by when).

    Why it hurts:
        A target without a baseline cannot be reached, and one without a date is never late. The experiment's
        size follows from the change that is wanted: without it nobody can say how long the test must run.

    Example:
        `kpi: {name: churn, metric: mean(churn), direction: down}` fires; with `baseline: 0.12, target: -10%,
        timeframe: 180d` it is silent.

    How to fix:
        Read the baseline from last quarter's log, and let the owner say which change would be worth the work.
    """
    kpi = subject.framing.business.kpi
    if kpi is None:
        return
    examples = {"baseline": "baseline: 4200", "target": "target: -30%", "timeframe": "timeframe: 90d"}
    missing = [key for key in examples if getattr(kpi, key) is None]
    if missing:
        yield Hit(
            path=("business", "kpi"),
            evidence=f"expected baseline, target and date of {kpi.name!r}, got no {', no '.join(missing)}.",
            fix=", ".join(examples[key] for key in missing),
            numbers={"missing": len(missing)},
        )


@rule("GOAL003", "no-decision", severity="warn")
def no_decision(subject: Subject) -> Iterator[Hit | Unknown]:
    """No decision is named: the score is not the product.

    What it checks:
        `business.decision` says what is decided.

    Why it hurts:
        A score changes nothing by itself. What is decided sets how wrong it may be: holding a payment
        tolerates other errors than showing a video does.

    Example:
        A framing that predicts churn and says nothing of a call, an offer or a letter fires.

    How to fix:
        Write what happens to whom: show, hide, rank, route, hold, call, price, order.
    """
    if not subject.framing.business.decision:
        yield Hit(
            path=("business", "decision"),
            evidence="expected what is decided, got none.",
            fix="decision: let a payment settle, or hold it for review",
        )


@rule("GOAL004", "kpi-is-a-model-metric", severity="error")
def kpi_is_a_model_metric(subject: Subject) -> Iterator[Hit | Unknown]:
    """The KPI is a metric of the model, such as ROC area, and not of the business.

    What it checks:
        The metric of `business.kpi` is money, a rate of what people did, or measured elsewhere; not a measure
        of how well something was predicted.

    Why it hurts:
        A better ROC area has lost money before: where the errors moved to the expensive rows, where exposure
        changed, where nobody acted. The model's metric belongs under `objective.metric`, beside a KPI.

    Example:
        `kpi: {metric: roc_auc(fraud)}` fires; `kpi: {metric: cost per 1d}` is silent.

    How to fix:
        Ask what the owner would see if the model were perfect: losses, returns, hours. Write that.
    """
    kpi = subject.framing.business.kpi
    if kpi is not None and kpi.metric.name in MODEL_METRICS:
        yield Hit(
            path=("business", "kpi", "metric"),
            evidence=f"expected a figure of the business, got the model's {kpi.metric}.",
            fix="metric: cost per 1d",
        )


@rule("GOAL005", "no-owner", severity="warn")
def no_owner(subject: Subject) -> Iterator[Hit | Unknown]:
    """Nobody answers for the goal.

    What it checks:
        `business.owner` names a person or a team.

    Why it hurts:
        Weights, costs and waivers are decisions of value. Where nobody owns them the engineer takes them in
        silence, and nobody stops the system when it turns.

    Example:
        A framing without `owner` fires; `owner: payments risk` is silent.

    How to fix:
        Name who signs the goal and would be asked if it were missed.
    """
    if not subject.framing.business.owner:
        yield Hit(
            path=("business", "owner"), evidence="expected an owner, got none.", fix="owner: payments risk"
        )


@rule("GOAL006", "costs-of-errors-not-stated", severity="warn")
def costs_of_errors_not_stated(subject: Subject) -> Iterator[Hit | Unknown]:
    """Nobody said what a false positive and a false negative cost.

    What it checks:
        A binary decision states its errors: the costs of `policy.actions`, `business.errors`, the promise of
        a `threshold`, `over` and `under` of a quantity, or the price of a bid. A list that is ranked is
        exempt.

    Why it hurts:
        Missing one in ten frauds and stopping one in ten customers are different businesses with the same
        accuracy. Without the two costs the threshold is .5 by accident.

    Example:
        A framing with a binary label and no policy fires; `business: {errors: {false_positive: 5,
        false_negative: amount}}` is silent.

    How to fix:
        Ask who pays for each kind of error, and how much; an order of magnitude is enough to start.

    Source:
        Elkan (2001). The Foundations of Cost-Sensitive Learning. IJCAI.
    """
    framing = subject.framing
    policy = framing.policy
    is_stated = framing.business.errors is not None or (policy is not None and policy.form is not None)
    if not is_stated and any(label.kind in ("binary", "class") for label in subject.trained.values()):
        task = next(name for name, label in subject.trained.items() if label.kind in ("binary", "class"))
        yield Hit(
            path=("business", "errors"),
            evidence=f"expected what errors on {task!r} cost, got neither a policy nor errors.",
            fix="errors: {false_positive: 5, false_negative: 100}",
        )


@rule("GOAL007", "scale-or-latency-not-stated", severity="warn")
def scale_or_latency_not_stated(subject: Subject) -> Iterator[Hit | Unknown]:
    """An online decision states neither how many there are nor how long each may take.

    What it checks:
        Where decisions are made while someone waits: `business.scale.decisions_per_day`,
        `business.scale.peak_per_second` and `business.latency_p99`.

    Why it hurts:
        A model of 200 ms is useless in a page of 50 ms. Latency and load choose between features that are
        computed ahead and those that are not, long before they choose between models.

    Example:
        A payment check without `latency_p99` fires; a weekly call list is exempt.

    How to fix:
        Ask whoever serves the page or the terminal for the time it has left, and count yesterday's requests.
    """
    if not subject.is_online:
        return
    business = subject.framing.business
    stated = {
        "decisions_per_day": business.scale.decisions_per_day,
        "peak_per_second": business.scale.peak_per_second,
        "latency_p99": business.latency_p99,
    }
    missing = [key for key, value in stated.items() if value is None]
    if missing:
        yield Hit(
            path=("business",),
            evidence=f"expected scale and latency of an online decision, got no {', no '.join(missing)}.",
            fix="scale: {decisions_per_day: 9600, peak_per_second: 5}, latency_p99: 50ms",
            numbers={"missing": len(missing)},
        )


@rule("GOAL008", "regulation-not-stated", severity="warn")
def regulation_not_stated(subject: Subject) -> Iterator[Hit | Unknown]:
    """The domain is regulated, or protected attributes are named, and no law is.

    What it checks:
        Words of lending, health, hiring, housing or minors in the framing's prose, or `governance.protected`,
        while `business.regulation` is empty.

    Why it hurts:
        The law decides which columns may be read, whether a decision must be explained and who may stop it.
        Found out after training, it costs the training.

    Example:
        `goal: Lend to people who will pay back` without `regulation` fires; `regulation: [ecoa]` is silent.

    How to fix:
        Ask counsel which apply. An empty list is an answer only once somebody gave it: then waive the rule.
    """
    framing = subject.framing
    if framing.business.regulation:
        return
    found = domains_in(subject.words)
    likely = sorted({law for domain in found for law in REGULATIONS[domain]})
    if found:
        said = ", ".join(f"{domain} ({', '.join(words)})" for domain, words in found.items())
        yield Hit(
            path=("business", "regulation"),
            evidence=f"expected the laws that apply, got none beside words of {said}.",
            fix=f"regulation: [{', '.join(likely)}]",
        )
    elif framing.governance.protected:
        protected = ", ".join(framing.governance.protected)
        yield Hit(
            path=("business", "regulation"),
            evidence=f"expected the laws that apply, got none beside the protected attributes {protected}.",
            fix="regulation: [gdpr]",
        )


@rule("GOAL009", "catastrophic-and-autonomous", severity="error")
def catastrophic_and_autonomous(subject: Subject) -> Iterator[Hit | Unknown]:
    """An error can be past mending, the machine decides alone, and nothing contains it.

    What it checks:
        `product.archetype: autonomous` beside words of irreparable harm. Contained is what has all of: an
        action that hands over to a person (or a fallback), and a test in stages.

    Why it hurts:
        Where one error cannot be taken back, the average says nothing. Containment is a person who can stop
        it and a small share of traffic to stop it on.

    Example:
        `archetype: autonomous` beside `goal: fewer deaths by sepsis` with no stages fires; with `archetype:
        human_in_the_loop` it is silent.

    How to fix:
        Let a person confirm (`archetype: human_in_the_loop`, an action such as `review`), and roll out by
        `experiment.stages`.
    """
    framing = subject.framing
    words = words_in(subject.words, CATASTROPHIC)
    if framing.product.archetype != "autonomous" or not words:
        return
    has_stages = framing.experiment is not None and len(framing.experiment.stages) > 1
    has_fallback = framing.policy is not None and framing.policy.fallback is not None
    has_way_out = has_fallback or bool(hands_over(framing))
    if not (has_stages and has_way_out):
        yield Hit(
            path=("product", "archetype"),
            evidence=f"expected containment beside {', '.join(words)}, got an autonomous system without "
            + " and ".join(["stages"] * (not has_stages) + ["a fallback"] * (not has_way_out)) + ".",
            fix="archetype: human_in_the_loop",
        )  # fmt: skip


@rule("GOAL010", "upkeep-not-repaid", severity="warn")
def upkeep_not_repaid(subject: Subject) -> Iterator[Hit | Unknown]:
    """What the decision would gain in a year does not pay for its upkeep.

    What it checks:
        A KPI in money per time, with baseline and a relative or absolute target: the gain of a year against
        the declared cost per decision plus a quarter of an engineer.

    Why it hurts:
        A model drifts, is retrained, watched and woken for; rules do not. At a small volume the upkeep eats
        the gain, and a rule or a person is cheaper.

    Example:
        A baseline of 20 EUR per day and a target of -30 % gain 2,190 EUR a year, and fire.

    How to fix:
        Widen the decision's volume, keep a rule, or waive it with the reason that makes it worth it.

    Source:
        A rule of thumb of ours: 50,000 a year. Sculley et al. (2015), Hidden Technical Debt in Machine
        Learning Systems, NeurIPS, argues why upkeep dominates.
    """
    framing = subject.framing
    kpi = framing.business.kpi
    if kpi is None or kpi.baseline is None or kpi.target is None:
        return
    if not is_money(kpi.unit or "") or kpi.metric.per is None:
        yield Unknown("the KPI is no money per time, so that its worth is not known")
        return
    is_relative = kpi.target.unit == "relative"
    change = abs(kpi.target.fraction) * (abs(kpi.baseline) if is_relative else 1.0)
    gain = change * 365 * DAY / kpi.metric.per.microseconds
    volume = framing.business.scale.decisions_per_day or 0.0
    running = (finite_number(framing.business.costs.decision) or 0.0) * volume * 365
    upkeep = UPKEEP_PER_YEAR + running
    if gain < upkeep:
        yield Hit(
            path=("business", "kpi", "target"),
            evidence=f"expected a gain above the upkeep of about {upkeep:,.0f} a year, got {gain:,.0f}.",
            fix="keep the rule, or decide on more: scale: {decisions_per_day: ...}",
            numbers={"gain_per_year": gain, "upkeep_per_year": upkeep},
        )


RULES = (
    no_measurable_kpi, kpi_without_target, no_decision, kpi_is_a_model_metric, no_owner,
    costs_of_errors_not_stated, scale_or_latency_not_stated, regulation_not_stated,
    catastrophic_and_autonomous, upkeep_not_repaid,
)  # fmt: skip
