"""A small log of decisions with their candidates: clicks follow bait, and who took the bait does not stay."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

# ruff: noqa: E501 (a document is written here, and its lines are as long as it wants)
FRAMING = """\
framing: 1
name: small-shelf
business:
  goal: People stay because what they were shown was good
  kpi: {name: stays, metric: mean(stayed), unit: share, direction: up, baseline: 0.5, target: +2pp, timeframe: 90d}
  decision: which of four items to show
  owner: shelf
sources:
  shelf: {path: shelf.parquet, time: shown_at, key: row, known_after: {has_clicked: 1h, has_stayed: 2d}}
examples: {source: shelf, entity: [user, item], at: time, unit: user, decision: request, shown: is_shown = 1, propensity: probability, context: [country, maker]}
labels:
  click: {when: has_clicked = 1}
  stayed: {when: has_stayed = 1}
features:
  quality: {column: quality_seen}
  bait: {column: bait_seen}
proxies:
  click: {alignment: 2, gaming: 5, coverage: 5, latency: 5, causal: 2, if_pushed: bait}
  stayed: {alignment: 5, gaming: 1, coverage: 5, latency: 2, causal: 5, if_pushed: nothing bad}
objective: {score: click, metric: log_loss(click)}
models: {rule: 0.3, candidates: [linear], calibrate: auto}
split: {train: 12d, validation: 3d, calibration: 3d, test: 26d}
"""

DAYS, CANDIDATES = 50, 4


def write_decisions(folder: Path, *, text: str = FRAMING, seed: int = 0, decisions: int = 14_000) -> Path:
    """Write log and framing."""
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(decision_log(seed=seed, decisions=decisions), folder / "shelf.parquet")
    file = folder / "framing.yaml"
    file.write_text(text)
    return file


def decision_log(*, seed: int = 0, decisions: int = 14_000) -> pa.Table:
    """Return the log, one row per candidate."""
    rng = np.random.default_rng(seed)
    quality, bait = rng.standard_normal((2, decisions, CANDIDATES))
    raised = np.exp(0.5 * quality + 0.2 * bait)
    probability = raised / raised.sum(axis=1, keepdims=True)
    chosen = (rng.random((decisions, 1)) > np.cumsum(probability, axis=1)).sum(axis=1)
    is_shown = np.arange(CANDIDATES) == chosen[:, None]
    clicks = 1 / (1 + np.exp(1.0 - 0.4 * quality - 1.5 * bait))
    stays = 1 / (1 + np.exp(-1.2 * quality - bait + 6.0 * np.maximum(bait - 0.8, 0) ** 2))
    start = np.datetime64("2026-01-01", "us")
    at = start + np.sort(rng.integers(0, DAYS * 86_400, decisions)) * np.timedelta64(1, "s")
    user = rng.integers(0, 1500, decisions)

    def each(values):
        return np.repeat(values, CANDIDATES)

    return pa.table(
        {
            "row": np.arange(decisions * CANDIDATES),
            "request": each(np.arange(decisions)),
            "shown_at": each(at),
            "user": each(user),
            "country": each(np.array(["FR", "DE"])[user % 2]),
            "item": rng.integers(0, 60, decisions * CANDIDATES),
            "maker": np.array(["north", "south", "east"])[rng.integers(0, 3, decisions * CANDIDATES)],
            "quality_seen": quality.ravel(),
            "bait_seen": bait.ravel(),
            "probability": probability.ravel(),
            "is_shown": is_shown.ravel().astype(np.int64),
            "has_clicked": (is_shown & (rng.random(clicks.shape) < clicks)).ravel().astype(np.int64),
            "has_stayed": (is_shown & (rng.random(stays.shape) < stays)).ravel().astype(np.int64),
        }
    )
