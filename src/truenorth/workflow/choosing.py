"""Stage `choose`: the ladder, and the simplest rung that earns its place."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from truenorth.decision.fit import fit_policy
from truenorth.evaluation.compare import compare
from truenorth.evaluation.contract import Figure, Judged
from truenorth.evaluation.measure import measure
from truenorth.evaluation.primary import is_higher_better, primary_metric
from truenorth.framing.framing import Framing
from truenorth.models.choose import Rung, choose
from truenorth.workflow.learning import RULE
from truenorth.workflow.work import Work


def choose_rung(work: Work, folder: Path) -> Mapping[str, Any]:
    """Compare every rung with the best by the objective's metric, on validation rows, paired by unit."""
    metric = primary_metric(work.framing)
    names = list(work.results["train"]["rungs"])
    judged = {name: _judged(work, name) for name in names}
    figures = {name: measure(metric, one, seed=work.seed) for name, one in judged.items()}
    up = is_higher_better(metric)
    best = max(names, key=lambda name: _rank(figures[name], up=up))
    rungs = []
    for name in names:
        gap = None if name == best else compare(metric, judged[best], judged[name], seed=work.seed)
        gain = None if name == RULE else compare(metric, judged[name], judged[RULE], seed=work.seed)
        rungs.append(_rung(work, name, figures[name], gap, gain, up=up))
    choice = choose(
        rungs,
        how=work.framing.models.choose,
        minimum_gain=_minimum_gain(work.framing, figures[best]),
        higher_is_better=up,
    )
    return {"metric": str(metric), "higher_is_better": up, **choice.to_dict(), "findings": []}


def _minimum_gain(framing: Framing, best: Figure) -> float:
    """Return the declared gain in the metric's units; a percentage is of the best figure."""
    gain = framing.models.minimum_gain
    if gain is None or best.value is None:
        return 0.0
    return abs(gain.fraction * best.value) if gain.unit == "relative" else gain.fraction


def _judged(work: Work, name: str) -> Judged:
    batch, data = work.cut(work.predicted(name), work.parts.choose)
    policy = fit_policy(work.framing, batch, data, seed=work.seed)
    return Judged(dataset=data, batch=batch, decisions=policy.decide(batch, seed=work.seed))


def _rank(figure: Figure, *, up: bool) -> float:
    value = figure.value if figure.value is not None else np.nan
    return -np.inf if np.isnan(value) else value if up else -value


def _rung(
    work: Work, name: str, figure: Figure, gap: Figure | None, gain: Figure | None, *, up: bool
) -> Rung:
    fits = work.results["train"]["rungs"][name].values()
    sign = 1.0 if up else -1.0
    return Rung(
        name=name,
        value=figure.value,
        standard_error=figure.standard_error,
        gap=0.0 if gap is None or gap.value is None else sign * gap.value,
        gap_standard_error=0.0 if gap is None else gap.standard_error or 0.0,
        versus_rule=None if gain is None else _signed(gain, up=up),
        is_rule=name == RULE,
        seconds=sum(fit["seconds"] for fit in fits),
        us_per_row=sum(fit["us_per_row"] for fit in fits),
        bytes=sum(fit["bytes"] for fit in fits),
    )


def _signed(gain: Figure, *, up: bool) -> tuple[float, float, float] | None:
    """Return a difference so that better is above 0."""
    if gain.value is None or gain.low is None or gain.high is None:
        return None
    return (gain.value, gain.low, gain.high) if up else (-gain.value, -gain.high, -gain.low)
