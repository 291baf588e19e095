"""SERVE: whether decisions are made in time, at what cost, from which store, and what if they are not."""

from __future__ import annotations

import math
from collections.abc import Iterator

from truenorth.audit.contract import Hit, Path, Unknown, rule
from truenorth.audit.measured.figures import measured, microseconds_per_row, rows_per_decision
from truenorth.audit.stated.budgets import is_ceiling, latency_budget
from truenorth.audit.stated.dependencies import by_source, read_by_fallback, without_default
from truenorth.audit.subject import Subject
from truenorth.framing.durations import Duration

AT_SCALE = 10_000.0
"""Decisions per day from which a tenth of a cent each is thousands a year. A rule of thumb."""
STORED = ("batch", "stream")
"""Ways of serving a feature that need a place to read it from."""


UNSAID = (
    "whether anybody waits for a decision is not stated: serving: {mode: online} or {mode: batch, every: 1d}"
)


def _is_stated(subject: Subject) -> bool:
    """Whether the framing itself says that decisions are online: a mode, a latency or a busiest second."""
    framing = subject.framing
    stated = (framing.serving.mode, framing.business.latency_p99, framing.business.scale.peak_per_second)
    return any(one is not None for one in stated) or any(is_ceiling(one) for one in framing.constraints)


@rule("SERVE001", "latency-not-promised", severity="warn")
def latency_not_promised(subject: Subject) -> Iterator[Hit | Unknown]:
    """No constraint holds an online decision to its time.

    What it checks:
        Where decisions are made one by one, `constraints` has a ceiling on `latency_p99`, and none looser
        than `business.latency_p99`. That the budget itself is not stated is GOAL007.

    Why it hurts:
        A budget that no constraint checks is a wish: the model that wins offline is the slow one, and the
        page finds out. The mean hides it, as one request in a hundred is every tenth visitor's.

    Example:
        `latency_p99: 50ms` under business without a constraint fires, and so does `latency_p99 <= 200ms`;
        `latency_p99 <= 50ms` is silent.

    How to fix:
        `constraints: [latency_p99 <= 50ms]`: it is timed in every run.
    """
    if not subject.is_online:
        return
    if not _is_stated(subject):
        yield Unknown(UNSAID)
        return
    budget = subject.framing.business.latency_p99
    promised = [one for one in subject.framing.constraints if is_ceiling(one)]
    said = "" if budget is None else f" of {budget}"
    fix = f"constraints: [latency_p99 <= {budget or '50ms'}]"
    if not promised:
        yield Hit(
            path=("constraints",),
            evidence=f"expected a constraint that holds the budget{said}, got none on latency_p99.",
            fix=fix,
        )
    elif budget is not None and promised[0].bound > budget.microseconds / 1_000:
        yield Hit(
            path=("constraints", subject.framing.constraints.index(promised[0])),
            evidence=f"expected a bound of at most {budget}, got {promised[0]}.",
            fix=fix,
            numbers={"bound_ms": promised[0].bound, "budget_ms": budget.microseconds / 1_000},
        )


@rule("SERVE002", "measured-latency-over-budget", severity="error", stage="run")
def measured_latency_over_budget(subject: Subject) -> Iterator[Hit | Unknown]:
    """One decision in a hundred took longer than the budget when it was timed.

    What it checks:
        `latency_p99` of the run, timed one decision at a time on this machine, against `business.latency_p99`
        (or the constraint, where the business states none).

    Why it hurts:
        Timed alone, on an idle machine, without a network, is the best case. In production it only gets
        slower, and above the budget it is the fallback that decides.

    Example:
        82 ms against `latency_p99: 50ms` fires; 41 ms is silent.

    How to fix:
        A simpler rung, fewer candidates per request, or features that are read instead of computed.
    """
    budget = latency_budget(subject)
    if budget is None or not subject.is_online:
        return
    path, limit = budget
    took = measured(subject.run, "latency_p99")
    if took is None:
        yield Unknown(
            "the run did not time its decisions: add latency_p99 to constraints or evaluation.metrics"
        )
    elif took > limit:
        yield Hit(
            path=path,
            evidence=f"expected 99 % of decisions within {limit:g} ms, got {took:,.3g} ms.",
            fix="choose: one_standard_error under models, or a smaller limit under candidates",
            numbers={"latency_p99_ms": took, "budget_ms": limit},
        )


@rule("SERVE003", "no-timeout", severity="warn")
def no_timeout(subject: Subject) -> Iterator[Hit | Unknown]:
    """Nothing makes the fallback take over in time.

    What it checks:
        An online decision has `serving.timeout`, no longer than `business.latency_p99`. What is decided then
        is POLICY005.

    Why it hurts:
        A fallback that waits for the model to fail waits as long as the model hangs. The usual outage is no
        error, it is a slow store, and every thread stands in it.

    Example:
        `serving: {mode: online}` fires, and so does `timeout: 2s` beside a budget of 50 ms; `timeout: 50ms`
        is silent.

    How to fix:
        `timeout`: the budget, or a little less.
    """
    if not subject.is_online:
        return
    if not _is_stated(subject):
        yield Unknown(UNSAID)
        return
    timeout, budget = subject.framing.serving.timeout, subject.framing.business.latency_p99
    fix = f"serving: {{mode: online, timeout: {budget or '50ms'}}}"
    if timeout is None:
        yield Hit(
            path=("serving", "timeout"),
            evidence="expected a time after which the fallback answers, got none.",
            fix=fix,
        )
    elif budget is not None and timeout > budget:
        yield Hit(
            path=("serving", "timeout"),
            evidence=f"expected a fallback within the budget of {budget}, got a timeout of {timeout}.",
            fix=fix,
            numbers={"timeout_ms": timeout.microseconds / 1_000, "budget_ms": budget.microseconds / 1_000},
        )


