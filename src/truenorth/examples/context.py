"""Columns that only the score, a cost, a rule, a metric or a slice names: kept as if they were `context`.

What a decision needs must be known when it is made (`framing.leaks` refuses what is not). A column that does
not exist is an error where a decision needs it: the table can be made but not used. Where only a metric or a
slice reads it, it is left out and said, so that the metric is not assessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from truenorth.errors import Finding
from truenorth.examples.needed import PSEUDO, static_columns, unknown_column
from truenorth.framing.examples import ExampleTable
from truenorth.framing.framing import Framing
from truenorth.framing.functions import TABLE_COLUMNS
from truenorth.framing.leaks import policy_reads
from truenorth.framing.references import MetricReference
from truenorth.framing.sources import Source

_OTHER_NAMES = PSEUDO | TABLE_COLUMNS | {"score", "rank", "row", "candidates", "class"}
"""Names that mean something in the framing without being a column of the log."""


@dataclass(frozen=True)
class Inferred:
    """Columns to keep, and what could not be found."""

    context: tuple[str, ...]
    findings: tuple[Finding, ...]


def inferred_context(
    framing: Framing,
    table: ExampleTable,
    labels: Iterable[str],
    available: Iterable[str],
    sources: Mapping[str, Source],
) -> Inferred:
    """Return the columns of the example's row that the framing names outside features and labels.

    Args:
        framing: Expanded.
        table: The table that is decided on.
        labels: Labels, and the columns that they become.
        available: Columns of the example's source; of a calendar its entity.
        sources: Where undated attributes join from.
    """
    own = tuple(available)
    joined = {
        name
        for name, found in static_columns(sources).items()
        if any(set(one.keys) <= set(own) for one in found)
    }
    taken = {*labels, *framing.labels, *framing.features, *table.entity, *table.context}
    taken |= {*_OTHER_NAMES, *_made(framing)}
    elsewhere = {*framing.sources, *(n for n, e in framing.evaluation.slices.items() if e.column != n)}
    context: list[str] = []
    findings: list[Finding] = []
    for place, names, is_needed in _reads(framing):
        for name in sorted(names - taken):
            taken.add(name)
            if name in own or name in joined:
                context.append(name)
            elif name not in elsewhere:
                missing = unknown_column(place, name, table.source or "examples", {*own, *joined})
                findings.append(missing if is_needed else _not_assessed(missing))
    return Inferred(tuple(context), tuple(findings))


def names_read(framing: Framing) -> tuple[str, ...]:
    """Return every name that is read beside features and labels, sorted: what a table may have to hold."""
    return tuple(sorted({name for _, names, _ in _reads(framing) for name in names}))


def _made(framing: Framing) -> set[str]:
    """Return the names that the policy makes."""
    policy = framing.policy
    return {policy.quantity.name} if policy and policy.quantity else set()


def _reads(framing: Framing) -> Iterator[tuple[str, frozenset[str], bool]]:
    """Yield what is read beside features and labels: place, names, and whether a decision needs them."""
    for path, names in policy_reads(framing):
        yield ".".join(map(str, path)), names, True
    models, policy = framing.models, framing.policy
    logged = [one.external for one in models.candidates if not isinstance(one, str)]
    logged += [models.incumbent] if models.incumbent else []
    yield "models", frozenset(logged), True
    if policy is not None and policy.bid:
        yield "policy.bid.price", frozenset({policy.bid.price}), True
    for name, expression in framing.evaluation.slices.items():
        yield f"evaluation.slices.{name}", expression.columns, False
    for place, reference in _references(framing):
        yield place, reference.columns, False
    yield "governance.protected", frozenset(framing.governance.protected), False


def _references(framing: Framing) -> Iterator[tuple[str, MetricReference]]:
    if framing.business.kpi:
        yield "business.kpi.metric", framing.business.kpi.metric
    if framing.objective.metric:
        yield "objective.metric", framing.objective.metric
    for index, metric in enumerate(framing.evaluation.metrics):
        yield f"evaluation.metrics.{index}", metric
    for index, constraint in enumerate(framing.constraints):
        yield f"constraints.{index}", constraint.metric
    for index, guardrail in enumerate(framing.experiment.guardrails if framing.experiment else ()):
        yield f"experiment.guardrails.{index}.metric", guardrail.metric
    for index, metric in enumerate(framing.monitoring.track):
        yield f"monitoring.track.{index}", metric
    if framing.monitoring.retrain.or_when:
        yield "monitoring.retrain.or_when", framing.monitoring.retrain.or_when.metric


def _not_assessed(missing: Finding) -> Finding:
    evidence = f"{missing.evidence.removesuffix('.')}: what reads it is not assessed."
    return replace(missing, severity="warn", evidence=evidence)
