"""Stage `train`: every rung of the ladder, from the rule up, one model per task."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np

from truenorth.engine.vectors import Vectors
from truenorth.errors import EngineError, Finding
from truenorth.examples.dataset import Dataset
from truenorth.framing.models import External
from truenorth.models.contract import Learner, Model, Rows, TaskSpec
from truenorth.models.external import make_external
from truenorth.models.registry import learner
from truenorth.models.rows import label_of, rows_of, targets
from truenorth.models.rule import make_rule
from truenorth.models.rules import rule_report
from truenorth.serving.bundle import ORDER
from truenorth.workflow.work import Work

RULE = "rule"
_EXPLAINED = 2_000
_TIMED = 20_000


Fit = Callable[[TaskSpec], Model]


def train(work: Work, folder: Path) -> Mapping[str, Any]:
    """Fit every rung on the training rows; validation rows stop and tune, and are never fitted on."""
    data = work.dataset.take(work.parts.train)
    held = work.dataset.take(work.parts.choose)
    checks = {name: rows_of(held, spec) for name, spec in work.specs.items()}
    findings: list[Finding] = []
    rungs: dict[str, Any] = {}
    for name, fit in _fits(work, data, checks, findings):
        rungs[name] = {}
        for task, spec in work.specs.items():
            work.say(f"training {name}: {task}")
            place = folder / "rungs" / name / task
            place.mkdir(parents=True)
            rungs[name][task] = _fit_one(fit, spec, held.columns, place)
    _write_order(work, data, folder / "rungs" / RULE)
    return {
        "rungs": rungs,
        "rules": _rules(work),
        "notes": list(work.parts.notes),
        "rows": {"train": data.n_rows, "validation": held.n_rows},
        "findings": [finding.to_dict() for finding in findings],
    }


def _fits(
    work: Work, data: Dataset, checks: Mapping[str, Rows], findings: list[Finding]
) -> Iterator[tuple[str, Fit]]:
    """Yield the rungs from the simplest up; a candidate that this release cannot fit is a finding."""
    models = work.framing.models
    yield RULE, lambda spec: cast(Model, make_rule(data, spec, base=work.request.base))
    if models.incumbent is not None:
        yield "incumbent", partial(_external, data, models.incumbent)
    rows = {name: rows_of(data, spec) for name, spec in work.specs.items()}
    for candidate in models.candidates:
        if isinstance(candidate, External):
            yield f"external_{candidate.external}", partial(_external, data, candidate.external)
            continue
        try:
            made = learner(candidate)
        except EngineError as error:  # known to the language, not to this release
            findings += [replace(finding, severity="warn") for finding in error.findings]
            continue
        yield candidate, partial(_learned, work, made, rows, checks)


def _external(data: Dataset, column: str, spec: TaskSpec) -> Model:
    return make_external(data, spec, column)


def _learned(
    work: Work, made: Learner, rows: Mapping[str, Rows], checks: Mapping[str, Rows], spec: TaskSpec
) -> Model:
    check = checks[spec.name]
    settings = work.fit_settings(share=1 / len(work.specs))
    return made.fit(spec, rows[spec.name], check if len(check) else None, settings)


def _fit_one(fit: Fit, spec: TaskSpec, held: Vectors, place: Path) -> dict[str, Any]:
    started = time.perf_counter()
    model = fit(spec)
    seconds = time.perf_counter() - started
    model.dump(place)
    return {
        "form": model.form,
        "seconds": round(seconds, 3),
        "us_per_row": _us_per_row(model, held),
        "bytes": sum(path.stat().st_size for path in place.rglob("*") if path.is_file()),
        "summary": model.summary(),
        "contributions": _contributions(model, spec, held),
    }


def _rules(work: Work) -> list[dict[str, Any]]:
    """Return how each named rule did on the rows that choose."""
    rules = work.framing.models.rules
    task = next((spec for spec in work.specs.values() if spec.kind == "binary"), None)
    if not rules or task is None:
        return []
    held = work.dataset.take(work.parts.choose)
    outcomes = held.labels[label_of(task.name)]
    target = np.where(outcomes.is_observed, targets(outcomes, task), np.nan)
    return rule_report(rules, held.columns, target)


def _us_per_row(model: Model, held: Vectors) -> float:
    columns = held.take(slice(0, _TIMED))
    if columns.n_rows == 0:
        return 0.0
    started = time.perf_counter()
    model.predict(columns)
    return (time.perf_counter() - started) / columns.n_rows * 1e6


def _contributions(model: Model, spec: TaskSpec, held: Vectors) -> list[dict[str, Any]]:
    """Return the mean absolute contribution of each feature, the largest first."""
    step = max(held.n_rows // _EXPLAINED, 1)
    shares = model.contributions(held.take(slice(0, None, step))) if held.n_rows else None
    if shares is None:
        return []
    means = np.abs(shares).mean(axis=0)
    named = sorted(zip(spec.roles, means, strict=True), key=lambda item: -item[1])
    return [{"feature": name, "mean_absolute": float(mean)} for name, mean in named]


def _write_order(work: Work, data: Dataset, place: Path) -> None:
    """Write the rule that orders rows by itself, where there are several tasks."""
    order = make_rule(data, None, base=work.request.base)
    if order is not None:
        (place / ORDER).mkdir()
        order.dump(place / ORDER)
