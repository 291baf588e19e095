"""Judged rows made by hand: a framing with one label of every kind, predictions and decisions beside them."""

from __future__ import annotations

import numpy as np

from truenorth.decision.contract import Batch, Decisions, Prediction
from truenorth.engine.vectors import Vector, Vectors
from truenorth.evaluation.contract import Judged
from truenorth.examples.dataset import Dataset, Outcomes
from truenorth.framing.framing import Framing
from truenorth.framing.load import load_text
from truenorth.framing.references import MetricReference
from truenorth.models.contract import TaskSpec

DAY = 86_400_000_000
START = 19_000 * DAY
CLASSES = ("billing", "delivery", "other")
BINS = (30.0, 60.0, 90.0)
LEVELS = (0.025, 0.5, 0.8, 0.975)
FRAMING = """
framing: 1
name: scene
business: {{goal: Lose less money, kpi: {{name: loss, metric: {kpi}, unit: EUR per day, direction: down,
           baseline: 100, target: -30%, timeframe: 60d}}}}
product: {{outcome: risky payments wait, archetype: human_in_the_loop}}
sources:
  payments: {{path: payments.parquet, time: paid_at, key: id,
              types: {{amount: number, minutes: number, tags: list, is_fraud: number, is_good: number,
                      grade: number, why: category, country: category, age: number, item: id, list: id}},
              known_after: {{minutes: 1d, tags: 1d, is_fraud: 1d, is_good: 1d, grade: 1d, why: 1d}}}}
  lapses: {{path: lapses.parquet, time: at, key: id}}
examples: {{source: payments, entity: [customer, item], at: time, group: list, context: [country]}}
labels:
  fraud: {{when: is_fraud = 1}}
  good: {{when: is_good = 1}}
  minutes: {{value: minutes, kind: number}}
  grade: {{value: grade, kind: grade, classes: [0, 1, 2, 3]}}
  intent: {{value: why, kind: class, classes: [billing, delivery, other]}}
  tag: {{value: tags, kind: tags, classes: [red, wool]}}
  lapse: {{source: lapses, by: customer, first: days, within: 90d, kind: time_to_event}}
features:
  amount: {{column: amount}}
  age: {{column: age}}
evaluation: {{slices: [country, {{young: age < 30}}]}}
objective: {{score: {score}}}
models: {{rule: amount > 220, tasks: {{{tasks}}}}}
{policy}
constraints: [{constraints}]
split: {{train: 60d, validation: 7d, test: {test}}}
"""
ACTIONS = "{actions: {allow: fraud * amount, block: 15 * (1 - fraud)}}"


def framing(
    policy: str = ACTIONS, *, score: str = "fraud * amount", kpi: str = "cost per 1d", constraints: str = "",
    tasks: str = "", test: str = "10d",
) -> Framing:  # fmt: skip
    written = f"policy: {policy}" if policy else ""
    text = FRAMING.format(
        policy=written, score=score, kpi=kpi, constraints=constraints, tasks=tasks, test=test
    )
    return load_text(text)


def outcome(name: str, kind: str, values, state=None, event=None, weight=None) -> Outcomes:
    vector = Vector.text(values) if kind == "class" else Vector.numbers(values)
    state = np.where(vector.is_null, 1, 0).astype(np.int8) if state is None else np.asarray(state, np.int8)
    weight = np.ones(len(vector)) if weight is None else np.asarray(weight, float)
    return Outcomes(name, kind, vector, state, weight, event)


def prediction(name: str, kind: str, values, *, levels=(), bins=(), classes=()) -> Prediction:
    loss = {"class": "cross_entropy", "time_to_event": "hazard", "binary": "log"}.get(kind, "squared")
    loss = "quantile" if levels else loss
    return Prediction(
        TaskSpec(name=name, kind=kind, loss=loss, levels=levels, bins=bins, classes=classes),
        np.asarray(values, float),
    )


