"""A small log with a known mechanism, and a framing over it that runs in seconds."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

# ruff: noqa: E501 (a document is written here, and its lines are as long as it wants)
FRAMING = """\
framing: 1
name: small-fraud
business:
  goal: Lose less money to fraud
  kpi: {name: fraud loss, metric: cost per 1d, unit: EUR per day, direction: down, baseline: 100, target: -30%, timeframe: 30d}
  decision: let a payment settle, or look at it
  owner: risk
sources:
  payments: {path: payments.parquet, time: paid_at, key: payment, known_after: {is_fraud: 1d}}
examples: {source: payments, entity: [customer], at: time, context: [country]}
labels:
  fraud: {when: is_fraud = 1}
features:
  amount: {column: amount}
  risk: {column: risk}
  shop: {column: shop_country, as: category}
  spend: {source: payments, by: customer, mean: amount, last: 7d}
objective: {score: fraud * amount, metric: average_precision(fraud)}
models: {rule: amount > 120, candidates: [linear, trees], calibrate: auto}
policy: {actions: {allow: fraud * amount, review: 5}, capacity: {review: 40 per 1d}, fallback: rule}
evaluation: {slices: [country], metrics: [roc_auc(fraud)]}
constraints: ["share(action = 'review') <= 0.9"]
split: {train: 20d, validation: 8d, calibration: 8d, test: 10d}
"""


def write_small(folder: Path, *, rows: int = 6_000, seed: int = 5, text: str = FRAMING) -> Path:
    """Write log and framing; fraud depends on amount and risk by a logistic law."""
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(small_log(rows=rows, seed=seed), folder / "payments.parquet")
    file = folder / "framing.yaml"
    file.write_text(text)
    return file


def small_log(*, rows: int = 6_000, seed: int = 5) -> pa.Table:
    rng = np.random.default_rng(seed)
    amount = np.round(rng.lognormal(3.6, 0.9, rows), 2)
    risk = rng.normal(size=rows)
    logit = -3.0 + 1.1 * risk + 0.8 * np.log(amount / 40)
    start = np.datetime64("2026-01-01", "us")
    times = start + np.sort(rng.integers(0, 60 * 86_400, rows)) * np.timedelta64(1, "s")
    countries = np.array(["FR", "DE", "IT"])
    return pa.table(
        {
            "payment": np.arange(rows),
            "customer": rng.integers(0, 400, rows),
            "paid_at": times,
            "amount": amount,
            "risk": risk,
            "country": countries[rng.integers(0, 3, rows)],
            "shop_country": countries[rng.integers(0, 3, rows)],
            "is_fraud": (rng.random(rows) < 1 / (1 + np.exp(-logit))).astype(np.int64),
        }
    )
