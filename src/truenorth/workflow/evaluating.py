"""Stage `evaluate`: decisions on the test rows beside what happened, for the chosen rung and for the rule."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truenorth.decision.contract import FittedPolicy
from truenorth.decision.fit import load_policy
from truenorth.evaluation.calibration import calibration_table
from truenorth.evaluation.contract import Judged
from truenorth.evaluation.evaluate import evaluate
from truenorth.serving.bundle import load_rung
from truenorth.serving.scorer import batch_of
from truenorth.workflow.learning import RULE
from truenorth.workflow.work import Work

_TIMED = 200
_LEVELS = {"p50": 50, "p90": 90, "p95": 95, "p99": 99}


def evaluate_run(work: Work, folder: Path) -> Mapping[str, Any]:
    """Measure what the framing names on all tests together, and on each where there are several."""
    parts = work.parts.tests
    whole = np.any(list(parts.values()), axis=0)
    judged = _judged(work, "chosen", work.results["choose"]["chosen"], whole)
    rule = _judged(work, "rule", RULE, whole)
    train = work.dataset.take(work.parts.train)
    made = evaluate(work.framing, judged, rule, train=train, seed=work.seed, today=work.today)
    result: dict[str, Any] = made.to_dict()
    result.pop("gate")  # the verdict is given once, by the last stage
    if len(parts) > 1:
        result["tests"] = {name: _one_test(work, mask) for name, mask in parts.items()}
    result["calibration"] = _calibration(work, whole)
    return result


def _judged(work: Work, use: str, name: str, rows: NDArray[np.bool_]) -> Judged:
    batch, data = work.cut(work.predicted(name), rows)
    policy = load_policy(work.results["decide"][use], work.framing)
    latency = _latency(work, name, policy) if use == "chosen" else None
    return Judged(
        dataset=data, batch=batch, decisions=policy.decide(batch, seed=work.seed), latency_ms=latency
    )


def _one_test(work: Work, rows: NDArray[np.bool_]) -> dict[str, Any]:
    judged = _judged(work, "chosen", work.results["choose"]["chosen"], rows)
    rule = _judged(work, "rule", RULE, rows)
    train = work.dataset.take(work.parts.train)
    made = evaluate(work.framing, judged, rule, train=train, seed=work.seed, today=work.today)
    return {"metrics": made.to_dict()["metrics"], "primary": made.to_dict()["primary"]}


def _latency(work: Work, name: str, policy: FittedPolicy) -> dict[str, float]:
    """Time decisions one at a time: a row, or a list where the examples have lists. Milliseconds."""
    models, calibrators, orders = load_rung(work.rung_folder(name))
    calibrators = work.calibrators(name)
    columns = work.held_out.columns
    times = []
    for rows in _single_decisions(work):
        one = columns.take(rows)
        started = time.perf_counter()
        policy.decide(batch_of(models, calibrators, orders, one))
        times.append((time.perf_counter() - started) * 1e3)
    return {name: float(np.percentile(times, level)) for name, level in _LEVELS.items()} if times else {}


def _single_decisions(work: Work) -> list[NDArray[np.int64]]:
    group = work.held_out.columns["group"]
    n = work.held_out.n_rows
    if group.is_null.all():
        return (
            [np.array([row]) for row in np.linspace(0, n - 1, min(n, _TIMED)).astype(np.int64)] if n else []
        )
    chosen = np.unique(group.values[~group.is_null])
    chosen = chosen[:: max(len(chosen) // _TIMED, 1)][:_TIMED]
    return [np.flatnonzero(group.values == one) for one in chosen]


def _calibration(work: Work, rows: NDArray[np.bool_]) -> dict[str, Any]:
    """Return how well the chosen rung's probabilities hold on the test rows, before and after calibration."""
    name = work.results["choose"]["chosen"]
    raw, data = work.cut(work.predicted(name, calibrated=False), rows)
    done, _ = work.cut(work.predicted(name), rows)
    return calibration_table(data, raw, done, work.results["calibrate"]["rungs"][name], seed=work.seed)