@rule("SERVE004", "no-logged-propensity", severity="warn")
def no_logged_propensity(subject: Subject) -> Iterator[Hit | Unknown]:
    """The log does not say how likely it was that each thing was shown or done.

    What it checks:
        `examples.propensity` where the policy ranks or explores.

    Why it hurts:
        The chance of what was done can be written down only at that moment. Without it no later policy can be
        valued on the log, position bias cannot be undone, and what was explored is lost among the rest.

    Example:
        `rank: {by: score}` over a log without probabilities fires; `propensity: logged_probability` is
        silent, and so is `{softmax: logged_score, temperature: 0.5}`, from which they follow.

    How to fix:
        Log with each decision its candidates, the chosen one, and the probability of the choice.

    Source:
        Bottou et al. (2013). Counterfactual Reasoning and Learning Systems. JMLR 14.
    """
    policy, table = subject.framing.policy, subject.framing.table
    if policy is None or table.propensity is not None:
        return
    explores = policy.explore is not None and policy.explore.share > 0
    if policy.rank is not None or explores:
        what = "explores" if explores else "ranks"
        yield Hit(
            path=(*_table_path(subject), "propensity"),
            evidence=f"expected the logged probability of each choice of a policy that {what}, got none.",
            fix="propensity: logged_probability",
        )


def _table_path(subject: Subject) -> Path:
    """Return the place of the first examples table: `examples`, or its name within."""
    name = next(iter(subject.framing.examples))
    is_named = isinstance(subject.written("examples", name), dict)
    return ("examples", name) if is_named else ("examples",)


@rule("SERVE005", "feature-store-not-declared", severity="warn")
def feature_store_not_declared(subject: Subject) -> Iterator[Hit | Unknown]:
    """Features are computed ahead, and nothing says where an online decision reads them.

    What it checks:
        Online: features served by `batch` or `stream` (by default, every aggregate over a source) beside
        `serving.store`.

    Why it hurts:
        A window over seven days of events is no query for a page with 50 ms. Without a store each team writes
        its own, from another code than training used, and the two differ.

    Example:
        `spend: {source: payments, by: customer, mean: amount, last: 7d}` online without `store` fires;
        `store: lmdb` is silent.

    How to fix:
        `store: memory` for what fits one process, `lmdb` for one machine, `redis` where several share it.
    """
    if not subject.is_online or subject.framing.serving.store is not None:
        return
    stored = [name for name, one in subject.framing.features.items() if one.serve in STORED]
    if stored and not _is_stated(subject):
        yield Unknown(UNSAID)
    elif stored:
        more = f" and {len(stored) - 3} more" if len(stored) > 3 else ""
        yield Hit(
            path=("serving", "store"),
            evidence=f"expected a store that {', '.join(stored[:3])}{more} are read from, got none.",
            fix="store: lmdb",
            numbers={"features": len(stored)},
        )


@rule("SERVE006", "cost-per-decision-not-stated", severity="warn")
def cost_per_decision_not_stated(subject: Subject) -> Iterator[Hit | Unknown]:
    """Nobody said what one decision costs to make, at a volume where it matters.

    What it checks:
        `business.costs.decision` of an online decision that is made ten thousand times a day or more.

    Why it hurts:
        A tenth of a cent is nothing; forty million times a day it is the budget of a department. What a model
        may cost decides how many candidates it sees and which features it reads.

    Example:
        `scale: {decisions_per_day: 2000000}` without `costs: {decision: ...}` fires; 9,600 a day are exempt.

    How to fix:
        Machines, stores and calls of a day, divided by its decisions: `costs: {decision: 0.0001}`.

    Source:
        The volume is a rule of thumb of ours.
    """
    business = subject.framing.business
    volume = business.scale.decisions_per_day
    if not subject.is_online or business.costs.decision is not None or volume is None or volume < AT_SCALE:
        return
    yield Hit(
        path=("business", "costs", "decision"),
        evidence=f"expected what a decision costs at {volume:,.0f} a day, got none.",
        fix="costs: {decision: 0.0001}",
        numbers={"decisions_per_day": volume},
    )


