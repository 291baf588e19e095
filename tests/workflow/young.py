"""Decisions whose KPI takes two weeks: bait converts early and less, quality late and more."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

# ruff: noqa: E501 (a document is written here, and its lines are as long as it wants)
FRAMING = """\
framing: 1
name: young-shelf
business:
  goal: What is shown is bought
  kpi: {name: orders, metric: mean(ordered), unit: share, direction: up}
sources:
  shelf: {path: shelf.parquet, time: shown_at, key: [request, item], known_after: {has_clicked: 1h}, covers: 2026-01-01..2026-02-01}
  orders: {path: orders.parquet, time: ordered_at, known_after: 6h, covers: 2026-01-01..2026-02-01}
examples: {source: shelf, entity: [request, item], at: time, unit: request, decision: request, shown: is_shown = 1, propensity: probability}
labels:
  click: {when: has_clicked = 1}
  ordered: {source: orders, within: 14d, maturity: ipcw}
features:
  quality: {column: quality_seen}
  bait: {column: bait_seen}
objective: {score: click, metric: log_loss(click)}
models: {rule: 0.3, candidates: [linear], calibrate: auto}
split: {train: 8d, validation: 1d, calibration: 1d, test: 16d}
"""

WEEKLY = (
    FRAMING.replace("mean(ordered)", "mean(back) by user mean")
    .replace("unit: request", "unit: user")
    .replace(
        "examples:",
        "  visits: {path: visits.parquet, time: visited_at, known_after: 6h, covers: 2026-01-01..2026-02-01}\nexamples:",
    )
    .replace(
        "features:",
        "  back: {source: visits, by: user, anchor: week_end, within: 7d, maturity: ipcw}\nfeatures:",
    )
    .replace("entity: [request, item]", "entity: [request, item, user]")
    .replace("{source: orders,", "{source: orders, by: [request, item],")
)

DAYS, CANDIDATES, WINDOW, USERS = 31, 5, 14.0, 1500
RETURNS = 0.4
"""Chance that a user comes back in the week after a week, whatever was shown."""


def worth(quality: np.ndarray, bait: np.ndarray) -> np.ndarray:
    """Return the chance of an order within the window."""
    return np.clip(0.30 + 0.03 * quality - 0.036 * bait, 0, 1)


def write_young(folder: Path, *, text: str = FRAMING, seed: int = 0, decisions: int = 30_000) -> Path:
    """Write logs and framing; orders after the logs end, or not reported by then, are not in them."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    shape = (decisions, CANDIDATES)
    quality, bait = rng.standard_normal((2, *shape))
    raised = np.exp(0.5 * quality)
    probability = raised / raised.sum(axis=1, keepdims=True)
    chosen = (rng.random((decisions, 1)) > np.cumsum(probability, axis=1)).sum(axis=1)
    is_shown = np.arange(CANDIDATES) == chosen[:, None]
    clicks = is_shown & (rng.random(shape) < 1 / (1 + np.exp(0.5 - 1.5 * bait)))
    hours = np.sort(rng.random(decisions)) * DAYS * 24
    q, b = (one[np.arange(decisions), chosen] for one in (quality, bait))
    user = rng.integers(0, USERS, decisions)
    comes = np.flatnonzero(rng.random(decisions) < worth(q, b))
    delay = 24 * WINDOW * rng.random(decisions) ** np.exp(0.7 * b - 0.3 * q)
    start, hour = np.datetime64("2026-01-01", "us"), np.timedelta64(3_600_000_000, "us")
    at, ordered = (start + (one * 3.6e9).astype("timedelta64[us]") for one in (hours, hours + delay))
    comes = comes[ordered[comes] + 6 * hour < start + np.timedelta64(DAYS, "D")]

    def each(values):
        return np.repeat(values, CANDIDATES)

    pq.write_table(
        pa.table(
            {
                "request": each(np.arange(decisions)), "item": np.tile(np.arange(CANDIDATES), decisions),
                "shown_at": each(at), "quality_seen": quality.ravel(), "bait_seen": bait.ravel(),
                "probability": probability.ravel(), "is_shown": is_shown.ravel().astype(np.int64),
                "has_clicked": clicks.ravel().astype(np.int64), "user": each(user),
            }
        ),
        folder / "shelf.parquet",
    )  # fmt: skip
    pq.write_table(
        pa.table({"request": comes, "item": chosen[comes], "ordered_at": ordered[comes]}),
        folder / "orders.parquet",
    )
    pq.write_table(_visits(rng), folder / "visits.parquet")
    file = folder / "framing.yaml"
    file.write_text(text)
    return file


def _visits(rng: np.random.Generator) -> pa.Table:
    """Return visits in the weeks after each week, most of them late in the week."""
    week = np.datetime64("2026-01-05", "us") + np.arange(4) * np.timedelta64(7, "D")
    user, at = (one.ravel() for one in np.meshgrid(np.arange(USERS), week))
    comes = rng.random(len(at)) < RETURNS
    at = at + (7 * 86_400e6 * rng.random(len(at)) ** 0.5).astype("timedelta64[us]")
    is_logged = comes & (
        at + np.timedelta64(6, "h") < np.datetime64("2026-01-01", "us") + np.timedelta64(DAYS, "D")
    )
    return pa.table({"user": user[is_logged], "visited_at": at[is_logged]})
