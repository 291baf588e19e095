"""Framings with one policy each, and rows with predictions to decide on."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from truenorth.decision.contract import Batch, Prediction
from truenorth.engine.vectors import Vector, Vectors
from truenorth.examples.dataset import Dataset, Outcomes
from truenorth.framing.framing import Framing
from truenorth.framing.load import load_text
from truenorth.models.contract import TaskSpec

DAY = 86_400_000_000
FRAMING = """
framing: 1
name: payments
business: {{goal: Lose less money to fraud, kpi: {{name: loss, metric: cost per 1d, unit: EUR per day,
           direction: down, baseline: 100, target: -30%, timeframe: 60d}}{business}}}
product: {{outcome: risky payments wait, archetype: human_in_the_loop}}
sources:
  payments: {{path: payments.parquet, time: paid_at, key: id,
              types: {{amount: number, minutes: number, price: number, tags: list, is_fraud: number,
                      was: number}},
              known_after: {{minutes: 1d, price: 1d, tags: 1d, is_fraud: 1d, was: 1d}}}}
examples: {{source: payments, entity: customer, at: time{examples}}}
labels:
  fraud: {{when: is_fraud = 1}}
  late: {{when: was = 1}}
  minutes: {{value: minutes, kind: number}}
  market_price: {{value: price, kind: number}}
  tag: {{value: tags, kind: tags, classes: [red, wool]}}
features:
  amount: {{column: amount}}
  topic: {{column: topic, as: category}}
  creator: {{column: creator, as: category}}
  age: {{column: age}}
  blocked: {{column: blocked}}
objective: {{score: {score}}}
models: {{rule: amount > 220}}
{policy}
"""


@lru_cache
def framing(policy: str, *, score: str = "fraud * amount", business: str = "", examples: str = "") -> Framing:
    """Return a framing with this policy."""
    text = FRAMING.format(
        policy=f"policy: {policy}" if policy else "", score=score, business=business, examples=examples
    )
    return load_text(text)


def binary(values, name="fraud", by_action=None) -> Prediction:
    return Prediction(TaskSpec(name=name, kind="binary", loss="log"), np.asarray(values, float), by_action)


def number(values, name="minutes", loss="squared", levels=()) -> Prediction:
    spec = TaskSpec(name=name, kind="number", loss=loss, levels=tuple(levels))
    return Prediction(spec, np.asarray(values, float))


def rows(n: int, *, days: int = 1, seed: int = 0, **columns) -> Vectors:
    """Return n rows spread evenly over days, with an amount; more columns by name."""
    random = np.random.default_rng(seed)
    made = {
        "example_id": Vector.text([f"e{i:07d}" for i in range(n)]),
        "at": Vector.times(np.arange(n, dtype=np.int64) * days * DAY // max(n, 1)),
        "amount": Vector.numbers(np.exp(random.normal(3, 1, n))),
    }
    for name, values in columns.items():
        made[name] = values if isinstance(values, Vector) else Vector.numbers(values)
    return Vectors(made, n)


def labels_of(columns: Vectors, labels: dict, framed: Framing, kinds: dict | None = None) -> Dataset:
    """Return a dataset with observed labels; NaN is immature."""
    made = {}
    for name, values in labels.items():
        values = np.asarray(values, float)
        state = np.where(np.isnan(values), 1, 0).astype(np.int8)
        kind = (kinds or {}).get(name, "binary")
        made[name] = Outcomes(name, kind, Vector.numbers(values), state, np.ones(len(values)))
    return Dataset(framed, columns, made, {}, {name: (name,) for name in made})


def fraud_batch(n: int = 1_000, *, days: int = 10, seed: int = 0) -> tuple[Batch, np.ndarray]:
    """Return rows with calibrated fraud probabilities, and whether they were fraud."""
    random = np.random.default_rng(seed)
    probability = 1 / (1 + np.exp(-random.normal(-3, 1.5, n)))
    fraud = (random.random(n) < probability).astype(float)
    batch = Batch(columns=rows(n, days=days, seed=seed), predictions={"fraud": binary(probability)})
    return batch, fraud