@rule("SERVE007", "cache-outlives-freshness", severity="warn")
def cache_outlives_freshness(subject: Subject) -> Iterator[Hit | Unknown]:
    """An answer is given again after the features that it was made of have changed.

    What it checks:
        `serving.cache` against the shortest `freshness` and the shortest `refresh` of the features.

    Why it hurts:
        Whoever asked for a value no older than a minute gets one of an hour, by way of the answer. It shows
        as a model that reacts late, and is looked for in the model.

    Example:
        `cache: 1h` beside `freshness: 1m` fires; `cache: 30s` is silent.

    How to fix:
        A cache no longer than the freshest feature, or a looser freshness if the hour is good enough.
    """
    cache = subject.framing.serving.cache
    limits = sorted(_limits(subject))
    if cache is None or not limits:
        return
    limit, name, what = limits[0]
    if cache > limit:
        yield Hit(
            path=("serving", "cache"),
            evidence=f"expected a cache within the {what} {limit} of {name!r}, got {cache}.",
            fix=f"cache: {limit}",
            numbers={"cache_seconds": cache.microseconds / 1e6, "limit_seconds": limit.microseconds / 1e6},
        )


def _limits(subject: Subject) -> Iterator[tuple[Duration, str, str]]:
    for name, feature in subject.framing.features.items():
        if feature.freshness is not None:
            yield feature.freshness, name, "freshness"
        if feature.refresh is not None:
            yield feature.refresh.every, name, "refresh"


@rule("SERVE008", "throughput-under-peak", severity="warn", stage="run")
def throughput_under_peak(subject: Subject) -> Iterator[Hit | Unknown]:
    """One core cannot make as many decisions as the busiest second asks for.

    What it checks:
        What the run measured, as decisions per second of one core: a thousand over the median milliseconds of
        a decision where it was timed, else the time per row x rows per decision; against
        `scale.peak_per_second`.

    Why it hurts:
        Above what the cores can do a queue grows, and waiting is what people notice: at 90 % of the load an
        answer waits ten times its own length.

    Example:
        3 ms a decision make 333 a second of a core, and fire against a peak of 2,000: seven cores.

    How to fix:
        Plan the cores that the evidence names, and some to spare; or take a simpler rung.

    Source:
        Queueing: with random arrivals the mean time in the system is service time / (1 - load).
    """
    peak = subject.framing.business.scale.peak_per_second
    if not subject.is_online:
        return
    if peak is None:
        yield Unknown("the busiest second is not stated: scale: {peak_per_second: ...}")
        return
    took = _decision_ms(subject)
    if took is None:
        yield Unknown("the run says neither how long a decision takes nor how long a row takes")
    elif took > 0 and 1_000 / took < peak:
        cores = math.ceil(peak * took / 1_000)
        yield Hit(
            path=("business", "scale", "peak_per_second"),
            evidence=f"expected one core to make {peak:g} decisions per second, got {1_000 / took:,.3g} "
            f"({took:,.3g} ms each): {cores} cores at full load.",
            fix=f"plan {math.ceil(cores * 1.5)} workers, or take a simpler rung",
            numbers={"per_second": 1_000 / took, "peak": peak, "cores": cores},
        )


def _decision_ms(subject: Subject) -> float | None:
    """Return the milliseconds of one decision: timed, or from the time of a row."""
    timed = measured(subject.run, "latency_p50")
    if timed is not None:
        return timed
    per_row, rows = microseconds_per_row(subject.run), rows_per_decision(subject)
    return None if per_row is None or rows is None else per_row * rows / 1_000


@rule("SERVE009", "no-degraded-mode", severity="warn")
def no_degraded_mode(subject: Subject) -> Iterator[Hit | Unknown]:
    """A source that does not answer leaves the decision without a way on.

    What it checks:
        Online: each source that features are read from, other than the examples' own. Its features have a
        `default`, or the policy has a `fallback` whose rule does not itself need them.

    Why it hurts:
        Each dependency is down a few hours a year, and seldom at the same time. Five of them without a
        degraded mode are five times the outages of one.

    Example:
        `terminal_risk: {source: chargebacks, ...}` without `default` and without `fallback` fires, and so
        does a fallback `rule: terminal_risk > 2`; with `default: 0` it is silent.

    How to fix:
        A `default` on each of its features, chosen so that the decision errs on the safe side.

    Source:
        Sculley et al. (2015). Hidden Technical Debt in Machine Learning Systems. NeurIPS.
    """
    framing = subject.framing
    if not subject.is_online or framing.policy is None or not by_source(framing):
        return
    if not _is_stated(subject):
        yield Unknown(UNSAID)
        return
    needed = read_by_fallback(framing)
    for source, names in by_source(framing).items():
        bare = without_default(framing, names)
        stuck = bare if framing.policy.fallback is None else tuple(name for name in bare if name in needed)
        if stuck:
            why = "no fallback" if framing.policy.fallback is None else "a fallback rule that reads them"
            yield Hit(
                path=("features", stuck[0]),
                evidence=f"expected a way on when {source!r} does not answer, got {', '.join(stuck)} "
                f"without a default, and {why}.",
                fix=f"{stuck[0]}: {{..., default: 0}}",
                numbers={"features": len(stuck)},
            )


RULES = (
    latency_not_promised, measured_latency_over_budget, no_timeout, no_logged_propensity,
    feature_store_not_declared, cost_per_decision_not_stated, cache_outlives_freshness, throughput_under_peak,
    no_degraded_mode,
)  # fmt: skip
