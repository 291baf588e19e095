"""Every metric of the language: inputs unchanged, same twice, and an answer or a typed error on odd rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.evaluation.scenes import metric, outcome, scene
from truenorth.engine.vectors import Vector
from truenorth.errors import TrueNorthError
from truenorth.evaluation.contract import Figure, Judged
from truenorth.evaluation.measure import ASK, measure
from truenorth.framing.metrics import METRICS

ON = {
    "concordance": "lapse", "coverage": "minutes, 0.95", "width": "minutes, 0.95", "mae": "minutes",
    "mape": "minutes",
    "mase": "minutes", "r2": "minutes", "rmse": "minutes", "smape": "minutes", "pinball": "minutes, 0.8",
    "quantile": "amount, 0.5", "distinct": "item", "external": "complaints", "share": "action = 'block'",
    "cost": "", "count": "", "kpi": "", "value": "",
    "max": "amount", "min": "amount", "std": "amount", "sum": "amount",
}  # fmt: skip
TEXTS = [
    name
    + (f"({ON.get(name, 'fraud')})" if ON.get(name, "fraud") else "")
    + (" by item" if name == "gini" else "")
    for name in METRICS
    if not name.startswith("latency_")
]
TEXTS += [
    "precision@3(fraud)",
    "recall@3(fraud)",
    "ndcg@3(grade)",
    "value@2",
    "share(action = 'block') by country ratio",
]


def logged(judged: Judged) -> Judged:
    """Return the rows with a logged action and its propensity."""
    n = judged.dataset.n_rows
    random = np.random.default_rng(5)
    action = Vector.text([("allow", "block")[i] for i in random.integers(0, 2, n)])
    columns = judged.dataset.columns.with_columns(
        {"action": action, "propensity": Vector.numbers(np.full(n, 0.5))}
    )
    scale = np.ones(n)
    return replace(
        judged, dataset=replace(judged.dataset, columns=columns), scale=scale, latency_ms={"p99": 1.0}
    )


def snapshot(judged: Judged) -> list[bytes]:
    vectors = [
        *judged.dataset.columns.columns.values(),
        *(one.values for one in judged.dataset.labels.values()),
    ]
    arrays = [one.values for one in vectors] + [one.values for one in judged.batch.predictions.values()]
    return [array.tobytes() for array in [*arrays, judged.decisions.score]]


def is_defined(found: Figure) -> None:
    """A figure has a finite value and interval around it, or none and says why."""
    if found.value is None:
        assert found.note and found.low is None and found.high is None
        return
    assert np.isfinite(found.value) and found.n >= 0
    if found.low is not None and found.high is not None:
        assert found.low <= found.value + 1e-9 and found.value - 1e-9 <= found.high


def answered(text: str, judged: Judged) -> Figure | None:
    try:
        found = measure(metric(text), judged, draws=20)
    except TrueNorthError as error:
        assert error.findings[0].code and error.findings[0].fix
        return None
    is_defined(found)
    return found


def test_every_metric_of_the_language_has_something_that_answers_it():
    assert set(METRICS) == {
        *ASK,
        "kpi",
        "external",
        "latency_p50",
        "latency_p90",
        "latency_p95",
        "latency_p99",
    }


@pytest.mark.parametrize("text", TEXTS)
def test_a_metric_answers_changes_nothing_and_repeats(text):
    judged = logged(scene(300))
    before = snapshot(judged)
    found = answered(text, judged)
    assert found is not None and (found.value is not None or text == "external(complaints)")
    assert snapshot(judged) == before
    assert measure(metric(text), judged, draws=20).to_dict() == found.to_dict()


@pytest.mark.parametrize("n", [0, 1, 2])
@pytest.mark.parametrize("text", TEXTS)
def test_a_metric_is_defined_on_hardly_any_rows(text, n):
    answered(text, logged(scene(n)))


@pytest.mark.parametrize("value", [0.0, 1.0])
@pytest.mark.parametrize("text", TEXTS)
def test_a_metric_is_defined_where_all_outcomes_are_alike(text, value):
    judged = scene(60)
    labels = {**judged.dataset.labels, "fraud": outcome("fraud", "binary", np.full(60, value))}
    answered(text, logged(replace(judged, dataset=replace(judged.dataset, labels=labels))))


@pytest.mark.parametrize("text", TEXTS)
def test_a_metric_is_defined_for_a_constant_score(text):
    judged = scene(60)
    flat = {
        name: replace(one, values=np.full_like(one.values, 0.25))
        for name, one in judged.batch.predictions.items()
    }
    batch = replace(judged.batch, predictions=flat)
    answered(
        text, logged(replace(judged, batch=batch, decisions=replace(judged.decisions, score=np.zeros(60))))
    )


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("text", TEXTS)
def test_predictions_that_are_no_numbers_are_refused_not_ranked(text, bad):
    judged = scene(60)
    broken = {}
    for name, one in judged.batch.predictions.items():
        values = one.values.copy()
        values[3] = bad
        broken[name] = replace(one, values=values)
    score = judged.decisions.score.copy()
    score[3] = bad
    batch = replace(judged.batch, predictions=broken)
    answered(text, logged(replace(judged, batch=batch, decisions=replace(judged.decisions, score=score))))


@pytest.mark.parametrize(
    "text", ["roc_auc(fraud)", "log_loss(fraud)", "ndcg(fraud)", "rmse(minutes)", "accuracy(intent)"]
)
def test_the_refusal_of_a_broken_prediction_says_how_many(text):
    judged = scene(60)
    broken = {
        name: replace(one, values=np.full_like(one.values, np.nan))
        for name, one in judged.batch.predictions.items()
    }
    decisions = replace(judged.decisions, score=np.full(60, np.nan))
    with pytest.raises(TrueNorthError, match="METRIC002"):
        measure(
            metric(text),
            replace(judged, batch=replace(judged.batch, predictions=broken), decisions=decisions),
        )


@pytest.mark.parametrize("text", TEXTS)
def test_labels_that_are_not_known_do_not_count(text):
    judged = scene(60)
    labels = {
        name: replace(one, state=np.ones(60, dtype=np.int8)) for name, one in judged.dataset.labels.items()
    }
    found = answered(text, logged(replace(judged, dataset=replace(judged.dataset, labels=labels))))
    reads_labels = not any(word in text for word in ("amount", "item", "action", "count"))
    if reads_labels and not text.startswith("concordance"):  # a time that is not over is known to be longer
        assert found is None or found.value is None
