"""EVAL: whether the figures can say which model is better, for whom, and whether it is worth releasing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from truenorth.audit.contract import Hit, Path, Unknown, rule
from truenorth.audit.measured.figures import entries, metric_row, number, section
from truenorth.audit.measured.likeness import base_rates, copies, mixes, weights
from truenorth.audit.measured.rarity import measured_task, smaller_share
from truenorth.audit.rules.goal import MODEL_METRICS
from truenorth.audit.stated.lengths import length_of
from truenorth.audit.subject import Subject
from truenorth.engine.vectors import NULL_TIME
from truenorth.evaluation.primary import primary_metric
from truenorth.framing.durations import DAY, WEEK
from truenorth.framing.references import MetricReference

BLIND = ("accuracy", "roc_auc", "specificity")
"""Metrics that rare positives hardly move."""
SIGHTED = ("average_precision", "precision", "recall", "f1", "balanced_accuracy", "brier", "log_loss", "cost")
"""Metrics that notice whether the positives are found."""
RARE = 0.2
"""Share of the smaller class below which it counts as rare. A rule of thumb."""
SPAN_SLACK = 1
"""Days that a test of whole days may seem shorter than it is, from its first row to its last."""


@rule("EVAL001", "no-primary-metric", severity="warn")
def no_primary_metric(subject: Subject) -> Iterator[Hit | Unknown]:
    """No one figure decides between models.

    What it checks:
        `objective.metric` is stated where several tasks are learned, and it is one that these rows can
        measure. With one task the usual metric of its kind is taken.

    Why it hurts:
        With two metrics there is always one that rose. The choice is then made after the figures were seen,
        which is how noise is released.

    Example:
        `score: 4 * liked + 3 * watched` without `metric` fires, and so does `metric: external(satisfaction)`;
        `metric: value@10` is silent.

    How to fix:
        Take the metric nearest to the decision, and make ceilings of the others: `constraints`.

    Source:
        Ng (2018), Machine Learning Yearning, on one optimising metric and several satisficing ones.
    """
    framing = subject.framing
    metric = framing.objective.metric
    fix = "metric: value@10" if framing.policy and framing.policy.rank else _usual(subject)
    if metric is not None and metric.name == "external":
        evidence = f"expected a metric that validation rows can measure, got {metric}."
        yield Hit(path=("objective", "metric"), evidence=evidence, fix=fix)
    elif metric is None and len(subject.tasks) > 1:
        yield Hit(
            path=("objective", "metric"),
            evidence=f"expected one metric that decides for {', '.join(subject.tasks)}, got none.",
            fix=fix,
            numbers={"tasks": len(subject.tasks)},
        )


def _usual(subject: Subject) -> str:
    return f"metric: average_precision({subject.tasks[0]})" if subject.tasks else "metric: cost per 1d"


@rule("EVAL002", "metric-blind-to-rarity", severity="warn")
def metric_blind_to_rarity(subject: Subject) -> Iterator[Hit | Unknown]:
    """Models are compared by a metric that hardly notices rare cases.

    What it checks:
        `objective.metric` is no accuracy of a yes-or-no label, and no ROC area (or specificity) that stands
        alone, without precision, recall, average precision or a cost of the same task beside it. With built
        examples, only where the smaller class is under 20 %, and an accuracy over classes too, where one
        class holds 80 %.

    Why it hurts:
        At one fraud in a thousand, a model that says no to everything is 99.9 % accurate. The ROC area counts
        ranks among a million negatives: .95 may still mean nine false alarms for each fraud.

    Example:
        `metric: accuracy(fraud)` fires; `metric: average_precision(fraud)` is silent, and so is
        `roc_auc(churn)` with `precision@100(churn) per 7d` among the metrics.

    How to fix:
        `metric: average_precision(fraud)`, or the cost of the decisions.

    Source:
        Saito and Rehmsmeier (2015). The Precision-Recall Plot Is More Informative than the ROC Plot. PLOS
        ONE. The 20 % is a rule of thumb.
    """
    metric = subject.framing.objective.metric
    if metric is None or metric.name not in BLIND:
        return
    task = measured_task(subject, metric)
    if task is None:
        return
    smaller = smaller_share(subject, task)
    is_class = subject.framing.labels[task].kind == "class"
    if (smaller is None and is_class) or (smaller is not None and smaller >= RARE):
        return
    if metric.name != "accuracy" and any(_sees(one, task) for one in _metrics(subject)):
        return
    rate = "" if smaller is None else f" of a label whose smaller side is {smaller:.2%} of the rows"
    better = f"balanced_accuracy({task})" if is_class else f"average_precision({task})"
    yield Hit(
        path=("objective", "metric"),
        evidence=f"expected a metric that notices rare cases, got {metric}{rate}.",
        fix=f"metric: {better}",
        numbers={} if smaller is None else {"smaller_share": smaller},
    )


def _metrics(subject: Subject) -> Iterator[MetricReference]:
    framing = subject.framing
    yield from framing.evaluation.metrics
    yield from (one.metric for one in framing.constraints)


def _sees(metric: MetricReference, task: str) -> bool:
    return metric.name in SIGHTED and (metric.argument is None or task in metric.argument.columns)


@rule("EVAL003", "no-slices", severity="warn")
def no_slices(subject: Subject) -> Iterator[Hit | Unknown]:
    """Everybody is averaged: no group is looked at by itself.

    What it checks:
        `evaluation.slices` names at least one column or condition.

    Why it hurts:
        A model that is better on average can be worse for new customers, for one country, at night. The
        average is kind to whoever is many, and the complaint comes from the others.

    Example:
        A framing without slices fires; `slices: [country, {new: account_age < 30d}]` is silent.

    How to fix:
        Slice by what the owner would ask about: new and old, large and small, region, device.
    """
    if not subject.framing.evaluation.slices:
        yield Hit(
            path=("evaluation", "slices"),
            evidence="expected groups by which every metric is measured too, got none.",
            fix=f"slices: [{_a_group(subject)}]",
        )


def _a_group(subject: Subject) -> str:
    """Return a column that makes groups, as far as the framing shows one, else a condition on a number."""
    framing = subject.framing
    features = framing.features
    columns = [*framing.governance.protected, *framing.table.context]
    columns += [name for name, one in features.items() if one.as_ == "category"]
    numbers = [name for name, one in features.items() if one.as_ in (None, "number")]
    return columns[0] if columns else f"{{large: {numbers[0]} > 100}}" if numbers else "country"


@rule("EVAL004", "no-constraints", severity="warn")
def no_constraints(subject: Subject) -> Iterator[Hit | Unknown]:
    """Nothing must hold before the release but that the figure rose.

    What it checks:
        `constraints` has an entry, or the policy keeps a promise (`threshold.keep`).

    Why it hurts:
        One metric can always be bought with another: more blocks find more fraud, heavier models rank better
        and answer late. What may not be sold has to be written down before the offer comes.

    Example:
        A framing without constraints fires; `constraints: ["share(action = 'block') <= 2%", latency_p99 <=
        50ms]` is silent.

    How to fix:
        Ask what would make the owner stop the release although the metric rose, and write its bound.
    """
    framing = subject.framing
    has_promise = framing.policy is not None and framing.policy.threshold is not None
    if not framing.constraints and not has_promise:
        yield Hit(
            path=("constraints",),
            evidence="expected what must hold beside the metric, got no constraint.",
            fix=f"constraints: [{', '.join(_bounds(subject))}]",
            numbers={"constraints": 0},
        )


def _bounds(subject: Subject) -> list[str]:
    """Return bounds that this framing could hold, for the owner to set."""
    framing = subject.framing
    actions = [*framing.policy.actions] if framing.policy else []
    bounds = [f"\"share(action = '{actions[-1]}') <= 10%\""] if actions else []
    bounds += [f"latency_p99 <= {framing.business.latency_p99 or '50ms'}"] if subject.is_online else []
    return bounds or [f"mean({subject.tasks[0] if subject.tasks else 'LABEL'}) <= 0.1"]


@rule("EVAL005", "constraint-not-evaluated", severity="error", stage="run")
def constraint_not_evaluated(subject: Subject) -> Iterator[Hit | Unknown]:
    """A constraint was declared, and the run could not say whether it holds.

    What it checks:
        Every entry of `constraints` has a status in the run, and not `error` or `not assessed`. What is
        measured elsewhere (`external`) or needs a released run warns only, as no offline run can answer it. A
        bound inside the interval is EVAL007.

    Why it hurts:
        A promise that nobody checked reads like a promise that was kept. It is found out by the person to
        whom it was made.

    Example:
        `recall@1000(candidates) >= 0.95` over a log without retrieved candidates is not assessed, and fires.

    How to fix:
        Bring the rows or columns that it needs, or take it out and say who watches it.
    """
    run = {str(one.get("constraint")): one for one in entries(section(subject.run).get("constraints"))}
    for index, constraint in enumerate(subject.framing.constraints):
        found = run.get(str(constraint))
        status = str(found.get("status")) if found is not None else "missing"
        if status not in ("missing", "error", "not assessed"):
            continue
        why = "this run was made without it" if found is None else str(found.get("note") or "no reason given")
        is_elsewhere = constraint.metric.name == "external" or (constraint.of_released and status != "error")
        yield Hit(
            path=("constraints", index),
            evidence=f"expected to know whether {constraint} holds, got {status}: {why.rstrip('.')}.",
            fix="run again" if found is None else "bring what it needs, or take it out of constraints.",
            severity="warn" if is_elsewhere and found is not None else None,
        )


@rule("EVAL006", "test-too-short", severity="warn")
def test_too_short(subject: Subject) -> Iterator[Hit | Unknown]:
    """The test is shorter than a week, or does not come after what was learned from.

    What it checks:
        `split.test` holds seven days or more (of several tests, together). With built examples also what the
        rows really span, and that no test row is older than the last training row. Undated rows and splits
        that were published have the length they have.

    Why it hurts:
        Weekdays and weekends are different worlds. And a model that has seen next week is good at this week.

    Example:
        `split: {validation: 2d, test: 3d}` fires; `test: 7d` is silent.

    How to fix:
        `test: 14d`; two weeks show whether the first was chance.
    """
    split, table = subject.framing.split, subject.framing.table
    if split is None:
        yield Hit(
            path=("split",),
            evidence="expected a test period of at least 7d, got no split.",
            fix="split: {validation: 14d, calibration: 7d, test: 14d}",
        )
        return
    if split.form == "random" or table.at == "none":
        return
    declared = length_of(split.test) if split.form in ("periods", "lengths") else None
    if declared is not None and declared < WEEK:
        days = declared / DAY
        yield Hit(
            path=("split", "test"),
            evidence=f"expected a test of at least 7d, got {days:.3g} days.",
            fix="test: 14d",
            numbers={"days": days},
        )
        return
    yield from _as_built(subject, is_declared=declared is not None)


def _as_built(subject: Subject, *, is_declared: bool) -> Iterator[Hit]:
    """Yield what the rows say: a test with too few days in it, or one that began before training ended."""
    data, every = subject.data, subject.framing.table.every
    if data is None or not len(data.at):
        return
    test, train = (data.at[part & (data.at != NULL_TIME)] for part in (data.test, data.train))
    if not len(test):
        return
    span = (int(test.max()) - int(test.min()) + (every.microseconds if every else 0)) / DAY
    if is_declared and span < 7 - SPAN_SLACK:
        yield Hit(
            path=("split", "test"),
            evidence=f"expected test rows of at least 7 days, got {len(test):,} rows of {span:.3g} days.",
            fix="bring a longer log, or test: 14d",
            numbers={"days": span, "rows": len(test)},
        )
    early = float((test <= train.max()).mean()) if len(train) else 0.0
    if early > 0:
        yield Hit(
            path=("split",),
            evidence=f"expected test rows after the last training row, got {early:.1%} before it.",
            fix="split: {validation: 14d, calibration: 7d, test: 14d}",
            numbers={"share_before": early},
        )


@rule("EVAL007", "interval-too-wide", severity="warn", stage="run")
def interval_too_wide(subject: Subject) -> Iterator[Hit | Unknown]:
    """The figures are too unsure to decide by.

    What it checks:
        Constraints that the run left `undecided`, and a gain over the rule whose interval holds both better
        and worse. The number of rows that would decide is worked out from the width.

    Why it hurts:
        A figure in the middle of a wide interval is a coin with a decimal point. Released on it, half of the
        gains are losses.

    Example:
        `recall(spam) >= 0.5` with an interval from .46 to .58 fires; from .51 to .58 is silent.

    How to fix:
        A longer test, or a looser bound that the owner would still sign; `on estimate` lets the value decide.

    Source:
        The width of an interval falls with the root of the number of independent units.
    """
    decided = {str(one): index for index, one in enumerate(subject.framing.constraints)}
    for one in entries(section(subject.run).get("constraints")):
        if one.get("status") == "undecided" and str(one.get("constraint")) in decided:
            yield _undecided(one, ("constraints", decided[str(one["constraint"])]))
    yield from _no_gain(subject)


def _undecided(outcome: Mapping[str, Any], path: Path) -> Hit:
    figure, bound = section(outcome, "figure"), number(outcome.get("bound"))
    low, high, n = (number(figure.get(key)) for key in ("low", "high", "n"))
    if low is None or high is None or bound is None:
        note = str(outcome.get("note") or "no interval").rstrip(".")
        evidence = f"expected to know whether {outcome['constraint']} holds, got undecided: {note}."
        return Hit(path=path, evidence=evidence, fix=f"{outcome['constraint']} on estimate")
    needed = _needed(number(figure.get("value")), low, high, bound, n)
    return Hit(
        path=path,
        evidence=f"expected an interval on one side of {bound:.4g}, got {low:.4g} to {high:.4g} "
        f"from {n or 0:,.0f} rows{_about(needed)}.",
        fix="a longer test, for example test: 28d; or a bound that the owner signs",
        numbers={"low": low, "high": high, "bound": bound, "rows": n, "rows_needed": needed},
    )


def _needed(value: float | None, low: float, high: float, bound: float, n: float | None) -> float | None:
    """Return how many rows bring the nearer end of the interval to the bound, at the same value."""
    if value is None or not n or value == bound:
        return None
    arm = high - value if bound > value else value - low  # an interval of few cases leans to one side
    return float(n * (arm / abs(value - bound)) ** 2)


def _about(needed: float | None) -> str:
    return f"; about {needed:,.0f} would decide" if needed is not None and needed < 1e9 else ""


def _no_gain(subject: Subject) -> Iterator[Hit | Unknown]:
    run = subject.run
    if section(run).get("chosen") in (None, "rule"):
        return
    metric = str(section(run, "primary").get("metric") or primary_metric(subject.framing))
    row = metric_row(run, metric)
    gain = section(row, "difference") if row is not None else {}
    value, low, high = (number(gain.get(key)) for key in ("value", "low", "high"))
    if value is None or low is None or high is None:
        yield Unknown(f"the run has no gain of {metric} over the rule with an interval")
    elif low < 0 < high:
        n = number(gain.get("n"))
        needed = _needed(value, low, high, 0.0, n)
        yield Hit(
            path=("objective", "metric"),
            evidence=f"expected a gain of {metric} over the rule on one side of 0, got {value:+.3g} "
            f"[{low:+.3g}, {high:+.3g}] from {n or 0:,.0f} rows{_about(needed)}.",
            fix="a longer test, for example test: 28d; or keep the rule",
            numbers={"gain": value, "low": low, "high": high, "rows": n, "rows_needed": needed},
        )


@rule("EVAL008", "no-online-metric", severity="warn")
def no_online_metric(subject: Subject) -> Iterator[Hit | Unknown]:
    """Nothing that is measured on live traffic says whether it worked.

    What it checks:
        A figure of the business is the metric of `experiment`, the KPI, or among `monitoring.track`: one that
        is no measure of prediction, and if it is measured elsewhere, says what it is. That there is no KPI at
        all is GOAL001, that there is no experiment EXP001, that the KPI is a model metric GOAL004.

    Why it hurts:
        Offline figures are about what the old policy showed. Whether people stay, pay or complain under the
        new one is known only online, and only if somebody looks.

    Example:
        No experiment, a KPI of `external` with nothing in brackets, and `track: [roc_auc(churn)]` fires;
        `external(searches that end on an item)` is silent.

    How to fix:
        `experiment: {metric: kpi, ...}` with a KPI that is counted on live traffic.
    """
    framing = subject.framing
    if framing.business.kpi is None and framing.experiment is None:
        return
    kpi = framing.business.kpi.metric if framing.business.kpi else None
    named = [framing.experiment.metric] if framing.experiment else []
    named += [one.metric for one in framing.experiment.guardrails] if framing.experiment else []
    resolved = [kpi if one.name == "kpi" else one for one in (*named, kpi, *framing.monitoring.track) if one]
    if any(one is not None and _is_online(one) for one in resolved):
        return
    said = ", ".join(dict.fromkeys(str(one) for one in resolved if one is not None)) or "none"
    yield Hit(
        path=("experiment", "metric") if framing.experiment else ("business", "kpi", "metric"),
        evidence=f"expected a figure of the business that live traffic shows, got {said}.",
        fix="metric: external(what is counted and where)",
    )


def _is_online(metric: MetricReference) -> bool:
    if metric.name == "external":
        return bool(metric.description)
    return metric.name not in MODEL_METRICS and not metric.name.startswith("latency_")


def _is_stressed(subject: Subject) -> bool:
    """Return whether a stress test of the score estimated what the goal does; a refusal estimates nothing.

    A score that is one label is tested under the label's name.
    """
    proxies = section(subject.run, "stress", "proxies")
    found = section(proxies, "score") or section(proxies, subject.framing.objective.score.column or "")
    return found.get("verdict") not in (None, "UNSUPPORTED")


@rule("EVAL009", "gain-on-the-proxy-alone", severity="warn", stage="run")
def gain_on_the_proxy_alone(subject: Subject) -> Iterator[Hit | Unknown]:
    """The model wins on the proxy, and nothing estimates what the goal gains.

    What it checks:
        Where the run's verdict is `model wins`: the KPI has a figure that differs between the model and the
        rule, or a value of the policy by logged propensities, or a stress test of the score that the log
        supports. A KPI that is the same for both was made by the old policy, and says nothing of the new one.

    Why it hurts:
        The proxy was chosen because it is near at hand, not because it is the goal. Gains on clicks have cost
        returns before, and the offline table looked the same on the day.

    Example:
        `model wins` on `value@10` with `mean(returned)` of .41 for the model and .41 for the rule fires; a
        cost per day of 3,100 beside 4,200 is silent.

    How to fix:
        Log actions with their propensities and add `policy_value` to the metrics. For lists, let the
        experiment decide before anything else does.
    """
    kpi, run = subject.framing.business.kpi, subject.run
    if kpi is None or section(run).get("verdict") != "model wins":
        return
    rows = entries(section(run).get("metrics"))
    has_value = any(
        str(one.get("metric")).startswith("policy_value")
        and number(section(one, "model").get("value")) is not None
        for one in rows
    )
    if has_value or _is_stressed(subject):
        return
    row = metric_row(run, str(kpi.metric))
    model, rule_ = (number(section(row, who).get("value")) for who in ("model", "rule"))
    if model is not None and model != rule_:
        return
    note = section(row, "model").get("note") or "it is not among the run's figures"
    got = f"no figure ({note})" if model is None else f"{model:.4g} for the model and for the rule alike"
    yield Hit(
        path=("business", "kpi", "metric"),
        evidence=f"expected what {kpi.metric} gains where the model wins on "
        f"{section(run, 'primary').get('metric', 'the proxy')}, got {got}.",
        fix=_estimate(subject),
        numbers={} if model is None else {"model": model, "rule": rule_},
    )


def _estimate(subject: Subject) -> str:
    """Return how the goal could be estimated: off-policy where the log says what was done, else by a test."""
    table = subject.framing.table
    if table.action is not None or (subject.framing.policy is not None and subject.framing.policy.actions):
        return "metrics: [policy_value], with action and propensity under examples"
    return "experiment: {metric: kpi, stages: [1%, 10%, 50%]}, and no release before it has been read"


@rule("EVAL010", "test-unlike-serving", severity="warn", stage="data")
def test_unlike_serving(subject: Subject) -> Iterator[Hit | Unknown]:
    """The rows that judge the model are not like those it will decide on.

    What it checks:
        Of the built examples: test rows that repeat each other; a base rate three times that of training, or
        a third of it; another mean weight; another mix of a context column; and lists of which only what was
        shown is left, so that a ranking is never judged on what it would bring up.

    Why it hurts:
        A test that was balanced by hand promises a precision that no day will see. A test of shown items
        alone asks the new ranking to put the old one's choice in order.

    Example:
        9 % fraud in the test beside .8 % in training fires; 1.1 % is silent.

    How to fix:
        Test on the log as it was, with everything that could have been chosen; thin training rows only.

    Source:
        Bounds are rules of thumb of ours: 1 % of copies, 3 times the base rate, 1.5 times the weight, 30 % of
        the mix.
    """
    data = subject.data
    if data is None:
        return
    if not data.test.any():
        yield Unknown("there are no test rows")
        return
    for one in (*copies(data), *base_rates(data, subject.tasks), *weights(data), *mixes(data)):
        yield Hit(path=one.path, evidence=one.evidence, fix=one.fix, numbers=one.numbers)
    yield from _shown_only(subject)


def _shown_only(subject: Subject) -> Iterator[Hit]:
    """Yield a list whose rows were all shown: its candidates were left out."""
    framing, data = subject.framing, subject.data
    if data is None or framing.policy is None or framing.policy.rank is None:
        return
    column = data.column("shown")
    shown = (
        None if column is None else np.nan_to_num(np.asarray(column.values[data.test], dtype=np.float64)) > 0
    )
    if shown is None or not shown.all():
        return
    yield Hit(
        path=("examples", "shown") if "examples" in framing.examples else ("examples",),
        evidence="expected the candidates that were not shown too, "
        f"got {len(shown):,} of {len(shown):,} test rows shown.",
        fix="log every candidate of a request: shown: position is not null",
        numbers={"rows": len(shown), "share_shown": 1.0},
    )


RULES = (
    no_primary_metric, metric_blind_to_rarity, no_slices, no_constraints, constraint_not_evaluated,
    test_too_short, interval_too_wide, no_online_metric, gain_on_the_proxy_alone, test_unlike_serving,
)  # fmt: skip
