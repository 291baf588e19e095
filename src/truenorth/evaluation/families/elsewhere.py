"""Metrics that come from outside the rows: another system, a stopwatch."""

from __future__ import annotations

from truenorth.evaluation.contract import Figure, Judged
from truenorth.framing.references import MetricReference


def elsewhere(reference: MetricReference, judged: Judged) -> Figure | None:
    """Return the figure of a metric that no row holds; None for all others."""
    if reference.name == "external":
        what = f" ({reference.description})" if reference.description else ""
        return Figure(metric=str(reference), value=None, note=f"measured elsewhere{what}")
    if not reference.name.startswith("latency_"):
        return None
    quantile = reference.name.removeprefix("latency_")
    measured = judged.latency_ms or {}
    if quantile not in measured:
        return Figure(metric=str(reference), value=None, note="the time of a decision was not measured")
    sign = -1.0 if reference.negated else 1.0
    return Figure(
        metric=str(reference), value=sign * measured[quantile], method="stopwatch", note="milliseconds"
    )