def scene(n: int = 400, *, seed: int = 0, framed: Framing | None = None, rows_per_list: int = 8) -> Judged:
    """Return judged rows with every kind of label, of payments that a threshold on the cost decided."""
    random = np.random.default_rng(seed)
    framed = framed or framing()
    probability = 1 / (1 + np.exp(-random.normal(-1, 1.5, n)))
    fraud = (random.random(n) < probability).astype(float)
    amount = np.exp(random.normal(3, 1, n))
    chances = random.dirichlet([1, 1, 1], n)
    intent = np.array([random.choice(3, p=one) for one in chances], dtype=int).reshape(-1)
    middle = random.normal(20, 5, n)
    minutes = middle + random.normal(0, 3, n)
    spread = np.array([-1.96, 0.0, 0.84, 1.96]) * 3
    hazard = random.uniform(0.05, 0.3, n)
    lapse = random.exponential(30 / hazard / 4)
    event = lapse < 90
    at = np.sort(START + random.integers(0, 10 * DAY, n)) if n else np.empty(0, dtype=np.int64)
    unit = [f"u{i}" for i in random.integers(0, max(n // 4, 1), n)]
    columns = {
        "example_id": Vector.text([f"e{i}" for i in range(n)]), "at": Vector.times(at),
        "unit": Vector.text(unit), "customer": Vector.text(unit),
        "item": Vector.text([f"i{i}" for i in random.integers(0, 30, n)]),
        "group": Vector.text([f"g{i // rows_per_list}" for i in range(n)]),
        "split": Vector.text(["test"] * n),
        "weight": Vector.numbers(np.ones(n)), "amount": Vector.numbers(amount),
        "age": Vector.numbers(random.uniform(18, 80, n)),
        "country": Vector.text([("fr", "de", "it")[i] for i in random.integers(0, 3, n)]),
    }  # fmt: skip
    red, wool = random.random(n), random.random(n)
    labels = {
        "fraud": outcome("fraud", "binary", fraud),
        "good": outcome("good", "binary", (random.random(n) < 0.3).astype(float)),
        "minutes": outcome("minutes", "number", minutes),
        "grade": outcome("grade", "grade", np.minimum((4 * probability**0.5).astype(int), 3)),
        "intent": outcome("intent", "class", [CLASSES[i] for i in intent]),
        "tag_red": outcome("tag_red", "binary", (random.random(n) < red).astype(float)),
        "tag_wool": outcome("tag_wool", "binary", (random.random(n) < wool).astype(float)),
        "lapse": outcome("lapse", "time_to_event", np.minimum(lapse, 90.0), np.zeros(n), event),
    }
    predictions = {
        "fraud": prediction("fraud", "binary", probability),
        "minutes": prediction("minutes", "number", middle[:, None] + spread, levels=LEVELS),
        "grade": prediction("grade", "grade", 3 * probability),
        "intent": prediction("intent", "class", chances, classes=CLASSES),
        "tag_red": prediction("tag_red", "binary", red),
        "tag_wool": prediction("tag_wool", "binary", wool),
        "lapse": prediction(
            "lapse", "time_to_event", 1 - np.exp(-hazard[:, None] * 4 / 30 * np.array(BINS)), bins=BINS
        ),
    }
    families = {name: (name,) for name in labels if not name.startswith("tag_")} | {
        "tag": ("tag_red", "tag_wool")
    }
    table = Vectors(columns, n)
    dataset = Dataset(framed, table, labels, {"intent": CLASSES, "grade": ("0", "1", "2", "3")}, families)
    action = Vector.text(
        ["block" if a * p > 15 * (1 - p) else "allow" for a, p in zip(amount, probability, strict=True)]
    )
    tags = {
        "tag_red": Vector.text(["attach" if p > 2 / 3 else "skip" for p in red]),
        "tag_wool": Vector.text(["attach" if p > 2 / 3 else "skip" for p in wool]),
    }
    costs = {"allow": probability * amount, "block": 15 * (1 - probability)}
    decisions = Decisions(score=probability * amount, action=action, tags=tags, costs=costs)
    return Judged(dataset=dataset, batch=Batch(columns=table, predictions=predictions), decisions=decisions)


def metric(text: str) -> MetricReference:
    return MetricReference.parse(text)
