"""A log of what was done to customers: calls bring visits today and cost the goodwill that makes them stay."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

# ruff: noqa: E501 (a document is written here, and its lines are as long as it wants)
FRAMING = """\
framing: 1
name: small-campaign
business:
  goal: Customers stay
  kpi: {name: stays, metric: mean(stayed), unit: share, direction: up}
sources:
  campaign: {path: campaign.parquet, time: 2026-01-01, key: customer, known_after: {has_visited: 7d, has_stayed: 28d}, covers: 2026-01-01..2026-03-01}
examples: {source: campaign, entity: customer, at: time, action: done, propensity: probability}
labels:
  visit: {when: has_visited = 1}
  stayed: {when: has_stayed = 1}
features:
  warmth: {column: warmth}
  age: {column: age}
proxies:
  stayed: {if_pushed: nothing bad}
objective: {score: visit, metric: log_loss(visit)}
models: {rule: 0.3, candidates: [linear], calibrate: auto}
split: {random: {train: 40%, validation: 5%, calibration: 5%, test: 50%}, seed: 1, reason: one campaign}
"""

ACTIONS = ("call", "mail", "none")
SHARES = (0.3, 0.2, 0.5)


def visits(warmth: np.ndarray) -> np.ndarray:
    """Return the chance of a visit under each action, (n, 3)."""
    return 1 / (1 + np.exp(-(np.array([0.6, 0.1, -0.9]) + np.outer(warmth, [0.6, 0.3, 0.3]))))


def stays(warmth: np.ndarray) -> np.ndarray:
    """Return the chance of staying under each action, (n, 3): calls annoy, mails are welcome to the warm."""
    return 1 / (1 + np.exp(-(np.array([-0.35, 0.25, 0.0]) + np.outer(warmth, [0.1, 0.6, 0.2]))))


def by_share(_: np.ndarray) -> np.ndarray:
    return np.array(SHARES)


def by_warmth(warmth: np.ndarray) -> np.ndarray:
    """Return probabilities that differ from customer to customer, (n, 3)."""
    raised = np.array(SHARES) * np.exp(np.outer(warmth, [0.5, 0.0, -0.3]))
    return raised / raised.sum(axis=1, keepdims=True)


def without_mail(warmth: np.ndarray) -> np.ndarray:
    found = by_warmth(warmth) * [1, 0, 1]
    return found / found.sum(axis=1, keepdims=True)


def write_campaign(
    folder: Path, *, text: str = FRAMING, law: Callable[[np.ndarray], np.ndarray] = by_share, n: int = 24_000
) -> Path:
    """Write log and framing; actions are drawn by the law."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(3)
    warmth, at = rng.standard_normal(n), np.arange(n)
    chance = np.broadcast_to(law(warmth), (n, 3))
    done = np.minimum((rng.random((n, 1)) > np.cumsum(chance, axis=1)).sum(axis=1), 2)
    log = {
        "customer": at, "warmth": warmth, "age": rng.integers(18, 80, n), "done": np.array(ACTIONS)[done],
        "probability": chance[at, done],
        "has_visited": (rng.random(n) < visits(warmth)[at, done]).astype(np.int64),
        "has_stayed": (rng.random(n) < stays(warmth)[at, done]).astype(np.int64),
    }  # fmt: skip
    pq.write_table(pa.table(log), folder / "campaign.parquet")
    file = folder / "framing.yaml"
    file.write_text(text)
    return file
