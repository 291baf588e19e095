"""What may be named: scores, rules, costs, capacities, retrievers and metrics use only what is defined."""

from __future__ import annotations

from collections.abc import Iterator

from truenorth.errors import Finding
from truenorth.framing.document import Path
from truenorth.framing.expressions import Expression
from truenorth.framing.policy import Policy
from truenorth.framing.references import MetricReference
from truenorth.framing.scope import Scope, finding


def check_objective(scope: Scope) -> Iterator[Finding]:
    """Score, rule and proxies name labels and features that exist."""
    framing = scope.framing
    context = framing.table.context
    yield from scope.unknown_value(framing.objective.score, ("objective", "score"), also=context)
    models = framing.models
    if isinstance(models.rule, Expression):
        yield from scope.unknown_value(models.rule, ("models", "rule"), also=context)
    for index, rule in enumerate(models.rules):
        yield from scope.unknown_value(rule.when, ("models", "rules", index, "when"), also=context)
    for name in framing.proxies:
        yield from scope.unknown(name, scope.labels, "SPEC022", ("proxies", name), "a label")
    for name in framing.objective.reasons:
        yield from scope.unknown(name, scope.labels, "SPEC022", ("objective", "reasons", name), "a label")
    if models.calibrate.to:
        yield from scope.unknown(
            models.calibrate.to, scope.labels, "SPEC022", ("models", "calibrate", "to"), "a label"
        )
    yield from _check_tasks(scope)


def _check_tasks(scope: Scope) -> Iterator[Finding]:
    written = scope.data.get("models")
    written = written if isinstance(written, dict) else {}
    for key in ("tasks", "downsample"):
        for name in written.get(key) or {} if isinstance(written.get(key), dict) else {}:
            if scope.is_whole("models", key, name):
                yield from scope.unknown(name, scope.labels, "SPEC022", ("models", key, name), "a label")
    monotone = written.get("monotone")
    for name in monotone if isinstance(monotone, dict) else {}:
        yield from scope.unknown(name, scope.features, "SPEC022", ("models", "monotone", name), "a feature")
    for task, settings in scope.framing.models.tasks.items():
        for name in settings.monotone if not isinstance(monotone, dict) else {}:
            place = ("models", "tasks", task, "monotone", name)
            yield from scope.unknown(name, scope.features, "SPEC022", place, "a feature")


def check_policy(scope: Scope) -> Iterator[Finding]:
    """Costs name tasks and features that exist, capacities and the fallback name actions that exist."""
    policy = scope.framing.policy
    if policy is None:
        return
    row = {"score", *scope.declared(scope.framing.table)}
    for action, cost in policy.actions.items():
        yield from scope.unknown_value(cost, ("policy", "actions", action), also=row)
    if scope.is_whole("policy", "actions"):
        for action in policy.capacity:
            yield from scope.unknown(
                action, tuple(policy.actions), "SPEC023", ("policy", "capacity", action), "an action"
            )
        if policy.fallback and policy.fallback.action is not None:
            actions = _actions(policy)
            place = ("policy", "fallback", "action")
            yield from scope.unknown(policy.fallback.action, actions, "SPEC023", place, "one of the actions")
    for path, task in _policy_tasks(policy):
        yield from scope.unknown(task, scope.labels, "SPEC022", ("policy", *path), "a label")
    for path, expression in _policy_values(policy):
        yield from scope.unknown_value(expression, ("policy", *path), also=row)
    models = scope.framing.models
    if (
        policy.fallback
        and policy.fallback.rule
        and models.rule is None
        and not models.rules
        and scope.is_whole("models")
    ):
        evidence = "expected models.rule beside fallback: rule, got none."
        yield finding("SPEC011", ("policy", "fallback"), evidence, "write models: {rule: EXPRESSION}")


def _actions(policy: Policy) -> tuple[str, ...]:
    return tuple(policy.actions) + ((policy.threshold.act,) if policy.threshold else ())


def _policy_tasks(policy: Policy) -> Iterator[tuple[Path, str]]:
    if policy.each:
        yield ("each",), policy.each
    if policy.threshold:
        yield ("threshold", "task"), policy.threshold.task
    if policy.quantity:
        yield ("quantity",), policy.quantity.task


def _policy_values(policy: Policy) -> Iterator[tuple[Path, Expression]]:
    if policy.select:
        yield ("select", "by"), policy.select.by
    if policy.rank:
        yield ("rank", "by"), policy.rank.by
    if policy.bid:
        yield ("bid", "amount"), policy.bid.amount


def check_retrieval(scope: Scope) -> Iterator[Finding]:
    """Retrievers search sources that exist."""
    stages = scope.framing.candidates.stages if scope.framing.candidates else ()
    for index, stage in enumerate(stages):
        path = ("candidates", index, stage.form)
        yield from scope.unknown(stage.source, scope.sources, "SPEC020", path, "a source")


def check_metrics(scope: Scope) -> Iterator[Finding]:
    """Metrics measure things that exist."""
    framing = scope.framing
    known = {*scope.sources, "candidates", *framing.evaluation.slices, *framing.table.context}
    if framing.policy and framing.policy.quantity:
        known.add(framing.policy.quantity.name)
    for path, reference in _references(scope):
        yield from scope.misspelt(reference.columns - known, path, framing.table)


def _references(scope: Scope) -> Iterator[tuple[Path, MetricReference]]:
    framing = scope.framing
    if framing.business.kpi:
        yield ("business", "kpi", "metric"), framing.business.kpi.metric
    if framing.objective.metric:
        yield ("objective", "metric"), framing.objective.metric
    for index, metric in enumerate(framing.evaluation.metrics):
        yield ("evaluation", "metrics", index), metric
    for index, constraint in enumerate(framing.constraints):
        yield ("constraints", index), constraint.metric
    if framing.experiment:
        for index, guardrail in enumerate(framing.experiment.guardrails):
            yield ("experiment", "guardrails", index, "metric"), guardrail.metric
        for index, constraint in enumerate(framing.experiment.rollback):
            yield ("experiment", "rollback", index), constraint.metric
    for index, metric in enumerate(framing.monitoring.track):
        yield ("monitoring", "track", index), metric
    if framing.monitoring.retrain.or_when:
        yield ("monitoring", "retrain", "or_when"), framing.monitoring.retrain.or_when.metric
